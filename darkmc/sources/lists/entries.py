"""Mesons from lists: checked against mass shell, units and beam, then drawn at random.

What the list itself lacks in entries is an error of its own: entries belong to fixed groups (`estimates`).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.flux import MesonList, MesonListCard, event_format
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.estimates import GROUPS, Groups, group_of, group_sums
from darkmc.core.kinematics import Array, length, polar_angle
from darkmc.core.mixtures import ListDraw, half_flat
from darkmc.core.particles import canonical_name, mass
from darkmc.core.vocabulary import PDG_IDS
from darkmc.sources.lists.cells import spread
from darkmc.sources.lists.checks import FAR_M, check_axis, check_beam, check_momenta
from darkmc.sources.lists.hepmc import read_hepmc
from darkmc.sources.lists.lhe import read_lhe
from darkmc.sources.lists.naming import CELLS, VERTEX, WEIGHT
from darkmc.sources.lists.tables import ListFile, read_list

_NS_PER_S = 1e9
_BLOCK = 1_000_000
_M = {"m": 1.0, "cm": 1e-2, "mm": 1e-3}
_READERS = {"hepmc": read_hepmc, "lhe": read_lhe}


@dataclass(frozen=True, eq=False)
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
    fixed : bool
        `per_pot` is known apart from the list; otherwise the number of entries is as random as they are.
    collision : array (n,) or None
        What entries made together have in common, e.g. an event's number: they share a group.  None: nothing.
    interactions : int or None
        How many collisions made the entries, numbered from 0 on, those without one with them.
    drawn : bool
        Entries are some of the mesons, and their number limits what is known; not so cells of a table.
    remarks : tuple of str
        What a user should know of the list.
    """

    momentum: Array
    position: Array | None
    time: Array | None
    share: Array
    per_pot: float
    from_target: bool = True
    fixed: bool = True
    collision: NDArray[np.int64] | None = None
    interactions: int | None = None
    drawn: bool = True
    remarks: tuple[str, ...] = ()

    @cached_property
    def groups(self) -> Groups:
        """The group of each entry, fixed by its number in the list or that of its event."""
        return group_of(np.arange(len(self.share)) if self.collision is None else self.collision)

    @cached_property
    def group_shares(self) -> Array:
        """What part of the mesons each group should be; empty for cells.

        That which it is, where their number is fixed; that of the collisions, where these are; else equal.
        """
        if not self.drawn:
            return np.empty(0)
        if self.fixed:
            return group_sums(self.groups, self.share)
        return np.full(GROUPS, 1.0 / GROUPS) if self.interactions is None else _group_parts(self.interactions)

    @cached_property
    def size(self) -> Array:
        """Absolute values of the momenta, GeV."""
        return length(self.momentum)

    def direction(self, entry: NDArray[np.intp] | slice = slice(None)) -> Array:
        """Return unit vectors (3, n) of some entries; +z for mesons at rest."""
        size = self.size[entry]
        rest = size == 0.0
        out: Array = self.momentum[:, entry] / np.where(rest, 1.0, size)
        out[2] = np.where(rest, 1.0, out[2])
        return out

    @cached_property
    def _draw(self) -> ListDraw:
        """Half of the draws follow the weights, half keep what the list has plenty of."""
        return ListDraw(self.per_pot * self.share, half_flat(self.share))

    @property
    def weight(self) -> Array:
        """Mesons per POT that a draw of each entry stands for: the mean over draws is `per_pot`."""
        return self._draw.weight

    def relative_to(self, target: Array) -> "Entries":
        """Return the same mesons with positions relative to a target (3,) in the lab, m."""
        if self.from_target or self.position is None:
            return self
        return replace(self, position=self.position - target[:, None], from_target=True)

    def distance_from(self, target: Array) -> float:
        """Return how far from a target (3,) in the lab mesons are made in the mean, m."""
        position = self.relative_to(target).position
        return 0.0 if position is None else float(np.vdot(self.share, length(position)))

    def draw(self, uniform: Array) -> tuple[Array, Array, Array]:
        """Return momentum (GeV), theta (rad) and weight of entries drawn by uniform numbers (n,)."""
        entry = self._draw.pick(uniform)
        return self.size[entry], polar_angle(self.direction(entry)), self.weight[entry]


