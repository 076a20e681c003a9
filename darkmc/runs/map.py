"""Runs of kind ``map``: photons of e+ e- -> a gamma' in two observables, and analyses' windows."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.cards.collider import ColliderCard
from darkmc.cards.load import flatten
from darkmc.cards.run import MapRun
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.experiments.collider import PB_PER_FB
from darkmc.experiments.experiment import Experiment
from darkmc.figures.style import LINES, colour, legend_above, measured, plain, point, save, size, width
from darkmc.output.csv_tables import POINT, Row, read_table, write_table
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.runs.run import Settings, Work
from darkmc.runs.tables import at, axis_label, edges, header, require_open
from darkmc.sample.sample import Sample
from darkmc.selection.cuts import interval

_CORNERS = ("x_low", "x_high", "y_low", "y_high")
_SHARES = ("share", "share_error")
_EDGES = ("#D55E00", "black", "#CC79A7")


def work(card: MapRun, settings: Settings) -> Work:
    """Return what fills a map of the photons at a collider, and what windows keep of the pairs."""
    experiment = Experiment(card.experiment, settings.one_preset, dict(flatten(card.overrides)))
    collider = experiment.card
    if not isinstance(collider, ColliderCard) or collider.simulation.resonance or collider.simulation.isr:
        raise PhysicsError(f"run {card.name}: a map is of a collider's e+ e- -> a gamma' alone")
    portal, columns = at(card.point)
    require_open(experiment, portal, [card.x.observable, card.y.observable])
    windows = {name: _window(card, name, settings.one_preset) for name in card.windows}
    pairs = float(portal.annihilation_cross_section(collider.beam.sqrt_s_GeV, card.point.coupling_per_GeV))
    pairs *= collider.beam.luminosity_fb * PB_PER_FB
    return partial(_write, card, experiment, portal, columns, windows, pairs)


def _window(card: MapRun, name: str, preset: str) -> list[tuple[float, float]]:
    """Return what the cuts of an experiment leave of x and y."""
    rows = Experiment(name, preset).card.cuts
    limits = [interval(rows, axis.observable) for axis in (card.x, card.y)]
    if all(np.isinf(limits).ravel()):
        raise PhysicsError(f"{name} cuts neither on {card.x.observable} nor on {card.y.observable}")
    return limits


def _write(
    card: MapRun,
    experiment: Experiment,
    portal: DarkAxionPortal,
    columns: Row,
    windows: dict[str, list[tuple[float, float]]],
    pairs: float,
    folder: Path,
) -> Iterator[Path]:
    sample = experiment.simulate(portal, n_samples=card.events, seed=card.seed, progress=True)
    x, y = edges(card.x), edges(card.y)
    shares, errors = _shares(card, sample, (x, y), list(windows.values()), pairs)
    lines = header(
        f"{card.x.observable} and {card.y.observable} of photons of e+ e- -> a gamma' at {experiment.name}",
        f"seed {card.seed}, {sample.n_samples} primaries, preset {experiment.preset}, "
        f"overrides {dict(flatten(card.overrides))}",
        *experiment.provenance,
        "shares of all pairs a gamma' made, and their Monte Carlo errors",
    )
    cells = [
        {"x_low": x[i], "x_high": x[i + 1], "y_low": y[j], "y_high": y[j + 1]}
        for i in range(card.x.bins)
        for j in range(card.y.bins)
    ]
    bins = [{"y_low": y[j], "y_high": y[j + 1]} for j in range(card.y.bins)]
    named = [
        {
            "experiment": name,
            "shown": Experiment(name).in_pictures.name,
            "x_low": a,
            "x_high": b,
            "y_low": c,
            "y_high": d,
        }
        for name, ((a, b), (c, d)) in windows.items()
    ]
    rows: list[Row] = [
        place | {"share": float(share), "share_error": float(error)}
        for place, share, error in zip([*cells, *bins, *named], shares, errors, strict=True)
    ]
    yield write_table(folder / f"{card.name}.csv", lines, [columns | row for row in rows[: len(cells)]])
    beyond = len(cells) + len(bins)
    yield write_table(
        folder / f"{card.name}-y.csv", lines, [columns | row for row in rows[len(cells) : beyond]]
    )
    yield write_table(folder / f"{card.name}-windows.csv", lines, rows[beyond:])


def _shares(
    card: MapRun,
    sample: Sample,
    grid: tuple[Array, Array],
    windows: Sequence[list[tuple[float, float]]],
    pairs: float,
) -> tuple[Array, Array]:
    """Return shares of all pairs, and errors: of the map's cells (x slowest), of bins of y, of windows."""
    count = card.x.bins * card.y.bins + card.y.bins + len(windows)
    value, variance = np.zeros(count), np.zeros(count)
    for channel in sample.channel_rows:
        tried, sums = channel.rows.tried, np.zeros((2, count))
        for x, y, weight in _replayed(card, sample, channel.name, tried):
            for power in (1, 2):
                sums[power - 1] += _contents(x, y, weight**power, grid, windows)
        mean = sums[0] / tried
        value += mean
        variance += np.maximum(sums[1] / tried - mean**2, 0.0) / (tried - 1)
    return value / pairs, np.sqrt(variance) / pairs


