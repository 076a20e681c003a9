"""The dark current against explicit Levi-Civita contractions and integrals over two-body phase space."""

import numpy as np
import pytest
from helpers import METRIC, dot, four_momentum, lower, spin_sum, vertex

from darkmc.core.errors import PhysicsError
from darkmc.portals.dark_axion.current import DarkCurrent

MASSES = [(0.0, 0.1), (0.05, 0.1), (0.1, 0.1), (0.3, 0.1), (0.0, 1e-3), (1e-4, 2.0)]
each_mass = pytest.mark.parametrize(("m_axion", "m_dark_photon"), MASSES)


def random_pair(current, n=40, seed=1):
    """Random axion and dark photon momenta; the photon's is their sum."""
    rng = np.random.default_rng(seed)
    axion = four_momentum(current.m_axion, rng.normal(size=(3, n)))
    dark_photon = four_momentum(current.m_dark_photon, rng.normal(size=(3, n)))
    return axion + dark_photon, dark_photon


def test_the_longitudinal_part_of_the_polarisation_sum_drops_out():
    current = DarkCurrent(0.02, 0.3)
    q, k = random_pair(current, 5)
    for i in range(5):
        v, here = vertex(q[:, i], k[:, i]), k[:, i]
        physical = -METRIC + np.outer(lower(here), lower(here)) / current.m_dark_photon**2
        np.testing.assert_allclose(v @ physical @ v.T, spin_sum(q[:, i], k[:, i]), rtol=1e-8, atol=1e-8)


@each_mass
def test_the_tensor_is_transverse_symmetric_and_has_the_trace_of_the_reference(m_axion, m_dark_photon):
    current = DarkCurrent(m_axion, m_dark_photon)
    q, k = random_pair(current)
    tensor = np.stack([spin_sum(q[:, i], k[:, i]) for i in range(q.shape[1])], axis=-1)
    scale = np.max(np.abs(tensor), axis=(0, 1))
    for momentum in (q, k):
        contracted = np.einsum("mn,mkn->kn", lower(momentum), tensor)
        assert np.max(np.abs(contracted) / (scale * np.max(np.abs(momentum), axis=0))) < 1e-12
    np.testing.assert_allclose(tensor, np.swapaxes(tensor, 0, 1), atol=1e-12 * np.max(scale))
    trace = np.einsum("mk,mkn->n", METRIC, tensor)
    s, m2a, m2p = dot(q, q), m_axion**2, m_dark_photon**2
    kallen = s**2 + m2a**2 + m2p**2 - 2 * (s * m2a + m2a * m2p + m2p * s)
    assert np.max(np.abs(trace + kallen / 2) / scale) < 1e-13


def decay_at_rest(mass, m_1, m_2, n_polar=16, n_azimuth=16):
    """Momentum and weights of the full solid angle for the second daughter of a two-body decay."""
    energy = (mass**2 + m_2**2 - m_1**2) / (2 * mass)
    p = np.sqrt(energy**2 - m_2**2)
    cosine, weight = np.polynomial.legendre.leggauss(n_polar)
    azimuth = 2 * np.pi * np.arange(n_azimuth) / n_azimuth
    c, f = (grid.ravel() for grid in np.meshgrid(cosine, azimuth, indexing="ij"))
    s = np.sqrt(1 - c**2)
    k = four_momentum(m_2, p * np.stack([s * np.cos(f), s * np.sin(f), c]))
    return p, k, np.repeat(weight * 2 * np.pi / n_azimuth, n_azimuth)


@pytest.mark.parametrize(
    ("q2", "m_axion", "m_dark_photon"), [(0.3, 0.0, 0.1), (1.1, 0.4, 0.5), (0.01, 0.02, 0.05)]
)
@pytest.mark.parametrize("polarisation", [(0, 1, 0, 0), (0, 0, 0, 1), (0, 0.6, 0, 0.8)])
def test_a_virtual_photon_of_any_polarisation_has_the_same_width(q2, m_axion, m_dark_photon, polarisation):
    """|M|^2 = eps_mu eps_nu E^{mu nu} integrated over two-body phase space, p/(32 pi^2 q2) d Omega."""
    current, mass = DarkCurrent(m_axion, m_dark_photon), np.sqrt(q2)
    p, k, weight = decay_at_rest(mass, m_axion, m_dark_photon)
    q = np.zeros_like(k)
    q[0] = mass
    epsilon = METRIC @ np.array(polarisation)
    squared = [epsilon @ spin_sum(q[:, i], k[:, i]) @ epsilon for i in range(len(weight))]
    width = p / (32 * np.pi**2 * q2) * np.dot(weight, squared)
    assert current.virtual_photon_width(q2) == pytest.approx(width, rel=1e-12)


@pytest.mark.parametrize(("m_axion", "m_dark_photon"), [(0.0, 0.1), (0.05, 0.1)])
@pytest.mark.parametrize("photon_q2", [0.0, 4e-4])
def test_the_dark_photon_width_is_the_spin_averaged_phase_space_integral(m_axion, m_dark_photon, photon_q2):
    """Crossed: gamma' at rest decays to the axion and a photon of mass^2 photon_q2, average over 3 spins."""
    current = DarkCurrent(m_axion, m_dark_photon)
    p, photon, weight = decay_at_rest(m_dark_photon, m_axion, np.sqrt(photon_q2))
    at_rest = np.array([m_dark_photon, 0, 0, 0])
    squared = [-np.sum(METRIC * spin_sum(photon[:, i], at_rest)) / 3 for i in range(len(weight))]
    width = p / (32 * np.pi**2 * m_dark_photon**2) * np.dot(weight, squared)
    assert current.dark_photon_width(photon_q2) == pytest.approx(width, rel=1e-11)


