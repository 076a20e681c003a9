"""Progress bars, silent when standard error is not a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, Self

from darkmc.core.units import truth


class Progress(Protocol):
    """What is reported after every round: rows so far and the worst relative error."""

    def __call__(self, rows: int, precision: float) -> None: ...  # noqa: D102


class _Silent:
    """A bar that is not shown; tqdm, which takes long to load, is not asked for it."""

    def __init__(self, total: int | None = None) -> None:
        self.n, self.total = 0, total

    def update(self, step: int = 1) -> None:
        """Count."""
        self.n += step

    def set_postfix_str(self, text: str) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Leave nothing to remove."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _bar(shown: bool = True, **options: Any) -> Any:
    if not (shown and sys.stderr is not None and sys.stderr.isatty()):
        return _Silent(options.get("total"))
    from tqdm import tqdm

    return tqdm(leave=False, **options)


class RoundBar:
    """Primaries per second and the running precision of one sample."""

    def __init__(self) -> None:
        self._bar = _bar(unit=" primaries", unit_scale=True)

    def __call__(self, rows: int, precision: float) -> None:
        """Show the number of rows so far and the worst relative error."""
        self._bar.update(rows - self._bar.n)
        self._bar.set_postfix_str(f"error {precision:.2%}" if precision < 10.0 else "")

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


@contextmanager
def rounds_shown(progress: Progress | bool) -> Iterator[Progress | None]:
    """Give what is called after every round: a bar that is removed at the end, the caller's, or nothing."""
    if callable(progress) or not truth("progress", progress):
        yield progress if callable(progress) else None
        return
    bar = RoundBar()
    try:
        yield bar
    finally:
        bar.close()


def count_bar(total: int, unit: str, shown: bool = True) -> Any:
    """Return a tqdm bar over a known number of things."""
    return _bar(shown, total=total, unit=f" {unit}", unit_scale=True)