def _replayed(card: MapRun, sample: Sample, channel: str, tried: int) -> Iterator[tuple[Array, Array, Array]]:
    """Yield both observables and the weight of the rows of a channel: replays give the same rows again."""
    assert sample.replay is not None
    coupling = card.point.coupling_per_GeV
    replays = [sample.replay(channel, tried, coupling, axis.observable) for axis in (card.x, card.y)]
    for (x, weight, _), (y, *_) in zip(*replays, strict=True):
        yield x, y, weight


def _contents(x: Array, y: Array, weight: Array, grid: Any, windows: Any) -> Array:
    cells = np.histogram2d(x, y, grid, weights=weight)[0].ravel()
    across = np.histogram(y, grid[1], weights=weight)[0]
    inside = [np.sum(weight[(x >= a) & (x < b) & (y >= c) & (y < d)]) for (a, b), (c, d) in windows]
    return np.concatenate([cells, across, inside])


def draw(card: MapRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``map`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read.
    """
    from matplotlib.figure import Figure

    cells = read_table(folder / f"{card.name}.csv", (), (*POINT, *_CORNERS, *_SHARES))
    windows = read_table(folder / f"{card.name}-windows.csv", ("experiment", "shown"), (*_CORNERS, *_SHARES))
    bins = read_table(folder / f"{card.name}-y.csv", (), (*_CORNERS[2:], *_SHARES))
    figure = Figure(figsize=size(1.5, 1.2), layout="constrained")
    axes, beside = figure.subplots(1, 2, sharey=True, width_ratios=(2.6, 1.0))
    axes.set(xlabel=axis_label(card.x.observable), ylabel=axis_label(card.y.observable))
    _draw_bins(beside, bins)
    _draw_cells(figure, axes, cells)
    for k, window in enumerate(windows):
        _draw_window(axes, window, k)
    figure.suptitle(f"{plain(card.title)}\n{point({key: cells[0][key] for key in POINT})}")
    legend_above(axes)
    save(figure, outputs)


def _draw_cells(figure: Any, axes: Any, cells: Sequence[Row]) -> None:
    """Draw shares per cell, those without events white."""
    x, y = (np.unique([row[key] for row in cells for key in keys]) for keys in (_CORNERS[:2], _CORNERS[2:]))
    content = np.full((len(y) - 1, len(x) - 1), np.nan)
    for row in cells:
        place = np.searchsorted(y, row["y_low"]), np.searchsorted(x, row["x_low"])
        content[place] = row["share"] if row["share"] > 0.0 else np.nan
    mesh = axes.pcolormesh(x, y, content, cmap="Blues", vmin=0.0, rasterized=True)
    figure.colorbar(mesh, ax=axes, location="bottom", aspect=40, label="share of all pairs, per bin")
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))


def _draw_bins(axes: Any, bins: Sequence[Row]) -> None:
    """Draw shares in bins of y, whatever x is, with their errors."""
    low, high, share, error = (np.array([row[key] for row in bins]) for key in (*_CORNERS[2:], *_SHARES))
    axes.stairs(share, np.append(low, high[-1]), orientation="horizontal", color=colour(0), lw=width())
    axes.errorbar(share, 0.5 * (low + high), xerr=error, fmt="none", ecolor=colour(0), elinewidth=width(0.7))
    axes.set(xlabel="share of all pairs,\nper bin, any energy", xlim=(0.0, 1.15 * float(share.max())))


def _draw_window(axes: Any, window: Row, k: int) -> None:
    """Draw the outline of a window, as far as the picture goes, and state what it keeps."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    x = np.clip([window[key] for key in _CORNERS[:2]], left, right)
    y = np.clip([window[key] for key in _CORNERS[2:]], bottom, top)
    kept = measured(100.0 * window["share"], 100.0 * window["share_error"])
    label = f"{plain(window['shown'])}: {kept} % of all pairs"
    axes.plot(
        x[[0, 1, 1, 0, 0]],
        y[[0, 0, 1, 1, 0]],
        color=_EDGES[k % 3],
        ls=LINES[k % 5],
        lw=width(1.5),
        label=label,
    )
