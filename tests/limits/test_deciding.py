"""What precision is of: a coupling at an edge, the yield where it is flat or a coupling is given."""

import math

import numpy as np
import pytest

from darkmc.core.intervals import NO_EDGE, Exclusion
from darkmc.limits.criterion import Counting
from darkmc.limits.deciding import LEAST_AT_EDGES, Deciding, precision_of, precision_without_edges
from darkmc.limits.solve import edge_errors
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.sample import Sample


def survivors(survive, power=4.0, n=1000):
    """Return rows of N = G^power exp(-survive G^2)."""
    flat = np.ones(n)
    rows = Rows(flat, survive * flat, math.inf * flat, np.zeros(n, dtype=np.int32), np.arange(n), 2 * n)
    return Sample((Channel("a", power, 2.0, 1.0, 0, rows),), (), 1)


@pytest.mark.parametrize("coupling", [0.1, 0.9, 1.5, 3.0])
def test_the_power_of_an_edge_is_that_of_the_yield(coupling):
    """G^4 exp(-2 G^2) has d ln N/d ln G = 4 - 4 G^2."""
    power = 4.0 - 4.0 * coupling**2
    curve = survivors(2.0)
    errors = edge_errors(curve, coupling, curve.slope(coupling).value)
    assert errors.power == pytest.approx(power, rel=1e-9)
    value, error = curve.expected_events(coupling)
    assert errors.total / coupling * abs(power) == pytest.approx(error / value, rel=1e-9)
    allowed = Deciding(curve, coupling, power=errors.power).allowed(0.01)
    assert allowed == pytest.approx(0.01 * (abs(power) if abs(power) >= 0.5 else 1.0))


def test_at_a_tip_and_at_given_couplings_precision_is_that_of_the_yield():
    """At G = 1.05 the power is -0.41: the edge is known badly, however well N is."""
    curve = survivors(2.0)
    tip = edge_errors(curve, 1.05, curve.slope(1.05).value).power
    for point in (Deciding(curve, 1.05, power=tip), Deciding(curve, 0.1, of_limit=False)):
        assert point.allowed(0.01) == 0.01
    assert [precision_of(power) for power in (4.0, -30.0, 0.5, -0.4, 0.0)] == ["G", "G", "G", "N", "N"]
    assert precision_of(NO_EDGE.power) == ""


def test_a_limit_is_decided_at_its_edges_or_where_the_yield_is_largest():
    """G^4 exp(-2 G^2) is at most exp(-2), at 1."""
    curve = survivors(2.0)
    points = Counting(0.1).deciding(curve)
    assert len(points) == 2
    for point in points:
        assert point.power == pytest.approx(4.0 - 4.0 * point.coupling**2, rel=1e-6)
        assert curve.expected_events(point.coupling).value == pytest.approx(0.1, rel=1e-9)
    (point,) = Counting(0.2).deciding(curve)
    assert math.isnan(point.power)
    assert (point.of_limit, point.least_rows) == (True, LEAST_AT_EDGES)
    assert point.coupling == pytest.approx(1.0, rel=0.1)
    assert point.apart == pytest.approx(0.2 * math.exp(2.0) - 1.0, rel=1e-4)


@pytest.mark.parametrize(
    ("target", "allowed"), [(1e6, 0.05), (0.2, 0.05), (0.16, 0.0365), (0.14, 0.01), (0.1354, 0.01)]
)
def test_where_nothing_is_excluded_rows_tell_that(target, allowed):
    """The largest yield, exp(-2), is five errors from what is excluded, 5% at most and 1% at least."""
    (point,) = Counting(target).deciding(survivors(2.0))
    assert point.allowed(0.01) == pytest.approx(allowed, rel=1e-2)
    assert point.allowed(0.2) == 0.2
    gap = target * math.exp(2.0) - 1.0
    assert gap >= 4.99 * point.allowed(0.01) or point.allowed(0.01) == 0.01


def test_a_yield_of_nothing_is_far_from_what_is_excluded():
    (point,) = Counting(1.0).deciding(survivors(2.0, n=0))
    assert (point.apart, point.allowed(0.01)) == (math.inf, 0.05)


def test_what_was_sought_where_nothing_is_excluded():
    """Open ends of an exclusion have no precision; nor has what has no channel."""
    curve = survivors(2.0)
    assert precision_without_edges(Counting(0.2).exclusion(curve, "bracket")) == "decision"
    assert precision_without_edges(Counting(0.1).exclusion(curve, "bracket")) == ""
    assert precision_without_edges(Exclusion((), "bracket", "closed")) == ""
