"""Runs of kind ``histogram``: distributions of an observable at some points, with their errors."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.cards.load import flatten
from darkmc.cards.run import HistogramRun
from darkmc.core.kinematics import Array, Numbers
from darkmc.experiments.experiment import Experiment
from darkmc.figures.style import (
    LINES,
    colour,
    legend_above,
    log_ticks,
    measured,
    plain,
    point,
    save,
    size,
    width,
)
from darkmc.output.csv_tables import POINT, Row, read_table, write_table
from darkmc.runs.run import Settings, Work
from darkmc.runs.tables import at, axis_label, edges, header, require_open
from darkmc.sample.sample import Sample
from darkmc.selection.observables import observable

_COUNTS = ("events", "events_error")
_DEPTH = 1e4  # on a logarithmic axis bins this far below the highest are not shown


def work(card: HistogramRun, settings: Settings) -> Work:
    """Return what makes histograms of an observable, and yields in the bands and in all."""
    experiment = Experiment(card.experiment, settings.one_preset, dict(flatten(card.overrides)))
    for place in card.points:
        require_open(experiment, at(place)[0], [card.axis.observable])
    return partial(_write, card, experiment)


def _write(card: HistogramRun, experiment: Experiment, folder: Path) -> Iterator[Path]:
    name, bins, regions = card.axis.observable, [], []
    for place in card.points:
        portal, columns = at(place)
        coupling = place.coupling_per_GeV
        sample = experiment.simulate(portal, card.precision, at=coupling, seed=card.seed, progress=True)
        bins += [columns | row for row in _bins(sample, name, edges(card.axis), coupling)]
        total = sample.expected_events(coupling)
        regions.append(columns | {"region": "all", "low": None, "high": None} | _events(*total))
        for band in card.bands:
            (row,) = _bins(sample, name, np.array([band.min, band.max]), coupling)
            regions.append(columns | {"region": band.label} | row)
    unit = observable(name).unit
    lines = header(
        f"{name} of events at {experiment.name}",
        f"seed {card.seed}, precision {card.precision:g}, preset {experiment.preset}, "
        f"overrides {dict(flatten(card.overrides))}",
        *experiment.provenance,
        f"low and high in {unit or 'no unit'}; events per bin and their Monte Carlo error (empty: unknown)",
    )
    yield write_table(folder / f"{card.name}.csv", lines, bins)
    yield write_table(folder / f"{card.name}-yields.csv", lines, regions)


def _bins(sample: Sample, name: str, limits: Array, coupling: float) -> Iterator[Row]:
    found = sample.histogram(name, limits, coupling)
    for k, (value, error) in enumerate(zip(found.value, found.error, strict=True)):
        yield {"low": float(limits[k]), "high": float(limits[k + 1])} | _events(value, error)


def _events(value: Numbers, error: Numbers) -> Row:
    return {"events": float(value), "events_error": float(error) if np.isfinite(error) else None}


def draw(card: HistogramRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``histogram`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read.
    """
    from matplotlib.figure import Figure

    bins = read_table(folder / f"{card.name}.csv", (), (*POINT, "low", "high", *_COUNTS))
    regions = read_table(folder / f"{card.name}-yields.csv", ("region",), (*POINT, "low", "high", *_COUNTS))
    figure = Figure(figsize=size(), layout="constrained")
    axes = figure.add_subplot(xscale=card.axis.scale, yscale=card.yields)
    axes.set(xlabel=axis_label(card.axis.observable), ylabel="expected events per bin")
    common = {column: bins[0][column] for column in POINT if len({row[column] for row in bins}) == 1}
    for k, total in enumerate(row for row in regions if row["region"] == "all"):
        mine = [row for row in bins if all(row[column] == total[column] for column in POINT)]
        own = point({column: total[column] for column in POINT if column not in common})
        counted = f"{measured(total['events'], total['events_error'])} events"
        _draw_point(axes, mine, colour(k), LINES[k % 5], ": ".join(filter(None, (own, counted))))
    _draw_bands(axes, regions)
    _limit_axes(axes, bins, card)
    figure.suptitle("\n".join(filter(None, (plain(card.title), point(common)))))
    legend_above(axes)
    save(figure, outputs)


def _draw_point(axes: Any, rows: Sequence[Row], tint: str, line: Any, label: str) -> None:
    low, high, events, errors = (
        np.array([row[key] for row in rows]) for key in ("low", "high", "events", "events_error")
    )
    axes.stairs(events, np.append(low, high[-1]), color=tint, ls=line, lw=width(1.1), label=label)
    middle = np.sqrt(low * high) if axes.get_xscale() == "log" else 0.5 * (low + high)
    filled = events > 0.0
    axes.errorbar(
        middle[filled], events[filled], errors[filled], fmt="none", ecolor=tint, elinewidth=width(0.8)
    )


def _draw_bands(axes: Any, regions: Sequence[Row]) -> None:
    """Draw each band once: it is the same for all points."""
    bands = {row["region"]: (row["low"], row["high"]) for row in regions if not math.isnan(row["low"])}
    hatches = ("////", "\\\\\\\\", "....")
    for k, (name, (low, high)) in enumerate(bands.items()):
        axes.axvspan(
            low, high, fc="0.9", ec="0.45", hatch=hatches[k % 3], lw=width(0.6), zorder=0, label=plain(name)
        )


def _limit_axes(axes: Any, bins: Sequence[Row], card: HistogramRun) -> None:
    axes.set_xlim(min(row["low"] for row in bins), max(row["high"] for row in bins))
    events = np.array([row["events"] for row in bins])
    highest = float(events.max())
    if card.yields == "log" and highest > 0.0:
        axes.set_ylim(max(0.5 * events[events > 0.0].min(), highest / _DEPTH), 2.0 * highest)
        log_ticks(axes.yaxis)
    elif highest > 0.0:
        axes.set_ylim(0.0, 1.1 * highest)
    if card.axis.scale == "log":
        log_ticks(axes.xaxis)
