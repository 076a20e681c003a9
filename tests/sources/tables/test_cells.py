"""Cells of constant density: density, sampler and contents are the same."""

import numpy as np
import pytest
from scipy.integrate import quad
from table_cards import smooth_contents

from darkmc.sources.tables.cells import Cells, measures
from darkmc.sources.tables.lookup import Bins, Guide

MOMENTA = np.geomspace(0.5, 300.0, 25)
ANGLES = np.concatenate([np.geomspace(1e-5, 1.0, 41), [np.pi]])
ASIDE = np.geomspace(1e-3, 2.0, 31)
BOTH = pytest.mark.parametrize("across", [ANGLES, ASIDE], ids=["angle", "transverse"])


def cells(across, **more):
    contents = smooth_contents(MOMENTA, across, across is ASIDE)
    contents[10, 3:5] = contents[:, -2] = 0.0
    return Cells(MOMENTA, across, across is ASIDE, contents, **more)


@pytest.mark.parametrize("low", [0.3, 2.0, 7000.0])
@pytest.mark.parametrize("edges", [(0.0, 0.05), (0.05, 0.4), (0.9, 1.7)])
def test_the_room_of_cells_in_transverse_momentum(low, edges):
    """Against a quadrature of the solid angle over momentum."""

    def ring(p):
        first, last = (np.arcsin(min(edge / p, 1.0)) for edge in edges)
        return 4.0 * np.pi * np.sin(0.5 * (first + last)) * np.sin(0.5 * (last - first))

    kinks = [edge for edge in edges if low < edge < 1.2 * low]
    expected = quad(ring, low, 1.2 * low, points=kinks or None, epsabs=0.0, epsrel=1e-11)[0]
    found = measures(np.array([low, 1.2 * low]), np.array(edges), in_transverse=True)[0, 0]
    assert found == pytest.approx(expected, rel=1e-8, abs=0.0)


def test_the_room_of_cells_in_angle():
    found = measures(np.array([1.0, 3.0]), np.array([0.0, 0.5 * np.pi, np.pi]), in_transverse=False)
    np.testing.assert_allclose(found, 4.0 * np.pi, rtol=1e-14)


@BOTH
def test_contents_are_kept_and_the_core_is_one(across):
    """Every cell that does not end below 0.05 GeV of p_T keeps its content; those that do share theirs."""
    made = cells(across)
    middle = 0.5 * (MOMENTA[1:] + MOMENTA[:-1])[:, None]
    ends = (
        across[1:] + 0.0 * middle if across is ASIDE else middle * np.sin(np.minimum(across[1:], 0.5 * np.pi))
    )
    shared = ends <= 0.05
    shared[:, 0] = True
    np.testing.assert_allclose(made.shares[~shared], made.contents[~shared], rtol=1e-12)
    np.testing.assert_allclose(made.shares.sum(axis=1), made.contents.sum(axis=1), rtol=1e-12)
    for column in range(len(MOMENTA) - 1):
        p = np.full(20, middle[column, 0])
        edge = across[1:][shared[column]].max()
        theta = np.linspace(0.0, 0.999, 20) * (np.arcsin(edge / p) if across is ASIDE else edge)
        density = made.density(p, np.cos(theta), np.square(p * np.sin(theta)))
        assert np.ptp(density) == 0.0
        assert density[0] > 0.0


@BOTH
def test_the_density_integrates_to_the_contents(across):
    """A midpoint sum over momentum and the exact solid angle, cell by cell, of what a user asks for."""
    made = cells(across)
    x = (np.arange(200) + 0.5) / 200
    chosen = ((3, 35), (12, 33), (20, 30)) if across is ANGLES else ((3, 25), (12, 20), (20, 28))
    for column, row in chosen:
        p = MOMENTA[column] + np.diff(MOMENTA)[column] * x
        ends = [np.full_like(p, across[row + k]) for k in (0, 1)]
        first, last = (np.arcsin(np.minimum(end / p, 1.0)) if across is ASIDE else end for end in ends)
        theta = 0.5 * (first + last)
        density = made.density(p, np.cos(theta), np.square(p * np.sin(theta)))
        room = 2.0 * np.pi * (np.cos(first) - np.cos(last))
        total = np.mean(density * room) * np.diff(MOMENTA)[column]
        assert total == pytest.approx(made.contents[column, row], rel=1e-4)


