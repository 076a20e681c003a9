"""Sampler of e N -> e N a gamma': a heavy photon V off the electron, then V -> a gamma'.

The nucleus stays at rest and takes the momentum along the electron's that it must: electron and V have the
electron's energy E, the mass^2 S, and together no transverse momentum.  With the light-cone share
x = 1 - U/D of V, D = S - m^2, its transverse momentum is p_T^2 = x (1 - x)(S - m_V^2/x - m^2/(1 - x)).
The nucleus' own transverse momentum is neglected.  Against both diagrams on a static nucleus, aluminium, V of
10 and 100 MeV at 20 GeV: the share within 4 mrad is right to a percent, beside 3 to 4% in the total; within
0.1 mrad there are 2 to 17% too many, and above 99% of the electron's energy 4 to 7% too few (100 MeV at
5 GeV: 14%).

Polarisation: the formula is summed over the spins of V, and V is taken as unpolarised: V -> a gamma' is
isotropic in its frame.  The gamma' has helicity +1 or -1 there, as the dark current wants it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from darkmc.core.constants import GEV2_TO_PB
from darkmc.core.errors import PhysicsError
from darkmc.core.inverse_tables import gauss_legendre
from darkmc.core.kinematics import Array, boost, length, perpendicular_pair, two_body_momentum, unit_vector
from darkmc.core.materials import Nucleus
from darkmc.core.particles import mass
from darkmc.portals.dark_axion.adapted import mapped, trained_map
from darkmc.portals.dark_axion.bremsstrahlung import (
    compton_range,
    cross_section,
    difference_range,
    double_differential,
)
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.drawn import at_rest
from darkmc.portals.portal import LAB, Draw, Parents

TRAINED_UP_TO = 1000.0  # thresholds: beam energies for which the sampler is made; others only cost precision
ORDER = 96
_FLAT = 1e-9


def vector_momentum(beam_energy: Array, s_prime: Array, difference: Array, u: Array) -> Array:
    """Return the four-momentum (4, n) of V, transverse momentum along x, z along the electron, in GeV.

    Parameters
    ----------
    beam_energy, s_prime, difference, u : arrays (n,)
        E in GeV, m_V^2, D and U in GeV^2.
    """
    m2 = mass("e") ** 2
    s = m2 + difference
    rest = u / difference
    share = np.maximum(1.0 - rest, s_prime / s)
    across2 = np.maximum(rest * (share * s - s_prime) - share * m2, 0.0)
    plus = share * (beam_energy + np.sqrt(np.maximum(beam_energy**2 - s, 0.0)))
    minus = (s_prime + across2) / plus
    zero = np.zeros_like(plus)
    return np.stack([0.5 * (plus + minus), np.sqrt(across2), zero, 0.5 * (plus - minus)])


@dataclass(frozen=True)
class BremsstrahlungPair:
    """Events of e N -> e N a gamma' in the lab, z along the electron; V lies in the x-z plane.

    Attributes
    ----------
    current : DarkCurrent
        The masses.
    weight : array (n,)
        In pb at G = 1: its mean is the cross section.
    beam_energy, pair_mass : arrays (n,)
        Of the electron, and mass of V, GeV.
    virtual : array (4, n)
        Four-momentum of V = a + gamma', GeV.
    flight, polarisation : arrays (3, n)
        Direction of the gamma' in the frame of V, and its axis of linear polarisation in its own frame,
        reached by a direct boost from there.
    """

    current: DarkCurrent
    weight: Array
    beam_energy: Array
    pair_mass: Array
    virtual: Array
    flight: Array
    polarisation: Array

    def _in_pair(self, m: float, sign: float) -> Array:
        masses = (self.current.m_axion, self.current.m_dark_photon)
        momentum = two_body_momentum(self.pair_mass, *masses)
        return np.concatenate([np.hypot(momentum, m)[None], sign * momentum * self.flight])

    @cached_property
    def dark_photon(self) -> Array:
        """Four-momentum (4, n) of the gamma' in the lab, GeV."""
        return boost(self._in_pair(self.current.m_dark_photon, 1.0), self.virtual, self.pair_mass)

    @cached_property
    def axion(self) -> Array:
        """Four-momentum (4, n) of the axion in the lab, GeV."""
        return boost(self._in_pair(self.current.m_axion, -1.0), self.virtual, self.pair_mass)

    def momentum(self, name: str) -> Array:
        """Return the four-momentum (4, n) of "axion" or "dark_photon", GeV."""
        if name not in ("axion", "dark_photon"):
            raise KeyError(name)
        return np.asarray(getattr(self, name))

    def spin(self, name: str) -> Array | None:
        """Return the linear polarisation four-vector (4, n) of the "dark_photon"; None for others."""
        if name != "dark_photon":
            return None
        m = self.current.m_dark_photon
        in_pair = boost(at_rest(self.polarisation), self._in_pair(m, 1.0), m)
        return boost(in_pair, self.virtual, self.pair_mass)


