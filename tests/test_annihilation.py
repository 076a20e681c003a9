"""e+ e- -> a gamma' and e+ e- -> a gamma gamma': reference numbers, closed forms, radiator."""

import numpy as np
import pytest
from scipy.integrate import quad

import darkmc
from darkmc.constants import ALPHA, GEV2_TO_PB
from darkmc.current import DarkCurrent
from darkmc.errors import PhysicsError
from darkmc.generators import annihilation, radiative_annihilation
from darkmc.particles import mass

ROOT_S = 10.355
TOTAL = {0.01: 1.183929e5, 1.0: 1.151116e5, 3.0: 9.101356e4, 5.0: 5.338931e4, 8.0: 7.756438e3}
RADIATIVE = {
    0.01: (5.030326e3, 2.138353e2),
    1.0: (4.347178e3, 1.887455e2),
    3.0: (1.934666e3, 8.854750e1),
    5.0: (3.653323e2, 1.739825e1),
}


@pytest.mark.parametrize("m", list(TOTAL))
def test_reference_totals(m):
    sigma = darkmc.DarkAxionPortal(m).annihilation_cross_section(ROOT_S)
    assert sigma == pytest.approx(TOTAL[m], rel=1e-6)


@pytest.mark.parametrize(("m_axion", "m_dark_photon"), [(0.0, 0.5), (0.3, 0.5), (2.0, 1.0)])
def test_closed_form(m_axion, m_dark_photon):
    """Alpha G^2 lambda^(3/2)/(24 s^3) to 1e-12."""
    s = ROOT_S**2
    kallen = (s - (m_axion + m_dark_photon) ** 2) * (s - (m_axion - m_dark_photon) ** 2)
    expected = ALPHA * kallen**1.5 / (24 * s**3) * GEV2_TO_PB
    sigma = darkmc.DarkAxionPortal(m_dark_photon, m_axion).annihilation_cross_section(ROOT_S)
    assert sigma == pytest.approx(expected, rel=1e-12)


def test_muons_and_thresholds():
    m_mu, portal = mass("mu"), darkmc.DarkAxionPortal(0.1)
    ratio = portal.annihilation_cross_section(0.5, m_lepton=m_mu) / portal.annihilation_cross_section(0.5)
    x = (m_mu / 0.5) ** 2
    assert ratio == pytest.approx((1 + 2 * x) / np.sqrt(1 - 4 * x), rel=1e-12)
    assert portal.annihilation_cross_section([0.09, 0.2])[0] == 0.0
    with pytest.raises(PhysicsError):
        portal.annihilation_cross_section(0.2, m_lepton=m_mu)


def test_angles_integrate_to_the_total():
    current = DarkCurrent(0.1, 0.5)
    integral = quad(lambda c: annihilation.differential(100.0, c, current), -1, 1)[0]
    assert integral == pytest.approx(annihilation.cross_section(100.0, current), rel=1e-12)


@pytest.mark.parametrize("m", list(RADIATIVE))
def test_reference_radiative(m):
    portal = darkmc.DarkAxionPortal(m)
    open_, cut = RADIATIVE[m]
    assert portal.radiative_annihilation_cross_section(ROOT_S, 2.2, 5.5) == pytest.approx(open_, rel=1e-6)
    cut_sigma = portal.radiative_annihilation_cross_section(ROOT_S, 2.2, 5.5, abs_cos_max=0.46)
    assert cut_sigma == pytest.approx(cut, rel=1e-6)


def test_radiator_without_angular_cut():
    """(2 alpha/pi)(ln(s/m_e^2) - 1)(1 - x + x^2/2)/x, x = 2E/sqrt s, is exact up to m_e^2/s."""
    s, current, m_e = ROOT_S**2, DarkCurrent(0.0, 1.0), mass("e")

    def integrand(x):
        radiator = 2 * ALPHA / np.pi * (np.log(s / m_e**2) - 1) * (1 - x + x**2 / 2) / x
        return radiator * annihilation.cross_section(s * (1 - x), current)

    low, high = 2 * 2.2 / ROOT_S, min(2 * 5.5 / ROOT_S, 1 - 1.0 / s)
    expected = quad(integrand, low, high, epsrel=1e-10)[0]
    sigma = radiative_annihilation.cross_section(s, 2.2, 5.5, current, 1.0, m_e)
    assert sigma == pytest.approx(expected, rel=1e-6)


def test_angular_integral_against_adaptive_quadrature():
    s, m_e, omega = ROOT_S**2, mass("e"), 3.0
    current = DarkCurrent(0.2, 1.0)
    energy = ROOT_S / 2
    beam = np.sqrt(energy**2 - m_e**2)
    s_prime = s - 2 * ROOT_S * omega

    def per_cosine(cosine):
        first = 2 * omega * (energy - beam * cosine)
        amplitude = radiative_annihilation.vector_amplitude(s, s_prime, first, m_e)
        return 2 * radiative_annihilation.E4 * amplitude * omega / (32 * np.pi * s * beam)

    jacobian = 2 * ROOT_S * current.spectral_density(s_prime)
    expected = jacobian * quad(per_cosine, -0.9, 0.9, epsrel=1e-11)[0]
    found = radiative_annihilation.photon_spectrum(s, omega, current, 0.9, m_e)
    assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    "arguments",
    [(10.0, 0.0, 5.0), (10.0, 3.0, 2.0), (10.0, 1.0, 5.0, 1.5), (-1.0, 1.0, 2.0), (1e-4, 1.0, 2.0)],
)
def test_bad_input(arguments):
    with pytest.raises(PhysicsError):
        darkmc.DarkAxionPortal(0.1).radiative_annihilation_cross_section(*arguments)


def test_closed_and_scaling():
    portal = darkmc.DarkAxionPortal(8.0)
    assert portal.radiative_annihilation_cross_section(ROOT_S, 4.5, 5.0) == 0.0
    one, two = (
        darkmc.DarkAxionPortal(1.0).radiative_annihilation_cross_section(ROOT_S, 2, 5, 0.5, g) for g in (1, 2)
    )
    assert two == pytest.approx(4 * one, rel=1e-12)
