"""Photons of decays to a photon and a dark state, forced into a window of energies.

The helicity cosine of the photon is flat over the window for a share of the rows and flat over [-1, 1] for
the rest; the weight is the true density over that mixture, from four-vectors in whatever frame.
"""

import numpy as np

from darkmc.core.kinematics import Array, cosine_and_sine, length, perpendicular_pair
from darkmc.core.mixtures import window_weight
from darkmc.portals.kinds import PhotonDecay

FORCED = 0.75  # share of photons that are forced into an energy window


def in_window(
    decay: PhotonDecay,
    unstable: Array,
    polarisation: Array | None,
    window: tuple[float, float],
    uniform: Array,
    with_daughter: bool = True,
) -> tuple[Array, Array, Array]:
    """Return photon, dark daughter (4, n) and weight, with photon energies forced into a window.

    The density of the cosine n.e between photon and polarisation, n.e = -(k.e)/|k*|, is the decay's.

    Parameters
    ----------
    decay : PhotonDecay
        What happens.
    unstable : array (4, n)
        Four-momentum of the decaying state.
    polarisation : array (4, n) or None
        Its linear polarisation in the same frame; None for isotropic decay.
    window : (float, float)
        Photon energies in that frame, GeV.
    uniform : array (3, n)
        Uniform numbers.
    with_daughter : bool
        Make the dark daughter too; it is empty otherwise.
    """
    momentum = length(unstable[1:])
    low, width = window_width(decay, unstable[0], momentum, window)
    forced = (uniform[0] < FORCED) & (width > 0.0)
    cosine = np.where(forced, low + width * uniform[1], 2.0 * uniform[1] - 1.0)
    inside = (cosine >= low) & (cosine <= low + width)
    weight = window_weight(inside, width, FORCED)
    azimuth = 2.0 * np.pi * uniform[2]
    photon, daughter = _back_to_back(decay, unstable, momentum, cosine, azimuth, with_daughter)
    if polarisation is not None:
        product = photon[0] * polarisation[0] - np.einsum("ij,ij->j", photon[1:], polarisation[1:])
        weight *= decay.over_isotropic(product / decay.momentum)
    return photon, daughter, weight


def share_in_window(decay: PhotonDecay, energy: Array, window: tuple[float, float]) -> Array:
    """Return the share of isotropic decays of fast states that have their photon in a window."""
    low, high = window
    hardest = energy * (1.0 - (decay.daughter_mass / decay.mass) ** 2)
    return np.clip((np.minimum(high, hardest) - low) / hardest, 0.0, 1.0)


def window_width(
    decay: PhotonDecay, energy: Array, momentum: Array, window: tuple[float, float]
) -> tuple[Array, Array]:
    """Return the least helicity cosine of a photon in an energy window, and the width of the range."""
    low, high = (
        np.clip((limit * decay.mass / decay.momentum - energy) / momentum, -1.0, 1.0) for limit in window
    )
    return low, high - low


def _back_to_back(
    decay: PhotonDecay, unstable: Array, momentum: Array, cosine: Array, azimuth: Array, with_daughter: bool
) -> tuple[Array, Array]:
    """Return both daughters for helicity angles in the rest frame reached by a direct boost."""
    axis = unstable[1:] / momentum
    first, second = perpendicular_pair(axis)
    sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0)) * decay.momentum
    x, y = cosine_and_sine(azimuth)
    across = (sine * x) * first + (sine * y) * second
    gamma, gamma_beta, along = unstable[0] / decay.mass, momentum / decay.mass, decay.momentum * cosine

    def moving(mass: float, sign: float) -> Array:
        energy = np.hypot(decay.momentum, mass)
        out = np.empty_like(unstable)
        out[0] = gamma * energy + gamma_beta * sign * along
        out[1:] = (gamma_beta * energy + gamma * sign * along) * axis + sign * across
        return out

    return moving(0.0, 1.0), moving(decay.daughter_mass, -1.0) if with_daughter else np.empty((4, 0))
