"""e+ e- -> gamma* -> a gamma': cross section, angles, sampler, with photons radiated along the beams.

Source: [dN] eq. 6 (arXiv:1806.00757), right for any axion mass; the dark current at q2 = s.
"""

from typing import Any

import numpy as np

from darkmc.constants import ALPHA, GEV2_TO_PB
from darkmc.current import DarkCurrent
from darkmc.errors import PhysicsError
from darkmc.generators.dark_pair import DarkPair, isotropic_axes, polarisation_axes
from darkmc.generators.meson_decay import cosine_from_uniform
from darkmc.generators.radiative_annihilation import radiator, radiator_integral
from darkmc.kinematics import Array, two_body_momentum
from darkmc.particles import mass
from darkmc.sampling import InverseTable

# Photons that take less than this share of a beam's energy are counted as none.
SOFTEST = 1e-3


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


def differential(s: Any, cosine: Any, current: DarkCurrent) -> Any:
    """Return dsigma/dcos theta for massless leptons: (3/8)(1 + cos^2 theta) times the total."""
    return cross_section(s, current) * 0.375 * (1.0 + np.square(cosine))


class InitialStateRadiation:
    """Sampler of the energy that one collinear photon takes from the beams before they annihilate.

    x = 2E/sqrt(s) is 0 with the chance that :data:`SOFTEST` < x < 1 - (m_a + m')^2/s leaves, and has the
    density of :func:`radiative_annihilation.radiator` in between: leading logarithm, first order.

    Parameters
    ----------
    sqrt_s : float
        Energy in the centre of mass in GeV, above threshold.
    current : DarkCurrent
        The portal's current.

    Attributes
    ----------
    none : float
        Chance of no radiation.
    total : float
        Folded cross section in pb at G = 1, to the accuracy of a table; the mean weight is exact.
    largest_weight : float
        Largest weight in pb, for bounds.
    """

    def __init__(self, sqrt_s: float, current: DarkCurrent) -> None:
        self.s, self.current = sqrt_s**2, current
        least = current.threshold**2 / self.s
        hardest = 1.0 - least
        self._soft = float(cross_section(self.s, current)) * GEV2_TO_PB
        self._table: InverseTable | None = None
        self.none, hard = 1.0, 0.0
        if hardest > SOFTEST:
            self.none -= float(radiator_integral(SOFTEST, hardest, self.s, mass("e")))
            ends = (np.log(SOFTEST / (1.0 - SOFTEST)), np.log(hardest / least))
            self._table = InverseTable(self._density, *ends, 1.0, 4.0 if current.m_axion == 0.0 else 2.5)
            hard = self._table.integral
        self._soft *= self.none
        self.total = self._soft + hard
        self._share = self._soft / self.total
        self.largest_weight = self.total
        if self._table is not None:
            highest = self._table.largest_weight(self._density) / (1.0 - self._share)
            self.largest_weight = max(self.total, highest)

    def _density(self, logit: Array) -> Array:
        """Cross section in pb at G = 1 per unit of ln(x/(1 - x)), which resolves both ends."""
        x, rest = _shares(logit)
        sigma = cross_section(self.s * rest, self.current) * GEV2_TO_PB
        out: Array = x * rest * radiator(x, self.s, mass("e")) * sigma
        return out

    def sample(self, uniform: Array) -> tuple[Array, Array]:
        """Return x and weights in pb at G = 1 from uniform numbers (n,); their mean is the folded sigma."""
        soft = uniform < self._share
        if self._table is None:
            return np.zeros_like(uniform), np.full_like(uniform, self.total)
        scaled = np.where(soft, 0.5, (uniform - self._share) / (1.0 - self._share))
        logit, slope = self._table.sample(scaled)
        weight = self._density(logit) * slope / (1.0 - self._share)
        return np.where(soft, 0.0, _shares(logit)[0]), np.where(soft, self.total, weight)


def _shares(logit: Array) -> tuple[Array, Array]:
    """Return x and 1 - x, both with all their digits."""
    odds = np.exp(-np.abs(logit))
    small, large = odds / (1.0 + odds), 1.0 / (1.0 + odds)
    return np.where(logit > 0.0, large, small), np.where(logit > 0.0, small, large)


class Annihilation:
    """Sampler of e+ e- -> a gamma' in the centre of mass.

    The z axis of the pairs is the beam (either one), and cos theta to it has density
    (3/8)(1 + cos^2 theta); the caller turns them about the beam.  The gamma' is polarised linearly along
    x* or y* with relative chance 1 : cos^2 theta, which is W of :mod:`dark_photon_decay` with theta the
    polar angle.  `DarkPair.weight` is the cross section in pb at G = 1: its mean is sigma.

    With radiation a photon flies along -z, `DarkPair.photon` (of zero energy in the rows without one), and
    the angles are those in the (a gamma') rest frame.  Both beams radiate alike: the caller gives half of
    the pairs a half turn about an axis across the beam.

    Parameters
    ----------
    sqrt_s : float
        Energy in the centre of mass in GeV.
    current : DarkCurrent
        The portal's current.
    spin_correlations : bool
        Keep the polarisation of the gamma', or forget it.
    radiation : bool
        Let one beam radiate before, see :class:`InitialStateRadiation`.

    Raises
    ------
    PhysicsError
        If sqrt_s is not above threshold.
    """

    n_uniform = 3

    def __init__(
        self, sqrt_s: float, current: DarkCurrent, spin_correlations: bool, radiation: bool = False
    ) -> None:
        if not current.threshold < sqrt_s < np.inf:
            raise PhysicsError(f"sqrt_s = {sqrt_s:g} GeV is not above threshold ({current.threshold:g} GeV)")
        self.sqrt_s = sqrt_s
        self.current = current
        self.spin_correlations = spin_correlations
        self._radiation = InitialStateRadiation(sqrt_s, current) if radiation else None
        self._sigma = float(cross_section(sqrt_s**2, current)) * GEV2_TO_PB
        self.largest_weight = self._sigma if self._radiation is None else self._radiation.largest_weight

    def sample(self, uniform: Array) -> DarkPair:
        """Return pairs from uniform numbers (3, n), of which radiation takes the first."""
        cosine = cosine_from_uniform(uniform[1])
        sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
        if self.spin_correlations:
            axes = polarisation_axes(cosine, sine, uniform[2] * (1.0 + cosine**2) < 1.0)
        else:
            axes = isotropic_axes(cosine, sine, uniform[2])
        boost, photon_energy = None, None
        weight, pair_mass = np.full_like(cosine, self._sigma), np.full_like(cosine, self.sqrt_s)
        if self._radiation is not None:
            x, weight = self._radiation.sample(uniform[0])
            root = np.sqrt(np.maximum(1.0 - x, (self.current.threshold / self.sqrt_s) ** 2))
            boost = ((1.0 - 0.5 * x) / root, 0.5 * x / root)
            photon_energy, pair_mass = 0.5 * x * self.sqrt_s, root * self.sqrt_s
        return DarkPair(
            current=self.current,
            weight=weight,
            momentum=two_body_momentum(pair_mass, self.current.m_axion, self.current.m_dark_photon),
            cosine=cosine,
            sine=sine,
            pair_boost=boost,
            photon_energy=photon_energy,
            polarisation=axes,
        )
