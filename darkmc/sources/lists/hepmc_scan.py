"""The lines of a HepMC file, read before its events are: the reader takes a damaged one for something else.

It stops at a broken event as if the file ended there, reads a wrong number as 0, lets large PDG ids overflow,
and drops weights that are no finite numbers.
"""

import gzip
import re
import zlib
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from darkmc.core.errors import CardError

_NUMBER = rb"\s+[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[nN][aA][nN]|[iI][nN][fF])"
_PARTICLE = {
    3: re.compile(rb"P\s+\d+\s+-?\d+\s+(-?\d+)" + 5 * _NUMBER + rb"\s+-?\d+\s*$"),
    2: re.compile(rb"P\s+\d+\s+(-?\d+)" + 5 * _NUMBER + rb"\s+-?\d+(?:\s.*)?$"),
}
_LARGEST_ID = 2**31 - 1
_LONGEST_LINE = 2**24


@dataclass
class Scan:
    """What the lines of a file say.

    Attributes
    ----------
    version : {2, 3}
        Of the format.
    events : int
        Events in the file.
    weights : array
        First weight of every event, 1 where it has none.
    ended : bool
        The file says where it ends.
    claimed, particles : int
        Particles that the last event says it has, and lines of particles.
    broken : int
        First event that is not whole, from 1; 0 if none is.
    """

    version: int
    events: int = 0
    weights: "array[float]" = field(default_factory=lambda: array("d"))
    ended: bool = False
    claimed: int = 0
    particles: int = 0
    broken: int = 0

    def close_event(self) -> None:
        """Compare what the last event says it has with what it has."""
        if self.events and self.particles != self.claimed:
            self.breaks()

    def breaks(self) -> None:
        """Note that the last event is not whole."""
        self.broken = self.broken or self.events


def opened(path: Path) -> Any:
    """Return the file, unpacked, as bytes."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def scan(path: Path) -> Scan:
    """Read all lines of a file.

    Raises
    ------
    CardError
        With the file, and the event: no HepMC, no events, a broken or cut event, a weight that is no
        number, or a PDG id beyond 32 bits.
    """
    try:
        with opened(path) as file:
            found = _scan(path, file)
    except (OSError, EOFError, zlib.error) as error:
        raise CardError(f"{path}: cannot be read as HepMC: {error}") from None
    if found.events == 0:
        raise CardError(f"{path}: cannot be read as HepMC: no events")
    if found.broken:
        raise CardError(f"{path}: event {found.broken} of {found.events} is broken or cut off")
    return found


def _scan(path: Path, file: Any) -> Scan:
    found, line = Scan(0), b"\n"
    while text := file.readline(_LONGEST_LINE):
        line = text
        kind = line[:2]
        if kind == b"P ":
            _particle(path, line, found)
        elif kind == b"V " and found.version == 2:
            _vertex(line, found)
        elif kind == b"E ":
            found.close_event()
            _event(path, line, found)
        elif kind == b"W " and found.version == 3 and found.events:
            found.weights[-1] = _weight(path, line.split()[1:], found.events)
        elif line.startswith(b"HepMC::"):
            _mark(line, found)
    if not line.endswith(b"\n") and not found.ended:
        found.breaks()
    found.close_event()
    return found


def _mark(line: bytes, found: Scan) -> None:
    """Read a line that says what the file is, or where its events start and end."""
    if line.startswith(b"HepMC::Asciiv3"):
        found.version = 3
    elif line.startswith(b"HepMC::IO_GenEvent"):
        found.version = 2
    found.ended = b"END_EVENT_LISTING" in line


def _event(path: Path, line: bytes, found: Scan) -> None:
    """Read the head of an event: how many particles there will be, and with HepMC2 its weight."""
    if not found.version:
        reason = "no header 'HepMC::Asciiv3' or 'HepMC::IO_GenEvent'"
        raise CardError(f"{path}: cannot be read as HepMC: {reason}")
    found.events += 1
    found.particles, found.claimed, found.ended = 0, 0, False
    found.weights.append(1.0)
    words, weights = line.split(), list[bytes]()
    try:
        if found.version == 3:
            found.claimed = int(words[3])
        else:
            after = 12 + max(int(words[11]), 0)
            weights = words[after + 1 : after + 1 + max(int(words[after]), 0)]
    except (ValueError, IndexError):
        found.breaks()
    found.weights[-1] = _weight(path, weights, found.events)


def _weight(path: Path, words: list[bytes], event: int) -> float:
    """Return the first weight of an event; what it is if not finite is for the caller to judge."""
    try:
        return float(words[0]) if words else 1.0
    except ValueError:
        word = words[0].decode(errors="replace")
        raise CardError(f"{path}: event {event}: the weight {word[:40]!r} is not a number") from None


def _vertex(line: bytes, found: Scan) -> None:
    """Add the particles that a vertex of HepMC2 says it has."""
    words = line.split()
    try:
        found.claimed += int(words[7]) + int(words[8])
    except (ValueError, IndexError):
        found.breaks()


def _particle(path: Path, line: bytes, found: Scan) -> None:
    """Count a particle and look at its numbers."""
    found.particles += 1
    read = _PARTICLE[found.version].match(line) if found.version else None
    if read is None:
        found.breaks()
    elif len(read[1]) > 9 and (len(read[1]) > 11 or abs(int(read[1])) > _LARGEST_ID):
        text = f"the PDG id {read[1].decode()[:40]} does not fit in 32 bits"
        raise CardError(f"{path}: event {found.events}: {text}")
