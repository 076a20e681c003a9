"""Curves and regions from elsewhere to lay over a picture: tables of many layouts, and shipped ones."""

import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.tables import Table, read_csv
from darkmc.core.units import ENERGY_UNITS_GEV
from darkmc.figures.regions import LOWER, UPPER, regions
from darkmc.figures.tables import is_limit
from darkmc.output.limits import read_limits, shown_as

KNOWN = "known"  # all bounds that are shipped
_LABEL, _ABOVE = "label: ", "drawn as: area above"
_UNIT = re.compile(
    r"[\[(_ ]\s*(1\s*/\s*)?([kMGT]?eV)(?:\s*(?:\^|\*\*)?\s*\{?(-?\d)\}?)?\s*[\])]?\s*$", re.IGNORECASE
)
_SIDES = re.compile(
    r"\b(low|high)$|[+-]$", re.IGNORECASE
)  # edges of bins and errors, beside the column that counts
_UNITS = {unit.lower(): value for unit, value in ENERGY_UNITS_GEV.items()}


class Stroke(NamedTuple):
    """A part of an overlay: masses (GeV), couplings (GeV^-1), and of a region its upper edge, inf: open."""

    mass: Array
    value: Array
    upper: Array | None = None


class Overlay(NamedTuple):
    """A labelled curve or region, in one or several strokes which no line joins."""

    label: str
    strokes: tuple[Stroke, ...]

    @property
    def mass(self) -> Array:
        """Masses of all points, GeV."""
        return np.concatenate([stroke.mass for stroke in self.strokes])

    @property
    def value(self) -> Array:
        """Couplings of all points, GeV^-1."""
        return np.concatenate([stroke.value for stroke in self.strokes])


class _Layout(NamedTuple):
    """Which columns hold mass, coupling and perhaps upper edge, and the factors to GeV and GeV^-1."""

    places: tuple[int, ...]
    factors: tuple[float, ...]


def split_label(text: str, is_file: Callable[[str], bool] = os.path.isfile) -> tuple[str, str]:
    """Split ``FILE`` or ``FILE:label`` at the colon that leaves a file, the last one if several do.

    Paths may hold colons, and labels too.  If there is no such file, it is what ends in .csv.
    """
    ends = [len(text), *(k for k in range(len(text) - 1, 0, -1) if text[k] == ":")]
    names = [text[:end] for end in ends]
    found = [name for name in names if is_file(name)] or [name for name in names if name.endswith(".csv")]
    name = (found or [text])[0]
    return name, text[len(name) + 1 :].strip()


def find_bounds() -> dict[str, Path]:
    """Return the shipped tables of bounds from elsewhere by name, sorted."""
    package = Path(str(resources.files("darkmc")))
    shipped = package / "_cards" / "bounds"
    folder = shipped if shipped.is_dir() else package.parent / "bounds"
    return {path.stem: path for path in sorted(folder.glob("*.csv"))}


def read_overlays(text: str) -> list[Overlay]:
    """Return what ``known``, the name of a bound that is shipped, ``FILE`` or ``FILE:label`` stand for."""
    if text == KNOWN:
        return [read_overlay(str(path)) for path in find_bounds().values()]
    shipped = find_bounds().get(text)
    return [read_overlay(text if shipped is None or Path(text).is_file() else str(shipped))]


def read_overlay(text: str) -> Overlay:
    """Read ``FILE`` or ``FILE:label``; the label is what the file says, or its name, if none is given.

    A limit table of darkmc gives its regions.  In other tables, with commas or white space between the cells,
    the first column whose name holds a unit of energy or the word mass is the mass, and the coupling is the
    column ``value`` or ``lower``, or the next one; columns of bins' ends and of errors are passed over; a
    column ``upper`` makes a region.  Without names the columns are mass in GeV, coupling in GeV^-1 and
    perhaps upper edge.  A blank line parts the curve: what follows is another stroke, and if it has names of
    its own, as further tables in a file of HEPData, it is passed over.

    Raises
    ------
    PhysicsError
        Naming file and line, if the file cannot be read as such a table of numbers above zero.
    """
    name, label = split_label(text)
    path = Path(name)
    table = read_csv(path, PhysicsError, nothing=" \t,;")
    if not table.columns:
        raise PhysicsError(f"{path}: empty")
    if len(table.columns) > 1 and table.rows and is_limit([dict.fromkeys(table.columns)]):
        return Overlay(label or shown_as(table.head)[0] or path.stem, tuple(_of_limits(path)))
    said = next((line.removeprefix(_LABEL) for line in table.head if line.startswith(_LABEL)), path.stem)
    rows = [(table.columns_line, table.columns), *table.rows]
    rows = [(n, cells[0].split() if len(cells) == 1 else cells) for n, cells in rows]
    layout = _Layout((0, 1, 2)[: max(len(rows[0][1]), 2)], (1.0, 1.0, 1.0))
    if not _number(rows[0][1][0]):
        layout, rows = _layout(path, *rows[0]), rows[1:]
    strokes = tuple(_strokes(path, table, rows, layout))
    if _ABOVE in table.head:
        strokes = tuple(one._replace(upper=np.full_like(one.value, math.inf)) for one in strokes)
    return Overlay(label or said, strokes)


