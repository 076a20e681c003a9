"""Draws of which a known part goes where it matters and the rest everywhere, which bounds the weights."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array

Index = NDArray[np.intp]


def half_flat(share: Array) -> Array:
    """Return chances (n,) of entries: half of the draws follow their shares, half take all alike."""
    return 0.5 * share + 0.5 / len(share)


class ListDraw:
    """Entries of a list, drawn by chances.

    Parameters
    ----------
    worth : array (n,)
        What the entries stand for; the mean of `weight` over draws is its sum.
    chance : array (n,)
        Their chances, of sum 1.
    order : array (n,) or None
        The larger a uniform number, the later in this order is its entry; None: in that of the list.

    Attributes
    ----------
    weight : array (n,)
        What a draw of each entry stands for.
    """

    def __init__(self, worth: Array, chance: Array, order: Index | None = None) -> None:
        self.weight = worth / chance
        self._order = order
        total = np.cumsum(chance if order is None else chance[order])
        self._cumulative = total / total[-1]

    def pick(self, uniform: Array) -> Index:
        """Return the numbers of entries drawn by uniform numbers (n,)."""
        place: Index = np.searchsorted(self._cumulative, uniform, side="right")
        return place if self._order is None else self._order[place]


def window_weight(inside: Any, width: Any, share: float) -> Any:
    """Return the density flat on [-1, 1] over one of which a share is flat in a window; 1 for none.

    Parameters
    ----------
    inside : bool or array
        Whether a number drawn lies in the window.
    width : float or array
        That of the window; 0: none.
    share : float
        Of the rows that are drawn in the window; the others are flat on [-1, 1].
    """
    part = np.where(width > 0.0, share, 0.0)
    return 1.0 / (1.0 - part + np.where(inside, 2.0 * part / np.where(width > 0.0, width, 1.0), 0.0))


def half_logarithmic_weight(place: Array, low: float, high: Any) -> Array:
    """Return one over the density of places: half flat from low to high, half flat in the logarithm."""
    out: Array = 2.0 / (1.0 / (high - low) + 1.0 / (place * np.log(high / low)))
    return out


def half_near_the_end(uniform: Array, size: Array, scale: float) -> tuple[Array, Array]:
    """Return distances from the end of a stretch, from 0 to its size, and one over their density.

    Half of them are flat, half have a density that falls as 1/(distance + scale).

    Parameters
    ----------
    uniform : array (n,)
        Uniform numbers.
    size : array (n,)
        Of the stretch.
    scale : float
        Up to which near distances are alike.
    """
    span = np.log1p(size / scale)
    flat = uniform < 0.5
    share = np.where(flat, 2.0 * uniform, 2.0 * uniform - 1.0)
    distance = np.where(flat, size * share, scale * np.expm1(span * share))
    distance = np.minimum(distance, size)
    positive = np.maximum(size, np.finfo(float).tiny)
    near = 1.0 / ((distance + scale) * np.where(span > 0.0, span, 1.0))
    return distance, 2.0 / (1.0 / positive + near)
