"""Tables of runs that are no limits: what is computed, with its Monte Carlo error, before it is drawn.

Each function checks a run and returns what does it: a function that writes into a folder and yields files.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from darkmc import __version__
from darkmc.cards.load import flatten
from darkmc.cards.run import Axis, DecayLengthRun, HistogramRun, Point, parse_grids
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import parse_axion_mass, parse_energy
from darkmc.experiments.experiment import Experiment
from darkmc.figures.decay_length import decay_curves
from darkmc.output.csv_tables import Row, write_table
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.sample.sample import Sample
from darkmc.selection.observables import observable

Work = Callable[[Path], Iterator[Path]]
PB_PER_FB = 1000.0  # a luminosity of 1/fb is 1000/pb


def edges(axis: Axis) -> Array:
    """Return the edges of an axis' bins."""
    spaced = np.geomspace if axis.scale == "log" else np.linspace
    return spaced(axis.min, axis.max, axis.bins + 1)


def masses(grid: str, m_axion: str) -> list[tuple[float, float]]:
    """Return pairs of masses (m_dark_photon, m_axion) in GeV, increasing."""
    return [(float(m), parse_axion_mass(m_axion, float(m))) for m in parse_grids(grid)]


def header(about: str, *lines: str) -> list[str]:
    """Return the lines in front of a table."""
    return [f"darkmc {__version__}: {about}", *lines]


def at(point: Point) -> tuple[DarkAxionPortal, Row]:
    """Return a point's portal and its columns."""
    m_dark_photon = parse_energy(point.m_dark_photon)
    portal = DarkAxionPortal(m_dark_photon, parse_axion_mass(point.m_axion, m_dark_photon))
    return portal, point_columns(portal, point.coupling_per_GeV)


def point_columns(portal: DarkAxionPortal, coupling: float) -> Row:
    """Return the columns that say where in the parameters a row is."""
    return {
        **{f"{name}_GeV": mass for name, mass in portal.masses.items()},
        "coupling_per_GeV": coupling,
    }


def require_open(experiment: Experiment, portal: DarkAxionPortal, names: Sequence[str]) -> None:
    """Raise PhysicsError if a point is closed, or no event has the observables."""
    closed = experiment.closed(portal)
    if closed is not None:
        raise PhysicsError(f"{experiment.name}: {closed}")
    for name in names:
        quantity = observable(name)
        plans = experiment.plans(portal)
        if not any(quantity.applies_to((*plan.particles, *plan.vertices)) for plan in plans):
            raise PhysicsError(f"{experiment.name} has no events with '{name}'")


def histograms(card: HistogramRun, preset: str) -> Work:
    """Return what makes histograms of an observable, and yields in the bands and in all."""
    experiment = Experiment(card.experiment, preset, dict(flatten(card.overrides)))
    for point in card.points:
        require_open(experiment, at(point)[0], [card.axis.observable])
    return partial(_write_histograms, card, experiment)


def _write_histograms(card: HistogramRun, experiment: Experiment, folder: Path) -> Iterator[Path]:
    name, bins, regions = card.axis.observable, [], []
    for point in card.points:
        portal, columns = at(point)
        coupling = point.coupling_per_GeV
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


def decay_lengths(card: DecayLengthRun, preset: str) -> Work:
    """Return what computes decay distances, and the distances of the detectors."""
    pairs = masses(card.m_dark_photon, card.m_axion)
    found = []
    for detector in card.detectors:
        energies = [float(e) for e in parse_grids(detector.energies)]
        experiment = Experiment(detector.experiment, preset)
        found.append(decay_curves(experiment, pairs, card.coupling_per_GeV, energies))
    lines = header("mean decay distance of the dark photon", "closed forms: no Monte Carlo error")
    rows = [
        {
            "experiment": each.name,
            "energy_GeV": energy,
            "m_dark_photon_GeV": m_dark_photon,
            "m_axion_GeV": m_axion,
            "coupling_per_GeV": card.coupling_per_GeV,
            "decay_length_m": float(length),
        }
        for each in found
        for energy, curve in each.curves.items()
        for (m_dark_photon, m_axion), length in zip(pairs, curve, strict=True)
    ]
    scales = [{"experiment": each.name, "entry_m": each.entry, "exit_m": each.leave} for each in found]

    def work(folder: Path) -> Iterator[Path]:
        yield write_table(folder / f"{card.name}.csv", lines, rows)
        where = header("where the ray from the target to the middle of a detector enters and leaves it")
        yield write_table(folder / f"{card.name}-detectors.csv", where, scales)

    return work
