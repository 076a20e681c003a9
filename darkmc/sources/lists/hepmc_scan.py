"""The lines of a HepMC file, read before its events are: the reader takes a damaged one for something else.

It stops at a broken event as if the file ended there, reads a wrong number as 0, lets large PDG ids overflow,
drops weights that are no finite numbers, and leaves its memory where ids or counts are wrong.
"""

import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from darkmc.core.errors import CardError
from darkmc.core.input_files import UNPACKING_ERRORS, unpacked
from darkmc.sources.lists.hepmc_events import Event, Event2, Event3, WrongEventError, require

_MARKS = {3: b"HepMC::Asciiv3", 2: b"HepMC::IO_GenEvent"}
_LETTERS = {3: b"EVPWUTA", 2: b"EVPUFHNC", 0: b"EVPWUTAFHNC"}  # that begin lines which mean something
_INSIDE = (b"P", b"V")  # that end no event
_UNITS = re.compile(rb"U (?:GEV|MEV) (?:MM|CM)\s*$")
_ATTRIBUTE_OF_NOBODY = re.compile(rb"A\s+[-+]?0*\d{10}")
_NAMES = re.compile(rb"N (\d{1,6}) ")
_LONGEST_LINE = 2**18 - 2  # the reader's


@dataclass
class Scan:
    """What the lines of a file say.

    Attributes
    ----------
    version : {2, 3}
        Of the format; 0 if unknown.
    events : int
        Events in the file.
    weights : array
        First weight of every event, 1 where it has none.
    particles : array
        Number of particles of every event.
    ended : bool
        The file says where it ends.
    broken : int
        First event that is not whole, from 1; 0 if none is.
    """

    version: int = 0
    events: int = 0
    weights: "array[float]" = field(default_factory=lambda: array("d"))
    particles: "array[int]" = field(default_factory=lambda: array("q"))
    ended: bool = False
    broken: int = 0

    def breaks(self) -> None:
        """Note that the last event is not whole."""
        self.broken = self.broken or max(self.events, 1)


def scan(path: Path) -> Scan:
    """Read all lines of a file.

    Raises
    ------
    CardError
        With the file, and the event: no HepMC, no events, a broken or cut event, particles that nothing
        brings forth, a weight that is no number, or a PDG id beyond 32 bits.
    """
    try:
        with unpacked(path) as file:
            found = _scan(path, file)
    except UNPACKING_ERRORS as error:
        raise CardError(f"{path}: cannot be read as HepMC: {error}") from None
    if found.events == 0:
        raise CardError(f"{path}: cannot be read as HepMC: no events")
    if found.broken:
        raise CardError(f"{path}: event {found.broken} of {found.events} is broken or cut off")
    return found


def _scan(path: Path, file: Any) -> Scan:
    lines, line = _Lines(), b"\n"
    while text := file.readline(_LONGEST_LINE):
        line = text
        if line[:1] not in _INSIDE:
            _try(path, lines.found, lines.end, line)
        _try(path, lines.found, lines.read, line)
    _try(path, lines.found, lines.end, b"")
    if not line.endswith(b"\n") and not lines.found.ended:
        lines.found.breaks()
    return lines.found


def _try(path: Path, found: Scan, step: Callable[[bytes], None], line: bytes) -> None:
    """Take a line, and note or say what is wrong with its event."""
    try:
        step(line)
    except WrongEventError as error:
        if error.args:
            where = f"event {found.events}" if found.events else "cannot be read as HepMC"
            raise CardError(f"{path}: {where}: {error}") from None
        found.breaks()


class _Lines:
    """The lines so far, each taken as the reader takes it."""

    def __init__(self) -> None:
        self.found = Scan()
        self._event: Event | None = None
        self._has_weights = False
        self._gap = False

    def end(self, line: bytes) -> None:
        """End the event if this line is none of it."""
        event, letter = self._event, line[:1]
        if event is None or not self._ends(event, letter, line):
            return
        self._event = None
        require(letter in (b"", b"H") or not self._gap)  # an empty line hides from the reader that it ends
        event.close()

    def _ends(self, event: Event, letter: bytes, line: bytes) -> bool:
        if letter in (b"", b"E") or line.startswith(b"HepMC"):
            return True
        if self.found.version == 2:
            return False
        return letter == b"T" or (letter == b"W" and self._has_weights) or (letter == b"A" and event.begun())

    def read(self, line: bytes) -> None:
        """Read a line."""
        letter, self._gap = line[:1], line == b"\n"
        require(len(line) < _LONGEST_LINE and b"\0" not in line)
        if line[:2] == b"P " and self._event is not None:
            self._event.particle(line)
            self.found.particles[-1] += 1
        elif line.startswith(b"HepMC"):
            self._mark(line)
        elif line[:2] == b"E ":
            self._head(line)
        elif letter in _LETTERS[self.found.version]:
            require(self.found.version > 0 and line[1:2] == b" ")
            self._line(letter, line)

    def _mark(self, line: bytes) -> None:
        """Read a line that says what the file is, or where its events start and end."""
        for version, mark in _MARKS.items():
            if line.startswith(mark):
                require(self.found.version in (0, version))
                self.found.version = version
                self.found.ended = b"END_EVENT_LISTING" in line
                return
        require(self.found.version == 0 or line.startswith(b"HepMC::Version"))

    def _head(self, line: bytes) -> None:
        """Read the head of an event."""
        if not self.found.version:
            raise WrongEventError("no header 'HepMC::Asciiv3' or 'HepMC::IO_GenEvent'")
        self.found.events += 1
        self.found.ended = self._has_weights = False
        self.found.weights.append(1.0)
        self.found.particles.append(0)
        self._event = Event3(line) if self.found.version == 3 else Event2(line)
        self.found.weights[-1] = _weight(self._event.weights)

    def _line(self, letter: bytes, line: bytes) -> None:
        """Read a line that means something, of an event or between events."""
        if letter in _INSIDE:
            if self._event is None:
                raise WrongEventError
            self._event.vertex(line)
        elif letter == b"U":
            require(_UNITS.match(line) is not None)
        elif letter == b"W" and self._event is not None:
            self._has_weights = True
            self.found.weights[-1] = _weight(line.split()[1:])
        elif letter == b"N":
            names = _NAMES.match(line)
            require(names is not None and 0 < 2 * int(names[1]) <= line.count(b'"'))
        elif self.found.version == 3:
            require(_ATTRIBUTE_OF_NOBODY.match(line) is None and not _ends_open(line))


def _ends_open(line: bytes) -> bool:
    """Return whether a line ends in a backslash that the next sign is missing for."""
    text = line.rstrip(b"\n")
    return (len(text) - len(text.rstrip(b"\\"))) % 2 == 1


def _weight(words: list[bytes]) -> float:
    """Return the first weight of an event; what it is if not finite is for the caller to judge."""
    try:
        return float(words[0]) if words else 1.0
    except ValueError:
        word = words[0].decode(errors="replace")
        raise WrongEventError(f"the weight {word[:40]!r} is not a number") from None
