"""Number of signal events that an observation excludes."""

import math
from typing import Any

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.inverse_tables import gauss_legendre
from darkmc.core.kinematics import Array
from darkmc.core.units import (
    LARGEST_COUNT,
    LARGEST_SIGMA,
    number,
    numbers,
    require_not_negative,
    whole_number,
)

_TINY = 1e-200  # probability below which gammaincc loses digits, and vanishes a little further
_NO_ERROR = 1e-12  # relative error of a background that changes no digit of a limit
_REACH = 40.0  # logarithm below a largest value beyond which nothing counts


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
        Observed events, at most 1e9.
    background, background_error : float
        Expected background and its standard error, at most 1e9.
    confidence_level : float
        E.g. 0.90.

    Raises
    ------
    PhysicsError
        If a number is negative or too large, or the confidence level outside (0, 1).
    """
    whole_number("n_obs", n_obs, 0, LARGEST_COUNT)
    mean = require_not_negative("background", background)
    error = require_not_negative("background_error", background_error)
    level = number("confidence_level", confidence_level)
    if max(mean, error) > LARGEST_COUNT:
        raise PhysicsError(f"background and background_error must be at most {LARGEST_COUNT:g}")
    if not 0.0 < level < 1.0:
        raise PhysicsError(f"confidence_level must lie between 0 and 1, not {level:g}")
    from scipy.optimize import brentq

    nothing = _log_at_most(n_obs, mean, error, 0.0)

    def excess(signal: float) -> float:
        return _log_at_most(n_obs, mean, error, signal) - nothing - math.log1p(-level)

    top = 10.0 + n_obs + 10.0 * math.sqrt(n_obs + 1.0)
    while excess(top) > 0.0:
        top *= 2.0
    return float(brentq(excess, 0.0, top, xtol=1e-12))


def _log_at_most(n_obs: int, background: float, error: float, signal: float) -> float:
    """Return ln of P(n <= n_obs | signal + b), averaged over b: up to what does not depend on the signal.

    The average is over the part of the integrand that counts: it is log-concave, with one summit.
    """
    if error <= _NO_ERROR * max(background, 1.0):
        return float(_log_poisson_at_most(n_obs, np.array([background + signal]))[0])
    # ln P falls by at most 1 per event, which moves the summit of the product down by at most error^2
    low, high = max(background - error**2 - 8.0 * error, 0.0), background + 8.0 * error
    for _ in range(60):
        nodes, weights = gauss_legendre(low, high, 200)
        log_values = _log_poisson_at_most(n_obs, nodes + signal) - 0.5 * ((nodes - background) / error) ** 2
        largest = float(np.max(log_values))
        counts = np.flatnonzero(log_values > largest - _REACH)
        edges = np.concatenate([[low], nodes, [high]])
        inner = float(edges[counts[0]]), float(edges[counts[-1] + 2])
        if inner[1] - inner[0] > 0.5 * (high - low):
            break
        low, high = inner
    return largest + math.log(float(np.dot(weights, np.exp(log_values - largest))))


def _log_poisson_at_most(n_obs: int, mean: Array) -> Array:
    """Return ln P(n <= n_obs | mean) = ln Q(n_obs + 1, mean), also where the probability underflows.

    There by the continued fraction of the incomplete gamma function: DLMF 8.9.2, after W. J. Lentz.
    """
    from scipy.special import gammaincc

    shape = n_obs + 1.0
    direct = gammaincc(shape, mean)
    out: Array = np.log(np.maximum(direct, _TINY))
    small = direct < _TINY
    if np.any(small):
        x = mean[small]
        out[small] = _log_pdf(n_obs, x) + np.log(x * _fraction(shape, x))
    return out


def _log_pdf(n_obs: int, mean: Array) -> Array:
    """Return ln of mean^n e^-mean/n!, without cancellation for large n: Stirling's series, DLMF 5.11.1."""
    if n_obs < 20:
        few: Array = n_obs * np.log(mean) - mean - math.lgamma(n_obs + 1.0)
        return few
    u = (mean - n_obs) / n_obs
    series = 1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / n_obs**2) / n_obs**2
    out: Array = -n_obs * (u - np.log1p(u)) - 0.5 * math.log(2.0 * math.pi * n_obs) - series / n_obs
    return out


def _fraction(a: float, x: Array) -> Array:
    """Return Gamma(a, x) x^-a e^x for x well above a: 1/(x + 1 - a - (1 - a)/(x + 3 - a - ...))."""
    b = x + 1.0 - a
    d = 1.0 / b
    c, out = np.full_like(x, 1e300), d
    for k in range(1, 100_000):
        step = -k * (k - a)
        b = b + 2.0
        d = 1.0 / (step * d + b)
        c = b + step / c
        factor = c * d
        out = out * factor
        if np.all(np.abs(factor - 1.0) < 1e-15):
            return out
    raise AssertionError("the continued fraction converges where it is used")


def excluded_mean(n_obs: Any, n_sigma: float = 2.0) -> Any:
    """Return the Poisson mean that a count excludes, one-sided: P(n <= n_obs | mean) = Phi(-n_sigma).

    3.783 for nothing observed at 2 sigma, 18.58 for 10. No background is subtracted.

    Parameters
    ----------
    n_obs : int or array of int
        Observed counts, at most 1e9.
    n_sigma : float
        Gaussian standard deviations, above zero, at most 30.

    Raises
    ------
    PhysicsError
        If a count is negative or too large, or n_sigma not in its range.
    """
    from scipy.special import gammainccinv, ndtr

    counts, sigma = _counts(n_obs, n_sigma)
    return gammainccinv(counts + 1.0, ndtr(-sigma))[()]


def gaussian_excess(n_obs: Any, n_sigma: float = 2.0) -> Any:
    """Return N + n_sigma sqrt(N), the Poisson mean of :func:`excluded_mean` where nothing was observed.

    Source: the criterion of arXiv:1806.00757. Parameters and errors as there.
    """
    counts, sigma = _counts(n_obs, n_sigma)
    return np.where(counts > 0.0, counts + sigma * np.sqrt(counts), excluded_mean(counts, sigma))[()]


def _counts(n_obs: Any, n_sigma: float) -> tuple[Any, float]:
    counts, sigma = numbers("n_obs", n_obs), number("n_sigma", n_sigma)
    if not np.all((counts >= 0.0) & (counts <= LARGEST_COUNT)):
        raise PhysicsError(f"counts must lie between 0 and {LARGEST_COUNT:g}")
    if not 0.0 < sigma <= LARGEST_SIGMA:
        raise PhysicsError(f"the number of sigma must be above zero, and at most {LARGEST_SIGMA:g}")
    return counts, sigma
