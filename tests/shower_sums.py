"""Reactions of tracks by ways that the program does not go: strata of pieces, sums over tables."""

from dataclasses import replace

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Rotation, boost
from darkmc.sources.electromagnetic.track_lengths import CHARGES

CM2_PER_PB = 1e-36


def chosen(entries, index, weight):
    """Return entries by their places, with new weights."""
    parts = {name: getattr(entries, name)[..., index] for name in ("energy", "momentum", "depth", "sort")}
    return replace(entries, weight=weight, **parts)


def to_lab(entries, four, azimuth):
    """Return four-vectors of a process in the lab, turned about their parents by an azimuth."""
    if four is None:
        return None
    space = entries.momentum[1:]
    flight = space / np.sqrt(np.einsum("ij,ij->j", space, space))
    along_z = np.broadcast_to([[0.0], [0.0], [1.0]], flight.shape)
    turned = Rotation(along_z, flight, azimuth)(four)
    return boost(turned, entries.momentum, entries.energy) if entries.frame == "rest" else turned


class Strata:
    """Entries in strata of equal ratio of energy, from each of which the same number is drawn by weight."""

    def __init__(self, entries, least, strata=16):
        above = np.flatnonzero((entries.sort > least) & (entries.weight > 0.0))
        if not len(above):
            raise PhysicsError(f"no track in the showers has more than {least:g} GeV")
        order = above[np.argsort(entries.sort[above], kind="stable")]
        energy = entries.sort[order]
        edges = np.geomspace(energy[0], energy[-1], strata + 1)
        bounds = np.searchsorted(energy, edges[1:-1])
        first = np.concatenate([[0], bounds])
        kept = first < np.append(bounds, len(order))  # empty ones are left out
        self.entries, self._order = entries, order
        self._below = np.concatenate([[0.0], np.cumsum(entries.weight[order])])
        self._first, self._last = first[kept], np.append(bounds, len(order))[kept]

    @property
    def total(self):
        """Sum of the weights of all entries above the least energy, 1/pb."""
        return float(self._below[-1])

    def sample(self, uniform):
        """Return entries from uniform numbers (n,); the mean of weight x f is the sum over all entries."""
        scaled = uniform * len(self._first)
        stratum = np.minimum(scaled.astype(np.intp), len(self._first) - 1)
        low, high = self._below[self._first[stratum]], self._below[self._last[stratum]]
        place = np.searchsorted(self._below, low + (scaled - stratum) * (high - low), side="right") - 1
        place = np.clip(place, self._first[stratum], self._last[stratum] - 1)
        return chosen(self.entries, self._order[place], (high - low) * len(self._first))


def reactions(tracks, cross_section, targets):
    """Return the number of reactions of positrons per particle of the beam, from tabulated track lengths."""
    return _reactions(tracks.positrons, cross_section, targets)


def reactions_of_all(tracks, cross_section, targets):
    """Return the number of reactions of electrons and positrons."""
    return sum(_reactions(getattr(tracks, kind), cross_section, targets) for kind in CHARGES)


def _reactions(spectrum, cross_section, targets):
    seen = spectrum.length > 0.0
    sigma = cross_section(spectrum.energy[seen])
    return float(np.sum(spectrum.length[seen] * sigma) * targets * CM2_PER_PB)
