"""Checks of what the loop functions are given: one clear line for a number without physical meaning."""

from typing import Any

import numpy as np

from darkmc.errors import PhysicsError, nearest
from darkmc.kinematics import Array
from darkmc.particles import mass

LEPTONS = ("e", "mu", "tau")
# Between the mass of the lightest dark matter and the Planck mass: inside, no square over- or underflows.
LIGHTEST, HEAVIEST = 1e-40, 1e20


def lepton_mass(lepton: str) -> float:
    """Return the mass (GeV) of "e", "mu" or "tau", or raise PhysicsError with the nearest name."""
    if lepton not in LEPTONS:
        raise PhysicsError(f"unknown lepton '{lepton}'{nearest(str(lepton), LEPTONS)}")
    return mass(lepton)


def masses(name: str, value: Any, massless: bool = True) -> Array:
    """Return masses (GeV) as an array, or raise PhysicsError that names the first bad one."""
    values = np.asarray(value, dtype=float)
    good = (values >= LIGHTEST) & (values <= HEAVIEST) | (massless & (values == 0.0))
    if not np.all(good):
        zero = "zero or " if massless else ""
        raise PhysicsError(
            f"{name} must be {zero}between {LIGHTEST:g} and {HEAVIEST:g} GeV, not {values[~good][0]:g}"
        )
    return values


def couplings(name: str, value: Any) -> Array:
    """Return couplings of either sign as an array, or raise PhysicsError if one is not finite."""
    values = np.asarray(value, dtype=float)
    if not np.all(np.isfinite(values)):
        raise PhysicsError(f"{name} must be finite, not {values[~np.isfinite(values)][0]:g}")
    return values


def cutoffs(value: Any, *inside: Any) -> Array:
    """Return cut-offs (GeV) as an array, or raise PhysicsError if one is below a mass in the loop."""
    values = masses("cutoff", value, massless=False)
    for mass_inside in inside:
        low, heavy = np.broadcast_arrays(values, mass_inside)
        if np.any(low < heavy):
            below = np.argmax(low < heavy)
            raise PhysicsError(
                f"cutoff {low.flat[below]:g} GeV is below a mass of {heavy.flat[below]:g} GeV in the loop"
            )
    return values
