"""Transport of showers: all particles of a batch as arrays, from collision to collision.

Collisions come with a bound of the rate that is constant along a step, and are real with the chance
rate/bound (null collisions): every density is sampled exactly, and no table of it is made.  Directions are
slopes to the axis, and add: angles are below 0.1 rad above 0.2 GeV.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.sources.electromagnetic import bremsstrahlung, collisions
from darkmc.sources.electromagnetic.multiple_scattering import plane_angle
from darkmc.sources.electromagnetic.particles import (
    CHARGE,
    DEPTH,
    ENERGY,
    SHOWER,
    SLOPE_X,
    SLOPE_Y,
    Ledger,
    Tracks,
    cosine,
    made,
)
from darkmc.sources.electromagnetic.physics import LossTable, Physics

Mask = NDArray[np.bool_]


class Shower(NamedTuple):
    """What became of a batch of primaries."""

    tracks: Tracks
    ledger: Ledger


def transport(physics: Physics, particles: Array, rng: np.random.Generator) -> Shower:
    """Follow particles and all that they make, down to the threshold.

    Parameters
    ----------
    physics : Physics
        What happens.
    particles : array (6, n)
        As from :func:`primaries`: showers counted from zero on; several particles may share one.
    rng : numpy.random.Generator
        The batch's own generator.

    Returns
    -------
    Shower
        Tracks of electrons and positrons above the threshold, and the ledger.
    """
    batch = _Batch(physics, particles, rng)
    charged, photons = particles[:, particles[CHARGE] != 0.0], particles[:, particles[CHARGE] == 0.0]
    while charged.shape[1] or photons.shape[1]:
        leptons, light = batch.step_charged(batch.above(charged))
        more_leptons, more_light = batch.step_photons(batch.above(photons))
        charged = np.concatenate([*leptons, *more_leptons], axis=1)
        photons = np.concatenate([*light, *more_light], axis=1)
    return Shower(batch.all_tracks(), batch.ledger)


class _Step(NamedTuple):
    """Leptons (6, n) at the end of a step, which of them go on, the place of the collision on its bound."""

    leptons: Array
    going: Mask
    place: Array
    radiation: Array


class _Batch:
    """Particles in flight share the generator, the ledger and the tracks."""

    def __init__(self, physics: Physics, particles: Array, rng: np.random.Generator) -> None:
        self.physics, self.rng = physics, rng
        self.ledger = Ledger.empty(int(particles[SHOWER].max(initial=-1.0)) + 1)
        self._losses = LossTable(physics, float(particles[ENERGY].max(initial=0.0)))
        self._tracks: list[Array] = [np.zeros((7, 0))]

    def all_tracks(self) -> Tracks:
        """Return the tracks so far."""
        return Tracks(*np.concatenate(self._tracks, axis=1))

    def above(self, particles: Array) -> Array:
        """Return the particles above the threshold; the ledger takes the others."""
        keep = particles[ENERGY] > self.physics.threshold
        _add(self.ledger.below, particles, particles[ENERGY], ~keep)
        return np.compress(keep, particles, axis=1)

    def _escape(self, particles: Array) -> Mask:
        """Return which particles are still inside; the ledger takes the others."""
        inside: Mask = particles[DEPTH] < self.physics.thickness
        _add(self.ledger.escaped, particles, particles[ENERGY], ~inside)
        return inside

    def step_charged(self, leptons: Array) -> tuple[list[Array], list[Array]]:
        """Return the leptons and the photons after one step of leptons (6, n)."""
        step = self._fly(leptons)
        photons = self._radiate(step)
        struck, more_photons = self._collide(step)
        keep = self._escape(step.leptons) & (step.leptons[ENERGY] > 0.0)
        return [step.leptons.compress(keep, axis=1), struck], [photons, more_photons]

    def _fly(self, leptons: Array) -> _Step:
        """Move leptons to the end of their steps, and write down their tracks."""
        physics, rng, number = self.physics, self.rng, leptons.shape[1]
        energy, depth, slope_x, slope_y, charge, shower = leptons
        logarithm = np.log(energy)
        radiation = physics.radiation_bound * (logarithm - math.log(physics.cut))
        rate = radiation + (physics.knock_on_bound + physics.annihilation_bound)
        loss = self._losses(logarithm, charge > 0.0)
        along = cosine(slope_x, slope_y)
        to_threshold = (energy - physics.threshold) / loss
        to_end = (physics.thickness - depth) / along
        with np.errstate(divide="ignore"):
            free = rng.standard_exponential(number) / rate
        length = np.minimum(np.minimum(free, to_threshold), to_end)
        stops, leaves = length == to_threshold, length == to_end
        after = np.where(stops, physics.threshold, energy - loss * length)
        place, at = rng.random((2, number))
        moved = np.stack([after, depth, slope_x, slope_y, charge, shower])
        late = at >= 0.5
        if physics.switches.multiple_scattering:
            kick = rng.standard_normal((2, number)) * (plane_angle(length, energy, after) * ~leaves)
            moved[SLOPE_X] += kick[0]
            moved[SLOPE_Y] += kick[1]
        moved[DEPTH] += 0.5 * length * (along + cosine(moved[SLOPE_X], moved[SLOPE_Y]))
        moved[DEPTH, leaves] = physics.thickness
        piece = leptons + at * (moved - leptons)
        piece[SLOPE_X] = np.where(late, moved[SLOPE_X], slope_x)
        piece[SLOPE_Y] = np.where(late, moved[SLOPE_Y], slope_y)
        self._tracks.append(np.stack([piece[ENERGY], length, *piece[1:]]))
        _add(self.ledger.deposited, leptons, energy - after)
        return _Step(moved, ~(stops | leaves), place * rate, radiation)

    def _radiate(self, step: _Step) -> Array:
        """Return photons of bremsstrahlung; a place beyond its bound proposes a photon above all energies."""
        bound = self.physics.radiation_bound
        if not bound:
            return np.zeros((6, 0))
        energy = step.leptons[ENERGY]
        photon = bremsstrahlung.propose(self.physics.cut, step.place / bound)
        chance = bremsstrahlung.spectrum(self.physics.screening, energy, photon)
        real = np.flatnonzero((self.rng.random(len(energy)) * bound < chance) & step.going)
        photon = photon[real]
        energy[real] -= photon
        return self.above(made(step.leptons[:, real], photon, 0))

    def _collide(self, step: _Step) -> tuple[Array, Array]:
        """Return struck electrons and photons of annihilation; what annihilated has no energy left."""
        physics, leptons = self.physics, step.leptons
        beyond = step.place - step.radiation
        rare = np.flatnonzero((beyond >= 0.0) & step.going)
        knock = beyond[rare] < physics.knock_on_bound
        struck, photons = np.zeros((6, 0)), np.zeros((6, 0))
        if physics.knock_on_bound:
            index = rare[knock]
            hit, after, struck = collisions.strike(physics, leptons[:, index], self.rng)
            leptons[:, index[hit]] = after
        if physics.annihilation_bound:
            index = rare[~knock]
            electrons, bound = physics.medium.electrons_per_x0, physics.annihilation_bound
            gone, photons = collisions.annihilate(leptons[:, index], self.rng, bound, electrons)
            self._from_target(leptons[:, index[gone]])
            leptons[ENERGY, index[gone]] = 0.0
        self._from_target(struck)
        return struck, photons

    def step_photons(self, photons: Array) -> tuple[list[Array], list[Array]]:
        """Return the leptons and the photons after one step of photons (6, n)."""
        physics, rng, number = self.physics, self.rng, photons.shape[1]
        rate = physics.pair_bound + physics.compton_bound
        along = cosine(photons[SLOPE_X], photons[SLOPE_Y])
        free = rng.standard_exponential(number) / rate if rate else np.full(number, np.inf)
        photons = photons.copy()
        photons[DEPTH] += free * along
        photons = photons.compress(self._escape(photons), axis=1)
        kind = rng.random(photons.shape[1]) * rate < physics.pair_bound
        keep = np.ones(photons.shape[1], dtype=bool)
        pairs, struck = np.zeros((6, 0)), np.zeros((6, 0))
        if physics.pair_bound:
            index = np.flatnonzero(kind)
            became, pairs = collisions.materialise(physics, photons[:, index], rng)
            keep[index[became]] = False
        if physics.compton_bound:
            index = np.flatnonzero(~kind)
            hit, after, struck = collisions.scatter(physics, photons[:, index], rng)
            photons[:, index[hit]] = after
        self._from_target(struck)
        return [pairs, struck], [photons.compress(keep, axis=1)]

    def _from_target(self, struck: Array) -> None:
        _add(self.ledger.from_target, struck, np.full(struck.shape[1], mass("e")))


def _add(account: Array, particles: Array, amount: Array, chosen: Mask | None = None) -> None:
    """Add amounts to the showers of particles (6, n), of all or of those chosen."""
    shower = particles[SHOWER]
    if chosen is not None:
        shower, amount = shower[chosen], amount[chosen]
    np.add.at(account, shower.astype(np.intp), amount)
