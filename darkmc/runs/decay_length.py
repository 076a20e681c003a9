"""Runs of kind ``decay-length``: mean decay distances of the dark photon, beside distances of detectors."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from darkmc.cards.experiment import ExperimentCard, FixedTargetCard
from darkmc.cards.run import DecayLengthRun
from darkmc.cards.run_card import parse_grids
from darkmc.core.errors import PhysicsError
from darkmc.experiments.experiment import Experiment
from darkmc.figures.decay_length import DecayCurves, Masses, draw_decay_lengths
from darkmc.output.csv_tables import POINT, Row, read_table, write_table
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.runs.run import Settings, Work
from darkmc.runs.tables import header, masses

_BEAM_SHARES, _APART = (0.1, 0.5), 1.5


def work(card: DecayLengthRun, settings: Settings) -> Work:
    """Return what computes decay distances, and the distances of the detectors."""
    pairs = masses(card.m_dark_photon, card.m_axion)
    found = []
    for detector in card.detectors:
        energies = [float(e) for e in parse_grids(detector.energies)]
        experiment = Experiment(detector.experiment, settings.one_preset)
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
    scales = [
        {"experiment": each.name, "shown": each.shown, "entry_m": each.entry, "exit_m": each.leave}
        for each in found
    ]
    return partial(_write, card, lines, rows, scales)


def _write(
    card: DecayLengthRun, lines: list[str], rows: list[Row], scales: list[Row], folder: Path
) -> Iterator[Path]:
    yield write_table(folder / f"{card.name}.csv", lines, rows)
    where = header("where the ray from the target to the middle of a detector enters and leaves it")
    yield write_table(folder / f"{card.name}-detectors.csv", where, scales)


def draw(card: DecayLengthRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``decay-length`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read.
    """
    columns = ("energy_GeV", *POINT, "decay_length_m")
    rows = read_table(folder / f"{card.name}.csv", ("experiment",), columns)
    scales = read_table(folder / f"{card.name}-detectors.csv", ("experiment", "shown"), ("entry_m", "exit_m"))
    found = []
    for scale in scales:
        lines: dict[float, list[float]] = {}
        for row in rows:
            if row["experiment"] == scale["experiment"]:
                lines.setdefault(row["energy_GeV"], []).append(row["decay_length_m"])
        curves = {energy: np.array(line) for energy, line in lines.items()}
        found.append(
            DecayCurves(scale["experiment"], scale["shown"], scale["entry_m"], scale["exit_m"], curves)
        )
    pairs = list(dict.fromkeys((row["m_dark_photon_GeV"], row["m_axion_GeV"]) for row in rows))
    lengths = {len(curve) for each in found for curve in each.curves.values()}
    if lengths != {len(pairs)}:
        raise PhysicsError(f"{folder / f'{card.name}.csv'}: not the same masses for every energy")
    draw_decay_lengths(found, pairs, rows[0]["coupling_per_GeV"], outputs, card.title)


def decay_length(portal: DarkAxionPortal, energy_GeV: float, coupling: float) -> float:
    """Return beta gamma c tau (m) of the dark photon; nan below its mass, inf if it is stable."""
    mass = portal.m_dark_photon
    if energy_GeV < mass:
        return float("nan")
    ctau = float(portal.dark_photon_ctau(coupling))
    if not np.isfinite(ctau):  # of one at rest, too
        return ctau
    return float(np.sqrt((energy_GeV - mass) * (energy_GeV + mass)) / mass * ctau)


def characteristic_energies(card: ExperimentCard) -> list[float]:
    """Return the limits of cuts on energies, and a tenth and half of the beam's unless near one of those."""
    card = _fixed_target(card)
    cuts = [cut for cut in card.cuts if cut.observable.startswith("E_")]
    found = [limit for cut in cuts for limit in (cut.min, cut.max) if limit is not None and limit > 0.0]
    beam = card.beam.momentum_GeV or card.beam.kinetic_energy_GeV or 0.0
    for share in _BEAM_SHARES:
        if all(max(share * beam / known, known / (share * beam)) > _APART for known in found):
            found.append(share * beam)
    return sorted(set(found))


def _fixed_target(card: ExperimentCard) -> FixedTargetCard:
    if not isinstance(card, FixedTargetCard):
        raise PhysicsError(f"{card.name}: decay distances are drawn for detectors behind a target")
    return card


def detector_distances(experiment: Experiment) -> tuple[float, float]:
    """Return where the ray from the target to the middle of the volume enters and leaves it, m."""
    card = _fixed_target(experiment.card)
    start = np.array(card.beam.origin_m)
    towards = np.array(card.geometry.centre_m) - start
    entry, leave = experiment.geometry.intersect(start, towards)
    return float(entry[0]), float(leave[0])


def decay_curves(
    experiment: Experiment, pairs: Masses, coupling: float, energies: Sequence[float]
) -> DecayCurves:
    """Return decay distances for an experiment.

    Parameters
    ----------
    experiment : Experiment
        Its card gives the distances.
    pairs : sequence of (m_dark_photon, m_axion)
        GeV, increasing.
    coupling : float
        G in GeV^-1.
    energies : sequence of float
        Energies of the dark photon, GeV.

    Raises
    ------
    PhysicsError
        If the dark photon decays at none of these masses, or none of the energies reaches one.
    """
    if len(pairs) < 2:
        raise PhysicsError("a curve needs at least two masses")
    portals = [DarkAxionPortal(*pair) for pair in pairs]
    curves = {e: np.array([decay_length(portal, e, coupling) for portal in portals]) for e in energies}
    if not any(np.isfinite(curve).any() for curve in curves.values()):
        raise PhysicsError("no dark photon of these masses and energies decays")
    shown = experiment.in_pictures.name
    return DecayCurves(experiment.name, shown, *detector_distances(experiment), curves)
