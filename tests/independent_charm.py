"""CHARM's expected events by deterministic quadrature, written apart from darkmc and sharing nothing with it.

P -> gamma a gamma', gamma' -> a gamma with a massless axion, P = pi0 or eta, from 400 GeV protons on copper.
No four-vectors and no random numbers: the dark photon's lab density is

    dN/dE dOmega = int dp M/(4 pi p) int d eta f(m cosh eta) int d psi D(p, theta),

f the rate per energy m cosh(eta) in the meson's frame, D the BMPT density of mesons per dp dOmega, eta the
rapidity that goes with the angle between meson and dark photon.  The photon's spin correlation enters as
the second Legendre moment about the meson, then about the flight direction.  Agrees with an explicit
four-vector Monte Carlo of 6e7 decays per point to 0.1% (330 numbers, rms pull 1.01).

Energies in GeV, lengths in m, couplings in GeV^-1.
"""

from functools import lru_cache

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.integrate import quad
from scipy.interpolate import CubicSpline

ALPHA, HBAR_C = 1 / 137.035999, 1.973269804e-16
M_E, M_MU, M_P, M_PIC = 0.51099895e-3, 0.1056583755, 0.93827209, 0.13957039
MASS = {"pi0": 0.1349768, "eta": 0.547862}
TWO_PHOTONS = {"pi0": 0.98823, "eta": 0.3936}
RATIO = {"pi0": 1.0, "eta": 0.078}
POT, NEAR, FAR, HALF = 7.1e18, 480.7, 491.9, 1.2  # protons; z of both faces and half width, m
E_MIN, E_MAX = 7.5, 50.0
COPPER, BERYLLIUM, SIGMA_MB = 63.546, 9.0, 775.0

S = 2 * M_P**2 + 800.0 * M_P
P_BEAM = np.sqrt(400.0**2 - M_P**2)
GAMMA, GAMMA_BETA = (400.0 + M_P) / np.sqrt(S), P_BEAM / np.sqrt(S)
E_STAR = (S - 1.88**2 + M_PIC**2) / (2 * np.sqrt(S))
P_TOP = GAMMA * np.sqrt(E_STAR**2 - M_PIC**2) + GAMMA_BETA * E_STAR
_GRID = "7.5 9 12 15 20 30 40 50 62 80 100 130 160 200 240 280 310 340 360 375 388"
ENERGY_PANELS = [float(edge) for edge in _GRID.split()]


def meson_density(p, theta):
    """Return pi0 per proton, GeV and sr: BMPT on beryllium, scaled to copper."""
    e, along, across = np.hypot(p, M_PIC), p * np.cos(theta), p * np.sin(theta)
    x = (GAMMA * e - GAMMA_BETA * along) / E_STAR
    open_ = x < 1.0
    x = np.where(open_, x, 0.5)
    x_feynman = np.where(open_, 2 * (GAMMA * along - GAMMA_BETA * e) / np.sqrt(S), 0.0)
    across = np.where(open_, across, 0.0)
    a, b = 6.10 / x**0.153, 6.10**2 / (2 * x**0.478)
    shape = (1 - x) ** 3.45 * (1 + 1.57 * x) * x**-0.517
    plus = 62.3 * shape * (1 + a * across + b * across**2) * np.exp(-a * across)
    both = 0.5 * plus * (1 + 1 / (1.05 * (1 + x) ** 2.65))
    alpha = (0.74 - 0.55 * x_feynman + 0.26 * x_feynman**2) * (0.98 + 0.21 * across**2)
    return np.where(open_, both * (COPPER / BERYLLIUM) ** alpha * p**2 / e / SIGMA_MB, 0.0)


def lepton_width(m, m_lepton):
    """Return the width of gamma' -> a l l at G = 1: the photon's virtual continuation, by quadrature."""
    if m <= 2 * m_lepton:
        return 0.0

    def integrand(y):  # q2 = 4 m_l^2 cosh^2 y
        q2 = (2 * m_lepton * np.cosh(y)) ** 2
        momentum = (m**2 - q2) / (2 * m)
        bubble = ALPHA / (3 * np.pi) * np.tanh(y) * (1 + 2 * m_lepton**2 / q2)
        return momentum**3 / (12 * np.pi) * bubble * 2 * np.tanh(y)

    return quad(integrand, 0, np.arccosh(m / (2 * m_lepton)), epsabs=0, epsrel=1e-10, limit=400)[0]


def width_and_branching(m):
    """Return the dark photon's width at G = 1 and its branching ratio to a gamma."""
    photon = m**3 / (96 * np.pi)
    total = photon + lepton_width(m, M_E) + lepton_width(m, M_MU)
    return total, photon / total


