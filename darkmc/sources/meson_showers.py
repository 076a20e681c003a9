"""Positrons of the showers that photons of pi0 and eta start in a target: a list of pieces of their tracks.

Photons of P -> gamma gamma of a source's mesons (BR as measured) start the showers of
:mod:`darkmc.sources.electromagnetic`.  A piece is kept with the momentum of its meson and its direction to
it, so that all of them may be turned as a whole.  Left out: photons of eta', of omega -> pi0 gamma and of
Dalitz decays, 1% and less of all; the target ends nowhere, and all begins where the beam hits it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import GROUPS, Groups
from darkmc.core.kinematics import Array, Rotation, length, some, unit_vector
from darkmc.core.mixtures import Index
from darkmc.core.particles import PHOTON_COUPLING, mass
from darkmc.core.rng import CHUNK_ROWS, CHUNKS, chunk_rng, stream_number
from darkmc.sources.electromagnetic.particles import Tracks, primaries
from darkmc.sources.electromagnetic.physics import Physics
from darkmc.sources.electromagnetic.showers import transport
from darkmc.sources.mesons import MesonSource

SHOWER_CHUNKS = {"pi0": 6, "eta": 2}  # of CHUNK_ROWS showers each
SEED = 1
_KEPT = 4 * CHUNK_ROWS  # pieces of each chunk
_BINS = 24  # of ln E, among which half of the pieces are shared equally


@dataclass(frozen=True)
class MesonTracks:
    """Pieces of tracks of positrons, by rising energy: arrays (n,).

    Attributes
    ----------
    energy : array
        Of the positron, GeV.
    direction : array (3, n)
        Of the positron where its meson flies along z.
    weight : array
        Radiation lengths that a piece stands for, per proton; where the mesons are not placed yet, times
        d2N/dp dOmega of its meson.
    meson : array of int
        Which of the source's.
    momentum, cosine : array
        Of the meson, GeV, and of its angle to the beam; the latter nan where it is not placed yet.
    group : array of uint8
        Group of its shower.
    """

    energy: Array
    direction: Array
    weight: Array
    meson: Index
    momentum: Array
    cosine: Array
    group: Groups

    def at(self, index: Index) -> "MesonTracks":
        """Return some of them."""
        return MesonTracks(*(getattr(self, field.name)[..., index] for field in fields(self)))

    @staticmethod
    def joined(parts: Sequence["MesonTracks"]) -> "MesonTracks":
        """Return all of them, by rising energy."""
        columns = ([getattr(part, field.name) for part in parts] for field in fields(MesonTracks))
        together = MesonTracks(*(np.concatenate(column, axis=-1) for column in columns))
        return together.at(np.argsort(together.energy, kind="stable"))


class MesonShowers:
    """Showers of the mesons of a source.

    Parameters
    ----------
    source : MesonSource
        With a density.
    mesons : sequence of str
        The species, of SHOWER_CHUNKS.
    physics : Physics
        Of the showers.
    placed : bool
        Mesons as they come, with their angles; else of all angles alike, to be turned.
    chunks : mapping
        How many chunks of CHUNK_ROWS showers each species has.
    """

    def __init__(
        self,
        source: MesonSource,
        mesons: Sequence[str],
        physics: Physics,
        placed: bool,
        chunks: Mapping[str, int] = SHOWER_CHUNKS,
    ) -> None:
        self.source, self.mesons, self.physics, self.placed = source, tuple(mesons), physics, placed
        self.chunks = dict(chunks)

    @cached_property
    def tracks(self) -> MesonTracks:
        """Pieces of their tracks; some seconds.

        Raises
        ------
        PhysicsError
            If there are none.
        """
        of_chunks = [k for k, meson in enumerate(self.mesons) for _ in range(self.chunks[meson])]
        found = MesonTracks.joined([self._chunk(which, chunk) for chunk, which in enumerate(of_chunks)])
        if not len(found.energy):
            least = self.physics.threshold
            raise PhysicsError(f"no shower of {', '.join(self.mesons)} has positrons above {least:g} GeV")
        return found

    def density(self, tracks: MesonTracks, momentum: Array) -> Array:
        """Return d2N/dp dOmega per proton, 1/(GeV sr), of the mesons of pieces, at lab momenta (3, n)."""
        out = np.zeros(len(tracks.energy))
        for k, meson in enumerate(self.mesons):
            mine = np.flatnonzero(tracks.meson == k)
            three, size = some(momentum, mine), tracks.momentum[mine]
            transverse2 = three[0] ** 2 + three[1] ** 2
            out[mine] = self.source.density_per_solid_angle(meson, size, three[2] / size, transverse2)
        return out

    def factors_of(self, names: Sequence[str], tracks: MesonTracks, momentum: Array) -> Array:
        """Return the density of alternatives of the source over this one, shape (number of names, n)."""
        out = np.zeros((len(names), len(tracks.energy)))
        for k, meson in enumerate(self.mesons):
            mine = np.flatnonzero(tracks.meson == k)
            out[:, mine] = self.source.factors_of(names, meson, some(momentum, mine))
        return out

    def _drawn(self, meson: str, uniform: Array) -> tuple[Array, Array, Array]:
        """Return momentum, cosine of the angle and weight of mesons from uniform numbers (3, n).

        Those to be placed are flat in ln p, from the least that gives a photon above the threshold on.
        """
        if self.placed:
            momentum, theta, weight = self.source.draw(meson, uniform)
            return momentum, np.cos(theta), weight
        threshold, top = self.physics.threshold, self.source.shape(meson).largest_momentum
        least = max(threshold - mass(meson) ** 2 / (4.0 * threshold), 1e-3 * top)
        span = np.log(max(top / least, 1.0))
        momentum = least * np.exp(span * uniform[0])
        return momentum, np.full_like(momentum, np.nan), momentum * span

    def _chunk(self, which: int, chunk: int) -> MesonTracks:
        """Return pieces of the tracks of CHUNK_ROWS showers of one meson; of each shower its share."""
        meson = self.mesons[which]
        rng = chunk_rng(SEED, stream_number("showers of mesons"), CHUNKS["sample"][chunk])
        uniform = rng.random((4, CHUNK_ROWS))
        momentum, cosine, weight = self._drawn(meson, uniform[:3])
        photon, along, share = photons(meson, momentum, self.physics.threshold, uniform[3])
        weight = weight * share / (self.chunks[meson] * CHUNK_ROWS)
        tracks = transport(self.physics, primaries(photon, 0), rng).tracks
        positrons = np.flatnonzero(tracks.charge > 0.0)
        tracks = Tracks._make(column[positrons] for column in tracks)
        shower = tracks.shower.astype(np.intp)
        known = MesonTracks(
            energy=tracks.energy,
            direction=_about(along[shower], tracks),
            weight=weight[shower] * tracks.length,
            meson=np.full(len(shower), which),
            momentum=momentum[shower],
            cosine=cosine[shower],
            group=(shower % GROUPS).astype(np.uint8),
        )
        return self._thinned(known, rng)

    def _thinned(self, tracks: MesonTracks, rng: np.random.Generator) -> MesonTracks:
        """Return fewer pieces that stand for all: half of them by what they are worth, half flat in ln E."""
        worth = tracks.weight
        if not self.placed:
            worth = worth * self.density(tracks, tracks.momentum * np.array([[0.0], [0.0], [1.0]]))
        tracks, worth = tracks.at(np.flatnonzero(worth > 0.0)), worth[worth > 0.0]
        if not len(worth):
            return tracks
        share = worth / np.sum(worth)
        place = np.log(tracks.energy / self.physics.threshold)
        cell = np.minimum((place / np.max(place) * _BINS).astype(np.intp), _BINS - 1)
        of_cell = np.bincount(cell, share, _BINS)
        chance = 0.5 * share + 0.5 * share / (of_cell[cell] * np.count_nonzero(of_cell))
        total = np.cumsum(chance)
        picked = np.searchsorted(total / total[-1], (np.arange(_KEPT) + rng.random()) / _KEPT, side="right")
        kept = tracks.at(picked)
        weight = kept.weight / (_KEPT * chance[picked])
        return MesonTracks(
            kept.energy, kept.direction, weight, kept.meson, kept.momentum, kept.cosine, kept.group
        )


def photons(meson: str, momentum: Array, threshold: float, uniform: Array) -> tuple[Array, Array, Array]:
    """Return photons of P -> gamma gamma above a threshold: energy, cosine to the meson, and their number.

    The energy is flat from (E - p)/2 to (E + p)/2, (E + p c)/2 for a decay at cos theta* = c; there are two
    photons a decay.

    Parameters
    ----------
    meson : str
        "pi0", "eta".
    momentum : array (n,)
        Of the mesons, GeV.
    threshold : float
        GeV; the number is 0 where no photon is above it.
    uniform : array (n,)
        Uniform numbers.
    """
    energy = np.hypot(momentum, mass(meson))
    least = np.clip((2.0 * threshold - energy) / momentum, -1.0, 1.0)
    star = least + (1.0 - least) * uniform
    twice = energy + momentum * star
    number = PHOTON_COUPLING[meson].value * (1.0 - least)
    return 0.5 * twice, (momentum + energy * star) / twice, number


def _about(along: Array, tracks: Tracks) -> Array:
    """Return directions (3, n) of tracks to their mesons, of photons with given cosines to them."""
    slopes = np.stack([tracks.slope_x, tracks.slope_y, np.ones_like(along)])
    axis = np.broadcast_to([[0.0], [0.0], [1.0]], slopes.shape)
    photon = unit_vector(along, np.zeros_like(along))
    return Rotation(axis, photon, np.zeros_like(along))(slopes / length(slopes))


class ListedTracks:
    """Draws pieces of a list above an energy, all alike.

    Parameters
    ----------
    tracks : MesonTracks
        The list.
    least : float
        GeV.
    """

    def __init__(self, tracks: MesonTracks, least: float) -> None:
        self.tracks = tracks
        self._first = int(np.searchsorted(tracks.energy, least, side="right"))
        self.number = len(tracks.energy) - self._first

    @property
    def list_shares(self) -> Array:
        """What part of the list each group is."""
        return np.full(GROUPS, 1.0 / GROUPS)

    def groups(self, entry: Index | None) -> Groups | None:
        """Return the groups of entries."""
        return None if entry is None else self.tracks.group[entry]

    def pick(self, uniform: Array) -> Index:
        """Return the numbers of entries drawn by the first row of uniform numbers."""
        drawn: NDArray[np.intp] = self._first + (uniform[0] * self.number).astype(np.intp)
        return np.minimum(drawn, len(self.tracks.energy) - 1)

    def sample(self, uniform: Array) -> Tracks:
        """Return tracks along axes of their mesons from uniform numbers, of which it takes the first row."""
        entry = self.pick(uniform)
        known = self.tracks.at(entry)
        slopes = known.direction[:2] / known.direction[2]
        zero = np.zeros_like(known.energy)
        length = known.weight * self.number
        return Tracks(known.energy, length, zero, slopes[0], slopes[1], zero + 1.0, zero)
