"""Parquet: nested records, as ``generate`` yields them, in row groups, with the metadata in the schema."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

from darkmc.core.event_columns import Columns, flat, records
from darkmc.output.writers import BATCH, Stored, Writer

_KEY = b"darkmc"


class ParquetWriter(Writer):
    """A table of records; ``ak.from_parquet`` returns what was written, names of records included."""

    name: ClassVar[str] = "parquet"
    suffixes: ClassVar[tuple[str, ...]] = (".parquet",)
    needs: ClassVar[str] = "pyarrow parquet"

    def __init__(self, path: str | os.PathLike[str], metadata: Mapping[str, Any], stack: ExitStack) -> None:
        self._path, self._packed, self._stack = path, json.dumps(metadata).encode(), stack
        self._file: Any = None

    @classmethod
    @contextmanager
    def open(cls, path: str | os.PathLike[str], metadata: Mapping[str, Any]) -> Iterator[Self]:
        """Begin a file."""
        with ExitStack() as stack:
            yield cls(path, metadata, stack)

    def append(self, columns: Columns) -> None:
        """Write a row group."""
        import awkward as ak
        import pyarrow.parquet

        table = ak.to_arrow_table(records(columns), extensionarray=True)
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: self._packed})
        if self._file is None:
            # dictionaries are of no use for numbers that are all different
            self._file = self._stack.enter_context(
                pyarrow.parquet.ParquetWriter(
                    self._path, table.schema, compression="zstd", compression_level=1, use_dictionary=False
                )
            )
        self._file.write_table(table, row_group_size=len(table))

    @classmethod
    @contextmanager
    def read(cls, path: str | os.PathLike[str]) -> Iterator[Stored]:
        """Open a file."""
        import awkward as ak
        import pyarrow.parquet

        with Path(path).open("rb") as raw, pyarrow.parquet.ParquetFile(raw) as file:
            metadata = json.loads(file.schema_arrow.metadata[_KEY])
            yield Stored(metadata, (flat(ak.from_arrow(part)) for part in file.iter_batches(BATCH)))


WRITER = ParquetWriter
