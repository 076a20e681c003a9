"""Where chi-squared lies below a level in a plane: a grid first, then every crossing by bisection."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array

TWO_DEGREES_95 = 5.99  # chi-squared of two degrees of freedom that 5% exceed
_BISECTIONS = 40  # of one step of the grid: 1e-12 of it
Places = NDArray[np.intp]


class Edge(NamedTuple):
    """An interval of y at one x with chi-squared below the level; an end may be that of the grid."""

    x: float
    lower: float
    upper: float


@dataclass(frozen=True, eq=False)
class Region:
    """Chi-squared in a plane, and where it is below a level.

    Attributes
    ----------
    x, y : array (n,)
        The grid, increasing.
    chi_squared : array (n, n)
        x first.
    level : float
        Of the contour.
    edges : tuple of Edge
        Where chi-squared is below the level, at each x of the grid.
    """

    x: Array
    y: Array
    chi_squared: Array
    level: float
    edges: tuple[Edge, ...]

    @property
    def share(self) -> float:
        """Share of the grid's points below the level."""
        return float(np.mean(self.chi_squared < self.level))


def least_distance(constant: Array, linear: Array, quadratic: Array, low: Array, high: Array) -> Array:
    """Return what of constant + linear c + quadratic c^2 is closest to zero while c runs from low to high.

    It takes every value between its least and its largest, which lie at the ends or at the turning point.
    """
    share = np.divide(-0.5, quadratic, out=np.zeros_like(quadratic), where=quadratic != 0.0)
    turning = np.clip(linear * share, low, high)
    values = [constant + c * (linear + c * quadratic) for c in (low, high, turning)]
    least = np.minimum(np.minimum(values[0], values[1]), values[2])
    largest = np.maximum(np.maximum(values[0], values[1]), values[2])
    out: Array = np.maximum(least, 0.0) + np.minimum(largest, 0.0)
    return out


def closest_to_zero(values: Array, axis: int) -> Array:
    """Return the values of least size along an axis, with their signs."""
    place = np.expand_dims(np.argmin(np.abs(values), axis=axis), axis)
    out: Array = np.take_along_axis(values, place, axis=axis).squeeze(axis)
    return out


def spaced(low: float, high: float, points: int) -> Array:
    """Return points evenly in the logarithm where both ends are above zero, else evenly."""
    return np.geomspace(low, high, points) if low > 0.0 else np.linspace(low, high, points)


def trace(grid: Array, pull: Callable[[Places, Array], Array], x: Array, y: Array, level: float) -> Region:
    """Return the region in which pull^2 is below a level.

    `grid` holds the pull on increasing grids of x and y; `pull` gives it for places in x (p,) and values of y
    (p,).  It is signed: a band narrower than a step of the grid shows as a change of sign.
    """
    search = _Search(pull, y[0] > 0.0, float(np.sqrt(level)))
    return Region(x, y, grid**2, level, tuple(_edges(search, x, y, grid)))


class _Search(NamedTuple):
    """Bisection between neighbours of the grid."""

    pull: Callable[[Places, Array], Array]
    logarithmic: bool
    limit: float

    def level(self, column: Places, inside: Array, outside: Array) -> Array:
        """Return where the pull leaves the limit."""
        return self._bisected(lambda y: np.abs(self.pull(column, y)) < self.limit, inside, outside)

    def zero(self, column: Places, negative: Array, positive: Array) -> Array:
        """Return where the pull changes its sign."""
        return self._bisected(lambda y: self.pull(column, y) < 0.0, negative, positive)

    def _bisected(self, holds: Callable[[Array], NDArray[np.bool_]], yes: Array, no: Array) -> Array:
        for _ in range(_BISECTIONS if yes.size else 0):
            middle = np.sqrt(yes * no) if self.logarithmic else 0.5 * (yes + no)
            good = holds(middle)
            yes, no = np.where(good, middle, yes), np.where(good, no, middle)
        return yes


def _edges(search: _Search, x: Array, y: Array, pull: Array) -> Iterator[Edge]:
    """Yield the intervals of y at each x, those between two neighbours of the grid included."""
    inside = np.abs(pull) < search.limit
    column, row = np.nonzero(inside[:, 1:] != inside[:, :-1])
    first = inside[column, row]
    ends = search.level(column, np.where(first, y[row], y[row + 1]), np.where(first, y[row + 1], y[row]))
    narrow, step = np.nonzero(~inside[:, 1:] & ~inside[:, :-1] & (pull[:, 1:] * pull[:, :-1] < 0.0))
    rising = pull[narrow, step] < 0.0
    low, high = y[step], y[step + 1]
    middle = search.zero(narrow, np.where(rising, low, high), np.where(rising, high, low))
    real = np.abs(search.pull(narrow, middle)) < search.limit  # else it jumps from one side to the other
    narrow, low, high, middle = narrow[real], low[real], high[real], middle[real]
    bands = search.level(narrow, middle, low), search.level(narrow, middle, high)
    for k in range(x.size):
        found = [*ends[column == k]]
        found = [y[0], *found] if inside[k, 0] else found
        found = [*found, y[-1]] if inside[k, -1] else found
        pairs = [*zip(found[::2], found[1::2], strict=True)]
        pairs += zip(*(each[narrow == k] for each in bands), strict=True)
        for lower, upper in sorted(pairs):
            yield Edge(float(x[k]), float(lower), float(upper))
