"""Limit tables in long form: along which column a picture runs, and the series that the others make."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from darkmc.core.errors import PhysicsError
from darkmc.figures.style import M_DARK_PHOTON, energy, plain
from darkmc.output.limits import ALL_COLUMNS

_MASSES = {"m_dark_photon": M_DARK_PHOTON, "m_axion": "axion mass $m_a$ [GeV]"}
RATIO = "m_axion/m_dark_photon"
_SAME = 1e-9  # relative; ratios of masses are as rounded as these
Row = Mapping[str, str]


class Series(NamedTuple):
    """Rows of a table that differ in one column, and what they have in common in the others that vary."""

    rows: list[dict[str, str]]  # the column of the horizontal axis as m_dark_photon
    common: dict[str, str]

    @property
    def label(self) -> str:
        """What they have in common, for a legend."""
        return ", ".join(_words(column, value) for column, value in self.common.items())


class LongTable(NamedTuple):
    """The series of a table, and the label of their horizontal axis."""

    label: str
    series: list[Series]


def long_table(rows: Sequence[Row], where: str) -> LongTable:
    """Return the series of a table.

    They run along the dark photon's mass if it varies, else along the axion's, else along a key of the card.

    Raises
    ------
    PhysicsError
        If a column that must hold numbers does not.
    """
    keys = [column for column in rows[0] if column not in ALL_COLUMNS]
    varying = [c for c in (*_MASSES, *keys) if len({row[c] for row in rows}) > 1]
    along = varying[0] if varying else "m_dark_photon"
    others = [column for column in varying if column != along]
    turned = [{**row, "m_dark_photon": row[along], "place": row["m_dark_photon"]} for row in rows]
    try:
        series = [Series(part, _common(part, others)) for part in _parts(turned, keys, others)]
    except (TypeError, ValueError, ZeroDivisionError):
        raise PhysicsError(f"{where}: masses and edges must be numbers above zero") from None
    return LongTable(_MASSES.get(along, plain(along)), _told_apart(series))


def _parts(
    rows: list[dict[str, str]], keys: Sequence[str], others: Sequence[str]
) -> Iterator[list[dict[str, str]]]:
    """Yield what belongs together: a new part begins where a key changes, or the axis goes back."""
    first = 0
    for k, (before, after) in enumerate(pairwise(rows), 1):
        back = bool(others) and float(after["m_dark_photon"]) < float(before["m_dark_photon"])
        if back or any(before[key] != after[key] for key in keys if key in others):
            yield rows[first:k]
            first = k
    yield rows[first:]


def _common(rows: list[dict[str, str]], columns: Sequence[str]) -> dict[str, str]:
    """Return the columns in which all rows agree, and the ratio of the masses if it is the same in all."""
    common = {column: rows[0][column] for column in columns if len({row[column] for row in rows}) == 1}
    if "m_axion" in columns:
        ratios = [float(row["m_axion"]) / float(row["place"]) for row in rows]
        if max(ratios) - min(ratios) <= _SAME * max(ratios):
            common[RATIO] = f"{ratios[0]:.9g}"
    return common


def _told_apart(series: list[Series]) -> list[Series]:
    """Return the series without what all of them have in common, the axion by its mass or its ratio."""
    masses = [{column for column in ("m_axion", RATIO) if column in part.common} for part in series]
    shared = set.intersection(*masses)
    dropped = [
        {"m_axion"} if shared == {RATIO} else {RATIO} if "m_axion" in found else set() for found in masses
    ]
    common = [
        {column: value for column, value in part.common.items() if column not in without}
        for part, without in zip(series, dropped, strict=True)
    ]
    apart = {column for one in common for column in one if len({other.get(column) for other in common}) > 1}
    return [
        part._replace(common={column: value for column, value in one.items() if column in apart})
        for part, one in zip(series, common, strict=True)
    ]


def _words(column: str, value: str) -> str:
    if column == RATIO:
        return rf"$m_a$ = {float(value):.3g} $m_{{\gamma^\prime}}$" if float(value) > 0.0 else "$m_a$ = 0"
    if column in _MASSES:
        symbol = "$m_a$" if column == "m_axion" else r"$m_{\gamma^\prime}$"
        return f"{symbol} = {energy(float(value)) if float(value) > 0.0 else '0'}"
    return f"{plain(column)} = {plain(value)}"


def axis_words(column: str) -> str:
    """Return the label of an axis along a column that series have in common."""
    ratio = r"$m_a / m_{\gamma^\prime}$"
    return ratio if column == RATIO else _MASSES.get(column, plain(column))
