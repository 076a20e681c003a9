"""A chain: what is known of a channel before it is aimed."""

from dataclasses import dataclass

from darkmc.biasing.emission import MesonEmission
from darkmc.biasing.lists import ListPrimaries
from darkmc.biasing.turned import AnaloguePrimaries, TurnedPrimaries
from darkmc.core.rng import StreamNumber
from darkmc.engine.routes import Route
from darkmc.signals.signal import Signal

Placement = AnaloguePrimaries | ListPrimaries | TurnedPrimaries


@dataclass(frozen=True)
class Chain:
    """What is known of a channel before it is aimed.

    Attributes
    ----------
    name, number : str, StreamNumber
        Of the channel.
    emission : MesonEmission
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
    emission: MesonEmission
    route: Route
    signal: Signal
    efficiency: float
    states: tuple[str, ...]
    counts_primaries: bool
