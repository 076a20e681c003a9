"""Runs of kind ``cross-sections``: e+ e- -> a gamma' and a gamma gamma' against the mass."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.cards.run import CrossSectionsRun, Photons
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.rng import chunk_rng, stream_number
from darkmc.figures.style import (
    LINES,
    M_DARK_PHOTON,
    colour,
    legend_above,
    log_ticks,
    plain,
    power,
    save,
    size,
    width,
)
from darkmc.output.csv_tables import POINT, Row, read_table, write_table
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.portals.dark_axion.radiative_sampler import RadiativeAnnihilation
from darkmc.runs.run import Settings, Work
from darkmc.runs.tables import header, masses, point_columns

_PHOTON = ("e_min_GeV", "e_max_GeV", "abs_cos_max")
_VALUES = ("cross_section_pb", "generated_pb", "generated_error_pb")
_RATIOS = ("over_pairs", "generated_over_pairs", "generated_over_pairs_error")  # of each value
_DEPTH = 1e6  # lines are shown down to this factor below the highest


def work(card: CrossSectionsRun, settings: Settings) -> Work:
    """Return what computes e+ e- -> a gamma' and a gamma gamma', the latter also by its generator."""
    del settings  # no experiment has a say
    portals = [DarkAxionPortal(*pair) for pair in masses(card.m_dark_photon, card.m_axion)]
    if not any(portal.current.threshold < card.sqrt_s_GeV for portal in portals):
        raise PhysicsError(f"run {card.name}: no mass is below sqrt_s_GeV = {card.sqrt_s_GeV:g}")
    return partial(_write, card, portals)


def _write(card: CrossSectionsRun, portals: Sequence[DarkAxionPortal], folder: Path) -> Iterator[Path]:
    nothing: Row = {"e_min_GeV": None, "e_max_GeV": None, "abs_cos_max": None}
    points = [point_columns(portal, card.coupling_per_GeV) for portal in portals]
    pairs = [
        float(portal.annihilation_cross_section(card.sqrt_s_GeV, card.coupling_per_GeV)) for portal in portals
    ]
    rows: list[Row] = []
    for point, sigma in zip(points, pairs, strict=True):
        exact: Row = {"cross_section_pb": sigma, "generated_pb": None, "generated_error_pb": None}
        rows.append({"process": "a gamma'"} | nothing | point | exact | dict.fromkeys(_RATIOS))
    for number, photons in enumerate(card.photons):
        for portal, point, sigma in zip(portals, points, pairs, strict=True):
            found = _radiative(card, photons, portal, number)
            place = {"process": "a gamma gamma'"} | photons.model_dump() | point
            rows.append(place | found | _over_pairs(found, sigma))
    lines = header(
        f"e+ e- -> a gamma' and a gamma gamma' at sqrt(s) = {card.sqrt_s_GeV:g} GeV",
        f"seed {card.seed}, {card.events} events of the generator at each point of an open process",
        "cross_section_pb in closed form or by quadrature; generated_pb: by the generator, with its error",
        "over_pairs: the same over the cross section of a gamma'",
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


def _over_pairs(found: Row, pairs: float) -> Row:
    """Return the values of a row over the cross section of a gamma'; None where there is none."""
    return {
        ratio: None if found[value] is None or pairs == 0.0 else found[value] / pairs
        for ratio, value in zip(_RATIOS, _VALUES, strict=True)
    }


def draw(card: CrossSectionsRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``cross-sections`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If the table is missing or cannot be read.
    """
    from matplotlib.figure import Figure

    rows = read_table(folder / f"{card.name}.csv", ("process",), (*POINT, *_PHOTON, *_VALUES, *_RATIOS))
    figure = Figure(figsize=size(1.0, 1.3), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1.0))
    coupling = power(rows[0]["coupling_per_GeV"])
    scale = "linear" if card.m_dark_photon.endswith(":lin") else "log"
    upper.set(xscale=scale, yscale="log", ylabel=r"cross section $\sigma$ [pb]")
    lower.set(yscale="log", xlabel=M_DARK_PHOTON, ylabel=r"$\sigma/\sigma(a\gamma^\prime)$")
    for k, label in enumerate(dict.fromkeys(_label(row) for row in rows)):
        mine = [row for row in rows if _label(row) == label]
        _draw_process(upper, lower, mine, k)
    _finish(upper, lower, rows)
    figure.suptitle(f"{plain(card.title)}\n" + rf"$G$ = {coupling} GeV$^{{-1}}$")
    legend_above(upper)
    save(figure, outputs)


def _label(row: Row) -> str:
    if row["process"] == "a gamma'":
        return r"e$^+$e$^-\rightarrow a\gamma^\prime$"
    low, high, cosine = (row[key] for key in _PHOTON)
    where = rf"$|\cos\theta^*|$ < {cosine:g}" if cosine < 1.0 else "any angle"
    return rf"e$^+$e$^-\rightarrow a\gamma\gamma^\prime$, {low:g} < $E^*_\gamma$ < {high:g} GeV, {where}"


def _draw_process(upper: Any, lower: Any, rows: Sequence[Row], k: int) -> None:
    """Draw a process above, and below over a gamma' if it has a photon more."""
    mass = _column(rows, "m_dark_photon_GeV")
    style: Any = {"color": colour(k), "ls": LINES[k % 5], "lw": width(1.2)}
    points: Any = {"fmt": "o", "ms": 2.0, "color": colour(k), "elinewidth": width(0.8)}
    for axes, keys in ((upper, _VALUES), (lower, _RATIOS)):
        exact, generated, errors = (_column(rows, key) for key in keys)
        known = np.isfinite(generated)
        if axes is upper or rows[0]["process"] != "a gamma'":
            axes.plot(mass, _positive(exact), label=_label(rows[0]), **style)
            axes.errorbar(mass[known], generated[known], errors[known], **points)


def _column(rows: Sequence[Row], key: str) -> Array:
    return np.array([row[key] for row in rows])


def _positive(values: Array) -> Array:
    out: Array = np.where(values > 0.0, values, np.nan)
    return out


def _finish(upper: Any, lower: Any, rows: Sequence[Row]) -> None:
    if any(np.isfinite(row["generated_pb"]) for row in rows):
        upper.errorbar(
            [], [], [], fmt="o", ms=2.0, color="0.3", label="points: the generator, with its error"
        )
    highest = max(row["cross_section_pb"] for row in rows)
    bottom = upper.get_ylim()[0]
    upper.set_ylim(max(bottom, highest / _DEPTH), 3.0 * highest)
    mass = _column(rows, "m_dark_photon_GeV")
    upper.set_xlim(mass.min(), mass.max())
    for axis in (upper.yaxis, lower.yaxis, *([lower.xaxis] if lower.get_xscale() == "log" else [])):
        log_ticks(axis)
