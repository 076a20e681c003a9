"""What forcing a dark state of a moving meson into a cone takes: kinematics and azimuths.

A dark state of energy E* and momentum p* in the meson's frame leaves at a lab angle theta to the meson with
momentum p, where gamma E - u p cos theta = E* (gamma and u: the meson's energy and momentum over its mass).
For u m > p* two momenta solve this inside the cone sin theta < p*/(u m), and none does outside.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from darkmc.biasing.tilts import Tilts
from darkmc.core.kinematics import (
    Array,
    Rotation,
    about_z,
    azimuthal_angle,
    length,
    perpendicular_pair,
    polar_angle,
)
from darkmc.geometry.cones import Cones

Mask = NDArray[np.bool_]

_LEAST = 1e-6  # of p*, below which a momentum counts as this: the density of its direction stays finite


@dataclass(frozen=True)
class Emission:
    """Dark states in the frame of their moving mesons.

    Attributes
    ----------
    gamma, u : array (n,)
        Energy and momentum of the meson, over its mass.
    energy, speed : array (n,)
        Energy and momentum of the dark state in the meson's frame, GeV.
    """

    gamma: Array
    u: Array
    energy: Array
    speed: Array

    @cached_property
    def _lag(self) -> Array:
        """The lab momentum u m of a dark state at rest with the meson, GeV: beyond p*, none flies back."""
        mass2 = (self.energy - self.speed) * (self.energy + self.speed)
        out: Array = self.u * np.sqrt(np.maximum(mass2, 0.0))
        return out

    @cached_property
    def folds(self) -> Mask:
        """Whether two lab momenta belong to a lab direction, within a cone, and none outside."""
        out: Mask = self._lag > self.speed
        return out

    @cached_property
    def widest(self) -> Array:
        """Largest lab angle to the meson, rad."""
        sine = self.speed / np.where(self.folds, self._lag, np.maximum(self.speed, 1e-300))
        return np.where(self.folds, np.arcsin(np.minimum(sine, 1.0)), np.pi)

    def cosine(self, chord: Array, first: Mask) -> Array:
        """Return the cosine in the meson's frame to its direction of flight.

        Parameters
        ----------
        chord : array (n,)
            Distance of the lab unit vectors of dark state and meson: sin of half the angle, times two.
        first : array (n,) of bool
            Take the faster one of two solutions.
        """
        half2 = np.minimum(0.25 * chord**2, 1.0)
        sine2, cosine = 4.0 * half2 * (1.0 - half2), 1.0 - 2.0 * half2
        root = np.sqrt(np.maximum(self.speed**2 - self._lag**2 * sine2, 0.0))
        signed = np.where(self.folds & ~first, -root, root)
        # p cos theta - u E*, with the cancellation done by hand.
        along = signed * cosine - self.energy * self.u * self.gamma * sine2
        out: Array = along / ((1.0 + self.u**2 * sine2) * np.maximum(self.speed, 1e-300))
        return np.clip(out, -1.0, 1.0)

    def density(self, cosine: Array, momentum: Array) -> Array:
        """Return the density in the meson's frame, per share of the sphere, of one flat on the lab's sphere.

        Which is dOmega/dOmega* = p* |p E_m - E p_m cos theta|/(p^2 M), shared between the solutions, at given
        cosines in the meson's frame and lab momenta: from above, p |p gamma - u E cos theta| =
        p* |gamma p* + u E* cos theta*|.
        """
        size = np.maximum(momentum, _LEAST * np.maximum(self.speed, 1e-300))
        rise = np.abs(self.gamma * self.speed + self.u * self.energy * cosine)
        out: Array = (self.speed / size) ** 2 * (rise / size)
        return np.where(self.folds, 0.5 * out, out)

    @property
    def steepness(self) -> Array:
        """Slope of -1/E with the cosine in the meson's frame for decays straight ahead, 1/GeV."""
        along = self.u * self.speed
        out: Array = along / (self.gamma * self.energy + along) ** 2
        return out

    @property
    def ahead(self) -> Array:
        """Density of decays straight ahead over their mean on the sphere: dOmega*/dOmega there."""
        out: Array = (self.gamma + self.u * self.energy / np.maximum(self.speed, 1e-9 * self.energy)) ** 2
        return out


