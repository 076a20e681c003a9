"""Reader of event files: momenta and vertices of a ROOT sample by name, and its metadata."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.vocabulary import MOMENTUM, POSITION
from darkmc.portals.dark_axion.facade import DarkAxionPortal

_OTHERS = " (darkmc figure draws tables, darkmc convert makes ROOT files of other event files)"


@dataclass(frozen=True)
class StoredSample:
    """Events as they lie in a file.

    Attributes
    ----------
    path : str
        The file, for messages.
    weights : array (n,)
        Expected events per entry.
    event : dict of array (4, n)
        Momenta (E, px, py, pz; GeV) and vertices (x, y, z in m, t in ns); nan where an event has none.
    metadata : dict
        What was written beside the events.
    """

    path: str
    weights: Array
    event: dict[str, Array]
    metadata: dict[str, Any]

    @cached_property
    def portal(self) -> DarkAxionPortal:
        """The masses that the events were made for."""
        m_dark_photon, m_axion = self.number("m_dark_photon"), self.number("m_axion")
        try:
            return DarkAxionPortal(m_dark_photon, m_axion)
        except PhysicsError as error:
            raise PhysicsError(f"{self.path}: {error}") from None

    def meta(self, *keys: str) -> Any:
        """Return an entry of the metadata by its keys, or raise PhysicsError that names it."""
        here: Any = self.metadata
        for key in keys:
            if not isinstance(here, dict) or key not in here:
                raise PhysicsError(f"{self.path}: the metadata lack '{'.'.join(keys)}'")
            here = here[key]
        return here

    def number(self, key: str) -> float:
        """Return a number of the metadata."""
        value = self.meta(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PhysicsError(f"{self.path}: '{key}' of the metadata is no number")
        return float(value)


def read_sample(path: str | os.PathLike[str]) -> StoredSample:
    """Read a file that ``darkmc generate`` wrote.

    Raises
    ------
    PhysicsError
        If the file does not exist, is no ROOT file, has no ``events`` or no ``metadata``, or if weights,
        momenta or vertices are not one number for each event.
    """
    import uproot

    if not Path(path).is_file():
        raise PhysicsError(f"no such file: {path}")
    try:
        with Path(path).open("rb") as raw, uproot.open(raw) as file:  # as a name, a colon would split it
            missing = [key for key in ("events", "metadata") if key not in file]
            whole = "darkmc" if "darkmc" in file else "events"  # FairShip's are particles
            columns = {} if missing else file[whole].arrays(library="np")
            metadata = {} if missing else json.loads(str(file["metadata"]))
    except Exception:  # uproot stumbles over a damaged file in many ways
        raise PhysicsError(f"{path}: not a readable ROOT file of events{_OTHERS}") from None
    if missing:
        raise PhysicsError(f"{path}: no '{missing[0]}' inside: not a sample of darkmc")
    if "weight" not in columns or len(columns["weight"]) == 0:
        raise PhysicsError(f"{path}: no weighted events inside")
    return StoredSample(str(path), _numbers(path, columns, "weight"), _grouped(path, columns), metadata)


def _numbers(path: str | os.PathLike[str], columns: dict[str, Any], key: str) -> Array:
    """Return a column as floats, if it holds one number for each weight."""
    column = columns[key]
    if column.dtype.kind not in "biuf" or column.shape != (len(columns["weight"]),):
        raise PhysicsError(f"{path}: '{key}' is not one number for each event")
    return np.asarray(column, dtype=float)


def _grouped(path: str | os.PathLike[str], columns: dict[str, Any]) -> dict[str, Array]:
    """Join NAME_E, NAME_px, ... to (4, n) arrays by NAME."""
    out = {}
    for parts in (MOMENTUM, POSITION):
        for name in (key.removesuffix(f"_{parts[0]}") for key in columns if key.endswith(f"_{parts[0]}")):
            keys = [f"{name}_{part}" for part in parts]
            if all(key in columns for key in keys):
                out[name] = np.array([_numbers(path, columns, key) for key in keys])
    return out
