"""One-loop moments: benchmark tables, closed limits, equal formulas, and mpmath over twelve decades."""

import gminus2_by_mpmath as exact
import numpy as np
import pytest
from mpmath import mp, mpf

from darkmc import gminus2
from darkmc.core.constants import ALPHA
from darkmc.core.particles import mass

M_MU = mass("mu")
PRECISION = 1e-10


def random_ratios(n, seed, columns=1):
    """Mass ratios over 1e-6 .. 1e6."""
    return 10.0 ** np.random.default_rng(seed).uniform(-6.0, 6.0, (columns, n))


def digits(value, printed):
    """Whether a number agrees with a printed one to all digits of its text."""
    mantissa, _, exponent = printed.lower().partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(value - float(printed)) <= 0.501 * unit


@pytest.mark.parametrize(
    ("m", "pseudoscalar", "scalar", "vector", "axial"),
    [
        (0.01, "-6.156457e-3", "1.606876e-2", "9.089707e-10", "-2.656153e-7"),
        (0.1, "-3.790317e-3", "6.593875e-3", "2.570897e-10", "-3.377063e-9"),
        (1.0, "-4.013127e-4", "4.873155e-4", "7.886563e-12", "-4.233259e-11"),
    ],
)
def test_section_10_moments(m, pseudoscalar, scalar, vector, axial):
    """The reference has 1.606877e-2 for the scalar at 10 MeV; it is 1.60687625e-2."""
    assert digits(gminus2.pseudoscalar_yukawa("mu", m, 1.0), pseudoscalar)
    assert digits(gminus2.scalar_yukawa("mu", m, 1.0), scalar)
    assert digits(gminus2.vector("mu", m, 1e-3), vector)
    assert digits(gminus2.axial_vector("mu", m, 1e-3), axial)


