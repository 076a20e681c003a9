"""Tables of runs at colliders: cross sections, with and without a radiated photon, and maps of photons."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.cards.collider import ColliderCard
from darkmc.cards.load import flatten
from darkmc.cards.run import CrossSectionsRun, MapRun, Photons
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.rng import chunk_rng, stream_number
from darkmc.experiments.collider import PB_PER_FB
from darkmc.experiments.experiment import Experiment
from darkmc.output.csv_tables import Row, write_table
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.portals.dark_axion.radiative_sampler import RadiativeAnnihilation
from darkmc.runs.tables import Work, at, edges, header, masses, point_columns, require_open
from darkmc.sample.sample import Sample
from darkmc.selection.cuts import interval


def cross_sections(card: CrossSectionsRun, preset: str) -> Work:
    """Return what computes e+ e- -> a gamma' and a gamma gamma', the latter also by its generator."""
    del preset  # no experiment has a say
    portals = [DarkAxionPortal(*pair) for pair in masses(card.m_dark_photon, card.m_axion)]
    if not any(portal.current.threshold < card.sqrt_s_GeV for portal in portals):
        raise PhysicsError(f"run {card.name}: no mass is below sqrt_s_GeV = {card.sqrt_s_GeV:g}")
    return partial(_write_cross_sections, card, portals)


def _write_cross_sections(
    card: CrossSectionsRun, portals: Sequence[DarkAxionPortal], folder: Path
) -> Iterator[Path]:
    nothing: Row = {"e_min_GeV": None, "e_max_GeV": None, "abs_cos_max": None}
    rows: list[Row] = []
    for portal in portals:
        point = point_columns(portal, card.coupling_per_GeV)
        sigma = float(portal.annihilation_cross_section(card.sqrt_s_GeV, card.coupling_per_GeV))
        exact: Row = {"cross_section_pb": sigma, "generated_pb": None, "generated_error_pb": None}
        rows.append({"process": "a gamma'"} | nothing | point | exact)
    for number, photons in enumerate(card.photons):
        for portal in portals:
            point = point_columns(portal, card.coupling_per_GeV)
            found = _radiative(card, photons, portal, number)
            rows.append({"process": "a gamma gamma'"} | photons.model_dump() | point | found)
    lines = header(
        f"e+ e- -> a gamma' and a gamma gamma' at sqrt(s) = {card.sqrt_s_GeV:g} GeV",
        f"seed {card.seed}, {card.events} events of the generator at each point of an open process",
        "cross_section_pb in closed form or by quadrature; generated_pb: by the generator, with its error",
    )
    yield write_table(folder / f"{card.name}.csv", lines, rows)


def _radiative(card: CrossSectionsRun, photons: Photons, portal: DarkAxionPortal, number: int) -> Row:
    """Return the cross section of e+ e- -> a gamma gamma', and what the generator makes of it."""
    limits = (photons.e_min_GeV, photons.e_max_GeV, photons.abs_cos_max)
    sigma = float(
        portal.radiative_annihilation_cross_section(card.sqrt_s_GeV, *limits, card.coupling_per_GeV)
    )
    row: Row = {"cross_section_pb": sigma, "generated_pb": None, "generated_error_pb": None}
    if sigma > 0.0:
        generator = RadiativeAnnihilation(card.sqrt_s_GeV, *limits, portal.current, spin_correlations=False)
        rng = chunk_rng(card.seed, stream_number("radiative annihilation"), number)
        uniform = rng.random((generator.n_uniform, card.events))
        weight = generator.sample(uniform).weight * card.coupling_per_GeV**2
        error = float(np.std(weight, ddof=1) / np.sqrt(card.events))
        row |= {"generated_pb": float(np.mean(weight)), "generated_error_pb": error}
    return row


def event_map(card: MapRun, preset: str) -> Work:
    """Return what fills a map of the photons at a collider, and what windows keep of the pairs."""
    experiment = Experiment(card.experiment, preset, dict(flatten(card.overrides)))
    collider = experiment.card
    if not isinstance(collider, ColliderCard) or collider.simulation.resonance or collider.simulation.isr:
        raise PhysicsError(f"run {card.name}: a map is of a collider's e+ e- -> a gamma' alone")
    portal, columns = at(card.point)
    require_open(experiment, portal, [card.x.observable, card.y.observable])
    windows = {name: _window(card, name, preset) for name in card.windows}
    pairs = float(portal.annihilation_cross_section(collider.beam.sqrt_s_GeV, card.point.coupling_per_GeV))
    pairs *= collider.beam.luminosity_fb * PB_PER_FB
    return partial(_write_map, card, experiment, portal, columns, windows, pairs)


