"""Screening of nuclei and atomic electrons, which bremsstrahlung and pair production share.

Source: Y.-S. Tsai, Rev. Mod. Phys. 46 (1974) 815, eqs. (3.38) to (3.41) (not read: from memory, the constants
compared with two public codes, grade B).  The analytic functions hold for Z >= 5; lighter atoms take their
shape, with their own logarithms at complete screening.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from darkmc.core.constants import ALPHA
from darkmc.core.kinematics import Array
from darkmc.core.materials import nucleus
from darkmc.sources.electromagnetic.media import (
    Medium,
    classical_radius2_cm2,
    coulomb_correction,
    radiation_logarithms,
)


def elastic_decrease(gamma: Array) -> Array:
    """Return phi_1(gamma) - phi_1(0), from Tsai's eq. (3.38); gamma = 100 m_e k/(E E' Z^1/3)."""
    exponentials = 2.4 * np.exp(-0.9 * gamma) + 1.6 * np.exp(-1.5 * gamma)
    return np.asarray(exponentials - 4.0 - 2.0 * np.log1p(0.311877 * gamma * gamma))


def elastic_difference(gamma: Array) -> Array:
    """Return phi_1 - phi_2, Tsai's eq. (3.39)."""
    return np.asarray(2.0 / (3.0 + 19.5 * gamma + 18.0 * gamma * gamma))


def inelastic_decrease(epsilon: Array) -> Array:
    """Return psi_1(epsilon) - psi_1(0), from Tsai's eq. (3.40); epsilon = 100 m_e k/(E E' Z^2/3)."""
    exponentials = 2.8 * np.exp(-8.0 * epsilon) + 1.2 * np.exp(-29.2 * epsilon)
    return np.asarray(exponentials - 4.0 - 2.0 * np.log1p(13.111641 * epsilon * epsilon))


def inelastic_difference(epsilon: Array) -> Array:
    """Return psi_1 - psi_2, Tsai's eq. (3.41)."""
    return np.asarray(2.0 / (3.0 + 120.0 * epsilon + 1200.0 * epsilon * epsilon))


class _Atom(NamedTuple):
    """What an element adds: charges to the powers 1/3, 2/3; weights of nucleus and electrons; logarithms."""

    cube_root: float
    nucleus: float
    electrons: float
    logarithms: float


@dataclass(frozen=True)
class Screening:
    """The two functions of a medium from which both cross sections are made, per radiation length.

    Parameters
    ----------
    medium : Medium
        Where the shower is.
    complete : bool
        Complete screening at every energy: an approximation, for comparisons.
    tsai_term : bool
        With the second function, (Z^2 + Z)/9 at complete screening: 1.3% of the loss by radiation.
    """

    medium: Medium
    complete: bool = False
    tsai_term: bool = True

    @cached_property
    def _atoms(self) -> tuple[_Atom, ...]:
        found = []
        for symbol, number in self.medium.atoms_per_x0.items():
            charge = nucleus(symbol).charge
            elastic, inelastic = radiation_logarithms(charge)
            unit = number * ALPHA * classical_radius2_cm2()
            squared = charge**2 * 4.0 * (elastic - coulomb_correction(charge))
            logarithms = unit * (squared + charge * 4.0 * inelastic)
            found.append(_Atom(math.cbrt(charge), unit * charge**2, unit * charge, logarithms))
        return tuple(found)

    @cached_property
    def unscreened(self) -> tuple[float, float]:
        """Both functions at complete screening, their largest values; the first is one."""
        small = sum(2.0 / 3.0 * 2.0 / 3.0 * (atom.nucleus + atom.electrons) for atom in self._atoms)
        return sum(atom.logarithms for atom in self._atoms), small if self.tsai_term else 0.0

    def functions(self, delta: Array) -> tuple[Array, Array]:
        """Return both functions at delta = m_e k/(E E') (photon and leptons), per radiation length.

        S_1 = alpha r_e^2 sum n {Z^2 [phi_1 - (4/3) ln Z - 4 f(Z)] + Z [psi_1 - (8/3) ln Z]},
        S_2 = (2/3) alpha r_e^2 sum n {Z^2 (phi_1 - phi_2) + Z (psi_1 - psi_2)}: the brackets of Tsai's
        eq. (3.83); not below zero.
        """
        first, second = self.unscreened
        if self.complete:
            return np.full_like(delta, first), np.full_like(delta, second)
        large, small = np.full_like(delta, first), np.zeros_like(delta)
        for atom in self._atoms:
            gamma = delta * (100.0 / atom.cube_root)
            epsilon = gamma * (1.0 / atom.cube_root)
            large += atom.nucleus * elastic_decrease(gamma) + atom.electrons * inelastic_decrease(epsilon)
            if self.tsai_term:
                small += (2.0 / 3.0 * atom.nucleus) * elastic_difference(gamma)
                small += (2.0 / 3.0 * atom.electrons) * inelastic_difference(epsilon)
        return np.maximum(large, 0.0, out=large), small
