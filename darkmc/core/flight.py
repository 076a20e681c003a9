"""Survival, decay in a window and decay vertices, safe for decay lengths from 0 to infinity."""

from typing import Any

import numpy as np

from darkmc.core.kinematics import Array


def decay_lengths(path: Any, momentum: Any, mass: float, ctau: float) -> Any:
    """Return path/(beta gamma c tau): how many decay lengths a path is.

    Parameters
    ----------
    path : float or array
        Path length in m.
    momentum : float or array
        Momentum of the unstable particle in GeV.
    mass, ctau : float
        Its mass in GeV and its c tau in m.
    """
    return path * (mass / ctau) / momentum


def decay_probability(tau_survive: Any, tau_window: Any, coupling: Any = 1.0) -> Any:
    """Return exp(-tau_s G^2) (1 - exp(-tau_w G^2)): the chance to survive to a window and decay in it.

    `tau_survive` and `tau_window` are decay lengths at G = 1; `tau_window` = inf means that the row has
    no window factor. expm1 keeps all digits where a difference of exponentials would keep none.
    """
    square = np.square(coupling)
    with np.errstate(invalid="ignore"):
        exponent = np.where(np.isinf(tau_window), np.inf, np.multiply(tau_window, square))
    return np.exp(-np.multiply(tau_survive, square)) * -np.expm1(-exponent)


def vertex_depth(uniform: Array, window: Array) -> Array:
    """Return the fraction of a window at which the decay happens, by inverse CDF.

    Parameters
    ----------
    uniform : array (n,)
        Uniform numbers in [0, 1).
    window : array (n,)
        Length of the window in decay lengths, tau_window G^2.

    Returns
    -------
    array (n,)
        Solution x in [0, 1] of (1 - exp(-x window))/(1 - exp(-window)) = uniform; `uniform` itself for a
        window of length zero, 0 for an infinite one.
    """
    safe = np.where(window > 0.0, window, 1.0)
    depth = -np.log1p(uniform * np.expm1(-safe)) / safe
    return np.where(window > 0.0, np.minimum(depth, 1.0), uniform)
