"""Sampler of e+ e- -> gamma a gamma' at exact tree level, with the spin of the virtual photon.

Averaged over the beams' spins and summed over those of the photon, the virtual photon V* is a mixture of
linear polarisations, one along the normal of the production plane and two in it.  Each gives
V* -> a gamma' the density 1 - (n.e)^2, and a gamma' polarised along n x e.

Source: the spin density of :mod:`radiative_annihilation` and the dark current's tensor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.core.constants import GEV2_TO_PB
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import (
    Array,
    Rotation,
    about_z,
    azimuthal_angle,
    perpendicular_pair,
    two_body_momentum,
)
from darkmc.core.particles import mass
from darkmc.portals.dark_axion.adapted import CELLS, mapped, trained_map
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_pair import DarkPair, isotropic_axes
from darkmc.portals.dark_axion.dark_photon_decay import dipole_cosine
from darkmc.portals.dark_axion.radiative_annihilation import (
    beam_momentum,
    cross_section,
    double_differential,
    largest_rapidity,
    photon_energy,
    spin_density,
)
from darkmc.portals.portal import REST, Parents


def principal_axes(xx: Array, zz: Array, xz: Array) -> tuple[Array, Array, Array, Array]:
    """Return both eigenvalues of a symmetric 2 x 2 matrix, and x and z of the larger one's axis."""
    middle, half = 0.5 * (xx + zz), 0.5 * np.hypot(zz - xx, 2.0 * xz)
    angle = 0.5 * np.arctan2(2.0 * xz, zz - xx)
    return middle + half, np.maximum(middle - half, 0.0), np.sin(angle), np.cos(angle)


@dataclass(frozen=True)
class RadiativePair:
    """The final state of e+ e- -> gamma a gamma' in the centre of mass, z along the first beam.

    Attributes
    ----------
    pair : DarkPair
        The a gamma' system with the photon, in axes of its own; what decays the gamma' takes this.
    turn : Rotation
        Takes vectors from those axes to the centre of mass.
    """

    pair: DarkPair
    turn: Rotation

    @property
    def weight(self) -> Array:
        """Weights (n,) in pb at G = 1; their mean is the cross section."""
        return self.pair.weight

    def momentum(self, name: str) -> Array:
        """Return the four-momentum (4, n) of "photon", "axion" or "dark_photon", GeV."""
        return self.turn(self.pair.momentum(name))

    def spin(self, name: str) -> Array | None:
        """Return the linear polarisation four-vector (4, n) of the "dark_photon"; None for others."""
        spin = self.pair.spin(name)
        return None if spin is None else self.turn(spin)