LIMITS = {  # function, allowed |Delta a|, couplings at 0.001, 0.01, 0.1, 0.5, 1, 5 GeV
    "pseudoscalar_yukawa": (88.9e-11, "3.7480e-4 3.8000e-4 4.8430e-4 9.5443e-4 1.48836e-3 5.1640e-3"),
    "scalar_yukawa": (165.9e-11, "2.9836e-4 3.2132e-4 5.0159e-4 1.14057e-3 1.84509e-3 6.6890e-3"),
    "vector": (165.9e-11, "1.21236e-3 1.35098e-3 2.54028e-3 7.7739e-3 1.45037e-2 6.9533e-2"),
    "axial_vector": (88.9e-11, "5.8534e-6 5.7853e-5 5.1308e-4 2.32815e-3 4.58262e-3 2.26956e-2"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_section_10_limits(name):
    allowed, printed = LIMITS[name]
    moment = getattr(gminus2, name)("mu", np.array([0.001, 0.01, 0.1, 0.5, 1.0, 5.0]), 1.0)
    for coupling, text in zip(np.sqrt(allowed / np.abs(moment)), printed.split(), strict=True):
        assert digits(coupling, text)


def test_section_9_numbers():
    """[Ge] eq. 14 and the single-boson moments beside it."""
    point = ("mu", 110.0, 100.0, 3e-3, 1.0, 3e-3, 1000.0)
    moment = gminus2.dark_axion_one_loop(*point)
    assert digits(moment, "4.223492e-8")
    assert digits(moment * 4 * np.pi**2 / (M_MU * 9e-6), "1.7534162")
    equal = gminus2.dark_axion_one_loop("mu", 50.0, 50.0, 1.0, 1.0, 1.0, 1000.0)
    assert digits(equal * 4 * np.pi**2 / M_MU, "2.4957293")
    assert digits(gminus2.pseudoscalar_yukawa("mu", 110.0, 1.0), "-1.409548e-7")
    assert digits(gminus2.vector("mu", 100.0, 3e-3), "7.779e-15")


BARR_ZEE = [
    ("pseudoscalar", "photon", "0.2413430 0.2116126 0.1727027"),
    ("pseudoscalar", "Z", "3.646291e-3 3.646125e-3 3.643249e-3"),
    ("scalar", "photon", "0.2436280 0.2103519 0.1706701"),
    ("scalar", "Z", "3.552169e-3 3.552003e-3 3.549125e-3"),
]


@pytest.mark.parametrize(("kind", "boson", "printed"), BARR_ZEE)
def test_section_10_barr_zee(kind, boson, printed):
    function = getattr(gminus2, f"barr_zee_{kind}")
    moment = function("mu", np.array([0.1, 0.5, 2.5]), 1.0, 1.0, boson=boson) / M_MU
    assert all(digits(value, text) for value, text in zip(moment, printed.split(), strict=True))


@pytest.mark.parametrize(("m", "printed"), [(500.0, "-2.3565e-11"), (800.0, "-9.2051e-12")])
def test_section_11_charged_scalar(m, printed):
    assert digits(gminus2.inert_doublet("mu", m, m, 1.0), printed)


@pytest.mark.parametrize(
    ("x", "printed"), [(0.0, "0.1666667"), (1.0, "0.08333333"), (0.5, "0.1059221"), (2.0, "0.06074461")]
)
def test_section_11_f2(x, printed):
    moment = gminus2.inert_doublet("mu", 1.0, np.sqrt(x), 1.0)
    assert digits(-16 * np.pi**2 / M_MU**2 * moment, printed)


@pytest.mark.parametrize(
    ("epsilon", "m", "expected"),
    [
        (-1.630497e-3, 0.0184, 2.0399e-9),
        (-1.630497e-3, 0.0260, 1.7779e-9),
        (-1.736833e-3, 0.0980, 7.915e-10),
        (-1.736833e-3, 0.1386, 5.427e-10),
        (-1.630497e-3, 0.00827, 2.51e-9),
        (-1.736833e-3, 0.01425, 2.51e-9),
    ],
)
def test_section_11_dark_photon(epsilon, m, expected):
    """The masses are printed with three or four digits only."""
    assert gminus2.vector("mu", m, epsilon) == pytest.approx(expected, rel=2e-3)


SINGLE = ("pseudoscalar_yukawa", "scalar_yukawa", "vector", "axial_vector")


@pytest.mark.parametrize("name", SINGLE)
def test_one_boson_against_mpmath(name):
    """[PV] eqs. 2, 13, 16, 18 at random M/m in 1e-6 .. 1e6, for every lepton."""
    ratio = random_ratios(8, seed=len(name))[0]
    reference = getattr(exact, name.removesuffix("_yukawa"))
    expected = [float(reference(mpf(x) ** 2)) for x in ratio]
    for lepton in ("e", "mu", "tau"):
        found = getattr(gminus2, name)(lepton, ratio * mass(lepton), 1.0)
        np.testing.assert_allclose(found, expected, rtol=PRECISION)


def triangle(m_a, m_v, cutoff):
    return gminus2.dark_axion_one_loop("mu", m_a, m_v, 1.0, 1.0, 4 * np.pi**2 / M_MU, cutoff)


@pytest.mark.slow
def test_dark_axion_against_mpmath():
    """The form of the physics notes at random m_a/m, m'/m in 1e-6 .. 1e6 and Lambda/max in 10 .. 1e7."""
    m_a, m_v = M_MU * random_ratios(40, seed=5, columns=2)
    cutoff = np.maximum(np.maximum(m_a, m_v), M_MU) * 10 ** np.random.default_rng(6).uniform(1, 7, 40)
    expected = [
        float(exact.dark_axion_triangle(*map(mpf, (M_MU, *point))))
        for point in zip(m_a, m_v, cutoff, strict=True)
    ]
    np.testing.assert_allclose(triangle(m_a, m_v, cutoff), expected, rtol=PRECISION)


@pytest.mark.parametrize("split", [0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 0.3])
@pytest.mark.parametrize("m", [1e-6, 0.1, 1e4])
def test_dark_axion_near_equal_masses(m, split):
    m_v = m * (1.0 + split)
    expected = float(exact.dark_axion_triangle(*map(mpf, (M_MU, m, m_v, 1e5))))
    assert triangle(m, m_v, 1e5) == pytest.approx(expected, rel=PRECISION)


def scalar_barr_zee(m_x, boson, cutoff):
    return gminus2.barr_zee_scalar("mu", m_x, 1.0, 4 * np.pi**2 / M_MU, cutoff, boson)


@pytest.mark.slow
@pytest.mark.parametrize(("boson", "m_v"), [("photon", 0.0), ("Z", 91.1876)])
def test_barr_zee_against_mpmath(boson, m_v):
    """[PV] eq. 14, and eq. 8, 11 as [Ge] eq. 8 plus 5/6, at random m_X/m in 1e-6 .. 1e6."""
    s2 = 0.2312
    kappa = 1.0 if boson == "photon" else (1 - 4 * s2) / (4 * np.sqrt(s2 * (1 - s2)))
    m_x, cutoff = M_MU * random_ratios(25, seed=9)[0], 3e6
    points = [tuple(map(mpf, (M_MU, m, m_v, cutoff))) for m in m_x]
    expected = [float(exact.scalar_triangle(*point)) for point in points]
    np.testing.assert_allclose(
        scalar_barr_zee(m_x, boson, cutoff), kappa * np.array(expected), rtol=PRECISION
    )
    found = gminus2.barr_zee_pseudoscalar("mu", m_x, 1.0, 4 * np.pi**2 / M_MU, cutoff, boson)
    expected = [float(exact.dark_axion_triangle(*point) + mpf(5) / 6) for point in points]
    np.testing.assert_allclose(found, kappa * np.array(expected), rtol=PRECISION)


@pytest.mark.parametrize("m_x", [0.05, 2.0])
def test_scalar_barr_zee_as_the_double_integral(m_x):
    """[PV] eq. 14 as it is printed, both integrals by quadrature, with a heavy second boson."""
    m_v, cutoff = 91.1876, 1000.0
    with mp.workdps(12):

        def inner(x):
            def log(y):
                return mp.log(cutoff**2 / (x**2 * M_MU**2 + y * m_x**2 + (1 - x - y) * m_v**2))

            return mp.quad(log, [0, (1 - x) * 0.99, 1 - x])

        expected = float(mp.quad(inner, [0, 0.9, 0.99999, 1]))
    kappa = scalar_barr_zee(m_x, "Z", cutoff) / expected
    assert kappa == pytest.approx(0.0445920, abs=5e-8)


def test_charged_scalar_against_mpmath():
    """F2 in closed form at random M_N/m_eta in 1e-6 .. 1e6, and close to 1."""
    ratio = np.concatenate([random_ratios(40, seed=3)[0], 1 + np.array([0, 1e-12, 1e-8, -1e-5, 1e-3, -0.1])])
    found = gminus2.inert_doublet("mu", 300.0, 300.0 * ratio, 16 * np.pi**2 * (300.0 / M_MU) ** 2)
    expected = [-float(exact.inert_doublet_f2((mpf(300.0 * x) / 300) ** 2)) for x in ratio]
    np.testing.assert_allclose(found, expected, rtol=PRECISION)


def test_light_limits():
    assert gminus2.pseudoscalar_yukawa("mu", 0.0, 1.0) == pytest.approx(-1 / (16 * np.pi**2), rel=PRECISION)
    assert gminus2.scalar_yukawa("mu", 0.0, 1.0) == pytest.approx(3 / (16 * np.pi**2), rel=PRECISION)
    assert gminus2.vector("mu", 0.0, 1.0) == pytest.approx(ALPHA / (2 * np.pi), rel=PRECISION)
    r = 1e-18
    axial = gminus2.axial_vector("mu", M_MU * np.sqrt(r), 1.0)
    assert axial == pytest.approx(-ALPHA / (np.pi * r), rel=1e-8)
    assert triangle(0.0, 0.0, 10.0) == pytest.approx(np.log(10.0 / M_MU) + 0.25, rel=PRECISION)
    photon_only = gminus2.barr_zee_scalar("mu", 0.0, 1.0, 4 * np.pi**2 / M_MU, 10.0)
    assert photon_only == pytest.approx(np.log(10.0 / M_MU) + 1.5, rel=PRECISION)
    massless = gminus2.inert_doublet("mu", 0.0, 7.0, 1.0)
    assert massless == pytest.approx(-((M_MU / 7) ** 2) / (48 * np.pi**2), rel=PRECISION)


@pytest.mark.parametrize("m", [1e4, 1e8, 1e18])
def test_heavy_limits(m):
    """Also [U1D] eq. 23, second line: ln(M/m) - 7/12."""
    r = (m / M_MU) ** 2
    log, close = np.log(m / M_MU), 1e-9
    yukawa = 1 / (4 * np.pi**2 * r)
    assert gminus2.pseudoscalar_yukawa("mu", m, 1.0) == pytest.approx(-yukawa * (log - 11 / 12), rel=close)
    assert gminus2.scalar_yukawa("mu", m, 1.0) == pytest.approx(yukawa * (log - 7 / 12), rel=close)
    assert gminus2.vector("mu", m, 1.0) == pytest.approx(ALPHA / (3 * np.pi * r), rel=3 * close)
    assert gminus2.axial_vector("mu", m, 1.0) == pytest.approx(-5 * ALPHA / (3 * np.pi * r), rel=close)
    charged = gminus2.inert_doublet("mu", m, 1e-9 * m, 1.0)
    assert charged == pytest.approx(-1 / (96 * np.pi**2 * r), rel=close)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 30.0, 1e4])
