"""From cards of tables to cells: what the numbers of a file are, per proton on target."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkmc.cards.flux_table import ANGLES, ENERGIES, LOG_ANGLES, TRANSVERSE, TableCard
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.particles import canonical_name, mass
from darkmc.sources.lists.bins import Binned, read_bins
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
    remarks: tuple[str, ...]
    digest: str


def table_cells(card: TableCard, path: str) -> dict[str, MesonCells]:
    """Return the cells of a card's tables by species, contents per proton on target.

    Parameters
    ----------
    card : TableCard
        The card.
    path : str
        Where it is: its files are relative to that.

    Raises
    ------
    CardError
        If a file is missing, or what it holds is not what the card says.
    """
    found: dict[str, MesonCells] = {}
    for key, name in card.table.files.items():
        try:
            meson = canonical_name(key)
        except PhysicsError as error:
            raise CardError(f"{path}: table.files: {error}") from None
        file = Path(path).parent / name
        found[meson] = _cells(card, meson, file, read_bins(file, card.table))
    return found


def per_pot(card: TableCard) -> float:
    """Return the factor that makes the values of a card's tables mesons per proton on target."""
    table = card.table
    one = 1.0 / table.hemispheres
    if table.per == "pot":
        return one
    if table.cross_section_mb is not None:
        one /= table.cross_section_mb * _PB_PER_MB
    return one * card.target_interaction


def _cells(card: TableCard, meson: str, file: Path, binned: Binned) -> MesonCells:
    names = _ORDER[card.table.layout]
    order = [card.table.variables.index(name) for name in names]
    momenta, across = (
        _physical(file, name, binned.edges[k], meson) for name, k in zip(names, order, strict=True)
    )
    depth = [k for k in range(len(binned.edges)) if k not in order]
    values = _two_axes(binned.values, order, depth)
    errors = None if binned.errors is None else np.sqrt(_two_axes(binned.errors**2, order, depth))
    contents = values * per_pot(card)
    reach = card.beam.energy_GeV
    if np.any(contents[momenta[:-1] > reach] > 0.0):
        top = momenta[:-1][np.any(contents > 0.0, axis=1)][-1]
        raise CardError(f"{file}: {meson} of {top:.4g} GeV and more from a beam of {reach:g} GeV")
    cells = Cells(momenta, across, names[1] == "log10_pT_GeV", contents, _events(card, values, errors))
    impossible = (contents > 0.0) & (cells.measures <= 0.0)
    if np.any(impossible):
        where = momenta[1:][np.any(impossible, axis=1)][0]
        raise CardError(f"{file}: {meson} below {where:.4g} GeV with a p_T above their momentum")
    return MesonCells(cells.shifted(card.table.shift), tuple(_remarks(file, cells)), binned.digest)


def _two_axes(values: Array, order: list[int], depth: list[int]) -> Array:
    flat = np.transpose(values, (*order, *depth))
    return np.asarray(np.sum(flat, axis=2) if depth else flat)


def _events(card: TableCard, values: Array, errors: Array | None) -> Array | None:
    """Return how many events of a generator every cell stands for, if anything is said of errors."""
    if errors is not None:
        known = errors > 0.0
        return np.divide(values, errors, out=np.full_like(values, 1e12), where=known) ** 2 * (values > 0.0)
    if card.table.n_generated is None:
        return None
    one = card.table.n_generated
    if card.table.cross_section_mb is not None:
        return values * (one / (card.table.cross_section_mb * _PB_PER_MB))
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
