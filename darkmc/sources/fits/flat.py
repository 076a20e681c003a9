"""The unit square on which the density of a fit is nearly flat: its integral, and cells to sample it."""

from functools import lru_cache

import numpy as np

from darkmc.core.inverse_tables import gauss_legendre
from darkmc.core.kinematics import Array
from darkmc.sources.fits.from_card import Fit

CELLS = 160
_TRANSVERSE = 0.15  # GeV, half the usual transverse momentum


def half_angle(fit: Fit, momentum: Array, w: Array) -> tuple[Array, Array]:
    """Return tan(theta/2) = (0.15 GeV/p) v/(1-v) and dv/dw; v = w times its value at the largest angle."""
    widest = np.tan(0.5 * fit.largest_angle) if fit.largest_angle < np.pi else np.inf
    with np.errstate(divide="ignore"):
        reach = 1.0 / (1.0 + _TRANSVERSE / (momentum * widest))
        return np.divide(_TRANSVERSE * w * reach, momentum * (1.0 - w * reach)), reach


def unfold(fit: Fit, square: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Map the unit square to momentum and angle so that the density of a fit becomes nearly flat.

    p = p_max s^4 and theta from w: transverse momenta stay near 0.3 GeV.
    Returns p, theta, dp dOmega/(ds dw), cos theta and pT^2.
    """
    s, w = square
    momentum = fit.largest_momentum * s**4
    half, reach = half_angle(fit, momentum, w)
    theta = 2.0 * np.arctan(half)
    sine = np.sin(theta)
    steep = 4.0 * fit.largest_momentum * s**3 * 2.0 * _TRANSVERSE * reach
    jacobian = steep / (1.0 + half**2) / (momentum * (1.0 - w * reach) ** 2) * 2.0 * np.pi * sine
    return momentum, theta, jacobian, np.cos(theta), np.square(momentum * sine)


@lru_cache(maxsize=64)  # experiments of a run share their fits
def integral(fit: Fit) -> float:
    """Mesons of a fit over all momenta and angles, by Gauss-Legendre quadrature."""
    x, weights = gauss_legendre(0.0, 1.0, 300)
    square = np.stack(np.meshgrid(x, x, indexing="ij")).reshape(2, -1)
    momentum, _, jacobian, cosine, transverse2 = unfold(fit, square)
    values = jacobian * fit.density(momentum, cosine, transverse2)
    return float(np.sum(weights[:, None] * weights * values.reshape(300, 300)))


def cells(fit: Fit) -> tuple[Array, Array]:
    """Cumulative probability of the cells of the unit square, and 1/density in each."""
    grid = (np.arange(CELLS) + 0.5) / CELLS
    square = np.stack(np.meshgrid(grid, grid, indexing="ij")).reshape(2, -1)
    momentum, _, jacobian, cosine, transverse2 = unfold(fit, square)
    content = jacobian * fit.density(momentum, cosine, transverse2)
    content = np.maximum(content, 1e-3 * np.mean(content))
    share = content / np.sum(content)
    return np.cumsum(share) / np.sum(share), 1.0 / (share * CELLS**2)
