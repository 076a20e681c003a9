"""Several rows of one primary: as many as it needs, each with a stage of its own."""

import numpy as np
import pytest

from darkmc.sample.rows import Channel, Rows
from darkmc.sample.sample import Sample

COUPLINGS = (0.1, 1.0, 3.0)


def sample(columns, stage, index, tried, rows_per_primary, n_cuts):
    rows = Rows(*columns, np.array(stage, np.int32), np.array(index), tried)
    channel = Channel("made by hand", 2.0, 1.0, 1.0, n_cuts, rows, rows_per_primary)
    return Sample((channel,), tuple(f"cut {k}" for k in range(n_cuts)), seed=1)


def test_a_window_in_pieces_is_the_window():
    """exp(-s) W(w1 + w2 + w3) is the sum of its pieces; the error is that of primaries, not of pieces."""
    rng = np.random.default_rng(1)
    n = 60
    weight, start, *widths = rng.exponential(size=(5, n))
    pieces = rng.integers(1, 4, n)  # of each primary
    edges = [start + sum(widths[:k]) for k in range(4)]
    whole = [edges[count][i] - start[i] for i, count in enumerate(pieces)]
    once = sample((weight, start, np.array(whole)), np.zeros(n), np.arange(n) * 2, 2 * n, 1, 0)
    of = np.repeat(np.arange(n), pieces)
    number = np.concatenate([np.arange(count) for count in pieces])
    columns = (weight[of], np.array(edges)[number, of], np.array(widths)[number, of])
    cut = sample(columns, np.zeros(len(of)), of * 2, 2 * n, 3, 0)
    for g in COUPLINGS:
        for method in ("expected_events", "slope"):
            assert getattr(cut, method)(g) == pytest.approx(getattr(once, method)(g), rel=1e-12)
        assert cut.efficiency(g) == pytest.approx(once.efficiency(g), rel=1e-12)
        assert cut.largest_row(g) == pytest.approx(once.largest_row(g), rel=1e-12)
        assert cut.cutflow(g)["produced_towards_detector"].value == pytest.approx(
            np.sum(weight) * g**2 / 2 / n
        )


def test_pieces_fail_cuts_one_by_one():
    weight, survive, window = np.ones(5), np.array([0.0, 1.0, 2.0, 0.5, 1.5]), np.full(5, 1.0)
    stage, index = [0, 2, 1, 2, 2], [0, 0, 0, 3, 3]
    found = sample((weight, survive, window), stage, index, 10, 3, 2)
    for g in COUPLINGS:
        t = g**2
        terms = t * np.exp(-survive * t) * -np.expm1(-window * t)
        flow = found.cutflow(g)
        first, second = terms[:3], terms[3:]
        for name, parts in (
            ("decays_inside", (sum(first), sum(second))),
            ("cut 0", (sum(first[1:]), sum(second))),
            ("cut 1", (first[1], sum(second))),
        ):
            values = np.array([*parts, *np.zeros(8)])
            assert flow[name].value == pytest.approx(np.mean(values), rel=1e-12)
        (channel,) = found.channel_rows
        np.testing.assert_allclose(channel.contributions(g), [first[1], sum(second)], rtol=1e-12)
        np.testing.assert_allclose(channel.each(g), terms[[1, 3, 4]], rtol=1e-12)
        assert list(channel.leading) == [1, 3]
