"""Grids that refine themselves: where a band opens, closes or bends, level by level.

A level is decided by all points of those before it, and by nothing else: neither the number of workers nor a
scan that was interrupted changes the points.  Places halve the cells of the coarse grid, in the logarithm of
the mass, down to `FINEST`.
"""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from darkmc.core.units import MassGrid
from darkmc.scan.place import Ends, Line, Place
from darkmc.scan.point import ScanPoint

FINEST = 0.01  # relative width of the cell in which a band ends
MOST = 3  # times the points of the coarse grid
BEND = 0.05  # an edge this far, in its logarithm, from the straight line between its neighbours
_SIGMA = 3.0  # and by so many of its errors

Known = Mapping[int, ScanPoint]  # by place, in cells of the finest level


class Lattice(NamedTuple):
    """The places that a line can have: the coarse grid, each cell halved so many times."""

    coarse: int
    depth: int

    @property
    def cells(self) -> int:
        """Cells of the finest level."""
        return (self.coarse - 1) << self.depth

    @property
    def first(self) -> list[int]:
        """Places of the coarse grid."""
        return list(range(0, self.cells + 1, 1 << self.depth))

    def following(self, known: Known) -> list[int]:
        """Return the places of the next level; none when nothing is left to be refined, or to be spent."""
        left = MOST * self.coarse - len(known)
        ends = [(a, b) for a, b in pairwise(sorted(known)) if b - a > 1 and _differ(known[a], known[b])]
        wanted = [(a + b) // 2 for a, b in ends][:left]
        later = sum((b - a).bit_length() - 2 for a, b in ends)  # halvings that the same ends will need
        room = left - len(wanted) - later
        for _, place in sorted(self._bends(known), reverse=True):
            if room > 0 and place not in wanted:
                wanted.append(place)
                room -= 1
        return sorted(wanted)

    def _bends(self, known: Known) -> Iterator[tuple[float, int]]:
        """Yield by how much an edge bends, and the middle of a cell beside it."""
        places = sorted(known)
        for a, b, c in zip(places, places[1:], places[2:], strict=False):
            bend = _bend(known[a], known[b], known[c], (b - a) / (c - a))
            if bend > BEND:
                yield from ((bend, (p + q) // 2) for p, q in ((a, b), (b, c)) if q - p > 1)


def lattice(grid: MassGrid) -> Lattice:
    """Return the places of a grid that refines itself."""
    first, last = grid.values
    width = math.log(last / first) / (grid.auto - 1)
    return Lattice(grid.auto, max(1, math.ceil(math.log2(width / FINEST))))


def refined(line: Line) -> Generator[Sequence[Place], Sequence[ScanPoint], list[ScanPoint]]:
    """Ask for the places of a line, level by level, to be sent their points; return all of them.

    Parameters
    ----------
    line : Line
        Whose grid refines itself.

    Returns
    -------
    list of ScanPoint
        In the order of the line, with the ends of their bands.
    """
    own = lattice(line.grid)
    known: dict[int, ScanPoint] = {}
    level = own.first
    while level:
        found = yield [line.place(place / own.cells) for place in level]
        known |= zip(level, found, strict=True)
        level = own.following(known)
    return with_ends(line.along, [known[place] for place in sorted(known)])


def _shape(point: ScanPoint) -> tuple[tuple[bool, bool], ...]:
    """Return which edges there are."""
    return tuple((math.isfinite(i.lower), math.isfinite(i.upper)) for i in point.exclusion.intervals)


def _differ(first: ScanPoint, second: ScanPoint) -> bool:
    """Return whether a band opens, closes or loses an edge between two points that are known."""
    return not (first.failed or second.failed) and _shape(first) != _shape(second)


def _bend(left: ScanPoint, middle: ScanPoint, right: ScanPoint, share: float) -> float:
    """Return how far an edge is from the straight line between its neighbours, if the errors allow to say."""
    if any(_differ(middle, other) or other.failed for other in (left, right)):
        return 0.0
    found = 0.0
    for near, here, far in zip(*(p.exclusion.intervals for p in (left, middle, right)), strict=True):
        for k in (0, 1):
            edges = near[k], here[k], far[k]
            if all(map(math.isfinite, edges)):
                low, value, high = map(math.log, edges)
                error = here[k + 2] / here[k]
                bend = abs(value - (1.0 - share) * low - share * high)
                found = max(found, bend if not bend < _SIGMA * error else 0.0)
    return found


def with_ends(along: str, points: Sequence[ScanPoint]) -> list[ScanPoint]:
    """Return points of a line, in its order, with where the band of each of their intervals ends."""
    ends = [[Ends() for _ in range(max(1, len(point.exclusion.intervals)))] for point in points]
    for k, (left, right) in enumerate(pairwise(points)):
        if left.failed or right.failed:
            continue
        at, error = _crossing(along, left, right)
        for j in _lonely(left, right):
            ends[k][j] = ends[k][j]._replace(closes_at=at, closes_at_error=error)
        for j in _lonely(right, left):
            ends[k + 1][j] = ends[k + 1][j]._replace(opens_at=at, opens_at_error=error)
    return [replace(point, ends=tuple(own)) for point, own in zip(points, ends, strict=True)]


def _lonely(point: ScanPoint, other: ScanPoint) -> list[int]:
    """Return the intervals of a point that overlap with none of another."""
    theirs = other.exclusion.intervals
    return [k for k, mine in enumerate(point.exclusion.intervals) if not any(map(mine.overlaps, theirs))]


def _crossing(along: str, left: ScanPoint, right: ScanPoint) -> tuple[float, float]:
    """Return the mass between two points at which the largest yield is what is excluded, and its error.

    In the logarithms of both it is taken as straight; where it is not known at both, the middle is returned.
    The error is that of the yields, and the spread of an even distribution over the cell.
    """
    first, last = (math.log(getattr(point, along)) for point in (left, right))
    share, drawn = 0.5, 0.0
    peaks = left.exclusion.peak, right.exclusion.peak
    if peaks[0] is not None and peaks[1] is not None and min(peak.ratio for peak in peaks if peak) > 0.0:
        high, low = (math.log(peak.ratio) for peak in peaks if peak)
        if high * low < 0.0:
            share = high / (high - low)
            error = max(peak.error / peak.ratio for peak in peaks if peak)
            drawn = error / abs(high - low) * (last - first)
    mass = math.exp(first + share * (last - first))
    return mass, mass * math.hypot(drawn, (last - first) / math.sqrt(12.0))
