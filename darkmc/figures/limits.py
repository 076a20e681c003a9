"""Excluded regions in the plane of dark photon mass and coupling, from limit tables."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.errors import DarkmcWarning, PhysicsError
from darkmc.core.intervals import SCAN_HIGH, SCAN_LOW
from darkmc.core.kinematics import Array
from darkmc.figures.areas import (
    DASHED,
    DOTTED,
    EDGES,
    NEW,
    draw_before,
    draw_table,
    mark_open,
    outline,
    shade,
)
from darkmc.figures.labels import Item, place_labels
from darkmc.figures.overlays import Overlay
from darkmc.figures.planes import FEWEST, draw_plane
from darkmc.figures.ratios import Ratio, draw_ratios
from darkmc.figures.regions import LOWER, UPPER
from darkmc.figures.style import (
    COUPLING,
    HATCHES,
    LINES,
    colour,
    legend_above,
    log_ticks,
    plain,
    save,
    size,
    width,
)
from darkmc.figures.tables import Table, content, table, tables

_FILLED = 1.0  # layer of areas
_ROOM = 10.0  # an overlay may widen the picture by a decade, no more, on each side
_GREY = "0.35"
_TINTS = ("#000000", "#5A5A5A", "#8C8C8C")  # of what comes from elsewhere
_CORNERS = 3  # of the least area
_MANY = 3  # with more tables than this labels stand in the picture, where they fit


class Line(NamedTuple):
    """A line of the model's own, with its label; nan where there is none."""

    label: str
    mass: Array
    value: Array


class Beside(NamedTuple):
    """What a picture holds beside its tables.

    Attributes
    ----------
    before : mapping of path
        By table that of the same search as it was, drawn as a dotted outline.
    before_words : str
        What these are, for the legend.
    familiar : mapping of path
        By table that without what is new; what the table excludes beyond it is hatched.
    lines : sequence of Line
        Where what is computed holds no more.
    ratios : sequence of Ratio
        For a panel of their own.
    couplings : (float, float), optional
        Range of the vertical axis, GeV^-1.
    """

    before: Mapping[Path, Path] = {}
    before_words: str = ""
    familiar: Mapping[Path, Path] = {}
    lines: Sequence[Line] = ()
    ratios: Sequence[Ratio] = ()
    couplings: tuple[float, float] | None = None


_NOTHING = Beside()


def draw_limits(
    paths: Sequence[Path],
    outputs: Sequence[Path],
    title: str,
    overlays: Sequence[Overlay] = (),
    beside: Beside = _NOTHING,
) -> None:
    """Draw limit tables: exclusions filled, projections dashed, edges with their Monte Carlo errors.

    A table over two quantities is drawn as contours of its edges.

    Parameters
    ----------
    paths : sequence of path
        CSV files of ``darkmc limit``; a colour and a label for each, and for each of its few series.
    outputs : sequence of path
        Pictures to write, format by suffix.
    title : str
        Title of the picture.
    overlays : sequence of Overlay
        Curves from elsewhere.
    beside : Beside
        What is drawn beside the tables.

    Raises
    ------
    PhysicsError
        If a table cannot be read as one, or does not fit to the others.
    """
    contents = [content(path) for path in paths]
    planes = [len(one.series) >= FEWEST for one in contents]
    if any(planes):
        if len(planes) > 1 or overlays:
            raise PhysicsError(f"{paths[planes.index(True)]} is a plane, which is drawn alone")
        draw_plane(contents[0], str(paths[0]), outputs, title)
        return
    labels = {one.label for one in contents}
    if len(labels) > 1:
        raise PhysicsError(f"the tables run along {' and '.join(sorted(labels))}: draw them one by one")
    parts = [(path, part) for path, one in zip(paths, contents, strict=True) for part in one.series]
    read = _Read(
        [path for path, _ in parts],
        tables(parts),
        {path: table(one) for path, one in beside.before.items()},
        {path: table(one) for path, one in beside.familiar.items()},
    )
    _draw_regions(read, labels.pop(), outputs, title, overlays, beside)


class _Read(NamedTuple):
    """What was read: tables with where each comes from, and by that how it was and what of it is not new."""

    paths: list[Path]
    now: list[Table]
    before: dict[Path, Table]
    familiar: dict[Path, Table]

    @property
    def masses(self) -> list[float]:
        return [mass for one in (*self.now, *self.before.values()) for mass in one.masses]

    @property
    def edges(self) -> Array:
        drawn = (*self.now, *self.before.values())
        return np.concatenate(
            [region.points[:, (LOWER, UPPER)].ravel() for one in drawn for region in one.regions]
            or [np.empty(0)]
        )


class _Entry(NamedTuple):
    """What is labelled, and what stands for it in a legend."""

    item: Item
    handle: Any


