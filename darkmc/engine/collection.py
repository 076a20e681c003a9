"""Rows of all channels, made chunk by chunk: results never depend on the number of workers."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import numpy as np

from darkmc.core.rng import CHUNK_ROWS, CHUNKS
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.stream import ChannelPlan

MOST_BYTES = 4e9  # of memory for rows; a sample that would need more is not made
ROW_BYTES = 40.0  # of a row of the simplest kind
COPIES = 4.0  # measured: memory of a sample in use over that of its chunks of rows, which are joined and read


class Executor(Protocol):
    """Anything with submit, e.g. concurrent.futures.ThreadPoolExecutor; `expect`, if any, is told of rows."""

    def submit(self, function: Callable[..., Rows], /, *args: Any) -> "Future[Rows]": ...  # noqa: D102


def too_much(needed: float) -> str:
    """Return in words that rows would need so many bytes."""
    return f"more rows would need {needed / 1e9:.3g} GB, and {MOST_BYTES / 1e9:.3g} GB are the most"


def _keep_freed_memory() -> None:
    """Make glibc keep the memory that chunks free instead of returning it: 30% of the time.

    Its threshold follows the largest block that was freed; this one is never touched.
    """
    np.empty(1 << 21)


class Collection:
    """The first primaries of every channel, as many as were asked for so far.

    Primary k of a channel is the same, but for rounding, however many there are and in how many steps they
    were made.
    """

    def __init__(
        self, plans: Sequence[ChannelPlan], seed: int, executor: Executor | None, purpose: str = "sample"
    ) -> None:
        self.plans, self.seed, self.executor, self.chunks = plans, seed, executor, CHUNKS[purpose]
        _keep_freed_memory()
        self.parts: list[list[Rows]] = [[] for _ in plans]
        self.made = [0] * len(plans)

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
        for (channel, *_), made_now in zip(tasks, self._rows(tasks), strict=True):
            self.parts[channel].append(made_now)

    def _rows(self, tasks: Sequence[tuple[int, int, int, int]]) -> list[Rows]:
        """Return the rows of tasks (channel, chunk, rows, first of them), in the order of the tasks."""
        if self.executor is None:
            return [self.plans[channel].run(self.seed, *what) for channel, *what in tasks]
        expect = getattr(self.executor, "expect", None)
        if expect is not None:
            expect(sum(rows for _, _, rows, _ in tasks))
        futures = [self.executor.submit(self.plans[c].run, self.seed, *what) for c, *what in tasks]
        return [future.result() for future in futures]

    def fill(self, totals: Sequence[int]) -> str:
        """Make the given number of primaries in each channel, or fewer if their rows would need too much.

        Returns why there are fewer.
        """
        self.extend([min(CHUNK_ROWS, total) for total in totals])
        fewer, reason = self.within(totals, sum(totals), self)
        self.extend(fewer)
        return reason

    def within(self, wanted: Sequence[int], most: int, like: "Collection") -> tuple[list[int], str]:
        """Return the wanted primaries, or fewer that are at most so many and do not need too much memory.

        Parameters
        ----------
        wanted : sequence of int
            Of each channel.
        most : int
            Of all together.
        like : Collection
            Whose rows say how much memory one takes.

        Returns
        -------
        list of int, str
            What is left of them, no fewer than are made, and why there are fewer.
        """
        each = [
            sum(rows.nbytes for rows in parts) / max(n, 1)
            for parts, n in zip(like.parts, like.made, strict=True)
        ]
        more = [max(total - made, 0) for total, made in zip(wanted, self.made, strict=True)]
        there, needed = (
            COPIES * sum(size * n for size, n in zip(each, counts, strict=True))
            for counts in (self.made, more)
        )
        share, reason = 1.0, ""
        if sum(self.made) + sum(more) > most:
            share, reason = max(most - sum(self.made), 0) / sum(more), f"{most} primaries are the most"
        if there + share * needed > MOST_BYTES:
            share = max(MOST_BYTES - there, 0.0) / needed
            reason = too_much(there + needed)
        return [made + int(share * n) for made, n in zip(self.made, more, strict=True)], reason

    def channels(self) -> tuple[Channel, ...]:
        """Return what has been made, as channels of a sample."""
        return tuple(
            plan.channel(Rows.joined(parts or [plan.run(self.seed, 0, 0)]))
            for plan, parts in zip(self.plans, self.parts, strict=True)
        )
