"""Number of signal events that an observation excludes."""

import math
from typing import Any

import numpy as np

from darkmc.errors import PhysicsError
from darkmc.sampling import gauss_legendre


def poisson_limit(
    n_obs: int, background: float = 0.0, background_error: float = 0.0, confidence_level: float = 0.90
) -> float:
    """Return the upper limit on a Poisson signal, CLs: P(n <= n_obs | s + b)/P(n <= n_obs | b) = 1 - CL.

    2.303 for nothing observed at 90%. A background error is averaged over by a Gaussian cut at zero.
    Source: Read, J. Phys. G 28 (2002) 2693; with a known background it equals the Bayesian limit with a
    flat prior (PDG, Statistics).

    Parameters
    ----------
    n_obs : int
        Observed events.
    background, background_error : float
        Expected background and its standard error.
    confidence_level : float
        E.g. 0.90.

    Raises
    ------
    PhysicsError
        If a number is negative or the confidence level outside (0, 1).
    """
    if n_obs < 0 or background < 0.0 or background_error < 0.0 or not 0.0 < confidence_level < 1.0:
        raise PhysicsError("counts must not be negative and the confidence level lie between 0 and 1")
    from scipy.optimize import brentq
    from scipy.special import gammaincc

    backgrounds, weights = np.array([background]), np.array([1.0])
    if background_error > 0.0:
        low = max(background - 8.0 * background_error, 0.0)
        backgrounds, weights = gauss_legendre(low, background + 8.0 * background_error, 200)
        weights = weights * np.exp(-0.5 * ((backgrounds - background) / background_error) ** 2)
    at_most = np.dot(weights, gammaincc(n_obs + 1.0, backgrounds))

    def excess(signal: float) -> float:
        return float(
            np.dot(weights, gammaincc(n_obs + 1.0, backgrounds + signal)) / at_most - (1.0 - confidence_level)
        )

    top = 10.0 + n_obs + 10.0 * math.sqrt(n_obs + 1.0)
    while excess(top) > 0.0:
        top *= 2.0
    return float(brentq(excess, 0.0, top, xtol=1e-12))


def excluded_mean(n_obs: Any, n_sigma: float = 2.0) -> Any:
    """Return the Poisson mean that a count excludes, one-sided: P(n <= n_obs | mean) = Phi(-n_sigma).

    3.783 for nothing observed at 2 sigma, 18.58 for 10. No background is subtracted.

    Parameters
    ----------
    n_obs : int or array of int
        Observed counts.
    n_sigma : float
        Gaussian standard deviations, above zero.

    Raises
    ------
    PhysicsError
        If a count is negative or n_sigma not above zero.
    """
    from scipy.special import gammainccinv, ndtr

    counts = _counts(n_obs, n_sigma)
    return gammainccinv(counts + 1.0, ndtr(-n_sigma))[()]


def gaussian_excess(n_obs: Any, n_sigma: float = 2.0) -> Any:
    """Return N + n_sigma sqrt(N), the Poisson mean of :func:`excluded_mean` where nothing was observed.

    Source: the criterion of arXiv:1806.00757. Parameters and errors as there.
    """
    counts = _counts(n_obs, n_sigma)
    return np.where(counts > 0.0, counts + n_sigma * np.sqrt(counts), excluded_mean(counts, n_sigma))[()]


def _counts(n_obs: Any, n_sigma: float) -> Any:
    counts = np.asarray(n_obs, dtype=float)
    if np.any(counts < 0.0) or not n_sigma > 0.0:
        raise PhysicsError("counts must not be negative and the number of sigma must be above zero")
    return counts
