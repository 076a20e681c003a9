"""What a topology hands to the simulation: channels that can make any chunk of rows, in any order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.mixtures import Index
from darkmc.core.rng import StreamNumber
from darkmc.sample.point import Unstable
from darkmc.sample.rows import Channel, Rows

Momenta = dict[str, Array]


@dataclass(frozen=True)
class Flight:
    """An unstable state on its way to where it decays.

    Attributes
    ----------
    start : array (4, n)
        Where and when it starts, rows x, y, z (m) and t (ns).
    direction : array (3, n)
        Its direction.
    entry, window : array (n,)
        Path from there to the window in which it decays, and the window's length, m.
    proper_window : array (n,)
        The window's proper length, m.
    slowness : array (n,)
        Time of flight per metre, ns/m.
    uniform : array (n,)
        From which the decay vertex follows at any coupling.
    """

    start: Array
    direction: Array
    entry: Array
    window: Array
    proper_window: Array
    slowness: Array
    uniform: Array


@dataclass(frozen=True)
class Events:
    """Lab events behind some rows: what is fixed, and what depends on the coupling.

    Attributes
    ----------
    momenta : dict of arrays (4, n)
        Four-momenta by particle name, GeV, lab frame.
    vertices : dict of arrays (4, n)
        Vertices that do not depend on the coupling, rows x, y, z (m) and t (ns); `production` among them.
    flight : Flight or None
        The state whose decay vertex depends on the coupling, if there is one.
    """

    momenta: Momenta
    vertices: Momenta
    flight: Flight | None


class EventMaker(Protocol):
    """Makes a chunk of rows with all momenta; see :class:`ChannelPlan`."""

    def __call__(  # noqa: D102
        self, seed: int, chunk: int, n_rows: int, primaries: Index | None = None
    ) -> tuple[Rows, Events]: ...


@dataclass(frozen=True)
class ChannelPlan:
    """One stream of primaries.

    Attributes
    ----------
    name, number : str, StreamNumber
        Its name, and the number in the register that its random numbers hang on.
    cost : float
        Relative cost of a row: a fixed number, never a measured time.
    power : float
        Of G, beside those of the decays that follow from lifetimes and branching ratios.
    unstable : Unstable
        The state that decays, at G = 1.
    branching, efficiency : float
        Constant factors of every row's weight, beside branching ratios.
    n_cuts : int
        Number of cuts that a row must pass.
    particles, vertices : tuple of str
        Names of the particles and vertices in its events.
    run : callable (rng_seed, chunk, n_rows, first = 0) -> Rows
        Make one chunk, or primaries of it from the first on: the same, however many are made.
    run_events : callable (rng_seed, chunk, n_rows, primaries=None) -> (Rows, Events)
        Make the same chunk with all momenta, or only the rows of some of its primaries, by increasing number.
    lifetimes : int
        Power of 1/ctau.
    states : tuple of str
        Final states whose branching ratios multiply.
    rows_per_primary : int
        Rows that stand together for one primary, at most.
    counts_primaries : bool
        No other channel has the same primaries.
    list_shares : array (GROUPS,)
        What part of a list of mesons each group of entries is; empty without a list.
    own_bins : range or None
        Bins that it may fill; None: any.
    absorbing : bool
        What the rows say of absorption is taken into account.
    parent : str
        What its dark states are made of.
    taught : callable (coupling) -> ChannelPlan, or None
        The same channel with rows that are more alike at that coupling; None: it learns nothing.
    """

    name: str
    number: StreamNumber
    cost: float
    power: float
    unstable: Unstable
    branching: float
    efficiency: float
    n_cuts: int
    particles: tuple[str, ...]
    vertices: tuple[str, ...]
    run: Callable[..., Rows]
    run_events: EventMaker
    lifetimes: int = 0
    states: tuple[str, ...] = ()
    rows_per_primary: int = 1
    counts_primaries: bool = True
    list_shares: Array = field(default_factory=lambda: np.empty(0))
    own_bins: range | None = None
    absorbing: bool = True
    parent: str = ""
    taught: "Callable[[float], ChannelPlan] | None" = None

    def channel(self, rows: Rows) -> Channel:
        """Return rows as a channel of a sample."""
        return Channel(
            self.name,
            self.power,
            self.branching,
            self.efficiency,
            self.n_cuts,
            rows,
            self.rows_per_primary,
            self.counts_primaries,
            self.list_shares,
            own_bins=self.own_bins,
            absorbing=self.absorbing,
            lifetimes=self.lifetimes,
            states=self.states,
            unstable=self.unstable,
            parent=self.parent,
        )
