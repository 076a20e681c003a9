"""One loop with a neutral spin-0 boson that couples to the lepton.

Source: Pustyntsev, Vanderhaeghen 2025 [PV], eqs. 2 and 13; eq. 2 is [Ge] eq. 9.
"""

import numpy as np

from darkmc.core.kinematics import Numbers
from darkmc.core.units import masses
from darkmc.gminus2.inputs import couplings, elementwise, lepton_mass
from darkmc.gminus2.quadrature import PoleIntegral

_PSEUDOSCALAR = PoleIntegral(lambda x: x**3)
_SCALAR = PoleIntegral(lambda x: x**2 * (2.0 - x))


@elementwise
def pseudoscalar_yukawa(lepton: str, mass: Numbers, yukawa: Numbers) -> Numbers:
    """Return Delta a_l of a pseudoscalar, L = i y a l-bar gamma5 l.

    -(y^2/8 pi^2) int_0^1 dx x^3/(x^2 + (1-x) r) with r = mass^2/m_l^2, [PV] eq. 2.

    Parameters
    ----------
    lepton : str
        "e", "mu" or "tau".
    mass : float or array
        Mass of the boson in GeV; zero is allowed.
    yukawa : float or array
        The coupling y, broadcast with `mass`.

    Returns
    -------
    float or array
        Delta a_l, never positive; relative error below 1e-10 at any mass.

    Raises
    ------
    PhysicsError
        If the lepton is unknown, a mass negative, an argument not finite, or the arguments do not
        broadcast.

    Examples
    --------
    A massless boson gives -y^2/(16 pi^2).

    >>> from darkmc import gminus2
    >>> f"{gminus2.pseudoscalar_yukawa('mu', mass=0.0, yukawa=1e-3):.4e}"
    '-6.3326e-09'
    """
    ratio = np.square(masses("mass", mass) / lepton_mass(lepton))
    out: Numbers = -np.square(couplings("yukawa", yukawa)) / (8.0 * np.pi**2) * _PSEUDOSCALAR(ratio)
    return out


@elementwise
def scalar_yukawa(lepton: str, mass: Numbers, yukawa: Numbers) -> Numbers:
    """Return Delta a_l of a scalar, L = -y s l-bar l.

    +(y^2/8 pi^2) int_0^1 dx x^2 (2-x)/(x^2 + (1-x) r) with r = mass^2/m_l^2, [PV] eq. 13.

    Parameters
    ----------
    lepton : str
        "e", "mu" or "tau".
    mass : float or array
        Mass of the boson in GeV; zero is allowed.
    yukawa : float or array
        The coupling y, broadcast with `mass`.

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
    A massless boson gives 3 y^2/(16 pi^2).

    >>> from darkmc import gminus2
    >>> f"{gminus2.scalar_yukawa('mu', mass=0.0, yukawa=1e-3):.4e}"
    '1.8998e-08'
    """
    ratio = np.square(masses("mass", mass) / lepton_mass(lepton))
    out: Numbers = np.square(couplings("yukawa", yukawa)) / (8.0 * np.pi**2) * _SCALAR(ratio)
    return out
