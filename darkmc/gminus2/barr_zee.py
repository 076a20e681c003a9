"""Barr-Zee diagrams with an effective vertex of a spin-0 boson X to photon photon or photon Z.

Source: Pustyntsev, Vanderhaeghen 2025 [PV], eqs. 8, 10, 11 and 14. The constants beside ln Lambda depend on
how the vertex is cut off: those of [PV] are a hard Euclidean cut-off plus 5/6 (pseudoscalar) or plus 3/4
(scalar), in units of m g_l g/(4 pi^2).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.kinematics import Numbers
from darkmc.core.units import masses, require_text
from darkmc.gminus2.inputs import couplings, cutoffs, elementwise, lepton_mass
from darkmc.gminus2.triangle import pseudoscalar_triangle, scalar_triangle
from darkmc.gminus2.z_boson import MASS, VECTOR_COUPLING

# boson -> its mass in GeV and its vector coupling to the lepton in units of e
_BOSONS = {"photon": (0.0, 1.0), "Z": (MASS, VECTOR_COUPLING)}


@elementwise
def barr_zee_pseudoscalar(
    lepton: str,
    mass: Numbers,
    g_lepton: Numbers,
    g_photon: Numbers,
    cutoff: Numbers = 1000.0,
    boson: str = "photon",
) -> Numbers:
    """Return Delta a_l of a pseudoscalar X, L = -i g_l X l-bar gamma5 l - (g/4) X F F~.

    kappa (m_l g_l g/4 pi^2) [G(m_X, m_V, Lambda) + 5/6], [PV] eqs. 8 and 11: kappa = 1 and m_V = 0 for the
    photon, kappa = (1 - 4 s^2)/(4 s c) and m_V = m_Z for the Z. G is that of the dark axion at one loop; 5/6
    is the scheme constant of [PV].

    Parameters
    ----------
    lepton : str
        "e", "mu" or "tau".
    mass : float or array
        Mass of X in GeV; zero is allowed.
    g_lepton : float or array
        Coupling to the lepton; any sign.
    g_photon : float or array
        Coupling to photon photon, or to photon Z if `boson` is the Z, in GeV^-1; any sign.
    cutoff : float or array
        Lambda in GeV, not below any mass in the loop.
    boson : str
        "photon" or "Z".

    Returns
    -------
    float or array
        Delta a_l, in the broadcast shape of all arguments.

    Raises
    ------
    PhysicsError
        If lepton or boson are unknown, a mass negative, an argument not finite, the cut-off below a mass
        in the loop, or the arguments do not broadcast.

    Examples
    --------
    >>> from darkmc import gminus2
    >>> loop = gminus2.barr_zee_pseudoscalar("mu", mass=1.0, g_lepton=1e-3, g_photon=1e-3)
    >>> f"{loop:.4e}"
    '2.0640e-08'
    """
    factor, triangle = _diagram(pseudoscalar_triangle, lepton, mass, cutoff, boson)
    return factor * couplings("g_lepton", g_lepton) * couplings("g_photon", g_photon) * (triangle + 5.0 / 6.0)


@elementwise
def barr_zee_scalar(
    lepton: str,
    mass: Numbers,
    g_lepton: Numbers,
    g_photon: Numbers,
    cutoff: Numbers = 1000.0,
    boson: str = "photon",
) -> Numbers:
    """Return Delta a_l of a scalar X, L = -g_l X l-bar l - (g/4) X F F.

    kappa (m_l g_l g/4 pi^2) int_0^1 dx int_0^{1-x} dy ln{Lambda^2/[x^2 m_l^2 + y m_X^2 + (1-x-y) m_V^2]},
    [PV] eq. 14, in the scheme of [PV], 3/4 above a hard cut-off; kappa and m_V as for
    :func:`barr_zee_pseudoscalar`.

    Parameters
    ----------
    lepton : str
        "e", "mu" or "tau".
    mass : float or array
        Mass of X in GeV; zero is allowed.
    g_lepton : float or array
        Coupling to the lepton; any sign.
    g_photon : float or array
        Coupling to photon photon, or to photon Z if `boson` is the Z, in GeV^-1; any sign.
    cutoff : float or array
        Lambda in GeV, not below any mass in the loop.
    boson : str
        "photon" or "Z".

    Returns
    -------
    float or array
        Delta a_l, in the broadcast shape of all arguments.

    Raises
    ------
    PhysicsError
        If lepton or boson are unknown, a mass negative, an argument not finite, the cut-off below a mass
        in the loop, or the arguments do not broadcast.

    Examples
    --------
    >>> from darkmc import gminus2
    >>> loop = gminus2.barr_zee_scalar("mu", mass=1.0, g_lepton=1e-3, g_photon=1e-3)
    >>> f"{loop:.4e}"
    '2.0451e-08'
    """
    factor, triangle = _diagram(scalar_triangle, lepton, mass, cutoff, boson)
    return factor * couplings("g_lepton", g_lepton) * couplings("g_photon", g_photon) * triangle


def _diagram(
    triangle: Callable[..., Any], lepton: str, mass: Any, cutoff: Any, boson: str
) -> tuple[float, Numbers]:
    """Return kappa m_l/(4 pi^2) in GeV and the triangle."""
    if require_text("boson", boson) not in _BOSONS:
        raise PhysicsError(f"unknown boson '{boson}'{nearest(boson, _BOSONS)}")
    m_boson, kappa = _BOSONS[boson]
    m, m_x = lepton_mass(lepton), masses("mass", mass)
    return kappa * m / (4.0 * np.pi**2), triangle(m, m_x, m_boson, cutoffs(cutoff, m, m_x, m_boson))
