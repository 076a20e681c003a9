"""What single collisions make: each takes the particles that a bound proposes, and says which were real."""

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.sources.electromagnetic import annihilation, compton, knock_on, pairs
from darkmc.sources.electromagnetic.particles import CHARGE, ENERGY, made, turned
from darkmc.sources.electromagnetic.physics import Physics

Index = NDArray[np.intp]


def strike(physics: Physics, leptons: Array, rng: np.random.Generator) -> tuple[Index, Array, Array]:
    """Return which leptons (6, n) struck an electron, what they then are, and the electrons struck."""
    uniform, real, turn = rng.random((3, leptons.shape[1]))
    recoil = knock_on.propose(physics.cut, uniform)
    energy, positron = leptons[ENERGY], leptons[CHARGE] > 0.0
    on = np.where(positron, physics.switches.bhabha, physics.switches.moller)
    hit = np.flatnonzero(on & (real < knock_on.chance(energy, recoil, positron, physics.threshold)))
    before, recoil, azimuth = energy[hit], recoil[hit], 2.0 * np.pi * turn[hit]
    after = made(leptons[:, hit], before - recoil, 0)
    after[CHARGE] = leptons[CHARGE, hit]
    struck = made(leptons[:, hit], recoil + mass("e"), -1)
    after = turned(after, knock_on.slope(before, before - recoil - mass("e")), azimuth + np.pi)
    return hit, after, turned(struck, knock_on.slope(before, recoil), azimuth)


def annihilate(
    leptons: Array, rng: np.random.Generator, bound: float, electrons: float
) -> tuple[Index, Array]:
    """Return which leptons (6, n) were positrons that annihilated, and the photons.

    Parameters
    ----------
    leptons : array (6, n)
        What the bound proposes.
    rng : numpy.random.Generator
        The batch's generator.
    bound, electrons : float
        Rate of the proposals, and electrons per cm2, both per radiation length.
    """
    uniform, real, turn = rng.random((3, leptons.shape[1]))
    energy = leptons[ENERGY]
    fraction, chance = annihilation.propose(energy, uniform)
    chance *= annihilation.bound(energy) * electrons / bound
    gone = np.flatnonzero((leptons[CHARGE] > 0.0) & (real < chance))
    before, fraction, azimuth = energy[gone], fraction[gone], 2.0 * np.pi * turn[gone]
    both = []
    for share, direction in ((fraction, azimuth), (1.0 - fraction, azimuth + np.pi)):
        photon = made(leptons[:, gone], share * (before + mass("e")), 0)
        both.append(turned(photon, annihilation.slope(before, share), direction))
    return gone, np.concatenate(both, axis=1)


def materialise(physics: Physics, photons: Array, rng: np.random.Generator) -> tuple[Index, Array]:
    """Return which photons (6, n) became pairs, and the pairs."""
    fraction, real = rng.random((2, photons.shape[1]))
    chance = pairs.density(physics.screening, photons[ENERGY], fraction) / physics.pair_bound
    became = np.flatnonzero(real < chance)
    parents, positron = photons[:, became], fraction[became] * photons[ENERGY, became]
    electron = parents[ENERGY] - positron
    return became, np.concatenate([made(parents, positron, 1), made(parents, electron, -1)], axis=1)


def scatter(physics: Physics, photons: Array, rng: np.random.Generator) -> tuple[Index, Array, Array]:
    """Return which photons (6, n) struck an electron, what they then are, and the electrons struck."""
    uniform, real, turn = rng.random((3, photons.shape[1]))
    energy = photons[ENERGY]
    fraction, chance = compton.propose(energy, uniform)
    chance *= compton.bound(energy) * physics.medium.electrons_per_x0 / physics.compton_bound
    hit = np.flatnonzero(real < chance)
    before, after, azimuth = energy[hit], (fraction * energy)[hit], 2.0 * np.pi * turn[hit]
    photon, electron = compton.slopes(before, after)
    struck = turned(made(photons[:, hit], before - after + mass("e"), -1), electron, azimuth + np.pi)
    return hit, turned(made(photons[:, hit], after, 0), photon, azimuth), struck