def test_heavy_dark_axion(ratio):
    """[Ge] eq. 13a without the lepton mass: ln(Lambda/M) - m^2/(M^2 - m^2) ln(M/m)."""
    light, heavy = 1e4, 1e4 * ratio
    less = 0.5 if ratio == 1.0 else np.log(ratio) / (ratio**2 - 1)
    assert triangle(light, heavy, 1e12) == pytest.approx(np.log(1e12 / heavy) - less, rel=1e-8)


def test_dark_axion_is_symmetric_in_its_masses():
    m_a, m_v = M_MU * random_ratios(1000, seed=11, columns=2)
    np.testing.assert_array_equal(triangle(m_a, m_v, 1e9), triangle(m_v, m_a, 1e9))


@pytest.mark.parametrize("m", [1e-5, 0.1, 30.0])
def test_the_cutoff_enters_by_its_logarithm(m):
    """d/d ln Lambda is m g g/(4 pi^2) in all diagrams with an effective vertex."""
    cutoffs, scale = np.array([1e3, 1e4]), 4 * np.pi**2 / M_MU
    for moment in (
        gminus2.dark_axion_one_loop("mu", m, 2 * m, 1.0, 1.0, scale, cutoffs),
        gminus2.barr_zee_pseudoscalar("mu", m, 1.0, scale, cutoffs),
        gminus2.barr_zee_scalar("mu", m, 1.0, scale, cutoffs),
        gminus2.dark_axion_one_loop_z("mu", m, 1.0, scale, cutoffs) / 0.04459203,
    ):
        assert np.diff(moment)[0] / np.log(10.0) == pytest.approx(1.0, rel=1e-6)


