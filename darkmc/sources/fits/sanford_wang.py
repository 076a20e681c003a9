"""Sanford-Wang fit of meson production on beryllium by protons of about 9 GeV.

Source: MiniBooNE's flux, Phys. Rev. D 79 (2009) 072002, arXiv:0806.1449 (constants as in a public code,
grade B).  A meson keeps momentum and angle of the fitted particle and has its own mass.
"""

from dataclasses import dataclass

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.units import require_positive


@dataclass(frozen=True)
class SanfordWang:
    """Mean of one or more Sanford-Wang forms, per interacting proton.

    Parameters
    ----------
    beam_momentum : float
        GeV.
    inelastic_cross_section_mb : float
        Inelastic p-nucleus cross section that turns cross sections into multiplicities.
    species : tuple of (c1, ..., c9)
        Constants of each form, c1 in mb/(sr GeV): pi+ and pi- for pi0, or K0.
    """

    beam_momentum: float
    inelastic_cross_section_mb: float
    species: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        require_positive("beam momentum", self.beam_momentum)
        if min(c[8] for c in self.species) < 0.0:
            raise PhysicsError("c9 must not be negative: mesons would have more momentum than the beam")
        require_positive("beam momentum above c9", self.largest_momentum)

    @property
    def largest_momentum(self) -> float:
        """Largest lab momentum, GeV, at which 1 - p/(p_B - c9) is positive."""
        return self.beam_momentum - min(c[8] for c in self.species)

    @property
    def largest_angle(self) -> float:
        """Largest lab angle, rad: behind it cos^c8 has no value."""
        return 0.5 * np.pi

    @property
    def edge_power(self) -> float:
        """The density ends like (1 - p/p_max)^(2 - 1)."""
        return 2.0

    def cross_section(self, constants: tuple[float, ...], momentum: Array, theta: Array) -> Array:
        """Return d2sigma/dp dOmega in mb/(sr GeV) of one form; 0 where it would be negative, and backward.

        c1 p^c2 (1 - p/(pB-c9)) exp[-c3 p^c4/pB^c5 - c6 theta (p - c7 pB cos^c8 theta)].
        """
        c1, c2, c3, c4, c5, c6, c7, c8, c9 = constants
        beam = self.beam_momentum
        inside = (momentum > 0.0) & (momentum < beam - c9) & (theta < self.largest_angle)
        p, angle = np.where(inside, momentum, 1.0), np.where(inside, theta, 0.0)
        log_p = np.log(p)
        shift = c7 * beam * np.cos(angle) ** c8
        exponent = c2 * log_p - c3 / beam**c5 * np.exp(c4 * log_p) - c6 * angle * (p - shift)
        return np.where(inside, c1 * (1.0 - p / (beam - c9)) * np.exp(exponent), 0.0)

    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega per interacting proton in 1/(GeV sr).

        Arguments as :meth:`darkmc.sources.fits.bmpt.Bmpt.density`; 0 outside the range of the fit's form.
        """
        theta = np.arctan2(np.sqrt(transverse2), momentum * cosine)
        out = np.zeros_like(momentum)
        for constants in self.species:
            out += self.cross_section(constants, momentum, theta)
        return out / (len(self.species) * self.inelastic_cross_section_mb)
