"""A chain: what is known of a channel before it is aimed."""

from dataclasses import dataclass

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
