"""The events behind the rows of a sample, made again."""

from collections.abc import Iterator, Sequence

import numpy as np

from darkmc.core.estimates import Groups
from darkmc.core.flight import vertex_depth
from darkmc.core.kinematics import Array
from darkmc.core.rng import CHUNK_ROWS
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.stream import ChannelPlan, Events, Momenta
from darkmc.selection.observables import observable


def lab_event(events: Events, rate: float) -> Momenta:
    """Return momenta, and vertices as arrays (4, n) with rows x, y, z (m) and t (ns), at one 1/ctau (1/m)."""
    out = {**events.momenta, **events.vertices}
    if events.flight is not None:
        flight = events.flight
        path = flight.entry + flight.window * vertex_depth(flight.uniform, flight.proper_window * rate)
        out["decay"] = flight.start + path * np.concatenate([flight.direction, flight.slowness[None]])
    return out


class EventReplay:
    """Makes the lab events behind a sample's rows again, chunk by chunk, and reads an observable."""

    def __init__(self, plans: Sequence[ChannelPlan], seed: int) -> None:
        self.plans, self.seed = {plan.name: plan for plan in plans}, seed
        self._last: tuple[tuple[str, int, int], tuple[Rows, Events]] | None = None

    def __getstate__(self) -> dict[str, object]:
        """Return what pickles hold: no events."""
        return {**self.__dict__, "_last": None}

    def __call__(
        self, channel: str, tried: int, coupling: float, name: str
    ) -> Iterator[tuple[Array, Array, Groups]]:
        """Yield the observable, weights and groups of the rows that pass, chunk by chunk."""
        plan, quantity = self.plans[channel], observable(name)
        if not quantity.applies_to((*plan.particles, *plan.vertices)):
            return
        for event, kept in self._chunks(plan, tried, coupling):
            groups = kept.rows.group[kept.passing] if len(kept.rows.group) else kept.rows.group
            yield quantity(event)[kept.passing], kept.each(coupling), groups

    def events(self, channel: str, tried: int, coupling: float) -> Iterator[tuple[Momenta, Array]]:
        """Yield momenta and vertices (4, n) of the rows that pass, and their weights, chunk by chunk."""
        for event, kept in self._chunks(self.plans[channel], tried, coupling):
            yield {name: four[:, kept.passing] for name, four in event.items()}, kept.each(coupling)

    def _chunks(self, plan: ChannelPlan, tried: int, coupling: float) -> Iterator[tuple[Momenta, Channel]]:
        for chunk, start in enumerate(range(0, tried, CHUNK_ROWS)):
            rows, events = self._made(plan, chunk, min(CHUNK_ROWS, tried - start))
            kept = plan.channel(rows)
            yield lab_event(events, kept.point(coupling).rate), kept

    def _made(self, plan: ChannelPlan, chunk: int, size: int) -> tuple[Rows, Events]:
        """Return a chunk; the last one is kept, as other observables and couplings ask for the same."""
        key = plan.name, chunk, size
        if self._last is None or self._last[0] != key:
            self._last = key, plan.run_events(self.seed, chunk, size)
        return self._last[1]
