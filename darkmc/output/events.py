"""Files of events: the writer is that of the name's ending, and is given columns in large batches."""

import os
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import numpy as np

from darkmc.core.errors import PhysicsError, shown
from darkmc.output import writers
from darkmc.output.files import replacing
from darkmc.output.writers import Writer
from darkmc.output.writers.root import RootWriter

_BASKET = 16384  # entries per write, so that baskets compress well


def _registered() -> dict[str, type[Writer]]:
    """Return the writers in the modules of their folder, by suffix."""
    modules = [import_module(f"{writers.__name__}.{found.name}") for found in iter_modules(writers.__path__)]
    return {suffix: module.WRITER for module in modules for suffix in module.WRITER.suffixes}


WRITERS = _registered()


def writer_of(path: str | os.PathLike[str]) -> type[Writer]:
    """Return what writes files of a name, by its ending.

    Raises
    ------
    PhysicsError
        If no writer has it; the message names all endings.
    """
    name = Path(path).name
    fitting = [suffix for suffix in WRITERS if name.endswith(suffix) and name != suffix]
    if not fitting:
        raise PhysicsError(f"{path}: the name of an event file ends in {', '.join(WRITERS)}")
    return WRITERS[max(fitting, key=len)]


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


def write_events(path: str | os.PathLike[str], stream: Any, writer: type[Writer], force: bool = True) -> None:
    """Write events to a file, whole or not at all.

    Parameters
    ----------
    path : path
        The file.
    stream : EventStream, or any iterable of awkward arrays, or one of them
        From ``Experiment.generate``; the metadata are the stream's, empty for other iterables.
    writer : type
        One of `WRITERS`.
    force : bool
        Replace a file that is there.

    Raises
    ------
    PhysicsError
        If it is no stream of events, there is no event, or the file cannot be written.
    """
    chunks = _chunks(stream)
    metadata = getattr(stream, "metadata", {})
    with replacing(path, force) as temporary, writer.open(temporary, metadata) as file:
        empty = True
        for columns in batches(chunks):
            file.append(columns)
            empty = False
        if empty:
            raise PhysicsError(f"{path}: there is no event to write")


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
    write_events(path, stream, RootWriter)
