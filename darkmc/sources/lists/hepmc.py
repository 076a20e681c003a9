"""Read mesons from ascii files of HepMC3 or HepMC2 events, gzipped or not."""

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.errors import CardError, first_line, how_to_get
from darkmc.core.input_files import require_file, unpacked
from darkmc.core.kinematics import Array
from darkmc.sources.lists.hepmc_scan import Scan, scan
from darkmc.sources.lists.naming import MOMENTUM, VERTEX
from darkmc.sources.lists.tables import DECAYED, FINAL, ListFile, file_hash, no_mesons

_M_PER_MM, _MM_PER_CM = 1e-3, 10.0
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
    require_file(path)
    lines = scan(path)
    found: dict[str, list[Particles]] = {name: [] for name in species}
    numbers: dict[str, list[int]] = {name: [] for name in species}
    passed: dict[str, Counter[int]] = {name: Counter() for name in species}
    seen: set[int] = set()
    unit = "GeV"
    for number, (data, root, said) in enumerate(_events(path, lines), 1):
        unit = said
        seen.update(np.unique(data.particles["pid"]).tolist())
        for name, pid in species.items():
            entries, others = _mesons(data, root, pid, lines.weights[number - 1])
            passed[name].update(others)
            if entries[0].shape[1]:
                found[name].append(entries)
                numbers[name] += [number] * entries[0].shape[1]
    digest = file_hash(path)
    remarks = () if lines.ended else (f"{path}: no end mark after event {lines.events}: perhaps events miss",)
    out = {}
    for name, pid in species.items():
        if not found[name]:
            raise CardError(f"{path}: {no_mesons(name, pid, lines.events, passed[name], seen)}")
        columns, rows = _columns(found[name]), np.array(numbers[name], dtype=np.int64)
        out[name] = ListFile(path, columns, rows, digest, "event", unit, remarks)
    return out


def _columns(parts: list[Particles]) -> dict[str, Array]:
    four, rest = (np.concatenate(rows, axis=1) for rows in zip(*parts, strict=True))
    columns = dict(zip((*MOMENTUM, "weight"), [*four, rest[4]], strict=True))
    if np.any(rest[:4]):
        place = rest[:4] * _M_PER_MM
        columns |= dict(zip(VERTEX, [*place[:3], place[3] / SPEED_OF_LIGHT_M_PER_NS], strict=True))
    return columns


def _mesons(data: Any, root: Array, pid: int, weight: float) -> tuple[Particles, list[int]]:
    """Return the mesons of one species in an event, and the status of those that do not count.

    Mesons are px, py, pz, E (4, n) in GeV and x, y, z, ct (mm), weight (5, n).
    """
    particles, start, end = data.particles, data.links1, data.links2
    chosen = np.flatnonzero(particles["pid"] == pid)
    produced, decays = np.zeros((2, len(particles) + 1), dtype=np.int64)
    produced[end[end > 0]] = -start[end > 0]
    decays[start[start > 0]] = -end[start > 0]
    goes_on = (decays[chosen + 1] > 0) & np.isin(decays[chosen + 1], produced[chosen + 1])
    status = particles["status"][chosen]
    counts = (status == FINAL) | (status == DECAYED)
    others = status[~goes_on & ~counts].tolist()
    chosen = chosen[~goes_on & counts]
    four = np.stack([particles[name][chosen] for name in _FIELDS])
    rest = np.empty((5, len(chosen)))
    rest[:4] = _positions(data, root, produced[chosen + 1], produced)
    rest[4] = weight
    return (four, rest), others


def _positions(data: Any, root: Array, vertex: NDArray[np.int64], produced: NDArray[np.int64]) -> Array:
    """Return x, y, z and ct (4, n) of vertices, counted from 1; 0 is the root of the event."""
    place = np.zeros((4, len(data.vertices) + 1))
    place[:, 1:] = [data.vertices[name] for name in ("x", "y", "z", "t")]
    place[:, 0] = root
    unset = ~np.any(place, axis=0)
    above = np.zeros(len(unset), dtype=np.int64)
    incoming = np.flatnonzero(data.links1 > 0)[::-1]  # the first of several is written last and stays
    above[-data.links2[incoming]] = produced[data.links1[incoming]]
    nearest = np.where(unset, above, np.arange(len(unset)))
    for _ in range(len(unset).bit_length()):  # each step doubles how far up they look
        nearest = nearest[nearest]
    out: Array = place[:, nearest[vertex]]
    return out


def _events(path: Path, lines: Scan) -> Iterator[tuple[Any, Array, str]]:
    """Yield data and position (4,) of every event, in GeV and mm, and the file's unit of momentum."""
    try:
        pyhepmc = import_module("pyhepmc")
    except ImportError:
        raise CardError(f"{path}: HepMC files need pyhepmc: {how_to_get('hepmc')}") from None
    pyhepmc.Setup.print_errors = pyhepmc.Setup.print_warnings = False
    pyhepmc.Setup.debug_level = 0
    made = pyhepmc.io.ReaderAscii if lines.version == 3 else pyhepmc.io.ReaderAsciiHepMC2
    with unpacked(path) as file:
        reader = made(pyhepmc.io.pyiostream(file))
        for k in range(1, lines.events + 1):
            event, data = pyhepmc.GenEvent(), pyhepmc.GenEventData()
            try:
                read = reader.read_event(event)
            except RuntimeError as error:
                raise CardError(f"{path}: event {k} of {lines.events}: {first_line(error)}") from None
            whole = len(event.particles) == lines.particles[k - 1]
            at_end = k == lines.events and not lines.ended
            if not read or not whole or (reader.failed() and not at_end):
                raise CardError(f"{path}: event {k} of {lines.events} is broken or cut off")
            unit = "GeV" if event.momentum_unit == pyhepmc.Units.GEV else "MeV"
            to_mm = _MM_PER_CM if event.length_unit == pyhepmc.Units.CM else 1.0
            place, root = event.event_pos(), np.zeros(4)  # set_units leaves this one in the file's unit
            root[:] = (place.x, place.y, place.z, place.t)
            event.set_units(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            event.write_data(data)
            check_links(path, data, k)
            yield data, to_mm * root, unit


def check_links(path: Path, data: Any, number: int) -> None:
    """Refuse an event whose links are not all between one of its particles and one of its vertices."""
    high, low = np.maximum(data.links1, data.links2), np.minimum(data.links1, data.links2)
    if np.any((low >= 0) | (low < -len(data.vertices)) | (high <= 0) | (high > len(data.particles))):
        raise CardError(f"{path}: event {number} has links to particles or vertices that do not exist")
