"""The loop integrals as the papers have them, in multiple precision; shared by the g-2 tests.

Function values come from mpmath with many digits, so that cancellation does not matter; the integrals are
sums of 14-point Gauss-Legendre rules over panels of width 2 in ln(x/(1-x)), good to 1e-14.
"""

import numpy as np
from mpmath import mp, mpf

mp.dps = 45
NODES, WEIGHTS = np.polynomial.legendre.leggauss(14)
ALPHA = 1 / mpf(137.035999)


def integral(f, low, high, panels):
    """Integrate over t in equal panels."""
    width = mpf(high - low) / panels
    total = mpf(0)
    for k in range(panels):
        centre = low + (k + mpf(0.5)) * width
        total += sum(w * f(centre + width / 2 * x) for x, w in zip(NODES, WEIGHTS, strict=True))
    return total * width / 2


def unit_integral(f):
    """Integrate f(x, 1-x) over 0 < x < 1, with logarithms of 1-x down to 1e-27."""

    def of_logit(t):
        x, y = 1 / (1 + mp.exp(-t)), 1 / (1 + mp.exp(t))
        return f(x, y) * x * y

    return integral(of_logit, -36, 62, 49)


def pseudoscalar(r):
    return unit_integral(lambda x, y: x**3 / (x**2 + y * r)) / (-8 * mp.pi**2)


def scalar(r):
    return unit_integral(lambda x, y: x**2 * (2 - x) / (x**2 + y * r)) / (8 * mp.pi**2)


def vector(r):
    return ALPHA / mp.pi * unit_integral(lambda x, y: x**2 * y / (x**2 + y * r))


def axial_vector(r):
    def integrand(x, y):
        return (x * y * (4 - x) + 2 * x**3 / r) / (x**2 + y * r)

    return -ALPHA / mp.pi * unit_integral(integrand)


def mean_log(a, b):
    """Mean of ln over [a, b]."""
    return mp.log(a) if a == b else (a * mp.log(a) - b * mp.log(b)) / (a - b) - 1


def dark_axion_triangle(m, m_a, m_v, cutoff):
    """G in the form of the physics notes, section 9, which singles out the vector boson."""

    def integrand(x, y):
        a, b = y * m_a**2 + x**2 * m**2, y * m_v**2 + x**2 * m**2
        d = (a - b) / b
        ratio = mp.log(1 + d) / d if d else mpf(1)
        return y * (mp.log(cutoff**2 / a) - 0.5) - (y * m_v**2 + 2 * x**2 * m**2) * y / b * ratio

    return unit_integral(integrand)


def scalar_triangle(m, m_x, m_v, cutoff):
    """Do the double integral of [PV] eq. 14, the inner one over y done in closed form."""

    def integrand(x, y):
        ends = [y * mass**2 + x**2 * m**2 for mass in (m_x, m_v)]
        return y * (mp.log(cutoff**2) - mean_log(*ends))

    return unit_integral(integrand)


def inert_doublet_f2(x):
    """F2 in closed form, which loses four powers of 1-x."""
    if x == 1:
        return mpf(1) / 12
    with mp.workdps(100):
        return (1 - 6 * x + 3 * x**2 + 2 * x**3 - 6 * x**2 * mp.log(x)) / (6 * (1 - x) ** 4)


def subtracted_kernel(r):
    """(pi/alpha) K - 1/(3 r) of a photon of mass^2 r m^2, in closed form: it loses four powers of r."""
    q = mp.sqrt(mp.mpc(r * (r - 4)))
    low, high = (r - q) / 2, (r + q) / 2
    first = (mp.log(low / (low - 1)) - mp.log(high / (high - 1))) / (high - low)
    second = (-mp.log(r) + r * first) / 2
    return (mpf(1) / 2 - r + r * (2 - r) * second - r * (1 - r) * first).real - 1 / (3 * r)


def dark_axion_two_loop(m, m_v, m_a):
    """Integrate ds rho(s) [K(s) - alpha m^2/(3 pi s)] at G = 1, over t with s = s0 (1 + e^t)."""
    threshold, gap = (m_a + m_v) ** 2, (m_a - m_v) ** 2

    def integrand(t):
        s = threshold * (1 + mp.exp(t))
        root = mp.sqrt((s - threshold) * (s - gap)) ** 3
        density = root / (96 * mp.pi**2 * s**3)
        return density * ALPHA / mp.pi * subtracted_kernel(s / m**2) * threshold * mp.exp(t)

    light = max(0.0, float(mp.log(m**2 / threshold)))
    with mp.workdps(260):
        return integral(integrand, -14.0, 34.0 + light, int(24 + light / 2))
