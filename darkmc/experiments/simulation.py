"""Rounds of chunks until the precision is reached: results never depend on the number of workers."""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from darkmc.errors import PhysicsError
from darkmc.experiments.criteria import Criterion
from darkmc.experiments.plan import ChannelPlan
from darkmc.rng import CHUNK_ROWS
from darkmc.rows import Channel, Rows, mean_and_error
from darkmc.sample import Sample
from darkmc.units import whole_number

LARGEST_ROW = 0.02
NOTHING = 1e-40  # share of survivors below which no precision is sought
HOPELESS_ROUNDS = 4  # after which a yield of exactly zero is believed


class Executor(Protocol):
    """Anything with submit, e.g. concurrent.futures.ThreadPoolExecutor."""

    def submit(self, function: Callable[..., Rows], /, *args: Any) -> "Future[Rows]": ...  # noqa: D102


@dataclass(frozen=True)
class Goal:
    """When to stop: relative `precision` at couplings `at` (None: where the criterion decides)."""

    precision: float
    at: tuple[float, ...] | None
    criterion: Criterion
    max_samples: int


class Progress(Protocol):
    """What is told after every round: rows so far and the worst relative error."""

    def __call__(self, rows: int, precision: float) -> None: ...  # noqa: D102


def sizes(n_samples: int, n_channels: int) -> list[int]:
    """Return how many primaries each channel gets: equal shares, the remainder to the first ones."""
    share, rest = divmod(n_samples, n_channels)
    return [share + (channel < rest) for channel in range(n_channels)]


def run_chunks(
    plans: Sequence[ChannelPlan], seed: int, tasks: Sequence[tuple[int, int, int]], executor: Executor | None
) -> list[Rows]:
    """Return the rows of tasks (channel, chunk, rows), in the order of the tasks."""
    if executor is None:
        return [plans[channel].run(seed, chunk, rows) for channel, chunk, rows in tasks]
    futures = [executor.submit(plans[channel].run, seed, chunk, rows) for channel, chunk, rows in tasks]
    return [future.result() for future in futures]


def _keep_freed_memory() -> None:
    """Make glibc keep the memory that chunks free instead of returning it: 30% of the time.

    Its threshold follows the largest block that was freed; this one is never touched.
    """
    np.empty(1 << 21)


class Collection:
    """Chunks made so far, channel by channel in chunk order."""

    def __init__(self, plans: Sequence[ChannelPlan], seed: int, executor: Executor | None) -> None:
        self.plans, self.seed, self.executor = plans, seed, executor
        _keep_freed_memory()
        self.parts: list[list[Rows]] = [[] for _ in plans]

    def extend(self, wanted: Sequence[int]) -> None:
        """Bring each channel to the wanted number of full chunks."""
        tasks = [
            (channel, chunk, CHUNK_ROWS)
            for channel, count in enumerate(wanted)
            for chunk in range(len(self.parts[channel]), count)
        ]
        self._run(tasks)

    def fill(self, totals: Sequence[int]) -> None:
        """Make the given number of primaries in each channel; the last chunk may be short."""
        self._run(
            [
                (channel, chunk, min(CHUNK_ROWS, total - start))
                for channel, total in enumerate(totals)
                for chunk, start in enumerate(range(0, total, CHUNK_ROWS))
            ]
        )

    def _run(self, tasks: Sequence[tuple[int, int, int]]) -> None:
        for (channel, _, _), rows in zip(
            tasks, run_chunks(self.plans, self.seed, tasks, self.executor), strict=True
        ):
            self.parts[channel].append(rows)

    def channels(self) -> tuple[Channel, ...]:
        """Return what has been made, as channels of a sample."""
        return tuple(
            plan.channel(Rows.joined(parts or [plan.run(self.seed, 0, 0)]))
            for plan, parts in zip(self.plans, self.parts, strict=True)
        )


def simulate(
    plans: Sequence[ChannelPlan],
    cut_names: tuple[str, ...],
    seed: int,
    goal: Goal | int,
    executor: Executor | None = None,
    progress: Progress | None = None,
    start: float | None = None,
) -> Sample:
    """Return a sample made in rounds until a goal is reached, or of a given number of primaries.

    Round 0 makes 2 chunks per channel; round k brings channel c to ceil(share_c x 2 x n_channels x 2^k)
    chunks, share_c proportional to sigma_c/sqrt(cost_c) of the rounds before.  `start` is the clock
    (time.perf_counter) from which the sample's seconds count.
    """
    start = time.perf_counter() if start is None else start
    made = Collection(plans, seed, executor)
    warnings: tuple[str, ...] = ()
    if not plans:
        return Sample((), cut_names, seed)
    if isinstance(goal, int):
        made.fill(sizes(goal, len(plans)))
        sample = Sample(made.channels(), cut_names, seed)
    else:
        sample, warnings = _rounds(made, cut_names, goal, progress)
    return Sample(sample.channels_, cut_names, seed, time.perf_counter() - start, warnings)


