"""Excluded intervals of a coupling, and what is scanned for them."""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SCAN_LOW, SCAN_HIGH, POINTS_PER_DECADE = 1e-12, 1e2, 16
NAN = float("nan")


class Interval(NamedTuple):
    """Excluded couplings (GeV^-1) from lower to upper with the Monte Carlo error of each edge."""

    lower: float
    upper: float
    lower_error: float
    upper_error: float


def _told(numbers: tuple[float, ...]) -> tuple[float | None, ...]:
    """Return numbers with None for nan, so that they compare."""
    return tuple(None if math.isnan(number) else number for number in numbers)


class EdgeErrors(NamedTuple):
    """Monte Carlo error of an edge: in all, that of the draws and that of a finite list of mesons; GeV^-1."""

    total: float
    draw: float
    of_list: float


NO_EDGE = EdgeErrors(NAN, NAN, NAN)


@dataclass(frozen=True, eq=False)
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
    """

    intervals: tuple[Interval, ...]
    method: str
    reason: str = ""
    history: tuple[tuple[float, float], ...] = field(default=())
    error_parts: tuple[tuple[EdgeErrors, EdgeErrors], ...] = field(default=())

    @property
    def _content(self) -> tuple[Any, ...]:
        edges, steps = (tuple(map(_told, rows)) for rows in (self.intervals, self.history))
        errors = tuple(tuple(map(_told, pair)) for pair in self.error_parts)
        return edges, self.method, self.reason, steps, errors

    def __eq__(self, other: object) -> bool:
        return self._content == other._content if isinstance(other, Exclusion) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content)

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
