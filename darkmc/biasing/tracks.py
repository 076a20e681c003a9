"""Tracks of showers as parents: electrons and positrons fly as they do, and emit as they come.

What they make is collimated, so that nothing need be turned towards a detector.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from darkmc.biasing.placement import Function, LabParents, Placed, Pointing
from darkmc.core.kinematics import Array, Rotation, boost, length
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.showers import Entries, nucleus_entries, pair_entries, radiated
from darkmc.sources.tracks import N_UNIFORM, TrackSampler


class TrackParents:
    """Tracks that meet one kind of target.

    Parameters
    ----------
    draw : TrackSampler
        Of the tracks.
    medium : Medium
        Where they are.
    element : str
        Symbol of the nuclei that they meet; empty: positrons meet electrons at rest.
    threshold : float
        Least energy of the process in its frame, GeV.
    radiation : bool
        Pairs of positrons and electrons radiate before.
    """

    mappable: tuple[int, ...] = (0, 1)
    n_uniform = N_UNIFORM + 3

    def __init__(
        self, draw: TrackSampler, medium: Medium, element: str, threshold: float, radiation: bool = False
    ) -> None:
        self.draw, self.medium, self.element = draw, medium, element
        self.threshold, self.radiation = threshold, radiation

    @property
    def list_shares(self) -> Array:
        """What part of the showers each group of them is."""
        return self.draw.list_shares

    def entries(self, uniform: Array) -> Entries:
        """Return the tracks with what they meet, from uniform numbers (n_uniform, n)."""
        tracks = self.draw.sample(uniform[:N_UNIFORM])
        if self.element:
            return nucleus_entries(tracks, 1, self.medium, self.element)
        pairs = pair_entries(tracks, 1, self.medium)
        if not self.radiation:
            return pairs
        return radiated(pairs, self.threshold, uniform[N_UNIFORM : N_UNIFORM + 2])

    def parents(self, uniform: Array) -> LabParents:
        """Return tracks, or pairs with the electrons that they meet; see :class:`Placement`."""
        entries = self.entries(uniform)
        momentum = length(entries.momentum[1:])
        four = entries.momentum
        mass = np.sqrt(np.maximum(four[0] ** 2 - momentum**2, 0.0)) if self.element else entries.energy
        entry = self.draw.pick(uniform[:N_UNIFORM])
        return LabParents(momentum, mass, entries.weight, four[1:] / momentum, entry=entry)

    def place(
        self, parents: LabParents, arriving: Array, uniform: Array, pointing: Pointing | None = None
    ) -> Placed:
        """Return placed parents, with what they emit turned about them; see :class:`Placement`."""
        del pointing
        assert parents.direction is not None
        zero = np.zeros_like(parents.momentum)
        energy = np.hypot(parents.momentum, parents.mass)
        parent = np.stack([energy, zero, zero, parents.momentum])
        moved: Function = partial(boost, frame=parent, frame_mass=parents.mass)
        if self.element:  # the process is in the lab, along z
            moved = _as_it_is
        state = moved(arriving)
        size = length(state[1:])
        along = np.broadcast_to([[0.0], [0.0], [1.0]], parents.direction.shape)
        turned = Rotation(along, parents.direction, 2.0 * np.pi * uniform[-1])
        group = self.draw.groups(parents.entry)
        direction = turned(state[1:] / size)
        return Placed(parents.weight, parent, state, size, direction, moved, turned, group=group)

    def factors(self, placed: Placed, names: Sequence[str]) -> Array:
        """Return nothing: a shower has no alternatives."""
        del names
        return np.empty((0, len(placed.weight)))


def _as_it_is(four: Array) -> Array:
    return four
