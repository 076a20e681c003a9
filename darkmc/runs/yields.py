"""Yields beside the limits of a run: at each point the expected events over a grid of couplings."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from darkmc.output.csv_tables import read_table, write_table
from darkmc.runs.tables import header
from darkmc.scan.point import ScanPoint

COUPLINGS = tuple(float(f"{g:.6g}") for g in np.geomspace(1e-7, 1e2, 37))  # GeV^-1
_COLUMNS = ("m_dark_photon", "m_axion", "coupling_per_GeV", "expected_events", "error")
At = dict[tuple[float, float], list[tuple[float, float]]]


def yields_path(table: Path) -> Path:
    """Return where the yields of a limit table are."""
    return table.with_name(f"{table.stem}-yields.csv")


def write_yields(table: Path, points: Sequence[ScanPoint]) -> Path | None:
    """Write the yields of a curve's points; None and no file if none of them has any."""
    rows = [
        dict(zip(_COLUMNS, (point.m_dark_photon, point.m_axion, coupling, *values), strict=True))
        for point in points
        for coupling, values in zip(COUPLINGS, point.yields, strict=bool(point.yields))
    ]
    if not rows:
        return None
    about = header(
        "expected events over couplings", "masses in GeV, coupling in GeV^-1; an empty error is unknown"
    )
    return write_table(yields_path(table), about, [_finite(row) for row in rows])


def _finite(row: dict[str, float]) -> dict[str, float | None]:
    return {key: value if math.isfinite(value) else None for key, value in row.items()}


def read_yields(table: Path) -> tuple[list[float], At]:
    """Return the couplings, and by pair of masses the expected events and errors; none without the file."""
    path = yields_path(table)
    if not path.is_file():
        return [], {}
    found: At = {}
    couplings: dict[float, None] = {}
    for row in read_table(path, (), _COLUMNS):
        found.setdefault((row[_COLUMNS[0]], row[_COLUMNS[1]]), []).append(
            (row[_COLUMNS[3]], row[_COLUMNS[4]])
        )
        couplings[row[_COLUMNS[2]]] = None
    return list(couplings), found
