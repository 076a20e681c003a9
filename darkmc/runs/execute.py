"""Ready runs: tables, the picture drawn from them, and beside limits a sample of events.

A run is checked before anything is written, and a folder that stays empty is removed again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from darkmc.cards.load import flatten, load_card
from darkmc.cards.run import Curve, LimitsRun, RunCard
from darkmc.core.errors import PhysicsError
from darkmc.core.units import parse_axion_mass, parse_energy
from darkmc.experiments.experiment import Experiment
from darkmc.figures.of_runs import draw_run
from darkmc.output.events import write_root
from darkmc.output.files import check_target
from darkmc.output.limits import write_limits
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.runs.colliders import cross_sections, event_map
from darkmc.runs.tables import Work, decay_lengths, histograms, masses
from darkmc.scan.grid import ScanRequest, scan

KINDS: dict[str, Callable[[Any, str], Work]] = {
    "histogram": histograms,
    "decay-length": decay_lengths,
    "cross-sections": cross_sections,
    "map": event_map,
}


def execute(name: str, directory: str | None, preset: str, workers: int) -> Iterator[Path]:
    """Do a run and yield the files as they are written.

    Parameters
    ----------
    name : str
        A run card.
    directory : str, optional
        Where to write; ``./NAME`` by default.
    preset : str
        Preset of the experiments' cards.
    workers : int
        Processes over the masses of limits.
    """
    card: RunCard = load_card("runs", name).card
    folder = Path(directory or card.name)
    if folder.exists() and not folder.is_dir():
        raise PhysicsError(f"{folder} exists and is no directory")
    work = _limits(card, preset, workers) if isinstance(card, LimitsRun) else KINDS[card.kind](card, preset)
    with _made(folder):
        picture = check_target(folder / f"{card.name}.pdf")
        yield from work(folder)
        bitmap = picture.with_suffix(".png")
        draw_run(card, folder, [bitmap, picture])  # in this order a bitmap is the same if drawn alone
        yield from (picture, bitmap)


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder; when the block fails, take away what was made if it is empty."""
    fresh = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for path in fresh:
            with suppress(OSError):
                path.rmdir()
        raise


def _limits(card: LimitsRun, preset: str, workers: int) -> Work:
    requests = {curve.stem: _request(card, curve, preset) for curve in card.all_curves}
    for request in requests.values():
        request.load()
    experiment = Experiment(card.events_experiment, preset) if card.events_experiment else None

    def work(folder: Path) -> Iterator[Path]:
        for stem, request in requests.items():
            path = folder / f"{stem}.csv"
            write_limits(path, request, list(scan(request, workers, progress=True)))
            yield path
        if card.events and experiment is not None:
            yield _write_events(card, experiment, folder)

    return work


def _request(card: LimitsRun, curve: Curve, preset: str) -> ScanRequest:
    return ScanRequest(
        curve.experiment,
        tuple(masses(curve.m_dark_photon or card.m_dark_photon or "", curve.m_axion or card.m_axion)),
        preset,
        dict(flatten(curve.overrides)),
        card.precision,
        seed=card.seed,
    )


def _write_events(card: LimitsRun, experiment: Experiment, folder: Path) -> Path:
    m_dark_photon = parse_energy(card.events_m_dark_photon or "")
    portal = DarkAxionPortal(m_dark_photon, parse_axion_mass(card.m_axion, m_dark_photon))
    path = folder / f"{experiment.name}.root"
    coupling = card.events_coupling_per_GeV or 0.0
    write_root(path, experiment.generate(portal, coupling, card.events, seed=card.seed, progress=True))
    return path
