"""Read mesons from Les Houches event files, packed or not, through pylhe."""

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.core.errors import CardError, first_line, how_to_get
from darkmc.core.input_files import require_file, unpacked, what_it_is
from darkmc.sources.lists.tables import DECAYED, FINAL, ListFile, file_hash, no_mesons

_FIELDS = ("px", "py", "pz", "e")


def read_lhe(path: Path, species: dict[str, int]) -> dict[str, ListFile]:
    """Read the mesons of some species from a file of events, in GeV, each with the weight of its event.

    Taken are particles that are final or decay.  Such files hold no positions.

    Parameters
    ----------
    path : Path
        The file.
    species : dict of int
        PDG ids by name.

    Raises
    ------
    CardError
        With file and event: no file, no such mesons, a broken event, or what is no finite number.
    """
    require_file(path)
    rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in species}
    numbers: dict[str, list[int]] = {name: [] for name in species}
    passed: dict[str, Counter[int]] = {name: Counter() for name in species}
    seen: set[int] = set()
    events = 0
    for events, event in enumerate(_events(path), 1):
        weight = float(event.eventinfo.weight)
        for particle in event.particles:
            seen.add(int(particle.id))
            for name, pid in species.items():
                if particle.id != pid:
                    continue
                if particle.status in (FINAL, DECAYED):
                    rows[name].append((*(float(getattr(particle, key)) for key in _FIELDS), weight))
                    numbers[name].append(events)
                else:
                    passed[name][int(particle.status)] += 1
    digest, out = file_hash(path), {}
    for name, pid in species.items():
        if not rows[name]:
            raise CardError(f"{path}: {no_mesons(name, pid, events, passed[name], seen)}")
        columns = dict(zip(("px", "py", "pz", "E", "weight"), np.array(rows[name]).T.copy(), strict=True))
        places = np.array(numbers[name], dtype=np.int64)
        out[name] = ListFile(path, columns, places, digest, "event", "GeV")
    return out


def _events(path: Path) -> Iterator[Any]:
    """Yield events; what the reader stumbles over is one line."""
    try:
        pylhe = import_module("pylhe")
    except ImportError:
        raise CardError(f"{path}: LHE files need pylhe: {how_to_get('hepmc')}") from None
    what, count = what_it_is(path), 0
    if what.kind != "an LHE file":
        other = f"it is {what.kind}: {what.advice}" if what.kind else "it does not begin so"
        raise CardError(f"{path}: cannot be read as LHE: {other}")
    try:
        with unpacked(path) as file:
            for event in pylhe.LHEFile.frombuffer(file).events:
                yield event
                count += 1
    except Exception as error:  # of XML, of packing, of numbers: as many kinds as a damaged file has
        raise CardError(f"{path}: event {count + 1} cannot be read as LHE: {first_line(error)}") from None
