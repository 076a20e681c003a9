"""Every quantity that cuts, efficiencies, histograms and maps may name: the only table, at the end.

A function is given the momenta (4, n), or vertices, that its observable needs, in the lab with z along the
beam.  Showers: a calorimeter like CHARM's (arXiv:1806.00757 section VI) does not tell a photon from an
electron pair.  Clusters are photons as a collider's calorimeter reconstructs them: light-like, from the
interaction point to where they hit, with the measured energy.  A hit is the hardest daughter of a decay that
meets a detector's face, of no energy where none does.  With P = p- + p+ and massless beams
E* = P.k/sqrt(s), cos theta* = (p+ - p-).k/P.k to the electrons, and the missing mass squared is (P - k)^2:
no boost is needed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.kinematics import Array, invariant_mass_squared, length, polar_angle
from darkmc.core.particles import mass
from darkmc.core.units import require_text
from darkmc.core.vocabulary import FINAL_STATES

Event = Mapping[str, Array]


@dataclass(frozen=True)
class Observable:
    """A quantity of the lab event.

    Attributes
    ----------
    function : callable
        Of the momenta or vertices that are needed, in their order.
    needs : tuple of tuples of str
        Names of the particles or vertices; of several sets the first that an event holds.
    unit : str
        Empty if it has none.
    label : str
        What it is in words, for figures and tables.
    """

    function: Callable[..., Array]
    needs: tuple[tuple[str, ...], ...]
    unit: str
    label: str

    def __call__(self, event: Event) -> Array:
        """Return the values (n,) for an event that has what is needed."""
        names = next(need for need in self.needs if event.keys() >= set(need))
        return self.function(*(event[name] for name in names))

    def applies_to(self, names: Iterable[str]) -> bool:
        """Return whether an event with particles and vertices of these names has the quantity."""
        present = set(names)
        return any(present.issuperset(need) for need in self.needs)

    def lacks(self, names: Iterable[str]) -> bool:
        """Return whether an event has some but not all of the particles that the quantity needs."""
        present = set(names)
        return not self.applies_to(present) and any(present.intersection(need) for need in self.needs)


def _together(*momenta: Array) -> Array:
    return sum(momenta[1:], start=momenta[0])


def _energy(*momenta: Array) -> Array:
    energy: Array = _together(*momenta)[0]
    return energy


def _kinetic_energy(electron: Array) -> Array:
    return _energy(electron) - mass("e")


def _softer(*momenta: Array) -> Array:
    out: Array = np.minimum(*(four[0] for four in momenta))
    return out


def _there(four: Array) -> Array:
    out: Array = np.where(four[0] > 0.0, 1.0, 0.0)
    return out


def _momentum(four: Array) -> Array:
    return length(four[1:])


def _angle(*momenta: Array) -> Array:
    return polar_angle(_together(*momenta)[1:])


def _cosine(four: Array) -> Array:
    out: Array = four[3] / length(four[1:])
    return out


def _invariant_mass(*momenta: Array) -> Array:
    out: Array = np.sqrt(np.maximum(invariant_mass_squared(_together(*momenta)), 0.0))
    return out


def _forward(*momenta: Array) -> Array:
    """Return E^2 theta^2 (rad^2 not counted): flat and small in scattering off electrons at rest."""
    out: Array = np.square(_energy(*momenta) * _angle(*momenta))
    return out


def _along(vertex: Array) -> Array:
    z: Array = vertex[2]
    return z


def _off_axis(vertex: Array) -> Array:
    out: Array = np.hypot(vertex[0], vertex[1])
    return out


def _product(first: Array, second: Array) -> Array:
    out: Array = first[0] * second[0] - np.einsum("ij,ij->j", first[1:], second[1:])
    return out


def _central_energy(electron: Array, positron: Array, cluster: Array) -> Array:
    """Return the measured energy in the centre of mass."""
    s = 2.0 * _product(electron, positron)
    out: Array = (_product(electron, cluster) + _product(positron, cluster)) / np.sqrt(s)
    return out


def _central_cosine(electron: Array, positron: Array, cluster: Array) -> Array:
    """Return the cosine of the measured angle to the electrons in the centre of mass."""
    ahead, behind = _product(positron, cluster), _product(electron, cluster)
    out: Array = (ahead - behind) / (behind + ahead)
    return out


def _missing_mass_squared(electron: Array, positron: Array, cluster: Array) -> Array:
    """Return the squared mass of what recoils against the cluster, s - 2 sqrt(s) E*."""
    s = 2.0 * _product(electron, positron)
    out: Array = s - 2.0 * (_product(electron, cluster) + _product(positron, cluster))
    return out


_PHOTON, _RECOIL, _MESON = (("photon",),), (("recoil_electron",),), (("meson",),)
_PAIR = tuple(products.visible for products in FINAL_STATES.values() if products.lepton)
_SHOWER = tuple(products.visible for products in FINAL_STATES.values() if products.lepton in ("", "e"))
_HIT = (("hit",),)
_CLUSTER = (("electron_beam", "positron_beam", "cluster"),)
_VERTEX = (("scatter",), ("decay",))  # of the scattering, or of the decay where there is none

OBSERVABLES: dict[str, Observable] = {
    "E_photon": Observable(_energy, _PHOTON, "GeV", "energy of the photon"),
    "theta_photon": Observable(_angle, _PHOTON, "rad", "angle of the photon to the beam"),
    "E2theta2": Observable(_forward, _PHOTON, "GeV^2", r"$E^2\theta^2$ of the photon"),
    "E_pair": Observable(_energy, _PAIR, "GeV", "energy of the lepton pair"),
    "theta_pair": Observable(_angle, _PAIR, "rad", "angle of the lepton pair to the beam"),
    "m_pair": Observable(_invariant_mass, _PAIR, "GeV", "invariant mass of the lepton pair"),
    "E_softer_lepton": Observable(_softer, _PAIR, "GeV", "energy of the softer lepton of a pair"),
    "cos_theta_photon": Observable(_cosine, _PHOTON, "", "cosine of the photon's angle to the beam"),
    "E_electron": Observable(_energy, _RECOIL, "GeV", "energy of the recoil electron"),
    "T_electron": Observable(_kinetic_energy, _RECOIL, "GeV", "kinetic energy of the recoil electron"),
    "theta_electron": Observable(_angle, _RECOIL, "rad", "angle of the recoil electron to the beam"),
    "cos_theta_electron": Observable(
        _cosine, _RECOIL, "", "cosine of the recoil electron's angle to the beam"
    ),
    "m_electron_photon": Observable(
        _invariant_mass,
        (("recoil_electron", "photon"),),
        "GeV",
        "invariant mass of recoil electron and photon",
    ),
    "p_meson": Observable(_momentum, _MESON, "GeV", "momentum of the meson"),
    "theta_meson": Observable(_angle, _MESON, "rad", "angle of the meson to the beam"),
    "E_dark_photon": Observable(_energy, (("dark_photon",),), "GeV", "energy of the dark photon"),
    "z_vertex": Observable(_along, _VERTEX, "m", "place of the decay or scattering along the beam"),
    "r_vertex": Observable(
        _off_axis, _VERTEX, "m", "distance of the decay or scattering from the beam's axis"
    ),
    "E_shower": Observable(_energy, _SHOWER, "GeV", "energy of the photon, or of the electron pair as one"),
    "E2theta2_shower": Observable(
        _forward, _SHOWER, "GeV^2", r"$E^2\theta^2$ of the photon, or of the electron pair as one"
    ),
    "hit_plane": Observable(_there, _HIT, "", "a daughter meets the face"),
    "E_hit": Observable(_energy, _HIT, "GeV", "energy of the hardest particle on the face"),
    "theta_hit": Observable(_angle, _HIT, "rad", "angle of the hardest particle on the face to the beam"),
    "E_star": Observable(
        _central_energy, _CLUSTER, "GeV", "energy of the photon in the centre of mass $E^*$"
    ),
    "cos_theta_star": Observable(
        _central_cosine, _CLUSTER, "", r"angle of the photon in the centre of mass $\cos\theta^*$"
    ),
    "missing_mass2": Observable(_missing_mass_squared, _CLUSTER, "GeV^2", "missing mass squared"),
}


def observable(name: str) -> Observable:
    """Return an observable by name, or raise PhysicsError with the nearest valid name."""
    if require_text("observable", name) not in OBSERVABLES:
        raise PhysicsError(f"unknown observable '{name}'{nearest(name, OBSERVABLES)}")
    return OBSERVABLES[name]


def energies(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the observables that are the energy of just these particles together."""
    return tuple(
        key
        for key, quantity in OBSERVABLES.items()
        if quantity.function is _energy and names in quantity.needs
    )
