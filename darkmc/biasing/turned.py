"""Mesons and their decays turned towards the detector.

Turning (importance sampling): draw the meson's momentum from the forward density times a factor, the decay
as it comes except for a known tilt of the boost's direction, and the dark state's lab direction inside
the solid angle of the detector; the meson's direction follows.  Rotations preserve the measure, so the
weight is density(p, theta) x solid angle over the sampling density of p, with no other Jacobian.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from darkmc.biasing.depths import starts
from darkmc.biasing.placement import Energies, Function, LabParents, Placed, Pointing, moving
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, Rotation, around, boost, length
from darkmc.core.maxima import largest_on_grid
from darkmc.geometry.directions import DirectionProposal
from darkmc.sources.mesons import MesonSource


@dataclass(frozen=True)
class Aim:
    """One component of the mixture of proposals.

    Attributes
    ----------
    share : float
        Its share of the rows.
    depth : float
        C in GeV: the component expects to lose exp(-C/E) of dark states of energy E on the way.
    momentum_factor : array (m,)
        By what the forward density is multiplied, on the grid of :class:`TurnedPrimaries`.
    """

    share: float
    depth: float
    momentum_factor: Array


_Component = tuple[Array, Array | None, Array | None]


def momentum_grid(largest: float) -> Array:
    """Return 64 momenta from 0 to the largest, equidistant in the square root."""
    return largest * np.linspace(0.0, 1.0, 64) ** 2


class TurnedPrimaries:
    """Mesons turned so that the dark state flies into the detector's solid angle.

    Parameters
    ----------
    source, meson, meson_mass
        Where the mesons come from.
    proposal : DirectionProposal
        The detector's solid angle.
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
    path_range, rough_bound = None, False

    def __init__(
        self,
        source: MesonSource,
        meson: str,
        meson_mass: float,
        proposal: DirectionProposal,
        momenta: Array,
        aims: Sequence[Aim],
        origin: Array,
    ) -> None:
        self._origin = origin
        self.source, self.meson, self.mass, self.proposal = source, meson, meson_mass, proposal
        self._aims = aims
        forward = source.proposal(meson, momenta)
        if not np.any(forward > 0.0):
            raise PhysicsError(f"flux {source.card.name}: no {meson} flies forward at this beam energy")
        self._factors = np.stack(
            [
                aim.share * aim.momentum_factor / np.trapezoid(forward * aim.momentum_factor, momenta)
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

        A component of depth C draws cos psi from exp(kappa cos psi), kappa the slope of -C/E at cos psi = 1;
        kappa is None, and cos psi flat, for depth 0.
        """
        chances = self._components_at(momentum)
        chances /= np.sum(chances, axis=0)
        steepness = speed * self.mass / (momentum * (energy + speed) ** 2)
        out: list[_Component] = []
        for aim, chance in zip(self._aims, chances, strict=True):
            if aim.depth == 0.0:
                out.append((chance, None, None))
                continue
            kappa = np.minimum(aim.depth * steepness, 300.0) + 1e-6
            out.append((chance, kappa, np.exp(-2.0 * kappa)))
        return out

    @staticmethod
    def _angle_weight(components: list[_Component], cosine: Array) -> Array:
        """Return the flat density of cos psi over that of the mixture."""
        density = np.zeros_like(cosine)
        for chance, kappa, low in components:
            if kappa is None or low is None:
                density += chance
            else:
                density += chance * (2.0 * kappa / (1.0 - low)) * np.exp(kappa * (cosine - 1.0))
        return 1.0 / density

    def _angle(self, momentum: Array, unstable: Array, uniform: Array) -> tuple[Array, Array]:
        """Return cos psi between dark state and boost, and its weight, from uniforms (2, n)."""
        components = self._components(momentum, unstable[0], length(unstable[1:]))
        flat = 2.0 * uniform[1] - 1.0
        cosine, start = flat, np.zeros_like(momentum)
        for chance, kappa, low in components:
            drawn = flat
            if kappa is not None and low is not None:
                drawn = np.maximum(1.0 + np.log(low + (1.0 - low) * uniform[1]) / kappa, -1.0)
            cosine = np.where(uniform[0] >= start, drawn, cosine)
            start = start + chance
        return cosine, self._angle_weight(components, cosine)

    def largest_weight(self, momentum: Array, energy: Array, speed: Array, cosine: Array) -> Array:
        """Return the largest weight of :meth:`place` at given meson momenta and dark states, for bounds."""
        sampled = np.sum(self._components_at(momentum), axis=0)
        forward = np.maximum(self.source.proposal(self.meson, momentum), 1e-300)
        ratio = self.source.largest_density(self.meson, momentum) / forward
        weight = ratio * self._table.largest_weight(self._mixture) / sampled
        components = self._components(momentum, energy, speed)
        out: Array = weight * self._angle_weight(components, cosine) * self.proposal.largest_weight
        return out

    def largest(self, energies: Energies, survival: Function, seen: Function) -> float:
        """Return an upper bound of weight x survival x seen; see :class:`Placement`."""
        mass = energies.parent

        def weight(x: Array) -> Array:
            momentum, energy, cosine = np.exp(x[0]), x[1], x[2]
            speed = np.sqrt(np.maximum(energy**2 - energies.mass**2, 0.0))
            lab = (energy * np.hypot(momentum, mass) + speed * momentum * cosine) / mass
            placed = self.largest_weight(momentum, energy, speed, cosine)
            out: Array = placed * survival(lab) * seen(lab)
            return out

        least = energies.largest * (1.0 - 1e-12) if energies.monochromatic else energies.mass
        top = self.source.largest_momentum * (1.0 - 1e-6)
        return largest_on_grid(
            weight,
            np.array([np.log(1e-3 * top), least, -1.0]),
            np.array([np.log(top), energies.largest, 1.0]),
        )

    @property
    def n_uniform(self) -> int:
        """How many uniform numbers it takes."""
        return 7 + (self.source.densities.deepest > 0.0)

    @property
    def list_shares(self) -> Array:
        """What part of the events of a table each group is."""
        return self.source.densities.group_shares(self.meson)

    def factors(self, placed: Placed) -> Array:
        """Return by what the alternatives of the source multiply the weights, shape (m, n)."""
        return self.source.factors_of(self.meson, placed.turned(placed.parent[1:]))

    def parents(self, uniform: Array) -> LabParents:
        """Return mesons, whose directions follow from those of their dark states; see :class:`Placement`."""
        momentum, slope = self._table.sample(uniform[0])
        return LabParents(momentum, self.mass, slope)

    def place(
        self, parents: LabParents, arriving: Array, uniform: Array, pointing: Pointing | None = None
    ) -> Placed:
        """Return placed mesons: the state that arrives, or what points, lies in the solid angle."""
        momentum = parents.momentum
        cosine, angle_weight = self._angle(momentum, arriving, uniform[1:3])
        axis = around(arriving[1:] / length(arriving[1:]), cosine, 2.0 * np.pi * uniform[3])
        parent = moving(axis, momentum, self.mass)
        moved = partial(boost, frame=parent, frame_mass=self.mass)
        state = moved(arriving)
        size = length(state[1:])
        flight = state[1:] / size
        direction, solid_angle = self.proposal.sample(uniform[4], uniform[5])
        aimed = flight if pointing is None else pointing(moved, state)
        turned = Rotation(aimed, direction, 2.0 * np.pi * uniform[6])
        if pointing is not None:
            direction = turned(flight)
        lab = turned(axis)
        transverse2 = (lab[0] ** 2 + lab[1] ** 2) * momentum**2
        density = self.source.density_per_solid_angle(self.meson, momentum, lab[2], transverse2)
        weight = density * parents.weight * angle_weight * solid_angle
        group = self.source.densities.groups(self.meson, lab * momentum)
        start = starts(self.source, self.meson, lab * momentum, uniform[7:], self._origin)
        return Placed(weight, parent, state, size, direction, moved, turned, start, group, axis)
