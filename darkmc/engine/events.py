"""Events at one coupling: weighted or unweighted, in constant memory, in two passes over the same rows.

Rows of all channels are tried in one random order.  The first pass counts the rows N tried before the
(n + 1)-th accepted one, which makes n/N unbiased; the second makes the n events with all momenta.
"""

import itertools
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import (
    GROUPS,
    NO_GROUPS,
    Moments,
    Weights,
    known_errors,
    meaning_of_errors,
    moments,
    of_one_stream,
)
from darkmc.core.kinematics import Array
from darkmc.core.mixtures import Index
from darkmc.core.progress import count_bar
from darkmc.core.rng import CHUNK_ROWS
from darkmc.core.vocabulary import MOMENTUM, POSITION, UNITS, VERTICES
from darkmc.core.words import with_error
from darkmc.engine.replay import lab_event
from darkmc.engine.tries import Accepted, Tries
from darkmc.engine.weight_bounds import MOST_ABOVE, bounds_of
from darkmc.sample.rows import Rows
from darkmc.sample.stream import ChannelPlan

if TYPE_CHECKING:
    from darkmc.portals.portal import Portal

_PATIENCE = 30  # chunks of rows that are tried for an event, on average: about half a second
_KEPT = 2**20  # events of which the first pass is remembered, 20 bytes each; of later ones it is done again
_EVENTS, _LARGEST = 1024, 2**15  # unweighted events that a block is to have, and its rows at most


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
    share_above_bound : float
        What part of the sum of weights they are, at most 0.001.
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
        self._look_for_one(plans)
        self._tries = self._unweighted(plans) if unweighted else self._weighted(plans)
        self._count_until_few_are_above()
        self.error = self._counted.error
        self.efficiency = n / self.n_tried
        self.metadata = self._metadata(about, portal)

    def __repr__(self) -> str:
        kind = "unweighted" if self.unweighted else "weighted"
        total = with_error(float(self.sum_of_weights), float(self.error))
        at = f"at G = {self.coupling:g} GeV^-1"
        return f"{self.n} {kind} events {at} for {total} expected ones, seed {self.seed}"

    @property
    def plans(self) -> Sequence[ChannelPlan]:
        """The channels that are tried."""
        return self._tries.plans

    @property
    def shares(self) -> Array:
        """Their shares of the rows."""
        return self._tries.shares

    def _weighted(self, plans: Sequence[ChannelPlan]) -> Tries:
        """Return tries shared by what the first rows of each channel contribute."""
        chunks = [[plan.run(self.seed, chunk, CHUNK_ROWS) for chunk in (0, 1)] for plan in plans]
        channels = [plan.channel(Rows.joined(parts)) for plan, parts in zip(plans, chunks, strict=True)]
        rates = np.ones(len(plans))
        if all(channel.passing.any() for channel in channels):
            rates = np.array([np.mean(channel.contributions(self.coupling)) for channel in channels])
        shares = rates / np.sum(rates) if np.sum(rates) > 0.0 else np.ones(len(plans)) / len(plans)
        shares = 0.95 * shares + 0.05 / len(plans)
        return Tries(plans, shares, None, self.coupling, self.seed, CHUNK_ROWS)

    def _unweighted(self, plans: Sequence[ChannelPlan]) -> Tries:
        """Return tries shared by the channels' bounds, in blocks with some events each."""
        plans, bounds, efficiency = bounds_of(plans, self.coupling)
        shares = bounds / np.sum(bounds)
        rows = min(min(_EVENTS, self.n) / efficiency, _LARGEST)
        rows = CHUNK_ROWS * max(round(rows / CHUNK_ROWS), 1)
        return Tries(plans, shares, bounds, self.coupling, self.seed, rows)

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

    def _count_until_few_are_above(self) -> None:
        """Do the first pass, again with higher bounds while too much of the yield lies above them."""
        while True:
            largest = self._count()
            if self.share_above_bound <= MOST_ABOVE or self._tries.bounds is None:
                return
            bounds = self._tries.bounds * largest
            self._tries = replace(self._tries, bounds=bounds, shares=bounds / np.sum(bounds))

    def _count(self) -> Array:
        """Count rows tried, and sum weights, for n events; return the largest value by channel."""
        tries, found, above, heavy = self._tries, 0, 0, 0.0
        self._scale = 1.0 if tries.bounds is None else float(np.sum(tries.bounds))
        largest, shares = np.ones(len(tries.plans)), [plan.list_shares for plan in tries.plans]
        sums = [Moments(0, 0.0, 0.0, 0.0, np.zeros(GROUPS), share) for share in shares]
        self._kept: list[Accepted] = []
        for block in itertools.count():
            accepted = tries.accepted(block)
            if found < _KEPT:
                self._kept.append(accepted)
            take = min(len(accepted.value), self.n - found)
            first = accepted.at(slice(take))
            for c in np.unique(first.channel).tolist():
                mine = first.channel == c
                group = first.group[mine] if len(shares[c]) else NO_GROUPS
                weights = self._scale * first.value[mine]
                sums[c] = sums[c].plus(moments(Weights(weights, 0, groups=group, shares=shares[c])))
                largest[c] = max(largest[c], float(np.max(first.value[mine])))
            if tries.bounds is not None:
                over = first.value[first.value > 1.0]
                above, heavy = above + len(over), heavy + float(np.sum(over))
            found += take
            if take < len(accepted.value):
                self.n_tried = block * tries.rows + int(accepted.position[take])
                self.n_above_bound = above
                self._counted = of_one_stream(sums, self.n_tried)
                self.sum_of_weights, self.draw_error, self.list_error = self._counted
                self.share_above_bound = heavy * self._scale / (self.sum_of_weights * self.n_tried)
                return largest
            if (block + 1) * tries.rows >= _PATIENCE * CHUNK_ROWS * (found + 1):
                seen = f"only {found} of {self.n} events pass" if found else "no event passes"
                raise PhysicsError(f"{seen} the selection in {(block + 1) * tries.rows} tries")
        raise AssertionError("unreachable")

    def __next__(self) -> Any:
        if self._running is None:
            self._running = iter(self)
        return next(self._running)

    def __iter__(self) -> Iterator[Any]:
        done = 0
        with count_bar(self.n, "events", shown=self.progress) as bar:
            for block in itertools.count():
                kept = block < len(self._kept)
                accepted = self._kept[block] if kept else self._tries.accepted(block)
                take = min(len(accepted.value), self.n - done)
                if take:
                    yield self._chunk(block, accepted.at(slice(take)), done)
                bar.update(take)
                done += take
                if done == self.n:
                    return

    def _chunk(self, block: int, accepted: Accepted, first: int) -> Any:
        """Return one awkward array: events of all channels, in the order in which they were tried."""
        import awkward as ak

        count = len(accepted.value)
        weights = (self._scale / self.n_tried) * accepted.value
        names = dict.fromkeys(name for plan in self.plans for name in (*plan.particles, *plan.vertices))
        columns = {name: np.full((4, count), np.nan) for name in names}
        numbers = np.array([plan.number for plan in self.plans], dtype=np.int32)
        stored = {name: np.empty(count) for name in _ROW}
        for c, mine, rows, events, places in self._tries.events(block, accepted):
            for name, values in self._stored_rows(self.plans[c], rows, places, weights[mine]).items():
                stored[name][mine] = values
            event = lab_event(events, self.plans[c].unstable.at(self.coupling).rate)
            for name, values in event.items():
                columns[name][:, mine] = values[:, places]
        record: dict[str, Any] = {
            "weight": weights,
            "run": np.full(count, self.seed, dtype=np.int64),
            "event": np.arange(first, first + count, dtype=np.int64),
            "channel": numbers[accepted.channel],
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
        lengths = (columns.window, columns.second, columns.veto, columns.average)
        others = (
            part if len(part) else np.full(len(places), none)
            for part, none in zip(lengths, (np.inf, np.inf, 0.0, 0.0), strict=True)
        )
        values = (*of_lifetimes, columns.survive, *others)
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
            "share_above_bound": self.share_above_bound,
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
