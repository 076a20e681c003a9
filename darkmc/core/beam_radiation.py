"""Photons that e+ and e- radiate along themselves before they meet, whatever they annihilate to."""

from typing import Any

import numpy as np

from darkmc.core.constants import ALPHA
from darkmc.core.particles import mass


def collinear_log(s: Any, m_lepton: float) -> Any:
    """Return beta = (2 alpha/pi)(ln(s/m^2) - 1), the strength of radiation along both beams together."""
    return 2.0 * ALPHA / np.pi * (np.log(s / m_lepton**2) - 1.0)


def pair_energy(positron_energy: Any) -> Any:
    """Return sqrt(s) = sqrt(2 m_e^2 + 2 m_e E) in GeV of positrons of lab energy E on electrons at rest."""
    return np.sqrt(2.0 * mass("e") * (mass("e") + np.asarray(positron_energy, dtype=float)))


def positron_energy(sqrt_s: Any) -> Any:
    """Return the lab energy E in GeV of positrons on electrons at rest: :func:`pair_energy`'s inverse."""
    return np.square(sqrt_s) / (2.0 * mass("e")) - mass("e")


def radiator(log_u: Any, beta: Any) -> tuple[Any, Any, Any]:
    """Return x, 1 - x and the chance per u = x^beta that photons along the beams take x = 2E/sqrt(s).

    sigma(s) = int dx [beta x^(beta - 1) (1 + 3 beta/4 + (alpha/pi)(pi^2/3 - 1/2)) - beta (1 - x/2)]
    sigma_0(s(1 - x)): soft photons to all orders, hard ones to the first, virtual ones included, so that
    nothing is counted twice at x = 0 (the form of E. A. Kuraev and V. S. Fadin, 1985; from memory).
    In u the soft singularity is gone: the density is 1 + ... - x^(1 - beta)(1 - x/2).

    Parameters
    ----------
    log_u : float or array
        beta ln x, not positive: both ends keep their digits.
    beta : float or array
        :func:`collinear_log` of the beams.
    """
    log_x = np.asarray(log_u) / beta
    x = np.exp(log_x)
    soft = 1.0 + 0.75 * beta + ALPHA / np.pi * (np.pi**2 / 3.0 - 0.5)
    return x, -np.expm1(log_x), soft - np.exp((1.0 - beta) * log_x) * (1.0 - 0.5 * x)
