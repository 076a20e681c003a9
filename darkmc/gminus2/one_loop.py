"""The dark axion portal at one loop: an axion that also has a Yukawa coupling, and a vector boson.

Source: Ge, Ma, Pasquini [Ge], eq. 8; the Z variant has the Z's vector coupling in place of epsilon e.
"""

import numpy as np

from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import masses
from darkmc.gminus2.inputs import couplings, cutoffs, elementwise, lepton_mass
from darkmc.gminus2.triangle import pseudoscalar_triangle
from darkmc.gminus2.z_boson import MASS, VECTOR_COUPLING


@elementwise
def dark_axion_one_loop(
    lepton: str,
    m_axion: Numbers,
    m_dark_photon: Numbers,
    epsilon: Numbers,
    yukawa: Numbers,
    coupling: Numbers,
    cutoff: Numbers,
) -> Numbers:
    """Return Delta a_l of the triangle of axion, dark photon and photon.

    (m_l/4 pi^2) epsilon y C G(m_a, m', Lambda), [Ge] eq. 8, for
    L = i y a l-bar gamma5 l - epsilon e l-bar gamma^mu l X_mu + (C/2) a F X~. The overall sign follows [Ge]
    and turns with the conventions of gamma5, eps^{0123} and e. Symmetric in the two masses.

    Parameters
    ----------
    lepton : str
        "e", "mu" or "tau".
    m_axion, m_dark_photon : float or array
        Masses in GeV; zero is allowed.
    epsilon, yukawa : float or array
        Dark photon coupling in units of e, axion coupling y; any sign.
    coupling : float or array
        C = G_{a gamma gamma'} in GeV^-1; any sign.
    cutoff : float or array
        Hard Euclidean cut-off Lambda in GeV, not below any mass in the loop.

    Returns
    -------
    float or array
        Delta a_l, in the broadcast shape of all arguments.

    Raises
    ------
    PhysicsError
        If the lepton is unknown, a mass negative, an argument not finite, the cut-off below a mass in
        the loop, or the arguments do not broadcast.

    Examples
    --------
    >>> from darkmc import gminus2
    >>> loop = gminus2.dark_axion_one_loop("mu", 0.0, 0.0, 1e-3, 1e-3, coupling=1e-3, cutoff=1000.0)
    >>> f"{loop:.4e}"
    '2.5172e-11'
    """
    loop = _loop(lepton, masses("m_axion", m_axion), masses("m_dark_photon", m_dark_photon), cutoff)
    portal = couplings("epsilon", epsilon) * couplings("coupling", coupling)
    return loop * couplings("yukawa", yukawa) * portal


@elementwise
def dark_axion_one_loop_z(
    lepton: str, m_axion: Numbers, yukawa: Numbers, coupling_agz: Numbers, cutoff: Numbers
) -> Numbers:
    """Return Delta a_l of the triangle of axion, Z and photon.

    (m_l/4 pi^2) y C_agZ kappa0 G(m_a, m_Z, Lambda) with kappa0 = (1 - 4 s^2)/(4 s c), s^2 = 0.2312: eq. 8 of
    [Ge] with the vector coupling of the Z, whose axial coupling does not contribute. Otherwise as
    :func:`dark_axion_one_loop`.

    Parameters
    ----------
    lepton : str
        "e", "mu" or "tau".
    m_axion : float or array
        Mass in GeV; zero is allowed.
    yukawa : float or array
        Axion coupling y; any sign.
    coupling_agz : float or array
        C_agZ in GeV^-1; any sign.
    cutoff : float or array
        Hard Euclidean cut-off Lambda in GeV, not below the mass of the Z.

    Returns
    -------
    float or array
        Delta a_l, in the broadcast shape of all arguments.

    Raises
    ------
    PhysicsError
        If the lepton is unknown, a mass negative, an argument not finite, the cut-off below a mass in
        the loop, or the arguments do not broadcast.

    Examples
    --------
    >>> from darkmc import gminus2
    >>> loop = gminus2.dark_axion_one_loop_z("mu", 0.1, yukawa=1e-3, coupling_agz=1e-3, cutoff=1000.0)
    >>> f"{loop:.4e}"
    '2.8581e-10'
    """
    loop = _loop(lepton, masses("m_axion", m_axion), np.asarray(MASS), cutoff)
    portal = VECTOR_COUPLING * couplings("coupling_agz", coupling_agz)
    return loop * couplings("yukawa", yukawa) * portal


def _loop(lepton: str, m_axion: Array, m_vector: Array, cutoff: Numbers) -> Numbers:
    """Return (m_l/4 pi^2) G in GeV."""
    m = lepton_mass(lepton)
    allowed = cutoffs(cutoff, m, m_axion, m_vector)
    out: Numbers = m / (4.0 * np.pi**2) * pseudoscalar_triangle(m, m_axion, m_vector, allowed)
    return out
