"""Excluded regions in the plane of dark photon mass and coupling, from limit tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.figures.style import COLOURS, HATCHES, save, styled
from darkmc.kinematics import Array
from darkmc.output.tables import read_limits

TOP = 1e2  # where the scan ends: a region without an upper edge is drawn up to here


def regions(rows: Sequence[dict[str, str]]) -> list[Array]:
    """Return connected regions of a limit table as arrays (n, 5): mass, lower, upper and their errors.

    Intervals of neighbouring masses belong to one region when they overlap.
    """
    masses = sorted({float(row["m_dark_photon"]) for row in rows})
    open_regions: list[list[list[float]]] = []
    done: list[list[list[float]]] = []
    for mass in masses:
        found = [
            _interval(row) for row in rows if float(row["m_dark_photon"]) == mass and row["interval"] != "0"
        ]
        grown: list[list[list[float]]] = []
        for interval in found:
            partner = next((r for r in open_regions if r not in grown and _overlap(r[-1], interval)), None)
            region = partner if partner is not None else []
            region.append(interval)
            grown.append(region)
        done += [region for region in open_regions if not any(region is g for g in grown)]
        open_regions = grown
    return [np.array(region) for region in done + open_regions]


def _interval(row: dict[str, str]) -> list[float]:
    def number(key: str, missing: float) -> float:
        return float(row[key]) if row[key] else missing

    lower, upper = number("lower", 1e-12), number("upper", TOP)
    return [float(row["m_dark_photon"]), lower, upper, number("lower_error", 0.0), number("upper_error", 0.0)]


def _overlap(first: list[float], second: list[float]) -> bool:
    return first[1] < second[2] and second[1] < first[2]


def draw_limits(tables: Sequence[Path], outputs: Sequence[Path], title: str) -> None:
    """Draw limit tables as filled regions with the Monte Carlo error of their edges, and write the pictures.

    Parameters
    ----------
    tables : sequence of path
        CSV files of ``darkmc limit``; one colour and one legend entry each.
    outputs : sequence of path
        Pictures to write, format by suffix.
    title : str
        Title of the picture.
    """
    from matplotlib.figure import Figure

    with styled():
        figure = Figure(figsize=(6.4, 4.8), layout="constrained")
        axes = figure.add_subplot()
        for k, table in enumerate(tables):
            rows = read_limits(table)
            name = rows[0]["experiment"]
            drawn = regions(rows)
            for j, region in enumerate(drawn):
                _fill(axes, region, COLOURS[k % 8], HATCHES[k % 8], name if j == 0 else None)
            if not drawn:
                axes.plot([], [], color=COLOURS[k % 8], label=f"{name}: nothing excluded")
        axes.set(xscale="log", yscale="log", title=title)
        axes.set_xlabel(r"dark photon mass $m_{\gamma^\prime}$ [GeV]")
        axes.set_ylabel(r"coupling $G_{a\gamma\gamma^\prime}$ [GeV$^{-1}$]")
        axes.margins(x=0.06, y=0.12)
        axes.legend(loc="best")
        save(figure, outputs)


def _fill(axes: Any, region: Array, colour: str, hatch: str, label: str | None) -> None:
    mass, lower, upper, lower_error, upper_error = region.T
    axes.fill_between(
        mass, lower, upper, facecolor=colour, alpha=0.3, hatch=hatch, edgecolor=colour, lw=0.0, label=label
    )
    for edge, error in ((lower, lower_error), (upper, upper_error)):
        axes.plot(mass, edge, color=colour, lw=1.2)
        axes.fill_between(mass, edge - error, edge + error, color=colour, alpha=0.6, lw=0.0)
