"""Numbers with their errors, and tables, as people read them: in a terminal and in a notebook."""

import html
import math
import re
import string
from collections.abc import Iterable, Sequence
from typing import Any

from darkmc.core.estimates import UNKNOWN

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")
_FIXED = range(-3, 6)  # powers of ten of numbers that are written without one


def with_error(value: float, error: float) -> str:
    """Return a number and its error, both to the same place: two digits of the error, none below units.

    Examples
    --------
    >>> with_error(15912.3, 118.2), with_error(36.6941, 0.3571), with_error(4.883e-05, 1.21e-07)
    ('15912 +- 118', '36.69 +- 0.36', '(4.883 +- 0.012)e-05')
    """
    if not math.isfinite(error):
        return f"{value:.5g}, error {UNKNOWN}"
    written, parts = alike(value, error)
    if error == 0.0:
        return f"{written} +- 0"
    number, mark, power = written.partition("e")
    return f"({number} +- {parts.partition('e')[0]}){mark}{power}" if mark else f"{written} +- {parts}"


def alike(value: float, error: float, *others: float) -> list[str]:
    """Return numbers written to the place to which the error has two digits, all with one power of ten."""
    size = max(abs(value), error)
    if not (0.0 < size < math.inf):
        return [f"{number:.5g}" for number in (value, error, *others)]
    power = math.floor(math.log10(size))
    last = math.floor(math.log10(error)) - 1 if error > 0.0 else power - 4
    if power in _FIXED:
        return [f"{number:.{max(-last, 0)}f}" for number in (value, error, *others)]
    places, scale = max(power - last, 0), 10.0**power
    if scale == 0.0:  # below the smallest numbers
        return [f"{number:.5g}" for number in (value, error, *others)]
    return [f"{number / scale:.{min(places, 15)}f}e{power:+03d}" for number in (value, error, *others)]


def text_table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table with its columns below each other, numbers to the right, words to the left."""
    cells = [[*map(str, head)], *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(head))]
    left = [any(isinstance(row[k], str) for row in rows) for k in range(len(head))]
    lines = (
        "  ".join(
            cell.ljust(width) if words else cell.rjust(width)
            for cell, width, words in zip(row, widths, left, strict=True)
        )
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def merged(texts: Iterable[str]) -> list[str]:
    """Return texts each once; of those that differ in percentages only, one with the range of these.

    Examples
    --------
    >>> merged(["15% of it is lost", "no edge", "25% of it is lost"])
    ['15 to 25% of it is lost', 'no edge']
    """
    return [_range_of(group) for group in grouped(texts)]


def grouped(texts: Iterable[str]) -> list[list[str]]:
    """Return texts in groups of those that differ in percentages only, each once."""
    groups: dict[str, dict[str, None]] = {}
    for text in texts:
        groups.setdefault(_PERCENT.sub("%", text), {})[text] = None
    return [list(group) for group in groups.values()]


LONG = 60  # letters of a remark that is said once below a table, not in its rows


def notes(rows: Sequence[Sequence[str]]) -> dict[str, tuple[str, str]]:
    """Return mark and text below a table of every remark that is long and in more than one of its rows.

    Remarks that differ in percentages only share a note, and their marks say the percentages.

    Examples
    --------
    >>> long = "of the yield is from mesons outside the range in which the fit is known"
    >>> [text for _, text in notes([[f"15% {long}"], [f"25% {long}"], ["no edge"]]).values()][0][:21]
    'a: 15 to 25% of the y'
    """
    used = [text for remarks in rows for text in dict.fromkeys(remarks) if len(text) > LONG]
    out: dict[str, tuple[str, str]] = {}
    for group in grouped(used):
        if sum(used.count(text) for text in group) < 2:
            continue
        number = len({text for _, text in out.values()})
        letter = string.ascii_lowercase[number] if number < len(string.ascii_lowercase) else str(number + 1)
        for text in group:
            shares = ", ".join(f"{share}%" for share in _PERCENT.findall(text)) if len(group) > 1 else ""
            out[text] = f"{letter} ({shares})" if shares else letter, f"{letter}: {_range_of(group)}"
    return out


def _range_of(group: Sequence[str]) -> str:
    parts = _PERCENT.sub("%", group[0]).split("%")
    shares = zip(*(_PERCENT.findall(text) for text in group), strict=True)
    spans = [sorted(set(one), key=float) for one in shares]
    told = [span[0] if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans]
    return "".join(f"{part}{share}%" for part, share in zip(parts, told, strict=False)) + parts[-1]


def html_table(title: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table for notebooks, which would set words to the right; text is escaped."""
    left = 'style="text-align: left"'
    top = "".join(f"<th {left}>{html.escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td {left}>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    caption = f"<caption {left}>{html.escape(title)}</caption>" if title else ""
    return (
        f"<table>{caption}"
        + (f"<thead><tr>{top}</tr></thead>" if top else "")
        + f"<tbody>{body}</tbody></table>"
    )


Facts = Sequence[tuple[str, str]]  # names of what is said, and what is said


def text_facts(title: str, facts: Facts) -> str:
    """Return a title and a line for each fact."""
    return "\n".join([title, *(f"  {name}: {said}" for name, said in facts)])


def html_facts(title: str, facts: Facts) -> str:
    """Return the same for notebooks."""
    return html_table(title, (), facts)
