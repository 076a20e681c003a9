"""What every generator of a gamma' pairs hands on: momenta in the parent's rest frame, and the spin."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array, boost, boost_z
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.drawn import at_rest


@dataclass(frozen=True)
class DarkPair:
    """A parent's decay into a gamma' (+ photon), in the parent's rest frame with axes of its own.

    The z axis points along the (a gamma') system and the decay lies in the x-z plane; the caller turns
    the whole decay at random.  What is not asked for is not computed.

    Attributes
    ----------
    current : DarkCurrent
        The masses.
    weight : array (n,)
        Branching ratio at G = 1 per event: its mean is the branching ratio.
    star_momentum, cosine, sine : arrays (n,)
        The gamma' in the (a gamma') rest frame: momentum (GeV), cosine and sine of its angle to z.
    pair_boost : (gamma, gamma beta) of arrays (n,), or None
        Boost along +z from the (a gamma') rest frame to the parent's; None if they are the same.
    photon_energy : array (n,) or None
        Energy of the photon of P -> gamma a gamma', which flies along -z.
    polarisation : array (3, n)
        Axis of linear polarisation of the gamma' in its rest frame, reached by a direct boost from the
        (a gamma') rest frame.
    """

    current: DarkCurrent
    weight: Array
    star_momentum: Array
    cosine: Array
    sine: Array
    pair_boost: tuple[Array, Array] | None
    photon_energy: Array | None
    polarisation: Array

    def _in_pair(self, mass: float, sign: float) -> Array:
        out = np.zeros((4, len(self.star_momentum)))
        out[0] = np.sqrt(self.star_momentum**2 + mass**2)
        out[1], out[3] = sign * self.star_momentum * self.sine, sign * self.star_momentum * self.cosine
        return out

    def to_parent(self, four: Array) -> Array:
        """Take four-momenta (4, n) from the (a gamma') rest frame to the parent's."""
        return four if self.pair_boost is None else boost_z(four, *self.pair_boost)

    @cached_property
    def dark_photon_in_pair(self) -> Array:
        """Four-momentum (4, n) of the gamma' in the (a gamma') rest frame."""
        return self._in_pair(self.current.m_dark_photon, 1.0)

    @cached_property
    def dark_photon(self) -> Array:
        """Four-momentum (4, n) of the gamma' in the parent's rest frame."""
        return self.to_parent(self.dark_photon_in_pair)

    @cached_property
    def axion(self) -> Array:
        """Four-momentum (4, n) of the axion in the parent's rest frame."""
        return self.to_parent(self._in_pair(self.current.m_axion, -1.0))

    def momentum(self, name: str) -> Array:
        """Return the four-momentum (4, n) of "axion", "dark_photon" or "photon", parent at rest."""
        found = getattr(self, name) if name in ("axion", "dark_photon", "photon") else None
        if found is None:
            raise KeyError(name)
        return np.asarray(found)

    def spin(self, name: str) -> Array | None:
        """Return the linear polarisation four-vector (4, n) of the "dark_photon"; None for others."""
        return self.dark_photon_spin if name == "dark_photon" else None

    @cached_property
    def dark_photon_spin(self) -> Array:
        """Linear polarisation four-vector (4, n) of the gamma' in the parent's rest frame."""
        return self.to_parent(
            boost(at_rest(self.polarisation), self.dark_photon_in_pair, self.current.m_dark_photon)
        )

    def polarisation_at_rest(self, name: str) -> Array | None:
        """Return the linear polarisation (4, n) in the rest frame that :meth:`from_rest` leaves, or None."""
        return at_rest(self.polarisation) if name == "dark_photon" else None

    def from_rest(self, name: str, four: Array) -> Array:
        """Take four-vectors (4, n) from the rest frame of a dark state to the parent's.

        That of the gamma' is reached by way of the (a gamma') rest frame, that of the axion directly.
        """
        if name == "dark_photon":
            return self.to_parent(boost(four, self.dark_photon_in_pair, self.current.m_dark_photon))
        return boost(four, self.axion, self.current.m_axion)

    @property
    def photon(self) -> Array | None:
        """Four-momentum (4, n) of the photon in the parent's rest frame, None if there is none."""
        if self.photon_energy is None:
            return None
        zero = np.zeros_like(self.photon_energy)
        return np.stack([self.photon_energy, zero, zero, -self.photon_energy])


def polarisation_axes(cosine: Array, sine: Array, along_x: NDArray[np.bool_]) -> Array:
    """Return x* = (cos, 0, -sin) where `along_x`, else y*, for a gamma' flying along (sin, 0, cos)."""
    return np.stack(
        [np.where(along_x, cosine, 0.0), np.where(along_x, 0.0, 1.0), np.where(along_x, -sine, 0.0)]
    )


def isotropic_axes(cosine: Array, sine: Array, uniform: Array) -> Array:
    """Return one of the axes x*, y*, z* with equal chance: an unpolarised gamma'."""
    axes = polarisation_axes(cosine, sine, uniform < 1.0 / 3.0)
    longitudinal = uniform >= 2.0 / 3.0
    return np.where(longitudinal, np.stack([sine, np.zeros_like(sine), cosine]), axes)
