"""Showers against the cascade equations, conservation laws and closed forms.

Fixed seeds; pulls have a chance failure of 7e-6 each (4.5 sigma).
"""

import dataclasses

import numpy as np
import pytest
from helpers import pull
from independent_showers import PHOTON, POSITRON, Cascade

from darkmc.core.rng import CHUNK_ROWS
from darkmc.sources.electromagnetic import annihilation, compton, pairs
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.multiple_scattering import SCATTERING_ENERGY
from darkmc.sources.electromagnetic.particles import CHARGE, ENERGY, SHOWER, primaries
from darkmc.sources.electromagnetic.physics import Physics, Switches
from darkmc.sources.electromagnetic.showers import transport
from darkmc.sources.electromagnetic.track_lengths import Beam, shower_chunk

ALUMINIUM = Medium.of("aluminium")
ALL_OFF = Switches(*[False] * len(dataclasses.fields(Switches)))
CHARGES = (-1, 1)


def only(**switches):
    return dataclasses.replace(ALL_OFF, **switches)


def above(tracks, charge, energies, showers):
    """Track lengths of each shower above energies: (energies, showers)."""
    mine = tracks.charge == charge
    index, length = tracks.shower[mine].astype(int), tracks.length[mine]
    return np.array(
        [np.bincount(index, length * (tracks.energy[mine] > energy), showers) for energy in energies]
    )


def of_chunks(beam, physics, energies, chunks, seed=1):
    """Track lengths of each shower above energies: (charges, energies, showers)."""
    found = []
    for chunk in range(chunks):
        tracks = shower_chunk(beam, physics, seed, chunk).tracks
        found.append([above(tracks, charge, energies, CHUNK_ROWS) for charge in CHARGES])
    return np.concatenate(found, axis=2)


def compare(found, cascade, energies, tolerance):
    """Every track length is that of the equations within the tolerance and 4.5 sigma of both."""
    exact = np.array([cascade.above(kind, energies) for kind in range(2)])
    mean = found.mean(axis=2)
    error = found.std(axis=2) / np.sqrt(found.shape[2])
    assert np.all(np.abs(mean / exact - 1.0) < np.maximum(tolerance, 4.5 * error / exact)), mean / exact - 1.0
    return error / exact


@pytest.mark.parametrize("medium", [ALUMINIUM, Medium.of("aluminium", "water")], ids=lambda m: m.name)
@pytest.mark.parametrize("particle", ["e-", "e+", "gamma"])
def test_energy_is_conserved_shower_by_shower(particle, medium):
    charge = {"e-": -1, "gamma": 0, "e+": 1}[particle]
    for thickness in (np.inf, 3.0):
        shower = fly(Physics(medium, 0.5, thickness=thickness), 20.0, charge, n=400)
        ledger = shower.ledger
        assert np.abs(ledger.missing(20.0)).max() < 20.0 * 1e-9
        assert ledger.deposited.mean() > 0.1
        assert ledger.below.mean() > 1.0
        assert ledger.from_target.mean() > 0.0
        assert (ledger.escaped.max() > 0.0) == np.isfinite(thickness)


def test_tracks_are_inside_and_above():
    tracks = fly(Physics(ALUMINIUM, 0.5, thickness=3.0), 20.0, -1, n=400).tracks
    assert np.all(tracks.energy >= 0.5)
    assert np.all(tracks.energy <= 20.0)
    assert np.all(tracks.depth >= 0.0)
    assert np.all(tracks.depth <= 3.0)
    assert np.all(tracks.length > 0.0)
    assert set(np.unique(tracks.charge)) == {-1.0, 1.0}


def test_track_lengths_are_those_of_the_cascade_equations():
    """8 GeV and five energies: as the slow test, for which there is no time."""
    physics, energies = Physics(ALUMINIUM, 0.2), np.array([0.25, 0.5, 1.0, 2.0, 4.0])
    compare(of_chunks(Beam("e-", 8.0), physics, energies, 1), Cascade(physics, 8.0), energies, 0.01)


@pytest.mark.parametrize(("particle", "kind"), [("gamma", PHOTON), ("e+", POSITRON)])
def test_showers_of_photons_and_positrons(particle, kind):
    physics, energies = Physics(Medium.of("tungsten"), 0.5), np.array([0.55, 1.0, 2.0])
    cascade = Cascade(physics, 5.0, kind=kind)
    compare(of_chunks(Beam(particle, 5.0), physics, energies, 1), cascade, energies, 0.01)


