"""Curves from elsewhere to lay over a picture: CSV files with columns mass_GeV and value."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.tables import read_csv

_COLUMNS = ("mass_GeV", "value")


class Overlay(NamedTuple):
    """A labelled curve, in one or several strokes.

    Attributes
    ----------
    label : str
        For the legend.
    mass, value : array (n,)
        Masses in GeV and couplings in GeV^-1 of all points.
    breaks : tuple of int
        Points at which a new stroke begins.
    """

    label: str
    mass: Array
    value: Array
    breaks: tuple[int, ...] = ()

    @property
    def strokes(self) -> list[tuple[Array, Array]]:
        """Masses and values of the parts; no line joins them."""
        return list(zip(np.split(self.mass, self.breaks), np.split(self.value, self.breaks), strict=True))


def split_label(text: str, is_file: Callable[[str], bool] = os.path.isfile) -> tuple[str, str]:
    """Split ``FILE`` or ``FILE:label`` at the colon that leaves a file, the last one if several do.

    Paths may hold colons, and labels too.  If there is no such file, it is what ends in .csv.
    """
    ends = [len(text), *(k for k in range(len(text) - 1, 0, -1) if text[k] == ":")]
    names = [text[:end] for end in ends]
    found = [name for name in names if is_file(name)] or [name for name in names if name.endswith(".csv")]
    name = (found or [text])[0]
    return name, text[len(name) + 1 :].strip()


def read_overlay(text: str) -> Overlay:
    """Read ``FILE.csv`` or ``FILE.csv:label``; the label is the file's name if none is given.

    A blank line parts the curve: what follows is another stroke.

    Raises
    ------
    PhysicsError
        Naming file and line, if the file cannot be read as such a table of numbers above zero.
    """
    name, label = split_label(text)
    path = Path(name)
    table = read_csv(path, PhysicsError, strict=False, nothing=" \t,;")
    if not table.columns:
        raise PhysicsError(f"{path}: empty")
    if not set(_COLUMNS) <= set(table.columns):
        where = f"{path}:{table.columns_line}"
        raise PhysicsError(f"{where}: the first row must name the columns mass_GeV and value")
    places = [table.columns.index(column) for column in _COLUMNS]
    points = [_point(path, n, cells, places) for n, cells in table.rows]
    if not points:
        raise PhysicsError(f"{path}: no rows")
    lines = [n for n, _ in table.rows]
    breaks = [k for k in range(1, len(lines)) if table.blank & set(range(lines[k - 1], lines[k]))]
    mass, value = np.array(points).T
    return Overlay(label or path.stem, mass, value, tuple(breaks))


def _point(path: Path, line: int, cells: list[str], places: list[int]) -> list[float]:
    try:
        point = [float(cells[place]) for place in places]
    except (ValueError, IndexError):
        raise PhysicsError(f"{path}:{line}: mass_GeV and value must be numbers") from None
    if not all(math.isfinite(number) and number > 0.0 for number in point):
        raise PhysicsError(f"{path}:{line}: mass_GeV and value must be finite and above zero")
    return point
