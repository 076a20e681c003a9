"""Lists of mesons as they are in files: text, Parquet and ROOT.  Beside cards the only reader of input."""

import hashlib
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.flux import MesonList
from darkmc.core.errors import CardError
from darkmc.core.input_files import require_file
from darkmc.core.kinematics import Array
from darkmc.sources.lists.columnar import parquet_columns, root_columns
from darkmc.sources.lists.naming import PDG, WEIGHT
from darkmc.sources.lists.text import text_columns

FINAL, DECAYED = 1, 2  # status of the particles of an event that count
_PARQUET = (".parquet", ".pq")


@dataclass(frozen=True)
class ListFile:
    """Columns of a list, in the file's own units, or in GeV, m and ns where the file says its units.

    Attributes
    ----------
    path : Path
        The file.
    columns : dict of arrays (n,)
        Finite numbers under px, py, pz, E and, where the file has them, x, y, z, t and weight; or under
        log10_theta, log10_p and weight.
    numbers : array (n,) or None
        What `counted` counts: lines of a text, events or rows of several entries each, from 1.
    sha256 : str
        Hash of the file.
    counted : {"entry", "line", "event"}
        How messages name an entry; those of one event were made together.
    unit : {"GeV", "MeV"} or None
        Unit of momenta that the file says for itself.
    remarks : tuple of str
        What a user should know of the file.
    """

    path: Path
    columns: dict[str, Array]
    numbers: NDArray[np.int64] | None
    sha256: str
    counted: str = "entry"
    unit: str | None = None
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.size == 0:
            raise CardError(f"{self.path}: no mesons in the file")
        for name, values in self.columns.items():
            wrong = np.flatnonzero(~np.isfinite(values))
            if len(wrong):
                place = self.place(int(wrong[0]))
                raise CardError(f"{place}: {name} is {values[wrong[0]]}, not a finite number")

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(next(iter(self.columns.values()), ()))

    def place(self, entry: int) -> str:
        """Return file and line, event, or number of the entry (from 1), for messages."""
        if self.numbers is None:
            return f"{self.path}: entry {entry + 1}"
        return f"{self.path}:{' event ' if self.counted == 'event' else ''}{self.numbers[entry]}"


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content, or of those in a folder."""
    if path.is_dir():
        hashes = [file_hash(file) for file in sorted(path.rglob("*")) if file.is_file()]
        return hashlib.sha256("".join(hashes).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def no_mesons(name: str, pid: int, events: int, passed: Counter[int], seen: Set[int]) -> str:
    """Return why a file of events has no mesons of a species: their status, or what it has instead."""
    text = f"no {name} (PDG id {pid}) in {events} events"
    if passed:
        status = " or ".join(str(number) for number in sorted(passed))
        text = f"{passed.total()} {name} (PDG id {pid}) in {events} events, all with status {status}"
        text += f": only {FINAL} (final) and {DECAYED} (decayed) count"
    mesons = sorted(other for other in seen - {pid} if 100 < other < 1000)
    return text + (f", which have mesons {', '.join(map(str, mesons))}" if mesons else "")


def read_list(path: Path, settings: MesonList, pid: int) -> ListFile:
    """Read a list: Parquet (.parquet, .pq, or a folder of them), ROOT (.root), or text, packed or not.

    Parameters
    ----------
    path : Path
        The file.
    settings : MesonList
        What the card says of it.
    pid : int
        PDG id of the species, for files that hold several.

    Raises
    ------
    CardError
        With file and line or entry: no file, no mesons, wrong columns, or what is no finite number.
    """
    if not path.is_dir():
        require_file(path)
    lines: NDArray[np.int64] | None = None
    counted, suffix, columns = "event", path.suffix.lower(), settings.columns
    if path.is_dir() or suffix in _PARQUET:
        table, lines = parquet_columns(path, columns)
        has_names = True
    elif suffix == ".root":
        table, lines = root_columns(path, columns, settings.tree)
        has_names = True
    else:
        table, lines, has_names = text_columns(path, columns)
        counted = "line"
    table, lines = _of_species(path, table, lines, pid)
    remarks = _remarks(path, table, has_names and columns.weight is None)
    return ListFile(
        path, table, lines, file_hash(path), counted if lines is not None else "entry", None, remarks
    )


def _of_species(
    path: Path, table: dict[str, Array], lines: NDArray[np.int64] | None, pid: int
) -> tuple[dict[str, Array], NDArray[np.int64] | None]:
    """Return the entries of one species, of a file that says what each is."""
    if PDG not in table:
        return table, lines
    mine = table[PDG] == pid
    if not mine.any() and len(mine):
        there = ", ".join(f"{number:g}" for number in np.unique(table[PDG])[:12])
        raise CardError(f"{path}: no entry with PDG id {pid}; it has {there}")
    kept = {key: values[mine] for key, values in table.items() if key != PDG}
    return kept, None if lines is None else lines[mine]


def _remarks(path: Path, table: dict[str, Array], unasked: bool) -> tuple[str, ...]:
    if not (unasked and WEIGHT in table and "px" in table):
        return ()
    return (f"{path}: its column 'weight' is used (columns.weight = '' leaves it aside)",)
