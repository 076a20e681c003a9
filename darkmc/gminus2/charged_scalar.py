"""One loop with the charged scalar of an inert doublet and neutral fermions.

Source: scotogenic U(1)_D model [U1D], with the mass factor that its printed formula lacks and the sign of
its second cubic corrected (physics reference, section 11).
"""

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import masses
from darkmc.gminus2.inputs import couplings, elementwise, lepton_mass
from darkmc.gminus2.quadrature import LINEAR_STEP, by_chunks, unit_rule

_RULE = unit_rule(-15.0, 30.0, LINEAR_STEP)
_NUMERATOR = _RULE.weight * _RULE.x**2 * _RULE.y


def _loop(scalar2: Array, fermion2: Array) -> Array:
    out: Array = (1.0 / (_RULE.x * scalar2 + _RULE.y * fermion2)) @ _NUMERATOR
    return out


@elementwise
def inert_doublet(lepton: str, m_scalar: Numbers, m_fermion: Numbers, yukawa_squared: Numbers) -> Numbers:
    """Return Delta a_l of a charged scalar eta and a neutral fermion N.

    -sum|y|^2 (m_l^2/16 pi^2 m_eta^2) F2(M_N^2/m_eta^2), where F2(x) = int_0^1 dt t^2 (1-t)/(t + x (1-t))
    = (1 - 6x + 3x^2 + 2x^3 - 6x^2 ln x)/(6 (1-x)^4): the leading term in m_l^2, off by
    terms of relative order m_l^2 over the heavier mass squared.

    Parameters
    ----------
    lepton : str
        "e", "mu" or "tau".
    m_scalar, m_fermion : float or array
        Masses in GeV; either may be zero. Their sum exceeds m_l: the lepton is stable.
    yukawa_squared : float or array
        sum |y|^2 over fermions of this mass, not negative.

    Returns
    -------
    float or array
        Delta a_l, never positive; this leading term to a relative error below 1e-10 at any M_N/m_eta.

    Raises
    ------
    PhysicsError
        If the lepton is unknown or could decay into scalar and fermion, a mass or `yukawa_squared` is
        negative, an argument not finite, or the arguments do not broadcast.

    Examples
    --------
    A massless fermion gives -|y|^2 m_l^2/(96 pi^2 m_eta^2).

    >>> from darkmc import gminus2
    >>> f"{gminus2.inert_doublet('mu', m_scalar=100.0, m_fermion=0.0, yukawa_squared=1.0):.4e}"
    '-1.1782e-09'
    """
    m_s, m_f = masses("m_scalar", m_scalar), masses("m_fermion", m_fermion)
    strength = couplings("yukawa_squared", yukawa_squared)
    if np.any(strength < 0.0):
        raise PhysicsError(f"yukawa_squared must not be negative, not {np.min(strength):g}")
    heaviest = np.maximum(m_s, m_f)
    if np.any(heaviest == 0.0):
        raise PhysicsError("m_scalar and m_fermion are both zero: the loop has no finite limit")
    m = lepton_mass(lepton)
    if np.any(m_s + m_f <= m):
        raise PhysicsError(f"m_scalar + m_fermion must exceed the lepton's mass, {m:g} GeV")
    loop = by_chunks(_loop, _RULE.x.size, np.square(m_s / heaviest), np.square(m_f / heaviest))
    out: Numbers = -strength * np.square(m / heaviest) / (16.0 * np.pi**2) * loop
    return out
