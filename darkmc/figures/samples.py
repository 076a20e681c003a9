"""One page that shows a sample of events: energies, angles, where they decay, masses and delays."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.cards.collider import Calorimeter
from darkmc.cards.experiment import Geometry
from darkmc.cards.load import check
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, invariant_mass_squared, length, polar_angle
from darkmc.core.vocabulary import FINAL_STATES, PARTICLES, VERTICES, drawn
from darkmc.figures.style import (
    COLOURS,
    LINES,
    energy,
    legend_above,
    log_ticks,
    measured,
    plain,
    power,
    save,
    styled,
)
from darkmc.geometry.shape import Shape
from darkmc.output.read_root import StoredSample, read_sample

_COUNT = "expected events per bin"
_DEPTH = 3e3  # bins this far below the highest are not shown
_PER_BIN = 15  # events per bin of the map, about
Values = Mapping[str, Array]  # by label


def histogram(values: Array, weights: Array, edges: Array) -> tuple[Array, Array]:
    """Return sums of weights per bin and their statistical errors, sqrt(sum of w^2); nan is left out.

    A bin holds its lower edge but not its upper one.  Added up bin by bin: numpy's histogram subtracts
    running sums, which costs the digits of sparse bins.
    """
    kept = (values >= edges[0]) & (values < edges[-1])
    bins, count = np.searchsorted(edges, values[kept], side="right") - 1, len(edges) - 1
    heights: Array = np.bincount(bins, weights[kept], minlength=count).astype(float)
    return heights, np.sqrt(np.bincount(bins, weights[kept] ** 2, minlength=count))


def bin_edges(series: Sequence[Array]) -> Array:
    """Return edges of 12 to 40 bins, even in the logarithm, that hold every value above zero."""
    values = np.concatenate([*series, np.empty(0)])
    values = values[np.isfinite(values) & (values > 0.0)]
    if len(values) == 0:
        return np.array([0.1, 1.0])
    low, high = float(values.min()), float(values.max())
    if high < 1.01 * low:
        return np.array([low / 1.1, high * 1.1])
    count = int(np.clip(np.sqrt(len(values)), 12, 40))
    return np.geomspace(low * (1.0 - 1e-9), high * (1.0 + 1e-9), count + 1)  # rounding must lose no value


def visible(event: Values) -> tuple[Values, Values]:
    """Return momenta (4, n) of the visible particles and of the lepton pairs, by label."""
    single = {label: event[name] for name, label in drawn("visible").items() if name in event}
    pairs = {
        products.label: np.sum([event[name] for name in products.visible], axis=0)
        for products in FINAL_STATES.values()
        if products.lepton and event.keys() >= set(products.visible)
    }
    return single, pairs


def signal_vertex(event: Values) -> Array:
    """Return where the signal is made, (4, n): the scattering, or the decay of an event without one."""
    nowhere = np.full_like(event["production"], np.nan)
    scatter, decay = event.get("scatter", nowhere), event.get("decay", nowhere)
    return np.where(np.isfinite(scatter), scatter, decay)


def delay(event: Values) -> Array:
    """Return how much later (ns) than light from the production the signal is made, not below rounding."""
    vertex = signal_vertex(event)
    path = vertex - event["production"]
    late = path[3] - length(path[:3]) / SPEED_OF_LIGHT_M_PER_NS
    out: Array = np.maximum(late, np.finfo(float).eps * np.abs(vertex[3]))
    return out


def detector(sample: StoredSample, path: str) -> Shape:
    """Return the sensitive volume of a sample: a card's geometry, or a collider's calorimeter."""
    card = sample.meta("cards", "experiment")
    card = next(iter(card["windows"].values())) if "windows" in card else card
    if "detector" in card:
        try:
            return Calorimeter.model_validate(card["detector"]).body()
        except ValueError:
            raise PhysicsError(f"{path}: the metadata do not describe the detector") from None
    table = sample.meta("cards", "experiment", "geometry")
    table = {key: value for key, value in table.items() if key in Geometry.model_fields}
    return check(Geometry, table, f"{path}: geometry").body()


def draw_sample(path: str, outputs: Sequence[Path]) -> None:
    """Draw a ROOT file of events on one page and write the pictures.

    Parameters
    ----------
    path : str
        File of ``darkmc generate``.
    outputs : sequence of path
        Pictures to write, format by suffix.

    Raises
    ------
    PhysicsError, CardError
        If the file cannot be read, or its metadata lack what the page states.
    """
    from matplotlib.figure import Figure

    sample = read_sample(path)
    if "production" not in sample.event:
        raise PhysicsError(f"{path}: no vertex 'production' inside")
    if "decay" not in sample.event and "scatter" not in sample.event:
        raise PhysicsError(f"{path}: no vertex 'decay' or 'scatter' inside")
    title = _title(sample)
    shape = detector(sample, path)
    single, pairs = visible(sample.event)
    with styled():
        figure = Figure(figsize=(12.0, 7.6), layout="constrained")
        figure.suptitle(title)
        top, bottom = np.asarray(figure.subfigures(2, 1, hspace=0.05))
        _draw_momenta(top.subplots(1, 3), sample, {**single, **pairs})
        vertices, *panels = bottom.subplots(
            1, 2 + bool(pairs), width_ratios=[1.8, *[1.0] * (1 + bool(pairs))]
        )
        _draw_map(bottom, vertices, sample, shape)
        if pairs:
            masses = {k: np.sqrt(np.maximum(invariant_mass_squared(v), 0.0)) for k, v in pairs.items()}
            _draw(panels[0], masses, sample.weights, "invariant mass of the pair [GeV]")
        late = {_made(sample): delay(sample.event)}
        _draw(panels[-1], late, sample.weights, "delay behind light [ns]")
        save(figure, outputs)


def _draw_momenta(panels: Any, sample: StoredSample, seen: Values) -> None:
    energies = {label: momentum[0] for label, momentum in seen.items()}
    hidden = {label: sample.event[name][0] for name, label in dark(sample).items()}
    angles = {label: 1e3 * polar_angle(momentum[1:]) for label, momentum in seen.items()}
    _draw(panels[0], energies, sample.weights, "energy of visible particles [GeV]")
    _draw(panels[1], hidden, sample.weights, "energy of dark particles [GeV]")
    _draw(panels[2], angles, sample.weights, "angle to the beam [mrad]")


def _title(sample: StoredSample) -> str:
    number, portal = sample.number, sample.portal
    return (
        f"{plain(str(sample.meta('experiment')))}: "
        rf"$m_{{\gamma^\prime}}$ = {energy(portal.m_dark_photon)}, "
        rf"$m_a$ = {energy(portal.m_axion) if portal.m_axion > 0.0 else '0'}, "
        rf"$G$ = {power(number('coupling'))} GeV$^{{-1}}$"
        "\n"
        f"{measured(number('sum_of_weights'), number('error'))} expected events, "
        f"{len(sample.weights)} in the sample"
    )


def _draw(axes: Any, series: Values, weights: Array, label: str) -> None:
    """Draw histograms with statistical errors on logarithmic axes, the legend above them."""
    edges = bin_edges(list(series.values()))
    content = {name: histogram(values, weights, edges) for name, values in series.items()}
    for k, (name, (heights, errors)) in enumerate(content.items()):
        if heights.any():
            axes.stairs(heights, edges, color=COLOURS[k], ls=LINES[k % 5], lw=1.4, label=name)
            filled = heights > 0.0
            places = np.sqrt(edges[1:] * edges[:-1])[filled]
            style = {"fmt": "none", "ecolor": COLOURS[k], "elinewidth": 0.9}
            axes.errorbar(places, heights[filled], errors[filled], **style)
    axes.set(xscale="log", yscale="log", xlabel=label, ylabel=_COUNT)
    heights = np.array([height for height, _ in content.values()])
    if heights.any():
        floor = max(0.5 * heights[heights > 0.0].min(), heights.max() / _DEPTH)
        shown = np.flatnonzero(np.any(heights > floor, axis=0))
        axes.set_ylim(floor, 2.0 * heights.max())
        axes.set_xlim(edges[shown[0]] / 1.1, edges[shown[-1] + 1] * 1.1)
    log_ticks(axes.xaxis)
    log_ticks(axes.yaxis)
    legend_above(axes, letters=50, size=9)


def dark(sample: StoredSample) -> dict[str, str]:
    """Return labels of the dark particles of a sample by name; the lighter state may come twice."""
    light = sample.portal.light.name
    names = {name: label for name, label in drawn("dark").items() if name in sample.event}
    return {name: f"{label} (production)" if name == light else label for name, label in names.items()}


def _made(sample: StoredSample) -> str:
    """Return what makes the signal, for the legend."""
    place = _place(sample)
    return place if "scatter" in sample.event else f"{place} of {PARTICLES[sample.portal.heavy.name].label}"


def _place(sample: StoredSample) -> str:
    return VERTICES["scatter" if "scatter" in sample.event else "decay"]


def _draw_map(figure: Any, axes: Any, sample: StoredSample, shape: Shape) -> None:
    """Draw the signal's vertices seen from the side on which the detector is farther off the beam axis."""
    from matplotlib.patches import Polygon

    side = int(abs(shape.centre_m[1]) > abs(shape.centre_m[0]))
    vertex = signal_vertex(sample.event)
    along, across = vertex[2], vertex[side]
    kept = np.isfinite(across) & np.isfinite(along)
    polygon = shape.outline((2, side))
    number = np.clip(np.sqrt(np.count_nonzero(kept) / _PER_BIN), 6, 40)
    bins = [
        np.linspace(edge.min(), edge.max(), int(number * k) + 1)
        for edge, k in zip(polygon, (1.4, 0.7), strict=True)
    ]
    content, *_ = np.histogram2d(along[kept], across[kept], bins, weights=sample.weights[kept])
    filled = np.where(content > 0.0, content, np.nan).T
    mesh = axes.pcolormesh(*bins, filled, cmap="Blues", vmin=0.0, rasterized=True)
    mesh.set_clip_path(Polygon(polygon.T, transform=axes.transData))  # bins may reach beyond a slope
    figure.colorbar(mesh, ax=axes, label=_COUNT)
    axes.plot(*polygon, color="black", lw=1.8, label=f"outline of the {shape.kind()}")
    made = _place(sample)
    axes.set(xlabel=f"{made} vertex z [m]", ylabel=f"{made} vertex {'xy'[side]} [m]")
    for edge, limit in ((bins[0], axes.set_xlim), (bins[1], axes.set_ylim)):
        room = 0.06 * (edge[-1] - edge[0])
        limit(edge[0] - room, edge[-1] + room)
    if bins[1][0] < 0.0 < bins[1][-1]:
        axes.axhline(0.0, color="black", ls=LINES[3], lw=1.0, label="beam axis")
    legend_above(axes, letters=50, size=9)
