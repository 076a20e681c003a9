"""Elements and materials: atomic numbers, atomic weights, nuclei per volume.

Source: standard atomic weights (IUPAC 2021), atomic mass constant 0.93149410242 GeV (CODATA 2018).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from darkmc.core.constants import AVOGADRO
from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.units import require_text

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

# of things that stand in the way: density in g/cm3, and atoms per formula unit.  Metals: densities of
# textbooks; earth, concrete and marble by their main compounds (memory): real ones differ by 10 to 20%.
_MATERIALS: dict[str, tuple[float, dict[str, float]]] = {
    "aluminium": (2.70, {"Al": 1.0}),
    "concrete": (2.3, {"Si": 1.0, "O": 2.0}),
    "copper": (8.96, {"Cu": 1.0}),
    "iron": (7.874, {"Fe": 1.0}),
    "lead": (11.35, {"Pb": 1.0}),
    "marble": (2.71, {"Ca": 1.0, "C": 1.0, "O": 3.0}),
    "molybdenum": (10.22, {"Mo": 1.0}),
    "soil": (1.8, {"Si": 1.0, "O": 2.0}),
    "tungsten": (19.3, {"W": 1.0}),
    "water": (1.0, {"H": 2.0, "O": 1.0}),
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
    if require_text("the element", symbol) not in _ELEMENTS:
        _, parts = _MATERIALS.get(symbol.lower(), (0.0, {}))
        meant = f" (nearest: '{next(iter(parts))}')" if len(parts) == 1 else nearest(symbol, _ELEMENTS)
        raise PhysicsError(f"unknown element '{symbol}'{meant}")
    return Nucleus(symbol, *_ELEMENTS[symbol])


def symbol(charge: int) -> str:
    """Return the symbol of the element with that many protons, "Z = 92" for one that is not in the table."""
    return next((name for name, (z, _) in _ELEMENTS.items() if z == charge), f"Z = {charge}")


def known_material(name: str) -> tuple[float, dict[str, float]]:
    """Return density (g/cm3) and composition by name, or raise PhysicsError with the nearest known one."""
    if name not in _MATERIALS:
        raise PhysicsError(f"unknown material '{name}'{nearest(name, _MATERIALS)}")
    density, composition = _MATERIALS[name]
    return density, dict(composition)


def material_of(element: str) -> str:
    """Return the name of the material that is an element alone, or raise PhysicsError."""
    for name, (_, composition) in _MATERIALS.items():
        if [*composition] == [nucleus(element).symbol]:
            return name
    raise PhysicsError(f"no material is {element} alone")


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
