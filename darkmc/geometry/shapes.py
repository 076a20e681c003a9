"""The shapes: one class each, whose fields are the keys of a card's [geometry].

A new shape is a class here and its place in SHAPES.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import hypot, pi, sqrt, tan

import numpy as np

from darkmc.core.checked import NotNegative, Positive, Vector
from darkmc.core.errors import PhysicsError
from darkmc.geometry.corners import CUBE, WIDEST, Cornered, Wedge
from darkmc.geometry.directions import Cone, DirectionProposal, Tangent, dot, sight_basis, turned, unit
from darkmc.geometry.shape import LAB, PLUS_Z, Array, Mask, Shape

_ANGLE = np.linspace(0.0, 2.0 * pi, 181)
_CIRCLE: Array = np.stack([np.cos(_ANGLE), np.sin(_ANGLE), np.zeros_like(_ANGLE)], axis=1)


@dataclass(frozen=True)
class Box(Wedge):
    """A cuboid with edge lengths `size_m` along its local axes."""

    size_m: tuple[Positive, Positive, Positive]
    axis: Vector = PLUS_Z
    roll_rad: float = 0.0

    def grown(self, margin: float) -> "Box":
        """Return the box with every face further out by `margin` (m)."""
        x, y, z = (edge + 2.0 * margin for edge in self.size_m)
        return replace(self, size_m=(x, y, z))

    @cached_property
    def _half(self) -> Array:
        return np.array(self.size_m)[:, None] / 2.0

    @property
    def _form(self) -> tuple[float, Array, Array]:
        half = self._half[:2, 0]
        return self.size_m[2], half, half

    def _span(self, o: Array, d: Array) -> tuple[Array, Array]:
        low, high = (-self._half - o) / d, (self._half - o) / d
        return np.minimum(low, high).max(axis=0), np.maximum(low, high).min(axis=0)


@dataclass(frozen=True)
class Frustum(Wedge):
    """A truncated pyramid, its half widths (start, end) linear from local z = -length_m/2 to +length_m/2."""

    length_m: Positive
    half_x_m: tuple[NotNegative, NotNegative]
    half_y_m: tuple[NotNegative, NotNegative]
    axis: Vector = PLUS_Z
    roll_rad: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for key, halves in (("half_x", self.half_x_m), ("half_y", self.half_y_m)):
            if not any(halves):
                raise PhysicsError(f"{key}_start and {key}_end must not both be zero")

    @property
    def _form(self) -> tuple[float, Array, Array]:
        start, end = np.array([self.half_x_m, self.half_y_m]).T
        return self.length_m, start, end

    def grown(self, margin: float) -> "Frustum":
        """Return the frustum with every face further out by `margin` (m), or more where it leans."""

        def wider(halves: tuple[float, float]) -> tuple[float, float]:
            start, end = halves
            reach = margin * (1.0 + 2.0 * abs(end - start) / self.length_m)
            return start + reach, end + reach

        half_x, half_y = wider(self.half_x_m), wider(self.half_y_m)
        return replace(self, length_m=self.length_m + 2.0 * margin, half_x_m=half_x, half_y_m=half_y)


@dataclass(frozen=True)
class Sphere(Shape):
    """A ball."""

    radius_m: Positive

    @property
    def volume(self) -> float:
        """Return the volume in cubic metres."""
        return 4.0 / 3.0 * pi * self.radius_m**3

    @property
    def reach(self) -> float:
        """Return the radius."""
        return self.radius_m

    @property
    def balls(self) -> tuple[Array, float]:
        """Return the ball itself."""
        return np.array([self.centre_m]), self.radius_m

    @property
    def _rim(self) -> Array:
        circle = self.radius_m * _CIRCLE
        return np.concatenate([self._middle + np.roll(circle, k, axis=1) for k in range(3)])

    def grown(self, margin: float) -> "Sphere":
        """Return the sphere with its surface further out by `margin` (m)."""
        return replace(self, radius_m=self.radius_m + margin)

    def _span(self, o: Array, d: Array) -> tuple[Array, Array]:
        along = (o * d).sum(axis=0)
        # From the foot of the perpendicular: o.o - R^2 would cancel for a distant origin.
        half = np.sqrt(self.radius_m**2 - ((o - along * d) ** 2).sum(axis=0))
        return -along - half, half - along

    def _holds(self, points: Array) -> Mask:
        held: Mask = (points * points).sum(axis=0) <= self.radius_m**2
        return held

    def _proposals(self, origin: Array) -> Iterator[DirectionProposal]:
        away = self._middle - origin
        sine2 = min(1.0, self.radius_m**2 / float(dot(away, away)))
        basis = sight_basis(unit(away), LAB[np.abs(away).argmin()])
        yield Cone(basis, sine2 / (1.0 + sqrt(1.0 - sine2)))


@dataclass(frozen=True)
class Cylinder(Cornered):
    """A circular cylinder."""

    radius_m: Positive
    length_m: Positive
    axis: Vector = PLUS_Z

    @property
    def volume(self) -> float:
        """Return the volume in cubic metres."""
        return pi * self.radius_m**2 * self.length_m

    @property
    def _local_corners(self) -> Array:
        corners: Array = CUBE * np.array([self.radius_m, self.radius_m, self.length_m / 2.0])
        return corners

    @property
    def _rim(self) -> Array:
        half = [0.0, 0.0, self.length_m / 2.0]
        return self._placed(np.concatenate([self.radius_m * _CIRCLE - half, self.radius_m * _CIRCLE + half]))

    def grown(self, margin: float) -> "Cylinder":
        """Return the cylinder with every surface further out by `margin` (m)."""
        return replace(self, radius_m=self.radius_m + margin, length_m=self.length_m + 2.0 * margin)

    def _span(self, o: Array, d: Array) -> tuple[Array, Array]:
        (x, y, z), (dx, dy, dz), half = o, d, self.length_m / 2.0
        across, along = dx * dx + dy * dy, x * dx + y * dy
        # From the perpendicular distance: x^2 + y^2 - R^2 would cancel for a distant origin.
        root = np.sqrt(self.radius_m**2 * across - (x * dy - y * dx) ** 2)
        unbound = np.where(x * x + y * y < self.radius_m**2, np.inf, np.nan)
        near = np.where(across > 0.0, (-along - root) / across, -unbound)
        far = np.where(across > 0.0, (root - along) / across, unbound)
        low, high = (-half - z) / dz, (half - z) / dz
        return np.maximum(near, np.minimum(low, high)), np.minimum(far, np.maximum(low, high))

    def _holds(self, points: Array) -> Mask:
        x, y, z = points
        held: Mask = (x * x + y * y <= self.radius_m**2) & (np.abs(z) <= self.length_m / 2.0)
        return held

    def _facing(self, o: Array) -> Array:
        x, y, z = o[:, 0]
        across = hypot(x, y) or 1.0
        inward = np.array([[0.0, 0.0, -np.sign(z)], [-x / across, -y / across, 0.0]])
        faces: Array = inward[[abs(z) > self.length_m / 2.0, x * x + y * y > self.radius_m**2]]
        return faces

    def _proposals(self, origin: Array) -> Iterator[DirectionProposal]:
        yield from super()._proposals(origin)
        x, y, z = turned(self._axes, self._middle - origin)
        nearest, offset = abs(z) - self.length_m / 2.0, hypot(x, y)
        if nearest > 0.0 and offset + self.radius_m < tan(WIDEST) * nearest:
            # Seen along the axis both caps are discs, their centres on one line through the foot.
            rims = [offset - self.radius_m, offset + self.radius_m]
            edges = np.outer([1.0 / nearest, 1.0 / (nearest + self.length_m)], rims)
            half, reach = (edges.max() - edges.min()) / 2.0, (edges.max() + edges.min()) / 2.0
            basis = self._axes * [[1.0], [1.0], [np.sign(z)]]
            middle = np.array([x, y]) / (offset or 1.0) * reach
            yield Tangent(basis, middle, np.full(2, half), is_round=True)

    def _extent(self, origin: Array, e: Array, sight: Array) -> tuple[float, float]:
        # A plane with normal m through the origin touches the rim of a cap with centre c and axis n if
        # (m.c)^2 = R^2 (m^2 - (m.n)^2), the dual conic; at a bound t, m = e - t sight.
        axis, centre = self._axes[2], self._middle - origin
        bounds: list[float] = []
        for c in (centre - axis * self.length_m / 2.0, centre + axis * self.length_m / 2.0):
            conic = np.outer(c, c) - self.radius_m**2 * (LAB - np.outer(axis, axis))
            ee, es = (float(dot(e, turned(conic, v))) for v in (e, sight))
            ss = float(dot(sight, turned(conic, sight)))
            root = sqrt(max(es * es - ee * ss, 0.0))
            bounds += [(es - root) / ss, (es + root) / ss]
        return min(bounds), max(bounds)


SHAPES: Mapping[str, type[Shape]] = {shape.kind(): shape for shape in (Box, Cylinder, Sphere, Frustum)}
