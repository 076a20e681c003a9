"""One- and two-dimensional samplers whose density is known to rounding, and fixed quadrature."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array


@lru_cache(maxsize=32)
def _unit_legendre(order: int) -> tuple[Array, Array]:
    """Return nodes and weights on [0, 1], by Newton's method from the asymptotic zeros.

    NumPy's take the eigenvalues of a full matrix, which costs seconds at order 300; SciPy's take 0.2 s to
    import.
    """
    nodes = np.cos(np.pi * (np.arange(order, 0, -1) - 0.25) / (order + 0.5))
    for _ in range(4):
        below, value = np.ones_like(nodes), nodes
        for degree in range(2, order + 1):
            below, value = value, ((2 * degree - 1) * nodes * value - (degree - 1) * below) / degree
        across = (1.0 - nodes) * (1.0 + nodes)
        slope = order * (below - nodes * value) / across
        nodes = nodes - value / slope
    return 0.5 * (nodes + 1.0), 1.0 / (across * slope**2)


def gauss_legendre(low: float, high: float, order: int) -> tuple[Array, Array]:
    """Return nodes and weights of Gauss-Legendre quadrature on [low, high]."""
    nodes, weights = _unit_legendre(order)
    return low + (high - low) * nodes, (high - low) * weights


def threshold_quadrature(low: float, high: float, order: int) -> tuple[Array, Array]:
    """Return nodes and weights for integrands that vanish like a half-integer power at `low`.

    The substitution x = low + (high - low) t^2 turns (x - low)^(k + 1/2) into a polynomial factor.
    """
    nodes, weights = _unit_legendre(order)
    return low + (high - low) * nodes**2, 2.0 * (high - low) * nodes * weights


def converged(integral: Callable[[int], Any], order: int, tolerance: float, name: str) -> Any:
    """Return a quadrature of a given order, if one of two thirds of it agrees.

    Parameters
    ----------
    integral : callable
        The value, a number or an array, that a quadrature of some order gives.
    order : int
        The order whose value is returned.
    tolerance : float
        Largest relative difference; the error of what is returned is far smaller.
    name : str
        What is integrated, for the message.

    Raises
    ------
    PhysicsError
        If the two differ by more, or are no numbers.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        fine, coarse = integral(order), integral(2 * order // 3)
    if not np.all(np.abs(fine - coarse) <= tolerance * np.abs(fine)):
        raise PhysicsError(f"{name}: the quadrature has not converged to {tolerance:g}")
    return fine


class InverseTable:
    """Draw x from a density f(x) on [low, high] by a monotone map of a uniform number.

    The map u -> x is a fixed piecewise-linear function of a power of u, and the sampler returns dx/du of
    that same map: f(x) dx/du is the exact weight, whatever the table's resolution, and nearly constant.

    Parameters
    ----------
    density : callable
        f(x) for arrays of x, not negative, finite inside the interval; need not be normalised.
    low, high : float
        The interval.
    power_low, power_high : float
        f ~ (x - low)^(power_low - 1) and f ~ (high - x)^(power_high - 1) at the ends; any value of at
        least 1 and at most the true one gives a bounded weight.
    cells : int
        Cells of the map on either half.
    """

    def __init__(
        self,
        density: Callable[[Array], Array],
        low: float,
        high: float,
        power_low: float = 1.0,
        power_high: float = 1.0,
        cells: int = 512,
    ) -> None:
        self.powers = (power_low, power_high)
        edges, below, above = _cumulative(density, low, high)
        self.integral = float(below[-1])
        nodes = np.empty((2, cells + 1))
        for side, (tail, power) in enumerate(((below, power_low), (above, power_high))):
            grid = np.linspace(0.0, 0.5 ** (1.0 / power), cells + 1)
            measure = (tail / self.integral) ** (1.0 / power)
            order = slice(None) if side == 0 else slice(None, None, -1)
            nodes[side] = np.interp(grid, measure[order], edges[order])
        nodes[1, -1] = nodes[0, -1]
        self._nodes = nodes.ravel()
        self._steps = np.diff(nodes, axis=1, append=nodes[:, -1:]).ravel()
        self._cells = cells

    def sample(self, uniform: Array) -> tuple[Array, Array]:
        """Return x and dx/du for uniform numbers in [0, 1)."""
        upper = uniform >= 0.5
        doubled = 2.0 * np.where(upper, 1.0 - uniform, uniform)
        scaled, slope = self._stretch(doubled, upper)
        scaled *= self._cells
        cell = np.minimum(scaled.astype(np.intp), self._cells - 1)
        node = cell + upper * (self._cells + 1)
        step = self._steps[node]
        return self._nodes[node] + step * (scaled - cell), np.abs(step) * slope * (2.0 * self._cells)

    def largest_weight(self, density: Callable[[Array], Array]) -> float:
        """Return the largest f(x) dx/du, found at 16 points in every cell of the map."""
        fractions = (np.arange(16 * self._cells) + 0.5) / (16 * self._cells)
        halves = [0.5 * fractions ** self.powers[0], 1.0 - 0.5 * fractions ** self.powers[1]]
        x, slope = self.sample(np.concatenate(halves))
        return float(np.max(density(x) * slope))

    def _stretch(self, doubled: Array, upper: NDArray[np.bool_]) -> tuple[Array, Array]:
        low, high = self.powers
        if low == high == 1.0:
            return doubled.copy(), np.ones_like(doubled)
        root = _root(doubled, low)
        exponent: Array | float = low
        if high != low:
            root = np.where(upper, _root(doubled, high), root)
            exponent = np.where(upper, high, low)
        slope = root / (exponent * np.maximum(doubled, np.finfo(float).tiny))
        return root, np.where(doubled > 0.0, slope, 0.0)


def _root(x: Array, power: float) -> Array:
    if power == 4.0:
        return np.asarray(np.sqrt(np.sqrt(x)))
    return np.asarray(x ** (1.0 / power))


def _cumulative(density: Callable[[Array], Array], low: float, high: float) -> tuple[Array, Array, Array]:
    """Return cell edges and the integrals of the density below and above each of them."""
    s = np.linspace(0.0, 1.0, 1025)
    edges = low + (high - low) * s**2 * (3.0 - 2.0 * s)
    nodes, weights = _unit_legendre(3)
    width = np.diff(edges)
    values = density((edges[:-1, None] + width[:, None] * nodes).ravel()).reshape(-1, 3)
    content = width * (values @ weights)
    below = np.concatenate([[0.0], np.cumsum(content)])
    above = np.concatenate([np.cumsum(content[::-1])[::-1], [0.0]])
    return edges, below, above
