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
    import awkward as ak

    layout = ak.to_layout(chunk)
    if not layout.is_record:  # a choice of events
        layout = ak.to_packed(layout, highlevel=False)
    out: dict[str, np.ndarray[Any, Any]] = {}
    for name in layout.fields:
        content = layout.content(name)  # the layout's own: by arrays this would take 4 us an event
        if not content.is_record:
            content = ak.to_packed(content, highlevel=False)
        parts = {f"{name}_{part}": content.content(part) for part in content.fields}
        out |= {key: _numbers(part) for key, part in (parts or {name: content}).items()}
    return out


def _numbers(content: Any) -> np.ndarray[Any, Any]:
    import awkward as ak

    return np.asarray(content.data if content.is_numpy else ak.to_numpy(content))


def records(columns: Columns, attrs: Mapping[str, Any] | None = None) -> Any:
    """Return columns as an awkward array of events: a record for each momentum and each vertex."""
    import awkward as ak

    found = groups(columns)
    record: dict[str, Any] = {name: columns[name] for name in scalars(columns)}
    for name, parts in found.items():
        fields = {part: columns[f"{name}_{part}"] for part in parts}
        record[name] = ak.zip(fields, with_name=KINDS[parts])
    return ak.zip(record, depth_limit=1, attrs=attrs)
