"""Couplings that an observed count excludes: every crossing, and the paper's iteration.

Knows nothing of experiments: it is given N(G) with its error, dN/dG, and the excluded number of events.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import LEAST_ENTRIES, UNKNOWN, Estimate
from darkmc.core.intervals import NAN, NO_EDGE, SCAN_HIGH, SCAN_LOW, EdgeErrors, Exclusion, Interval, Peak
from darkmc.core.kinematics import Array
from darkmc.core.units import LEAST_PRECISION, require_text
from darkmc.core.words import with_error
from darkmc.limits.search import ROUGH, Sum, polished, search
from darkmc.sample.terms import Terms

CELLS_ACCURACY, CELLS_WIDTH = (
    1e-3,
    1e-3,
)  # of N in cells; of ln G^2, below which a search on them goes no further
_SURE = 3.0  # errors between a yield and what is excluded that are sure to be told from the two asked for
UNDECIDED = "undecided within the Monte Carlo error"


class YieldCurve(Protocol):
    """N(G) with its errors, and as terms: what a Sample offers."""

    def estimate(self, coupling: float) -> Estimate: ...  # noqa: D102
    def terms(self) -> Sequence[Terms]: ...  # noqa: D102
    def once(self, key: Hashable, find: Callable[[], Any]) -> Any: ...  # noqa: D102


def largest(curve: YieldCurve, target: float) -> float:
    """Return the coupling of the scan at which N is largest."""
    return _searched(curve, target).best


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
    find = METHODS[checked_method(method)]
    found: Exclusion = curve.once((method, target), lambda: find(curve, target))
    return found


def checked_method(method: str) -> str:
    """Return the name of a method, or raise PhysicsError."""
    if require_text("method", method) not in METHODS:
        raise PhysicsError(f"unknown method '{method}' (use {' or '.join(map(repr, METHODS))})")
    return method


def edge_errors(curve: YieldCurve, coupling: float, slope: float) -> EdgeErrors:
    """Return the Monte Carlo error of an edge: the yield's error over the analytic slope."""
    if not abs(slope) > 0.0:
        return EdgeErrors(math.inf, math.inf, math.inf, 0.0)
    found = curve.estimate(coupling)
    value = float(found.value)
    total, draws, of_list = (float(error) / abs(slope) for error in (found.error, *found[1:]))
    return EdgeErrors(total, draws, of_list, coupling * slope / value if value > 0.0 else NAN)


class _Searched(NamedTuple):
    """Couplings at which N crosses the target, its slopes there, and where it is largest."""

    edges: Array
    slopes: Array
    above: bool
    best: float


def _searched(curve: YieldCurve, target: float) -> _Searched:
    """Return what a search finds, done once."""
    found: _Searched = curve.once(("search", target), lambda: _search(curve.terms(), target))
    return found


def _search(terms: Sequence[Terms], target: float) -> _Searched:
    """Return what a search finds: on terms in cells, edges then on the terms themselves.

    Where cells do not tell for sure, the search too is on the terms themselves.
    """
    cells = [group.in_cells() for group in terms]
    found = search(cells, target, CELLS_ACCURACY, CELLS_WIDTH, ROUGH)
    edges = polished(terms, found.edges, target) if found.sure else None
    if edges is None:
        found = search(terms, target)
        edges = found.edges, Sum(terms).slopes(found.edges)
    return _Searched(*edges, found.above, found.best)