def test_papers_that_write_it_differently_agree():
    """[Ge] eqs. 9, 10 and [U1D] eq. 24 with eta = m/M and (1-x)(1 - eta^2 x) + eta^2 x = [PV] eqs. 2, 16."""
    for m in (0.003, 0.1056, 4.0):
        eta2 = mpf(M_MU) ** 2 / mpf(m) ** 2

        def leveille(numerator, eta2=eta2):
            return exact.unit_integral(lambda x, y: numerator(x) * eta2 / (y * (1 - eta2 * x) + eta2 * x))

        by_ge = -leveille(lambda x: x**3) / (8 * mp.pi**2)
        assert gminus2.pseudoscalar_yukawa("mu", m, 1.0) == pytest.approx(float(by_ge), rel=PRECISION)
        by_ge = ALPHA / mp.pi * leveille(lambda x: x**2 * (1 - x))
        assert gminus2.vector("mu", m, 1.0) == pytest.approx(float(by_ge), rel=PRECISION)


@pytest.mark.parametrize("m_x", [0.0, 0.02, 1.0, 50.0])
def test_barr_zee_is_the_dark_axion_loop_with_a_photon_plus_five_sixths(m_x):
    ge = triangle(m_x, 0.0, 1000.0)
    pv = gminus2.barr_zee_pseudoscalar("mu", m_x, 1.0, 4 * np.pi**2 / M_MU)
    assert pv - ge == pytest.approx(5 / 6, abs=1e-12)


def test_the_z_variant_is_the_dark_axion_loop_with_the_z_couplings():
    found = gminus2.dark_axion_one_loop_z("mu", 20.0, 0.1, 3e-5, 1000.0)
    expected = gminus2.dark_axion_one_loop("mu", 20.0, 91.1876, 0.0445920, 0.1, 3e-5, 1000.0)
    assert found == pytest.approx(expected, rel=1e-6)


def test_moments_scale_with_couplings_and_with_all_masses():
    """Quadratic or bilinear couplings; Delta a of a dimensionless coupling depends on mass ratios only."""
    scale = mass("tau") / M_MU
    for name in SINGLE:
        function = getattr(gminus2, name)
        assert function("mu", 0.3, -2.0) == pytest.approx(4 * function("mu", 0.3, 1.0), rel=1e-14)
        assert function("tau", 0.3 * scale, 1.0) == pytest.approx(function("mu", 0.3, 1.0), rel=1e-12)
    one = gminus2.dark_axion_one_loop("mu", 1.0, 2.0, 1.0, 1.0, 1.0, 100.0)
    assert gminus2.dark_axion_one_loop("mu", 1.0, 2.0, -3.0, 5.0, 7.0, 100.0) == pytest.approx(-105 * one)


@pytest.mark.parametrize("split", [0.0, 1e-15, 1e-9, 0.1, 1e9])
def test_kinetic_mixing(split):
    """The formula e g/(48 pi^2) ln(M1^2/M2^2), odd, with all digits for close masses."""
    m_1, m_2 = 100.0 * (1 + split), 100.0
    epsilon = gminus2.kinetic_mixing_one_loop(0.3, m_1, m_2)
    e = mp.sqrt(4 * mp.pi * exact.ALPHA)
    expected = e * 0.3 / (24 * mp.pi**2) * mp.log(mpf(m_1) / mpf(m_2))
    assert epsilon == pytest.approx(float(expected), rel=1e-14)
    assert gminus2.kinetic_mixing_one_loop(0.3, m_2, m_1) == -epsilon
