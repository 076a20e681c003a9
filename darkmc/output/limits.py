"""CSV and JSON rows of limits: one per interval, a null row where there is none."""

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from darkmc import __version__
from darkmc.cards.references import Shown
from darkmc.core.errors import PhysicsError
from darkmc.core.intervals import EdgeErrors, Interval
from darkmc.core.tables import read_csv, write_csv
from darkmc.core.words import notes
from darkmc.experiments.lepton_moments import MomentLimit
from darkmc.limits.deciding import precision_of, precision_without_edges
from darkmc.output.files import replacing
from darkmc.scan.place import Ends
from darkmc.scan.point import ScanPoint, ScanRequest

LIMIT_COLUMNS = (
    "experiment",
    "m_dark_photon",
    "m_axion",
    "interval",
    "lower",
    "upper",
    "lower_error",
    "upper_error",
    "method",
    "reason",
    "history",
    "n_samples",
    "seconds",
    "seed",
    "lower_draw_error",
    "upper_draw_error",
    "lower_list_error",
    "upper_list_error",
    "cpu_seconds",
    "failed",
    "lower_precision_of",
    "upper_precision_of",
)
_EDGES, _PARTS, _OF = LIMIT_COLUMNS[4:8], LIMIT_COLUMNS[14:18], LIMIT_COLUMNS[20:22]

COMBINED_COLUMNS = ("lower_by", "upper_by")
ENVELOPE_COLUMNS = ("lower_min", "lower_max", "upper_min", "upper_max")
DOMINANT_COLUMNS = ("lower_by_most", "upper_by_most")
END_COLUMNS = Ends._fields
ALL_COLUMNS = (
    *LIMIT_COLUMNS,
    *ENVELOPE_COLUMNS,
    *DOMINANT_COLUMNS,
    *END_COLUMNS,
    *COMBINED_COLUMNS,
)  # any others are keys of the card that were scanned


_SHOWN = "shown as "
_ENDS = "opens_at, closes_at: the mass (GeV) beside this one at which the interval's band begins or ends"

_BY_MOST = "by_most: the alternative that moves the edge by the largest factor"
_PRECISION_OF = (
    "precision_of: G, what was sought at an edge is its dG/G; N, dN/N of the yield, flat there; decision, "
    "that there is no edge (5 errors of the largest yield, 5% of it)"
)


def envelope(point: ScanPoint, interval: Interval) -> tuple[dict[str, float | str | None], str]:
    """Return the least and largest edges of an interval over the nominal and all alternatives, and remarks.

    With them the alternative that moves each edge by the largest factor.  An alternative's intervals belong
    to the nominal one that they overlap, the first to its lower edge and the last to its upper one.
    """
    found = {
        name: [other for other in exclusion.intervals if interval.overlaps(other)]
        for name, exclusion in point.alternatives.items()
    }
    gone = [name for name, others in found.items() if not others]
    spans = [(interval.lower, interval.upper)]
    spans += [(others[0].lower, others[-1].upper) for others in found.values() if others]
    columns: dict[str, float | str | None] = {}
    for k, edge in enumerate(("lower", "upper")):
        values = [span[k] for span in spans]
        finite = [value for value in values if math.isfinite(value)]
        columns[f"{edge}_min"] = min(finite) if finite else None
        columns[f"{edge}_max"] = max(finite) if len(finite) == len(values) else None
        names = [name for name, others in found.items() if others]
        columns[f"{edge}_by_most"] = _farthest(values[0], dict(zip(names, values[1:], strict=True)))
    return columns, f"nothing excluded with {', '.join(gone)}" if gone else ""


def _farthest(nominal: float, others: dict[str, float]) -> str | None:
    """Return whose edge differs by the largest factor; one that does not exist is infinitely far."""
    if not (math.isfinite(nominal) and nominal > 0.0):
        return None
    far = {
        name: abs(math.log(edge / nominal)) if math.isfinite(edge) and edge > 0.0 else math.inf
        for name, edge in others.items()
    }
    return max(far, key=lambda name: far[name]) if far and max(far.values()) > 0.0 else None


def json_rows(point: ScanPoint) -> Iterator[dict[str, Any]]:
    """Yield one object per interval; a missing edge is None, and a point without interval has number 0."""
    exclusion = point.exclusion
    nothing = Interval(*(float("nan"),) * 4)
    first = 1 if exclusion.intervals else 0
    for number, edges in enumerate(exclusion.intervals or (nothing,), start=first):
        below, above = exclusion.error_parts[number - 1] if exclusion.error_parts else _closed_form(edges)
        parts = (below.draw, above.draw, below.of_list, above.of_list)
        row = {
            "experiment": point.experiment,
            "m_dark_photon": point.m_dark_photon,
            "m_axion": point.m_axion,
            "interval": number,
        }
        row |= _finite(_EDGES, edges)
        row |= {"method": exclusion.method, "reason": exclusion.reason}
        if point.alternatives:
            row |= _varied(point, edges if exclusion.intervals else None, row)
        if exclusion.method == "iterative":
            row["history"] = [list(step) for step in exclusion.history]
        row |= {"n_samples": point.n_samples, "seconds": point.seconds, "seed": point.seed}
        row |= _finite(_PARTS, parts)
        row |= {"cpu_seconds": point.cpu_seconds, "failed": point.failed}
        row |= {
            name: precision_of(edge.power) or precision_without_edges(exclusion) or None
            for name, edge in zip(_OF, (below, above), strict=True)
        }
        if point.ends:
            row |= _finite(END_COLUMNS, point.ends[number - first])
        yield row | dict(point.settings)


