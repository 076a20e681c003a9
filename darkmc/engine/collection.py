"""Rows of all channels, made chunk by chunk: results never depend on the number of workers."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from darkmc.core.rng import CHUNK_ROWS, CHUNKS
from darkmc.sample.cells import Cells
from darkmc.sample.columns import RowColumns
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.stream import ChannelPlan

MOST_ROWS = 5_000_000  # that are kept as they are; more are put into cells
ROWS_OF_CELLS = 2_000_000  # that stand for all cells of a sample, at most
AT_ONCE = 64  # chunks between which it is looked how many rows there are


class Executor(Protocol):
    """Anything with submit, e.g. concurrent.futures.ThreadPoolExecutor; `expect`, if any, is told of rows."""

    def submit(self, function: Callable[..., Rows], /, *args: Any) -> "Future[Rows]": ...  # noqa: D102


def _keep_freed_memory() -> None:
    """Make glibc keep the memory that chunks free instead of returning it: 30% of the time.

    Its threshold follows the largest block that was freed; this one is never touched.
    """
    np.empty(1 << 21)


class Collection:
    """The first primaries of every channel, as many as were asked for so far.

    Primary k of a channel is the same, but for rounding, however many there are and in how many steps they
    were made.  Where rows are too many to keep, they are put into cells.
    """

    def __init__(
        self, plans: Sequence[ChannelPlan], seed: int, executor: Executor | None, purpose: str = "sample"
    ) -> None:
        self.plans, self.seed, self.executor, self.chunks = plans, seed, executor, CHUNKS[purpose]
        _keep_freed_memory()
        self.parts: list[list[Rows]] = [[] for _ in plans]
        self.made = [0] * len(plans)
        self.cells: list[Cells] = []
        self._reaching: list[RowColumns] = []

    def extend(self, wanted: Sequence[int]) -> None:
        """Bring each channel to the wanted number of primaries."""
        tasks = []
        for channel, (made, total) in enumerate(zip(self.made, wanted, strict=True)):
            while made < total:
                chunk, first = divmod(made, CHUNK_ROWS)
                rows = min(CHUNK_ROWS - first, total - made)
                tasks.append((channel, self.chunks[chunk], rows, first))
                made += rows
            self.made[channel] = made
        for first in range(0, len(tasks), AT_ONCE):
            some = tasks[first : first + AT_ONCE]
            for (channel, *_), made_now in zip(some, self._rows(some), strict=True):
                self.parts[channel].append(made_now)
            self._keep_few()

    def _keep_few(self) -> None:
        """Put rows into cells where they are too many, and then all that follow."""
        if not self.cells:
            if sum(len(rows.index) for parts in self.parts for rows in parts) <= MOST_ROWS:
                return
            self._reaching = [channel.reaching for channel in self.channels()]
            most = ROWS_OF_CELLS / len(self.plans)
            self.cells = [Cells(plan.rows_per_primary, most) for plan in self.plans]
        for cells, parts in zip(self.cells, self.parts, strict=True):
            while parts:
                cells.add(Rows.joined(parts[:AT_ONCE]))
                del parts[:AT_ONCE]

    def _rows(self, tasks: Sequence[tuple[int, int, int, int]]) -> list[Rows]:
        """Return the rows of tasks (channel, chunk, rows, first of them), in the order of the tasks."""
        if self.executor is None:
            return [self.plans[channel].run(self.seed, *what) for channel, *what in tasks]
        expect = getattr(self.executor, "expect", None)
        if expect is not None:
            expect(sum(rows for _, _, rows, _ in tasks))
        futures = [self.executor.submit(self.plans[c].run, self.seed, *what) for c, *what in tasks]
        return [future.result() for future in futures]

    def within(self, wanted: Sequence[int], most: int) -> tuple[list[int], str]:
        """Return the wanted primaries of each channel, or fewer that are at most so many in all.

        Returns
        -------
        list of int, str
            What is left of them, no fewer than are made, and why there are fewer.
        """
        more = [max(total - made, 0) for total, made in zip(wanted, self.made, strict=True)]
        if sum(self.made) + sum(more) <= most:
            return [made + n for made, n in zip(self.made, more, strict=True)], ""
        share = max(most - sum(self.made), 0) / sum(more)
        fewer = [made + int(share * n) for made, n in zip(self.made, more, strict=True)]
        return fewer, f"{most} primaries are the most"

    def channels(self) -> tuple[Channel, ...]:
        """Return what has been made, as channels of a sample."""
        if self.cells:
            every = zip(self.plans, self.cells, self._reaching, strict=True)
            return tuple(
                replace(plan.channel(cells.rows()), pilot=pilot, width=cells.width)
                for plan, cells, pilot in every
            )
        return tuple(
            plan.channel(Rows.joined(parts or [plan.run(self.seed, 0, 0)]))
            for plan, parts in zip(self.plans, self.parts, strict=True)
        )
