"""A trained map of a stream's uniform numbers, for signals that only rare decays can give.

Near a threshold the meson must be fast, its decay send the dark state forward and hard, and the recoil
follow: each of the stream's uniform numbers is then drawn from a density of its own, trained with random
numbers of its own before any row is made, and the Jacobian is a factor of the row's weight.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.rng import CHUNK_ROWS, CHUNKS, StreamNumber, chunk_rng
from darkmc.sample.rows import Channel

_ROUNDS, _CELLS, _PILOT_ROWS, _FEW = 10, 48, CHUNK_ROWS // 2, 20
_LESSONS = 4  # of a stream for unweighted events
_UNTOUCHED = 0.1  # share of the original flat density, in every dimension: it bounds the Jacobian
_UNSURE, _MOST_UNTOUCHED = 2.0, 0.5  # over the root of the effective rows of a lesson: that share, at most
_ROWS = 6000.0  # that a stream may need for the error of the sum without being trained
_NEGLIGIBLE = 0.1  # of that error: what adds less may be known from few rows
_HALVINGS = 8  # of a coupling at which nothing is left
_SEEN = 1e-3  # events of all streams: where there are as many, one that shows nothing gets one lesson
_GAIN = 0.7  # times the rows lacking before, or fewer: what a lesson must bring for another
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
        effective = np.sum(contributions) ** 2 / np.sum(np.square(contributions))
        flat = float(np.clip(_UNSURE / np.sqrt(effective), _UNTOUCHED, _MOST_UNTOUCHED))
        return AdaptiveMap(self.rows, [_blended(nodes, flat) for nodes in np.asarray(learning.grid)])


def _blended(nodes: Array, flat: float) -> Array:
    """Return nodes, equidistant in probability, of a density mixed with a share of the flat one."""
    x = np.union1d(nodes, np.linspace(0.0, 1.0, len(nodes)))
    below = (1.0 - flat) * np.interp(x, nodes, np.linspace(0.0, 1.0, len(nodes))) + flat * x
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

    @property
    def passing(self) -> int:
        """How many rows pass all cuts."""
        return len(self.channel.leading)

    def shares(self, couplings: Array) -> Array:
        """Return what each row adds, over what all add, summed over couplings, (n,)."""
        values = self.values(couplings)
        sums = np.sum(values, axis=1, keepdims=True)
        out: Array = np.sum(values / np.where(sums > 0.0, sums, 1.0), axis=0)
        return out

    def values(self, couplings: Array) -> Array:
        """Return what each row adds at each coupling, (k, n)."""
        out = np.zeros((len(couplings), self.uniform.shape[1]))
        mine = self.channel.rows.index[self.channel.leading]
        for k, coupling in enumerate(couplings):
            out[k, mine] = self.channel.contributions(coupling)
        return out


def adapt(
    streams: Sequence[_Stream], decide: Callable[[Sequence[Channel]], Sequence[tuple[float, float]]]
) -> list[_Stream]:
    """Return the streams, with maps for those that the sum's error needs many rows of.

    A pilot of each stream decides and is the first training; streams of which it shows next to nothing are
    trained by their guide.

    Parameters
    ----------
    streams : sequence of Adaptable
        All streams of a sum.
    decide : callable
        From the streams' rows to couplings, each with the relative error of the sum that is allowed there.
    """
    out, in_training = list(streams), set(range(len(streams)))
    rehearsals: dict[int, _Rehearsal] = {}
    least: dict[int, float] = {}  # rows lacking after a lesson
    for k in range(_ROUNDS):
        rows = _PILOT_ROWS if k == 0 else CHUNK_ROWS
        # where a limit's precision is wanted moves with the training, and depends on all streams: those that
        # are not trained any more are what they were when they were rehearsed last
        rehearsals |= {c: _rehearsed(out[c], k, rows) for c in in_training}
        wanted = decide([rehearsals[c].channel for c in range(len(streams))])
        couplings, allowed = (np.array(part) for part in zip(*wanted, strict=True))
        values = {c: rehearsal.values(couplings) for c, rehearsal in rehearsals.items()}
        total = np.sum([np.mean(part, axis=1) for part in values.values()], axis=0)
        lacking = {c: _lacking(rehearsals[c], values[c], allowed * total, k) for c in in_training}
        in_training = {c for c, rows in lacking.items() if 0.0 < rows <= _GAIN * least.get(c, math.inf)}
        if k > 0:
            least |= {c: min(rows, least.get(c, math.inf)) for c, rows in lacking.items()}
        for c in sorted(in_training):
            out[c] = _taught(out[c], rehearsals[c], couplings)
        if not in_training:
            break
    return out


def _lacking(rehearsal: _Rehearsal, values: Array, error: Array, lessons: int) -> float:
    """Return how many rows a stream needs for the error of the sum, if that is worth a lesson, else 0.

    Infinite where it shows too little.  Streams that were trained before go on only if they are poor.
    """
    mean, spread, trained = np.mean(values, axis=1), np.std(values, axis=1), lessons > 1
    if np.count_nonzero(np.any(values > 0.0, axis=0)) < _FEW:
        # where rows pass and add nothing, a lesson at smaller couplings shows whether any could
        hopeless = lessons > 0 and rehearsal.passing >= _FEW and np.all(mean <= _NEGLIGIBLE * error)
        return 0.0 if hopeless and np.all(error >= _SEEN) else math.inf
    rows = (spread / np.maximum(error, 1e-300)) ** 2
    poor = mean**2 < _POOR * (mean**2 + spread**2)
    # of what few rows show the spread is not known
    unsure = (values.shape[1] * mean**2 < _FEW * (mean**2 + spread**2)) & (mean > _NEGLIGIBLE * error)
    needs = (rows > _ROWS) & (poor if trained else True) | unsure & (not trained)
    return float(np.max(rows[needs], initial=0.0))


def _rehearsed(stream: Adaptable, k: int, n_rows: int) -> _Rehearsal:
    uniform = chunk_rng(0, stream.number, CHUNKS["rehearsal"][k]).random((stream.n_uniform, n_rows))
    return _Rehearsal(uniform, *stream.rehearse(uniform.copy()))


def _taught(stream: _Stream, rehearsal: _Rehearsal, couplings: Array) -> _Stream:
    """Return a stream trained with what rows add at each coupling, or where that is too little the guide.

    Where rows pass and hardly any adds something, as all decay or are vetoed, they are taken at smaller
    couplings: that leads to energies at which some are left.
    """
    learned = rehearsal.shares(couplings)
    for _ in range(_HALVINGS if rehearsal.passing >= 2 * _FEW else 0):
        if np.count_nonzero(learned) >= 2 * _FEW:
            break
        couplings = 0.5 * couplings
        learned = rehearsal.shares(couplings)
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
        stream = _taught(stream, rehearsal, np.array([coupling]))
    return stream
