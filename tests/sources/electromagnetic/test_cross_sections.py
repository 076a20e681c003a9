"""Cross sections against totals, limits and bounds that know nothing of them."""

import numpy as np
import pytest
from scipy.integrate import quad

from darkmc.core.particles import mass
from darkmc.sources.electromagnetic import annihilation, bremsstrahlung, compton, knock_on, pairs
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.screening import Screening

MEDIA = {name: Medium.of(name) for name in ("aluminium", "iron", "tungsten", "water")}
each = pytest.mark.parametrize("name", MEDIA)
RADIUS2 = (2.8179403e-13) ** 2  # cm2


def radiated(screening, energy):
    """Mean loss per radiation length over the energy."""
    top = energy - mass("e")
    found = quad(lambda k: bremsstrahlung.spectrum(screening, np.array([energy]), np.array([k]))[0], 0, top)
    return found[0] / energy


@each
def test_bremsstrahlung_takes_the_energy_in_a_radiation_length(name):
    """Within 1%; with Tsai's term (Z^2 + Z)/9 by half of that more, 1.2 to 1.6%."""
    plain = radiated(Screening(MEDIA[name], complete=True, tsai_term=False), 20.0)
    full = radiated(Screening(MEDIA[name], complete=True), 20.0)
    assert plain == pytest.approx(1.0, abs=1e-4)
    assert full - plain == pytest.approx(0.5 * Screening(MEDIA[name]).unscreened[1], rel=1e-3)
    assert 0.010 < full - plain < 0.016
    assert radiated(Screening(MEDIA[name]), 20.0) == pytest.approx(1.0, abs=0.015)


@each
def test_pairs_at_complete_screening(name):
    """7/9 less a sixth of Tsai's term, and what the masses cut off."""
    screening = Screening(MEDIA[name], complete=True)
    total = quad(lambda x: pairs.density(screening, np.array([1e3]), np.array([x]))[0], 0, 1)[0]
    assert total == pytest.approx(7 / 9 - screening.unscreened[1] / 6, rel=1e-5)


def test_screening_grows_with_energy_to_complete():
    screening, far = Screening(MEDIA["aluminium"]), np.array([1e-9])
    np.testing.assert_allclose(np.ravel(screening.functions(far)), screening.unscreened, rtol=1e-6)
    delta = np.geomspace(1e-8, 10.0, 200)
    large, small = screening.functions(delta)
    assert np.all(np.diff(large) <= 0)
    assert np.all(np.diff(small) <= 0)
    assert np.all(large >= 0)


def test_unscreened_radiation_is_that_of_bethe_and_heitler():
    """Close to the nucleus: 4 Z^2 [ln(2 E E'/(m k)) - 1/2] per atom, and the same with Z of its electrons."""
    delta = np.array([0.3])
    medium = MEDIA["aluminium"]
    screening = Screening(medium)
    unit = medium.atoms_per_x0["Al"] / 137.036 * RADIUS2
    bracket = 4.0 * (np.log(2.0 / delta) - 0.5)
    coulomb = 4.0 * 169 * 0.0107  # f(13)
    expected = unit * ((169 + 13) * bracket - coulomb)
    assert screening.functions(delta)[0] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("energy", [0.21, 1.0, 20.0])
def test_nothing_exceeds_its_bound(energy):
    rng = np.random.default_rng(2)
    at, uniform = np.full(20_000, energy), rng.random(20_000)
    for name, medium in MEDIA.items():
        screening = Screening(medium)
        photon = energy * uniform**4
        assert bremsstrahlung.spectrum(screening, at, photon).max() <= bremsstrahlung.largest(screening), name
        assert pairs.density(screening, at, uniform).max() <= pairs.largest(screening)
    recoil = knock_on.propose(0.02, uniform)
    for positron in (False, True):
        chance = knock_on.chance(at, recoil, np.full(20_000, positron), 0.2)
        assert 0.9 / 2.25 < chance.max() <= 1.0
    for propose in (compton.propose, annihilation.propose):
        chance = propose(at, uniform)[1]
        assert 0.0 <= chance.min() < chance.max() <= 1.0
    falls = np.geomspace(0.2, 20.0, 100)
    assert np.all(np.diff(compton.bound(falls)) < 0)
    assert np.all(np.diff(annihilation.bound(falls)) < 0)


