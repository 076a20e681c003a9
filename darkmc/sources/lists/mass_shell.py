"""How far the energy of a listed meson may be from its momentum: digits, generators' masses, widths.

Generators have masses of their own (UrQMD, as GiBUU and SMASH, gives every pion 138 MeV, the isospin mean;
SIBYLL 2.1 an eta of 548.8 MeV; PYTHIA 6 one of 547.45 MeV), and lists are printed with few digits.
"""

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array, length
from darkmc.core.particles import mass, total_width

TOLERANCE = 1e-3  # of E^2, for which no reason is asked
WIDTHS = 10.0  # of a broad meson, by which its mass in a list may differ from the nominal one
MASS_RANGE = 0.01  # relative, of generators' masses about the nominal ones
PION_RANGE = 0.025  # upwards for pi0: the mean of the three pions is 2.3% above it
ROUNDING = 2e-2  # of E^2, at most, that rounding may explain: what three digits can do
_DIGITS = 4  # with more, rounding stays below the tolerance
_EXACT = 1e-12  # relative, of numbers that went through a change of units
_NOTICED = 1e-5
_SIGMAS = 5.0


def mass_square(four: Array) -> Array:
    """Return E^2 - p^2 (n,) of rows px, py, pz, E (4, n)."""
    out: Array = four[3] ** 2 - length(four[:3]) ** 2
    return out


def has_mass(four: Array, meson: str, factor: float = 1.0) -> NDArray[np.bool_]:
    """Return which mesons have their mass, times a factor, within its width and the tolerance."""
    low, high = _natural(meson)
    return _between(four, factor * low, factor * high, 0.0)


def _natural(meson: str) -> tuple[float, float]:
    """Return the least and the largest mass (GeV) that a meson has by its width."""
    centre, spread = mass(meson), WIDTHS * total_width(meson)
    return max(centre - spread, 0.3 * centre), centre + spread


def is_explained(four: Array, meson: str) -> NDArray[np.bool_]:
    """Return whose energies follow from their momenta within width, generators' masses and the list's digits.

    Where an energy follows only because of the digits, the mean over the list must agree, too: roundings
    have no sign, another species has.

    Parameters
    ----------
    four : array (4, n)
        All mesons of a list: rows px, py, pz, E in GeV.
    meson : str
        Species.
    """
    low, high = _natural(meson)
    low = min(low, (1.0 - MASS_RANGE) * mass(meson))
    high = max(high, (1.0 + (PION_RANGE if meson == "pi0" else MASS_RANGE)) * mass(meson))
    plain = _between(four, low, high, 0.0)
    if plain.all():
        return plain
    slack = rounding(four)
    rounded = _between(four, low, high, np.minimum(slack, ROUNDING * four[3] ** 2))
    known = slack > 0.0
    if not known.any():
        return plain
    inverse = 3.0 / slack[known] ** 2  # the variance of a flat error of +-slack is slack^2/3
    mean = float(np.sum(inverse * mass_square(four)[known]) / np.sum(inverse))
    error = _SIGMAS / float(np.sqrt(np.sum(inverse)))
    return rounded if low**2 - error <= mean <= high**2 + error else plain


def is_off(four: Array, meson: str) -> NDArray[np.bool_]:
    """Return whose energies are 1e-5 or more off their mass, or off the range of masses of a broad meson."""
    low, high = _natural(meson)
    square, slack = mass_square(four), 2.0 * _NOTICED * four[3] ** 2
    out: NDArray[np.bool_] = (square < low**2 - slack) | (square > high**2 + slack)
    return out


def energy_change(four: Array, meson: str) -> Array:
    """Return |E' - E|/E of putting mesons (4, n) on their mass shell by their momenta."""
    out: Array = np.abs(np.hypot(length(four[:3]), mass(meson)) - four[3]) / four[3]
    return out


def _between(four: Array, low: float, high: float, slack: Array | float) -> NDArray[np.bool_]:
    square, tolerance = mass_square(four), np.maximum(TOLERANCE * four[3] ** 2, slack)
    out: NDArray[np.bool_] = (square >= low**2 - tolerance) & (square <= high**2 + tolerance)
    return out


def rounding(four: Array) -> Array:
    """Return by how much (GeV^2) E^2 - p^2 may be wrong as all numbers of a list are rounded.

    Numbers with the same few decimals, or the same few digits, are wrong by up to half of the last one; where
    numbers have more digits than matter, 0.

    Parameters
    ----------
    four : array (4, n)
        All mesons of a list: rows px, py, pz, E in GeV.
    """
    half = np.zeros_like(four)
    exponent = np.floor(np.log10(np.where(four == 0.0, 1.0, np.abs(four))) + _EXACT)
    for decimals in range(_DIGITS + 1):
        if _are_whole(four * 10.0**decimals):
            half += 0.5 * 10.0**-decimals
            break
    for digits in range(1, _DIGITS + 1):
        if _are_whole(four * 10.0 ** (digits - 1 - exponent)):
            half = np.maximum(half, np.where(four == 0.0, 0.0, 0.5 * 10.0 ** (exponent - digits + 1)))
            break
    out: Array = np.sum(2.0 * np.abs(four) * half + half**2, axis=0)
    return out


def _are_whole(values: Array) -> bool:
    return bool(np.all(np.abs(values - np.rint(values)) <= _EXACT * np.abs(values)))