class Bremsstrahlung:
    """e N -> e N a gamma', a :class:`darkmc.portals.portal.Production`; its total is in pb.

    An electron or a positron of given lab energy flies along z.  m_V^2, S and U come from a vegas map,
    adapted on fixed points and then frozen; all else is drawn from its density.

    Parameters
    ----------
    current : DarkCurrent
        The portal's current.
    nucleus : Nucleus
        The target, at rest.
    spin_correlations : bool
        Keep the polarisation of the gamma', or forget it.
    """

    power, products, frame = 2.0, ("axion", "dark_photon"), LAB
    n_uniform, mappable = 6, (0, 1, 2)
    largest_weight = np.inf

    def __init__(self, current: DarkCurrent, nucleus: Nucleus, spin_correlations: bool = True) -> None:
        self.current, self.nucleus, self.key = current, nucleus, f"e- {nucleus.symbol}"
        self.spin_correlations = spin_correlations
        self.threshold = current.threshold + mass("e")

    def total(self, energy: Any = None) -> Any:
        """Return the cross section in pb at G = 1 for beam energies in GeV; 0 when closed."""
        if energy is None:
            raise PhysicsError("bremsstrahlung needs the energy of the beam")
        return cross_section(energy, self.current, self.nucleus) * GEV2_TO_PB

    def density(self, invariants: Sequence[Any]) -> Any:
        """Return dsigma/(dm_V^2 dS dU) in pb/GeV^6 at G = 1.

        At m_V^2, D = S - m^2, U (GeV^2) and the beam's energy (GeV), within the ranges of
        :mod:`bremsstrahlung`.
        """
        s_prime, difference, u, beam_energy = invariants
        vector = double_differential(beam_energy, np.sqrt(s_prime), difference, u, self.nucleus)
        return self.current.spectral_density(s_prime) * vector * GEV2_TO_PB

    def _placed(self, unit: Array, beam_energy: Array) -> tuple[Array, Array, Array, Array]:
        """Return m_V^2, D, U and the cross section per unit cube (pb) for points (n, 3), open energies."""
        least = self.current.threshold**2
        span = 2.0 * np.log((beam_energy - mass("e")) / self.current.threshold)
        s_prime = least * np.exp(span * unit[:, 0] ** 2)
        jacobian = 2.0 * span * unit[:, 0] * s_prime
        m_vector = np.sqrt(s_prime)
        low, high = difference_range(beam_energy, m_vector)
        span = np.log(np.maximum(high / low, 1.0))
        difference = low * np.exp(span * unit[:, 1] ** 2)
        jacobian *= 2.0 * span * unit[:, 1] * difference
        low, width = compton_range(difference, m_vector)
        u = low * np.exp(width * unit[:, 2])
        jacobian *= width * u
        return s_prime, difference, u, jacobian * self.density((s_prime, difference, u, beam_energy))

    @cached_property
    def _map(self) -> Any:
        """A map that does for all energies of the beam."""

        def target(unit: Array) -> Array:
            energy = self.threshold * TRAINED_UP_TO ** unit[:, 3]
            return self._placed(unit[:, :3], energy)[3] / np.log(energy / self.current.threshold)

        return trained_map(target, 3, others=1)

    def sample(self, uniform: Array, parents: Parents | None = None) -> BremsstrahlungPair:
        """Return events from uniform numbers (6, n) and parents of given energy along z."""
        if parents is None:
            raise PhysicsError("bremsstrahlung needs the energies of what comes in")
        open_ = parents.energy > self.threshold * (1.0 + 1e-9)
        energy = np.where(open_, parents.energy, 2.0 * self.threshold)
        unit, jacobian = mapped(self._map, np.ascontiguousarray(uniform[:3].T))
        s_prime, difference, u, density = self._placed(unit, energy)
        flight = unit_vector(2.0 * uniform[3] - 1.0, 2.0 * np.pi * uniform[4])
        return BremsstrahlungPair(
            current=self.current,
            weight=np.where(open_, jacobian * density, 0.0),
            beam_energy=energy,
            pair_mass=np.sqrt(s_prime),
            virtual=vector_momentum(energy, s_prime, difference, u),
            flight=flight,
            polarisation=self._axis(flight, uniform[5]),
        )

    def _axis(self, flight: Array, uniform: Array) -> Array:
        """Return an axis across the flight, or any of three with equal chance."""
        first, second = perpendicular_pair(flight)
        if not self.spin_correlations:
            longitudinal = uniform >= 2.0 / 3.0
            return np.where(uniform < 1.0 / 3.0, first, np.where(longitudinal, flight, second))
        azimuth = 2.0 * np.pi * uniform
        return np.asarray(np.cos(azimuth) * first + np.sin(azimuth) * second)

    def about_axis(self, draw: Draw, axis: Array) -> Array:
        """Return the density of the angle between V = a + gamma' and the electron, over the isotropic one.

        At the energy and mass of V in the draw, whose decay keeps its direction to V: the axis is that of an
        electron that could as well have made this V.  0 where none could.

        Parameters
        ----------
        draw : Draw
            Of this process.
        axis : array (3, n)
            Unit vectors in the lab.
        """
        assert isinstance(draw, BremsstrahlungPair)
        virtual = _Virtual(draw.beam_energy, draw.virtual[0], draw.pair_mass**2, self)
        momentum = length(draw.virtual[1:])
        along = np.einsum("ij,ij->j", draw.virtual[1:], axis)
        whole = virtual.all_angles(momentum)
        chance = sum(virtual.density(at) * virtual.slope(at) for at in virtual.differences(along))
        return np.asarray(2.0 * momentum * chance / np.where(whole > 0.0, whole, 1.0))


