"""P -> gamma a gamma' for pseudoscalar mesons: spectrum, width, density and sampler.

Source: [dN] eq. 15 and the unnumbered |M|^2 below it, with the powers of m23 and of (m23^2 - M^2) corrected
and normalised to the measured BR(P -> gamma gamma).  arXiv:1806.00757.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from darkmc.core.inverse_tables import InverseTable, converged, threshold_quadrature
from darkmc.core.kinematics import Array, two_body_momentum
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_pair import DarkPair, isotropic_axes, polarisation_axes
from darkmc.portals.portal import REST, Draw, Parents


def relative_spectrum(q2: Any, meson_mass: float, current: DarkCurrent, coupling: Any = 1.0) -> Any:
    """Return dGamma/dq2 over Gamma(P -> gamma gamma): 2 (1 - q2/M^2)^3 rho(q2), GeV^-2.

    q2 = (p_a + p_gamma')^2 in GeV^2; 0 outside (m_a + m')^2 < q2 < M^2.
    """
    q2 = np.asarray(q2, dtype=float)
    inside = (q2 > current.threshold**2) & (q2 < meson_mass**2)
    safe = np.where(inside, q2, meson_mass**2)
    value = 2.0 * (1.0 - safe / meson_mass**2) ** 3 * current.spectral_density(safe, coupling)
    return np.where(inside, value, 0.0)[()]


def relative_width(meson_mass: float, current: DarkCurrent) -> float:
    """Return Gamma(P -> gamma a gamma')/Gamma(P -> gamma gamma) at G = 1; 0 when closed.

    Gauss-Legendre quadrature of :func:`relative_spectrum`, good to 1e-9; PhysicsError if
    it does not converge.
    """
    if current.threshold >= meson_mass:
        return 0.0

    def integral(order: int) -> float:
        q2, weights = threshold_quadrature(current.threshold**2, meson_mass**2, order)
        return float(np.dot(weights, relative_spectrum(q2, meson_mass, current)))

    return float(converged(integral, 400, 1e-7, "width of P -> gamma a gamma'"))


def cosine_from_uniform(uniform: Array) -> Array:
    """Return cos theta with density (3/8)(1 + cos^2 theta) by its closed inverse CDF."""
    return 2.0 * np.sinh(np.arcsinh(4.0 * uniform - 2.0) / 3.0)


class PseudoscalarDecay:
    """P -> gamma a gamma': a :class:`darkmc.portals.portal.Production`; its total is a branching ratio.

    Parameters
    ----------
    meson_mass : float
        Mass of P in GeV; must be above threshold.
    two_photon_ratio : float
        BR(P -> gamma gamma).
    current : DarkCurrent
        The portal's current.
    spin_correlations : bool
        Keep the linear polarisation of the gamma' (W of :mod:`dark_photon_decay`), or forget it.
    key : str
        Name of the meson.
    """

    power, products, frame = 2.0, ("photon", "axion", "dark_photon"), REST
    n_uniform, mappable = 3, (0, 1)

    def __init__(
        self,
        meson_mass: float,
        two_photon_ratio: float,
        current: DarkCurrent,
        spin_correlations: bool,
        key: str = "P",
    ) -> None:
        self.key, self.threshold = key, current.threshold
        self.meson_mass = meson_mass
        self.two_photon_ratio = two_photon_ratio
        self.current = current
        self.spin_correlations = spin_correlations

    @cached_property
    def _table(self) -> InverseTable:
        low, high = 2.0 * np.log(self.threshold), 2.0 * np.log(self.meson_mass)
        return InverseTable(self._density, low, high, 4.0 if self.current.m_axion == 0.0 else 2.5, 4.0)

    @cached_property
    def largest_weight(self) -> float:
        """Largest weight of any decay, for bounds."""
        return self._table.largest_weight(self._density)

    def _density(self, log_q2: Array) -> Array:
        """Branching ratio at G = 1 per unit of ln q2, inside the physical range."""
        q2 = np.exp(log_q2)
        m2, current = self.meson_mass**2, self.current
        kallen = np.maximum(
            (q2 - current.threshold**2) * (q2 - (current.m_dark_photon - current.m_axion) ** 2), 0.0
        )
        remaining = np.maximum(1.0 - q2 / m2, 0.0)
        scale = self.two_photon_ratio / (48.0 * np.pi**2)
        out: Array = scale * remaining**3 * kallen * np.sqrt(kallen) / q2**2
        return out

    def total(self, energy: Any = None) -> float:
        """Return BR(P -> gamma a gamma') at G = 1; 0 when closed."""
        return self.two_photon_ratio * relative_width(self.meson_mass, self.current)

    def density(self, invariants: Sequence[Any]) -> Any:
        """Return dBR/(dq2 dcos theta) at G = 1 in GeV^-2, for allowed q2 (GeV^2) and cos theta.

        theta is the angle between the photon and the gamma' in the (a gamma') rest frame.
        """
        q2, cosine = (np.asarray(value, dtype=float) for value in invariants)
        return self._density(np.log(q2)) / q2 * 0.375 * (1.0 + cosine**2)

    def about_axis(self, draw: Draw, axis: Array) -> Array:
        """Return 1: the meson has no spin."""
        return np.ones(axis.shape[1])

    def sample(self, uniform: Array, parents: Parents | None = None) -> DarkPair:
        """Return decays from uniform numbers (3, n)."""
        current, mass = self.current, self.meson_mass
        log_q2, slope = self._table.sample(uniform[0])
        weight = self._density(log_q2) * slope
        q = np.exp(0.5 * log_q2)
        cosine = cosine_from_uniform(uniform[1])
        sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
        gamma, gamma_beta = (mass**2 + q**2) / (2.0 * mass * q), (mass**2 - q**2) / (2.0 * mass * q)
        if self.spin_correlations:
            axes = polarisation_axes(cosine, sine, uniform[2] * (1.0 + cosine**2) < 1.0)
        else:
            axes = isotropic_axes(cosine, sine, uniform[2])
        return DarkPair(
            current=current,
            weight=weight,
            star_momentum=two_body_momentum(q, current.m_axion, current.m_dark_photon),
            cosine=cosine,
            sine=sine,
            pair_boost=(gamma, gamma_beta),
            photon_energy=gamma_beta * q,
            polarisation=axes,
        )
