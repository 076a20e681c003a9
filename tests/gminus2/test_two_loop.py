"""The two-loop moment: the benchmark table, its limits, and three independent forms of the integral."""

import gminus2_by_mpmath as exact
import numpy as np
import pytest
from gminus2.test_one_loop import digits
from mpmath import mpf

import darkmc
from darkmc.core.constants import ALPHA
from darkmc.core.particles import mass
from darkmc.gminus2 import dark_axion_two_loop, vector
from darkmc.portals.dark_axion.current import DarkCurrent

M_MU = mass("mu")
MASSES = np.array([1e-3, 1e-2, 0.1, 1.0, 10.0])
TABLE = {
    ("mu", 0.0): "-7.897061e-8 -3.783219e-8 -7.499826e-9 -3.476815e-10 -6.952004e-12",
    ("mu", 0.5): "-7.601934e-8 -3.506165e-8 -6.230247e-9 -2.576353e-10 -4.940293e-12",
    ("e", 0.0): "-7.714802e-14 -2.492982e-15 -4.410201e-17 -6.334535e-19 -8.258999e-21",
    ("e", 0.5): "-6.132218e-14 -1.813254e-15 -3.114101e-17 -4.418197e-19 -5.722351e-21",
}
LIMITS = {  # lepton, allowed |Delta a|, G in GeV^-1 for the masses above and m_a = 0
    "muon of [dN]": ("mu", 15.2e-10, "0.13874 0.20044 0.45019 2.0909 14.787"),
    "electron of [dN]": ("e", 2.70e-12, "5.9159 32.910 247.43 2064.5 1.81e4"),
    "muon 2025": ("mu", 88.9e-11, "0.10610 0.15329 0.34429 1.5990 11.308"),
}


@pytest.mark.parametrize(("lepton", "ratio"), TABLE)
def test_section_8_table(lepton, ratio):
    moments = dark_axion_two_loop(lepton, MASSES, ratio * MASSES)
    for value, text in zip(moments, TABLE[lepton, ratio].split(), strict=True):
        assert digits(value, text)


@pytest.mark.parametrize("name", LIMITS)
def test_section_8_limits(name):
    lepton, allowed, printed = LIMITS[name]
    limits = np.sqrt(allowed / -dark_axion_two_loop(lepton, MASSES))
    assert all(digits(limit, text) for limit, text in zip(limits, printed.split(), strict=True))


def test_section_9_two_loop_beside_one_loop():
    assert digits(dark_axion_two_loop("mu", 100.0, 110.0, 3e-3), "-3.7e-19")


@pytest.mark.slow
def test_dispersive_form_in_multiple_precision():
    """The integral of rho [K - alpha m^2/(3 pi s)] with a closed K; m_a/m, m'/m random in 1e-6 .. 1e6."""
    ratios = 10 ** np.random.default_rng(4).uniform(-6, 6, (2, 24))
    ratios[0, :4] = 0.0
    expected = [
        float(exact.dark_axion_two_loop(mpf(M_MU), mpf(m_v), mpf(m_a))) for m_a, m_v in (M_MU * ratios).T
    ]
    np.testing.assert_allclose(
        dark_axion_two_loop("mu", M_MU * ratios[1], M_MU * ratios[0]), expected, rtol=1e-11
    )


def euclidean(m, m_v, m_a, panels=80):
    """(alpha/pi) int (1-x) Pi_R(-x^2 m^2/(1-x)) dx, Pi_R = -(G^2/16 pi^2) int dy D0 [(1+u) ln(1+u) - u]."""
    nodes, weights = np.polynomial.legendre.leggauss(8)

    def logit_rule(low, high):
        width = (high - low) / panels
        t = (low + width * (np.arange(panels)[:, None] + 0.5 * (1 + nodes))).ravel()
        x, y = 1 / (1 + np.exp(-t)), 1 / (1 + np.exp(t))
        return x, y, np.tile(weights * width / 2, panels) * x * y

    x, one_x, w_x = (part[:, None] for part in logit_rule(-30.0, 75.0))
    y, one_y, w_y = logit_rule(-30.0, 30.0)
    d0 = y * m_a**2 + one_y * m_v**2
    u = y * one_y * x**2 * m**2 / (one_x * d0)
    small = np.minimum(u, 0.01)
    series = small**2 * sum((-small) ** n / ((n + 1) * (n + 2)) for n in range(8))
    bracket = np.where(u < 0.01, series, (1 + u) * np.log1p(u) - u)
    return -ALPHA / (16 * np.pi**3) * np.sum(w_x * w_y * one_x * d0 * bracket)


