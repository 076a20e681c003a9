"""Finished points of a scan beside its result, a line each, until the result is there.

A line is a JSON object: `checksum` of the rest, `format`, the point's `key`, the `point`.  Numbers that are
no JSON (nan, inf) are text.  The file is locked as long as it is open.
"""

import errno
import hashlib
import json
import math
import os
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from darkmc.core.errors import DarkmcWarning, PhysicsError
from darkmc.core.intervals import EdgeErrors, Exclusion, Interval, Peak
from darkmc.core.process import Left
from darkmc.core.saying import note
from darkmc.output.files import end_of, keeps
from darkmc.scan.point import ScanPoint

try:
    import fcntl
except ImportError:  # no locks on this system
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".checkpoint"
_USED = "will be taken up if they are of the same settings"
_FORMAT = 1
_SYNC = 5.0  # s; what is older than this is on the disk
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}  # some file systems of clusters
_NUMBERS = ("m_dark_photon", "m_axion", "seconds", "cpu_seconds")
_TYPES = {"experiment": str, "n_samples": int, "seed": int, "closed": bool}


@contextmanager
def checkpoints(target: str | os.PathLike[str], fresh: bool = False) -> Iterator["CheckpointFile | None"]:
    """Give the finished points of the scan whose result will be `target`; see :func:`all_checkpoints`."""
    with all_checkpoints([target], fresh) as (kept,):
        yield kept


@contextmanager
def all_checkpoints(
    targets: Sequence[str | os.PathLike[str]], fresh: bool = False
) -> Iterator[list["CheckpointFile | None"]]:
    """Give the finished points of scans whose results will be `targets`.

    If the block succeeds the files are removed: the results are there.  Else they stay, unless they are
    empty, and the exception gets a note that says where.  What is found is said, and how many were taken up.

    Parameters
    ----------
    targets : sequence of path
        The results; None is given for one that is no file (a pipe, a terminal).
    fresh : bool
        Forget the points that are there.

    Raises
    ------
    PhysicsError
        If another process is at the same result.
    """
    with ExitStack() as stack:
        kept = [stack.enter_context(_kept(target, fresh)) for target in targets]
        files = [file for file in kept if file is not None]
        before = sum(file.found for file in files)
        if before:
            there = _place(file.name for file in files if file.found)
            note(f"{_points(before)} in {there} {_USED} (--fresh forgets them)")
        try:
            yield kept
        except BaseException as error:
            if now := sum(map(len, files)):
                there = _place(file.name for file in files if len(file))
                error.add_note(Left(f"{_points(now)} kept in {there}: the same command goes on from there"))
            raise
        if before:
            note(f"{sum(file.taken for file in files)} of {before} points of before were taken up")


def _points(count: int) -> str:
    return f"{count} finished point{'s' * (count != 1)}"


def _place(names: Iterable[str]) -> str:
    """Return one name, or how many there are in the folder of the first."""
    first, *others = names
    if not others:
        return first
    return f"{len(others) + 1} files {Path(first).parent / f'*{SUFFIX}'}"


@contextmanager
def _kept(target: str | os.PathLike[str], fresh: bool) -> Iterator["CheckpointFile | None"]:
    if not keeps(target):
        yield None
        return
    end = end_of(target)
    file = CheckpointFile(end.with_name(end.name + SUFFIX), str(target), fresh)
    try:
        yield file
    except BaseException:
        file.close(done=False)
        raise
    file.close(done=True)


class CheckpointFile:
    """The points that are finished, in memory and in an open, locked file."""

    def __init__(self, path: Path, result: str, fresh: bool) -> None:
        self.path, self.name = path, f"{result}{SUFFIX}"
        self._timer: threading.Timer | None = None
        self._synced = time.monotonic()
        self._lock = threading.Lock()
        self._file = _locked(path, result)
        try:
            self._points, lines, dropped = ({}, b"", 0) if fresh else _read(self._file)
            if fresh:
                os.ftruncate(self._file, 0)
            elif dropped:
                said = f"{self.name}: {dropped} damaged line{'s' * (dropped > 1)} dropped, computed anew"
                warnings.warn(said, DarkmcWarning, stacklevel=4)
                self._replace(lines, result)
        except BaseException:
            os.close(self._file)
            raise
        self.found, self.taken = len(self._points), 0

    def __len__(self) -> int:
        return len(self._points)

    def get(self, key: str) -> ScanPoint | None:
        """Return a point that was finished before, or None; it is counted as taken up."""
        point = self._points.get(key)
        self.taken += point is not None
        return point

    def add(self, key: str, point: ScanPoint) -> None:
        """Append a point; OSError, and the file as before, if there is no room for it."""
        line = _line(key, point)
        size = os.lseek(self._file, 0, os.SEEK_END)
        try:
            written = os.write(self._file, line)
            if written < len(line):
                os.write(self._file, line[written:])  # says why
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, size)
            raise OSError(error.errno, error.strerror, self.name) from None
        self._points[key] = point
        if time.monotonic() - self._synced >= _SYNC:
            self._sync()
        elif self._timer is None:
            self._timer = threading.Timer(_SYNC - (time.monotonic() - self._synced), self._sync)
            self._timer.daemon = True
            self._timer.start()

    def close(self, done: bool) -> None:
        """Close the file; remove it if the result is there, or no point is."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            if done or os.fstat(self._file).st_size == 0:
                self.path.unlink(missing_ok=True)
            else:
                with suppress(OSError):
                    os.fsync(self._file)
            os.close(self._file)
            self._file = -1

    def _sync(self) -> None:
        with self._lock:
            self._timer = None
            if self._file >= 0:
                self._synced = time.monotonic()
                with suppress(OSError):  # what is not on the disk is computed again
                    os.fsync(self._file)

    def _replace(self, lines: bytes, result: str) -> None:
        """Put a file with these lines in place of the one that is open; the name is locked all the time."""
        new = self.path.with_name(f".{self.path.name}.new")
        file = _locked(new, result)
        try:
            os.ftruncate(file, 0)
            os.write(file, lines)
            os.fsync(file)
            new.replace(self.path)
        except BaseException:
            os.close(file)
            new.unlink(missing_ok=True)
            raise
        os.close(self._file)
        self._file = file


def _locked(path: Path, result: str) -> int:
    """Return a file open for reading and appending that nobody else has."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise PhysicsError(f"{result}: another process is at work on it") from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                os.close(file)
                raise
            said = f"{path}: no locks on this file system: see to it that one process alone writes {result}"
            warnings.warn(said, DarkmcWarning, stacklevel=5)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), path.stat()):
                return file
        os.close(file)  # the one that had it has removed or replaced it meanwhile


