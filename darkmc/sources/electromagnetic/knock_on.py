"""Hard collisions with atomic electrons at rest: Moller (e- e-) and Bhabha (e+ e-) scattering.

Source: C. Moller, Ann. Phys. 14 (1932) 531, and H. J. Bhabha, Proc. R. Soc. A 154 (1936) 195, in the form of
ICRU Report 37 (from memory, grade C: the restricted loss of :mod:`ionisation`, from the same report, has
them as derivatives, which a test compares).
"""

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.sources.electromagnetic.media import classical_radius2_cm2

_MOLLER_BOUND = 9.0 / 4.0  # T^2 dsigma/dT over its limit at small T, largest where both share equally


def moller(energy: Array, recoil: Array) -> Array:
    """Return dsigma/dT in cm2/GeV per electron, T the kinetic energy of the slower electron.

    Parameters
    ----------
    energy, recoil : array (n,)
        Total energy before, and T, in GeV; zero above T = (E - m_e)/2.
    """
    gamma = energy / mass("e")
    kinetic = energy - mass("e")
    share = np.minimum(recoil / kinetic, 0.5)
    other = 1.0 - share
    mixed = (2.0 * gamma - 1.0) / gamma**2
    shape = ((gamma - 1.0) / gamma) ** 2 + (1.0 / share - mixed) / share + (1.0 / other - mixed) / other
    return np.asarray(_unit(energy) / kinetic**2 * shape * (recoil <= 0.5 * kinetic))


def bhabha(energy: Array, recoil: Array) -> Array:
    """Return dsigma/dT in cm2/GeV per electron, T the kinetic energy of the electron; zero above E - m_e.

    Parameters
    ----------
    energy, recoil : array (n,)
        Total energy of the positron before, and T, in GeV.
    """
    gamma = energy / mass("e")
    kinetic = energy - mass("e")
    beta2 = 1.0 - 1.0 / gamma**2
    share = np.minimum(recoil / kinetic, 1.0)
    y = 1.0 / (gamma + 1.0)
    narrow = 1.0 - 2.0 * y
    b1, b2 = 2.0 - y**2, narrow * (3.0 + y**2)
    b3, b4 = narrow**2 + narrow**3, narrow**3
    shape = 1.0 / share**2 - beta2 * (b1 / share - b2 + b3 * share - b4 * share**2)
    return np.asarray(_unit(energy) / kinetic**2 * shape * (recoil <= kinetic))


def _unit(energy: Array) -> Array:
    """Return 2 pi r_e^2 m_e/beta^2 in cm2 GeV."""
    beta2 = 1.0 - (mass("e") / energy) ** 2
    return np.asarray(2.0 * np.pi * classical_radius2_cm2() * mass("e") / beta2)


def bound(least_energy: float, cut: float) -> float:
    """Return an upper bound in cm2 of both cross sections above a cut on T, from a least energy on."""
    return float(_MOLLER_BOUND * _unit(np.asarray(least_energy)) / cut)


def propose(cut: float, uniform: Array) -> Array:
    """Return T from the density cut/T^2 above the cut, which the bound multiplies."""
    return np.asarray(cut / uniform)


def chance(energy: Array, recoil: Array, positron: Array, least_energy: float) -> Array:
    """Return the chance that a proposed collision is real."""
    real = np.where(positron, bhabha(energy, recoil), moller(energy, recoil))
    return np.asarray(real * recoil**2 / (_MOLLER_BOUND * _unit(np.asarray(least_energy))))


def slope(energy: Array, kinetic: Array) -> Array:
    """Return the tangent of the angle at which a lepton leaves with kinetic energy T: two-body kinematics.

    cos theta = (E + m) sqrt(T/(T + 2 m))/p for either of the two, the target at rest.
    """
    m = mass("e")
    tangent2 = (energy - m) * (kinetic + 2.0 * m) / ((energy + m) * kinetic) - 1.0
    return np.sqrt(np.maximum(tangent2, 0.0))
