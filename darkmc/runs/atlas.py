"""Runs of kind ``atlas``: what experiments exclude at the best coupling, over both masses."""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.cards.overviews import AtlasRun
from darkmc.cards.run_card import parse_grids
from darkmc.core.kinematics import Array
from darkmc.figures.style import log_ticks, plain, save, size, width
from darkmc.output.checkpoints import all_checkpoints
from darkmc.output.csv_tables import MASSES, Row, read_table, write_table
from darkmc.runs.run import Settings, Work
from darkmc.runs.tables import header
from darkmc.scan.clusters import elsewhere
from darkmc.scan.grid import scans
from darkmc.scan.place import Place
from darkmc.scan.point import ScanPoint, ScanRequest, raise_failed

_NUMBERS = ("lower", "lower_error", "upper", "upper_error", "peak", "peak_error")
_ACROSS = 3  # panels in a row
_LEVELS = 8


def work(card: AtlasRun, settings: Settings) -> Work:
    """Return what scans every plane."""
    requests = []
    for plane in card.planes:
        grids = (parse_grids(plane.m_axion), parse_grids(plane.m_dark_photon))
        places = tuple(Place(float(m), float(a)) for a in grids[0] for m in grids[1])
        preset = settings.one_preset
        requests.append(
            ScanRequest(plane.experiment, places, preset, precision=card.precision, seed=card.seed)
        )
    shown = [request.load().in_pictures.name for request in requests]
    return partial(_write, card, requests, shown, settings)


def _write(
    card: AtlasRun, requests: Sequence[ScanRequest], shown: Sequence[str], settings: Settings, folder: Path
) -> Iterator[Path]:
    """Write the table; the points of all planes are kept until it is there."""
    rows: list[Row] = []
    names = [folder / f"{card.name}-{number}.csv" for number in range(len(requests))]
    with ExitStack() as stack:
        files = stack.enter_context(all_checkpoints(names, settings.fresh))
        executor = stack.enter_context(elsewhere(settings.dask, settings.workers))
        found = list(scans(list(zip(requests, files, strict=True)), settings.workers, True, executor))
        done = [point for points in found for point in points]
        for request, name, points in zip(requests, shown, found, strict=True):
            rows += [{"experiment": request.experiment, "shown": name} | _row(point) for point in points]
        lines = header(
            "first excluded intervals over both masses, and the largest yield of all couplings",
            f"seed {card.seed}, precision {card.precision:g}, preset {settings.one_preset}",
            "masses in GeV, edges and their Monte Carlo errors in GeV^-1 (empty: none)",
            "peak: the largest yield over what is excluded, at the best coupling; above 1: excluded",
        )
        yield write_table(folder / f"{card.name}.csv", lines, rows)
    raise_failed(done)


def _row(point: ScanPoint) -> Row:
    exclusion = point.exclusion
    edges = exclusion.intervals[0] if exclusion.intervals else (math.nan,) * 4
    peak = exclusion.peak
    numbers = (
        edges[0],
        edges[2],
        edges[1],
        edges[3],
        *((peak.ratio, peak.error) if peak else (math.nan,) * 2),
    )
    named = zip(_NUMBERS, numbers, strict=True)
    return dict(zip(MASSES, point.place[:2], strict=True)) | {
        **{name: number if math.isfinite(number) else None for name, number in named},
        "reason": exclusion.reason,
    }


def draw(card: AtlasRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``atlas`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If the table is missing or cannot be read.
    """
    from matplotlib.figure import Figure

    rows = read_table(folder / f"{card.name}.csv", ("experiment", "shown"), (*MASSES, *_NUMBERS))
    names = list(dict.fromkeys(row["shown"] for row in rows))
    across = min(_ACROSS, len(names))
    down = -(-len(names) // across)
    figure = Figure(figsize=size(0.7 * across + 0.2, 0.75 * down + 0.2), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    found = np.array([row["lower"] for row in rows])
    found = np.log10(found[np.isfinite(found)])
    low, high = (float(found.min()), float(found.max())) if len(found) else (-6.0, 0.0)
    levels = np.linspace(math.floor(low), max(math.ceil(high), math.floor(low) + 1), _LEVELS + 1)
    filled = None
    for axes, name in zip(panels, names, strict=False):
        filled = _draw_plane(axes, [row for row in rows if row["shown"] == name], levels) or filled
        axes.set_title(plain(name))
        axes.set(xlabel=r"$m_{\gamma^\prime}$ [GeV]", ylabel=r"$m_a$ [GeV]")
    for axes in panels[len(names) :]:
        axes.remove()
    if filled is not None:
        words = r"$\log_{10}$ (least excluded $G$ / GeV$^{-1}$)"
        figure.colorbar(filled, ax=list(panels[: len(names)]), label=words, aspect=40)
    figure.suptitle(plain(card.title))
    note = "Black: where the best coupling is just excluded. Dotted: equal masses."
    figure.supxlabel(note, fontsize="x-small", color="0.3")
    save(figure, outputs)


def _draw_plane(axes: Any, rows: Sequence[Row], levels: Array) -> Any:
    """Draw the least excluded coupling over both masses, and the line at which the best one is excluded."""
    x, y = (np.unique([row[key] for row in rows]) for key in MASSES)
    lower, peak = np.full((2, len(y), len(x)), np.nan)
    for row in rows:
        place = np.searchsorted(y, row[MASSES[1]]), np.searchsorted(x, row[MASSES[0]])
        lower[place] = np.log10(row["lower"])
        peak[place] = np.log10(max(row["peak"], 1e-30)) if np.isfinite(row["peak"]) else -30.0
    axes.set(xscale="log", yscale="log", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    mesh = None
    if np.isfinite(lower).any():
        from matplotlib.colors import BoundaryNorm

        norm = BoundaryNorm(levels, 256)
        mesh = axes.pcolormesh(x, y, lower, cmap="viridis", norm=norm, shading="nearest", rasterized=True)
    if peak.min() < 0.0 < peak.max():
        axes.contour(x, y, np.maximum(peak, -2.0), levels=[0.0], colors="black", linewidths=width(1.1))
    both = max(x[0], y[0]), min(x[-1], y[-1])
    if both[0] < both[1]:
        axes.plot(both, both, color="0.4", ls=":", lw=width(0.8))
    log_ticks(axes.xaxis)
    log_ticks(axes.yaxis)
    return mesh
