"""Multiple scattering in the Gaussian approximation.

Source: PDG, eq. (34.16), without its logarithm (from memory, grade C).
"""

import numpy as np

from darkmc.core.kinematics import Array

SCATTERING_ENERGY = 13.6e-3  # GeV, in one plane


def plane_angle(length: Array, energy_before: Array, energy_after: Array) -> Array:
    """Return the rms angle in one plane of a path, in rad: 13.6 MeV/p sqrt(x), p^2 the product of both ends.

    Variances of paths that follow each other add, so the logarithm 1 + 0.038 ln x has no place here; it is
    one after a radiation length, over which electrons of a shower lose their energy.

    Parameters
    ----------
    length : array (n,)
        Path in radiation lengths.
    energy_before, energy_after : array (n,)
        Energies at its ends, GeV.
    """
    return np.asarray(SCATTERING_ENERGY * np.sqrt(length / (energy_before * energy_after)))
