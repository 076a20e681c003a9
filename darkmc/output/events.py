"""Files of events, written and read: the format is that of the name's ending, or is named."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import numpy as np

from darkmc.core.errors import PhysicsError, how_to_get, nearest, shown
from darkmc.core.event_columns import Columns, flat, records
from darkmc.output import writers
from darkmc.output.files import replacing
from darkmc.output.writers import BATCH, Stored, Writer


def _registered() -> dict[str, type[Writer]]:
    """Return the writers in the modules of their folder, by the names of their formats."""
    modules = [import_module(f"{writers.__name__}.{found.name}") for found in iter_modules(writers.__path__)]
    return {module.WRITER.name: module.WRITER for module in modules}


FORMATS = _registered()


def endings() -> dict[str, type[Writer]]:
    """Return the formats by how names of their files end."""
    return {suffix: writer for writer in FORMATS.values() for suffix in writer.suffixes}


def writer_of(path: str | os.PathLike[str], format: str | None = None) -> type[Writer]:  # noqa: A002
    """Return what writes and reads files of a name, by its ending, or a format that is named.

    Raises
    ------
    PhysicsError
        If no format has the ending, or that name; if the ending is that of another one; if a package is
        missing.
    """
    known, name = endings(), Path(path).name
    fitting = [suffix for suffix in known if name.endswith(suffix) and name != suffix]
    found = known[max(fitting, key=len)] if fitting else None
    if format is not None:
        wanted = FORMATS.get(str(format))
        if wanted is None:
            raise PhysicsError(f"no format {shown(format)}{nearest(str(format), FORMATS)}")
        if found is not None and found.name != wanted.name.partition(":")[0]:
            raise PhysicsError(f"{path}: a name of a file of format {found.name}, not {format}")
        found = wanted
    if found is None:
        raise PhysicsError(f"{path}: the name of an event file ends in {', '.join(known)}")
    package, _, extra = found.needs.partition(" ")
    if package and find_spec(package) is None:
        raise PhysicsError(f"{path}: this format needs {package}: {how_to_get(extra)}")
    return found


def batches(chunks: Iterable[Any], size: int = BATCH) -> Iterator[dict[str, np.ndarray[Any, Any]]]:
    """Yield columns of at least `size` entries (but for the last), joined from smaller chunks."""
    waiting: list[dict[str, np.ndarray[Any, Any]]] = []
    for chunk in chunks:
        waiting.append(flat(chunk))
        if sum(len(columns["weight"]) for columns in waiting) >= size:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[dict[str, np.ndarray[Any, Any]]]) -> dict[str, np.ndarray[Any, Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chunks(stream: Any) -> Iterator[Any]:
    """Yield awkward arrays of events, or say that what is given is none."""
    wanted = "write_events takes what Experiment.generate returns, or awkward arrays of events with 'weight'"
    try:
        chunks = iter([stream] if hasattr(stream, "fields") else stream)
    except TypeError:  # also arrays without a dimension
        raise PhysicsError(f"{wanted}, not a {type(stream).__name__}") from None
    for chunk in chunks:
        if "weight" not in getattr(chunk, "fields", ()):
            raise PhysicsError(f"{wanted}, not a {type(chunk).__name__}")
        yield chunk


def write_events(
    path: str | os.PathLike[str],
    stream: Any,
    format: str | None = None,  # noqa: A002
    force: bool = True,
) -> None:
    """Write events to a file, whole or not at all, in constant memory.

    Parameters
    ----------
    path : path
        The file; its ending says the format.
    stream : EventStream, StoredEvents, or any iterable of awkward arrays, or one of them
        From ``Experiment.generate`` or `read_events`, with the metadata; those of other iterables are empty.
    format : str, optional
        A format by name, where the ending does not say it: "root:fairship", "root:rntuple".
    force : bool
        Replace a file that is there.

    Raises
    ------
    PhysicsError
        If no format fits, a package is missing, it is no stream of events (a Sample has none), there is no
        event, events lack what the format needs, or the file cannot be written.

    Examples
    --------
    >>> import darkmc, tempfile
    >>> from pathlib import Path
    >>> charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(m_dark_photon=0.03)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "charm.npz")
    ...     darkmc.write_events(path, charm.generate(portal, coupling=6e-5, n=10))
    ...     len(darkmc.read_events(path))
    10
    """
    writer = writer_of(_checked(path), format)
    chunks = _chunks(stream)
    metadata = getattr(stream, "metadata", {})
    with replacing(path, force) as temporary, writer.open(temporary, metadata) as file:
        empty = True
        for columns in batches(chunks):
            file.append(columns)
            empty = False
        if empty:
            raise PhysicsError(f"{path}: there is no event to write")


class StoredEvents:
    """Events of a file: an iterator over awkward chunks that starts again each time, as of ``generate``.

    Attributes
    ----------
    path : str
        The file.
    metadata : dict
        What was written beside the events.

    Examples
    --------
    >>> import darkmc, tempfile
    >>> from pathlib import Path
    >>> charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(m_dark_photon=0.03)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "charm.root")
    ...     darkmc.write_events(path, charm.generate(portal, coupling=6e-5, n=10))
    ...     events = darkmc.read_events(path)
    ...     bool(abs(sum(events["weight"]) - events.metadata["sum_of_weights"]) < 1e-9)
    True
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = str(_checked(path))
        self._reader = writer_of(path)
        if not Path(path).is_file():
            raise PhysicsError(f"no such file: {path}")
        with self._opened() as stored:
            self.metadata = stored.metadata

    def __repr__(self) -> str:
        known = self.metadata
        kept = [
            f"{key} {known[key]:.6g}" for key in ("n_events", "sum_of_weights", "coupling") if key in known
        ]
        return f"events of {self.path}: {', '.join(kept) or 'no metadata'}"

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Say in one line that what is read in the block is no such file."""
        try:
            yield
        except PhysicsError as error:
            raise PhysicsError(f"{self.path}: {error}") from None
        except (MemoryError, FileNotFoundError, PermissionError):
            raise
        except Exception:  # libraries stumble over a damaged file in many ways
            raise PhysicsError(f"{self.path}: not a readable {self._reader.name} file of events") from None

    @contextmanager
    def _opened(self) -> Iterator[Stored]:
        with ExitStack() as stack:
            with self._readable():
                stored = stack.enter_context(self._reader.read(self.path))
            yield stored

    def columns(self) -> Iterator[Columns]:
        """Yield flat columns of many events at a time; PhysicsError where the file is damaged."""
        with self._opened() as stored:
            while True:
                with self._readable():
                    found = next(stored.columns, None)
                if found is None:
                    return
                yield found

    def __iter__(self) -> Iterator[Any]:
        return (records(columns, {"metadata": self.metadata}) for columns in self.columns())

    @cached_property
    def array(self) -> Any:
        """All events as one awkward array, which holds the metadata in ``attrs``."""
        import awkward as ak

        chunks = list(iter(self))  # list(self) would ask for the length first
        if not chunks:
            raise PhysicsError(f"{self.path}: no events inside")
        return ak.concatenate(chunks)

    def __getitem__(self, what: Any) -> Any:
        return self.array[what]

    def __len__(self) -> int:
        return len(self.array)


def read_events(path: str | os.PathLike[str]) -> StoredEvents:
    """Return the events of a file that darkmc wrote, in any of its formats, and their metadata.

    Parameters
    ----------
    path : path
        The file; its ending says the format.

    Returns
    -------
    StoredEvents
        Iterator over awkward chunks, with ``metadata``, ``array`` (all of them) and columns by name.

    Raises
    ------
    PhysicsError
        If it is not there, was not written by darkmc, or is damaged; or a package is missing.

    Examples
    --------
    >>> import darkmc
    >>> darkmc.read_events("nowhere.root")
    Traceback (most recent call last):
    ...
    darkmc.core.errors.PhysicsError: no such file: nowhere.root
    """
    return StoredEvents(path)


def _checked(path: Any) -> str | os.PathLike[str]:
    if not isinstance(path, str | os.PathLike):
        raise PhysicsError(f"path must be text or a path, not {shown(path)}")
    return path


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
    write_events(path, stream, "root")
