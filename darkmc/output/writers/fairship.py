"""ROOT files that FairShip's TTreeGenerator reads: a particle to be tracked per entry, positions in cm."""

from typing import Any, ClassVar

import numpy as np

from darkmc.core.event_columns import Columns, groups
from darkmc.core.vocabulary import MOMENTUM, PARTICLES
from darkmc.output.writers.root import RootWriter

_CENTIMETRES = 100.0


class FairShipWriter(RootWriter):
    """A TTree ``events`` of px, py, pz, x, y, z, id, w, and ``darkmc`` with the events as they are.

    The particles are those that are seen in the detector.  ``event`` says which stand together: every one of
    them has the weight of its event.
    """

    name: ClassVar[str] = "root:fairship"
    suffixes: ClassVar[tuple[str, ...]] = ()
    whole: ClassVar[str] = "darkmc"

    def append(self, columns: Columns) -> None:
        """Write a basket of each branch of both trees."""
        first = self._tree is None
        super().append(columns)
        tracks = _tracks(columns)
        if first:
            self._tracks = self._file.mktree("events", {name: c.dtype for name, c in tracks.items()})
        self._tracks.extend(tracks)


def _tracks(columns: Columns) -> dict[str, np.ndarray[Any, Any]]:
    """Return what is seen, particle by particle, in the order of events."""
    parts = []
    for name in groups(columns):
        particle = PARTICLES.get(name)
        if particle is None or particle.drawn != "visible":
            continue
        there = np.flatnonzero(columns[f"{name}_E"] > 0.0)
        momentum = {part: columns[f"{name}_{part}"][there] for part in MOMENTUM}
        place = {part: _CENTIMETRES * columns[f"{particle.made}_{part}"][there] for part in "xyz"}
        number = np.full(len(there), particle.pdg, dtype=np.int32)
        parts.append((there, momentum | place | {"id": number}))
    where = np.concatenate([there for there, _ in parts])
    order = np.argsort(where, kind="stable")
    tracks = {name: np.concatenate([part[name] for _, part in parts])[order] for name in parts[0][1]}
    event = columns["event"][where[order]]
    return tracks | {"w": columns["weight"][where[order]], "event": event}


WRITER = FairShipWriter
