"""e N -> e N a gamma': bremsstrahlung of a virtual photon that turns into the dark pair.

sigma = int ds' rho(s') sigma_V(E, sqrt s'), sigma_V that of a vector of mass^2 s' and charge e, by equivalent
photons with the flux chi between t_min and 2U: within 2 to 5% of the exact static-nucleus result, where
plain Weizsaecker-Williams is 1.5 to 2.6 times too large.
"""

from typing import Any

import numpy as np

from darkmc.core.constants import ALPHA
from darkmc.core.inverse_tables import converged, gauss_legendre
from darkmc.core.kinematics import Array
from darkmc.core.materials import Nucleus
from darkmc.core.particles import mass
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.form_factors import photon_flux
from darkmc.portals.dark_axion.radiative_annihilation import E4, vector_amplitude

S_REACH = 20.0  # largest e gamma invariant mass^2 over the beam energy, in GeV


def difference_range(beam_energy: Any, m_vector: Any) -> tuple[Any, Any]:
    """Return least and largest S - m^2 in GeV^2: that of the threshold, and of a nucleus that stays at rest.

    S < E^2 is the square of the mass of the electron and the vector, whose energy is E; far below that the
    nucleus has no photons left, whence S_REACH.
    """
    m = mass("e")
    return (m + m_vector) ** 2 - m**2, np.minimum(
        S_REACH * beam_energy, (beam_energy - m) * (beam_energy + m)
    )


def compton_range(difference: Any, m_vector: Any) -> tuple[Any, Any]:
    """Return the least U = 2p'.k in GeV^2 and the logarithm of the largest over it, at D = S - m^2."""
    m = mass("e")
    s = m**2 + difference
    root_s = np.sqrt(s)
    photon = difference / (2.0 * root_s)
    energy = (s + m**2 - m_vector**2) / (2.0 * root_s)
    momentum = np.sqrt(np.maximum(energy**2 - m**2, 0.0))
    low = 2.0 * photon * m**2 / (energy + momentum)
    return low, np.log(np.maximum((energy + momentum) ** 2 / m**2, 1.0))


def double_differential(beam_energy: Any, m_vector: Any, difference: Any, u: Any, nucleus: Nucleus) -> Any:
    """Return dsigma(e N -> e N V)/(dS dU) in GeV^-6: (alpha/pi)/D dsigma_Compton/dU chi((D/2E)^2, 2U).

    Parameters
    ----------
    beam_energy : float or array
        E, GeV.
    m_vector : float or array
        Mass of V, GeV.
    difference, u : float or array
        D = S - m^2 and U = 2p'.k, GeV^2, within :func:`difference_range` and :func:`compton_range`.
    nucleus : Nucleus
        The target.
    """
    compton = _compton(np.square(m_vector), difference, u)
    flux = photon_flux(np.square(difference / (2.0 * beam_energy)), 2.0 * u, nucleus)
    return ALPHA / np.pi / difference * compton * flux


def vector_cross_section(beam_energy: float, m_vector: Array, nucleus: Nucleus, order: int = 120) -> Array:
    """Return sigma(e N -> e N V) in GeV^-2 for vectors of given masses (GeV) that couple with charge e.

    Integral of :func:`double_differential`, in logarithms of S - m^2 and U, by quadratures of a given order.
    """
    m_vector = np.asarray(m_vector, dtype=float)[:, None, None]
    least, largest = difference_range(beam_energy, m_vector)
    nodes, weights = gauss_legendre(0.0, 1.0, order)
    span = np.log(largest / least)
    # the square at the lower end takes out the threshold's root
    difference = least * np.exp(span * nodes[:, None] ** 2)
    s_weight = 2.0 * span * (nodes * weights)[:, None] * difference
    low, width = compton_range(difference, m_vector)
    u = low * np.exp(width * nodes)
    density = double_differential(beam_energy, m_vector, difference, u, nucleus)
    inner = np.sum(weights * width * u * density, axis=2)
    out: Array = np.sum(s_weight[..., 0] * inner, axis=1)
    return out


def _compton(m_vector2: Array, difference: Array, u: Array) -> Array:
    """Return dsigma(e gamma -> e V)/dU = -2 e^4 X/(16 pi D^2), X with a_1 = -D, a_2 = U, D = S - m^2."""
    crossed = vector_amplitude(m_vector2 - difference + u, m_vector2, -difference, u, mass("e"))
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
