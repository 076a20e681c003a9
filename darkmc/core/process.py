"""The process and its terminal: signals, closed or narrow streams, workers that do not outlive it."""

import _thread
import io
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

NO_GUARD = 79  # exit code of a worker that was started by a script without main guard
_ONE_SIGNAL = 1.0  # s; what follows sooner is the same request, and must not disturb the cleaning up
_STOPPING = (signal.SIGINT, signal.SIGTERM)


class Left(str):
    """A note on an exception: what an interruption leaves, to be said in its line."""

    __slots__ = ()


class Terminated(KeyboardInterrupt):
    """SIGTERM: everything is cleaned up as after Ctrl-C."""


class Stop:
    """Handler of SIGINT and SIGTERM that raises once, and remembers: libraries may lose an exception."""

    def __init__(self) -> None:
        self.number, self._last = 0, -_ONE_SIGNAL

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt or Terminated, unless that has just been done; after an import is done."""
        now = time.monotonic()
        if _importing(frame):  # modules in C swallow what is raised while they are set up
            _soon(number)
        elif now - self._last >= _ONE_SIGNAL:
            self.number, self._last = number, now
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    def again(self, lost: Any) -> None:
        """Take the place of ``sys.unraisablehook``: raise anew what came where nothing can be raised."""
        if self.number and isinstance(lost.exc_value, KeyboardInterrupt):
            self._last = -_ONE_SIGNAL
            _soon(self.number)
        else:
            sys.__unraisablehook__(lost)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None


def _soon(number: int) -> None:
    timer = threading.Timer(0.02, _thread.interrupt_main, (number,))
    timer.daemon = True
    timer.start()


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let SIGTERM end the block as Ctrl-C does; outside the main thread signals stay as they are."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    hook, before = sys.unraisablehook, {number: signal.getsignal(number) for number in _STOPPING}
    try:
        for number in _STOPPING:
            signal.signal(number, stop)
        sys.unraisablehook = stop.again
        yield stop
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Let threads and processes that the block starts never hear of Ctrl-C; this thread hears of it after."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def die_with_parent() -> None:
    """Set up a worker: it ends when its parent does, and leaves Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> NoReturn:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def leave_if_spawned() -> None:
    """End this process without a word if a parent is only just starting it.

    Then the main script is being read again, and would start workers once more: it has no main guard.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        os._exit(NO_GUARD)


def main_script() -> str | None:
    """Return the main script that spawned workers cannot read again, e.g. '<stdin>', or None."""
    main = sys.modules["__main__"]
    path = getattr(main, "__file__", None)
    if path is None or getattr(main, "__spec__", None) is not None or os.path.exists(path):  # noqa: PTH110
        return None
    return str(path)


def open_streams() -> None:
    """Give closed standard streams an empty end, and write what a terminal cannot show as escapes.

    Otherwise the next files opened would be taken for them.
    """
    missing = os.open(os.devnull, os.O_RDWR)
    while missing <= 2:
        missing = os.dup(missing)
    os.close(missing)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def flush_output() -> None:
    """Flush standard output; where that fails, what is left goes nowhere, not into an error at the end."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        raise


def tell(message: str) -> None:
    """Write one line to standard error; stay silent if that is impossible."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{' '.join(message.split())}\n")
        sys.stderr.flush()