@pytest.mark.parametrize("energy", [0.005, 0.2, 20.0])
def test_totals_are_the_closed_forms(energy):
    at = np.array([energy])
    least = np.log(compton.least_fraction(at)[0]) * (1 - 1e-12)
    found = quad(lambda t: compton.density(at, np.exp([t]))[0] * np.exp(t), least, 0.0)[0]
    assert found == pytest.approx(compton.total(at)[0], rel=1e-5)
    root = np.sqrt((energy - mass("e")) / (energy + mass("e")))
    least = np.log((mass("e") / (energy + mass("e"))) / (1 + root)) * (1 - 1e-12)
    top = np.log(-np.expm1(least))
    found = quad(lambda t: annihilation.density(at, np.exp([t]))[0] * np.exp(t), least, top)[0]
    assert found == pytest.approx(annihilation.total(at)[0], rel=1e-6)
    assert compton.total(at) <= compton.bound(at)
    assert annihilation.total(at) <= annihilation.bound(at)


def test_slow_photons_scatter_as_thomson_says():
    assert compton.total(np.array([1e-7])) == pytest.approx(8 / 3 * np.pi * RADIUS2, rel=1e-3)


def test_hard_collisions_are_rutherford_when_soft():
    at, recoil = np.array([20.0]), np.array([1e-4])
    expected = 2 * np.pi * RADIUS2 * mass("e") / recoil**2
    assert knock_on.moller(at, recoil) == pytest.approx(expected, rel=1e-4)
    assert knock_on.bhabha(at, recoil) == pytest.approx(expected, rel=1e-4)


def test_bhabha_is_that_of_quantum_electrodynamics():
    """At high energies: u^2 (1/s + 1/t)^2 + (t/s)^2 + (s/t)^2, u = -s - t."""
    at = np.array([1e3])
    for share in (0.1, 0.5, 0.9):
        x = -share  # t/s
        u2 = (1 + x) ** 2
        bracket = u2 * (1 + 1 / x) ** 2 + x**2 + 1 / x**2
        # 2 pi r_e^2 m/T^2 times half of share^2 (u^2 (1/s + 1/t)^2 + (t/s)^2 + (s/t)^2)
        expected = np.pi * RADIUS2 * mass("e") / (share * 1e3) ** 2 * share**2 * bracket
        assert knock_on.bhabha(at, share * at) == pytest.approx(expected, rel=2e-3)


def test_slopes_conserve_momentum():
    m = mass("e")

    def parts(energy, mass_, slope):
        p = np.sqrt(energy**2 - mass_**2)
        return p * slope / np.sqrt(1 + slope**2), p / np.sqrt(1 + slope**2)

    energy, recoil = np.array([5.0, 1.0]), np.array([2.0, 0.3])
    first = parts(energy - recoil, m, knock_on.slope(energy, energy - recoil - m))
    second = parts(recoil + m, m, knock_on.slope(energy, recoil))
    np.testing.assert_allclose(first[0], second[0], rtol=1e-6)
    np.testing.assert_allclose(first[1] + second[1], np.sqrt(energy**2 - m**2), rtol=1e-9)
    share = np.array([0.3, 0.9])
    first = parts(share * (energy + m), 0.0, annihilation.slope(energy, share))
    second = parts((1 - share) * (energy + m), 0.0, annihilation.slope(energy, 1 - share))
    np.testing.assert_allclose(first[0], second[0], rtol=1e-6)
    np.testing.assert_allclose(first[1] + second[1], np.sqrt(energy**2 - m**2), rtol=1e-9)
    photon, electron = compton.slopes(energy, recoil)
    first, second = parts(recoil, 0.0, photon), parts(energy - recoil + m, m, electron)
    np.testing.assert_allclose(first[0], second[0], rtol=1e-6)
    np.testing.assert_allclose(first[1] + second[1], energy, rtol=1e-9)
