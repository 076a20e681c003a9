"""A trained map of a stream's uniform numbers, for signals that only rare decays can give.

Near a threshold the meson must be fast, its decay send the dark state forward and hard, and the recoil
follow: each of the stream's uniform numbers is then drawn from a density of its own, trained with random
numbers of its own before any row is made, and the Jacobian is a factor of the row's weight.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from darkmc.kinematics import Array
from darkmc.rng import CHUNK_ROWS, chunk_rng

_ROUNDS, _CELLS, _PILOT_ROWS, _FEW, _FIRST_CHUNK = 6, 24, CHUNK_ROWS // 2, 20, 2**29
_UNTOUCHED = 0.1  # share of the original flat density, in every dimension: it bounds the Jacobian
_ROWS = 6000.0  # that a stream may need for a per cent of the sum without being trained
_POOR = 0.1  # sampling efficiency below which two lessons are not enough


class AdaptiveMap:
    """Factorised map of some rows of an array of uniform numbers.

    Parameters
    ----------
    rows : sequence of int
        Which rows are mapped; the others stay as they are.
    """

    def __init__(self, rows: Sequence[int]) -> None:
        import vegas

        self.rows = list(rows)
        self._map: Any = vegas.AdaptiveMap([[0.0, 1.0]] * len(self.rows), ninc=_CELLS)

    def __call__(self, uniform: Array) -> Array:
        """Map uniform numbers (m, n) in place and return the Jacobian (n,)."""
        y = np.ascontiguousarray(uniform[self.rows].T)
        x, jacobian = np.empty_like(y), np.empty(len(y))
        self._map.map(y, x, jacobian)
        uniform[self.rows] = np.minimum(x.T, 1.0 - 1e-16)
        return jacobian

    def learn(self, uniform: Array, contributions: Array) -> None:
        """Adapt to contributions (n,), Jacobians included, of rows made from uniforms (m, n)."""
        import vegas

        y = np.ascontiguousarray(uniform[self.rows].T)
        self._map.add_training_data(y, np.square(contributions))
        self._map.adapt(alpha=1.2)
        grid = np.asarray(self._map.grid)
        self._map = vegas.AdaptiveMap([_blended(nodes) for nodes in grid], ninc=_CELLS)


def _blended(nodes: Array) -> Array:
    """Return nodes, equidistant in probability, of a density mixed with a share of the flat one."""
    x = np.union1d(nodes, np.linspace(0.0, 1.0, len(nodes)))
    below = (1.0 - _UNTOUCHED) * np.interp(x, nodes, np.linspace(0.0, 1.0, len(nodes))) + _UNTOUCHED * x
    out = np.interp(np.linspace(0.0, 1.0, len(nodes)), below, x)
    out[0], out[-1] = 0.0, 1.0
    return out


class Adaptable(Protocol):
    """A stream whose uniform numbers may be mapped."""

    number: int
    map: AdaptiveMap | None

    @property
    def n_uniform(self) -> int: ...  # noqa: D102
    @property
    def mappable(self) -> list[int]: ...  # noqa: D102

    def contributions(self, uniform: Array, at: Sequence[float]) -> tuple[Array, Array]:
        """Return what rows from uniforms (n_uniform, n) add at each coupling, (k, n), and a guide (n,).

        Without couplings, the weight of what is seen, survival excluded.  The guide leads towards what is
        seen where nothing is.
        """
        ...


def adapt(streams: Sequence[Adaptable], at: Sequence[float]) -> None:
    """Train the streams that the sum's error needs many rows of.

    A pilot of each stream decides and is the first lesson; streams of which it shows next to nothing are
    led by their guide.
    """
    lessons = [_uniform(stream, 0, _PILOT_ROWS) for stream in streams]
    pilots = [
        stream.contributions(uniform.copy(), at) for stream, uniform in zip(streams, lessons, strict=True)
    ]
    total = np.sum([np.mean(values, axis=1) for values, _ in pilots], axis=0) if at else None
    for stream, uniform, (values, guide) in zip(streams, lessons, pilots, strict=True):
        seen = np.count_nonzero(np.any(values > 0.0, axis=0))
        mean, spread = np.mean(values, axis=1), np.std(values, axis=1)
        efficiency = mean**2 / np.maximum(mean**2 + spread**2, 1e-300)
        matters = efficiency < 0.5 if total is None else spread**2 > _ROWS * 1e-4 * total**2
        if seen >= _FEW and not np.any(matters):
            continue
        _learn(stream, uniform, values, guide)
        hard = seen < _FEW or np.any(matters & (efficiency < _POOR))
        for k in range(1, _ROUNDS if hard else 2):
            uniform = _uniform(stream, k, CHUNK_ROWS if hard else _PILOT_ROWS)
            _learn(stream, uniform, *stream.contributions(uniform.copy(), at))


def _uniform(stream: Adaptable, k: int, n_rows: int) -> Array:
    return chunk_rng(0, stream.number, _FIRST_CHUNK + k).random((stream.n_uniform, n_rows))


def _learn(stream: Adaptable, uniform: Array, values: Array, guide: Array) -> None:
    """Train a stream with what rows add at each coupling, or with the guide where that is too little."""
    sums = np.sum(values, axis=1, keepdims=True)
    learned = np.sum(values / np.where(sums > 0.0, sums, 1.0), axis=0)
    if np.count_nonzero(learned) < 2 * _FEW:
        learned = guide
    if not np.any(learned):
        return
    if stream.map is None:
        stream.map = AdaptiveMap(stream.mappable)
    stream.map.learn(uniform, learned)
