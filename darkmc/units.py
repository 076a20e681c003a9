"""Numbers with units as users type them, and grids of them; bare numbers are GeV."""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.errors import PhysicsError

ENERGY_UNITS_GEV = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|nan))\s*([A-Za-z]*)\s*\Z")


def _number_and_suffix(text: str) -> tuple[float, str]:
    match = _NUMBER.match(text)
    if match is None:
        raise PhysicsError(f"'{text}' is not a number (examples: 0.03, 30MeV, 1e-2GeV)")
    return float(match[1]), match[2]


def parse_energy(text: str) -> float:
    """Return an energy or mass in GeV from text such as ``30MeV``, ``0.03GeV`` or ``0.03``.

    Raises
    ------
    PhysicsError
        If the text is no number or the unit is unknown.
    """
    number, unit = _number_and_suffix(text)
    if unit and unit not in ENERGY_UNITS_GEV:
        raise PhysicsError(f"'{text}': unknown unit '{unit}' (use {', '.join(ENERGY_UNITS_GEV)})")
    return number * ENERGY_UNITS_GEV.get(unit, 1.0)


def parse_number(name: str, text: str) -> float:
    """Return a bare number, or raise PhysicsError that names it."""
    number, suffix = _number_and_suffix(text)
    if suffix:
        raise PhysicsError(f"{name} takes a bare number, not '{text}'")
    return number


def parse_axion_mass(text: str, m_dark_photon: float) -> float:
    """Return the axion mass in GeV; ``0.5x`` is that fraction of the dark photon mass."""
    if text.strip().endswith("x"):
        fraction, suffix = _number_and_suffix(text.strip()[:-1] or "?")
        if suffix:
            raise PhysicsError(f"'{text}': write a fraction of the dark photon mass as 0.5x")
        return fraction * m_dark_photon
    return parse_energy(text)


def parse_energy_grid(text: str) -> NDArray[np.float64]:
    """Return masses in GeV from ``START:STOP:N[:log|:lin]`` (default log) or a comma list.

    Raises
    ------
    PhysicsError
        If the grid is empty, runs backwards, or contains anything that is no mass.
    """
    if ":" not in text:
        values = [parse_energy(item) for item in text.split(",") if item.strip()]
        if not values:
            raise PhysicsError(f"'{text}': the grid is empty")
        return np.array([require_positive("mass", value) for value in values])
    parts = text.split(":")
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] not in ("log", "lin")):
        raise PhysicsError(f"'{text}': write a grid as START:STOP:N[:log|:lin]")
    start = require_positive("grid start", parse_energy(parts[0]))
    stop = require_positive("grid stop", parse_energy(parts[1]))
    if not parts[2].strip().isdigit() or int(parts[2]) < 1:
        raise PhysicsError(f"'{text}': the number of points must be a whole number of at least 1")
    count = int(parts[2])
    if stop < start or (stop == start) != (count == 1):
        raise PhysicsError(f"'{text}': a grid runs upwards from START to STOP (one point if they are equal)")
    if parts[-1] == "lin":
        return np.linspace(start, stop, count)
    return np.geomspace(start, stop, count)


def whole_number(name: str, value: Any) -> int:
    """Return a whole number given as int (or NumPy integer), or raise PhysicsError that names it."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise PhysicsError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise PhysicsError(f"{name} must be a number, not {value!r}") from None


def require_positive(name: str, value: Any) -> float:
    """Return a finite number above zero, or raise PhysicsError that names it."""
    number = _number(name, value)
    if not (math.isfinite(number) and number > 0.0):
        raise PhysicsError(f"{name} must be a finite number above zero, not {number:g}")
    return number


def require_not_negative(name: str, value: Any) -> float:
    """Return a finite number of at least zero, or raise PhysicsError that names it."""
    number = _number(name, value)
    if not (math.isfinite(number) and number >= 0.0):
        raise PhysicsError(f"{name} must be a finite number of at least zero, not {number:g}")
    return number
