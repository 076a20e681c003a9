"""Parts of a scan, each its places level by level: what is given is one level, a line refines itself."""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import Protocol

from darkmc.scan.place import Line, Place
from darkmc.scan.point import ScanPoint, ScanRequest
from darkmc.scan.refine import refined


class Checkpoints(Protocol):
    """Finished points by key, kept until their scan is done."""

    def get(self, key: str) -> ScanPoint | None:
        """Return a point that was finished before, or None."""
        ...

    def add(self, key: str, point: ScanPoint) -> None:
        """Keep a point that is finished."""
        ...


class Part:
    """The places that a request gives, or one of its lines; points leave in their order.

    Attributes
    ----------
    request : ScanRequest
        What it is a part of.
    places : sequence of Place
        Of the level that is computed.
    finished : bool
        No level is left.
    """

    def __init__(
        self, request: ScanRequest, checkpoints: Checkpoints | None = None, line: Line | None = None
    ) -> None:
        self.request, self._checkpoints, self._given = request, checkpoints, line is None
        self._levels = _only(request.places) if line is None else refined(line)
        self.places: Sequence[Place] = next(self._levels)
        self.finished = False
        self._found: dict[int, ScanPoint] = {}
        self._ready: deque[ScanPoint] = deque()
        self._passed = 0

    def known(self, place: Place) -> ScanPoint | None:
        """Return a point that was finished before, or None."""
        return None if self._checkpoints is None else self._checkpoints.get(self.request.key(place))

    def keep(self, place: Place, point: ScanPoint) -> None:
        """Keep a point that is finished, unless it failed."""
        if self._checkpoints is not None and not point.failed:
            self._checkpoints.add(self.request.key(place), point)

    def take(self, number: int, point: ScanPoint) -> bool:
        """Take the point at a place of the level, and return whether another level begins with it."""
        self._found[number] = point
        while self._given and self._passed in self._found:
            self._ready.append(self._found[self._passed])
            self._passed += 1
        if len(self._found) < len(self.places):
            return False
        try:
            self.places = self._levels.send([self._found[k] for k in range(len(self.places))])
        except StopIteration as end:
            self.finished = True
            self._ready.extend(() if self._given else end.value)
            return False
        self._found = {}
        return True

    def leaving(self) -> Iterator[ScanPoint]:
        """Yield the points that are next and are there: of a line all, when it is finished."""
        while self._ready:
            yield self._ready.popleft()


def parts_of(request: ScanRequest, checkpoints: Checkpoints | None) -> list[Part]:
    """Return the parts of a request: its places, and each of its lines."""
    given = [Part(request, checkpoints)] if request.places else []
    return [*given, *(Part(request, checkpoints, line) for line in request.lines)]


def _only(places: Sequence[Place]) -> Generator[Sequence[Place], list[ScanPoint], list[ScanPoint]]:
    """Ask for places once."""
    return (yield places)
