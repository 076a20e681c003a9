"""From interactions to tables: all generations over the first, and first interactions."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from libraries import COUNTED, Library
from setups import Setup
from transport import NUCLEON, Cascade, Made

from darkmc.core.kinematics import Array, unit_vector
from darkmc.core.tables import write_csv
from darkmc.sources.factor_files import COLUMNS
from darkmc.sources.factors import transverse_measure
from darkmc.sources.lists.hadronic import PI0_PER_ETA, pions_of_eta

ASIDE = (0.0, 0.07, 0.14, 0.21, 0.3, 0.4, 0.55, 0.75, 1.1, math.inf)
GROUPS, _REPEAT, _SEED = 10, 4, 1
_LEAST, _MODEL = 25, 0.1
NAMES = {111: "pi0", 221: "eta"}
_TRANSVERSE = np.array([-1.302, -1.0, -0.85, -0.7, -0.55, -0.4, -0.25, -0.1, 0.1, 0.4, 1.0])


class Counts(NamedTuple):
    """Mesons per interaction of the beam in cells (p, t), by group: of the first generation, and of all."""

    first: Array
    every: Array


class Neutral(NamedTuple):
    """Mesons of one species: momentum (GeV), cosine, how many each stands for, generation, primary."""

    momentum: Array
    cosine: Array
    weight: Array
    generation: Array
    primary: Array


def neutral(made: Made, pid: int) -> Neutral:
    """Return mesons of one species; pi0 with those of the decays of eta."""
    mine = made.pid == pid
    plain = Neutral(
        made.momentum[mine],
        made.cosine[mine],
        np.ones(int(np.sum(mine))),
        made.generation[mine],
        made.primary[mine],
    )
    if pid != 111:
        return plain
    eta = made.pid == 221
    azimuth = np.random.default_rng(_SEED).random(int(np.sum(eta))) * 2.0 * np.pi
    pions = pions_of_eta(unit_vector(made.cosine[eta], azimuth) * made.momentum[eta], _SEED)
    size = np.sqrt(np.sum(pions**2, axis=0))
    more = Neutral(
        size, pions[2] / size, np.full(len(size), PI0_PER_ETA), made.generation[eta], made.primary[eta]
    )
    return Neutral(*(np.concatenate(pair) for pair in zip(plain, more, strict=True)))


def _cells(found: Neutral, momenta: Array, keep: Array) -> Array:
    t = transverse_measure(found.momentum, found.cosine, (1.0 - found.cosine**2) * found.momentum**2)
    return np.histogram2d(
        found.momentum[keep], t[keep], (momenta, np.array(ASIDE)), weights=found.weight[keep]
    )[0]


def unslowed(made: Made, beam: Library) -> Made:
    """Return mesons with those of first interactions as the whole momentum of the beam makes them.

    Fits are of the beam as it comes, not of what ionisation leaves of it.  Mesons keep their places, so that
    eta decay alike: redrawn decays would scatter factors more than lost momentum moves them.
    """
    mine = np.flatnonzero(made.generation == 0)
    event, row = made.primary[mine].astype(np.int64), np.arange(len(mine))
    counted = np.flatnonzero(np.isin(beam.pid, COUNTED))
    begins = np.diff(event, prepend=-1) != 0
    within = row - np.maximum.accumulate(np.where(begins, row, 0))
    place = counted[np.searchsorted(counted, beam.start[event]) + within]
    momentum, cosine = made.momentum.copy(), made.cosine.copy()
    momentum[mine] = np.sqrt(np.sum(beam.vectors[:, place] ** 2, axis=0))
    cosine[mine] = beam.vectors[2, place] / np.maximum(momentum[mine], 1e-300)
    return made._replace(momentum=momentum, cosine=cosine)


def followed(setup: Setup, libraries: dict[int, list[Library]]) -> tuple[dict[int, Counts], list[Neutral]]:
    """Return counts by species, and all mesons by species, of the cascade in a setup's target."""
    counts: dict[int, list[tuple[Array, Array]]] = {pid: [] for pid in NAMES}
    mesons: dict[int, list[Neutral]] = {pid: [] for pid in NAMES}
    for group in range(GROUPS):
        cascade = Cascade(setup, libraries, group, GROUPS)
        made = cascade.run(np.random.default_rng([_SEED, group]), _REPEAT)
        begun = unslowed(made, primaries(libraries))
        for pid in NAMES:
            found, first = neutral(made, pid), neutral(begun, pid)
            pairs = (first, first.generation == 0), (found, found.generation >= 0)
            counts[pid].append(tuple(_cells(one, np.array(setup.cells), keep) for one, keep in pairs))
            mesons[pid].append(found)
    together = {
        pid: Counts(*(np.array(column) / _REPEAT for column in zip(*rows, strict=True)))
        for pid, rows in counts.items()
    }
    whole = [Neutral(*(np.concatenate(c) for c in zip(*mesons[pid], strict=True))) for pid in NAMES]
    return together, whole


