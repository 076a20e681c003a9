"""e+ e- -> a gamma': reference numbers, closed forms, the joint angles and collinear photons of the sampler.

Statistical tests: fixed seeds; every pull (4.5 sigma), chi2 or KS test fails by chance at most once in 1e5.
"""

from itertools import pairwise

import numpy as np
import pytest
from helpers import (
    CHAIN_MOMENTS,
    METRIC,
    assert_on_shell,
    bin_chi2,
    chain_angles,
    chain_moment,
    dot,
    four_momentum,
    isotropic,
    pull,
    spin_correlation,
    spin_sum,
    to_rest_frame,
    unit,
)
from scipy.integrate import quad
from scipy.stats import chi2, kstest

import darkmc
from darkmc.core.beam_radiation import pair_energy, radiator
from darkmc.core.constants import ALPHA, GEV2_TO_PB
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import boost, two_body_momentum
from darkmc.core.particles import mass
from darkmc.portals import chains
from darkmc.portals.dark_axion import annihilation
from darkmc.portals.dark_axion.annihilation import Annihilation, InitialStateRadiation
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_photon_decay import PhotonDecay
from darkmc.portals.portal import Parents

ROOT_S = 10.355
TOTAL = {0.01: 1.183929e5, 1.0: 1.151116e5, 3.0: 9.101356e4, 5.0: 5.338931e4, 8.0: 7.756438e3}
# acceptances of the physics notes, section 5, m_a = 0: High-Cut, Low-Cut, each isotropic, correlated
WINDOWS = {"high": (3.2, 5.5, -0.31, 0.6), "low": (2.2, 3.7, -0.46, 0.46)}
ACCEPTANCE = {
    0.01: {"high": (0.142072, 0.152439), "low": (0.107002, 0.084060)},
    1.0: {"high": (0.143878, 0.154198), "low": (0.109189, 0.086485)},
    3.0: {"high": (0.159862, 0.169760), "low": (0.128312, 0.108107)},
    5.0: {"high": (0.202611, 0.211462), "low": (0.175795, 0.165581)},
    8.0: {"high": (0.432210, 0.463816), "low": (0.132653, 0.160912)},
}
N = 100_000
MASSES = [(0.0, 0.01), (0.0, 3.0), (1.0, 2.0), (4.9, 5.0), (0.5, 8.0)]
each_mass = pytest.mark.parametrize(("m_axion", "m_dark_photon"), MASSES)


def sampled(m_axion, m_dark_photon, spin=True, radiation=False, n=N, seed=1):
    current = DarkCurrent(m_axion, m_dark_photon)
    sampler = Annihilation(ROOT_S, current, spin, radiation)
    return sampler, sampler.sample(np.random.default_rng(seed).random((sampler.n_uniform, n)))


def decayed(pair, seed=2):
    """Return the photon of gamma' -> a gamma (or of a -> gamma gamma') in the centre of mass."""
    uniform = np.random.default_rng(seed).random((2, len(pair.weight)))
    return chains.decayed(pair, PhotonDecay(pair.current), uniform).momentum("photon")


def beam(n):
    return np.repeat([[1.0], [0.0], [0.0], [1.0]], n, axis=1)


@pytest.mark.parametrize("m", list(TOTAL))
def test_reference_totals(m):
    sigma = darkmc.DarkAxionPortal(m).annihilation_cross_section(ROOT_S)
    assert sigma == pytest.approx(TOTAL[m], rel=1e-6)


@pytest.mark.parametrize(("m_axion", "m_dark_photon"), [(0.0, 0.5), (0.3, 0.5), (2.0, 1.0)])
def test_closed_form(m_axion, m_dark_photon):
    """Alpha G^2 lambda^(3/2)/(24 s^3) to 1e-12."""
    s = ROOT_S**2
    kallen = (s - (m_axion + m_dark_photon) ** 2) * (s - (m_axion - m_dark_photon) ** 2)
    expected = ALPHA * kallen**1.5 / (24 * s**3) * GEV2_TO_PB
    sigma = darkmc.DarkAxionPortal(m_dark_photon, m_axion).annihilation_cross_section(ROOT_S)
    assert sigma == pytest.approx(expected, rel=1e-12)


def test_muons_and_thresholds():
    m_mu, portal = mass("mu"), darkmc.DarkAxionPortal(0.1)
    ratio = portal.annihilation_cross_section(0.5, m_lepton=m_mu) / portal.annihilation_cross_section(0.5)
    x = (m_mu / 0.5) ** 2
    assert ratio == pytest.approx((1 + 2 * x) / np.sqrt(1 - 4 * x), rel=1e-12)
    assert portal.annihilation_cross_section([0.09, 0.2])[0] == 0.0
    with pytest.raises(PhysicsError):
        portal.annihilation_cross_section(0.2, m_lepton=m_mu)


def test_angles_integrate_to_the_total():
    current = DarkCurrent(0.1, 0.5)
    pairs = Annihilation(10.0, current, True)
    integral = quad(lambda c: pairs.density((100.0, c)), -1, 1)[0]
    assert integral == pytest.approx(pairs.total(), rel=1e-12)
    assert integral == pytest.approx(annihilation.cross_section(100.0, current) * GEV2_TO_PB, rel=1e-12)


@each_mass
@pytest.mark.parametrize("radiation", [False, True])
def test_momentum_is_conserved_and_every_particle_is_on_shell(m_axion, m_dark_photon, radiation):
    _, pair = sampled(m_axion, m_dark_photon, radiation=radiation, n=2000)
    photon = np.zeros((4, 2000)) if pair.photon is None else pair.photon
    total = pair.axion + pair.dark_photon + photon
    np.testing.assert_allclose(total[0], ROOT_S, rtol=1e-13)
    np.testing.assert_allclose(total[1:], 0.0, atol=1e-12)
    assert_on_shell(pair.axion, m_axion, 1e-12)
    assert_on_shell(pair.dark_photon, m_dark_photon, 1e-12)
    assert_on_shell(photon, 0.0, 1e-15)
    assert (pair.photon is None) == (pair.pair_boost is None) == (not radiation)


@each_mass
def test_every_weight_is_the_cross_section_in_pb(m_axion, m_dark_photon):
    sampler, pair = sampled(m_axion, m_dark_photon, n=10)
    sigma = darkmc.DarkAxionPortal(m_dark_photon, m_axion).annihilation_cross_section(ROOT_S)
    np.testing.assert_allclose(pair.weight, sigma, rtol=1e-13)
    assert sampler.largest_weight == pytest.approx(sigma, rel=1e-13)


@each_mass
@pytest.mark.parametrize("radiation", [False, True])
def test_the_polar_angle_in_the_pair_frame(m_axion, m_dark_photon, radiation):
    _, pair = sampled(m_axion, m_dark_photon, radiation=radiation)
    cosine = to_rest_frame(pair.dark_photon, pair.axion + pair.dark_photon)[3] / pair.star_momentum
    assert kstest(cosine, lambda c: (4 + 3 * c + c**3) / 8).pvalue > 1e-5


@each_mass
@pytest.mark.parametrize("spin", [True, False])
@pytest.mark.parametrize("radiation", [False, True])
def test_the_joint_moments_are_those_of_w(m_axion, m_dark_photon, spin, radiation):
    _, pair = sampled(m_axion, m_dark_photon, spin, radiation)
    angles = chain_angles(beam(N), pair.axion, pair.dark_photon, decayed(pair))
    for name, expected in CHAIN_MOMENTS.items():
        assert abs(pull(chain_moment(name, *angles), expected[0 if spin else 1])) < 4.5, name


