"""One loop with a neutral spin-1 boson that couples to the lepton with epsilon e.

Source: Pustyntsev, Vanderhaeghen 2025 [PV], eqs. 16 and 18; eq. 16 is [Ge] eq. 10.
"""

import numpy as np

from darkmc.core.constants import ALPHA
from darkmc.core.kinematics import Numbers
from darkmc.core.units import masses
from darkmc.gminus2.inputs import couplings, elementwise, lepton_mass
from darkmc.gminus2.quadrature import PoleIntegral

_VECTOR = PoleIntegral(lambda x: x**2 * (1.0 - x))
_TRANSVERSE = PoleIntegral(lambda x: x * (1.0 - x) * (4.0 - x))
_LONGITUDINAL = PoleIntegral(lambda x: 2.0 * x**3)


@elementwise
def vector(lepton: str, mass: Numbers, epsilon: Numbers) -> Numbers:
    """Return Delta a_l of a dark photon, L = -epsilon e l-bar gamma^mu l X_mu.

    (alpha epsilon^2/pi) int_0^1 dx x^2 (1-x)/(x^2 + (1-x) r) with r = mass^2/m_l^2, [PV] eq. 16.

    Parameters
    ----------
    lepton : str
        "e", "mu" or "tau".
    mass : float or array
        Mass of the boson in GeV; zero is allowed (alpha epsilon^2/2 pi).
    epsilon : float or array
        Its coupling in units of e, broadcast with `mass`.

    Returns
    -------
    float or array
        Delta a_l, never negative; relative error below 1e-10 at any mass.

    Raises
    ------
    PhysicsError
        If the lepton is unknown, a mass negative, an argument not finite, or the arguments do not
        broadcast.

    Examples
    --------
    A massless boson gives alpha epsilon^2/(2 pi), as the photon does.

    >>> from darkmc import gminus2
    >>> f"{gminus2.vector('mu', mass=0.0, epsilon=1e-3):.4e}"
    '1.1614e-09'
    """
    ratio = np.square(masses("mass", mass) / lepton_mass(lepton))
    out: Numbers = ALPHA / np.pi * np.square(couplings("epsilon", epsilon)) * _VECTOR(ratio)
    return out


@elementwise
def axial_vector(lepton: str, mass: Numbers, epsilon: Numbers) -> Numbers:
    """Return Delta a_l of an axial vector boson, L = -epsilon e l-bar gamma^mu gamma5 l X_mu.

    -(alpha epsilon^2/pi) int_0^1 dx [x (1-x)(4-x) + 2 x^3/r]/(x^2 + (1-x) r) with r = mass^2/m_l^2,
    [PV] eq. 18. The term in 1/r is the longitudinal boson, so that a massless one has no finite limit.

    Parameters
    ----------
    lepton : str
        "e", "mu" or "tau".
    mass : float or array
        Mass of the boson in GeV, above zero.
    epsilon : float or array
        Its coupling in units of e, broadcast with `mass`.

    Returns
    -------
    float or array
        Delta a_l, never positive; relative error below 1e-10 at any mass.

    Raises
    ------
    PhysicsError
        If the lepton is unknown, a mass not above zero, an argument not finite, or the arguments do not
        broadcast.

    Examples
    --------
    A heavy one gives five times what a heavy vector gives, of the other sign.

    >>> from darkmc import gminus2
    >>> axial = gminus2.axial_vector("e", mass=100.0, epsilon=1e-3)
    >>> f"{axial / gminus2.vector('e', mass=100.0, epsilon=1e-3):.4f}"
    '-5.0000'
    """
    ratio = np.square(masses("mass", mass, massless=False) / lepton_mass(lepton))
    loop = _TRANSVERSE(ratio) + _LONGITUDINAL(ratio) / ratio
    out: Numbers = -ALPHA / np.pi * np.square(couplings("epsilon", epsilon)) * loop
    return out
