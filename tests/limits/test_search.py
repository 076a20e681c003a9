"""The search for crossings: against fine grids for many sums of terms, odd ones too; terms in cells."""

import time

import numpy as np
import pytest

import darkmc
from darkmc.limits.search import Sum, polished, search
from darkmc.limits.solve import solve
from darkmc.sample.terms import Terms

GRID = np.geomspace(1e-12, 1e2, 30_001)


def value(groups, couplings):
    """Return N as it is written down, term by term."""
    total = np.zeros(len(couplings))
    for group in groups:
        for weight, (lost, *windows) in zip(group.weight, group.lengths.T, strict=True):
            term = weight * couplings**group.power * np.exp(-lost * couplings**2)
            for window in windows:
                term = term * -np.expm1(-window * couplings**2)
            total += group.sign * term
    return total


def odd(rng):
    """Return up to three powers with up to two windows: one bump or many, far apart, sharp, of minus sign."""
    groups = []
    for power in rng.choice([0.0, 2.0, 4.0, 6.0], size=rng.integers(1, 4), replace=False):
        windows, n = rng.integers(0, 3), rng.integers(1, 8)
        apart = (1 + windows, n if rng.random() < 0.5 else 1)
        lengths = 10 ** rng.uniform(-4, 22, apart) * np.exp(
            rng.normal(size=(1 + windows, n)) * rng.choice([0, 0.1, 1, 3])
        )
        if rng.random() < 0.2:
            lengths[0] = 0.0
        weight = 10 ** rng.uniform(-30, 30) * rng.lognormal(0, rng.choice([0.1, 2, 8]), n)
        groups.append(Terms(power, -1.0 if rng.random() < 0.1 and groups else 1.0, weight, lengths))
    return groups


def targets(rng, values):
    """Return numbers anywhere below the largest, and as near to a maximum or minimum as 1e-5."""
    top = np.max(values)
    turns = 1 + np.flatnonzero(np.diff(np.sign(np.diff(values))))
    near = [values[k] for k in turns if values[k] > 1e-200] or [top]
    return top * 10 ** rng.uniform(-4, 0), rng.choice(near) * (
        1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-5, -1)
    )


def check(groups, target, values):
    found = search(groups, target)
    above = values > target
    places = np.flatnonzero(above[1:] != above[:-1])
    assert found.above == above[0]
    for k in places:  # none is missed
        assert np.any((found.edges > GRID[k] * (1 - 1e-9)) & (found.edges < GRID[k + 1] * (1 + 1e-9)))
    if len(found.edges) > len(places):  # those beside are too near to each other for the grid
        assert np.min(np.diff(np.log(found.edges))) < 2 * np.log(GRID[1] / GRID[0])
    if all(group.sign > 0.0 for group in groups):  # where nothing cancels
        assert value(groups, found.edges) == pytest.approx(np.full(len(found.edges), target), rel=1e-6)
    assert value(groups, np.array([found.best]))[0] > 0.998 * np.max(values)
    shifted = found.edges * np.exp(1e-4 * np.cos(np.arange(len(found.edges))))
    better = polished(groups, shifted, target)
    assert better is None or better[0] == pytest.approx(found.edges, rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_no_crossing_is_missed(seed):
    rng = np.random.default_rng(seed)
    groups = odd(rng)
    values = value(groups, GRID)
    if np.max(values) > 0.0:
        for target in targets(rng, values):
            check(groups, target, values)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 1100))
def test_no_crossing_is_missed_in_a_thousand_sums(seed):
    test_no_crossing_is_missed(seed)


@pytest.mark.parametrize("shift", [-1e-3, -1e-6, 1e-6, 1e-3])
def test_a_dip_between_two_bands_is_found(shift):
    """Two bumps of unlike depth: the number lies just below, or above, the minimum between them."""
    groups = [Terms(4.0, 1.0, np.array([1e20, 1e12]), np.array([[1e10, 1e6]]))]
    between = np.geomspace(1e-5, 1e-3, 400_001)
    lowest = np.min(value(groups, between))
    assert len(search(groups, lowest * (1 + shift)).edges) == (4 if shift > 0 else 2)


