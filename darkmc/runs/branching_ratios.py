"""Runs of kind ``branching-ratios``: decays of the dark photon, as they are and as printed."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from darkmc.cards.overviews import BranchingRatiosRun
from darkmc.core.errors import PhysicsError
from darkmc.core.vocabulary import FINAL_STATES
from darkmc.figures.style import (
    LINES,
    M_DARK_PHOTON,
    colour,
    legend_above,
    log_ticks,
    plain,
    save,
    size,
    width,
)
from darkmc.output.csv_tables import MASSES, Row, read_table, write_table
from darkmc.portals.portal import Portal
from darkmc.runs.run import Settings, Work
from darkmc.runs.tables import header, masses, portal_at

_DEPTH = 3e-5  # ratios below this are not shown


def work(card: BranchingRatiosRun, settings: Settings) -> Work:
    """Return what computes branching ratios."""
    del settings  # no experiment has a say
    pairs = masses(card.m_dark_photon, card.m_axion)
    portals = [portal_at(*pair) for pair in pairs]
    _require_decays(card, portals)
    rows: list[Row] = []
    for pair, portal in zip(pairs, portals, strict=True):
        place = dict(zip(MASSES, pair, strict=True))
        ratios = {state: float(portal.branching_ratio(state)) for state in card.final_states}
        for state, ratio in ratios.items():
            rows.append({"decay": state, "as": "computed"} | place | {"branching_ratio": ratio})
        for one in card.printed:
            ratio = one.factor * float(portal.branching_ratio(one.final_state))
            rows.append({"decay": one.final_state, "as": one.label} | place | {"branching_ratio": ratio})
    return partial(_write, card, rows)


def _require_decays(card: BranchingRatiosRun, portals: Sequence[Portal]) -> None:
    heavy = [portal for portal in portals if portal.heavy.name == "dark_photon"]
    if all(portal.decay_closed(card.final_states) is not None for portal in heavy):
        raise PhysicsError(f"run {card.name}: no dark photon of these masses decays")


def _write(card: BranchingRatiosRun, rows: list[Row], folder: Path) -> Iterator[Path]:
    lines = header(
        "branching ratios of the dark photon",
        *(f"{one.label}: {one.factor:g} times that of {one.final_state}" for one in card.printed),
        "quadratures: no Monte Carlo error",
    )
    yield write_table(folder / f"{card.name}.csv", lines, rows)


def draw(card: BranchingRatiosRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``branching-ratios`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If the table is missing or cannot be read.
    """
    from matplotlib.figure import Figure

    rows = read_table(folder / f"{card.name}.csv", ("decay", "as"), (*MASSES, "branching_ratio"))
    figure = Figure(figsize=size(), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel=M_DARK_PHOTON, ylabel="branching ratio")
    decays = list(dict.fromkeys(row["decay"] for row in rows))
    for decay, what in dict.fromkeys((row["decay"], row["as"]) for row in rows):
        mine = [row for row in rows if (row["decay"], row["as"]) == (decay, what)]
        mass = np.array([row[MASSES[0]] for row in mine])
        ratio = np.array([row["branching_ratio"] for row in mine])
        own = what == "computed"
        label = rf"$\gamma^\prime\rightarrow a$ {FINAL_STATES[decay].label}" + (
            "" if own else f", {plain(what)}"
        )
        style = {"color": colour(decays.index(decay)), "ls": LINES[0 if own else 1], "lw": width(1.2)}
        axes.plot(mass, np.where(ratio > 0.0, ratio, np.nan), label=label, **style)
    axes.set_ylim(_DEPTH, 2.0)
    axes.set_xlim(min(row[MASSES[0]] for row in rows), max(row[MASSES[0]] for row in rows))
    log_ticks(axes.xaxis)
    log_ticks(axes.yaxis)
    figure.suptitle(plain(card.title))
    legend_above(axes)
    save(figure, outputs)
