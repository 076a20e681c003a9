"""Read bins of mesons from text, Parquet and ROOT files, and put them on the grid that they belong to."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.flux_table import MesonTable
from darkmc.core.errors import CardError, first_line, how_to_get, nearest
from darkmc.core.input_files import UNPACKING_ERRORS, digest, require_file, unpacked, what_it_is
from darkmc.core.kinematics import Array

_MOST_BINS = 20_000_000
_SAME = 1e-9  # of an axis: edges that are the same
_EVEN = 1e-3  # of a bin: by which centres may be off


@dataclass(frozen=True)
class Binned:
    """What bins of a file hold, on a grid of its own variables, in their order.

    Attributes
    ----------
    edges : tuple of arrays
        Of the bins, by variable.
    values : array
        One axis per variable; 0 for bins that are not in the file.
    errors : array or None
        Of the same shape.
    digest : str
        Sixteen digits of the hash of the file.
    """

    edges: tuple[Array, ...]
    values: Array
    errors: Array | None
    digest: str


def read_bins(path: Path, settings: MesonTable) -> Binned:
    """Read a table of bins: ROOT (.root), Parquet (.parquet, .pq), or text.

    Raises
    ------
    CardError
        With the file: if it is not there, is none of these, or its columns or bins are not what is said.
    """
    require_file(path)
    if path.suffix == ".root":
        edges, values, errors = _histogram(path, settings)
    else:
        parquet = path.suffix in (".parquet", ".pq")
        columns = _parquet(path, settings) if parquet else _text(path, settings)
        edges, values, errors = _on_grid(path, columns, settings)
    for name, numbers in (("value", values), ("error", errors)):
        if numbers is not None and not np.all((numbers >= 0.0) & (numbers < np.inf)):
            bad = numbers[~((numbers >= 0.0) & (numbers < np.inf))][0]
            raise CardError(f"{path}: a bin's {name} is {bad:g}: it must be finite and not negative")
    if not np.any(values > 0.0):
        raise CardError(f"{path}: all bins are empty")
    if settings.values == "density":
        size = np.ones(())
        for axis in edges:
            size = np.multiply.outer(size, np.diff(axis))
        values, errors = values * size, None if errors is None else errors * size
    return Binned(edges, values, errors, digest(path))


def _text(path: Path, settings: MesonTable) -> list[Array]:
    what = what_it_is(path)
    if what.kind not in ("", "text"):
        raise CardError(f"{path}: {what.kind}: {what.advice}")
    try:
        header, first, delimiter, skip = _beginning(path)
    except UNPACKING_ERRORS as error:
        raise CardError(f"{path}: cannot be unpacked: {error}") from None
    use: list[int] | None = None
    if settings.columns is not None:
        if not header:
            raise CardError(f"{path}: no line of names before the numbers, but table.columns names some")
        use = [_place(path, name, header) for name in settings.columns]
    elif first != settings.n_columns:
        raise CardError(f"{path}: {first} columns, not {settings.n_columns} (table.columns names them)")
    try:
        with io.TextIOWrapper(unpacked(path), encoding="utf-8-sig", errors="replace") as text:
            table = np.loadtxt(text, comments="#", delimiter=delimiter, skiprows=skip, usecols=use, ndmin=2)
    except (*UNPACKING_ERRORS, ValueError) as error:
        raise CardError(f"{path}: {first_line(error)}") from None
    if not len(table):
        raise CardError(f"{path}: no bins in the file")
    return list(np.ascontiguousarray(table.T))


def _beginning(path: Path) -> tuple[list[str], int, str | None, int]:
    """Return the names of a text's columns, if any, their number, what parts them, and lines to skip."""
    with io.TextIOWrapper(unpacked(path), encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            text = line.partition("#")[0].strip()
            if not text:
                continue
            delimiter = "," if "," in text else None
            fields = [field.strip() for field in text.split(delimiter)]
            try:
                float(fields[0])
            except ValueError:
                return fields, len(fields), delimiter, number
            return [], len(fields), delimiter, 0
    return [], 0, None, 0


def _place(path: Path, name: str, names: list[str]) -> int:
    if name not in names:
        raise CardError(f"{path}: no column '{name}'{nearest(name, names)}")
    return names.index(name)


def _parquet(path: Path, settings: MesonTable) -> list[Array]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise CardError(f"{path}: Parquet files need pyarrow: {how_to_get('parquet')}") from None
    try:
        with parquet.ParquetFile(path) as file:
            wanted = _wanted(path, list(file.schema_arrow.names), settings)
            table = file.read(columns=wanted)
        return [np.asarray(table[name].to_numpy(), dtype=np.float64) for name in wanted]
    except CardError:
        raise
    except (OSError, NotImplementedError, ValueError, TypeError, pyarrow.ArrowException) as error:
        raise CardError(f"{path}: cannot be read as a Parquet file: {first_line(error)}") from None


def _wanted(path: Path, names: list[str], settings: MesonTable) -> list[str]:
    wanted = list(settings.columns or names)
    if len(wanted) != settings.n_columns:
        raise CardError(f"{path}: {len(wanted)} columns, not {settings.n_columns} (table.columns names them)")
    for name in wanted:
        _place(path, name, names)
    return wanted


def _histogram(path: Path, settings: MesonTable) -> tuple[tuple[Array, ...], Array, Array | None]:
    """Return edges, values and errors of a TH2; its axes are the variables in their order."""
    import uproot

    if settings.histogram is None or len(settings.variables) != 2 or settings.points != "edges":
        raise CardError(
            f"{path}: a TH2 needs table.histogram, two variables and points = 'edges', which it has"
        )
    try:
        with uproot.open(path) as file:
            found = _found(path, file, settings.histogram)
            values, *edges = found.to_numpy()
            errors = found.errors() if settings.errors else None
    except CardError:
        raise
    except Exception as error:  # uproot stumbles over a damaged file in many ways
        raise CardError(f"{path}: cannot be read as a ROOT file: {first_line(error)}") from None
    plain = tuple(np.asarray(axis, dtype=np.float64) for axis in edges)
    return plain, np.asarray(values, dtype=np.float64), None if errors is None else np.asarray(errors)


def _found(path: Path, file: Any, name: str) -> Any:
    if name not in file:
        raise CardError(f"{path}: no histogram '{name}'{nearest(name, file.keys(cycle=False))}")
    if not getattr(file[name], "classname", "").startswith("TH2"):
        raise CardError(f"{path}: '{name}' is no TH2")
    return file[name]


def _on_grid(
    path: Path, columns: list[Array], settings: MesonTable
) -> tuple[tuple[Array, ...], Array, Array | None]:
    """Return edges, values and errors on a full grid, from one row per bin."""
    n, wide = len(settings.variables), 1 if settings.points == "centres" else 2
    for values in columns[: n * wide]:
        if not np.all(np.isfinite(values)):
            raise CardError(f"{path}: a bin's place is no finite number")
    edges: list[Array] = []
    place = np.zeros(len(columns[0]), dtype=np.int64)
    for k, name in enumerate(settings.variables):
        own = columns[wide * k : wide * (k + 1)]
        axis, index = _from_centres(path, name, *own) if wide == 1 else _from_edges(path, name, *own)
        place = place * (len(axis) - 1) + index
        edges.append(axis)
    shape = tuple(len(axis) - 1 for axis in edges)
    if np.prod(shape, dtype=float) > _MOST_BINS:
        raise CardError(f"{path}: its bins span a grid of {' x '.join(map(str, shape))}: too many")
    twice = np.flatnonzero(np.bincount(place, minlength=1) > 1)
    if len(twice):
        where = ", ".join(
            f"{axis[k]:g}" for axis, k in zip(edges, np.unravel_index(twice[0], shape), strict=True)
        )
        raise CardError(f"{path}: the bin that begins at ({where}) stands twice")
    out = []
    for values in columns[n * wide :]:
        grid = np.zeros(shape)
        grid.flat[place] = values
        out.append(grid)
    return tuple(edges), out[0], out[1] if settings.errors else None


def _from_centres(path: Path, name: str, centres: Array) -> tuple[Array, NDArray[np.int64]]:
    """Return the edges of evenly spaced bins, and the bin of each centre."""
    known = np.unique(centres)
    gaps = np.diff(known)
    gaps = gaps[gaps > _SAME * max(abs(known[0]), abs(known[-1]))]
    if not len(gaps):
        raise CardError(f"{path}: {name} has one value only: give edges (points = 'edges')")
    first, span = known[0], known[-1] - known[0]
    step = span / round(span / float(np.min(gaps)))
    index = np.rint((centres - first) / step).astype(np.int64)
    if np.max(np.abs(centres - first - index * step)) > _EVEN * step or index.max() > _MOST_BINS:
        raise CardError(f"{path}: the centres in {name} are not evenly spaced: give edges (points = 'edges')")
    return first + step * (np.arange(index.max() + 2) - 0.5), index


def _from_edges(path: Path, name: str, low: Array, high: Array) -> tuple[Array, NDArray[np.int64]]:
    """Return the edges of bins, and the bin of each row."""
    known = np.unique(np.concatenate([low, high]))
    size = max(abs(known[0]), abs(known[-1]), np.finfo(float).tiny)
    known = known[np.concatenate([[True], np.diff(known) > _SAME * size])]
    index, end = (np.searchsorted(known - 0.5 * _SAME * size, side, side="right") - 1 for side in (low, high))
    wrong = np.flatnonzero(end != index + 1)
    if len(wrong):
        row = wrong[0]
        text = f"{name} from {low[row]:g} to {high[row]:g} is not one bin of a grid"
        raise CardError(f"{path}: row {row + 1} of bins: {text}")
    return known, index
