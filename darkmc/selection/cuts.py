"""Observables by name and cut rows: from momenta in the lab to masks and a cutflow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array, invariant_mass_squared, length, polar_angle
from darkmc.core.particles import mass

Event = Mapping[str, Array]


class CutRow(Protocol):
    """What a cut must say; the cards' rows do."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def observable(self) -> str: ...  # noqa: D102
    @property
    def min(self) -> float | None: ...  # noqa: D102
    @property
    def max(self) -> float | None: ...  # noqa: D102


@dataclass(frozen=True)
class Observable:
    """A quantity of the lab event, its unit, and the particles or vertices that it needs (any one set)."""

    function: Callable[[Event], Array]
    needs: tuple[tuple[str, ...], ...]
    unit: str

    def applies_to(self, names: Iterable[str]) -> bool:
        """Return whether an event with particles and vertices of these names has the quantity."""
        present = set(names)
        return any(present.issuperset(need) for need in self.needs)

    def lacks(self, names: Iterable[str]) -> bool:
        """Return whether an event has some but not all of the particles that the quantity needs."""
        present = set(names)
        return not self.applies_to(present) and any(present.intersection(need) for need in self.needs)


def photon_energy(event: Event) -> Array:
    """Return the photon's energy, GeV."""
    energy: Array = event["photon"][0]
    return energy


def photon_angle(event: Event) -> Array:
    """Return the photon's angle to the beam, rad."""
    return polar_angle(event["photon"][1:])


def scaled_photon_angle(event: Event) -> Array:
    """Return E^2 theta^2 of the photon, GeV^2 (rad^2 not counted): flat in neutrino-electron scattering."""
    out: Array = np.square(photon_energy(event) * photon_angle(event))
    return out


_PAIRS = (("electron", "positron"), ("muon_minus", "muon_plus"))


def lepton_pair(event: Event) -> Array:
    """Return the four-momentum of the lepton pair."""
    names = next(pair for pair in _PAIRS if pair[0] in event)
    out: Array = event[names[0]] + event[names[1]]
    return out


def pair_energy(event: Event) -> Array:
    """Return the energy of the lepton pair, GeV."""
    energy: Array = lepton_pair(event)[0]
    return energy


def pair_angle(event: Event) -> Array:
    """Return the angle of the lepton pair's momentum to the beam, rad."""
    return polar_angle(lepton_pair(event)[1:])


def pair_mass(event: Event) -> Array:
    """Return the invariant mass of the lepton pair, GeV."""
    out: Array = np.sqrt(np.maximum(invariant_mass_squared(lepton_pair(event)), 0.0))
    return out


def softer_lepton_energy(event: Event) -> Array:
    """Return the lower of the two leptons' energies, GeV."""
    names = next(pair for pair in _PAIRS if pair[0] in event)
    out: Array = np.minimum(event[names[0]][0], event[names[1]][0])
    return out


def electron_energy(event: Event) -> Array:
    """Return the recoil electron's energy, its mass included, GeV."""
    energy: Array = event["recoil_electron"][0]
    return energy


def electron_kinetic_energy(event: Event) -> Array:
    """Return the recoil electron's kinetic energy, GeV."""
    return electron_energy(event) - mass("e")


def electron_angle(event: Event) -> Array:
    """Return the recoil electron's angle to the beam, rad."""
    return polar_angle(event["recoil_electron"][1:])


def electron_cosine(event: Event) -> Array:
    """Return the cosine of the recoil electron's angle to the beam."""
    out: Array = event["recoil_electron"][3] / length(event["recoil_electron"][1:])
    return out


def electron_photon_mass(event: Event) -> Array:
    """Return the invariant mass of recoil electron and photon, GeV."""
    both = event["recoil_electron"] + event["photon"]
    out: Array = np.sqrt(np.maximum(invariant_mass_squared(both), 0.0))
    return out


def photon_cosine(event: Event) -> Array:
    """Return the cosine of the photon's angle to the beam."""
    out: Array = event["photon"][3] / length(event["photon"][1:])
    return out


