"""Differential track lengths of electrons and positrons in showers, per particle of the beam.

The number of reactions per particle of the beam is n sum_i T_i sigma(E_i): n targets per cm2 and radiation
length, T_i the track length in the i-th bin of energy in radiation lengths, E_i its mean energy there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import GROUPS
from darkmc.core.kinematics import Array
from darkmc.core.rng import CHUNK_ROWS, CHUNKS, chunk_rng, stream_number
from darkmc.core.units import require_positive
from darkmc.sources.electromagnetic.particles import primaries
from darkmc.sources.electromagnetic.physics import Physics
from darkmc.sources.electromagnetic.showers import Shower, transport

CHARGES = {"electrons": -1.0, "positrons": 1.0}
BINS = 60
_BEAMS = {"e-": -1, "gamma": 0, "e+": 1}
_MOMENTS = 4  # of lengths: sum over showers, sum of squares, sum times energy, sum times angle squared
_NO_GROUPS: Array = np.empty((len(CHARGES), 0, 0))
_CELLS = np.geomspace(1e-6, 1.0, 241)  # of angle times energy, rad GeV
DEPTHS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.5, 8.0)
"""A share exp(-depth) of the lengths has a larger angle: where scattering is Gaussian, angle^2 ~ depth."""


@dataclass(frozen=True)
class Beam:
    """What starts a shower.

    Parameters
    ----------
    particle : {"e-", "e+", "gamma"}
        Kind.
    energy : float
        Total energy in GeV.

    Raises
    ------
    PhysicsError
        If the particle is none of these, or the energy not a positive number.
    """

    particle: Literal["e-", "e+", "gamma"]
    energy: float

    def __post_init__(self) -> None:
        if self.particle not in _BEAMS:
            raise PhysicsError(f"a shower starts with one of {', '.join(_BEAMS)}, not with '{self.particle}'")
        require_positive("energy of the beam", self.energy)


class Spectrum(NamedTuple):
    """Track lengths of one kind of particle by bins of energy, arrays (bins,).

    length, error : radiation lengths per particle of the beam; errors of different bins are correlated.
    energy : mean in GeV.  angle : rms in one plane, rad.  angles (bins, DEPTHS) : to the beam, rad, that
    shares exp(-depth) of the lengths exceed.  All of them are nan where there is no track.
    """

    length: Array
    error: Array
    energy: Array
    angle: Array
    angles: Array


@dataclass(frozen=True)
class TrackLengths:
    """Track lengths of a beam in a medium.

    Attributes
    ----------
    edges : array (bins + 1,)
        Of energy, GeV.
    electrons, positrons : Spectrum
        Their tracks.
    showers : int
        How many were followed.
    groups : array (charges, GROUPS, bins)
        Lengths that each of as many equal parts of the showers has alone, in the order of CHARGES: what tells
        how uncertain sums over bins are, as bins are correlated.  No groups where that is not known.
    """

    edges: Array
    electrons: Spectrum
    positrons: Spectrum
    showers: int
    groups: Array = field(default_factory=_NO_GROUPS.copy)


def energy_bins(beam: Beam, physics: Physics) -> Array:
    """Return BINS bins of equal ratio from the threshold to the energy of the beam."""
    if beam.energy <= physics.threshold:
        raise PhysicsError(
            f"a beam of {beam.energy:g} GeV makes no tracks above the threshold of {physics.threshold:g} GeV"
        )
    return np.geomspace(physics.threshold, beam.energy, BINS + 1)


def shower_chunk(beam: Beam, physics: Physics, seed: int, chunk: int) -> Shower:
    """Return CHUNK_ROWS showers: the same for the same arguments, whoever makes them.

    Parameters
    ----------
    beam, physics : Beam, Physics
        What starts them, and what happens.
    seed : int
        The user's.
    chunk : int
        Which of the chunks.

    Returns
    -------
    Shower
        Tracks, each to be weighted with 1/CHUNK_ROWS per particle of the beam, and the ledger.
    """
    rng = chunk_rng(seed, stream_number("electromagnetic showers"), CHUNKS["sample"][chunk])
    return transport(physics, primaries(np.full(CHUNK_ROWS, beam.energy), _BEAMS[beam.particle]), rng)


def moments(shower: Shower, edges: Array) -> Array:
    """Return sums over the tracks of showers: an array (charges; moments, cells of angle, groups; bins)."""
    tracks, bins = shower.tracks, len(edges) - 1
    showers = len(shower.ledger.below)
    where = np.clip(np.searchsorted(edges, tracks.energy, side="right") - 1, 0, bins - 1)
    found = np.empty((len(CHARGES), _MOMENTS + len(_CELLS) + GROUPS, bins))
    for sums, charge in zip(found, CHARGES.values(), strict=True):
        mine = tracks.charge == charge
        length, place = tracks.length[mine], where[mine]
        key = tracks.shower[mine].astype(np.intp) * bins + place
        of_showers = np.bincount(key, length, showers * bins).reshape(showers, bins)
        sums[0], sums[1] = of_showers.sum(axis=0), np.square(of_showers).sum(axis=0)
        angle2 = 0.5 * (tracks.slope_x[mine] ** 2 + tracks.slope_y[mine] ** 2)
        for k, factor in ((2, tracks.energy[mine]), (3, angle2)):
            sums[k] = np.bincount(place, length * factor, bins)
        scaled = np.sqrt(2.0 * angle2) * tracks.energy[mine]
        cell = np.minimum(np.searchsorted(_CELLS, scaled), len(_CELLS) - 1)
        counted = np.bincount(cell * bins + place, length, len(_CELLS) * bins)
        sums[_MOMENTS:-GROUPS] = counted.reshape(len(_CELLS), bins)
        sums[-GROUPS:] = of_showers.reshape(-1, GROUPS, bins).sum(axis=0)
    return found


def _exceeded(cells: Array, energy: Array) -> Array:
    """Return angles (bins, DEPTHS) that shares exp(-depth) of the lengths in cells (cells, bins) exceed."""
    out = np.full((cells.shape[1], len(DEPTHS)), np.nan)
    for mine, mean, angles in zip(cells.T, energy, out, strict=True):
        if mine.sum() > 0.0:
            below = np.cumsum(mine) / mine.sum()
            rising = np.flatnonzero(np.diff(below, prepend=0.0) > 0.0)
            scaled = np.interp(-np.expm1(-np.array(DEPTHS)), below[rising], np.log(_CELLS[rising]))
            angles[:] = np.exp(scaled) / mean
    return out


def from_moments(parts: Iterable[Array], edges: Array, showers: int) -> TrackLengths:
    """Return track lengths from the moments of chunks, in their order.

    Parameters
    ----------
    parts : iterable of arrays
        From :func:`moments`.
    edges : array (bins + 1,)
        Of energy, GeV.
    showers : int
        In all of them, at least two.
    """
    spectra = []
    of_all = np.sum([*parts], axis=0)
    for total, square, energy, angle2, *cells in of_all[:, :-GROUPS]:
        mean = total / showers
        variance = np.maximum(square / showers - mean**2, 0.0) / (showers - 1)
        seen = np.where(total > 0.0, total, np.nan)
        energy = energy / seen
        angles = _exceeded(np.array(cells), energy)
        spectra.append(Spectrum(mean, np.sqrt(variance), energy, np.sqrt(angle2 / seen), angles))
    groups = of_all[:, -GROUPS:] * (GROUPS / showers)
    for array in (edges, groups, *spectra[0], *spectra[1]):
        array.setflags(write=False)
    electrons, positrons = spectra
    return TrackLengths(edges, electrons, positrons, showers, groups)


@lru_cache(maxsize=32)
def track_lengths(beam: Beam, physics: Physics, seed: int = 1, chunks: int = 16) -> TrackLengths:
    """Return the track lengths of a beam in a medium; the second call with the same arguments costs nothing.

    Parameters
    ----------
    beam, physics : Beam, Physics
        What starts the showers, and what happens.
    seed : int
        Of random numbers.
    chunks : int
        How many of CHUNK_ROWS showers are followed.

    Raises
    ------
    PhysicsError
        If the beam's energy is not above the threshold.
    """
    edges = energy_bins(beam, physics)
    parts = (moments(shower_chunk(beam, physics, seed, chunk), edges) for chunk in range(chunks))
    return from_moments(parts, edges, chunks * CHUNK_ROWS)
