"""Numbers with units as users type them, and grids of them; bare numbers are GeV."""

import math
import re
from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.errors import PhysicsError, shown

LARGEST_SEED = 2**63 - 1  # files hold seeds as int64
LARGEST_GRID = 10**6  # points
AUTO_PER_DECADE, LEAST_AUTO = 12, 5  # points of a grid before it refines itself
MOST_WORKERS = 1000
LEAST_PRECISION = 1e-6  # below it no number of rows that fits into a memory helps
LARGEST_COUNT, LARGEST_SIGMA = 10**9, 30.0  # of an observation
LARGEST_COUPLING = 1e30  # GeV^-1; powers of it still are numbers
# Between the mass of the lightest dark matter and the Planck mass: inside, no square over- or underflows.
LIGHTEST, HEAVIEST = 1e-40, 1e20
ENERGY_UNITS_GEV = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
_NUMBER = re.compile(
    r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|nan))\s*([A-Za-z]*)\s*\Z", re.ASCII
)


_ENERGIES = "0.03, 30MeV, 1e-2GeV"
GRID_EXAMPLES = "30MeV; 5MeV,8MeV; 1MeV:100MeV:12"


def _number_and_suffix(text: str, name: str = "", like: str = _ENERGIES) -> tuple[float, str]:
    match = _NUMBER.match(text)
    if match is None:
        raise PhysicsError(f"{_for(name)}'{text}' is not a number (examples: {like})")
    return float(match[1]), match[2]


def _for(name: str) -> str:
    return f"{name}: " if name else ""


def parse_energy(text: str, name: str = "", like: str = _ENERGIES) -> float:
    """Return an energy or mass in GeV from text such as ``30MeV``, ``0.03GeV`` or ``0.03``.

    Parameters
    ----------
    text : str
        What a user typed.
    name : str
        Of the option that it was typed for, for messages.
    like : str
        Examples, for messages.

    Raises
    ------
    PhysicsError
        If the text is no number or the unit is unknown.
    """
    number, unit = _number_and_suffix(text, name, like)
    if unit and unit not in ENERGY_UNITS_GEV:
        raise PhysicsError(f"{_for(name)}'{text}': unknown unit '{unit}' (use {', '.join(ENERGY_UNITS_GEV)})")
    return number * ENERGY_UNITS_GEV.get(unit, 1.0)


def parse_number(name: str, text: str) -> float:
    """Return a bare number, or raise PhysicsError that names it."""
    number, suffix = _number_and_suffix(text, name, "0.03, 1e-4")
    if suffix:
        raise PhysicsError(f"{name} takes a bare number, not '{text}'")
    return number


class AxionMass(NamedTuple):
    """A mass of the axion: in GeV, or as a fraction of the dark photon's."""

    value: float
    relative: bool

    def at(self, m_dark_photon: float) -> float:
        """Return it in GeV beside a dark photon of this mass."""
        return self.value * m_dark_photon if self.relative else self.value


class MassGrid(NamedTuple):
    """Masses, or fractions of one, that are given; or the ends of a grid that refines itself."""

    values: tuple[float, ...]
    relative: bool = False
    auto: int = 0  # points of its coarse grid, which is even in the logarithm


def _axion_mass(text: str, name: str = "") -> AxionMass:
    if not text.strip().endswith("x"):
        return AxionMass(parse_energy(text, name), False)
    fraction, suffix = _number_and_suffix(text.strip()[:-1] or "?", name)
    if suffix:
        raise PhysicsError(f"'{text}': write a fraction of the dark photon mass as 0.5x")
    return AxionMass(fraction, True)


def parse_axion_mass(text: str, m_dark_photon: float, name: str = "") -> float:
    """Return the axion mass in GeV; ``0.5x`` is that fraction of the dark photon mass."""
    return _axion_mass(text, name).at(m_dark_photon)


def parse_axion_grids(text: str) -> list[MassGrid]:
    """Return axion masses from a grid or a comma list, in GeV or as fractions ``0.5x``; 0 is one, too.

    Raises
    ------
    PhysicsError
        If anything in it is no mass, or a grid mixes masses and fractions.
    """
    if ":" not in text:
        found = [_axion_mass(item) for item in text.split(",") if item.strip()]
        _checked_length(text, len(found))
        masses("m_axion", [mass.value for mass in found])
        return [MassGrid((mass.value,), mass.relative) for mass in dict.fromkeys(found)]
    ends = [_axion_mass(part) for part in text.split(":")[:2]]
    if ends[0].relative != ends[1].relative:
        raise PhysicsError(f"'{text}': a grid is one of masses or of fractions, not of both")
    return [_mass_grid(text, _axion_end)._replace(relative=ends[0].relative)]


