"""Events at one coupling: weighted or unweighted, in constant memory, in two passes over the same rows.

Rows of all channels are tried in one random order.  The first pass counts the rows N tried before the
(n + 1)-th accepted one, which makes n/N unbiased; the second makes the n events with all momenta.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import (
    GROUPS,
    Estimate,
    Moments,
    Weights,
    known_errors,
    meaning_of_errors,
    moments,
    of_one_stream,
)
from darkmc.core.kinematics import Array
from darkmc.core.progress import count_bar
from darkmc.core.rng import CHUNK_ROWS, CHUNKS, chunk_rng, stream_number
from darkmc.core.vocabulary import MOMENTUM, POSITION, UNITS, VERTICES
from darkmc.engine.replay import lab_event
from darkmc.sample.rows import Rows
from darkmc.sample.stream import ChannelPlan

if TYPE_CHECKING:
    from darkmc.portals.portal import Portal

_PATIENCE = 30  # blocks of rows that are tried for an event, on average: about half a second


Index = NDArray[np.intp]
_Block = tuple[int, Index, Array, list[tuple[Rows, Any]], Index]


class About(NamedTuple):
    """What is written of an experiment beside its events.

    Attributes
    ----------
    experiment, preset : str
        Names.
    cards : dict
        Its cards in full, for JSON.
    exposure : float
        Protons on target, or luminosity in 1/fb.
    origin_m : (float, float, float)
        Where the beam hits, or beams cross.
    pdg_ids : dict
        By particle.
    remarks : callable
        From channels to remarks on their yield.
    """

    experiment: str
    preset: str
    cards: dict[str, Any]
    exposure: float
    origin_m: tuple[float, float, float]
    pdg_ids: Mapping[str, int]
    remarks: Callable[[Sequence[ChannelPlan]], list[str]]


class EventStream:
    """Iterator over awkward chunks of n events; restarts from the beginning each time it is iterated.

    Attributes
    ----------
    metadata : dict
        What is written beside the events: version, cards, masses, coupling, sum of weights and its error.
    n_tried : int
        Rows tried for the n events.
    efficiency : float
        n/n_tried.
    sum_of_weights, error, draw_error, list_error : float
        Expected events and their Monte Carlo errors; inf: unknown.
    n_above_bound : int
        Unweighted events whose weight exceeded the bound; they keep the excess as weight.
    """

    def __init__(
        self,
        about: About,
        portal: "Portal",
        plans: Sequence[ChannelPlan],
        coupling: float,
        n: int,
        unweighted: bool,
        seed: int,
        progress: bool = False,
    ) -> None:
        self.progress = progress
        self._running: Iterator[Any] | None = None
        self.coupling, self.n, self.unweighted, self.seed = coupling, n, unweighted, seed
        self.plans, self.shares, self.bounds = self._shared(plans)
        self.n_tried, self.n_above_bound, counted = self._count()
        self.sum_of_weights, self.draw_error, self.list_error = counted
        self.error = counted.error
        self.efficiency = n / self.n_tried
        self.metadata = self._metadata(about, portal)

    def _shared(self, plans: Sequence[ChannelPlan]) -> tuple[list[ChannelPlan], Array, Array]:
        """Return the channels that contribute, their shares of the rows, and bounds of their weights."""
        self._look_for_one(plans)
        if self.unweighted:
            bounds = np.array([plan.bound(self.coupling) for plan in plans])
        else:
            chunks = [[plan.run(self.seed, chunk, CHUNK_ROWS) for chunk in (0, 1)] for plan in plans]
            channels = [plan.channel(Rows.joined(parts)) for plan, parts in zip(plans, chunks, strict=True)]
            rates = (
                np.mean(channel.contributions(self.coupling)) for channel in channels if channel.passing.any()
            )
            bounds = np.array([*rates]) if all(c.passing.any() for c in channels) else np.ones(len(plans))
        shares = (
            np.maximum(bounds / np.sum(bounds), 0.0)
            if np.sum(bounds) > 0.0
            else np.ones(len(plans)) / len(plans)
        )
        if not self.unweighted:
            shares = 0.95 * shares + 0.05 / len(plans)
        keep = shares > 0.0
        return [plan for plan, kept in zip(plans, keep, strict=True) if kept], shares[keep], bounds[keep]

    def _look_for_one(self, plans: Sequence[ChannelPlan]) -> None:
        """Raise PhysicsError if no row of the first ones survives: bounds need not be sought then."""
        chunks = -(-_PATIENCE // len(plans))
        for chunk in range(chunks):
            for plan in plans:
                rows = plan.channel(plan.run(self.seed, chunk, CHUNK_ROWS))
                if np.any(rows.contributions(self.coupling) > 0.0):
                    return
        tries = chunks * len(plans) * CHUNK_ROWS
        raise PhysicsError(f"no event passes the selection, or survives, in {tries} tries")

    def _blocks(self, with_events: bool) -> Iterator[_Block]:
        """Yield block after block of rows that are accepted, in the order in which they are tried.

        Yields the block's number, positions of accepted rows, their contributions per row tried, the
        channels' chunks, and for each accepted row its channel and its place in that channel's chunk.
        """
        block = 0
        while True:
            rng = chunk_rng(self.seed, stream_number("order of events"), block)
            counts = rng.multinomial(CHUNK_ROWS, self.shares)
            order, chance = rng.permutation(CHUNK_ROWS), rng.random(CHUNK_ROWS)
            chunks: list[tuple[Rows, Any]] = []
            positions, values, places = [], [], []
            start = 0
            for c, (plan, count) in enumerate(zip(self.plans, counts, strict=True)):
                maker = plan.run_events if with_events else plan.run
                made = maker(self.seed, CHUNKS["events"][block], int(count)) if count else None
                rows, events = made if isinstance(made, tuple) else (made, None)
                chunks.append((rows, events))  # type: ignore[arg-type]
                if rows is not None:
                    channel = plan.channel(rows)
                    where = np.flatnonzero(channel.passing)
                    value = channel.each(self.coupling)
                    position = order[start + rows.index[where]]
                    taken = value > (chance[position] * self.bounds[c] if self.unweighted else 0.0)
                    positions.append(position[taken])
                    places.append(np.stack([np.full(np.count_nonzero(taken), c), where[taken]]))
                    value = (
                        np.maximum(value / self.bounds[c], 1.0) if self.unweighted else value / self.shares[c]
                    )
                    values.append(value[taken])
                start += count
            position = np.concatenate(positions)
            rank = np.argsort(position)
            yield (
                block,
                position[rank],
                np.concatenate(values)[rank],
                chunks,
                np.concatenate(places, axis=1)[:, rank],
            )
            block += 1

    def _count(self) -> tuple[int, int, Estimate]:
        """Return rows tried, rows above the bound, and the sum of weights with its errors, for n events."""
        found, above = 0, 0
        scale = float(np.sum(self.bounds)) if self.unweighted else 1.0
        shares = [plan.list_shares for plan in self.plans]
        sums = [Moments(0, 0.0, 0.0, 0.0, np.zeros(GROUPS), share) for share in shares]
        for block, positions, values, chunks, places in self._blocks(with_events=False):
            take = min(len(values), self.n - found)
            weights = scale * values[:take]
            for c, (rows, _) in enumerate(chunks):
                mine = places[0, :take] == c
                if mine.any():
                    group = rows.group[places[1, :take][mine]] if len(rows.group) else rows.group
                    part = moments(Weights(weights[mine], 0, groups=group, shares=shares[c]))
                    sums[c] = sums[c].plus(part)
            above += int(np.count_nonzero(values[:take] > 1.0)) if self.unweighted else 0
            if found + len(values) > self.n:
                tried = block * CHUNK_ROWS + int(positions[take])
                return tried, above, of_one_stream(sums, tried)
            found += take
            if block + 1 >= _PATIENCE * (found + 1):
                seen = f"only {found} of {self.n} events pass" if found else "no event passes"
                raise PhysicsError(f"{seen} the selection in {(block + 1) * CHUNK_ROWS} tries")
        raise AssertionError("unreachable")

    def __next__(self) -> Any:
        if self._running is None:
            self._running = iter(self)
        return next(self._running)

    def __iter__(self) -> Iterator[Any]:
        scale = float(np.sum(self.bounds)) / self.n_tried if self.unweighted else 1.0 / self.n_tried
        done = 0
        with count_bar(self.n, "events", shown=self.progress) as bar:
            for _, _, values, chunks, places in self._blocks(with_events=True):
                take = min(len(values), self.n - done)
                if take:
                    yield self._chunk(scale * values[:take], chunks, places[:, :take], done)
                bar.update(take)
                done += take
                if done == self.n:
                    return

    def _chunk(self, weights: Array, chunks: list[tuple[Rows, Any]], places: Index, first: int) -> Any:
        """Return one awkward array: events of all channels, in the order in which they were tried."""
        import awkward as ak

        count = len(weights)
        names = dict.fromkeys(name for plan in self.plans for name in (*plan.particles, *plan.vertices))
        columns = {name: np.full((4, count), np.nan) for name in names}
        numbers = np.array([plan.number for plan in self.plans], dtype=np.int32)
        stored = {name: np.empty(count) for name in _ROW}
        for c, (rows, events) in enumerate(chunks):
            mine = np.flatnonzero(places[0] == c)
            if len(mine) == 0:
                continue
            for name, values in self._stored_rows(
                self.plans[c], rows, places[1, mine], weights[mine]
            ).items():
                stored[name][mine] = values
            event = lab_event(events, self.plans[c].unstable.at(self.coupling).rate)
            for name, values in event.items():
                columns[name][:, mine] = values[:, places[1, mine]]
        record: dict[str, Any] = {
            "weight": weights,
            "run": np.full(count, self.seed, dtype=np.int64),
            "event": np.arange(first, first + count, dtype=np.int64),
            "channel": numbers[places[0]],
            **stored,
        }
        for name, values in columns.items():
            fields, kind = (POSITION, "Vertex") if name in VERTICES else (MOMENTUM, "Momentum4D")
            record[name] = ak.zip(dict(zip(fields, values, strict=True)), with_name=kind)
        return ak.zip(record, depth_limit=1)

    def _stored_rows(self, plan: ChannelPlan, rows: Rows, places: Index, weights: Array) -> dict[str, Array]:
        """Return the universal rows of entries, scaled to give their weights at this coupling."""
        channel = plan.channel(rows)
        columns, point = channel.columns(places, 1.0), channel.point(self.coupling)
        columns = columns._replace(weight=np.ones(len(places)))
        columns = columns._replace(weight=weights / channel.terms(columns, point))
        of_lifetimes = channel.in_lifetimes(columns)
        lengths = (columns.second, columns.veto, columns.average)
        second, veto, average = (
            part if len(part) else np.full(len(places), none)
            for part, none in zip(lengths, (np.inf, 0.0, 0.0), strict=True)
        )
        values = (*of_lifetimes, columns.survive, columns.window, second, veto, average)
        return {name: np.broadcast_to(part, len(places)) for name, part in zip(_ROW, values, strict=True)}

    def _metadata(self, about: About, portal: "Portal") -> dict[str, Any]:
        from darkmc import __version__

        kind = (
            "every event stands for `weight` expected events; unweighted, equal but for rows above the bound"
            if self.unweighted
            else "every event stands for `weight` expected events at this coupling"
        )
        return {
            "program": "darkmc",
            "version": __version__,
            "command": " ".join(sys.argv),
            "seed": self.seed,
            "experiment": about.experiment,
            "preset": about.preset,
            "cards": about.cards,
            "coupling": self.coupling,
            **portal.masses,
            "exposure": about.exposure,
            "n_events": self.n,
            "n_tried": self.n_tried,
            "efficiency": self.efficiency,
            "n_above_bound": self.n_above_bound,
            "sum_of_weights": self.sum_of_weights,
            **known_errors(self),
            "error_meaning": meaning_of_errors(self),
            "weight_meaning": f"{kind}; the weights sum to the expected number of signal events",
            "remarks": about.remarks(self.plans),
            "channels": {str(plan.number): plan.name for plan in self.plans},
            "rows": _rows_in_words(self.plans),
            "pdg_ids": about.pdg_ids,
            "units": UNITS,
            "origin_m": list(about.origin_m),
        }


_ROW = (
    *("row_weight", "row_power", "row_tau_survive", "row_tau_window", "row_tau_second", "row_absorb"),
    *(f"row_{name}_m" for name in ("survive", "window", "second", "veto", "average")),
)


def _rows_in_words(plans: Sequence[ChannelPlan]) -> dict[str, Any]:
    """Return the constants with which the columns in metres give weights at any coupling and lifetime."""
    unstable = plans[0].unstable
    return {
        "ctau_m": unstable.ctau if math.isfinite(unstable.ctau) else None,
        "branching": dict(unstable.branching),
        "channels": {
            str(plan.number): {
                "power": plan.power,
                "lifetimes": plan.lifetimes,
                "final_states": list(plan.states),
            }
            for plan in plans
        },
    }