def _window(card: MapRun, name: str, preset: str) -> list[tuple[float, float]]:
    """Return what the cuts of an experiment leave of x and y."""
    rows = Experiment(name, preset).card.cuts
    limits = [interval(rows, axis.observable) for axis in (card.x, card.y)]
    if all(np.isinf(limits).ravel()):
        raise PhysicsError(f"{name} cuts neither on {card.x.observable} nor on {card.y.observable}")
    return limits


def _write_map(
    card: MapRun,
    experiment: Experiment,
    portal: DarkAxionPortal,
    columns: Row,
    windows: dict[str, list[tuple[float, float]]],
    pairs: float,
    folder: Path,
) -> Iterator[Path]:
    sample = experiment.simulate(portal, n_samples=card.events, seed=card.seed, progress=True)
    x, y = edges(card.x), edges(card.y)
    shares, errors = _shares(card, sample, (x, y), list(windows.values()), pairs)
    lines = header(
        f"{card.x.observable} and {card.y.observable} of photons of e+ e- -> a gamma' at {experiment.name}",
        f"seed {card.seed}, {sample.n_samples} primaries, preset {experiment.preset}, "
        f"overrides {dict(flatten(card.overrides))}",
        *experiment.provenance,
        "shares of all pairs a gamma' made, and their Monte Carlo errors",
    )
    cells = [
        {"x_low": x[i], "x_high": x[i + 1], "y_low": y[j], "y_high": y[j + 1]}
        for i in range(card.x.bins)
        for j in range(card.y.bins)
    ]
    named = [
        {"experiment": name, "x_low": a, "x_high": b, "y_low": c, "y_high": d}
        for name, ((a, b), (c, d)) in windows.items()
    ]
    rows: list[Row] = [
        place | {"share": float(share), "share_error": float(error)}
        for place, share, error in zip([*cells, *named], shares, errors, strict=True)
    ]
    yield write_table(folder / f"{card.name}.csv", lines, [columns | row for row in rows[: len(cells)]])
    yield write_table(folder / f"{card.name}-windows.csv", lines, rows[len(cells) :])


def _shares(
    card: MapRun,
    sample: Sample,
    grid: tuple[Array, Array],
    windows: Sequence[list[tuple[float, float]]],
    pairs: float,
) -> tuple[Array, Array]:
    """Return shares of all pairs, and errors: of the cells of the map (x slowest), then of the windows."""
    count = card.x.bins * card.y.bins + len(windows)
    value, variance = np.zeros(count), np.zeros(count)
    for channel in sample.channel_rows:
        tried, sums = channel.rows.tried, np.zeros((2, count))
        for x, y, weight in _replayed(card, sample, channel.name, tried):
            for power in (1, 2):
                sums[power - 1] += _contents(x, y, weight**power, grid, windows)
        mean = sums[0] / tried
        value += mean
        variance += np.maximum(sums[1] / tried - mean**2, 0.0) / (tried - 1)
    return value / pairs, np.sqrt(variance) / pairs


def _replayed(card: MapRun, sample: Sample, channel: str, tried: int) -> Iterator[tuple[Array, Array, Array]]:
    """Yield both observables and the weight of the rows of a channel: replays give the same rows again."""
    assert sample.replay is not None
    coupling = card.point.coupling_per_GeV
    replays = [sample.replay(channel, tried, coupling, axis.observable) for axis in (card.x, card.y)]
    for (x, weight, _), (y, *_) in zip(*replays, strict=True):
        yield x, y, weight


def _contents(x: Array, y: Array, weight: Array, grid: Any, windows: Any) -> Array:
    cells = np.histogram2d(x, y, grid, weights=weight)[0].ravel()
    inside = [np.sum(weight[(x >= a) & (x < b) & (y >= c) & (y < d)]) for (a, b), (c, d) in windows]
    return np.concatenate([cells, inside])
