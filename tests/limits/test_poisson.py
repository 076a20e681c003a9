"""Limits from counts, against their definition in forty digits."""

import math

import mpmath
import pytest

from darkmc.core.errors import PhysicsError
from darkmc.core.units import LARGEST_COUNT
from darkmc.limits.poisson import excluded_mean, gaussian_excess, poisson_limit


def at_most(n_obs, mean):
    return mpmath.gammainc(n_obs + 1, mean, mpmath.inf, regularized=True)


@pytest.mark.parametrize(
    ("n_obs", "background", "level"),
    [
        *[(0, 0.0, 0.9), (0, 800.0, 0.9), (0, 1e6, 0.9), (3, 1e4, 0.9), (5, 800.0, 0.95), (100, 5.0, 0.9)],
        *[(100, 1e3, 0.9), (1000, 1e4, 0.99), (10**5, 10**5, 0.9), (10**5, 2e5, 0.9), (3, 2.0, 1 - 1e-12)],
    ],
)
def test_the_limit_has_the_confidence_level(n_obs, background, level):
    """From 800 expected on, P(0) is no float: 0/0 made a crash."""
    with mpmath.workdps(40):
        limit = poisson_limit(n_obs, background, confidence_level=level)
        ratio = at_most(n_obs, mpmath.mpf(background) + limit) / at_most(n_obs, background)
        assert float(ratio / (1 - mpmath.mpf(level))) == pytest.approx(1.0, abs=3e-8)


@pytest.mark.parametrize("background", [0.0, 3.0, 800.0, 1e5, 1e9])
@pytest.mark.parametrize("error", [0.0, 1.0, 300.0, 1e6])
def test_nothing_seen_needs_no_background(background, error):
    """P(0 | s + b) = e^-s P(0 | b) whatever b and its error: at 90% the limit is ln 10."""
    assert poisson_limit(0, background, error) == pytest.approx(math.log(10.0), rel=1e-7)


@pytest.mark.parametrize(
    ("n_obs", "background", "error"),
    [(5, 1e3, 300.0), (3, 2.0, 1.0), (5, 1e5, 1e6), (10, 50.0, 20.0), (3, 49.0, 5.0), (10, 300.0, 30.0)],
)
def test_a_background_error_is_averaged_over(n_obs, background, error):
    """Far below the background only the edge of the Gaussian counts: the quadrature missed it."""
    limit = poisson_limit(n_obs, background, error)
    low, high = max(background - error**2 - 8 * error, 0.0), background + 8 * error
    nodes = [low, *(low + (high - low) * 10.0 ** (k / 4.0 - 7.0) for k in range(29))]

    def averaged(signal):
        return mpmath.quad(
            lambda b: at_most(n_obs, b + signal) * mpmath.exp(-(((b - background) / error) ** 2) / 2), nodes
        )

    assert float(averaged(limit) / averaged(0)) == pytest.approx(0.1, rel=1e-8)


WRONG = [
    *[(-1,), (0.5,), ("3",), (True,), (10**400,), (LARGEST_COUNT + 1,), (1, -1.0), (1, math.nan), (1, 1e10)],
    *[(1, 0.0, 1e200), (1, 0.0, -1.0), (1, 0.0, 0.0, 1.0), (1, 0.0, 0.0, 0.0), (1, None), (1, [1.0, 2.0])],
]


@pytest.mark.parametrize("wrong", WRONG)
def test_counts_that_are_none(wrong):
    with pytest.raises(PhysicsError):
        poisson_limit(*wrong)


@pytest.mark.parametrize("limit", [excluded_mean, gaussian_excess])
@pytest.mark.parametrize("wrong", [(-1,), ("3",), (math.inf,), (1, 0.0), (1, 31.0), (1, None), (1, math.nan)])
def test_means_of_counts_that_are_none(limit, wrong):
    with pytest.raises(PhysicsError):
        limit(*wrong)
