"""Runs of kind ``limits``: a limit table for each curve, a sample of events, and the excluded regions."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from darkmc.cards.load import flatten
from darkmc.cards.run import Curve, LimitsRun
from darkmc.cards.run_card import parse_scan_grid
from darkmc.core.units import parse_axion_grids, parse_axion_mass, parse_energy
from darkmc.experiments.experiment import Experiment
from darkmc.figures.limits import draw_limits, find_tables
from darkmc.figures.overlays import Overlay
from darkmc.output.checkpoints import checkpoints
from darkmc.output.events import write_root
from darkmc.output.limits import write_limits
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.runs.run import Settings, Work
from darkmc.scan.clusters import elsewhere
from darkmc.scan.grid import scan
from darkmc.scan.plan import plan
from darkmc.scan.point import ScanPoint, ScanRequest, raise_failed


def work(card: LimitsRun, settings: Settings) -> Work:
    """Return what scans every curve and makes the events."""
    requests = {curve.stem: _request(card, curve, settings.preset) for curve in card.all_curves}
    for request in requests.values():
        request.load()
    experiment = Experiment(card.events_experiment, settings.preset) if card.events_experiment else None
    return partial(_write, card, requests, experiment, settings)


def _write(
    card: LimitsRun,
    requests: dict[str, ScanRequest],
    experiment: Experiment | None,
    settings: Settings,
    folder: Path,
) -> Iterator[Path]:
    """Write tables and events; the points of all curves are kept until everything is there."""
    done: list[ScanPoint] = []
    with ExitStack() as stack:
        paths = [folder / f"{stem}.csv" for stem in requests]
        kept = [stack.enter_context(checkpoints(path, settings.fresh)) for path in paths]
        executor = stack.enter_context(elsewhere(settings.dask, settings.workers))
        for path, request, known in zip(paths, requests.values(), kept, strict=True):
            points = list(scan(request, settings.workers, True, executor, known))
            write_limits(path, request, points)
            done += points
            yield path
        if card.events and experiment is not None:
            yield _write_events(card, experiment, folder)
        raise_failed(done)


def _request(card: LimitsRun, curve: Curve, preset: str) -> ScanRequest:
    wanted = plan(
        parse_scan_grid(curve.m_dark_photon or card.m_dark_photon or ""),
        parse_axion_grids(curve.m_axion or card.m_axion),
        {},
    )
    return ScanRequest(
        curve.experiment,
        wanted.places,
        preset,
        dict(flatten(curve.overrides)),
        card.precision,
        seed=card.seed,
        lines=wanted.lines,
    )


def _write_events(card: LimitsRun, experiment: Experiment, folder: Path) -> Path:
    m_dark_photon = parse_energy(card.events_m_dark_photon or "")
    portal = DarkAxionPortal(m_dark_photon, parse_axion_mass(card.m_axion, m_dark_photon))
    path = folder / f"{experiment.name}.root"
    coupling = card.events_coupling_per_GeV or 0.0
    write_root(path, experiment.generate(portal, coupling, card.events, seed=card.seed, progress=True))
    return path


def draw(card: LimitsRun, folder: Path, outputs: Sequence[Path], overlays: Sequence[Overlay] = ()) -> None:
    """Draw the tables of the run's curves, or if there is none all limit tables of the folder.

    Raises
    ------
    PhysicsError
        If there is no table, or one cannot be read.
    """
    own = [folder / f"{curve.stem}.csv" for curve in card.all_curves]
    tables = [path for path in own if path.is_file()] or find_tables(folder)
    draw_limits(tables, outputs, card.title, overlays)
