"""Cones from places on the beam axis that hold a body seen from anywhere at some distance from there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array, around, azimuthal_angle, length, polar_angle
from darkmc.geometry.shape import Mask, Shape

_WIDEST = np.radians(80.0)  # a wider cone does not hold a convex body for sure, and gains next to nothing


@dataclass(frozen=True)
class Cones:
    """Cones from m places on the beam axis.

    Attributes
    ----------
    centre : array (3, m)
        Unit vectors along their axes.
    angle : array (m,)
        Half their opening, rad; 0 where there is no cone.
    """

    centre: Array
    angle: Array

    def at(self, index: NDArray[np.intp]) -> "Cones":
        """Return the cones of some places; a single one serves all."""
        if len(self.angle) == 1:
            index = np.zeros_like(index)
        return Cones(self.centre[:, index], self.angle[index])

    @property
    def solid_angle(self) -> Array:
        """Solid angle over 4 pi, as sin^2 of a quarter of the opening; tiny where there is no cone."""
        out: Array = np.maximum(np.sin(0.5 * self.angle) ** 2, 1e-200)
        return out

    @property
    def azimuths(self) -> tuple[Array, Array]:
        """Middle and half width of the azimuths about the beam axis, rad; the latter is pi without a cone."""
        away = np.sin(polar_angle(self.centre))
        ratio = np.sin(self.angle) / np.maximum(away, 1e-300)
        beside = (self.angle > 0.0) & (ratio < 1.0)
        half = np.where(beside, np.arcsin(np.where(beside, ratio, 1.0)) * (1.0 + 1e-9), np.pi)
        return azimuthal_angle(self.centre), half

    def sample(self, u1: Array, u2: Array) -> Array:
        """Return a direction in each cone, flat in solid angle, from uniform numbers."""
        depth = 2.0 * np.sin(0.5 * self.angle) ** 2 * u1
        return around(self.centre, 1.0 - depth, 2.0 * np.pi * u2)

    def contain(self, direction: Array) -> Mask:
        """Tell which unit vectors (3, m) lie within their cones."""
        # From the chord: 1 - cos would lose the digits of narrow cones.
        inside: Mask = length(direction - self.centre) <= 2.0 * np.sin(0.5 * self.angle) * (1.0 + 1e-9)
        return inside


def cones_of_sight(shape: Shape, origin: Array, position: Array, margin: float = 0.0) -> Cones:
    """Return cones that hold a body seen from positions turned about the beam axis by any azimuth.

    Parameters
    ----------
    shape : Shape
        The body.
    origin : array (3,)
        A point of the beam axis, which is along z.
    position : array (3, m)
        Relative to it.
    margin : float
        By how much the cones are wider than the body, relatively.
    """
    points, radius = shape.balls
    aside = np.hypot(position[0], position[1]) + radius
    along = position[2]
    seen = [np.stack([x + 0.0 * along, y + 0.0 * along, z - along]) for x, y, z in points - origin]
    centre = sum((one / np.maximum(length(one), 1e-300) for one in seen), start=np.zeros_like(position))
    centre /= np.maximum(length(centre), 1e-300)
    angle = np.zeros(len(along))
    for one in seen:
        distance = np.maximum(length(one), 1e-300)
        off = 2.0 * np.arcsin(np.minimum(0.5 * length(one / distance - centre), 1.0))
        # Seen from a place aside the point is elsewhere by no more than that.
        angle = np.maximum(angle, off + np.arcsin(np.minimum(aside / distance, 1.0)))
    angle *= 1.0 + margin
    return Cones(centre, np.where(angle < _WIDEST, angle * (1.0 + 1e-9), 0.0))
