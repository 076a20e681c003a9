"""Worker processes, each on one thing at a time: what a dead one was on is known, and it is replaced."""

import atexit
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing import get_context, resource_tracker
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol

from darkmc.core.process import NO_GUARD, die_with_parent, main_script

_GUARD = "put what the script does under if __name__ == '__main__':, or use workers=1"
_LAME_STARTS = 3  # workers that die one after the other before they are ready: no point can be at fault
_SPAWN = get_context("spawn")


class Executor(Protocol):
    """What computes points: `submit` returns a future with `add_done_callback`, `result` and `cancel`."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Any: ...  # noqa: D102


class WorkerDiedError(RuntimeError):
    """What computed a point is gone before it was done; final: others have tried it, too."""

    def __init__(self, why: str, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


class Here:
    """Computes in this process, when asked."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> "Future[Any]":
        """Return a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


class _Task(NamedTuple):
    future: "Future[Any]"
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Workers:
    """Processes (spawned), to be closed; a thread here speaks to each.

    Raises
    ------
    ChildProcessError
        If they cannot read the main script again.
    """

    def __init__(self, count: int) -> None:
        script = main_script()
        if script is not None:
            raise ChildProcessError(
                f"workers cannot read the script {script} again: save it to a file and {_GUARD}"
            )
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._processes: set[Any] = set()
        self._tracked, self._closed, self._lame = False, False, 0
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()
        atexit.register(self.close)  # before processes that are left are waited for

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> "Future[Any]":
        """Return the future result: WorkerDiedError if the process dies, ChildProcessError if none starts."""
        if not self._tracked:
            resource_tracker.ensure_running()  # here, since it changes which signals a thread takes
            self._tracked = True
        future: Future[Any] = Future()
        self._tasks.put(_Task(future, function, arguments))
        return future

    def close(self) -> None:
        """End all processes at once: a point may take minutes."""
        atexit.unregister(self.close)
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.kill()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.join()  # else what they have spent is not known

    def _serve(self) -> None:
        """Hand tasks to a process, and start another when it has died."""
        if hasattr(signal, "pthread_sigmask"):  # of Ctrl-C the processes hear through their parent
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        process: Any = None
        pipe: Any = None
        while (task := self._tasks.get()) is not None:
            if not task.future.set_running_or_notify_cancel():
                continue
            ready = process is not None
            try:
                if not ready:
                    process, pipe = self._start()
                    ready = pipe.recv()
                    self._lame = 0
                pipe.send((task.function, task.arguments))
                good, value = pipe.recv()
            except (EOFError, OSError):
                task.future.set_exception(self._why(process, ready))
                process = None
            else:
                (task.future.set_result if good else task.future.set_exception)(value)

    def _start(self) -> tuple[Any, Any]:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work, args=(theirs,))
        with self._lock:
            if self._closed:
                raise EOFError
            process.start()
            self._processes.add(process)
        theirs.close()  # so that its end is seen
        return process, ours

    def _why(self, process: Any, ready: bool) -> Exception:
        """Return why a process died: on a point, before any point, or as the script has no guard."""
        if process is None:
            return WorkerDiedError("the workers are closed")
        process.join()
        with self._lock:
            self._processes.discard(process)
        if process.exitcode == NO_GUARD:
            return ChildProcessError(f"a worker has started the whole script again: {_GUARD}")
        self._lame += not ready
        if self._lame >= _LAME_STARTS:
            return ChildProcessError(f"workers die before they are ready (exit code {process.exitcode})")
        return WorkerDiedError(f"exit code {process.exitcode}: killed, or out of memory")


def _work(pipe: Any) -> None:
    """Do what comes through the pipe until its other end is gone."""
    die_with_parent()
    try:
        pipe.send(True)
        while True:
            function, arguments = pipe.recv()
            try:
                answer = True, function(*arguments)
            except Exception as error:
                error.add_note("".join(traceback.format_exception(error)))
                answer = False, error
            pipe.send(answer)
    except (EOFError, OSError):
        return
