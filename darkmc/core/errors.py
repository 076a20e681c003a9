"""The errors that darkmc raises for bad input: one clear line each, with the nearest valid name."""

import difflib
import re
from collections.abc import Iterable, Sequence

LONGEST, LONGEST_MESSAGE = 200, 2000  # characters of a word that a user typed, and of a message
_LONG_WORD = re.compile(rf"(\S{{{LONGEST}}})\S+")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return " (nearest: 'x')" for the known name that is most like `name`, or nothing."""
    by_lower = {item.lower(): item for item in known}
    close = difflib.get_close_matches(str(name)[:LONGEST].lower(), by_lower, n=1, cutoff=0.0)
    return f" (nearest: '{by_lower[close[0]]}')" if close else ""


def shown(value: object) -> str:
    """Return what a user gave, as Python writes it, in one line of at most LONGEST characters."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python does not write whole numbers of thousands of digits
        return f"{type(value).__name__} of thousands of digits"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def brief(message: str) -> str:
    """Return a message in which what the user typed is cut where it is too long to be read."""
    text = _LONG_WORD.sub(r"\1...", message)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}..."


def first_line(error: Exception) -> str:
    """Return the first line of what a library says, or the error's kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


class BadInputError(ValueError):
    """Base of the errors for bad input; cuts what is too long in its message."""

    def __init__(self, message: object = "") -> None:
        super().__init__(brief(str(message)))


class CardError(BadInputError):
    """A card (TOML file) cannot be found, read or understood; names file, key and nearest valid name."""


class PhysicsError(BadInputError):
    """A number has no physical meaning, or a channel is closed."""


class FailedPointsError(RuntimeError):
    """Points of a scan could not be computed; all others are done, and written.

    Attributes
    ----------
    lines : tuple of str
        One for each of them, and one that counts them.
    """

    def __init__(self, failed: Sequence[str], count: int) -> None:
        counted = f"{len(failed)} of {count} points failed; done again, the same command computes only these"
        self.lines = (*failed, counted)
        super().__init__(self.lines[-1])


class DarkmcWarning(UserWarning):
    """What darkmc itself warns of; the command line shows these, and no others, under its own name."""


class ValidityWarning(DarkmcWarning):
    """A result rests on a fit outside the range in which the fit was made."""


class PrecisionWarning(DarkmcWarning):
    """A result is returned although the requested precision was not reached."""