@pytest.mark.parametrize("masses", [(0.0, 1.0), (2.0, 4.0)])
@pytest.mark.parametrize("planes", [(0, 1), (0, 2), (1, 2)], ids=["c u", "c phi", "u phi"])
def test_histograms_of_w(masses, planes):
    """chi2 of 8 x 8 bins in two of cos theta, cos theta*, |phi*| folded to [0, pi/2]."""
    _, pair = sampled(*masses)
    c, u, phi = chain_angles(beam(N), pair.axion, pair.dark_photon, decayed(pair))
    folded = np.arccos(np.abs(np.cos(phi)))
    edges = [np.linspace(-1, 1, 9), np.linspace(-1, 1, 9), np.linspace(0, np.pi / 2, 9)]
    nodes, weights = np.polynomial.legendre.leggauss(6)
    grids, measures = [], []
    for edge in edges:
        half = np.diff(edge)[:, None] / 2
        grids.append((edge[:-1, None] + half * (1 + nodes)).ravel())
        measures.append((half * weights).ravel())
    density = spin_correlation(*np.meshgrid(*grids, indexing="ij")) * 4 / (64 * np.pi / 9)
    density *= np.einsum("i,j,k->ijk", *measures)
    content = density.reshape(8, 6, 8, 6, 8, 6).sum(axis=(1, 3, 5))
    assert content.sum() == pytest.approx(1.0, rel=1e-8)
    first, second = planes
    expected = content.sum(axis=({0, 1, 2} - set(planes)).pop()) * N
    values = (c, u, folded)
    counts = np.histogram2d(values[first], values[second], bins=(edges[first], edges[second]))[0]
    assert counts.sum() == N
    assert chi2.sf(np.sum((counts - expected) ** 2 / expected), 63) > 1e-5


@pytest.mark.parametrize("m", list(ACCEPTANCE))
@pytest.mark.parametrize("spin", [True, False])
def test_acceptances_of_the_reference(m, spin):
    _, pair = sampled(0.0, m, spin)
    photon = decayed(pair)
    cosine = photon[3] / photon[0]
    for name, (e_low, e_high, c_low, c_high) in WINDOWS.items():
        inside = (photon[0] > e_low) & (photon[0] < e_high) & (cosine > c_low) & (cosine < c_high)
        assert abs(pull(inside, ACCEPTANCE[m][name][1 if spin else 0])) < 4.5, name


def test_a_heavy_axion_decays_isotropically():
    _, pair = sampled(3.0, 1.0)
    _, cosine, azimuth = chain_angles(beam(N), pair.dark_photon, pair.axion, decayed(pair))
    assert kstest(cosine, "uniform", (-1, 2)).pvalue > 1e-5
    assert kstest(azimuth, "uniform", (-np.pi, 2 * np.pi)).pvalue > 1e-5


def folded(current, function=np.ones_like, low=0.0, high=1.0):
    """Return the fold of sigma(s(1 - x)) f(x), in pb, with photons to all orders, from x = low to high.

    In u = x^beta: soft ones to all orders with (alpha/pi)(pi^2/3 - 1/2) of the vertex, hard ones to first.
    """
    s, most = ROOT_S**2, min(high, 1 - current.threshold**2 / ROOT_S**2)
    beta = 2 * ALPHA / np.pi * (np.log(s / mass("e") ** 2) - 1)
    soft = 1 + 0.75 * beta + ALPHA / np.pi * (np.pi**2 / 3 - 0.5)

    def integrand(u):
        x = u ** (1 / beta)
        chance = soft - x ** (1 - beta) * (1 - x / 2)
        return chance * annihilation.cross_section(s * (1 - x), current) * function(x)

    ends = low**beta, most**beta
    middle = ends[1] - 0.01 * (ends[1] - ends[0])  # small masses close within a sliver
    parts = (ends[0], middle), (middle, ends[1])
    return sum(quad(integrand, *part, epsrel=1e-11, epsabs=0, limit=400)[0] for part in parts) * GEV2_TO_PB


# Notes on methods, section 11: sigma with over without radiation at 10.355 GeV
FOLDED = {0.01: 1.0065, 3.0: 0.974, 5.0: 0.939, 8.0: 0.863, 9.0: 0.820, 10.0: 0.727}


