"""Columns of rows, and what they say at a point: chances, their slopes, and the same in decay lengths."""

from typing import NamedTuple

import numpy as np

from darkmc.core.flight import decay_chance, decay_chance_slope, decay_depth, mean_survival
from darkmc.core.kinematics import Array
from darkmc.sample.point import Point, Unstable

NOTHING = np.empty(0)


class RowColumns(NamedTuple):
    """What the yield of some rows depends on, as in :class:`Rows`; empty where there is no such factor.

    Of k points side by side all results are (k, n).
    """

    weight: Array
    survive: Array
    window: Array
    absorb: Array = NOTHING
    second: Array = NOTHING
    veto: Array = NOTHING
    average: Array = NOTHING

    def chances(self, point: Point) -> Array:
        """Return what share of each row survives, decays where it must, and is not seen where it must not."""
        rate = point.rate
        out: Array = self.survive * -rate
        if len(self.absorb):
            out -= self.absorb * point.coupling**2
        np.exp(out, out=out)
        if len(self.window):
            out *= decay_chance(self.window, rate)
        if len(self.second):
            out *= decay_chance(self.second, rate)
        if len(self.veto):
            out *= (1.0 - point.visible) + point.visible * self._unseen(rate)
        return out

    def _unseen(self, rate: float) -> Array:
        """Return the chance that a state which would be seen to decay does so too late."""
        out: Array = np.exp(-self.veto * rate)
        return out * mean_survival(self.average, rate) if len(self.average) else out

    def steepness(self, point: Point) -> Array:
        """Return d ln/d ln G of :meth:`chances`."""
        rate, growth = point.rate, 2.0 * point.induced
        each = self.survive * -rate
        if len(self.window):
            each += decay_chance_slope(self.window, rate)
        if len(self.second):
            each += decay_chance_slope(self.second, rate)
        out: Array = growth * each
        if len(self.veto):
            out += self._veto_steepness(point)
        return out - 2.0 * self.absorb * point.coupling**2 if len(self.absorb) else out

    def _veto_steepness(self, point: Point) -> Array:
        log_slope: Array = -self.veto * point.rate
        if len(self.average):
            log_slope += decay_chance_slope(self.average, point.rate) - 1.0
        log_slope *= 2.0 * point.induced
        if np.all(point.visible == 1.0):
            return log_slope
        unseen = self._unseen(point.rate)
        whole = (1.0 - point.visible) + point.visible * unseen
        out: Array = point.visible * (point.shift * (unseen - 1.0) + unseen * log_slope) / whole
        return out


class LifetimeRows(NamedTuple):
    """Rows of w G^power exp(-(survive + absorb) G^2) (1 - exp(-window G^2)) (1 - exp(-second G^2)).

    Lengths in decay lengths at G = 1; inf: no such window.
    """

    weight: Array
    power: float
    survive: Array
    window: Array
    second: Array
    absorb: Array


def in_lifetimes(
    rows: RowColumns, power: float, lifetimes: int, states: tuple[str, ...], unstable: Unstable
) -> LifetimeRows:
    """Return rows with lengths over c tau at G = 1; an average becomes a window, and leaves G^-2."""
    one = unstable.at(1.0)
    weight = rows.weight * one.factor(power, lifetimes, states)
    power += 2.0 * lifetimes
    survive = rows.survive * one.rate
    window, second = (
        decay_depth(lengths, one.rate) if len(lengths) else np.full_like(survive, np.inf)
        for lengths in (rows.window, rows.second)
    )
    if len(rows.veto):
        survive = survive + rows.veto * one.rate
    if len(rows.average):
        length, power = rows.average * one.rate, power - 2.0
        weight = weight / np.where(length > 0.0, length, 1.0)
        free = np.isinf(window)
        window, second = np.where(free, length, window), np.where(free, second, length)
    absorb = rows.absorb if len(rows.absorb) else np.zeros_like(weight)
    return LifetimeRows(weight, power, survive, window, second, absorb)
