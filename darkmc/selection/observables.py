"""All observables that cards and histograms may name: the general ones and those of analyses."""

from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.units import require_text
from darkmc.selection import clusters as collider_observables
from darkmc.selection import showers as charm
from darkmc.selection.cuts import OBSERVABLES, Observable

ALL: dict[str, Observable] = {**OBSERVABLES, **charm.OBSERVABLES, **collider_observables.OBSERVABLES}
VISIBLE_ENERGIES = {"photon": ("E_photon", "E_shower"), "pair": ("E_pair", "E_shower")}


def observable(name: str) -> Observable:
    """Return an observable by name, or raise PhysicsError with the nearest valid name."""
    if require_text("observable", name) not in ALL:
        raise PhysicsError(f"unknown observable '{name}'{nearest(name, ALL)}")
    return ALL[name]
