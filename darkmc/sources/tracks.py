"""Tracks drawn from tables of showers: energies, angles to the beam, and the lengths that they stand for.

Energies are drawn flat in their logarithm, so that the highest, which may decide, are not rare.
"""

from typing import Protocol

import numpy as np

from darkmc.core.estimates import GROUPS, Groups
from darkmc.core.kinematics import Array
from darkmc.core.mixtures import Index
from darkmc.sources.electromagnetic.particles import Tracks
from darkmc.sources.electromagnetic.track_lengths import CHARGES, DEPTHS, Spectrum, TrackLengths

N_UNIFORM = 4


class TrackSampler(Protocol):
    """What draws tracks.

    Attributes
    ----------
    list_shares : array (GROUPS,)
        What part of the showers each group of them is; empty where groups are not known.
    """

    @property
    def list_shares(self) -> Array: ...  # noqa: D102

    def pick(self, uniform: Array) -> Index | None:
        """Return the entries of a list that :meth:`sample` draws from the same numbers; None without one."""
        ...

    def groups(self, entry: Index | None) -> Groups | None:
        """Return the groups of entries."""
        ...

    def sample(self, uniform: Array) -> Tracks:
        """Return tracks from uniform numbers (N_UNIFORM, n); mean length x f: the sum over all tracks."""
        ...


class TrackDraw:
    """Draws tracks of one or both charges.

    Within a bin of the table lengths are linear in ln E, with the bin's mean energy; angles follow their
    distribution in the bin.  Places are the origin: showers are centimetres wide and a metre long.

    Where the table knows what parts of its showers have alone, lengths are those of a part drawn at random,
    which is the entry: as the sums of the parts scatter, so would those of other showers.  Energies and
    angles within a bin are those of all showers.

    Parameters
    ----------
    table : TrackLengths
        Of a shower.
    kinds : tuple of str
        Of CHARGES: "electrons", "positrons".
    least : float
        Energy in GeV below which none is drawn.
    """

    def __init__(self, table: TrackLengths, kinds: tuple[str, ...], least: float) -> None:
        self.kinds = kinds
        spectra = [getattr(table, kind) for kind in kinds]
        self.charges = np.array([CHARGES[kind] for kind in kinds])
        edges = np.log(table.edges)
        self._first, self._step = float(edges[0]), float(edges[1] - edges[0])
        self._low = max(float(np.log(least)), self._first)
        self._span = max(float(edges[-1]) - self._low, 0.0)
        self._length = np.array([spectrum.length for spectrum in spectra])[:, np.newaxis]
        if table.groups.size:
            self._length = np.array([table.groups[[*CHARGES].index(kind)] for kind in kinds])
        self._tilt = np.array([_tilt(spectrum, table.edges) for spectrum in spectra])
        squares = np.array([np.nan_to_num(spectrum.angles) ** 2 for spectrum in spectra])
        self._squares = np.concatenate([np.zeros_like(squares[..., :1]), squares], axis=-1)

    @property
    def closed(self) -> bool:
        """Whether no track has the least energy."""
        return self._span == 0.0

    def sample(self, uniform: Array) -> Tracks:
        """Return tracks from uniform numbers (4, n), whose mean length x f is the sum over all tracks.

        Parameters
        ----------
        uniform : array (4, n)
            For energy, angle to the beam, azimuth, and charge with the part of the showers.
        """
        which, group = self._chosen(uniform)
        logarithm = self._low + self._span * uniform[0]
        place = np.clip((logarithm - self._first) / self._step, 0.0, self._length.shape[-1] - 1e-9)
        cell = place.astype(np.intp)
        tilted = 1.0 + self._tilt[which, cell] * (2.0 * (place - cell) - 1.0)
        length = self._length[which, group, cell] * tilted * (self._span / self._step * len(self.kinds))
        slope = np.tan(self._angle(which, cell, uniform[1]))
        azimuth = 2.0 * np.pi * uniform[2]
        zero = np.zeros_like(length)
        slopes = slope * np.cos(azimuth), slope * np.sin(azimuth)
        return Tracks(np.exp(logarithm), length, zero, *slopes, self.charges[which], zero)

    def _chosen(self, uniform: Array) -> tuple[Index, Index]:
        """Return kinds and groups: the fraction that the choice of the kind leaves is uniform again."""
        scaled = uniform[3] * len(self.kinds)
        which = np.minimum(scaled.astype(np.intp), len(self.kinds) - 1)
        number = self._length.shape[1]
        return which, np.minimum(((scaled - which) * number).astype(np.intp), number - 1)

    @property
    def list_shares(self) -> Array:
        """What part of the showers each group is."""
        number = self._length.shape[1]
        return np.full(number, 1.0 / number) if number == GROUPS else np.empty(0)

    def pick(self, uniform: Array) -> Index | None:
        """Return the groups that are drawn; None where they are not known."""
        return self._chosen(uniform)[1] if len(self.list_shares) else None

    def groups(self, entry: Index | None) -> Groups | None:
        """Return the groups of entries, which they are themselves."""
        return None if entry is None else entry.astype(np.uint8)

    def _angle(self, which: Index, cell: Index, uniform: Array) -> Array:
        """Return angles to the beam; their squares are linear in the depth between those of the table."""
        depths = np.array([0.0, *DEPTHS])
        depth = -np.log1p(-uniform)
        at = np.clip(np.searchsorted(depths, depth, side="right") - 1, 0, len(depths) - 2)
        low, high = self._squares[which, cell, at], self._squares[which, cell, at + 1]
        share = (depth - depths[at]) / (depths[at + 1] - depths[at])
        angle: Array = np.sqrt(np.maximum(low + share * (high - low), 0.0))
        return angle


def _tilt(spectrum: Spectrum, edges: Array) -> Array:
    """Return a of the density 1 + a (2 f - 1) in the place f of ln E in each bin, from its mean energy."""
    low, high = edges[:-1], edges[1:]
    span = np.log(high / low)
    flat = (high - low) / span
    rise = (high + low) / span - 2.0 * (high - low) / span**2  # mean of (2 f - 1) E
    tilt = (np.where(spectrum.length > 0.0, spectrum.energy, flat) - flat) / rise
    out: Array = np.clip(tilt, -1.0, 1.0)
    return out
