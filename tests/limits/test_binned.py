"""Counts in bins: limits of single counts in closed form, unions of bins against brute force, by hand."""

import math

import numpy as np
import pytest
from scipy.stats import norm, poisson

from darkmc.core.errors import PhysicsError
from darkmc.core.intervals import scan_grid
from darkmc.limits import binned
from darkmc.limits.binned import BinnedCounting
from darkmc.limits.poisson import excluded_mean, gaussian_excess
from darkmc.limits.solve import solve
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.sample import Sample


def channel(produced, survive, window, bins, power=2.0, tried=None, name="by hand"):
    count = len(produced)
    rows = Rows(
        produced=np.array(produced, dtype=float),
        survive=np.array(survive, dtype=float),
        window=np.array(window, dtype=float),
        stage=np.zeros(count, np.int8),
        index=np.arange(count),
        tried=tried or count,
        bin=np.array(bins, np.int16),
    )
    return Channel(name, power, 1.0, 1.0, 0, rows)


def sample(*channels):
    return Sample(channels, (), seed=1)


def counting(*excluded):
    return BinnedCounting(excluded, "by hand")


@pytest.mark.parametrize(("count", "mean"), [(0, 3.783), (9, 17.27), (10, 18.58), (100, 122.1)])
def test_mean_that_a_count_excludes(count, mean):
    """Numbers of the physics notes, section 4; the first is -ln Phi(-2)."""
    assert excluded_mean(count) == pytest.approx(mean, rel=3e-4)
    assert poisson.cdf(count, excluded_mean(count)) == pytest.approx(norm.cdf(-2.0), rel=1e-10)
    assert excluded_mean(0) == pytest.approx(-math.log(norm.cdf(-2.0)), rel=1e-12)


def test_gaussian_excess_is_poisson_only_for_nothing():
    assert list(gaussian_excess([0, 9, 100])) == pytest.approx([excluded_mean(0), 15.0, 120.0], rel=1e-12)


@pytest.mark.parametrize(("count", "n_sigma"), [(-1, 2.0), (1, 0.0), (1, float("nan"))])
def test_senseless_counts_are_refused(count, n_sigma):
    with pytest.raises(PhysicsError):
        excluded_mean(count, n_sigma)


def test_prompt_bins_are_solved_in_closed_form():
    """N_b = w G^2: the edge is sqrt(excluded/w) of the best bin, whatever the other ones do."""
    prompt = sample(channel([4.0, 9.0, 1.0], [0] * 3, [math.inf] * 3, [0, 1, 2], tried=1))
    exclusion = counting(16.0, 18.0, 50.0).exclusion(prompt, "bracket")
    assert exclusion.lower == pytest.approx(math.sqrt(2.0), rel=1e-9)
    assert math.isnan(exclusion.upper)
    undecided = "undecided within the Monte Carlo error (more primaries may decide)"
    assert exclusion.reason.startswith(f"open above 100 GeV^-1; {undecided}; error of an edge unknown")


def test_the_deciding_bin_gives_the_error():
    rng = np.random.default_rng(3)
    weights = rng.exponential(size=2000)
    bins = rng.integers(0, 4, size=2000)
    made = sample(channel(weights, np.zeros(2000), np.full(2000, math.inf), bins))
    criterion = counting(5.0, 4.0, 5.0, 6.0)
    exclusion = criterion.exclusion(made, "bracket")
    alone = solve(made.in_bin(1), 4.0)
    assert exclusion.intervals == alone.intervals
    (point,) = criterion.deciding(made)
    assert point.coupling == exclusion.lower
    assert point.of_limit
    assert point.power == pytest.approx(2.0)
    value, error = point.curve.expected_events(point.coupling)
    assert exclusion.lower_error == pytest.approx(0.5 * point.coupling * error / value, rel=1e-9)


def test_where_nothing_is_excluded_the_bin_nearest_to_its_number_decides():
    """Of w G^2 exp(-G^2), at most w/e, bins have 4/e, 9/e and 1/e; two are far below their numbers."""
    bands = sample(channel([4.0, 9.0, 1.0], [1.0] * 3, [math.inf] * 3, [0, 1, 2], tried=1))
    (point,) = counting(20.0, 30.0, 0.5).deciding(bands)
    assert point.apart == pytest.approx(0.5 * math.e - 1.0, rel=1e-4)