def _finite(names: Sequence[str], values: Iterable[float]) -> dict[str, float | None]:
    """Return numbers by name, None for those that do not exist or are unknown."""
    return {
        name: float(value) if math.isfinite(value) else None
        for name, value in zip(names, values, strict=True)
    }


def _closed_form(edges: Interval) -> tuple[EdgeErrors, EdgeErrors]:
    """Return the errors of edges that nothing was drawn for: that of the list is none."""
    lower, upper = (EdgeErrors(error, error, 0.0 * error) for error in edges[2:])
    return lower, upper


def _varied(point: ScanPoint, edges: Interval | None, row: dict[str, Any]) -> dict[str, Any]:
    """Return the envelope's columns of a row, and its reason with remarks."""
    if edges is not None:
        columns, remark = envelope(point, edges)
    else:
        columns = dict.fromkeys((*ENVELOPE_COLUMNS, *DOMINANT_COLUMNS))
        others = [name for name, exclusion in point.alternatives.items() if exclusion.intervals]
        remark = f"something is excluded with {', '.join(others)}" if others else ""
    reason = "; ".join(text for text in (row["reason"], remark) if text)
    return {**columns, "reason": reason}


def write_limits(
    path: str | os.PathLike[str], request: ScanRequest, points: Sequence[ScanPoint], force: bool = True
) -> None:
    """Write a scan as CSV: '#' lines with version, cards and units, then one row per interval."""
    experiment = request.load()
    drawn = f"seed {request.seed}, precision {request.precision:g}, "
    units = "masses in GeV, couplings and their Monte Carlo errors in GeV^-1, seconds of sampling"
    errors = "draw_error: of the draws; list_error: of a finite list of mesons; both in quadrature: error"
    if isinstance(experiment, MomentLimit):  # a closed form
        drawn, units = "", "masses in GeV, couplings in GeV^-1, seconds of computing; seed has no effect"
    header = (
        f"darkmc {__version__}: couplings G excluded by {experiment.name}",
        f"{drawn}preset {request.preset}, overrides {json.dumps(dict(request.overrides), sort_keys=True)}",
        *([f"envelope over {', '.join(request.vary)}", _BY_MOST] if request.vary else []),
        *experiment.provenance,
        shown_line(experiment.in_pictures),
        units,
        "an empty edge does not exist: see reason; interval 0: nothing is excluded",
        f"{errors}; an empty one beside an edge is unknown",
        *([_ENDS] if request.lines else []),
        "cpu_seconds: that the point took; failed 1: the point could not be computed, nothing is known",
        *([_PRECISION_OF] if drawn else []),
    )
    with replacing(path, force) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        scanned = dict.fromkeys(key for point in points for key, _ in point.settings)
        more = (
            *((*ENVELOPE_COLUMNS, *DOMINANT_COLUMNS) if request.vary else ()),
            *(END_COLUMNS if request.lines else ()),
        )
        columns = (*LIMIT_COLUMNS, *more, *scanned)
        rows = [_cells(row) for point in points for row in json_rows(point)]
        below = notes([row["reason"].split("; ") for row in rows])
        said = dict.fromkeys(f"remark {text}" for _, text in below.values())
        for row in rows:
            parts = row["reason"].split("; ")
            row["reason"] = "; ".join(f"remark {below[part][0]}" if part in below else part for part in parts)
        write_csv(file, (*header, *said), columns, rows)


def shown_line(shown: Shown) -> str:
    """Return the line of a table's head that says what pictures call it."""
    name = " ".join([shown.name, *([str(shown.year)] if shown.year else [])])
    return f"{_SHOWN}{name}; {'projection' if shown.projection else 'exclusion'}"


def shown_as(head: Iterable[str]) -> tuple[str, bool]:
    """Return what pictures call a table (empty: its head does not say), and whether it is a projection."""
    said = next((line.removeprefix(_SHOWN) for line in head if line.startswith(_SHOWN)), "")
    name, _, kind = said.rpartition("; ")
    return name, kind == "projection"


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of JSON as one of CSV."""
    history = {"history": json.dumps(row["history"])} if "history" in row else {}
    return row | history | {"failed": int(row["failed"])}


def write_combined(
    path: str | os.PathLike[str], sources: Sequence[str], rows: Sequence[dict[str, Any]], force: bool = False
) -> None:
    """Write the best limits of several tables, whose labels are `sources`, as one."""
    header = (
        f"darkmc {__version__}: what at least one of these excludes: {', '.join(sources)}",
        shown_line(Shown(name="combined")),
        "masses in GeV, couplings and their Monte Carlo errors (0: none is known) in GeV^-1",
        "edges between a table's masses: on straight lines in the logarithms; beyond them nothing is taken",
        "lower_by, upper_by: the table that sets the edge",
    )
    columns = (*LIMIT_COLUMNS[:10], *COMBINED_COLUMNS)
    with replacing(path, force) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        write_csv(file, header, columns, rows)


def read_limits(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return the rows of a limit file as text by column name; None where a row is too short.

    Raises
    ------
    PhysicsError
        If it is not there, or no CSV file.
    """
    table = read_csv(Path(path), PhysicsError, strict=False)
    return [{name: record.get(name) for name in table.columns} for _, record in table.records()]
