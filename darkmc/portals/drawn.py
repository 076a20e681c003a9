"""Events of a process whose momenta are made when they are asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from darkmc.core.kinematics import Array


@dataclass(frozen=True)
class Drawn:
    """A :class:`darkmc.portals.portal.Draw` of functions.

    Attributes
    ----------
    weight : array (n,)
        Weights at G = 1.
    momenta : mapping
        By name, what makes a four-momentum (4, n), GeV.
    spins : mapping
        By name, what makes a linear polarisation four-vector (4, n) or None; a name that lacks has none.
    made : dict
        Momenta that have been made.
    """

    weight: Array
    momenta: Mapping[str, Callable[[], Array]]
    spins: Mapping[str, Callable[[], Array | None]] = field(default_factory=dict)
    made: dict[str, Array] = field(default_factory=dict)

    def momentum(self, name: str) -> Array:
        """Return the four-momentum (4, n) of a product, GeV; made once."""
        if name not in self.made:
            self.made[name] = self.momenta[name]()
        return self.made[name]

    def spin(self, name: str) -> Array | None:
        """Return its linear polarisation four-vector (4, n), or None."""
        return self.spins[name]() if name in self.spins else None


def at_rest(axis: Array) -> Array:
    """Return the polarisation four-vectors (4, n) of axes (3, n) in the rest frame."""
    return np.concatenate([np.zeros((1, axis.shape[1])), axis])