@pytest.mark.parametrize(
    ("m_v", "m_a"),
    [
        (0.1, 0.0),
        (0.1, 0.05),
        (1e-4, 1e-4),
        (0.003, 2.0),
        (2.0, 0.003),
        (1e-6, 1e-3),
        (30.0, 0.1),
        (0.0, 0.2),
    ],
)
def test_euclidean_form(m_v, m_a):
    assert dark_axion_two_loop("mu", m_v, m_a) == pytest.approx(euclidean(M_MU, m_v, m_a), rel=1e-9)


@pytest.mark.parametrize(("m_v", "m_a"), [(0.1, 0.0), (0.02, 0.03)])
def test_it_is_the_vector_moment_folded_with_the_dark_current(m_v, m_a):
    """Take rho and K from the package itself, in double precision up to where the subtraction cancels."""
    current = DarkCurrent(m_a, m_v)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    t = 15.0 * nodes + 1.0
    s = current.threshold**2 * (1 + np.exp(t))
    bracket = vector("mu", np.sqrt(s), 1.0) - ALPHA * M_MU**2 / (3 * np.pi * s)
    folded = np.sum(weights * 15.0 * (s - current.threshold**2) * current.spectral_density(s) * bracket)
    assert dark_axion_two_loop("mu", m_v, m_a) == pytest.approx(folded, rel=1e-5)


@pytest.mark.parametrize("m_v", [30.0, 1e4, 1e9])
def test_heavy_limit(m_v):
    expected = -ALPHA * M_MU**4 / (384 * np.pi**3 * m_v**2) * np.log(m_v**2 / M_MU**2)
    assert dark_axion_two_loop("mu", m_v) == pytest.approx(expected, rel=2 * (M_MU / m_v) ** 2 + 1e-10)


@pytest.mark.parametrize("m_v", [1e-9, 1e-13, 1e-14, 1e-30])
@pytest.mark.parametrize("ratio", [0.0, 1e-3, 0.5, 1.0, 7.0])
def test_light_limit(m_v, ratio):
    """-(alpha G^2 m^2/288 pi^3)[ln m^2 - <ln D0> - 3/2]; on both sides of the switch to the logarithm."""
    mean = 6 * exact.unit_integral(lambda x, y: x * y * exact.mp.log(x * ratio**2 + y))
    if ratio == 0.0:
        assert float(mean) == pytest.approx(-5 / 6, rel=1e-12)
    bracket = 2 * np.log(M_MU / m_v) - float(mean) - 1.5
    expected = -ALPHA * M_MU**2 / (288 * np.pi**3) * bracket
    assert dark_axion_two_loop("mu", m_v, ratio * m_v) == pytest.approx(expected, rel=1e-8)


def test_symmetric_negative_quadratic_and_smooth():
    first, second = 10 ** np.random.default_rng(8).uniform(-9, 9, (2, 2000))
    moments = dark_axion_two_loop("e", first, second)
    np.testing.assert_array_equal(moments, dark_axion_two_loop("e", second, first))
    assert np.all(moments < 0.0)
    np.testing.assert_allclose(dark_axion_two_loop("e", first, second, -3.0), 9 * moments, rtol=1e-14)
    grid = np.log(-dark_axion_two_loop("mu", np.geomspace(1e-18, 1e6, 200_000)))
    assert np.all(np.diff(grid) < 0.0)


def test_the_portal_gives_the_same():
    portal = darkmc.DarkAxionPortal(m_dark_photon=0.03, m_axion=0.01)
    couplings = np.array([0.1, 0.2])
    for lepton in ("e", "mu", "tau"):
        expected = dark_axion_two_loop(lepton, 0.03, 0.01, couplings)
        np.testing.assert_array_equal(portal.lepton_moment(lepton, couplings), expected)
    assert portal.lepton_moment("mu") == dark_axion_two_loop("mu", 0.03, 0.01)
    with pytest.raises(darkmc.PhysicsError, match="coupling"):
        portal.lepton_moment("mu", -1.0)
