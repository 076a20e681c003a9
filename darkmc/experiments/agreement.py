"""Whether the beam and target of an experiment are those of its flux card, or differ on purpose."""

from collections.abc import Iterable, Mapping
from typing import Any

from darkmc.cards.experiment import FixedTargetCard
from darkmc.cards.flux_base import FluxCard
from darkmc.cards.load import Loaded
from darkmc.core.errors import CardError
from darkmc.core.materials import nucleus, symbol
from darkmc.sources.fits.from_card import charges

BEAM_TOLERANCE = 0.02  # of the kinetic energy: total against kinetic at 70 GeV, 798 against 800 MeV


def disagreements(card: FixedTargetCard, flux: FluxCard) -> dict[str, tuple[str, str, str, str]]:
    """Return in what an experiment and its flux differ: particle, energy or target.

    Returns
    -------
    dict
        By what differs: the experiment's key and what it says, the flux card's key and what that says.
        What only one of them states can't differ.
    """
    ours, theirs = card.beam, flux.beam
    key = "momentum_GeV" if ours.kinetic_energy_GeV is None else "kinetic_energy_GeV"
    out: dict[str, tuple[str, str, str, str]] = {}
    if ours.particle != theirs.particle:
        out["particle"] = ("beam.particle", ours.particle, "beam.particle", theirs.particle)
    energy, needed = ours.kinetic_GeV, theirs.kinetic_energy_GeV
    if abs(energy - needed) > BEAM_TOLERANCE * energy:
        says = f"{ours.energy_GeV:.6g} GeV of total energy"
        out["energy"] = (f"beam.{key}", says, "beam.energy_GeV", f"{theirs.energy_GeV:.6g} GeV")
    hit, made = {nucleus(name).charge for name in ours.target}, set(charges(flux))
    if hit and not made <= hit:
        table = "targets" if hasattr(flux, "targets") else "target"
        out["target"] = ("beam.target", _symbols(hit), table, _symbols(made))
    return out


def _symbols(found: Iterable[int]) -> str:
    return ", ".join(symbol(charge) for charge in sorted(found))


def check_agreement(loaded: Loaded[Any], flux: Loaded[Any], overrides: Mapping[str, Any]) -> list[str]:
    """Return remarks on what differs on purpose: named in `source.flux_may_differ`, or a target set by hand.

    Parameters
    ----------
    loaded, flux : Loaded
        The cards of the experiment and of its flux.
    overrides : mapping
        Dotted keys of the flux card that were set by hand: a target among them is what the beam hits.

    Raises
    ------
    CardError
        If anything else differs; the line names both cards and keys.
    """
    remarks = []
    by_hand = any(key.split(".")[0] in ("target", "targets") for key in overrides)
    for what, (key, ours, other, theirs) in disagreements(loaded.card, flux.card).items():
        if what in loaded.card.source.flux_may_differ:
            remarks.append(f"flux {flux.card.name}: {what} {theirs}, not the experiment's {ours}")
        elif what != "target" or not by_hand:
            both = f"{key} is {ours}, but {other} of {flux.path} is {theirs}"
            alike = f"set {key} and flux.{other} alike (--set flux.{other}=VALUE)"
            cure = f"{alike}, or source.flux_may_differ = ['{what}']"
            raise CardError(f"{loaded.path}: {both}: {cure}")
    return remarks
