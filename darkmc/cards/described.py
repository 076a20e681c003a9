"""Flux cards in a few words, for lists: read, but not checked, so that nothing numeric is loaded."""

import tomllib
from typing import Any

from darkmc.cards.found import find_card
from darkmc.core.particle_table import MASS_AND_WIDTH_MEV

_NUCLEONS = {(1, 1): "protons", (0, 1): "neutrons"}
_SLOW = 20.0  # GeV, below which a kinetic energy is worth telling


def flux_words(name: str) -> str:
    """Return parametrisation, beam and target of a flux card; of one that is not read, that.

    Parameters
    ----------
    name : str
        Of a card that can be found.
    """
    path = find_card("fluxes", name)
    try:
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        return f"{card['parametrisation']}: {_beam(card['beam'])}{_target(card)}"
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return f"{path} is no flux card"


def _beam(beam: dict[str, Any]) -> str:
    particle, energy = beam["particle"], float(beam["energy_GeV"])
    words = f"{particle} of {energy:.4g} GeV"
    if particle != "proton" or energy > _SLOW:
        return words
    return f"{words} ({energy - 1e-3 * MASS_AND_WIDTH_MEV['proton'][0]:.3g} kinetic)"


def _target(card: dict[str, Any]) -> str:
    if "targets" in card:
        return f" on {' and '.join(target['name'] for target in card['targets'])}"
    target = card.get("target", {})
    name = target.get("element", target.get("material"))
    if name is None and "mass_number" in target:
        nucleus = target.get("Z", target.get("charge")), target["mass_number"]
        name = _NUCLEONS.get(nucleus, f"Z = {nucleus[0]}, A = {nucleus[1]:g}")
    return f" on {name}" if name else ""