@dataclass(frozen=True)
class _Virtual:
    """V of fixed energy and mass, arrays (n,), as a function of D = S - m^2.

    Electron and V have energy E and momentum E beta along z, beta^2 = 1 - S/E^2, so that the momentum of V
    along z is p_z = [E_V - (S + m_V^2 - m^2)/(2E)]/beta.
    """

    beam_energy: Array
    energy: Array
    s_prime: Array
    process: Bremsstrahlung

    def _beta_and_along(self, difference: Array) -> tuple[Array, Array]:
        s = mass("e") ** 2 + difference
        beta = np.sqrt(np.maximum(1.0 - s / self.beam_energy**2, np.finfo(float).eps))
        return beta, (self.energy - (difference + self.s_prime) / (2.0 * self.beam_energy)) / beta

    def differences(self, along: Array) -> tuple[Array, Array]:
        """Return both D at which the momentum along z is a given one, in GeV; 0 where there is none.

        The electron goes forwards at the smaller one, and backwards at the other.
        """
        beam, m2 = self.beam_energy, mass("e") ** 2
        # p_z^2 (E^2 - m^2 - 2 E y) = E^2 (a - y)^2 with y = D/(2E), and a - y has the sign of p_z
        a = self.energy - self.s_prime / (2.0 * beam)
        middle = a - along**2 / beam
        product = (a - along) * (a + along) + along**2 * m2 / beam**2
        square = middle**2 - product
        outer = middle + np.copysign(np.sqrt(np.maximum(square, 0.0)), middle)
        inner = product / np.where(outer == 0.0, 1.0, outer)
        real = square >= 0.0
        first, second = (
            np.asarray(np.where(real & ((a - y) * along >= 0.0), 2.0 * beam * y, 0.0)) for y in (inner, outer)
        )
        return first, second

    def all_angles(self, momentum: Array) -> Array:
        """Return dsigma/(dm_V^2 dE_V) in pb/GeV^3, at the momentum of V in GeV.

        By quadrature in the logarithm of D above its least value, plus what p_T^2 = m^2 x^2 + m_V^2 (1 - x)
        adds to it: from there on the density falls.
        """
        least, _ = self.differences(momentum)
        m2, share = mass("e") ** 2, np.minimum(self.energy / self.beam_energy, 1.0 - 1e-12)
        scale = m2 * share / (1.0 - share) + self.s_prime / share
        nodes, weights = gauss_legendre(0.0, 1.0, ORDER)
        _, largest = difference_range(self.beam_energy, np.sqrt(self.s_prime))
        span = np.log1p(np.maximum(largest - least, 0.0) / scale)
        above = scale * np.expm1(span * nodes[:, None])
        density = self.density(least + above)
        return np.asarray(np.sum(weights[:, None] * span * (above + scale) * density, axis=0))

    def slope(self, difference: Array) -> Array:
        """Return |dD/dp_z| in GeV."""
        beta, along = self._beta_and_along(difference)
        steep = np.abs(1.0 - along / (self.beam_energy * beta))
        return np.asarray(2.0 * self.beam_energy * beta / np.maximum(steep, _FLAT))

    def density(self, difference: Array) -> Array:
        """Return dsigma/(dm_V^2 dS dE_V) in pb/GeV^5; 0 where there is no such V."""
        beam, m_vector = self.beam_energy, np.sqrt(self.s_prime)
        least, largest = difference_range(beam, m_vector)
        possible = (difference >= least) & (difference <= largest)
        difference = np.where(possible, difference, least)
        beta, along = self._beta_and_along(difference)
        plus = beam * (1.0 + beta)
        u = difference * (plus - self.energy - along) / plus
        low, width = compton_range(difference, m_vector)
        possible &= (u >= low) & (u <= low * np.exp(width))
        density = self.process.density((self.s_prime, difference, np.where(possible, u, low), beam))
        return np.asarray(np.where(possible, density * difference / (beam * beta), 0.0))
