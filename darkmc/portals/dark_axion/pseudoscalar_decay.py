"""P -> gamma a gamma' for pseudoscalar mesons: spectrum, width, squared matrix element and sampler.

Source: [dN] eq. 15 and the unnumbered |M|^2 below it, with the powers of m23 and of (m23^2 - M^2) corrected
and normalised to the measured BR(P -> gamma gamma).  arXiv:1806.00757.
"""

from functools import cached_property
from typing import Any

import numpy as np

from darkmc.core.inverse_tables import InverseTable, converged, threshold_quadrature
from darkmc.core.kinematics import Array, two_body_momentum
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_pair import DarkPair, isotropic_axes, polarisation_axes


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


def squared_amplitude(q2: Any, cos_theta: Any, meson_mass: float, current: DarkCurrent) -> Any:
    """Return |M|^2/c^2 at G = 1, summed over polarisations, with M(P -> gamma gamma) = c eps(e1,k1,e2,k2).

    (M^2 - q2)^2 lambda(q2, m_a^2, m'^2) (1 + cos^2 theta)/(16 q2^2), theta the angle between the photon and
    the gamma' in the (a gamma') rest frame: the corrected |M|^2 of [dN] in these variables.
    """
    q2 = np.asarray(q2, dtype=float)
    kallen = current.kallen(q2)
    return (meson_mass**2 - q2) ** 2 * kallen * (1.0 + np.square(cos_theta)) / (16.0 * q2**2)


def cosine_from_uniform(uniform: Array) -> Array:
    """Return cos theta with density (3/8)(1 + cos^2 theta) by its closed inverse CDF."""
    return 2.0 * np.sinh(np.arcsinh(4.0 * uniform - 2.0) / 3.0)


class PseudoscalarDecay:
    """Sampler of P -> gamma a gamma'.

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
    """

    n_uniform = 3

    def __init__(
        self, meson_mass: float, two_photon_ratio: float, current: DarkCurrent, spin_correlations: bool
    ) -> None:
        self.meson_mass = meson_mass
        self.two_photon_ratio = two_photon_ratio
        self.current = current
        self.spin_correlations = spin_correlations
        power = 4.0 if current.m_axion == 0.0 else 2.5
        self._table = InverseTable(
            self._density, 2.0 * np.log(current.threshold), 2.0 * np.log(meson_mass), power, 4.0
        )

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

    def sample(self, uniform: Array) -> DarkPair:
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
            momentum=two_body_momentum(q, current.m_axion, current.m_dark_photon),
            cosine=cosine,
            sine=sine,
            pair_boost=(gamma, gamma_beta),
            photon_energy=gamma_beta * q,
            polarisation=axes,
        )
