"""A trained map of a stream's uniform numbers, for signals that only rare decays can give.

Near a threshold the meson must be fast, its decay send the dark state forward and hard, and the recoil
follow: each of the stream's uniform numbers is then drawn from a density of its own, trained with random
numbers of its own before any row is made, and the Jacobian is a factor of the row's weight.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.rng import CHUNK_ROWS, CHUNKS, StreamNumber, chunk_rng
from darkmc.sample.rows import Channel

_ROUNDS, _CELLS, _PILOT_ROWS, _FEW = 10, 24, CHUNK_ROWS // 2, 20
_LESSONS = 4  # of a stream for unweighted events
_UNTOUCHED = 0.1  # share of the original flat density, in every dimension: it bounds the Jacobian
_ROWS = 6000.0  # that a stream may need for a per cent of the sum without being trained
_NEGLIGIBLE = 1e-3  # share of the sum below which few rows are enough
_POOR = 0.1  # sampling efficiency below which two rounds of training are not enough


class AdaptiveMap:
    """Factorised map of some rows of an array of uniform numbers.

    Parameters
    ----------
    rows : sequence of int
        Which rows are mapped; the others stay as they are.
    nodes : sequence of arrays, optional
        For each of them, points that are equidistant in probability; without them nothing is changed.
    """

    def __init__(self, rows: Sequence[int], nodes: Sequence[Array] | None = None) -> None:
        import vegas

        self.rows = tuple(rows)
        flat = [[0.0, 1.0]] * len(self.rows)
        self._map: Any = vegas.AdaptiveMap(flat if nodes is None else nodes, ninc=_CELLS)

    def __call__(self, uniform: Array) -> Array:
        """Map uniform numbers (m, n) in place and return the Jacobian (n,)."""
        y = np.ascontiguousarray(uniform[list(self.rows)].T)
        x, jacobian = np.empty_like(y), np.empty(len(y))
        self._map.map(y, x, jacobian)
        uniform[list(self.rows)] = np.minimum(x.T, 1.0 - 1e-16)
        return jacobian

    def taught(self, uniform: Array, contributions: Array) -> "AdaptiveMap":
        """Return one adapted to contributions (n,), Jacobians included, of rows made from uniforms (m, n)."""
        import vegas

        y, learning = np.ascontiguousarray(uniform[list(self.rows)].T), vegas.AdaptiveMap(self._map)
        learning.add_training_data(y, np.square(contributions))
        learning.adapt(alpha=1.2)
        return AdaptiveMap(self.rows, [_blended(nodes) for nodes in np.asarray(learning.grid)])


def _blended(nodes: Array) -> Array:
    """Return nodes, equidistant in probability, of a density mixed with a share of the flat one."""
    x = np.union1d(nodes, np.linspace(0.0, 1.0, len(nodes)))
    below = (1.0 - _UNTOUCHED) * np.interp(x, nodes, np.linspace(0.0, 1.0, len(nodes))) + _UNTOUCHED * x
    out = np.interp(np.linspace(0.0, 1.0, len(nodes)), below, x)
    out[0], out[-1] = 0.0, 1.0
    return out


class Adaptable(Protocol):
    """A stream whose uniform numbers may be mapped."""

    @property
    def number(self) -> StreamNumber: ...  # noqa: D102
    @property
    def map(self) -> AdaptiveMap | None: ...  # noqa: D102
    @property
    def n_uniform(self) -> int: ...  # noqa: D102
    @property
    def mappable(self) -> list[int]: ...  # noqa: D102

    def rehearse(self, uniform: Array) -> tuple[Channel, Array]:
        """Return rows from uniforms (n_uniform, n), and a guide (n,) to what is seen where nothing is."""
        ...

    def mapped(self, by: AdaptiveMap) -> Self:
        """Return the stream with a map."""
        ...


_Stream = TypeVar("_Stream", bound=Adaptable)


class _Rehearsal(NamedTuple):
    """A stream's rehearsal: its uniform numbers, its rows and its guide."""

    uniform: Array
    channel: Channel
    guide: Array

    def values(self, couplings: Sequence[float]) -> Array:
        """Return what each row adds at each coupling, (k, n)."""
        out = np.zeros((len(couplings), self.uniform.shape[1]))
        mine = self.channel.rows.index[self.channel.leading]
        for k, coupling in enumerate(couplings):
            out[k, mine] = self.channel.contributions(coupling)
        return out


