"""From cards of tables to cells: what the numbers of a file are, per proton on target."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkmc.cards.flux_base import VariedCard
from darkmc.cards.flux_table import ANGLES, ENERGIES, LOG_ANGLES, TRANSVERSE, MesonTable
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.particles import canonical_name, mass
from darkmc.sources.depths import Binned
from darkmc.sources.lists.bins import read_bins
from darkmc.sources.tables.cells import MERGED_TRANSVERSE, Cells

_PB_PER_MB = 1e9
_ROUNDING = 1e-9  # by which edges may be off the ends of what is possible
_ORDER = {  # momentum first, then what lies across
    ANGLES: ("p_GeV", "theta_rad"),
    LOG_ANGLES: ("log10_p_GeV", "log10_theta_rad"),
    TRANSVERSE: ("log10_p_GeV", "log10_pT_GeV"),
    ENERGIES: ("E_GeV", "theta_rad"),
}


class MesonCells(NamedTuple):
    """The cells of a species, what a user should know of them, and the hash of the file."""

    cells: Cells
    depths: Binned | None
    remarks: tuple[str, ...]
    digest: str


def table_cells(card: VariedCard, table: MesonTable, path: str) -> dict[str, MesonCells]:
    """Return the cells of a card's tables by species, contents per proton on target.

    Parameters
    ----------
    card : VariedCard
        The card.
    table : MesonTable
        What it says of the tables.
    path : str
        Where it is: its files are relative to that.

    Raises
    ------
    CardError
        If a file is missing, or what it holds is not what the card says.
    """
    found: dict[str, MesonCells] = {}
    for key, name in table.files.items():
        try:
            meson = canonical_name(key)
        except PhysicsError as error:
            raise CardError(f"{path}: files of tables: {error}") from None
        file = Path(path).parent / name
        found[meson] = _cells(card, table, meson, file)
    return found


def per_pot(card: VariedCard, table: MesonTable) -> float:
    """Return the factor that makes the values of a card's tables mesons per proton on target."""
    one = 1.0 / table.hemispheres
    if table.per == "pot":
        return one
    if table.cross_section_mb is not None:
        one /= table.cross_section_mb * _PB_PER_MB
    return one * card.target_interaction


def _cells(card: VariedCard, table: MesonTable, meson: str, file: Path) -> MesonCells:
    binned = read_bins(file, table)
    names = _ORDER[table.layout]
    order = [table.variables.index(name) for name in names]
    momenta, across = (
        _physical(file, name, binned.edges[k], meson) for name, k in zip(names, order, strict=True)
    )
    depth = [k for k in range(len(binned.edges)) if k not in order]
    values = _two_axes(binned.values, order, depth)
    errors = None if binned.errors is None else np.sqrt(_two_axes(binned.errors**2, order, depth))
    contents = values * per_pot(card, table)
    reach = card.beam.energy_GeV
    if np.any(contents[momenta[:-1] > reach] > 0.0):
        top = momenta[:-1][np.any(contents > 0.0, axis=1)][-1]
        raise CardError(f"{file}: {meson} of {top:.4g} GeV and more from a beam of {reach:g} GeV")
    cells = Cells(momenta, across, names[1] == "log10_pT_GeV", contents, _events(table, values, errors))
    impossible = (contents > 0.0) & (cells.measures <= 0.0)
    if np.any(impossible):
        where = momenta[1:][np.any(impossible, axis=1)][0]
        raise CardError(f"{file}: {meson} below {where:.4g} GeV with a p_T above their momentum")
    depths = (
        _depths(file, cells, binned.edges[depth[0]], np.transpose(binned.values, (*order, *depth)))
        if depth
        else None
    )
    return MesonCells(cells.shifted(table.shift), depths, tuple(_remarks(file, cells)), binned.digest)


def _depths(file: Path, cells: Cells, edges: Array, values: Array) -> Binned:
    """Return the depths of mesons in every cell; cells that share a density share them."""
    if edges[0] < -_ROUNDING * edges[-1]:
        raise CardError(f"{file}: depth_m begins at {edges[0]:g}, below 0")
    flat = values.reshape(-1, values.shape[2])
    shared = np.zeros_like(flat)
    np.add.at(shared, cells.whose.ravel(), flat)
    return Binned(np.maximum(edges, 0.0), shared[cells.whose.ravel()])


def _two_axes(values: Array, order: list[int], depth: list[int]) -> Array:
    flat = np.transpose(values, (*order, *depth))
    return np.asarray(np.sum(flat, axis=2) if depth else flat)


def _events(table: MesonTable, values: Array, errors: Array | None) -> Array | None:
    """Return how many events of a generator every cell stands for, if anything is said of errors."""
    if errors is not None:
        known = errors > 0.0
        return np.divide(values, errors, out=np.full_like(values, 1e12), where=known) ** 2 * (values > 0.0)
    if table.n_generated is None:
        return None
    one = table.n_generated
    if table.cross_section_mb is not None:
        return values * (one / (table.cross_section_mb * _PB_PER_MB))
    return values * one


def _physical(file: Path, name: str, edges: Array, meson: str) -> Array:
    """Return edges in GeV of momentum or p_T, or in rad; what lies beyond what is possible is cut off."""
    if name.startswith("log10"):
        edges = 10.0**edges
    if name == "E_GeV":
        return np.sqrt(np.maximum(edges - mass(meson), 0.0) * (edges + mass(meson)))
    edges = np.where(np.abs(edges) <= _ROUNDING * edges[-1], 0.0, edges)
    if edges[0] < 0.0:
        raise CardError(f"{file}: {name} begins at {edges[0]:g}, below 0")
    if name.endswith("theta_rad"):
        if edges[-2] > np.pi:
            raise CardError(f"{file}: {name} goes to {edges[-1]:g} rad, beyond pi")
        edges = np.minimum(edges, np.pi)
    return edges


def _remarks(file: Path, cells: Cells) -> list[str]:
    first = float(cells.across[0])
    if first == 0.0:
        return []
    aside = first if cells.in_transverse else cells.largest_momentum * np.sin(first)
    if aside <= MERGED_TRANSVERSE:
        return []
    unit = "GeV of p_T" if cells.in_transverse else "rad"
    return [
        f"{file}: its bins begin at {first:.3g} {unit}: what lies below is taken for empty at high momenta"
    ]
