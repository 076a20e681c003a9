"""What every generator of a gamma' pairs hands on: momenta in the parent's rest frame, and the spin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from darkmc.kinematics import Array


@dataclass(frozen=True)
class DarkPair:
    """A parent's decay into a gamma' (+ photon), in the parent's rest frame with axes of its own.

    The z axis points along the (a gamma') system and the decay lies in the x-z plane; the caller turns
    the whole decay at random.

    Attributes
    ----------
    weight : array (n,)
        Branching ratio at G = 1 per event: its mean is the branching ratio.
    axion, dark_photon : array (4, n)
        Four-momenta in the parent's rest frame, GeV.
    photon : array (4, n) or None
        The photon of P -> gamma a gamma'.
    pair_boost : (gamma, gamma beta) of arrays (n,), or None
        Boost along +z from the (a gamma') rest frame to the parent's; None if they are the same.
    dark_photon_in_pair : array (4, n)
        The gamma' in the (a gamma') rest frame.
    polarisation : array (3, n)
        Axis of linear polarisation of the gamma' in its rest frame, reached by a direct boost from the
        (a gamma') rest frame.
    """

    weight: Array
    axion: Array
    dark_photon: Array
    photon: Array | None
    pair_boost: tuple[Array, Array] | None
    dark_photon_in_pair: Array
    polarisation: Array


def polarisation_axes(cosine: Array, sine: Array, along_x: NDArray[np.bool_]) -> Array:
    """Return x* = (cos, 0, -sin) where `along_x`, else y*, for a gamma' flying along (sin, 0, cos)."""
    zero = np.zeros_like(cosine)
    return np.stack(
        [np.where(along_x, cosine, zero), np.where(along_x, 0.0, 1.0), np.where(along_x, -sine, zero)]
    )


def isotropic_axes(cosine: Array, sine: Array, uniform: Array) -> Array:
    """Return one of the axes x*, y*, z* with equal chance: an unpolarised gamma'."""
    axes = polarisation_axes(cosine, sine, uniform < 1.0 / 3.0)
    longitudinal = uniform >= 2.0 / 3.0
    return np.where(longitudinal, np.stack([sine, np.zeros_like(sine), cosine]), axes)
