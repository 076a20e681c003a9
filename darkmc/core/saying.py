"""How much is said beside results: nothing, what is usual, or what is read and done."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from darkmc.core.process import tell

QUIET, USUAL, VERBOSE = -1, 0, 1
_level: ContextVar[int] = ContextVar("level", default=USUAL)


@contextmanager
def saying(level: int) -> Iterator[None]:
    """Let the block say nothing beside results and errors (QUIET), what is USUAL, or more (VERBOSE)."""
    before = _level.set(level)
    try:
        yield
    finally:
        _level.reset(before)


def is_quiet() -> bool:
    """Return whether nothing is to be said beside results and errors."""
    return _level.get() == QUIET


def is_verbose() -> bool:
    """Return whether much is to be said."""
    return _level.get() == VERBOSE


def note(text: str) -> None:
    """Write a line to standard error that is neither an error nor a warning, unless nothing is to be said."""
    if not is_quiet():
        tell(f"darkmc: note: {text}")


def say(text: str) -> None:
    """Write a line to standard error where much is to be said."""
    if is_verbose():
        note(text)