def random_bands(seed):
    """Return rows with upper edges too: survival before a window, in six bins."""
    rng = np.random.default_rng(seed)
    count = 400
    bins = rng.integers(-1, 6, count)
    depth = 10.0 ** rng.uniform(1, 7, 6)[np.maximum(bins, 0)] * rng.uniform(0.5, 2.0, count)
    survive, window = depth, depth * rng.uniform(0.01, 1.0, count)
    weight = 10.0 ** rng.uniform(2, 8, 6)[np.maximum(bins, 0)] * rng.uniform(0.5, 1.5, count)
    return sample(
        channel(weight, survive, window, bins),
        channel(0.1 * weight, 0.0 * survive, np.full(count, 1e-3), bins, name="prompt"),
        channel(weight, survive, np.full(count, math.inf), bins, power=4.0, name="far"),
    )


@pytest.mark.parametrize("seed", range(12))
def test_union_of_all_bins_by_brute_force(seed):
    """Solving every bin, and asking every coupling of a grid, gives the same union."""
    made = random_bands(seed)
    criterion = counting(3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
    exclusion = criterion.exclusion(made, "bracket")
    grid = scan_grid()
    values = np.array([made.in_bin(b).expected_events(grid).value for b in range(6)])
    any_bin = (values > np.array(criterion.excluded)[:, None]).any(axis=0)
    inside = np.zeros(len(grid), dtype=bool)
    for interval in exclusion.intervals:
        low = 0.0 if math.isnan(interval.lower) else interval.lower
        high = math.inf if math.isnan(interval.upper) else interval.upper
        inside |= (grid > low) & (grid < high)
    assert np.array_equal(inside, any_bin)
    edges = [
        (edge, b)
        for b in range(6)
        for interval in solve(made.in_bin(b), criterion.excluded[b]).intervals
        for edge in interval[:2]
        if math.isfinite(edge)
    ]
    for interval in exclusion.intervals:
        for edge in interval[:2]:
            assert math.isnan(edge) or min(abs(edge / other - 1.0) for other, _ in edges) < 1e-9


def test_bounds_are_bounds():
    """No yield of a bin on an interval exceeds the bound that spares its solution."""
    for seed in range(5):
        made = random_bands(seed)
        criterion = counting(*[1.0] * 6)
        for low, high in ((1e-6, 1e-3), (1e-3, 2e-3), (1e-2, 1.0)):
            bound = criterion._excess(made, [(low, high)], np.ones(6, dtype=bool))
            grid = np.geomspace(low, high, 40)
            for b in range(6):
                most = np.max(made.in_bin(b).expected_events(grid).value)
                assert most <= bound[b] * (1 + 1e-12) or bound[b] <= 1.0
                assert most <= max(bound[b], 1.0) * (1 + 1e-12)


def test_bins_that_decide_nothing_are_not_solved(monkeypatch):
    solved = []

    def counted(curve, target):
        solved.append(target)
        return solve(curve, target)

    monkeypatch.setattr(binned, "solve", counted)
    bins = np.arange(50)
    made = sample(channel(np.full(50, 4.0), np.zeros(50), np.full(50, math.inf), bins, tried=1))
    counting(*(10.0 + bins)).exclusion(made, "bracket")
    assert solved == [10.0]


def test_iteration_finds_the_edge_of_the_first_bin():
    made = sample(channel([4.0, 9.0], [0.0] * 2, [1e4] * 2, [0, 1], tried=1))
    criterion = counting(16.0, 18.0)
    bracket, iterative = (criterion.exclusion(made, method) for method in ("bracket", "iterative"))
    assert iterative.lower == pytest.approx(bracket.lower, rel=0.01)
    assert iterative.history


def test_nothing_in_any_bin():
    outside = sample(channel([4.0], [0.0], [1.0], [-1]))
    exclusion = counting(3.0, 3.0).exclusion(outside, "bracket")
    assert exclusion.intervals == ()
    assert exclusion.reason == "no event in any bin"
    weak = sample(channel([1e-9] * 4, [0.0] * 4, [1.0] * 4, [0] * 4))
    assert "no crossing" in counting(3.0, 3.0).exclusion(weak, "bracket").reason
    assert len(counting(3.0, 3.0).deciding(weak)) == 1


def test_bins_add_up_and_stay_when_rows_are_joined():
    made = random_bands(1)
    total = sum(made.in_bin(b).expected_events(1e-3).value for b in range(-1, 6))
    assert total == pytest.approx(made.expected_events(1e-3).value, rel=1e-12)
    rows = made.channel_rows[0].rows
    halves = [rows.selected(np.arange(400) < 150), rows.selected(np.arange(400) >= 150)]
    joined = Rows.joined(halves)
    assert np.array_equal(joined.bin, rows.bin)
    assert made.in_bin(2).n_samples == made.n_samples
