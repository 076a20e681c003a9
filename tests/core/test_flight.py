"""Decay probabilities over 30 decades against 50-digit arithmetic, and vertices against the exponential.

Statistical tests: fixed seeds; KS p-value above 1e-5.
"""

import mpmath
import numpy as np
import pytest
from scipy.stats import kstest

from darkmc.core.flight import (
    decay_chance,
    decay_chance_slope,
    decay_lengths,
    mean_survival,
    proper_length,
    vertex_depth,
)

N = 50_000


@pytest.fixture(autouse=True)
def _loud_arithmetic():
    with np.errstate(all="raise", under="ignore"):
        yield


def decay_probability(survive, window, rate=1.0):
    """As rows have it: the chance to survive to a window and decay in it."""
    return np.exp(-np.multiply(survive, rate)) * decay_chance(window, rate)


def exact_probability(survive, window, coupling):
    with mpmath.workdps(60):
        g2 = mpmath.mpf(coupling) ** 2
        return float(mpmath.exp(-mpmath.mpf(survive) * g2) * -mpmath.expm1(-mpmath.mpf(window) * g2))


@pytest.mark.parametrize("length", 10.0 ** np.arange(-12, 19, 1.0))
def test_thirty_decades_of_decay_lengths_keep_all_digits(length):
    """CHARM: 480 m to the front face, 11.2 m inside."""
    survive, window = 480.7 / length, 11.2 / length
    value, exact = decay_probability(survive, window), exact_probability(survive, window, 1.0)
    digits = 1e-15 * (4 + survive)  # exp amplifies the rounding of its argument
    assert value == pytest.approx(exact, rel=digits, abs=1e-300)


def test_a_very_long_life_gives_a_tiny_chance_and_not_zero():
    assert decay_probability(480.0 / 1e18, 35.0 / 1e18) == pytest.approx(3.5e-17, rel=1e-14)
    assert decay_probability(0.0, 1e-300) == pytest.approx(1e-300, rel=1e-14)


def test_a_very_short_life_never_arrives():
    assert decay_probability(480.0 / 1e-9, 11.0 / 1e-9) == 0.0
    assert decay_probability(0.0, 1e12) == 1.0


@pytest.mark.parametrize("coupling", [1e-12, 1e-5, 1e-2, 1.0, 30.0])
def test_an_infinite_window_is_no_window(coupling):
    assert decay_probability(0.7, np.inf, coupling**2) == pytest.approx(np.exp(-0.7 * coupling**2), rel=1e-14)


def test_without_coupling_nothing_decays_in_a_finite_window():
    assert decay_probability(0.7, 3.0, 0.0) == 0.0
    assert decay_probability(0.7, np.inf, 0.0) == 1.0


def test_depends_on_tau_times_coupling_squared_only():
    rng = np.random.default_rng(1)
    survive, window, coupling = 10 ** rng.uniform(-3, 1, (3, 100))
    np.testing.assert_allclose(
        decay_probability(survive, window, coupling**2),
        decay_probability(survive * coupling**2, window * coupling**2),
        rtol=1e-13,
    )


def test_successive_windows_add_up_to_one():
    edges = np.concatenate([[0.0], np.geomspace(1e-6, 40, 30)])
    total = np.sum(decay_probability(edges[:-1], np.diff(edges))) + decay_probability(edges[-1], np.inf)
    assert total == pytest.approx(1.0, rel=1e-13)


def test_arrays_of_rows_and_couplings_broadcast():
    survive, window, coupling = np.ones(3), np.array([1.0, np.inf, 0.0]), np.array([[0.5], [2.0]])
    table = decay_probability(survive, window, coupling**2)
    assert table.shape == (2, 3)
    for i, g in enumerate((0.5, 2.0)):
        assert table[i, 0] == pytest.approx(exact_probability(1, 1, g), rel=1e-14)
    np.testing.assert_array_equal(table[:, 2], 0.0)


def test_decay_lengths_are_path_over_beta_gamma_ctau():
    assert decay_lengths(10.0, momentum=5.0, mass=0.1, ctau=0.04) == pytest.approx(
        10 / (50 * 0.04), rel=1e-14
    )
    np.testing.assert_allclose(
        decay_lengths(np.array([1.0, 2.0]), np.array([1.0, 4.0]), 0.5, 2.0), [0.25, 0.125]
    )
    assert decay_lengths(10.0, 5.0, 0.1, np.inf) == 0.0
    assert proper_length(10.0, 5.0, 0.1) == pytest.approx(0.2, rel=1e-14)


@pytest.mark.parametrize("depth", [0.0, 1e-12, 1e-3, 1.0, 30.0, 1e3])
def test_mean_survival_and_slope_of_a_chance(depth):
    with mpmath.workdps(60):
        t = mpmath.mpf(depth)
        mean = float(-mpmath.expm1(-t) / t) if depth else 1.0
        slope = float(t / mpmath.expm1(t)) if depth else 1.0
    assert mean_survival(depth, 1.0) == pytest.approx(mean, rel=1e-14)
    assert decay_chance_slope(depth / 3.0, 3.0) == pytest.approx(slope, rel=1e-14, abs=1e-300)
    assert decay_chance(np.inf, 0.0) == 1.0
    assert decay_chance_slope(np.inf, 0.0) == 0.0


@pytest.mark.parametrize("window", [1e-12, 1e-3, 0.1, 1.0, 5.0, 30.0, 1e3, 1e8])
def test_vertices_follow_the_truncated_exponential(window):
    depth = vertex_depth(np.random.default_rng(2).random(N), np.full(N, window))

    def cdf(x):
        return np.expm1(-window * x) / np.expm1(-window)

    assert kstest(depth, cdf).pvalue > 1e-5
    assert np.all((depth >= 0) & (depth <= 1))


@pytest.mark.parametrize("window", [1e-15, 1e-8, 1e-4, 0.3, 4.0, 25.0, 600.0])
@pytest.mark.parametrize("uniform", [0.0, 1e-12, 0.2, 0.5, 0.97])
def test_vertex_depth_is_the_inverse_cdf_to_all_digits(window, uniform):
    depth = vertex_depth(np.array([uniform]), np.array([window]))[0]
    with mpmath.workdps(60):
        u, w = mpmath.mpf(uniform), mpmath.mpf(window)
        exact = float(-mpmath.log1p(u * mpmath.expm1(-w)) / w)
    assert depth == pytest.approx(exact, rel=1e-13)


def test_the_limits_of_a_window_are_flat_and_at_its_entry():
    uniform = np.array([0.0, 0.25, 0.999])
    np.testing.assert_array_equal(vertex_depth(uniform, np.zeros(3)), uniform)
    np.testing.assert_array_equal(vertex_depth(uniform, np.full(3, np.inf)), 0.0)
    np.testing.assert_allclose(vertex_depth(uniform, np.full(3, 1e-200)), uniform, rtol=1e-12)
    np.testing.assert_allclose(vertex_depth(uniform, np.full(3, 1e200)), 0.0, atol=1e-190)


def test_the_last_uniform_number_stays_inside_the_window():
    last = np.full(5, np.nextafter(1.0, 0.0))
    depth = vertex_depth(last, np.array([1e-300, 1e-8, 1.0, 36.0, 1e4]))
    assert np.all((depth > 0) & (depth <= 1))
