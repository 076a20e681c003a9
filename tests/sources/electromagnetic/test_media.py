"""Radiation lengths, critical energies and collision losses against the PDG."""

import numpy as np
import pytest
from scipy.optimize import brentq

from darkmc.core.errors import PhysicsError
from darkmc.core.materials import known_material
from darkmc.core.particles import mass
from darkmc.sources.electromagnetic import bremsstrahlung, ionisation, knock_on
from darkmc.sources.electromagnetic.media import Medium, radiation_length_g_cm2
from darkmc.sources.electromagnetic.physics import LossTable, Physics
from darkmc.sources.electromagnetic.screening import Screening

# PDG: X0 in g/cm2, critical energy (Rossi's) of e- and e+ in MeV
PDG = {
    "aluminium": (24.01, 42.70, 41.48),
    "copper": (12.86, 19.42, 18.79),
    "iron": (13.84, 21.68, 21.00),
    "tungsten": (6.76, 7.97, 7.68),
    "water": (36.08, 78.33, 76.24),
}
each = pytest.mark.parametrize("material", PDG)


@each
def test_radiation_lengths_are_those_of_the_pdg(material):
    assert radiation_length_g_cm2(known_material(material)[1]) == pytest.approx(PDG[material][0], rel=2e-3)


@each
@pytest.mark.parametrize("positron", [False, True])
def test_critical_energies_are_those_of_the_pdg(material, positron):
    """Loss to all collisions per radiation length equal to the energy."""
    medium = Medium.of(material)
    found = brentq(lambda e: ionisation.loss(medium, np.array([e]), np.inf, positron)[0] - e, 2e-3, 0.3)
    assert 1e3 * found == pytest.approx(PDG[material][1 + positron], rel=1e-2)


@pytest.mark.parametrize(("material", "length"), [("molybdenum", 9.80), ("soil", 27.05), ("concrete", 27.05)])
def test_radiation_lengths_of_other_materials(material, length):
    """PDG: molybdenum, silicon dioxide."""
    assert radiation_length_g_cm2(known_material(material)[1]) == pytest.approx(length, rel=3e-3)


def test_electrons_and_lengths_of_media():
    aluminium, water, both = Medium.of("aluminium"), Medium.of("water"), Medium.of("aluminium", "water")
    assert aluminium.electrons_per_x0 == pytest.approx(6.97e24, rel=2e-3)
    assert water.electrons_per_x0 == pytest.approx(1.21e25, rel=5e-3)
    assert aluminium.metres_per_x0 == pytest.approx(0.0889, rel=2e-3)
    for name in ("electrons_per_x0", "grams_per_x0", "metres_per_x0"):
        mean = 0.5 * (getattr(aluminium, name) + getattr(water, name))
        assert getattr(both, name) == pytest.approx(mean, rel=1e-12)
    assert both.atoms_per_x0["H"] == pytest.approx(2 * both.atoms_per_x0["O"], rel=1e-12)
    assert both.name == "aluminium and water"


def test_a_medium_is_a_radiation_length_long():
    for medium in (Medium.of("iron"), Medium((("tungsten", 0.3), ("water", 0.7)))):
        assert Screening(medium).unscreened[0] == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("energy", [0.03, 1.0, 20.0])
@pytest.mark.parametrize(
    ("positron", "formula"), [(False, knock_on.moller), (True, knock_on.bhabha)], ids=["e-", "e+"]
)
def test_the_restricted_loss_has_the_hard_collisions_as_derivative(energy, positron, formula):
    medium, at = Medium.of("aluminium"), np.array([energy])
    for cut in (1e-3, 8e-3):
        step = 1e-3 * cut
        high, low = (ionisation.loss(medium, at, cut + sign * step, positron) for sign in (1, -1))
        exact = medium.electrons_per_x0 * cut * formula(at, np.array([cut]))
        assert (high - low) / (2 * step) == pytest.approx(exact, rel=2e-6)


@pytest.mark.parametrize(
    ("material", "electrons_per_cm3"),
    [
        ("aluminium", 7.834e23),
        ("copper", 2.4625e24),
        ("molybdenum", 2.694e24),
        ("soil", 5.413e23),
        ("concrete", 6.916e23),
    ],
)
def test_the_density_effect_ends_as_it_should(material, electrons_per_cm3):
    """At high energies the loss knows the plasma energy only: 32.86 eV in aluminium, as electrons^1/2."""
    energy, m = np.array([50.0, 1000.0]), mass("e")
    unit = 2 * np.pi * (0.2817940e-12) ** 2 * m * Medium.of(material).electrons_per_x0
    plasma = 37.135e-9 * np.sqrt(electrons_per_cm3 / 1e24)
    expected = unit * (2 * np.log(m / plasma) + np.log(2 * 0.02 / m))
    found = ionisation.loss(Medium.of(material), energy, 0.02)
    assert found == pytest.approx(np.full(2, expected), rel=3e-3)


def test_the_table_of_losses_is_the_losses():
    physics = Physics(Medium.of("aluminium"), 0.2)
    table = LossTable(physics, 20.0)
    energy = np.random.default_rng(1).uniform(0.2, 20.0, 1000)
    for positron in (False, True):
        exact = physics.loss(energy, positron)
        np.testing.assert_allclose(table(np.log(energy), np.full(1000, positron)), exact, rtol=1e-5)


def test_soft_loss_at_complete_screening():
    screening = Screening(Medium.of("iron"), complete=True)
    small = screening.unscreened[1]
    y = 0.02 / 2.0
    exact = 2.0 * (4 / 3 * y - 2 / 3 * y**2 + y**3 / 3 + small * (y - y**2 / 2))
    assert bremsstrahlung.soft_loss(screening, np.array([2.0]), 0.02) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    "parts", [(), (("aluminium", 0.5),), (("aluminium", -1.0), ("water", 2.0)), (("cheese", 1.0),)]
)
def test_media_that_are_none(parts):
    with pytest.raises(PhysicsError):
        Medium(parts)


def test_physics_that_is_none():
    aluminium = Medium.of("aluminium")
    for wrong in ({"cut": 0.5}, {"cut": 1e-4}, {"threshold": 0.05}, {"thickness": 0.0}):
        with pytest.raises(PhysicsError):
            Physics(aluminium, **wrong)
    with pytest.raises(PhysicsError, match="no constants of ionisation for 'marble'"):
        Physics(Medium.of("marble"))
