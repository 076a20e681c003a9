"""gamma' -> a gamma with its spin, a -> gamma gamma', gamma' -> a l l: W from tensors, moments, momenta.

Statistical tests: fixed seeds; every pull (4.5 sigma), KS and chi2 test fails by chance at most once in 1e5.
"""

from itertools import pairwise

import numpy as np
import pytest
from helpers import (
    CHAIN_MOMENTS,
    LEVI_CIVITA,
    METRIC,
    assert_on_shell,
    chain_angles,
    chain_moment,
    dot,
    four_momentum,
    isotropic,
    lower,
    pull,
    spin_correlation,
    spin_sum,
    to_rest_frame,
    unit,
    unstable_of,
    vertex,
)
from scipy.integrate import quad
from scipy.stats import chi2, kstest

from darkmc import DarkCurrent
from darkmc.core.kinematics import boost, kallen
from darkmc.core.particles import mass
from darkmc.portals.chains import decayed
from darkmc.portals.dark_axion.dark_photon_decay import (
    PhotonDecay,
    dipole_cosine,
    pair_spectrum,
    pair_width,
)
from darkmc.portals.dark_axion.pseudoscalar_decay import PseudoscalarDecay
from darkmc.signals.photon_window import FORCED, in_window

N = 100_000
M = 0.547862  # eta
ALPHA = 1 / 137.035999
CASES = [(0.0, 0.03), (0.0, 0.3), (0.05, 0.2), (0.1, 0.11)]  # axion, dark photon
HEAVY_AXION = [(0.2, 0.05), (0.11, 0.1)]
each_case = pytest.mark.parametrize("masses", CASES, ids=str)
each_mass = pytest.mark.parametrize("masses", CASES + HEAVY_AXION, ids=str)
each_moment = pytest.mark.parametrize("moment", CHAIN_MOMENTS)


