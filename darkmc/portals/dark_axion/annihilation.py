"""e+ e- -> gamma* -> a gamma': cross section, angles, sampler, with photons radiated along the beams.

Source: [dN] eq. 6 (arXiv:1806.00757), right for any axion mass; the dark current at q2 = s.

The leptons' mass m makes the virtual photon longitudinal too, by r = 4 m^2/s of either transverse
polarisation.  Each linear polarisation e gives gamma* -> a gamma' the density 1 - (n.e)^2, and a gamma'
polarised along n x e: angles follow 1 + c^2 + r (1 - c^2), c = cos theta, and the gamma' is polarised along
x* or y* with relative chance 1 : c^2 + r (1 - c^2).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from darkmc.core.beam_radiation import collinear_log, radiator
from darkmc.core.constants import ALPHA, GEV2_TO_PB
from darkmc.core.errors import PhysicsError
from darkmc.core.inverse_tables import InverseTable
from darkmc.core.kinematics import Array, length, two_body_momentum
from darkmc.core.particles import mass
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_pair import DarkPair, isotropic_axes, polarisation_axes
from darkmc.portals.dark_axion.pseudoscalar_decay import cosine_from_uniform
from darkmc.portals.portal import REST, Draw, Parents

TINY_CUBIC = 1e-12  # where the angles of annihilation are flat to rounding


def lepton_mass_factor(s: Any, m_lepton: float) -> Any:
    """Return (1 + 2 m^2/s)/sqrt(1 - 4 m^2/s): what the leptons' mass does to l+ l- -> gamma*."""
    ratio = m_lepton**2 / np.asarray(s, dtype=float)
    return (1.0 + 2.0 * ratio) / np.sqrt(1.0 - 4.0 * ratio)


def cross_section(s: Any, current: DarkCurrent, m_lepton: float = 0.0) -> Any:
    """Return sigma(l+ l- -> a gamma') at G = 1 in GeV^-2 x GeV^2; 0 below threshold.

    4 pi^2 alpha rho(s) (1 + 2m^2/s)/sqrt(1 - 4m^2/s) = alpha lambda^(3/2)/(24 s^3) for massless leptons.
    """
    s = np.asarray(s, dtype=float)
    return 4.0 * np.pi**2 * ALPHA * current.spectral_density(s) * lepton_mass_factor(s, m_lepton)


def longitudinal_share(s: Any, m_lepton: float) -> Any:
    """Return r = 4 m^2/s: the gamma* of l+ l- with spin across the beam over either transverse one."""
    return 4.0 * m_lepton**2 / np.asarray(s, dtype=float)


def normal_chance(cosine: Any, share: Any) -> Any:
    """Return c^2 + r (1 - c^2): polarisation of the gamma' along y* over that along x*; r: the share."""
    return np.square(cosine) + share * (1.0 - np.square(cosine))


def annihilation_cosine(uniform: Array, share: Any) -> Array:
    """Return cos theta with density (3/8)(1 + c^2 + r (1 - c^2))/(1 + r/2), by its closed inverse CDF."""
    cubic = np.maximum((1.0 - share) / (3.0 * (1.0 + share)), TINY_CUBIC)
    scale = 2.0 / np.sqrt(3.0 * cubic)
    out: Array = scale * np.sinh(np.arcsinh(3.0 / scale * (2.0 * uniform - 1.0) * (1.0 + cubic)) / 3.0)
    return np.clip(out, -1.0, 1.0)


class InitialStateRadiation:
    """Sampler of the energy that collinear photons take from the beams before they annihilate.

    x = 2E/sqrt(s) has the density of :func:`radiator` times the cross section at s(1 - x), up to
    x = 1 - (m_a + m')^2/s.  Most photons are far too soft to be noticed.

    Parameters
    ----------
    sqrt_s : float
        Energy in the centre of mass in GeV, above threshold.
    current : DarkCurrent
        The portal's current.

    Attributes
    ----------
    total : float
        Folded cross section in pb at G = 1, to the accuracy of a table; the mean weight is exact.
    """

    def __init__(self, sqrt_s: float, current: DarkCurrent) -> None:
        self.s, self.current = sqrt_s**2, current
        self.beta = float(collinear_log(self.s, mass("e")))
        least = max(current.threshold**2 / self.s, np.finfo(float).eps)
        self._hardest = 1.0 - least
        end = -np.log(-np.expm1(self.beta * np.log1p(-least)))
        power = 4.0 if current.m_axion == 0.0 else 2.5
        self._table = InverseTable(self._density, 0.0, float(end), 1.0, power)
        self.total = self._table.integral

    @property
    def largest_weight(self) -> float:
        """Largest weight in pb."""
        return self._table.largest_weight(self._density)

    def _density(self, depth: Array) -> Array:
        """Cross section in pb at G = 1 per unit of -ln(1 - u), u = x^beta, which resolves both ends."""
        _, rest, chance = radiator(_log_u(depth), self.beta)
        sigma = cross_section(self.s * np.maximum(rest, 1.0 - self._hardest), self.current) * GEV2_TO_PB
        return np.asarray(np.exp(-depth) * chance * sigma)

    def sample(self, uniform: Array) -> tuple[Array, Array]:
        """Return x and weights in pb at G = 1 from uniform numbers (n,); their mean is the folded sigma."""
        depth, slope = self._table.sample(uniform)
        x, _, _ = radiator(_log_u(depth), self.beta)
        return np.minimum(x, self._hardest), self._density(depth) * slope


