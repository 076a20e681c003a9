"""Vertex triangles of a spin-0 boson, a vector boson and the lepton, with the cut-off they need.

Both are symmetric in the two boson masses, and written so that nothing cancels whichever is heavier:
with A = (1-x) M^2 + x^2 m^2 for either boson, lighter A_1 and heavier A_2, and e = A_2/A_1 - 1,

    pseudoscalar G = int_0^1 dx (1-x) {ln(Lambda^2/A_2) - 1/2 - (1 + x^2 m^2/A_1) ln(1+e)/e},
    scalar       S = int_0^1 dx (1-x) {ln(Lambda^2/A_2) + 1 - ln(1+e)/e}.

G is eq. 8 of Ge, Ma, Pasquini [Ge] (a hard Euclidean cut-off), brought to this form by
ln(Lambda^2/A) = ln(Lambda^2/B) - ln(A/B). S is eq. 14 of [PV] after the integral over y.
"""

from typing import Any

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.gminus2.quadrature import CURVED_STEP, by_chunks, log1p_over, unit_rule

# The integrand falls like x for small x, and like (1-x)^2 dt for small 1-x, whatever the masses.
_RULE = unit_rule(-30.0, 14.0, CURVED_STEP, stretch=10.0)
_X2, _WEIGHT = _RULE.x**2, _RULE.weight * _RULE.y


def _block(heavy2: Array, light2: Array, gap2: Array, pseudoscalar: Array) -> Array:
    """Return what the triangles subtract from ln(Lambda/m); squared masses in units of m^2, columns."""
    denominator = _RULE.y * light2 + _X2
    log_ratio = log1p_over(_RULE.y * gap2 / denominator)
    terms = np.log(_RULE.y * heavy2 + _X2) + (1.0 + pseudoscalar * _X2 / denominator) * log_ratio
    out: Array = terms @ _WEIGHT
    return out


def _subtraction(m_lepton: float, m_1: Any, m_2: Any, pseudoscalar: float) -> Any:
    heavy, light = np.maximum(m_1, m_2) / m_lepton, np.minimum(m_1, m_2) / m_lepton
    gap2 = (heavy - light) * (heavy + light)
    return by_chunks(_block, _X2.size, heavy**2, light**2, gap2, pseudoscalar)


def pseudoscalar_triangle(m_lepton: float, m_1: Any, m_2: Any, cutoff: Any) -> Any:
    """Return G(m_1, m_2, Lambda) for masses in GeV, zero allowed; error below 1e-10 of ln(Lambda/m)."""
    return np.log(cutoff / m_lepton) - 0.25 - _subtraction(m_lepton, m_1, m_2, 1.0)


def scalar_triangle(m_lepton: float, m_1: Any, m_2: Any, cutoff: Any) -> Any:
    """Return S(m_1, m_2, Lambda) for masses in GeV, zero allowed; error below 1e-10 of ln(Lambda/m)."""
    return np.log(cutoff / m_lepton) + 0.5 - _subtraction(m_lepton, m_1, m_2, 0.0)