def _draw_regions(
    read: _Read,
    label: str,
    outputs: Sequence[Path],
    title: str,
    overlays: Sequence[Overlay],
    beside: Beside,
) -> None:
    from matplotlib.figure import Figure

    many = len(read.now) > _MANY
    columns, panels = (1.5 if many else 1.0), 1 + bool(beside.ratios)
    figure = Figure(figsize=size(columns, columns * (1.0, 1.35)[panels - 1]))
    figure.set_layout_engine("constrained", w_pad=0.06)  # a tick label at the end needs room
    axes, *lower = figure.subplots(
        panels, 1, squeeze=False, sharex=True, height_ratios=(3.2, 1.0)[:panels]
    ).ravel()
    axes.set(xscale="log", yscale="log", ylabel=COUPLING)
    (lower or [axes])[-1].set_xlabel(label)
    entries = _draw_tables(axes, read, not many)
    entries += [_draw_overlay(axes, overlay, k) for k, overlay in enumerate(overlays)]
    entries += [_draw_line(axes, line) for line in beside.lines]
    _limit_axes(axes, read, overlays, beside.couplings)
    log_ticks(axes.xaxis)
    log_ticks(axes.yaxis)
    if lower:
        draw_ratios(lower[0], beside.ratios, {path.stem: colour(k) for k, path in enumerate(read.paths)})
    figure.suptitle(plain(title))
    keys = _keys(axes, read, beside)
    _note(figure, read.now)
    items = [entry.item for entry in entries]
    outside = list(range(len(items)))
    if many:
        _legend(axes, [], keys)
        figure.draw_without_rendering()  # labels need to know where the axes end up
        outside = place_labels(axes, items, "x-small")
    _legend(axes, [(entries[k].handle, items[k].text) for k in outside], keys)
    save(figure, outputs)


def _draw_tables(axes: Any, read: _Read, hatched: bool) -> list[_Entry]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    largest_first = sorted(range(len(read.now)), key=lambda k: -read.now[k].area)
    entries = []
    for k, (path, one) in enumerate(zip(read.paths, read.now, strict=True)):
        tint, layer = colour(k), _FILLED + 0.01 * largest_first.index(k)
        hatch = HATCHES[k % len(HATCHES)] if hatched else ""
        draw_table(axes, one, tint, layer, read.familiar.get(path), hatch)
        before = read.before.get(path)
        if before is not None:
            draw_before(axes, before, tint)
        if one.regions and not one.lower_only and not one.projection:
            mark_open(axes, one, tint, k)
        drawn = [(one, region) for region in one.regions]
        drawn += [(before, region) for region in before.regions] if before is not None else []
        lines = [line for owner, region in drawn for line in outline(region, owner.open_end)]
        if one.projection or one.lower_only or not one.regions:
            style: Any = {"ls": DASHED if one.projection else "-", "marker": "^" if one.lower_only else ""}
            handle: Any = Line2D([], [], color=tint, **style)
        else:
            handle = Patch(**shade(tint) | ({"hatch": hatch} if hatch else {"ec": tint, "lw": width(0.8)}))
        words = f"{one.name}: nothing excluded" if not one.regions else one.name
        words += ": lower edge only" if one.lower_only else ""
        areas = [] if one.projection else [_area(one, region.points) for region in one.regions]
        entries.append(_Entry(Item(words, tint, areas, lines, layer, one.projection), handle))
    return entries


def _area(one: Table, points: Array) -> tuple[Array, Array, Array]:
    mass, lower, upper = points.T[:3]
    return mass, np.maximum(lower, SCAN_LOW), np.minimum(upper, one.open_end)


def _draw_line(axes: Any, line: Line) -> _Entry:
    (drawn,) = axes.plot(line.mass, line.value, color=_GREY, ls=LINES[3], lw=width(0.8), zorder=EDGES - 0.1)
    return _Entry(Item(line.label, _GREY, [], [(line.mass, line.value)], beside=True), drawn)