@pytest.mark.parametrize("m", FOLDED)
def test_the_fold_of_the_reference(m):
    current = DarkCurrent(0.0, m)
    ratio = InitialStateRadiation(ROOT_S, current).total / annihilation.cross_section(ROOT_S**2, current)
    assert ratio / GEV2_TO_PB == pytest.approx(FOLDED[m], abs=6e-4)


@each_mass
def test_the_fold_against_quadrature(m_axion, m_dark_photon):
    current = DarkCurrent(m_axion, m_dark_photon)
    exact = folded(current)
    radiation = InitialStateRadiation(ROOT_S, current)
    assert radiation.total == pytest.approx(exact, rel=1e-5)
    x, weight = radiation.sample(np.random.default_rng(1).random(N))
    assert np.mean(weight) == pytest.approx(exact, rel=1e-3)
    assert abs(pull(weight, exact)) < 4.5
    assert abs(pull(np.where(x > 1e-3, weight, 0.0), folded(current, low=1e-3))) < 4.5
    assert abs(pull(weight * x, folded(current, lambda x: x))) < 4.5
    assert np.std(weight) < 0.01 * exact
    assert np.max(weight) <= radiation.largest_weight * (1 + 1e-3) < 1.1 * exact


def test_to_first_order_the_radiator_is_the_exact_tree_level():
    """For a small beta, b: the tree level's b/beta, and b/x (3 b/4 + vertex + b ln x); b^2 is beyond."""
    current, s = DarkCurrent(0.0, 3.0), ROOT_S**2
    low, high, b = 0.5, 0.7, 1e-3
    tree = darkmc.DarkAxionPortal(3.0).radiative_annihilation_cross_section(
        ROOT_S, low * ROOT_S / 2, high * ROOT_S / 2
    )
    beta = 2 * ALPHA / np.pi * (np.log(s / mass("e") ** 2) - 1)

    def density(x):
        _, rest, chance = radiator(b * np.log(x), b)
        return b * x ** (b - 1) * chance * annihilation.cross_section(s * rest, current)

    def second(x):
        more = 0.75 * b + ALPHA / np.pi * (np.pi**2 / 3 - 0.5) + b * np.log(x)
        return b / x * more * annihilation.cross_section(s * (1 - x), current)

    found, more = (quad(part, low, high, epsrel=1e-9)[0] * GEV2_TO_PB for part in (density, second))
    assert found == pytest.approx(b / beta * tree + more, rel=1e-5)


def test_photon_energies_follow_the_radiator():
    current, s = DarkCurrent(0.0, 3.0), ROOT_S**2
    x, weight = InitialStateRadiation(ROOT_S, current).sample(np.random.default_rng(3).random(N))
    edges = np.concatenate([[0.0], np.geomspace(1e-12, 1 - 9 / s, 20)])
    expected = [folded(current, low=low, high=high) for low, high in pairwise(edges)]
    assert chi2.sf(bin_chi2(x, weight, edges, expected), 20) > 1e-5


def test_radiation_is_a_photon_along_the_beam():
    _, pair = sampled(0.0, 3.0, radiation=True, n=2000)
    both = pair.axion + pair.dark_photon
    x = 2 * pair.photon[0] / ROOT_S
    np.testing.assert_allclose(dot(both, both), ROOT_S**2 * (1 - x), rtol=1e-11)
    np.testing.assert_array_equal(pair.photon[3], -pair.photon[0])
    assert np.all(x >= 0.0)
    current = DarkCurrent(0.0, 3.0)
    soft = folded(current, high=1e-3) / folded(current)
    assert abs(np.sum(pair.weight[x < 1e-3]) / np.sum(pair.weight) - soft) < 4.5 * np.sqrt(
        soft * (1 - soft) / 2000
    )


