"""Bounds of a row's contribution, for unweighting: few rows lie above them, and are counted and said."""

from collections.abc import Sequence
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
_LEAST = 1e-4  # share of the rows for channels of which a pilot shows nothing, or next to nothing


class Bounds(NamedTuple):
    """Bounds of all channels.

    Attributes
    ----------
    values : array (m,)
        Of the contribution of rows, by channel.
    efficiency : float
        Share of rows that will be accepted, about.
    """

    values: Array
    efficiency: float


def bounds_of(plans: Sequence[ChannelPlan], coupling: float) -> Bounds:
    """Return bounds from a pilot whose random numbers do not depend on the seed.

    Rows above their bounds bring 0.03% of the pilot's yield.  How likely a row is to lie above is the same
    in all channels, which makes the sum of the bounds least for a given excess.  Pilots of channels whose
    largest row is not small in the yield are made longer.

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
    chunks = [0] * len(plans)
    found = [np.empty(0)] * len(plans)
    wanted = [1] * len(plans)
    while wanted != chunks:
        for c, plan in enumerate(plans):
            made = (plan.run(0, CHUNKS["bound"][k], CHUNK_ROWS) for k in range(chunks[c], wanted[c]))
            found[c] = np.concatenate([found[c], *(plan.channel(rows).each(coupling) for rows in made)])
        chunks = wanted
        largest = [np.max(f, initial=0.0) / (n * CHUNK_ROWS) for f, n in zip(found, chunks, strict=True)]
        total = _mean_yields(found, chunks).sum()
        wanted = [
            min(2 * n, _LONGEST if top else _EMPTY) if top > _RESOLVED * total or not top else n
            for n, top in zip(chunks, largest, strict=True)
        ]
    return _shared_chance(found, chunks)


def _mean_yields(found: Sequence[Array], chunks: Sequence[int]) -> Array:
    return np.array([np.sum(f) / (n * CHUNK_ROWS) for f, n in zip(found, chunks, strict=True)])


def _shared_chance(found: Sequence[Array], chunks: Sequence[int]) -> Bounds:
    """Return the bounds above which a row of any channel lies with the largest chance that is allowed."""
    values, above = np.zeros((2, len(found), len(_CHANCES)))
    for c, (contributions, n) in enumerate(zip(found, chunks, strict=True)):
        if not np.any(contributions > 0.0):
            continue
        rows = n * CHUNK_ROWS
        falling = np.sort(contributions)[::-1]
        places = np.minimum((_CHANCES * rows).astype(np.intp), len(falling) - 1)
        values[c] = np.maximum(falling[places], 1e-12 * falling[0])
        above[c] = np.concatenate([[0.0], np.cumsum(falling)])[places] / rows
    means = _mean_yields(found, chunks)
    total = float(np.sum(means))
    if total == 0.0:
        raise PhysicsError(f"no event passes the selection, or survives, in {CHUNK_ROWS * sum(chunks)} tries")
    allowed = np.flatnonzero(np.sum(above, axis=0) <= _AIM * total)
    chosen = values[:, allowed[0]]
    chosen = np.maximum(chosen, _LEAST * np.sum(chosen) / len(found))
    return Bounds(chosen, total / float(np.sum(chosen)))
