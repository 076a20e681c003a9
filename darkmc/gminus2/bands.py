"""Couplings at which a sum of loops stays inside a window: every root of Delta a(g) = edge, as intervals."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.intervals import LINEAR, SCAN_HIGH, crossing, scan_grid, with_extrema
from darkmc.core.kinematics import Array, Numbers

Band = tuple[float, float]


@dataclass(frozen=True)
class Quadratic:
    """Delta a = constant + linear g + quadratic g^2: loops of one coupling g, beside others held fixed.

    Loops add: with g the Yukawa coupling y, ``Quadratic(linear=portal_loop_at_y_1) +
    Quadratic(quadratic=yukawa_loop_at_y_1)`` is their interfering sum.

    Parameters
    ----------
    constant, linear, quadratic : float
        Coefficients; a coupling with a unit gives them the inverse one.

    Raises
    ------
    PhysicsError
        If a coefficient is not finite.

    Examples
    --------
    >>> from darkmc.gminus2.bands import Quadratic
    >>> loops = Quadratic(constant=-2.0) + Quadratic(linear=3.0, quadratic=-1.0)
    >>> loops.roots(0.0)
    [1.0, 2.0]
    """

    constant: float = 0.0
    linear: float = 0.0
    quadratic: float = 0.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.constant, self.linear, self.quadratic))):
            raise PhysicsError("the coefficients of Delta a must be finite numbers")

    def __add__(self, other: "Quadratic") -> "Quadratic":
        return Quadratic(
            self.constant + other.constant, self.linear + other.linear, self.quadratic + other.quadratic
        )

    def __call__(self, coupling: Numbers) -> Numbers:
        """Return Delta a at a coupling; arrays give arrays."""
        return self.constant + coupling * (self.linear + coupling * self.quadratic)

    def roots(self, level: float) -> list[float]:
        """Return the couplings, increasing, at which Delta a is `level`.

        Parameters
        ----------
        level : float
            A value of Delta a.

        Returns
        -------
        list of float
            None, one or two of them; none where Delta a is constant.
        """
        a, b, c = float(self.quadratic), float(self.linear), float(self.constant - level)
        if not math.isfinite(c) or (a == 0.0 and b == 0.0):
            return []
        if a == 0.0:
            return [-c / b]
        discriminant = b * b - 4.0 * a * c
        if discriminant < 0.0:
            return []
        q = -0.5 * (b + math.copysign(math.sqrt(discriminant), b))  # adds, so that nothing cancels
        return sorted({q / a, c / q if q else 0.0})


Contribution = Quadratic | Callable[[Numbers], Numbers]


def allowed_bands(
    contribution: Contribution,
    lower: float,
    upper: float,
    both_signs: bool = False,
    reach: float = SCAN_HIGH,
) -> list[Band]:
    """Return the intervals of the coupling g in which lower <= Delta a(g) <= upper.

    Parameters
    ----------
    contribution : Quadratic or callable
        Delta a of g.  A quadratic is solved in closed form.  Anything else must take arrays; it is scanned
        from 1e-12 to `reach` with 16 points per decade, at 0, and at negative g too if `both_signs`; local
        extrema are refined, and every crossing by bracketing (TOMS 748).
    lower, upper : float
        Edges of the window of Delta a; infinite where there is none.
    both_signs : bool
        Negative couplings as well.
    reach : float
        Largest coupling of the scan, in the coupling's own unit.

    Returns
    -------
    list of (float, float)
        Increasing; inf, or -inf, where a band has no end (for a scan: none within its reach).  A coupling
        at which Delta a only touches the window is a band (g, g).

    Raises
    ------
    PhysicsError
        If the window is empty, or Delta a not finite somewhere on the scan.

    Examples
    --------
    >>> from darkmc.gminus2.bands import Quadratic, allowed_bands
    >>> allowed_bands(Quadratic(quadratic=-1e-9), lower=-4e-9, upper=1e-9)
    [(0.0, 2.0)]
    """
    if not lower <= upper:
        raise PhysicsError(f"the window of Delta a is empty: {lower:g} to {upper:g}")
    if isinstance(contribution, Quadratic):
        end, crossings = math.inf, contribution.roots(lower) + contribution.roots(upper)
    else:
        end, crossings = reach, _scanned_crossings(contribution, (lower, upper), both_signs, reach)
    start = -end if both_signs else 0.0
    inner = sorted({g for g in crossings if start < g < end})
    inside = [
        lower <= float(contribution(_between(a, b))) <= upper
        for a, b in zip([start, *inner], [*inner, end], strict=True)
    ]
    at_zero = not both_signs and lower <= float(contribution(0.0)) <= upper
    return _joined([-math.inf if both_signs else 0.0, *inner, math.inf], inside, at_zero)


def _between(low: float, high: float) -> float:
    if math.isinf(low) and math.isinf(high):
        return 0.0
    if math.isinf(high):
        return 2.0 * abs(low) + 1.0
    if math.isinf(low):
        return -2.0 * abs(high) - 1.0
    return 0.5 * (low + high)


def _joined(edges: list[float], inside: list[bool], at_zero: bool) -> list[Band]:
    """Join the steps inside; every crossing is inside, and so may be the first edge, if it is 0."""
    bands: list[Band] = [(edges[0], edges[0])] if at_zero else []
    for k, good in enumerate(inside):
        if (k > 0 and not inside[k - 1]) or (good and not bands):
            bands.append((edges[k], edges[k]))
        if good:
            bands[-1] = (bands[-1][0], edges[k + 1])
    return bands


def excluded_bands(allowed: list[Band], both_signs: bool = False) -> list[Band]:
    """Return what the allowed bands leave of all couplings, or of those not negative.

    Parameters
    ----------
    allowed : list of (float, float)
        Increasing, as :func:`allowed_bands` gives them.
    both_signs : bool
        Negative couplings as well.

    Returns
    -------
    list of (float, float)
        Increasing; inf, or -inf, where a band has no end.

    Examples
    --------
    >>> from darkmc.gminus2.bands import excluded_bands
    >>> excluded_bands([(0.0, 2.0)])
    [(2.0, inf)]
    """
    excluded, reached = [], -math.inf if both_signs else 0.0
    for low, high in allowed:
        if low > reached:
            excluded.append((reached, low))
        reached = high
    if reached < math.inf:
        excluded.append((reached, math.inf))
    return excluded


def _scanned_crossings(
    function: Callable[[Numbers], Numbers], levels: Band, both_signs: bool, reach: float
) -> list[float]:
    positive = scan_grid(reach)
    grid = np.concatenate([-positive[::-1] if both_signs else np.empty(0), [0.0], positive])
    values = _evaluated(function, grid)
    steps = np.sign(np.diff(values))
    turns = 1 + np.flatnonzero(steps[:-1] * steps[1:] < 0.0)
    grid, values = with_extrema(function, grid, values, turns, LINEAR)
    found: list[float] = []
    for level in levels:
        if math.isfinite(level):
            found += _crossings(function, grid, values - level, level)
    return found


def _evaluated(function: Callable[[Numbers], Numbers], grid: Array) -> Array:
    values = np.broadcast_to(np.asarray(function(grid), dtype=float), grid.shape)
    if not np.isfinite(values).all():
        raise PhysicsError(f"Delta a is not finite at coupling {grid[~np.isfinite(values)][0]:g}")
    return values


def _crossings(
    function: Callable[[Numbers], Numbers], grid: Array, excess: Array, level: float
) -> list[float]:
    changes = np.flatnonzero(excess[:-1] * excess[1:] < 0.0)
    found = (crossing(lambda g: float(function(g)) - level, grid[k], grid[k + 1], LINEAR) for k in changes)
    return [*map(float, grid[excess == 0.0]), *found]
