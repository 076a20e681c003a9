"""Numbers with their errors, and tables, as people read them: in a terminal and in a notebook."""

import html
import math
from collections.abc import Sequence
from typing import Any

from darkmc.core.estimates import UNKNOWN

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
        return written
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


def html_table(title: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table for notebooks; text is escaped."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    caption = f"<caption>{html.escape(title)}</caption>" if title else ""
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
