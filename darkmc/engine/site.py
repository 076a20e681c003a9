"""What all streams of an analysis share: where dark states come from and go, and what is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from darkmc.biasing.following import Towards
from darkmc.biasing.placement import Placed
from darkmc.biasing.shield import ShieldedWay
from darkmc.cards.experiment import Cut, EfficiencyTable
from darkmc.core.kinematics import Array, length
from darkmc.core.rng import CHUNKS, chunk_rng, stream_number
from darkmc.geometry.directions import DirectionProposal
from darkmc.geometry.shape import Shape
from darkmc.selection.bins import Bins
from darkmc.selection.observables import Event, Observable, observable
from darkmc.sources.mesons import MesonSource


@dataclass(frozen=True, eq=False)
class Site:
    """Source, volume and selection.

    Attributes
    ----------
    source : MesonSource or None
        Where mesons come from; None where there are none.
    origin : array (3,)
        Where the beam hits, m.
    volume : Shape
        Where something is seen.
    proposal : DirectionProposal or None
        Directions from the origin to it; None for lists, which may lie within it.
    centre : array (3,)
        Its middle, m.
    exposure : float
        Protons on target.
    cuts : sequence of (Cut, Observable)
        The selection.
    everything : bool
        Cuts ask for what only events hold.
    efficiency_table : EfficiencyTable or None
        Efficiency that depends on what is seen.
    branching_factor : float
        A factor of all weights.
    vary : sequence of str
        Alternatives of the source whose weights are carried along.
    absorbing : bool
        Take absorption into account.
    way : ShieldedWay or None
        What lies between.
    photons_seen : Shape or None
        Where the photon of a decay on the way is seen.
    bins : Bins or None
        In which events are counted.
    """

    source: MesonSource | None
    origin: Array
    volume: Shape
    proposal: DirectionProposal | None
    centre: Array
    exposure: float
    cuts: Sequence[tuple[Cut, Observable]]
    everything: bool
    efficiency_table: EfficiencyTable | None
    branching_factor: float
    vary: Sequence[str]
    absorbing: bool
    way: ShieldedWay | None
    photons_seen: Shape | None
    bins: Bins | None = None

    @property
    def mesons(self) -> MesonSource:
        """Where mesons come from, if any do."""
        assert self.source is not None
        return self.source

    @cached_property
    def span(self) -> tuple[float, float]:
        """Path to the volume, and to its end, on the line to its centre, m."""
        entry, leaving = self.volume.intersect(self.origin[None], (self.centre - self.origin)[None])
        return float(entry[0]), float(leaving[0])

    @property
    def reach(self) -> float:
        """Distance of the volume's centre, m."""
        return float(np.linalg.norm(self.centre - self.origin))

    @cached_property
    def farthest(self) -> float:
        """Path beyond which no decay sends a daughter on into the volume, from wherever parents start, m."""
        points, radius = self.volume.balls
        lists = {} if self.source is None else self.source.lists or {}
        starts = [entries.relative_to(self.origin).position for entries in lists.values()]
        behind = max((float(np.max(length(at))) for at in starts if at is not None), default=0.0)
        return float(np.max(np.linalg.norm(points - self.origin, axis=1))) + radius + behind

    @cached_property
    def towards(self) -> Towards:
        """Directions from the origin to it, flat or following the mesons."""
        assert self.proposal is not None
        return Towards.of(self.proposal)

    @cached_property
    def path_range(self) -> tuple[float, float]:
        """Shortest path to the volume and longest path in it (m), over directions that can hit it."""
        assert self.proposal is not None
        rng = chunk_rng(0, stream_number("directions to the volume"), CHUNKS["proposal"][0])
        directions, _ = self.proposal.sample(*rng.random((2, 4096)))
        entry, leaving = self.volume.intersect_components(self.origin, directions)
        deepest = (
            0.0 if self.source is None or self.source.lists is not None else self.source.densities.deepest
        )
        return max(float(np.nanmin(entry)) - deepest, 0.0), float(np.nanmax(leaving - entry))

    def efficiencies(self, event: Event) -> Array:
        """Return the detection efficiency of events from the card's table; empty without a table."""
        table = self.efficiency_table
        return (
            np.empty(0)
            if table is None
            else np.interp(observable(table.observable)(event), table.at, table.values)
        )

    def wall(self, flight: Array) -> Array:
        """Return the path (m) from the origin to where flights (3, n) leave the volume."""
        return self.volume.intersect_components(self.origin[:, None], flight)[1]

    def production(self, placed: Placed) -> Array:
        """Return where (m) and when (ns) the parents emit, (4, n)."""
        if placed.start is not None:
            return placed.start.copy()
        out = np.zeros((4, len(placed.weight)))
        out[:3] = self.origin[:, None]
        return out
