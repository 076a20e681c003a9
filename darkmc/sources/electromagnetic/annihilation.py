"""Annihilation of positrons in flight, e+ e- -> gamma gamma on electrons at rest.

Source: W. Heitler, The quantum theory of radiation, section 27 (from memory, grade C: density and total are
independent, a test compares).
"""

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.sources.electromagnetic.media import classical_radius2_cm2


def _edge(gamma: Array) -> Array:
    """Return the least share of a photon, written so that it keeps its digits for large gamma."""
    root = np.sqrt((gamma - 1.0) / (gamma + 1.0))
    return np.asarray(1.0 / ((gamma + 1.0) * (1.0 + root)))


def density(energy: Array, fraction: Array) -> Array:
    """Return dsigma/depsilon in cm2 per electron, epsilon the share of E + m_e that the first photon takes.

    (pi r_e^2/(gamma - 1)) (1/epsilon) [1 + 2 gamma/(gamma + 1)^2 - epsilon - 1/((gamma + 1)^2 epsilon)]:
    Heitler.  The second photon takes the rest; over the whole range each annihilation counts once.

    Parameters
    ----------
    energy, fraction : array (n,)
        Total energy of the positron in GeV, and epsilon; zero outside its range.
    """
    gamma = energy / mass("e")
    wide = gamma + 1.0
    shape = (1.0 + 2.0 * gamma / wide**2 - fraction - 1.0 / (wide**2 * fraction)) / fraction
    edge = _edge(gamma)
    can = (fraction >= edge) & (fraction <= 1.0 - edge)
    return np.asarray(np.pi * classical_radius2_cm2() / (gamma - 1.0) * shape * can)


def total(energy: Array) -> Array:
    """Return the cross section in cm2 per electron, Heitler's closed form."""
    gamma = energy / mass("e")
    momentum = np.sqrt(gamma**2 - 1.0)
    log = np.log(gamma + momentum)
    bracket = (gamma**2 + 4.0 * gamma + 1.0) / (gamma**2 - 1.0) * log - (gamma + 3.0) / momentum
    return np.asarray(np.pi * classical_radius2_cm2() / (gamma + 1.0) * bracket)


def bound(energy: Array) -> Array:
    """Return an upper bound of the cross section in cm2 per electron; it falls with energy."""
    gamma = energy / mass("e")
    edge = _edge(gamma)
    unit = np.pi * classical_radius2_cm2() / (gamma - 1.0)
    return np.asarray(unit * (1.0 + 2.0 * gamma / (gamma + 1.0) ** 2) * np.log((1.0 - edge) / edge))


def propose(energy: Array, uniform: Array) -> tuple[Array, Array]:
    """Return epsilon from the density 1/epsilon of the bound, and the chance that the collision is real."""
    edge = _edge(energy / mass("e"))
    width = np.log((1.0 - edge) / edge)
    fraction = edge * np.exp(width * uniform)
    return fraction, np.asarray(density(energy, fraction) * fraction * width / bound(energy))


def slope(energy: Array, fraction: Array) -> Array:
    """Return the tangent of the angle of a photon with share epsilon: two-body kinematics.

    cos theta = (gamma + 1 - 1/epsilon)/sqrt(gamma^2 - 1).
    """
    gamma = energy / mass("e")
    cosine = (gamma + 1.0 - 1.0 / fraction) / np.sqrt(gamma**2 - 1.0)
    return np.asarray(np.sqrt(np.maximum(1.0 - cosine**2, 0.0)) / cosine)
