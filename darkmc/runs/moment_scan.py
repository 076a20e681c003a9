"""Runs of kind ``moment-scan``: the one-loop portal in one particle's plane, whatever the other is."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from darkmc.cards.moments import MomentScanRun, ParticleRange, ScanRegion
from darkmc.core.progress import count_bar
from darkmc.core.units import parse_energy
from darkmc.gminus2.data import Difference
from darkmc.gminus2.marginal import Marginal, Particle
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

_AXES = {
    "axion": (("m_axion_GeV", "axion mass [GeV]"), ("yukawa", "axion's coupling to the lepton, y")),
    "dark-photon": (("m_dark_photon_GeV", "dark photon mass [GeV]"), ("epsilon", "kinetic mixing ε")),
}


def work(card: MomentScanRun, settings: Settings) -> Work:
    """Return what scans one particle's plane for every region and all data."""
    del settings  # no experiment has a say
    scans = {
        (name, region.label): _scan(card, region, lepton, difference)
        for name, (lepton, difference) in measured(card).items()
        for region in card.regions
    }
    return partial(_write, card, scans)


def _scan(card: MomentScanRun, region: ScanRegion, lepton: str, difference: Difference) -> Marginal:
    axion_inside = card.plane == "dark-photon"
    axion = _particle(card.axion, region, lepton, axion_inside)
    dark_photon = _particle(card.dark_photon, region, lepton, not axion_inside)
    cutoff = parse_energy(card.cutoff)
    return Marginal(lepton, difference, card.plane, axion, dark_photon, card.coupling_per_GeV, cutoff)


def _particle(card: ParticleRange, region: ScanRegion, lepton: str, inside: bool) -> Particle:
    """Return a particle's ranges; those of the region where its mass is marginalised over."""
    low, high = (parse_energy(text) for text in (card.m_min, card.m_max))
    if inside:
        low, high = (
            parse_energy(text) if text else own for text, own in ((region.m_min, low), (region.m_max, high))
        )
    masks = find_masks([name for name in card.masks if name not in region.without], lepton)
    return Particle((low, high), (card.coupling_min, card.coupling_max), tuple(masks))


def _write(card: MomentScanRun, scans: dict[tuple[str, str], Marginal], folder: Path) -> Iterator[Path]:
    edges: list[Row] = []
    summary: list[Row] = []
    masks: dict[tuple[str, str], tuple[str, Mask]] = {}
    (x, _), (y, _) = _AXES[card.plane]
    with count_bar(len(scans), "contours") as bar:
        for (name, label), scan in scans.items():
            found = scan.contour(card.points, card.inner_points, card.level)
            place: Row = {"data": name, "region": label}
            edges += region_rows(place, found.region, (x, y))
            settled = {"inner_masses": found.inner_masses, "moved": found.moved}
            summary.append(summary_row(place, found.region, scan.outer.masks) | settled)
            masks |= {(name, each.name): (name, each) for each in scan.outer.masks}
            bar.update()
    lines = header(
        f"one-loop dark axion portal, C = {card.coupling_per_GeV:g} GeV^-1, cut-off {card.cutoff}: "
        f"chi-squared below {card.level:g} for some {'axion' if x.startswith('m_dark') else 'dark photon'}",
        "summary: moved is how far, relative, the contour moved with the last doubling of masses",
        "edges to 1e-9 of themselves for the masses marginalised over: nothing is random",
    )
    masked = [{"data": name} | row for name, each in masks.values() for row in mask_rows([each])]
    yield from write_tables(card, folder, lines, edges, summary, masked)


def draw(card: MomentScanRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``moment-scan`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read.
    """
    draw_moments(card, folder, outputs, _AXES[card.plane])
