"""Files that are whole or not there: written under a temporary name, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from darkmc.errors import PhysicsError


def check_target(path: str | os.PathLike[str], force: bool = True) -> Path:
    """Return the path if a file can be written there.

    Raises
    ------
    PhysicsError
        If it exists and `force` is false, or its folder does not exist or cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        raise PhysicsError(f"{target} is a directory")
    if target.exists() and not force:
        raise PhysicsError(f"{target} exists (use --force to replace it)")
    folder = target.parent
    if not folder.is_dir():
        raise PhysicsError(f"no such directory: {folder}")
    if not os.access(folder, os.W_OK):
        raise PhysicsError(f"cannot write to directory: {folder}")
    return target


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it when the block succeeds, remove it when it does not."""
    target = check_target(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp{target.suffix}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
