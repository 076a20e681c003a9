"""A map of photons in two observables, with the windows of analyses, from a run's tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.cards.run import MapRun
from darkmc.figures.histogram import axis_label
from darkmc.figures.style import LINES, legend_above, measured, plain, point, save, styled
from darkmc.output.csv_tables import POINT, Row, read_table

_CORNERS = ("x_low", "x_high", "y_low", "y_high")
_SHARES = ("share", "share_error")
_EDGES = ("#D55E00", "black", "#CC79A7")


def draw_map(card: MapRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``map`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read.
    """
    from matplotlib.figure import Figure

    cells = read_table(folder / f"{card.name}.csv", (), (*POINT, *_CORNERS, *_SHARES))
    windows = read_table(folder / f"{card.name}-windows.csv", ("experiment",), (*_CORNERS, *_SHARES))
    with styled():
        figure = Figure(figsize=(6.8, 5.4), layout="constrained")
        axes = figure.add_subplot(xlabel=axis_label(card.x.observable), ylabel=axis_label(card.y.observable))
        _draw_cells(figure, axes, cells)
        for k, window in enumerate(windows):
            _draw_window(axes, window, k)
        figure.suptitle(f"{plain(card.title)}\n{point({key: cells[0][key] for key in POINT})}")
        legend_above(axes, letters=70)
        save(figure, outputs)


def _draw_cells(figure: Any, axes: Any, cells: Sequence[Row]) -> None:
    """Draw shares per cell, those without events white."""
    x, y = (np.unique([row[key] for row in cells for key in keys]) for keys in (_CORNERS[:2], _CORNERS[2:]))
    content = np.full((len(y) - 1, len(x) - 1), np.nan)
    for row in cells:
        place = np.searchsorted(y, row["y_low"]), np.searchsorted(x, row["x_low"])
        content[place] = row["share"] if row["share"] > 0.0 else np.nan
    mesh = axes.pcolormesh(x, y, content, cmap="Blues", vmin=0.0, rasterized=True)
    figure.colorbar(mesh, ax=axes, label="share of all pairs, per bin")
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))


def _draw_window(axes: Any, window: Row, k: int) -> None:
    """Draw the outline of a window, as far as the picture goes, and state what it keeps."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    x = np.clip([window[key] for key in _CORNERS[:2]], left, right)
    y = np.clip([window[key] for key in _CORNERS[2:]], bottom, top)
    kept = measured(100.0 * window["share"], 100.0 * window["share_error"])
    label = f"{plain(window['experiment'])}: {kept} % of all pairs"
    axes.plot(
        x[[0, 1, 1, 0, 0]], y[[0, 0, 1, 1, 0]], color=_EDGES[k % 3], ls=LINES[k % 5], lw=2.0, label=label
    )