def decay_spectrum(q2, meson, m):
    """Return dBR(P -> gamma a gamma')/dq2 at G = 1."""
    dark = (q2 - m**2) ** 3 / (96 * np.pi**2 * q2**3)
    return 2 * TWO_PHOTONS[meson] * (1 - q2 / MASS[meson] ** 2) ** 3 * dark


@lru_cache(maxsize=32)
def rest_frame_tables(meson, m, points=1501, order=80):
    """Return splines over eta of f (rate per energy) and of f B, photons being (1 + B P2)/(4 pi) about P.

    At fixed q2 the energy is linear in the cosine c of the angle between gamma and gamma' in the (a gamma')
    frame, which is distributed as 1 + c^2; B = 1/2 - 3/2 sin^2(omega)/(1 + c^2), omega the angle between
    meson and (a gamma') frame in the frame of the dark photon, whose spin matrix is diag(1, c^2, 0).
    """
    big = MASS[meson]
    eta = np.linspace(0.0, np.log(big / m), points)
    nodes, weights = leggauss(order)
    q2 = np.exp(np.log(big * m) + eta[:, None] * nodes)
    energy, momentum = m * np.cosh(eta)[:, None], m * np.sinh(eta)[:, None]
    mean = (big**2 + q2) * (q2 + m**2) / (4 * big * q2)
    swing = (big**2 - q2) * (q2 - m**2) / (4 * big * q2)
    with np.errstate(divide="ignore", invalid="ignore"):
        c = np.clip((energy - mean) / swing, -1, 1)
        rate = decay_spectrum(q2, meson, m) / swing * 0.375 * (1 + c**2) * q2 * eta[:, None] * weights
        product = big * momentum / m * (q2 - m**2) / (2 * m)
        cosine = (big * energy / m * (q2 + m**2) / (2 * m) - (big**2 + q2) / 2) / product
    rate[0], c[0], cosine[0] = 0.0, 0.0, 0.0
    spin = 0.5 - 1.5 * (1 - np.clip(cosine, -1, 1) ** 2) / (1 + c**2)
    return CubicSpline(eta, rate.sum(axis=1)), CubicSpline(eta, (rate * spin).sum(axis=1)), eta[-1]


def momentum_nodes(big, y, reach, nodes, weights):
    """Return meson rapidities and their weights: panels that meet where the meson is as fast as gamma'."""
    low, high = max(y - reach, np.arcsinh(1.0 / big)), min(y + reach, np.arcsinh(P_TOP / big))
    inner = [v for v in (y - reach / 2, y, y + 0.15 * reach, y + 0.4 * reach) if low < v < high]
    panels = np.array([low, *inner, high]) if high > low else np.array([low, low])
    half, middle = np.diff(panels)[:, None] / 2, (panels[1:] + panels[:-1])[:, None] / 2
    rapidity = (middle + half * nodes).ravel()
    kept = np.abs(rapidity - y) < reach
    return rapidity[kept], (half * weights).ravel()[kept]


def dark_photons_per_solid_angle(meson, m, energy, angles, n_p=24, n_eta=24, n_psi=8):
    """Return dN/dE dOmega per proton at an energy and several angles, and its spin moment."""
    big = MASS[meson]
    rate, spin_rate, reach = rest_frame_tables(meson, m)
    speed = np.sqrt(energy**2 - m**2)
    y = np.arcsinh(speed / m)
    rapidity, step = momentum_nodes(big, y, reach, *leggauss(n_p))
    p, e = big * np.sinh(rapidity)[:, None], big * np.cosh(rapidity)[:, None]
    nodes, weights = leggauss(n_eta)
    low = np.abs(rapidity - y)[:, None]
    t = 0.5 * (nodes + 1)
    eta = low + (reach - low) * t**2  # crowds the nodes at the forward end
    measure = step[:, None] * e * big / (4 * np.pi * p) * (reach - low) * t * weights
    opening = 2 * np.arcsin(np.sqrt(np.clip(big * m * (np.cosh(eta) - np.cosh(low)) / (2 * p * speed), 0, 1)))
    swing = np.sinh(eta) * np.sinh(y)
    chi = np.clip((np.cosh(eta) * np.cosh(y) - np.cosh(rapidity)[:, None]) / swing, -1, 1)
    moments = np.stack([rate(eta), spin_rate(eta) * (1.5 * chi**2 - 0.5)]) * measure
    psi = (np.arange(n_psi) + 0.5) * np.pi / n_psi
    out = np.empty((2, len(angles)))
    for j, angle in enumerate(angles):
        plane = np.sin((opening - angle) / 2)[..., None] ** 2
        tilt = plane + (np.sin(opening) * np.sin(angle))[..., None] * np.sin(psi / 2) ** 2
        theta = 2 * np.arcsin(np.sqrt(np.minimum(tilt, 1.0)))
        density = meson_density(p[..., None], theta).sum(axis=2) * 2 * np.pi / n_psi
        out[:, j] = (moments * density).sum(axis=(1, 2))
    return out


