"""Which bin a number lies in, without a search: a fine even grid says where to look."""

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array
from darkmc.core.mixtures import Index

_PER_BIN = 4
_MOST = 2**20
_STEPS = 2  # before the rest is searched for
_ROUNDING = 1e-9  # by which the logarithm of a number may be off its place in the grid


class Bins:
    """Bins between positive edges; the first may be 0.

    Parameters
    ----------
    edges : array (n + 1,)
        Increasing.
    """

    def __init__(self, edges: Array) -> None:
        self._edges = edges
        first, last = edges[1 if edges[0] == 0.0 else 0], edges[-2 if np.isinf(edges[-1]) else -1]
        low, high = np.log(first) - _ROUNDING, np.log(max(last, np.nextafter(first, np.inf))) + _ROUNDING
        size = int(min(_PER_BIN * len(edges), _MOST))
        while True:
            grid = np.linspace(low, high, size + 1)
            begin = np.searchsorted(edges, np.exp(grid[:-1] - _ROUNDING), side="right") - 1
            end = np.searchsorted(edges, np.exp(grid[1:] + _ROUNDING), side="right") - 1
            if np.max(end - begin) <= 1 or size >= _MOST:
                break
            size *= 2
        self._exact = bool(np.max(end - begin) <= 1)
        self._low, self._scale, self._size = low, size / (high - low), size
        self._table = np.concatenate([[0 if edges[0] == 0.0 else -1], begin, [end[-1]]]).astype(np.int32)
        self._next = np.append(edges, np.nan)  # nothing is beyond the last

    def __call__(self, x: Array) -> Index:
        """Return the bin of numbers not below 0: -1 below the first edge, n from the last on, and for nan."""
        x = np.where(np.isnan(x), np.inf, x)
        if not self._exact:
            return np.searchsorted(self._edges, x, side="right") - 1
        place = (np.log(np.maximum(x, 1e-300)) - self._low) * self._scale
        table = self._table[(np.clip(place, -1.0, self._size) + 1.0).astype(np.int32)]
        out: Index = table + (x >= self._next[table + 1])
        return out


class Guide:
    """Draws numbers of things by their shares, from uniform numbers in [0, 1).

    Parameters
    ----------
    shares : array (n,)
        Not negative; those of share 0 are never drawn.
    """

    def __init__(self, shares: Array) -> None:
        self._numbers = np.flatnonzero(shares > 0.0)
        total = np.cumsum(shares[self._numbers])
        self._cumulative = total / total[-1]
        self._size = int(min(max(2 * len(self._numbers), 64), _MOST))
        starts = np.arange(self._size) / self._size
        self._start = np.searchsorted(self._cumulative, starts, side="right").astype(np.int32)

    @property
    def below(self) -> Array:
        """Sum of the shares before each of those that are drawn, and 1."""
        return np.concatenate([[0.0], self._cumulative])

    def place(self, uniform: Array) -> NDArray[np.int32]:
        """Return places among those that are drawn."""
        out = self._start[(uniform * self._size).astype(np.int32)]
        later = np.flatnonzero(self._cumulative[out] <= uniform)
        for _ in range(_STEPS):
            out[later] += 1
            later = later[self._cumulative[out[later]] <= uniform[later]]
        out[later] = np.searchsorted(self._cumulative, uniform[later], side="right")
        return out

    def pick(self, uniform: Array) -> Index:
        """Return numbers of things."""
        return self._numbers[self.place(uniform)]