def test_the_corners_of_the_uniform_numbers():
    for masses in ((0.0, 1e-8), (0.0, 3.0), (1.0, 1.0)):
        sampler = Annihilation(ROOT_S, DarkCurrent(*masses), True, radiation=True)
        pair = sampler.sample(np.array(np.meshgrid(*[[0.0, 1 - 2.0**-53]] * 3)).reshape(3, -1))
        for values in (pair.weight, pair.axion, pair.dark_photon, pair.photon, pair.polarisation):
            assert np.all(np.isfinite(values))
        assert np.max(pair.weight) <= sampler.largest_weight * (1 + 1e-3)


def test_just_above_threshold_only_soft_photons_are_left():
    current = DarkCurrent(0.0, ROOT_S * (1 - 2e-4))
    radiation = InitialStateRadiation(ROOT_S, current)
    x, weight = radiation.sample(np.array([0.0, 0.5, 1.0 - 1e-16]))
    assert np.all((x >= 0.0) & (x < 4e-4))
    assert np.all(np.isfinite(weight))
    assert radiation.total < 0.6 * annihilation.cross_section(ROOT_S**2, current) * GEV2_TO_PB


@pytest.mark.parametrize("sqrt_s", [0.9, 1.0, np.inf, np.nan])
def test_closed_sampler(sqrt_s):
    with pytest.raises(PhysicsError):
        Annihilation(sqrt_s, DarkCurrent(0.4, 0.6), True)


# positrons on electrons at rest: the electron's mass is kept
M_E = mass("e")
SLOW = [(1.5e-3, 0.8e-3), (2.5e-3, 1e-3), (0.05, 0.03)]  # sqrt(s) and the mass of the gamma', GeV
each_slow = pytest.mark.parametrize(("root_s", "m"), SLOW)


def at_rest(m):
    return Annihilation(None, DarkCurrent(0.0, m), True, m_lepton=M_E, key="e+ e- at rest")


def traces(root_s, m, cosine):
    """Sum over spins of |M|^2 up to e^2 G^2/(4 s^2): Tr[(p2 - m) g^mu (p1 + m) g^nu] E_mu_nu."""
    energy, s = 0.5 * root_s, root_s**2
    beam = np.sqrt(energy**2 - M_E**2)
    first, second = np.array([energy, 0, 0, beam]), np.array([energy, 0, 0, -beam])
    k = (s - m**2) / (2 * root_s)
    prime = np.array([np.hypot(k, m), k * np.sqrt(1 - cosine**2), 0, k * cosine])
    lepton = np.outer(first, second) + np.outer(second, first) - METRIC * (first @ METRIC @ second + M_E**2)
    return np.sum(4 * lepton * (METRIC @ spin_sum(first + second, prime) @ METRIC))


@each_slow
def test_angles_on_electrons_at_rest_are_those_of_the_traces(root_s, m):
    process, s = at_rest(m), root_s**2
    k = (s - m**2) / (2 * root_s)
    flux = 2 * s * np.sqrt(1 - 4 * M_E**2 / s)
    for cosine in (-0.9, 0.0, 0.3, 1.0):
        squared = 4 * np.pi * ALPHA / s**2 * traces(root_s, m, cosine) / 4
        expected = squared * k / root_s / (8 * np.pi) / flux * GEV2_TO_PB
        assert process.density((s, cosine)) == pytest.approx(expected, rel=1e-10)
    assert quad(lambda c: process.density((s, c)), -1, 1)[0] == pytest.approx(
        process.total(root_s), rel=1e-10
    )
    expected = darkmc.DarkAxionPortal(m).annihilation_cross_section(root_s, m_lepton=M_E)
    assert process.total(root_s) == pytest.approx(expected, rel=1e-12)


