"""Bodies bounded by corners: what boxes, truncated pyramids and, in a box, cylinders have in common."""

from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from itertools import product
from math import cos, radians

import numpy as np

from darkmc.geometry.directions import (
    Cone,
    DirectionProposal,
    Tangent,
    dot,
    sight_basis,
    turned,
    unit,
    versine,
)
from darkmc.geometry.shape import LAB, Array, Mask, Shape

CUBE: Array = np.array(list(product((-1.0, 1.0), repeat=3)))
# Beyond this angle the tangent plane stretches so much that a cone has the smaller weights.
WIDEST = radians(75.0)


class Cornered(Shape):
    """A body bounded by its corners, or by those of a box around it."""

    @property
    @abstractmethod
    def _local_corners(self) -> Array:
        """Return the local (8, 3) corners."""

    @abstractmethod
    def _facing(self, o: Array) -> Array:
        """Return local (k, 3) inward unit normals of planes between an outside (3, 1) point and the body."""

    @cached_property
    def _corners(self) -> Array:
        return self._placed(self._local_corners)

    @property
    def balls(self) -> tuple[Array, float]:
        """Return the corners; see `Shape`."""
        return self._corners, 0.0

    @property
    def _rim(self) -> Array:
        return self._corners

    @property
    def reach(self) -> float:
        """Return the distance of the farthest corner."""
        return float(np.sqrt((self._local_corners**2).sum(axis=1).max()))

    def _proposals(self, origin: Array) -> Iterator[DirectionProposal]:
        away, seen = self._middle - origin, unit((self._corners - origin).T)
        hints = np.vstack([LAB, self._axes]) if self._is_tilted else LAB
        facing = turned(self._axes.T, self._facing(self._localised(origin[:, None])).T).T
        for k, sight in enumerate([unit(away), *facing]):
            basis = sight_basis(sight, LAB[np.abs(sight).argmin()])
            opening = float(versine(turned(basis, seen)).max())
            # A cone within a hemisphere is convex: it holds the body if it holds the corners. Beyond a
            # parting plane the body is within the hemisphere wherever the corners of its box are.
            if opening <= 1.0 or k > 0:
                yield Cone(basis, min(opening, 1.0))
            if opening < 1.0 - cos(WIDEST):
                for hint in hints[np.abs(turned(hints, sight)) < 0.9]:
                    basis = sight_basis(sight, hint)
                    low, high = np.array([self._extent(origin, e, sight) for e in basis[:2]]).T
                    yield Tangent(basis, (high + low) / 2.0, (high - low) / 2.0)

    def _extent(self, origin: Array, e: Array, sight: Array) -> tuple[float, float]:
        """Return the range of e.p / sight.p over the body, p seen from the origin."""
        seen = (self._corners - origin).T
        ratio = dot(e, seen) / dot(sight, seen)
        return float(ratio.min()), float(ratio.max())


class Wedge(Cornered):
    """Two faces across local z, and four that may lean along it."""

    @property
    @abstractmethod
    def _form(self) -> tuple[float, Array, Array]:
        """Return the length, and the half widths (x, y) at its start and at its end."""

    @cached_property
    def _planes(self) -> tuple[Array, Array]:
        """Return (6, 3) outward unit normals and (6, 1) distances from the local origin."""
        length, start, end = self._form
        x, y = (start - end) / length
        normals = np.array([[1, 0, x], [-1, 0, x], [0, 1, y], [0, -1, y], [0, 0, 1], [0, 0, -1]])
        offsets = np.repeat([*(start + end), length], 2) / 2.0
        norm = np.sqrt((normals**2).sum(axis=1))
        return normals / norm[:, None], (offsets / norm)[:, None]

    @property
    def _local_corners(self) -> Array:
        length, start, end = self._form
        widths = np.where(CUBE[:, 2:] < 0.0, start, end)
        return CUBE * np.insert(widths, 2, length / 2.0, axis=1)

    @property
    def volume(self) -> float:
        """Return the volume in cubic metres."""
        length, start, end = self._form
        return float(length * ((start + end).prod() + (end - start).prod() / 3.0))

    def _span(self, o: Array, d: Array) -> tuple[Array, Array]:
        near, far = np.array([-np.inf]), np.array([np.inf])
        for normal, offset in zip(*self._planes, strict=True):  # one by one: small arrays stay in cache
            approach = dot(normal, d)
            distance = (dot(normal, o) - offset) / np.abs(approach)
            near = np.maximum(near, np.where(approach < 0.0, distance, -np.inf))
            far = np.minimum(far, np.where(approach < 0.0, np.inf, -distance))
        return near, far

    def _holds(self, points: Array) -> Mask:
        normals, offsets = self._planes
        held: Mask = np.logical_and.reduce(turned(normals, points) <= offsets)
        return held

    def _facing(self, o: Array) -> Array:
        normals, offsets = self._planes
        return -normals[(turned(normals, o) > offsets)[:, 0]]
