"""The fewest primaries of each channel: closed forms, an independent minimiser, and what a pilot may miss."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from darkmc.engine.split import LEAST_SHARE, Need, Shown, fewest_rows, for_large_rows, surely_enough
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.sample import Sample


def need(variance, error, square=None, largest=0.0, rows=0.0, value=1.0, tried=512.0):
    variance = np.array(variance, dtype=float)
    like = np.ones_like(variance)
    square = np.zeros_like(variance) if square is None else np.array(square)
    shown = Shown(value, tried * like, like / len(like), square, largest * like, variance, 0.0 * like)
    return Need(shown, error, rows)


def test_one_need_is_split_by_spread_over_the_root_of_the_cost():
    variance, costs = np.array([4.0, 1.0, 9.0]), np.array([1.0, 4.0, 1.0])
    rows = fewest_rows([need(variance, 0.1)], costs)
    assert rows / rows[0] == pytest.approx([1.0, 0.25, 1.5])
    assert np.sum(variance / rows) == pytest.approx(0.01)


@pytest.mark.parametrize("seed", range(5))
def test_several_needs_cost_no_more_than_a_minimiser_finds(seed):
    rng = np.random.default_rng(seed)
    terms = rng.lognormal(sigma=1.0, size=(3, 5))
    costs = rng.uniform(1.0, 4.0, 5)
    rows = fewest_rows([need(row, 1.0) for row in terms], costs)
    assert np.all(terms @ (1.0 / rows) <= 1.0 + 1e-9)
    met = {"type": "ineq", "fun": lambda logs: 1.0 - terms @ np.exp(-logs)}
    start = np.log(np.full(5, 2.0 * np.sum(terms)))
    best = minimize(lambda logs: costs @ np.exp(logs), start, constraints=[met], tol=1e-10)
    assert best.success
    assert costs @ rows == pytest.approx(best.fun, rel=0.01)


def test_each_channel_gets_a_share_and_the_unknown_the_mean():
    rows = fewest_rows([need([1.0, 1.0, 1e-12], 0.1)], np.ones(3))
    assert rows[2] == pytest.approx(LEAST_SHARE * np.sum(rows), rel=0.03)
    rows = fewest_rows([need([4.0, 1.0, math.inf], 0.1)], np.ones(3))
    assert rows[2] == pytest.approx(np.mean(rows[:2]))
    assert not np.any(fewest_rows([need([1.0, 1.0], 0.1, value=0.0)], np.ones(2)))


def test_only_channels_with_a_row_that_is_too_large_grow_for_it():
    """A row of 5% of the sum among 512 is below 2% among 1280; before, all channels grew by quarters."""
    single = need([1.0, 1.0], 0.1, square=[0.5, 0.5])
    single = single._replace(shown=single.shown._replace(largest=512.0 * np.array([0.05, 0.01])))
    assert single.lacking == pytest.approx(2.5)
    assert single.lacking_in_all < 1.0
    assert for_large_rows([single], [512, 512], 1.25) == [1600, 512]


def test_effective_rows_and_the_largest_row_need_primaries_too():
    """Of rows of weight 0 or 1, one in ten: 400 effective ones are 4000 primaries."""
    chance, tried = 0.1, 4096
    weights = np.ones(int(chance * tried))
    nothing, window = np.zeros(len(weights)), np.full(len(weights), math.inf)
    rows = Rows(weights, nothing, window, nothing.astype(np.int32), np.arange(len(weights)), tried)
    sample = Sample((Channel("a", 0.0, 1.0, 1.0, 0, rows),), (), 1)
    shown = Shown.of(sample, 1.0)
    value, error = sample.expected_events(1.0)
    assert shown.value == pytest.approx(value)
    assert shown.error == pytest.approx(error / value, rel=1e-12)
    assert shown.rows == pytest.approx(len(weights))
    assert shown.peak == pytest.approx(sample.largest_row(1.0))
    chance = len(weights) / tried
    (wanted,) = fewest_rows([Need(shown, 0.1, 400.0)], np.ones(1))
    assert wanted == pytest.approx(400.0 / chance, rel=1e-9)
    (wanted,) = fewest_rows([Need(shown, 1.0, 10.0)], np.ones(1))
    assert wanted == pytest.approx(4.0 * 50.0 / chance, rel=1e-9)


def test_a_pilot_is_believed_the_more_the_better_it_knows():
    """Squared deviations with a spread of 10 of their mean, seen 500 times: 45%, and 1.5 of it is added."""
    variance = np.array([1.0])
    well, badly = (
        need(variance, 0.01, tried=500.0)._replace(
            shown=Shown(1.0, np.array([500.0]), variance, variance, 0.0 * variance, variance, spread)
        )
        for spread in (0.0 * variance, 100.0 * variance)
    )
    rows = fewest_rows([well], np.ones(1))
    assert surely_enough([well], rows) == pytest.approx(rows)
    factor = 1.0 + 1.5 * math.sqrt(100.0 * (1.0 / 500.0 + 1.0 / rows[0]))
    assert surely_enough([badly], rows) == pytest.approx(factor * rows)