def angles_grid(n=24):
    """Gauss-Legendre nodes in both cosines, equal steps in azimuth, and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    azimuth = 2 * np.pi * np.arange(n) / n
    c, u, f = np.meshgrid(nodes, nodes, azimuth, indexing="ij")
    return c, u, f, weights[:, None, None] * weights[None, :, None] * 2 * np.pi / n


def test_the_integral_of_w_is_64_pi_over_9():
    c, u, f, weight = angles_grid()
    assert np.sum(weight * spin_correlation(c, u, f)) == pytest.approx(64 * np.pi / 9, rel=1e-13)


def test_w_integrates_over_azimuth_to_a_product_and_is_bounded():
    c, u, f, _ = angles_grid()
    w = spin_correlation(c, u, f)
    np.testing.assert_allclose(np.mean(w, axis=2), 0.5 * ((1 + c**2) * (1 + u**2))[..., 0], rtol=1e-13)
    assert np.all((w >= 0) & (w <= 1 + c**2))


@each_moment
def test_the_moments_used_below_are_those_of_w(moment):
    expected, isotropic_value = CHAIN_MOMENTS[moment]
    c, u, f, weight = angles_grid(40)
    w = weight * spin_correlation(c, u, f)
    flat = weight * (1 + c**2)
    assert np.sum(w * chain_moment(moment, c, u, f)) / np.sum(w) == pytest.approx(expected, abs=1e-12)
    assert np.sum(flat * chain_moment(moment, c, u, f)) / np.sum(flat) == pytest.approx(
        isotropic_value, abs=1e-12
    )


def chain(masses, n, spin=True, seed=1, sampler=True):
    current = DarkCurrent(*masses)
    rng = np.random.default_rng(seed)
    pair = PseudoscalarDecay(M, 0.4, current, spin).sample(rng.random((3, n)))
    decay = PhotonDecay(current)
    if not sampler:
        return current, pair, decay
    drawn = decayed(pair, decay, rng.random((2, n)))
    return current, pair, decay, *map(drawn.momentum, decay.products)


@each_case
def test_w_is_the_contraction_of_three_vertices(masses):
    """Meson x portal x portal, explicit Levi-Civita tensors, isotropic photons; one constant for all."""
    current, pair, _ = chain(masses, 40, sampler=False)
    k = pair.dark_photon
    energy = (current.m_dark_photon**2 - current.m_axion**2) / (2 * current.m_dark_photon)
    n = isotropic(np.random.default_rng(2), 40)
    photon = boost(four_momentum(0.0, energy * n), k, current.m_dark_photon)
    both = pair.axion + k
    s = dot(both, both)
    w = spin_correlation(*chain_angles(pair.photon, pair.axion, k, photon))
    scale = (
        (M**2 - s) ** 2
        * kallen(s, current.m_axion**2, current.m_dark_photon**2)
        * (current.m_dark_photon**2 - current.m_axion**2) ** 2
    )
    ratio = []
    for i in range(40):
        q = both[:, i]
        meson = METRIC @ spin_sum(q, pair.photon[:, i]) @ METRIC
        portal = vertex(q, k[:, i])
        decay = METRIC @ spin_sum(k[:, i], photon[:, i]) @ METRIC
        ratio.append(np.einsum("mn,ma,nb,ab->", meson, portal, portal, decay) / (scale[i] * w[i]))
    np.testing.assert_allclose(ratio, np.mean(ratio), rtol=1e-6)


@each_case
@each_moment
def test_the_chain_has_the_moments_of_w(masses, moment):
    """theta*, phi* recomputed from the four-momenta alone, by two direct boosts."""
    _, pair, _, photon, _ = chain(masses, N)
    values = chain_moment(moment, *chain_angles(pair.photon, pair.axion, pair.dark_photon, photon))
    assert abs(pull(values, CHAIN_MOMENTS[moment][0])) < 4.5


@each_moment
def test_without_spin_correlations_the_decay_is_isotropic(moment):
    _, pair, _, photon, _ = chain((0.02, 0.2), N, spin=False)
    values = chain_moment(moment, *chain_angles(pair.photon, pair.axion, pair.dark_photon, photon))
    assert abs(pull(values, CHAIN_MOMENTS[moment][1])) < 4.5


def test_the_joint_distribution_is_w_in_every_cell():
    """chi2 of 6 x 6 x 6 cells in |cos theta|, cos theta*, phi* mod pi against quadrature of W in each."""
    _, pair, _, photon, _ = chain((0.0, 0.1), 2 * N)
    c, u, f = chain_angles(pair.photon, pair.axion, pair.dark_photon, photon)
    k = 6
    cell = (
        np.minimum(np.abs(c) * k, k - 1).astype(int) * k + np.minimum((u + 1) / 2 * k, k - 1).astype(int)
    ) * k
    cell += np.minimum(f % np.pi / np.pi * k, k - 1).astype(int)
    inner = (np.arange(8) + 0.5) / 8
    fine = ((np.arange(k)[:, None] + inner) / k).ravel()
    w = spin_correlation(fine[:, None, None], 2 * fine[None, :, None] - 1, np.pi * fine[None, None, :])
    share = w.reshape(k, 8, k, 8, k, 8).sum(axis=(1, 3, 5)).ravel()
    expected = 2 * N * share / share.sum()
    statistic = np.sum((np.bincount(cell, minlength=k**3) - expected) ** 2 / expected)
    assert chi2.isf(1 - 1e-5, k**3 - 1) < statistic < chi2.isf(1e-5, k**3 - 1)


def test_dipole_cosines_follow_three_quarters_of_one_minus_the_square():
    u = np.linspace(0, 1, 201)
    x = dipole_cosine(u)
    np.testing.assert_allclose((2 + 3 * x - x**3) / 4, u, atol=1e-14)


@pytest.mark.parametrize("masses", HEAVY_AXION, ids=str)
def test_a_heavy_axion_decays_isotropically(masses):
    _, pair, decay, photon, _ = chain(masses, N)
    n = unit(to_rest_frame(photon, pair.axion)[1:])
    for component in n:
        assert kstest(component, "uniform", (-1, 2)).pvalue > 1e-5
    flight = unit(pair.axion[1:])
    assert kstest(np.sum(n * flight, axis=0), "uniform", (-1, 2)).pvalue > 1e-5
    assert pair.momentum("axion") is pair.axion
    assert not decay.polarised


@each_case
def test_the_polarisation_vector_is_transverse_and_of_norm_minus_one(masses):
    _, pair, decay = chain(masses, 2000, sampler=False)
    vector = pair.dark_photon_spin
    assert decay.polarised
    scale = np.sum(vector**2, axis=0)
    assert np.max(np.abs(dot(vector, vector) + 1) / scale) < 1e-11
    assert np.max(np.abs(dot(vector, pair.dark_photon)) / (scale * pair.dark_photon[0])) < 1e-11


# in units of the photon energy in the rest frame of the decay
WINDOWS = {
    "middle": (0.8, 1.3),
    "low": (0, 0.7),
    "all": (0, np.inf),
    "high": (1.5, np.inf),
    "none": (1e4, 2e4),
}
each_window = pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS.keys())


def windowed(masses, window, n=N, spin=True, seed=5):
    """Chain in the meson's frame whose photon energies are forced into the window."""
    _, pair, decay = chain(masses, n, spin, seed, sampler=False)
    uniform = np.random.default_rng(seed + 1).random((3, n))
    limits = (window[0] * decay.momentum, window[1] * decay.momentum)
    polarisation = pair.dark_photon_spin if decay.polarised else None
    made = in_window(decay, unstable_of(pair), polarisation, limits, uniform)
    return pair, decay, *made


