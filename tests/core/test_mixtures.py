"""Mixed draws against their densities: frequencies, means over what is drawn, integrals of the density."""

import numpy as np
import pytest

from darkmc.core.inverse_tables import gauss_legendre
from darkmc.core.mixtures import (
    ListDraw,
    TiltedDraw,
    half_flat,
    half_logarithmic_weight,
    half_near_the_end,
    window_weight,
)

N = 100_000


@pytest.mark.parametrize("ordered", [False, True])
def test_entries_are_drawn_by_their_chances(ordered):
    """Frequencies to 4.5 sigma; the mean weight is the sum of the worths, bounded by twice it."""
    rng = np.random.default_rng(1)
    share = rng.random(20) ** 6
    share /= np.sum(share)
    chance, order = half_flat(share), rng.permutation(20) if ordered else None
    assert np.sum(chance) == pytest.approx(1.0, rel=1e-14)
    assert np.all(chance >= 0.5 * share)
    assert np.all(chance >= 0.5 / 20)
    draw = ListDraw(3.0 * share, chance, order)
    drawn = draw.pick(rng.random(N))
    expected = N * chance
    counts = np.bincount(drawn, minlength=20)
    assert np.all(np.abs(counts - expected) < 4.5 * np.sqrt(expected))
    weight = draw.weight[drawn]
    assert abs(np.mean(weight) - 3.0) < 4.5 * np.std(weight) / np.sqrt(N)
    assert np.max(weight) < 6.0


def test_larger_numbers_draw_later_entries():
    """In the order that is given, each at its part of the numbers."""
    draw = ListDraw(np.ones(3), np.array([0.2, 0.5, 0.3]), np.array([2, 0, 1]))
    assert draw.pick(np.array([0.0, 0.29, 0.31, 0.49, 0.51, 0.999])).tolist() == [2, 2, 0, 0, 1, 1]


@pytest.mark.parametrize("width", [1e-3, 0.5, 1.9])
def test_window_weights_turn_the_mixture_into_a_flat_density(width):
    """The density, 1/(2 weight), is of integral 1; what the window has more than the rest is its share."""
    inside, outside = (0.5 / window_weight(place, width, 0.75) for place in (True, False))
    assert inside * width + outside * (2.0 - width) == pytest.approx(1.0, rel=1e-12)
    assert (inside - outside) * width == pytest.approx(0.75, rel=1e-12)


def test_without_window_nothing_is_weighted():
    assert window_weight(np.array([True, False]), np.zeros(2), 0.75).tolist() == [1.0, 1.0]


def test_half_logarithmic_places_have_their_density():
    """Integral 1, and half of the logarithmic part below the geometric mean."""
    low, high = 1.0, 300.0
    middle = np.sqrt(low * high)
    for end, expected in ((high, 1.0), (middle, 0.25 + 0.5 * (middle - low) / (high - low))):
        nodes, weights = gauss_legendre(low, end, 200)
        found = np.sum(weights / half_logarithmic_weight(nodes, low, high))
        assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("size", [1e-5, 1.0, 200.0])
def test_distances_from_the_end_and_their_density(size):
    """Means of what falls off near the end and of what does not, and the share that is drawn nearby."""
    uniform = (np.arange(N) + 0.5) / N
    distance, weight = half_near_the_end(uniform, np.full(N, size), 1e-3)
    assert 0.0 < np.min(distance) <= np.max(distance) <= size
    for scale in (1e-3, 0.1, 1e3):
        exact = scale * -np.expm1(-size / scale)
        assert np.mean(weight * np.exp(-distance / scale)) == pytest.approx(exact, rel=1e-4)
    assert half_near_the_end(uniform, np.zeros(N), 1e-3)[0].max() == 0.0
    part = np.searchsorted(np.sort(distance), 0.5 * size) / N
    span = np.log1p(size / 1e-3)
    assert part == pytest.approx(0.25 + 0.5 * np.log1p(0.5 * size / 1e-3) / span, abs=1e-4)


@pytest.mark.parametrize("factors", [(1.0, 1.0, 1.0), (0.1, 1.0, 0.3), (1e-3, 1e3, 1.0)])
def test_a_tilted_draw_takes_entries_by_its_weights(factors):
    """As often as worth over weight says, in every stretch of the order."""
    rng = np.random.default_rng(4)
    worth, chance, order = rng.random(30), rng.random(30) ** 4 + 1e-3, rng.permutation(30)
    draw = ListDraw(worth, chance / np.sum(chance), order)
    tilted = TiltedDraw(draw, np.array([0, 7, 8]), np.array(factors))
    uniform = (np.arange(200_000) + 0.5) / 200_000
    entry, weight = tilted.pick(uniform)
    share = np.bincount(entry, minlength=30) / len(uniform)
    found = np.bincount(entry, weight, 30) / len(uniform)
    seen = share > 1e-3
    np.testing.assert_allclose(found[seen], worth[seen], rtol=1e-2)
    stretch = np.searchsorted([7, 8], np.argsort(order)[entry], side="right")
    sizes = np.bincount([0] * 7 + [1] + [2] * 22, (chance / np.sum(chance))[order])
    over = np.vdot(sizes, factors) / np.array(factors)
    np.testing.assert_allclose(weight, draw.weight[entry] * over[stretch], rtol=1e-12)
    assert np.all(np.diff(stretch) >= 0)
    for u in (0.0, 1.0 - 2.0**-53):
        assert np.all(np.isfinite(tilted.pick(np.array([u]))[1]))
