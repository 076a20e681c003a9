"""Runs of kind ``limits``: a limit table for each curve, a sample of events, and the excluded regions."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from darkmc.cards.load import flatten
from darkmc.cards.run import Curve, LimitsRun
from darkmc.cards.run_card import parse_scan_grid
from darkmc.core.units import parse_axion_grids, parse_axion_mass, parse_energy
from darkmc.experiments.experiment import Experiment
from darkmc.figures.limits import Beside, draw_limits
from darkmc.figures.overlays import Overlay
from darkmc.figures.tables import find_tables
from darkmc.output.checkpoints import all_checkpoints
from darkmc.output.events import write_root
from darkmc.output.limits import write_limits
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.runs.compared import read_ratios, read_validity, write_ratios, write_validity
from darkmc.runs.run import Settings, Work
from darkmc.runs.yields import COUPLINGS, write_yields
from darkmc.scan.clusters import elsewhere
from darkmc.scan.grid import scans
from darkmc.scan.plan import plan
from darkmc.scan.point import ScanRequest, raise_failed

_NOW, _FAMILIAR = "", "old-channels"  # kinds of tables, beside those of the second preset
Asked = dict[tuple[str, str], ScanRequest]  # by curve and kind of table


def work(card: LimitsRun, settings: Settings) -> Work:
    """Return what scans every curve and makes the events."""
    requests = _requests(card, settings.preset)
    for request in requests.values():
        request.load()
    preset = settings.preset or card.presets[0]
    experiment = Experiment(card.events_experiment, preset) if card.events_experiment else None
    return partial(_write, card, requests, experiment, settings)


def _requests(card: LimitsRun, only: str | None) -> Asked:
    """Return what is asked for: of all presets of the card, or of one."""
    first, *others = card.presets if only is None or only in card.presets else (only,)
    asked: Asked = {}
    for curve in card.all_curves:
        if only in (None, first):
            asked[curve.stem, _NOW] = _request(card, curve, first, curve.overrides)
        if only is None and others and curve.old_channels is not None:
            asked[curve.stem, _FAMILIAR] = _request(card, curve, first, curve.old_channels, True)
        for preset in others:
            if only in (None, preset):
                asked[curve.stem, preset] = _request(card, curve, preset, {}, True)
    return asked


def tables_of(card: LimitsRun, folder: Path) -> list[tuple[Path, str, bool]]:
    """Return the tables of a run that are there, each with its preset and whether that is not the first."""
    kinds = {_NOW: card.presets[0], **{preset: preset for preset in card.presets[1:]}}
    found = [
        (_table(folder, curve.stem, kind), preset, kind != _NOW)
        for kind, preset in kinds.items()
        for curve in card.all_curves
    ]
    return [one for one in found if one[0].is_file()]


def _table(folder: Path, stem: str, kind: str) -> Path:
    """Return where the table of a curve is."""
    return folder / f"{'-'.join(filter(None, [stem, kind]))}.csv"


def _write(
    card: LimitsRun,
    requests: Asked,
    experiment: Experiment | None,
    settings: Settings,
    folder: Path,
) -> Iterator[Path]:
    """Write tables and events; the points of all curves are kept until everything is there."""
    with ExitStack() as stack:
        paths = [_table(folder, *key) for key in requests]
        kept = stack.enter_context(all_checkpoints(paths, settings.fresh))
        executor = stack.enter_context(elsewhere(settings.dask, settings.workers))
        asked = list(zip(requests.values(), kept, strict=True))
        done = dict(zip(requests, scans(asked, settings.workers, True, executor), strict=True))
        for path, (key, request) in zip(paths, requests.items(), strict=True):
            write_limits(path, request, done[key])
            yield path
            beside = write_yields(path, done[key])
            if beside is not None:
                yield beside
        points = [point for some in done.values() for point in some]
        if len(card.presets) > 1:
            yield from write_ratios(card, folder, done, (_NOW, _FAMILIAR, card.presets[1]))
        yield from write_validity(card, folder, points, DarkAxionPortal)
        if card.events and experiment is not None:
            yield _write_events(card, experiment, folder)
        raise_failed(points)


def _request(
    card: LimitsRun, curve: Curve, preset: str, overrides: Mapping[str, Any], before: bool = False
) -> ScanRequest:
    grid = (curve.m_dark_photon_before if before else None) or curve.m_dark_photon or card.m_dark_photon
    wanted = plan(parse_scan_grid(grid or ""), parse_axion_grids(curve.m_axion or card.m_axion), {})
    other = curve.instead if preset != card.presets[0] else None
    return ScanRequest(
        other or curve.experiment,
        wanted.places,
        preset,
        dict(flatten(overrides)),
        card.precision,
        seed=card.seed,
        lines=wanted.lines,
        yields_at=COUPLINGS,
    )


def _write_events(card: LimitsRun, experiment: Experiment, folder: Path) -> Path:
    m_dark_photon = parse_energy(card.events_m_dark_photon or "")
    portal = DarkAxionPortal(m_dark_photon, parse_axion_mass(card.m_axion, m_dark_photon))
    path = folder / f"{experiment.name}.root"
    coupling = card.events_coupling_per_GeV or 0.0
    write_root(path, experiment.generate(portal, coupling, card.events, seed=card.seed, progress=True))
    return path


def draw(
    card: LimitsRun,
    folder: Path,
    outputs: Sequence[Path],
    overlays: Sequence[Overlay] = (),
    preset: str = "",
) -> None:
    """Draw the tables of the run's curves, or if there is none all limit tables of the folder.

    Raises
    ------
    PhysicsError
        If there is no table, or one cannot be read.
    """
    kinds = (_NOW, *card.presets[1:])
    shown = kinds if not preset else (kinds[card.presets.index(preset)],)
    there = {
        kind: [path for curve in card.all_curves if (path := _table(folder, curve.stem, kind)).is_file()]
        for kind in (*shown, *([_FAMILIAR] if not preset else []))
    }
    kind = next((kind for kind in shown if there[kind]), None)
    if kind is None:
        draw_limits(find_tables(folder), outputs, card.title, overlays)
        return
    lines = read_validity(card, folder / f"{card.name}-validity.csv")
    beside = Beside(lines=lines, couplings=card.couplings_per_GeV)
    if len(shown) > 1 and kind == _NOW:
        beside = beside._replace(
            before=_partners(card, folder, there[kind], kinds[1]),
            before_words=f"preset {kinds[1]}",
            familiar=_partners(card, folder, there[kind], _FAMILIAR),
            ratios=read_ratios(folder / f"{card.name}-ratios.csv"),
        )
    draw_limits(there[kind], outputs, card.title, overlays, beside)


def _partners(card: LimitsRun, folder: Path, tables: Sequence[Path], kind: str) -> dict[Path, Path]:
    """Return by table that of another kind of the same curve, where it is there."""
    pairs = {_table(folder, curve.stem, _NOW): _table(folder, curve.stem, kind) for curve in card.all_curves}
    return {path: pairs[path] for path in tables if pairs[path].is_file()}
