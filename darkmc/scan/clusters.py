"""Points computed by Dask: processes here, a scheduler that runs, or jobs of SLURM and HTCondor."""

import asyncio
import logging
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from importlib import import_module
from multiprocessing import resource_tracker
from typing import Any, NamedTuple

from darkmc.core.errors import PhysicsError, first_line, how_to_get
from darkmc.core.process import interrupts_blocked
from darkmc.scan.workers import Executor, WorkerDiedError

LOCAL = "local"
_ADDRESS = re.compile(r"[a-z]+://[^\s:]+:\d+|[\w.-]+:\d+", re.ASCII)
# of a job; ~/.config/dask/jobqueue.yaml adds queue, account, walltime and directives of a site
JOB: dict[str, Any] = {"cores": 1, "processes": 1, "memory": "2GB"}
JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    "slurm": ("SLURMCluster", {}),
    "htcondor": ("HTCondorCluster", {"disk": "1GB"}),
}
# a scheduler always has a web server: without pages, on a port of its own, so that two scans do not meet
_QUIET = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
_RETURN = (
    "1h"  # a worker that starts again may take long beside others; its nanny would be given up after 15 s
)
_REPLACED = 5.0  # seconds between looks whether a worker is missing


class _Task(NamedTuple):
    future: "Future[Any]"
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Dask:
    """Hands points to a Dask scheduler; a point whose worker is killed is lost, as from any executor.

    No more are handed over at once than workers have threads: a worker that dies takes all with it that Dask
    has sent there, and none but the one that it died of shall be lost.
    """

    def __init__(self, client: Any, tried: bool) -> None:
        self._client, self._tried = client, tried
        self._killed = import_module("distributed").KilledWorker
        self._waiting: deque[_Task] = deque()
        self._held: set[Any] = set()  # Dask forgets what nobody holds
        self._room, self._lock = 1, threading.RLock()

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> "Future[Any]":
        """Return the future result: WorkerDiedError if its worker is killed."""
        future: Future[Any] = Future()
        self._waiting.append(_Task(future, function, arguments))
        self._hand_over()
        return future

    def _hand_over(self) -> None:
        with self._lock:
            while self._waiting and len(self._held) < self._room:
                task = self._waiting.popleft()
                if task.future.set_running_or_notify_cancel():
                    try:
                        remote = self._client.submit(task.function, *task.arguments, pure=False)
                    except Exception as error:  # in a callback nobody else would hear of it
                        task.future.set_exception(error)
                        continue
                    self._held.add(remote)
                    remote.add_done_callback(partial(self._done, task.future))

    def _look(self) -> None:
        """See how many points may be handed over; while the scheduler does not answer, as many as before."""
        with suppress(OSError):
            self._room = max(1, sum(self._client.ncores().values()))

    def _done(self, future: "Future[Any]", remote: Any) -> None:
        try:
            result = remote.result()
        except self._killed:
            why = "its worker died: killed, or out of memory"
            future.set_exception(WorkerDiedError(why, final=self._tried))
        except BaseException as error:  # cancelled, as when all is closed
            future.set_exception(error)
        else:
            future.set_result(result)
        with self._lock:
            self._held.discard(remote)
            if self._waiting:
                self._look()
                self._hand_over()


@contextmanager
def dask(where: str, workers: int) -> Iterator[Executor]:
    """Give what computes points through Dask, with what was started for it gone afterwards.

    Parameters
    ----------
    where : str
        ``local``: processes here; ``slurm``, ``htcondor``: jobs; else the address of a scheduler.
    workers : int
        Processes or jobs; a scheduler that runs has its own.

    Raises
    ------
    PhysicsError
        If it is none of these, Dask is not installed, or no scheduler answers at the address.
    """
    foreign = where not in (LOCAL, *JOBS)
    if foreign and not _ADDRESS.fullmatch(where):
        known = ", ".join((LOCAL, *JOBS))
        raise PhysicsError(f"--dask takes {known} or an address such as tcp://HOST:8786, not '{where}'")
    distributed, config = _package("distributed", where), _package("dask.config", where)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a dead worker is told of in a line of ours
    place = nullcontext(where) if foreign else cluster(where, workers)
    # Dask would try what a worker died of on others; the scan does, so that it can count
    with config.set({"distributed.scheduler.allowed-failures": 0}), place as scheduler:
        try:
            client = distributed.Client(scheduler)
        except (OSError, ValueError) as error:
            said = first_line(error)
            raise PhysicsError(f"--dask {where}: no scheduler answers there ({said})") from None
        with client:
            yield Dask(client, tried=foreign)


def _package(name: str, where: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise PhysicsError(f"--dask {where} needs Dask: {how_to_get('dask')}") from None


@contextmanager
def cluster(where: str, workers: int) -> Iterator[Any]:
    """Give a Dask cluster of processes here, or of jobs, each with one worker of one thread."""
    if where == LOCAL:
        config = _package("dask.config", where)
        rejoin = config.set({"distributed.deploy.lost-worker-timeout": _RETURN})
        with rejoin, _local(workers) as made, _replaced(made, workers):
            made.sync(_begun, made)
            yield made
        return
    with jobs(where) as made, _replaced(made, workers):
        yield made


@contextmanager
def _local(workers: int) -> Iterator[Any]:
    """Give a Dask cluster of this machine that has no worker yet.

    None of its processes takes Ctrl-C, as the thread that starts them does not: they are closed from here.
    """
    share = import_module("distributed.system").MEMORY_LIMIT // workers
    quiet = {"scheduler_kwargs": _QUIET, "silence_logs": logging.CRITICAL}
    resource_tracker.ensure_running()  # here, since it changes which signals a thread takes
    with ExitStack() as stack:
        with interrupts_blocked():
            local = import_module("distributed").LocalCluster
            made = stack.enter_context(local(n_workers=0, threads_per_worker=1, memory_limit=share, **quiet))
        yield made


async def _begun(made: Any) -> None:
    """Wait until all workers are there, or raise what keeps one from it; they go on if this is interrupted.

    A worker whose start is cancelled could not be closed.
    """
    await asyncio.shield(made)


@contextmanager
def _replaced(made: Any, workers: int) -> Iterator[None]:
    """Keep a cluster at its number of workers: what Dask gives up it does not replace when it adapts."""
    looks = import_module("tornado.ioloop").PeriodicCallback(partial(made.scale, workers), 1e3 * _REPLACED)
    made.scale(workers)
    made.loop.add_callback(looks.start)
    try:
        yield
    finally:
        made.loop.add_callback(looks.stop)


def jobs(where: str) -> Any:
    """Return a Dask cluster of jobs that has none yet."""
    name, more = JOBS[where]
    return getattr(_package("dask_jobqueue", where), name)(**JOB, **more, scheduler_options=_QUIET)


@contextmanager
def elsewhere(where: str | None, workers: int) -> Iterator[Executor | None]:
    """Give what computes points where it was asked for, or None for workers of this process."""
    if where is None:
        yield None
        return
    with dask(where, workers) as executor:
        yield executor
