"""Events of e N -> e N a gamma': kinematics, weights, marginals in variables of their own, the free axis.

Statistical tests: fixed seeds; every pull (4.5 sigma) or chi2 fails by chance at most once in 1e5.
"""

from itertools import pairwise

import numpy as np
import pytest
import vegas
from helpers import assert_on_shell, bin_chi2, dot, isotropic, pull, to_rest_frame, unit
from independent_bremsstrahlung import integrand
from scipy.stats import chi2

import darkmc
from darkmc.core.constants import GEV2_TO_PB
from darkmc.core.errors import PhysicsError
from darkmc.core.materials import nucleus as nucleus_of
from darkmc.core.particles import mass
from darkmc.portals.dark_axion.bremsstrahlung import compton_range, difference_range, double_differential
from darkmc.portals.dark_axion.bremsstrahlung_sampler import vector_momentum
from darkmc.portals.portal import Parents

M_E = mass("e")
N = 100_000


def process_of(m_dark_photon=0.03, m_axion=0.0, nucleus="Al", **options):
    (found,) = darkmc.DarkAxionPortal(m_dark_photon, m_axion).productions(f"e- {nucleus}", **options)
    return found


def drawn(process, energy, n=N, seed=1):
    uniform = np.random.default_rng(seed).random((process.n_uniform, n))
    return process.sample(uniform, Parents(np.broadcast_to(np.asarray(energy, dtype=float), (n,))))


@pytest.mark.parametrize("nucleus", ["Al", "W"])
@pytest.mark.parametrize(("m_dark_photon", "m_axion"), [(0.001, 0.0), (0.05, 0.0), (0.1, 0.06), (0.01, 0.3)])
def test_the_mean_weight_is_the_cross_section(m_dark_photon, m_axion, nucleus):
    process = process_of(m_dark_photon, m_axion, nucleus)
    for energy in (4.0, 20.0):
        weight = drawn(process, energy).weight
        assert np.all(weight >= 0.0)
        assert abs(pull(weight, process.total(energy))) < 4.5
        assert np.std(weight) < 2.5 * np.mean(weight)


@pytest.mark.slow
def test_energies_that_differ_from_row_to_row():
    process, energy = process_of(0.03), np.geomspace(0.02, 20.0, N)
    draw = drawn(process, energy)
    nodes, weights = np.polynomial.legendre.leggauss(6)
    for part in np.array_split(np.arange(N), 4)[2:]:
        low, high = np.log(energy[part[[0, -1]]])
        expected = 0.5 * weights @ process.total(np.exp(0.5 * (high + low + (high - low) * nodes)))
        assert draw.weight[part].mean() == pytest.approx(expected, rel=0.03)
    assert not np.any(draw.weight[energy < process.threshold])


@pytest.mark.parametrize("energy", [0.6, 20.0])
def test_electron_and_vector_have_the_energy_of_the_electron_and_no_transverse_momentum(energy):
    """All products on their shells, x = 1 - U/D, and p_T^2 of the physics notes."""
    rng, n, m_vector = np.random.default_rng(2), 2000, 0.05
    low, high = difference_range(energy, m_vector)
    difference = low * (0.98 * high / low) ** rng.random(n)
    least, width = compton_range(difference, m_vector)
    u = least * np.exp(width * rng.uniform(0.01, 0.99, n))
    vector = vector_momentum(np.full(n, energy), np.full(n, m_vector**2), difference, u)
    s = M_E**2 + difference
    electron = np.array([energy + 0 * s, 0 * s, 0 * s, np.sqrt(energy**2 - s)]) - vector
    assert_on_shell(vector, m_vector, 1e-9)
    assert_on_shell(electron, M_E, 1e-9)
    x = 1.0 - u / difference
    across2 = x * (1 - x) * (s - m_vector**2 / x - M_E**2 / (1 - x))
    np.testing.assert_allclose(vector[1] ** 2, across2, rtol=1e-5, atol=1e-9 * m_vector**2)
    share = (vector[0] + vector[3]) / (vector[0] + vector[3] + electron[0] + electron[3])
    np.testing.assert_allclose(share, x, rtol=1e-6, atol=1e-12)


