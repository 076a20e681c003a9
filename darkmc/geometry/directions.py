"""Densities of directions that cover every ray from one origin to a body, for importance sampling."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import cosine_and_sine

Array = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)


def dot(first: Array, second: Array) -> Array:
    """Return the scalar products along the first axis of (3,) or (3, n) vectors, broadcast together.

    Products and sums one by one: BLAS fuses them on some CPUs only, and whether a ray parallel to a face
    comes nearer to it would then depend on the CPU.
    """
    (a, b, c), (x, y, z) = first, second
    out: Array = a * x + b * y + c * z
    return out


def turned(matrix: Array, vectors: Array) -> Array:
    """Return the (k, 3) matrix times (3,) or (3, n) vectors, rounded alike on every CPU; see `dot`."""
    return np.array([dot(row, vectors) for row in matrix])


def unit(vectors: Array) -> Array:
    """Normalise along the first axis; scaled first, so that no square over- or underflows."""
    scaled = vectors / np.abs(vectors).max(axis=0)
    out: Array = scaled / np.sqrt((scaled * scaled).sum(axis=0))
    return out


def versine(directions: Array) -> Array:
    """Return 1 - cos(angle to +z) of (3, n) unit vectors, accurate at small angles."""
    x, y, z = directions
    versine: Array = np.where(z > 0.0, (x * x + y * y) / (1.0 + np.abs(z)), 1.0 - z)
    return versine


def sight_basis(sight: Array, hint: Array) -> Array:
    """Return orthonormal rows: `hint` made transverse to the unit vector `sight`, their cross, `sight`."""
    first = unit(hint - dot(hint, sight) * sight)
    return np.array([first, np.cross(sight, first), sight])


@dataclass(frozen=True, eq=False)
class DirectionProposal(ABC):
    """A density of directions that covers every ray from one origin to a shape.

    The rows of `basis` are two transverse unit vectors and the line of sight.
    """

    basis: Array

    @property
    @abstractmethod
    def largest_weight(self) -> float:
        """Return the largest weight in steradian, the figure by which proposals compete."""

    @abstractmethod
    def sample(self, u1: Array, u2: Array) -> tuple[Array, Array]:
        """Return (3, n) unit vectors and weights, 1/density in sr, for uniform numbers in [0, 1)."""

    @abstractmethod
    def density(self, direction: Array) -> Array:
        """Return the density in 1/sr of (3, n) unit vectors, zero outside the support."""


@dataclass(frozen=True, eq=False)
class Cone(DirectionProposal):
    """Uniform in solid angle, up to 1 - cos(angle) = `opening` <= 1 from the line of sight."""

    opening: float

    @property
    def largest_weight(self) -> float:
        """Return the largest weight in steradian."""
        return 2.0 * pi * self.opening

    def sample(self, u1: Array, u2: Array) -> tuple[Array, Array]:
        """Return directions and weights; see the base."""
        depth, azimuth = self.opening * u1, 2.0 * pi * u2
        across = np.sqrt(depth * (2.0 - depth))
        local = np.array([across * np.cos(azimuth), across * np.sin(azimuth), 1.0 - depth])
        return turned(self.basis.T, local), np.full(local.shape[1], self.largest_weight)

    def density(self, direction: Array) -> Array:
        """Return the density; see the base."""
        # Rounding moves a direction by some eps, and so its versine by eps times the sine.
        edge = self.opening + 32.0 * EPS * (self.opening + sqrt(self.opening))
        return np.where(versine(turned(self.basis, direction)) <= edge, 1.0 / self.largest_weight, 0.0)


@dataclass(frozen=True, eq=False)
class Tangent(DirectionProposal):
    """Uniform over a rectangle, or the ellipse inscribed in it, in the plane at unit distance."""

    middle: Array
    half: Array
    is_round: bool = False

    @property
    def largest_weight(self) -> float:
        """Return the largest weight in steradian."""
        return float((pi if self.is_round else 4.0) * self.half.prod())

    def sample(self, u1: Array, u2: Array) -> tuple[Array, Array]:
        """Return directions and weights; see the base."""
        if self.is_round:
            spread = np.sqrt(u1) * np.array([np.cos(2.0 * pi * u2), np.sin(2.0 * pi * u2)])
        else:
            spread = 2.0 * np.array([u1, u2]) - 1.0
        u, v = self.middle[:, None] + self.half[:, None] * spread
        cosine = 1.0 / np.sqrt(1.0 + u * u + v * v)
        local = np.array([u * cosine, v * cosine, cosine])
        return turned(self.basis.T, local), self.largest_weight * cosine**3

    def density(self, direction: Array) -> Array:
        """Return the density; see the base."""
        local = turned(self.basis, direction)
        reach = np.abs(self.middle) + self.half
        slack = 16.0 * EPS * (1.0 + (reach * reach).sum())  # rounding of a direction, projected
        with np.errstate(all="ignore"):
            spread = (local[:2] / local[2] - self.middle[:, None]) / (self.half + slack)[:, None]
            radius = np.hypot(*spread) if self.is_round else np.abs(spread).max(axis=0)
            peaked = local[2] ** -3 / self.largest_weight
        return np.where((radius <= 1.0) & (local[2] > 0.0), peaked, 0.0)


@dataclass(frozen=True)
class NearBeam:
    """Directions about the beam, +z, with a density per solid angle like 1/(1 - cos(theta) + w^2/2)^2.

    Up to rounding 1/(theta^2 + w^2)^2 at small angles theta; the width w, in rad, may be another one for
    every direction.

    Attributes
    ----------
    low, high : float
        Range of 1 - cos(theta).
    middle, half : float
        Middle and half width of the azimuths, rad.
    """

    low: float
    high: float
    middle: float = 0.0
    half: float = pi

    @classmethod
    def over(cls, proposal: DirectionProposal) -> "NearBeam":
        """Return the range of polar angles and azimuths of a proposal's directions, and a little more."""
        u1, u2 = np.meshgrid(np.linspace(0.0, 1.0, 65), np.linspace(0.0, 1.0, 65))
        directions, _ = proposal.sample(u1.ravel(), u2.ravel())
        fall, (x, y, _) = versine(directions), directions
        high = min(1.05 * float(fall.max()), 2.0)
        middle = float(np.arctan2(y.mean(), x.mean()))
        half = 1.05 * float(np.abs(_wrapped(np.arctan2(y, x) - middle)).max())
        if proposal.density(np.array([[0.0], [0.0], [1.0]]))[0] > 0.0 or half > pi:
            return cls(0.0, high)
        return cls(0.95 * float(fall.min()), high, middle, half)

    def sample(self, u1: Array, u2: Array, width: Array) -> Array:
        """Return (3, n) unit vectors for uniform numbers in [0, 1) and widths (n,) in rad."""
        span = self.high - self.low
        near = self.low + 0.5 * width**2
        fall = self.low + near * (span * u1) / (near + span * (1.0 - u1))
        azimuth = self.middle + self.half * (2.0 * u2 - 1.0)
        across = np.sqrt(fall * (2.0 - fall))
        x, y = cosine_and_sine(azimuth)
        return np.array([across * x, across * y, 1.0 - fall])

    def density(self, direction: Array, width: Array) -> Array:
        """Return the density in 1/sr of (3, n) unit vectors, zero outside the range."""
        fall = versine(direction)
        inside = (fall >= self.low) & (fall <= self.high)
        if self.half < pi:
            inside &= np.abs(_wrapped(np.arctan2(direction[1], direction[0]) - self.middle)) <= self.half
        return np.where(inside, self.at(fall, width), 0.0)

    def at(self, fall: Array, width: Array) -> Array:
        """Return the density in 1/sr at 1 - cos(theta) within the range."""
        offset = 0.5 * width**2
        scale = (self.low + offset) * (self.high + offset) / (2.0 * self.half * (self.high - self.low))
        out: Array = scale / (fall + offset) ** 2
        return out


def _wrapped(angle: Array) -> Array:
    """Return angles (rad) between -pi and pi."""
    return (angle + pi) % (2.0 * pi) - pi
