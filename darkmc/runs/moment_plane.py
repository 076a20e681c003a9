"""Runs of kind ``moment-plane``: what data on a moment leave of two parameters of a sum of loops."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from darkmc.cards.moments import MomentPlaneRun
from darkmc.core.errors import PhysicsError
from darkmc.core.progress import count_bar
from darkmc.figures.moments import Mark
from darkmc.gminus2.combination import Combination
from darkmc.gminus2.data import Difference
from darkmc.gminus2.masks import Mask
from darkmc.output.csv_tables import Row
from darkmc.runs.moments import (
    draw_moments,
    find_masks,
    mask_rows,
    measured,
    region_rows,
    summary_row,
    write_tables,
)
from darkmc.runs.run import Settings, Work
from darkmc.runs.tables import header

Part = tuple[str, Combination, Difference, list[Mask]]  # name of the data, and what they are about


def work(card: MomentPlaneRun, settings: Settings) -> Work:
    """Return what traces the allowed regions."""
    del settings  # no experiment has a say
    terms = [(term.loop, term.arguments) for term in card.loops]
    parts: list[Part] = []
    for name, (lepton, difference) in measured(card).items():
        sums = Combination(lepton, terms)
        for region in card.regions:
            fixed = {key: value for key, value in region.fixed.items() if key in sums.parameters}
            unused = set(region.fixed) - set(fixed)
            if unused:
                raise PhysicsError(f"run {card.name}: no loop takes '{min(unused)}'")
            sums.chi_squared(
                difference,
                region.free,
                **fixed,
                **{card.x.parameter: card.x.min, card.y.parameter: card.y.min},
            )
        parts.append((name, sums, difference, find_masks(card.masks, lepton)))
    return partial(_write, card, parts)


def _write(card: MomentPlaneRun, parts: Sequence[Part], folder: Path) -> Iterator[Path]:
    edges: list[Row] = []
    summary: list[Row] = []
    masked: list[Row] = []
    plane = {axis.parameter: (axis.min, axis.max) for axis in (card.x, card.y)}
    with count_bar(len(parts) * len(card.regions), "regions") as bar:
        for name, sums, difference, masks in parts:
            masked += [{"data": name} | row for row in mask_rows(masks)]
            for region in card.regions:
                level = region.level or card.level
                found = sums.region(difference, plane, region.fixed, region.free, level, card.points)
                place: Row = {"data": name, "region": region.label}
                edges += region_rows(place, found, (card.x.parameter, card.y.parameter))
                summary.append(summary_row(place, found, masks))
                bar.update()
    lines = header(
        f"allowed {card.y.label} against {card.x.label}: chi-squared below {card.level:g}",
        *(f"{term.loop}: {dict(term.arguments)}" for term in card.loops),
        *(f"{region.label}: fixed {region.fixed}, free {dict(region.free)}" for region in card.regions),
        "edges to 1e-9 of themselves: nothing is random",
    )
    yield from write_tables(card, folder, lines, edges, summary, masked)


def draw(card: MomentPlaneRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``moment-plane`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read.
    """
    axes = ((card.x.parameter, card.x.label), (card.y.parameter, card.y.label))
    draw_moments(card, folder, outputs, axes, [Mark(mark.label, mark.x, mark.y) for mark in card.marks])
