"""Elements and materials: atomic numbers, atomic weights, nuclei per volume.

Source: standard atomic weights (IUPAC 2021), atomic mass constant 0.93149410242 GeV (CODATA 2018).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from darkmc.constants import AVOGADRO
from darkmc.errors import PhysicsError, nearest

ATOMIC_MASS_GEV = 0.93149410242
_ELEMENTS = {
    "H": (1, 1.008),
    "He": (2, 4.002602),
    "Be": (4, 9.0121831),
    "C": (6, 12.011),
    "N": (7, 14.007),
    "O": (8, 15.999),
    "Na": (11, 22.98976928),
    "Mg": (12, 24.305),
    "Al": (13, 26.9815384),
    "Si": (14, 28.085),
    "Ar": (18, 39.95),
    "Ca": (20, 40.078),
    "Fe": (26, 55.845),
    "Cu": (29, 63.546),
    "Mo": (42, 95.95),
    "W": (74, 183.84),
    "Hg": (80, 200.592),
    "Pb": (82, 207.2),
}


@dataclass(frozen=True)
class Nucleus:
    """A nucleus of average isotopic composition: charge, mass number and mass (GeV)."""

    symbol: str
    charge: int
    mass_number: float

    @property
    def mass(self) -> float:
        """Nuclear mass in GeV: the atomic weight, electrons and binding neglected (below 1e-3)."""
        return self.mass_number * ATOMIC_MASS_GEV


def nucleus(symbol: str) -> Nucleus:
    """Return a nucleus by the symbol of its element, or raise PhysicsError with the nearest known one."""
    if symbol not in _ELEMENTS:
        raise PhysicsError(f"unknown element '{symbol}'{nearest(symbol, _ELEMENTS)}")
    return Nucleus(symbol, *_ELEMENTS[symbol])


def symbol(charge: int) -> str:
    """Return the symbol of the element with that many protons, "Z = 92" for one that is not in the table."""
    return next((name for name, (z, _) in _ELEMENTS.items() if z == charge), f"Z = {charge}")


def inelastic_cross_section_mb(mass_number: float) -> float:
    """Return the inelastic cross section of protons on a nucleus, 775 mb (A/63.546)^0.71.

    Source: copper near 400 GeV and its scaling, as in public codes (grade B).
    """
    return 775.0 * math.pow(mass_number / 63.546, 0.71)


def nuclei_per_m3(density_g_cm3: float, composition: Mapping[str, float], fill: float) -> dict[str, float]:
    """Return the number of nuclei per cubic metre of each element of a compound.

    Parameters
    ----------
    density_g_cm3 : float
        Density of the compound.
    composition : mapping
        Atoms per formula unit by symbol.
    fill : float
        Part of the volume that the compound takes.
    """
    molar = sum(count * nucleus(symbol).mass_number for symbol, count in composition.items())
    units = density_g_cm3 * fill * 1e6 * AVOGADRO / molar
    return {symbol: count * units for symbol, count in composition.items()}
