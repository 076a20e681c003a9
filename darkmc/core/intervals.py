"""Excluded intervals of a coupling, and the scan and the bracketing that find their edges."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.words import html_table, with_error

SCAN_LOW, SCAN_HIGH, POINTS_PER_DECADE = 1e-12, 1e2, 16
NAN = float("nan")


class Interval(NamedTuple):
    """Excluded couplings (GeV^-1) from lower to upper with the Monte Carlo error of each edge."""

    lower: float
    upper: float
    lower_error: float
    upper_error: float

    def overlaps(self, other: "Interval") -> bool:
        """Return whether a coupling is in both; an edge that does not exist is at 0, or at infinity."""
        (a, b), (c, d) = (
            (i.lower if math.isfinite(i.lower) else 0.0, i.upper if math.isfinite(i.upper) else math.inf)
            for i in (self, other)
        )
        return a < d and c < b


def _comparable(numbers: tuple[float, ...]) -> tuple[float | None, ...]:
    """Return numbers with None for nan, so that they compare."""
    return tuple(None if math.isnan(number) else number for number in numbers)


class EdgeErrors(NamedTuple):
    """Monte Carlo error of an edge: in all, that of the draws and that of a finite list of mesons; GeV^-1.

    `power` is d ln N/d ln G there, by which dN/N is larger than dG/G; nan for a closed form.
    """

    total: float
    draw: float
    of_list: float
    power: float = NAN


NO_EDGE = EdgeErrors(NAN, NAN, NAN)


class Peak(NamedTuple):
    """The largest yield of all couplings over the number of events that is excluded, and its error."""

    ratio: float
    error: float


def _edge(edge: float, error: float, end: str) -> str:
    """Return an edge and its error, or what is said where there is none; that of a closed form is none."""
    if not math.isfinite(edge):
        return end
    return f"{edge:.5g}" if math.isnan(error) or error == 0.0 else with_error(edge, error)


@dataclass(frozen=True, eq=False, repr=False)
class Exclusion:
    """What an analysis excludes at one pair of masses; a limit that does not exist is a result.

    Two that say the same are equal, edges that do not exist included.

    Attributes
    ----------
    intervals : tuple of Interval
        Excluded intervals of the coupling, increasing; empty when nothing is excluded.
    method : {"bracket", "iterative", "analytic"}
        How it was found; the last is a closed form.
    reason : str
        Why there is no interval, or why an edge is missing; empty when nothing is.
    history : tuple of (G, N)
        Steps of the iteration.
    error_parts : tuple of pairs of EdgeErrors
        The errors of both edges of every interval in parts; empty for a closed form.
    peak : Peak or None
        How far the largest yield is from what is excluded: above 1 something is; None for a closed form.

    Examples
    --------
    >>> import darkmc
    >>> nothing = darkmc.Exclusion((), "bracket", "2 events are never reached")
    >>> nothing.lower, nothing.reason
    (nan, '2 events are never reached')
    """

    intervals: tuple[Interval, ...]
    method: str
    reason: str = ""
    history: tuple[tuple[float, float], ...] = field(default=())
    error_parts: tuple[tuple[EdgeErrors, EdgeErrors], ...] = field(default=())
    peak: Peak | None = None

    @property
    def _content(self) -> tuple[Any, ...]:
        edges, steps = (tuple(map(_comparable, rows)) for rows in (self.intervals, self.history))
        errors = tuple(tuple(map(_comparable, pair)) for pair in self.error_parts)
        return edges, self.method, self.reason, steps, errors, self.peak and _comparable(self.peak)

    def __eq__(self, other: object) -> bool:
        return self._content == other._content if isinstance(other, Exclusion) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content)

    def _edges(self) -> list[tuple[str, str]]:
        open_ends = ("0", "no upper edge")
        return [
            tuple(  # type: ignore[misc]
                _edge(edge, error, end)
                for edge, error, end in zip(interval[:2], interval[2:], open_ends, strict=True)
            )
            for interval in self.intervals
        ]

    def __repr__(self) -> str:
        lines = [f"excluded: {low} to {high} GeV^-1" for low, high in self._edges()] or ["nothing excluded"]
        return "\n".join([*lines, *([f"  {self.reason}"] if self.reason else [])])

    def _repr_html_(self) -> str:
        title = self.reason if self.intervals else f"nothing excluded: {self.reason}"
        return html_table(title, ("from (GeV^-1)", "to (GeV^-1)"), self._edges())

    @property
    def lower(self) -> float:
        """Lower edge of the first interval, nan when there is none."""
        return self.intervals[0].lower if self.intervals else NAN

    @property
    def upper(self) -> float:
        """Upper edge of the first interval, nan when there is none."""
        return self.intervals[0].upper if self.intervals else NAN

    @property
    def lower_error(self) -> float:
        """Monte Carlo error of :attr:`lower`."""
        return self.intervals[0].lower_error if self.intervals else NAN

    @property
    def upper_error(self) -> float:
        """Monte Carlo error of :attr:`upper`."""
        return self.intervals[0].upper_error if self.intervals else NAN


def scan_grid(reach: float = SCAN_HIGH) -> Array:
    """Return the couplings of a scan: 16 per decade from 1e-12 to `reach`."""
    count = math.ceil(POINTS_PER_DECADE * math.log10(reach / SCAN_LOW)) + 1
    return np.geomspace(SCAN_LOW, reach, count)


class Scale(NamedTuple):
    """The variable in which a search goes, and when it ends: the coupling itself or its logarithm."""

    of: Callable[[Any], Any]
    back: Callable[[Any], Any]
    peak: float  # an extremum is this close in the variable, plus a share of its bracket
    peak_share: float
    root: float  # a root is this close in the variable, plus a share of itself
    root_share: float


LINEAR = Scale(lambda coupling: coupling, lambda coupling: coupling, 0.0, 1e-9, 1e-300, 1e-13)
LOGARITHMIC = Scale(math.log, math.exp, 1e-6, 0.0, 2e-12, 1e-12)


def with_extrema(
    function: Callable[[Any], Any], grid: Array, values: Array, places: Iterable[int], scale: Scale
) -> tuple[Array, Array]:
    """Return a scan with local extrema refined and added: two crossings may hide between its neighbours.

    Parameters
    ----------
    function : callable
        Of one coupling.
    grid, values : array (n,)
        Increasing couplings, and the function there.
    places : iterable of int
        Where in the grid a value is larger, or smaller, than both its neighbours.
    scale : Scale
        The variable of the search.
    """
    from scipy.optimize import minimize_scalar

    for k in places:
        sign = np.sign(values[k + 1] - values[k])  # rising afterwards: a minimum
        low, high = scale.of(grid[k - 1]), scale.of(grid[k + 1])
        found = minimize_scalar(
            lambda x, sign=sign: sign * float(function(scale.back(x))),
            bounds=(low, high),
            method="bounded",
            options={"xatol": scale.peak + scale.peak_share * (high - low)},
        )
        grid, values = np.append(grid, scale.back(found.x)), np.append(values, sign * found.fun)
    order = np.argsort(grid)
    return grid[order], values[order]


def crossing(excess: Callable[[Any], float], low: float, high: float, scale: Scale) -> float:
    """Return the coupling from `low` to `high` at which `excess`, of other signs there, is zero."""
    from scipy.optimize import toms748

    found = toms748(
        lambda x: excess(scale.back(x)),
        scale.of(low),
        scale.of(high),
        xtol=scale.root,
        rtol=scale.root_share,
    )
    return float(scale.back(found))