@pytest.mark.slow
@pytest.mark.parametrize("ionisation", [True, False])
@pytest.mark.parametrize("medium", [ALUMINIUM, Medium.of("aluminium", "water")], ids=lambda m: m.name)
def test_track_lengths_of_20_gev(medium, ionisation):
    """Between E0/40 and E0/2, e- and e+, with and without ionisation: within 1%, or 4.5 sigma of e+."""
    switches, energies = Switches(ionisation=ionisation), np.array([0.5, 1.0, 2.5, 5.0, 10.0])
    found = of_chunks(Beam("e-", 20.0), Physics(medium, 0.5, switches=switches), energies, 100)
    cascade = Cascade(Physics(medium, 0.4, switches=switches), 20.0)
    errors = compare(found, cascade, energies, 0.01)
    assert errors[0].max() < 0.0015
    assert errors[1].max() < 0.008


def test_approximation_a_of_rossi_and_greisen():
    """No loss but radiation, complete screening: e+ and e- above E 0.437 E0/E, within 4% to E0/10."""
    switches = only(bremsstrahlung=True, pair_production=True, complete_screening=True)
    cascade = Cascade(Physics(ALUMINIUM, 0.15, switches=switches), 8.0)
    energies = np.array([0.2, 0.4, 0.8])
    both = cascade.above(0, energies) + cascade.above(1, energies)
    np.testing.assert_allclose(both, 0.437 * 8.0 / energies, rtol=0.04)


def test_thresholds_do_not_matter_above_them():
    beam, energies = Beam("e-", 10.0), np.array([1.0, 2.0, 5.0])
    low, high = (
        of_chunks(beam, Physics(ALUMINIUM, threshold), energies, 1, seed)
        for threshold, seed in ((0.2, 5), (1.0, 6))
    )
    error = np.sqrt((low.var(axis=2) + high.var(axis=2)) / low.shape[2])
    assert np.all(np.abs(low.mean(axis=2) - high.mean(axis=2)) < 4.5 * error)


def test_the_cut_does_not_matter():
    """Photons made one by one from 5 MeV or from 50 MeV on."""
    beam, energies = Beam("e-", 5.0), np.array([0.5, 1.0, 2.0])
    low, high = (
        of_chunks(beam, Physics(ALUMINIUM, 0.5, cut), energies, 1, seed)
        for cut, seed in ((0.005, 7), (0.05, 8))
    )
    error = np.sqrt((low.var(axis=2) + high.var(axis=2)) / low.shape[2])
    assert np.all(np.abs(low.mean(axis=2) - high.mean(axis=2)) < 4.5 * error)


def fly(physics, energy, charge, n=20_000, seed=9):
    return transport(physics, primaries(np.full(n, energy), charge), np.random.default_rng(seed))


def test_ionisation_alone_is_the_stopping_power():
    physics = Physics(ALUMINIUM, 1.0, switches=only(ionisation=True), thickness=0.5)
    ledger = fly(physics, 5.0, -1, n=3).ledger
    expected = 0.5 * physics.loss(np.array([5.0]), positron=False)[0]
    np.testing.assert_allclose(ledger.deposited, expected, rtol=1e-3)
    np.testing.assert_allclose(ledger.escaped, 5.0 - expected, rtol=1e-3)


def test_energy_falls_by_a_factor_e_in_a_radiation_length():
    """Radiation alone, complete screening, no small term: the mean energy is E0 e^-t."""
    switches = only(bremsstrahlung=True, complete_screening=True)
    physics = Physics(ALUMINIUM, 0.1, switches=switches, thickness=1.0)
    tracks = fly(physics, 20.0, -1).tracks
    of_shower = np.bincount(tracks.shower.astype(int), tracks.length * tracks.energy)
    expected = 20.0 * (1.0 - np.exp(-1.0))  # the integral over the depth
    assert of_shower.mean() == pytest.approx(expected, rel=0.02)
    assert abs(pull(of_shower, expected)) < 4.5


@pytest.mark.parametrize("energy", [1.2, 10.0])
def test_photons_are_absorbed_at_their_rate(energy):
    """The share that crosses a slab without collision is exp(-rate x thickness)."""
    physics = Physics(ALUMINIUM, energy * 0.9999, thickness=1.3)
    escaped = fly(physics, energy, 0).ledger.escaped / energy
    x = (np.arange(4000) + 0.5) / 4000
    rate = np.mean(pairs.density(physics.screening, np.full(4000, energy), x))
    rate += ALUMINIUM.electrons_per_x0 * compton.total(np.array([energy]))[0]
    assert abs(pull(escaped, np.exp(-1.3 * rate))) < 4.5


