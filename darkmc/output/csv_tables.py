"""Tables that pictures are drawn from, written by runs and read back."""

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from darkmc.core.errors import PhysicsError
from darkmc.core.tables import read_csv, write_csv
from darkmc.output.files import replacing

Row = dict[str, Any]
_OF_OTHERS = (
    ".root",
    ".parquet",
    ".npz",
    ".hepmc",
    ".hepmc3",
    ".lhe",
    ".hepevt",
    ".gz",
    ".pdf",
    ".png",
    ".svg",
)
_NO_TABLES = (*_OF_OTHERS, ".html")
MASSES = ("m_dark_photon_GeV", "m_axion_GeV")
POINT = (*MASSES, "coupling_per_GeV")  # columns that every row has


def check_table_name(path: str | os.PathLike[str]) -> None:
    """Raise PhysicsError if a table would have a name by which files of another kind are known."""
    name = Path(path)
    if name.suffix.lower() in _NO_TABLES:
        raise PhysicsError(f"{path}: a table is CSV: give it a name such as {name.with_suffix('.csv')}")


def write_table(path: Path, header: Iterable[str], rows: Sequence[Row]) -> Path:
    """Write rows of the same columns, whole or not at all; None and nan become empty cells."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        write_csv(file, header, list(rows[0]), rows)
    return path


def read_table(path: Path, texts: Sequence[str], numbers: Sequence[str]) -> list[Row]:
    """Return the rows of a table that a run wrote: some columns as text, others as numbers (empty: nan).

    Raises
    ------
    PhysicsError
        Naming the file and the line, if it is not there or is no such table.
    """
    table = read_csv(path, PhysicsError)
    wanted = [*texts, *numbers]
    if not set(wanted) <= set(table.columns):
        raise PhysicsError(f"{path}: the first row must name the columns {', '.join(wanted)}")
    if not table.rows:
        raise PhysicsError(f"{path}: no rows")
    rows = []
    for n, found in table.records():
        try:
            values = {key: float(found[key]) if found[key] else math.nan for key in numbers}
            rows.append({key: found[key] for key in texts} | values)
        except (KeyError, ValueError):
            raise PhysicsError(f"{path}:{n}: a cell that must hold a number holds none") from None
    return rows
