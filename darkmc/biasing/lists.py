"""Mesons of a list in the lab: turned about the beam axis, their dark states forced towards the detector.

Forcing: draw the dark state's lab direction in a cone around the detector, the meson's azimuth about the
beam axis among those from which a decay can go there, and one of the decays that do.  Mixed with decays as
they come, the density of which is known everywhere: that bounds the weights.
"""

from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from darkmc.biasing.forced import (
    AsItComes,
    Emission,
    Forced,
    azimuth_share,
    hit_chance,
)
from darkmc.biasing.natural import most
from darkmc.biasing.placement import Energies, Function, LabParents, Placed, Pointing, moving
from darkmc.core.kinematics import Array, Rotation, about_z, around, boost, length, polar_angle
from darkmc.core.maxima import largest_on_line
from darkmc.core.mixtures import Index, ListDraw, half_flat
from darkmc.geometry.cones import Cones, cones_of_sight
from darkmc.geometry.shape import Shape
from darkmc.sources.lists.entries import Entries

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
    """

    n_uniform, mappable = 6, (0, 1, 2)
    rough_bound = True  # dark states at rest set it, and hardly a row comes near it

    def __init__(
        self,
        entries: Entries,
        meson_mass: float,
        origin: Array,
        shape: Shape,
        aimed: bool = True,
        margin: float = 0.0,
    ) -> None:
        self.entries, self.mass = entries.relative_to(origin), meson_mass
        self.origin, self.shape, self.aimed, self.margin = origin, shape, aimed, margin

    @cached_property
    def _aim(self) -> "_Aim":
        """How the entries are drawn: aimed ones half by their chance to hit, as massless states would."""
        entries, position = self.entries, self.entries.position
        worth, chance = entries.per_pot * entries.share, half_flat(entries.share)
        order: Index = np.argsort(entries.size, kind="stable")
        if not self.aimed:
            return _Aim(ListDraw(worth, chance, order), None, np.ones(len(worth)))
        start = np.zeros((3, 1)) if position is None else position
        cones = cones_of_sight(self.shape, self.origin, start, self.margin)
        theta, gamma = polar_angle(entries.direction), np.hypot(entries.size / self.mass, 1.0)
        share = azimuth_share(gamma, cones, theta)
        hits = hit_chance(4.0 * gamma**2, cones, theta)
        likely = entries.share * np.where(cones.angle > 0.0, share * hits / (1.0 + hits), 1.0)
        chance = 0.5 * chance + 0.5 * likely / np.sum(likely)
        natural = np.minimum(share * (np.pi / self._azimuths(cones)[1]), 1.0)
        return _Aim(ListDraw(worth, chance, order), cones, natural)

    def _azimuths(self, cones: Cones) -> tuple[Array, Array]:
        """Return middle and half width of azimuths (rad) for decays as they come."""
        if self.margin == 0.0:
            return cones.azimuths
        return np.zeros(len(cones.angle)), np.full(len(cones.angle), np.pi)

    @property
    def list_shares(self) -> Array:
        """What part of the list each group of entries is."""
        return self.entries.group_shares

    def parents(self, uniform: Array) -> LabParents:
        """Return entries, which :meth:`place` turns about the beam axis; see :class:`Placement`."""
        entries, entry = self.entries, self._aim.draw.pick(uniform[0])
        weight, direction = self._aim.draw.weight[entry], entries.direction[:, entry]
        return LabParents(entries.size[entry], self.mass, weight, direction, self._start(entry), entry)

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
        meson, u = self.entries.direction[:, entry], self.entries.size[entry] / self.mass
        emission, cones = Emission(np.hypot(u, 1.0), u, energy, speed), aim.cones.at(entry)
        hits = aim.azimuth_share[entry] * hit_chance(emission.ahead, cones, polar_angle(meson))
        share = np.where(cones.angle > 0.0, FORCED_SHARE / (1.0 + hits), 0.0)
        return Forced(uniform, *self._azimuths(cones), emission, meson, cones, share)

    def _turned(self, start: Array, turn: Array) -> Array:
        """Return starts (4, n) turned about the beam, from where it hits the target."""
        return np.concatenate([self.origin[:, None] + about_z(start[:3], turn), start[3:]])

    def factors(self, placed: Placed) -> Array:
        """Return nothing: a list has no alternatives."""
        return np.empty((0, len(placed.weight)))

    def largest(self, energies: Energies, survival: Function, seen: Function) -> float:
        """Return an upper bound of weight x survival x seen; see :class:`Placement`."""
        limits = self.energy_range(energies.mass, energies.largest, energies.monochromatic)
        return self.largest_weight * largest_on_line(survival, limits) * most(seen)

    @property
    def largest_weight(self) -> float:
        """Largest weight of :meth:`place`."""
        aim = self._aim
        if aim.cones is None:
            return float(np.max(aim.draw.weight))
        rare = np.where(aim.cones.angle > 0.0, 1.0 - FORCED_SHARE, 1.0)
        return float(np.max(aim.draw.weight * (self._azimuths(aim.cones)[1] / np.pi / rare)))

    @property
    def path_range(self) -> tuple[float, float]:
        """Lower bound of the path to the volume and upper bound of the path in it, m."""
        x, y, z = np.zeros((3, 1)) if self.entries.position is None else self.entries.position
        centre = np.array(self.shape.centre_m) - self.origin
        distance = np.hypot(np.hypot(x, y) - np.hypot(centre[0], centre[1]), z - centre[2])
        return max(float(np.min(distance)) - self.shape.reach, 0.0), 2.0 * self.shape.reach

    def energy_range(self, mass: float, largest: float, monochromatic: bool) -> tuple[float, float]:
        """Return bounds of the dark state's lab energy, GeV.

        Parameters
        ----------
        mass, largest : float
            Its mass, and its largest energy in the meson's rest frame, GeV.
        monochromatic : bool
            It has this energy there always.
        """
        size, speed = self.entries.size, np.sqrt(max(largest**2 - mass**2, 0.0))
        energy = np.hypot(size, self.mass)
        ahead = size * largest - energy * speed  # below zero: the dark state can overtake, fly back or rest
        slowest = np.abs(ahead) if monochromatic else np.maximum(ahead, 0.0)
        top = np.max(energy * largest + size * speed) / self.mass
        return float(np.hypot(np.min(slowest) / self.mass, mass)), float(top)


class _Aim(NamedTuple):
    """How entries are drawn, from slow to fast, and where they are aimed.

    Attributes
    ----------
    draw : ListDraw
        Its weights are mesons per POT.
    cones : Cones or None
        Where to force; None: nowhere.
    azimuth_share : array (m,)
        See :func:`azimuth_share`; in the azimuths of decays as they come.
    """

    draw: ListDraw
    cones: Cones | None
    azimuth_share: Array


def _unit(vectors: Array, size: Array) -> Array:
    """Return vectors (3, n) over their length; +z for those of length 0."""
    rest = size == 0.0
    out: Array = vectors / np.where(rest, 1.0, size)
    out[2] = np.where(rest, 1.0, out[2])
    return out