def _read(file: int) -> tuple[dict[str, ScanPoint], bytes, int]:
    """Return the points, the lines that hold them, and the number of lines that hold none."""
    with os.fdopen(os.dup(file), "rb") as reader:
        reader.seek(0)
        content = reader.read()
    points: dict[str, ScanPoint] = {}
    good: list[bytes] = []
    dropped = 0
    for line in content.splitlines(keepends=True):
        found = _point(line)
        if found is None:
            dropped += 1
        else:
            points[found[0]] = found[1]
            good.append(line)
    return points, b"".join(good), dropped


def _line(key: str, point: ScanPoint) -> bytes:
    content = {"format": _FORMAT, "key": key, "point": encode(point)}
    return (_json({"checksum": _checksum(content), **content}) + "\n").encode()


def _point(line: bytes) -> tuple[str, ScanPoint] | None:
    """Return key and point of a line, or None if it is not whole, or not of this format."""
    try:
        content = json.loads(line)
        if not line.endswith(b"\n") or content.pop("checksum") != _checksum(content):
            return None
        return (content["key"], decode(content["point"])) if content["format"] == _FORMAT else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _json(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _checksum(content: Any) -> str:
    return hashlib.sha256(_json(content).encode()).hexdigest()[:16]


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))


def encode(point: ScanPoint) -> dict[str, Any]:
    """Return a point that has not failed as what JSON can hold, to the last bit."""
    return {
        **{name: kind(getattr(point, name)) for name, kind in _TYPES.items()},
        **{name: _number(getattr(point, name)) for name in _NUMBERS},
        "exclusion": _encode_exclusion(point.exclusion),
        "alternatives": [[name, _encode_exclusion(other)] for name, other in point.alternatives.items()],
        "warnings": list(point.warnings),
        "settings": [list(setting) for setting in point.settings],
        "yields": [[_number(value) for value in pair] for pair in point.yields],
    }


def decode(content: dict[str, Any]) -> ScanPoint:
    """Return the point that was encoded."""
    plain: dict[str, Any] = {name: kind(content[name]) for name, kind in _TYPES.items()}
    plain |= {name: float(content[name]) for name in _NUMBERS}
    return ScanPoint(
        **plain,
        exclusion=_decode_exclusion(content["exclusion"]),
        alternatives={name: _decode_exclusion(other) for name, other in content["alternatives"]},
        warnings=tuple(content["warnings"]),
        settings=tuple((key, value) for key, value in content["settings"]),
        yields=tuple((float(value), float(error)) for value, error in content.get("yields", ())),
    )


def _encode_exclusion(exclusion: Exclusion) -> dict[str, Any]:
    return {
        "intervals": [[_number(value) for value in interval] for interval in exclusion.intervals],
        "method": exclusion.method,
        "reason": exclusion.reason,
        "history": [[_number(value) for value in step] for step in exclusion.history],
        "error_parts": [
            [[_number(value) for value in edge] for edge in pair] for pair in exclusion.error_parts
        ],
        "peak": None if exclusion.peak is None else [_number(value) for value in exclusion.peak],
    }


def _decode_exclusion(content: dict[str, Any]) -> Exclusion:
    return Exclusion(
        tuple(Interval(*map(float, interval)) for interval in content["intervals"]),
        content["method"],
        content["reason"],
        tuple((float(coupling), float(value)) for coupling, value in content["history"]),
        tuple(
            (EdgeErrors(*map(float, below)), EdgeErrors(*map(float, above)))
            for below, above in content["error_parts"]
        ),
        None if content["peak"] is None else Peak(*map(float, content["peak"])),
    )