class RadiativeAnnihilation:
    """e+ e- -> gamma a gamma' with cuts on the photon in the centre of mass: a process, its total in pb.

    The photon's energy and rapidity come from a vegas map, adapted on fixed lattice points and then
    frozen: events are a function of the uniform numbers alone.  All other angles are drawn from their
    exact densities.

    Parameters
    ----------
    sqrt_s : float
        Energy in the centre of mass, GeV.
    e_min, e_max : float
        Window of the photon's energy, GeV; e_min above zero (soft divergence).
    abs_cos_max : float
        Largest |cos theta| of the photon, up to 1: the electron's mass is kept.
    current : DarkCurrent
        The portal's current.
    spin_correlations : bool
        Keep the polarisation of the gamma', or forget it.

    Raises
    ------
    PhysicsError
        If no photon energy is open, or a limit has no meaning.
    """

    key, power, products, frame = "e+ e-", 2.0, ("photon", "axion", "dark_photon"), REST
    n_uniform, mappable = 7, (0, 1, 3)

    def __init__(
        self,
        sqrt_s: float,
        e_min: float,
        e_max: float,
        abs_cos_max: float,
        current: DarkCurrent,
        spin_correlations: bool,
    ) -> None:
        self.sqrt_s, self.abs_cos_max = sqrt_s, abs_cos_max
        self.current = current
        self.spin_correlations = spin_correlations
        self._m_lepton = mass("e")
        if not 2.0 * self._m_lepton < sqrt_s < np.inf:
            raise PhysicsError(f"sqrt_s must be finite and above twice the electron mass, not {sqrt_s:g}")
        if not 0.0 < abs_cos_max <= 1.0:
            raise PhysicsError(f"abs_cos_max must lie between 0 and 1, not {abs_cos_max:g}")
        top = min(e_max, (sqrt_s - current.threshold) * (sqrt_s + current.threshold) / (2.0 * sqrt_s))
        if not 0.0 < e_min < top:
            raise PhysicsError(f"no photon energies between e_min = {e_min:g} and {top:g} GeV")
        self._range = (e_min, top)
        self.threshold = e_min + float(np.hypot(e_min, current.threshold))
        self._end = largest_rapidity(sqrt_s**2, abs_cos_max, self._m_lepton)
        self._map = self._trained_map()

    def total(self, energy: Any = None) -> float:
        """Return the cross section within the cuts in pb at G = 1, at the fixed energy."""
        limits = (*self._range, self.current, self.abs_cos_max, self._m_lepton)
        return cross_section(self.sqrt_s**2, *limits) * GEV2_TO_PB

    def density(self, invariants: Sequence[Any]) -> Any:
        """Return dsigma/(domega dy) in pb/GeV at G = 1, both beams, at energy omega and rapidity y >= 0."""
        omega, y = invariants
        density = double_differential(self.sqrt_s**2, omega, y, self.current, self._m_lepton)
        return 2.0 * GEV2_TO_PB * density

    def _cross_section(self, unit: NDArray[np.float64]) -> tuple[Array, Array, Array]:
        """Return omega, y and the cross section in pb at G = 1 per unit square, for points (n, 2)."""
        omega, slope = photon_energy(unit[:, 0], *self._range)
        y = self._end * unit[:, 1]
        density = double_differential(self.sqrt_s**2, omega, y, self.current, self._m_lepton)
        return omega, y, 2.0 * GEV2_TO_PB * self._end * slope * density

    def _trained_map(self) -> Any:
        return trained_map(lambda unit: self._cross_section(unit)[2], 2)

    @cached_property
    def largest_weight(self) -> float:
        """Largest weight at the corners and the middle of every cell of the map."""
        inside = np.array([1e-9, 0.5, 1.0 - 1e-9])
        grid = ((np.arange(CELLS)[:, None] + inside) / CELLS).ravel()
        points = np.stack([axis.ravel() for axis in np.meshgrid(grid, grid)], axis=1)
        unit, jacobian = mapped(self._map, points)
        return float(np.max(jacobian * self._cross_section(unit)[2]))

    def sample(self, uniform: Array, parents: Parents | None = None) -> RadiativePair:
        """Return events from uniform numbers (7, n)."""
        unit, jacobian = mapped(self._map, np.ascontiguousarray(uniform[:2].T))
        omega, y, density = self._cross_section(unit)
        axis = self._polarisation_of_pair(omega, y, uniform[2])
        flight, polarisation = _dipole(axis, uniform[3], uniform[4])
        cosine, sine = flight[2], np.hypot(flight[0], flight[1])
        azimuth = azimuthal_angle(flight)
        polarisation = (
            about_z(polarisation, -azimuth)
            if self.spin_correlations
            else isotropic_axes(cosine, sine, uniform[6])
        )
        s_prime = np.maximum(self.sqrt_s * (self.sqrt_s - 2.0 * omega), self.current.threshold**2)
        pair_mass = np.sqrt(s_prime)
        pair = DarkPair(
            current=self.current,
            weight=jacobian * density,
            star_momentum=two_body_momentum(pair_mass, self.current.m_axion, self.current.m_dark_photon),
            cosine=cosine,
            sine=sine,
            pair_boost=((self.sqrt_s - omega) / pair_mass, omega / pair_mass),
            photon_energy=omega,
            polarisation=polarisation,
        )
        return RadiativePair(pair, self._turn(y, azimuth, uniform[5]))

    def _polarisation_of_pair(self, omega: Array, y: Array, uniform: Array) -> Array:
        """Return one of the three axes of linear polarisation of V*, by their chances."""
        xx, yy, zz, xz = spin_density(self.sqrt_s**2, omega, y, self._m_lepton)
        major, minor, x, z = principal_axes(xx, zz, xz)
        chance = uniform * (yy + major + minor)
        normal, larger = chance < yy, chance < yy + major
        return np.stack(
            [
                np.where(normal, 0.0, np.where(larger, x, z)),
                np.where(normal, 1.0, 0.0),
                np.where(normal, 0.0, np.where(larger, z, -x)),
            ]
        )

    def _turn(self, y: Array, azimuth: Array, uniform: Array) -> Rotation:
        """Return the rotation to the centre of mass, either beam radiating with the same chance."""
        along, across = beam_momentum(self.sqrt_s, y, self._m_lepton)
        length = np.hypot(along, across)
        backward = np.where(uniform < 0.5, 1.0, -1.0)
        cosine, sine, zero = along / length, across / length, np.zeros_like(y)
        about_beam = 4.0 * np.pi * uniform
        target = about_z(np.stack([sine, zero, -backward * cosine]), about_beam)
        in_plane = about_z(np.stack([-cosine, zero, -backward * sine]), about_beam)
        first, second = perpendicular_pair(target)
        offset = np.arctan2(np.sum(second * in_plane, axis=0), np.sum(first * in_plane, axis=0))
        own_z = np.stack([zero, zero, np.ones_like(y)])
        return Rotation(own_z, target, azimuth + offset)


def _dipole(axis: Array, uniform_cosine: Array, uniform_azimuth: Array) -> tuple[Array, Array]:
    """Return n with density (3/8 pi)[1 - (n.e)^2] about unit vectors e, and the unit vector along n x e."""
    cosine, azimuth = dipole_cosine(uniform_cosine), 2.0 * np.pi * uniform_azimuth
    first, second = perpendicular_pair(axis)
    across, normal = np.cos(azimuth), np.sin(azimuth)
    sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
    flight = cosine * axis + sine * (across * first + normal * second)
    return flight, normal * first - across * second
