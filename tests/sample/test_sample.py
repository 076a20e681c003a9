"""The universal row: yields, slopes, errors, cutflows and histograms against closed forms.

Statistical tests state their chance where they are.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from scipy.stats import chi2

import darkmc
from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import Weights, estimate, mean_and_error
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.sample import Sample

COUPLINGS = np.array([1e-6, 6e-5, 1.2e-4, 3e-4, 1e-3])


@lru_cache
def charm(**overrides):
    return darkmc.Experiment("charm-finegrained", preset="published", overrides=overrides)


@lru_cache
def sample(mass=0.03):
    return charm().simulate(darkmc.DarkAxionPortal(mass), n_samples=60_001, seed=2)


def channel(produced, survive, window, tried, power=2.0, stage=None, n_cuts=0, rows_per_primary=1):
    count = len(produced)
    rows = Rows(
        produced=np.array(produced),
        survive=np.array(survive),
        window=np.array(window),
        stage=np.full(count, n_cuts, np.int8) if stage is None else np.array(stage, np.int8),
        efficiency=np.ones(count),
        index=np.arange(count) // rows_per_primary,
        tried=tried,
    )
    return Channel("made by hand", power, 1.0, 1.0, n_cuts, rows, rows_per_primary)


def by_hand(*channels, cuts=()):
    return Sample(channels, cuts, seed=1)


def formula(s, g):
    return np.sum(s.weight * g**s.power * np.exp(-s.tau_survive * g**2) * -np.expm1(-s.tau_window * g**2))


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_the_rows_give_the_yield(coupling):
    s = sample()
    assert s.expected_events(coupling).value == pytest.approx(formula(s, coupling), rel=1e-12)
    assert len(s.weight) == len(s.power) == len(s.tau_survive) == len(s.tau_window)
    assert np.all(s.power == 2)
    assert np.all(s.weight > 0)
    assert np.all(s.tau_window > 0)


def test_rows_know_the_geometry():
    """tau_window/tau_survive = path inside over path before, at most 11.2/480.7 in this box."""
    s = sample()
    ratio = s.tau_window / s.tau_survive
    assert np.all(ratio <= 11.2 / 480.7 * (1 + 1e-12))
    assert np.max(ratio) == pytest.approx(11.2 / 480.7, rel=1e-9)


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_slope_is_the_derivative(coupling):
    s, step = sample(), 1e-4 * coupling
    values = s.expected_events(coupling + step * np.array([-2, -1, 1, 2])).value
    difference = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
    assert s.slope(coupling).value == pytest.approx(difference, rel=1e-8)


def test_arrays_of_couplings_give_arrays():
    s, grid = sample(), COUPLINGS[:4].reshape(2, 2)
    for method in (s.expected_events, s.slope):
        made = method(grid)
        assert made.value.shape == made.error.shape == (2, 2)
        for index in np.ndindex(2, 2):
            single = method(grid[index])
            assert isinstance(single.value, float)
            assert single == (made.value[index], made.error[index])


def test_no_coupling_no_events():
    assert sample().expected_events(0.0) == (0.0, 0.0)
    assert sample().expected_events(np.array([0.0, 6e-5])).value[0] == 0.0


@pytest.mark.parametrize("coupling", [-1e-5, np.nan, np.inf, [1e-5, -1e-5], None, 1e300])
@pytest.mark.parametrize("method", ["expected_events", "surviving"])
def test_impossible_couplings(method, coupling):
    with pytest.raises(PhysicsError):
        getattr(sample(), method)(coupling)


def test_small_couplings_grow_as_the_fourth_power():
    values = sample().expected_events(np.array([1e-8, 1e-7, 1e-6])).value
    assert values[1:] / values[:-1] == pytest.approx(1e4, rel=1e-3)
    assert sample().slope(1e-8).value == pytest.approx(4 * values[0] / 1e-8, rel=1e-6)


@pytest.mark.parametrize("power", [2.0, 4.0, 6.0])
def test_an_endless_window_is_no_factor(power):
    s = by_hand(channel([3.0], [0.5], [np.inf], 1, power))
    g = np.array([0.1, 1.0, 2.0])
    assert s.expected_events(g).value == pytest.approx(3 * g**power * np.exp(-0.5 * g**2), rel=1e-14)
    slope = (power / g - g) * s.expected_events(g).value
    assert s.slope(g).value == pytest.approx(slope, rel=1e-13)


def test_a_tiny_window_keeps_its_digits():
    s = by_hand(channel([1.0], [0.0], [1e-20], 1))
    assert s.expected_events(1e-3).value == pytest.approx(1e-32, rel=1e-14)
    assert s.slope(1e-3).value == pytest.approx(4e-29, rel=1e-13)


def test_error_is_that_of_the_mean_with_zero_rows_counted():
    """Contributions 1, 2, 3, each ten times, of 50 primaries: mean 6/5, error sqrt((14/5 - 36/25)/49)."""
    s = by_hand(channel([1.0, 2.0, 3.0] * 10, [0.0] * 30, [np.inf] * 30, 50))
    value, error = s.expected_events(1.0)
    assert (value, error) == pytest.approx((1.2, np.sqrt((2.8 - 1.44) / 49)), rel=1e-14)
    full = np.array([1.0, 2.0, 3.0, 0.0, 0.0] * 10)
    assert error == pytest.approx(np.std(full, ddof=1) / np.sqrt(50), rel=1e-14)


def test_variances_of_channels_add():
    first, second = channel([1.0, 2.0], [0, 0], [np.inf] * 2, 4), channel([5.0], [0], [np.inf], 9, 4.0)
    parts = [by_hand(c).expected_events(1.0) for c in (first, second)]
    both = by_hand(first, second).expected_events(1.0)
    assert both.value == pytest.approx(parts[0].value + parts[1].value, rel=1e-14)
    assert both.error == pytest.approx(np.hypot(parts[0].error, parts[1].error), rel=1e-14)


def test_doubling_every_row_at_half_weight_changes_no_error():
    """Two rows of one primary are summed before they are squared; as two primaries the error would shrink."""
    rng = np.random.default_rng(5)
    produced, survive, window = rng.exponential(size=(3, 50))
    twice = [np.repeat(column, 2) for column in (produced / 2, survive, window)]
    once, doubled = (
        by_hand(channel(produced, survive, window, 80)),
        by_hand(channel(*twice, 80, rows_per_primary=2)),
    )
    wrong = by_hand(channel(*twice, 80))
    for g in (0.1, 1.0, 2.0):
        for method in ("expected_events", "slope"):
            assert getattr(doubled, method)(g) == pytest.approx(getattr(once, method)(g), rel=1e-12)
        assert doubled.cutflow(g)["decays_inside"] == pytest.approx(once.expected_events(g), rel=1e-12)
        assert doubled.efficiency(g) == pytest.approx(once.efficiency(g), rel=1e-12)
        assert wrong.expected_events(g).error < 0.9 * once.expected_events(g).error


def test_nothing_tried_is_nothing_known():
    assert mean_and_error(np.empty(0), 0) == (0.0, np.inf)
    assert mean_and_error(np.ones(1), 1) == (1.0, np.inf)
    empty = Sample((), (), seed=1)
    assert empty.n_samples == 0
    assert empty.expected_events(1.0) == (0.0, 0.0)
    assert len(empty.weight) == 0


def test_efficiency_and_largest_row():
    """Contributions 1 and 3 of 4 primaries: efficiency 16/(4 x 10), largest row 3/4."""
    s = by_hand(channel([1.0, 3.0], [0, 0], [np.inf] * 2, 4))
    assert s.efficiency(1.0) == pytest.approx(0.4, rel=1e-14)
    assert s.largest_row(1.0) == pytest.approx(0.75, rel=1e-14)
    assert 0 < sample().efficiency(6e-5) <= len(sample().weight) / sample().n_samples


def test_cutflow_by_hand():
    c = channel(
        [1.0, 2.0, 4.0, 8.0], [0.0] * 4, [np.inf, np.inf, np.inf, 1.0], 2, stage=[0, 1, 2, 2], n_cuts=2
    )
    flow = by_hand(replace(c, branching=0.5, efficiency=0.1), cuts=("first", "second")).cutflow(1.0)
    last = 4 + 8 * (1 - np.exp(-1))
    assert list(flow) == ["produced_towards_detector", "decays_inside", "first", "second", "efficiency"]
    wanted = [15 / 2, (3 + last) / 4, (2 + last) / 4, last / 4, last / 40]
    assert [part.value for part in flow.values()] == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize(
    "name", ["E_photon", "theta_photon", "E2theta2", "E_dark_photon", "z_vertex", "r_vertex"]
)
def test_a_histogram_over_everything_is_the_yield(name):
    for coupling in (6e-5, 2e-4):
        whole = sample().histogram(name, [-1e9, 1e9], coupling)
        assert (whole.value[0], whole.error[0]) == pytest.approx(
            sample().expected_events(coupling), rel=1e-10
        )
        fine = sample().histogram(
            name, np.concatenate([[-1e9], np.geomspace(1e-9, 1e3, 30), [1e9]]), coupling
        )
        assert np.sum(fine.value) == pytest.approx(whole.value[0], rel=1e-10)


def test_a_histogram_is_cut_where_the_selection_cuts():
    made = sample().histogram("E_photon", [0.0, 7.5, 50.0, 400.0], 6e-5)
    assert made.value[0] == made.value[2] == 0.0
    assert made.value[1] > 0.0


@pytest.mark.parametrize("coupling", [3e-5, 3e-4])
def test_vertices_follow_the_exponential(coupling):
    """Depth in 14 bins against the mean of exact row integrals: chi2 with p > 1e-4; two tests.

    Rows whose flight leaves through a side are dropped: the others decay between z = 480.7 and 491.9.
    """
    s, edges = sample(0.03), np.linspace(480.7, 491.9, 15)
    made = s.histogram("z_vertex", edges, coupling)
    before, inside, g2 = s.tau_survive, s.tau_window, coupling**2
    fraction = before[:, None] / 480.7 * (edges - 480.7)
    kept = np.exp(-before * g2)[:, None] * np.exp(-np.minimum(fraction, inside[:, None]) * g2)
    wanted = (s.weight * coupling**2) @ (kept[:, :-1] - kept[:, 1:])
    assert np.sum(wanted) == pytest.approx(s.expected_events(coupling).value, rel=1e-10)
    assert chi2.sf(np.sum(((made.value - wanted) / made.error) ** 2), 14) > 1e-4


@pytest.mark.parametrize("edges", [[1.0], [2.0, 1.0], [1.0, 1.0], [[1.0, 2.0]], [1.0, np.nan]])
def test_impossible_edges(edges):
    with pytest.raises(PhysicsError, match="increasing"):
        sample().histogram("E_photon", edges, 6e-5)


def test_unknown_observables_name_the_nearest():
    with pytest.raises(PhysicsError, match="'E_photon'"):
        sample().histogram("E_foton", [0, 1], 6e-5)
    with pytest.raises(PhysicsError, match="observable must be text, not \\[\\]"):
        sample().histogram([], [0, 1], 6e-5)


def test_one_sample_serves_couplings_it_was_not_made_for():
    """Reweighted from either edge to the other: |pull| < 4, chance 6e-5 each."""
    portal, edges = darkmc.DarkAxionPortal(0.01), (1.617e-4, 3.6e-3)
    aimed = [charm().simulate(portal, n_samples=200_000, at=g, seed=11 + k) for k, g in enumerate(edges)]
    wide = charm().simulate(portal, n_samples=200_000, seed=21)
    for g, other in zip(edges, aimed, strict=True):
        here, there = wide.expected_events(g), other.expected_events(g)
        assert abs(here.value - there.value) < 4 * np.hypot(here.error, there.error)
    here, there = aimed[0].expected_events(1e-3), aimed[1].expected_events(1e-3)
    assert abs(here.value - there.value) < 4 * np.hypot(here.error, there.error)


def test_the_error_of_a_tiny_yield_is_not_lost():
    """Squares of 1e-200 are no numbers, but relative errors are the same as of any other scale."""
    values = np.random.default_rng(5).random(1000)
    mean, error = mean_and_error(values, 2000)
    tiny = mean_and_error(1e-200 * values, 2000)
    assert tiny == pytest.approx((1e-200 * mean, 1e-200 * error), rel=1e-12)


def test_tiny_streams_beside_large_ones_add_next_to_nothing():
    """Weights of 1e-200 are scaled before they are squared, and back before they are added to others."""
    values = np.random.default_rng(5).random(1000)
    large, tiny = Weights(values, 2000), Weights(1e-200 * values, 2000)
    assert estimate([large, tiny]) == pytest.approx(estimate([large]), rel=1e-12)
    nothing, least = Weights(np.zeros(3), 2000), Weights(np.full(100, 4e-312), 2000)
    assert estimate([nothing, least]) == pytest.approx(estimate([least]), rel=1e-6)
    assert np.all(np.isfinite(estimate([nothing, least])))
    assert estimate([tiny, tiny]) == pytest.approx(
        [1e-200 * part for part in estimate([large, large])], rel=1e-12
    )
