"""Mesons as they come: their full density in momentum and angle, and decays at any angle."""

from functools import partial

import numpy as np

from darkmc.biasing.meson_parents import MesonParents
from darkmc.biasing.placement import LabParents, Placed, Pointing, moving
from darkmc.core.kinematics import Array, Rotation, boost, length, unit_vector


class AnaloguePrimaries(MesonParents):
    """Mesons of one species, as they come."""

    mappable = (0, 1, 2)

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
        group, start = self._groups(momentum), self._starts(momentum, uniform)
        return Placed(parents.weight, parent, state, size, direction, moved, turned, start, group, axis)
