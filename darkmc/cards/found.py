"""Find cards by name, read nothing of them: which there are, and where."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from darkmc.core.errors import CardError, nearest

Kind = Literal["detectors", "fluxes", "runs"]
_SINGULAR: dict[Kind, str] = {"detectors": "experiment", "fluxes": "flux", "runs": "run"}
_PACKAGE = Path(__file__).parents[1]


def _folders(kind: Kind) -> Iterator[Path]:
    """Folders in the order of search: here, $DARKMC_PATH, the wheel's copy, the checkout."""
    bases = [Path(), *(Path(p) for p in os.environ.get("DARKMC_PATH", "").split(os.pathsep) if p)]
    for base in bases:
        yield base
        yield base / kind
    yield _PACKAGE / "_cards" / kind
    if (_PACKAGE.parent / "pyproject.toml").is_file():
        yield _PACKAGE.parent / kind


def list_cards(kind: Kind) -> list[str]:
    """Return the names of all cards of a kind that can be found by name, sorted."""
    folders = [folder for folder in _folders(kind) if folder.name == kind and folder.is_dir()]
    return sorted({path.stem for folder in folders for path in folder.glob("*.toml")})


def find_card(kind: Kind, name: str) -> Path:
    """Return the path of a card given by a path that ends in .toml or by a bare name.

    Raises
    ------
    CardError
        If there is no such card; the message names the nearest shipped one.
    """
    if name.endswith(".toml"):
        if not _is_file(Path(name)):
            raise CardError(f"no such card: {name}")
        return Path(name)
    for folder in _folders(kind):
        path = folder / f"{name}.toml"
        if _is_file(path):
            return path
    raise CardError(f"unknown {_SINGULAR[kind]} '{name}'{nearest(name, list_cards(kind))}")


def find_table(name: str) -> Path | None:
    """Return the path of a table that lies beside flux cards, or None."""
    return next((path for f in _folders("fluxes") if _is_file(path := f / f"{name}.csv")), None)


def _is_file(path: Path) -> bool:
    """Return whether it is a file; a name that is too long for one is none."""
    try:
        return path.is_file()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise
