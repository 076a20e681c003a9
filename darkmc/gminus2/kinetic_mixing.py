"""Kinetic mixing of photon and dark photon from a loop of charged scalars."""

import numpy as np

from darkmc.core.constants import ALPHA
from darkmc.core.kinematics import Numbers
from darkmc.core.units import masses
from darkmc.gminus2.inputs import couplings, elementwise


@elementwise
def kinetic_mixing_one_loop(g_dark: Numbers, m_scalar_1: Numbers, m_scalar_2: Numbers) -> Numbers:
    """Return epsilon = e g_D/(48 pi^2) ln(M_1^2/M_2^2), eq. 13 of the scotogenic U(1)_D model [U1D].

    Parameters
    ----------
    g_dark : float or array
        Dark gauge coupling; the two charged scalars have dark charges -1 and +1.
    m_scalar_1, m_scalar_2 : float or array
        Their masses in GeV, above zero; equal masses give exactly zero, close ones keep all digits.

    Returns
    -------
    float or array
        epsilon, odd under the exchange of the scalars.

    Raises
    ------
    PhysicsError
        If a mass is not above zero, an argument not finite, or the arguments do not broadcast.

    Examples
    --------
    >>> from darkmc import gminus2
    >>> f"{gminus2.kinetic_mixing_one_loop(g_dark=0.1, m_scalar_1=200.0, m_scalar_2=100.0):.4e}"
    '8.8614e-05'
    """
    m_1 = masses("m_scalar_1", m_scalar_1, massless=False)
    m_2 = masses("m_scalar_2", m_scalar_2, massless=False)
    light, heavy = np.minimum(m_1, m_2), np.maximum(m_1, m_2)
    log_ratio = np.sign(m_1 - m_2) * np.log1p((heavy - light) / light)
    e = np.sqrt(4.0 * np.pi * ALPHA)
    out: Numbers = e * couplings("g_dark", g_dark) / (24.0 * np.pi**2) * log_ratio
    return out
