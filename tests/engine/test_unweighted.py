"""Unweighted events: distributed as weighted ones, few above their bounds, at a like cost."""

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import darkmc
from darkmc.core.rng import CHUNK_ROWS
from darkmc.engine import events as events_module
from darkmc.engine.tries import _nth
from darkmc.engine.weight_bounds import MOST_ABOVE, Bounds, bounds_of

CASES = {  # decays in two final states, recoils with a trained map, a collider with photons radiated before
    "charm-finegrained": (0.03, 6e-5, ("photon", "electron", "dark_photon")),
    "lsnd": (0.02, 3e-5, ("recoil_electron", "meson_photon")),
    "babar-highcut": (0.1, 1e-3, ("photon", "dark_photon")),
}
NUMBER, BINS = 4000, 12
CHANCE = 1e-4  # that one of the comparisons fails for no reason; there are 36 of them


def made(name, unweighted, n=NUMBER, seed=1):
    mass, coupling, _ = CASES[name]
    return darkmc.Experiment(name).generate(darkmc.DarkAxionPortal(mass), coupling, n, unweighted, seed)


def columns(stream, particles):
    """Return weights, channels and by name energies and angles to the beam of some particles."""
    import awkward as ak

    every = ak.concatenate(list(stream))
    out = {}
    for name in particles:
        four = {key: np.asarray(every[name][key]) for key in ("E", "px", "py", "pz")}
        out[f"{name} energy"] = four["E"]
        out[f"{name} angle"] = np.arctan2(np.hypot(four["px"], four["py"]), four["pz"])
    for vertex in ("decay", "production"):
        if vertex in every.fields:
            out[f"{vertex} z"] = np.asarray(every[vertex]["z"])
    return np.asarray(every["weight"]), np.asarray(every["channel"]), out


def chance_of(first, second):
    """Return the chance of two weighted sets of one distribution to differ as much in bins alike full."""
    (x, v), (y, w) = (
        (values[np.isfinite(values)], weights[np.isfinite(values)]) for values, weights in (first, second)
    )
    edges = np.unique(np.quantile(x, np.linspace(0.0, 1.0, BINS + 1), method="inverted_cdf", weights=v))
    if len(edges) < 3:
        return 1.0
    edges[0], edges[-1] = -np.inf, np.inf
    sums = [np.histogram(a, edges, weights=b)[0] for a, b in ((x, v), (y, w))]
    variances = [np.histogram(a, edges, weights=b**2)[0] for a, b in ((x, v), (y, w))]
    chi2 = np.sum((sums[0] - sums[1]) ** 2 / (variances[0] + variances[1]))
    return float(stats.chi2.sf(chi2, len(edges) - 1))


@pytest.fixture(scope="module", params=CASES)
def both(request):
    return request.param, made(request.param, False), made(request.param, True)


def test_unweighted_events_are_distributed_as_weighted_ones(both):
    name, weighted, unweighted = both
    w, channels, first = columns(weighted, CASES[name][2])
    u, others, second = columns(unweighted, CASES[name][2])
    for key, values in first.items():
        assert chance_of((values, w), (second[key], u)) > CHANCE, key
    for channel in np.unique(channels):
        sums = [np.sum(x[c == channel]) for x, c in ((w, channels), (u, others))]
        error = np.sqrt(sum(np.sum(x[c == channel] ** 2) for x, c in ((w, channels), (u, others))))
        assert abs(sums[0] - sums[1]) < 5.0 * error, channel


def test_they_sum_to_the_same_yield(both):
    _, weighted, unweighted = both
    error = np.hypot(weighted.error, unweighted.error)
    assert abs(weighted.sum_of_weights - unweighted.sum_of_weights) < 4.5 * error
    assert unweighted.error < 0.05 * unweighted.sum_of_weights