def _of_limits(path: Path) -> Iterator[Stroke]:
    """Yield the regions of a limit table."""
    try:
        found = regions(read_limits(path))
    except (TypeError, ValueError):
        raise PhysicsError(f"{path}: masses and edges must be numbers above zero") from None
    if not found:
        raise PhysicsError(f"{path}: nothing is excluded: there is nothing to draw")
    for region in found:
        mass, lower, upper = region.points[:, 0], region.points[:, LOWER], region.points[:, UPPER]
        yield Stroke(mass, np.where(lower > 0.0, lower, np.nan), upper)


def _layout(path: Path, line: int, names: Sequence[str]) -> _Layout:
    """Return the layout that names of columns tell."""
    units = [_UNIT.search(name) for name in names]
    kept = [k for k, name in enumerate(names) if not _SIDES.search(name)]
    masses = [k for k in kept if "mass" in names[k].lower()] + [k for k in kept if _power(units[k]) == 1]
    if not masses:
        wanted = "name the columns mass_GeV and value, or give units in brackets"
        raise PhysicsError(f"{path}:{line}: the first row must {wanted}")
    named = [k for k in kept if names[k].lower() in ("value", "lower")]
    others = named + [k for k in kept if k != masses[0]]
    if not others:
        raise PhysicsError(f"{path}:{line}: no column of couplings: name it value")
    places = [masses[0], others[0], *(k for k in kept if names[k].lower() == "upper")]
    factors = []
    for k, power in zip(places, (1, -1, -1), strict=False):
        found = units[k]
        if found is not None and _power(found) != power:
            raise PhysicsError(
                f"{path}:{line}: the unit of '{names[k]}' is not GeV{'' if power == 1 else '^-1'}"
            )
        factors.append(1.0 if found is None else _UNITS[found[2].lower()] ** power)
    return _Layout(tuple(places), tuple(factors))


def _power(unit: re.Match[str] | None) -> int:
    """Return the power of the unit of energy, 0 if there is none."""
    if unit is None:
        return 0
    return -int(unit[3] or 1) if unit[1] else int(unit[3] or 1)


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _strokes(
    path: Path, table: Table, rows: Sequence[tuple[int, list[str]]], layout: _Layout
) -> Iterator[Stroke]:
    """Yield the parts between blank lines, as far as a part that has names of its own."""
    if not rows:
        raise PhysicsError(f"{path}: no rows")
    starts = [0] + [k + 1 for k, (a, b) in enumerate(pairwise(rows)) if table.blank & set(range(a[0], b[0]))]
    for first, last in pairwise([*starts, len(rows)]):
        if first and not _number(rows[first][1][layout.places[0]]):
            return
        yield _stroke([_point(path, n, cells, layout) for n, cells in rows[first:last]])


def _stroke(points: list[list[float]]) -> Stroke:
    columns = np.array(points).T
    return Stroke(columns[0], columns[1], columns[2] if len(columns) > 2 else None)


def _others(cells: list[str], layout: _Layout) -> list[str]:
    """Return the cells of upper edges, empty where a row is too short."""
    return [cells[place] if place < len(cells) else "" for place in layout.places[2:]]


def _point(path: Path, line: int, cells: list[str], layout: _Layout) -> list[float]:
    try:
        found = [float(cells[place]) for place in layout.places[:2]]
        found += [float(cell) if cell else math.inf for cell in _others(cells, layout)]
    except (ValueError, IndexError):
        raise PhysicsError(f"{path}:{line}: mass and coupling must be numbers") from None
    point = [number * factor for number, factor in zip(found, layout.factors, strict=False)]
    if not all(math.isfinite(number) and number > 0.0 for number in point[:2]):
        raise PhysicsError(f"{path}:{line}: mass and coupling must be finite and above zero")
    if len(point) > 2 and not point[2] >= point[1]:
        raise PhysicsError(f"{path}:{line}: the upper edge lies below the lower one")
    return point
