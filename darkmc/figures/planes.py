"""Planes: edges of the coupling over two quantities, as contours with the Monte Carlo error of each."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.figures.series import LongTable, axis_words
from darkmc.figures.style import log_ticks, plain, save, size, width

FEWEST = 5  # series that make a plane; fewer are drawn as regions of their own
_EDGES = {"lower": "lower edge of $G$", "upper": "upper edge of $G$"}
_LEVELS = 8  # contours, about
_FINE = 200  # points along each axis between which nothing bends that can be seen


class Plane(NamedTuple):
    """An edge of the first excluded interval over a grid.

    Attributes
    ----------
    x, y : array (m,), (n,)
        The grid.
    edge, error : array (n, m)
        The decimal logarithm of the coupling (GeV^-1) and its error; nan: there is no such edge.
    """

    x: Array
    y: Array
    edge: Array
    error: Array


def plane(table: LongTable, name: str, where: str) -> tuple[Plane, str]:
    """Return one edge of a table over the grid that its series make, and the column along its vertical axis.

    Raises
    ------
    PhysicsError
        If the series differ in more than one quantity, or in what is no number, or make no grid.
    """
    columns = {column for series in table.series for column in series.common}
    if len(columns) != 1:
        what = " and ".join(sorted(columns)) or "nothing"
        raise PhysicsError(f"{where}: {len(table.series)} curves that differ in {what} are no plane")
    (column,) = columns
    try:
        y = np.array([float(series.common[column]) for series in table.series])
        lines = [_first(series.rows, name) for series in table.series]
    except (KeyError, TypeError, ValueError):
        raise PhysicsError(f"{where}: masses, {column} and edges of a plane must be numbers") from None
    x = lines[0][0]
    if any(not np.array_equal(line[0], x) for line in lines) or len(x) < 2 or len(set(y)) < len(y):
        raise PhysicsError(f"{where}: the points make no grid, so no plane can be drawn")
    order = np.argsort(y)
    values = np.array([line[1:] for line in lines])[order]
    return Plane(x, y[order], values[:, 0], values[:, 1]), column


def finer(found: Plane) -> Plane:
    """Return a plane with points between those of its grid: errors then follow the contours of the edge."""
    rows, columns = (np.linspace(0.0, len(axis) - 1.0, _FINE) for axis in (found.y, found.x))
    edge, error = (_between(_between(values.T, columns).T, rows) for values in (found.edge, found.error))
    x, y = _between(found.x[:, None], columns)[:, 0], _between(found.y[:, None], rows)[:, 0]
    return Plane(x, y, edge, error)


def _between(values: Array, places: Array) -> Array:
    """Return values (n, k) at places between 0 and n - 1 along the first axis, on straight lines."""
    before = np.minimum(places.astype(int), len(values) - 2)
    share = (places - before)[:, None]
    at = values[np.rint(places).astype(int)]  # a nan reaches over to no point that is known
    between: Array = (1.0 - share) * values[before] + share * values[before + 1]
    return np.where((share == 0.0) | (share == 1.0), at, between)


def _first(rows: Sequence[dict[str, str]], name: str) -> tuple[Array, Array, Array]:
    """Return masses, and edge and error of the first interval at each, in logarithms."""
    first = {float(row["m_dark_photon"]): row for row in reversed(rows)}
    x = np.array(sorted(first))
    edges = np.array([float(first[mass][name] or math.nan) for mass in x])
    errors = np.array([float(first[mass][f"{name}_error"] or 0.0) for mass in x])
    with np.errstate(invalid="ignore", divide="ignore"):
        return x, np.log10(edges), errors / (edges * math.log(10.0))


def draw_plane(table: LongTable, where: str, outputs: Sequence[Path], title: str) -> None:
    """Draw the edges of a table over two quantities and write the pictures; no event is computed.

    Raises
    ------
    PhysicsError
        If the table is no plane, or nothing is excluded in it.
    """
    from matplotlib.figure import Figure

    made = [(plane(table, name, where), words) for name, words in _EDGES.items()]
    shown = [(found, words) for found, words in made if np.isfinite(found[0].edge).any()]
    if not shown:
        raise PhysicsError(f"{where}: nothing is excluded: there is nothing to draw")
    figure = Figure(figsize=size(float(len(shown))), layout="constrained")
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, ((found, column), words) in zip(panels, shown, strict=True):
        _draw(figure, axes, found, words)
        axes.set(xlabel=table.label, ylabel=axis_words(column))
    figure.suptitle(plain(title))
    note = "Dark bands along the contours: their Monte Carlo error. White: no such edge."
    figure.supxlabel(note, fontsize="small", color="0.3")
    save(figure, outputs)


def _draw(figure: Any, axes: Any, found: Plane, words: str) -> None:
    """Draw an edge as filled contours, and each line with its error."""
    from matplotlib.ticker import MaxNLocator

    fine = finer(found)
    edge = np.ma.masked_invalid(fine.edge)
    levels = np.array(MaxNLocator(_LEVELS).tick_values(edge.min(), edge.max()))
    filled = axes.contourf(fine.x, fine.y, edge, levels=levels, cmap="Blues")
    figure.colorbar(filled, ax=axes, label=rf"$\log_{{10}}$ ({words} / GeV$^{{-1}}$)")
    style: Any = {"colors": "0.15", "linewidths": width(0.6), "linestyles": "solid"}
    axes.clabel(axes.contour(fine.x, fine.y, edge, levels=levels, **style), fontsize="x-small")
    for level in levels[(levels >= edge.min()) & (levels <= edge.max())]:
        away = np.ma.masked_invalid((edge - level) / np.where(fine.error > 0.0, fine.error, np.nan))
        if away.count():
            axes.contourf(fine.x, fine.y, away, levels=[-1.0, 1.0], colors="0.15", alpha=0.5)
    for axis, values, scale in (
        (axes.xaxis, found.x, axes.set_xscale),
        (axes.yaxis, found.y, axes.set_yscale),
    ):
        if values[0] > 0.0 and values[-1] > 3.0 * values[0]:
            scale("log")
            log_ticks(axis)