def hit_chance(ahead: Array, cones: Cones, theta: Array) -> Array:
    """Return roughly what share of the decays of mesons at polar angles theta (rad) hits a cone.

    At the azimuth nearest to the cone; above 1 where the decays are more focused than the cone is wide.
    """
    nearest = np.maximum(np.abs(theta - polar_angle(cones.centre)) - cones.angle, 0.0)
    out: Array = cones.solid_angle * ahead / (1.0 + ahead * np.sin(0.5 * nearest) ** 2) ** 2
    return out


def azimuth_share(gamma: Array, cones: Cones, theta: Array) -> Array:
    """Return roughly in what share of a meson's azimuths about the beam axis `hit_chance` holds."""
    at = polar_angle(cones.centre)
    ratio = np.sqrt(_closeness(gamma, theta - at) / _closeness(gamma, theta + at))
    wide = np.minimum(ratio + cones.angle / np.maximum(theta + at, 1e-300), 1.0)
    out: Array = 0.5 * wide * (1.0 + wide**2)
    return out


def energy_towards(gamma: Array, cones: Cones, theta: Array) -> Array:
    """Return the energy of massless states that hit a cone over the mesons' mass, 1/(2 gamma (1 - beta cos)).

    Of mesons at polar angles theta (rad), at the azimuth nearest to the cone; straight ahead for closed
    cones, which belong to mesons within the detector.
    """
    nearest = np.maximum(np.abs(theta - polar_angle(cones.centre)) - cones.angle, 0.0)
    nearest = np.where(cones.angle > 0.0, nearest, 0.0)
    out: Array = 0.5 / (gamma * _closeness(gamma, nearest))
    return out


def _closeness(gamma: Array, angle: Array) -> Array:
    """Return 1 - beta cos(angle)."""
    beta = np.sqrt((gamma - 1.0) * (gamma + 1.0)) / gamma
    out: Array = 1.0 / (gamma**2 * (1.0 + beta)) + 2.0 * beta * np.sin(0.5 * angle) ** 2
    return out


class AzimuthProposal:
    """Azimuths of mesons about the beam axis relative to dark states of given directions.

    The density is that of the decays of massless states of like speed, 1/(1 - beta cos(angle)), cut where
    the dark state's cone of emission ends, and rising to that end as the density of decays does.

    Parameters
    ----------
    emission : Emission
        The decays.
    theta, at : array (n,)
        Polar angles (rad) of mesons and dark states.
    """

    def __init__(self, emission: Emission, theta: Array, at: Array) -> None:
        gamma, away = emission.gamma, theta - at
        self._ratio = np.sqrt(_closeness(gamma, away) / _closeness(gamma, theta + at))
        across = np.maximum(np.sin(theta) * np.sin(at), 1e-300)
        half = 0.5 * emission.widest
        # Half of 1 - cos of the largest azimuth difference.
        reach = np.sin(half + 0.5 * away) * np.sin(half - 0.5 * away) / across
        self.open = ~emission.folds | (reach > 0.0)
        self._cut = emission.folds & (reach < 1.0)
        reach = np.clip(reach, 1e-30, 1.0)
        self._end = np.where(
            self._cut, np.arctan2(np.sqrt(reach), self._ratio * np.sqrt(1.0 - reach)), 0.5 * np.pi
        )

    def sample(self, uniform: Array) -> Array:
        """Return azimuths (rad) from uniform numbers."""
        flat = np.pi * (uniform - 0.5)
        middle = np.where(self._cut, self._end * np.sin(flat), flat)
        out: Array = 2.0 * np.arctan2(self._ratio * np.sin(middle), np.cos(middle))
        return out

    def density(self, azimuth: Array) -> Array:
        """Return the density of azimuths (rad), per share of the circle."""
        sine, cosine = np.abs(np.sin(0.5 * azimuth)), np.abs(np.cos(0.5 * azimuth))
        middle = np.arctan2(sine, self._ratio * cosine)
        left = np.sqrt(np.maximum(1.0 - (middle / self._end) ** 2, 1e-14))
        out: Array = self._ratio / (self._ratio**2 * cosine**2 + sine**2)
        return np.where(self._cut, out / (self._end * left), out)


