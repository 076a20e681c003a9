"""How many primaries each channel gets: the fewest that reach a precision, by what rows show.

With n_c primaries of channel c the relative error of N is the root of sum_c v_c/n_c, v_c the variance of a
primary's contribution over N^2.  For one coupling sum_c v_c/n_c = e^2 costs least with n_c proportional to
sqrt(v_c/cost_c) (Lagrange); for several, v_c is their sum, each over its e^2 and times a multiplier that is
zero where more than enough is known.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.estimates import LEAST_ENTRIES
from darkmc.core.kinematics import Array
from darkmc.limits.deciding import Deciding
from darkmc.sample.sample import Sample

LARGEST_ROW = 0.02  # share of the sum that no row may exceed
LEAST_SHARE = 0.02  # of all rows, for every channel
PEAK_GROWTH = 4.0  # more rows have larger ones among them
SURE, MOST_MARGIN = 1.5, 2.0  # standard deviations that are added to what a pilot says; and at most
FEW = 20.0  # effective rows of a pilot's channel that are too few
KNOWN = 0.25  # relative error of a variance that is known well enough
_STEPS, _TINY = 100, 1e-100


class Shown(NamedTuple):
    """What rows show of the channels at one coupling: arrays (channels,), of contributions over the yield.

    Attributes
    ----------
    value : float
        The yield.
    tried, mean, square, largest : array
        Primaries; means of their contribution and of its square; the largest contribution.
    variance, spread : array
        Variance of a primary's contribution, inf where nothing is known of it, and of its squared deviation.
    """

    value: float
    tried: Array
    mean: Array
    square: Array
    largest: Array
    variance: Array
    spread: Array

    @classmethod
    def of(cls, sample: Sample, coupling: float) -> "Shown":
        """Return what a sample shows at a coupling."""
        parts = [channel.weights(coupling) for channel in sample.channel_rows]
        tried = np.array([max(part.tried, 1) for part in parts], dtype=float)
        value = float(sum(np.sum(part.values) / n for part, n in zip(parts, tried, strict=True)))
        unit = value if value > 0.0 else 1.0
        mean, square, largest, variance, spread = np.zeros((5, len(parts)))
        for k, (part, n) in enumerate(zip(parts, tried, strict=True)):
            values, entries = part.values / unit, part.entries if len(part.entries) else 1.0
            each = values / entries
            mean[k], square[k] = np.sum(values) / n, np.sum(values * each) / n
            own = max(square[k] - mean[k] ** 2, 0.0)
            zeros = 1.0 - (float(np.sum(entries)) if len(part.entries) else len(values)) / n
            fourth = np.sum(entries * (each - mean[k]) ** 4) / n + zeros * mean[k] ** 4
            variance[k] = own * n / (n - 1.0) + (part.unseen / unit) ** 2 / n if n > 1.0 else math.inf
            spread[k] = max(fourth - own**2, 0.0)
            largest[k] = np.max(np.abs(values * (part.tops if len(part.tops) else 1.0)), initial=0.0)
        return cls(value, tried, mean, square, largest, variance, spread)

    @property
    def rows(self) -> float:
        """Effective rows, (sum w)^2/sum w^2."""
        return _effective(self.value, np.sum(self.square / self.tried))

    @property
    def rows_of_channels(self) -> Array:
        """Effective rows of each channel by itself."""
        squares = np.where(self.square > 0.0, self.square, np.inf)
        out: Array = self.tried * self.mean**2 / squares
        return out

    @property
    def error(self) -> float:
        """Relative error of the yield; inf where it is unknown."""
        return math.sqrt(np.sum(self.variance / self.tried)) if self.rows >= LEAST_ENTRIES else math.inf

    @property
    def peak(self) -> float:
        """Share of the largest row in the sum."""
        return float(np.max(self.largest / self.tried, initial=0.0)) if self.value > 0.0 else 0.0


def _effective(value: float, squares: float) -> float:
    return 1.0 / float(squares) if value > 0.0 and squares > 0.0 else 0.0


class Need(NamedTuple):
    """What is shown at a coupling, the relative error of N allowed there, and the least effective rows."""

    shown: Shown
    error: float
    rows: float

    @classmethod
    def of(cls, point: Deciding, precision: float) -> "Need":
        """Return what a point needs."""
        shown = Shown.of(point.curve, point.coupling)
        return cls(shown, point.allowed(precision), point.least_rows)

    @property
    def lacking(self) -> float:
        """How many times as many rows, split as they are, are needed; inf: unknown."""
        return max(self.lacking_in_all, self.shown.peak / LARGEST_ROW)

    @property
    def lacking_in_all(self) -> float:
        """The same, but for single rows that are too large."""
        shown = self.shown
        if not (shown.rows > 0.0 and math.isfinite(shown.error)):
            return math.inf
        return max((shown.error / self.error) ** 2, self.rows / shown.rows)

    def per_primary(self) -> Array:
        """Return arrays (2, channels), whose sums over the numbers of primaries must be at most 1."""
        return np.stack([self.shown.variance / self.error**2, self.shown.square * self.rows])

    def unsure(self, rows: Array, shown_by: Array | float) -> Array:
        """Return relative errors of sum_c v_c/n_c, squared, by channel: of so many rows, known by some."""
        known = np.isfinite(self.shown.variance)
        total = float(np.sum((self.shown.variance / rows)[known]))
        parts = self.shown.spread / shown_by / rows**2
        out: Array = np.where(known, parts, 0.0) / (total**2 if total > 0.0 else 1.0)
        return out

    def margin(self, rows: Array) -> float:
        """Return by what factor a pilot's sum of v/n may be too small, or that of so many rows be larger."""
        both = self.unsure(rows, self.shown.tried) + self.unsure(rows, rows)
        return min(1.0 + SURE * math.sqrt(float(np.sum(both))), MOST_MARGIN)


