"""V -> a gamma': width, momenta and the helicity of the gamma'.

Statistical tests: fixed seeds; every KS test or pull (4.5 sigma) fails by chance at most once in 1e5.
"""

import numpy as np
import pytest
from helpers import assert_on_shell, pull, to_rest_frame, unit, unstable_of
from scipy.stats import kstest

from darkmc import DarkAxionPortal, DarkCurrent
from darkmc.core.particles import mass, photon_coupling
from darkmc.portals.chains import decayed
from darkmc.portals.dark_axion.dark_photon_decay import PhotonDecay
from darkmc.portals.dark_axion.vector_decay import VectorDecay, relative_width
from darkmc.signals.photon_window import in_window

N = 50_000
ALPHA = 1 / 137.035999
CASES = [
    ("rho0", 0.0, 0.03),
    ("omega", 0.1, 0.3),
    ("phi", 0.0, 0.9),
    ("J/psi", 0.5, 1.0),
    ("Upsilon(3S)", 3.0, 3.0),
]
each_case = pytest.mark.parametrize(("meson", "m_axion", "m_dark_photon"), CASES)


def sampled(meson, m_axion, m_dark_photon, spin=True, n=N, seed=1):
    current = DarkCurrent(m_axion, m_dark_photon)
    decay = VectorDecay(mass(meson), photon_coupling(meson).value, current, spin)
    return current, decay, decay.sample(np.random.default_rng(seed).random((decay.n_uniform, n)))


@pytest.mark.parametrize("r", [1e-6, 0.1, 0.5, 0.99])
def test_the_width_for_a_massless_axion_of_methods_section_6(r):
    """G^2 M^2 (1 - m'^2/M^2)^3/(32 pi alpha)."""
    M = 0.78266
    expected = 4e-6 * M**2 * (1 - r**2) ** 3 / (32 * np.pi * ALPHA)
    assert relative_width(M, DarkCurrent(0.0, r * M), coupling=2e-3) == pytest.approx(expected, rel=1e-12)


def test_the_width_is_the_spectral_density_at_the_mass():
    """One virtual photon: Gamma(V -> X)/Gamma(V -> ee) = rho_X/rho_ee, rho_ee = alpha/(3 pi s)."""
    current, M = DarkCurrent(0.2, 0.4), 1.01946
    ratio = current.spectral_density(M**2) / (ALPHA / (3 * np.pi * M**2))
    assert relative_width(M, current) == pytest.approx(ratio, rel=1e-13)


@pytest.mark.parametrize("masses", [(0.4, 0.6), (0.6, 0.6), (0.0, 1.5)])
def test_a_closed_decay_has_no_width(masses):
    assert relative_width(1.0, DarkCurrent(*masses)) == 0.0


@each_case
def test_every_weight_is_the_branching_ratio(meson, m_axion, m_dark_photon):
    _, decay, pair = sampled(meson, m_axion, m_dark_photon, n=100)
    exact = DarkAxionPortal(m_dark_photon, m_axion).meson_branching_ratio(meson)
    np.testing.assert_allclose(pair.weight, exact, rtol=1e-12)
    assert decay.largest_weight == pytest.approx(exact, rel=1e-12)


@each_case
@pytest.mark.parametrize("spin", [True, False])
def test_momentum_is_conserved_and_every_particle_is_on_shell(meson, m_axion, m_dark_photon, spin):
    _, _, pair = sampled(meson, m_axion, m_dark_photon, spin, n=1000)
    total = pair.axion + pair.dark_photon
    np.testing.assert_allclose(total[0], mass(meson), rtol=1e-12)
    np.testing.assert_allclose(total[1:], 0.0, atol=1e-12)
    assert_on_shell(pair.axion, m_axion, 1e-12)
    assert_on_shell(pair.dark_photon, m_dark_photon, 1e-12)
    assert pair.photon is None
    assert pair.pair_boost is None
    np.testing.assert_array_equal(pair.dark_photon_in_pair, pair.dark_photon)


def photon_direction(meson, m_axion, m_dark_photon, spin):
    """Photon's direction in the gamma' rest frame; the gamma' flies along z."""
    current, _, pair = sampled(meson, m_axion, m_dark_photon, spin)
    decay = PhotonDecay(current)
    drawn = decayed(pair, decay, np.random.default_rng(2).random((2, N)))
    photon, daughter = map(drawn.momentum, decay.products)
    np.testing.assert_allclose(photon + daughter, unstable_of(pair), atol=1e-9)
    return unit(to_rest_frame(photon, unstable_of(pair))[1:])


TWO_BODY = CASES[:4]


@pytest.mark.parametrize("case", TWO_BODY, ids=str)
def test_helicity_one_gives_one_plus_cosine_squared_and_a_flat_azimuth(case):
    x, y, z = photon_direction(*case, spin=True)
    assert kstest(z, lambda c: (4 + 3 * c + c**3) / 8).pvalue > 1e-5
    assert kstest(np.arctan2(y, x), "uniform", (-np.pi, 2 * np.pi)).pvalue > 1e-5
    for moment in (x * y, x**2 - y**2, x * z, y * z):
        assert abs(pull(moment, 0.0)) < 4.5


@pytest.mark.parametrize("case", TWO_BODY, ids=str)
def test_without_spin_the_photon_is_isotropic(case):
    for component in photon_direction(*case, spin=False):
        assert kstest(component, "uniform", (-1, 2)).pvalue > 1e-5


def test_a_heavy_axion_decays_isotropically():
    for component in photon_direction("phi", 0.5, 0.2, spin=True):
        assert kstest(component, "uniform", (-1, 2)).pvalue > 1e-5


@pytest.mark.parametrize("case", TWO_BODY, ids=str)
def test_forced_photons_have_the_same_helicity_distribution(case):
    """<cos^2> = 0.4 with weights, <1> = 1, photon energies forced into the upper half."""
    current, _, pair = sampled(*case)
    decay = PhotonDecay(current)
    k = unstable_of(pair)
    window = (decay.momentum * k[0, 0] / decay.mass, np.inf)
    spin = pair.dark_photon_spin if decay.polarised else None
    photon, _, weight = in_window(decay, k, spin, window, np.random.default_rng(3).random((3, N)))
    z = unit(to_rest_frame(photon, k)[1:])[2]
    assert abs(pull(weight, 1.0)) < 4.5
    assert abs(pull(weight * (z**2 - 0.4), 0.0)) < 4.5
    assert abs(pull(weight * z, 0.0)) < 4.5
    assert np.mean(photon[0] > window[0] * (1 - 1e-12)) > 0.8
