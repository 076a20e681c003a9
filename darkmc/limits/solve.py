"""Couplings that an observed count excludes: bracketing of every crossing, and the paper's iteration.

Knows nothing of experiments: it is given N(G) with its error, dN/dG, and the excluded number of events.
"""

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import LEAST_ENTRIES, UNKNOWN
from darkmc.core.intervals import (
    LOGARITHMIC,
    NAN,
    NO_EDGE,
    SCAN_HIGH,
    SCAN_LOW,
    EdgeErrors,
    Exclusion,
    Interval,
    Peak,
    crossing,
    scan_grid,
    with_extrema,
)
from darkmc.core.kinematics import Array
from darkmc.core.units import require_text

UNDECIDED = "undecided within the Monte Carlo error"


class YieldCurve(Protocol):
    """N(G), its error and its slope: what a Sample offers; perhaps also `estimate`, the error in parts."""

    def expected_events(self, coupling: Any) -> Any: ...  # noqa: D102
    def slope(self, coupling: Any) -> Any: ...  # noqa: D102


def largest(curve: YieldCurve, target: float) -> float:
    """Return the coupling of the scan at which N is largest."""
    grid = scan_grid()
    return float(grid[np.argmax(_scanned(curve, grid, target))])


def solve(curve: YieldCurve, target: float, method: str = "bracket") -> Exclusion:
    """Return the couplings at which N(G) > target.

    Parameters
    ----------
    curve : YieldCurve
        N(G) with error and slope.
    target : float
        Number of signal events that is excluded.
    method : {"bracket", "iterative"}
        Bracketing and refinement of every crossing, or eq. 20 of arXiv:1806.00757 for the lower edge.

    Raises
    ------
    PhysicsError
        If the method is unknown or the target not above zero.
    """
    if not (math.isfinite(target) and target > 0.0):
        raise PhysicsError(f"the excluded number of events must be above zero, not {target:g}")
    return METHODS[checked_method(method)](curve, target)


def checked_method(method: str) -> str:
    """Return the name of a method, or raise PhysicsError."""
    if require_text("method", method) not in METHODS:
        raise PhysicsError(f"unknown method '{method}' (use {' or '.join(map(repr, METHODS))})")
    return method


def edge_errors(curve: YieldCurve, coupling: float) -> EdgeErrors:
    """Return the Monte Carlo error of an edge: the yield's error over the analytic slope."""
    value, total = map(float, curve.expected_events(coupling))
    steepness = float(curve.slope(coupling).value)
    slope = abs(steepness)
    if not slope > 0.0:
        return EdgeErrors(math.inf, math.inf, math.inf, 0.0)
    power = coupling * steepness / value if value > 0.0 else NAN
    in_parts = getattr(curve, "estimate", None)
    draws, of_list = (total, 0.0) if in_parts is None else in_parts(coupling)[1:]
    return EdgeErrors(total / slope, float(draws) / slope, float(of_list) / slope, power)


def _bracket(curve: YieldCurve, target: float) -> Exclusion:
    grid = scan_grid()
    values = _scanned(curve, grid, target)
    grid, values = _with_maxima(curve, grid, values, target)
    above = values > target
    if not above.any():
        top = curve.expected_events(float(grid[np.argmax(values)]))
        return Exclusion((), "bracket", _no_crossing(top, target), peak=_peak(top, target))
    starts = np.flatnonzero(above & ~np.concatenate([[False], above[:-1]]))
    ends = np.flatnonzero(above & ~np.concatenate([above[1:], [False]]))
    intervals, reasons, errors = [], [], []
    for first, last in zip(starts, ends, strict=True):
        lower, upper, below, over = NAN, NAN, NO_EDGE, NO_EDGE
        if first > 0:
            lower, below = _crossing(curve, target, grid[first - 1], grid[first])
        else:
            reasons.append(f"open below {SCAN_LOW:g} GeV^-1")
        if last < len(grid) - 1:
            upper, over = _crossing(curve, target, grid[last], grid[last + 1])
        else:
            reasons.append(f"open above {SCAN_HIGH:g} GeV^-1")
        intervals.append(Interval(lower, upper, below.total, over.total))
        errors.append((below, over))
    top = curve.expected_events(float(grid[np.argmax(values)]))
    if top.value - target < 2.0 * top.error:
        reasons.append(UNDECIDED)
    if any(math.isinf(edge.total) for pair in errors for edge in pair):
        reasons.append(f"error of an edge {UNKNOWN}")
    reason = "; ".join(dict.fromkeys(reasons))
    return Exclusion(tuple(intervals), "bracket", reason, error_parts=tuple(errors), peak=_peak(top, target))