def unknown_channels(needs: Sequence[Need]) -> NDArray[np.bool_]:
    """Return of which channels nothing is known."""
    out: NDArray[np.bool_] = ~np.all([np.isfinite(need.shown.variance) for need in needs], axis=0)
    return out


def fewest_rows(needs: Sequence[Need], costs: Array, least_share: float = LEAST_SHARE) -> Array:
    """Return the primaries (channels,) that all needs take at the least cost, a least share for each.

    A channel of which nothing is known gets the mean of the others.  Zeros where no need shows a yield.
    """
    seen = [need for need in needs if need.shown.value > 0.0]
    out = np.zeros(len(costs))
    known = ~unknown_channels(seen) if seen else out > 0.0
    if not np.any(known):
        return out
    terms = np.concatenate([need.per_primary()[:, known] for need in seen])
    out[known] = np.maximum(_least_cost(terms, costs[known]), _for_peaks(seen)[known])
    out[~known] = np.mean(out[known])
    return np.maximum(out, least_share * np.sum(out))


def surely_enough(needs: Sequence[Need], rows: Array) -> Array:
    """Return more or fewer primaries, split alike, that are enough even if a pilot saw too little."""
    factor = 0.0
    for need in needs:
        if need.shown.value > 0.0:
            terms = need.per_primary()
            terms[:, ~np.isfinite(need.shown.variance)] = 0.0
            factor = max(factor, need.margin(rows) * float(np.max(np.sum(terms / rows, axis=1))))
    return np.maximum(factor * rows, _for_peaks(needs))


def little_known(needs: Sequence[Need], costs: Array) -> NDArray[np.bool_]:
    """Return of which channels a pilot shows too little, if ten times as much would matter."""
    few = np.any([need.shown.rows_of_channels < FEW for need in needs], axis=0)
    shares = fewest_rows(needs, costs, 0.0)
    out: NDArray[np.bool_] = few & (10.0 * shares >= LEAST_SHARE * np.sum(shares))
    return out | unknown_channels(needs)


def badly_known(needs: Sequence[Need], rows: Array) -> NDArray[np.bool_]:
    """Return the channels for which a pilot does not know what error so many rows will have."""
    out = np.zeros(len(rows), dtype=bool)
    for need in needs:
        parts = need.unsure(rows, need.shown.tried)
        if float(np.sum(parts)) > KNOWN**2:
            out |= parts > np.sum(parts) / len(rows)
    return out


def for_large_rows(needs: Sequence[Need], done: Sequence[int], growth: float) -> list[int]:
    """Return more primaries of the channels that have a row above LARGEST_ROW of the sum, of no other."""
    largest = np.max([need.shown.largest for need in needs], axis=0) / LARGEST_ROW
    return [math.ceil(growth * most) if most > n else n for n, most in zip(done, largest, strict=True)]


def _for_peaks(needs: Sequence[Need]) -> Array:
    """Return the primaries (channels,) with which probably no row is above LARGEST_ROW of the sum."""
    most: Array = PEAK_GROWTH / LARGEST_ROW * np.max([need.shown.largest for need in needs], axis=0)
    return most


def _least_cost(terms: Array, costs: Array) -> Array:
    """Return numbers n (channels,) of least cost with sum_c terms[k, c]/n_c <= 1 for every k."""
    multipliers = np.ones(len(terms))
    for _ in range(_STEPS):
        rows = np.sqrt(np.maximum(multipliers @ terms, _TINY) / costs)
        sums = np.sum(terms / rows, axis=1)
        most = float(np.max(sums))
        if most <= 0.0:
            return np.ones(len(costs))
        multipliers *= np.maximum(sums / most, _TINY)
    out: Array = rows * most
    return out
