"""What a file is before it is read: there or not, by its first bytes, and as text."""

import hashlib
from pathlib import Path

from darkmc.core.errors import CardError, PhysicsError

Fault = type[CardError] | type[PhysicsError]

_HEAD = 512
_BY_START = (  # first bytes of files that are no list of mesons under the name they have
    (b"\x1f\x8b", "a gzip file", "unpack it (only HepMC files are read packed)"),
    (b"BZh", "a bzip2 file", "unpack it"),
    (b"\xfd7zXZ", "an xz file", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it"),
    (b"PK\x03\x04", "a zip file", "unpack it"),
    (b"PAR1", "a Parquet file", "name it .parquet"),
    (b"root", "a ROOT file", "name it .root"),
    (b"\x89HDF", "an HDF5 file", "write its columns as Parquet, ROOT or text"),
    (b"\x93NUMPY", "a NumPy file", "write its columns as Parquet, ROOT or text"),
    (b"\xff\xfe", "UTF-16 text", "write it in UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "write it in UTF-8"),
    (b"HepMC::", "a HepMC file", "name it .hepmc"),
    (b"<LesHouchesEvents", "an LHE file", "LHE is not read: convert it to HepMC3 or a table"),
)


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


def what_it_is(path: Path) -> tuple[str, str]:
    """Return what a file is by its first bytes, and what to do about it; two empty strings if unknown."""
    with path.open("rb") as file:
        start = file.read(_HEAD).lstrip(b"\n\r\t ")
    return next(((kind, advice) for magic, kind, advice in _BY_START if start.startswith(magic)), ("", ""))


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
