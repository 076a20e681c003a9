"""Rounds of chunks until the precision is reached: results never depend on the number of workers."""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from darkmc.core.errors import PhysicsError, shown
from darkmc.core.estimates import Weights, mean_and_error
from darkmc.core.kinematics import Array
from darkmc.core.progress import Progress
from darkmc.core.rng import CHUNK_ROWS, CHUNKS
from darkmc.core.units import LEAST_PRECISION, number, whole_number
from darkmc.limits.criterion import Criterion
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.sample import Sample
from darkmc.sample.stream import ChannelPlan

LARGEST_ROW = 0.02
NOTHING = 1e-40  # share of survivors below which no precision is sought
HOPELESS_ROUNDS = 4  # after which a yield of exactly zero is believed
MOST_BYTES = 4e9  # of memory for rows; a sample that would need more is not made
ROW_BYTES = 40.0  # of a row of the simplest kind
MOST_SAMPLES = 10**10  # whose rows are far too many, however few of the primaries point at the volume
COPIES = 4.0  # measured: memory of a sample in use over that of its chunks of rows, which are joined and read
PILOT_ROUNDS, PILOT_ERROR = 3, 0.1  # at most so many, until the relative error is as small as this
LEAST_KNOWN = 0.3  # relative error of a pilot of which more says nothing
MARGIN = 0.9  # of the precision is what the pilot must expect
PEAK_GROWTH = 4.0  # more rows have larger ones among them
PATIENCE = 2**21  # primaries of a channel after which it is no longer waited for its first event


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

    def points(self, sample: Sample) -> list[tuple[Sample, float]]:
        """Return the yields, as samples, and the couplings at which the precision is wanted."""
        return self.criterion.deciding(sample) if self.at is None else [(sample, g) for g in self.at]


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

    def __init__(
        self, plans: Sequence[ChannelPlan], seed: int, executor: Executor | None, purpose: str = "sample"
    ) -> None:
        self.plans, self.seed, self.executor, self.chunks = plans, seed, executor, CHUNKS[purpose]
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

    def fill(self, totals: Sequence[int]) -> float:
        """Make the given number of primaries in each channel, or fewer if their rows would need too much.

        The last chunk of a channel may be short.  Returns the memory needed, in bytes.
        """
        self._run([(channel, 0, min(CHUNK_ROWS, total)) for channel, total in enumerate(totals) if total])
        needed = self.memory([total / CHUNK_ROWS for total in totals])
        if needed > MOST_BYTES:
            totals = [max(int(total * MOST_BYTES / needed), min(total, CHUNK_ROWS)) for total in totals]
        self._run(
            [
                (channel, chunk, min(CHUNK_ROWS, total - chunk * CHUNK_ROWS))
                for channel, total in enumerate(totals)
                for chunk in range(1, -(-total // CHUNK_ROWS))
            ]
        )
        return needed

    def memory(self, wanted: Sequence[float]) -> float:
        """Return the bytes that so many chunks of each channel need, by those made."""
        sizes = [sum(rows.nbytes for rows in parts) / max(len(parts), 1) for parts in self.parts]
        return COPIES * sum(size * count for size, count in zip(sizes, wanted, strict=True))

    def _run(self, tasks: Sequence[tuple[int, int, int]]) -> None:
        numbered = [(channel, self.chunks[chunk], rows) for channel, chunk, rows in tasks]
        made = run_chunks(self.plans, self.seed, numbered, self.executor)
        for (channel, _, _), rows in zip(tasks, made, strict=True):
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
    chunks, share_c proportional to sigma_c/sqrt(cost_c) of the rounds before.  A pilot that is thrown away
    says which round to begin with.  `start` is the clock
    (time.perf_counter) from which the sample's seconds count.
    """
    start = time.perf_counter() if start is None else start
    made = Collection(plans, seed, executor)
    warnings: tuple[str, ...] = ()
    if not plans:
        return Sample((), cut_names, seed)
    if isinstance(goal, int):
        needed = made.fill(sizes(goal, len(plans)))
        sample = Sample(made.channels(), cut_names, seed)
        if needed > MOST_BYTES:
            warnings = (f"{sample.n_samples} primaries instead of {goal}: {_too_much(needed)}",)
    else:
        sample, warnings = _rounds(made, cut_names, goal, progress)
    return Sample(sample.channel_rows, cut_names, seed, time.perf_counter() - start, warnings)


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
    first, wanted = _first_round(made, cut_names, goal)
    for k in range(first, 64):
        made.extend(wanted)
        sample = Sample(made.channels(), cut_names, made.seed)
        points = goal.points(sample)
        worst, peak = _status(points)
        if progress is not None:
            progress(sample.n_samples, worst)
        if worst <= goal.precision and peak <= LARGEST_ROW:
            return sample, ()
        given_up = _given_up(points, goal.precision)
        if given_up:
            return sample, (
                f"no event of {', '.join(given_up)} is seen in {PATIENCE} primaries or more: "
                "what it may add is unknown, and so is the error",
            )
        if k >= HOPELESS_ROUNDS and any(curve.expected_events(g).value <= 0.0 for curve, g in points):
            return sample, (
                f"no event is seen in {sample.n_samples} primaries: "
                "the cuts leave nothing, or the yield is below all numbers",
            )
        if k >= HOPELESS_ROUNDS and all(curve.surviving(g) < NOTHING for curve, g in points):
            return sample, (
                f"precision {goal.precision:g} not reached: less than {NOTHING:g} of the signal survives",
            )
        least = [len(parts) for parts in made.parts]
        wanted = _wanted(_shares(points, made.plans), k + 1, least)
        needed = made.memory(wanted)
        if _too_many(wanted, needed, goal):
            break
    reached = f"relative error {worst:.2g}, largest row {peak:.2g} of the sum"
    if needed > MOST_BYTES:
        reached = f"{reached}; {_too_much(needed)}"
    return sample, (f"precision {goal.precision:g} not reached with {sample.n_samples} primaries: {reached}",)


def _first_round(made: Collection, cut_names: tuple[str, ...], goal: Goal) -> tuple[int, list[int]]:
    """Return the number of the round to begin with and its chunks per channel.

    A pilot says what will be enough.  Its rows are thrown away, and its random numbers are the same for every
    seed: estimates are low where their errors are, so that rows which decide that they are enough are biased.
    """
    count = len(made.plans)
    pilot = Collection(made.plans, 0, made.executor, "pilot")
    size, least = [1] * count, [2] * count
    for k in range(PILOT_ROUNDS):
        pilot.extend(size)
        points = goal.points(Sample(pilot.channels(), cut_names, 0))
        worst, peak = _status(points)
        if worst <= max(PILOT_ERROR, goal.precision):
            break
        size = _wanted(_shares(points, made.plans), k, [len(parts) for parts in pilot.parts])
    best = 0, least
    if worst > LEAST_KNOWN:
        return best
    shares, tried = _shares(points, made.plans), sum(len(parts) for parts in pilot.parts)
    for k in range(64):
        wanted = least if k == 0 else _wanted(shares, k, least)
        if _too_many(wanted, pilot.memory(wanted), goal):
            break
        best = k, wanted
        largest = PEAK_GROWTH * peak * tried / sum(wanted)
        if _expected_error(points, wanted) <= MARGIN * goal.precision and largest <= LARGEST_ROW:
            break
    return best


def _wanted(shares: Sequence[float], k: int, least: Sequence[int]) -> list[int]:
    """Return the chunks of every channel in round k, no fewer than the least."""
    total = 2 * len(shares) * 2**k
    return [max(fewest, math.ceil(share * total)) for share, fewest in zip(shares, least, strict=True)]


def _too_many(wanted: Sequence[int], needed: float, goal: Goal) -> bool:
    return sum(wanted) * CHUNK_ROWS > goal.max_samples or needed > MOST_BYTES


def _expected_error(points: Sequence[tuple[Sample, float]], wanted: Sequence[int]) -> float:
    """Return the worst relative error that so many chunks of each channel will have."""
    primaries = CHUNK_ROWS * np.asarray(wanted, dtype=float)
    return max(
        math.sqrt(np.sum(np.square(_spreads(sample, g)) / primaries)) / float(sample.expected_events(g).value)
        for sample, g in points
    )


def _too_much(needed: float) -> str:
    return f"more rows would need {needed / 1e9:.3g} GB, and {MOST_BYTES / 1e9:.3g} GB are the most"


def _status(points: Sequence[tuple[Sample, float]]) -> tuple[float, float]:
    """Return the worst relative error of the draws and the largest row's share of yields at couplings."""
    worst, peak = 0.0, 0.0
    for sample, coupling in points:
        value, error = map(float, sample.estimate(coupling)[:2])
        worst = max(worst, error / value if value > 0.0 else math.inf)
        peak = max(peak, sample.largest_row(coupling))
    return worst, peak


def _given_up(points: Sequence[tuple[Sample, float]], precision: float) -> tuple[str, ...]:
    """Return channels of which many primaries showed nothing, if but for them the precision is reached."""
    names: dict[str, None] = {}
    rest = []
    for sample, coupling in points:
        unseen = sample.unseen(coupling)
        waiting = [c for c in sample.channel_rows if c.name in unseen]
        if any(channel.rows.tried < PATIENCE for channel in waiting):
            return ()
        names |= dict.fromkeys(unseen)
        seen = tuple(channel for channel in sample.channel_rows if channel.name not in unseen)
        rest.append((replace(sample, channel_rows=seen), coupling))
    worst, peak = _status(rest)
    return tuple(names) if worst <= precision and peak <= LARGEST_ROW else ()


def _shares(points: Sequence[tuple[Sample, float]], plans: Sequence[ChannelPlan]) -> list[float]:
    """Return shares of the work proportional to sigma/sqrt(cost), the mean over the points.

    A channel of which nothing is known yet gets the mean share of the others.
    """
    shares = np.zeros(len(plans))
    for sample, coupling in points:
        sigma = _spreads(sample, coupling) / np.sqrt([plan.cost for plan in plans])
        known = np.isfinite(sigma)
        if np.any(sigma[known] > 0.0):
            sigma[~known] = np.mean(sigma[known])
            shares += sigma / sample.expected_events(coupling).value
    if not np.any(shares > 0.0):
        return [1.0 / len(plans)] * len(plans)
    return [float(share) for share in shares / np.sum(shares)]


def _spreads(sample: Sample, coupling: float) -> Array:
    """Return the standard deviation of a primary's contribution in every channel; inf: unknown."""
    parts = [channel.weights(coupling) for channel in sample.channel_rows]
    return np.array([_sigma(part) * math.sqrt(part.tried) for part in parts])


def _sigma(part: Weights) -> float:
    """Return the error of a stream's mean over its primaries, infinite where nothing is known of it."""
    return math.hypot(mean_and_error(part.values, part.tried)[1], part.unseen / max(part.tried, 1))


def check_request(precision: float | None, n_samples: int | None, max_samples: int) -> float | int:
    """Return the precision or the number of primaries asked for; exactly one may be given.

    Raises
    ------
    PhysicsError
        If both are given or one is out of range.
    """
    if precision is not None and n_samples is not None:
        raise PhysicsError("give precision or n_samples, not both")
    whole_number("max_samples", max_samples, 1)
    if n_samples is not None:
        count = whole_number("n_samples", n_samples, 1)
        if count > MOST_SAMPLES:
            needed = _too_much(COPIES * ROW_BYTES * min(count, 1e300))
            raise PhysicsError(f"n_samples = {shown(count)}: {needed}")
        return count
    wanted = 0.01 if precision is None else number("precision", precision)
    if not LEAST_PRECISION <= wanted < 1.0:
        raise PhysicsError(f"precision must lie between {LEAST_PRECISION:g} and 1, not {wanted:g}")
    return wanted
