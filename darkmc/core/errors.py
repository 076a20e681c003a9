"""The errors that darkmc raises for bad input: one clear line each, with the nearest valid name."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

LONGEST, LONGEST_MESSAGE = 200, 2000  # characters of a word that a user typed, and of a message
_LEAST_START, _MOST_BEGUN, _MOST_KNOWN = 2, 4, 12
_LONG_WORD = re.compile(rf"(\S{{{LONGEST}}})\S+")


def nearest(name: object, known: Iterable[str]) -> str:
    """Return what a user may have meant by an unknown name, for the end of a message.

    " (nearest: 'x')" for the known name with the fewest letters to change, if these are at most a third of
    the name's; else for those that begin like it; else "; known: a, b, ..." for the first dozen.

    Examples
    --------
    >>> nearest("charm-finegraind", ["charm-finegrained", "lsnd"]), nearest("K_L", ["electron", "pi0"])
    (" (nearest: 'charm-finegrained')", '; known: electron, pi0')
    """
    names = list(dict.fromkeys(known))
    typed = str(name)[:LONGEST].lower()
    most = len(typed) // 3
    close = [(far, other) for other in names if (far := _distance(typed, other.lower(), most)) <= most]
    if close:
        return f" (nearest: '{min(close, key=lambda pair: pair[0])[1]}')"
    begun = [repr(other) for other in names if _begins(typed, other.lower())]
    if begun:
        return f" (nearest: {_listed(begun, _MOST_BEGUN)})"
    return f"; known: {_listed(names, _MOST_KNOWN)}" if names else ""


def _begins(one: str, other: str) -> bool:
    """Return whether one of two names is how the other begins, and not a single letter."""
    short, long = sorted((one, other), key=len)
    return len(short) >= _LEAST_START and long.startswith(short)


def _listed(names: Sequence[str], most: int) -> str:
    more = ["..."] if len(names) > most else []
    return ", ".join([*names[:most], *more])


def _distance(one: str, other: str, most: int) -> int:
    """Return how many letters to change, add, drop or exchange with the next; more than `most` if so.

    Optimal string alignment: Damerau, Commun. ACM 7 (1964) 171, by the table of Wagner and Fischer.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before, last = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, mate in enumerate(other, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != mate))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == mate:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]


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


def how_to_get(extra: str) -> str:
    """Return the command that installs what an extra adds, also where darkmc runs from a clone alone."""
    from importlib import metadata

    try:
        metadata.distribution("darkmc")
    except metadata.PackageNotFoundError:
        return f"pip install '{Path(__file__).parents[2]}[{extra}]'"
    return f"pip install 'darkmc[{extra}]'"


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
