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
        self.order = order
        self.cumulative = np.cumsum(chance if order is None else chance[order])
        self.cumulative /= self.cumulative[-1]

    def pick(self, uniform: Array) -> Index:
        """Return the numbers of entries drawn by uniform numbers (n,)."""
        return self.at(_searched(self.cumulative, uniform))

    def at(self, place: Index) -> Index:
        """Return the numbers of entries at some places of the order."""
        return place if self.order is None else self.order[place]


def _searched(cumulative: Array, values: Array) -> Index:
    """Return where values lie, looked for in their order: at random, most of a long table is not at hand."""
    out, rank = np.empty(len(values), dtype=np.intp), np.argsort(values)
    out[rank] = np.searchsorted(cumulative, values[rank], side="right")
    return out


class TiltedDraw:
    """Entries drawn by their chances times a factor of the stretch of the order in which they lie.

    Parameters
    ----------
    draw : ListDraw
        The entries and their chances.
    starts : array (k,) of int
        Where the stretches of the order begin, the first at 0.
    factors : array (k,)
        By what chances are multiplied, above zero; all that is drawn is exact for any of them.
    """

    def __init__(self, draw: ListDraw, starts: Index, factors: Array) -> None:
        self._draw, self._starts = draw, starts
        self._last = np.append(starts[1:], len(draw.cumulative)) - 1
        top = draw.cumulative[self._last]
        self._below = np.concatenate([[0.0], top[:-1]])
        self._size = top - self._below
        chance = self._size * factors
        self._over = np.sum(chance) / factors
        self._chance = chance / np.sum(chance)
        self._cumulative = np.cumsum(self._chance)

    def pick(self, uniform: Array) -> tuple[Index, Array]:
        """Return the numbers of entries drawn by uniform numbers (n,), and what each draw stands for."""
        stretch = np.minimum(np.searchsorted(self._cumulative, uniform, side="right"), len(self._last) - 1)
        rest = (uniform - self._cumulative[stretch]) / self._chance[stretch] + 1.0
        place = _searched(self._draw.cumulative, self._below[stretch] + rest * self._size[stretch])
        entry = self._draw.at(np.clip(place, self._starts[stretch], self._last[stretch]))
        return entry, self._draw.weight[entry] * self._over[stretch]


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
