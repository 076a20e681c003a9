"""Edges of a region of mass and coupling, straight between their points in the logarithms."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.units import numbers

_ASIDE = 1e-9  # how far, relative, a node lies beyond the end of a stroke


@dataclass(frozen=True, eq=False)
class Stroke:
    """Edges of an excluded region over an interval of masses.

    Attributes
    ----------
    mass : array (n,)
        GeV, increasing, at least two.
    lower, upper : array (n,)
        Couplings between which all is excluded; `upper` inf, everywhere, if the region is open above.

    Raises
    ------
    PhysicsError
        If the masses do not increase, a number is not above zero, or the edges cross; it names the point.
    """

    mass: Array
    lower: Array
    upper: Array

    def __post_init__(self) -> None:
        for name in ("mass", "lower", "upper"):
            object.__setattr__(self, name, numbers(name, getattr(self, name)))
        found = fault(self.mass, self.lower, self.upper)
        if found:
            raise PhysicsError(f"point {found[0] + 1}: {found[1]}")

    def at(self, masses: Array) -> tuple[Array, Array]:
        """Return lower and upper edge at some masses (GeV); nan outside the stroke."""
        x, nodes = np.log(masses), np.log(self.mass)
        inside = (masses >= self.mass[0]) & (masses <= self.mass[-1])
        lower = np.exp(np.interp(x, nodes, np.log(self.lower)))
        open_above = np.isinf(self.upper[0])
        upper = np.inf if open_above else np.exp(np.interp(x, nodes, np.log(self.upper)))
        return np.where(inside, lower, np.nan), np.where(inside, upper, np.nan)


def fault(mass: Array, lower: Array, upper: Array) -> tuple[int, str] | None:
    """Return what is wrong with the edges of a region, and at which point; None if nothing is."""
    if not (mass.ndim == 1 and mass.shape == lower.shape == upper.shape and mass.size >= 2):
        return 0, "a curve takes at least two points, each with a mass and its edges"
    for k in range(mass.size):
        if not (0.0 < mass[k] < np.inf and 0.0 < lower[k] < np.inf and upper[k] > 0.0):
            return k, "mass and couplings must be finite numbers above zero"
        if k and mass[k] <= mass[k - 1]:
            return k, f"masses must increase: {mass[k]:g} GeV follows {mass[k - 1]:g}"
        if upper[k] < lower[k]:
            return k, f"the curve crosses itself: the upper edge {upper[k]:g} is below the lower {lower[k]:g}"
        if np.isinf(upper[k]) != np.isinf(upper[0]):
            return k, "the upper edge is there at some points and missing at others"
    return None


def nodes(strokes: Iterable[Stroke], low: float, high: float) -> Array:
    """Return the masses between `low` and `high` at which an edge bends, and just beyond where one ends."""
    each = tuple(strokes)
    ends = [stroke.mass[[0, -1]] * [1.0 - _ASIDE, 1.0 + _ASIDE] for stroke in each]
    found: Array = np.unique(np.concatenate([*(stroke.mass for stroke in each), *ends, np.empty(0)]))
    return found[(found > low) & (found < high)]
