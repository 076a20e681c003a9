"""e N -> e N a gamma': bremsstrahlung of a virtual photon that turns into the dark pair.

sigma = int ds' rho(s') sigma_V(E, sqrt s'), sigma_V that of a vector of mass^2 s' and charge e, by equivalent
photons with the flux chi between t_min and 2U: within 2 to 5% of the exact static-nucleus result, where
plain Weizsaecker-Williams is 1.5 to 2.6 times too large.
"""

from typing import Any

import numpy as np

from darkmc.core.constants import ALPHA, GEV2_TO_PB
from darkmc.core.errors import PhysicsError
from darkmc.core.inverse_tables import converged, gauss_legendre
from darkmc.core.kinematics import Array
from darkmc.core.materials import Nucleus
from darkmc.core.particles import mass
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.form_factors import photon_flux
from darkmc.portals.dark_axion.radiative_annihilation import E4, vector_amplitude

S_REACH = 20.0  # largest e gamma invariant mass^2 over the beam energy, in GeV


def vector_cross_section(beam_energy: float, m_vector: Array, nucleus: Nucleus, order: int = 120) -> Array:
    """Return sigma(e N -> e N V) in GeV^-2 for vectors of given masses (GeV) that couple with charge e.

    (alpha/pi) int dS/(S - m^2) int dU dsigma(e gamma -> e V)/dU chi(t_min, 2U), t_min = ((S - m^2)/2E)^2,
    in logarithms of S - m^2 and U, by quadratures of a given order.
    """
    m = mass("e")
    m_vector = np.asarray(m_vector, dtype=float)[:, None, None]
    least = (m + m_vector) ** 2 - m**2
    largest = np.maximum(S_REACH * beam_energy, 4.0 * least)
    nodes, weights = gauss_legendre(0.0, 1.0, order)
    span = np.log(largest / least)
    # the square at the lower end takes out the threshold's root
    difference = least * np.exp(span * nodes[:, None] ** 2)
    s_weight = 2.0 * span * (nodes * weights)[:, None]
    s = m**2 + difference
    root_s = np.sqrt(s)
    photon = difference / (2.0 * root_s)
    energy = (s + m**2 - m_vector**2) / (2.0 * root_s)
    momentum = np.sqrt(np.maximum(energy**2 - m**2, 0.0))
    low = 2.0 * photon * m**2 / (energy + momentum)
    width = np.log(np.maximum((energy + momentum) ** 2 / m**2, 1.0))
    u = low * np.exp(width * nodes)
    compton = _compton(m_vector**2, difference, u)
    flux = photon_flux((difference / (2.0 * beam_energy)) ** 2, 2.0 * u, nucleus)
    inner = np.sum(weights * width * u * compton * flux, axis=2)
    out: Array = ALPHA / np.pi * np.sum(s_weight[..., 0] * inner, axis=1)
    return out


def _compton(m_vector2: Array, difference: Array, u: Array) -> Array:
    """Return dsigma(e gamma -> e V)/dU = -2 e^4 X/(16 pi D^2), X with a_1 = -D, a_2 = U, D = S - m^2."""
    crossed = vector_amplitude(m_vector2 - difference + u, m_vector2, -difference, mass("e"))
    out: Array = -2.0 * E4 * crossed / (16.0 * np.pi * difference**2)
    return out


def cross_section(beam_energy: Any, current: DarkCurrent, nucleus: Nucleus) -> Any:
    """Return sigma(e N -> e N a gamma') at G = 1 in GeV^-2 x GeV^2, coherent; 0 when closed.

    At beam energies in GeV, a number or an array.

    PhysicsError if the quadratures do not converge.
    """
    beam = np.asarray(beam_energy, dtype=float)
    flat = [_cross_section(float(energy), current, nucleus) for energy in beam.ravel()]
    return np.array(flat).reshape(beam.shape)[()]


def _cross_section(beam_energy: float, current: DarkCurrent, nucleus: Nucleus) -> float:
    top = beam_energy - mass("e")
    if current.threshold >= top:
        return 0.0
    span = 2.0 * np.log(top / current.threshold)

    def integral(order: int) -> float:
        root, weights = gauss_legendre(0.0, 1.0, order)
        s_prime = current.threshold**2 * np.exp(span * root**2)
        jacobian = 2.0 * span * root * s_prime
        sigma = vector_cross_section(beam_energy, np.sqrt(s_prime), nucleus, 2 * order)
        return float(np.sum(weights * jacobian * current.spectral_density(s_prime) * sigma))

    return float(converged(integral, 60, 3e-3, "bremsstrahlung of a gamma'"))


class Bremsstrahlung:
    """e N -> e N a gamma' as a :class:`darkmc.portals.portal.Rate`: there is no sampler yet.

    Parameters
    ----------
    current : DarkCurrent
        The portal's current.
    nucleus : Nucleus
        The target, at rest.
    """

    power, products = 2.0, ("axion", "dark_photon")

    def __init__(self, current: DarkCurrent, nucleus: Nucleus) -> None:
        self.current, self.nucleus, self.key = current, nucleus, f"e- {nucleus.symbol}"
        self.threshold = current.threshold + mass("e")

    def total(self, energy: Any = None) -> Any:
        """Return the cross section in pb at G = 1 for beam energies in GeV; 0 when closed."""
        if energy is None:
            raise PhysicsError("bremsstrahlung needs the energy of the beam")
        return cross_section(energy, self.current, self.nucleus) * GEV2_TO_PB
