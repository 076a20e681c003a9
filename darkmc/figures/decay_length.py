"""Mean decay distance of the dark photon against its mass, beside the distances of a detector."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.errors import PhysicsError
from darkmc.experiments.experiment import Experiment
from darkmc.figures.style import (
    COLOURS,
    LINES,
    M_DARK_PHOTON,
    energy,
    legend_above,
    log_ticks,
    plain,
    power,
    save,
    styled,
)
from darkmc.kinematics import Array
from darkmc.portal import DarkAxionPortal
from darkmc.schema import ExperimentCard, FixedTargetCard

_BEAM_SHARES, _APART = (0.1, 0.5), 1.5
_ROOM = 1e4  # lines are shown down and up to this factor from the detector's distances


def decay_length(portal: DarkAxionPortal, energy_GeV: float, coupling: float) -> float:
    """Return beta gamma c tau (m) of the dark photon; nan below its mass, inf if it is stable."""
    mass = portal.m_dark_photon
    if energy_GeV < mass:
        return float("nan")
    momentum = np.sqrt((energy_GeV - mass) * (energy_GeV + mass))
    return float(momentum / mass * portal.dark_photon_ctau(coupling))


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


def draw_decay_lengths(
    experiment: Experiment,
    masses: Sequence[tuple[float, float]],
    coupling: float,
    energies: Sequence[float],
    outputs: Sequence[Path],
) -> None:
    """Draw decay distance against mass for some energies, with the detector as a band, and write it.

    Parameters
    ----------
    experiment : Experiment
        Its card gives the band.
    masses : sequence of (m_dark_photon, m_axion)
        GeV, increasing.
    coupling : float
        G in GeV^-1.
    energies : sequence of float
        Energies of the dark photon, GeV.
    outputs : sequence of path
        Pictures to write, format by suffix.

    Raises
    ------
    PhysicsError
        If the dark photon decays at none of these masses, or none of the energies reaches one.
    """
    from matplotlib.figure import Figure

    portals = [DarkAxionPortal(*pair) for pair in masses]
    if len(portals) < 2:
        raise PhysicsError("a curve needs at least two masses")
    curves = {e: np.array([decay_length(portal, e, coupling) for portal in portals]) for e in energies}
    if not any(np.isfinite(curve).any() for curve in curves.values()):
        raise PhysicsError("no dark photon of these masses and energies decays")
    entry, leave = detector_distances(experiment)
    with styled():
        figure = Figure(figsize=(6.6, 5.4), layout="constrained")
        axes = figure.add_subplot(xscale="log", yscale="log", xlabel=M_DARK_PHOTON)
        axes.set_ylabel(r"mean decay distance $\beta\gamma c\tau$ [m]")
        _draw_lines(axes, np.array([m for m, _ in masses]), curves)
        label = f"{plain(experiment.card.name)}: {entry:.4g} to {leave:.4g} m"
        bottom, top = _limits(curves, entry, leave)
        axes.axhspan(
            max(entry, bottom), leave, fc="0.8", ec="0.3", hatch="////", lw=0.8, zorder=0, label=label
        )
        axes.set_ylim(bottom, top)
        axes.set_xlim(*_seen(np.array([m for m, _ in masses]), curves, bottom, top))
        log_ticks(axes.xaxis)
        log_ticks(axes.yaxis)
        figure.suptitle(
            rf"Decay of the dark photon, $G$ = {power(coupling)} GeV$^{{-1}}$, {_axion_mass(masses)}"
        )
        legend_above(axes, letters=70)
        save(figure, outputs)


def _axion_mass(masses: Sequence[tuple[float, float]]) -> str:
    """Return the axion's mass in words: a number, or a multiple of the dark photon's."""
    first, last = masses[0], masses[-1]
    if first[1] == last[1]:
        return f"$m_a$ = {energy(first[1]) if first[1] > 0.0 else '0'}"
    return rf"$m_a$ = {first[1] / first[0]:.4g} $m_{{\gamma^\prime}}$"


def _draw_lines(axes: Any, masses: Array, curves: dict[float, Array]) -> None:
    for k, (value, curve) in enumerate(curves.items()):
        label = rf"$E_{{\gamma^\prime}}$ = {energy(value)}"
        axes.plot(
            masses,
            np.where(np.isfinite(curve), curve, np.nan),
            color=COLOURS[k % 7],
            ls=LINES[k % 5],
            lw=1.8,
            label=label,
        )


def _seen(masses: Array, curves: dict[float, Array], bottom: float, top: float) -> tuple[float, float]:
    """Return the range of masses at which a line is inside the picture, one step wider."""
    inside = np.any([(curve > bottom) & (curve < top) for curve in curves.values()], axis=0)
    shown = np.flatnonzero(inside)
    return float(masses[max(shown[0] - 1, 0)]), float(masses[min(shown[-1] + 1, len(masses) - 1)])


def _limits(curves: dict[float, Array], entry: float, leave: float) -> tuple[float, float]:
    """Return the range of the distances: not farther than `_ROOM` from the detector, but with some line."""
    values = np.concatenate(list(curves.values()))
    values = values[np.isfinite(values) & (values > 0.0)]
    low, high = float(values.min()), float(values.max())
    near = entry if entry > 0.0 else leave  # a detector around the target begins at no distance
    bottom = min(max(low, near / _ROOM), near / 10.0, high / 10.0)
    return bottom, max(min(high, leave * _ROOM), leave * 10.0, low * 10.0)