def adapt(
    streams: Sequence[_Stream], at: Sequence[float], decide: Callable[[Sequence[Channel]], list[float]]
) -> list[_Stream]:
    """Return the streams, with maps for those that the sum's error needs many rows of.

    A pilot of each stream decides and is the first training; streams of which it shows next to nothing are
    trained by their guide.

    Parameters
    ----------
    streams : sequence of Adaptable
        All streams of a sum.
    at : sequence of float
        Couplings at which precision is wanted; empty where a limit is.
    decide : callable
        From the streams' rows to the couplings at which a limit needs its precision.
    """
    out, in_training = list(streams), set(range(len(streams)))
    rehearsals: dict[int, _Rehearsal] = {}
    for k in range(_ROUNDS):
        rows = _PILOT_ROWS if k == 0 else CHUNK_ROWS
        # where a limit's precision is wanted moves with the training, and depends on all streams: those that
        # are not trained any more are what they were when they were rehearsed last
        rehearsals |= {c: _rehearsed(out[c], k, rows) for c in in_training}
        couplings = list(at) or decide([rehearsals[c].channel for c in range(len(streams))])
        values = {c: rehearsal.values(couplings) for c, rehearsal in rehearsals.items()}
        total = np.sum([np.mean(part, axis=1) for part in values.values()], axis=0)
        in_training = {c for c in in_training if _needs(values[c], total, trained=k > 1)}
        for c in sorted(in_training):
            out[c] = _taught(out[c], rehearsals[c], values[c])
        if not in_training:
            break
    return out


def _needs(values: Array, total: Array, trained: bool) -> bool:
    """Return whether a stream shows too little, or its rows spread too much for the error of the sum.

    Streams that were trained before go on only if they are poor.
    """
    mean, spread = np.mean(values, axis=1), np.std(values, axis=1)
    if np.count_nonzero(np.any(values > 0.0, axis=0)) < _FEW:
        return True
    matters = spread**2 > _ROWS * 1e-4 * total**2
    poor = mean**2 < _POOR * (mean**2 + spread**2)
    # of what few rows show the spread is not known
    unsure = (values.shape[1] * mean**2 < _FEW * (mean**2 + spread**2)) & (mean > _NEGLIGIBLE * total)
    return bool(np.any(matters & poor if trained else matters | unsure))


def _rehearsed(stream: Adaptable, k: int, n_rows: int) -> _Rehearsal:
    uniform = chunk_rng(0, stream.number, CHUNKS["rehearsal"][k]).random((stream.n_uniform, n_rows))
    return _Rehearsal(uniform, *stream.rehearse(uniform.copy()))


def _taught(stream: _Stream, rehearsal: _Rehearsal, values: Array) -> _Stream:
    """Return a stream trained with what rows add at each coupling, or where that is too little the guide."""
    sums = np.sum(values, axis=1, keepdims=True)
    learned = np.sum(values / np.where(sums > 0.0, sums, 1.0), axis=0)
    if np.count_nonzero(learned) < 2 * _FEW:
        learned = rehearsal.guide
    if not np.any(learned):
        return stream
    before = stream.map or AdaptiveMap(stream.mappable)
    return stream.mapped(before.taught(rehearsal.uniform, learned))


def after_lessons(stream: _Stream, coupling: float) -> _Stream:
    """Return a stream trained for its rows at one coupling alone, by a few lessons, whatever it needs."""
    for k in range(_LESSONS):
        rehearsal = _rehearsed(stream, k, CHUNK_ROWS)
        stream = _taught(stream, rehearsal, rehearsal.values([coupling]))
    return stream
