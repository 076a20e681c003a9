"""Which columns of a list are read: under names, or of a text without names by their number."""

import re
from collections.abc import Sequence
from pathlib import Path

from darkmc.cards.flux import ListColumns
from darkmc.core.errors import CardError, nearest

MOMENTUM = ("px", "py", "pz", "E")
VERTEX = ("x", "y", "z", "t")
CELLS = ("log10_theta", "log10_p")
WEIGHT, PDG = "weight", "pdg"
_AS_CODES_WRITE_THEM = {"log10theta": "log10_theta", "log10thetarad": "log10_theta"}
_AS_CODES_WRITE_THEM |= {"log10p": "log10_p", "log10pgev": "log10_p"}
_ADVICE = "a first line of names may say more, such as weight"


def named(path: Path, present: Sequence[str], columns: ListColumns) -> dict[str, str]:
    """Return the file's names of the columns that are read.

    A vertex has all four or none, where `t` may be left out by ''; `E` too, and then follows from the mass.
    Instead of momenta a table may have log10 of angle and momentum, with a weight.

    Raises
    ------
    CardError
        If a column misses.
    """
    names = _cells(present, columns) or _momentum(columns)
    if CELLS[0] not in names and _has_vertex(present, columns):
        names |= {key: name for key in VERTEX if (name := getattr(columns, key))}
    if columns.pdg is not None:
        names[PDG] = columns.pdg
    if columns.weight or (columns.weight is None and WEIGHT in present):
        names[WEIGHT] = columns.weight or WEIGHT
    if CELLS[0] in names:
        names.setdefault(WEIGHT, columns.weight or WEIGHT)
    for key, name in names.items():
        if name not in present:
            raise CardError(f"{path}: no column '{name}'{_instead(key, name, present)}")
    return names


def _momentum(columns: ListColumns) -> dict[str, str]:
    return {key: name for key in MOMENTUM if (name := getattr(columns, key)) or key != "E"}


def _has_vertex(present: Sequence[str], columns: ListColumns) -> bool:
    if "" in (columns.x, columns.y, columns.z):
        return False
    places = [getattr(columns, key) for key in VERTEX]
    return any(name in present for name in places) or bool(columns.model_fields_set & set(VERTEX))


def _cells(present: Sequence[str], columns: ListColumns) -> dict[str, str]:
    """Return names of log10 theta and log10 p: those of the card, or as codes write them."""
    if columns.log10_theta is not None and columns.log10_p is not None:
        return {"log10_theta": columns.log10_theta, "log10_p": columns.log10_p}
    if set(_momentum(columns).values()) <= set(present):
        return {}
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in present}
    found = {key: plain[word] for word, key in _AS_CODES_WRITE_THEM.items() if word in plain}
    return found if len(found) == len(CELLS) else {}


def _instead(key: str, name: str, present: Sequence[str]) -> str:
    """Return the nearest name, or what else there is, and how to do without."""
    without = {"E": "from the mass", "t": "from when the beam passes"}
    there = nearest(name, present)
    return f"{there}; columns.{key} = '' takes it {without[key]}" if key in without else there


def unnamed(path: Path, number: int, width: int, columns: ListColumns) -> tuple[str, ...]:
    """Return what the columns of a text without names are.

    Raises
    ------
    CardError
        With file and line, if so many columns mean nothing.
    """
    if columns.pdg is not None or columns.log10_theta is not None:
        raise CardError(f"{path}:{number}: columns are named in the card, but the file has no line of names")
    momentum, vertex = tuple(_momentum(columns)), tuple(key for key in VERTEX if getattr(columns, key))
    weight = (WEIGHT,) if columns.weight else ()
    layouts = {len(one): one for one in ((*momentum, *weight), (*momentum, *vertex, *weight))}
    if width not in layouts:
        wanted = " or ".join(map(str, layouts))
        meant = f"{' '.join(momentum)}, perhaps {' '.join(vertex)}"
        cells = " (or '# log10(theta) log10(p) weight')" if width == 3 else ""
        raise CardError(f"{path}:{number}: {width} columns, not {wanted} ({meant}); {_ADVICE}{cells}")
    return layouts[width]
