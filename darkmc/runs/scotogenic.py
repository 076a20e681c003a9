"""Runs of kind ``scotogenic``: the Z' of a U(1)_D model, and what its benchmark points say of neutrinos."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from darkmc.cards.moments import BenchmarkPoint, ScotogenicRun
from darkmc.core.kinematics import Array
from darkmc.core.progress import count_bar
from darkmc.core.units import parse_energy
from darkmc.figures.moments import Mark
from darkmc.gminus2.combination import Combination
from darkmc.gminus2.data import Difference
from darkmc.gminus2.masks import Mask
from darkmc.gminus2.scotogenic import Benchmark, mixing_matrix
from darkmc.output.csv_tables import Row, read_table, write_table
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

_AXES = ("m_z_prime_GeV", "Z' mass [GeV]"), ("epsilon", "kinetic mixing |ε|")
_LOOPS = [("vector", {"mass": "m_z_prime_GeV", "epsilon": "epsilon"})]
_EV = 1e9  # a GeV in eV


def work(card: ScotogenicRun, settings: Settings) -> Work:
    """Return what traces the bands of the Z' and checks the benchmark points."""
    del settings  # no experiment has a say
    parts = [
        (name, Combination(lepton, _LOOPS), difference, find_masks(card.masks, lepton))
        for name, (lepton, difference) in measured(card).items()
    ]
    light = np.array([parse_energy(text) for text in card.neutrino_masses])
    mixing = mixing_matrix(*np.radians(card.mixing_angles_deg))
    points = [_point(point, light, mixing, parts) for point in card.benchmarks]
    return partial(_write, card, parts, points)


def _point(
    card: BenchmarkPoint,
    light: Array,
    mixing: Array,
    parts: Sequence[tuple[str, Combination, Difference, list[Mask]]],
) -> Row:
    """Return moment and neutrino masses at a point, and the pull of every set of data on the muon."""
    first, second = map(parse_energy, card.m_charged)
    lightest, middle, heaviest = map(parse_energy, card.m_fermions)
    v_chi, m_phi, mu_1 = map(parse_energy, (card.v_chi, card.m_phi, card.mu_1))
    point = Benchmark(
        card.g_dark,
        v_chi,
        (first, second),
        m_phi,
        card.coupling,
        mu_1,
        (lightest, middle, heaviest),
    )
    found = point.outcome(light, mixing)
    total = found.z_prime + found.charged_scalar
    row: Row = {
        "benchmark": card.label,
        "epsilon": found.epsilon,
        "m_z_prime_GeV": found.m_z_prime,
        "delta_a_z_prime": found.z_prime,
        "largest_loop_factor_eV": float(np.max(np.abs(found.loop_factors))) * _EV,
        "heaviest_neutrino_eV": float(np.max(light)) * _EV,
        "yukawa_needed": float(np.max(found.yukawa)),
        "delta_a_charged_scalar": found.charged_scalar,
        "delta_a": total,
    }
    for name, sums, data, _ in parts:
        if sums.lepton == "mu":
            row[f"pull_z_prime {name}"] = (found.z_prime - data.value) / data.error
            row[f"pull {name}"] = (total - data.value) / data.error
    return row


def _write(
    card: ScotogenicRun,
    parts: Sequence[tuple[str, Combination, Difference, list[Mask]]],
    points: list[Row],
    folder: Path,
) -> Iterator[Path]:
    edges: list[Row] = []
    summary: list[Row] = []
    masked: list[Row] = []
    mass = parse_energy(card.m_min), parse_energy(card.m_max)
    plane = {"m_z_prime_GeV": mass, "epsilon": (card.epsilon_min, card.epsilon_max)}
    with count_bar(len(parts) * len(card.levels), "regions") as bar:
        for name, sums, data, masks in parts:
            masked += [{"data": name} | row for row in mask_rows(masks)]
            for label, level in card.levels.items():
                found = sums.region(data, plane, level=level, points=card.points)
                place: Row = {"data": name, "region": label}
                edges += region_rows(place, found, (_AXES[0][0], _AXES[1][0]))
                summary.append(summary_row(place, found, masks))
                bar.update()
    lines = header("allowed kinetic mixing against the mass of a Z'", "edges to 1e-9 of themselves")
    yield from write_tables(card, folder, lines, edges, summary, masked)
    about = header(
        "benchmark points: M_Z' = 2 g_D v_chi; M_nu = y Lambda y^T, y by Casas and Ibarra",
        f"neutrino masses {', '.join(card.neutrino_masses)}, mixing angles {card.mixing_angles_deg} degrees",
        "pull: contribution minus measured difference, in standard errors; charged scalar with y as needed",
    )
    yield write_table(folder / f"{card.name}-benchmarks.csv", about, points)


def draw(card: ScotogenicRun, folder: Path, outputs: Sequence[Path]) -> None:
    """Draw what a run of kind ``scotogenic`` wrote and write the pictures.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read.
    """
    path = folder / f"{card.name}-benchmarks.csv"
    points = read_table(path, ("benchmark",), ("epsilon", "m_z_prime_GeV"))
    marks = [Mark(row["benchmark"], row["m_z_prime_GeV"], abs(row["epsilon"])) for row in points]
    draw_moments(card, folder, outputs, _AXES, marks)