def photon_moments(energy, m):
    """Return the accepted part of 1 and of P2(n.L), L the flight: the photon's energy is linear in n.L."""
    speed = np.sqrt(1 - (m / energy) ** 2)
    low, high = (np.clip((2 * e / energy - 1) / speed, -1, 1) for e in (E_MIN, E_MAX))
    return (high - low) / 2, ((high**3 - high) - (low**3 - low)) / 4


def face(order=24):
    """Return angle, solid angle, path to the box and path in it at nodes over the square face (1/8 of it)."""
    nodes, weights = leggauss(order)
    columns = []
    for start, stop in ((0.0, HALF / FAR), (HALF / FAR, HALF / NEAR)):
        for node, weight in zip(nodes, weights, strict=True):
            x = 0.5 * ((stop - start) * node + start + stop)
            slope = np.hypot(x, 0.5 * (nodes + 1) * x)
            cosine = 1 / np.hypot(1.0, slope)
            solid = 8 * 0.5 * (stop - start) * weight * 0.5 * weights * x * cosine**3
            columns.append(
                [np.arctan(slope), solid, NEAR / cosine, (min(FAR, HALF / x) - NEAR) / cosine],
            )
    return np.concatenate(columns, axis=1)


def _lagrange(known, wanted):
    """Return the matrix that interpolates from `known` to `wanted` points."""
    out = np.ones((len(known), len(wanted)))
    for i, j in np.argwhere(~np.eye(len(known), dtype=bool)):
        out[i] *= (wanted - known[j]) / (known[i] - known[j])
    return out


@lru_cache(maxsize=32)
def _prepared(meson, m, per_panel=5, n_theta=5):
    """Return decay lengths before and in the box, and weights at G = 1, isotropic and correlated."""
    big, (nodes, weights) = MASS[meson], leggauss(per_panel)
    top = 0.5 * (np.hypot(P_TOP, big) * (1 + (m / big) ** 2) + P_TOP * (1 - (m / big) ** 2))
    panels = np.log([*ENERGY_PANELS, top])
    half, middle = np.diff(panels)[:, None] / 2, (panels[1:] + panels[:-1])[:, None] / 2
    energies = np.exp(middle + half * nodes).ravel()
    steps = (half * weights).ravel() * energies
    squares = (1 - np.cos((np.arange(n_theta) + 0.5) * np.pi / n_theta)) / 2 * 2 * (HALF / NEAR) ** 2
    flux = np.array([dark_photons_per_solid_angle(meson, m, e, np.sqrt(squares)) for e in energies])
    angle, solid, near, inside = face()
    total, branching = width_and_branching(m)
    scale = POT * RATIO[meson] * branching * steps[:, None] * solid
    spread = flux @ _lagrange(squares, angle**2)
    plain, second = photon_moments(energies, m)
    isotropic = plain[:, None] * spread[:, 0] * scale
    correlated = isotropic + second[:, None] * spread[:, 1] * scale
    decay_length = np.sqrt(energies**2 - m**2) / m * HBAR_C / total
    return near / decay_length[:, None], inside / decay_length[:, None], isotropic, correlated


def events(meson, m, coupling, spin_correlations=True):
    """Return the number of photons that CHARM sees from one meson species, to about 1e-4.

    Parameters
    ----------
    meson : {"pi0", "eta"}
        Species.
    m : float
        Dark photon mass, GeV; from 5 to 30 MeV the resolution has been checked.
    coupling : float
        G, GeV^-1.
    spin_correlations : bool
        False: the dark photon decays isotropically.
    """
    before, inside, isotropic, correlated = _prepared(meson, m)
    weight = correlated if spin_correlations else isotropic
    g2 = coupling**2
    return float(g2 * np.sum(weight * np.exp(-before * g2) * -np.expm1(-inside * g2)))


def total_events(m, coupling, spin_correlations=True):
    """Return the number of photons from pi0 and eta together."""
    return sum(events(meson, m, coupling, spin_correlations) for meson in MASS)
