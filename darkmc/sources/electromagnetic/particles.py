"""Particles, tracks and the ledger of energies of showers, as arrays."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from darkmc.core.kinematics import Array

ENERGY, DEPTH, SLOPE_X, SLOPE_Y, CHARGE, SHOWER = range(6)
"""Rows of an array of particles (6, n): GeV, radiation lengths along the axis, slopes, -1, 0 or 1, index."""


class Tracks(NamedTuple):
    """Straight pieces of tracks of electrons and positrons, arrays (n,).

    Energy (GeV), depth (radiation lengths along the axis) and slopes to the axis are those at a point that is
    uniform along the piece; length is in radiation lengths.  The yield of a process with n atoms per cm2 and
    radiation length is the sum of length x n x cross section(energy).  Showers are counted from zero.
    """

    energy: Array
    length: Array
    depth: Array
    slope_x: Array
    slope_y: Array
    charge: Array
    shower: Array


@dataclass
class Ledger:
    """Where the energy of each shower went, GeV: arrays (n,).

    Attributes
    ----------
    deposited : array
        Lost continuously: to ionisation, and to photons and struck electrons below the cut.
    below : array
        Total energy of particles that fell below the threshold.
    escaped : array
        Total energy of what left the medium.
    from_target : array
        Mass of the atomic electrons that were struck or annihilated, which is found in the rest.
    """

    deposited: Array
    below: Array
    escaped: Array
    from_target: Array

    @classmethod
    def empty(cls, showers: int) -> "Ledger":
        """Return a ledger without entries."""
        return cls(*(np.zeros(showers) for _ in range(4)))

    def missing(self, brought: Array) -> Array:
        """Return what is not accounted for of the energies that were brought in."""
        return brought + self.from_target - self.deposited - self.below - self.escaped


def primaries(energy: Array, charge: Array | int) -> Array:
    """Return particles on the axis at depth zero, one shower each: an array (6, n)."""
    made = np.zeros((6, len(energy)))
    made[ENERGY], made[CHARGE], made[SHOWER] = energy, charge, np.arange(len(energy))
    return made


def made(parents: Array, energy: Array, charge: int) -> Array:
    """Return particles where their parents (6, n) are, along them."""
    new = parents.copy()
    new[ENERGY], new[CHARGE] = energy, charge
    return new


def turned(particles: Array, tangent: Array, azimuth: Array) -> Array:
    """Return particles (6, n) with slopes that are turned by small angles."""
    particles[SLOPE_X] += tangent * np.cos(azimuth)
    particles[SLOPE_Y] += tangent * np.sin(azimuth)
    return particles


def cosine(slope_x: Array, slope_y: Array) -> Array:
    """Return the cosine to the axis of slopes."""
    return np.asarray(1.0 / np.sqrt(1.0 + slope_x * slope_x + slope_y * slope_y))
