"""What a file is before it is read: there or not, by its first bytes, and as text; packed ones unpacked."""

import bz2
import gzip
import hashlib
import lzma
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from darkmc.core.errors import CardError, PhysicsError

Fault = type[CardError] | type[PhysicsError]

_HEAD = 512
UNPACKING_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError)  # of streams from :func:`unpacked`
_PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}


class What(NamedTuple):
    """What a file is, in words, and what to do so that it is read; both empty if unknown."""

    kind: str
    advice: str


_BY_START = (  # first bytes
    (b"\x28\xb5\x2f\xfd", What("a zstd file", "unpack it")),
    (b"PK\x03\x04", What("a zip file", "unpack it")),
    (b"PAR1", What("a Parquet file", "name it .parquet")),
    (b"root", What("a ROOT file", "name it .root")),
    (b"\x89HDF", What("an HDF5 file", "write its columns as Parquet, ROOT or text")),
    (b"\x93NUMPY", What("a NumPy file", "write its columns as Parquet, ROOT or text")),
    (b"\xff\xfe", What("UTF-16 text", "write it in UTF-8")),
    (b"\xfe\xff", What("UTF-16 text", "write it in UTF-8")),
    (b"HepMC::", What("a HepMC file", "name it .hepmc")),
    (b"%PDF", What("a PDF", "write its numbers as text")),
)
_LHE = b"<LesHouchesEvents"
_NEVER_PACKED = ("a Parquet file", "a ROOT file")
_UNKNOWN, _TEXT = What("", ""), What("text", "name it .txt")


def require_file(path: Path, fault: Fault = CardError) -> None:
    """Raise the fault, in one line, if there is no regular file that may be read."""
    if path.is_dir():
        raise fault(f"{path}: a folder, not a file")
    if not path.is_file():
        raise fault(f"{path}: no such file")
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise fault(f"{path}: cannot be opened: {error.strerror}") from None


def unpacked(path: Path) -> Any:
    """Return the content of a file as a stream of bytes; gzip, bzip2 and xz are unpacked, by first bytes."""
    opener = _opener(path)
    return path.open("rb") if opener is None else opener(path)


def _opener(path: Path) -> Any:
    """Return what opens a packed file, None if it is not packed."""
    with path.open("rb") as file:
        start = file.read(8)
    return next((made for magic, made in _PACKED.items() if start.startswith(magic)), None)


def what_it_is(path: Path) -> What:
    """Return what a file, or a packed one in it, is by its first bytes, and how it is read."""
    try:
        with unpacked(path) as file:
            start = file.read(_HEAD).lstrip(b"\n\r\t ")
    except UNPACKING_ERRORS:
        return What("a damaged packed file", "pack it anew")
    if start.startswith(b"<") and _LHE in start:
        return What("an LHE file", "name it .lhe")
    found = next((what for magic, what in _BY_START if start.startswith(magic)), _UNKNOWN)
    if found.kind in _NEVER_PACKED and _opener(path) is not None:
        return What(f"{found.kind}, packed", f"unpack it and {found.advice}")
    if found is _UNKNOWN and start and b"\0" not in start:
        return _TEXT
    return found


def read_text(path: Path, fault: Fault = CardError) -> str:
    """Return a UTF-8 text; the fault names the file if it is not there, or the line that is none."""
    require_file(path, fault)
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise fault(f"{path}:{line}: not a text file in UTF-8") from None
    place = text.find("\0")
    if place >= 0:
        raise fault(f"{path}:{text.count(chr(10), 0, place) + 1}: not a text file: it holds a NUL byte")
    return text


def digest(path: Path) -> str:
    """Return sixteen digits of the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