def test_all_weigh_the_same_but_few_above_their_bounds(both):
    _, _, unweighted = both
    w, *_ = columns(unweighted, ())
    above = w > w.min() * (1.0 + 1e-12)
    assert np.count_nonzero(above) == unweighted.n_above_bound
    assert unweighted.share_above_bound == pytest.approx(np.sum(w[above]) / np.sum(w), abs=1e-12)
    assert unweighted.share_above_bound <= MOST_ABOVE
    assert np.sum(w) == pytest.approx(unweighted.sum_of_weights, rel=1e-9)
    assert unweighted.metadata["efficiency"] == NUMBER / unweighted.n_tried
    assert unweighted.metadata["share_above_bound"] == unweighted.share_above_bound


def test_bounds_that_are_too_low_are_raised(monkeypatch):
    """To a tenth of what the pilot says: otherwise half of the events would keep a weight of their own."""

    def low(plans, coupling):
        bounds = bounds_of(plans, coupling)
        return Bounds(bounds.plans, 0.1 * bounds.values, min(1.0, 10.0 * bounds.efficiency))

    right = made("charm-finegrained", True, 2000)
    monkeypatch.setattr(events_module, "bounds_of", low)
    raised = made("charm-finegrained", True, 2000)
    assert raised.share_above_bound <= MOST_ABOVE
    assert raised.n_tried > 0.5 * right.n_tried
    error = np.hypot(raised.error, right.error)
    assert abs(raised.sum_of_weights - right.sum_of_weights) < 4.5 * error


@pytest.mark.parametrize(("name", "mass"), [("charm-finegrained", 0.03), ("e137", 0.02), ("lsnd", 0.02)])
def test_events_of_some_primaries_are_those_of_the_whole_chunk(name, mass):
    """Of e137 a decay may have several rows."""
    experiment, several = darkmc.Experiment(name), 0
    experiment.topology.prepare()
    for plan in experiment.plans(darkmc.DarkAxionPortal(mass), [1e-4])[:4]:
        rows, events = plan.run_events(5, 3, 2000)
        primaries = np.unique(rows.index)[::3]
        some, chosen = plan.run_events(5, 3, 2000, primaries)
        where = np.flatnonzero(np.isin(rows.index, primaries))
        several += len(where) > len(primaries)
        assert np.array_equal(primaries[some.index], rows.index[where])
        np.testing.assert_allclose(some.produced, rows.produced[where], rtol=1e-12)
        for particle, four in chosen.momenta.items():
            np.testing.assert_allclose(four, events.momenta[particle][:, where], rtol=1e-9, atol=1e-12)
    assert bool(several) == (name == "e137")


def test_rows_of_a_primary_are_counted():
    assert _nth(np.array([4, 2, 4, 4, 7, 2])).tolist() == [0, 0, 1, 2, 0, 1]
    assert _nth(np.empty(0, dtype=np.intp)).tolist() == []


def test_the_pilot_bounds_what_other_rows_bring():
    experiment, portal, coupling = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(0.03), 6e-5
    experiment.topology.prepare()
    plans = experiment.plans(portal, [coupling])
    bounds = bounds_of(plans, coupling)
    total = heavy = 0.0
    for plan, bound in zip(bounds.plans, bounds.values, strict=True):
        values = plan.channel(plan.run(7, 0, 8 * CHUNK_ROWS)).each(coupling)
        total, heavy = total + np.sum(values), heavy + np.sum(values[values > bound])
    assert heavy < 2e-3 * total
    assert bounds.efficiency == pytest.approx(total / (8 * CHUNK_ROWS * np.sum(bounds.values)), rel=0.05)
    assert bounds_of(
        [replace(plan, efficiency=2.0 * plan.efficiency) for plan in plans], coupling
    ).values == (pytest.approx(2.0 * bounds.values))


def test_unweighted_events_cost_like_weighted_ones():
    """1.1 times as much in CPU time, 25 before their bounds followed from a pilot."""
    cost = {}
    for unweighted in (False, True):
        start = time.process_time()
        for _ in made("charm-finegrained", unweighted, 10_000):
            pass
        cost[unweighted] = time.process_time() - start
    assert cost[True] < 4.0 * cost[False]