def test_nothing_at_all():
    found = search([], 1.0)
    assert (len(found.edges), found.above, found.best) == (0, False, pytest.approx(1e-12))


def test_a_constant_is_above_or_below_everywhere():
    """N = 5: next to it the search ends, and says so."""
    groups = [Terms(0.0, 1.0, np.array([5.0]), np.array([[0.0]]))]
    assert (search(groups, 4.9).above, search(groups, 5.1).above) == (True, False)
    assert not search(groups, 5.001, margin=1e-3).sure


def rows(rng, n, windows):
    lengths = 1e8 * np.exp(0.4 * rng.normal(size=(1 + windows, n)))
    lengths[1:] = lengths[0] * rng.uniform(0.1, 0.3, (windows, n))
    return Terms(2.0, 1.0, rng.exponential(size=n), lengths)


@pytest.mark.parametrize("windows", [0, 1, 2])
def test_cells_keep_sums_and_two_moments(windows):
    """Weight, means and covariances exactly; N to 1e-5, and to 1e-3 where all has decayed."""
    terms = rows(np.random.default_rng(7), 60_000, windows)
    cells = terms.in_cells()
    assert len(cells.weight) < 0.5 * len(terms.weight)
    assert np.sum(cells.weight) == pytest.approx(np.sum(terms.weight), rel=1e-12)
    for x, y in zip(terms.lengths, cells.lengths, strict=True):
        assert np.sum(cells.weight * y) == pytest.approx(np.sum(terms.weight * x), rel=1e-12)
    both = terms.lengths[0] * terms.lengths[-1], cells.lengths[0] * cells.lengths[-1]
    assert np.sum(cells.weight * both[1]) == pytest.approx(np.sum(terms.weight * both[0]), rel=1e-12)
    couplings = np.geomspace(1e-6, 3e-3, 60)
    exact, near = Sum([terms]).at(couplings**2), Sum([cells]).at(couplings**2)
    shallow = exact.steepness > -5.0 * exact.value
    assert near.value[shallow] == pytest.approx(exact.value[shallow], rel=1e-5)
    deep = exact.steepness > -50.0 * exact.value
    assert near.value[deep] == pytest.approx(exact.value[deep], rel=2e-3)
    assert 20 < np.count_nonzero(shallow) < np.count_nonzero(deep) < 60


def test_the_slope_of_sums_against_differences():
    curve = Sum([rows(np.random.default_rng(3), 500, 2), rows(np.random.default_rng(4), 500, 0)])
    for g in (1e-6, 1e-4, 5e-4):
        below, above = (curve.one(g * (1 + step))[0] for step in (-1e-5, 1e-5))
        assert curve.slopes(np.array([g]))[0] == pytest.approx((above - below) / (2e-5 * g), rel=1e-6)


@pytest.fixture(scope="module")
def sample():
    return darkmc.Experiment("charm-finegrained").simulate(darkmc.DarkAxionPortal(0.03), n_samples=200_000)


@pytest.mark.parametrize("target", [0.01, 1.0, 99.0, 155.0])
def test_edges_by_cells_are_those_of_rows(sample, target):
    """To 1e-9, with a search on rows that knows no cells."""
    direct = search(sample.terms(), target).edges
    assert solve(sample, target).intervals[0][:2] == pytest.approx(direct, rel=1e-9)
    assert sample.expected_events(direct).value == pytest.approx([target, target], rel=1e-9)


def test_an_exclusion_is_solved_once(sample, monkeypatch):
    first = solve(sample, 77.0)
    monkeypatch.setattr("darkmc.limits.solve.search", None)
    assert solve(sample, 77.0) is first
    with pytest.raises(TypeError):
        solve(sample.in_bin(0), 77.0)


def test_many_couplings_are_one_pass(sample):
    """61 couplings with errors: 0.04 s of CPU on a free core; the same numbers as one by one."""
    couplings, took = np.geomspace(1e-5, 1e-3, 61), []
    for _ in range(5):
        start = time.process_time()
        many = sample.expected_events(couplings)
        took.append(time.process_time() - start)
    assert min(took) < 0.1
    one = [sample.expected_events(g) for g in couplings]
    assert np.array_equal(np.array(one).T, np.array(many))
