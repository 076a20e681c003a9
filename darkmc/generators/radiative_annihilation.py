"""e+ e- -> gamma a gamma': a photon radiated off the beams, then gamma*(s') -> a gamma'.

Exact tree level: dsigma = ds' rho(s') dsigma(e+ e- -> gamma V), V a vector of mass^2 s' that couples with
charge e. Source: QED with the electron's mass kept; the collinear logarithm is finite.
"""

from typing import Any

import numpy as np

from darkmc.constants import ALPHA
from darkmc.current import DarkCurrent
from darkmc.sampling import gauss_legendre

E4 = (4.0 * np.pi * ALPHA) ** 2


def vector_amplitude(s: Any, s_prime: Any, first: Any, m_lepton: float) -> Any:
    """Return X of (1/4) sum |M(gamma V)|^2 = 2 e^4 X, for a_1 = 2 p_1.k and a_2 = s - s' - a_1 in GeV^2.

    a1/a2 + a2/a1 + 2ss'/(a1 a2) + 4m^2(1/a1 + 1/a2) - 2m^2 s'(1/a1^2 + 1/a2^2) - 4m^4 (1/a1 + 1/a2)^2.
    """
    second = s - s_prime - first
    m2 = m_lepton**2
    inverse = 1.0 / first + 1.0 / second
    squares = 1.0 / np.square(first) + 1.0 / np.square(second)
    return (
        first / second
        + second / first
        + 2.0 * s * s_prime / (first * second)
        + 4.0 * m2 * inverse
        - 2.0 * m2 * s_prime * squares
        - 4.0 * m2**2 * inverse**2
    )


def photon_spectrum(
    s: float, photon_energy: Any, current: DarkCurrent, abs_cos_max: float, m_lepton: float
) -> Any:
    """Return dsigma/domega at G = 1 for photon energies in the centre of mass (GeV; per GeV^3 x GeV^2).

    The angle is integrated in rapidity y, p cos theta = E tanh y, which the collinear peaks want.
    """
    omega = np.asarray(photon_energy, dtype=float)[..., None]
    root_s = np.sqrt(s)
    energy = 0.5 * root_s
    beam = np.sqrt(energy**2 - m_lepton**2)
    s_prime = s - 2.0 * root_s * omega
    end = float(np.arctanh(abs_cos_max * beam / energy))
    y, weights = gauss_legendre(0.0, end, 160)  # symmetric in cos theta
    tanh = np.tanh(y)
    first = 2.0 * omega * energy * (1.0 - tanh)
    jacobian = 2.0 * energy / beam * (1.0 - tanh) * (1.0 + tanh)
    amplitude = vector_amplitude(s, s_prime, first, m_lepton)
    angular = np.sum(weights * jacobian * amplitude, axis=-1)
    density = current.spectral_density(np.maximum(s_prime[..., 0], 0.0))
    return 2.0 * root_s * density * 2.0 * E4 * angular * omega[..., 0] / (32.0 * np.pi * s * beam)


def cross_section(
    s: float, e_min: float, e_max: float, current: DarkCurrent, abs_cos_max: float, m_lepton: float
) -> float:
    """Return sigma at G = 1 for photon energies from e_min to e_max and |cos theta| < abs_cos_max."""
    top = min(e_max, (s - current.threshold**2) / (2.0 * np.sqrt(s)))
    if top <= e_min:
        return 0.0
    root, weights = gauss_legendre(0.0, 1.0, 200)
    omega = top - (top - e_min) * root**2  # rho vanishes like a power 3/2 or 3 at the upper end
    jacobian = 2.0 * (top - e_min) * root
    return float(np.sum(weights * jacobian * photon_spectrum(s, omega, current, abs_cos_max, m_lepton)))