def _group_parts(n: int) -> Array:
    """Return what part of things numbered from 0 to n - 1 each group has."""
    counts = np.zeros(GROUPS)
    for first in range(0, n, _BLOCK):
        counts += np.bincount(group_of(np.arange(first, min(first + _BLOCK, n))), minlength=GROUPS)
    return counts / n


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
    files = _files(card, path)
    keys = {canonical_name(key): key for key in card.list_.files}
    lists = {meson: _entries(keys[meson], meson, table, card) for meson, table in files.items()}
    return lists, [table.sha256 for table in files.values()]


def _files(card: MesonListCard, path: str) -> dict[str, ListFile]:
    """Return the card's files by species; each file of events is read once."""
    names: dict[str, str] = {}
    for key, name in card.list_.files.items():
        try:
            meson = canonical_name(key)
        except PhysicsError as error:
            raise CardError(f"{path}: list.files: {error}") from None
        if meson in names:
            raise CardError(f"{path}: list.files: '{key}' is given twice under different names")
        names[meson] = name
    folder, out = Path(path).parent, dict[str, ListFile]()
    for meson, name in names.items():
        kind = event_format(name)
        if kind is None:
            out[meson] = read_list(folder / name, card.list_, PDG_IDS[meson])
        elif meson not in out:
            together = [other for other in names if names[other] == name]
            out |= _READERS[kind](folder / name, {other: PDG_IDS[other] for other in together})
    return {meson: out[meson] for meson in names}


def _entries(key: str, meson: str, table: ListFile, card: MesonListCard) -> Entries:
    settings = card.list_
    weight = _weights(table)
    unit = table.unit or settings.momentum_unit or "GeV"
    factor = 1e-3 if unit == "MeV" and table.unit is None else 1.0
    total = float(np.sum(weight))
    per_pot = settings.mesons_per_pot.get(key) or settings.weight_per_entry[key] * total
    if CELLS[0] in table.columns:
        return _of_cells(meson, table, card, factor, per_pot, key in settings.mesons_per_pot)
    columns = table.columns
    four = np.stack([columns[name] for name in ("px", "py", "pz", "E") if name in columns])
    four *= factor
    momentum, remark = four[:3], ""
    if "E" in columns:
        remark = check_momenta(four, meson, table, unit, card.beam.energy_GeV)
    else:
        check_beam(np.hypot(length(momentum), mass(meson)), table, card.beam.energy_GeV)
        momentum = momentum.copy()
        del four
    check_axis(momentum, weight / total, table)
    position, time = _vertices(table, settings)
    return Entries(
        momentum,
        position,
        time,
        weight / total,
        per_pot,
        from_target=settings.position_origin != "lab",
        fixed=key in settings.mesons_per_pot,
        collision=table.numbers if table.counted == "event" else None,
        remarks=tuple(filter(None, [*table.remarks, remark, _other_unit(table, settings)])),
    )


def _other_unit(table: ListFile, settings: MesonList) -> str:
    """Return that the card says another unit than the file, unless it is for files that say none."""
    silent = any(event_format(name) is None for name in settings.files.values())
    if silent or table.unit is None or settings.momentum_unit in (None, table.unit):
        return ""
    said = f"list.momentum_unit is '{settings.momentum_unit}', but the file says {table.unit}"
    return f"{table.path}: {said}: the file's unit is used"


def _weights(table: ListFile) -> Array:
    """Return the weights of the entries, 1 where the file has none; refuse what cannot be drawn by."""
    weight = table.columns.get(WEIGHT, np.ones(table.size))
    negative = np.flatnonzero(weight < 0.0)
    if len(negative):
        raise CardError(f"{table.place(int(negative[0]))}: the weight {weight[negative[0]]:g} is negative")
    total = float(np.sum(weight))
    if not 0.0 < total < np.inf:
        fault = "all weights are zero" if total == 0.0 else "the sum of all weights is no finite number"
        raise CardError(f"{table.path}: {fault}")
    return weight


