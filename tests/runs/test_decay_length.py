"""Decay distances: the closed form, and what a card says of where and at which energies."""

import math

import pytest

from darkmc import DarkAxionPortal, Experiment
from darkmc.core.constants import HBAR_C_GEV_M
from darkmc.runs.decay_length import characteristic_energies, decay_length, detector_distances


def test_decay_length_is_beta_gamma_c_tau():
    mass, energy, coupling = 0.01, 25.0, 1e-3
    portal = DarkAxionPortal(mass)
    # two-body width G^2 m^3/(96 pi), and the measured share of pairs on top of it
    width = coupling**2 * mass**3 / (96.0 * math.pi) / portal.branching_ratio("a gamma")
    gamma = energy / mass
    expected = math.sqrt(gamma**2 - 1.0) * HBAR_C_GEV_M / width
    assert decay_length(portal, energy, coupling) == pytest.approx(expected, rel=1e-9)
    assert math.isnan(decay_length(portal, 0.5 * mass, coupling))
    assert decay_length(portal, mass, coupling) == 0.0


def test_a_stable_dark_photon_goes_on_for_ever_at_rest_too():
    assert decay_length(DarkAxionPortal(0.01, 0.02), 0.01, 1e-4) == math.inf


def test_distances_and_energies_come_from_the_card():
    experiment = Experiment("charm-decay")
    slant = math.hypot(5.0, 497.5) / 497.5  # the ray to the middle of the volume
    assert detector_distances(experiment) == pytest.approx((480.0 * slant, 515.0 * slant), rel=1e-9)
    assert characteristic_energies(experiment.card) == [3.0, 40.0, 200.0]
    assert characteristic_energies(Experiment("charm-finegrained").card) == [7.5, 50.0, 200.0]
