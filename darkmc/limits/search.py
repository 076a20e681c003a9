"""Where a sum of terms crosses a number: every crossing, none between the points of a grid missed.

With r = G^2 the terms of one power are r^P F(r), F the Laplace transform of what is not negative, hence
log-convex (Bernstein's theorem).  Between two couplings ln F lies below its chord and above both tangents:
bounds of N and of its slope follow from values and slopes at the ends alone, and an interval is divided until
they tell that N stays above the number, stays below it, or crosses it once.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.intervals import LOGARITHMIC, SCAN_HIGH, SCAN_LOW, Scale, crossing
from darkmc.core.kinematics import Array
from darkmc.sample.terms import Terms

_START = 15  # couplings to begin with, one per decade
ROUGH = LOGARITHMIC._replace(
    root=1e-5, root_share=1e-7
)  # for edges that are polished, and for the largest value
_AT_ONCE = 12  # couplings that are tried together, if so few intervals are open
_MOST_POINTS = 4000  # a sum that follows the number over decades is not followed for ever
_MOST_PEAK = 1.001  # of the largest value found, that another may be above it
_UNDERFLOW = -690.0  # in the logarithm: exp of less is lost
_STEPS, _SMALL_STEP, _LONG_STEP = (
    6,
    2e-7,
    0.1,
)  # of Newton's, which square: after a small one all digits are there


class Found(NamedTuple):
    """What a search found.

    Attributes
    ----------
    edges : array (n,)
        Couplings at which the sum crosses the number, increasing.
    above : bool
        It is above the number at the lowest coupling.
    best : float
        The coupling at which the sum is largest.
    sure : bool
        Nowhere does it come so near to the number that it cannot be told from it.
    """

    edges: Array
    above: bool
    best: float
    sure: bool


class _Curve(NamedTuple):
    """A sum of terms at k increasing r, and its groups: (g, k)."""

    r: Array
    value: Array
    steepness: Array  # r dN/dr
    log: Array  # ln F, or what it is below
    least: Array  # d ln F/dr, or what it is above and
    most: Array  # below
    lost: NDArray[np.bool_]  # F is below all numbers

    def and_at(self, other: "_Curve") -> "_Curve":
        """Return the curve at more points."""
        order = np.argsort(np.concatenate([self.r, other.r]), kind="stable")
        return _Curve(*(np.concatenate(pair, axis=-1)[..., order] for pair in zip(self, other, strict=True)))


class _Bounds(NamedTuple):
    """Between neighbouring points: bounds of N and of r dN/dr, (k - 1,)."""

    low: Array
    high: Array
    least_slope: Array  # r dN/dr is above this
    most_slope: Array  # and below this


class Sum:
    """A sum of terms.

    Parameters
    ----------
    groups : sequence of Terms
        Each of one power and one sign.
    """

    def __init__(self, groups: Sequence[Terms]) -> None:
        self.groups = groups
        self._sign = np.array([group.sign for group in groups]).reshape(-1, 1)
        # P, the power of r beside a Laplace transform: a window is r times one
        self._power = np.array([0.5 * group.power + group.windows for group in groups]).reshape(-1, 1)

    def at(self, r: Array) -> _Curve:
        """Return the sum at some r = G^2."""
        value, steepness = np.zeros((2, len(r)))
        log, least, most = np.zeros((3, len(self.groups), len(r)))
        lost = np.zeros(log.shape, dtype=bool)
        for k, group in enumerate(self.groups):
            total, growth = group.sums(r)
            half = 0.5 * group.power
            scale = group.sign * r**half
            value += scale * total
            steepness += scale * (half * total + growth)
            floor = math.log(float(np.sum(group.weight))) + _UNDERFLOW
            lost[k] = total <= math.exp(max(floor, -700.0))
            safe = np.where(lost[k], 1.0, total)
            log[k] = np.where(lost[k], floor, np.log(safe)) - group.windows * np.log(r)
            relative = np.minimum((growth / safe - group.windows) / r, 0.0)
            reach = float(np.max(np.sum(group.lengths, axis=0)))
            least[k], most[k] = np.where(lost[k], -reach, relative), np.where(lost[k], 0.0, relative)
        return _Curve(r, value, steepness, log, least, most, lost)

    def bounds(self, curve: _Curve) -> _Bounds:
        """Return bounds between the points of a curve."""
        first, last = curve.r[:-1], curve.r[1:]
        width, power = last - first, self._power
        log_1, log_2 = curve.log[:, :-1], curve.log[:, 1:]
        chord = np.minimum((log_2 - log_1) / width, -1e-300)
        top = np.clip(-power / chord, first, last)
        high = np.exp(power * np.log(top) + log_1 + chord * (top - first))
        down, up = curve.least[:, :-1], curve.most[:, 1:]
        meet = (log_2 - log_1 + down * first - up * last) / np.minimum(down - up, -1e-300)
        meet = np.clip(meet, first, last)
        tangent = np.minimum(log_1 + down * (meet - first), log_2 + up * (meet - last))
        ends = np.minimum(power * np.log(first) + log_1, power * np.log(last) + log_2)
        low = np.exp(np.minimum(ends, power * np.log(meet) + tangent))
        low[curve.lost[:, :-1] | curve.lost[:, 1:]] = 0.0
        least_slope, most_slope = power + last * down, power + first * up
        least_slope = least_slope * np.where(least_slope > 0.0, low, high)
        most_slope = most_slope * np.where(most_slope > 0.0, high, low)
        plus = self._sign > 0.0
        pairs = ((low, -high), (high, -low), (least_slope, -most_slope), (most_slope, -least_slope))
        return _Bounds(*(np.sum(np.where(plus, here, there), axis=0) for here, there in pairs))

    def slopes(self, couplings: Array) -> Array:
        """Return the derivatives by G at some couplings."""
        out: Array = 2.0 * self.at(np.square(couplings)).steepness / couplings
        return out

    def one(self, coupling: float) -> tuple[float, float]:
        """Return the sum at one coupling, and r times its derivative by r = G^2."""
        curve = self.at(np.array([coupling**2]))
        return float(curve.value[0]), float(curve.steepness[0])


def search(
    groups: Sequence[Terms],
    target: float,
    margin: float = 0.0,
    least_width: float = 1e-6,
    digits: Scale = LOGARITHMIC,
) -> Found:
    """Return all crossings of a sum of terms with a number between the ends of the scan.

    Parameters
    ----------
    groups : sequence of Terms
        The terms.
    target : float
        The number, above zero.
    margin : float
        Relative accuracy of the terms: what comes nearer to the number is not sure.
    least_width : float
        Intervals of ln r that are not divided any more.
    digits : Scale
        How exact crossings are.
    """
    curve_of = Sum(groups)
    curve = curve_of.at(np.geomspace(SCAN_LOW**2, SCAN_HIGH**2, _START))
    while True:
        bounds, above = curve_of.bounds(curve), curve.value > target
        known = (bounds.high < target * (1.0 - margin)) | (bounds.low > target * (1.0 + margin))
        known |= (bounds.least_slope > 0.0) | (bounds.most_slope < 0.0)
        best = float(np.max(curve.value))
        higher = (bounds.high > _MOST_PEAK * best) & (best > 0.0)
        wide = np.diff(np.log(curve.r)) > least_width
        divided = wide & (~known | higher)
        if not divided.any() or len(curve.r) + np.count_nonzero(divided) > _MOST_POINTS:
            break
        places = np.flatnonzero(divided)
        inside = np.arange(1, max(_AT_ONCE // len(places), 1) + 1)
        steps = (curve.r[places + 1] / curve.r[places])[:, np.newaxis] ** (inside / (len(inside) + 1))
        curve = curve.and_at(curve_of.at(np.ravel(curve.r[places][:, np.newaxis] * steps)))
    couplings = np.sqrt(curve.r)
    places = np.flatnonzero(above[1:] != above[:-1])
    edges = [_root(curve_of, target, couplings[k], couplings[k + 1], digits) for k in places]
    return Found(np.array(edges), bool(above[0]), _top(curve_of, curve), bool(known.all()))


def _root(curve_of: Sum, target: float, low: float, high: float, digits: Scale) -> float:
    def excess(coupling: float) -> float:
        value = curve_of.one(coupling)[0]
        return math.log(value / target) if value > 0.0 else -700.0

    return crossing(excess, low, high, digits)


def _top(curve_of: Sum, curve: _Curve) -> float:
    """Return where a curve is largest, refined where it rises before and falls behind."""
    k = int(np.argmax(curve.value))
    couplings = np.sqrt(curve.r[max(k - 1, 0) : k + 2])
    before, after = curve.steepness[max(k - 1, 0)], curve.steepness[min(k + 1, len(curve.r) - 1)]
    if not before > 0.0 > after:
        return math.sqrt(curve.r[k])
    return crossing(lambda g: curve_of.one(g)[1], float(couplings[0]), float(couplings[-1]), ROUGH)


def polished(groups: Sequence[Terms], edges: Array, target: float) -> tuple[Array, Array] | None:
    """Return crossings to all digits, and the slopes d/dG there, from some that are nearly right.

    By Newton's steps in logarithms.  None where they do not lead there: steps that are long or do not shrink,
    or crossings that change their order or direction.
    """
    curve_of, x = Sum(groups), np.log(edges)
    rising = None
    for _ in range(_STEPS):
        curve = curve_of.at(np.exp(2.0 * x))
        if not np.all(curve.value > 0.0):
            return None
        slope = 2.0 * curve.steepness / curve.value
        if np.any(slope == 0.0) or (rising is not None and np.any((slope > 0.0) != rising)):
            return None
        step, rising = -np.log(curve.value / target) / slope, slope > 0.0
        if np.any(np.abs(step) > _LONG_STEP):
            return None
        x = x + step
        if np.all(np.abs(step) < _SMALL_STEP):
            ordered = np.all(np.diff(x) > 0.0) and np.all(rising[1:] != rising[:-1])
            return (np.exp(x), 2.0 * curve.steepness / np.exp(x)) if ordered else None
    return None
