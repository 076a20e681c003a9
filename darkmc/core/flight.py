"""Survival, decay in a window and decay vertices, safe for decay lengths from 0 to infinity."""

from typing import Any

import numpy as np

from darkmc.core.kinematics import Array

_DEEPEST = 700.0  # decay lengths; e to this is still a number


def proper_length(path: Any, momentum: Any, mass: float) -> Any:
    """Return path/(beta gamma), m: a path as the particle itself measures it.

    Parameters
    ----------
    path : float or array
        Path length in m.
    momentum : float or array
        Momentum of the particle in GeV.
    mass : float
        Its mass in GeV.
    """
    return path * mass / momentum


def decay_lengths(path: Any, momentum: Any, mass: float, ctau: float) -> Any:
    """Return how many decay lengths a path is: its proper length over c tau (m)."""
    return proper_length(path, momentum, mass / ctau)


def decay_chance(window: Any, rate: Any) -> Any:
    """Return W = 1 - exp(-window rate), the chance to decay in a window; 1 for an infinite one.

    expm1 keeps all digits where a difference of exponentials would keep none.
    """
    if np.all(np.greater(rate, 0.0)):  # no infinity times zero
        depth = np.asarray(np.multiply(window, -rate))
    else:
        depth = np.asarray(-decay_depth(window, rate))
    np.expm1(depth, out=depth)
    return np.negative(depth, out=depth)[()]


def decay_chance_slope(window: Any, rate: Any) -> Any:
    """Return d ln W/d ln rate = t/(exp(t) - 1), t = window rate; 0 for an infinite window."""
    depth = np.minimum(decay_depth(window, rate), _DEEPEST)
    with np.errstate(invalid="ignore"):
        slope = depth / np.expm1(depth)
    return np.where(depth >= _DEEPEST, 0.0, np.where(depth > 0.0, slope, 1.0))


def mean_survival(length: Any, rate: Any) -> Any:
    """Return A = (1 - exp(-t))/t, t = length rate: survival averaged over paths from 0 to a length."""
    depth = np.multiply(length, rate)
    safe = np.where(depth > 0.0, depth, 1.0)
    return np.where(depth > 0.0, -np.expm1(-safe) / safe, 1.0)


def decay_depth(window: Any, rate: Any) -> Any:
    """Return window x rate, infinite for an infinite window whatever the rate."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(window), np.inf, np.multiply(window, rate))


def vertex_depth(uniform: Array, window: Array) -> Array:
    """Return the fraction of a window at which the decay happens, by inverse CDF.

    Parameters
    ----------
    uniform : array (n,)
        Uniform numbers in [0, 1).
    window : array (n,)
        Length of the window in decay lengths.

    Returns
    -------
    array (n,)
        Solution x in [0, 1] of (1 - exp(-x window))/(1 - exp(-window)) = uniform; `uniform` itself for a
        window of length zero, 0 for an infinite one.
    """
    safe = np.where(window > 0.0, window, 1.0)
    depth = -np.log1p(uniform * np.expm1(-safe)) / safe
    return np.where(window > 0.0, np.minimum(depth, 1.0), uniform)
