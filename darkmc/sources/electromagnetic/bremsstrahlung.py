"""Bremsstrahlung of electrons and positrons: spectrum, soft loss, and photons by null collisions.

Source: Y.-S. Tsai, Rev. Mod. Phys. 46 (1974) 815, eq. (3.83); at complete screening the PDG's eq. (34.29)
(from memory, grade C: their integrals are tested).
"""

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.sources.electromagnetic.screening import Screening

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def spectrum(screening: Screening, energy: Array, photon: Array) -> Array:
    """Return k dn/dk: photons per radiation length and logarithm of their energy.

    (4/3 - 4 y/3 + y^2) S_1 + (1 - y) S_2, y = k/E, delta = m_e k/(E E'): Tsai eq. (3.83).

    Parameters
    ----------
    screening : Screening
        The medium's two functions.
    energy, photon : array (n,)
        Energy of the electron before, and of the photon, GeV; zero where the photon takes more than E - m_e.
    """
    left = energy - photon
    can = left > mass("e")
    y = photon / energy
    left = np.where(can, left, energy)
    large, small = screening.functions(mass("e") * y / left)
    return np.asarray(((4.0 / 3.0 - 4.0 / 3.0 * y + y * y) * large + (1.0 - y) * small) * can)


def largest(screening: Screening) -> float:
    """Return the bound of the spectrum: its value for k -> 0."""
    first, second = screening.unscreened
    return 4.0 / 3.0 * first + second


def propose(cut: float, logarithm: Array) -> Array:
    """Return the photon's energy k = cut e^logarithm, GeV.

    With the logarithm uniform on (0, ln(E/cut)) photons come with the bound of the spectrum; a photon is
    real with the chance spectrum/largest, or else nothing has happened.
    """
    return np.asarray(cut * np.exp(logarithm))


def soft_loss(screening: Screening, energy: Array, cut: float) -> Array:
    """Return the loss to photons below the cut, GeV per radiation length: the spectrum's integral over k."""
    half = 0.5 * np.minimum(cut, energy - mass("e"))
    k = half[..., None] * (1.0 + _NODES)
    values = spectrum(screening, np.broadcast_to(energy[..., None], k.shape), k)
    return np.asarray(half * (values @ _WEIGHTS))
