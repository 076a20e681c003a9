"""Yields in bins of an observable, from the events of a sample's rows made again."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import GROUPS, Groups, Moments, combined
from darkmc.core.kinematics import Array
from darkmc.core.units import numbers
from darkmc.sample.rows import Channel
from darkmc.sample.yields import BinnedYield, one_coupling

# (channel, primaries, coupling, observable) -> of passing rows, in chunks: values, weights per primary, and
# groups of the list's entries (none without a list)
Replay = Callable[[str, int, float, str], Iterator[tuple[Array, Array, Groups]]]


def binned(
    channels: Sequence[Channel], replay: Replay | None, observable: str, edges: ArrayLike, coupling: float
) -> BinnedYield:
    """Return the distribution of an observable at one coupling; PhysicsError if no event has it."""
    edges = numbers("edges", edges)
    if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0.0):
        raise PhysicsError("histogram edges must be an increasing list of at least two numbers")
    if replay is None and channels:
        raise PhysicsError("this sample cannot be replayed, so only its yields are known")
    coupling, found = one_coupling("a histogram", coupling), False
    parts = []
    for channel in channels:
        made = replay(channel.name, channel.rows.tried, coupling, observable) if replay else ()
        sums, groups = np.zeros((3, len(edges) - 1)), np.zeros((GROUPS, len(edges) - 1))
        for values, weights, group in made:
            found = True
            for k, power in enumerate((weights, np.abs(weights), weights**2)):
                sums[k] += np.histogram(values, edges, weights=power)[0]
            if len(channel.list_shares):
                groups += np.histogram2d(
                    group, values, (np.arange(GROUPS + 1) - 0.5, edges), weights=weights
                )[0]
        parts.append(Moments(channel.rows.tried, sums[0], sums[1], sums[2], groups, channel.list_shares))
    if channels and not found:
        raise PhysicsError(f"no event of this sample has '{observable}'")
    total = combined(parts)
    ones = np.ones(len(edges) - 1)
    return BinnedYield(edges, total.value * ones, total.error * ones)
