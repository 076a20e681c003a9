"""Find cards by name: which there are, and where; read only to tell what may have been meant by a name."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from darkmc.core.errors import CardError, nearest

Kind = Literal["detectors", "fluxes", "runs"]
_SINGULAR: dict[Kind, str] = {"detectors": "experiment", "fluxes": "flux", "runs": "run"}
_PACKAGE = Path(__file__).parents[1]


def _bases() -> list[Path]:
    """Return where users keep cards of their own: here, and in the folders of $DARKMC_PATH."""
    return [Path(), *(Path(p) for p in os.environ.get("DARKMC_PATH", "").split(os.pathsep) if p)]


def _folders(kind: Kind) -> Iterator[Path]:
    """Folders in the order of search: here, $DARKMC_PATH, the wheel's copy, the checkout."""
    for base in _bases():
        yield base
        yield base / kind
    yield _PACKAGE / "_cards" / kind
    if (_PACKAGE.parent / "pyproject.toml").is_file():
        yield _PACKAGE.parent / kind


def list_cards(kind: Kind) -> list[str]:
    """Return the names of all cards of a kind that can be found by name, sorted."""
    folders = [folder for folder in _folders(kind) if folder.name == kind and folder.is_dir()]
    return sorted({path.stem for folder in folders for path in folder.glob("*.toml")})


def names_to_suggest(kind: Kind) -> list[str]:
    """Return the names of all cards of a kind, also of the user's own in folders without the kind's name."""
    here = [path for base in _bases() if base.is_dir() for path in sorted(base.glob("*.toml"))]
    return [*(path.stem for path in here if _kind(path) == kind), *list_cards(kind)]


def _kind(path: Path) -> Kind | None:
    """Return of which kind a card is, by the keys that only this kind has; None for other TOML files."""
    import tomllib

    try:
        keys = tomllib.loads(path.read_text(encoding="utf-8")).keys()
    except (OSError, ValueError, RecursionError):
        return None
    if "schema" not in keys:
        return None
    return "runs" if "kind" in keys else "fluxes" if "parametrisation" in keys else "detectors"


def find_card(kind: Kind, name: str) -> Path:
    """Return the path of a card given by a path that ends in .toml or by a bare name.

    Raises
    ------
    CardError
        If there is no such card; the message names the nearest one.
    """
    if name.endswith(".toml"):
        if not _is_file(Path(name)):
            beside = sorted(str(path) for path in Path(name).parent.glob("*.toml"))
            close = nearest(name, beside)
            raise CardError(f"no such card: {name}{close if close.startswith(' (') else ''}")
        return Path(name)
    for folder in _folders(kind):
        path = folder / f"{name}.toml"
        if _is_file(path):
            return path
    raise CardError(f"unknown {_SINGULAR[kind]} '{name}'{nearest(name, names_to_suggest(kind))}")


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
