"""Writers of event files, a file each; one is added by adding a module here, and nothing else."""

import gzip
import io
import json
import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, ClassVar, NamedTuple, Protocol, Self

from darkmc.core.errors import PhysicsError
from darkmc.core.event_columns import Columns
from darkmc.output.event_graph import EventGraph, Known, known
from darkmc.output.event_text import Block, EventText

BATCH = 16384  # events that are read or written at once, so that baskets and row groups compress well
_GZIP_LEVEL = 1  # docs/files.md: the next ones take twice the time for a tenth of the size


class Stored(NamedTuple):
    """What an open file of events holds.

    Attributes
    ----------
    metadata : dict
        What was written beside the events.
    columns : iterator
        Of columns by name, `BATCH` events or fewer at a time; valid while the file is open.
    """

    metadata: dict[str, Any]
    columns: Iterator[Columns]


class Writer(Protocol):
    """A format of event files; the module that holds a writer names its class ``WRITER``.

    Attributes
    ----------
    name : str
        What ``--format`` calls it.
    suffixes : tuple of str
        How names of such files end by themselves; empty if the format must be named.
    needs : str
        The package that it needs beside those that are always there, and its extra: "pyarrow parquet".
    """

    name: ClassVar[str] = ""
    suffixes: ClassVar[tuple[str, ...]]
    needs: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def open(
        cls, path: str | os.PathLike[str], metadata: Mapping[str, Any]
    ) -> "AbstractContextManager[Writer]":
        """Begin a file in place of an empty one; it is complete when the block that uses it ends."""

    @abstractmethod
    def append(self, columns: Columns) -> None:
        """Write events: columns of the same length by name, the same names in every call, at least once."""

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> AbstractContextManager[Stored]:
        """Open a file that was written in this format."""
        raise PhysicsError(f"{path}: files of this kind are not read")


class TextWriter(Writer):
    """A format of text: a head, events, a foot; compressed if the name ends in .gz.

    Attributes
    ----------
    begins, marks : str
        With what an event's first line starts, and that which names its channel and particles.
    foot : str
        The last line.
    """

    begins: ClassVar[str]
    marks: ClassVar[str]
    foot: ClassVar[str]

    def __init__(self, file: IO[str], metadata: Mapping[str, Any]) -> None:
        self._file, self._metadata, self._about = file, metadata, known(metadata)
        self._text: EventText | None = None

    @staticmethod
    @abstractmethod
    def head(metadata: Mapping[str, Any], about: Known, packed: str) -> str:
        """Return what comes before the events; `packed` is JSON of all that is needed to read them again."""

    @staticmethod
    @abstractmethod
    def unpacked(head: str) -> str:
        """Return the JSON in what comes before the events."""

    @staticmethod
    @abstractmethod
    def lines(graph: EventGraph, channel: int, others: Sequence[str]) -> str:
        """Return the template of an event, see :class:`darkmc.output.event_text.EventText`."""

    @classmethod
    @contextmanager
    def open(cls, path: str | os.PathLike[str], metadata: Mapping[str, Any]) -> Iterator[Self]:
        """Begin a file."""
        with ExitStack() as stack:
            raw: Any = stack.enter_context(Path(path).open("wb"))
            if Path(path).suffix == ".gz":  # without name and time: the same events are the same bytes
                raw = stack.enter_context(gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0))
            file = stack.enter_context(io.TextIOWrapper(raw, encoding="utf-8", newline="\n"))
            yield cls(file, metadata)
            file.write(f"{cls.foot}\n")

    def append(self, columns: Columns) -> None:
        """Write events, before the first ones the head."""
        if self._text is None:
            types = {name: column.dtype.str for name, column in columns.items()}
            self._text = EventText(self.lines, self._about, types)
            packed = json.dumps({"metadata": self._metadata, "columns": types})
            self._file.write(self.head(self._metadata, self._about, packed))
        self._file.write(self._text.written(columns))

    @classmethod
    @contextmanager
    def read(cls, path: str | os.PathLike[str]) -> Iterator[Stored]:
        """Open a file."""
        with ExitStack() as stack:
            raw: Any = stack.enter_context(Path(path).open("rb"))
            if raw.peek(2)[:2] == b"\x1f\x8b":
                raw = stack.enter_context(gzip.GzipFile(fileobj=raw))
            lines = iter(stack.enter_context(io.TextIOWrapper(raw, encoding="utf-8")))
            head, first = [], ""
            for first in lines:
                if first.startswith(cls.begins):
                    break
                head.append(first)
            packed = json.loads(cls.unpacked("".join(head)))
            metadata = packed["metadata"]
            text = EventText(cls.lines, known(metadata), packed["columns"])
            yield Stored(metadata, cls._batches(first, lines, text))

    @classmethod
    def _batches(cls, first: str, lines: Iterator[str], text: EventText) -> Iterator[Columns]:
        """Yield the columns of events, the first line of the first of which has been read."""
        blocks: list[Block] = []
        event = [first]
        for line in lines:
            if not line.startswith((cls.begins, cls.foot)):
                event.append(line)
                continue
            if event:
                blocks.append(cls._block(event))
            if len(blocks) == BATCH or line.startswith(cls.foot):
                yield text.read(blocks)
                blocks = []
            if line.startswith(cls.foot):
                return
            event = [line]
        raise PhysicsError("the file ends too early")

    @classmethod
    def _block(cls, event: list[str]) -> Block:
        (mark,) = (line for line in event if line.startswith(cls.marks))
        channel, names = mark.removeprefix(cls.marks).split(maxsplit=1)
        return Block(int(channel), names.strip(), "".join(event))
