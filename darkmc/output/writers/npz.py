"""NumPy's .npz: an array for each column, and the metadata as text; written without holding the columns."""

import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar, Self

import numpy as np

from darkmc.core.event_columns import Columns
from darkmc.output.writers import BATCH, Stored, Writer

_METADATA = "metadata"


class NpzWriter(Writer):
    """Columns wait in files without a name until their length is known; not compressed."""

    name: ClassVar[str] = "npz"
    suffixes: ClassVar[tuple[str, ...]] = (".npz",)

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._waiting: dict[str, tuple[IO[bytes], np.dtype[Any]]] = {}
        self._count = 0

    @classmethod
    @contextmanager
    def open(cls, path: str | os.PathLike[str], metadata: Mapping[str, Any]) -> Iterator[Self]:
        """Begin a file."""
        with ExitStack() as stack:
            writer = cls(Path(path).parent, stack)
            yield writer
            with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
                writer.put(archive)
                with archive.open(f"{_METADATA}.npy", "w") as member:
                    np.lib.format.write_array(member, np.array(json.dumps(metadata)))

    def append(self, columns: Columns) -> None:
        """Write the columns, each behind what waits of it."""
        if not self._waiting:
            for name, column in columns.items():
                file = self._stack.enter_context(TemporaryFile(dir=self._folder))  # noqa: SIM115
                self._waiting[name] = file, column.dtype
        for name, column in columns.items():
            self._waiting[name][0].write(np.ascontiguousarray(column).tobytes())
        self._count += len(columns["weight"])

    def put(self, archive: zipfile.ZipFile) -> None:
        """Copy the columns into an archive."""
        for name, (file, kind) in self._waiting.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                about = {"descr": kind.str, "fortran_order": False, "shape": (self._count,)}
                np.lib.format.write_array_header_2_0(member, about)
                file.seek(0)
                shutil.copyfileobj(file, member)

    @classmethod
    @contextmanager
    def read(cls, path: str | os.PathLike[str]) -> Iterator[Stored]:
        """Open a file; all columns are read side by side."""
        with ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(path))
            members = {
                name.removesuffix(".npy"): stack.enter_context(archive.open(name))
                for name in archive.namelist()
            }
            metadata = json.loads(str(np.lib.format.read_array(members.pop(_METADATA), allow_pickle=False)))
            kinds = {}
            for name, member in members.items():
                np.lib.format.read_magic(member)
                (count,), _, kinds[name] = np.lib.format.read_array_header_2_0(member)
            yield Stored(metadata, _batches(members, kinds, count))


def _batches(
    members: Mapping[str, IO[bytes]], kinds: Mapping[str, np.dtype[Any]], count: int
) -> Iterator[Columns]:
    for first in range(0, count, BATCH):
        n = min(BATCH, count - first)
        yield {
            name: np.frombuffer(member.read(n * kinds[name].itemsize), kinds[name])
            for name, member in members.items()
        }


WRITER = NpzWriter