@each_mass
@each_window
def test_forced_decays_conserve_momentum_on_shell(masses, window):
    pair, _, photon, daughter, _ = windowed(masses, window, 5000)
    unstable = unstable_of(pair)
    assert np.max(np.abs(photon + daughter - unstable) / unstable[0]) < 1e-9
    assert_on_shell(photon, 0.0, 1e-12)
    assert_on_shell(daughter, min(masses), 1e-12)


@each_mass
@pytest.mark.parametrize("spin", [True, False])
def test_decays_as_they_come_conserve_momentum_on_shell(masses, spin):
    _, pair, _, photon, daughter = chain(masses, 5000, spin)
    unstable = unstable_of(pair)
    assert np.max(np.abs(photon + daughter - unstable) / unstable[0]) < 1e-9
    assert_on_shell(photon, 0.0, 1e-12)
    assert_on_shell(daughter, min(masses), 1e-12)


@each_mass
@each_window
def test_the_weights_of_forced_decays_have_mean_one_and_are_bounded(masses, window):
    weight = windowed(masses, window)[4]
    assert np.all(weight >= 0)
    assert np.max(weight) <= 1.5 / (1 - FORCED) + 1e-12
    spread = np.std(weight)
    assert abs(np.mean(weight) - 1) <= 4.5 * spread / np.sqrt(N) + 1e-12


@pytest.mark.parametrize("window", [WINDOWS["middle"], WINDOWS["all"]], ids=str)
@each_moment
def test_forced_decays_have_the_moments_of_w(window, moment):
    pair, _, photon, _, weight = windowed((0.02, 0.2), window)
    values = chain_moment(moment, *chain_angles(pair.photon, pair.axion, pair.dark_photon, photon))
    assert abs(pull(weight * (values - CHAIN_MOMENTS[moment][0]), 0.0)) < 4.5


@each_mass
@pytest.mark.parametrize("spin", [True, False])
def test_both_samplers_give_the_same_photon_energies_inside_the_window(masses, spin):
    """Ten bins, two-sample chi2 of weighted against plain."""
    window = WINDOWS["middle"]
    _, _, _, plain, _ = chain(masses, N, spin, seed=11)
    _, decay, photon, _, weight = windowed(masses, window, N, spin)
    statistic = 0.0
    edges = decay.momentum * np.linspace(*window, 11)
    for low, high in pairwise(edges):
        a = 1.0 * ((plain[0] >= low) & (plain[0] < high))
        b = weight * ((photon[0] >= low) & (photon[0] < high))
        assert np.any(a)
        statistic += (a.mean() - b.mean()) ** 2 / ((a.var() + b.var()) / N)
    assert statistic < chi2.isf(1e-5, 10)


@each_case
def test_forcing_fills_the_window(masses):
    """Where the window can be reached, at least FORCED of the rows lie inside (4.5 sigma)."""
    low, high = WINDOWS["middle"]
    pair, decay, photon, _, _ = windowed(masses, (low, high))
    k, energy = unstable_of(pair), photon[0] / decay.momentum
    p = np.sqrt(np.sum(k[1:] ** 2, axis=0))
    reached = ((k[0] - p) / decay.mass < high) & ((k[0] + p) / decay.mass > low)
    inside = (energy >= low * (1 - 1e-9)) & (energy <= high * (1 + 1e-9))
    assert np.mean(reached) > 0.3
    assert pull(inside[reached], FORCED) > -4.5
    assert not np.any(inside & ~reached)