def _rounds(
    made: Collection, cut_names: tuple[str, ...], goal: Goal, progress: Progress | None
) -> tuple[Sample, tuple[str, ...]]:
    count = len(made.plans)
    if 2 * count * CHUNK_ROWS > goal.max_samples:
        made.fill(sizes(goal.max_samples, count))
        sample = Sample(made.channels(), cut_names, made.seed)
        return sample, (
            f"max_samples = {goal.max_samples} allows {sample.n_samples} primaries: no precision sought",
        )
    wanted = [2] * count
    for k in range(64):
        made.extend(wanted)
        sample = Sample(made.channels(), cut_names, made.seed)
        points = goal.criterion.deciding(sample) if goal.at is None else [(sample, g) for g in goal.at]
        worst, peak = _status(points)
        if progress is not None:
            progress(sample.n_samples, worst)
        if worst <= goal.precision and peak <= LARGEST_ROW:
            return sample, ()
        if worst == math.inf and k >= HOPELESS_ROUNDS:
            return sample, (
                f"no event is seen in {sample.n_samples} primaries: "
                "the cuts leave nothing, or the yield is below all numbers",
            )
        if k >= HOPELESS_ROUNDS and all(curve.surviving(g) < NOTHING for curve, g in points):
            return sample, (
                f"precision {goal.precision:g} not reached: less than {NOTHING:g} of the signal survives",
            )
        shares = _shares(points, made.plans)
        wanted = [
            max(len(parts), math.ceil(share * 2 * count * 2 ** (k + 1)))
            for parts, share in zip(made.parts, shares, strict=True)
        ]
        if sum(wanted) * CHUNK_ROWS > goal.max_samples:
            break
    reached = f"relative error {worst:.2g}, largest row {peak:.2g} of the sum"
    return sample, (f"precision {goal.precision:g} not reached with {sample.n_samples} primaries: {reached}",)


def _status(points: Sequence[tuple[Sample, float]]) -> tuple[float, float]:
    """Return the worst relative error and the largest row's share of some yields at some couplings."""
    worst, peak = 0.0, 0.0
    for sample, coupling in points:
        value, error = sample.expected_events(coupling)
        worst = max(worst, error / value if value > 0.0 else math.inf)
        peak = max(peak, sample.largest_row(coupling))
    return worst, peak


def _shares(points: Sequence[tuple[Sample, float]], plans: Sequence[ChannelPlan]) -> list[float]:
    """Return shares of the work proportional to sigma/sqrt(cost), the mean over the points."""
    shares = np.zeros(len(plans))
    for sample, coupling in points:
        total = sample.expected_events(coupling).value
        if total <= 0.0:
            continue
        for c, (channel, plan) in enumerate(zip(sample.channels_, plans, strict=True)):
            _, error = mean_and_error(channel.contributions(coupling), channel.rows.tried)
            shares[c] += error * math.sqrt(channel.rows.tried / plan.cost) / total
    if not np.any(shares > 0.0):
        return [1.0 / len(plans)] * len(plans)
    return [float(share) for share in shares / np.sum(shares)]


def check_request(precision: float | None, n_samples: int | None, max_samples: int) -> float | int:
    """Return the precision or the number of primaries asked for; exactly one may be given.

    Raises
    ------
    PhysicsError
        If both are given or one is out of range.
    """
    if precision is not None and n_samples is not None:
        raise PhysicsError("give precision or n_samples, not both")
    if whole_number("max_samples", max_samples) < 1:
        raise PhysicsError(f"max_samples must be at least 1, not {max_samples}")
    if n_samples is not None:
        if whole_number("n_samples", n_samples) < 1:
            raise PhysicsError(f"n_samples must be at least 1, not {n_samples}")
        return int(n_samples)
    wanted = 0.01 if precision is None else precision
    if not isinstance(wanted, int | float | np.number) or not 0.0 < wanted < 1.0:
        raise PhysicsError(f"precision must lie between 0 and 1, not {wanted}")
    return float(wanted)
