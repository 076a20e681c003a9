"""Runs of kind ``choices``: what each key of a preset alone does to the limits of experiments."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np

from darkmc.cards.load import preset_values
from darkmc.cards.overviews import ChoicesRun, Searched
from darkmc.core.errors import CardError, PhysicsError
from darkmc.experiments.experiment import Experiment
from darkmc.figures.style import colour, plain, save, size, width
from darkmc.output.checkpoints import all_checkpoints
from darkmc.output.csv_tables import Row, read_table, write_table
from darkmc.runs.run import Settings, Work
from darkmc.runs.tables import header, masses
from darkmc.scan.clusters import elsewhere
from darkmc.scan.grid import scans
from darkmc.scan.place import Place
from darkmc.scan.point import ScanPoint, ScanRequest, raise_failed

_EDGES = ("lower", "upper")
_NUMBERS = tuple(
    f"{edge}{what}"
    for edge in _EDGES
    for what in ("", "_error", "_best", "_best_error", "_ratio", "_ratio_error")
)
_ALL = "all of them"
_LETTERS = 34  # of the names of keys beside each other
_SHOWN = (0.3, 4.0)  # ratios; open points at the rim lie beyond
_HEIGHT, _LEAST = 0.07, 0.5  # of a row of the picture and of its frame, in heights of the style
Changes = Mapping[str, Any]


class _Asked(NamedTuple):
    """The limits of an experiment: as they are, with each key alone, and with all."""

    search: Searched
    shown: str
    best: ScanRequest
    changed: dict[str, ScanRequest]


def work(card: ChoicesRun, settings: Settings) -> Work:
    """Return what computes the limits with each key alone."""
    return partial(_write, card, [_asked(card, search) for search in card.searches], settings)


def _asked(card: ChoicesRun, search: Searched) -> _Asked:
    name = search.experiment
    best = Experiment(name)
    places = tuple(Place(*pair) for pair in masses(search.m_dark_photon, search.m_axion))
    request = partial(ScanRequest, name, places, precision=card.precision, seed=card.seed)
    groups = _groups(name, _keys(best, card.preset))
    changed = {", ".join(group): request(overrides=group) for group in groups}
    whole = request(preset=card.preset)
    whole.load()
    return _Asked(search, best.in_pictures.name, request(), changed | {_ALL: whole})


def _keys(experiment: Experiment, preset: str) -> dict[str, Any]:
    """Return the keys of a preset, those of the analyses that an experiment combines included.

    Raises
    ------
    CardError
        If it has no such preset.
    """
    own = preset_values("detectors", experiment.loaded.path, preset)
    for part in experiment.card.parts:
        own |= preset_values("detectors", part, preset)
    own.pop("preset_of_each", None)
    return own


def _groups(name: str, keys: Changes) -> list[dict[str, Any]]:
    """Return changes that a card allows, together all keys: each alone where it can be.

    Those of a table that are refused alone go together, and if need be with one other key.
    """
    alone = {key: value for key, value in keys.items() if _allowed(name, {key: value})}
    together: dict[str, dict[str, Any]] = {}
    for key, value in keys.items():
        if key not in alone:
            together.setdefault(key.rpartition(".")[0], {})[key] = value
    groups = [{key: value} for key, value in alone.items()]
    for group in together.values():
        wider = [group, *(group | {key: value} for key, value in alone.items())]
        groups.append(next((one for one in wider if _allowed(name, one)), group))
    return groups


def _allowed(name: str, changes: Changes) -> bool:
    try:
        Experiment(name, overrides=changes)
    except (CardError, PhysicsError):
        return False
    return True


def _write(card: ChoicesRun, asked: Sequence[_Asked], settings: Settings, folder: Path) -> Iterator[Path]:
    """Write the table; the points of all scans are kept until it is there."""
    rows: list[Row] = []
    names = [folder / f"{card.name}-{number}.csv" for number in range(len(asked))]
    with ExitStack() as stack:
        files = stack.enter_context(all_checkpoints(names, settings.fresh))
        executor = stack.enter_context(elsewhere(settings.dask, settings.workers))
        wanted = [
            (request, kept)
            for one, kept in zip(asked, files, strict=True)
            for request in (one.best, *one.changed.values())
        ]
        found = list(scans(wanted, settings.workers, True, executor))
        done = [point for points in found for point in points]
        following = iter(found)
        for one in asked:
            best = next(following)
            for keys, request in one.changed.items():
                points = next(following)
                values = (
                    "" if keys == _ALL else "; ".join(_text(value) for value in request.overrides.values())
                )
                place = {
                    "experiment": one.search.experiment,
                    "shown": one.shown,
                    "keys": keys,
                    "values": values,
                }
                rows += [place | _row(*pair) for pair in zip(best, points, strict=True)]
        lines = header(
            f"limits with each key of preset {card.preset} alone, beside those of best",
            f"seed {card.seed}, precision {card.precision:g}",
            "masses in GeV; first lower and last upper edges in GeV^-1, Monte Carlo errors; empty: none",
            "ratio: to best; its error takes both for independent",
        )
        yield write_table(folder / f"{card.name}.csv", lines, rows)
    raise_failed(done)


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _row(best: ScanPoint, changed: ScanPoint) -> Row:
    row: Row = {"m_dark_photon_GeV": best.m_dark_photon, "m_axion_GeV": best.m_axion}
    for edge, number in (("lower", 0), ("upper", -1)):
        (value, error), (own, own_error) = (_edge(point, edge, number) for point in (changed, best))
        ratio = value / own
        relative = math.hypot(error / value, own_error / own)
        numbers = (value, error, own, own_error, ratio, ratio * relative)
        names = [name for name in _NUMBERS if name.startswith(edge)]
        row |= {
            name: number if math.isfinite(number) else None
            for name, number in zip(names, numbers, strict=True)
        }
    return row | {"reason": changed.exclusion.reason if not changed.exclusion.intervals else ""}


def _edge(point: ScanPoint, name: str, number: int) -> tuple[float, float]:
    """Return an edge of the first or last interval and its error, nan where there is none."""
    if not point.exclusion.intervals:
        return math.nan, math.nan
    interval = point.exclusion.intervals[number]
    return getattr(interval, name), getattr(interval, f"{name}_error")


def draw(card: ChoicesRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``choices`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If the table is missing or cannot be read.
    """
    from matplotlib.figure import Figure

    texts = ("experiment", "shown", "keys", "values")
    rows = read_table(folder / f"{card.name}.csv", texts, ("m_dark_photon_GeV", *_NUMBERS))
    groups = list(dict.fromkeys((row["shown"], row["keys"]) for row in rows))
    figure = Figure(figsize=size(2.0, _LEAST + _HEIGHT * len(groups)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, edge in zip(panels, _EDGES, strict=True):
        _draw_edge(axes, rows, groups, edge)
    panels[0].set_yticks(range(len(groups)), _names(groups), fontsize="x-small")
    panels[0].set_ylim(len(groups) - 0.5, -0.5)
    panels[0].tick_params(axis="y", which="minor", left=False, right=False)
    panels[1].tick_params(axis="y", which="minor", left=False, right=False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncol=5)
    figure.suptitle(plain(card.title))
    save(figure, outputs)


def _names(groups: Sequence[tuple[str, str]]) -> list[str]:
    """Return names of rows: the experiment's above its first."""
    names = []
    for k, (shown, keys) in enumerate(groups):
        text = fill(keys, _LETTERS)
        names.append(plain(f"{shown}\n{text}" if k == 0 or groups[k - 1][0] != shown else text))
    return names


def _draw_edge(axes: Any, rows: Sequence[Row], groups: Sequence[tuple[str, str]], edge: str) -> None:
    """Draw ratios of an edge, a line for each key, its masses below each other."""
    first: dict[str, list[float]] = {}
    for row in rows:
        own = first.setdefault(row["experiment"], [])
        if row["m_dark_photon_GeV"] not in own:
            own.append(row["m_dark_photon_GeV"])
    axes.axvline(1.0, color="0.6", lw=width(0.6), zorder=0.5)
    most = max(len(own) for own in first.values())
    for k in range(most):
        mine = [row for row in rows if first[row["experiment"]].index(row["m_dark_photon_GeV"]) == k]
        place = [groups.index((row["shown"], row["keys"])) + 0.7 * ((k + 0.5) / most - 0.5) for row in mine]
        ratio, error = (np.array([row[f"{edge}_ratio{what}"] for row in mine]) for what in ("", "_error"))
        style: Any = {
            "fmt": "osD^v<>p"[k % 8],
            "ms": width(2.2),
            "color": colour(k),
            "elinewidth": width(0.7),
        }
        label = f"{('lightest', '2nd', '3rd', '4th', 'heaviest')[k]} mass" if most == 5 else f"mass {k + 1}"
        axes.errorbar(ratio, place, xerr=error, label=label, **style)
        far = np.clip(ratio, *_SHOWN) != ratio  # at the rim, open
        rim = np.clip(ratio, 1.05 * _SHOWN[0], _SHOWN[1] / 1.05)
        where = np.flatnonzero(far & np.isfinite(ratio))
        axes.plot(
            rim[where], np.array(place)[where], style["fmt"], ms=style["ms"], color=colour(k), mfc="none"
        )
    for k, (shown, _) in enumerate(groups):
        if k and groups[k - 1][0] != shown:
            axes.axhline(k - 0.5, color="0.8", lw=width(0.5), zorder=0.4)
    axes.set(xscale="log", xlim=_SHOWN, xlabel=f"{edge} edge,\nover that of best")
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
