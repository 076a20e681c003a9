"""Burman-Smith fit of pi+ production by 585-800 MeV protons, for pi0 of the same kinetic energy.

Source: Burman and Smith, LA-11502-MS (constants as in a public code, grade B; original not read).  The fit
has MeV and degrees; it was made up to 730 MeV and its constants are extrapolated linearly beyond.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.inverse_tables import gauss_legendre
from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.core.units import require_positive

KNOTS_DEG = (0.0, 0.0, 0.0, 30.0, 70.0, 180.0, 180.0, 180.0)
CHARGE_POWERS = (0.8851, -0.1015, 0.1459, -0.0265)  # of ln Z, times Z^(1/3)
DEUTERON_MASS = 1.875612945  # GeV, CODATA 2022
_LOW_MEV, _HIGH_MEV = 585.0, 730.0
_MEV = 1e3  # per GeV


def _width_constants(charge: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return T_A (degrees) and sigma_A (MeV), each at 585 and at 730 MeV."""
    if charge == 1:
        return (64.5, 53.0), (155.0, 127.0)
    if charge <= 8:
        return (28.9, 34.2), (130.0, 150.0)
    return (26.0, 29.9), (135.0, 166.0)


def quadratic_spline(coefficients: Sequence[float], angle: Array) -> Array:
    """Return sum_i A_i B_i(theta), the quadratic B-splines on the knots of the fit (degrees).

    The intervals are open above, so that no knot counts twice; the last one holds 180 degrees.
    """
    knots, values = np.array(KNOTS_DEG), np.array(coefficients)
    interval = (angle >= KNOTS_DEG[3]).astype(np.intp) + (angle >= KNOTS_DEG[4])
    a, b, c = (np.take(values, interval + k) for k in range(3))
    before, start, end, after = (np.take(knots, interval + k) for k in (1, 2, 3, 4))
    first = (angle - before) / (end - before)
    second = (angle - start) / (after - start)
    last = (angle - start) / (end - start)
    left = a + first * (b - a)
    out: Array = left + last * (b + second * (c - b) - left)
    return out


