"""Convex shapes at any place and tilt, the rays that cross them, and directions aimed at them.

Lengths are metres, angles radians and solid angles steradian. Inner loops keep vectors component-first,
as (3, n) arrays; the validated entry points take (n, 3).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import cos, hypot, pi, radians, sin, sqrt, tan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from darkmc.core.errors import PhysicsError
from darkmc.core.units import numbers
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

__all__ = ["Box", "Cylinder", "DirectionProposal", "Frustum", "Shape", "Sphere"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Vector = Sequence[float] | Array

_VECTORS = ("centre", "size", "axis", "origin")
_POSITIVE = ("size", "radius", "length")
_PLUS_Z: Vector = (0.0, 0.0, 1.0)
_LAB = np.eye(3)
_CUBE: Array = np.array(list(product((-1.0, 1.0), repeat=3)))
# Beyond this angle the tangent plane stretches so much that a cone has the smaller weights.
_WIDEST = radians(75.0)


def _numbers(key: str, value: ArrayLike) -> Array:
    array = numbers(key, value)
    if not np.isfinite(array).all():
        raise PhysicsError(f"{key} must be finite")
    return array


def _parameter(key: str, value: ArrayLike) -> Array:
    """Return a parameter after the checks that its name implies."""
    array = _numbers(key, value)
    if array.shape != ((3,) if key in _VECTORS else ()):
        raise PhysicsError(f"{key} must be {'three numbers' if key in _VECTORS else 'one number'}")
    if key in _POSITIVE and (array <= 0.0).any():
        raise PhysicsError(f"{key} must be above zero, not {array.tolist()}")
    if key.startswith("half_") and array < 0.0:
        raise PhysicsError(f"{key} must be at least zero, not {array.tolist()}")
    if key == "axis" and not array.any():
        raise PhysicsError("axis must not be the zero vector")
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


class Shape(ABC):
    """A convex body; `axis` is the direction of its local z axis and `roll` a turn about that."""

    centre: Vector
    axis: Vector = _PLUS_Z
    roll: float = 0.0

    def __post_init__(self) -> None:
        for key, value in list(vars(self).items()):
            plain = _parameter(key, value).tolist()
            object.__setattr__(self, key, tuple(plain) if key in _VECTORS else plain)

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

    @cached_property
    def _middle(self) -> Array:
        return np.array(self.centre, dtype=np.float64)

    @cached_property
    def _axes(self) -> Array:
        return _local_axes(np.array(self.axis, dtype=np.float64), self.roll)

    @cached_property
    def _is_tilted(self) -> bool:
        return not np.array_equal(self._axes, _LAB)

    def _localised(self, points: Array) -> Array:
        return turned(self._axes, points - self._middle[:, None])

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

    def direction_proposal(self, origin: Vector) -> DirectionProposal:
        """Return the tightest available density of directions from an outside point to the body.

        Raises
        ------
        PhysicsError
            If the origin lies inside the body or on its surface.
        """
        start = _parameter("origin", origin)
        if self.contains(start).any():
            raise PhysicsError("the detector contains the target")
        return min(self._proposals(start), key=lambda proposal: proposal.largest_weight)


class _Cornered(Shape):
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
        corners: Array = self._middle + turned(self._axes.T, self._local_corners.T).T
        return corners

    @property
    def reach(self) -> float:
        """Return the distance of the farthest corner."""
        return float(np.sqrt((self._local_corners**2).sum(axis=1).max()))

    def _proposals(self, origin: Array) -> Iterator[DirectionProposal]:
        away, seen = self._middle - origin, unit((self._corners - origin).T)
        hints = np.vstack([_LAB, self._axes]) if self._is_tilted else _LAB
        facing = turned(self._axes.T, self._facing(self._localised(origin[:, None])).T).T
        for k, sight in enumerate([unit(away), *facing]):
            basis = sight_basis(sight, _LAB[np.abs(sight).argmin()])
            opening = float(versine(turned(basis, seen)).max())
            # A cone within a hemisphere is convex: it holds the body if it holds the corners. Beyond a
            # parting plane the body is within the hemisphere wherever the corners of its box are.
            if opening <= 1.0 or k > 0:
                yield Cone(basis, min(opening, 1.0))
            if opening < 1.0 - cos(_WIDEST):
                for hint in hints[np.abs(turned(hints, sight)) < 0.9]:
                    basis = sight_basis(sight, hint)
                    low, high = np.array([self._extent(origin, e, sight) for e in basis[:2]]).T
                    yield Tangent(basis, (high + low) / 2.0, (high - low) / 2.0)

    def _extent(self, origin: Array, e: Array, sight: Array) -> tuple[float, float]:
        """Return the range of e.p / sight.p over the body, p seen from the origin."""
        seen = (self._corners - origin).T
        ratio = dot(e, seen) / dot(sight, seen)
        return float(ratio.min()), float(ratio.max())


class _Wedge(_Cornered):
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
        widths = np.where(_CUBE[:, 2:] < 0.0, start, end)
        return _CUBE * np.insert(widths, 2, length / 2.0, axis=1)

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


@dataclass(frozen=True)
class Box(_Wedge):
    """A cuboid with edge lengths `size` along its local axes."""

    centre: Vector
    size: Vector
    axis: Vector = _PLUS_Z
    roll: float = 0.0

    @cached_property
    def _half(self) -> Array:
        return np.array(self.size)[:, None] / 2.0

    @property
    def _form(self) -> tuple[float, Array, Array]:
        half = self._half[:2, 0]
        return float(self.size[2]), half, half

    def _span(self, o: Array, d: Array) -> tuple[Array, Array]:
        low, high = (-self._half - o) / d, (self._half - o) / d
        return np.minimum(low, high).max(axis=0), np.maximum(low, high).min(axis=0)


@dataclass(frozen=True)
class Frustum(_Wedge):
    """A truncated pyramid, its half widths linear from local z = -length/2 (start) to +length/2 (end)."""

    centre: Vector
    length: float
    half_x_start: float
    half_x_end: float
    half_y_start: float
    half_y_end: float
    axis: Vector = _PLUS_Z
    roll: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("half_x", "half_y"):
            if getattr(self, f"{key}_start") == getattr(self, f"{key}_end") == 0.0:
                raise PhysicsError(f"{key}_start and {key}_end must not both be zero")

    @property
    def _form(self) -> tuple[float, Array, Array]:
        start = np.array([self.half_x_start, self.half_y_start])
        return self.length, start, np.array([self.half_x_end, self.half_y_end])


@dataclass(frozen=True)
class Sphere(Shape):
    """A ball."""

    centre: Vector
    radius: float

    @property
    def volume(self) -> float:
        """Return the volume in cubic metres."""
        return 4.0 / 3.0 * pi * self.radius**3

    @property
    def reach(self) -> float:
        """Return the radius."""
        return self.radius

    def _span(self, o: Array, d: Array) -> tuple[Array, Array]:
        along = (o * d).sum(axis=0)
        # From the foot of the perpendicular: o.o - R^2 would cancel for a distant origin.
        half = np.sqrt(self.radius**2 - ((o - along * d) ** 2).sum(axis=0))
        return -along - half, half - along

    def _holds(self, points: Array) -> Mask:
        held: Mask = (points * points).sum(axis=0) <= self.radius**2
        return held

    def _proposals(self, origin: Array) -> Iterator[DirectionProposal]:
        away = self._middle - origin
        sine2 = min(1.0, self.radius**2 / float(dot(away, away)))
        basis = sight_basis(unit(away), _LAB[np.abs(away).argmin()])
        yield Cone(basis, sine2 / (1.0 + sqrt(1.0 - sine2)))


@dataclass(frozen=True)
class Cylinder(_Cornered):
    """A circular cylinder."""

    centre: Vector
    radius: float
    length: float
    axis: Vector = _PLUS_Z
    roll: float = 0.0

    @property
    def volume(self) -> float:
        """Return the volume in cubic metres."""
        return pi * self.radius**2 * self.length

    @property
    def _local_corners(self) -> Array:
        corners: Array = _CUBE * np.array([self.radius, self.radius, self.length / 2.0])
        return corners

    def _span(self, o: Array, d: Array) -> tuple[Array, Array]:
        (x, y, z), (dx, dy, dz), half = o, d, self.length / 2.0
        across, along = dx * dx + dy * dy, x * dx + y * dy
        # From the perpendicular distance: x^2 + y^2 - R^2 would cancel for a distant origin.
        root = np.sqrt(self.radius**2 * across - (x * dy - y * dx) ** 2)
        unbound = np.where(x * x + y * y < self.radius**2, np.inf, np.nan)
        near = np.where(across > 0.0, (-along - root) / across, -unbound)
        far = np.where(across > 0.0, (root - along) / across, unbound)
        low, high = (-half - z) / dz, (half - z) / dz
        return np.maximum(near, np.minimum(low, high)), np.minimum(far, np.maximum(low, high))

    def _holds(self, points: Array) -> Mask:
        x, y, z = points
        held: Mask = (x * x + y * y <= self.radius**2) & (np.abs(z) <= self.length / 2.0)
        return held

    def _facing(self, o: Array) -> Array:
        x, y, z = o[:, 0]
        across = hypot(x, y) or 1.0
        inward = np.array([[0.0, 0.0, -np.sign(z)], [-x / across, -y / across, 0.0]])
        faces: Array = inward[[abs(z) > self.length / 2.0, x * x + y * y > self.radius**2]]
        return faces

    def _proposals(self, origin: Array) -> Iterator[DirectionProposal]:
        yield from super()._proposals(origin)
        x, y, z = turned(self._axes, self._middle - origin)
        nearest, offset = abs(z) - self.length / 2.0, hypot(x, y)
        if nearest > 0.0 and offset + self.radius < tan(_WIDEST) * nearest:
            # Seen along the axis both caps are discs, their centres on one line through the foot.
            rims = [offset - self.radius, offset + self.radius]
            edges = np.outer([1.0 / nearest, 1.0 / (nearest + self.length)], rims)
            half, reach = (edges.max() - edges.min()) / 2.0, (edges.max() + edges.min()) / 2.0
            basis = self._axes * [[1.0], [1.0], [np.sign(z)]]
            middle = np.array([x, y]) / (offset or 1.0) * reach
            yield Tangent(basis, middle, np.full(2, half), is_round=True)

    def _extent(self, origin: Array, e: Array, sight: Array) -> tuple[float, float]:
        # A plane with normal m through the origin touches the rim of a cap with centre c and axis n if
        # (m.c)^2 = R^2 (m^2 - (m.n)^2), the dual conic; at a bound t, m = e - t sight.
        axis, centre = self._axes[2], self._middle - origin
        bounds: list[float] = []
        for c in (centre - axis * self.length / 2.0, centre + axis * self.length / 2.0):
            conic = np.outer(c, c) - self.radius**2 * (_LAB - np.outer(axis, axis))
            ee, es = (float(dot(e, turned(conic, v))) for v in (e, sight))
            ss = float(dot(sight, turned(conic, sight)))
            root = sqrt(max(es * es - ee * ss, 0.0))
            bounds += [(es - root) / ss, (es + root) / ss]
        return min(bounds), max(bounds)
