"""Beams that cross at one place: nothing is drawn, and nothing aimed, of the parents."""

from collections.abc import Sequence

import numpy as np

from darkmc.biasing.placement import LabParents, Placed, Pointing
from darkmc.core.kinematics import Array
from darkmc.sources.beams import Beams


class Crossing:
    """Pairs of beam particles; emissions are given in their centre of mass, z along the electrons.

    Parameters
    ----------
    beams : Beams
        Of the collider.
    """

    n_uniform = 0
    mappable: tuple[int, ...] = ()
    list_shares: Array = np.empty(0)

    def __init__(self, beams: Beams) -> None:
        self.beams = beams
        self._total = (beams.electron + beams.positron)[:, None]
        self._momentum = float(np.linalg.norm(self._total[1:]))

    def parents(self, uniform: Array) -> LabParents:
        """Return the pairs of beam particles, all alike; see :class:`Placement`."""
        n = uniform.shape[1]
        return LabParents(np.full(n, self._momentum), self.beams.sqrt_s, np.ones(n))

    def place(
        self, parents: LabParents, arriving: Array, uniform: Array, pointing: Pointing | None = None
    ) -> Placed:
        """Return the beams, and the photon that arrives, in the lab; see :class:`Placement`."""
        del uniform, pointing
        photon = self.beams.to_lab(arriving)
        direction, moved = photon[1:] / photon[0], self.beams.to_lab
        return Placed(parents.weight, self._total, photon, photon[0], direction, moved, _as_it_is)

    def factors(self, placed: Placed, names: Sequence[str]) -> Array:
        """Return nothing: beams have no alternatives."""
        del names
        return np.empty((0, len(placed.weight)))


def _as_it_is(vectors: Array) -> Array:
    return vectors
