"""Limit tables as pictures need them: regions, names, what an experiment is called."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.intervals import SCAN_HIGH, SCAN_LOW
from darkmc.core.tables import read_csv
from darkmc.figures.regions import LOWER, UPPER, Region, regions
from darkmc.figures.series import LongTable, Series, long_table
from darkmc.figures.style import plain
from darkmc.output.limits import LIMIT_COLUMNS, read_limits, shown_as

_NEEDED = set(LIMIT_COLUMNS[:8])


class Table(NamedTuple):
    """What is drawn of one limit.

    Attributes
    ----------
    experiment : str
        Name of its card.
    name : str
        What its label says.
    regions : list of Region
        What is excluded.
    method : str
        How edges were found.
    masses : list of float
        At which something is known, GeV.
    projection : bool
        Whether it is a projection.
    """

    experiment: str
    name: str
    regions: list[Region]
    method: str
    masses: list[float]
    projection: bool = False

    @property
    def lower_only(self) -> bool:
        """Whether it was made by a method that finds no upper edges."""
        return self.method == "iterative"

    @property
    def is_open(self) -> bool:
        """Whether a region is drawn as open above."""
        return not self.lower_only and any(np.isinf(r.points[:, UPPER]).any() for r in self.regions)

    @property
    def area(self) -> float:
        """How much of the picture its regions cover: in units of ln m x ln G."""
        total = 0.0
        for region in self.regions:
            mass, lower, upper = region.points.T[:3]
            height = np.log(np.minimum(upper, self.open_end) / np.maximum(lower, SCAN_LOW))
            total += float(np.sum(0.5 * (height[1:] + height[:-1]) * np.diff(np.log(mass))))
        return total

    @property
    def open_end(self) -> float:
        """Up to where open regions are drawn: the end of the scan, or above its own edges beyond that.

        Edges in closed form (of g - 2) know no end of a scan.
        """
        edges = np.concatenate([r.points[:, (LOWER, UPPER)].ravel() for r in self.regions] or [np.empty(0)])
        highest = np.max(edges[np.isfinite(edges)], initial=SCAN_HIGH)
        return SCAN_HIGH if highest == SCAN_HIGH else float(10.0 ** np.ceil(np.log10(2.0 * highest)))


def find_tables(folder: Path) -> list[Path]:
    """Return the limit tables in a directory by name; other CSV files there are passed over.

    Raises
    ------
    PhysicsError
        If the directory holds no limit table.
    """
    tables = [path for path in sorted(folder.glob("*.csv")) if is_limit(_rows(path))]
    if not tables:
        raise PhysicsError(f"no limit table in {folder}")
    return tables


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return read_limits(path)
    except PhysicsError:
        raise PhysicsError(f"{path}: not a CSV file") from None


def is_limit(rows: Sequence[dict[str, Any]]) -> bool:
    """Return whether rows are those of a limit table."""
    return bool(rows) and set(rows[0]) >= _NEEDED


def is_limit_file(path: Path) -> bool:
    """Return whether a file is a limit table."""
    return path.is_file() and is_limit(_rows(path))


def shown_head(path: Path) -> str:
    """Return what pictures call a table, empty if its head does not say."""
    return shown_as(read_csv(path, PhysicsError, strict=False).head)[0]


def content(path: Path) -> LongTable:
    """Return the series of a limit table.

    Raises
    ------
    PhysicsError
        If it is not there, or no limit table.
    """
    if not path.is_file():
        raise PhysicsError(f"no such file: {path}")
    rows = _rows(path)
    if not is_limit(rows):
        raise PhysicsError(f"{path}: not a limit table (columns {', '.join(LIMIT_COLUMNS[:8])})")
    return long_table(rows, str(path))


def tables(parts: Sequence[tuple[Path, Series]]) -> list[Table]:
    """Return what is drawn of series of tables, named so that no two are called the same.

    Raises
    ------
    PhysicsError
        If a cell that must hold a number above zero does not.
    """
    heads = {path: read_csv(path, PhysicsError, strict=False).head for path, _ in parts}
    called = {path: shown_as(heads[path])[0] or part.rows[0]["experiment"] for path, part in parts}
    found = []
    for path, part in parts:
        name = called[path]
        if sum(other == name for other in called.values()) > 1:
            name = f"{name} ({path.stem})"
        counts = _counts(heads[path])
        name = plain(f"{name} ({counts})" if counts else name)
        label = f"{name}, {part.label}" if part.label else name
        found.append(_table(path, part.rows, label, shown_as(heads[path])[1]))
    return found


def table(path: Path) -> Table:
    """Return what is drawn of a table that holds one series."""
    return tables([(path, part) for part in content(path).series])[0]


def _table(path: Path, rows: list[dict[str, Any]], name: str, projection: bool) -> Table:
    try:
        masses = [float(row["m_dark_photon"]) for row in rows]
        found = regions(rows)
    except (TypeError, ValueError):
        reason = "masses and edges must be numbers above zero, errors no less, and intervals of a mass apart"
        raise PhysicsError(f"{path}: {reason}") from None
    return Table(rows[0]["experiment"], name, found, rows[0].get("method", ""), masses, projection)


def _counts(head: Sequence[str]) -> str:
    """Return what the head of a table calls the observed counts, e.g. reconstructed; empty if nothing."""
    named = [line for line in head if line.startswith("counts ") and ": " in line]
    return named[0].partition(": ")[2] if named else ""
