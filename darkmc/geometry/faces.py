"""Faces: rectangles or discs across the beam, and decays of a moving state whose daughters meet them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Face:
    """A rectangle around the beam axis, in a plane of constant z; met from below in z.

    Attributes
    ----------
    z_m : float
        Its place, m.
    half_x_m, half_y_m : float
        Half its edges, m.
    hole_m : float
        Radius of a round hole around the axis, m; 0: none.
    radius_m : float
        Of a disc around the axis that is all there is of the rectangle, m.
    """

    z_m: float
    half_x_m: float
    half_y_m: float
    hole_m: float = 0.0
    radius_m: float = np.inf

    @property
    def rims(self) -> tuple[float, ...]:
        """Radii of circles that bound it."""
        return tuple(radius for radius in (self.hole_m, self.radius_m) if 0.0 < radius < np.inf)

    @property
    def n_breaks(self) -> int:
        """How many distances :meth:`breaks` returns."""
        return 2 + 2 * len(self.rims)

    def breaks(self, start: Array, flight: Array, daughter: Array) -> Array:
        """Return decay distances between which a daughter meets the face all the way or not at all.

        A state that starts at s along d decays at s + l d, and the daughter flies along n: it crosses the
        plane at x = s_x + l d_x + (z - s_z - l d_z) n_x/n_z, linear in l, and likewise in y.  The distances
        at which that lies within the sides, before the plane, are one interval; those within a rim another.

        Parameters
        ----------
        start, flight, daughter : arrays (3, n)
            Start (m) and direction of the state, and direction of the daughter, of any length.

        Returns
        -------
        array (n_breaks, n)
            Ends of these intervals, m; infinite where there is none.
        """
        at_start, rise = self._crossing(start, flight, daughter)
        half = np.array([[self.half_x_m], [self.half_y_m]])
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.sort([(-half - at_start) / rise, (half - at_start) / rise], axis=0)
            plane = (self.z_m - start[2]) / flight[2]
            low = np.maximum(*ends[0])
            high = np.minimum(*ends[1])
            low = np.where(flight[2] < 0.0, np.maximum(low, plane), low)
            high = np.where(flight[2] > 0.0, np.minimum(high, plane), high)
            some = (high > low) & (daughter[2] > 0.0)
            rims = [self._rim(at_start, rise, radius) for radius in self.rims]
        found = np.concatenate([np.where(some, [low, high], np.inf), *rims])
        return np.where(np.isnan(found), np.inf, found)

    @staticmethod
    def _rim(at_start: Array, rise: Array, radius: float) -> Array:
        """Return where the crossing point is on a rim, (2, n); nan where it never is."""
        square = np.sum(rise * rise, axis=0)
        along = np.sum(at_start * rise, axis=0)
        aside = at_start[0] * rise[1] - at_start[1] * rise[0]
        root = np.sqrt(radius**2 * square - aside**2)
        rim: Array = np.stack([-along - root, root - along]) / square
        return rim

    def _crossing(self, start: Array, flight: Array, daughter: Array) -> tuple[Array, Array]:
        """Return x and y (2, n) on the plane for a decay at once, and their change with its distance."""
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = daughter[:2] / daughter[2]
            return start[:2] + (self.z_m - start[2]) * slope, flight[:2] - flight[2] * slope

    def met(self, start: Array, daughter: Array) -> Mask:
        """Tell which daughters meet the face, from points (3, n) along directions (3, n)."""
        ahead = (daughter[2] > 0.0) & (start[2] <= self.z_m)
        with np.errstate(divide="ignore", invalid="ignore"):
            x, y = start[:2] + (self.z_m - start[2]) * (daughter[:2] / daughter[2])
        inside = (np.abs(x) <= self.half_x_m) & (np.abs(y) <= self.half_y_m)
        off = np.hypot(x, y)
        hit: Mask = ahead & inside & (off >= self.hole_m) & (off <= self.radius_m)
        return hit
