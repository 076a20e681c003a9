"""What the lines of one HepMC event say of its vertices and particles, and whether they fit together.

The reader trusts them: ids that do not exist lead it out of its memory, and counts decide how much it takes.
So each line has exactly the fields of its format, one blank apart, and each event the vertices that it names.

Source: ASCII formats of HepMC3, A. Buckley et al., arXiv:1912.08005, and of HepMC 2.06, IO_GenEvent.
"""

import re
from typing import ClassVar

_NUMBER = rb" [-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[nN][aA][nN]|[iI][nN][fF])"
_INTEGER, _COUNT, _STATUS = rb" -?\d+", rb" (\d{1,9})", rb" -?\d{1,9}"
_BARCODE, _PDG, _WORD, _END = rb" (-\d{1,9})", rb" (?P<pid>-?\d+)", rb" [^\s\0]+", rb"\s*$"
_WORDS = rb"((?:" + _WORD + rb")*)" + _END
_PLACE = rb"(?: @" + 4 * _NUMBER + rb")?" + _END
_BEAM, _LARGEST_ID = 4, 2**31 - 1
_MOST_GENERATIONS = 10_000  # the reader of HepMC2 calls itself for each


class WrongEventError(Exception):
    """A line is none of its event, or an event is not whole; with a text if more can be said."""


class Event:
    """An event as far as its lines were read.

    Attributes
    ----------
    weights : list of bytes
        What stands for its weights in its first line.
    particles : int
        Lines of particles.
    """

    _particle: ClassVar[re.Pattern[bytes]]

    def __init__(self) -> None:
        self.weights: list[bytes] = []
        self.particles = 0
        self._vertices: set[int] = set()

    def begun(self) -> bool:
        """Return whether there was a vertex or a particle."""
        return self.particles > 0 or bool(self._vertices)

    def vertex(self, line: bytes) -> None:
        """Add a line V."""
        raise NotImplementedError

    def particle(self, line: bytes) -> None:
        """Add a line P."""
        raise NotImplementedError

    def close(self) -> None:
        """Check that what was said of the event is there."""
        raise NotImplementedError

    def _add_vertex(self, number: bytes) -> int:
        barcode = int(number)
        require(barcode not in self._vertices)
        self._vertices.add(barcode)
        return barcode

    def _add_particle(self, line: bytes) -> re.Match[bytes]:
        """Return what the line of the next particle says."""
        self.particles += 1
        said = _match(self._particle, line)
        pid = said["pid"]
        if len(pid) > 9 and (len(pid) > 11 or abs(int(pid)) > _LARGEST_ID):
            raise WrongEventError(f"the PDG id {pid.decode()[:40]} does not fit in 32 bits")
        return said


class Event3(Event):
    """An event of HepMC3: a particle comes from a vertex with a line, or from one that alone decays."""

    _head = re.compile(rb"E" + _INTEGER + 2 * _COUNT + _PLACE)
    _vertex = re.compile(rb"V" + _BARCODE + _STATUS + rb" \[(\d{1,9}(?:,\d{1,9})*)\]" + _PLACE)
    _particle = re.compile(rb"P" + _COUNT + rb" (-?\d{1,9})" + _PDG + 5 * _NUMBER + _STATUS + _END)

    def __init__(self, line: bytes) -> None:
        super().__init__()
        self._n_vertices, self._n_particles = map(int, _match(self._head, line).groups())
        self._origins: list[int] = []
        self._ends: dict[int, int] = {}
        self._goes_back = False

    def vertex(self, line: bytes) -> None:
        """Add a line V."""
        number, ids = _match(self._vertex, line).groups()
        vertex = self._add_vertex(number)
        require(-self._n_vertices <= vertex < 0)
        for k in map(int, ids.split(b",")):
            require(0 < k <= self._n_particles and k not in self._ends)
            self._ends[k] = vertex
            self._goes_back |= k > self.particles

    def particle(self, line: bytes) -> None:
        """Add a line P."""
        said = self._add_particle(line)
        number, parent = int(said[1]), int(said[2])
        require(number == self.particles and -self._n_vertices <= parent < number)
        self._origins.append(parent)

    def close(self) -> None:
        """Check that what was said of the event is there."""
        origins = set(self._origins)
        alone = {origin for origin in origins if origin > 0}
        require(self.particles == self._n_particles)
        require(len(self._vertices) + len(alone) == self._n_vertices)
        require(origins - alone <= self._vertices | {0} and not alone & self._ends.keys())
        if self._goes_back:
            ends = self._ends | {k: k for k in alone}
            _require_generations([(origin, ends.get(k, 0)) for k, origin in enumerate(self._origins, 1)])


