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
    """Return how far from zero constant + linear c + quadratic c^2 stays while c runs from low to high.

    It takes every value between its least and its largest, which lie at the ends or at the turning point.
    """
    share = np.divide(-0.5, quadratic, out=np.zeros_like(quadratic), where=quadratic != 0.0)
    turning = np.clip(linear * share, low, high)
    values = [constant + c * (linear + c * quadratic) for c in (low, high, turning)]
    least = np.minimum(np.minimum(values[0], values[1]), values[2])
    largest = np.maximum(np.maximum(values[0], values[1]), values[2])
    out: Array = np.maximum(np.maximum(least, -largest), 0.0)
    return out


def spaced(low: float, high: float, points: int) -> Array:
    """Return points evenly in the logarithm where both ends are above zero, else evenly."""
    return np.geomspace(low, high, points) if low > 0.0 else np.linspace(low, high, points)


def trace(chi_squared: Callable[[Places, Array], Array], x: Array, y: Array, level: float) -> Region:
    """Return the region of a function of places of x (p,) and values of y (p,), for increasing grids."""
    columns, rows = np.divmod(np.arange(x.size * y.size), y.size)
    found = chi_squared(columns, y[rows]).reshape(x.size, y.size)
    return Region(x, y, found, level, tuple(_edges(chi_squared, x, y, found < level, level)))


def _edges(
    chi_squared: Callable[[Places, Array], Array], x: Array, y: Array, inside: NDArray[np.bool_], level: float
) -> Iterator[Edge]:
    column, row = np.nonzero(inside[:, 1:] != inside[:, :-1])
    low, high = y[row], y[row + 1]
    starts_inside = inside[column, row]
    for _ in range(_BISECTIONS if column.size else 0):
        middle = np.sqrt(low * high) if y[0] > 0.0 else 0.5 * (low + high)
        same = (chi_squared(column, middle) < level) == starts_inside
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    for k in range(x.size):
        ends = [*low[column == k]]
        ends = [y[0], *ends] if inside[k, 0] else ends
        ends = [*ends, y[-1]] if inside[k, -1] else ends
        for lower, upper in zip(ends[::2], ends[1::2], strict=True):
            yield Edge(float(x[k]), float(lower), float(upper))
