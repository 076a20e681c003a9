"""One page that shows a sample of events: energies, angles, where they decay, masses and delays."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.figures.style import LINES, colour, legend_above, log_ticks, save, size, width

_COUNT = "expected events per bin"
_DEPTH = 3e3  # bins this far below the highest are not shown


class Content(NamedTuple):
    """Expected events per bin and their errors, arrays (n,)."""

    heights: Array
    errors: Array


class Panel(NamedTuple):
    """Histograms over the same bins.

    Attributes
    ----------
    label : str
        Of the axis, with its unit.
    edges : array (n + 1,)
        Of the bins.
    contents : dict of Content
        By label.
    """

    label: str
    edges: Array
    contents: Mapping[str, Content]


class VertexMap(NamedTuple):
    """Where signals are made, in the plane of the beam axis and a direction across.

    Attributes
    ----------
    labels : (str, str)
        Of the axes along and across.
    edges : (array, array)
        Of the bins, m.
    content : array (along, across)
        Expected events per bin.
    outline : array (2, n)
        The detector, m.
    detector : str
        What the outline is of.
    """

    labels: tuple[str, str]
    edges: tuple[Array, Array]
    content: Array
    outline: Array
    detector: str


class Page(NamedTuple):
    """What is drawn: three panels above; the map and one or two panels below."""

    title: str
    above: tuple[Panel, Panel, Panel]
    vertices: VertexMap
    below: tuple[Panel, ...]


def draw_page(page: Page, outputs: Sequence[Path]) -> None:
    """Draw a page and write the pictures, format by suffix."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size(2.1, 1.75), layout="constrained")
    figure.suptitle(page.title)
    top, bottom = np.asarray(figure.subfigures(2, 1, hspace=0.05))
    for axes, panel in zip(top.subplots(1, 3), page.above, strict=True):
        _draw_panel(axes, panel)
    more = len(page.below)
    vertices, *below = bottom.subplots(1, 1 + more, width_ratios=[1.8, *[1.0] * more])
    _draw_map(bottom, vertices, page.vertices)
    for axes, panel in zip(below, page.below, strict=True):
        _draw_panel(axes, panel)
    save(figure, outputs)


def _draw_panel(axes: Any, panel: Panel) -> None:
    """Draw histograms with statistical errors on logarithmic axes, the legend above them."""
    edges = panel.edges
    for k, (name, (heights, errors)) in enumerate(panel.contents.items()):
        if heights.any():
            axes.stairs(heights, edges, color=colour(k), ls=LINES[k % 5], lw=width(), label=name)
            filled = heights > 0.0
            places = np.sqrt(edges[1:] * edges[:-1])[filled]
            style = {"fmt": "none", "ecolor": colour(k), "elinewidth": width(0.8)}
            axes.errorbar(places, heights[filled], errors[filled], **style)
    axes.set(xscale="log", yscale="log", xlabel=panel.label, ylabel=_COUNT)
    heights = np.array([content.heights for content in panel.contents.values()])
    if heights.any():
        floor = max(0.5 * heights[heights > 0.0].min(), heights.max() / _DEPTH)
        shown = np.flatnonzero(np.any(heights > floor, axis=0))
        axes.set_ylim(floor, 2.0 * heights.max())
        axes.set_xlim(edges[shown[0]] / 1.1, edges[shown[-1] + 1] * 1.1)
    log_ticks(axes.xaxis)
    log_ticks(axes.yaxis)
    legend_above(axes, share=0.33)


def _draw_map(figure: Any, axes: Any, vertices: VertexMap) -> None:
    """Draw what the map holds, bins without events white, and the detector."""
    from matplotlib.patches import Polygon

    filled = np.where(vertices.content > 0.0, vertices.content, np.nan).T
    mesh = axes.pcolormesh(*vertices.edges, filled, cmap="Blues", vmin=0.0, rasterized=True)
    outline = vertices.outline
    mesh.set_clip_path(Polygon(outline.T, transform=axes.transData))  # bins may reach beyond a slope
    figure.colorbar(mesh, ax=axes, label=_COUNT)
    axes.plot(*outline, color="black", lw=width(1.4), label=vertices.detector)
    axes.set(xlabel=vertices.labels[0], ylabel=vertices.labels[1])
    for edge, limit in zip(vertices.edges, (axes.set_xlim, axes.set_ylim), strict=True):
        room = 0.06 * (edge[-1] - edge[0])
        limit(edge[0] - room, edge[-1] + room)
    if vertices.edges[1][0] < 0.0 < vertices.edges[1][-1]:
        axes.axhline(0.0, color="black", ls=LINES[3], lw=width(0.8), label="beam axis")
    legend_above(axes, share=0.33)