def test_products_are_on_their_shells_and_add_up_to_the_vector():
    process = process_of(0.03, 0.01)
    draw = drawn(process, np.geomspace(0.1, 20.0, 3000), 3000)
    axion, dark_photon = draw.momentum("axion"), draw.momentum("dark_photon")
    assert_on_shell(axion, 0.01, 1e-9)
    assert_on_shell(dark_photon, 0.03, 1e-9)
    np.testing.assert_allclose(axion + dark_photon, draw.virtual, atol=1e-11)
    assert np.all(axion[0] + dark_photon[0] < draw.beam_energy)
    with pytest.raises(KeyError):
        draw.momentum("weight")


def own_grid(process, energy, shape=(30, 80, 80)):
    """Mass^2, x, p_T^2 and cross section per cell on a grid of Gauss-Legendre points."""
    threshold = process.current.threshold
    (a, wa), (b, wb), (c, wc) = (
        (0.5 * (x + 1), 0.5 * w) for x, w in (np.polynomial.legendre.leggauss(n) for n in shape)
    )
    span = 2.0 * np.log((energy - M_E) / threshold)
    s_prime = (threshold**2 * np.exp(span * a**2))[:, None, None]
    jacobian = (2.0 * span * a * wa)[:, None, None] * s_prime
    logit_low, logit_high = 2.0 * np.log(threshold / energy), 2.0 * np.log(energy / M_E) + 3.0
    logit = logit_low + (logit_high - logit_low) * b[:, None]
    x, rest = 1.0 / (1.0 + np.exp(-logit)), 1.0 / (1.0 + np.exp(logit))
    jacobian = jacobian * (logit_high - logit_low) * wb[:, None] * x * rest
    across2 = 1e-5 * M_E**2 * (energy**2 / (1e-5 * M_E**2)) ** c
    jacobian = jacobian * np.log(energy**2 / (1e-5 * M_E**2)) * wc * across2
    s = s_prime / x + M_E**2 / rest + across2 / (x * rest)
    difference = s - M_E**2
    possible = (difference < difference_range(energy, 0.0)[1]) & (jacobian > 0.0)
    safe = np.where(possible, difference, difference_range(energy, np.sqrt(s_prime))[0])
    density = process.density((s_prime, safe, safe * rest, energy)) * difference / (x * rest)
    cell = np.where(possible, density * jacobian, 0.0)
    return np.broadcast_arrays(s_prime, x, across2, cell)


@pytest.mark.slow
@pytest.mark.parametrize(("m_dark_photon", "energy"), [(0.01, 20.0), (0.1, 5.0)])
def test_marginals_are_those_of_the_density(m_dark_photon, energy):
    """Mass, share of energy and transverse momentum of V, against quadratures in those three."""
    process = process_of(m_dark_photon)
    draw = drawn(process, energy, N)
    *_, cell = own_grid(process, energy)
    assert np.sum(cell) == pytest.approx(process.total(energy), rel=2e-3)
    rest = energy - draw.virtual[0]
    along = np.sqrt(np.maximum(rest**2 - draw.virtual[1] ** 2, 0.0))  # forwards, and the same within rounding
    plus = draw.virtual[0] + draw.virtual[3]
    values = (draw.pair_mass**2, plus / (plus + rest + along), draw.virtual[1] ** 2)
    for k, value in enumerate(values):
        shape = [40, 40, 40]
        shape[k] = 300
        *grid, cell = own_grid(process, energy, shape)
        others = tuple({0, 1, 2} - {k})
        position, share = grid[k].max(axis=others), cell.sum(axis=others)
        cumulative = (np.cumsum(share) - 0.5 * share) / np.sum(share)
        places = np.argsort(value)
        found = np.cumsum(draw.weight[places]) / np.sum(draw.weight)
        distance = np.abs(found - np.interp(value[places], position, cumulative))
        effective = np.sum(draw.weight) ** 2 / np.sum(draw.weight**2)
        # Kolmogorov and Smirnov: 2.5/sqrt(n) has a chance of 7e-6; the rest is the grid's
        assert np.max(distance) < 2.5 / np.sqrt(effective) + 1e-3


