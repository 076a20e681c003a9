"""Form factors of nuclei and protons at Q^2 = -t in GeV^2, and the photons that a passing charge meets.

Source: Kim and Tsai, PRD 8 (1973) 3109, the form used for electron dumps; the dipole of the proton.
"""

import math
from typing import Any

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.materials import Nucleus
from darkmc.core.particles import mass

ATOM = 111.0  # radius of an atom of charge 1, over the electron's Compton wave length


def screening(q2: Any, charge: int) -> Any:
    """Return a^2 Q^2/(1 + a^2 Q^2), a = 111 Z^(-1/3)/m_e: what an atom's electrons leave of its charge."""
    scaled = (ATOM * charge ** (-1.0 / 3.0) / mass("e")) ** 2 * np.asarray(q2)
    return scaled / (1.0 + scaled)


def nuclear_scale(nucleus: Nucleus) -> float:
    """Return d = 0.164 A^(-2/3) GeV^2, at which the size of a nucleus shows."""
    return 0.164 * math.pow(nucleus.mass_number, -2.0 / 3.0)


def far_beyond(nucleus: Nucleus) -> float:
    """Return 10 d in GeV^2, where :func:`form_factor` has died away."""
    return 1.64 * math.pow(nucleus.mass_number, -2.0 / 3.0)


def form_factor(q2: Any, nucleus: Nucleus) -> Any:
    """Return F(Q^2), :func:`screening` x 1/(1 + Q^2/d) with d of :func:`nuclear_scale`, of a nucleus."""
    return screening(q2, nucleus.charge) / (1.0 + np.asarray(q2) / nuclear_scale(nucleus))


def proton_form_factors(q2: Any) -> tuple[Any, Any]:
    """Return G_E and G_M of a free proton: the dipole of 0.71 GeV^2, mu_p = 2.792847."""
    dipole = 1.0 / np.square(1.0 + np.asarray(q2) / 0.71)
    return dipole, 2.792847 * dipole


def photon_flux(t_low: Array, t_high: Array, nucleus: Nucleus) -> Array:
    """Return chi = Z^2 int_{t_low}^{t_high} dt (t - t_low)/t^2 F^2(t), in closed form; 0 for an empty range.

    F is :func:`form_factor`.
    """
    inner = (mass("e") * nucleus.charge ** (1.0 / 3.0) / ATOM) ** 2
    outer = nuclear_scale(nucleus)
    high = np.maximum(t_high, t_low)
    # F^2/t^2 = outer^2/((t + inner)^2 (t + outer)^2); partial fractions, gap = outer - inner
    gap = outer - inner
    logarithm = np.log((high + inner) * (t_low + outer) / ((t_low + inner) * (high + outer)))
    poles = 1.0 / (t_low + inner) - 1.0 / (high + inner)
    far = 1.0 / (t_low + outer) - 1.0 / (high + outer)
    plain = (poles + far - 2.0 / gap * logarithm) / gap**2
    weighted = ((inner + outer) / gap * logarithm - inner * poles - outer * far) / gap**2
    out: Array = nucleus.charge**2 * outer**2 * np.maximum(weighted - t_low * plain, 0.0)
    return out
