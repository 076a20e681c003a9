"""The best limit at each mass out of several tables, and which of them sets it."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.figures.overlays import find_bounds, read_overlay, split_label
from darkmc.figures.regions import EDGES, regions
from darkmc.figures.tables import content, is_limit_file, shown_head
from darkmc.output.limits import read_limits

_SAME = 1e-9  # relative; masses and ratios of them are as rounded as these
Row = dict[str, Any]


class Band(NamedTuple):
    """A part of what a table excludes: masses, and at each lower and upper edge with their errors."""

    mass: Array
    edges: Array

    def at(self, mass: float) -> Array | None:
        """Return the edges (4,) at a mass, on straight lines in the logarithms; None outside."""
        here = np.flatnonzero(np.abs(self.mass / mass - 1.0) < _SAME)
        if len(here):  # where the band opens upwards its mass comes twice
            found: Array = self.edges[here[np.argmax(self.edges[here, 1])]]
            return found
        if not self.mass[0] < mass < self.mass[-1]:
            return None
        k = int(np.searchsorted(self.mass, mass))
        share = math.log(mass / self.mass[k - 1]) / math.log(self.mass[k] / self.mass[k - 1])
        left, right = self.edges[k - 1], self.edges[k]
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.exp((1.0 - share) * np.log(left[:2]) + share * np.log(right[:2]))
            values = np.where(np.isinf(left[:2] + right[:2]), np.maximum(left[:2], right[:2]), values)
            errors = values * ((1.0 - share) * left[2:] / left[:2] + share * right[2:] / right[:2])
        return np.concatenate([values, np.where(np.isfinite(errors), errors, 0.0)])


class Source(NamedTuple):
    """What one table excludes: its label, its bands, and the axion's mass at each mass if it says so."""

    label: str
    bands: list[Band]
    masses: Array
    ratio: float | None


class _Part(NamedTuple):
    """An excluded interval, and the labels of what sets its edges."""

    lower: float
    upper: float
    lower_error: float
    upper_error: float
    lower_by: str
    upper_by: str


def read_source(text: str) -> Source:
    """Return what ``FILE``, ``FILE:label`` or the name of a shipped bound excludes.

    A line without upper edge excludes all above it.

    Raises
    ------
    PhysicsError
        If the file cannot be read as limits of one series, or its axion is neither massless nor a fixed part
        of the dark photon's mass.
    """
    shipped = find_bounds().get(text)
    name, label = split_label(text if shipped is None or Path(text).is_file() else str(shipped))
    path = Path(name)
    if not is_limit_file(path):
        overlay = read_overlay(f"{path}:{label}" if label else str(path))
        bands = [_band(one.mass, one.value, one.upper) for one in overlay.strokes]
        return Source(overlay.label, bands, overlay.mass, None)
    if len(content(path).series) > 1:
        raise PhysicsError(f"{path}: several curves: combine takes tables of one")
    rows = read_limits(path)
    found = [Band(one.points[:, 0], one.points[:, 1 : 1 + len(EDGES)]) for one in regions(rows)]
    ratios = {float(row["m_axion"]) / float(row["m_dark_photon"]) for row in rows}
    if max(ratios) - min(ratios) > _SAME * max(ratios):
        raise PhysicsError(f"{path}: the axion's mass is no fixed part of the dark photon's")
    masses = np.array([float(row["m_dark_photon"]) for row in rows if row.get("failed") != "1"])
    return Source(label or shown_head(path) or rows[0]["experiment"], found, masses, ratios.pop())


def _band(mass: Array, value: Array, upper: Array | None) -> Band:
    if not (np.all(np.diff(mass) > 0.0) or np.all(np.diff(mass) < 0.0)):
        raise PhysicsError("an outline cannot be combined: give lower and upper edges at increasing masses")
    high = np.full_like(value, np.inf) if upper is None else upper
    nothing = np.zeros_like(value)
    edges = np.column_stack([value, high, nothing, nothing])
    order = np.argsort(mass)
    return Band(mass[order], edges[order])


def combine(sources: Sequence[Source]) -> list[Row]:
    """Return rows of a limit table: at every mass of any table what at least one of them excludes.

    Parameters
    ----------
    sources : sequence of Source
        All for the same mass of the axion.

    Returns
    -------
    list of dict
        By the names of a limit table's columns, `lower_by` and `upper_by` say who sets the edges.
    """
    known = {source.ratio for source in sources if source.ratio is not None}
    if known and max(known) - min(known) > _SAME * max(known):
        raise PhysicsError("the tables are of different masses of the axion")
    ratio = max(known, default=0.0)
    labels = [source.label for source in sources]
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise PhysicsError(f"two tables are called '{twice}': name them, FILE:LABEL")
    every = np.unique(np.concatenate([source.masses for source in sources]))
    distinct = [mass for before, mass in pairwise([0.0, *every]) if mass > before * (1.0 + _SAME)]
    return [row for mass in distinct for row in _rows(mass, ratio, list(_union(_parts(sources, mass))))]


def _parts(sources: Sequence[Source], mass: float) -> Iterator[_Part]:
    for source in sources:
        for band in source.bands:
            found = band.at(float(mass))
            if found is not None:
                lower, upper, *errors = (float(number) for number in found)
                yield _Part(lower, upper, errors[0], errors[1], source.label, source.label)


def _union(parts: Iterator[_Part]) -> Iterator[_Part]:
    """Yield the intervals that parts make together, increasing."""
    together: _Part | None = None
    for part in sorted(parts):
        if together is None or part.lower > together.upper:
            if together is not None:
                yield together
            together = part
        elif part.upper > together.upper:
            together = together._replace(
                upper=part.upper, upper_error=part.upper_error, upper_by=part.upper_by
            )
    if together is not None:
        yield together


def _rows(mass: float, ratio: float, found: Sequence[_Part]) -> Iterator[Row]:
    place = {"experiment": "combined", "m_dark_photon": mass, "m_axion": ratio * mass}
    if not found:
        yield place | {"interval": 0, "method": "combined", "reason": "nothing is excluded"}
    for number, part in enumerate(found, 1):
        row: Row = place | {"interval": number, "method": "combined", "reason": ""}
        low = part.lower > 0.0
        row |= {"lower": part.lower, "lower_error": part.lower_error} if low else {}
        row |= {"lower_by": part.lower_by}
        if math.isfinite(part.upper):
            row |= {"upper": part.upper, "upper_error": part.upper_error, "upper_by": part.upper_by}
        else:
            row |= {"reason": "open above"}
        yield row
