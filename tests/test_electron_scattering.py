"""a l -> gamma' l and back, and on protons: reference numbers, quadrature, detailed balance, sampler."""

import numpy as np
import pytest
from scipy.integrate import quad

import darkmc
from darkmc.constants import ALPHA, GEV2_TO_CM2
from darkmc.current import DarkCurrent
from darkmc.errors import PhysicsError
from darkmc.generators.coherent_scattering import ProtonConversion
from darkmc.generators.electron_scattering import FermionScattering, recoil_cosine
from darkmc.particles import mass

M_E = mass("e")
TABLE = {  # the physics notes, section 4: sigma in cm^2 at G = 1, m_a = 0, by energy, incoming state and m'
    (0.05, "a", 0.001): 7.912725e-30,
    (0.05, "a", 0.01): 0.0,
    (0.05, "dark_photon", 0.01): 5.073147e-30,
    (1.0, "a", 0.001): 1.446276e-29,
    (1.0, "a", 0.01): 7.116517e-30,
    (1.0, "a", 0.1): 0.0,
    (1.0, "dark_photon", 0.01): 2.960396e-30,
    (10.0, "a", 0.001): 1.938305e-29,
    (10.0, "a", 0.01): 1.270871e-29,
    (10.0, "a", 0.1): 9.885275e-31,
    (10.0, "dark_photon", 0.01): 4.326971e-30,
}
RANDOM = [(0.0, 0.02, 0.8), (0.03, 0.02, 5.0), (0.02, 0.03, 5.0), (0.001, 0.005, 0.06), (0.4, 0.1, 900.0)]


@pytest.mark.parametrize("key", list(TABLE))
def test_reference_table(key):
    energy, incoming, m_dark_photon = key
    sigma = darkmc.DarkAxionPortal(m_dark_photon).scattering_cross_section(incoming, energy)
    assert sigma == pytest.approx(TABLE[key], rel=1e-6)


