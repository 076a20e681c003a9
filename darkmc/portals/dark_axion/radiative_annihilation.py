"""e+ e- -> gamma a gamma': a photon radiated off the beams, then gamma*(s') -> a gamma'.

Exact tree level: dsigma = ds' rho(s') dsigma(e+ e- -> gamma V), V a vector of mass^2 s' that couples with
charge e. Source: QED with the electron's mass kept; the collinear logarithm is finite.
"""

from typing import Any

import numpy as np

from darkmc.core.constants import ALPHA
from darkmc.core.inverse_tables import converged, gauss_legendre
from darkmc.portals.dark_axion.current import DarkCurrent

E4 = (4.0 * np.pi * ALPHA) ** 2


def vector_amplitude(s: Any, s_prime: Any, first: Any, second: Any, m_lepton: float) -> Any:
    """Return X of (1/4) sum |M(gamma V)|^2 = 2 e^4 X, for a_1 = 2 p_1.k and a_2 = 2 p_2.k in GeV^2.

    a1/a2 + a2/a1 + 2ss'/(a1 a2) + 4m^2(1/a1 + 1/a2) - 2m^2 s'(1/a1^2 + 1/a2^2) - 4m^4 (1/a1 + 1/a2)^2.
    a_1 + a_2 = s - s', but both are wanted: that difference has no digits left for soft photons.
    """
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


def largest_rapidity(s: float, abs_cos_max: float, m_lepton: float) -> float:
    """Return y of p cos theta = E tanh y at the largest |cos theta|: ln((E + p)/m) for 1."""
    beam = np.sqrt(0.25 * s - m_lepton**2)
    across2 = m_lepton**2 + beam**2 * (1.0 - abs_cos_max) * (1.0 + abs_cos_max)
    return float(np.arcsinh(beam * abs_cos_max / np.sqrt(across2)))


def _twice_products(root_s: float, omega: Any, y: Any) -> tuple[Any, Any]:
    """Return a_1 = 2 p_1.k and a_2 = 2 p_2.k (GeV^2) for y >= 0: sums of positive terms only."""
    decay = np.exp(-2.0 * np.asarray(y))
    both = 2.0 * root_s * np.asarray(omega) / (1.0 + decay)
    return both * decay, both


def beam_momentum(root_s: float, y: Any, m_lepton: float) -> tuple[Any, Any]:
    """Return the first beam's momentum (GeV) along and across a photon of rapidity y."""
    energy = 0.5 * root_s
    across2 = np.square(energy / np.cosh(y)) - m_lepton**2
    return energy * np.tanh(y), np.sqrt(np.maximum(across2, 0.0))


def spin_density(s: float, omega: Any, y: Any, m_lepton: float) -> tuple[Any, Any, Any, Any]:
    """Return the spin density xx, yy, zz, xz of V in its rest frame, for a photon of energy and rapidity.

    z points against the photon, y is the normal of the production plane, and the first beam has p_x < 0.
    It is the leptonic tensor, averaged over the beams' spins and summed over the photon's; xx + yy + zz is
    twice :func:`vector_amplitude`, xy and yz vanish.  Exact in the mass.  Source: J. H. Kuehn and
    G. Rodrigo, Eur. Phys. J. C 25 (2002) 215, hep-ph/0204283.

    Parameters
    ----------
    s : float
        Squared energy in the centre of mass, GeV^2.
    omega, y : float or arrays
        The photon's energy (GeV) and its rapidity to the first beam, p cos theta = E tanh y, y >= 0.
    m_lepton : float
        Mass of the beams' particles, GeV.
    """
    root_s, m2 = np.sqrt(s), m_lepton**2
    first, second = _twice_products(root_s, omega, y)
    # A pair lighter than the rounding of s has lost its mass; the ratios need no more of it.
    product, s_prime = first * second, np.maximum(s - 2.0 * root_s * omega, 1e-15 * s)
    common = (2.0 * s * s_prime + first**2 + second**2) / product
    common = common - 2.0 * m2 * s_prime * np.square((s - s_prime) / product)
    on_first = 8.0 * m2 / second**2 - 4.0 * s_prime / product
    on_second = 8.0 * m2 / first**2 - 4.0 * s_prime / product
    mixed = -8.0 * m2 / product
    along, across = beam_momentum(root_s, y, m_lepton)
    pair_mass = np.sqrt(s_prime)
    gamma, shift = (root_s - omega) / pair_mass, 0.5 * root_s * omega / pair_mass
    z_first, z_second = -gamma * along - shift, gamma * along - shift
    in_zz = on_first * z_first**2 + on_second * z_second**2 + 2.0 * mixed * z_first * z_second
    in_xz = on_second * z_second - on_first * z_first + mixed * (z_first - z_second)
    in_xx = on_first + on_second - 2.0 * mixed
    return common + in_xx * across**2, common, common + in_zz, across * in_xz