def _peak(top: Any, target: float) -> Peak:
    return Peak(float(top.value) / target, float(top.error) / target)


def _no_crossing(top: Any, target: float) -> str:
    """Return why nothing is excluded, from the largest N and its error."""
    unknown = math.isinf(top.error)
    if (target < LEAST_ENTRIES * top.value) if unknown else abs(top.value - target) < 2.0 * top.error:
        return UNDECIDED
    found = f"no crossing: at most {top.value:.3g} events, {target:.3g} are excluded"
    return f"{found}; error of N {UNKNOWN}" if unknown else found


def _scanned(curve: YieldCurve, grid: Array, target: float) -> Array:
    """Return N on the grid; where a bound stays far below the target and the largest N, that bound."""
    bound = getattr(curve, "upper_bound", None)
    if bound is None:
        return np.asarray(curve.expected_events(grid).value)
    values = np.asarray(bound(grid))
    guess = float(curve.expected_events(float(grid[np.argmax(values)])).value)
    near = values > min(target / 3.0, 0.5 * guess)
    values[near] = curve.expected_events(grid[near]).value
    return values


def _with_maxima(curve: YieldCurve, grid: Array, values: Array, target: float) -> tuple[Array, Array]:
    """Add the refined position of every local maximum that could decide: from a third of the target up."""
    inner = values[1:-1]
    peaks = (inner >= values[:-2]) & (inner > values[2:]) & (inner < 1.5 * target) & (inner > target / 3)
    return with_extrema(
        lambda g: curve.expected_events(g).value, grid, values, 1 + np.flatnonzero(peaks), LOGARITHMIC
    )


def _crossing(curve: YieldCurve, target: float, low: float, high: float) -> tuple[float, EdgeErrors]:
    def excess(coupling: float) -> float:
        value = float(curve.expected_events(coupling).value)
        return math.log(value / target) if value > 0.0 else -700.0

    edge = crossing(excess, low, high, LOGARITHMIC)
    return edge, edge_errors(curve, edge)


def _iterate(curve: YieldCurve, target: float, power: int = 4, steps: int = 50) -> Exclusion:
    """G <- G (target/N(G))^(1/4) until N is within 1% of the target: eq. 20 with its misprint corrected."""
    small = SCAN_LOW
    first = curve.expected_events(small).value
    if not first > 0.0:
        return Exclusion((), "iterative", "no signal at small coupling")
    coupling = small * (target / first) ** (1.0 / power)
    history: list[tuple[float, float]] = []
    for _ in range(steps):
        value = float(curve.expected_events(coupling).value) if SCAN_LOW <= coupling <= SCAN_HIGH else 0.0
        history.append((coupling, value))
        if value <= 0.0:
            break
        if abs(value / target - 1.0) < 0.01:
            return _converged(curve, coupling, tuple(history))
        coupling *= (target / value) ** (1.0 / power)
    reason = "the iteration does not converge: no lower edge, or an upper edge; use method 'bracket'"
    return Exclusion((), "iterative", reason, tuple(history))


def _converged(curve: YieldCurve, coupling: float, history: tuple[tuple[float, float], ...]) -> Exclusion:
    if curve.slope(coupling).value <= 0.0:
        reason = (
            "upper edges cannot be found by the iteration: its map is repelled by them; use method 'bracket'"
        )
        return Exclusion((), "iterative", reason, history)
    errors = edge_errors(curve, coupling)
    edge = Interval(coupling, NAN, errors.total, NAN)
    reason = "lower edge only: upper edges repel the iteration; use method 'bracket'"
    return Exclusion((edge,), "iterative", reason, history, ((errors, NO_EDGE),))


METHODS: dict[str, Callable[[YieldCurve, float], Exclusion]] = {"bracket": _bracket, "iterative": _iterate}