def test_bins_of_the_mass_are_those_of_the_density():
    process, energy = process_of(0.01), 20.0
    draw = drawn(process, energy, N)
    edges = np.array([0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.3, 1.0]) ** 2
    s_prime, *_, cell = own_grid(process, energy, (400, 40, 40))
    expected = [np.sum(cell[(s_prime >= a) & (s_prime < b)]) for a, b in pairwise(edges)]
    statistic = bin_chi2(draw.pair_mass**2, draw.weight, edges, expected)
    assert chi2.sf(statistic, len(expected)) > 1e-5


def test_the_vector_decays_isotropically_and_the_gamma_prime_has_helicity_one():
    for spin in (True, False):
        draw = drawn(process_of(0.03, 0.01, spin_correlations=spin), 5.0)
        prime = draw.momentum("dark_photon")
        flight = to_rest_frame(prime, draw.virtual)[1:]
        for component in unit(flight):
            assert abs(pull(component, 0.0)) < 4.5
            assert abs(pull(component**2, 1 / 3)) < 4.5
        polarisation = draw.spin("dark_photon")
        assert draw.spin("axion") is None
        assert np.max(np.abs(dot(polarisation, prime)) / (np.abs(polarisation[0]) + 1) / prime[0]) < 1e-6
        in_pair = to_rest_frame(polarisation, draw.virtual)
        along = np.sum(in_pair[1:] * unit(flight), axis=0)
        if spin:
            assert np.max(np.abs(along)) < 1e-3
        else:
            energy = to_rest_frame(prime, draw.virtual)[0]
            assert abs(pull((along * 0.03 / energy) ** 2, 1 / 3)) < 4.5


@pytest.mark.slow
@pytest.mark.parametrize(("m_dark_photon", "energy"), [(0.01, 20.0), (0.1, 4.0)])
def test_the_factor_of_a_freely_drawn_axis_is_the_density_of_its_angle(m_dark_photon, energy):
    """1/factor undoes the angles of a draw: what is left is flat in the cosine, within any cone."""
    process = process_of(m_dark_photon)
    draw = drawn(process, energy, 20_000)
    own = np.repeat([[0.0], [0.0], [1.0]], 20_000, axis=1)
    factor = process.about_axis(draw, own)
    seen = factor > 0.0  # rounding loses an electron at rest, where its two directions meet
    assert np.sum(draw.weight[~seen]) < 1e-4 * np.sum(draw.weight)
    angle = np.arctan2(draw.virtual[1], draw.virtual[3])
    for cone in (1e-3, 5e-3, 2e-2):
        flat = np.where(angle < cone, draw.weight / np.where(seen, factor, 1.0), 0.0)
        possible = draw.weight * 0.5 * (1.0 - np.cos(cone))
        kept = reachable(process, draw, cone)
        assert abs(pull(np.where(kept, flat - possible, 0.0), 0.0)) < 4.5, cone
        assert np.mean(kept) > 0.4


def reachable(process, draw, cone):
    """Whether V may lie at the edge of a cone about the electron: its factor is not zero there."""
    direction = unit(draw.virtual[1:])
    across = unit(np.cross(direction, [0.0, 1.0, 0.0], axis=0))
    return process.about_axis(draw, np.cos(cone) * direction + np.sin(cone) * across) > 0.0


