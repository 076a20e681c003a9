"""ROOT files of events: a TTree of flat branches and the metadata as a JSON string."""

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from darkmc.core.errors import PhysicsError, shown
from darkmc.output.files import replacing

_BASKET = 16384  # entries per write, so that baskets compress well


def flat_branches(chunk: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns of an awkward chunk: NAME_E, NAME_px, ... for momenta, NAME_x, ... for vertices."""
    out = {}
    for name in chunk.fields:
        if chunk[name].fields:
            for field in chunk[name].fields:
                out[f"{name}_{field}"] = np.asarray(chunk[name][field])
        else:
            out[name] = np.asarray(chunk[name])
    return out


def batches(chunks: Iterable[Any], size: int = _BASKET) -> Iterator[dict[str, np.ndarray[Any, Any]]]:
    """Yield columns of at least `size` entries (but for the last), joined from smaller chunks."""
    waiting: list[dict[str, np.ndarray[Any, Any]]] = []
    for chunk in chunks:
        waiting.append(flat_branches(chunk))
        if sum(len(columns["weight"]) for columns in waiting) >= size:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[dict[str, np.ndarray[Any, Any]]]) -> dict[str, np.ndarray[Any, Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chunks(stream: Any) -> Iterator[Any]:
    """Yield awkward arrays of events, or say that what is given is none."""
    wanted = "write_root takes what Experiment.generate returns, or awkward arrays of events with 'weight'"
    try:
        chunks = iter([stream] if hasattr(stream, "fields") else stream)
    except TypeError:  # also arrays without a dimension
        raise PhysicsError(f"{wanted}, not a {type(stream).__name__}") from None
    for chunk in chunks:
        if "weight" not in getattr(chunk, "fields", ()):
            raise PhysicsError(f"{wanted}, not a {type(chunk).__name__}")
        yield chunk


def write_root(path: str | os.PathLike[str], stream: Any) -> None:
    """Write events to a ROOT file with a TTree ``events`` and a TObjString ``metadata`` (JSON).

    Parameters
    ----------
    path : path
        The file; replaced if it exists, and never left half-written.
    stream : EventStream, or any iterable of awkward arrays, or one of them
        From ``Experiment.generate``; the metadata are the stream's, empty for other iterables.

    Raises
    ------
    PhysicsError
        If it is no stream of events (a Sample has none), there is no event, or the file cannot be written.

    Examples
    --------
    >>> import darkmc, tempfile
    >>> from pathlib import Path
    >>> charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(m_dark_photon=0.03)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "charm.root")
    ...     darkmc.write_root(path, charm.generate(portal, coupling=6e-5, n=10))
    ...     path.exists()
    True
    """
    if not isinstance(path, str | os.PathLike):
        raise PhysicsError(f"path must be text or a path, not {shown(path)}")
    chunks = _chunks(stream)
    with replacing(path) as temporary:
        import uproot

        # an open file: as a name, what stands before a colon would be taken for a protocol
        with temporary.open("r+b") as raw, uproot.recreate(raw, compression=uproot.ZSTD(1)) as file:
            tree = None
            for columns in batches(chunks):
                if tree is None:
                    tree = file.mktree("events", {name: column.dtype for name, column in columns.items()})
                tree.extend(columns)
            if tree is None:
                raise PhysicsError(f"{path}: there is no event to write")
            file["metadata"] = json.dumps(getattr(stream, "metadata", {}))
