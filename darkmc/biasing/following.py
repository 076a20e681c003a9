"""Directions that follow the mesons, which fly near the beam.

A dark state leaves at some lab angle to its meson.  It is sent into the detector's solid angle: flat, or by a
density that falls off away from the beam.  Its meson lies on a cone about it, and leans towards the beam.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array
from darkmc.geometry.directions import DirectionProposal, NearBeam, versine

TRANSVERSE = 0.25  # GeV, of mesons from protons, whatever their momentum
_SLOWEST = 0.05  # GeV, below which mesons fly anywhere


def spread(momentum: Array) -> Array:
    """Return about how far from the beam mesons of some momenta (GeV) fly, rad."""
    out: Array = TRANSVERSE / np.maximum(momentum, _SLOWEST)
    return out


class Angle(NamedTuple):
    """An angle that keeps its digits where it is small.

    Attributes
    ----------
    fall : array (n,)
        1 - cos.
    sine : array (n,)
        Not negative.
    """

    fall: Array
    sine: Array

    @classmethod
    def of(cls, along: Array, aside: Array) -> "Angle":
        """Return that of vectors by their parts along and across."""
        size = np.sqrt(along**2 + aside**2)
        sine = aside / size
        cosine = along / size
        return cls(np.where(along > 0.0, sine**2 / (1.0 + np.abs(cosine)), 1.0 - cosine), sine)

    @classmethod
    def to_beam(cls, direction: Array) -> "Angle":
        """Return that of unit vectors (3, n) to the beam."""
        return cls(versine(direction), np.sqrt(direction[0] ** 2 + direction[1] ** 2))


def chord(angle: Angle) -> Array:
    """Return the distance of unit vectors at some angle."""
    out: Array = np.sqrt(2.0 * angle.fall)
    return out


class Lean(NamedTuple):
    """Where on cones about the dark states their mesons are.

    Attributes
    ----------
    cosine, sine : array (n,)
        Of the azimuth about the dark state, 0 towards the beam.
    fall : array (n,)
        1 - cos of the meson's angle to the beam.
    weight : array (n,)
        The flat density of the azimuth over that by which it is drawn.
    """

    cosine: Array
    sine: Array
    fall: Array
    weight: Array


def lean(uniform: Array, state: Angle, meson: Angle, width: Array) -> Lean:
    """Return mesons on cones about dark states, with a density in azimuth like 1/(fall + width^2/2).

    With 1 - cos(theta_meson) = least + across (1 - cos(phi)) that is a Poisson kernel in the azimuth phi,
    which half its tangent makes flat.

    Parameters
    ----------
    uniform : array (n,)
        Uniform numbers.
    state, meson : Angle
        Of the dark state to the beam, and of the meson to the dark state.
    width : array (n,)
        How far from the beam mesons fly, rad.
    """
    low, across = _of_cone(state, meson, width)
    high = low + 2.0 * across
    half = np.sqrt(low / high) * np.tan(np.pi * (uniform - 0.5))
    share = 1.0 / (1.0 + half**2)
    back = 2.0 * half**2 * share
    near = low + across * back
    fall = np.maximum(near - 0.5 * width**2, 0.0)
    return Lean(1.0 - back, 2.0 * half * share, fall, near / np.sqrt(low * high))


def lean_weight(fall: Array | float, state: Angle, meson: Angle, width: Array) -> Array:
    """Return the flat density of the azimuth over that of :func:`lean`, at some 1 - cos(theta_meson)."""
    low, across = _of_cone(state, meson, width)
    out: Array = (fall + 0.5 * width**2) / np.sqrt(low * (low + 2.0 * across))
    return out


def _of_cone(state: Angle, meson: Angle, width: Array) -> tuple[Array, Array]:
    """Return 1 - cos of the meson's least angle to the beam plus width^2/2, and the product of sines."""
    across = state.sine * meson.sine
    least = np.maximum(state.fall + meson.fall - state.fall * meson.fall - across, 0.0)
    return least + 0.5 * width**2, across


@dataclass(frozen=True)
class Towards:
    """Directions of dark states into a solid angle.

    Attributes
    ----------
    flat : DirectionProposal
        Those that do not follow.
    near : NearBeam
        Those that do.
    """

    flat: DirectionProposal
    near: NearBeam

    @classmethod
    def of(cls, proposal: DirectionProposal) -> "Towards":
        """Return directions that follow within the range of those of a proposal."""
        return cls(proposal, NearBeam.over(proposal))

    def sample(
        self, u1: Array, u2: Array, follows: NDArray[np.bool_], width: Array
    ) -> tuple[Array, Array, Array]:
        """Return directions (3, n), and both densities in 1/sr: flat, and following.

        Parameters
        ----------
        u1, u2 : array (n,)
            Uniform numbers.
        follows : array (n,) of bool
            Which of them follow.
        width : array (n,)
            How far from the beam those do, rad.
        """
        direction, weight = self.flat.sample(u1, u2)
        flat, some = 1.0 / weight, np.flatnonzero(follows)
        if len(some):
            direction[:, some] = self.near.sample(u1[some], u2[some], width[some])
            flat[some] = self.flat.density(direction[:, some])
        return direction, flat, self.near.density(direction, width)
