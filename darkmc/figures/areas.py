"""Excluded regions: filled, or for projections open, with the Monte Carlo error of their edges."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from darkmc.core.intervals import SCAN_LOW
from darkmc.core.kinematics import Array
from darkmc.figures.regions import LOWER, UPPER, Region
from darkmc.figures.style import LINES, light, width
from darkmc.figures.tables import Table

NEW = "//////"  # hatch of what is excluded by what is new
DASHED = LINES[1]  # of projections
DOTTED = LINES[2]  # of limits as they were
EDGES = 2.0  # layer: areas lie below all edges
_SHADE, _HATCHED = 0.22, 0.6  # how strong the colours of areas and of their hatches are
_ARROWS = 6  # along the masses at which a region is open above


def draw_table(axes: Any, table: Table, tint: str, layer: float, familiar: Table | None, hatch: str) -> None:
    """Draw the regions of a table; where `familiar` does not exclude they are hatched, else all of them."""
    for region in table.regions:
        if table.lower_only:
            mass, lower = region.points[:, 0], region.points[:, LOWER]
            axes.plot(mass, lower, color=tint, marker="^", zorder=EDGES)
            continue
        if not table.projection:
            fill(
                axes,
                region,
                tint,
                table.open_end,
                layer,
                NEW if familiar is not None else hatch,
                gid=table.name,
            )
        _edge(axes, region, tint, table.open_end, DASHED if table.projection else "-")
    if familiar is not None and not table.projection:
        for region in familiar.regions:
            fill(axes, region, tint, familiar.open_end, layer + 1e-3, "")


def draw_before(axes: Any, table: Table, tint: str) -> None:
    """Draw the outlines of a table as they were."""
    for region in table.regions:
        for x, y in outline(region, table.open_end):
            axes.plot(x, y, color=tint, ls=DOTTED, lw=width(0.9), zorder=EDGES + 0.2)


def shade(tint: str) -> dict[str, Any]:
    """Return how areas of a colour are filled: opaque, so that where they overlap the colours do not mix."""
    return {"fc": light(tint, _SHADE), "ec": light(tint, _HATCHED), "lw": 0.0}


def fill(
    axes: Any, region: Region, tint: str, end: float, layer: float, hatch: str, gid: str | None = None
) -> None:
    """Fill a region with a light shade; `gid` is its name in vector files."""
    mass, lower, upper = region.points.T[:3]
    bottom, top = np.maximum(lower, SCAN_LOW), np.minimum(upper, end)
    axes.fill_between(mass, bottom, top, hatch=hatch, zorder=layer, gid=gid, **shade(tint))


def outline(region: Region, end: float) -> Iterator[tuple[Array, Array]]:
    """Yield the lines around a region: its edges, and where it is closed its ends."""
    mass, lower, upper = region.points.T[:3]
    bottom, top = np.maximum(lower, SCAN_LOW), np.minimum(upper, end)
    for edge in (lower, upper):
        yield mass, np.where((edge > 0.0) & np.isfinite(edge), edge, np.nan)
    for closed, k in ((region.closed_low, 0), (region.closed_high, -1)):
        if closed:  # the next mass is not excluded: the region is not drawn beyond the last that is
            yield mass[[k, k]], np.array([bottom[k], top[k]])
    for step in np.flatnonzero(np.diff(mass) == 0.0):  # up to the end of the scan
        yield mass[step : step + 2], top[step : step + 2]


def _edge(axes: Any, region: Region, tint: str, end: float, line: Any) -> None:
    """Draw the edges of a region with their errors, above all regions."""
    mass, lower, upper, lower_error, upper_error, *envelope = region.points.T
    band: Any = {"lw": 0.0, "zorder": EDGES}
    for x, y in outline(region, end):
        axes.plot(x, y, color=tint, ls=line, solid_capstyle="butt", zorder=EDGES)
    for edge, error in ((lower, lower_error), (upper, upper_error)):
        here = np.where((edge > 0.0) & np.isfinite(edge), edge, np.nan)
        axes.fill_between(
            mass, np.maximum(here - error, 1e-3 * here), here + error, color=tint, alpha=0.5, **band
        )
    for low, high in (envelope[:2], envelope[2:]):
        if np.isfinite(low).any() or np.isfinite(high).any():
            axes.fill_between(mass, low, high, fc=tint, alpha=0.15, **band)
            axes.fill_between(mass, low, high, fc="none", hatch="||||||", ec=tint, **band)


def mark_open(axes: Any, table: Table, tint: str, k: int) -> None:
    """Put arrows where a region has no upper edge; those of several tables do not hide each other."""
    points = np.concatenate([region.points for region in table.regions])
    mass = np.unique(points[np.isinf(points[:, UPPER]), 0])
    if len(mass) == 0:
        return
    first, last = np.log(mass[[0, -1]])
    shown = np.exp(first + (last - first) * (np.arange(_ARROWS) + 0.5 + 0.1 * (k % 8 - 3.5)) / _ARROWS)
    axes.plot(shown, np.full(_ARROWS, table.open_end), ls="", marker="^", color=tint, zorder=EDGES)