@dataclass(frozen=True)
class BurmanSmith:
    """Pion production on one kind of nucleus.

    Parameters
    ----------
    beam_kinetic_energy : float
        Of the proton, GeV.
    charge : int
        Z of the target, 1 for hydrogen.
    end_point_width : float
        B of the Fermi edge, MeV; sources disagree (25 or 50).
    hydrogen_amplitude_factor, hydrogen_scale : float
        Factors of the amplitudes A_i and of the whole for Z = 1.
    """

    beam_kinetic_energy: float
    charge: int
    end_point_width: float = 25.0
    hydrogen_amplitude_factor: float = 2.0
    hydrogen_scale: float = 0.7

    def __post_init__(self) -> None:
        require_positive("the beam energy above the threshold", self.beam_kinetic_energy - mass("pi+"))
        _, widths = self._widths
        require_positive("sigma_A", widths)
        if self.charge == 1 and np.isnan(self.end_point(np.array([90.0]))).any():
            raise PhysicsError(
                f"a beam of {self.beam_kinetic_energy:g} GeV does not make pi+ at every angle on hydrogen"
            )

    @property
    def largest_momentum(self) -> float:
        """Largest lab momentum of a pi0, GeV: it has all the kinetic energy of the beam."""
        return float(np.sqrt(self.beam_kinetic_energy**2 - mass("pi0") ** 2))

    @cached_property
    def _widths(self) -> tuple[float, float]:
        """T_A in degrees and sigma_A in MeV at the beam's energy, linear in it."""
        share = (self.beam_kinetic_energy * _MEV - _LOW_MEV) / (_HIGH_MEV - _LOW_MEV)
        angle, energy = _width_constants(self.charge)
        return angle[0] + share * (angle[1] - angle[0]), energy[0] + share * (energy[1] - energy[0])

    @cached_property
    def amplitudes(self) -> tuple[float, ...]:
        """Coefficients A_i of the splines, none negative: the last falls below 0 above about 850 MeV."""
        beam, z = self.beam_kinetic_energy * _MEV, self.charge
        steps = (
            27.0 - 4.0 * ((_HIGH_MEV - beam) / (_HIGH_MEV - _LOW_MEV)) ** 2,
            18.2,
            8.0,
            13.0 + (z - 12) / 10.0,
            9.0 + (z - 12) / 10.0 - (beam - 685.0) / 20.0,
        )
        factor = self.hydrogen_amplitude_factor if z == 1 else 1.0
        return tuple(factor * max(step, 0.0) for step in steps)

    @cached_property
    def charge_factor(self) -> float:
        """N(Z) = Z^(1/3) times a polynomial in ln Z; for hydrogen also its own scale."""
        log_z = np.log(self.charge)
        polynomial = sum(c * log_z**k for k, c in enumerate(CHARGE_POWERS))
        return float(np.cbrt(self.charge) * polynomial * (self.hydrogen_scale if self.charge == 1 else 1.0))

    def end_point(self, angle: Array) -> Array:
        """Return T_F in MeV, where the Fermi edge is, at lab angles in degrees.

        For hydrogen the pion of p p -> d pi+ at that angle, from four-momentum conservation: with the
        total energy W and the beam momentum P, W E - P p cos theta = (s + m_pi^2 - m_d^2)/2.
        """
        if self.charge > 1:
            flat = self.beam_kinetic_energy * _MEV - 140.0 - 2.0 * self.end_point_width
            return np.full_like(angle, flat)
        m_p, m_pi = mass("proton"), mass("pi+")
        total = self.beam_kinetic_energy + 2.0 * m_p
        beam2 = self.beam_kinetic_energy * total
        along = np.sqrt(beam2) * np.cos(np.radians(angle))
        half = 0.5 * (total**2 - beam2 + m_pi**2 - DEUTERON_MASS**2)
        across2 = total**2 - along**2
        root2 = half**2 - m_pi**2 * across2
        root = np.sqrt(np.where(root2 >= 0.0, root2, np.nan))
        out: Array = _MEV * ((half * total + along * root) / across2 - m_pi)
        return out

    def cross_section(self, kinetic_energy: Array, angle: Array) -> Array:
        """Return d2sigma/dT dOmega of pi+ in microbarn/(MeV sr) at T in MeV and lab angles in degrees."""
        fall, width = self._widths
        centre = 48.0 + 330.0 * np.exp(-angle / fall)
        spread = width * np.exp(-angle / 85.0)
        bell = np.exp(-0.5 * ((kinetic_energy - centre) / spread) ** 2)
        edge = 1.0 + np.exp(
            np.minimum((kinetic_energy - self.end_point(angle)) / self.end_point_width, 700.0)
        )
        out: Array = self.charge_factor * quadratic_spline(self.amplitudes, angle) * bell / edge
        return out

    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2sigma/dp dOmega of pi0 in mb/(GeV sr), dT/dp = p/E with the mass of the pi0.

        Arguments as :meth:`darkmc.sources.fits.bmpt.Bmpt.density`; 0 where a pi0 would have more energy than
        the beam can give.
        """
        inside = (momentum > 0.0) & (momentum <= self.largest_momentum)
        p = np.where(inside, momentum, 0.0)
        energy = np.hypot(p, mass("pi0"))
        angle = np.degrees(np.arctan2(np.sqrt(np.where(inside, transverse2, 0.0)), p * cosine))
        per_energy = self.cross_section((energy - mass("pi0")) * _MEV, angle)
        return np.where(inside, p / energy * per_energy, 0.0)

    @cached_property
    def total(self) -> float:
        """Cross section of pi0 in mb, over all angles and momenta."""
        out = 0.0
        for low, high in pairwise(KNOTS_DEG[2:6]):
            angle, per_angle = (v[:, None] for v in gauss_legendre(low, high, 60))
            momentum, per_momentum = gauss_legendre(0.0, self.largest_momentum, 200)
            theta = np.radians(angle)
            values = self.density(
                *np.broadcast_arrays(momentum, np.cos(theta), (momentum * np.sin(theta)) ** 2)
            )
            out += 2.0 * np.pi * float(np.sum(values * np.sin(theta) * np.radians(per_angle) * per_momentum))
        return out


@dataclass(frozen=True)
class TargetMixture:
    """Pi0 from several targets, each with its own share of them.

    Parameters
    ----------
    targets : tuple of BurmanSmith
        One per target, with the same beam.
    shares : tuple of float
        What part of all pi0 is made in each; they add up to 1.
    """

    targets: tuple[BurmanSmith, ...]
    shares: tuple[float, ...]

    @property
    def largest_momentum(self) -> float:
        """Largest lab momentum of a pi0, GeV."""
        return self.targets[0].largest_momentum

    @property
    def largest_angle(self) -> float:
        """Largest lab angle, rad."""
        return np.pi

    @property
    def edge_power(self) -> float:
        """The forward density ends at the largest momentum with a step: (1 - p/p_max)^(1 - 1)."""
        return 1.0

    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega in 1/(GeV sr) for one pi0 in all; arguments as :meth:`BurmanSmith.density`."""
        out = np.zeros_like(momentum)
        for target, share in zip(self.targets, self.shares, strict=True):
            out += share / target.total * target.density(momentum, cosine, transverse2)
        return out
