"""The dark axion portal at two loops: the lepton's photon turns into a gamma' and back.

Source: deNiverville, Lee, Seo, PRD 98 (2018) 115011 [dN], arXiv:1806.00757, eqs. 9 to 12 with c = 0 and the
prefactor that eq. 12 lacks. A photon of mass^2 s gives K(s); folded with the spectral density rho(s) of the
dark current and subtracted by its logarithmic divergence (the counterterm of [dN] eq. A3),

    Delta a = int ds rho(s) [K(s) - alpha m^2/(3 pi s)],   rho = G^2 lambda^{3/2}/(96 pi^2 s^3).

The bracket is -(alpha m^2/pi s) P(s/m^2) with P(r) = int_0^1 dx x^4/(x^2 + (1-x) r): in this form nothing
cancels. With w = s0/s, s0 = (m_a + m')^2 and kappa = 4 m_a m'/s0,

    Delta a = -(alpha G^2 m^2/96 pi^3) int_0^1 dw/w [(1-w)(1-w + kappa w)]^{3/2} P(s0/(w m^2)).
"""

import numpy as np

from darkmc.core.constants import ALPHA
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import masses
from darkmc.gminus2.inputs import couplings, elementwise, lepton_mass
from darkmc.gminus2.quadrature import LINEAR_STEP, PoleIntegral, by_chunks, unit_rule

# Below, the fold is (1/3) ln(1/r0) plus a constant, up to terms of order sqrt(r0) = 1e-12.
_LOG_LIGHT = -55.0
_RULE = unit_rule(_LOG_LIGHT - 30.0, 12.0, LINEAR_STEP)
_LOG_INVERSE = -np.log(_RULE.x)
_WEIGHT = _RULE.weight / _RULE.x * _RULE.y**1.5
_SUBTRACTED_KERNEL = PoleIntegral(lambda x: x**4)


@elementwise
def dark_axion_two_loop(
    lepton: str, m_dark_photon: Numbers, m_axion: Numbers = 0.0, coupling: Numbers = 1.0
) -> Numbers:
    """Return Delta a_l of the portal L = (G/2) a F X~ at two loops, with c = 0.

    Parameters
    ----------
    lepton : str
        "e", "mu" or "tau".
    m_dark_photon, m_axion : float or array
        Masses in GeV; either may be zero, not both. The result is symmetric in them.
    coupling : float or array
        G in GeV^-1; enters squared.

    Returns
    -------
    float or array
        Delta a_l, never positive, in the broadcast shape; relative error below 1e-10 at any mass.

    Raises
    ------
    PhysicsError
        If the lepton is unknown, a mass negative, both zero, a coupling not finite, or the arguments do
        not broadcast.

    Examples
    --------
    >>> from darkmc import gminus2
    >>> f"{gminus2.dark_axion_two_loop('mu', m_dark_photon=0.1, coupling=1.0):.4e}"
    '-7.4998e-09'
    """
    m = lepton_mass(lepton)
    m_a, m_v = masses("m_axion", m_axion), masses("m_dark_photon", m_dark_photon)
    threshold = m_a + m_v
    if np.any(threshold == 0.0):
        raise PhysicsError("m_dark_photon and m_axion are both zero: the two loops have no finite limit")
    log_ratio = 2.0 * np.log(threshold / m)
    kappa = 4.0 * (m_a / threshold) * (m_v / threshold)
    fold = by_chunks(_fold, _RULE.x.size, np.maximum(log_ratio, _LOG_LIGHT), kappa)
    fold += np.maximum(_LOG_LIGHT - log_ratio, 0.0) / 3.0
    out: Numbers = -ALPHA * np.square(m * couplings("coupling", coupling)) / (96.0 * np.pi**3) * fold
    return out


def _fold(log_ratio: Array, kappa: Array) -> Array:
    """Return the integral over w for columns of ln r0 = ln(s0/m^2) and kappa."""
    near_threshold = _RULE.y + kappa * _RULE.x
    terms = near_threshold * np.sqrt(near_threshold) * _SUBTRACTED_KERNEL.at_log(log_ratio + _LOG_INVERSE)
    out: Array = terms @ _WEIGHT
    return out
