"""Mesons as they come: their full density in momentum and angle, and decays at any angle."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from darkmc.biasing.depths import starts
from darkmc.biasing.placement import LabParents, Placed, Pointing, moving
from darkmc.core.kinematics import Array, Rotation, boost, length, unit_vector
from darkmc.sources.mesons import MesonSource


class AnaloguePrimaries:
    """Mesons of one species, as they come.

    Parameters
    ----------
    source : MesonSource
        Where they come from.
    meson : str
        The species.
    meson_mass : float
        GeV.
    origin : array (3,)
        Where the beam hits the target, m.
    """

    mappable = (0, 1, 2)

    def __init__(self, source: MesonSource, meson: str, meson_mass: float, origin: Array) -> None:
        self._origin = origin
        self.source, self.meson, self.mass = source, meson, meson_mass

    def parents(self, uniform: Array) -> LabParents:
        """Return mesons; see :class:`Placement`."""
        momentum, theta, weight = self.source.draw(self.meson, uniform[:3])
        direction = unit_vector(np.cos(theta), 2.0 * np.pi * uniform[3])
        return LabParents(momentum, self.mass, weight, direction)

    def place(
        self, parents: LabParents, arriving: Array, uniform: Array, pointing: Pointing | None = None
    ) -> Placed:
        """Return placed mesons; see :class:`Placement`."""
        del pointing
        assert parents.direction is not None
        axis = unit_vector(2.0 * uniform[4] - 1.0, 2.0 * np.pi * uniform[5])
        parent = moving(axis, parents.momentum, self.mass)
        moved = partial(boost, frame=parent, frame_mass=self.mass)
        state = moved(arriving)
        size = length(state[1:])
        turned = Rotation(axis, parents.direction, 2.0 * np.pi * uniform[6])
        direction = turned(state[1:] / size)
        momentum = parents.direction * parents.momentum
        group = self.source.densities.groups(self.meson, momentum)
        start = starts(self.source, self.meson, momentum, uniform[7:], self._origin)
        return Placed(parents.weight, parent, state, size, direction, moved, turned, start, group, axis)

    @property
    def n_uniform(self) -> int:
        """How many uniform numbers it takes."""
        return 7 + (self.source.densities.deepest > 0.0)

    @property
    def list_shares(self) -> Array:
        """What part of the events of a table each group is."""
        return self.source.densities.group_shares(self.meson)

    def factors(self, placed: Placed, names: Sequence[str]) -> Array:
        """Return by what alternatives of the source multiply the weights, shape (m, n)."""
        return self.source.factors_of(names, self.meson, placed.turned(placed.parent[1:]))
