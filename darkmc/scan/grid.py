"""Limits over a grid of masses: here, in processes, or elsewhere; the result does not depend on which."""

import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import replace
from queue import SimpleQueue
from typing import Any, NamedTuple

from darkmc.core.errors import PrecisionWarning
from darkmc.core.process import leave_if_spawned
from darkmc.core.progress import count_bar
from darkmc.core.units import checked_workers
from darkmc.scan.parts import Checkpoints, Part, parts_of
from darkmc.scan.place import Place
from darkmc.scan.point import ScanPoint, ScanRequest, failed_point, scan_point
from darkmc.scan.workers import Executor, Here, WorkerDiedError, Workers

_TRIES = 3  # of a point whose worker dies
_WAITING = 1000  # points handed to an executor at once


def scan(
    request: ScanRequest,
    workers: int = 1,
    progress: bool = False,
    executor: Executor | None = None,
    checkpoints: Checkpoints | None = None,
) -> Iterator[ScanPoint]:
    """Yield the points of a scan in the order of its places, then those of its lines along each.

    A point whose worker dies is tried twice more; then it is yielded as failed, and the scan goes on.

    Parameters
    ----------
    request : ScanRequest
        Experiment, places and settings.
    workers : int
        Processes (spawned); 1 runs here.
    progress : bool
        Show a bar on a terminal.
    executor : object with ``submit``, optional
        Computes the points instead of workers.
    checkpoints : Checkpoints, optional
        Points that are there are not computed; what is finished is put there, failed points are not.

    Raises
    ------
    ChildProcessError
        If workers cannot be started, as when the main script has no main guard, or the executor is broken.
    """
    for _, point in _in_turn([(request, checkpoints)], workers, progress, executor):
        yield point


def scans(
    requests: Sequence[tuple[ScanRequest, Checkpoints | None]],
    workers: int = 1,
    progress: bool = False,
    executor: Executor | None = None,
) -> Iterator[list[ScanPoint]]:
    """Yield the points of several scans, one after the other; all are computed together, by the same workers.

    Parameters
    ----------
    requests : sequence of (ScanRequest, Checkpoints or None)
        What each is asked for, and where its finished points are.
    workers, progress, executor
        As for :func:`scan`.

    Raises
    ------
    ChildProcessError
        If workers cannot be started, or the executor is broken.
    """
    points: list[ScanPoint] = []
    turn = 0
    for number, point in _in_turn(requests, workers, progress, executor):
        while turn < number:
            yield points
            points, turn = [], turn + 1
        points.append(point)
    while turn < len(requests):
        yield points
        points, turn = [], turn + 1


def _in_turn(
    requests: Sequence[tuple[ScanRequest, Checkpoints | None]],
    workers: int,
    progress: bool,
    executor: Executor | None,
) -> Iterator[tuple[int, ScanPoint]]:
    """Yield the points of requests, with their numbers, as soon as it is their turn; with their warnings."""
    leave_if_spawned()
    checked_workers("workers", workers)
    for request, _ in requests:
        places = [*request.places, *(line.place(0.0) for line in request.lines)]
        for settings in dict.fromkeys(place.settings for place in places) or [()]:
            request.load(settings)  # a wrong card fails here, before any process is started
    parts = [(k, part) for k, asked in enumerate(requests) for part in parts_of(*asked)]
    count = sum(len(part.places) for _, part in parts)
    with count_bar(count, "points", progress) as bar, _running(min(workers, count), executor) as running:
        for _ in _computed([part for _, part in parts], running, bar):
            while parts:
                yield from ((parts[0][0], _warned(point)) for point in parts[0][1].leaving())
                if not parts[0][1].finished:
                    break
                parts.pop(0)


@contextmanager
def _running(workers: int, executor: Executor | None) -> Iterator[Executor]:
    """Give what computes points; processes started here are gone afterwards, however the block ends."""
    if executor is not None or workers <= 1:
        yield executor or Here()
        return
    processes = Workers(workers)
    try:
        yield processes
    finally:
        processes.close()


class _Attempt(NamedTuple):
    part: Part
    number: int
    tries: int = 1

    @property
    def place(self) -> Place:
        return self.part.places[self.number]


def _computed(parts: Sequence[Part], executor: Executor, bar: Any) -> Iterator[None]:
    """Compute the points of parts, all together, those that are lost as failed; stop when one is there."""
    waiting = deque(attempt for part in parts for attempt in _missing(part, bar))
    yield
    at_once = 1 if isinstance(executor, Here) else _WAITING
    running: dict[Any, _Attempt] = {}
    done: SimpleQueue[Any] = SimpleQueue()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                attempt = waiting.popleft()
                alone = replace(attempt.part.request, places=(), lines=())  # what every task is sent
                future = executor.submit(scan_point, alone, attempt.place)
                running[future] = attempt
                future.add_done_callback(done.put)
            future = done.get()
            attempt = running.pop(future)
            try:
                point = future.result()
            except (WorkerDiedError, MemoryError) as error:
                if attempt.tries < _TRIES and not (isinstance(error, WorkerDiedError) and error.final):
                    waiting.append(attempt._replace(tries=attempt.tries + 1))
                    continue
                point = _lost(attempt, error)
            attempt.part.keep(attempt.place, point)
            bar.update(1)
            if attempt.part.take(attempt.number, point):
                bar.total += len(attempt.part.places)
                waiting.extend(_missing(attempt.part, bar))
            yield
    except BrokenExecutor as error:
        raise ChildProcessError(f"what computes the points is broken: {error}") from None
    finally:
        for future in running:
            future.cancel()


def _missing(part: Part, bar: Any) -> list[_Attempt]:
    """Return what is to be computed of a part's level, after what is known is taken, whole levels of it."""
    while not part.finished:
        known = [part.known(place) for place in part.places]
        missing = [_Attempt(part, number) for number, point in enumerate(known) if point is None]
        bar.update(len(known) - len(missing))
        for number, point in enumerate(known):
            if point is not None and part.take(number, point):
                bar.total += len(part.places)
        if missing:
            return missing
    return []


def _lost(attempt: _Attempt, error: Exception) -> ScanPoint:
    """Return what stands for a point that no worker has survived."""
    final = isinstance(error, WorkerDiedError) and error.final
    often = f"failed {attempt.tries} times, the last with" if not final else "failed with"
    why = f"{often}: {str(error) or 'out of memory'}"
    return failed_point(attempt.part.request, attempt.place, why)


def _warned(point: ScanPoint) -> ScanPoint:
    """Return a point after its warnings are given."""
    for message in point.warnings:
        warnings.warn(f"{point.where}: {message}", PrecisionWarning, stacklevel=3)
    return point
