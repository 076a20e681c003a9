"""Columns of events: flat ones by name, as files hold them, and nested records, as the engine yields them.

A momentum NAME has the columns NAME_E, NAME_px, NAME_py, NAME_pz, a vertex NAME_x, NAME_y, NAME_z, NAME_t;
all else is one number an event.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from darkmc.core.vocabulary import MOMENTUM, POSITION

Columns = Mapping[str, np.ndarray[Any, Any]]
KINDS: dict[tuple[str, ...], str] = {MOMENTUM: "Momentum4D", POSITION: "Vertex"}


def groups(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return momenta and vertices whose columns are all there, in their order, each with its components."""
    there = dict.fromkeys(names)
    found: dict[str, tuple[str, ...]] = {}
    for column in there:
        for parts in KINDS:
            name = column.removesuffix(f"_{parts[0]}")
            if name != column and all(f"{name}_{part}" in there for part in parts):
                found[name] = parts
    return found


def scalars(names: Iterable[str]) -> list[str]:
    """Return the columns that belong to no momentum and no vertex."""
    names = list(names)
    grouped = {f"{name}_{part}" for name, parts in groups(names).items() for part in parts}
    return [name for name in names if name not in grouped]


def flat(chunk: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns of an awkward array of events."""
    out = {}
    for name in chunk.fields:
        if chunk[name].fields:
            for field in chunk[name].fields:
                out[f"{name}_{field}"] = np.asarray(chunk[name][field])
        else:
            out[name] = np.asarray(chunk[name])
    return out


def records(columns: Columns, attrs: Mapping[str, Any] | None = None) -> Any:
    """Return columns as an awkward array of events: a record for each momentum and each vertex."""
    import awkward as ak

    found = groups(columns)
    record: dict[str, Any] = {name: columns[name] for name in scalars(columns)}
    for name, parts in found.items():
        fields = {part: columns[f"{name}_{part}"] for part in parts}
        record[name] = ak.zip(fields, with_name=KINDS[parts])
    return ak.zip(record, depth_limit=1, attrs=attrs)
