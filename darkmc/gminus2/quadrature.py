"""The one quadrature of all loop integrals over a Feynman parameter: a trapezoid rule in ln(x/(1-x)).

With masses M and m the denominators are x^2 m^2 + (1-x) M^2 or linear in x. Whatever M/m, their zeros keep
a distance of at least pi/2 (pi for linear ones) from the real axis of t = ln(x/(1-x)), so that the rule of
step h errs by exp(-pi^2/h) (exp(-2 pi^2/h)) over any number of decades, and all its terms are positive.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.kinematics import Array

CURVED_STEP, LINEAR_STEP = 0.36, 0.5  # errors below 5e-12, also behind singularities of a high order
_CHUNK = 20_000  # numbers in a block of points and nodes, so that its few temporaries stay in the cache


class UnitRule(NamedTuple):
    """Nodes x, the complements 1 - x to full precision, and weights of an integral over 0 < x < 1."""

    x: Array
    y: Array
    weight: Array


def unit_rule(low: float, high: float, step: float, stretch: float = np.inf) -> UnitRule:
    """Return the rule for integrands that are negligible outside low < ln(x/(1-x)) < high.

    With a finite `stretch` the nodes thin out away from t = 0, t = stretch sinh(u/stretch): right where
    the integrand falls like exp(-|t|) on both sides whatever the masses, and so needs less care there.
    """
    ends = np.array([low, high])
    ends = ends if np.isinf(stretch) else stretch * np.arcsinh(ends / stretch)
    u = step * np.arange(np.floor(ends[0] / step), np.ceil(ends[1] / step) + 1.0)
    t = u if np.isinf(stretch) else stretch * np.sinh(u / stretch)
    x, y = 1.0 / (1.0 + np.exp(-t)), 1.0 / (1.0 + np.exp(t))
    return UnitRule(x, y, step * np.cosh(u / stretch) * x * y)


def by_chunks(integral: Callable[..., Array], n_nodes: int, *arguments: Any) -> Any:
    """Evaluate sums over nodes for broadcast arguments, a cache-sized block of points at a time.

    Parameters
    ----------
    integral : callable
        Takes each argument as a column (n, 1) and returns the sums (n,).
    n_nodes : int
        Number of nodes of the rule.
    *arguments : float or array
        Parameters of the integrand.

    Returns
    -------
    float or array
        The integrals, in the broadcast shape.
    """
    arrays = np.broadcast_arrays(*arguments)
    columns = [np.ravel(array)[:, None] for array in arrays]
    out = np.empty(arrays[0].size)
    points = max(1, _CHUNK // n_nodes)
    for start in range(0, out.size, points):
        block = slice(start, start + points)
        out[block] = integral(*(column[block] for column in columns))
    return out.reshape(arrays[0].shape)[()]


class PoleIntegral:
    """P(r) = int_0^1 numerator(x) dx/(x^2 + (1-x) r), which all loops with one boson need, r = (M/m)^2.

    (1+r) P(r) varies like ln r at most, and is tabulated at first use as polynomials on cells of ln r:
    1e-12 relative, a few tens of nanoseconds a point.

    Parameters
    ----------
    numerator : callable
        A polynomial of x, positive inside 0 < x < 1, of order x^2 at x = 0 (of order x, if r = 0 is not
        asked for).
    """

    _LOW, _HIGH, _CELL, _DEGREE = -60.0, 200.0, 0.5, 7

    def __init__(self, numerator: Callable[[Array], Array]) -> None:
        self._numerator = numerator

    def __call__(self, ratio: Any) -> Any:
        """Return P at r = `ratio` >= 0; below 1e-26 P(0) to 1e-12."""
        return self.at_log(np.log(np.maximum(ratio, np.exp(self._LOW))))

    def at_log(self, log_ratio: Any) -> Any:
        """Return P at ln r, which must lie within the table, -60 to 200."""
        table = self._table
        position = (np.asarray(log_ratio) - self._LOW) / self._CELL
        cell = position.astype(np.intp)
        position = position - (cell + 0.5)
        value = table[-1][cell]
        for coefficients in table[-2::-1]:
            value = value * position + coefficients[cell]
        return value / (1.0 + np.exp(log_ratio))

    @cached_property
    def _table(self) -> Array:
        """Coefficients (degree + 1, cells) in the distance from the centre of a cell, in cells."""
        centres = np.arange(self._LOW, self._HIGH, self._CELL) + 0.5 * self._CELL
        nodes = 0.5 * np.polynomial.chebyshev.chebpts1(self._DEGREE + 1)
        r = np.exp(centres + self._CELL * nodes[:, None])
        return np.linalg.solve(np.vander(nodes, increasing=True), self._integrate(r) * (1.0 + r))

    def _integrate(self, ratio: Array) -> Any:
        """Sum the poles at r = -x^2/(1-x), whose residues are positive."""
        x, y, weight = unit_rule(-30.0, self._HIGH + 30.0, CURVED_STEP)
        poles, residues = x**2 / y, weight / y * self._numerator(x)
        return by_chunks(lambda r: (1.0 / (poles + r)) @ residues, poles.size, ratio)


def log1p_over(e: Array) -> Array:
    """Return ln(1+e)/e for e >= 0, and 1 at e = 0."""
    safe = np.maximum(e, np.finfo(float).tiny)
    out: Array = np.log1p(safe) / safe
    return out
