"""Pair production by photons: density, and pairs by null collisions.

Source: Y.-S. Tsai, Rev. Mod. Phys. 46 (1974) 815, eq. (3.9) with the functions of eqs. (3.38) to (3.41); at
complete screening the PDG's eq. (34.31) (from memory, grade C).
"""

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.sources.electromagnetic.screening import Screening


def density(screening: Screening, photon: Array, fraction: Array) -> Array:
    """Return dn/dx: pairs per radiation length and share x of the photon's energy that the positron takes.

    [1 - (4/3) x (1 - x)] S_1 - x (1 - x) S_2, delta = m_e/(k x (1 - x)): Tsai eq. (3.9); symmetric in x.

    Parameters
    ----------
    screening : Screening
        The medium's two functions.
    photon, fraction : array (n,)
        Energy k of the photon in GeV, and x; zero where one of the pair has less than its mass.
    """
    shared = fraction * (1.0 - fraction)
    least = mass("e") / photon
    can = (fraction > least) & (fraction < 1.0 - least)
    shared = np.where(can, shared, 0.25)
    large, small = screening.functions(least / shared)
    return np.maximum((1.0 - 4.0 / 3.0 * shared) * large - shared * small, 0.0) * can


def largest(screening: Screening) -> float:
    """Return the bound of the density: its value where one takes all; x is to be uniform on (0, 1)."""
    return screening.unscreened[0]