def meson_momentum(event: Event) -> Array:
    """Return the momentum of the decaying meson, GeV."""
    return length(event["meson"][1:])


def meson_angle(event: Event) -> Array:
    """Return the angle of the decaying meson to the beam, rad."""
    return polar_angle(event["meson"][1:])


def dark_photon_energy(event: Event) -> Array:
    """Return the dark photon's energy, GeV."""
    energy: Array = event["dark_photon"][0]
    return energy


def vertex_z(event: Event) -> Array:
    """Return z of the signal's vertex, m: of the scattering, or of the decay where there is none."""
    z: Array = (event["scatter"] if "scatter" in event else event["decay"])[2]
    return z


def vertex_radius(event: Event) -> Array:
    """Return the distance of the signal's vertex from the beam axis, m; see :func:`vertex_z`."""
    vertex = event["scatter"] if "scatter" in event else event["decay"]
    out: Array = np.hypot(vertex[0], vertex[1])
    return out


OBSERVABLES: dict[str, Observable] = {
    "E_photon": Observable(photon_energy, (("photon",),), "GeV"),
    "theta_photon": Observable(photon_angle, (("photon",),), "rad"),
    "E2theta2": Observable(scaled_photon_angle, (("photon",),), "GeV^2"),
    "E_pair": Observable(pair_energy, _PAIRS, "GeV"),
    "theta_pair": Observable(pair_angle, _PAIRS, "rad"),
    "m_pair": Observable(pair_mass, _PAIRS, "GeV"),
    "E_softer_lepton": Observable(softer_lepton_energy, _PAIRS, "GeV"),
    "cos_theta_photon": Observable(photon_cosine, (("photon",),), ""),
    "E_electron": Observable(electron_energy, (("recoil_electron",),), "GeV"),
    "T_electron": Observable(electron_kinetic_energy, (("recoil_electron",),), "GeV"),
    "theta_electron": Observable(electron_angle, (("recoil_electron",),), "rad"),
    "cos_theta_electron": Observable(electron_cosine, (("recoil_electron",),), ""),
    "m_electron_photon": Observable(electron_photon_mass, (("recoil_electron", "photon"),), "GeV"),
    "p_meson": Observable(meson_momentum, (("meson",),), "GeV"),
    "theta_meson": Observable(meson_angle, (("meson",),), "rad"),
    "E_dark_photon": Observable(dark_photon_energy, (("dark_photon",),), "GeV"),
    "z_vertex": Observable(vertex_z, (("decay",), ("scatter",)), "m"),
    "r_vertex": Observable(vertex_radius, (("decay",), ("scatter",)), "m"),
}


def interval(cuts: Iterable[CutRow], *observables: str) -> tuple[float, float]:
    """Return what cuts leave of an observable, or of one under several names: infinite where all is left."""
    rows = [cut for cut in cuts if cut.observable in observables]
    low = max([-np.inf, *(cut.min for cut in rows if cut.min is not None)])
    high = min([np.inf, *(cut.max for cut in rows if cut.max is not None)])
    return float(low), float(high)


def passed(cut: CutRow, values: Array) -> NDArray[np.bool_]:
    """Return which values lie strictly between the cut's limits."""
    low, high = interval([cut], cut.observable)
    return (values > low) & (values < high)


def stages(cuts: Sequence[tuple[CutRow, Observable]], event: Event) -> NDArray[np.int32]:
    """Return how many cuts, in order, each event passes before it fails one.

    A cut on particles of which the final state has none does not apply to it; one that lacks some fails.
    """
    count = next(iter(event.values())).shape[1]
    alive = np.ones(count, dtype=bool)
    stage = np.zeros(count, dtype=np.int32)
    for cut, quantity in cuts:
        if quantity.applies_to(event):
            alive &= passed(cut, quantity.function(event))
        elif quantity.lacks(event):
            alive[:] = False
        stage += alive
    return stage
