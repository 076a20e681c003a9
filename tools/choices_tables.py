"""Tables of docs/choices.md, from what the run `choices` wrote (docs/data/runs/choices.csv)."""

import csv
import shutil
from pathlib import Path

import tables  # beside this script

KEPT = tables.DATA / "runs" / "choices.csv"
MASSES = ("lightest", "second", "third", "fourth", "heaviest")


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of the run's table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def shifts(path: Path, edge: str) -> list[list[str]]:
    """Return the shifts of an edge: for each experiment its masses and edges, then a row for each key."""
    found = rows_of(path)
    out = [["experiment", "key alone at its published value", *MASSES]]
    for experiment in dict.fromkeys(row["experiment"] for row in found):
        mine = [row for row in found if row["experiment"] == experiment]
        keys = list(dict.fromkeys(row["keys"] for row in mine))
        first = [row for row in mine if row["keys"] == keys[0]]
        if not any(row[f"{edge}_ratio"] for row in mine):
            continue
        best = [
            f"{1e3 * float(row['m_dark_photon_GeV']):.4g} MeV: {_edge(row[f'{edge}_best'])}" for row in first
        ]
        out.append([experiment, "(best)", *best])
        for key in keys:
            cells = [_shift(row, edge) for row in mine if row["keys"] == key]
            value = next(row["values"] for row in mine if row["keys"] == key)
            out.append([experiment, f"{key} = {value}" if value else key, *cells])
    return out


def _edge(text: str) -> str:
    return f"{float(text):.3g}" if text else "none"


def _shift(row: dict[str, str], edge: str) -> str:
    """Return the shift in per cent with its error, or what there is instead of both edges."""
    if row[f"{edge}_ratio"]:
        ratio, error = float(row[f"{edge}_ratio"]), float(row[f"{edge}_ratio_error"] or "nan")
        return f"{100.0 * (ratio - 1.0):+.1f} +- {100.0 * error:.1f}%"
    return _edge(row[edge]) if not row[f"{edge}_best"] else "none"


def write_from(path: Path) -> None:
    """Keep the run's table and write the tables of the page."""
    KEPT.parent.mkdir(exist_ok=True)
    if path != KEPT:
        shutil.copy(path, KEPT)
    for edge in ("lower", "upper"):
        comment = f"shift of the {edge} edge by each key of preset published alone, GeV^-1 and per cent"
        tables.write(f"choices-{edge}", comment, shifts(KEPT, edge))