def double_differential(s: float, omega: Any, y: Any, current: DarkCurrent, m_lepton: float) -> Any:
    """Return dsigma/(domega dy) at G = 1 (per GeV^3 x GeV^2), in the photon's energy and rapidity y.

    omega is in GeV in the centre of mass; y >= 0 stands for p cos theta = E tanh y, which the collinear
    peaks want: dsigma = ds' rho(s') 2e^4 X omega/(32 pi s p) dcos theta.
    """
    root_s = np.sqrt(s)
    beam = np.sqrt(0.25 * s - m_lepton**2)
    first, second = _twice_products(root_s, omega, y)
    per_rapidity = 0.5 * root_s / beam / np.square(np.cosh(y))
    s_prime = s - 2.0 * root_s * omega
    amplitude = vector_amplitude(s, s_prime, first, second, m_lepton)
    density = current.spectral_density(np.maximum(s_prime, 0.0))
    return 2.0 * root_s * density * 2.0 * E4 * amplitude * omega * per_rapidity / (32.0 * np.pi * s * beam)


def photon_energy(root: Any, e_min: float, top: float) -> tuple[Any, Any]:
    """Return omega = top (e_min/top)^(t^2) and |domega/dt|, t from 0 to 1.

    The logarithm takes out the soft 1/omega, the square the threshold's power of 3/2 or 3 at the top.
    """
    depth = np.log(top / e_min)
    omega = top * np.exp(-depth * np.square(root))
    return omega, 2.0 * depth * root * omega


def photon_spectrum(
    s: float, omega: Any, current: DarkCurrent, abs_cos_max: float, m_lepton: float, order: int = 160
) -> Any:
    """Return dsigma/domega at G = 1 for photon energies in the centre of mass (GeV; per GeV^3 x GeV^2)."""
    omega = np.asarray(omega, dtype=float)[..., None]
    y, weights = gauss_legendre(0.0, largest_rapidity(s, abs_cos_max, m_lepton), order)
    return 2.0 * np.sum(weights * double_differential(s, omega, y, current, m_lepton), axis=-1)


def cross_section(
    s: float, e_min: float, e_max: float, current: DarkCurrent, abs_cos_max: float, m_lepton: float
) -> float:
    """Return sigma at G = 1 for photon energies from e_min to e_max and |cos theta| < abs_cos_max.

    PhysicsError if the quadratures do not converge.
    """
    top = min(e_max, (s - current.threshold**2) / (2.0 * np.sqrt(s)))
    if top <= e_min:
        return 0.0

    def integral(order: int) -> float:
        root, weights = gauss_legendre(0.0, 1.0, order)
        omega, jacobian = photon_energy(root, e_min, top)
        spectrum = photon_spectrum(s, omega, current, abs_cos_max, m_lepton, 4 * order // 5)
        return float(np.sum(weights * jacobian * spectrum))

    return float(converged(integral, 200, 1e-5, "radiative annihilation"))