def test_positrons_annihilate_at_their_rate():
    physics = Physics(ALUMINIUM, 0.5, switches=only(annihilation=True, ionisation=True), thickness=2.0)
    gone = fly(physics, 1.0, 1, n=40_000).ledger.from_target > 0.0
    # on the way the energy falls from 1 GeV by the loss; the rate at the mean energy
    middle = 1.0 - physics.loss(np.array([1.0]), positron=True)
    rate = ALUMINIUM.electrons_per_x0 * annihilation.total(middle)[0]
    assert abs(pull(gone, 1.0 - np.exp(-2.0 * rate))) < 4.5


def test_multiple_scattering_alone():
    """The variance of a slope is the integral of (13.6 MeV/E)^2 over the way, whatever its pieces."""
    physics = Physics(ALUMINIUM, 1.0, switches=only(multiple_scattering=True, moller=True, ionisation=True))
    tracks = fly(physics, 5.0, 1).tracks
    # a positron without hard collisions flies until it stops; null collisions cut its way into pieces
    loss = physics.loss(np.array([3.0]), positron=True)[0]
    late = np.abs(tracks.energy - 4.5) < 0.02
    variance = SCATTERING_ENERGY**2 / loss * (1.0 / 4.5 - 1.0 / 5.0)
    for slope in (tracks.slope_x[late], tracks.slope_y[late]):
        assert np.mean(slope**2) == pytest.approx(variance, rel=5 * np.sqrt(2.0 / late.sum()) + 0.01)
        assert abs(pull(slope, 0.0)) < 4.5


def test_angles_are_those_of_the_cascade_equations():
    """The rms angle of e- and e+ by energy; collisions with electrons, which turn too, are off."""
    on = {"bremsstrahlung": True, "pair_production": True, "ionisation": True, "multiple_scattering": True}
    physics = Physics(ALUMINIUM, 0.5, switches=only(**on))
    cascade = Cascade(physics, 8.0)
    weighted = cascade.angles_squared(SCATTERING_ENERGY)
    tracks = fly(physics, 8.0, -1, n=8000).tracks
    for kind, charge in enumerate(CHARGES):
        for low, high in ((0.6, 1.0), (1.0, 2.0), (2.0, 4.0)):
            cells = (cascade.middle > low) & (cascade.middle < high)
            expected = weighted[kind, cells].sum() / cascade.lengths[kind, cells].sum()
            mine = (tracks.charge == charge) & (tracks.energy > low) & (tracks.energy < high)
            length, angle2 = (
                tracks.length[mine],
                0.5 * (tracks.slope_x[mine] ** 2 + tracks.slope_y[mine] ** 2),
            )
            excess = np.bincount(tracks.shower[mine].astype(int), length * (angle2 - expected), 8000)
            assert abs(pull(excess, 0.0)) < 4.5
            assert np.average(angle2, weights=length) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Switches)])
def test_every_switch_does_something(name):
    on = Switches()
    turned = dataclasses.replace(on, **{name: not getattr(on, name)})
    before, after = (
        fly(Physics(ALUMINIUM, 0.5, switches=switches), 3.0, 1, n=400) for switches in (on, turned)
    )
    assert before.tracks.length.sum() != after.tracks.length.sum()
    assert np.abs(after.ledger.missing(3.0)).max() < 3e-9


def test_nothing_comes_of_what_is_below():
    shower = fly(Physics(ALUMINIUM), 0.9, -1, n=4)
    assert len(shower.tracks.energy) == 0
    np.testing.assert_array_equal(shower.ledger.below, 0.9)
    empty = transport(Physics(ALUMINIUM), np.zeros((6, 0)), np.random.default_rng(1))
    assert len(empty.tracks.length) == len(empty.ledger.below) == 0


def test_several_particles_may_share_a_shower():
    """As the two photons of a pi0, or all of an event."""
    particles = primaries(np.array([3.0, 5.0, 2.0]), 0)
    particles[SHOWER] = [0, 0, 1]
    particles[CHARGE, 2] = -1
    ledger = transport(Physics(ALUMINIUM), particles, np.random.default_rng(1)).ledger
    np.testing.assert_allclose(ledger.missing(np.array([8.0, 2.0])), 0.0, atol=1e-12)
    assert particles[ENERGY].tolist() == [3.0, 5.0, 2.0]
