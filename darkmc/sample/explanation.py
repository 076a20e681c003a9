"""What a yield is made of, in numbers and in words."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from darkmc.core.vocabulary import PARTICLES
from darkmc.core.words import alike, html_facts, with_error
from darkmc.sample.yields import Yield

_NAMES = 18  # letters before what is said
_FEW = 6  # channels that are named
_LEAST = 0.005  # share of the yield of what is named
_LEAST_SHARE = 1e-3  # that is told with one digit behind the point
_LEAST_PERCENT = 1e-3  # below it a share is no percentage to be read
HIGHER = 1.1  # by what energies are changed to see what it does to an edge


class Part(NamedTuple):
    """A part of a yield: events, their Monte Carlo error, and the share in all."""

    name: str
    value: float
    error: float
    share: float


class Mean(NamedTuple):
    """A mean over the events and its Monte Carlo error."""

    value: float
    error: float


class Step(NamedTuple):
    """A cut: events that are left, and which share of those before, each with its error."""

    name: str
    value: float
    error: float
    kept: float
    kept_error: float


class Cause(NamedTuple):
    """What sets an edge of an excluded interval, and what would move it.

    Attributes
    ----------
    side : {"lower", "upper"}
        Of the interval.
    coupling, error : float
        The edge, GeV^-1.
    channel, share : str, float
        The channel with most events there, and its share.
    slope : float
        d ln N/d ln G there.
    depth : float
        Decay lengths, and conversions, before the detector there, the mean over the events.
    """

    side: str
    coupling: float
    error: float
    channel: str
    share: float
    slope: float
    depth: float

    @property
    def with_twice_the_events(self) -> float:
        """By which factor the edge moves if there are twice as many events of every kind, to first order."""
        return 2.0 ** (-1.0 / self.slope) if self.slope else math.nan

    @property
    def with_more_energy(self) -> float:
        """By which factor it moves if all energies are 10% higher and nothing else changes, likewise."""
        more = self.depth * (1.0 - 1.0 / HIGHER)
        return math.exp(-more / self.slope) if self.slope else math.nan


class Uncertainty(NamedTuple):
    """What a yield is unsure of, relative to it."""

    name: str
    size: float


@dataclass(frozen=True)
class Explanation:
    """Where the events of a sample at one coupling come from; printing it says it in words.

    Attributes
    ----------
    experiment : str
        Name of the card.
    masses : mapping
        GeV.
    coupling : float
        GeV^-1.
    expected : Yield
        Expected events.
    excluded : str
        What the observation excludes, in words.
    parents, channels : tuple of Part
        What dark states are made of, and by which channels they are seen, the largest first.
    energies : mapping of Mean
        Mean energies (GeV) of the particles of the events that pass, by their names in event files.
    decay_length, distance : Mean or None
        Of the unstable state, m: mean decay length in the lab, and mean path from where it is made to where
        something is seen; None where nothing decays.
    cuts : tuple of Step
        The cutflow.
    edges : tuple of Cause
        What sets each edge of the limit.
    reason : str
        What the limit says beside its edges.
    uncertainties : tuple of Uncertainty
        The largest first; only what the sample knows of.
    """

    experiment: str
    masses: Mapping[str, float]
    coupling: float
    expected: Yield
    excluded: str
    parents: tuple[Part, ...] = ()
    channels: tuple[Part, ...] = ()
    energies: Mapping[str, Mean] = field(default_factory=dict)
    decay_length: Mean | None = None
    distance: Mean | None = None
    cuts: tuple[Step, ...] = ()
    edges: tuple[Cause, ...] = ()
    reason: str = ""
    uncertainties: tuple[Uncertainty, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON takes it.

        Returns
        -------
        dict
            By attribute; None where an error is unknown.
        """
        edges = [
            _plain(edge) | {"twice_the_events": edge.with_twice_the_events, "energies": edge.with_more_energy}
            for edge in self.edges
        ]
        out: dict[str, Any] = {
            "experiment": self.experiment,
            **self.masses,
            "coupling": self.coupling,
            "expected_events": float(self.expected.value),
            "error": float(self.expected.error),
            "excluded": self.excluded,
            "parents": [_plain(part) for part in self.parents],
            "channels": [_plain(part) for part in self.channels],
            "energies": {name: _plain(mean) for name, mean in self.energies.items()},
            "decay_length": self.decay_length and _plain(self.decay_length),
            "distance": self.distance and _plain(self.distance),
            "cuts": [_plain(step) for step in self.cuts],
            "edges": edges,
            "reason": self.reason,
            "uncertainties": [_plain(one) for one in self.uncertainties],
        }
        clean: dict[str, Any] = _finite(out)
        return clean

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        title, *lines = self._lines()
        return html_facts(title, [(line[:_NAMES].strip(), line[_NAMES:].strip()) for line in lines])

    def _lines(self) -> Iterator[str]:
        masses = ", ".join(f"{name} = {value:g} GeV" for name, value in self.masses.items())
        yield f"{self.experiment}: {masses}, G = {self.coupling:g} GeV^-1"
        value, error = float(self.expected.value), float(self.expected.error)
        yield f"expected events   {with_error(value, error)}; excluded: {self.excluded}"
        yield from _table("made of", self.parents)
        yield from _table("seen as", self.channels)
        if self.energies:
            told = (f"{name} {with_error(*mean)} GeV" for name, mean in self.energies.items())
            yield f"mean energies     {', '.join(told)}"
        if self.decay_length is not None and self.distance is not None:
            yield (
                f"decay length      {with_error(*self.decay_length)} m in the mean, seen "
                f"{with_error(*self.distance)} m from where it is made"
            )
        yield from _cutflow(self.cuts)
        for edge in self.edges:
            yield from _edge(edge)
        if self.reason:
            yield f"limit             {self.reason}"
        if self.uncertainties:
            largest, *others = self.uncertainties
            beside = (
                f"; {', '.join(f'{one.name} {_share(one.size)}' for one in others[:_FEW])}" if others else ""
            )
            known = f"{_share(largest.size)} of the events" if math.isfinite(largest.size) else "unknown"
            yield f"most uncertain    {largest.name}: {known}{beside}"


