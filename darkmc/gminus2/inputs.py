"""Checks of what the loop functions are given: one clear line for a number without physical meaning."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.particles import mass
from darkmc.core.units import masses, numbers, require_broadcast

LEPTONS = ("e", "mu", "tau")
_LEPTON_NAMES = {**{name: name for name in LEPTONS}, "electron": "e", "muon": "mu", "tauon": "tau"}
STRONGEST = 1e100  # no product of three couplings overflows
_P = ParamSpec("_P")


def lepton_name(lepton: str) -> str:
    """Return "e", "mu" or "tau", also for electron, muon and tauon, or raise PhysicsError."""
    if str(lepton) not in _LEPTON_NAMES:
        raise PhysicsError(f"unknown lepton '{lepton}'{nearest(str(lepton), LEPTONS)}")
    return _LEPTON_NAMES[str(lepton)]


def lepton_mass(lepton: str) -> float:
    """Return the mass (GeV) of "e", "mu" or "tau", or raise PhysicsError with the nearest name."""
    return mass(lepton_name(lepton))


def elementwise(function: Callable[_P, Numbers]) -> Callable[_P, Numbers]:
    """Make a loop function raise PhysicsError where its arguments do not broadcast."""

    @wraps(function)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> Numbers:
        values = [value for value in (*args, *kwargs.values()) if not isinstance(value, str)]
        shapes = (numbers("every mass and coupling", value).shape for value in values)
        require_broadcast(function.__name__, *shapes)
        return function(*args, **kwargs)

    return checked


def couplings(name: str, value: Any) -> Array:
    """Return couplings of either sign as an array, or raise PhysicsError if one is not finite or huge."""
    values = numbers(name, value)
    if not np.all(np.isfinite(values)):
        raise PhysicsError(f"{name} must be finite, not {values[~np.isfinite(values)][0]:g}")
    if np.any(np.abs(values) > STRONGEST):
        worst = values[np.abs(values) > STRONGEST][0]
        raise PhysicsError(f"{name} must lie between -{STRONGEST:g} and {STRONGEST:g}, not {worst:g}")
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
