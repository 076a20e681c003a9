"""Mesons from lists: checked against mass shell, units and beam, then drawn at random.

The error of a yield is that of the draws from the list; what the list itself lacks in entries is not in it.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from darkmc.errors import CardError, PhysicsError
from darkmc.flux_schema import MesonList, MesonListCard
from darkmc.kinematics import Array, length, polar_angle
from darkmc.list_files import MOMENTUM, VERTEX, ListFile, read_list
from darkmc.particles import canonical_name, mass, total_width

TOLERANCE = 1e-3  # of E^2: lists are printed with few digits
WIDTHS = 10.0  # of a broad meson, by which its mass in a list may differ from the nominal one
_NS_PER_S = 1e9

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Entries:
    """Mesons of one species.

    Attributes
    ----------
    momentum : array (3, n)
        Lab momenta, GeV.
    position, time : array (3, n), array (n,), or None
        Where (m) and when (ns) the mesons are made; None: at the target, as the beam hits it.
    share : array (n,)
        Shares of the entries in the mesons; they sum to 1.
    per_pot : float
        Mesons per POT that all entries stand for.
    from_target : bool
        Positions are relative to the place where the beam hits the target, not to the lab's origin.
    """

    momentum: Array
    position: Array | None
    time: Array | None
    share: Array
    per_pot: float
    from_target: bool = True

    @cached_property
    def size(self) -> Array:
        """Absolute values of the momenta, GeV."""
        return length(self.momentum)

    @cached_property
    def direction(self) -> Array:
        """Unit vectors (3, n); +z for mesons at rest."""
        rest = self.size == 0.0
        out: Array = self.momentum / np.where(rest, 1.0, self.size)
        out[2] = np.where(rest, 1.0, out[2])
        return out

    @cached_property
    def _chance(self) -> Array:
        """Chance to be drawn: half of the draws follow the weights, half keep what the list has plenty of."""
        return 0.5 * self.share + 0.5 / len(self.share)

    @cached_property
    def _cumulative(self) -> Array:
        total = np.cumsum(self._chance)
        out: Array = total / total[-1]
        return out

    @cached_property
    def weight(self) -> Array:
        """Mesons per POT that a draw of each entry stands for: the mean over draws is `per_pot`."""
        out: Array = self.per_pot * self.share / self._chance
        return out

    @property
    def largest_weight(self) -> float:
        """Largest of the weights, less than twice the mesons per POT."""
        return float(np.max(self.weight))

    def relative_to(self, target: Array) -> "Entries":
        """Return the same mesons with positions relative to a target (3,) in the lab, m."""
        if self.from_target or self.position is None:
            return self
        return replace(self, position=self.position - target[:, None], from_target=True)

    def pick(self, uniform: Array) -> Index:
        """Return entries drawn by uniform numbers (n,)."""
        drawn: Index = np.searchsorted(self._cumulative, uniform, side="right")
        return drawn

    def draw(self, uniform: Array) -> tuple[Array, Array, Array]:
        """Return momentum (GeV), theta (rad) and weight of entries drawn by uniform numbers (n,)."""
        entry = self.pick(uniform)
        return self.size[entry], polar_angle(self.direction[:, entry]), self.weight[entry]


def read_mesons(card: MesonListCard, path: str) -> tuple[dict[str, Entries], list[str]]:
    """Return the lists of a card by species, and the hashes of their files.

    Parameters
    ----------
    card : MesonListCard
        The card.
    path : str
        Where it is: its files are relative to that.

    Raises
    ------
    CardError
        With file and line or entry, if a file or what it holds is wrong.
    """
    lists: dict[str, Entries] = {}
    hashes = []
    for key, name in card.list_.files.items():
        try:
            meson = canonical_name(key)
        except PhysicsError as error:
            raise CardError(f"{path}: list.files: {error}") from None
        if meson in lists:
            raise CardError(f"{path}: list.files: '{key}' is given twice under different names")
        table = read_list(Path(path).parent / name, card.list_.columns, card.list_.tree)
        lists[meson] = _entries(key, meson, table, card)
        hashes.append(table.sha256)
    return lists, hashes


def _entries(key: str, meson: str, table: ListFile, card: MesonListCard) -> Entries:
    columns, settings = table.columns, card.list_
    four = np.stack([columns[name] for name in MOMENTUM]) * (1.0 if settings.momentum_unit == "GeV" else 1e-3)
    check_momenta(four, meson, table, settings.momentum_unit, card.beam.energy_GeV)
    weight = columns.get("weight", np.ones(four.shape[1]))
    negative = np.flatnonzero(weight < 0.0)
    if len(negative):
        raise CardError(f"{table.place(int(negative[0]))}: the weight {weight[negative[0]]:g} is negative")
    total = float(np.sum(weight))
    if total == 0.0:
        raise CardError(f"{table.path}: all weights are zero")
    position, time = _vertices(columns, settings)
    per_pot = settings.mesons_per_pot.get(key) or settings.weight_per_entry[key] * total
    return Entries(four[:3], position, time, weight / total, per_pot, settings.position_origin == "target")


def _vertices(columns: dict[str, Array], settings: MesonList) -> tuple[Array | None, Array | None]:
    if VERTEX[0] not in columns:
        return None, None
    time = columns["t"] * (_NS_PER_S if settings.time_unit == "s" else 1.0)
    return np.stack([columns[name] for name in VERTEX[:3]]), time


def check_momenta(four: Array, meson: str, table: ListFile, unit: str, beam_energy: float) -> None:
    """Raise CardError for the first meson off its mass shell or with more energy than the beam can give.

    Parameters
    ----------
    four : array (4, n)
        Rows px, py, pz, E in GeV, as far as the unit is right.
    meson : str
        Species.
    table : ListFile
        Where they come from.
    unit : {"GeV", "MeV"}
        What the card says that the file holds.
    beam_energy : float
        GeV.
    """
    good = _has_mass(four, meson, 1.0) & (four[3] > 0.0) & (four[3] < 2.0 * beam_energy)
    if good.all():
        return
    other, factor = ("MeV", 1e3) if unit == "GeV" else ("GeV", 1e-3)
    scaled = _has_mass(four, meson, factor) & (four[3] > 0.0)
    first = int(np.argmin(good))
    place, energy = table.place(first), four[3, first]
    square = energy**2 - float(np.sum(four[:3, first] ** 2))
    if scaled[first]:
        text = f"E^2 - p^2 is about ({factor:g} x the {meson} mass)^2"
        if np.any(good & ~scaled):
            raise CardError(f"{place}: mixed units: {text}, as in {other}; other entries are in {unit}")
        raise CardError(f"{place}: {text}: the momenta are in {other}, but list.momentum_unit is '{unit}'")
    if energy >= 2.0 * beam_energy:
        raise CardError(f"{place}: E = {energy:g} GeV, more than a beam of {beam_energy:g} GeV can give")
    raise CardError(
        f"{place}: off the mass shell: E = {energy:g} GeV, E^2 - p^2 = {square:g} GeV^2, "
        f"but the {meson} has {mass(meson) ** 2:g} GeV^2"
    )


def _has_mass(four: Array, meson: str, factor: float) -> NDArray[np.bool_]:
    """Return which mesons have their mass, times a factor, within its width and the tolerance."""
    centre, spread = mass(meson), WIDTHS * total_width(meson)
    square, tolerance = four[3] ** 2 - length(four[:3]) ** 2, TOLERANCE * four[3] ** 2
    low, high = max(centre - spread, 0.3 * centre), centre + spread
    out: NDArray[np.bool_] = (square >= (factor * low) ** 2 - tolerance) & (
        square <= (factor * high) ** 2 + tolerance
    )
    return out
