"""Compton scattering on electrons at rest: density, total, and photons by null collisions.

Source: O. Klein and Y. Nishina, Z. Phys. 52 (1929) 853, in the share of energy as in Heitler, The quantum
theory of radiation, section 22 (from memory, grade C: density and total are independent, a test compares).
"""

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.sources.electromagnetic.media import classical_radius2_cm2


def least_fraction(photon: Array) -> Array:
    """Return k'/k of a photon that is scattered backwards, 1/(1 + 2 k/m_e)."""
    return np.asarray(1.0 / (1.0 + 2.0 * photon / mass("e")))


def density(photon: Array, fraction: Array) -> Array:
    """Return dsigma/depsilon in cm2 per electron, epsilon = k'/k.

    pi r_e^2 (m/k) (1/epsilon + epsilon) [1 - epsilon sin^2 theta/(1 + epsilon^2)],
    1 - cos theta = m (1 - epsilon)/(k epsilon): Klein and Nishina.

    Parameters
    ----------
    photon, fraction : array (n,)
        Energy k in GeV, and epsilon; zero below its least value.
    """
    turn = mass("e") * (1.0 - fraction) / (photon * fraction)
    shape = 1.0 / fraction + fraction - turn * (2.0 - turn)
    can = (fraction >= least_fraction(photon)) & (fraction <= 1.0)
    return np.asarray(np.pi * classical_radius2_cm2() * mass("e") / photon * shape * can)


def total(photon: Array) -> Array:
    """Return the cross section in cm2 per electron, Klein and Nishina's closed form."""
    x = photon / mass("e")
    wide = 1.0 + 2.0 * x
    log = np.log(wide)
    first = (1.0 + x) / x**2 * (2.0 * (1.0 + x) / wide - log / x)
    return np.asarray(
        2.0 * np.pi * classical_radius2_cm2() * (first + 0.5 * log / x - (1.0 + 3.0 * x) / wide**2)
    )


def bound(photon: Array) -> Array:
    """Return an upper bound of the cross section in cm2 per electron: the integral of 2/epsilon's share."""
    return np.asarray(
        -2.0 * np.pi * classical_radius2_cm2() * mass("e") / photon * np.log(least_fraction(photon))
    )


def propose(photon: Array, uniform: Array) -> tuple[Array, Array]:
    """Return k'/k from the bound, and the chance that the collision is real."""
    fraction = least_fraction(photon) ** uniform
    chance = density(photon, fraction) * fraction * photon
    return fraction, chance / (2.0 * np.pi * classical_radius2_cm2() * mass("e"))


def slopes(before: Array, after: Array) -> tuple[Array, Array]:
    """Return the tangents of the angles of photon and electron, on opposite sides: two-body kinematics.

    1 - cos theta = m_e (1/k' - 1/k); the electron takes the rest of the momentum.
    """
    cosine = 1.0 - mass("e") * (1.0 / after - 1.0 / before)
    sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
    return np.asarray(sine / cosine), np.asarray(after * sine / (before - after * cosine))