def _axion_end(text: str) -> float:
    return float(masses("m_axion", _axion_mass(text).value))


def _mass_end(text: str) -> float:
    return float(masses("grid end", parse_energy(text), massless=False))


def parse_mass_grid(text: str) -> MassGrid:
    """Return masses as `parse_energy_grid`, or a grid that refines itself, ``START:STOP[:N]:auto``."""
    return (
        _mass_grid(text, _mass_end) if ":" in text else MassGrid(tuple(map(float, parse_energy_grid(text))))
    )


def _mass_grid(text: str, parse_end: Callable[[str], float]) -> MassGrid:
    *parts, last = text.split(":")
    if last.strip() != "auto":
        return MassGrid(tuple(float(mass) for mass in parse_grid(text, parse_end)))
    if len(parts) not in (2, 3):
        raise PhysicsError(f"'{text}': write a grid that refines itself as START:STOP:auto")
    start, stop = (float(end) for end in parse_grid(f"{parts[0]}:{parts[1]}:2", parse_end))
    usual = math.ceil(AUTO_PER_DECADE * math.log10(stop / start)) + 1
    number = _count(text, parts[2].strip()) if len(parts) == 3 else max(LEAST_AUTO, usual)
    if not LEAST_AUTO <= number <= LARGEST_GRID // 3:
        raise PhysicsError(f"'{text}': a grid that refines itself begins with at least {LEAST_AUTO} points")
    return MassGrid((start, stop), auto=number)


def parse_energy_grid(text: str) -> NDArray[np.float64]:
    """Return masses in GeV from ``START:STOP:N[:log|:lin]`` (default log) or a comma list.

    Raises
    ------
    PhysicsError
        If the grid is empty, runs backwards, or contains anything that is no mass.
    """
    if ":" not in text:
        values = [parse_energy(item, like=GRID_EXAMPLES) for item in text.split(",") if item.strip()]
        _checked_length(text, len(values))
        return masses("mass", values, massless=False)
    return parse_grid(text, _mass_end)


def parse_grid(text: str, parse_end: Callable[[str], float]) -> NDArray[np.float64]:
    """Return the numbers of ``START:STOP:N[:log|:lin]``; ends are read by `parse_end`."""
    parts = text.split(":")
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] not in ("log", "lin")):
        raise PhysicsError(f"'{text}': write a grid as START:STOP:N[:log|:lin], e.g. 1MeV:100MeV:12")
    start, stop = parse_end(parts[0]), parse_end(parts[1])
    count = _count(text, parts[2].strip())
    if stop < start or (stop == start) != (count == 1):
        raise PhysicsError(f"'{text}': a grid runs upwards from START to STOP (one point if they are equal)")
    if parts[-1] == "lin":
        return np.linspace(start, stop, count)
    if not start > 0.0:
        raise PhysicsError(f"'{text}': a logarithmic grid begins above zero (write :lin for an even one)")
    return np.geomspace(start, stop, count)


def _checked_length(text: str, count: int) -> None:
    if not 1 <= count <= LARGEST_GRID:
        problem = f"has more than {LARGEST_GRID} points" if count else "is empty"
        raise PhysicsError(f"'{text}': the grid {problem}")


def _count(grid: str, points: str) -> int:
    """Return the number of points of a grid."""
    digits = points.isascii() and points.isdecimal() and len(points.lstrip("0")) <= len(str(LARGEST_GRID))
    if not digits or not 1 <= int(points) <= LARGEST_GRID:
        raise PhysicsError(f"'{grid}': the number of points must be a whole number from 1 to {LARGEST_GRID}")
    return int(points)


def require_text(name: str, value: Any) -> str:
    """Return text, or raise PhysicsError that names it."""
    if not isinstance(value, str):
        raise PhysicsError(f"{name} must be text, not {shown(value)}")
    return value


def truth(name: str, value: Any) -> bool:
    """Return a truth value given as bool (or NumPy's), or raise PhysicsError that names it."""
    if not isinstance(value, bool | np.bool_):
        raise PhysicsError(f"{name} must be True or False, not {shown(value)}")
    return bool(value)


def numbers(name: str, value: Any, what: str = "a number or an array of numbers") -> NDArray[np.float64]:
    """Return real numbers, of any shape, as an array of floats: the one check of what must be numbers.

    Raises
    ------
    PhysicsError
        That names it, if it is or holds anything else: text, truth values, complex numbers, None, whole
        numbers beyond what floats can hold.
    """
    try:
        array = np.asarray(value)
        if array.dtype == object:
            flat = [_real(item) for item in array.ravel().tolist()]
            return np.array(flat, dtype=float).reshape(array.shape)
        if array.dtype.kind in "iuf":
            return array.astype(float, copy=False)
    except (TypeError, ValueError):
        pass
    except OverflowError:
        raise PhysicsError(f"{name} holds a number that is too large: {shown(value)}") from None
    raise PhysicsError(f"{name} must be {what}, not {shown(value)}")