def _draw_overlay(axes: Any, overlay: Overlay, k: int) -> _Entry:
    """Draw a curve from elsewhere as lines, a region from elsewhere as a grey area below all others."""
    from matplotlib.patches import Patch

    tint = _TINTS[k % len(_TINTS)]
    style: Any = {"color": tint, "ls": LINES[1 + k % 4], "lw": width(), "zorder": EDGES + 0.5}
    handle, lines = None, []
    for mass, value, upper in overlay.strokes:
        marker = "o" if len(mass) == 1 else ""  # a line of one point shows nothing
        (line,) = axes.plot(mass, value, marker=marker, **style)
        lines.append((mass, value))
        handle = handle or line
        if upper is not None:
            top = np.where(np.isfinite(upper), upper, SCAN_HIGH * _ROOM)
            axes.fill_between(mass, value, top, zorder=_FILLED - 0.5, fc="0.93", lw=0.0)
            axes.plot(mass, upper, **style)
            lines.append((mass, upper))
            handle = Patch(fc="0.93", ec=tint, ls=style["ls"])
        elif len(mass) > _CORNERS and (mass[0], value[0]) == (mass[-1], value[-1]):  # an outline
            axes.fill(mass, value, zorder=_FILLED - 0.5, fc="0.93", lw=0.0)
    areas = [
        (mass, value, np.where(np.isfinite(upper), upper, SCAN_HIGH * _ROOM))
        for mass, value, upper in overlay.strokes
        if upper is not None and np.all(np.diff(mass) > 0.0)
    ]
    return _Entry(Item(plain(overlay.label), tint, areas, lines, _FILLED - 0.5, not areas), handle)


def _limit_axes(
    axes: Any, read: _Read, overlays: Sequence[Overlay], couplings: tuple[float, float] | None
) -> None:
    """Set the limits: everything excluded, with margins; overlays widen them by a decade at most."""
    edges = read.edges
    finite = edges[np.isfinite(edges) & (edges > 0.0)]
    if len(finite) == 0:
        finite = np.concatenate([overlay.value for overlay in overlays] or [np.array([1e-6, 1.0])])
    if any(one.is_open for one in read.now):
        finite = np.append(finite, [one.open_end for one in read.now])
    axes.set_xlim(*_range(np.array(read.masses), [overlay.mass for overlay in overlays], 1.15))
    axes.set_ylim(*(couplings or _range(finite, [overlay.value for overlay in overlays], 2.0)))
    for overlay in overlays:
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        inside = (
            (overlay.mass > left) & (overlay.mass < right) & (overlay.value > bottom) & (overlay.value < top)
        )
        if not inside.any():
            message = f"overlay '{overlay.label}' has no point inside the picture"
            warnings.warn(message, DarkmcWarning, stacklevel=4)


def _range(values: Any, others: Sequence[Any], margin: float) -> tuple[float, float]:
    low, high = values.min(), values.max()
    low = max(min([low, *(other.min() for other in others)]), low / _ROOM)
    high = min(max([high, *(other.max() for other in others)]), high * _ROOM)
    return low / margin, high * margin


def _keys(axes: Any, read: _Read, beside: Beside) -> list[tuple[Any, str]]:
    """Return what the legend says beside names: open edges, envelopes, dotted lines and hatches."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    keys: list[tuple[Any, str]] = []
    open_ = [one for one in read.now if one.is_open and not one.projection]
    if open_ and max(one.open_end for one in open_) < axes.get_ylim()[1]:
        arrow = Line2D([], [], ls="", marker="^", color="0.3")
        scanned = all(one.method != "analytic" and one.open_end == SCAN_HIGH for one in open_)
        end = rf" {SCAN_HIGH:g} GeV$^{{-1}}$ (end of the scan)" if scanned else ""
        keys.append((arrow, f"open above{end}"))
    points = np.concatenate([r.points for one in read.now for r in one.regions] or [np.empty((0, 9))])
    if np.isfinite(points[:, 5:]).any():
        keys.append((Patch(fc="0.9", hatch="||||||", ec="0.4", lw=0.0), "systematic envelope"))
    if any(one.projection for one in read.now):
        keys.append((Line2D([], [], color="0.3", ls=DASHED), "projection"))
    if read.before:
        keys.append((Line2D([], [], color="0.3", ls=DOTTED, lw=width(0.9)), plain(beside.before_words)))
    if read.familiar:
        words = plain(f"only by channels that {beside.before_words} lacks")
        keys.append((Patch(fc="0.9", hatch=NEW, ec="0.4", lw=0.0), words))
    return keys


def _note(figure: Any, drawn: Sequence[Table]) -> None:
    """Say below what the bands along the edges are, and how wide they are at most."""
    points = np.concatenate([r.points for one in drawn for r in one.regions] or [np.empty((0, 9))])
    edges, errors = points[:, (LOWER, UPPER)], points[:, (LOWER + 2, UPPER + 2)]
    known = np.isfinite(edges) & (edges > 0.0)
    largest = np.max(errors[known] / edges[known], initial=0.0)
    if largest > 0.0:
        note = f"Dark bands along the edges: their Monte Carlo error, at most {100 * largest:.2g} %"
        figure.supxlabel(note, fontsize="x-small", color="0.3")


def _legend(axes: Any, named: Sequence[tuple[Any, str]], keys: Sequence[tuple[Any, str]]) -> None:
    """Put names and keys above the axes, where no data are."""
    if named or keys:
        legend_above(axes, more=[*named, *keys])
