"""What every shape is: a convex body at any place and tilt, made from the keys of a card's [geometry].

Lengths are metres, angles radians and solid angles steradian.  Inner loops keep vectors component-first,
as (3, n) arrays; the validated entry points take (n, 3).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache, cached_property
from math import cos, hypot, pi, sin
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import TypeAdapter, ValidationError

from darkmc.core.checked import Vector
from darkmc.core.errors import PhysicsError, shown
from darkmc.core.kinematics import unit_vector
from darkmc.core.units import numbers
from darkmc.geometry.directions import DirectionProposal, turned, unit

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

PLACE = ("centre_m", "axis", "roll_rad")  # keys of a card that place a shape; the others say how large it is
PLUS_Z: Vector = (0.0, 0.0, 1.0)
LAB = np.eye(3)


def _numbers(key: str, value: ArrayLike) -> Array:
    array = numbers(key, value)
    if not np.isfinite(array).all():
        raise PhysicsError(f"{key} must be finite")
    return array


def _columns(key: str, value: ArrayLike) -> Array:
    array = np.atleast_2d(_numbers(key, value))
    if array.ndim != 2 or array.shape[1] != 3:
        raise PhysicsError(f"{key} must have shape (3,) or (n, 3), not {np.shape(value)}")
    return np.ascontiguousarray(array.T)


def _local_axes(axis: Array, roll: float) -> Array:
    """Return as rows the axes of a frame turned the shortest way from +z to `axis`, then rolled."""
    x, y, z = unit(axis)
    across = hypot(x, y)
    # All half turns to -z are as short: take the one about x.
    e, f = (x / across, y / across) if across > 0.0 else (0.0, 1.0)
    g = 1.0 - z
    swing = np.array([[1.0 - g * e * e, -g * e * f, -x], [-g * e * f, 1.0 - g * f * f, -y], [x, y, z]])
    c, s = cos(roll), sin(roll)
    return turned(np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]), swing)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@dataclass(frozen=True)
class Shape(ABC):
    """A convex body; `axis` is the direction of its local z axis and `roll_rad` a turn about that.

    The fields of a shape, with their types, are the keys by which a card describes it: a shape that a turn
    leaves as it is has no such field.  What shapes there are: :mod:`geometry.shapes`.
    """

    centre_m: Vector

    # What a shape without these fields has.
    axis = PLUS_Z
    roll_rad = 0.0

    def __post_init__(self) -> None:
        for key, kind in self.card_keys().items():
            given = _numbers(key, getattr(self, key)).tolist()
            try:
                value = _adapter(kind).validate_python(given)
            except ValidationError as error:
                raise PhysicsError(f"{key} = {shown(given)}: {error.errors()[0]['msg']}") from None
            object.__setattr__(self, key, value)
        if not any(self.axis):
            raise PhysicsError("axis must not be the zero vector")

    @classmethod
    def kind(cls) -> str:
        """Return the name of the shape in cards."""
        return cls.__name__.lower()

    @classmethod
    def card_keys(cls) -> dict[str, Any]:
        """Return the keys of a card that the shape takes, with their types."""
        return {field.name: field.type for field in fields(cls)}

    @classmethod
    def size_keys(cls) -> dict[str, Any]:
        """Return those that say how large it is."""
        return {key: kind for key, kind in cls.card_keys().items() if key not in PLACE}

    @property
    @abstractmethod
    def volume(self) -> float:
        """Return the volume in cubic metres."""

    @abstractmethod
    def _span(self, o: Array, d: Array) -> tuple[Array, Array]:
        """Return where local lines enter and leave; nan or an empty interval for a miss."""

    @abstractmethod
    def _holds(self, points: Array) -> Mask:
        """Tell which local (3, n) points lie inside or on the surface."""

    @abstractmethod
    def _proposals(self, origin: Array) -> Iterator[DirectionProposal]:
        """Yield proposals for an outside origin."""

    @property
    @abstractmethod
    def reach(self) -> float:
        """Return a distance from the centre, in metres, beyond which nothing of the body lies."""

    @property
    @abstractmethod
    def balls(self) -> tuple[Array, float]:
        """Return points (k, 3) and a radius, m: balls about them whose hull holds the body."""

    @property
    @abstractmethod
    def _rim(self) -> Array:
        """Return points (k, 3) of the body whose hull looks like it from along any axis of the lab."""

    @abstractmethod
    def grown(self, margin: float) -> Self:
        """Return the shape with every surface at least `margin` (m) further out."""

    @cached_property
    def _middle(self) -> Array:
        return np.array(self.centre_m, dtype=np.float64)

    @cached_property
    def _axes(self) -> Array:
        return _local_axes(np.array(self.axis, dtype=np.float64), self.roll_rad)

    @cached_property
    def _is_tilted(self) -> bool:
        return not np.array_equal(self._axes, LAB)

    def _localised(self, points: Array) -> Array:
        return turned(self._axes, points - self._middle[:, None])

    def _placed(self, points: Array) -> Array:
        """Return local (k, 3) points in the lab."""
        out: Array = self._middle + turned(self._axes.T, points.T).T
        return out

    def intersect(self, origin: ArrayLike, direction: ArrayLike) -> tuple[Array, Array]:
        """Find where rays enter and leave the body.

        Parameters
        ----------
        origin, direction : array_like, shape (3,) or (n, 3)
            Starts and directions, broadcast together; directions of any length but zero.

        Returns
        -------
        entry, exit : ndarray, shape (n,)
            Distances in metres, both nan for a miss, and a ray that only touches is a miss. A ray that
            starts inside has entry 0.
        """
        o, d = _columns("origin", origin), _columns("direction", direction)
        if not d.any(axis=0).all():
            raise PhysicsError("direction must not be the zero vector")
        if 1 not in (o.shape[1], d.shape[1]) and o.shape != d.shape:
            raise PhysicsError(f"origin and direction differ: {o.shape[1]} and {d.shape[1]} rays")
        return self.intersect_components(o, unit(d))

    def intersect_components(self, origin: Array, direction: Array) -> tuple[Array, Array]:
        """Intersect like `intersect`, unchecked: (3,) or (3, n) starts and (3, n) unit vectors."""
        o, d = origin.reshape(3, -1) - self._middle[:, None], direction.reshape(3, -1)
        # IEEE arithmetic is exact for rays parallel to a face: an infinite bound cuts off nothing or
        # everything, and 0/0, in the face itself, is a nan, with which the last comparison is a miss.
        with np.errstate(all="ignore"):
            if self._is_tilted:
                o, d = turned(self._axes, o), turned(self._axes, d)
            near, far = self._span(o, d)
            near = np.maximum(near, 0.0)
            hit = far > near
        return np.where(hit, near, np.nan), np.where(hit, far, np.nan)

    def contains(self, points: ArrayLike) -> Mask:
        """Tell which (n, 3) points lie inside or on the surface."""
        return self._holds(self._localised(_columns("points", points)))

    def encloses(self, inner: "Shape") -> bool:
        """Return whether another body lies inside, as seen along 4096 directions from its centre."""
        k = np.arange(4096) + 0.5
        directions = unit_vector(1.0 - 2.0 * k / len(k), k * (pi * (1.0 + np.sqrt(5.0))))
        centre = np.array(inner.centre_m)
        if not self.contains(centre).all():
            return False
        needed, given = (body.intersect_components(centre, directions)[1] for body in (inner, self))
        return bool(np.all(needed <= given * (1.0 + 1e-9)))

    def outline(self, axes: tuple[int, int]) -> Array:
        """Return the closed polygon (2, n) around the projection on two lab axes (0, 1, 2 for x, y, z).

        Exact for corners; rims and spheres are polygons of 180 sides.
        """
        from scipy.spatial import ConvexHull

        flat = self._rim[:, axes]
        corners = ConvexHull(flat).vertices
        polygon: Array = flat[[*corners, corners[0]]].T
        return polygon

    def direction_proposal(self, origin: Vector) -> DirectionProposal:
        """Return the tightest available density of directions from an outside point to the body.

        Raises
        ------
        PhysicsError
            If the origin lies inside the body or on its surface.
        """
        start = _numbers("origin", origin)
        if start.shape != (3,):
            raise PhysicsError("origin must be three numbers")
        if self.contains(start).any():
            raise PhysicsError("the detector contains the target")
        return min(self._proposals(start), key=lambda proposal: proposal.largest_weight)
