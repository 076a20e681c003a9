"""Connected excluded regions of a limit table: intervals joined over masses, never beyond the last one."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from darkmc.core.kinematics import Array

EDGES = ("lower", "upper", "lower_error", "upper_error")
ENVELOPE = ("lower_min", "lower_max", "upper_min", "upper_max")
ENDS = ("opens_at", "closes_at")  # masses, known where the grid has refined itself
# what an empty cell stands for: an edge beyond the scan, no known error, no envelope
_EMPTY = {"lower": 0.0, "upper": np.inf, "lower_error": 0.0, "upper_error": 0.0}
LOWER, UPPER = 1, 2  # columns of a region
_WIDTH = 1 + len(EDGES) + len(ENVELOPE)
_NARROWS = 0.8  # a band that is so much narrower than a mass before ends in a tip, others in a line
_SMALLEST, _LARGEST = 1e-100, 1e100  # masses and edges that a picture has room for


class Region(NamedTuple):
    """A region without branches.

    Attributes
    ----------
    points : array (n, 9)
        Mass, then EDGES, then ENVELOPE; lower 0 or upper inf where the region is open, nan: no envelope.
    closed_low, closed_high : bool
        Whether the region ends there because the next mass is not excluded; if not, the table ends or
        the region goes on in others.
    """

    points: Array
    closed_low: bool
    closed_high: bool


class _Chain:
    """A region that may still grow towards higher masses."""

    def __init__(self, point: Array, closed_low: bool) -> None:
        self.points, self.closed_low = [point], closed_low

    def finish(self, closed_high: bool) -> Region:
        points = list(self.points)
        if self.closed_low:
            points[:0] = _tip(points[:2], 0)
        if closed_high:
            points += _tip(self.points[:-3:-1], 1)
        return Region(np.array(list(_stepped(points)))[:, :_WIDTH], self.closed_low, closed_high)


def _tip(last: Sequence[Array], end: int) -> list[Array]:
    """Return the point in which a band ends, from its last point and the one before; none if not known.

    A band that narrows ends at one coupling, amid its edges.
    """
    mass = last[0][_WIDTH + end]
    if np.isnan(mass):
        return []
    tip = last[0].copy()
    tip[0], tip[3:_WIDTH] = mass, [0.0, 0.0] + [np.nan] * len(ENVELOPE)
    widths = [np.log(point[UPPER] / point[LOWER]) if point[LOWER] > 0.0 else np.inf for point in last]
    if len(last) == 1 or (np.isfinite(widths[0]) and widths[0] < _NARROWS * widths[1]):
        tip[[LOWER, UPPER]] = np.sqrt(tip[LOWER] * tip[UPPER])
    return [tip]


def regions(rows: Sequence[Mapping[str, str]]) -> list[Region]:
    """Return the regions of a limit table; points that failed say nothing.

    Intervals of neighbouring masses are joined when they overlap.  Where one interval meets several, it
    is cut in the middle (of the logarithm) of the gaps between those, so that a gap opens from a point.
    Where the table says at which mass a band begins or ends, it is drawn as far as there.
    Where the upper edge appears or disappears, the open mass comes twice: as far as the last known edge, and
    whole; nothing tells where between the two masses the edge goes.

    Raises
    ------
    ValueError, TypeError
        If a cell that must hold a number holds none, or none that can be a mass or an edge, or if intervals
        of one mass overlap.
    """
    columns = _columns([row for row in rows if row.get("failed") != "1"])
    if not columns:
        return []
    done: list[Region] = []
    alone = len(columns) == 1
    growing = {k: _Chain(point, alone) for k, point in enumerate(columns[0])}
    for left, right in pairwise(columns):
        growing = _step(left, right, growing, done)
    done += [chain.finish(alone) for chain in growing.values()]
    return [region for region in done if len(region.points) > 1 or region.closed_low or region.closed_high]


def _columns(rows: Sequence[Mapping[str, str]]) -> list[list[Array]]:
    """Return the intervals at each mass, both in increasing order."""
    by_mass: dict[float, list[Array]] = {_mass(row): [] for row in rows}
    for row in rows:
        if row["interval"] != "0":
            point = _point(row)
            by_mass[point[0]].append(point)
    columns = [sorted(by_mass[mass], key=lambda point: float(point[LOWER])) for mass in sorted(by_mass)]
    if any(first[UPPER] > second[LOWER] for column in columns for first, second in pairwise(column)):
        raise ValueError("intervals of one mass overlap")
    return columns


def _mass(row: Mapping[str, str]) -> float:
    mass = float(row["m_dark_photon"])
    if not _SMALLEST <= mass <= _LARGEST:
        raise ValueError("no mass")
    return mass


def _point(row: Mapping[str, str]) -> Array:
    def number(key: str) -> float:
        return float(row[key]) if row.get(key) else _EMPTY.get(key, np.nan)

    point = np.array([_mass(row), *(number(key) for key in EDGES + ENVELOPE + ENDS)])
    lower, upper, *errors = point[1:5]
    if any(not (np.isnan(end) or _SMALLEST <= end <= _LARGEST) for end in point[_WIDTH:]):
        raise ValueError("no mass at which a band ends")
    starts = lower == 0.0 or _SMALLEST <= lower <= _LARGEST
    ends = upper == np.inf or _SMALLEST <= upper <= _LARGEST
    if not (starts and ends and lower <= upper and all(error >= 0.0 for error in errors)):
        raise ValueError("no interval")
    return point


def _step(
    left: list[Array], right: list[Array], growing: dict[int, _Chain], done: list[Region]
) -> dict[int, _Chain]:
    """Join the intervals at two neighbouring masses and return the chains that end at the second."""
    links = [(j, k) for j in range(len(left)) for k in range(len(right)) if _overlap(left[j], right[k])]
    after = {j: [k for i, k in links if i == j] for j in range(len(left))}
    before = {k: [j for j, i in links if i == k] for k in range(len(right))}
    grown: dict[int, _Chain] = {}
    for j, k in links:
        if len(after[j]) == 1:
            chain = growing.pop(j)
        else:
            chain = _Chain(_part(left[j], [right[i] for i in after[j]], after[j].index(k)), False)
        chain.points.append(_part(right[k], [left[i] for i in before[k]], before[k].index(j)))
        if len(before[k]) == 1:
            grown[k] = chain
        else:
            done.append(chain.finish(False))
    done += [chain.finish(closed_high=not after[j]) for j, chain in growing.items()]
    fresh = {k: _Chain(right[k], closed_low=not before[k]) for k in range(len(right)) if k not in grown}
    return grown | fresh


def _stepped(points: list[Array]) -> Iterator[Array]:
    """Yield the points, and the open mass as a step where the upper edge appears or disappears."""
    yield points[0]
    for first, second in pairwise(points):
        finite, open_ = (second, first) if np.isinf(first[UPPER]) else (first, second)
        if np.isinf(open_[UPPER]) and np.isfinite(finite[UPPER]) and open_[LOWER] < finite[UPPER]:
            step = open_.copy()
            step[[UPPER, UPPER + 2]], step[7:_WIDTH] = (finite[UPPER], 0.0), np.nan
            yield step
        yield second


def _overlap(first: Array, second: Array) -> bool:
    return bool(first[LOWER] < second[UPPER] and second[LOWER] < first[UPPER])


def _part(point: Array, partners: list[Array], own: int) -> Array:
    """Return the part of an interval that faces one of its partners: cut amid the gaps between them."""
    part = point.copy()
    if own > 0:
        part[[LOWER, LOWER + 2]] = np.sqrt(partners[own - 1][UPPER] * partners[own][LOWER]), 0.0
        part[5:7] = np.nan
    if own < len(partners) - 1:
        part[[UPPER, UPPER + 2]] = np.sqrt(partners[own][UPPER] * partners[own + 1][LOWER]), 0.0
        part[7:9] = np.nan
    return part
