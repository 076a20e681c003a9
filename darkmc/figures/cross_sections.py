"""Cross sections of e+ e- -> a gamma' and a gamma gamma' against the mass, from a run's table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.cards.run import CrossSectionsRun
from darkmc.core.kinematics import Array
from darkmc.figures.style import (
    COLOURS,
    LINES,
    M_DARK_PHOTON,
    legend_above,
    log_ticks,
    plain,
    power,
    save,
    styled,
)
from darkmc.output.csv_tables import POINT, Row, read_table

_PHOTON = ("e_min_GeV", "e_max_GeV", "abs_cos_max")
_VALUES = ("cross_section_pb", "generated_pb", "generated_error_pb")
_DEPTH = 1e6  # lines are shown down to this factor below the highest


def draw_cross_sections(card: CrossSectionsRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``cross-sections`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If the table is missing or cannot be read.
    """
    from matplotlib.figure import Figure

    rows = read_table(folder / f"{card.name}.csv", ("process",), (*POINT, *_PHOTON, *_VALUES))
    with styled():
        figure = Figure(figsize=(6.6, 6.6), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1.0))
        coupling = power(rows[0]["coupling_per_GeV"])
        scale = "linear" if card.m_dark_photon.endswith(":lin") else "log"
        upper.set(xscale=scale, yscale="log", ylabel=rf"cross section at $G$ = {coupling} GeV$^{{-1}}$ [pb]")
        lower.set(yscale="log", xlabel=M_DARK_PHOTON, ylabel=r"over $\sigma(a\gamma^\prime)$")
        pairs: dict[float, float] = {}
        for k, label in enumerate(dict.fromkeys(_label(row) for row in rows)):
            mine = [row for row in rows if _label(row) == label]
            pairs = pairs or {row["m_dark_photon_GeV"]: row["cross_section_pb"] for row in mine}
            _draw(upper, lower, mine, pairs, k)
        _finish(upper, lower, rows)
        figure.suptitle(plain(card.title))
        legend_above(upper, letters=66)
        save(figure, outputs)


def _label(row: Row) -> str:
    if row["process"] == "a gamma'":
        return r"e$^+$e$^-\rightarrow a\gamma^\prime$"
    low, high, cosine = (row[key] for key in _PHOTON)
    where = rf"$|\cos\theta^*|$ < {cosine:g}" if cosine < 1.0 else "any angle"
    return rf"e$^+$e$^-\rightarrow a\gamma\gamma^\prime$, {low:g} < $E^*_\gamma$ < {high:g} GeV, {where}"


def _draw(upper: Any, lower: Any, rows: Sequence[Row], pairs: dict[float, float], k: int) -> None:
    mass, sigma, generated, errors = (_column(rows, key) for key in ("m_dark_photon_GeV", *_VALUES))
    reference = np.array([pairs[m] for m in mass])
    style: Any = {"color": COLOURS[k % 8], "ls": LINES[k % 5], "lw": 1.8}
    points: Any = {"fmt": "o", "ms": 3.0, "color": COLOURS[k % 8], "elinewidth": 1.2, "capsize": 2.0}
    known = np.isfinite(generated)
    with np.errstate(divide="ignore", invalid="ignore"):
        upper.plot(mass, _positive(sigma), label=_label(rows[0]), **style)
        upper.errorbar(mass[known], generated[known], errors[known], **points)
        if rows[0]["process"] != "a gamma'":
            lower.plot(mass, _positive(sigma / reference), **style)
            lower.errorbar(mass[known], (generated / reference)[known], (errors / reference)[known], **points)


def _column(rows: Sequence[Row], key: str) -> Array:
    return np.array([row[key] for row in rows])


def _positive(values: Array) -> Array:
    out: Array = np.where(values > 0.0, values, np.nan)
    return out


def _finish(upper: Any, lower: Any, rows: Sequence[Row]) -> None:
    if any(np.isfinite(row["generated_pb"]) for row in rows):
        upper.errorbar(
            [], [], [], fmt="o", ms=3.0, color="0.3", label="points: the generator, with its error"
        )
    highest = max(row["cross_section_pb"] for row in rows)
    bottom = upper.get_ylim()[0]
    upper.set_ylim(max(bottom, highest / _DEPTH), 3.0 * highest)
    mass = _column(rows, "m_dark_photon_GeV")
    upper.set_xlim(mass.min(), mass.max())
    for axis in (upper.yaxis, lower.yaxis, *([lower.xaxis] if lower.get_xscale() == "log" else [])):
        log_ticks(axis)
