"""Masses (GeV, as the `particle` package has them) and the one table of measured branching ratios."""

from dataclasses import dataclass

from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.particle_table import MASS_AND_WIDTH_MEV
from darkmc.core.units import require_text
from darkmc.core.vocabulary import MESONS, PDG_IDS

PSEUDOSCALARS = ("pi0", "eta", "eta'")
_ALIASES = {
    "eta_prime": "eta'",
    "etap": "eta'",
    "rho": "rho0",
    "jpsi": "J/psi",
    "electron": "e",
    "muon": "mu",
}


@dataclass(frozen=True)
class MeasuredRatio:
    """A measured branching ratio, its error and where it comes from."""

    value: float
    error: float
    source: str


# P -> gamma gamma and V -> e+ e-: what the dark decays are normalised to.
PHOTON_COUPLING = {
    "pi0": MeasuredRatio(0.98823, 0.00034, "PDG 2022, BR(pi0 -> gamma gamma)"),
    "eta": MeasuredRatio(0.3936, 0.0018, "PDG 2022, BR(eta -> gamma gamma)"),
    "eta'": MeasuredRatio(0.02307, 0.00033, "PDG 2022, BR(eta' -> gamma gamma)"),
    "rho0": MeasuredRatio(4.72e-5, 0.05e-5, "PDG 2022, BR(rho0 -> e+ e-)"),
    "omega": MeasuredRatio(7.38e-5, 0.22e-5, "PDG 2022, BR(omega -> e+ e-)"),
    "phi": MeasuredRatio(2.98e-4, 0.03e-4, "PDG 2022, BR(phi -> e+ e-)"),
    "J/psi": MeasuredRatio(0.0597, 0.0003, "PDG 2022, BR(J/psi -> e+ e-)"),
    "Upsilon(3S)": MeasuredRatio(0.0218, 0.0020, "PDG 2022, BR(Upsilon(3S) -> e+ e-)"),
}


def canonical_name(name: str) -> str:
    """Return the name used in this package, e.g. ``eta_prime`` -> ``eta'``.

    Raises
    ------
    PhysicsError
        If the particle is unknown; the message names the nearest known one.
    """
    found = _ALIASES.get(require_text("the particle", name), name)
    if found not in PDG_IDS:
        raise PhysicsError(f"unknown particle '{name}'{nearest(name, [*MESONS, *_ALIASES])}")
    return found


def mass(name: str) -> float:
    """Return the mean mass of a particle in GeV."""
    return MASS_AND_WIDTH_MEV[canonical_name(name)][0] * 1e-3


def total_width(name: str) -> float:
    """Return the total width of a particle in GeV; 0 where the `particle` package has none."""
    return MASS_AND_WIDTH_MEV[canonical_name(name)][1] * 1e-3


def photon_coupling(meson: str) -> MeasuredRatio:
    """Return BR(P -> gamma gamma) or BR(V -> e+ e-) of a meson.

    Raises
    ------
    PhysicsError
        If the meson is unknown or has no such ratio in the table.
    """
    name = canonical_name(meson)
    if name not in PHOTON_COUPLING:
        raise PhysicsError(f"'{meson}' is no meson of the table ({', '.join(PHOTON_COUPLING)})")
    return PHOTON_COUPLING[name]
