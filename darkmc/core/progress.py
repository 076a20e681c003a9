"""Progress bars with the time left, where work takes longer than two seconds: on terminals, in notebooks.

Elsewhere, in worker processes and in threads nothing is shown; :mod:`darkmc.core.saying` may ask for lines.
"""

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, Self

from darkmc.core.saying import is_quiet, is_verbose, say
from darkmc.core.units import truth

_AFTER = 2.0  # s: work that is done sooner shows nothing
_EVERY = 5.0  # s between lines where bars are lines


class Progress(Protocol):
    """What is reported after every round: rows so far and the worst relative error."""

    def __call__(self, rows: int, precision: float) -> None: ...  # noqa: D102


class _Silent:
    """A bar that is not shown; tqdm, which takes long to load, is not asked for it."""

    def __init__(self, total: float | None = None, unit: str = "") -> None:
        self.n, self.total, self.unit = 0, total, unit

    def update(self, step: int = 1) -> None:
        """Count."""
        self.n += step

    def set_postfix_str(self, text: str, refresh: bool = True) -> None:
        """Say nothing."""
        del text, refresh

    def close(self) -> None:
        """Leave nothing to remove."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Lines(_Silent):
    """A bar in lines, one every some seconds: for logs."""

    def __init__(self, total: float | None = None, unit: str = "") -> None:
        super().__init__(total, unit)
        self._start = self._last = time.monotonic()
        self._text, self._told = "", 0

    def update(self, step: int = 1) -> None:
        """Count, and write a line if the last was long ago."""
        super().update(step)
        if time.monotonic() - self._last >= _EVERY:
            self._write()

    def set_postfix_str(self, text: str, refresh: bool = True) -> None:
        """Keep what the next line ends with."""
        del refresh
        self._text = text

    def close(self) -> None:
        """Write the last line."""
        if self.n > self._told:
            self._write()

    def _write(self) -> None:
        self._last, self._told = time.monotonic(), self.n
        passed, part = self._last - self._start, f"{self.n}{self.unit}"
        if self.total and self.total > self.n > 0:
            part = f"{self.n} of some {self.total:.0f}{self.unit}"
            left = f", some {passed * (self.total / self.n - 1.0):.0f} s left"
        else:
            left = ""
        say(f"{part}, {passed:.1f} s{left}{f', {self._text}' if self._text else ''}")


def _in_notebook() -> bool:
    return "ipykernel" in sys.modules


def _is_seen() -> bool:
    if is_quiet() or multiprocessing.parent_process() is not None:
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    return _in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def _bar(shown: bool = True, total: float | None = None, unit: str = "") -> Any:
    seen = shown and _is_seen()
    if not seen:
        lines = shown and is_verbose() and multiprocessing.parent_process() is None
        return _Lines(total, unit) if lines else _Silent(total, unit)
    if _in_notebook():
        from tqdm.auto import tqdm
    else:
        from tqdm import tqdm
    return tqdm(leave=False, delay=_AFTER, total=total, unit=unit, unit_scale=True)


class RoundBar:
    """Primaries made and the running precision of one sample, with the time left.

    Parameters
    ----------
    wanted : float or int
        The precision, or the number of primaries, that is asked for.
    """

    def __init__(self, wanted: float) -> None:
        self._wanted = wanted
        total = wanted if isinstance(wanted, int) else None
        self._bar = _bar(total=total, unit=" primaries")

    @property
    def silent(self) -> bool:
        """Nothing is shown, and nobody need count."""
        return type(self._bar) is _Silent

    def expect(self, rows: int) -> None:
        """Know of rows that are about to be made."""
        if not isinstance(self._wanted, int):
            self._bar.total = self._bar.n + rows

    def made(self, rows: int) -> None:
        """Count rows that are made."""
        self._bar.update(rows)

    def __call__(self, rows: int, precision: float) -> None:
        """Show the worst relative error so far."""
        del rows  # counted as they are made
        text = f"error {precision:.2%}" if precision < 10.0 else ""
        self._bar.set_postfix_str(text, refresh=False)  # not before its time

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


class _Done:
    """The result of a task that is done."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def result(self) -> Any:
        return self._value


class Counted:
    """An executor of chunks that tells a bar of the rows that are to be made, and are made.

    Parameters
    ----------
    executor : object with ``submit`` or None
        Runs the tasks; None: each at once, here.
    bar : RoundBar
        What counts.
    """

    def __init__(self, executor: Any, bar: RoundBar) -> None:
        self._executor, self._bar, self.expect = executor, bar, bar.expect

    def submit(self, run: Callable[..., Any], seed: int, chunk: int, rows: int, *more: Any) -> Any:
        """Make a chunk of rows, or hand it on; return what has its result."""
        if self._executor is None:
            done = _Done(run(seed, chunk, rows, *more))
            self._bar.made(rows)
            return done
        future = self._executor.submit(run, seed, chunk, rows, *more)
        future.add_done_callback(lambda _: self._bar.made(rows))
        return future


@contextmanager
def rounds_shown(
    progress: Progress | bool, wanted: float, executor: Any
) -> Iterator[tuple[Progress | None, Any]]:
    """Give what is called after every round, and the executor of chunks, which counts for a bar.

    A bar that is removed at the end, the caller's, or nothing.
    """
    if callable(progress) or not truth("progress", progress):
        yield progress if callable(progress) else None, executor
        return
    bar = RoundBar(wanted)
    try:
        yield bar, executor if bar.silent else Counted(executor, bar)
    finally:
        bar.close()


def count_bar(total: int, unit: str, shown: bool = True) -> Any:
    """Return a bar over a known number of things."""
    return _bar(shown, total, f" {unit}")