def test_forced_decays_in_a_fast_frame_have_the_same_spin():
    """A boost of everything by gamma = 30 and a window there: the moments of W stay."""
    current, pair, decay = chain((0.0, 0.1), N, sampler=False)
    frame = four_momentum(M, 30 * M * isotropic(np.random.default_rng(8), N))
    k, e = (boost(v, frame, M) for v in (pair.dark_photon, pair.dark_photon_spin))
    photon, _, weight = in_window(decay, k, e, (1.0, 4.0), np.random.default_rng(9).random((3, N)))
    first, axion = (boost(v, frame, M) for v in (pair.photon, pair.axion))
    angles = chain_angles(first, axion, k, photon)
    assert current.m_axion == 0.0
    for moment, (expected, _) in CHAIN_MOMENTS.items():
        assert abs(pull(weight * (chain_moment(moment, *angles) - expected), 0.0)) < 4.5


def gamma_matrices():
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    time = np.kron(np.diag([1, -1]), np.eye(2))
    return np.array([time, *(np.kron([[0, 1], [-1, 0]], s) for s in pauli)])


@pytest.mark.parametrize(
    ("m_dark_photon", "m_axion", "m"), [(0.1, 0.0, 0.02), (0.5, 0.1, 0.105), (0.3, 0.02, 5e-4)]
)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_the_pair_spectrum_is_the_trace_over_three_body_phase_space(m_dark_photon, m_axion, m, share):
    """Tr[(p1 + m) g^mu (p2 - m) g^nu] E_{mu nu} e^2/(3 q^4), integrated over the lepton's angle."""
    g = gamma_matrices()
    q2 = 4 * m**2 + share * ((m_dark_photon - m_axion) ** 2 - 4 * m**2)
    q, p1 = np.sqrt(q2), np.sqrt(q2 / 4 - m**2)
    e3 = (m_dark_photon**2 - q2 - m_axion**2) / (2 * q)
    p3 = np.sqrt(e3**2 - m_axion**2)
    pair, k = np.array([q, 0, 0, 0]), np.array([q + e3, 0, 0, p3])
    portal = METRIC @ spin_sum(pair, k) @ METRIC
    width = 0.0
    for cosine, weight in zip(*np.polynomial.legendre.leggauss(4), strict=True):
        lepton = np.array([q / 2, p1 * np.sqrt(1 - cosine**2), 0, p1 * cosine])
        slash1, slash2 = (np.einsum("m,mij->ij", lower(p), g) for p in (lepton, pair - lepton))
        one = np.eye(4)
        trace = np.einsum("ij,mjk,kl,nli->mn", slash1 + m * one, g, slash2 - m * one, g)
        squared = 4 * np.pi * ALPHA / (3 * q2**2) * np.sum(trace * portal).real
        width += weight * 2 * p1 * p3 * squared / ((2 * np.pi) ** 3 * 32 * m_dark_photon**3)
    assert pair_spectrum(q2, m, DarkCurrent(m_axion, m_dark_photon)) == pytest.approx(width, rel=1e-10)


@pytest.mark.parametrize(
    ("masses", "lepton"), [((0.0, 0.03), "e"), ((0.02, 0.0215), "e"), ((0.1, 0.6), "mu"), ((0.0, 40.0), "e")]
)
def test_the_pair_width_is_the_integral_of_the_pair_spectrum(masses, lepton):
    current, m = DarkCurrent(*masses), mass(lepton)
    low, high = 2 * np.log(2 * m), 2 * np.log(masses[1] - masses[0])
    exact = quad(
        lambda y: float(pair_spectrum(np.exp(y), m, current)) * np.exp(y),
        low,
        high,
        epsabs=0,
        epsrel=1e-11,
        limit=400,
    )[0]
    assert pair_width(m, current) == pytest.approx(exact, rel=1e-8)


def test_pairs_are_closed_below_their_threshold_and_outside_their_range():
    assert pair_width(mass("mu"), DarkCurrent(0.1, 0.31)) == 0.0
    assert pair_width(mass("e"), DarkCurrent(0.2, 0.1)) == 0.0
    spectrum = pair_spectrum(
        np.array([0.0, 1e-8, 0.9e-4, 0.5]), mass("e"), DarkCurrent(0.0, 0.01), coupling=2.0
    )
    np.testing.assert_array_equal(spectrum > 0, [False, False, True, False])


def test_levi_civita_of_the_helpers_is_totally_antisymmetric():
    assert LEVI_CIVITA[0, 1, 2, 3] == 1.0
    np.testing.assert_array_equal(LEVI_CIVITA, -np.swapaxes(LEVI_CIVITA, 1, 2))
    assert np.sum(LEVI_CIVITA**2) == 24
