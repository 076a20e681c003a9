"""Rows as terms of N(G) alone: what a search for couplings evaluates, as they are or put into cells.

    N = sum over terms of w G^p exp(-x_0 G^2) prod_k (1 - exp(-x_k G^2)),

lengths in decay lengths at G = 1, what is absorbed added to what must be survived.  Terms of one power and
one number of windows stand together: over r = G^2 such a sum is r^(p/2 + windows) times the Laplace transform
of what is positive, on which :mod:`darkmc.limits.search` lives.
"""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array
from darkmc.sample.rows import NO_BINS, Channel

_BLOCK = 1 << 15  # numbers that are worked on at once: they stay in the cache
_LEAST, _DEEPEST = 1e-300, 700.0  # decay lengths; e to this is still a number
_ENDLESS = 1e290  # a length that nothing survives at any coupling
WIDTHS = 0.03, 0.3  # of cells: in the logarithm of what must be survived, and of windows
_DENSE = 1 << 17  # cells of a grid that are counted rather than looked for


class Terms(NamedTuple):
    """Terms of one power, one sign and one number of windows.

    Attributes
    ----------
    power : float
        Of G.
    sign : float
        1 or -1.
    weight : array (n,)
        Above zero, the sign taken out.
    lengths : array (1 + windows, n)
        x_0, and the window or windows above zero.
    bin : array (n,)
        Number of the bin of the observation that each is in; empty where that was not asked for.
    """

    power: float
    sign: float
    weight: Array
    lengths: Array
    bin: NDArray[np.int32] = NO_BINS

    @property
    def windows(self) -> int:
        """How many windows each has."""
        return len(self.lengths) - 1

    def sums(self, squares: Array) -> tuple[Array, Array]:
        """Return the sum over the terms without sign and G^power, and r times its derivative by r.

        Parameters
        ----------
        squares : array (k,)
            r = G^2, above zero.
        """
        out = np.zeros((2, len(squares)))
        n = len(self.weight)
        at_once = max(_BLOCK // max(n, 1), 1)
        for first in range(0, len(squares), at_once):
            some = slice(first, first + at_once)
            for start in range(0, n, _BLOCK):
                out[:, some] += self._sums(squares[some], slice(start, start + _BLOCK))
        return out[0], out[1]

    def _sums(self, squares: Array, part: slice) -> tuple[Array, Array]:
        growth = np.multiply.outer(-squares, self.lengths[0, part])
        values = np.exp(growth)
        values *= self.weight[part]
        for window in self.lengths[1:, part]:
            depth = np.multiply.outer(squares, window)
            np.clip(depth, _LEAST, _DEEPEST, out=depth)
            chance = np.expm1(-depth)
            np.negative(chance, out=chance)
            values *= chance
            depth *= 1.0 - chance
            depth /= chance
            growth += depth
        growth *= values
        return np.sum(values, axis=-1), np.sum(growth, axis=-1)

    def in_cells(self) -> "Terms":
        """Return terms, far fewer, with the same sums to 1e-4 where what counts is 20 decay lengths deep.

        Those in one cell of the logarithms of the lengths become 2 (1 + windows), placed so that weight,
        means and covariances are the same; the same terms, where that would not be fewer.
        """
        cells, size = self._cells()
        dimensions = len(self.lengths)
        if 4 * dimensions * size > len(self.weight):
            return self
        weight = np.bincount(cells, self.weight, size).astype(float)
        mean = np.stack([np.bincount(cells, self.weight * x, size) for x in self.lengths]) / weight
        apart = self.lengths - mean[:, cells]
        spread = np.zeros((dimensions, dimensions, size))
        for i, j in itertools.combinations_with_replacement(range(dimensions), 2):
            spread[i, j] = spread[j, i] = np.bincount(cells, self.weight * apart[i] * apart[j], size) / weight
        bins = self.bin
        if len(bins):
            bins = np.zeros(size, dtype=np.int32)
            bins[cells] = self.bin
            bins = np.tile(bins, 2 * dimensions)
        each = np.tile(weight / (2 * dimensions), 2 * dimensions)
        return self._replace(weight=each, lengths=nodes(mean, spread), bin=bins)

    def _cells(self) -> tuple[NDArray[np.intp], int]:
        """Return the number of every term's cell, from 0, and how many cells there are."""
        numbers, size = np.zeros(len(self.weight), dtype=np.intp), 1
        if len(self.bin):
            numbers, size = numbers + self.bin, int(np.max(self.bin)) + 1
        for x, width in zip(self.lengths, (WIDTHS[0], *[WIDTHS[1]] * self.windows), strict=True):
            with np.errstate(divide="ignore"):
                place = np.floor(np.log(x) / width)
            there = np.isfinite(place)  # what need not be survived has a cell of its own
            low = np.min(place, where=there, initial=np.inf)
            place = np.where(there, place - low + 1.0, 0.0).astype(np.intp)
            many = int(np.max(place, initial=0)) + 1
            numbers, size = numbers * many + place, size * many
            if size > _DENSE:
                found, numbers = np.unique(numbers, return_inverse=True)
                size = len(found)
        there = np.bincount(numbers, minlength=size) > 0
        return (np.cumsum(there) - 1)[numbers], int(np.count_nonzero(there))


def nodes(mean: Array, spread: Array) -> Array:
    """Return 2 d points of equal weight with given means (d, n) and covariances (d, d, n), as (d, 2 d n).

    mean +- sqrt(d) times the columns of a root of the covariance, the points of the unscented transform: sums
    over them are those over what they stand for, up to third derivatives.
    """
    size = len(mean)
    root = np.zeros_like(spread)
    for j in range(size):
        left = spread[:, j] - np.einsum("ikn,kn->in", root[:, :j], root[j, :j])
        pivot = np.sqrt(np.maximum(left[j], 0.0))
        root[j:, j] = np.where(pivot > 0.0, left[j:] / np.where(pivot > 0.0, pivot, 1.0), 0.0)
    steps = np.sqrt(size) * root
    points = [mean + sign * steps[:, j] for j in range(size) for sign in (1.0, -1.0)]
    return np.concatenate(points, axis=-1)


def terms(channels: Iterable[Channel], binned: bool = False) -> list[Terms]:
    """Return what passes in some channels as terms, per primary; what adds nothing is left out.

    With `binned` those in bins of the observation only, with their bins.
    """
    found: dict[tuple[float, float, int], list[tuple[Array, Array, NDArray[np.int32]]]] = {}
    for channel in channels:
        rows, bins = channel.final_in_lifetimes, channel.bins if binned else NO_BINS
        lost = np.minimum(rows.survive + rows.absorb, _ENDLESS)
        traits = (rows.weight < 0.0, np.isfinite(rows.window), np.isfinite(rows.second))
        adds = (rows.weight != 0.0) & (rows.window > 0.0) & (rows.second > 0.0)
        if binned:
            adds &= bins >= 0
        for negative, one, two in itertools.product(*map(_values, traits)):
            mine = adds.copy()
            for trait, wanted in zip(traits, (negative, one, two), strict=True):
                mine &= trait == wanted
            columns = [rows.weight, lost, *[rows.window] * one, *[rows.second] * two]
            weight, *lengths = columns if mine.all() else [column[mine] for column in columns]
            if len(weight):
                key = rows.power, -1.0 if negative else 1.0, len(lengths)
                weight = np.abs(weight) / max(channel.rows.tried, 1)
                here = (weight, np.stack(lengths), bins[mine] if binned else bins)
                found.setdefault(key, []).append(here)
    return [
        Terms(power, sign, *(np.concatenate(column, axis=-1) for column in zip(*some, strict=True)))
        for (power, sign, _), some in sorted(found.items(), key=lambda item: item[0])
    ]


def _values(trait: NDArray[np.bool_]) -> list[bool]:
    """Return the values that are among some."""
    return [value for value in (False, True) if np.any(trait == value)]
