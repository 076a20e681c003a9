"""Limits over a grid of masses: here, in processes, or elsewhere; the result does not depend on which."""

import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol

from darkmc.core.errors import PrecisionWarning
from darkmc.core.process import leave_if_spawned
from darkmc.core.progress import count_bar
from darkmc.core.units import checked_workers
from darkmc.scan.place import Place
from darkmc.scan.point import ScanPoint, ScanRequest, failed_point, scan_point
from darkmc.scan.refine import refined
from darkmc.scan.workers import Executor, Here, WorkerDiedError, Workers

_TRIES = 3  # of a point whose worker dies
_WAITING = 1000  # points handed to an executor at once


class Checkpoints(Protocol):
    """Finished points by key, kept until their scan is done."""

    def get(self, key: str) -> ScanPoint | None:
        """Return a point that was finished before, or None."""
        ...

    def add(self, key: str, point: ScanPoint) -> None:
        """Keep a point that is finished."""
        ...


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
    leave_if_spawned()
    checked_workers("workers", workers)
    places = [*request.places, *(line.place(0.0) for line in request.lines)]
    for settings in dict.fromkeys(place.settings for place in places) or [()]:
        request.load(settings)  # a wrong card fails here, before any process is started
    count = len(request.places) + sum(line.grid.auto for line in request.lines)
    with count_bar(count, "points", progress) as bar, _running(min(workers, count), executor) as running:
        computed = partial(_in_order, request, running, checkpoints, bar)
        yield from computed(request.places)
        yield from refined(request.lines, computed)


def _in_order(
    request: ScanRequest,
    running: Executor,
    checkpoints: Checkpoints | None,
    bar: Any,
    places: Sequence[Place],
) -> Iterator[ScanPoint]:
    """Yield the points in the order of their places, after their warnings are given."""
    bar.total = max(bar.total, bar.n + len(places))
    early: dict[int, ScanPoint] = {}
    following = 0
    asked = replace(request, places=tuple(places), lines=())
    for number, point in _finished(asked, running, checkpoints):
        early[number] = point
        bar.update(1)
        while following in early:
            yield _warned(early.pop(following))
            following += 1


def _finished(
    request: ScanRequest, running: Executor, checkpoints: Checkpoints | None
) -> Iterator[tuple[int, ScanPoint]]:
    """Yield number and point as they are finished, those that are known already first."""
    missing = []
    for number, place in enumerate(request.places):
        known = checkpoints.get(request.key(place)) if checkpoints is not None else None
        if known is None:
            missing.append(number)
        else:
            yield number, known
    for number, point in _computed(request, missing, running):
        if checkpoints is not None and not point.failed:
            checkpoints.add(request.key(request.places[number]), point)
        yield number, point


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
    number: int
    tries: int


def _computed(
    request: ScanRequest, missing: list[int], executor: Executor
) -> Iterator[tuple[int, ScanPoint]]:
    """Yield number and point of those that are missing, as they are done; of those that are lost, failed."""
    alone = replace(request, places=())  # what every task is sent
    waiting = deque(_Attempt(number, 1) for number in missing)
    at_once = 1 if isinstance(executor, Here) else _WAITING
    running: dict[Any, _Attempt] = {}
    done: SimpleQueue[Any] = SimpleQueue()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                attempt = waiting.popleft()
                future = executor.submit(scan_point, alone, request.places[attempt.number])
                running[future] = attempt
                future.add_done_callback(done.put)
            future = done.get()
            attempt = running.pop(future)
            place = request.places[attempt.number]
            try:
                point = future.result()
            except (WorkerDiedError, MemoryError) as error:
                final = isinstance(error, WorkerDiedError) and error.final
                if attempt.tries < _TRIES and not final:
                    waiting.append(_Attempt(attempt.number, attempt.tries + 1))
                    continue
                often = f"failed {attempt.tries} times, the last with" if not final else "failed with"
                why = f"{often}: {str(error) or 'out of memory'}"
                point = failed_point(request, place, why)
            yield attempt.number, point
    except BrokenExecutor as error:
        raise ChildProcessError(f"what computes the points is broken: {error}") from None
    finally:
        for future in running:
            future.cancel()


def _warned(point: ScanPoint) -> ScanPoint:
    """Return a point after its warnings are given."""
    for message in point.warnings:
        warnings.warn(f"{point.where}: {message}", PrecisionWarning, stacklevel=3)
    return point