@BOTH
def test_sampler_and_density_agree(across):
    """The sum of weights in each of 24 x 6 boxes against the contents; weights are bounded."""
    made = cells(across)
    n = 200_000
    p, theta, weight = made.draw(np.random.default_rng(1).random((3, n)), 3.0)
    assert np.mean(weight) == pytest.approx(3.0 * made.integral, rel=3e-3)
    assert np.max(weight) < 1.9 * np.mean(weight)  # found: 1.0 and 1.72
    where = p * np.sin(theta) if across is ASIDE else theta
    assert np.all((p >= MOMENTA[0]) & (p <= MOMENTA[-1]) & (theta >= 0.0))
    coarse = across[::6].copy()
    coarse[0] = 0.0
    found, _, _ = np.histogram2d(p, where, (MOMENTA, coarse), weights=weight / n)
    square, _, _ = np.histogram2d(p, where, (MOMENTA, coarse), weights=(weight / n) ** 2)
    expected = (
        3.0 * np.add.reduceat(made.shares, np.arange(0, len(across) - 1, 6), axis=1)[:, : len(coarse) - 1]
    )
    enough = square > 0.0
    pull = ((found - expected) / np.sqrt(np.where(enough, square, 1.0)))[enough & (expected > 2e-4)]
    assert len(pull) > 20
    assert abs(np.mean(pull**2) - 1.0) < 6.0 * np.sqrt(2.0 / len(pull))  # chance of failure below 1e-6


@BOTH
def test_momenta_are_drawn_wherever_there_are_mesons(across):
    """Of a mixture with a steep factor the weight is bounded, and its mean is the integral."""
    made = cells(across)

    def mixture(p):
        return made.proposal(p) * np.exp(p / 50.0)

    table = made.momentum_table(mixture)
    p, slope = table.sample(np.random.default_rng(2).random(200_000))
    weight = mixture(p) * slope
    column = np.searchsorted(MOMENTA, p, side="right") - 1
    assert {*column} == set(range(len(MOMENTA) - 1))
    low, high = MOMENTA[:-1], MOMENTA[1:]
    exact = np.sum(made.proposal(low) * 50.0 * (np.exp(high / 50.0) - np.exp(low / 50.0)))
    assert np.mean(weight) == pytest.approx(exact, rel=1e-3)
    assert np.max(weight) <= 1.02 * exact


def test_bins_are_those_of_a_search():
    rng = np.random.default_rng(3)
    for edges in (np.geomspace(1e-3, 1e3, 200), np.linspace(0.0, 3.0, 50), np.sort(rng.random(300) ** 4)):
        x = np.concatenate([edges, rng.random(10_000) * 2.0 * edges[-1], edges * (1.0 - 1e-15)])
        np.testing.assert_array_equal(Bins(edges)(x), np.searchsorted(edges, x, side="right") - 1)


def test_what_is_no_number_lies_beyond():
    assert Bins(np.array([0.0, 1.0, 2.0]))(np.array([np.nan, np.inf, 0.5, 0.0])).tolist() == [2, 2, 0, 0]
    made = cells(ANGLES)
    p, cosine = np.array([np.nan, 0.0, 5.0]), np.array([1.0, -1.0, np.nan])
    np.testing.assert_array_equal(made.density(p, cosine, np.array([0.01, 0.0, np.nan])), 0.0)


def test_shares_are_those_of_a_search():
    rng = np.random.default_rng(4)
    shares = rng.random(5000) ** 20 * (rng.random(5000) < 0.5)
    u = rng.random(20_000)
    total = np.cumsum(shares)
    np.testing.assert_array_equal(Guide(shares).pick(u), np.searchsorted(total / total[-1], u, side="right"))


@BOTH
def test_groups_are_events(across):
    """Sums of 32 groups scatter as those of so many events of a list would, in 8 blocks of each column.

    A variance of 31 degrees of freedom each: 3% for those of 1000 draws or more, 2% for how slices differ.
    """
    events = np.rint(1e5 * smooth_contents(MOMENTA, across, across is ASIDE) / 3.0)
    made = cells(across, events=events)
    p, theta, weight = made.draw(np.random.default_rng(5).random((3, 400_000)), 1.0)
    where = p, np.cos(theta), np.square(p * np.sin(theta))
    first = made.whose.ravel()
    block = 8 * (np.arange(len(first)) // made.shares.shape[1]) + first % 8
    drawn_block = block[made.cell(*where)[0]]
    sums = np.bincount(32 * drawn_block + made.groups(*where), weight, 32 * 192).reshape(192, 32)
    whole = [np.bincount(first, x.ravel(), len(first)) for x in (made.shares, events)]
    of_events = np.bincount(block, (len(p) * whole[0]) ** 2 / np.maximum(whole[1], 1.0), 192)
    ratio = 32.0 * np.var(sums, axis=1, ddof=1) / (of_events + np.bincount(drawn_block, weight**2, 192))
    many = np.bincount(drawn_block, minlength=192) > 1000
    assert np.count_nonzero(many) > 50
    assert abs(np.mean(ratio[many]) - 1.0) < 4.5 * np.sqrt(2.0 / 31.0 / np.count_nonzero(many)) + 0.02