def _log_u(depth: Array) -> Array:
    """Return ln(1 - exp(-depth)) with all its digits."""
    small = depth < 0.7
    near = np.log(-np.expm1(-np.maximum(np.where(small, depth, 0.7), np.finfo(float).tiny)))
    return np.where(small, near, np.log1p(-np.exp(-np.where(small, 0.7, depth))))


class Annihilation:
    """e+ e- -> a gamma' in the centre of mass: a :class:`darkmc.portals.portal.Production`, its total in pb.

    The z axis of the pairs is the beam (either one), and the caller turns them about it.  Angles and the
    linear polarisation of the gamma' are those of the module; for massless leptons they are W of
    :mod:`dark_photon_decay` with theta the polar angle.

    With radiation a photon flies along -z (most are very soft), and the angles are those
    in the (a gamma') rest frame.  Both beams radiate alike: the caller gives half of the pairs a half turn
    about an axis across the beam.

    Parameters
    ----------
    sqrt_s : float or None
        Energy in the centre of mass in GeV; None: that of the parents.
    current : DarkCurrent
        The portal's current.
    spin_correlations : bool
        Keep the polarisation of the gamma', or forget it.
    radiation : bool
        Let one beam radiate before, see :class:`InitialStateRadiation`; for a fixed sqrt_s only.
    m_lepton : float
        Mass of the leptons in GeV; 0 neglects it.
    key : str
        Name of the parents.

    Raises
    ------
    PhysicsError
        If sqrt_s is not above threshold, or not given where it is needed.
    """

    power, frame = 2.0, REST
    n_uniform = 3

    def __init__(
        self,
        sqrt_s: float | None,
        current: DarkCurrent,
        spin_correlations: bool,
        radiation: bool = False,
        m_lepton: float = 0.0,
        key: str = "e+ e-",
    ) -> None:
        self.key, self.m_lepton = key, m_lepton
        self.threshold = max(current.threshold, 2.0 * m_lepton)
        if sqrt_s is not None and not self.threshold < sqrt_s < np.inf:
            raise PhysicsError(f"sqrt_s = {sqrt_s:g} GeV is not above threshold ({self.threshold:g} GeV)")
        self.sqrt_s = sqrt_s
        self.current = current
        self.spin_correlations = spin_correlations
        self._radiation = InitialStateRadiation(self._energy(sqrt_s), current) if radiation else None
        self.products = (*(("photon",) if radiation else ()), "axion", "dark_photon")
        self.mappable = (0, 1) if radiation else (1,)

    def at(self, sqrt_s: float, radiation: bool) -> "Annihilation":
        """Return the same at a fixed energy, maybe with radiation."""
        return Annihilation(sqrt_s, self.current, self.spin_correlations, radiation, self.m_lepton, self.key)

    def radiated(self, uniform: Array) -> tuple[Array, Array]:
        """Return x and cross sections in pb at G = 1, see :class:`InitialStateRadiation`.

        Raises
        ------
        PhysicsError
            Without radiation.
        """
        if self._radiation is None:
            raise PhysicsError("e+ e- -> a gamma' without radiation radiates nothing")
        return self._radiation.sample(uniform)

    def over_flat(self, flight: Array, photon: Array, momentum: float, helicity: Array) -> Array:
        """Return the density of flight and photon over the flat one; massless leptons, no radiation.

        (9/8) W with W = cos^2 theta + c^2 + [k.(z x v)/e0]^2, theta and v angle and direction of the gamma',
        c the helicity cosine, k and e0 the photon's momentum and its energy in the gamma' rest frame: W of
        :mod:`dark_photon_decay` with its azimuth eliminated.  Without spin, or for a -> gamma gamma', it is
        (3/4)(1 + cos^2 theta).
        """
        square = flight[2] ** 2
        if not self.spin_correlations or self.current.states[0][0] != "dark_photon":
            flat: Array = 0.75 * (1.0 + square)
            return flat
        across = (photon[1] * flight[0] - photon[0] * flight[1]) / momentum
        out: Array = 1.125 * (square + helicity**2 + across**2)
        return out

    def _energy(self, energy: Any) -> Any:
        """Return sqrt(s) in GeV: that given, or the fixed one."""
        found = self.sqrt_s if energy is None else energy
        if found is None:
            raise PhysicsError("e+ e- -> a gamma' needs an energy")
        return found

    def total(self, energy: Any = None) -> Any:
        """Return the cross section in pb at G = 1 at sqrt(s) in GeV; with radiation, at the fixed one."""
        if self._radiation is not None:
            return self._radiation.total
        energy = np.asarray(self._energy(energy), dtype=float)
        above = energy > self.threshold
        s = np.square(np.where(above, energy, 2.0 * self.threshold))
        sigma = cross_section(s, self.current, self.m_lepton) * GEV2_TO_PB
        return np.where(above, sigma, 0.0)[()]

    @property
    def largest_weight(self) -> float:
        """Bound on the weights: alpha/24 times what the leptons' mass does at threshold; inf if it is theirs.

        Towards alpha/24 the cross section of massless leptons rises.
        """
        if self._radiation is not None:
            return self._radiation.largest_weight
        if self.sqrt_s is not None:
            return float(self.total())
        if self.threshold <= 2.0 * self.m_lepton:
            return np.inf
        return float(ALPHA / 24.0 * GEV2_TO_PB * lepton_mass_factor(self.threshold**2, self.m_lepton))

    def density(self, invariants: Sequence[Any]) -> Any:
        """Return dsigma/dcos theta in pb at G = 1, at s in GeV^2 and cos theta to the beam; no radiation."""
        s, cosine = invariants
        sigma = cross_section(s, self.current, self.m_lepton) * GEV2_TO_PB
        return sigma * 0.5 * self._over_isotropic(s, cosine)

    def _over_isotropic(self, s: Any, cosine: Any) -> Any:
        """Return (3/4)(1 + c^2 + r (1 - c^2))/(1 + r/2)."""
        share = longitudinal_share(s, self.m_lepton)
        return 0.75 * (1.0 + normal_chance(cosine, share)) / (1.0 + 0.5 * share)

    def about_axis(self, draw: Draw, axis: Array) -> Array:
        """Return the density of the angle between the gamma' and the beam, over a flat one; no radiation."""
        dark_photon = draw.momentum("dark_photon")
        cosine = np.einsum("ij,ij->j", dark_photon[1:], axis) / length(dark_photon[1:])
        energy = dark_photon[0] + draw.momentum("axion")[0]
        out: Array = self._over_isotropic(np.square(energy), cosine)
        return out

    def sample(self, uniform: Array, parents: Parents | None = None) -> DarkPair:
        """Return pairs from uniform numbers (3, n), of which radiation takes the first."""
        boost, photon_energy = None, None
        pair_mass = np.zeros(uniform.shape[1]) + self._energy(None if parents is None else parents.energy)
        if self._radiation is None:
            weight = np.asarray(self.total(pair_mass))
        else:
            x, weight = self._radiation.sample(uniform[0])
            root = np.sqrt(np.maximum(1.0 - x, (self.threshold / pair_mass) ** 2))
            boost = ((1.0 - 0.5 * x) / root, 0.5 * x / root)
            photon_energy, pair_mass = 0.5 * x * pair_mass, root * pair_mass
        share = longitudinal_share(np.square(np.maximum(pair_mass, self.threshold)), self.m_lepton)
        massless = self.m_lepton == 0.0
        cosine = cosine_from_uniform(uniform[1]) if massless else annihilation_cosine(uniform[1], share)
        sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
        if self.spin_correlations:
            chance = normal_chance(cosine, share)
            axes = polarisation_axes(cosine, sine, uniform[2] * (1.0 + chance) < 1.0)
        else:
            axes = isotropic_axes(cosine, sine, uniform[2])
        return DarkPair(
            current=self.current,
            weight=weight,
            star_momentum=two_body_momentum(pair_mass, self.current.m_axion, self.current.m_dark_photon),
            cosine=cosine,
            sine=sine,
            pair_boost=boost,
            photon_energy=photon_energy,
            polarisation=axes,
        )
