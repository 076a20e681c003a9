"""Positrons of showers that mesons of a target start: turned towards the detector with their mesons.

Turning: a shower with the meson that it descends from is turned as a whole so that the dark state flies into
the detector's solid angle.  Rotations preserve the measure, so the weight is density(p, theta) of the meson x
solid angle, as for mesons (:mod:`darkmc.biasing.turned`).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from darkmc.biasing.placement import LabParents, Placed, Pointing, Turn
from darkmc.biasing.tracks import TrackParents
from darkmc.core.kinematics import Array, Rotation, unit_vector
from darkmc.geometry.directions import DirectionProposal
from darkmc.sources.meson_showers import ListedTracks, MesonShowers

_OWN = TrackParents.n_uniform
_AXIS = np.array([[0.0], [0.0], [1.0]])


class MesonTrackParents(TrackParents):
    """Positrons of a list, with the electrons at rest that they meet.

    Parameters
    ----------
    showers : MesonShowers
        Their source: mesons as they come fly as they do, the others are turned.
    least : float
        Energy of the positrons in GeV below which nothing is made.
    threshold : float
        Least energy of the process in its frame, GeV.
    proposal : DirectionProposal or None
        Directions to the detector; None for mesons as they come.
    """

    mappable = (0,)
    n_uniform = _OWN + 3

    def __init__(
        self, showers: MesonShowers, least: float, threshold: float, proposal: DirectionProposal | None
    ) -> None:
        self.showers, self.proposal = showers, proposal
        self.listed = ListedTracks(showers.tracks, least)
        super().__init__(self.listed, showers.physics.medium, "", threshold, radiation=True)

    def place(
        self, parents: LabParents, arriving: Array, uniform: Array, pointing: Pointing | None = None
    ) -> Placed:
        """Return placed pairs; see :class:`Placement`."""
        assert parents.entry is not None
        placed = super().place(parents, arriving, uniform[:_OWN])
        tracks = self.showers.tracks.at(parents.entry)
        along = np.broadcast_to(_AXIS, placed.direction.shape)
        azimuths = 2.0 * np.pi * uniform[_OWN:]
        if self.proposal is None:
            solid_angle = np.ones_like(placed.weight)
            turn = Rotation(along, unit_vector(tracks.cosine, azimuths[0]), azimuths[1])
        else:
            aimed = placed.direction
            if pointing is not None:
                aimed = placed.turned(pointing(placed.moved, placed.arriving))
            direction, solid_angle = self.proposal.sample(uniform[_OWN], uniform[_OWN + 1])
            turn = Rotation(aimed, direction, azimuths[2])
        meson = turn(tracks.momentum * along)
        density = 1.0 if self.showers.placed else self.showers.density(tracks, meson)
        return replace(
            placed,
            weight=placed.weight * solid_angle * density,
            direction=turn(placed.direction),
            turned=partial(_both, placed.turned, turn),
            entry=parents.entry,
            ancestor=meson,
        )

    def factors(self, placed: Placed, names: Sequence[str]) -> Array:
        """Return by what alternatives of the source multiply the weights, shape (m, n)."""
        assert placed.entry is not None
        assert placed.ancestor is not None
        return self.showers.factors_of(names, self.showers.tracks.at(placed.entry), placed.ancestor)


def _both(first: Turn, second: Turn, vectors: Array) -> Array:
    return second(first(vectors))
