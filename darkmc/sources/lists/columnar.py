"""Read lists of mesons from Parquet and ROOT files: a row an entry, or several entries a row."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.flux import ListColumns
from darkmc.core.errors import CardError, first_line, how_to_get, nearest
from darkmc.core.input_files import what_it_is
from darkmc.core.kinematics import Array
from darkmc.sources.lists.naming import named


class Columns(NamedTuple):
    """Columns by key, and the rows, from 1, that entries are in where a row may hold several."""

    values: dict[str, Array]
    rows: NDArray[np.int64] | None


def parquet_columns(path: Path, columns: ListColumns) -> Columns:
    """Return the columns of a Parquet file, or of all those in a folder, in the order of their names.

    Raises
    ------
    CardError
        If a file cannot be read, a column misses, or does not hold numbers.
    """
    if not path.is_dir():
        return _parquet(path, columns)
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in (".parquet", ".pq"))
    if not files:
        raise CardError(f"{path}: a folder without .parquet files")
    parts = [_parquet(file, columns) for file in files]
    for file, part in zip(files, parts, strict=True):
        if part.values.keys() != parts[0].values.keys():
            other = next(iter(part.values.keys() ^ parts[0].values.keys()))
            raise CardError(f"{file}: '{other}' is in some files of the folder, not in all")
    values = {key: np.concatenate([part.values[key] for part in parts]) for key in parts[0].values}
    if all(part.rows is None for part in parts):
        return Columns(values, None)
    before = np.cumsum([0, *(_last(part) for part in parts)])
    rows = [_rows(part) + start for part, start in zip(parts, before[:-1], strict=True)]
    return Columns(values, np.concatenate(rows))


def _rows(part: Columns) -> NDArray[np.int64]:
    return np.arange(1, len(next(iter(part.values.values()))) + 1) if part.rows is None else part.rows


def _last(part: Columns) -> int:
    return int(np.max(_rows(part), initial=0))


def _parquet(path: Path, columns: ListColumns) -> Columns:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise CardError(f"{path}: Parquet files need pyarrow: {how_to_get('parquet')}") from None
    try:
        with parquet.ParquetFile(path) as file:
            names = named(path, list(file.schema_arrow.names), columns)
            # one by one, by one thread: all at once take several times their size
            arrays = {
                name: _of_arrow(file.read(columns=[name], use_threads=False)[name])
                for name in dict.fromkeys(names.values())
            }
        pyarrow.default_memory_pool().release_unused()
        return _flat(path, names, arrays)
    except (OSError, NotImplementedError, ValueError, pyarrow.ArrowException) as error:
        raise _unreadable(path, "a Parquet file", error) from None


def _of_arrow(column: Any) -> Any:
    """Return a column as NumPy's array, or as awkward's where rows hold lists."""
    from pyarrow import types

    if types.is_list(column.type) or types.is_large_list(column.type):
        import awkward as ak

        return ak.from_arrow(column)
    return np.array(column.to_numpy())  # a copy, so that Arrow gives back its own


def root_columns(path: Path, columns: ListColumns, tree: str) -> Columns:
    """Return the branches of a tree in a ROOT file.

    Raises
    ------
    CardError
        If the file cannot be read, tree or branch misses, or does not hold numbers.
    """
    import uproot

    try:
        with uproot.open(path) as file:
            return _branches(path, file, columns, tree)
    except Exception as error:  # uproot stumbles over a damaged file in many ways
        raise _unreadable(path, "a ROOT file", error) from None


def _branches(path: Path, file: Any, columns: ListColumns, tree: str) -> Columns:
    if tree not in file:
        raise CardError(f"{path}: no TTree '{tree}'{nearest(tree, file.keys(cycle=False))}")
    table = file[tree]
    if not hasattr(table, "arrays"):
        raise CardError(f"{path}: '{tree}' is no TTree")
    by_name = {name.rpartition("/")[2]: name for name in table.keys()}  # noqa: SIM118
    by_name |= {name: name for name in table.keys()}  # noqa: SIM118
    names = named(path, list(by_name), columns)
    return _flat(path, names, {name: table[by_name[name]].array() for name in names.values()})


def _unreadable(path: Path, kind: str, error: Exception) -> CardError:
    if isinstance(error, CardError):
        return error
    what = what_it_is(path)
    other = what.kind not in ("", kind)
    why = f"it is {what.kind}: {what.advice}" if other else first_line(error)
    return CardError(f"{path}: cannot be read as {kind}: {why}")


def _flat(path: Path, names: Mapping[str, str], arrays: Mapping[str, Any]) -> Columns:
    """Return columns of entries; where a row holds several, its numbers count for each of them."""
    values = {key: _numbers(path, name, arrays[name]) for key, name in names.items()}
    lengths = {key: counts for key, (_, counts) in values.items() if counts is not None}
    if not lengths:
        return Columns({key: found for key, (found, _) in values.items()}, None)
    first = next(iter(lengths))
    for key, counts in lengths.items():
        if not np.array_equal(counts, lengths[first]):
            one, other = names[first], names[key]
            raise CardError(f"{path}: '{one}' and '{other}' hold different numbers of entries a row")
    rows = np.repeat(np.arange(1, len(lengths[first]) + 1), lengths[first])
    spread = {
        key: found if counts is not None else found[rows - 1] for key, (found, counts) in values.items()
    }
    return Columns(spread, rows)


def _numbers(path: Path, name: str, values: Any) -> tuple[Array, NDArray[np.int64] | None]:
    """Return all numbers of a column, and how many each row holds if that is not one."""
    import awkward as ak

    counts = None
    try:
        if (
            isinstance(values, ak.Array)
            and values.ndim == 2
            and ak.parameters(values).get("__array__") is None
        ):
            counts = np.asarray(ak.num(values, axis=1), dtype=np.int64)
            values = ak.flatten(values, axis=1)
        out = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        out = np.empty((0, 0))
    if out.ndim != 1:
        raise CardError(f"{path}: column '{name}' does not hold numbers, one or a list per row")
    return out, counts