def _bracket(curve: YieldCurve, target: float) -> Exclusion:
    found = _searched(curve, target)
    top, reasons = curve.estimate(found.best), []
    ends = [
        (float(g), edge_errors(curve, float(g), float(s)))
        for g, s in zip(found.edges, found.slopes, strict=True)
    ]
    if found.above:
        ends.insert(0, (NAN, NO_EDGE))
        reasons.append(f"open below {SCAN_LOW:g} GeV^-1")
    if len(ends) % 2:
        ends.append((NAN, NO_EDGE))
        reasons.append(f"open above {SCAN_HIGH:g} GeV^-1")
    if not ends:
        return Exclusion((), "bracket", _no_crossing(top, target), peak=_peak(top, target))
    pairs = list(zip(ends[::2], ends[1::2], strict=True))
    errors = tuple((below, over) for (_, below), (_, over) in pairs)
    intervals = tuple(Interval(low, high, below.total, over.total) for (low, below), (high, over) in pairs)
    if top.value - target < 2.0 * top.error:
        reasons.append(_undecided(top, target))
    if any(math.isinf(edge.total) for pair in errors for edge in pair):
        reasons.append(f"error of an edge {UNKNOWN}")
    return Exclusion(intervals, "bracket", "; ".join(reasons), error_parts=errors, peak=_peak(top, target))


def _peak(top: Any, target: float) -> Peak:
    return Peak(float(top.value) / target, float(top.error) / target)


def _undecided(top: Any, target: float) -> str:
    """Return that the largest N is too near what is excluded, and at which precision it would not be."""
    if math.isinf(top.error):
        return f"{UNDECIDED} (more primaries may decide)"
    enough = abs(float(top.value) - target) / (_SURE * float(top.value))
    if enough < LEAST_PRECISION:
        return f"{UNDECIDED} (no precision decides: the largest yield is what is excluded)"
    return f"{UNDECIDED} (a precision of {enough:.1g} may decide)"


def _no_crossing(top: Any, target: float) -> str:
    """Return why nothing is excluded, from the largest N and its error."""
    unknown = math.isinf(top.error)
    if (target < LEAST_ENTRIES * top.value) if unknown else abs(top.value - target) < 2.0 * top.error:
        return _undecided(top, target)
    most = f"{top.value:.3g}" if unknown or not top.error > 0.0 else with_error(top.value, top.error)
    found = f"no crossing: at most {most} events, {target:.3g} are excluded"
    return f"{found}; error of N {UNKNOWN}" if unknown else found


def _iterate(curve: YieldCurve, target: float, power: int = 4, steps: int = 50) -> Exclusion:
    """G <- G (target/N(G))^(1/4) until N is within 1% of the target: eq. 20 with its misprint corrected."""
    small = SCAN_LOW
    first = float(curve.estimate(small).value)
    if not first > 0.0:
        return Exclusion((), "iterative", "no signal at small coupling")
    coupling = small * (target / first) ** (1.0 / power)
    history: list[tuple[float, float]] = []
    for _ in range(steps):
        value = float(curve.estimate(coupling).value) if SCAN_LOW <= coupling <= SCAN_HIGH else 0.0
        history.append((coupling, value))
        if value <= 0.0:
            break
        if abs(value / target - 1.0) < 0.01:
            return _converged(curve, coupling, tuple(history))
        coupling *= (target / value) ** (1.0 / power)
    reason = "the iteration does not converge: no lower edge, or an upper edge; use method 'bracket'"
    return Exclusion((), "iterative", reason, tuple(history))


def _converged(curve: YieldCurve, coupling: float, history: tuple[tuple[float, float], ...]) -> Exclusion:
    slope = float(Sum(curve.terms()).slopes(np.array([coupling]))[0])
    if slope <= 0.0:
        reason = (
            "upper edges cannot be found by the iteration: its map is repelled by them; use method 'bracket'"
        )
        return Exclusion((), "iterative", reason, history)
    errors = edge_errors(curve, coupling, slope)
    edge = Interval(coupling, NAN, errors.total, NAN)
    reason = "lower edge only: upper edges repel the iteration; use method 'bracket'"
    return Exclusion((edge,), "iterative", reason, history, ((errors, NO_EDGE),))


METHODS: dict[str, Callable[[YieldCurve, float], Exclusion]] = {"bracket": _bracket, "iterative": _iterate}
