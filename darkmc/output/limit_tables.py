"""Limits as a table to be read: a line for each interval, each remark once below."""

import math
from collections.abc import Sequence

from darkmc.core.intervals import Interval
from darkmc.core.words import notes, text_table, with_error
from darkmc.scan.point import ScanPoint


def limit_table(points: Sequence[ScanPoint]) -> str:
    """Return masses and excluded couplings with their errors, one line an interval.

    Parameters
    ----------
    points : sequence of ScanPoint
        Of a scan.
    """
    axions = len({point.m_axion for point in points}) > 1 or any(point.m_axion for point in points)
    scanned = list(dict.fromkeys(key for point in points for key, _ in point.settings))
    below = notes([_remarks(point) for point in points])
    head = ["m' (GeV)", *(["m_a (GeV)"] if axions else []), *scanned]
    head += ["excluded from (GeV^-1)", "to (GeV^-1)", "notes"]
    rows = []
    for point in points:
        settings = dict(point.settings)
        start = [f"{point.m_dark_photon:.6g}", *([f"{point.m_axion:.6g}"] if axions else [])]
        start += [f"{settings.get(key, '')}" for key in scanned]
        marks = "; ".join(below[text][0] if text in below else text for text in _remarks(point))
        rows += [[*start, *edges, marks] for edges in _edges(point)]
    return "\n".join([text_table(head, rows), *dict.fromkeys(text for _, text in below.values())])


def _edges(point: ScanPoint) -> list[tuple[str, str]]:
    if point.failed:
        return [("failed", "")]
    if not point.exclusion.intervals:
        return [("closed" if point.closed else "nothing", "")]
    return [_interval(interval) for interval in point.exclusion.intervals]


def _interval(interval: Interval) -> tuple[str, str]:
    low = _edge(interval.lower, interval.lower_error, "0")
    return low, _edge(interval.upper, interval.upper_error, "no upper edge")


def _edge(edge: float, error: float, end: str) -> str:
    if not math.isfinite(edge):
        return end
    return f"{edge:.5g}" if math.isnan(error) or error == 0.0 else with_error(edge, error)


def _remarks(point: ScanPoint) -> list[str]:
    return [text for text in point.exclusion.reason.split("; ") if text]
