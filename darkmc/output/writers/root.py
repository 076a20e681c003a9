"""ROOT files of events: a TTree of flat branches and the metadata as a JSON string."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from darkmc.output.writers import Columns, Writer


class RootWriter(Writer):
    """A TTree ``events`` and a TObjString ``metadata``."""

    suffixes: ClassVar[tuple[str, ...]] = (".root",)

    def __init__(self, file: Any) -> None:
        self._file = file
        self._tree: Any = None

    @classmethod
    @contextmanager
    def open(cls, path: str | os.PathLike[str], metadata: Mapping[str, Any]) -> Iterator["RootWriter"]:
        """Begin a file; the metadata come behind the events."""
        import uproot

        # an open file: as a name, what stands before a colon would be taken for a protocol
        with Path(path).open("r+b") as raw, uproot.recreate(raw, compression=uproot.ZSTD(1)) as file:
            yield cls(file)
            file["metadata"] = json.dumps(metadata)

    def append(self, columns: Columns) -> None:
        """Write a basket of each branch."""
        if self._tree is None:
            self._tree = self._file.mktree("events", {name: c.dtype for name, c in columns.items()})
        self._tree.extend(columns)


WRITER = RootWriter
