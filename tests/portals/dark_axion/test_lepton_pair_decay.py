"""gamma' -> a l+ l-: the sampler against the squared amplitude, polarised and not."""

import numpy as np
import pytest

from darkmc.core.kinematics import boost, invariant_mass_squared, kallen, two_body_momentum
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_pair import DarkPair
from darkmc.portals.dark_axion.lepton_pair_decay import PairDecay
from darkmc.portals.dark_axion.vector_decay import VectorDecay
from darkmc.portals.portal import Parents

M_DARK, M_AXION = 0.1, 0.02
LEPTONS = (0.51099895e-3, 0.03)
CURRENT = DarkCurrent(M_AXION, M_DARK)


def at_rest(polarisation, count):
    """Return a gamma' at rest with a fixed linear polarisation."""
    one, zero = np.ones(count), np.zeros(count)
    axis = np.repeat(np.array(polarisation, dtype=float)[:, None], count, axis=1)
    return DarkPair(CURRENT, one, zero, one, zero, None, None, axis)


def decayed(decay, pair, uniform):
    """Return l-, l+ and axion (4, n) where the gamma' moves, and weights of mean 1."""
    spin = np.concatenate([np.zeros((1, len(pair.weight))), pair.polarisation])
    drawn = decay.sample(uniform, Parents(np.full(len(pair.weight), M_DARK), spin))
    moved = [boost(drawn.momentum(name), pair.dark_photon_in_pair, M_DARK) for name in decay.products]
    return [pair.to_parent(four) for four in moved], drawn.weight / decay.total()


def cross(a, b):
    return np.cross(a, b, axis=0)


@pytest.mark.parametrize("m_lepton", LEPTONS)
def test_on_shell_and_conserved(m_lepton):
    rng = np.random.default_rng(1)
    pair = VectorDecay(0.78, 1e-4, CURRENT, spin_correlations=True).sample(rng.random((3, 20000)))
    (lepton, antilepton, axion), weight = decayed(PairDecay(CURRENT, m_lepton), pair, rng.random((6, 20000)))
    scale = pair.dark_photon[0].max() ** 2
    for four, mass in ((lepton, m_lepton), (antilepton, m_lepton), (axion, M_AXION)):
        assert np.max(np.abs(invariant_mass_squared(four) - mass**2)) < 1e-12 * scale
    assert np.max(np.abs(lepton + antilepton + axion - pair.dark_photon)) < 1e-12
    assert np.mean(weight) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("m_lepton", LEPTONS)
def test_unpolarised_dalitz_moments(m_lepton):
    """Against |M|^2 of the full spin-averaged amplitude by quadrature; six pulls below 4: chance 4e-4."""
    rng = np.random.default_rng(2)
    count = 200_000
    pair = VectorDecay(0.78, 1e-4, CURRENT, spin_correlations=False).sample(rng.random((3, count)))
    (lepton, antilepton, axion), weight = decayed(PairDecay(CURRENT, m_lepton), pair, rng.random((6, count)))
    m12, m23 = invariant_mass_squared(lepton + antilepton), invariant_mass_squared(antilepton + axion)

    y, wy = np.polynomial.legendre.leggauss(400)
    end = np.arccosh((M_DARK - M_AXION) / (2 * m_lepton))
    y, wy = (y + 1) * end / 2, wy * end / 2
    q2 = 4 * m_lepton**2 * np.cosh(y) ** 2
    cosine, wc = np.polynomial.legendre.leggauss(40)
    e3 = (M_DARK**2 - M_AXION**2 - q2) / (2 * np.sqrt(q2))
    p3, e2 = np.sqrt(e3**2 - M_AXION**2), np.sqrt(q2) / 2
    p2 = e2 * np.tanh(y)
    grid23 = M_AXION**2 + m_lepton**2 + 2 * ((e3 * e2)[:, None] + (p3 * p2)[:, None] * cosine)
    grid12 = q2[:, None] + 0 * grid23
    lam = kallen(M_DARK**2, M_AXION**2, grid12)
    kp1 = (M_DARK**2 + m_lepton**2 - grid23) / 2
    grid13 = M_DARK**2 + M_AXION**2 + 2 * m_lepton**2 - grid12 - grid23
    kp2 = (M_DARK**2 + m_lepton**2 - grid13) / 2
    square = (grid12 + 2 * m_lepton**2) * lam - 8 * grid12 * kp1 * kp2 + 2 * grid12**2 * M_DARK**2
    jacobian = (4 * m_lepton**2 * np.sinh(2 * y) * wy * 2 * p3 * p2)[:, None] * wc
    density = square / grid12**2 * jacobian
    for grid, values in ((grid12, m12), (grid23, m23), (grid23**2, m23**2)):
        exact = np.sum(density * grid) / np.sum(density)
        error = np.std(values * weight) / np.sqrt(count)
        assert abs(np.average(values, weights=weight) - exact) < 4 * error


@pytest.mark.parametrize("m_lepton", LEPTONS)
@pytest.mark.parametrize("polarisation", [(1, 0, 0), (0, 1, 0), (0.6, 0.0, 0.8)])
def test_polarised_moments(m_lepton, polarisation):
    """Against flat phase space weighted by the polarised density; 24 pulls below 4.5: chance 2e-4."""
    rng = np.random.default_rng(3)
    count = 200_000
    e = np.array(polarisation)[:, None]
    decay = PairDecay(CURRENT, m_lepton)
    (lepton, _, axion), weight = decayed(decay, at_rest(polarisation, count), rng.random((6, count)))

    y = np.arccosh((M_DARK - M_AXION) / (2 * m_lepton)) * rng.random(count)
    q2 = 4 * m_lepton**2 * np.cosh(y) ** 2
    momentum = two_body_momentum(M_DARK, M_AXION, np.sqrt(q2))
    n, u = rng.normal(size=(2, 3, count))
    n, u = n / np.linalg.norm(n, axis=0), u / np.linalg.norm(u, axis=0)
    speed = np.tanh(y)
    # boost the lepton from the pair's frame along n
    energy_q = np.hypot(momentum, np.sqrt(q2))
    half = np.sqrt(q2) / 2
    along = np.sum(u * n, axis=0) * half * speed
    moved = (energy_q * along + momentum * half) / np.sqrt(q2)
    p1 = half * speed * u + (moved - along) * n
    q = momentum * n
    t = cross(q, p1)
    density = (q2 / 2 * (momentum**2 - np.sum(q * e, axis=0) ** 2) - 2 * np.sum(t * e, axis=0) ** 2) / q2**2
    flat = density * momentum * speed * 4 * m_lepton**2 * np.sinh(2 * y)
    assert np.min(density) > -1e-12 * np.max(density)

    def moments(direction, lepton_momentum):
        unit = lepton_momentum / np.linalg.norm(lepton_momentum, axis=0)
        normal = cross(direction, lepton_momentum)
        normal = normal / np.linalg.norm(normal, axis=0)
        return [
            np.sum(direction * e, axis=0) ** 2,
            np.sum(unit * e, axis=0) ** 2,
            np.sum(normal * e, axis=0) ** 2,
            np.sum(unit * direction, axis=0),
        ]

    drawn = moments(-axion[1:] / np.linalg.norm(axion[1:], axis=0), lepton[1:])
    for ours, reference in zip(drawn, moments(n, p1), strict=True):
        exact = np.average(reference, weights=flat)
        error = np.std(ours * weight) / np.sqrt(count)
        spread = np.sqrt(np.sum((flat * (reference - exact)) ** 2)) / np.sum(flat)
        assert abs(np.average(ours, weights=weight) - exact) < 4.5 * np.hypot(error, spread)
