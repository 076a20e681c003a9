"""Ready runs: limits of some experiments, the picture of them, and a sample of events."""

from collections.abc import Iterator
from pathlib import Path

from darkmc.cards import load_card
from darkmc.errors import PhysicsError
from darkmc.experiments.experiment import Experiment
from darkmc.figures.limits import draw_limits
from darkmc.output.root import write_root
from darkmc.output.tables import write_limits
from darkmc.portal import DarkAxionPortal
from darkmc.scan import ScanRequest, scan
from darkmc.schema import RunCard
from darkmc.units import parse_axion_mass, parse_energy, parse_energy_grid


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
        Processes over masses.
    """
    card: RunCard = load_card("runs", name).card
    folder = Path(directory or card.name)
    if folder.exists() and not folder.is_dir():
        raise PhysicsError(f"{folder} exists and is no directory")
    masses = [float(m) for m in parse_energy_grid(card.m_dark_photon)]
    grid = tuple((m, parse_axion_mass(card.m_axion, m)) for m in masses)
    requests = [
        ScanRequest(experiment, grid, preset=preset, precision=card.precision, seed=card.seed)
        for experiment in card.experiments
    ]
    for request in requests:
        request.load()
    folder.mkdir(parents=True, exist_ok=True)
    for request in requests:
        path = folder / f"{request.experiment}.csv"
        write_limits(path, request, list(scan(request, workers, progress=True)))
        yield path
    picture = folder / f"{card.name}.pdf"
    tables = [folder / f"{request.experiment}.csv" for request in requests]
    draw_limits(tables, [picture, picture.with_suffix(".png")], card.title)
    yield from (picture, picture.with_suffix(".png"))
    if card.events:
        yield _write_events(card, folder, preset)


def _write_events(card: RunCard, folder: Path, preset: str) -> Path:
    if (
        card.events_experiment is None
        or card.events_m_dark_photon is None
        or card.events_coupling_per_GeV is None
    ):
        raise PhysicsError(
            f"run {card.name}: events needs events_experiment, events_m_dark_photon and a coupling"
        )
    m_dark_photon = parse_energy(card.events_m_dark_photon)
    portal = DarkAxionPortal(m_dark_photon, parse_axion_mass(card.m_axion, m_dark_photon))
    experiment = Experiment(card.events_experiment, preset)
    path = folder / f"{card.events_experiment}.root"
    stream = experiment.generate(
        portal, card.events_coupling_per_GeV, card.events, seed=card.seed, progress=True
    )
    write_root(path, stream)
    return path