def first_only(library: Library, momenta: tuple[float, ...]) -> dict[int, Counts]:
    """Return the counts of interactions of the beam, in which nothing follows."""
    event = np.repeat(np.arange(len(library.start) - 1), np.diff(library.start))
    size = np.sqrt(np.sum(library.vectors**2, axis=0))
    made = Made(library.pid, size, library.vectors[2] / np.maximum(size, 1e-300), size, 0 * event, event)
    out = {}
    for pid in NAMES:
        found = neutral(made, pid)
        cells = [_cells(found, np.array(momenta), found.primary % GROUPS == g) for g in range(GROUPS)]
        out[pid] = Counts(np.array(cells), np.array(cells))
    return out


def ratio(above: Array, below: Array) -> tuple[Array, Array]:
    """Return a ratio of counts (groups, ...) and its error: jackknife, one group of interactions less."""
    top, bottom = above.sum(axis=0), below.sum(axis=0)
    safe = np.where(bottom > 0.0, bottom, 1.0)
    value = top / safe
    less = (top - above) / np.where(bottom - below > 0.0, bottom - below, 1.0)
    return value, np.sqrt((GROUPS - 1.0) / GROUPS * np.sum((less - value) ** 2, axis=0))


def factors(above: Array, below: Array) -> tuple[Array, Array]:
    """Return ratios in cells and their errors; where there are few mesons, those of all t at a momentum."""
    value, error = ratio(above, below)
    whole, its = ratio(above.sum(axis=2), below.sum(axis=2))
    few = np.minimum(below.sum(axis=0), above.sum(axis=0)) < _LEAST
    return np.where(few, whole[:, None], value), np.where(few, its[:, None], error)


def nodes(momenta: tuple[float, ...], mesons: Neutral) -> tuple[Array, Array]:
    """Return where factors of cells stand: median momenta and t of first mesons."""
    first = mesons.generation == 0
    p, cosine = mesons.momentum[first], mesons.cosine[first]
    t = transverse_measure(p, cosine, (1.0 - cosine**2) * p**2)
    inside = (p >= momenta[0]) & (p < momenta[-1])

    def medians(values: Array, edges: Array) -> Array:
        place = np.digitize(values, edges)
        return np.array([np.median(values[place == k]) for k in range(1, len(edges))])

    return medians(p[inside], np.array(momenta)), medians(np.minimum(t[inside], 10.0), np.array(ASIDE))


def rows(
    meson: str, p: Array, t: Array, value: Array, error: Array, top: float | None
) -> Iterable[dict[str, Any]]:
    """Yield the rows of a table: nodes, and for a cascade the momentum of the beam, where nothing follows."""
    model = np.maximum(_MODEL * value, 0.5 * np.abs(value - 1.0))
    for i, momentum in enumerate((*p, *([] if top is None else [top]))):
        for j, aside in enumerate(t):
            last = i == len(p)
            numbers = (1.0, 0.0, 0.0) if last else (value[i, j], error[i, j], model[i, j])
            texts = [f"{momentum:.4g}", f"{aside:.4g}", *(f"{x:.4f}" for x in numbers)]
            yield dict(zip(COLUMNS, [meson, *texts], strict=True))


def write_factors(file: Path, head: list[str], table: list[dict[str, Any]]) -> None:
    """Write a table of factors."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        write_csv(stream, head, COLUMNS, table)


def write_first(folder: Path, name: str, head: list[str], library: Library, ahead: bool) -> None:
    """Write the mesons of first interactions, per interaction, in bins of their logarithms.

    `ahead`: of p and p_T, those that fly forward, the first bin from 0 on; else of theta and p.
    """
    event = np.repeat(np.arange(len(library.start) - 1), np.diff(library.start))
    size = np.sqrt(np.sum(library.vectors**2, axis=0))
    made = Made(library.pid, size, library.vectors[2] / np.maximum(size, 1e-300), size, 0 * event, event)
    n = len(library.start) - 1
    momenta = np.arange(-10, 28) * 0.1
    for pid, meson in NAMES.items():
        found = neutral(made, pid)
        theta = np.arccos(np.clip(found.cosine, -1.0, 1.0))
        across = np.log10(np.maximum(found.momentum * np.sin(theta) if ahead else theta, 1e-9))
        keep = (found.cosine > 0.0) | (not ahead)
        edges = _TRANSVERSE if ahead else np.arange(-50, 6) * 0.1
        across = np.maximum(across, edges[0] + 1e-9)
        counts, _, _ = np.histogram2d(
            np.log10(found.momentum[keep]), across[keep], (momenta, edges), weights=found.weight[keep]
        )
        names = ("log10_p_GeV", "log10_pT_GeV" if ahead else "log10_theta_rad")
        columns = [f"{name}_{end}" for name in names for end in ("low", "high")] + ["per_interaction"]
        table = [
            dict(zip(columns, [*_ends(momenta, i), *_ends(edges, k), f"{counts[i, k] / n:.4g}"], strict=True))
            for i, k in zip(*np.nonzero(counts), strict=True)
        ]
        with (folder / f"urqmd-{name}-{meson}.csv").open("w", encoding="utf-8", newline="") as stream:
            lines = [*head, f"{meson} per interaction; n_generated = {n}"]
            write_csv(stream, lines, columns, table)


def _ends(edges: Array, k: int) -> list[str]:
    return [f"{edge:.4g}" for edge in edges[k : k + 2]]


def primaries(libraries: dict[int, list[Library]]) -> Library:
    """Return the library of the beam."""
    return libraries[NUCLEON][-1]
