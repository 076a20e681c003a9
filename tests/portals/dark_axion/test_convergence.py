"""Totals refuse when their quadrature has not converged: each is given an integrand with a needle in it."""

import numpy as np
import pytest

import darkmc
from darkmc.portals.dark_axion import coherent_conversion
from darkmc.portals.dark_axion.current import DarkCurrent

PORTAL = darkmc.DarkAxionPortal(0.03)
TOTALS = {
    "meson": (DarkCurrent, "spectral_density", lambda: PORTAL.meson_branching_ratio("pi0")),
    "lepton pair": (
        DarkCurrent,
        "dark_photon_width",
        lambda: darkmc.DarkAxionPortal(0.4).partial_width("a mu- mu+"),
    ),
    "bremsstrahlung": (
        DarkCurrent,
        "spectral_density",
        lambda: PORTAL.bremsstrahlung_cross_section(20.0, 13, 27.0),
    ),
    "radiative": (
        DarkCurrent,
        "spectral_density",
        lambda: PORTAL.radiative_annihilation_cross_section(10.58, 0.1, 5.0),
    ),
    "carbon": (
        coherent_conversion,
        "form_factor",
        lambda: PORTAL.scattering_cross_section("a", 1.0, "C"),
    ),
}


@pytest.mark.parametrize("name", TOTALS)
def test_a_needle_in_the_integrand_is_refused(name, monkeypatch):
    place, attribute, total = TOTALS[name]
    plain = getattr(place, attribute)
    before = total()

    def with_needles(*arguments):
        numbers = arguments if place is coherent_conversion else (*arguments[1:], 1.0)
        needles = np.sin(1e3 * np.log(np.maximum(numbers[0], 1e-99))) > 0.9
        return plain(*arguments) * np.where(needles, 1e4, 1.0)

    monkeypatch.setattr(place, attribute, with_needles)
    with pytest.raises(darkmc.PhysicsError, match="the quadrature has not converged"):
        total()
    monkeypatch.undo()
    assert total() == before > 0.0


@pytest.mark.parametrize("target", ["p", "C", "H"])
def test_equal_masses_on_a_nucleus_are_refused(target):
    """Q^2 goes down to 0, where ln Q^2 has no end: the total was not a number."""
    with pytest.raises(darkmc.PhysicsError, match="conversion on a nucleus: the quadrature"):
        darkmc.DarkAxionPortal(0.03, 0.03).scattering_cross_section("a", 1.0, target)


@pytest.mark.parametrize("coupling", [0.0, 1e-4])
@pytest.mark.parametrize("target", ["e", "mu"])
def test_equal_masses_on_a_fermion_are_refused(target, coupling):
    """With G = 0 the infinite cross section was no number; below threshold it is 0 as for any masses."""
    equal = darkmc.DarkAxionPortal(0.03, 0.03)
    assert equal.scattering_cross_section("a", 0.03, target, coupling) == 0.0
    for energy in (1.0, np.array([0.03, 1.0])):
        with pytest.raises(darkmc.PhysicsError, match="the cross section of equal masses is infinite"):
            equal.scattering_cross_section("a", energy, target, coupling)


@pytest.mark.parametrize("target", ["e", "mu"])
def test_cross_sections_of_nearly_equal_masses_grow_without_end(target):
    """The least Q^2 falls as the square of the mass splitting: the same growth with each decade of it."""
    splittings = np.array([1e-4, 1e-6, 1e-8])
    sigma = [
        darkmc.DarkAxionPortal(0.03, 0.03 * (1.0 - split)).scattering_cross_section("a", 1.0, target)
        for split in splittings
    ]
    first, second = np.diff(sigma)
    assert first > 0.05 * sigma[0]
    assert second == pytest.approx(first, rel=1e-3)
