"""The errors that darkmc raises for bad input: one clear line each, with the nearest valid name."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Return " (nearest: 'x')" for the known name that is most like `name`, or nothing."""
    by_lower = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.0)
    return f" (nearest: '{by_lower[close[0]]}')" if close else ""


class CardError(ValueError):
    """A card (TOML file) cannot be found, read or understood; names file, key and nearest valid name."""


class PhysicsError(ValueError):
    """A number has no physical meaning, or a channel is closed."""


class DarkmcWarning(UserWarning):
    """What darkmc itself warns of; the command line shows these, and no others, under its own name."""


class ValidityWarning(DarkmcWarning):
    """A result rests on a fit outside the range in which the fit was made."""


class PrecisionWarning(DarkmcWarning):
    """A result is returned although the requested precision was not reached."""
