"""Mean decay distance of the dark photon against its mass, beside the distances of detectors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.figures.labels import Item, place_labels
from darkmc.figures.style import (
    HATCHES,
    LINES,
    M_DARK_PHOTON,
    colour,
    energy,
    legend_above,
    log_ticks,
    plain,
    power,
    save,
    size,
    width,
)

Masses = Sequence[tuple[float, float]]  # of dark photon and axion, GeV
_FAR = (1e-12, 1e6)  # GeV, beyond both ends of any picture
_ROOM = 1e4  # lines are shown down and up to this factor from the detector's distances


@dataclass(frozen=True)
class DecayCurves:
    """Decay distances for a detector.

    Attributes
    ----------
    name, shown : str
        The experiment's card, and what pictures call it.
    entry, leave : float
        Where the ray from the target to the middle of the volume enters and leaves it, m.
    curves : dict of array (n,)
        By energy (GeV) the decay distance at each mass, m; nan below the mass, inf where it is stable.
    """

    name: str
    shown: str
    entry: float
    leave: float
    curves: dict[float, Array]


def draw_decay_lengths(
    detectors: Sequence[DecayCurves],
    masses: Masses,
    coupling: float,
    outputs: Sequence[Path],
    title: str = "Decay of the dark photon",
) -> None:
    """Draw decay distance against mass, each detector as a band and its size as a line, and write it.

    Parameters
    ----------
    detectors : sequence of DecayCurves
        One colour each; if there is only one, each of its energies has its own.
    masses : sequence of (m_dark_photon, m_axion)
        GeV, increasing.
    coupling : float
        G in GeV^-1.
    outputs : sequence of path
        Pictures to write, format by suffix.
    title : str
        First line of the title.
    """
    from matplotlib.figure import Figure

    mass = np.array([m for m, _ in masses])
    figure = Figure(figsize=size(1.2, 1.15), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel=M_DARK_PHOTON)
    axes.set_ylabel(r"mean decay distance $\beta\gamma c\tau$ [m]")
    limits = [_limits(each) for each in detectors]
    bottom, top = min(low for low, _ in limits), max(high for _, high in limits)
    lines: list[tuple[Any, str]] = []
    bands: list[tuple[Any, Item]] = []
    for k, each in enumerate(detectors):
        lines += _draw_lines(axes, mass, each, k, len(detectors) > 1)
        bands += _draw_detector(axes, each, colour(k), HATCHES[1 + k % 7], bottom)
    axes.set_ylim(bottom, top)
    curves = [curve for each in detectors for curve in each.curves.values()]
    axes.set_xlim(*_seen(mass, curves, bottom, top))
    log_ticks(axes.xaxis)
    log_ticks(axes.yaxis)
    figure.suptitle(rf"{plain(title)}, $G$ = {power(coupling)} GeV$^{{-1}}$, {_axion_mass(masses)}")
    legend_above(axes, more=lines)
    figure.draw_without_rendering()  # labels need to know where the axes end up
    crossed = [Item("", "", [], [(mass, curve)]) for curve in curves]
    outside = place_labels(axes, [*(item for _, item in bands), *crossed], "x-small")
    if outside:
        legend_above(axes, more=[*lines, *((bands[k][0], bands[k][1].text) for k in outside)])
    save(figure, outputs)


def _axion_mass(masses: Masses) -> str:
    """Return the axion's mass in words: a number, or a multiple of the dark photon's."""
    first, last = masses[0], masses[-1]
    if first[1] == last[1]:
        return f"$m_a$ = {energy(first[1]) if first[1] > 0.0 else '0'}"
    return rf"$m_a$ = {first[1] / first[0]:.4g} $m_{{\gamma^\prime}}$"


def _draw_lines(
    axes: Any, mass: Array, detector: DecayCurves, number: int, named: bool
) -> Iterator[tuple[Any, str]]:
    """Draw the lines of all energies, and yield what the legend says of them."""
    for k, (value, curve) in enumerate(detector.curves.items()):
        style: Any = {"color": colour(number if named else k), "ls": LINES[k % 5], "lw": width(1.2)}
        (line,) = axes.plot(mass, np.where(np.isfinite(curve), curve, np.nan), **style)
        text = rf"$E_{{\gamma^\prime}}$ = {energy(value)}"
        yield line, f"{plain(detector.shown)}, {text}" if named else text


def _draw_detector(
    axes: Any, detector: DecayCurves, tint: str, hatch: str, bottom: float
) -> Iterator[tuple[Any, Item]]:
    """Draw where the detector is as a band, how deep it is as a thin line, and yield their labels."""
    entry, leave = detector.entry, detector.leave
    name = plain(detector.shown)
    band = axes.axhspan(
        max(entry, bottom), leave, fc=tint, alpha=0.25, lw=0.0, zorder=0, ec=tint, hatch=hatch
    )
    ends = np.array(_FAR)
    edges = [edge for edge in (entry, leave) if edge > bottom]
    for edge in edges:
        axes.axhline(edge, color=tint, lw=width(0.6), zorder=0.5)
    lines = [(ends, np.array([edge, edge])) for edge in edges]
    yield band, Item(f"{name}: {entry:.3g} to {leave:.3g} m away", tint, [], lines, beside=True)
    if entry > 0.0:
        depth = leave - entry
        line = axes.axhline(depth, color=tint, lw=width(0.8), ls=LINES[3], zorder=0.5)
        deep = [(ends, np.array([depth, depth]))]
        yield line, Item(f"{name}: {depth:.3g} m deep", tint, [], deep, beside=True)


def _seen(mass: Array, curves: Sequence[Array], bottom: float, top: float) -> tuple[float, float]:
    """Return the range of masses at which a line is inside the picture, one step wider."""
    inside = np.any([(curve > bottom) & (curve < top) for curve in curves], axis=0)
    shown = np.flatnonzero(inside)
    return float(mass[max(shown[0] - 1, 0)]), float(mass[min(shown[-1] + 1, len(mass) - 1)])


def _limits(detector: DecayCurves) -> tuple[float, float]:
    """Return the range of the distances: not farther than `_ROOM` from the detector, but with some line."""
    values = np.concatenate(list(detector.curves.values()))
    values = values[np.isfinite(values) & (values > 0.0)]
    low, high = float(values.min()), float(values.max())
    entry, leave = detector.entry, detector.leave
    near = entry if entry > 0.0 else leave  # a detector around the target begins at no distance
    bottom = min(max(low, near / _ROOM), near / 10.0, high / 10.0)
    return bottom, max(min(high, leave * _ROOM), leave * 10.0, low * 10.0)
