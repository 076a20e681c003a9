"""Bounds of a row's contribution, for unweighting: few rows lie above them, and are counted and said."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.rng import CHUNK_ROWS, CHUNKS
from darkmc.sample.stream import ChannelPlan

MOST_ABOVE = 1e-3  # of the yield from rows above their bounds
_AIM = 3e-4  # of the pilot's yield from such rows: what a pilot does not show comes on top
_RESOLVED = 2e-4  # of the yield from the largest row of a channel's pilot, before it is made longer
_LONGEST, _EMPTY = 32, 8  # chunks of a channel's pilot, and of one that shows nothing
_CHANCES = np.geomspace(1e-1, 1e-7, 121)  # that a row lies above the bound, alike in all channels
_POOR, _MATTERS = 0.03, 0.05  # efficiency of a channel, and its share of the rows, from which on it is taught
_TRIAL, _FEW = 4, 1e-4  # chunks that show whether that helps, and the chance to lie above in them
_GAIN = 1.3  # in efficiency, for which a taught channel is taken
_LEAST = 1e-4  # share of the rows for channels of which a pilot shows nothing, or next to nothing


class Bounds(NamedTuple):
    """Bounds of all channels.

    Attributes
    ----------
    plans : list of ChannelPlan
        The channels, some of them taught for this coupling.
    values : array (m,)
        Of the contribution of rows, by channel.
    efficiency : float
        Share of rows that will be accepted, about.
    """

    plans: list[ChannelPlan]
    values: Array
    efficiency: float


@dataclass
class _Pilot:
    """First rows of a channel at one coupling, whose random numbers do not depend on the seed."""

    plan: ChannelPlan
    coupling: float
    chunks: int = 0
    found: Array = field(default_factory=lambda: np.empty(0))

    def extend(self, chunks: int) -> None:
        """Go on until there are so many chunks."""
        numbers = CHUNKS["bound"][self.chunks : chunks]
        made = (self.plan.channel(self.plan.run(0, k, CHUNK_ROWS)).each(self.coupling) for k in numbers)
        self.found, self.chunks = np.concatenate([self.found, *made]), max(chunks, self.chunks)

    @property
    def rows(self) -> int:
        """Rows tried."""
        return self.chunks * CHUNK_ROWS

    @property
    def mean(self) -> float:
        """Mean contribution of a row."""
        return float(np.sum(self.found)) / self.rows

    @property
    def largest(self) -> float:
        """What the largest row brings to the mean."""
        return float(np.max(self.found, initial=0.0)) / self.rows

    def efficiency(self, chance: float) -> float:
        """Return the share of rows that would be accepted by a bound above which rows lie with a chance."""
        place = int(chance * self.rows)
        if len(self.found) <= place:
            return 1.0
        bound = float(np.partition(self.found, -1 - place)[-1 - place])
        return self.mean / bound if bound > 0.0 else 1.0


def bounds_of(plans: Sequence[ChannelPlan], coupling: float) -> Bounds:
    """Return bounds from a pilot whose random numbers do not depend on the seed.

    Rows above their bounds bring 0.03% of the pilot's yield.  How likely a row is to lie above is the same
    in all channels, which makes the sum of the bounds least for a given excess.  Pilots of channels whose
    largest row is not small in the yield are made longer.  Channels that would take many rows for few events
    are taught to make them more alike, and taken if that helps.

    Parameters
    ----------
    plans : sequence of ChannelPlan
        Channels.
    coupling : float
        GeV^-1.

    Raises
    ------
    PhysicsError
        If no row of the pilot contributes.
    """
    pilots = [_Pilot(plan, coupling) for plan in plans]
    for pilot in pilots:
        pilot.extend(_TRIAL if pilot.plan.taught else 1)
    rough = np.array([pilot.mean / max(pilot.efficiency(_FEW), 1e-300) for pilot in pilots])
    for c in np.flatnonzero(rough > _MATTERS * np.sum(rough)):
        pilots[c] = _taught(pilots[c])
    _resolve(pilots)
    return _shared_chance(pilots)


def _taught(pilot: _Pilot) -> _Pilot:
    """Return the pilot of the channel taught for the coupling if it is poor, and that helps."""
    efficiency, teach = pilot.efficiency(_FEW), pilot.plan.taught
    if teach is None or efficiency > _POOR:
        return pilot
    other = _Pilot(teach(pilot.coupling), pilot.coupling)
    other.extend(_TRIAL)
    return other if other.efficiency(_FEW) > _GAIN * efficiency else pilot


def _resolve(pilots: Sequence[_Pilot]) -> None:
    """Make pilots longer until the largest row of each is small in the yield of all, or they are long."""
    while True:
        total = sum(pilot.mean for pilot in pilots)
        short = [
            pilot
            for pilot in pilots
            if (not pilot.largest and pilot.chunks < _EMPTY)
            or (pilot.largest > _RESOLVED * total and pilot.chunks < _LONGEST)
        ]
        if not short:
            return
        for pilot in short:
            pilot.extend(2 * pilot.chunks)


def _shared_chance(pilots: Sequence[_Pilot]) -> Bounds:
    """Return the bounds above which a row of any channel lies with the largest chance that is allowed."""
    values, above = np.zeros((2, len(pilots), len(_CHANCES)))
    for c, pilot in enumerate(pilots):
        if not np.any(pilot.found > 0.0):
            continue
        falling = np.sort(pilot.found)[::-1]
        places = np.minimum((_CHANCES * pilot.rows).astype(np.intp), len(falling) - 1)
        values[c] = np.maximum(falling[places], 1e-12 * falling[0])
        above[c] = np.concatenate([[0.0], np.cumsum(falling)])[places] / pilot.rows
    total = sum(pilot.mean for pilot in pilots)
    if total == 0.0:
        tries = sum(pilot.rows for pilot in pilots)
        raise PhysicsError(f"no event passes the selection, or survives, in {tries} tries")
    allowed = np.flatnonzero(np.sum(above, axis=0) <= _AIM * total)
    chosen = values[:, allowed[0]]
    chosen = np.maximum(chosen, _LEAST * np.sum(chosen) / len(pilots))
    return Bounds([pilot.plan for pilot in pilots], chosen, total / float(np.sum(chosen)))
