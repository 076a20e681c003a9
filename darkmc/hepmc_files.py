"""Read mesons from ascii files of HepMC3 or HepMC2 events, gzipped or not."""

import gzip
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.errors import CardError
from darkmc.kinematics import Array
from darkmc.list_files import MOMENTUM, VERTEX, ListFile, file_hash

_FINAL, _DECAYED = 1, 2
_M_PER_MM = 1e-3
_FIELDS = ("px", "py", "pz", "e")
Particles = tuple[Array, Array]


def read_hepmc(path: Path, species: dict[str, int]) -> dict[str, ListFile]:
    """Read the mesons of some species from a file of events.

    Taken are particles that are final or decay, each once: of copies, the last.  Each has the first weight of
    its event and its production vertex; a vertex without position has that of its ancestors.

    Parameters
    ----------
    path : Path
        The file.
    species : dict of int
        PDG ids by name.

    Returns
    -------
    dict of ListFile
        By name, in GeV, m and ns; without vertices if all lie at the origin.

    Raises
    ------
    CardError
        With file and event: no file, no such mesons, a broken event, or what is no finite number.
    """
    if not path.is_file():
        raise CardError(f"{path}: no such file")
    found: dict[str, list[Particles]] = {name: [] for name in species}
    numbers: dict[str, list[int]] = {name: [] for name in species}
    seen: set[int] = set()
    unit, number = "GeV", 0
    for number, (data, said) in enumerate(_events(path), 1):
        unit = said
        seen.update(np.unique(data.particles["pid"]).tolist())
        for name, pid in species.items():
            entries = _mesons(data, pid)
            if entries[0].shape[1]:
                found[name].append(entries)
                numbers[name] += [number] * entries[0].shape[1]
    digest = file_hash(path)
    out = {}
    for name, pid in species.items():
        if not found[name]:
            raise CardError(f"{path}: no {name} (PDG id {pid}) in {number} events{_others(seen)}")
        columns = _columns(found[name])
        out[name] = ListFile(path, columns, np.array(numbers[name], dtype=np.int64), digest, unit)
    return out


def _others(seen: set[int]) -> str:
    """Return which mesons the file has instead, for messages."""
    mesons = sorted(pid for pid in seen if 100 < pid < 1000)
    return f", which have mesons {', '.join(map(str, mesons))}" if mesons else ""


def _columns(parts: list[Particles]) -> dict[str, Array]:
    four, rest = (np.concatenate(rows, axis=1) for rows in zip(*parts, strict=True))
    columns = dict(zip((*MOMENTUM, "weight"), [*four, rest[4]], strict=True))
    if np.any(rest[:4]):
        place = rest[:4] * _M_PER_MM
        columns |= dict(zip(VERTEX, [*place[:3], place[3] / SPEED_OF_LIGHT_M_PER_NS], strict=True))
    return columns


def _mesons(data: Any, pid: int) -> Particles:
    """Return px, py, pz, E (4, n) and x, y, z, ct, weight (5, n) of one species in an event, GeV and mm."""
    particles, start, end = data.particles, data.links1, data.links2
    chosen = np.flatnonzero(particles["pid"] == pid)
    produced, decays = np.zeros((2, len(particles) + 1), dtype=np.int64)
    produced[end[end > 0]] = -start[end > 0]
    decays[start[start > 0]] = -end[start > 0]
    goes_on = (decays[chosen + 1] > 0) & np.isin(decays[chosen + 1], produced[chosen + 1])
    status = particles["status"][chosen]
    chosen = chosen[~goes_on & ((status == _FINAL) | (status == _DECAYED))]
    four = np.stack([particles[name][chosen] for name in _FIELDS])
    rest = np.empty((5, len(chosen)))
    rest[:4] = _positions(data, produced[chosen + 1], produced)
    rest[4] = data.weights[0] if len(data.weights) else 1.0
    return four, rest


def _positions(data: Any, vertex: NDArray[np.int64], produced: NDArray[np.int64]) -> Array:
    """Return x, y, z and ct (4, n) of vertices, counted from 1; 0 is the root of the event."""
    root = data.event_pos
    place = np.zeros((4, len(data.vertices) + 1))
    place[:, 1:] = [data.vertices[name] for name in ("x", "y", "z", "t")]
    place[:, 0] = (root.x, root.y, root.z, root.t)
    unset = ~np.any(place, axis=0)
    above = np.zeros(len(unset), dtype=np.int64)
    incoming = np.flatnonzero(data.links1 > 0)[::-1]  # the first of several is written last and stays
    above[-data.links2[incoming]] = produced[data.links1[incoming]]
    for _ in range(len(unset)):
        lost = unset[vertex] & (vertex > 0)
        if not lost.any():
            break
        vertex = np.where(lost, above[vertex], vertex)
    out: Array = place[:, vertex]
    return out


def _events(path: Path) -> Iterator[tuple[Any, str]]:
    """Yield the data of every event, in GeV and mm, and the momentum unit that the file says."""
    try:
        pyhepmc = import_module("pyhepmc")
    except ImportError:
        raise CardError(f"{path}: HepMC files need pyhepmc: pip install 'darkmc[hepmc]'") from None
    pyhepmc.Setup.print_errors = pyhepmc.Setup.print_warnings = False
    pyhepmc.Setup.debug_level = 0
    number = _number_of_events(path)
    with _opened(path) as file:
        reader = _reader(path, pyhepmc.io)(pyhepmc.io.pyiostream(file))
        for k in range(1, number + 1):
            event, data = pyhepmc.GenEvent(), pyhepmc.GenEventData()
            if not reader.read_event(event) or reader.failed():
                raise CardError(f"{path}: event {k} of {number} is broken or cut off")
            unit = "GeV" if event.momentum_unit == pyhepmc.Units.GEV else "MeV"
            event.set_units(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            event.write_data(data)
            yield data, unit


def _opened(path: Path) -> Any:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _reader(path: Path, io: ModuleType) -> Any:
    with _opened(path) as file:
        head = file.read(512)
    if b"HepMC::Asciiv3" in head:
        return io.ReaderAscii
    if b"HepMC::IO_GenEvent" in head:
        return io.ReaderAsciiHepMC2
    raise CardError(f"{path}: cannot be read as HepMC: no header 'HepMC::Asciiv3' or 'HepMC::IO_GenEvent'")


def _number_of_events(path: Path) -> int:
    """Count the events: the reader stops at a broken one as if the file ended there."""
    try:
        with _opened(path) as file:
            number: int = sum(line.startswith(b"E ") for line in file)
    except (OSError, EOFError) as error:
        raise CardError(f"{path}: cannot be read as HepMC: {error}") from None
    if number == 0:
        raise CardError(f"{path}: cannot be read as HepMC: no events")
    return number
