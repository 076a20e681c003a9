"""Media of showers: atoms and electrons per radiation length.

Source: radiation logarithms and Coulomb correction of Y.-S. Tsai, Rev. Mod. Phys. 46 (1974) 815, as in the
PDG's review of the passage of particles through matter, eq. (34.26) and Table 34.2 (from memory, grade C; the
lengths agree with the PDG's, which a test compares).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from darkmc.core.constants import ALPHA, AVOGADRO, GEV2_TO_CM2
from darkmc.core.errors import PhysicsError
from darkmc.core.materials import known_material, nuclei_per_m3, nucleus
from darkmc.core.particles import mass

# elastic and inelastic radiation logarithms below Z = 5, where Thomas and Fermi do not hold
_LIGHT = {1: (5.31, 6.144), 2: (4.79, 5.621), 3: (4.74, 5.805), 4: (4.71, 5.924)}
_WHOLE = 1e-12
_M3_PER_CM3 = 1e-6


def classical_radius2_cm2() -> float:
    """Return the square of the classical electron radius alpha/m_e, in cm2."""
    return float((ALPHA / mass("e")) ** 2 * GEV2_TO_CM2)


def radiation_logarithms(charge: int) -> tuple[float, float]:
    """Return L_rad and L'_rad of an element: ln(184.15 Z^-1/3) and ln(1194 Z^-2/3) from Z = 5 on.

    Source: Tsai, Table B.2, as in the PDG's Table 34.2 (grade C).
    """
    if charge in _LIGHT:
        return _LIGHT[charge]
    return math.log(184.15 / charge ** (1.0 / 3.0)), math.log(1194.0 / charge ** (2.0 / 3.0))


def coulomb_correction(charge: int) -> float:
    """Return f(Z) = a^2 [1/(1 + a^2) + 0.20206 - 0.0369 a^2 + 0.0083 a^4 - 0.002 a^6], a = alpha Z.

    Source: Davies, Bethe and Maximon, Phys. Rev. 93 (1954) 788, as in the PDG's eq. (34.27) (grade C).
    """
    a2 = (ALPHA * charge) ** 2
    return a2 * (1.0 / (1.0 + a2) + 0.20206 - 0.0369 * a2 + 0.0083 * a2**2 - 0.002 * a2**3)


def radiation_length_g_cm2(composition: Mapping[str, float]) -> float:
    """Return the radiation length of a compound in g/cm2.

    1/X0 = 4 alpha r_e^2 N_A/A sum_i n_i {Z^2 [L_rad - f(Z)] + Z L'_rad}: Tsai eq. (3.66), PDG eq. (34.26).

    Parameters
    ----------
    composition : mapping
        Atoms per formula unit by symbol.
    """
    inverse = molar = 0.0
    for symbol, count in composition.items():
        atom = nucleus(symbol)
        elastic, inelastic = radiation_logarithms(atom.charge)
        squared = atom.charge**2 * (elastic - coulomb_correction(atom.charge))
        inverse += count * (squared + atom.charge * inelastic)
        molar += count * atom.mass_number
    return molar / (4.0 * ALPHA * classical_radius2_cm2() * AVOGADRO * inverse)


@dataclass(frozen=True)
class Medium:
    """Materials in layers, thin against a radiation length.

    Parameters
    ----------
    parts : tuple of (str, float)
        Names of materials and their shares of each radiation length; the shares add up to one.

    Raises
    ------
    PhysicsError
        If a material is unknown, or the shares are not positive with sum one.
    """

    parts: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        shares = [share for _, share in self.parts]
        if not shares or min(shares) <= 0.0 or abs(sum(shares) - 1.0) > _WHOLE:
            raise PhysicsError(f"shares of a medium must be positive and add up to 1, not {shares}")
        for material, _ in self.parts:
            known_material(material)

    @classmethod
    def of(cls, *materials: str) -> "Medium":
        """Return a medium of materials with equal shares of each radiation length."""
        return cls(tuple((material, 1.0 / len(materials)) for material in materials))

    @property
    def name(self) -> str:
        """The materials in words."""
        return " and ".join(material for material, _ in self.parts)

    @cached_property
    def grams_by_part(self) -> dict[str, float]:
        """g/cm2 of each material per radiation length of the medium."""
        return {
            material: share * radiation_length_g_cm2(known_material(material)[1])
            for material, share in self.parts
        }

    @cached_property
    def grams_per_x0(self) -> float:
        """Radiation length in g/cm2."""
        return sum(self.grams_by_part.values())

    @cached_property
    def metres_per_x0(self) -> float:
        """Radiation length in metres."""
        return sum(1e-2 * g / known_material(material)[0] for material, g in self.grams_by_part.items())

    @cached_property
    def _atoms_by_part(self) -> dict[str, dict[str, float]]:
        """Atoms per cm2 and radiation length by material and symbol: those in so many cm3 of a gram each."""
        return {
            material: nuclei_per_m3(grams, known_material(material)[1], _M3_PER_CM3)
            for material, grams in self.grams_by_part.items()
        }

    @cached_property
    def atoms_per_x0(self) -> dict[str, float]:
        """Atoms per cm2 and radiation length by symbol."""
        found: dict[str, float] = {}
        for atoms in self._atoms_by_part.values():
            for symbol, number in atoms.items():
                found[symbol] = found.get(symbol, 0.0) + number
        return found

    @cached_property
    def electrons_by_part(self) -> dict[str, float]:
        """Electrons of each material per cm2 and radiation length of the medium."""
        return {
            material: sum(number * nucleus(symbol).charge for symbol, number in atoms.items())
            for material, atoms in self._atoms_by_part.items()
        }

    @cached_property
    def electrons_per_x0(self) -> float:
        """Electrons per cm2 and radiation length."""
        return sum(self.electrons_by_part.values())
