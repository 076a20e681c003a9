"""Sums over the primaries of a channel at many points, in one pass over its rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from darkmc.core.estimates import Moments, Weights, safe_moments
from darkmc.sample.columns import NOTHING
from darkmc.sample.point import Point, side_by_side
from darkmc.sample.rows import Channel

_BLOCK = 1 << 16  # rows times points that are worked on at once: they stay in the cache


def sums(channel: Channel, points: Sequence[Point], cuts: int | None = None, slopes: bool = False) -> Moments:
    """Return sums over the primaries of a channel, arrays over points.

    Parameters
    ----------
    channel : Channel
        The channel.
    points : sequence of Point
        At least one; of all or of none is the lifetime given.
    cuts : int, optional
        Of rows that pass the first cuts, without detection efficiency; None: of what passes all.
    slopes : bool
        Of d/dG of what each contributes.
    """
    stage = channel.n_cuts if cuts is None else cuts
    rows = channel.final if cuts is None else channel.after(cuts)
    whole = channel.as_weights(NOTHING, 0.0, stage)
    factors = np.array([[p.factor(channel.power, channel.lifetimes, channel.states)] for p in points])
    unseen = np.zeros(len(points))
    if not np.any(rows.weight > 0.0):
        unseen = np.array([channel.unseen(point) for point in points])
    parts, at_once = [], max(_BLOCK // max(len(rows.weight), 1), 1)
    for first in range(0, len(points), at_once):
        some = slice(first, first + at_once)
        point, least = side_by_side(points[some]), unseen[some]
        values = rows.chances(point)
        values *= factors[some]
        values *= rows.weight
        if slopes:
            common = np.array([channel.of_factor(one) / one.coupling for one in points[some]])
            values *= rows.steepness(point) / point.coupling + common[:, np.newaxis]
            least = least * common
        values = channel.per_primary(values, stage)
        parts.append(safe_moments(whole._replace(values=values, unseen=least)))
    return _joined(parts)


def sums_at(channel: Channel, points: Sequence[tuple[float, ...]], **what: Any) -> Moments:
    """Return the same at couplings (g,) at which nothing else makes the state decay."""
    return sums(channel, [channel.point(coupling) for (coupling,) in points], **what)


def sums_towards(channel: Channel, points: Sequence[tuple[float, ...]]) -> Moments:
    """Return sums over the primaries that point at the detector, arrays over couplings (g,)."""
    return _joined([safe_moments(_row(channel.weights_towards(coupling))) for (coupling,) in points])


def _row(part: Weights) -> Weights:
    """Return weights as those of one coupling among several."""
    return part._replace(values=part.values[np.newaxis], unseen=np.array([part.unseen]))


def _joined(parts: Sequence[Moments]) -> Moments:
    """Return sums at several sets of points as one."""
    return parts[0]._replace(
        total=np.concatenate([part.total for part in parts]),
        size=np.concatenate([part.size for part in parts]),
        square=np.concatenate([part.square for part in parts]),
        groups=np.concatenate([part.groups for part in parts], axis=-1),
        unseen=np.concatenate([part.unseen for part in parts]),
        scale=np.concatenate([np.broadcast_to(part.scale, part.total.shape) for part in parts]),
    )
