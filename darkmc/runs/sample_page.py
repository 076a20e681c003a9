"""The page about a sample of events: what its histograms and its map hold."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from darkmc.cards.collider import Calorimeter
from darkmc.cards.load import check
from darkmc.cards.volumes import Geometry
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, invariant_mass_squared, length, polar_angle
from darkmc.core.vocabulary import FINAL_STATES, PARTICLES, VERTICES, drawn
from darkmc.figures.samples import Content, Page, Panel, VertexMap, draw_page
from darkmc.figures.style import energy, measured, plain, power
from darkmc.geometry.shape import Shape
from darkmc.output.read_root import StoredSample, read_sample

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


def detector(sample: StoredSample) -> Shape:
    """Return the sensitive volume of a sample: a card's geometry, or a collider's calorimeter."""
    card = sample.meta("cards", "experiment")
    card = next(iter(card["windows"].values())) if "windows" in card else card
    if "detector" in card:
        try:
            return Calorimeter.model_validate(card["detector"]).body()
        except ValueError:
            raise PhysicsError(f"{sample.path}: the metadata do not describe the detector") from None
    table = sample.meta("cards", "experiment", "geometry")
    table = {key: value for key, value in table.items() if key in Geometry.model_fields}
    return check(Geometry, table, f"{sample.path}: geometry").body()


def draw_sample(path: str | os.PathLike[str], outputs: Sequence[Path]) -> None:
    """Draw a file of events on one page and write the pictures.

    Parameters
    ----------
    path : path
        File of ``darkmc generate``.
    outputs : sequence of path
        Pictures to write, format by suffix.

    Raises
    ------
    PhysicsError, CardError
        If the file cannot be read, or its metadata lack what the page states.
    """
    draw_page(page(read_sample(path)), outputs)


def page(sample: StoredSample) -> Page:
    """Return what the page about a sample shows.

    Raises
    ------
    PhysicsError, CardError
        If it has no vertices, or its metadata lack what the page states.
    """
    if "production" not in sample.event:
        raise PhysicsError(f"{sample.path}: no vertex 'production' inside")
    if "decay" not in sample.event and "scatter" not in sample.event:
        raise PhysicsError(f"{sample.path}: no vertex 'decay' or 'scatter' inside")
    title = _title(sample)
    shape = detector(sample)
    single, pairs = visible(sample.event)
    seen = {**single, **pairs}
    hidden = {label: sample.event[name][0] for name, label in dark(sample).items()}
    angles = {label: 1e3 * polar_angle(momentum[1:]) for label, momentum in seen.items()}
    masses = {k: np.sqrt(np.maximum(invariant_mass_squared(v), 0.0)) for k, v in pairs.items()}
    momenta = (
        _panel({k: v[0] for k, v in seen.items()}, sample.weights, "energy of visible particles [GeV]"),
        _panel(hidden, sample.weights, "energy of dark particles [GeV]"),
        _panel(angles, sample.weights, "angle to the beam [mrad]"),
    )
    late = _panel({_made(sample): delay(sample.event)}, sample.weights, "delay behind light [ns]")
    pair = [_panel(masses, sample.weights, "invariant mass of the pair [GeV]")] if pairs else []
    return Page(title, momenta, _map(sample, shape), (*pair, late))


def _panel(series: Values, weights: Array, label: str) -> Panel:
    """Return histograms over common bins, with their statistical errors."""
    edges = bin_edges(list(series.values()))
    contents = {name: Content(*histogram(values, weights, edges)) for name, values in series.items()}
    return Panel(label, edges, contents)


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


def dark(sample: StoredSample) -> dict[str, str]:
    """Return labels of the dark particles of a sample by name; the lighter state may come twice."""
    light = sample.portal.light.name
    names = {name: label for name, label in drawn("dark").items() if name in sample.event}
    return {name: f"{label} (production)" if name == light else label for name, label in names.items()}


def _made(sample: StoredSample) -> str:
    """Return what makes the signal, for the legend."""
    place = _place(sample)
    only = place == VERTICES["decay"]
    return f"{place} of {PARTICLES[sample.portal.heavy.name].label}" if only else place


def _place(sample: StoredSample) -> str:
    """Return the kinds of vertices at which the signal is made."""
    scattered = (
        np.isfinite(sample.event["scatter"][0]) if "scatter" in sample.event else np.zeros(1, dtype=bool)
    )
    kinds = {"decay": not scattered.all(), "scatter": scattered.any()}
    return " or ".join(VERTICES[kind] for kind, there in kinds.items() if there)


def _map(sample: StoredSample, shape: Shape) -> VertexMap:
    """Fill the signal's vertices seen from the side on which the detector is farther off the beam axis."""
    side = int(abs(shape.centre_m[1]) > abs(shape.centre_m[0]))
    vertex = signal_vertex(sample.event)
    along, across = vertex[2], vertex[side]
    kept = np.isfinite(across) & np.isfinite(along)
    polygon = shape.outline((2, side))
    number = np.clip(np.sqrt(np.count_nonzero(kept) / _PER_BIN), 6, 40)
    z, x = (
        np.linspace(edge.min(), edge.max(), int(number * k) + 1)
        for edge, k in zip(polygon, (1.4, 0.7), strict=True)
    )
    content, *_ = np.histogram2d(along[kept], across[kept], (z, x), weights=sample.weights[kept])
    made = _place(sample)
    labels = (f"{made} vertex z [m]", f"{made} vertex {'xy'[side]} [m]")
    return VertexMap(labels, (z, x), content, polygon, f"outline of the {shape.kind()}")