class AsItComes:
    """Decays as they come, or leaning forward; the azimuth about the beam axis is flat in some range.

    Parameters
    ----------
    uniform : array (4, n)
        For the direction in the meson's frame (2), the azimuth of the dark state, and what is chosen.
    middle, half : array (n,)
        The range of azimuths, rad.
    tilts : Tilts or None
        How decays lean.
    """

    def __init__(self, uniform: Array, middle: Array, half: Array, tilts: Tilts | None = None) -> None:
        self._uniform, self._middle, self._half, self._tilts = uniform, middle, half, tilts
        self.cosine = self._drawn(uniform[3])  # to the meson's flight, in its frame

    def _drawn(self, choice: Array) -> Array:
        uniform = self._uniform[0]
        out: Array = 2.0 * uniform - 1.0 if self._tilts is None else self._tilts.cosine(uniform, choice)
        return out

    def _leaning(self) -> Array:
        """Return the density of decays that are not forced, at flat azimuths, over that as they come."""
        lean = np.ones_like(self._half) if self._tilts is None else self._tilts.density(self.cosine)
        return lean * (np.pi / self._half)

    def roll(self, axis: Array, flight: Array) -> Array:
        """Return the turn of the decay about the meson's direction.

        Parameters
        ----------
        axis, flight : array (3, n)
            Unit vectors of meson and dark state in the axes of the decay.
        """
        del axis, flight
        out: Array = 2.0 * np.pi * self._uniform[1]
        return out

    def turn(self, flight: Array) -> Array:
        """Return the turn of everything about the beam axis, for a dark state of direction (3, n) before."""
        out: Array = self._middle + self._half * (2.0 * self._uniform[2] - 1.0) - azimuthal_angle(flight)
        return out

    def weight(self, momentum: Array, direction: Array, turn: Array) -> Array:
        """Return the density of decays as they come, at flat azimuths, over that of the draws.

        Parameters
        ----------
        momentum, direction : array (n,), array (3, n)
            Of the dark state in the lab, GeV and unit vectors.
        turn : array (n,)
            Of everything about the beam axis.
        """
        del momentum, direction, turn
        return 1.0 / self._leaning()


class Forced(AsItComes):
    """Decays of which a share goes to a cone, meson by meson; the others are those of the base.

    Parameters
    ----------
    uniform, middle, half, tilts
        See :class:`AsItComes`.
    emission : Emission
        The decays.
    meson : array (3, n)
        The mesons' directions before everything is turned about the beam axis.
    cones : Cones
        Where to.
    share : array (n,)
        Share to be forced.
    """

    def __init__(
        self,
        uniform: Array,
        middle: Array,
        half: Array,
        emission: Emission,
        meson: Array,
        cones: Cones,
        share: Array,
        tilts: Tilts | None = None,
    ) -> None:
        super().__init__(uniform, middle, half, tilts)
        self._emission, self._meson, self._cones, self._share = emission, meson, cones, share
        self._theta, self._forced = polar_angle(meson), uniform[3] < share
        direction = cones.sample(uniform[0], uniform[1])
        azimuths = AzimuthProposal(emission, self._theta, polar_angle(direction))
        self._turn = azimuthal_angle(direction) + azimuths.sample(uniform[2]) - azimuthal_angle(meson)
        self._lost = self._forced & ~azimuths.open
        self._goal = about_z(direction, -self._turn)
        cosine = emission.cosine(length(self._goal - meson), uniform[3] < 0.5 * share)
        self.cosine = np.where(self._forced, cosine, self._drawn((uniform[3] - share) / (1.0 - share)))

    def roll(self, axis: Array, flight: Array) -> Array:
        """Return the turn of the decay about the meson's direction; see the base."""
        start = Rotation(axis, self._meson, np.zeros(axis.shape[1]))(flight)
        across = perpendicular_pair(self._meson)
        goal, begin = (
            np.arctan2(*(np.einsum("ij,ij->j", one, vector) for one in across[::-1]))
            for vector in (self._goal, start)
        )
        return np.where(self._forced, goal - begin, super().roll(axis, flight))

    def turn(self, flight: Array) -> Array:
        """Return the turn of everything about the beam axis; see the base."""
        return np.where(self._forced, self._turn, super().turn(flight))

    def weight(self, momentum: Array, direction: Array, turn: Array) -> Array:
        """Return one density over the other; 0 where no row that is not forced goes, or no decay."""
        inside = self._forced | self._cones.contain(direction)
        azimuths = AzimuthProposal(self._emission, self._theta, polar_angle(direction))
        difference = azimuthal_angle(self._meson) + turn - azimuthal_angle(direction)
        forced = self._emission.density(self.cosine, momentum) * azimuths.density(difference)
        forced = np.where(inside, forced / self._cones.solid_angle, 0.0)
        weight = 1.0 / (self._share * forced + (1.0 - self._share) * self._leaning())
        off = np.abs(np.angle(np.exp(1j * (azimuthal_angle(direction) - self._middle))))
        return np.where(self._lost | (off > self._half * (1.0 + 1e-12)), 0.0, weight)
