"""Read lists of mesons from text: columns parted by blanks, tabs or commas, with names or without."""

import io
import re
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.flux import ListColumns
from darkmc.core.errors import CardError
from darkmc.core.input_files import UNPACKING_ERRORS, unpacked, what_it_is
from darkmc.core.kinematics import Array
from darkmc.sources.lists.naming import named, unnamed

_FORTRAN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[dDqQ]([+-]?\d+)|([+-]\d{3}))")  # 1.0D-01, 1.0-101
_UNREADABLE = re.compile("[\ud800-\udfff]")  # what bytes that are no UTF-8 are read as


def text_columns(path: Path, columns: ListColumns) -> tuple[dict[str, Array], NDArray[np.int64], bool]:
    """Return columns by key, the lines that the entries are on, and whether the text names its columns.

    Text packed by gzip, bzip2 or xz is unpacked; comments, from '#' on, may be in any encoding.  Names stand
    in the first line that is no comment, or in the comment just before the first entry.

    Raises
    ------
    CardError
        With file and line: no text, lines of different length, a field that is no number.
    """
    what = what_it_is(path)
    if what.kind not in ("", "text"):
        raise CardError(f"{path}: {what.kind}: {what.advice}")
    try:
        with io.TextIOWrapper(unpacked(path), encoding="utf-8-sig", errors="surrogateescape") as text:
            return _Table(path, columns).read(_lines(path, text))
    except UNPACKING_ERRORS as error:
        raise CardError(f"{path}: cannot be unpacked: {error}") from None


def _lines(path: Path, text: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """Yield number, content and comment of every line that is not empty."""
    for number, line in enumerate(text, 1):
        content, _, comment = line.partition("#")
        content = content.strip()
        if "\0" in line or not (content.isascii() or _UNREADABLE.search(content) is None):
            raise CardError(f"{path}:{number}: neither text nor named .parquet, .root, .hepmc or .lhe")
        if content or comment:
            yield number, content, comment.strip()


class _Table:
    """A text, as far as it was read."""

    def __init__(self, path: Path, columns: ListColumns) -> None:
        self.path, self.columns = path, columns
        self._width = 0
        self._names: list[str] | None = None
        self._said = ""
        self._pick: list[int] = []
        self._keys: tuple[str, ...] = ()

    def read(self, lines: Iterator[tuple[int, str, str]]) -> tuple[dict[str, Array], NDArray[np.int64], bool]:
        """Return columns, numbers of lines, and whether there are names."""
        values, places = array("d"), array("q")
        for number, content, comment in lines:
            if not content:
                self._said = comment or self._said
                continue
            fields = self._fields(number, content)
            if not self._width and self._begins(number, fields):
                continue
            if len(fields) != self._width:
                raise CardError(f"{self.path}:{number}: {len(fields)} columns, not {self._width}")
            picked = [fields[k] for k in self._pick] if self._names else fields
            try:
                values.extend(map(float, picked))
            except ValueError:
                del values[len(places) * len(self._pick) :]
                values.extend(_number(self.path, number, field) for field in picked)
            places.append(number)
        shape = (-1, max(len(self._keys), 1))
        matrix = np.frombuffer(values).reshape(shape) if values else np.empty((0, len(self._keys)))
        found = dict(zip(self._keys, np.ascontiguousarray(matrix.T), strict=True))
        return found, np.array(places, dtype=np.int64), self._names is not None

    def _fields(self, number: int, content: str) -> list[str]:
        if ";" in content:
            text = "columns are parted by semicolons, but blanks, tabs or commas are read"
            points = " and decimal commas by points" if "," in content else ""
            raise CardError(f"{self.path}:{number}: {text}: replace them by blanks{points}")
        return content.split(",") if "," in content else content.split()

    def _begins(self, number: int, fields: list[str]) -> bool:
        """Take the first line that is no comment; return whether it holds names."""
        self._width = len(fields)
        words = [field.strip().strip("\"'") for field in fields]
        is_head = any(words) and not any(_is_number(field) for field in words)
        if is_head and not any(re.search("[A-Za-z]", word) for word in words):
            is_head = False
        if is_head:
            self._names = words
        else:
            self._names = self._of_comment()
        if self._names is None:
            self._keys = unnamed(self.path, number, self._width, self.columns)
            self._pick = list(range(self._width))
        else:
            picked = named(self.path, self._names, self.columns)
            self._keys, self._pick = tuple(picked), [self._names.index(name) for name in picked.values()]
        return is_head

    def _of_comment(self) -> list[str] | None:
        """Return the names that the comment before the first entry holds, if it does."""
        said = self._said.lstrip("# ")
        mark = next((mark for mark in (",", "\t") if mark in said), None)
        words = [word.strip().strip("\"'") for word in said.split(mark)]
        if len(words) != self._width:
            return None
        try:
            named(self.path, words, self.columns)
        except CardError:
            return None
        return words


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return _FORTRAN.fullmatch(text) is not None
    return True


def _number(path: Path, number: int, field: str) -> float:
    """Return a number as Python or Fortran writes it."""
    try:
        return float(field)
    except ValueError:
        pass
    match = _FORTRAN.fullmatch(field.strip())
    if match is not None:
        return float(f"{match[1]}e{match[2] or match[3]}")
    stars = ": as Fortran prints what its format has no room for" if set(field.strip()) == {"*"} else ""
    raise CardError(f"{path}:{number}: '{field.strip()}' is not a number{stars}") from None
