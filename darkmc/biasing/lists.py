"""Mesons of a list in the lab: turned about the beam axis, their dark states forced towards the detector.

Forcing: draw the dark state's lab direction in a cone around the detector, the meson's azimuth about the
beam axis among those from which a decay can go there, and one of the decays that do.  Mixed with decays as
they come, the density of which is known everywhere: that bounds the weights.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.biasing.forced import (
    AsItComes,
    Emission,
    Forced,
    azimuth_share,
    energy_towards,
    hit_chance,
)
from darkmc.biasing.placement import LabParents, Placed, Pointing, moving
from darkmc.biasing.tilts import Tilts, kappas
from darkmc.core.kinematics import Array, Rotation, about_z, around, boost, length, polar_angle
from darkmc.core.mixtures import Index, ListDraw, TiltedDraw, half_flat
from darkmc.geometry.cones import Cones, cones_of_sight
from darkmc.geometry.shape import Shape
from darkmc.sources.lists.entries import Entries

_STRETCHES = 512  # of the order of entries, in which what they are worth is looked at
_TAIL = 64  # more of them at the end, where what is worth most at great depths may be single entries
_UNTILTED = 0.1  # of the draws, whatever entries are worth: it bounds the weights
FORCED_SHARE = 0.9  # of the rows of a meson that hardly ever hits; 1/(1 - this) bounds their weights


class ListPrimaries:
    """Entries of a list, each with a flat azimuth about the beam axis.

    Aimed ones are drawn more often where they are likelier to hit, and forced to: see the module.  Where the
    detector is off the beam axis, the azimuth of those that are not forced is chosen so that the dark state's
    lies within the cone's range of half width h: a flat choice of weight h/pi.

    Parameters
    ----------
    entries : Entries
        The mesons.
    meson_mass : float
        GeV.
    origin : array (3,)
        Where the beam hits the target, m.
    shape : Shape
        The detector.
    aimed : bool
        Whether to send the state that is placed to the detector.
    margin : float
        By how much the cone is wider than the detector, relatively: above zero for states that need not
        themselves get there.
    worth : callable, optional
        From energies (k,) that massless states with half of the meson's mass have towards the detector, GeV,
        to roughly what entries are worth then: aimed ones are drawn more often where that is more, and lean
        forward where little is left.
    """

    n_uniform, mappable = 6, (0, 1, 2)

    def __init__(
        self,
        entries: Entries,
        meson_mass: float,
        origin: Array,
        shape: Shape,
        aimed: bool = True,
        margin: float = 0.0,
        worth: "Callable[[Array], Worth] | None" = None,
    ) -> None:
        self._aim = aim_of(entries, meson_mass, tuple(origin.tolist()), shape, margin if aimed else None)
        self.entries, self.mass = self._aim.entries, meson_mass
        self.origin, self.shape, self.margin = origin, shape, margin
        found = worth(self._aim.energies) if worth is not None and aimed else None
        self._parts = None if found is None else _parts(self._aim, found)
        factors = np.ones(len(self._aim.starts)) if self._parts is None else self._parts.factors
        self._draws = TiltedDraw(self._aim.draw, self._aim.starts, factors)

    @property
    def list_shares(self) -> Array:
        """What part of the list each group of entries is."""
        return self.entries.group_shares

    def parents(self, uniform: Array) -> LabParents:
        """Return entries, which :meth:`place` turns about the beam axis; see :class:`Placement`."""
        entry, weight = self._draws.pick(uniform[0])
        size, direction = self.entries.size[entry], self.entries.direction(entry)
        return LabParents(size, self.mass, weight, direction, self._start(entry), entry)

    def _start(self, entry: Index) -> Array | None:
        """Return where and when entries start; None: all as the beam hits the target."""
        position, time = self.entries.position, self.entries.time
        if position is None and time is None:
            return None
        out = np.zeros((4, len(entry)))
        if position is not None:
            out[:3] = position[:, entry]
        if time is not None:
            out[3] = time[entry]
        return out

    def place(
        self, parents: LabParents, arriving: Array, uniform: Array, pointing: Pointing | None = None
    ) -> Placed:
        """Return placed entries; see :class:`Placement`."""
        del pointing
        assert parents.entry is not None
        assert parents.direction is not None
        entry, speed = parents.entry, length(arriving[1:])
        draw = self._draw(entry, arriving[0], speed, uniform[1:5])
        axis = around(_unit(arriving[1:], speed), draw.cosine, 2.0 * np.pi * uniform[5])
        parent = moving(axis, parents.momentum, self.mass)
        moved = partial(boost, frame=parent, frame_mass=self.mass)
        state = moved(arriving)
        size = length(state[1:])
        flight = _unit(state[1:], size)
        rotation = Rotation(axis, parents.direction, draw.roll(axis, flight))
        flight = rotation(flight)
        turn = draw.turn(flight)
        direction = about_z(flight, turn)
        return Placed(
            weight=parents.weight * draw.weight(size, direction, turn),
            parent=parent,
            arriving=state,
            size=size,
            direction=direction,
            moved=moved,
            turned=rotation.then_about_z(turn),
            start=None if parents.start is None else self._turned(parents.start, turn),
            group=self.entries.groups[entry],
            axis=axis,
        )

    def _draw(self, entry: Index, energy: Array, speed: Array, uniform: Array) -> AsItComes:
        """Return how decays of some entries go, of given energies and momenta in the meson's frame."""
        aim, n = self._aim, len(entry)
        if aim.cones is None:
            return AsItComes(uniform, np.zeros(n), np.full(n, np.pi))
        meson, u = self.entries.direction(entry), self.entries.size[entry] / self.mass
        emission, cones = Emission(np.hypot(u, 1.0), u, energy, speed), aim.cones.at(entry)
        hits = aim.azimuth_share[entry] * hit_chance(emission.ahead, cones, polar_angle(meson))
        share = np.where(cones.angle > 0.0, FORCED_SHARE / (1.0 + hits), 0.0)
        tilts = self._tilts(entry, emission)
        return Forced(uniform, *_azimuths(cones, self.margin), emission, meson, cones, share, tilts)

    def _tilts(self, entry: Index, emission: Emission) -> Tilts | None:
        """Return how decays of some entries lean that are not forced; None: not at all."""
        if self._parts is None or not len(self._parts.depths):
            return None
        chances = np.take(self._parts.chances, self._aim.stretch[entry], axis=1)
        return Tilts(chances, kappas(self._parts.depths, emission.steepness))

    def _turned(self, start: Array, turn: Array) -> Array:
        """Return starts (4, n) turned about the beam, from where it hits the target."""
        return np.concatenate([self.origin[:, None] + about_z(start[:3], turn), start[3:]])

    def factors(self, placed: Placed, names: Sequence[str]) -> Array:
        """Return nothing: a list has no alternatives."""
        del names
        return np.empty((0, len(placed.weight)))


