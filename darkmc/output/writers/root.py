"""ROOT files of events: a TTree of flat branches and the metadata as a JSON string."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

from darkmc.core.errors import PhysicsError
from darkmc.core.event_columns import Columns
from darkmc.output.writers import BATCH, Stored, Writer


class RootWriter(Writer):
    """A TTree ``events`` and a TObjString ``metadata``."""

    name: ClassVar[str] = "root"
    suffixes: ClassVar[tuple[str, ...]] = (".root",)
    whole: ClassVar[str] = "events"  # the tree of all columns

    def __init__(self, file: Any) -> None:
        self._file = file
        self._tree: Any = None

    @classmethod
    @contextmanager
    def open(cls, path: str | os.PathLike[str], metadata: Mapping[str, Any]) -> Iterator[Self]:
        """Begin a file; the metadata come behind the events."""
        import uproot

        # an open file: as a name, what stands before a colon would be taken for a protocol
        with Path(path).open("r+b") as raw, uproot.recreate(raw, compression=uproot.ZSTD(1)) as file:
            yield cls(file)
            file["metadata"] = json.dumps(metadata)

    def append(self, columns: Columns) -> None:
        """Write a basket of each branch."""
        if self._tree is None:
            self._tree = self._file.mktree(self.whole, {name: c.dtype for name, c in columns.items()})
        self._tree.extend(columns)

    @classmethod
    @contextmanager
    def read(cls, path: str | os.PathLike[str]) -> Iterator[Stored]:
        """Open a file with flat columns as a TTree or an RNTuple, FairShip's included."""
        import uproot

        with Path(path).open("rb") as raw, uproot.open(raw) as file:
            for key in ("events", "metadata"):
                if key not in file:
                    raise PhysicsError(f"no '{key}' inside: not a sample of darkmc")
            tree, metadata = (
                file["darkmc" if "darkmc" in file else "events"],
                json.loads(str(file["metadata"])),
            )
            starts = range(0, tree.num_entries, BATCH)
            batches = (tree.arrays(entry_start=k, entry_stop=k + BATCH, library="np") for k in starts)
            yield Stored(metadata, batches)


WRITER = RootWriter
