"""Limits to be read: a table with a line for each interval, each remark once below; and in one line."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from darkmc.core.intervals import Interval
from darkmc.core.words import notes, text_table, with_error
from darkmc.output.limits import DOMINANT_COLUMNS, ENVELOPE_COLUMNS, json_rows
from darkmc.scan.point import ScanPoint

_ENDS = {"lower": "0", "upper": "no upper edge"}  # what stands where an edge does not exist
_SPANS = dict(
    zip(_ENDS, zip(ENVELOPE_COLUMNS[::2], ENVELOPE_COLUMNS[1::2], DOMINANT_COLUMNS, strict=True), strict=True)
)


def limit_table(points: Sequence[ScanPoint]) -> str:
    """Return masses and excluded couplings with their errors, one line an interval.

    With alternatives, beside each edge the least and largest over them, and whose moves it most.

    Parameters
    ----------
    points : sequence of ScanPoint
        Of a scan.
    """
    axions = len({point.m_axion for point in points}) > 1 or any(point.m_axion for point in points)
    scanned = list(dict.fromkeys(key for point in points for key, _ in point.settings))
    varied = list(dict.fromkeys(name for point in points for name in point.alternatives))
    found = [(point, row) for point in points for row in json_rows(point)]
    below = notes([_remarks(row) for _, row in found])
    head = ["m' (GeV)", *(["m_a (GeV)"] if axions else []), *scanned]
    for edge in ("excluded from (GeV^-1)", "to (GeV^-1)"):
        head += [edge, *(["varied"] if varied else [])]
    rows = []
    for point, row in found:
        settings = dict(point.settings)
        start = [f"{point.m_dark_photon:.6g}", *([f"{point.m_axion:.6g}"] if axions else [])]
        start += [f"{settings.get(key, '')}" for key in scanned]
        marks = "; ".join(below[text][0] if text in below else text for text in _remarks(row))
        rows.append([*start, *_edges(point, row, bool(varied)), marks])
    told = [f"varied: the least and largest edge with {', '.join(varied)} (what moves it most)"]
    told = [*(told if varied else []), *dict.fromkeys(text for _, text in below.values())]
    return "\n".join([text_table([*head, "notes"], rows), *told])


def _edges(point: ScanPoint, row: Mapping[str, Any], varied: bool) -> Iterator[str]:
    if not row["interval"]:
        yield "failed" if point.failed else "closed" if point.closed else "nothing"
        yield from [""] * (3 if varied else 1)
        return
    for edge, end in _ENDS.items():
        yield _edge(row[edge], row[f"{edge}_error"], end)
        if varied:
            yield _span(row, edge, end)


def _edge(edge: float | None, error: float | None, end: str) -> str:
    if edge is None:
        return end
    return with_error(edge, error) if error else f"{edge:.5g}"


def _span(row: Mapping[str, Any], edge: str, end: str) -> str:
    low, high, whose = (row.get(name) for name in _SPANS[edge])
    words = f"{end if low is None else f'{low:.3g}'} to {end if high is None else f'{high:.3g}'}"
    return f"{words} ({whose})" if whose else words


def _remarks(row: Mapping[str, Any]) -> list[str]:
    return [text for text in row["reason"].split("; ") if text]


def in_a_line(points: Sequence[ScanPoint]) -> str:
    """Return in one line at how many points of a scan something is excluded, and the outermost edges.

    Parameters
    ----------
    points : sequence of ScanPoint
        Of a scan.
    """
    some = [(point.m_dark_photon, interval) for point in points for interval in point.exclusion.intervals]
    if not some:
        return f"nothing is excluded at {len(points)} point{'s' * (len(points) > 1)}"
    excluding = sum(bool(point.exclusion.intervals) for point in points)
    masses = [mass for mass, _ in some]
    span = f"{min(masses):.4g}{f' to {max(masses):.4g}' if min(masses) < max(masses) else ''}"
    where = f"{excluding} of {len(points)} points, " if len(points) > 1 else ""
    return f"couplings are excluded at {where}m' = {span} GeV; {', '.join(_extremes(some))}"


def _extremes(some: Sequence[tuple[float, Interval]]) -> Iterator[str]:
    several = len({mass for mass, _ in some}) > 1
    lower = [(edges.lower, mass) for mass, edges in some if math.isfinite(edges.lower)]
    upper = [(edges.upper, mass) for mass, edges in some]
    if lower:
        yield f"lowest edge {min(lower)[0]:.3g} GeV^-1{f' at {min(lower)[1]:.4g} GeV' if several else ''}"
    if all(math.isfinite(edge) for edge, _ in upper):
        yield f"highest {max(upper)[0]:.3g} GeV^-1{f' at {max(upper)[1]:.4g} GeV' if several else ''}"
    else:
        yield f"{sum(not math.isfinite(edge) for edge, _ in upper)} without upper edge"