def _table(title: str, parts: Sequence[Part]) -> Iterator[str]:
    shown = [part for part in parts if part.share >= _LEAST][:_FEW]
    if len(parts) == len(shown) + 1:  # it takes the line that would say so
        shown = [*parts]
    for number, part in enumerate(shown):
        head = title if number == 0 else ""
        yield f"{head:{_NAMES}s}{_share(part.share):>6s}  {part.name} ({with_error(part.value, part.error)})"
    if len(shown) < len(parts):
        rest = 1.0 - sum(part.share for part in shown)
        yield f"{'':{_NAMES}s}{_share(rest):>6s}  {len(parts) - len(shown)} others"


def _share(share: float) -> str:
    """Return a share as a percentage, never as nothing."""
    return f"{share:.1%}" if share >= 0.5 * _LEAST_SHARE else f"<{_LEAST_SHARE:.1%}"


def _cutflow(cuts: Sequence[Step]) -> Iterator[str]:
    for number, step in enumerate(cuts):
        head = "cuts" if number == 0 else ""
        kept = "" if number == 0 else f", {_kept(step)} kept"
        yield f"{head:{_NAMES}s}{step.name}: {with_error(step.value, step.error)}{kept}"


def _kept(step: Step) -> str:
    if step.kept == 1.0 or not math.isfinite(step.kept_error):
        return "all" if step.kept == 1.0 else "an unknown part"
    share, error = 100.0 * step.kept, 100.0 * step.kept_error
    if share < _LEAST_PERCENT:
        return f"{with_error(step.kept, step.kept_error)} of it"
    if error == 0.0:
        return f"{share:.4g}%"
    return " +- ".join(alike(share, error)) + "%"


def _edge(edge: Cause) -> Iterator[str]:
    way = f"N grows as G^{edge.slope:.1f}" if edge.slope > 0.0 else f"N falls as G^{edge.slope:.1f}"
    yield (
        f"{edge.side} edge        {with_error(edge.coupling, edge.error)} GeV^-1, set by {edge.channel} "
        f"({edge.share:.0%} of the events there); {way}"
    )
    moved = f"twice the events {_percent(edge.with_twice_the_events)}"
    if edge.depth >= 0.1:
        moved += f", energies {HIGHER - 1.0:.0%} higher {_percent(edge.with_more_energy)}"
        moved += f" ({edge.depth:.3g} decay lengths before it)"
    yield f"{'':{_NAMES}s}moved by {moved}"


def _percent(factor: float) -> str:
    return f"{100.0 * (factor - 1.0):+.2g}%"


def _plain(part: Any) -> dict[str, Any]:
    out: dict[str, Any] = part._asdict()
    return out


def _finite(value: Any) -> Any:
    """Return numbers, tables and lists of them with None for what is not finite."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


SHOWN = tuple(name for name, particle in PARTICLES.items() if particle.drawn or name == "meson")
