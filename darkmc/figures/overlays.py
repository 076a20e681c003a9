"""Curves from elsewhere to lay over a picture: CSV files with columns mass_GeV and value."""

import csv
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkmc.errors import PhysicsError
from darkmc.kinematics import Array

_COLUMNS = ("mass_GeV", "value")


class Overlay(NamedTuple):
    """A labelled curve: masses in GeV and couplings in GeV^-1."""

    label: str
    mass: Array
    value: Array


def read_overlay(text: str) -> Overlay:
    """Read ``FILE.csv`` or ``FILE.csv:label``; the label is the file's name if none is given.

    Raises
    ------
    PhysicsError
        Naming file and line, if the file cannot be read as such a table of numbers above zero.
    """
    name, _, label = (text, "", "") if Path(text).is_file() else text.partition(":")
    path = Path(name)
    if not path.is_file():
        raise PhysicsError(f"no such file: {path}")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise PhysicsError(f"{path}: not a text file") from None
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not numbered:
        raise PhysicsError(f"{path}: empty")
    header = [cell.strip() for cell in next(csv.reader([numbered[0][1]]))]
    if not set(_COLUMNS) <= set(header):
        raise PhysicsError(f"{path}:{numbered[0][0]}: the first row must name the columns mass_GeV and value")
    places = [header.index(column) for column in _COLUMNS]
    points = [_point(path, n, next(csv.reader([line])), places) for n, line in numbered[1:]]
    if not points:
        raise PhysicsError(f"{path}: no rows")
    mass, value = np.array(points).T
    return Overlay(label or path.stem, mass, value)


def _point(path: Path, line: int, cells: list[str], places: list[int]) -> list[float]:
    try:
        point = [float(cells[place]) for place in places]
    except (ValueError, IndexError):
        raise PhysicsError(f"{path}:{line}: mass_GeV and value must be numbers") from None
    if not all(math.isfinite(number) and number > 0.0 for number in point):
        raise PhysicsError(f"{path}:{line}: mass_GeV and value must be finite and above zero")
    return point