class Event2(Event):
    """An event of HepMC2: after each vertex come its orphans, which only it takes in, and what leaves it."""

    _head = re.compile(rb"E" + 6 * _WORD + rb" (-?\d+)" + _COUNT + 2 * _WORD + _COUNT + _WORDS)
    _vertex = re.compile(rb"V" + _BARCODE + _STATUS + 4 * _NUMBER + 3 * _COUNT + _WORDS)
    _particle = re.compile(
        rb"P" + _INTEGER + _PDG + 5 * _NUMBER + rb" (-?\d{1,9})" + 2 * _NUMBER + rb" (0|-\d{1,9})" + _COUNT
        + _WORDS
    )  # fmt: skip

    def __init__(self, line: bytes) -> None:
        super().__init__()
        signal, vertices, states, rest = _match(self._head, line).groups()
        self._n_vertices, words = int(vertices), rest.split()
        count, *self.weights = words[int(states) :] or [b""]
        require(count == str(len(self.weights)).encode())
        self._missing = 0
        self._now = 0
        self._links: list[tuple[int, int]] = []
        self._fed: set[int] = set()
        self._leaves: set[int] = set()
        self._kept = {int(signal)}  # the reader must not leave these out, as it does where nothing leaves

    def vertex(self, line: bytes) -> None:
        """Add a line V."""
        require(self._missing == 0)
        number, orphans, leaving, weights, rest = _match(self._vertex, line).groups()
        self._now = self._add_vertex(number)
        self._missing = int(orphans) + int(leaving)
        require(len(rest.split()) == int(weights))
        if int(weights):
            self._kept.add(self._now)

    def particle(self, line: bytes) -> None:
        """Add a line P."""
        _, status, end, flows, rest = self._add_particle(line).groups()
        self._missing -= 1
        require(self._missing >= 0 and len(rest.split()) == 2 * int(flows))
        if int(end) == self._now:
            self._fed.add(self._now)
            self._kept.add(self._now)
            return
        self._leaves.add(self._now)
        self._links.append((self._now, int(end)))
        if int(status) == _BEAM and int(end) == 0:  # the reader lets a beam enter if nothing else does
            self._fed.add(self._now)

    def close(self) -> None:
        """Check that what was said of the event is there."""
        require(self._missing == 0 and len(self._vertices) == self._n_vertices)
        ends = {end for _, end in self._links if end}
        require(ends <= self._vertices)
        for vertex in self._vertices - self._fed - ends:
            raise WrongEventError(f"nothing enters the vertex {vertex}, so that what leaves it would be lost")
        require(not (self._vertices - self._leaves) & self._kept)
        _require_generations(self._links)


def require(holds: bool) -> None:
    """Refuse an event of which something does not hold."""
    if not holds:
        raise WrongEventError


def _match(pattern: re.Pattern[bytes], line: bytes) -> re.Match[bytes]:
    """Return what a line says."""
    match = pattern.match(line)
    if match is None:
        raise WrongEventError
    return match


def _require_generations(links: list[tuple[int, int]]) -> None:
    """Refuse a vertex that is its own ancestor, and more generations than anybody has.

    Links lead from a vertex to a later one; 0 is none.
    """
    children: dict[int, list[int]] = {}
    waiting: dict[int, int] = {}
    for start, end in links:
        if start and end:
            children.setdefault(start, []).append(end)
            waiting[end] = waiting.get(end, 0) + 1
    last, generations = [start for start in children if start not in waiting], 0
    while last:
        generations += 1
        require(generations <= _MOST_GENERATIONS)
        born = []
        for start in last:
            for end in children.pop(start, ()):
                waiting[end] -= 1
                if waiting[end] == 0:
                    born.append(end)
        last = born
    require(not children)
