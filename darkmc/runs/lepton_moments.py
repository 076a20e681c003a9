"""Runs of kind ``lepton-moments``: two-loop moments against mass, beside what measurements leave."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.cards.overviews import LeptonMomentsRun
from darkmc.experiments.lepton_moments import MomentLimit
from darkmc.experiments.moment_names import PREFIX
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
from darkmc.runs.run import Settings, Work
from darkmc.runs.tables import header, masses, point_columns, portal_at

_WINDOW = ("value", "error", "lower", "upper")
_WORDS = {"e": "electron", "mu": "muon", "tau": "tau"}


def work(card: LeptonMomentsRun, settings: Settings) -> Work:
    """Return what computes moments and windows."""
    del settings  # no experiment has a say
    measured = {name: MomentLimit(PREFIX + name) for name in card.data}
    portals = [portal_at(*pair) for pair in masses(card.m_dark_photon, card.m_axion)]
    rows: list[Row] = [
        {"lepton": lepton}
        | point_columns(portal, coupling)
        | {"moment": float(portal.lepton_moment(lepton, coupling))}
        for lepton in dict.fromkeys(limit.lepton for limit in measured.values())
        for coupling in card.couplings_per_GeV
        for portal in portals
    ]
    windows: list[Row] = []
    for name, limit in measured.items():
        known = {"value": limit.row.value, "error": limit.row.error}
        left = {"lower": limit.window.lower, "upper": limit.window.upper, "criterion": limit.criterion}
        windows.append({"data": name, "lepton": limit.lepton} | known | left)
    return partial(_write, card, rows, windows)


def _write(card: LeptonMomentsRun, rows: list[Row], windows: list[Row], folder: Path) -> Iterator[Path]:
    lines = header("two-loop moments Delta a, [dN] eq. 9 with c = 0", "quadratures: no Monte Carlo error")
    yield write_table(folder / f"{card.name}.csv", lines, rows)
    lines = header(
        "measured minus predicted moments, and the contributions that they leave at 2 sigma",
        "overshoot: a contribution may not carry the moment beyond the measurement by more than that",
        "shift, the founding paper's: nor beyond whichever of measurement and prediction lies further",
    )
    yield write_table(folder / f"{card.name}-windows.csv", lines, windows)


def draw(card: LeptonMomentsRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``lepton-moments`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read.
    """
    from matplotlib.figure import Figure

    rows = read_table(folder / f"{card.name}.csv", ("lepton",), (*POINT, "moment"))
    windows = read_table(folder / f"{card.name}-windows.csv", ("data", "lepton"), _WINDOW)
    leptons = list(dict.fromkeys(row["lepton"] for row in rows))
    figure = Figure(figsize=size(float(len(leptons))), layout="constrained")
    for axes, lepton in zip(figure.subplots(1, len(leptons), squeeze=False)[0], leptons, strict=True):
        _draw_lepton(
            axes,
            [row for row in rows if row["lepton"] == lepton],
            [row for row in windows if row["lepton"] == lepton],
        )
        axes.set(ylabel=rf"$-\Delta a$ of the {_WORDS[lepton]}", xlabel=M_DARK_PHOTON)
        legend_above(axes, share=0.8 / len(leptons))
    figure.suptitle(plain(card.title))
    save(figure, outputs)


def _draw_lepton(axes: Any, rows: Sequence[Row], windows: Sequence[Row]) -> None:
    """Draw moments for each coupling, and for each of the data above which of them they are excluded."""
    axes.set(xscale="log", yscale="log")
    for k, coupling in enumerate(dict.fromkeys(row["coupling_per_GeV"] for row in rows)):
        mine = [row for row in rows if row["coupling_per_GeV"] == coupling]
        mass, moment = (np.array([row[key] for row in mine]) for key in (POINT[0], "moment"))
        label = rf"$G$ = {power(coupling)} GeV$^{{-1}}$"
        axes.plot(mass, -moment, color=colour(k), ls=LINES[0], lw=width(1.2), label=label)
    left, right = min(row[POINT[0]] for row in rows), max(row[POINT[0]] for row in rows)
    axes.set_xlim(left, right)
    for k, row in enumerate(windows):
        name = plain(row["data"].partition("-")[2])
        if row["lower"] < 0.0:
            axes.axhline(-row["lower"], color="0.3", ls=LINES[1 + k % 4], lw=width(), label=f"room: {name}")
        else:  # the Standard Model alone is too low already
            axes.plot([], [], ls="", label=f"none: {name}")
    log_ticks(axes.xaxis)
    log_ticks(axes.yaxis)
