"""Mesons and their decays turned towards the detector.

Turning (importance sampling): draw the meson's momentum from the forward density times a factor, the decay
as it comes except for a known tilt of the boost's direction, the dark state's lab direction inside the solid
angle of the detector, and the azimuth about it at which the meson is.  Rotations preserve the measure, so the
weight is density(p, theta) over the densities of momentum, direction and azimuth, with no other Jacobian.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.biasing.following import Angle, Lean, Towards, chord, lean, spread
from darkmc.biasing.meson_parents import MesonParents
from darkmc.biasing.placement import LabParents, Placed, Pointing, moving
from darkmc.biasing.tilts import kappas, leaning, leaning_density
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import (
    Array,
    Rotation,
    Triad,
    around,
    beam_pair,
    boost,
    length,
    perpendicular_pair,
)
from darkmc.sources.mesons import MesonSource


@dataclass(frozen=True)
class Aim:
    """One component of the mixture of proposals.

    Attributes
    ----------
    share : float
        Its share of the rows.
    depth : float
        C in GeV: the component's decays lean forward as if exp(-C/E) of dark states of energy E were left.
    momentum_factor : array (m,)
        By what the forward density is multiplied, on the grid of :class:`TurnedPrimaries`.
    following : float
        Share of its rows whose directions follow the mesons; the others are flat in the solid angle.
    least : float
        Energy (GeV) that dark states need: a component of depth 0 has only decays that leave it, if any do.
    """

    share: float
    depth: float
    momentum_factor: Array
    following: float = 0.0
    least: float = 0.0


_FINE = 1009  # points at which shares of components are integrated
_Component = tuple[Array, Array | None, Array]


def momentum_grid(largest: float) -> Array:
    """Return 64 momenta from 0 to the largest, equidistant in the square root."""
    return largest * np.linspace(0.0, 1.0, 64) ** 2


def above(least: float, momentum: Array, mass: float, energy: Array, speed: Array) -> Array:
    """Return the share of the range of cos psi, up to 1, in which states have a least lab energy; 1 for none.

    Parameters
    ----------
    least : float
        GeV.
    momentum, mass : array, float
        Of the mesons, GeV.
    energy, speed : array
        Energy and momentum of the states in the frames of the mesons, GeV.
    """
    across = 2.0 * momentum * speed
    over = energy * np.hypot(momentum, mass) + 0.5 * across - least * mass
    part = over / np.maximum(across, 1e-300)
    out: Array = np.where((part > 0.0) & (part < 1.0), part, 1.0)
    return out


class TurnedPrimaries(MesonParents):
    """Mesons turned so that the dark state flies into the detector's solid angle.

    Parameters
    ----------
    source, meson, meson_mass
        Where the mesons come from.
    towards : Towards
        Directions into the detector's solid angle.
    momenta : array (m,)
        Meson momenta (GeV) from 0 to the largest, from :func:`momentum_grid`.
    aims : sequence of Aim
        Components, mixed with known weights so that one sample serves both edges of an exclusion.
    origin : array (3,)
        Where the beam hits the target, m.

    Raises
    ------
    PhysicsError
        If the source has no mesons in the forward direction.
    """

    mappable = (0, 1, 2)

    def __init__(
        self,
        source: MesonSource,
        meson: str,
        meson_mass: float,
        towards: Towards,
        momenta: Array,
        aims: Sequence[Aim],
        origin: Array,
    ) -> None:
        super().__init__(source, meson, meson_mass, origin)
        self.towards, self._aims, self._grouped = towards, aims, len(self.list_shares) > 0
        forward = source.proposal(meson, momenta)
        if not np.any(forward > 0.0):
            raise PhysicsError(f"flux {source.card.name}: no {meson} flies forward at this beam energy")
        # within the cells too: what is left of great depths changes by many powers of ten in the last one
        place = np.linspace(0.0, 1.0, _FINE)
        fine = momenta[-1] * place**2
        measure = source.proposal(meson, fine) * np.gradient(fine)
        nodes = np.linspace(0.0, 1.0, len(momenta))
        self._factors = np.stack(
            [
                aim.share
                * aim.momentum_factor
                / np.vdot(measure, np.interp(place, nodes, aim.momentum_factor))
                for aim in aims
            ]
        )
        self._steps = np.diff(self._factors, axis=1)
        self._table = source.shape(meson).momentum_table(self._mixture)

    def _components_at(self, momentum: Array) -> Array:
        """Return the factor of every component, linear in sqrt(p) between the points of the grid, (k, n)."""
        last = self._factors.shape[1] - 1
        position = np.sqrt(momentum * (last**2 / self.source.largest_momentum))
        cell = np.minimum(position.astype(np.intp), last - 1)
        low = np.take(self._factors, cell, axis=1)
        out: Array = low + (position - cell) * np.take(self._steps, cell, axis=1)
        return out

    def _mixture(self, momentum: Array) -> Array:
        out: Array = self.source.proposal(self.meson, momentum) * np.sum(
            self._components_at(momentum), axis=0
        )
        return out

    def _components(self, momentum: Array, energy: Array, speed: Array) -> list[_Component]:
        """Return chance, kappa and exp(-2 kappa) of every component, for dark states in the meson's frame.

        A component of depth C draws cos psi from exp(kappa cos psi), kappa the slope of -C/E at cos psi = 1.
        For depth 0 kappa is None, and cos psi flat over what the third is of the range, up to 1.
        """
        chances = self._components_at(momentum)
        chances /= np.sum(chances, axis=0)
        steepness = speed * self.mass / (momentum * (energy + speed) ** 2)
        out: list[_Component] = []
        for aim, chance in zip(self._aims, chances, strict=True):
            if aim.depth == 0.0:
                out.append((chance, None, self._range(aim.least, momentum, energy, speed)))
                continue
            kappa = kappas(aim.depth, steepness)
            out.append((chance, kappa, np.exp(-2.0 * kappa)))
        return out

    def _range(self, least: float, momentum: Array, energy: Array, speed: Array) -> Array:
        """Return the share of the range of cos psi in which dark states have a least energy: `above`."""
        return np.ones_like(momentum) if least == 0.0 else above(least, momentum, self.mass, energy, speed)

    def _densities(self, components: list[_Component], cosine: Array) -> tuple[Array, Array]:
        """Return the density of cos psi over the flat one: by rows whose directions follow, and by others."""
        following, others = np.zeros_like(cosine), np.zeros_like(cosine)
        for aim, (chance, kappa, low) in zip(self._aims, components, strict=True):
            if kappa is None:
                density = np.where(1.0 - cosine <= 2.0 * low, chance / low, 0.0)
            else:
                density = leaning_density(chance, cosine, kappa, 1.0 - low)
            others += (1.0 - aim.following) * density
            if aim.following > 0.0:
                following += aim.following * density
        return following, others

    def _angle(self, momentum: Array, unstable: Array, uniform: Array) -> "_Angles":
        """Return cos psi between dark state and boost from uniforms (2, n), and whether the row follows."""
        components = self._components(momentum, unstable[0], length(unstable[1:]))
        cosine, start = 2.0 * uniform[1] - 1.0, np.zeros_like(momentum)
        follows = np.zeros(momentum.shape, dtype=bool)
        for aim, (chance, kappa, low) in zip(self._aims, components, strict=True):
            last = aim is self._aims[-1]  # whatever the chances add up to
            mine = np.flatnonzero((uniform[0] >= start) & ((uniform[0] < start + chance) | last))
            if kappa is None:
                cosine[mine] = 1.0 - 2.0 * low[mine] * (1.0 - uniform[1, mine])
            else:
                cosine[mine] = leaning(uniform[1, mine], kappa[mine], low[mine])
            follows[mine] = uniform[0, mine] < start[mine] + aim.following * chance[mine]
            start += chance
        return _Angles(cosine, follows, *self._densities(components, cosine))

    def _at(self, momentum: Array, fall: Array) -> Array:
        """Return the density of mesons at 1 - cos(theta), 1/(GeV sr)."""
        transverse2 = fall * (2.0 - fall) * momentum**2
        return self.source.density_per_solid_angle(self.meson, momentum, 1.0 - fall, transverse2)

    def parents(self, uniform: Array) -> LabParents:
        """Return mesons, whose directions follow from those of their dark states; see :class:`Placement`."""
        momentum, slope = self._table.sample(uniform[0])
        return LabParents(momentum, self.mass, slope)

    def place(
        self, parents: LabParents, arriving: Array, uniform: Array, pointing: Pointing | None = None
    ) -> Placed:
        """Return placed mesons: the state that arrives, or what points, lies in the solid angle."""
        momentum = parents.momentum
        angles = self._angle(momentum, arriving, uniform[1:3])
        axis = around(arriving[1:] / length(arriving[1:]), angles.cosine, 2.0 * np.pi * uniform[3])
        parent = moving(axis, momentum, self.mass)
        moved = partial(boost, frame=parent, frame_mass=self.mass)
        state = moved(arriving)
        size = length(state[1:])
        flight = state[1:] / size
        aimed = flight if pointing is None else pointing(moved, state)
        source = (*perpendicular_pair(aimed), aimed)
        first, second, along = (np.einsum("ij,ij->j", vector, axis) for vector in source)
        apart, width = Angle.of(along, np.sqrt(first**2 + second**2)), spread(momentum)
        direction, *densities = self.towards.sample(
            uniform[4], uniform[5], angles.follows, width + chord(apart)
        )
        leaning = lean(uniform[6], Angle.to_beam(direction), apart, width)
        turned = _turned(source, (first, second), direction, leaning)
        weight = self._at(momentum, leaning.fall) * parents.weight * leaning.weight
        weight /= angles.others * densities[0] + angles.following * densities[1]
        if pointing is not None:
            direction = turned(flight)
        group, start = None, None
        if self._grouped or self._deep:
            lab = turned(parent[1:])
            group, start = self._groups(lab), self._starts(lab, uniform)
        return Placed(weight, parent, state, size, direction, moved, turned, start, group, axis)


class _Angles(NamedTuple):
    """Angles between dark states and boosts.

    Attributes
    ----------
    cosine : array (n,)
        Of psi.
    follows : array (n,) of bool
        The directions that are to follow.
    following, others : array (n,)
        The density of cos psi over the flat one: by rows whose directions follow, and by others.
    """

    cosine: Array
    follows: NDArray[np.bool_]
    following: Array
    others: Array


def _turned(source: Triad, across: tuple[Array, Array], direction: Array, leaning: Lean) -> Rotation:
    """Return turns of what is aimed, the third of a triad, to a direction, and of mesons as they lean.

    Parameters
    ----------
    source : (array, array, array) of (3, n)
        The triad.
    across : (array, array) of (n,)
        Parts of the meson's direction along the triad's first and second.
    direction : array (3, n)
        In the lab.
    leaning : Lean
        Where the meson is about it.
    """
    size = np.sqrt(across[0] ** 2 + across[1] ** 2)
    there = size > 0.0
    x, y = (
        np.where(there, across[0], 1.0) / np.where(there, size, 1.0),
        across[1] / np.where(there, size, 1.0),
    )
    cosine = leaning.cosine * x + leaning.sine * y
    sine = leaning.sine * x - leaning.cosine * y
    first, second = beam_pair(direction)
    return Rotation.between(
        source, (cosine * first + sine * second, cosine * second - sine * first, direction)
    )