def _of_cells(
    meson: str, table: ListFile, card: MesonListCard, factor: float, per_pot: float, fixed: bool
) -> Entries:
    """Return a table of cells as a list: azimuths of 0, which are turned when they are drawn."""
    columns, heaviest = table.columns, card.beam.energy_GeV
    log_p = columns[CELLS[1]] + np.log10(factor)
    with np.errstate(over="ignore"):
        check_beam(np.hypot(10.0**log_p, mass(meson)), table, heaviest)
    wide = np.flatnonzero(columns[CELLS[0]] > np.log10(np.pi))
    if len(wide):
        value = columns[CELLS[0]][wide[0]]
        raise CardError(f"{table.place(int(wide[0]))}: log10_theta is {value:g}, an angle of more than pi")
    highest = 0.5 * float(np.log10(max(heaviest**2 - mass(meson) ** 2, np.finfo(float).tiny)))
    theta, log_p, cell, side = spread(columns[CELLS[0]], log_p, highest)
    size, angle, weight = 10.0**log_p, 10.0**theta, columns[WEIGHT][cell] / side**2
    kept = weight > 0.0
    momentum = np.stack([size * np.sin(angle), np.zeros(len(size)), size * np.cos(angle)])
    remark = f"{table.path}: {table.size} cells, {side} x {side} places in each, isotropic in azimuth"
    return Entries(
        momentum[:, kept],
        None,
        None,
        weight[kept] / np.sum(weight),
        per_pot,
        fixed=fixed,
        drawn=False,
        remarks=(f"{remark}; what the table itself is unsure of is in no error", *table.remarks),
    )


def _vertices(table: ListFile, settings: MesonList) -> tuple[Array | None, Array | None]:
    """Return positions, from where the beam hits or from the lab's origin, in m, and times in ns."""
    columns = table.columns
    if VERTEX[0] in columns:
        position = np.stack([columns[name] for name in VERTEX[:3]])
        position *= _M[settings.length_unit] if table.unit is None else 1.0
        if "t" in columns:
            time = columns["t"] * (_NS_PER_S if settings.time_unit == "s" and table.unit is None else 1.0)
        else:
            time = position[2] / SPEED_OF_LIGHT_M_PER_NS
    elif settings.origin_m is not None:
        position, time = np.zeros((3, table.size)), np.zeros(table.size)
    else:
        return None, None
    if settings.origin_m is not None:
        position = position + np.array(settings.origin_m)[:, None]
        time = time + settings.origin_m[2] / SPEED_OF_LIGHT_M_PER_NS  # when the beam passes that place
    return position, time


def list_remarks(card: MesonListCard, lists: dict[str, Entries]) -> list[str]:
    """Return what a user should know of lists, each once: files, masses, positions far from the beam."""
    remarks = [remark for entries in lists.values() for remark in entries.remarks]
    return list(dict.fromkeys([*remarks, *_far_from_beam(card, lists)]))


def _far_from_beam(card: MesonListCard, lists: dict[str, Entries]) -> list[str]:
    """Return for which lists most mesons start far from where the beam hits, unless the card means it."""
    if card.list_.position_origin == "lab" or card.list_.origin_m is not None:
        return []
    remarks = []
    for meson, entries in lists.items():
        distance = 0.0 if entries.position is None else _median(length(entries.position), entries.share)
        if distance > FAR_M:
            text = f"the {meson} of the list start {distance:.3g} m from where the beam hits (median)"
            remarks.append(f"flux {card.name}: {text}: say in list.origin_m what their positions count from")
    return remarks


def _median(values: Array, share: Array) -> float:
    order = np.argsort(values)
    middle = np.searchsorted(np.cumsum(share[order]), 0.5)
    return float(values[order][min(int(middle), len(order) - 1)])
