"""Allowed regions of moments: a panel for each of the data, beside what other searches exclude."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.figures.labels import Item, place_labels
from darkmc.figures.regions import LOWER, UPPER, regions
from darkmc.figures.style import LINES, colour, log_ticks, plain, save, size, width

_GREY, _ALPHA = "0.86", 0.25
_NEAR = 2.0  # bands narrower than a step of x are joined if they are this close
_TEXT_HATCH = "xxx"  # of masks that are approximate


class MaskEdges(NamedTuple):
    """A stroke of a mask; upper inf where it is open."""

    name: str
    note: str
    mass: Array
    lower: Array
    upper: Array


class Mark(NamedTuple):
    """A point of the picture."""

    label: str
    x: float
    y: float


class Panel(NamedTuple):
    """Regions allowed by some data.

    Attributes
    ----------
    title : str
        The data.
    regions : dict of list of (x, interval, lower, upper)
        By label; interval 0 where nothing is allowed.
    masks : list of MaskEdges
        What other searches exclude.
    """

    title: str
    regions: dict[str, list[tuple[float, ...]]]
    masks: list[MaskEdges]


def draw_panels(
    panels: Sequence[Panel],
    labels: tuple[str, str],
    outputs: Sequence[Path],
    title: str,
    marks: Sequence[Mark] = (),
) -> None:
    """Draw panels side by side, two a row, with common axes and one legend, and write the pictures.

    Parameters
    ----------
    panels : sequence of Panel
        At least one.
    labels : (str, str)
        Of x and y.
    outputs : sequence of path
        Pictures to write, format by suffix.
    title : str
        Above all.
    marks : sequence of Mark
        Points in every panel.
    """
    from matplotlib.figure import Figure

    across = min(2, len(panels))
    down = -(-len(panels) // across)
    figure = Figure(figsize=size(float(across), down + 0.15), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
    points = np.array([row for panel in panels for rows in panel.regions.values() for row in rows])
    for axes, panel in zip(grid, panels, strict=False):
        axes.set(xscale="log", yscale="log", xlabel=plain(labels[0]), ylabel=plain(labels[1]))
        axes.set_xlim(points[:, 0].min(), points[:, 0].max())
        axes.set_ylim(*_heights(points, panels))
        axes.set_title(plain(panel.title))
        _draw_masks(axes, panel)
        for k, (label, rows) in enumerate(panel.regions.items()):
            _draw_region(axes, rows, plain(label), k)
        for k, mark in enumerate(marks):
            axes.plot(
                mark.x, mark.y, ls="", marker="*os^"[k % 4], ms=6, color="black", label=plain(mark.label)
            )
        axes.label_outer()
        log_ticks(axes.xaxis)
        log_ticks(axes.yaxis)
    for axes in grid[len(panels) :]:
        axes.remove()
    figure.suptitle(plain(title))
    handles, texts = grid[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncol=min(3, len(texts)))
    figure.draw_without_rendering()  # labels need to know where the axes end up
    for axes, panel in zip(grid, panels, strict=False):
        _name_the_missing(axes, panel)
    save(figure, outputs)


def _name_the_missing(axes: Any, panel: Panel) -> None:
    """Say which regions have nothing left: where nothing is drawn, else below the panel's title."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    whole = (np.array([left, right]), np.array([bottom] * 2), np.array([top] * 2))
    items, drawn = [], [(mask.mass, mask.lower, np.minimum(mask.upper, top)) for mask in panel.masks]
    lines: list[tuple[Array, Array]] = []
    for k, (label, rows) in enumerate(panel.regions.items()):
        found = regions(_intervals(rows))
        if not found:
            items.append(Item(f"{plain(label)}: nothing is left", colour(k), [whole], []))
        drawn += [
            (one.points[:, 0], one.points[:, LOWER], np.minimum(one.points[:, UPPER], top)) for one in found
        ]
        lines += [(x, y) for x, y in _steep(rows)]
    lines += [(mass, edge) for mass, *edges in drawn for edge in edges]
    unnamed = place_labels(axes, [*items, Item("", "black", drawn, lines, 1.0)], "small")
    axes.set_title("\n".join([plain(panel.title), *(items[k].text for k in unnamed)]))


def _heights(points: Array, panels: Sequence[Panel]) -> tuple[float, float]:
    """Return the range of y: of all edges, a little wider."""
    edges = points[:, 2:][np.isfinite(points[:, 2:])]
    if edges.size == 0:
        edges = np.concatenate([mask.lower for panel in panels for mask in panel.masks] or [np.array([1.0])])
    return float(edges.min()) / 1.1, float(edges.max()) * 1.1


def _draw_masks(axes: Any, panel: Panel) -> None:
    top = axes.get_ylim()[1]
    for approximate, hatch in ((False, None), (True, _TEXT_HATCH)):
        label: str | None = "excluded by others" + (", read from text" if approximate else "")
        for mask in panel.masks:
            if ("from text" in mask.note) == approximate:
                style: Any = {"fc": _GREY, "ec": "0.6", "hatch": hatch, "lw": width(0.5), "zorder": 0.5}
                axes.fill_between(mask.mass, mask.lower, np.minimum(mask.upper, top), label=label, **style)
                label = None


def _intervals(rows: Sequence[tuple[float, ...]]) -> Any:
    """Return rows as `regions` takes them."""
    return [
        {"m_dark_photon": x, "interval": f"{interval:.0f}", "lower": lower, "upper": upper}
        for x, interval, lower, upper in rows
    ]


def _draw_region(axes: Any, rows: Sequence[tuple[float, ...]], label: str, k: int) -> None:
    """Fill the first region, draw outlines of all."""
    found = regions(_intervals(rows))
    tint, line = colour(k), LINES[k % len(LINES)]
    bottom, top = axes.get_ylim()
    style: Any = {"color": tint, "ls": line, "lw": width(1.1), "zorder": 2 + 0.01 * k}
    axes.plot([], [], label=label, **style)
    for x, y in _steep(rows):
        axes.plot(x, y, **style)
    for region in found:
        x, lower, upper = region.points[:, 0], region.points[:, LOWER], region.points[:, UPPER]
        if k == 0:
            axes.fill_between(x, lower, upper, fc=(tint, _ALPHA), lw=0.0, zorder=1)
        axes.plot(x, np.where(lower > bottom * 1.11, lower, np.nan), **style)
        axes.plot(x, np.where(upper < top / 1.11, upper, np.nan), **style)
        for closed, end in ((region.closed_low, 0), (region.closed_high, -1)):
            if closed:
                axes.plot([x[end]] * 2, [lower[end], upper[end]], **style)


def _steep(rows: Sequence[tuple[float, ...]]) -> Iterator[Array]:
    """Yield lines (x, y) along bands too steep to overlap from one x to the next."""
    columns: dict[float, list[tuple[float, ...]]] = {row[0]: [] for row in rows}
    for row in rows:
        columns[row[0]] += [row] if row[1] else []
    for left, right in pairwise(columns.values()):
        if len(left) == len(right):
            for first, second in zip(left, right, strict=True):
                gap = max(second[2] / first[3], first[2] / second[3])
                if 1.0 < gap < _NEAR:
                    for end in (2, 3):
                        yield np.array([[first[0], second[0]], [first[end], second[end]]])
