"""a N -> gamma' N and gamma' N -> a N off a spin-0 nucleus as a whole or a proton, with exact recoil.

Source: crossed dark current with one photon exchange; elastic form factor with atomic screening.
The amplitude is that of the shared electron scattering, arXiv:1806.00757 eqs. 16 and 17, for a scalar target.
"""

from typing import Any

import numpy as np

from darkmc.core.constants import ALPHA, GEV2_TO_CM2
from darkmc.core.inverse_tables import converged, gauss_legendre
from darkmc.core.kinematics import Array, kallen
from darkmc.core.materials import ATOMIC_MASS_GEV, Nucleus
from darkmc.core.particles import mass
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.form_factors import (
    far_beyond,
    form_factor,
    proton_form_factors,
    screening,
)
from darkmc.portals.dark_axion.polarised_scattering import Structure
from darkmc.portals.dark_axion.scattering import Scattering
from darkmc.portals.drawn import at_rest


class CoherentConversion(Scattering):
    """Conversion of one dark state into the other on a nucleus.

    Parameters
    ----------
    current, incoming
        See :class:`Scattering`.
    nucleus : Nucleus
        The target, at rest.
    """

    def __init__(self, current: DarkCurrent, incoming: str, nucleus: Nucleus) -> None:
        super().__init__(current, incoming, nucleus.mass, nucleus.symbol)
        self.nucleus = nucleus

    def structure(self, q2: Any) -> Structure:
        """Return A and B of :func:`polarised_scattering.polarised_square`: 1 and 0."""
        return np.ones_like(q2), np.zeros_like(q2)

    def q2_limits(self, energy: Any) -> tuple[Any, Any]:
        """Return least and largest Q^2 = -t (GeV^2) for incoming energies (GeV) above threshold.

        t_low from the energies in the centre of mass, t_high from their product
        t_low t_high = M^2 (m_out^2 - m_in^2)^2/s, which keeps its digits.
        """
        heavy2 = self.target_mass**2
        s = self.m_in**2 + heavy2 + 2.0 * energy * self.target_mass
        incoming = np.maximum(kallen(s, self.m_in**2, heavy2), 0.0)
        outgoing = np.maximum(kallen(s, self.m_out**2, heavy2), 0.0)
        product = (s + self.m_in**2 - heavy2) * (s + self.m_out**2 - heavy2)
        low = self.m_in**2 + self.m_out**2 - (product + np.sqrt(incoming * outgoing)) / (2.0 * s)
        least = heavy2 * (self.m_out**2 - self.m_in**2) ** 2 / s
        return least / -low, -low

    def differential(self, q2: Any, energy: Any) -> Any:
        """Return dsigma/dQ^2 at G = 1 in GeV^-2 (units of G^2 x GeV^-2) for allowed Q^2.

        S Z^2 F^2 e^2/(16 pi lambda t^2) {-(4M^2-t) lambda(t)/4 - t [s - M^2 + (t - m'^2 - m_a^2)/2]^2},
        lambda(t) = lambda(t, m_a^2, m'^2), lambda = lambda(s, m_in^2, M^2).
        """
        braces, _, flux = self._invariants(q2, energy)
        strength = ALPHA * (self.nucleus.charge * form_factor(q2, self.nucleus)) ** 2
        return self.spin_average * strength * np.maximum(braces, 0.0) / (4.0 * flux * np.square(q2))

    def _invariants(self, q2: Any, energy: Any) -> tuple[Any, Any, Any]:
        """Return the braces of :meth:`differential`, lambda(t, m_a^2, m'^2) and lambda(s, m_in^2, M^2)."""
        t = -np.asarray(q2)
        heavy2 = self.target_mass**2
        s = self.m_in**2 + heavy2 + 2.0 * energy * self.target_mass
        masses2 = self.m_in**2 + self.m_out**2
        lam_t = (t - masses2) ** 2 - 4.0 * self.m_in**2 * self.m_out**2
        braces = -(4.0 * heavy2 - t) * lam_t / 4.0 - t * (s - heavy2 + (t - masses2) / 2.0) ** 2
        return braces, lam_t, 4.0 * heavy2 * (np.asarray(energy) ** 2 - self.m_in**2)

    def total(self, energy: Any = None) -> Any:
        """Return sigma at G = 1 in cm^2; 0 below threshold. Energies (GeV) broadcast.

        Gauss-Legendre in eight panels of ln Q^2, good to 1e-6; PhysicsError if it does not converge.
        """
        energies = np.asarray(energy, dtype=float)
        open_ = energies > self.threshold
        safe = np.where(open_, energies, 2.0 * self.threshold + 1.0)[..., None]

        def integral(order: int) -> Array:
            low, high = (np.log(limit) for limit in self.q2_limits(safe))
            total = np.zeros(energies.shape)
            for panel in range(8):
                nodes, weights = gauss_legendre(panel / 8.0, (panel + 1) / 8.0, order)
                q2 = np.exp(low + (high - low) * nodes)
                total += np.sum(weights * (high - low) * q2 * self.differential(q2, safe), axis=-1)
            return total

        total = converged(integral, 80, 1e-5, "conversion on a nucleus")
        return np.where(open_, total * GEV2_TO_CM2, 0.0)[()]

    def outgoing_spin(self, recoil: Array, outgoing: Array, uniform: Array) -> Array:
        """Return the normal of the plane (4, n): exact for spin 0, and taken for a proton, too."""
        azimuth = np.arctan2(recoil[2], recoil[1])
        return np.stack([np.zeros_like(azimuth), -np.sin(azimuth), np.cos(azimuth), np.zeros_like(azimuth)])

    def spin_across(self, normal: Array) -> Array | None:
        """Return the normal of the plane (4, n) for a gamma' that goes out, see :meth:`outgoing_spin`."""
        return None if self.spin_in else at_rest(normal)

    def transfer(self, energy: Array, uniform: Array) -> tuple[Array, Array]:
        """Return Q^2 (GeV^2) and dsigma/dQ^2 over the density of the draw (GeV^-2 at G = 1).

        ln Q^2 is flat up to 10 d, where the form factor has died away, and flat again beyond for a
        tenth of the rows. Below threshold the weight is 0.

        Parameters
        ----------
        energy : array (n,)
            Incoming energies, GeV.
        uniform : array (n,)
            Uniform numbers.
        """
        open_ = energy > self.threshold * (1.0 + 1e-12)
        safe = np.where(open_, energy, 2.0 * self.threshold + 1.0)
        low, high = (np.log(limit) for limit in self.q2_limits(safe))
        knee = np.clip(np.log(far_beyond(self.nucleus)), low, high)
        share = np.where(knee < high, np.where(knee > low, TAIL_SHARE, 1.0), 0.0)
        tail = uniform < share
        fraction = np.where(tail, uniform / np.where(share > 0.0, share, 1.0), 0.0)
        body = (uniform - share) / np.where(share < 1.0, 1.0 - share, 1.0)
        log_q2 = np.where(tail, knee + (high - knee) * fraction, low + (knee - low) * body)
        width = np.where(
            tail, (high - knee) / np.where(share > 0.0, share, 1.0), (knee - low) / (1.0 - share + 1e-300)
        )
        q2 = np.exp(log_q2)
        return q2, np.where(open_, self.differential(q2, safe) * q2 * width, 0.0)


