"""CSV tables with '#' lines in front, read and written: the only place that knows the format."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from darkmc.core.errors import CardError
from darkmc.core.input_files import Fault, read_text


@dataclass(frozen=True)
class Table:
    """What a CSV file holds, as text.

    Attributes
    ----------
    path : Path
        The file.
    head : tuple of str
        What follows '# ' in lines that start with it.
    columns : list of str
        Cells of the first row; empty if the file has no rows at all.
    columns_line : int
        The line that they are on.
    rows : list of (int, list of str)
        Line and stripped cells of every other row.
    blank : frozenset of int
        Lines that hold nothing.
    digest : str
        Sixteen digits of the SHA-256 of the text.
    """

    path: Path
    head: tuple[str, ...]
    columns: list[str]
    columns_line: int
    rows: list[tuple[int, list[str]]]
    blank: frozenset[int]
    digest: str

    def records(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield line and cells by column of every row; a short row lacks the last columns."""
        for line, cells in self.rows:
            yield line, dict(zip(self.columns, cells, strict=False))


def read_csv(path: Path, fault: Fault = CardError, strict: bool = True, nothing: str | None = None) -> Table:
    """Return the table in a CSV file; a quoted cell ends in the line in which it starts.

    Parameters
    ----------
    path : Path
        The file.
    fault : type
        What is raised.
    strict : bool
        A stray quote is a fault.
    nothing : str, optional
        The characters of which a line may consist that holds nothing; white space if none are given.

    Raises
    ------
    CardError or PhysicsError
        The fault, with file and line, if the file is not there, is no text, or a line is no row.
    """
    text = read_text(path, fault)
    head, rows, blank = [], [], set()
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            head += [line[2:]] if line.startswith("# ") else []
        elif not line.strip(nothing):
            blank.add(number)
        else:
            rows.append((number, _cells(path, number, line, fault, strict)))
    first, columns = rows[0] if rows else (0, [])
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Table(path, tuple(head), columns, first, rows[1:], frozenset(blank), digest)


def _cells(path: Path, number: int, line: str, fault: Fault, strict: bool) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=strict))]
    except csv.Error as error:
        why = "not a row of a CSV file (a stray quote?)" if strict else error
        raise fault(f"{path}:{number}: {why}") from None


def write_csv(
    file: IO[str], head: Iterable[str], columns: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> None:
    """Write a table into a file open for text; None, nan and what a row lacks become empty cells."""
    file.writelines(f"# {line}\n" for line in head)
    writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: "" if value != value else value for key, value in row.items()})
