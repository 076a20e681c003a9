"""How deep in a target mesons are made."""

from dataclasses import dataclass

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.mixtures import Index


@dataclass(frozen=True)
class Exponential:
    """Protons that interact after a mean path, all of them within a length.

    Parameters
    ----------
    mean_m, length_m : float
        Interaction length, and length of the target.
    """

    mean_m: float
    length_m: float

    @property
    def largest(self) -> float:
        """Largest depth, m."""
        return self.length_m

    def density(self, depth: Array) -> Array:
        """Return dN/dz per metre, z in m: exp(-z/mean)/mean over its integral up to the length."""
        inside = (depth >= 0.0) & (depth <= self.length_m)
        known = np.exp(-np.where(inside, depth, 0.0) / self.mean_m) / self.mean_m
        return np.where(inside, known / -np.expm1(-self.length_m / self.mean_m), 0.0)

    def sample(self, uniform: Array) -> Array:
        """Return depths in m."""
        out: Array = -self.mean_m * np.log1p(uniform * np.expm1(-self.length_m / self.mean_m))
        return out


@dataclass(frozen=True, eq=False)
class Binned:
    """Depths in bins, of the cells of a table each its own.

    Parameters
    ----------
    edges : array (k + 1,)
        m.
    contents : array (cells, k)
        Not negative; cells without any are spread evenly.
    """

    edges: Array
    contents: Array

    @property
    def largest(self) -> float:
        """Largest depth, m."""
        return float(self.edges[-1])

    def sample(self, cell: Index, uniform: Array) -> Array:
        """Return depths (m) of mesons of some cells."""
        own = self.contents[cell]
        empty = np.sum(own, axis=1) == 0.0
        own = np.where(empty[:, None], np.diff(self.edges), own)
        below = np.cumsum(own, axis=1)
        aim = uniform * below[:, -1]
        place = np.minimum(np.sum(below <= aim[:, None], axis=1), own.shape[1] - 1)
        row = np.arange(len(place))
        share = own[row, place]
        part = 1.0 - (below[row, place] - aim) / np.where(share > 0.0, share, 1.0)
        out: Array = self.edges[place] + np.clip(part, 0.0, 1.0) * np.diff(self.edges)[place]
        return out