@each_slow
def test_joint_angles_on_electrons_at_rest(root_s, m):
    """Means of the moments under (1 + C) - sin^2 theta* (cos^2 phi* + C sin^2 phi*), C = c^2 + r(1 - c^2)."""
    process = at_rest(m)
    uniform = np.random.default_rng(3).random((3, N))
    pair = process.sample(uniform, Parents(np.full(N, root_s)))
    angles = chain_angles(beam(N), pair.axion, pair.dark_photon, decayed(pair))
    nodes, weights = np.polynomial.legendre.leggauss(12)
    f, f_weight = 2 * np.pi * (np.arange(16) + 0.5) / 16, np.full(16, 1 / 16)
    c, u, f = np.meshgrid(nodes, nodes, f, indexing="ij")
    share = 4 * M_E**2 / root_s**2
    normal = c**2 + share * (1 - c**2)
    density = (1 + normal) - (1 - u**2) * (np.cos(f) ** 2 + normal * np.sin(f) ** 2)
    density *= weights[:, None, None] * weights[:, None] * f_weight
    for name in CHAIN_MOMENTS:
        expected = np.sum(density * chain_moment(name, c, u, f)) / np.sum(density)
        assert abs(pull(chain_moment(name, *angles), expected)) < 4.5, name


@each_slow
def test_a_freely_drawn_axis_on_electrons_at_rest(root_s, m):
    process = at_rest(m)
    pair = process.sample(np.random.default_rng(4).random((3, N)), Parents(np.full(N, root_s)))
    axis = isotropic(np.random.default_rng(5), N)
    factor = process.about_axis(pair, axis)
    cosine = np.sum(unit(pair.dark_photon[1:]) * axis, axis=0)
    share = 4 * M_E**2 / root_s**2
    assert abs(pull(factor, 1.0)) < 4.5
    assert abs(pull(factor * cosine**2, (4 + share) / (10 + 5 * share))) < 4.5


def test_positrons_of_the_lab():
    """2 m_e^2 + 2 m_e E: 0.143 GeV at 20 GeV; bounds on weights; nothing below threshold."""
    assert pair_energy(20.0) == pytest.approx(0.14297, rel=1e-4)
    process, energy = at_rest(0.05), pair_energy(np.linspace(0.5, 20.0, 500))
    draw = process.sample(np.random.default_rng(1).random((3, 500)), Parents(energy))
    assert np.all(draw.weight[energy < 0.05] == 0.0)
    assert 0.0 < draw.weight[-1] < process.largest_weight
    assert at_rest(1e-4).largest_weight == np.inf
    assert at_rest(1e-4).threshold == 2 * M_E
    assert at_rest(1e-4).total(2 * M_E) == 0.0


@pytest.mark.parametrize("masses", [(0.0, 0.3), (0.2, 1.0), (1.0, 0.2)])
@pytest.mark.parametrize("spin", [True, False])
def test_the_density_over_the_flat_one_is_w(masses, spin):
    """9/8 W at any angles, W of the notes from textbook boosts; 3/4 (1 + cos^2 theta) without spin."""
    current = DarkCurrent(*masses)
    (heavy, m), (_, other) = current.states
    rng, n = np.random.default_rng(11), 2000
    flight, direction = isotropic(rng, n), isotropic(rng, n)
    speed = two_body_momentum(ROOT_S, m, other)
    unstable = four_momentum(m, speed * flight)
    size = (m**2 - other**2) / (2 * m)
    photon = boost(four_momentum(0.0, size * direction), unstable, m)
    helicity = np.sum(flight * direction, axis=0)
    pairs = Annihilation(None, current, spin)
    found = pairs.over_flat(flight, photon[1:], size, helicity)
    expected = 0.75 * (1 + flight[2] ** 2)
    if spin and heavy == "dark_photon":
        recoiling = four_momentum(other, -speed * flight)
        expected = 9 / 8 * spin_correlation(*chain_angles(beam(n), recoiling, unstable, photon))
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)
    assert abs(pull(found, 1.0)) < 4.5


def test_nothing_is_radiated_without_radiation():
    with pytest.raises(PhysicsError, match="without radiation"):
        Annihilation(ROOT_S, DarkCurrent(0.0, 1.0), True).radiated(np.array([0.5]))
