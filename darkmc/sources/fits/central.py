"""Heavy mesons made centrally: powers of x_F and p_T in the centre of mass of beam and one nucleon."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from darkmc.core.kinematics import Array, nucleon_frame
from darkmc.core.particles import mass

_TAIL_POWER = 6.0


@dataclass(frozen=True)
class CentralMeson:
    """d2N/dx_F dpT^2 proportional to (1 - |x_F|)^c (1 + pT^2/p0^2)^-6 up to the kinematic limit.

    The form in which fixed-target experiments fit their J/psi (from memory: E705, E672/E706, E789).
    x_F = p*_L/p*_max; the recoiling system has at least the mass of the two nucleons.

    Parameters
    ----------
    beam_energy : float
        Total energy of the beam proton in GeV.
    meson_mass : float
        GeV.
    x_F_power : float
        c.
    transverse_scale : float
        p0 in GeV; without a kinematic limit the mean p_T is 0.4295 p0.
    """

    beam_energy: float
    meson_mass: float
    x_F_power: float
    transverse_scale: float

    @cached_property
    def _frame(self) -> tuple[float, float, float]:
        """Gamma and beta of the centre of mass, and the largest meson momentum there (0: closed)."""
        root_s, gamma, beta = nucleon_frame(self.beam_energy, mass("proton"))
        recoil = 2.0 * mass("proton")
        if root_s <= recoil + self.meson_mass:
            return gamma, beta, 0.0
        energy = (root_s**2 - recoil**2 + self.meson_mass**2) / (2.0 * root_s)
        return gamma, beta, float(np.sqrt(energy**2 - self.meson_mass**2))

    @cached_property
    def largest_momentum(self) -> float:
        """Largest lab momentum in GeV: x_F = 1; 0 below the threshold."""
        gamma, beta, largest = self._frame
        if largest == 0.0:
            return 0.0
        return float(gamma * (largest + beta * np.hypot(largest, self.meson_mass)))

    @property
    def largest_angle(self) -> float:
        """Largest lab angle, rad: asin of p*_max/M over the gamma beta of the centre of mass, or pi."""
        gamma, beta, largest = self._frame
        sine = largest / (self.meson_mass * gamma * beta)
        return float(np.arcsin(sine)) if sine < 1.0 else np.pi

    @property
    def edge_power(self) -> float:
        """The forward density ends like (1 - p/p_max)^c."""
        return self.x_F_power + 1.0

    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega in arbitrary units; arguments as :meth:`.bmpt.Bmpt.density`.

        p^2 (E*/E) d2N/dx_F dpT^2: d3p/E is invariant and d3p* = pi p*_max dx_F dpT^2 over all azimuths.
        """
        gamma, beta, largest = self._frame
        if largest == 0.0:
            return np.zeros_like(momentum)
        energy = np.hypot(momentum, self.meson_mass)
        along = momentum * cosine
        own_energy = gamma * (energy - beta * along)
        x_f = gamma * (along - beta * energy) / largest
        inside = x_f**2 + transverse2 / largest**2 < 1.0
        central = np.where(inside, 1.0 - np.abs(x_f), 0.0) ** self.x_F_power
        soft = (1.0 + transverse2 / self.transverse_scale**2) ** -_TAIL_POWER
        out: Array = momentum**2 * own_energy / energy * central * soft
        return out