def test_the_factor_integrates_to_one():
    process = process_of(0.05)
    draw = drawn(process, 10.0, 40)
    nodes, weights = np.polynomial.legendre.leggauss(400)
    total = np.zeros(40)
    direction = unit(draw.virtual[1:])
    across = unit(np.cross(direction, [0.0, 1.0, 0.0], axis=0))
    span = np.log(3.0 / 1e-7)
    for node, weight in zip(0.5 * (nodes + 1), 0.5 * weights, strict=True):
        angle = 1e-7 * np.exp(span * node)
        factor = process.about_axis(draw, np.cos(angle) * direction + np.sin(angle) * across)
        total += 0.5 * factor * np.sin(angle) * angle * span * weight
    slow_electron = draw.virtual[0] > 9.5  # there it may fly backwards, too: an edge with a root
    np.testing.assert_allclose(total[~slow_electron & (draw.weight > 0.0)], 1.0, rtol=1e-3)
    assert np.count_nonzero(~slow_electron) > 10
    assert np.all(process.about_axis(draw, isotropic(np.random.default_rng(1), 40)) >= 0.0)


def test_what_it_cannot_do():
    process = process_of()
    with pytest.raises(PhysicsError, match="energies"):
        process.sample(np.full((6, 2), 0.5))
    with pytest.raises(PhysicsError, match="energy"):
        process.total()
    assert process.n_uniform == 6
    assert process.frame == "lab"


def integrated(function, dimensions, share_edges, cone):
    """Cross section of V, and within bins of its energy and a cone, by vegas with its error."""
    edges = np.array(share_edges)

    @vegas.lbatchintegrand
    def binned(unit):
        sigma, share, angle = function(unit)
        place = np.searchsorted(edges, share)
        parts = [np.where(place == k, sigma, 0.0) for k in range(len(edges) + 1)]
        return np.stack([sigma, *parts, np.where(angle < cone, sigma, 0.0)], axis=1)

    rng = np.random.default_rng(1)
    integrator = vegas.Integrator([[0.0, 1.0]] * dimensions, ran_array_generator=rng.random)
    integrator(binned, nitn=5, neval=20_000)
    return integrator(binned, nitn=6, neval=40_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("m_vector", "energy", "exact"),
    [(0.01, 20.0, 2.166e10), (0.1, 20.0, 1.672e8), (0.3, 20.0, 9.00e6), (0.03, 5.0, None)],
)
def test_full_tree_level(m_vector, energy, exact):
    """Both diagrams on a static nucleus: total within 5%, shares of energy and the cone of E137 within 8%.

    The nucleus' transverse momentum, which the formula neglects, moves V by up to the angle m_e/E: within
    0.1 mrad at 20 GeV there are a tenth more than there should be.
    """
    low, high = difference_range(energy, m_vector)
    span, atom = np.log(high / low), nucleus_of("Al")

    def formula(unit):
        difference = low * np.exp(span * unit[:, 0] ** 2)
        least, width = compton_range(difference, m_vector)
        u = least * np.exp(width * unit[:, 1])
        sigma = double_differential(energy, m_vector, difference, u, atom) * GEV2_TO_PB
        sigma *= 2.0 * span * unit[:, 0] * difference * width * u
        own = np.full(len(u), energy), np.full(len(u), m_vector**2)
        vector = vector_momentum(*own, difference, u)
        return sigma, vector[0] / energy, vector[1] / vector[3]

    edges = (0.5, 0.9)
    tree = integrated(lambda u: integrand(u, energy, m_vector, 13, 26.9815384), 4, edges, 4e-3)
    ours = integrated(formula, 2, edges, 4e-3)
    if exact is not None:
        assert tree[0].mean == pytest.approx(exact, rel=1e-2)
        assert tree[0].sdev < 2e-3 * tree[0].mean
    assert 0.95 < (ours[0] / tree[0]).mean < 1.0
    for part, whole in zip(ours[1:], tree[1:], strict=True):
        assert (part / whole).mean == pytest.approx(1.0, abs=0.08)