@pytest.mark.parametrize(
    ("incoming", "m_axion", "expected"),
    [("a", 0.0, 2.134728), ("dark_photon", 0.0, 0.891453), ("a", 0.005, 2.216358)],
)
def test_reference_differential(incoming, m_axion, expected):
    scattering = FermionScattering(DarkCurrent(m_axion, 0.01), incoming, M_E)
    assert scattering.differential(5e-4, 1.0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
@pytest.mark.parametrize("incoming", ["a", "dark_photon"])
@pytest.mark.parametrize("lepton", ["e", "mu"])
def test_total_is_the_integral(m_axion, m_dark_photon, energy, incoming, lepton):
    scattering = FermionScattering(DarkCurrent(m_axion, m_dark_photon), incoming, mass(lepton))
    if energy <= scattering.threshold:
        assert scattering.cross_section(energy) == 0.0
        return
    low, high = (np.log(limit) for limit in scattering.q2_limits(energy))
    integral = quad(lambda x: np.exp(x) * scattering.differential(np.exp(x), energy), low, high, limit=400)[0]
    assert scattering.cross_section(energy) == pytest.approx(integral * GEV2_TO_CM2, rel=1e-7)


@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
def test_detailed_balance(m_axion, m_dark_photon, energy):
    """lambda_in dsigma/dt, without the spin average, is the same in both directions."""
    current = DarkCurrent(m_axion, m_dark_photon)
    forth, back = (FermionScattering(current, name, M_E) for name in ("a", "dark_photon"))
    energy = max(energy, 2.0 * forth.threshold, 2.0 * back.threshold)
    s = forth.mandelstam_s(energy)
    other = (s - m_dark_photon**2 - M_E**2) / (2.0 * M_E)
    q2 = np.geomspace(*forth.q2_limits(energy), 9)[1:-1]
    left = forth.differential(q2, energy) * (energy**2 - m_axion**2)
    right = 3.0 * back.differential(q2, other) * (other**2 - m_dark_photon**2)
    np.testing.assert_allclose(left, right, rtol=1e-9)


def test_massless_high_energy_limit():
    """Sum |M|^2 = e^2 G^2 s^2/|t| for massless states, t small (a trap found in the literature)."""
    scattering = FermionScattering(DarkCurrent(0.0, 1e-9), "a", M_E)
    s = scattering.mandelstam_s(50.0)
    t = -1e-6 * s
    assert scattering.squared_amplitude(t, s) == pytest.approx(4 * np.pi * ALPHA * s**2 / -t, rel=3e-2)


@pytest.mark.parametrize(("m", "expected"), [(0.001, 1.978476e-3), (0.01, 0.1078476), (0.1, 9.884756)])
def test_threshold(m, expected):
    scattering = FermionScattering(DarkCurrent(0.0, m), "a", M_E)
    assert scattering.threshold == pytest.approx(expected, rel=1e-6)
    assert scattering.cross_section(expected * 0.999999) == 0.0
    assert scattering.cross_section(expected * 1.00001) > 0.0


def test_exothermic_direction_grows_at_rest():
    """Gamma' e -> a e near rest: sigma p is finite."""
    scattering = FermionScattering(DarkCurrent(0.0, 0.01), "dark_photon", M_E)
    momenta = np.array([1e-6, 1e-5])
    sigma = scattering.cross_section(np.hypot(momenta, 0.01))
    assert sigma[0] * momenta[0] == pytest.approx(sigma[1] * momenta[1], rel=1e-3)


@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
def test_recoil_angle_conserves_momentum(m_axion, m_dark_photon, energy):
    scattering = FermionScattering(DarkCurrent(m_axion, m_dark_photon), "a", M_E)
    energy = max(energy, 1.5 * scattering.threshold)
    low, high = scattering.q2_limits(energy)
    kinetic = np.geomspace(low * 1.001, high * 0.999, 7) / (2.0 * M_E)
    cosine = recoil_cosine(energy, kinetic, scattering)
    assert np.all(np.abs(cosine) <= 1.0 + 1e-9)
    recoil, p_in = np.sqrt(kinetic * (kinetic + 2 * M_E)), np.sqrt(energy**2 - m_axion**2)
    out2 = p_in**2 + recoil**2 - 2 * p_in * recoil * cosine
    assert (energy - kinetic) ** 2 - out2 == pytest.approx(m_dark_photon**2, abs=1e-9 * energy**2)


@pytest.mark.parametrize("incoming", ["a", "dark_photon"])
@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
def test_sampler_integrates_to_the_cross_section(incoming, m_axion, m_dark_photon, energy):
    """Ten pulls below 4: chance 6e-4."""
    scattering = FermionScattering(DarkCurrent(m_axion, m_dark_photon), incoming, M_E)
    energy = max(energy, 1.5 * scattering.threshold)
    uniform = np.random.default_rng(6).random((2, 50_000))
    q2, weight = scattering.sample(np.full(50_000, energy), uniform)
    low, high = scattering.q2_limits(energy)
    assert low * (1 - 1e-9) <= q2.min()
    assert q2.max() <= high * (1 + 1e-9)
    error = np.std(weight) / np.sqrt(50_000)
    assert abs(np.mean(weight) * GEV2_TO_CM2 - scattering.cross_section(energy)) < 4 * error * GEV2_TO_CM2


def test_point_proton_is_a_fermion(monkeypatch):
    """G_E = G_M = 1 in the proton's formula is the point fermion's cross section."""
    monkeypatch.setattr(ProtonConversion, "form_factors", staticmethod(lambda _: (1.0, 1.0)))
    for m_axion, m_dark_photon in ((0.0, 0.1), (0.05, 0.2)):
        current = DarkCurrent(m_axion, m_dark_photon)
        proton = ProtonConversion(current, "a")
        point = FermionScattering(current, "a", proton.nucleus.mass)
        q2 = np.geomspace(*point.q2_limits(3.0), 8)[1:-1]
        np.testing.assert_allclose(proton.differential(q2, 3.0), point.differential(q2, 3.0), rtol=1e-9)


def test_six_protons_of_reference():
    """Six free protons: 7.18e-29 cm^2 at 1 GeV, 10 MeV; 5.29e-29 at 10 GeV, 100 MeV (the physics notes)."""
    for energy, m, expected in ((1.0, 0.01, 7.18e-29), (10.0, 0.1, 5.29e-29)):
        sigma = darkmc.DarkAxionPortal(m).scattering_cross_section("a", energy, target="p")
        assert 6 * sigma == pytest.approx(expected, rel=2e-3)


def test_facade_broadcasts_and_refuses():
    portal = darkmc.DarkAxionPortal(0.01)
    energies = np.array([[0.05, 1.0], [10.0, 50.0]])
    for target in ("e", "C"):
        sigma = portal.scattering_cross_section("a", energies, target=target, coupling=1e-3)
        assert sigma.shape == (2, 2)
        one = portal.scattering_cross_section("a", 10.0, target=target)
        assert sigma[1, 0] == pytest.approx(1e-6 * one, rel=1e-12)
    for arguments in (("b", 1.0), ("a", np.nan), ("a", 1.0, "Xy")):
        with pytest.raises(PhysicsError):
            portal.scattering_cross_section(*arguments)
