"""Loss of electrons and positrons to collisions below a cut, with the density effect.

Source: M. J. Berger and S. M. Seltzer in ICRU Report 37 (1984), restricted forms as in manuals of transport
codes (from memory, grade C); constants of R. M. Sternheimer, M. J. Berger and S. M. Seltzer, At. Data Nucl.
Data Tables 30 (1984) 261, as tabulated in a public code (grade B).
"""

import math
from typing import NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.sources.electromagnetic.media import Medium, classical_radius2_cm2


class Polarisation(NamedTuple):
    """Mean excitation energy (eV) and constants of the density effect (x0, x1: logarithms of beta gamma)."""

    excitation: float
    minus_c: float
    x0: float
    x1: float
    a: float
    m: float

    def thinned(self, ratio: float) -> "Polarisation":
        """Return the constants of the same at a density times ratio: its plasma energy goes as the root.

        delta(beta gamma) there is delta(beta gamma ratio^1/2) here: R. M. Sternheimer and R. F. Peierls,
        Phys. Rev. B 3 (1971) 3681 (from memory, grade C).
        """
        shift = 0.5 * math.log10(ratio)
        return self._replace(minus_c=self.minus_c - math.log(ratio), x0=self.x0 - shift, x1=self.x1 - shift)


_SILICA = Polarisation(139.2, 4.0029, 0.1385, 3.0025, 0.08408, 3.5064)  # 2.32 g/cm3; energy of memory
POLARISATION = {
    "aluminium": Polarisation(166.0, 4.2395, 0.1708, 3.0127, 0.08024, 3.6345),
    "copper": Polarisation(322.0, 4.4190, -0.0254, 3.2792, 0.14339, 2.9044),
    "concrete": _SILICA.thinned(2.3 / 2.32),
    "iron": Polarisation(286.0, 4.2911, -0.0012, 3.1531, 0.14600, 2.9632),
    "lead": Polarisation(823.0, 6.2018, 0.3776, 3.8073, 0.09359, 3.1608),
    "molybdenum": Polarisation(424.0, 4.8793, 0.2267, 3.2784, 0.10525, 3.2549),
    "soil": _SILICA.thinned(1.8 / 2.32),
    "tungsten": Polarisation(727.0, 5.4059, 0.2167, 3.4960, 0.15509, 2.8447),
    "water": Polarisation(75.0, 3.5017, 0.2400, 2.8004, 0.09116, 3.4773),  # from memory, grade C
}


def density_effect(material: str, energy: Array) -> Array:
    """Return delta of a material: Sternheimer's parametrisation, zero below x0.

    2 ln(10) x - C + a (x1 - x)^m between x0 and x1, x = log10(beta gamma), without the last term above.

    Raises
    ------
    PhysicsError
        If the constants of the material are not in the table.
    """
    if material not in POLARISATION:
        raise PhysicsError(f"no constants of ionisation for '{material}'{nearest(material, POLARISATION)}")
    constants = POLARISATION[material]
    x = 0.5 * np.log10((energy / mass("e")) ** 2 - 1.0)
    bend = constants.a * np.maximum(constants.x1 - x, 0.0) ** constants.m
    return np.where(x < constants.x0, 0.0, 2.0 * np.log(10.0) * x - constants.minus_c + bend)


def electron_shape(tau: Array, cut: Array) -> Array:
    """Return F- of Berger and Seltzer, collisions below the cut (at most tau/2); both in units of m_e."""
    gamma = tau + 1.0
    beta2 = 1.0 - 1.0 / gamma**2
    close = np.log((tau - cut) * cut) + tau / (tau - cut)
    return np.asarray(
        close - 1.0 - beta2 + (0.5 * cut**2 + (2.0 * tau + 1.0) * np.log1p(-cut / tau)) / gamma**2
    )


def positron_shape(tau: Array, cut: Array) -> Array:
    """Return F+ of Berger and Seltzer, collisions below the cut (at most tau); both in units of m_e."""
    gamma = tau + 1.0
    beta2 = 1.0 - 1.0 / gamma**2
    y = 1.0 / (gamma + 1.0)
    inner = tau + 2.0 * cut - 1.5 * cut**2 * y - (cut - cut**3 / 3.0) * y**2
    inner = inner - (0.5 * cut**2 - tau * cut**3 / 3.0 + 0.25 * cut**4) * y**3
    return np.asarray(np.log(tau * cut) - beta2 / tau * inner)


def loss(medium: Medium, energy: Array, cut: float, positron: bool = False) -> Array:
    """Return the loss to collisions with T below the cut, GeV per radiation length.

    sum n_e (2 pi r_e^2 m_e/beta^2) [ln(2 (gamma + 1) (m_e/I)^2) + F(tau, cut) - delta]: ICRU 37.

    Parameters
    ----------
    medium : Medium
        The materials; each with its own density effect.
    energy : array (n,)
        Total energies in GeV.
    cut : float
        Largest T in GeV; infinite for the loss to all collisions.
    positron : bool
        Of positrons.

    Raises
    ------
    PhysicsError
        If the constants of a material are not in the table.
    """
    m = mass("e")
    gamma = energy / m
    tau = gamma - 1.0
    top = np.minimum(cut / m, tau if positron else 0.5 * tau)
    shape = positron_shape(tau, top) if positron else electron_shape(tau, top)
    unit = 2.0 * np.pi * classical_radius2_cm2() * m / (1.0 - 1.0 / gamma**2)
    total = np.zeros_like(tau)
    for material, electrons in medium.electrons_by_part.items():
        delta = density_effect(material, energy)
        excitation = POLARISATION[material].excitation * 1e-9 / m
        total += electrons * unit * (np.log(2.0 * (gamma + 1.0) / excitation**2) + shape - delta)
    return total