class Worth(NamedTuple):
    """Roughly what entries are worth, in some cases that matter.

    Attributes
    ----------
    depths : array (d,)
        C in GeV of exp(-C/E), the share that gets to the detector.
    shares : array (d,)
        Of the draws; they sum to 1.
    values : array (d, k)
        By the energies asked for, in any unit.
    """

    depths: Array
    shares: Array
    values: Array


class _Parts(NamedTuple):
    """How draws are shared among depths.

    Attributes
    ----------
    factors : array (k,)
        Of the chances of entries, by stretch.
    depths, chances : arrays (d,), (d, k)
        Depths above zero, and the share of a stretch's draws that is for each.
    """

    factors: Array
    depths: Array
    chances: Array


class _Aim(NamedTuple):
    """How entries are drawn, and where they are aimed; the same for all masses of dark states.

    Attributes
    ----------
    entries : Entries
        With positions from where the beam hits.
    draw : ListDraw
        Its weights are mesons per POT; from slow to fast, aimed ones by the energy towards the detector.
    starts, energies : arrays (k,)
        Stretches of that order, and the energy (GeV) in the middle of each: see :class:`ListPrimaries`.
    cones : Cones or None
        Where to force; None: nowhere.
    azimuth_share : array (m,)
        See :func:`azimuth_share`; in the azimuths of decays as they come.
    stretch : array (m,)
        In which stretch each entry lies.
    """

    entries: Entries
    draw: ListDraw
    starts: Index
    energies: Array
    cones: Cones | None
    azimuth_share: Array
    stretch: NDArray[np.int16]


