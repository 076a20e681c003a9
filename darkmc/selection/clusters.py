"""What a calorimeter at a collider measures of a photon, in the centre of mass, from the lab event.

`cluster` is the photon as reconstructed: light-like, from the interaction point to where it hit, with the
measured energy. Products with the beams' momenta need no boost: with P = p- + p+ and massless beams
E* = P.k/sqrt(s), cos theta* = (p+ - p-).k/P.k to the electrons, and the missing mass squared is (P - k)^2.
"""

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.selection.cuts import Event, Observable


def _product(first: Array, second: Array) -> Array:
    out: Array = first[0] * second[0] - np.einsum("ij,ij->j", first[1:], second[1:])
    return out


def _beams_and_cluster(event: Event) -> tuple[Array, Array, Array]:
    """Return p-.k, p+.k and s, GeV^2."""
    electron, positron, cluster = (event[name] for name in NEEDS)
    return _product(electron, cluster), _product(positron, cluster), 2.0 * _product(electron, positron)


def energy(event: Event) -> Array:
    """Return the measured energy in the centre of mass, E*, GeV."""
    electron, positron, s = _beams_and_cluster(event)
    out: Array = (electron + positron) / np.sqrt(s)
    return out


def cosine(event: Event) -> Array:
    """Return the cosine of the measured angle to the electrons in the centre of mass."""
    electron, positron, _ = _beams_and_cluster(event)
    out: Array = (positron - electron) / (positron + electron)
    return out


def missing_mass_squared(event: Event) -> Array:
    """Return the squared mass of what recoils against the cluster, s - 2 sqrt(s) E*, GeV^2."""
    electron, positron, s = _beams_and_cluster(event)
    out: Array = s - 2.0 * (electron + positron)
    return out


NEEDS = ("electron_beam", "positron_beam", "cluster")
OBSERVABLES = {
    "E_star": Observable(energy, (NEEDS,), "GeV"),
    "cos_theta_star": Observable(cosine, (NEEDS,), ""),
    "missing_mass2": Observable(missing_mass_squared, (NEEDS,), "GeV^2"),
}
