"""Masses and measured branching ratios against the physics notes, section 0, and names."""

import pytest
from helpers import load_script

from darkmc.core.errors import PhysicsError
from darkmc.core.particles import (
    PHOTON_COUPLING,
    PSEUDOSCALARS,
    canonical_name,
    mass,
    photon_coupling,
)
from darkmc.core.vocabulary import PDG_IDS

MASSES_GEV = {
    "e": 0.51099895e-3,
    "mu": 0.1056583755,
    "pi0": 0.1349768,
    "eta": 0.547862,
    "eta'": 0.95778,
    "pi+": 0.13957039,
    "proton": 0.93827208816,
}
RATIOS = {
    "pi0": 0.98823,
    "eta": 0.3936,
    "eta'": 0.02307,
    "rho0": 4.72e-5,
    "omega": 7.38e-5,
    "phi": 2.98e-4,
    "J/psi": 0.0597,
    "Upsilon(3S)": 0.0218,
}


@pytest.mark.parametrize(("name", "expected"), MASSES_GEV.items())
def test_masses_are_in_gev_and_those_of_the_reference(name, expected):
    assert mass(name) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("rho0", 0.775), ("omega", 0.7827), ("phi", 1.0195), ("J/psi", 3.0969), ("Upsilon(3S)", 10.355)],
)
def test_vector_masses_are_right_to_their_resonance(name, expected):
    assert mass(name) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", PDG_IDS)
def test_every_known_particle_has_a_positive_mass(name):
    assert mass(name) > 0.0


@pytest.mark.parametrize(
    ("alias", "name"), [("eta_prime", "eta'"), ("rho", "rho0"), ("electron", "e"), ("muon", "mu")]
)
def test_aliases_stand_for_the_same_particle(alias, name):
    assert canonical_name(alias) == name
    assert mass(alias) == mass(name)


@pytest.mark.parametrize("name", PDG_IDS)
def test_a_canonical_name_is_its_own_name(name):
    assert canonical_name(name) == name


@pytest.mark.parametrize(("name", "near"), [("eta-prime", "eta_prime"), ("pi", "pi0"), ("omgea", "omega")])
def test_an_unknown_particle_suggests_the_nearest(name, near):
    with pytest.raises(PhysicsError, match=f"unknown particle '{name}'.*nearest: '{near}'"):
        mass(name)


def test_even_nonsense_is_one_clear_error():
    with pytest.raises(PhysicsError, match="unknown particle ''"):
        canonical_name("")


@pytest.mark.parametrize(("name", "expected"), RATIOS.items())
def test_the_measured_ratios_are_those_of_the_reference(name, expected):
    assert photon_coupling(name).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", PHOTON_COUPLING)
def test_every_meson_has_a_ratio_with_error_and_source(name):
    entry = PHOTON_COUPLING[name]
    assert 0.0 < entry.error < 0.15 * entry.value
    assert f"BR({name} -> " in entry.source
    assert ("gamma gamma" in entry.source) == (name in PSEUDOSCALARS)


def test_a_particle_without_a_ratio_is_refused_with_the_known_ones():
    with pytest.raises(PhysicsError, match=r"'proton' is no meson of the table .*pi0, eta"):
        photon_coupling("proton")


def test_the_table_is_that_of_the_package():
    script = load_script("tools/particle_table.py")
    assert script.text() == script.TABLE.read_text(encoding="utf-8")
