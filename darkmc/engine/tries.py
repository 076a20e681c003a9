"""Rows of all channels tried in one random order, and which of them are accepted as events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array
from darkmc.core.mixtures import Index
from darkmc.core.rng import CHUNKS, chunk_rng, stream_number
from darkmc.sample.rows import Rows
from darkmc.sample.stream import ChannelPlan


class Accepted(NamedTuple):
    """Rows of one block that are accepted, in the order in which they were tried.

    Attributes
    ----------
    position : array (n,)
        Places in that order, from 0.
    value : array (n,)
        Expected events per row tried; unweighted, over the bound, at least 1.
    channel, primary, nth : arrays (n,)
        Channel, number of the primary in that channel's chunk, and which of its primary's rows it is.
    group : array (n,)
        Groups of the list's entries; 0 without a list.
    """

    position: Index
    value: Array
    channel: NDArray[np.int16]
    primary: NDArray[np.int32]
    nth: NDArray[np.int16]
    group: NDArray[np.uint8]

    def at(self, some: slice | NDArray[Any]) -> "Accepted":
        """Return some of them."""
        return Accepted(
            self.position[some],
            self.value[some],
            self.channel[some],
            self.primary[some],
            self.nth[some],
            self.group[some],
        )


class Made(NamedTuple):
    """Events of one channel in a block.

    Attributes
    ----------
    channel : int
        Which.
    mine : array (k,)
        Which of the accepted rows they are.
    rows, events : Rows, Events
        Those of their primaries.
    places : array (k,)
        Where the accepted rows lie in these.
    """

    channel: int
    mine: Index
    rows: Rows
    events: Any
    places: Index


@dataclass(frozen=True)
class Tries:
    """Blocks of rows at one coupling.

    Attributes
    ----------
    plans : sequence of ChannelPlan
        Channels.
    shares : array (m,)
        Their shares of the rows.
    bounds : array (m,) or None
        Rows are accepted by their contribution over these; None: all that contribute.
    coupling : float
        GeV^-1.
    seed : int
        Of the random numbers.
    rows : int
        Of a block.
    """

    plans: Sequence[ChannelPlan]
    shares: Array
    bounds: Array | None
    coupling: float
    seed: int
    rows: int

    def _order(self, block: int) -> tuple[NDArray[np.int64], Index, Array]:
        """Return rows of each channel, the order in which they are tried, and chances by that order."""
        rng = chunk_rng(self.seed, stream_number("order of events"), block)
        return rng.multinomial(self.rows, self.shares), rng.permutation(self.rows), rng.random(self.rows)

    def accepted(self, block: int) -> Accepted:
        """Return the rows of a block that are accepted."""
        counts, order, chance = self._order(block)
        found, start = [], 0
        for c, (plan, count) in enumerate(zip(self.plans, counts.tolist(), strict=True)):
            if count:
                rows = plan.run(self.seed, CHUNKS["events"][block], count)
                found.append(self._of_channel(c, rows, order[start : start + count], chance))
            start += count
        together = Accepted(*(np.concatenate(column) for column in zip(*found, strict=True)))
        return together.at(np.argsort(together.position, kind="stable"))

    def _of_channel(self, c: int, rows: Rows, order: Index, chance: Array) -> Accepted:
        """Return the rows of one channel that are accepted, by their places in the order."""
        channel = self.plans[c].channel(rows)
        value, where = channel.each(self.coupling), np.flatnonzero(channel.passing)
        position = order[rows.index[where]]
        if self.bounds is None:
            taken, value = value > 0.0, value / self.shares[c]
        else:
            taken, value = value > chance[position] * self.bounds[c], value / self.bounds[c]
            value = np.maximum(value, 1.0)
        where = where[taken]
        group = rows.group[where] if len(rows.group) else np.zeros(len(where), dtype=np.uint8)
        return Accepted(
            position[taken],
            value[taken],
            np.full(len(where), c, dtype=np.int16),
            rows.index[where].astype(np.int32),
            _nth(rows.index)[where],
            group,
        )

    def events(self, block: int, accepted: Accepted) -> Iterator[Made]:
        """Yield the events of accepted rows, channel by channel: those of other rows are not made."""
        counts = self._order(block)[0]
        for c in np.unique(accepted.channel).tolist():
            mine = np.flatnonzero(accepted.channel == c)
            primaries, of = np.unique(accepted.primary[mine], return_inverse=True)
            rows, events = self.plans[c].run_events(
                self.seed, CHUNKS["events"][block], int(counts[c]), primaries
            )
            places = np.empty((len(primaries), 1 + int(np.max(accepted.nth[mine]))), dtype=np.intp)
            nth = _nth(rows.index)
            kept = np.flatnonzero(nth < places.shape[1])
            places[rows.index[kept], nth[kept]] = kept
            yield Made(c, mine, rows, events, places[of, accepted.nth[mine]])


def _nth(primaries: Index) -> NDArray[np.int16]:
    """Return of each row which of its primary's rows it is, from 0."""
    out = np.zeros(len(primaries), dtype=np.int16)
    order = np.argsort(primaries, kind="stable")
    ordered = primaries[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    if len(starts) < len(ordered):
        sizes = np.diff(starts, append=len(ordered))
        out[order] = np.arange(len(ordered)) - np.repeat(starts, sizes)
    return out