def require_broadcast(where: str, *shapes: tuple[int, ...]) -> None:
    """Raise PhysicsError if arrays of these shapes do not broadcast."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        listed = ", ".join(str(shape) for shape in shapes if shape)
        raise PhysicsError(f"{where}: the shapes {listed} of the arguments do not broadcast") from None


def _real(value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real | Decimal):
        raise TypeError
    return float(value)


def number(name: str, value: Any) -> float:
    """Return one real number as a float, nan and infinities among them; else raise PhysicsError."""
    array = numbers(name, value, "a number")
    if array.ndim > 0:
        raise PhysicsError(f"{name} must be one number, not {shown(value)}")
    return float(array)


def whole_number(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """Return a whole number given as int (or NumPy integer), or raise PhysicsError that names it."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise PhysicsError(f"{name} must be a whole number, not {shown(value)}")
    if least is not None and value < least:
        raise PhysicsError(f"{name} must be at least {least}, not {shown(int(value))}")
    if most is not None and value > most:
        raise PhysicsError(f"{name} must be at most {most}, not {shown(int(value))}")
    return int(value)


def checked_seed(name: str, value: Any) -> int:
    """Return a seed of random numbers, from 0 to LARGEST_SEED, or raise PhysicsError that names it."""
    return whole_number(name, value, 0, LARGEST_SEED)


def checked_workers(name: str, value: Any) -> int:
    """Return a number of workers, at most MOST_WORKERS, or raise PhysicsError that names it."""
    return whole_number(name, value, 1, MOST_WORKERS)


def require_positive(name: str, value: Any) -> float:
    """Return a finite number above zero, or raise PhysicsError that names it."""
    found = number(name, value)
    if not (math.isfinite(found) and found > 0.0):
        raise PhysicsError(f"{name} must be a finite number above zero, not {found:g}")
    return found


def require_not_negative(name: str, value: Any) -> float:
    """Return a finite number of at least zero, or raise PhysicsError that names it."""
    found = number(name, value)
    if not (math.isfinite(found) and found >= 0.0):
        raise PhysicsError(f"{name} must be a finite number of at least zero, not {found:g}")
    return found


def masses(name: str, value: Any, massless: bool = True) -> NDArray[np.float64]:
    """Return masses (GeV) as an array, or raise PhysicsError that names the first bad one."""
    values = numbers(name, value)
    good = (values >= LIGHTEST) & (values <= HEAVIEST) | (massless & (values == 0.0))
    if not np.all(good):
        zero = "zero or " if massless else ""
        raise PhysicsError(
            f"{name} must be {zero}between {LIGHTEST:g} and {HEAVIEST:g} GeV, not {values[~good][0]:g}"
        )
    return values


def energies(name: str, value: Any) -> NDArray[np.float64]:
    """Return energies (GeV), zero or in size between LIGHTEST and HEAVIEST, or raise PhysicsError."""
    values = numbers(name, value)
    size = np.abs(values)
    if not np.all((size <= HEAVIEST) & ((size >= LIGHTEST) | (size == 0.0))):
        raise PhysicsError(f"{name} must be zero, or between {LIGHTEST:g} and {HEAVIEST:g} GeV in size")
    return values


def squares(name: str, value: Any) -> NDArray[np.float64]:
    """Return squares of four-momenta (GeV^2), of either sign, as an array, or raise PhysicsError."""
    values = numbers(name, value)
    if not np.all(np.abs(values) <= HEAVIEST**2):
        raise PhysicsError(f"{name} must be finite, and at most {HEAVIEST**2:g} GeV^2")
    return values


def checked_couplings(coupling: Any, name: str = "coupling") -> NDArray[np.float64]:
    """Return couplings as an array, or raise PhysicsError if one is negative or no sensible number."""
    couplings = numbers(name, coupling, "a number in GeV^-1, or an array of them")
    good = (couplings >= 0.0) & (couplings <= LARGEST_COUPLING)
    if not np.all(good):
        wrong = couplings[~good][0]
        raise PhysicsError(f"{name} must lie between 0 and {LARGEST_COUPLING:g} GeV^-1, not {wrong:g}")
    return couplings


def positive_couplings(name: str, value: Any) -> list[float]:
    """Return couplings above zero as a flat list, of one at least."""
    couplings = checked_couplings(value, name).ravel()
    if not couplings.size:
        raise PhysicsError(f"{name} names no coupling")
    return [require_positive(name, g) for g in couplings]
