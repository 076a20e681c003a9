"""Read lists of mesons from text, Parquet and ROOT files.  Beside cards.py the only reader of input."""

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.flux import ListColumns
from darkmc.core.errors import CardError, first_line, nearest
from darkmc.core.input_files import require_file, what_it_is
from darkmc.core.kinematics import Array

MOMENTUM = ("px", "py", "pz", "E")
VERTEX = ("x", "y", "z", "t")


@dataclass(frozen=True)
class ListFile:
    """Columns of a list, in the file's own units, or in GeV, m and ns where the file says its units.

    Attributes
    ----------
    path : Path
        The file.
    columns : dict of arrays (n,)
        Finite numbers under px, py, pz, E and, where the file has them, x, y, z, t and weight.
    numbers : array (n,) or None
        Lines of a text file that the entries are on, or the events, from 1, of a file that says its unit.
    sha256 : str
        Hash of the file.
    unit : {"GeV", "MeV"} or None
        Unit of momenta that the file says for itself.
    remarks : tuple of str
        What a user should know of the file.
    """

    path: Path
    columns: dict[str, Array]
    numbers: NDArray[np.int64] | None
    sha256: str
    unit: str | None = None
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.columns["E"]) == 0:
            raise CardError(f"{self.path}: no mesons in the file")
        for name, values in self.columns.items():
            wrong = np.flatnonzero(~np.isfinite(values))
            if len(wrong):
                place = self.place(int(wrong[0]))
                raise CardError(f"{place}: {name} is {values[wrong[0]]}, not a finite number")

    def place(self, entry: int) -> str:
        """Return file and line, event, or number of the entry (from 1), for messages."""
        if self.numbers is None:
            return f"{self.path}: entry {entry + 1}"
        return f"{self.path}:{' event ' if self.unit else ''}{self.numbers[entry]}"


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_list(path: Path, columns: ListColumns, tree: str) -> ListFile:
    """Read a list: Parquet (.parquet, .pq), ROOT (.root), or text.

    Parameters
    ----------
    path : Path
        The file.
    columns : ListColumns
        Names of the columns.
    tree : str
        Name of the TTree in a ROOT file.

    Raises
    ------
    CardError
        With file and line or entry: no file, no mesons, wrong columns, or what is no finite number.
    """
    require_file(path)
    lines: NDArray[np.int64] | None = None
    remarks: tuple[str, ...] = ()
    if path.suffix in (".parquet", ".pq"):
        table = _parquet(path, columns)
    elif path.suffix == ".root":
        table = _root(path, columns, tree)
    else:
        table, lines = _text(path, columns)
    if lines is None and "weight" in table and columns.weight is None:
        remarks = (f"{path}: its column 'weight' is used (columns.weight = '' leaves it aside)",)
    return ListFile(path, table, lines, file_hash(path), remarks=remarks)


def _text(path: Path, columns: ListColumns) -> tuple[dict[str, Array], NDArray[np.int64]]:
    weight = ("weight",) if columns.weight else ()
    layouts = {len(names): names for names in ((*MOMENTUM, *weight), (*MOMENTUM, *VERTEX, *weight))}
    values, lines, width = array("d"), array("q"), 0
    kind, advice = what_it_is(path)
    if kind:
        raise CardError(f"{path}: {kind}: {advice}")
    try:
        for number, fields in _fields(path):
            if len(fields) not in layouts or len(fields) != (width or len(fields)):
                wanted = str(width) if width else " or ".join(str(n) for n in layouts)
                raise CardError(f"{path}:{number}: {len(fields)} columns, not {wanted}")
            width = len(fields)
            values.extend(_floats(path, number, fields))
            lines.append(number)
    except UnicodeDecodeError:
        raise CardError(f"{path}: neither text nor named .parquet or .root") from None
    names = layouts.get(width, MOMENTUM)
    matrix = np.frombuffer(values).reshape(-1, len(names)) if values else np.empty((0, len(names)))
    return dict(zip(names, np.ascontiguousarray(matrix.T), strict=True)), np.array(lines, dtype=np.int64)


def _fields(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the fields of every line that holds more than a comment."""
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            text = line.partition("#")[0].strip()
            if text:
                yield number, text.split(",") if "," in text else text.split()


def _floats(path: Path, number: int, fields: Sequence[str]) -> list[float]:
    out = []
    for field in fields:
        try:
            out.append(float(field))
        except ValueError:
            raise CardError(f"{path}:{number}: '{field.strip()}' is not a number") from None
    return out


def _parquet(path: Path, columns: ListColumns) -> dict[str, Array]:
    try:
        from pyarrow import parquet
    except ImportError:
        raise CardError(f"{path}: Parquet files need pyarrow: pip install 'darkmc[parquet]'") from None
    try:
        with parquet.ParquetFile(path) as file:
            names = _names(path, list(file.schema_arrow.names), columns)
            table = file.read(columns=list(names.values()))
    except (OSError, NotImplementedError, ValueError) as error:
        raise _unreadable(path, "a Parquet file", error) from None
    return {key: _numbers(path, name, table[name].to_numpy()) for key, name in names.items()}


def _root(path: Path, columns: ListColumns, tree: str) -> dict[str, Array]:
    import uproot

    try:
        with uproot.open(path) as file:
            return _branches(path, file, columns, tree)
    except Exception as error:  # uproot stumbles over a damaged file in many ways
        raise _unreadable(path, "a ROOT file", error) from None


def _branches(path: Path, file: Any, columns: ListColumns, tree: str) -> dict[str, Array]:
    if tree not in file:
        raise CardError(f"{path}: no TTree '{tree}'{nearest(tree, file.keys(cycle=False))}")
    table = file[tree]
    if not hasattr(table, "arrays"):
        raise CardError(f"{path}: '{tree}' is no TTree")
    names = _names(path, list(table.keys()), columns)
    return {key: _numbers(path, name, table[name].array(library="np")) for key, name in names.items()}


def _unreadable(path: Path, kind: str, error: Exception) -> CardError:
    if isinstance(error, CardError):
        return error
    return CardError(f"{path}: cannot be read as {kind}: {first_line(error)}")


def _names(path: Path, present: list[str], columns: ListColumns) -> dict[str, str]:
    """Return the file's names of the columns that are read; a vertex has all four or none."""
    names = {key: getattr(columns, key) for key in MOMENTUM}
    vertex = {key: getattr(columns, key) for key in VERTEX}
    if any(name in present for name in vertex.values()) or columns.model_fields_set & set(VERTEX):
        names |= vertex
    if columns.weight or (columns.weight is None and "weight" in present):
        names["weight"] = columns.weight or "weight"
    for name in names.values():
        if name not in present:
            raise CardError(f"{path}: no column '{name}'{nearest(name, present)}")
    return names


def _numbers(path: Path, name: str, values: Any) -> Array:
    try:
        out = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        out = np.empty((0, 0))
    if out.ndim != 1:
        raise CardError(f"{path}: column '{name}' does not hold one number per entry")
    return out
