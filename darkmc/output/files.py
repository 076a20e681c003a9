"""Files that are whole or not there: written under a name of their own, then put in place."""

import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from darkmc.core.errors import PhysicsError

_DESCRIPTOR = re.compile(r"/dev/(?:stdout|stderr|fd/(\d{1,6}))|/proc/self/fd/(\d{1,6})")


def check_target(
    path: str | os.PathLike[str], force: bool = True, inputs: Iterable[str | os.PathLike[str]] = ()
) -> Path:
    """Return the path if a file can be written there.

    A link is followed: what is written, and what must not exist, is the file that it leads to.  Nothing is
    lost by writing into a pipe, a terminal or /dev/null, so that needs no force.

    Parameters
    ----------
    path : path
        Where a file is wanted.
    force : bool
        Replace a file that is there.
    inputs : iterable of path
        Files that are read: none of them may be replaced.

    Raises
    ------
    PhysicsError
        If it exists and `force` is false, it is an input, a directory, a disk or a socket, links lead in a
        circle, or its folder does not exist or cannot be written.
    """
    target = Path(path)
    mode = _mode(target)
    if mode is not None:
        if stat.S_ISDIR(mode):
            raise PhysicsError(f"{target} is a directory")
        if any(_same(target, source) for source in inputs):
            raise PhysicsError(f"{target} is read by this command: write to another file")
        if _streams(target, mode):
            if not os.access(target, os.W_OK):
                raise PhysicsError(f"cannot write to {target}")
            return target
        if not stat.S_ISREG(mode):
            raise PhysicsError(f"{target} is a disk or a socket, no file")
        if not force:
            raise PhysicsError(f"{target} exists (use --force to replace it)")
    folder = end_of(target).parent
    if not folder.is_dir():
        raise PhysicsError(f"no such directory: {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PhysicsError(f"cannot write to directory: {folder}")
    return target


@contextmanager
def replacing(path: str | os.PathLike[str], force: bool = True) -> Iterator[Path]:
    """Give a temporary path; when the block succeeds put it in place of `path`, else remove it.

    It lies beside the file that `path` names or leads to, is renamed to it, and takes over its permissions.
    What is no regular file (a pipe, /dev/null) gets the content written into it.

    Raises
    ------
    PhysicsError
        As :func:`check_target`, or, without `force`, if someone else has made the file meanwhile.
    OSError
        If the file cannot be written (disk full, ...).
    """
    target = check_target(path, force)
    mode = _mode(target)
    through = mode is not None and _streams(target, mode)
    folder = tempfile.gettempdir() if through else str(end_of(target).parent)
    # the name is known before the file is made, so that whatever happens it can be removed
    name = str(Path(folder, f".darkmc-{secrets.token_hex(8)}{target.suffix[:20]}"))
    try:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield Path(name)
        if through:
            _pour(name, target)
        else:
            _put(name, end_of(target), force)
    except OSError as error:
        if isinstance(error, BrokenPipeError) or str(error.filename or name) != name:
            raise
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error
    finally:
        try:  # noqa: SIM105 - nothing of Python may run before the call, or a signal could come in between
            os.unlink(name)  # noqa: PTH108
        except FileNotFoundError:
            pass


def descriptor(path: str | os.PathLike[str]) -> int | None:
    """Return the number of the open file that a path such as /dev/stdout stands for, or None."""
    text = os.fspath(path)
    found = _DESCRIPTOR.fullmatch(text)
    if found is None:
        return None
    number = found[1] or found[2]
    return int(number) if number else {"/dev/stdout": 1, "/dev/stderr": 2}[text]


def _mode(target: Path) -> int | None:
    """Return what the path leads to, None if that does not exist yet."""
    try:
        return target.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # links in a circle, a name too long, a null byte in it
        raise PhysicsError(f"{target}: {getattr(error, 'strerror', None) or error}") from None


def end_of(target: str | os.PathLike[str]) -> Path:
    """Return the file that a path leads to, through links."""
    return Path(os.path.realpath(target))


def keeps(path: str | os.PathLike[str]) -> bool:
    """Return whether what is written there is kept: in a file, there or not yet."""
    target = Path(path)
    mode = _mode(target)
    return mode is None or not _streams(target, mode)


def _same(target: Path, source: str | os.PathLike[str]) -> bool:
    try:
        return target.samefile(source)
    except OSError:
        return False


def _streams(target: Path, mode: int) -> bool:
    """Return whether what is written there is passed on, or dropped, instead of kept."""
    return descriptor(target) is not None or stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _pour(name: str, target: Path) -> None:
    number = descriptor(target)
    if sys.stdout is not None:
        sys.stdout.flush()
    sink: IO[bytes] = target.open("wb") if number is None else os.fdopen(os.dup(number), "wb")
    with sink, Path(name).open("rb") as source:
        shutil.copyfileobj(source, sink)


def _put(name: str, end: Path, force: bool) -> None:
    if force:
        mode = _mode(end)
        if mode is not None:
            Path(name).chmod(stat.S_IMODE(mode))
        Path(name).replace(end)
        return
    try:
        os.link(name, end)  # unlike a renaming, fails if the name is taken
    except FileExistsError:
        raise PhysicsError(
            f"{end} has been made by someone else meanwhile (use --force to replace it)"
        ) from None
    except OSError:  # a file system without links
        check_target(end, force)
        Path(name).replace(end)
