"""What a run was: a JSON file beside its tables and pictures."""

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from darkmc import __version__
from darkmc.core.errors import PhysicsError
from darkmc.core.tables import read_csv
from darkmc.output.files import replacing
from darkmc.output.limits import ALL_COLUMNS

_PACKAGES = ("numpy", "scipy", "vegas", "awkward", "uproot", "particle", "pydantic", "matplotlib")
_TIMES = ("seconds", "cpu_seconds")
_POINT = ("m_dark_photon", "m_axion")  # a limit table has a row for each interval of these


class Times(NamedTuple):
    """Wall time and CPU time, of workers too, s."""

    seconds: float
    cpu_seconds: float


class Made(NamedTuple):
    """A file that a run wrote, and the time since the file before: none for the first."""

    path: Path
    times: Times


def versions() -> dict[str, Any]:
    """Return versions of darkmc, Python and the packages that numbers come from."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:  # not installed as a package, as in a checkout
            packages[name] = "unknown"
    system = f"{platform.system()} {platform.machine()}"
    return {"darkmc": __version__, "python": platform.python_version(), "system": system, **packages}


def write_manifest(path: Path, content: Mapping[str, Any], made: list[Made]) -> Path:
    """Write what a run was, with its files: sizes, hashes, times, and the heads of tables."""
    whole = {"format": 1, "versions": versions(), **content, "files": [_file(one) for one in made]}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _file(made: Made) -> dict[str, Any]:
    with made.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    entry = {"name": made.path.name, "bytes": made.path.stat().st_size, "sha256": digest}
    entry |= made.times._asdict()
    return entry | (_table(made.path) if made.path.suffix == ".csv" else {})


def _table(path: Path) -> dict[str, Any]:
    """Return the head of a table, and for limits how many points it has and what they took, whenever."""
    table = read_csv(path, PhysicsError, strict=False)
    entry: dict[str, Any] = {"head": list(table.head)}
    if {*_TIMES, *_POINT, "failed"} <= set(table.columns):
        rows = [row for _, row in table.records()]
        others = [column for column in table.columns if column not in ALL_COLUMNS]  # that were scanned
        points = {tuple(row[column] for column in (*_POINT, *others)): row for row in rows}
        entry["points"] = len(points)
        entry["failed"] = sum(row["failed"] == "1" for row in points.values())
        for name in _TIMES:
            entry[f"points_{name}"] = round(sum(float(row[name]) for row in points.values()), 3)
    return entry
