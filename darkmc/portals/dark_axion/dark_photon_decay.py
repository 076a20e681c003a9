"""Decays of the dark states: gamma' -> a gamma with its spin, a -> gamma gamma', gamma' -> a l+ l- widths.

A gamma' made with a photon is polarised linearly along x* or y* with relative chance 1 : c^2 and decays with
density 1 - (n.e)^2 about its polarisation e, n the photon's direction: together
W = (1 + c^2) - sin^2 theta* (cos^2 phi* + c^2 sin^2 phi*), c = cos theta.  theta: angle between the first
photon and the gamma' in the (a gamma') rest frame (for e+e-: the polar angle); theta*, phi*: the second
photon in the gamma' rest frame reached by a direct boost from there, z* along the gamma', x* in the plane
with the first photon.

Sources: [dN] eqs. 7, 8 and section VI (arXiv:1806.00757).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from darkmc.core.constants import ALPHA
from darkmc.core.inverse_tables import converged, gauss_legendre
from darkmc.core.kinematics import Array, around, unit_vector
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.drawn import Drawn, at_rest
from darkmc.portals.portal import REST, Parents


def dipole_cosine(uniform: Array) -> Array:
    """Return u with density (3/4)(1 - u^2), the polar cosine about the polarisation, by inverse CDF."""
    return 2.0 * np.sin(np.arcsin(2.0 * uniform - 1.0) / 3.0)


class PhotonDecay:
    """gamma' -> a gamma, or a -> gamma gamma' when the axion is the heavier; the total is a width in GeV.

    Parameters
    ----------
    current : DarkCurrent
        The portal's current; the masses must differ.
    """

    key, power, frame = "a gamma", 2.0, REST

    def __init__(self, current: DarkCurrent) -> None:
        (self.unstable, self.mass), (self._daughter, self.daughter_mass) = current.states
        self.current, self.threshold = current, self.daughter_mass
        self.polarised = self.unstable == "dark_photon"
        self.products = ("photon", self._daughter)
        self.n_uniform, self.mappable = (2 if self.polarised else 3), (0, 1)
        self.momentum = (
            (self.mass - self.daughter_mass) * (self.mass + self.daughter_mass) / (2.0 * self.mass)
        )

    def total(self, energy: Any = None) -> float:
        """Return the width in GeV at G = 1."""
        return float(self.current.dark_photon_width() if self.polarised else self.current.axion_width())

    @property
    def largest_weight(self) -> float:
        """The width: all weights are alike."""
        return self.total()

    def density(self, invariants: Sequence[Any]) -> Any:
        """Return dGamma/du in GeV at G = 1, u the photon's cosine to the polarisation (axion: any axis)."""
        return self.total() * (0.5 * self.over_isotropic(np.asarray(invariants[0], dtype=float)))

    def over_isotropic(self, cosine: Array) -> Array:
        """Return the density of the photon's cosine to the polarisation over the isotropic one."""
        if not self.polarised:
            return np.ones_like(cosine)
        out: Array = 1.5 * np.maximum(1.0 - cosine**2, 0.0)
        return out

    def sample(self, uniform: Array, parents: Parents | None = None) -> Drawn:
        """Return decays from uniform numbers (n_uniform, n); without parents they are unpolarised."""
        spin = None if parents is None or not self.polarised else parents.spin
        direction = self._direction(None if spin is None else spin[1:], uniform)

        def moving(mass: float, sign: float) -> Array:
            energy = np.full((1, uniform.shape[1]), np.hypot(self.momentum, mass))
            return np.concatenate([energy, sign * self.momentum * direction])

        momenta = {
            "photon": lambda: moving(0.0, 1.0),
            self._daughter: lambda: moving(self.daughter_mass, -1.0),
        }
        spins = {} if self.polarised else {self._daughter: lambda: self._daughter_spin(direction, uniform[2])}
        return Drawn(np.full(uniform.shape[1], self.total()), momenta, spins)

    @staticmethod
    def _daughter_spin(direction: Array, uniform: Array) -> Array:
        """Return the polarisation (4, n) of the gamma' of a -> gamma gamma' in the axion's rest frame.

        The amplitude eps(e, k_gamma, e', k_gamma') has no longitudinal gamma' there, and summed over the
        photon both transverse axes are alike: one is drawn, at any azimuth.  A boost along its flight leaves
        it as it is.
        """
        return at_rest(around(direction, np.zeros(direction.shape[1]), 2.0 * np.pi * uniform))

    @staticmethod
    def _direction(axis: Array | None, uniform: Array) -> Array:
        """Return the photon's direction in the rest frame, for a linear polarisation (3, n) or none."""
        if axis is None:
            return unit_vector(2.0 * uniform[0] - 1.0, 2.0 * np.pi * uniform[1])
        return around(axis, dipole_cosine(uniform[0]), 2.0 * np.pi * uniform[1])


def pair_spectrum(q2: Any, m_lepton: float, current: DarkCurrent, coupling: Any = 1.0) -> Any:
    """Return dGamma(gamma' -> a l+ l-)/dq2 in 1/GeV, q2 = m_ll^2; 0 outside 4 m_l^2 < q2 < (m' - m_a)^2.

    Gamma(gamma' -> a gamma*(q2)) alpha/(3 pi q2) sqrt(1 - 4 m^2/q2) (1 + 2 m^2/q2), spin average included.
    """
    q2 = np.asarray(q2, dtype=float)
    inside = (q2 > 4.0 * m_lepton**2) & (np.sqrt(q2) < current.m_dark_photon - current.m_axion)
    ratio = np.where(inside, m_lepton**2 / np.where(inside, q2, 1.0), 0.0)
    splitting = (
        ALPHA / (3.0 * np.pi * np.where(inside, q2, 1.0)) * np.sqrt(1.0 - 4.0 * ratio) * (1.0 + 2.0 * ratio)
    )
    return np.where(inside, current.dark_photon_width(np.where(inside, q2, 0.0), coupling) * splitting, 0.0)[
        ()
    ]


def pair_width(m_lepton: float, current: DarkCurrent) -> float:
    """Return Gamma(gamma' -> a l+ l-) in GeV at G = 1; 0 when closed.

    Integral of :func:`pair_spectrum` in y, q2 = 4 m^2 cosh^2 y, with the 3/2 power at the upper end
    taken out by a square; good to 1e-9, PhysicsError if it does not converge.
    """
    largest = current.m_dark_photon - current.m_axion
    if largest <= 2.0 * m_lepton:
        return 0.0
    end = float(np.arccosh(largest / (2.0 * m_lepton)))

    def integral(order: int) -> float:
        root, weights = gauss_legendre(0.0, 1.0, order)
        y = end * (1.0 - root**2)
        q2 = 4.0 * m_lepton**2 * np.cosh(y) ** 2
        jacobian = 4.0 * m_lepton**2 * np.sinh(2.0 * y) * 2.0 * end * root
        return float(np.dot(weights, jacobian * pair_spectrum(q2, m_lepton, current)))

    return float(converged(integral, 300, 1e-7, "width of gamma' -> a l+ l-"))