def test_the_axion_width_sums_over_both_spins():
    current = DarkCurrent(0.1, 0.05)
    p, k, weight = decay_at_rest(0.1, 0.0, 0.05)
    photon = np.array([[0.1], [0], [0], [0]]) - k
    squared = [-np.sum(METRIC * spin_sum(photon[:, i], k[:, i])) for i in range(len(weight))]
    width = p / (32 * np.pi**2 * 0.01) * np.dot(weight, squared)
    assert current.axion_width() == pytest.approx(width, rel=1e-12)


def test_widths_of_the_reference():
    """The physics notes, section 1, G = 1e-3."""
    assert DarkCurrent(0.0, 0.1).dark_photon_width(coupling=1e-3) == pytest.approx(3.315728e-12, rel=1e-6)
    assert DarkCurrent(0.05, 0.1).dark_photon_width(coupling=1e-3) == pytest.approx(1.398823e-12, rel=1e-6)
    assert DarkCurrent(0.1, 0.05).axion_width(coupling=1e-3) == pytest.approx(4.196468e-12, rel=1e-6)


def test_closed_forms_at_random_masses():
    rng = np.random.default_rng(2)
    for light, heavy in np.sort(10 ** rng.uniform(-3, 1, (30, 2)), axis=1):
        difference = (heavy**2 - light**2) ** 3 / (np.pi * heavy**3)
        assert DarkCurrent(light, heavy).dark_photon_width() == pytest.approx(difference / 96, rel=1e-10)
        assert DarkCurrent(heavy, light).axion_width() == pytest.approx(difference / 32, rel=1e-10)


@each_mass
def test_the_spectral_density_is_the_formula_of_the_reference(m_axion, m_dark_photon):
    current = DarkCurrent(m_axion, m_dark_photon)
    s = (m_axion + m_dark_photon) ** 2 * np.array([1.001, 1.5, 10.0, 1e4])
    m2a, m2p = m_axion**2, m_dark_photon**2
    kallen = s**2 + m2a**2 + m2p**2 - 2 * (s * m2a + m2a * m2p + m2p * s)
    expected = 0.49 * kallen**1.5 / (96 * np.pi**2 * s**3)
    np.testing.assert_allclose(current.spectral_density(s, coupling=0.7), expected, rtol=1e-9)


def test_the_spectral_density_far_above_threshold_is_flat():
    assert DarkCurrent(0.0, 1e-3).spectral_density(1e4) == pytest.approx(1 / (96 * np.pi**2), rel=1e-9)


def test_closed_channels_have_no_width():
    light, heavy = DarkCurrent(0.0, 0.1), DarkCurrent(0.2, 0.1)
    assert light.axion_width() == 0.0
    assert heavy.dark_photon_width() == 0.0
    assert light.dark_photon_width(photon_q2=0.02) == 0.0
    q2 = np.array([0.0, 1e-9, 0.0899, 0.09])
    np.testing.assert_array_equal(heavy.virtual_photon_width(q2), 0.0)
    np.testing.assert_array_equal(heavy.spectral_density(q2[1:]), 0.0)


def test_equal_masses_are_stable_and_finite():
    current = DarkCurrent(0.1, 0.1)
    assert current.dark_photon_width() == 0.0
    assert current.axion_width() == 0.0
    exact = (0.05 * (0.05 - 0.04)) ** 1.5 / (96 * np.pi**2 * 0.05**3)
    assert current.spectral_density(0.05) == pytest.approx(exact, rel=1e-12)


def test_widths_scale_with_the_square_of_the_coupling_and_broadcast():
    current = DarkCurrent(0.01, 0.1)
    q2, coupling = np.array([0.02, 0.5, 3.0]), np.array([[1e-6], [2.0]])
    for function in (current.virtual_photon_width, current.spectral_density):
        table = function(q2, coupling)
        assert table.shape == (2, 3)
        np.testing.assert_allclose(table, coupling**2 * function(q2), rtol=1e-14)
    np.testing.assert_allclose(
        current.dark_photon_width(coupling=coupling[:, 0]), coupling[:, 0] ** 2 * current.dark_photon_width()
    )


def test_threshold_is_the_sum_of_the_masses_and_the_current_is_frozen():
    current = DarkCurrent(m_axion=0.2, m_dark_photon=0.3)
    assert current.threshold == 0.5
    with pytest.raises(AttributeError):
        current.m_axion = 0.1
    assert current == DarkCurrent(0.2, 0.3)


@pytest.mark.parametrize("bad", [-1e-3, float("nan"), float("inf")])
def test_impossible_masses_are_refused_by_name(bad):
    with pytest.raises(PhysicsError, match="m_axion"):
        DarkCurrent(bad, 0.1)
    with pytest.raises(PhysicsError, match="m_dark_photon"):
        DarkCurrent(0.0, bad)


def test_a_massless_dark_photon_is_refused():
    with pytest.raises(PhysicsError, match="m_dark_photon must be a finite number above zero"):
        DarkCurrent(0.1, 0.0)
