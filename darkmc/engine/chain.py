"""A chain: what is known of a channel before it is aimed, and where its uniform numbers lie."""

from dataclasses import dataclass
from typing import NamedTuple

from darkmc.biasing.emission import Emission
from darkmc.core.rng import StreamNumber
from darkmc.engine.routes import Route
from darkmc.signals.signal import Signal


@dataclass(frozen=True)
class Chain:
    """What is known of a channel before it is aimed.

    Attributes
    ----------
    name, number : str, StreamNumber
        Of the channel.
    parent : str
        What dark states are made of, by its name in :mod:`darkmc.core.rng`.
    emission : Emission
        Where dark states come from.
    route : Route
        Which of them gets to the detector, and how.
    signal : Signal
        What it does there.
    efficiency : float
        Constant part of the detection efficiency.
    states : tuple of str
        Final states of decays on the way, whose branching ratios multiply.
    counts_primaries : bool
        No other channel has the same primaries.
    """

    name: str
    number: StreamNumber
    parent: str
    emission: Emission
    route: Route
    signal: Signal
    efficiency: float
    states: tuple[str, ...]
    counts_primaries: bool


_ON_THE_WAY = 5  # numbers of an emission with a decay on the way, kept free where there is none


class Blocks(NamedTuple):
    """Which uniform numbers are whose: vertex | emission | way | place | signal | late emission | placement.

    Attributes
    ----------
    first : int
        The first of the emission.
    emission, way, acting : slice, or list of int
        Of the emission, the route and the signal.
    place : int
        Where the signal acts, or the state decays.
    placing : int
        The first of the placement, which takes all that are left.
    """

    first: int
    emission: slice | list[int]
    way: slice
    place: int
    acting: slice
    placing: int

    @classmethod
    def of(cls, chain: Chain) -> "Blocks":
        """Return those of a chain."""
        emission, route, signal = chain.emission, chain.route, chain.signal
        early = emission.n_uniform - emission.n_late
        start = 0 if route.inside else 1  # within a volume the way's number says where the decay is
        end = start + (max(early, _ON_THE_WAY) if signal.per_length else early)
        way = slice(end, end + route.n_uniform)
        place, acting = 0, end
        if route.inside:
            place, acting = end, way.stop
        elif signal.per_length:
            place, acting = way.stop, way.stop + 1
        late = acting + signal.n_uniform
        placing = late + emission.n_late
        own = slice(start, start + early)
        numbers = [*range(own.start, own.stop), *range(late, placing)] if emission.n_late else own
        return cls(start, numbers, way, place, slice(acting, late), placing)
