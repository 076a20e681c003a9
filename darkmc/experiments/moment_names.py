"""Names of limits from lepton moments, beside those of cards."""

from pathlib import Path
from typing import TYPE_CHECKING

from darkmc.cards.found import find_card, names_to_suggest
from darkmc.core.errors import CardError, nearest

if TYPE_CHECKING:
    from darkmc.gminus2.data import Row

PREFIX = "gminus2-"


def is_moment(name: str) -> bool:
    """Return whether a name is one of a moment's limit, not of a card."""
    return name.startswith(PREFIX) and not name.endswith(".toml")


def list_moments(extra: "tuple[Row, ...]" = ()) -> list[str]:
    """Return the names of all limits from lepton moments."""
    return list(_differences(extra))


def _differences(extra: "tuple[Row, ...]" = ()) -> "dict[str, Row]":
    from darkmc.gminus2.data import TABLE

    rows = [row for row in (*TABLE, *extra) if row.quantity == "difference"]
    return {f"{PREFIX}{row.lepton}-{row.name}": row for row in rows}


def moment_words(name: str) -> str:
    """Return what a limit from a moment rests on: measurement minus prediction, and where they are from."""
    row = _differences()[name]
    return f"measurement minus prediction {row.value:.3g} +- {row.error:.2g}; {row.source}"


def find_experiment(name: str) -> Path:
    """Return the path of an experiment's card, as ``find_card``, with moments among the suggestions.

    Raises
    ------
    CardError
        If there is no such card.
    """
    if is_moment(name) and name in list_moments():
        raise CardError(f"{name} has no card: darkmc limit {name} computes it from a table of moments")
    try:
        return find_card("detectors", name)
    except CardError:
        if name.endswith(".toml"):
            raise
        known = [*names_to_suggest("detectors"), *list_moments()]
        raise CardError(f"unknown experiment '{name}'{nearest(name, known)}") from None
