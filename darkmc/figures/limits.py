"""Excluded regions in the plane of dark photon mass and coupling, from limit tables."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.errors import DarkmcWarning, PhysicsError
from darkmc.core.intervals import SCAN_HIGH, SCAN_LOW
from darkmc.core.tables import read_csv
from darkmc.figures.overlays import Overlay
from darkmc.figures.planes import FEWEST, draw_plane
from darkmc.figures.regions import LOWER, UPPER, Region, regions
from darkmc.figures.series import LongTable, Series, long_table
from darkmc.figures.style import (
    COLOURS,
    COUPLING,
    HATCHES,
    LINES,
    legend_above,
    log_ticks,
    plain,
    save,
    styled,
)
from darkmc.output.limits import LIMIT_COLUMNS, read_limits

_NEEDED = set(LIMIT_COLUMNS[:8])
_ARROWS = 6  # along the masses at which a region is open above
_SHADE, _HATCHED = 0.22, 0.6  # how strong the colours of areas and of their hatches are
_FILLED, _EDGES = 1.0, 2.0  # layers: areas lie below all edges
_ROOM = 10.0  # an overlay may widen the picture by a decade, no more, on each side


class _Table(NamedTuple):
    name: str
    regions: list[Region]
    method: str
    masses: list[float]
    counts: str  # what the observed counts are called, where they have a name

    @property
    def lower_only(self) -> bool:
        """Whether it was made by a method that finds no upper edges."""
        return self.method == "iterative"

    @property
    def is_open(self) -> bool:
        """Whether a region is drawn as open above."""
        return not self.lower_only and any(np.isinf(r.points[:, UPPER]).any() for r in self.regions)

    @property
    def area(self) -> float:
        """How much of the picture its regions cover: in units of ln m x ln G."""
        total = 0.0
        for region in self.regions:
            mass, lower, upper = region.points.T[:3]
            height = np.log(np.minimum(upper, self.open_end) / np.maximum(lower, SCAN_LOW))
            total += float(np.sum(0.5 * (height[1:] + height[:-1]) * np.diff(np.log(mass))))
        return total

    @property
    def open_end(self) -> float:
        """Up to where open regions are drawn: the end of the scan, or above its own edges beyond that.

        Edges in closed form (of g - 2) know no end of a scan.
        """
        edges = np.concatenate([r.points[:, (LOWER, UPPER)].ravel() for r in self.regions] or [np.empty(0)])
        highest = np.max(edges[np.isfinite(edges)], initial=SCAN_HIGH)
        return SCAN_HIGH if highest == SCAN_HIGH else float(10.0 ** np.ceil(np.log10(2.0 * highest)))


def find_tables(folder: Path) -> list[Path]:
    """Return the limit tables in a directory by name; other CSV files there are passed over.

    Raises
    ------
    PhysicsError
        If the directory holds no limit table.
    """
    tables = [path for path in sorted(folder.glob("*.csv")) if _is_limit(_rows(path))]
    if not tables:
        raise PhysicsError(f"no limit table in {folder}")
    return tables


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return read_limits(path)
    except PhysicsError:
        raise PhysicsError(f"{path}: not a CSV file") from None


def _is_limit(rows: list[dict[str, Any]]) -> bool:
    return bool(rows) and set(rows[0]) >= _NEEDED


def _content(path: Path) -> LongTable:
    if not path.is_file():
        raise PhysicsError(f"no such file: {path}")
    rows = _rows(path)
    if not _is_limit(rows):
        raise PhysicsError(f"{path}: not a limit table (columns {', '.join(LIMIT_COLUMNS[:8])})")
    return long_table(rows, str(path))


def _table(path: Path, rows: list[dict[str, Any]]) -> _Table:
    try:
        masses = [float(row["m_dark_photon"]) for row in rows]
        found = regions(rows)
    except (TypeError, ValueError):
        reason = "masses and edges must be numbers above zero, errors no less, and intervals of a mass apart"
        raise PhysicsError(f"{path}: {reason}") from None
    return _Table(rows[0]["experiment"], found, rows[0].get("method", ""), masses, _counts(path))


def _counts(path: Path) -> str:
    """Return what the head of a table calls the observed counts, e.g. reconstructed; empty if nothing."""
    head = read_csv(path, PhysicsError, strict=False).head
    named = [line for line in head if line.startswith("counts ") and ": " in line]
    return named[0].partition(": ")[2] if named else ""


def draw_limits(
    tables: Sequence[Path], outputs: Sequence[Path], title: str, overlays: Sequence[Overlay] = ()
) -> None:
    """Draw limit tables as filled regions with the Monte Carlo error of their edges, and write the pictures.

    A table over two quantities is drawn as contours of its edges.

    Parameters
    ----------
    tables : sequence of path
        CSV files of ``darkmc limit``; a colour and a legend entry for each, and for each of its few series.
    outputs : sequence of path
        Pictures to write, format by suffix.
    title : str
        Title of the picture.
    overlays : sequence of Overlay
        Curves from elsewhere, drawn as lines.

    Raises
    ------
    PhysicsError
        If a table cannot be read as one, or does not fit to the others.
    """
    contents = [_content(path) for path in tables]
    planes = [len(content.series) >= FEWEST for content in contents]
    if any(planes):
        if len(planes) > 1 or overlays:
            raise PhysicsError(f"{tables[planes.index(True)]} is a plane, which is drawn alone")
        draw_plane(contents[0], str(tables[0]), outputs, title)
        return
    labels = {content.label for content in contents}
    if len(labels) > 1:
        raise PhysicsError(f"the tables run along {' and '.join(sorted(labels))}: draw them one by one")
    parts = [(path, part) for path, content in zip(tables, contents, strict=True) for part in content.series]
    read = [_table(path, part.rows) for path, part in parts]
    _draw_regions(read, _names(read, parts), labels.pop(), outputs, title, overlays)


def _names(read: Sequence[_Table], parts: Sequence[tuple[Path, Series]]) -> list[str]:
    """Return what each table is called in the legend, so that no two are called the same."""
    names = []
    homes: dict[str, set[Path]] = {}
    for table, (path, _) in zip(read, parts, strict=True):
        homes.setdefault(table.name, set()).add(path)
    for table, (path, part) in zip(read, parts, strict=True):
        name = table.name if len(homes[table.name]) == 1 else f"{table.name} ({path.stem})"
        name = plain(f"{name} ({table.counts})" if table.counts else name)
        names.append(f"{name}, {part.label}" if part.label else name)
    return names


def _draw_regions(
    read: Sequence[_Table],
    names: Sequence[str],
    label: str,
    outputs: Sequence[Path],
    title: str,
    overlays: Sequence[Overlay],
) -> None:
    from matplotlib.figure import Figure

    with styled():
        figure = Figure(figsize=(6.6, 5.4 + 0.08 * len(read)))
        figure.set_layout_engine("constrained", w_pad=0.12)  # a tick label at the end needs room
        axes = figure.add_subplot(xscale="log", yscale="log", xlabel=label, ylabel=COUPLING)
        largest_first = sorted(range(len(read)), key=lambda k: -read[k].area)
        for k, (table, name) in enumerate(zip(read, names, strict=True)):
            _draw_table(axes, table, name, k, _FILLED + 0.01 * largest_first.index(k))
        for k, overlay in enumerate(overlays):
            _draw_overlay(axes, overlay, k)
        _limit_axes(axes, read, overlays)
        log_ticks(axes.xaxis)
        log_ticks(axes.yaxis)
        figure.suptitle(plain(title))
        _legend(figure, axes, read)
        save(figure, outputs)


def _draw_overlay(axes: Any, overlay: Overlay, k: int) -> None:
    style = {"color": COLOURS[(6, 5, 2)[k % 3]], "ls": LINES[1 + k % 4], "lw": 1.7, "zorder": _EDGES + 0.5}
    for j, (mass, value) in enumerate(overlay.strokes):
        marker = "o" if len(mass) == 1 else ""  # a line of one point shows nothing
        label = plain(overlay.label) if j == 0 else None
        axes.plot(mass, value, marker=marker, ms=5, label=label, **style)


def _draw_table(axes: Any, table: _Table, name: str, k: int, layer: float) -> None:
    style = {"colour": COLOURS[k % 8], "hatch": HATCHES[k % 8]}
    if not table.regions:
        axes.plot([], [], color=style["colour"], label=f"{name}: nothing excluded")
    for j, region in enumerate(table.regions):
        label = name if j == 0 else None
        if table.lower_only:
            mass, lower = region.points[:, 0], region.points[:, LOWER]
            label = label and f"{name}: lower edge only"
            axes.plot(mass, lower, color=style["colour"], lw=1.6, marker="^", ms=3.5, label=label)
        else:
            _fill(axes, region, **style, label=label, end=table.open_end, layer=layer)
            _edge(axes, region, style["colour"], table.open_end)
    if table.regions and not table.lower_only:
        _mark_open(axes, table, style["colour"], k)


def _fill(
    axes: Any, region: Region, colour: str, hatch: str, label: str | None, end: float, layer: float
) -> None:
    """Fill a region with a light shade: opaque, so that where regions overlap the colours do not mix."""
    from matplotlib.colors import to_rgb

    mass, lower, upper = region.points.T[:3]
    light = tuple(1.0 - _SHADE * (1.0 - part) for part in to_rgb(colour))
    strong = tuple(1.0 - _HATCHED * (1.0 - part) for part in to_rgb(colour))
    bottom, top = np.maximum(lower, SCAN_LOW), np.minimum(upper, end)
    style: Any = {"fc": light, "ec": strong, "hatch": hatch, "lw": 0.0}
    axes.fill_between(mass, bottom, top, label=label, zorder=layer, **style)


def _edge(axes: Any, region: Region, colour: str, end: float) -> None:
    """Draw the edges of a region with their errors, above all regions."""
    mass, lower, upper, lower_error, upper_error, *envelope = region.points.T
    bottom, top = np.maximum(lower, SCAN_LOW), np.minimum(upper, end)
    line: Any = {"color": colour, "lw": 1.5, "solid_capstyle": "butt", "zorder": _EDGES}
    band: Any = {"lw": 0.0, "zorder": _EDGES}
    for edge, error in ((lower, lower_error), (upper, upper_error)):
        here = np.where((edge > 0.0) & np.isfinite(edge), edge, np.nan)
        axes.plot(mass, here, **line)
        axes.fill_between(
            mass, np.maximum(here - error, 1e-3 * here), here + error, color=colour, alpha=0.6, **band
        )
    for low, high in (envelope[:2], envelope[2:]):
        axes.fill_between(mass, low, high, fc=colour, alpha=0.15, **band)
        axes.fill_between(mass, low, high, fc="none", hatch="||||||", ec=colour, **band)
    for closed, k in ((region.closed_low, 0), (region.closed_high, -1)):
        if closed:  # the next mass is not excluded: the region is not drawn beyond the last that is
            axes.plot([mass[k]] * 2, [bottom[k], top[k]], **line)
    for step in np.flatnonzero(np.diff(mass) == 0.0):  # up to the end of the scan
        axes.plot(mass[step : step + 2], top[step : step + 2], **line)


def _mark_open(axes: Any, table: _Table, colour: str, k: int) -> None:
    """Put arrows where a region has no upper edge; those of several tables do not hide each other."""
    points = np.concatenate([region.points for region in table.regions])
    mass = np.unique(points[np.isinf(points[:, UPPER]), 0])
    if len(mass) == 0:
        return
    first, last = np.log(mass[[0, -1]])
    shown = np.exp(first + (last - first) * (np.arange(_ARROWS) + 0.5 + 0.1 * (k % 8 - 3.5)) / _ARROWS)
    heights = np.full(_ARROWS, table.open_end)
    axes.plot(shown, heights, ls="", marker="^", ms=6, color=colour, zorder=_EDGES)


def _limit_axes(axes: Any, tables: Sequence[_Table], overlays: Sequence[Overlay]) -> None:
    """Set the limits: everything excluded, with margins; overlays widen them by a decade at most."""
    mass = np.array([m for table in tables for m in table.masses])
    edges = np.concatenate(
        [region.points[:, (LOWER, UPPER)].ravel() for table in tables for region in table.regions]
        or [np.empty(0)]
    )
    finite = edges[np.isfinite(edges) & (edges > 0.0)]
    if len(finite) == 0:
        finite = np.concatenate([overlay.value for overlay in overlays] or [np.array([1e-6, 1.0])])
    if any(table.is_open for table in tables):
        finite = np.append(finite, [table.open_end for table in tables])
    axes.set_xlim(*_range(mass, [overlay.mass for overlay in overlays], 1.15))
    axes.set_ylim(*_range(finite, [overlay.value for overlay in overlays], 2.0))
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


def _legend(figure: Any, axes: Any, tables: Sequence[_Table]) -> None:
    """Put the legend above the axes, where no data are, and a note on errors and open edges below."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    more: list[tuple[Any, str]] = []
    points = np.concatenate(
        [region.points for table in tables for region in table.regions] or [np.empty((0, 9))]
    )
    open_ = [table for table in tables if table.is_open]
    if open_:
        arrow = Line2D([], [], ls="", marker="^", ms=6, color="0.3")
        scanned = all(table.method != "analytic" and table.open_end == SCAN_HIGH for table in open_)
        end = rf" {SCAN_HIGH:g} GeV$^{{-1}}$ (end of the scan)" if scanned else ""
        more.append((arrow, f"open above{end}"))
    if np.isfinite(points[:, 5:]).any():
        more.append((Patch(fc="0.9", hatch="||||||", ec="0.4", lw=0.0), "systematic envelope"))
    legend_above(axes, letters=70, more=more)
    edges, errors = points[:, (LOWER, UPPER)], points[:, (LOWER + 2, UPPER + 2)]
    known = np.isfinite(edges) & (edges > 0.0)
    largest = np.max(errors[known] / edges[known], initial=0.0)
    if largest > 0.0:
        note = f"Dark bands along the edges: their Monte Carlo error, at most {100 * largest:.2g} %"
        figure.supxlabel(note, fontsize=8, color="0.3")
