"""What placements of mesons that follow a density share: where they start, groups, alternatives."""

from collections.abc import Sequence

import numpy as np

from darkmc.biasing.placement import Placed
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.estimates import Groups
from darkmc.core.kinematics import Array
from darkmc.sources.mesons import MesonSource

_OWN = 7  # uniform numbers of a placement, before that of the depth


class MesonParents:
    """Base of placements of mesons of one species.

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

    def __init__(self, source: MesonSource, meson: str, meson_mass: float, origin: Array) -> None:
        self.source, self.meson, self.mass, self._origin = source, meson, meson_mass, origin

    @property
    def _deep(self) -> bool:
        """Whether mesons start in the depth of the target, not all where the beam hits it."""
        return self.source.densities.deepest > 0.0

    @property
    def n_uniform(self) -> int:
        """How many uniform numbers it takes."""
        return _OWN + self._deep

    @property
    def list_shares(self) -> Array:
        """What part of the events of a table each group is."""
        return self.source.densities.group_shares(self.meson)

    def factors(self, placed: Placed, names: Sequence[str]) -> Array:
        """Return by what alternatives of the source multiply the weights, shape (m, n)."""
        return self.source.factors_of(names, self.meson, placed.turned(placed.parent[1:]))

    def _groups(self, momentum: Array) -> Groups | None:
        """Return the groups of mesons of momenta (3, n) in the lab, GeV; None without."""
        return self.source.densities.groups(self.meson, momentum)

    def _starts(self, momentum: Array, uniform: Array) -> Array | None:
        """Return where (m) and when (ns) mesons start, (4, n); None: where the beam hits.

        The proton flies there at the speed of light.

        Parameters
        ----------
        momentum : array (3, n)
            In the lab, GeV.
        uniform : array (n_uniform, n)
            Those of the placement.
        """
        if not self._deep:
            return None
        depth = self.source.densities.depths(self.meson, momentum, uniform[_OWN])
        out = np.zeros((4, len(depth)))
        out[:3] = self._origin[:, None]
        out[2] += depth
        out[3] = depth / SPEED_OF_LIGHT_M_PER_NS
        return out
