"""Batches of rows until the precision is reached: results never depend on the number of workers."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from darkmc.core.errors import PhysicsError, shown
from darkmc.core.progress import Progress
from darkmc.core.rng import CHUNK_ROWS
from darkmc.core.units import LEAST_PRECISION, number, whole_number
from darkmc.engine.collection import Collection, Executor
from darkmc.engine.split import (
    Need,
    badly_known,
    fewest_rows,
    for_large_rows,
    little_known,
    surely_enough,
    unknown_channels,
)
from darkmc.limits.criterion import Criterion
from darkmc.limits.deciding import Deciding
from darkmc.sample.sample import Sample
from darkmc.sample.stream import ChannelPlan

NOTHING = 1e-40  # share of survivors below which no precision is sought
HOPELESS = 2**17  # primaries of a channel, in the mean, after which a yield of exactly zero is believed
PATIENCE = 2**21  # primaries of a channel after which it is no longer waited for its first event
MOST_SAMPLES = 10**10  # which would take days
PILOT, LARGE_PILOT = 512, CHUNK_ROWS  # primaries of a channel in a pilot
LEAST_ROWS = 2 * CHUNK_ROWS  # of all channels: they cost next to nothing, and tails show in them
STEP = 1.25  # growth of all rows by a batch
_EXTENSIONS, _MORE = 3, 4  # of a pilot: how often, and how many times as many primaries


@dataclass(frozen=True)
class Goal:
    """When to stop: relative `precision` at couplings `at` (None: where the criterion decides)."""

    precision: float
    at: tuple[float, ...] | None
    criterion: Criterion
    max_samples: int

    def points(self, sample: Sample) -> list[Deciding]:
        """Return where the precision is wanted."""
        if self.at is None:
            return self.criterion.deciding(sample)
        return [Deciding(sample, coupling, of_limit=False) for coupling in self.at]

    def needs(self, points: Sequence[Deciding]) -> list[Need]:
        """Return what the points need."""
        return [Need.of(point, self.precision) for point in points]


def sizes(n_samples: int, n_channels: int) -> list[int]:
    """Return how many primaries each channel gets: equal shares, the remainder to the first ones."""
    share, rest = divmod(n_samples, n_channels)
    return [share + (channel < rest) for channel in range(n_channels)]


def simulate(
    plans: Sequence[ChannelPlan],
    cut_names: tuple[str, ...],
    seed: int,
    goal: Goal | int,
    executor: Executor | None = None,
    progress: Progress | None = None,
    start: tuple[float, float] | None = None,
) -> Sample:
    """Return a sample made in batches until a goal is reached, or of a given number of primaries.

    A pilot that is thrown away decides how many primaries each channel gets, so that the precision is
    probably reached; if it is not, all of them get some more, until it is.  `start` are the clocks
    (time.perf_counter, time.process_time) from which the sample's seconds count.
    """
    start = (time.perf_counter(), time.process_time()) if start is None else start
    made = Collection(plans, seed, executor)
    warnings: tuple[str, ...] = ()
    if not plans:
        return Sample((), cut_names, seed)
    if isinstance(goal, int):
        made.extend(sizes(goal, len(plans)))
        sample = Sample(made.channels(), cut_names, seed)
    else:
        sample, warnings = _batches(made, cut_names, goal, progress)
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    return replace(sample, seconds=wall, warnings=warnings, cpu_seconds=cpu)


def _batches(
    made: Collection, cut_names: tuple[str, ...], goal: Goal, progress: Progress | None
) -> tuple[Sample, tuple[str, ...]]:
    if PILOT * len(made.plans) > goal.max_samples:
        made.extend(sizes(goal.max_samples, len(made.plans)))
        sample = Sample(made.channels(), cut_names, made.seed)
        return sample, (
            f"max_samples = {goal.max_samples} allows {sample.n_samples} primaries: no precision sought",
        )
    pilot = _Pilot(made.plans, made.executor, cut_names, goal)
    wanted, limited = made.within(pilot.first, goal.max_samples)
    while True:
        made.extend(wanted)
        sample = Sample(made.channels(), cut_names, made.seed)
        points = goal.points(sample)
        needs = goal.needs(points)
        worst = goal.precision * max(need.shown.error / need.error for need in needs)
        if progress is not None:
            progress(sample.n_samples, worst)
        if max(need.lacking for need in needs) <= 1.0:
            return sample, ()
        if given_up := _given_up(points, goal):
            return sample, (given_up,)
        if limited:
            break
        wanted, limited = made.within(pilot.further(made.made, needs), goal.max_samples)
    peak, rows = max(need.shown.peak for need in needs), min(need.shown.rows for need in needs)
    reached = f"relative error {worst:.2g}, largest row {peak:.2g} of the sum, {rows:.3g} effective rows"
    return sample, (
        f"precision {goal.precision:g} not reached with {sample.n_samples} primaries: {reached}; {limited}",
    )


class _Pilot:
    """Rows that decide how many primaries each channel gets, and are thrown away.

    Their random numbers are the same for every seed, and so is what they decide: estimates are low where
    their errors are, so that rows which decide that they are enough are biased.
    """

    def __init__(
        self, plans: Sequence[ChannelPlan], executor: Executor | None, cut_names: tuple[str, ...], goal: Goal
    ) -> None:
        self.made = Collection(plans, 0, executor, "pilot")
        self.cut_names, self.goal = cut_names, goal
        self.costs = np.array([plan.cost for plan in plans])
        self.needs = self._extended([PILOT] * len(plans))
        poor = little_known(self.needs, self.costs)
        if np.any(poor):
            self.needs = self._extended([LARGE_PILOT if few else PILOT for few in poor])
        self.first = self._enough()
        self._know_better()

    def _extended(self, sizes: Sequence[int]) -> list[Need]:
        self.made.extend(sizes)
        return self.goal.needs(self.goal.points(Sample(self.made.channels(), self.cut_names, 0)))

    def _enough(self) -> list[int]:
        """Return the primaries of each channel that are probably enough."""
        rows = fewest_rows(self.needs, self.costs)
        if not np.any(rows):
            return [LARGE_PILOT] * len(rows)
        rows = surely_enough(self.needs, rows)
        return [math.ceil(n) for n in rows * max(LEAST_ROWS / np.sum(rows), 1.0)]

    def _know_better(self) -> None:
        """Extend the pilot where it does not know what error its choice will have, up to the size of that."""
        for _ in range(_EXTENSIONS):
            poor = badly_known(self.needs, np.array(self.first, dtype=float))
            sizes = [
                max(n, min(_MORE * n, most)) if badly else n
                for n, most, badly in zip(self.made.made, self.first, poor, strict=True)
            ]
            if sizes == self.made.made:
                return
            self.needs = self._extended(sizes)
            self.first = self._enough()

    def further(self, done: Sequence[int], needs: Sequence[Need]) -> list[int]:
        """Return the primaries of each channel to go on to from some that were not enough by their needs."""
        lacking = max(need.lacking for need in needs)
        wanted = [math.ceil((STEP if math.isfinite(lacking) else 2.0) * n) for n in done]
        if all(need.shown.value <= 0.0 for need in needs):
            return [2 * n for n in done]
        unknown = unknown_channels(needs)
        if np.any(unknown):
            return [2 * n if unseen else n for n, unseen in zip(done, unknown, strict=True)]
        if all(need.lacking_in_all <= 1.0 for need in needs):
            return for_large_rows(needs, done, STEP)
        if lacking > STEP**2:
            self.needs = self._extended(done)
            self.first = self._enough()
            self._know_better()
            wanted = [max(pair) for pair in zip(wanted, self.first, strict=True)]
        return wanted


def _given_up(points: Sequence[Deciding], goal: Goal) -> str:
    """Return why the rows are all that will be made, though they are not enough; empty: they are not."""
    names: dict[str, None] = {}
    rest = []
    for point in points:
        unseen = point.curve.unseen(point.coupling)
        waiting = [c for c in point.curve.channel_rows if c.name in unseen]
        if any(channel.rows.tried < PATIENCE for channel in waiting):
            names = {}
            break
        names |= dict.fromkeys(unseen)
        seen = tuple(channel for channel in point.curve.channel_rows if channel.name not in unseen)
        rest.append(point._replace(curve=replace(point.curve, channel_rows=seen)))
    if names and all(need.lacking <= 1.0 for need in goal.needs(rest)):
        return (
            f"no event of {', '.join(names)} is seen in {PATIENCE} primaries or more: "
            "what it may add is unknown, and so is the error"
        )
    tried = points[0].curve.n_samples
    if tried < HOPELESS * len(points[0].curve.channel_rows):
        return ""
    if any(point.curve.expected_events(point.coupling).value <= 0.0 for point in points):
        why = "the cuts leave nothing, or the yield is below all numbers"
        return f"no event is seen in {tried} primaries: {why}"
    if all(point.curve.surviving(point.coupling) < NOTHING for point in points):
        return f"precision {goal.precision:g} not reached: less than {NOTHING:g} of the signal survives"
    return ""


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
            raise PhysicsError(f"n_samples = {shown(count)}: {MOST_SAMPLES:.0e} are the most")
        return count
    wanted = 0.01 if precision is None else number("precision", precision)
    if not LEAST_PRECISION <= wanted < 1.0:
        raise PhysicsError(f"precision must lie between {LEAST_PRECISION:g} and 1, not {wanted:g}")
    return wanted
