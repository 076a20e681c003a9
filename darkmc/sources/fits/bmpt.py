"""Bonesini-Marchionni-Pietropaolo-Tabarelli (BMPT) fit of meson production by 400-450 GeV protons.

Source: Bonesini et al., EPJC 20 (2001) 13, hep-ph/0101163 (parameters as in public codes, grade B).
The kinematics use the charged pion's mass throughout; a neutral meson takes the same momentum and angle.
The A-dependence, measured at small p_T, grows like A^(0.2 pT^2). On copper and lighter nuclei the kinematic
limit ends it at the beams of the fit (2e-6 of the pi0 at 400 GeV); beyond, it outgrows the fall with p_T (2%
of the pi0 on Mo, 1.6e7 pi0 per proton on W at 400 GeV): there it is constant above 5 GeV, where 3 or 5 GeV
give the same pi0 within 1.2e-4.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from darkmc.core.kinematics import Array, feynman_x, nucleon_frame
from darkmc.core.particles import mass
from darkmc.core.units import require_positive

_FIT_BEAM = 450.0  # GeV, the most energetic protons of the fit
_LARGEST_TAMED = 64.0  # copper, up to which the kinematic limit ends the growth at the beams of the fit
_LARGEST_TRANSVERSE2 = 5.0**2  # GeV^2, for the A-dependence beyond the two


def power_of_mass_number(x_f: Array, transverse2: Array) -> Array:
    """Return the power of A in cross sections of pions, (0.74 - 0.55 x_F + 0.26 x_F^2)(0.98 + 0.21 pT^2).

    Source: that of the module; pT^2 in GeV^2.
    """
    out: Array = (0.74 - 0.55 * x_f + 0.26 * x_f**2) * (0.98 + 0.21 * transverse2)
    return out


@dataclass(frozen=True)
class Bmpt:
    """Pion production per interacting proton: constants of the fit, beam and target.

    Parameters
    ----------
    beam_energy : float
        Total energy of the beam proton in GeV.
    mass_number, reference_mass_number : float
        A of the target and of the beryllium to which the fit is normalised.
    inelastic_cross_section_mb : float
        Inelastic p-nucleus cross section that turns cross sections into multiplicities.
    A, B, alpha, beta, a, gamma, delta : float
        Constants of the invariant cross section; A in mb/GeV^2, a in 1/GeV.
    ratio_scale, ratio_power : float
        pi+/pi- = ratio_scale (1 + x_R)^ratio_power.
    missing_mass : float
        Least mass of the system that recoils against the pion, GeV.
    alpha_below_zero_xF : {"extrapolated", "frozen"}
        The A-dependence at negative x_F: the fit's polynomial, or its value at x_F = 0.
    theta_max_bias : bool
        The density divided by :meth:`widest_forward_angle`, and none beyond pi/2: no number per proton then.
    x_F_without_2 : bool
        x_F = p*_L/sqrt(s) in the A-dependence, as a public code has it.
    """

    beam_energy: float
    mass_number: float
    reference_mass_number: float
    inelastic_cross_section_mb: float
    A: float
    B: float
    alpha: float
    beta: float
    a: float
    gamma: float
    delta: float
    ratio_scale: float
    ratio_power: float
    missing_mass: float
    alpha_below_zero_xF: Literal["extrapolated", "frozen"] = "extrapolated"
    theta_max_bias: bool = False
    x_F_without_2: bool = False

    def __post_init__(self) -> None:
        require_positive("beam energy", self.beam_energy - mass("proton"))

    @cached_property
    def _frame(self) -> tuple[float, float, float, float]:
        """Sqrt(s), gamma and beta of the pp centre of mass, and the largest pion energy there."""
        root_s, gamma, beta = nucleon_frame(self.beam_energy, mass("proton"))
        s = 2.0 * mass("proton") * (mass("proton") + self.beam_energy)
        largest = (s - self.missing_mass**2 + mass("pi+") ** 2) / (2.0 * root_s)
        return root_s, gamma, beta, float(largest)

    @cached_property
    def largest_momentum(self) -> float:
        """Largest lab momentum, GeV: x_R = 1 straight ahead."""
        _, gamma, beta, largest = self._frame
        return float(gamma * (np.sqrt(largest**2 - mass("pi+") ** 2) + beta * largest))

    @property
    def largest_angle(self) -> float:
        """Largest lab angle, rad."""
        return 0.5 * np.pi if self.theta_max_bias else np.pi

    @property
    def edge_power(self) -> float:
        """The forward density ends at least as steeply as (1 - p/p_max)^(4 - 1); alpha is 3.45.

        Divided by the widest angle, which ends as its square root, half a power less.
        """
        return 3.5 if self.theta_max_bias else 4.0

    def scaling_variables(self, momentum: Array, cosine: Array) -> tuple[Array, Array, Array]:
        """Return pion energy (GeV), x_R = E*/E*_max and x_F = 2 p*_L/sqrt(s) in the pp centre of mass."""
        root_s, gamma, beta, largest = self._frame
        energy = np.sqrt(momentum**2 + mass("pi+") ** 2)
        along = momentum * cosine
        return (
            energy,
            gamma / largest * (energy - beta * along),
            feynman_x((root_s, gamma, beta), energy, along),
        )

    def widest_forward_angle(self, momentum: Array) -> Array:
        """Return the largest lab angle up to pi/2 with x_R < 1, rad, of momenta in GeV; 0 from p_max on.

        Up to it a sampler may draw angles evenly; one that accepts by d2N/dp dtheta then, and forgets how
        wide the draw was, makes mesons with the density divided by it.
        """
        _, gamma, beta, largest = self._frame
        energy = np.sqrt(momentum**2 + mass("pi+") ** 2)
        along = gamma * beta * momentum
        with np.errstate(divide="ignore", invalid="ignore"):
            below = np.clip((along - gamma * energy + largest) / along, 0.0, 1.0)  # 1 - cos theta
        out: Array = np.where(momentum > 0.0, 2.0 * np.arcsin(np.sqrt(0.5 * below)), 0.5 * np.pi)
        return out

    def invariant_cross_section(self, x_r: Array, transverse2: Array, log_factor: Array | float) -> Array:
        """Return E d3sigma/dp3 (p Be -> pi+ X) in mb/GeV^2 for 0 < x_R < 1 and pT^2 in GeV^2.

        A (1-x_R)^alpha (1+B x_R) x_R^-beta (1 + a' pT + b' pT^2) exp(-a' pT),
        a' = a/x_R^gamma, b' = a^2/(2 x_R^delta): hep-ph/0101163 eq. 5.
        `log_factor`: the logarithm of what it is multiplied by, 0 for one.
        """
        log_x = np.log(x_r)
        slope = (self.a * np.sqrt(transverse2)) * np.exp(-self.gamma * log_x)
        curvature = (0.5 * self.a**2) * np.exp(-self.delta * log_x) * transverse2
        exponent = self.alpha * np.log1p(-x_r) - self.beta * log_x - slope + log_factor
        out: Array = self.A * (1.0 + self.B * x_r) * (1.0 + slope + curvature) * np.exp(exponent)
        return out

    def nuclear_exponent(self, x_f: Array, transverse2: Array) -> Array:
        """Return the power of A in sigma(A)/sigma(Be).

        For beams above 450 GeV and nuclei heavier than copper with at most 5 GeV for pT.
        """
        if self.x_F_without_2:
            x_f = 0.5 * x_f
        if self.alpha_below_zero_xF == "frozen":
            x_f = np.maximum(x_f, 0.0)
        if self.beam_energy > _FIT_BEAM or self.mass_number > _LARGEST_TAMED:
            transverse2 = np.minimum(transverse2, _LARGEST_TRANSVERSE2)
        return power_of_mass_number(x_f, transverse2)

    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega of pi0 = (pi+ + pi-)/2 per interacting proton, 1/(GeV sr).

        Parameters
        ----------
        momentum, cosine, transverse2 : array
            Lab momentum (GeV), cosine of the lab angle and pT^2 (GeV^2, given apart because it loses
            its digits when computed from a cosine near 1).

        Returns
        -------
        array
            The density; 0 outside the kinematic range.  With `theta_max_bias` over an angle in rad.
        """
        energy, x_r, x_f = self.scaling_variables(momentum, cosine)
        inside = x_r < 1.0
        if not inside.all():  # powers overflow out there: take harmless numbers, dropped below
            x_r, x_f, transverse2 = (np.where(inside, v, 0.5) for v in (x_r, x_f, transverse2))
        scale = np.log(self.mass_number / self.reference_mass_number)
        positive = self.invariant_cross_section(
            x_r, transverse2, scale * self.nuclear_exponent(x_f, transverse2)
        )
        negative_share = np.exp(-self.ratio_power * np.log1p(x_r)) / self.ratio_scale
        pions = momentum**2 / energy * positive * (0.5 / self.inelastic_cross_section_mb)
        unbiased = np.where(inside, pions * (1.0 + negative_share), 0.0)
        return self._biased(unbiased, momentum, cosine) if self.theta_max_bias else unbiased

    def _biased(self, density: Array, momentum: Array, cosine: Array) -> Array:
        widest = self.widest_forward_angle(momentum)
        seen = (density > 0.0) & (cosine >= 0.0) & (widest > 0.0)
        return np.divide(density, widest, out=np.zeros_like(density), where=seen)
