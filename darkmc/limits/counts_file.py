"""BaBar, single photons: no bin of missing mass squared may hold more signal than its count allows.

The criterion of arXiv:1806.00757, without subtraction of background: a coupling is excluded if the expected
signal in any bin is above the Poisson mean that the bin's count excludes at one-sided 2 sigma ("poisson"), or
above N + 2 sqrt(N) ("gaussian"). Bins, counts and numbers: the card, and the CSV file that it names.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darkmc.cards.collider import ColliderObserved
from darkmc.core.errors import CardError
from darkmc.core.kinematics import Array
from darkmc.core.tables import Table, read_csv
from darkmc.limits.poisson import excluded_mean, gaussian_excess

COLUMNS = ("low_GeV2", "high_GeV2", "count")
_CRITERIA = {"poisson": excluded_mean, "gaussian": gaussian_excess}


@dataclass(frozen=True)
class Counts:
    """Counts in neighbouring bins of missing mass squared.

    Attributes
    ----------
    edges : array (n + 1,)
        GeV^2, increasing.
    counts : array (n,) of int
        Observed events.
    label : str
        What the file calls its counts in a line ``# label: ...``; empty if it has none.
    source : str
        The file and a hash of its content.
    """

    edges: Array
    counts: Array
    label: str
    source: str

    def excluded(self, observed: ColliderObserved) -> Array:
        """Return the number of signal events (n,) that each count excludes."""
        return np.asarray(_CRITERIA[observed.criterion](self.counts, observed.significance))


def read_counts(observed: ColliderObserved, card: str) -> Counts:
    """Return the counts of a card's window.

    The file is looked for in the working directory, then beside the card. It has the columns low_GeV2,
    high_GeV2 and count, and may have a first column, window, for several windows in one file.

    Parameters
    ----------
    observed : ColliderObserved
        The card's table, with `counts`.
    card : str
        Path of the card.

    Raises
    ------
    CardError
        If there is no such file, a number is wrong, or the bins do not cover the card's range exactly.
    """
    path = counts_file(str(observed.counts), card)
    table = read_csv(path)
    label = next((line[6:].strip() for line in table.head if line.startswith("label:")), "")
    rows = _rows(table, str(observed.window))
    edges = _edges(path, rows, observed)
    counts = np.array([count for _, _, count in rows])
    return Counts(edges, counts, label, f"counts {path.name} {table.digest}{f': {label}' if label else ''}")


def counts_file(name: str, card: str) -> Path:
    """Return the path of the file with a card's counts."""
    for path in (Path(name), Path(card).parent / name):
        if path.is_file():
            return path
    raise CardError(f"{card}: observed.counts: no file '{name}' here or beside the card")


def _rows(table: Table, window: str) -> list[tuple[float, float, int]]:
    """Return the bins of one window in the order of their edges."""
    path, header = table.path, tuple(table.columns)
    if header not in (COLUMNS, ("window", *COLUMNS)):
        raise CardError(f"{path}: the first row must be [window,]{','.join(COLUMNS)}")
    several = len(header) > len(COLUMNS)
    rows = [
        _row(f"{path}:{n}", cells[several:]) for n, cells in table.rows if not several or cells[0] == window
    ]
    if not rows:
        raise CardError(f"{path}: no bins of window '{window}'")
    return sorted(rows)


def _row(where: str, cells: list[str]) -> tuple[float, float, int]:
    if len(cells) != len(COLUMNS):
        raise CardError(f"{where}: {len(cells)} numbers, not {len(COLUMNS)}")
    try:
        low, high, count = (float(cell) for cell in cells)
    except ValueError:
        raise CardError(f"{where}: {', '.join(COLUMNS)} must be numbers") from None
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise CardError(f"{where}: low_GeV2 must be below high_GeV2")
    if not (count >= 0.0 and count == np.floor(count) and np.isfinite(count)):
        raise CardError(f"{where}: count must be a whole number of at least 0, not {cells[2]}")
    return low, high, int(count)


def _edges(path: Path, rows: list[tuple[float, float, int]], observed: ColliderObserved) -> Array:
    """Return the bins' edges; they must follow each other and end where the card's range does."""
    low, high = np.array([row[:2] for row in rows]).T
    wanted = observed.missing_mass2_GeV2 or (low[0], high[-1])
    for k in range(1, len(rows)):
        if high[k - 1] != low[k]:
            fault = "a gap" if high[k - 1] < low[k] else "an overlap"
            raise CardError(f"{path}: {fault} between {high[k - 1]:g} and {low[k]:g} GeV^2")
    if (low[0], high[-1]) != wanted:
        needed = f"not {wanted[0]:g} to {wanted[1]:g} as observed.missing_mass2_GeV2 says"
        raise CardError(f"{path}: bins from {low[0]:g} to {high[-1]:g} GeV^2, {needed}")
    return np.append(low, high[-1])