def _stretches(cumulative: Array) -> Index:
    """Return where stretches of an order begin: alike in chance, and ever shorter ones before the end."""
    tail = 1.0 - np.geomspace(1.0 / _STRETCHES, 1e-9, _TAIL)
    edges = np.concatenate([np.linspace(0.0, 1.0, _STRETCHES, endpoint=False), tail])
    starts = np.unique(np.searchsorted(cumulative, edges))
    starts[0] = 0
    return starts[starts < len(cumulative)]


def _parts(aim: _Aim, worth: Worth) -> "_Parts":
    """Return how stretches are drawn for what their entries are worth."""
    size = np.diff(aim.draw.cumulative[aim.starts[1:] - 1], prepend=0.0, append=1.0)
    whole = np.maximum(worth.values @ size, 1e-300)
    parts = (1.0 - _UNTILTED) * (worth.shares / whole)[:, None] * worth.values
    factors = _UNTILTED + np.sum(parts, axis=0)
    deep = worth.depths > 0.0
    return _Parts(factors, worth.depths[deep], (parts / factors)[deep])


def _azimuths(cones: Cones, margin: float) -> tuple[Array, Array]:
    """Return middle and half width of azimuths (rad) for decays as they come."""
    if margin == 0.0:
        return cones.azimuths
    return np.zeros(len(cones.angle)), np.full(len(cones.angle), np.pi)


@lru_cache(maxsize=24)  # species, states that need not themselves arrive, and some experiments
def aim_of(
    entries: Entries, mass: float, origin: tuple[float, float, float], shape: Shape, margin: float | None
) -> _Aim:
    """Return how entries are drawn: half by their chance to hit, if massless; without margin as they are."""
    entries = entries.relative_to(np.array(origin))
    size, share = entries.size, entries.share
    worth, chance = entries.per_pot * share, half_flat(share)
    gamma = np.hypot(size / mass, 1.0)
    if margin is None:
        draw = ListDraw(worth, chance, _sorted(size))
        none = np.zeros(0, dtype=np.int16)
        return _Aim(entries, draw, np.zeros(1, dtype=np.intp), np.ones(1), None, np.ones(1), none)
    start = np.zeros((3, 1)) if entries.position is None else entries.position
    cones = cones_of_sight(shape, np.array(origin), start, margin)
    theta = polar_angle(entries.direction())
    turned = azimuth_share(gamma, cones, theta)
    hits = hit_chance(4.0 * gamma**2, cones, theta)
    likely = share * np.where(cones.angle > 0.0, turned * hits / (1.0 + hits), 1.0)
    chance = 0.5 * chance + 0.5 * likely / np.sum(likely)
    towards = energy_towards(gamma, cones, theta) * mass
    draw = ListDraw(worth, chance, _sorted(towards))
    starts = _stretches(draw.cumulative)
    middle = (starts + np.append(starts[1:], len(share))) // 2
    natural = np.minimum(turned * (np.pi / _azimuths(cones, margin)[1]), 1.0)
    stretch = np.empty(len(share), dtype=np.int16)
    numbers = np.arange(len(starts), dtype=np.int16)
    stretch[draw.at(np.arange(len(share)))] = np.repeat(numbers, np.diff(starts, append=len(share)))
    return _Aim(entries, draw, starts, towards[draw.at(middle)], cones, natural, stretch)


def _sorted(values: Array) -> Index:
    order: Index = np.argsort(values, kind="stable")
    return order.astype(np.int32 if len(order) < 2**31 else np.intp)


def _unit(vectors: Array, size: Array) -> Array:
    """Return vectors (3, n) over their length; +z for those of length 0."""
    rest = size == 0.0
    out: Array = vectors / np.where(rest, 1.0, size)
    out[2] = np.where(rest, 1.0, out[2])
    return out
