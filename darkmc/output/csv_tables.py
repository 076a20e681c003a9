"""Tables that pictures are drawn from: CSV with '#' lines in front, written by runs and read back."""

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from darkmc.core.errors import PhysicsError
from darkmc.core.input_files import csv_rows, read_text
from darkmc.output.files import replacing

Row = dict[str, Any]
POINT = ("m_dark_photon_GeV", "m_axion_GeV", "coupling_per_GeV")  # columns that every row has


def write_table(path: Path, header: Iterable[str], rows: Sequence[Row]) -> Path:
    """Write rows of the same columns, whole or not at all; None and nan become empty cells."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {line}\n" for line in header)
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: "" if _empty(value) else value for key, value in row.items()})
    return path


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def read_table(path: Path, texts: Sequence[str], numbers: Sequence[str]) -> list[Row]:
    """Return the rows of a table that a run wrote: some columns as text, others as numbers (empty: nan).

    Raises
    ------
    PhysicsError
        Naming the file and the line, if it is not there or is no such table.
    """
    table = csv_rows(path, read_text(path, PhysicsError), PhysicsError)
    wanted = [*texts, *numbers]
    if not table or not set(wanted) <= set(table[0][1]):
        raise PhysicsError(f"{path}: the first row must name the columns {', '.join(wanted)}")
    if len(table) == 1:
        raise PhysicsError(f"{path}: no rows")
    rows = []
    for n, cells in table[1:]:
        found = dict(zip(table[0][1], cells, strict=False))
        try:
            values = {key: float(found[key]) if found[key] else math.nan for key in numbers}
            rows.append({key: found[key] for key in texts} | values)
        except (KeyError, ValueError):
            raise PhysicsError(f"{path}:{n}: a cell that must hold a number holds none") from None
    return rows