class ProtonConversion(CoherentConversion):
    """Conversion on a proton: spin 1/2, dipole form factors G_E = G_D, G_M = mu_p G_D, exact recoil.

    Source: Rosenbluth's form with the portal's tensor; G_E = G_M = 1 gives the scattering off a point
    fermion of :mod:`fermion_scattering`.

    Parameters
    ----------
    current, incoming
        See :class:`CoherentConversion`.
    bound : bool
        The nucleus of a hydrogen atom, times :func:`screening` squared, rather than a free proton.
    """

    def __init__(self, current: DarkCurrent, incoming: str, bound: bool = False) -> None:
        super().__init__(current, incoming, Nucleus("p", 1, mass("proton") / ATOMIC_MASS_GEV))
        self.bound = bound

    def structure(self, q2: Any) -> Structure:
        """Return (G_E^2 + tau G_M^2)/(1 + tau), tau = Q^2/4M^2, and G_M^2 at Q^2 in GeV^2."""
        electric, magnetic = proton_form_factors(q2)
        tau = np.asarray(q2) / (4.0 * self.target_mass**2)
        return (electric**2 + tau * magnetic**2) / (1.0 + tau), magnetic**2

    def differential(self, q2: Any, energy: Any) -> Any:
        """Return dsigma/dQ^2 at G = 1 in GeV^-2 for allowed Q^2.

        The braces of a spin-0 nucleus times (G_E^2 + tau G_M^2)/(1 + tau), plus Q^2 G_M^2 lambda(t)/2.
        """
        braces, lam_t, flux = self._invariants(q2, energy)
        charge, magnetic2 = self.structure(q2)
        total = charge * np.maximum(braces, 0.0) + 0.5 * np.asarray(q2) * magnetic2 * lam_t
        if self.bound:
            total = total * screening(q2, 1) ** 2
        return self.spin_average * ALPHA * total / (4.0 * flux * np.square(q2))


def conversion_on(nucleus: Nucleus, current: DarkCurrent, incoming: str) -> CoherentConversion:
    """Return the conversion on an atom's nucleus: on a proton for hydrogen, coherent on all others."""
    if nucleus.charge == 1:
        return ProtonConversion(current, incoming, bound=True)
    return CoherentConversion(current, incoming, nucleus)


TAIL_SHARE = 0.1
