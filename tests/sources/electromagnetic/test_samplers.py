"""Each sampler against its density: Kolmogorov-Smirnov tests and rates of real collisions.

Fixed seeds; a chance failure of 1e-5 each (KS), 6e-7 (5 sigma of a rate).
"""

import numpy as np
import pytest
from scipy.stats import kstest

from darkmc.core.particles import mass
from darkmc.sources.electromagnetic import annihilation, bremsstrahlung, collisions, compton, knock_on, pairs
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.particles import CHARGE, ENERGY, SLOPE_X, SLOPE_Y, primaries
from darkmc.sources.electromagnetic.physics import Physics

N = 100_000
PHYSICS = Physics(Medium.of("aluminium", "water"), threshold=0.2)
ELECTRONS = PHYSICS.medium.electrons_per_x0


def integral(density, low, high):
    """Return the total over (low, high) and the cumulative distribution, by the trapezoid rule."""
    x = np.geomspace(low, high, 40_001)
    values = density(x) * x
    steps = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * np.diff(np.log(x)))])
    return steps[-1], lambda at: np.interp(at, x, steps / steps[-1])


def check(found, total, bound, cumulative):
    """Compare the number of real collisions with total/bound of N, and them with the density."""
    share = total / bound
    assert abs(len(found) - N * share) < 5 * np.sqrt(N * share * (1 - share))
    assert kstest(found, cumulative).pvalue > 1e-5


@pytest.mark.parametrize("energy", [0.3, 20.0])
def test_photons_of_bremsstrahlung(energy):
    rng = np.random.default_rng(1)
    at = np.full(N, energy)
    width = np.log(energy / PHYSICS.cut)
    photon = bremsstrahlung.propose(PHYSICS.cut, width * rng.random(N))
    chance = bremsstrahlung.spectrum(PHYSICS.screening, at, photon) / PHYSICS.radiation_bound
    found = photon[rng.random(N) < chance]

    def density(k):
        return bremsstrahlung.spectrum(PHYSICS.screening, np.full_like(k, energy), k) / k

    total, cumulative = integral(density, PHYSICS.cut, energy)
    check(found, total, PHYSICS.radiation_bound * width, cumulative)


@pytest.mark.parametrize("energy", [0.3, 20.0])
def test_pairs(energy):
    photons = primaries(np.full(N, energy), 0)
    became, made = collisions.materialise(PHYSICS, photons, np.random.default_rng(2))
    positrons, electrons = made[:, made[CHARGE] > 0], made[:, made[CHARGE] < 0]
    np.testing.assert_allclose(positrons[ENERGY] + electrons[ENERGY], energy, rtol=1e-14)
    assert len(became) == positrons.shape[1]
    least = mass("e") / energy
    total, cumulative = integral(
        lambda x: pairs.density(PHYSICS.screening, np.full_like(x, energy), x), least, 1 - least
    )
    check(positrons[ENERGY] / energy, total, PHYSICS.pair_bound, cumulative)


@pytest.mark.parametrize("charge", [-1, 1])
@pytest.mark.parametrize("energy", [0.3, 20.0])
def test_struck_electrons(energy, charge):
    leptons = primaries(np.full(N, energy), charge)
    hit, after, struck = collisions.strike(PHYSICS, leptons, np.random.default_rng(3))
    np.testing.assert_allclose(after[ENERGY] + struck[ENERGY], energy + mass("e"), rtol=1e-14)
    assert np.all(after[CHARGE] == charge)
    assert np.all(struck[CHARGE] == -1)
    assert len(hit) == after.shape[1]
    formula = knock_on.bhabha if charge > 0 else knock_on.moller
    top = (energy - mass("e")) * (1.0 if charge > 0 else 0.5) * (1 - 1e-12)
    total, cumulative = integral(lambda t: formula(np.full_like(t, energy), t), PHYSICS.cut, top)
    check(struck[ENERGY] - mass("e"), ELECTRONS * total, PHYSICS.knock_on_bound, cumulative)
    cosine = after[SLOPE_X] * struck[SLOPE_X] + after[SLOPE_Y] * struck[SLOPE_Y]
    assert np.all(cosine <= 0.0)


@pytest.mark.parametrize("energy", [0.3, 20.0])
def test_annihilations(energy):
    leptons = primaries(np.full(N, energy), 1)
    bound = PHYSICS.annihilation_bound
    gone, photons = collisions.annihilate(leptons, np.random.default_rng(4), bound, ELECTRONS)
    first, second = np.split(photons[ENERGY], 2)
    np.testing.assert_allclose(first + second, energy + mass("e"), rtol=1e-14)
    assert len(gone) == len(first)
    least = float(mass("e") / energy / 2.1)
    total, cumulative = integral(lambda x: annihilation.density(np.full_like(x, energy), x), least, 1 - least)
    assert total == pytest.approx(annihilation.total(np.array([energy]))[0], rel=1e-3)
    check(first / (energy + mass("e")), ELECTRONS * total, bound, cumulative)
    assert not collisions.annihilate(primaries(np.full(9, energy), -1), np.random.default_rng(5), bound, 1.0)[
        0
    ].size


@pytest.mark.parametrize("energy", [0.3, 20.0])
def test_compton_photons(energy):
    photons = primaries(np.full(N, energy), 0)
    hit, after, struck = collisions.scatter(PHYSICS, photons, np.random.default_rng(6))
    np.testing.assert_allclose(after[ENERGY] + struck[ENERGY], energy + mass("e"), rtol=1e-14)
    least = float(compton.least_fraction(np.array([energy]))[0]) * (1 + 1e-12)
    total, cumulative = integral(lambda x: compton.density(np.full_like(x, energy), x), least, 1.0)
    check(after[ENERGY] / energy, ELECTRONS * total, PHYSICS.compton_bound, cumulative)
    assert len(hit) == struck.shape[1]
