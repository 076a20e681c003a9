"""Widths and branching ratios: reference tables, Dalitz integrals of the full |M|^2, limits, input.

The Dalitz integrals re-type |M|^2(m12^2, m23^2) of the physics notes, sections 2 and 3 and integrate
dGamma = |M|^2 dm12^2 dm23^2/((2 pi)^3 32 M^3): scipy.quad outside, exact Gauss-Legendre inside.
"""

import mpmath
import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from scipy.integrate import quad

import darkmc
from darkmc import DarkAxionPortal, PhysicsError
from darkmc.core.particles import mass, photon_coupling

ALPHA = 1 / 137.035999
M_E, M_MU = 0.51099895e-3, 0.1056583755
NODES, WEIGHTS = leggauss(8)
PAIRS_E = {0.01: 1.927389e-3, 0.1: 5.431737e-3, 0.2: 6.492077e-3, 0.5: 7.888961e-3, 1.0: 8.937830e-3}
MASSES = [(0.01, 0.0), (0.05, 0.0), (0.10, 0.0), (0.30, 0.0), (0.05, 0.02), (1e-6, 0.0)]
MESONS = {
    "pi0": [7.650229e-6, 8.649224e-7, 2.355413e-9, 0.0, 4.357197e-7, 9.501131e-6],
    "eta": [6.092813e-5, 4.630003e-5, 2.708186e-5, 6.646265e-7, 4.412596e-5, 6.234426e-5],
    "eta'": [1.106882e-5, 9.845861e-6, 7.758040e-6, 1.746546e-6, 9.655995e-6, 1.116807e-5],
}


def kallen(x, y, z):
    return x * x + y * y + z * z - 2 * (x * y + y * z + z * x)


def inner(function, low, high):
    half = 0.5 * (high - low)
    return half * np.dot(WEIGHTS, function(0.5 * (high + low) + half * NODES))


def meson_amplitude(s12, s23, M, ma, mp):
    """|M|^2/(c^2 G^2) of P -> gamma(1) a(2) gamma'(3), the physics notes, section 3."""
    D, R = M**2 - s23, s23 + mp**2 - ma**2
    x = M**2 + ma**2 - s12 - s23
    bracket = s23**2 * x**2 - s23 * D * R * x + 0.5 * D**2 * R**2 - s23 * mp**2 * D**2
    return bracket / (4 * s23**2)


def meson_dalitz(M, ma, mp):
    """Gamma/Gamma_gg at G = 1, Gamma_gg = c^2 M^3/(64 pi)."""

    def over_s12(root):
        s23 = root**2
        e1, e2 = (M**2 - s23) / (2 * root), (s23 + ma**2 - mp**2) / (2 * root)
        p2 = np.sqrt(max(e2**2 - ma**2, 0.0))
        low, high = ma**2 + 2 * e1 * (e2 - p2), ma**2 + 2 * e1 * (e2 + p2)
        return 2 * root * inner(lambda s12: meson_amplitude(s12, s23, M, ma, mp), low, high)

    total = quad(over_s12, ma + mp, M, epsabs=0, epsrel=1e-10, limit=400)[0]
    return 64 * np.pi / M**3 * total / ((2 * np.pi) ** 3 * 32 * M**3)


def pair_amplitude(s12, s23, mp, ma, m):
    """|M|^2/G^2 of gamma' -> l-(1) l+(2) a(3), spin average included, the physics notes, section 2."""
    s13 = mp**2 + ma**2 + 2 * m**2 - s12 - s23
    kp1, kp2 = 0.5 * (mp**2 + m**2 - s23), 0.5 * (mp**2 + m**2 - s13)
    bracket = (s12 + 2 * m**2) * kallen(mp**2, ma**2, s12) - 8 * s12 * kp1 * kp2 + 2 * s12**2 * mp**2
    return 4 * np.pi * ALPHA / (3 * s12**2) * bracket


def pair_dalitz(mp, ma, m):
    """Width of gamma' -> a l l in GeV at G = 1, in y with m_ll = 2 m cosh y."""

    def over_s23(y):
        root = 2 * m * np.cosh(y)
        s12, e2, e3 = root**2, root / 2, (mp**2 - root**2 - ma**2) / (2 * root)
        p2, p3 = m * np.sinh(y), np.sqrt(max(e3**2 - ma**2, 0.0))
        middle, half = m**2 + ma**2 + 2 * e2 * e3, 2 * p2 * p3
        value = inner(lambda s23: pair_amplitude(s12, s23, mp, ma, m), middle - half, middle + half)
        return 2 * root * 2 * m * np.sinh(y) * value

    total = quad(over_s23, 0, np.arccosh((mp - ma) / (2 * m)), epsabs=0, epsrel=1e-10, limit=400)[0]
    return total / ((2 * np.pi) ** 3 * 32 * mp**3)


def test_the_amplitude_typed_here_has_the_value_of_the_reference():
    assert pair_amplitude(1e-3, 4e-3, 0.1, 0.0, M_E) == pytest.approx(1.254559e-3, rel=1e-6)


@pytest.mark.parametrize(("m_dark_photon", "expected"), PAIRS_E.items())
def test_share_of_electron_pairs_in_the_reference(m_dark_photon, expected):
    assert DarkAxionPortal(m_dark_photon).branching_ratio("a e- e+") == pytest.approx(expected, rel=1e-6)


def test_other_widths_of_reference_section_2():
    assert DarkAxionPortal(1.0).branching_ratio("a mu- mu+") == pytest.approx(9.075380e-4, rel=1e-6)
    assert DarkAxionPortal(0.1).partial_width("a e- e+") == pytest.approx(1.810852e-8, rel=1e-6)
    assert DarkAxionPortal(0.1, 0.02).partial_width("a e- e+") == pytest.approx(1.567793e-8, rel=1e-6)


@pytest.mark.parametrize(
    ("m_dark_photon", "m_axion", "lepton"),
    [
        (0.0023, 0.0, "e"),
        (0.037, 0.011, "e"),
        (0.731, 0.7, "e"),
        (0.43, 0.0, "mu"),
        (2.9, 1.3, "mu"),
        (0.25, 0.03, "mu"),
    ],
)
def test_pair_widths_are_the_dalitz_integral_of_the_full_amplitude(m_dark_photon, m_axion, lepton):
    state, m = {"e": ("a e- e+", M_E), "mu": ("a mu- mu+", M_MU)}[lepton]
    width = DarkAxionPortal(m_dark_photon, m_axion).partial_width(state)
    assert width == pytest.approx(pair_dalitz(m_dark_photon, m_axion, m), rel=1e-7)


@pytest.mark.parametrize(("m_dark_photon", "tolerance"), [(1.0, 1e-5), (100.0, 1e-8)])
def test_leading_logarithm_of_the_pair_width(m_dark_photon, tolerance):
    portal = DarkAxionPortal(m_dark_photon)
    logarithm = ALPHA / (3 * np.pi) * (2 * np.log(m_dark_photon / M_E) - 3.5)
    ratio = portal.partial_width("a e- e+") / portal.partial_width("a gamma")
    assert ratio == pytest.approx(logarithm, rel=tolerance)


@pytest.mark.parametrize(("meson", "column"), MESONS.items())
def test_meson_branching_ratios_of_the_reference(meson, column):
    for (m_dark_photon, m_axion), expected in zip(MASSES, column, strict=True):
        found = DarkAxionPortal(m_dark_photon, m_axion).meson_branching_ratio(meson)
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("meson", MESONS)
@pytest.mark.parametrize(
    ("prime", "axion"), [(0.23, 0.0), (0.07, 0.31), (0.41, 0.41), (0.002, 0.03), (0.9, 0.02)]
)
def test_meson_decays_are_the_dalitz_integral_of_the_full_amplitude(meson, prime, axion):
    """Masses in units of the meson's: light and heavy axions, equal masses, near threshold."""
    M = mass(meson)
    found = DarkAxionPortal(prime * M, axion * M).meson_branching_ratio(meson)
    expected = photon_coupling(meson).value * meson_dalitz(M, axion * M, prime * M)
    assert found == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("root_r", [1e-4, 0.03, 0.4, 0.8, 0.95, 0.99, 0.9999])
def test_the_closed_form_for_a_massless_axion(root_r):
    M = mass("eta")
    with mpmath.workdps(60):
        r = mpmath.mpf(root_r * M / M) ** 2
        b, log = 1 + r, mpmath.log(r)
        closed = -(r**3) * (r**-2 - 1) / 2 + 3 * b * r**2 * (1 / r - 1) + 3 * r * (b**2 + r) * log
        closed += (
            (b**3 + 6 * b * r) * (1 - r) - 1.5 * (b**2 + r) * (1 - r**2) + b * (1 - r**3) - (1 - r**4) / 4
        )
        expected = float(closed * M**2 / (48 * mpmath.pi**2)) * 0.3936
    lost = 1e-14 / (1 - root_r)  # digits of 1 - r that the masses themselves do not carry
    assert DarkAxionPortal(root_r * M).meson_branching_ratio("eta") == pytest.approx(
        expected, rel=1e-9 + 10 * lost
    )


@pytest.mark.parametrize("meson", MESONS)
def test_the_massless_limit_of_meson_decays(meson):
    limit = photon_coupling(meson).value * mass(meson) ** 2 / (192 * np.pi**2)
    assert DarkAxionPortal(1e-9).meson_branching_ratio(meson) == pytest.approx(limit, rel=1e-9)


@pytest.mark.parametrize("meson", ["rho0", "omega", "phi", "J/psi", "Upsilon(3S)"])
@pytest.mark.parametrize(("prime", "axion"), [(0.01, 0.0), (0.3, 0.2), (0.1, 0.6), (0.5, 0.499)])
def test_vector_mesons_follow_the_formula_of_methods_section_6(meson, prime, axion):
    M = mass(meson)
    scale = kallen(M**2, (axion * M) ** 2, (prime * M) ** 2) ** 1.5 / (32 * np.pi * ALPHA * M**4)
    found = DarkAxionPortal(prime * M, axion * M).meson_branching_ratio(meson, coupling=0.3)
    assert found == pytest.approx(0.09 * photon_coupling(meson).value * scale, rel=1e-9)


def test_decay_length_of_the_founding_paper():
    """59.5124 m for G = 1e-3 and 1 MeV (no pairs below 2 m_e), the physics notes, section 1."""
    assert DarkAxionPortal(1e-3).dark_photon_ctau(1e-3) == pytest.approx(59.5124, rel=1e-6)
    general = (
        5.951242e-14
        / (0.03**3)
        / (1 + DarkAxionPortal(0.03).partial_width("a e- e+") / (0.03**3 / (96 * np.pi)))
    )
    assert DarkAxionPortal(0.03).dark_photon_ctau() == pytest.approx(general, rel=1e-6)


def test_partial_widths_add_up_and_shares_sum_to_one():
    portal = DarkAxionPortal(0.7, 0.1)
    states = ("a gamma", "a e- e+", "a mu- mu+")
    assert sum(portal.partial_width(s, 0.2) for s in states) == pytest.approx(
        portal.dark_photon_width(0.2), rel=1e-14
    )
    assert sum(portal.branching_ratio(s) for s in states) == pytest.approx(1.0, rel=1e-14)


def test_lifetime_times_width_is_hbar_c():
    for portal, width, ctau in [
        (DarkAxionPortal(0.3, 0.1), "dark_photon_width", "dark_photon_ctau"),
        (DarkAxionPortal(0.1, 0.3), "axion_width", "axion_ctau"),
    ]:
        assert getattr(portal, width)(1e-4) * getattr(portal, ctau)(1e-4) == pytest.approx(
            1.973269804e-16, rel=1e-14
        )


def test_stable_states_live_for_ever():
    heavy_axion, equal = DarkAxionPortal(0.1, 0.3), DarkAxionPortal(0.1, 0.1)
    assert heavy_axion.dark_photon_ctau() == equal.dark_photon_ctau() == equal.axion_ctau() == np.inf
    assert DarkAxionPortal(0.1).axion_ctau() == DarkAxionPortal(0.1).dark_photon_ctau(0.0) == np.inf
    assert heavy_axion.branching_ratio("a gamma") == equal.branching_ratio("a e- e+") == 0.0


@pytest.mark.parametrize(
    ("masses", "heavy", "light", "decays"),
    [
        ((0.3, 0.1), ("dark_photon", 0.3), ("axion", 0.1), True),
        ((0.1, 0.3), ("axion", 0.3), ("dark_photon", 0.1), True),
        ((0.1, 0.1), ("dark_photon", 0.1), ("axion", 0.1), False),
        ((0.1, float(np.nextafter(0.1, 1.0))), ("axion", float(np.nextafter(0.1, 1.0))), None, True),
    ],
)
def test_the_heavier_state_decays(masses, heavy, light, decays):
    portal = DarkAxionPortal(*masses)
    assert portal.masses == {"m_dark_photon": masses[0], "m_axion": masses[1]}
    assert portal.heavy[:2] == heavy
    assert portal.light[:2] == (light or ("dark_photon", 0.1))
    assert (portal.heavy.decays, portal.light.decays) == (decays, False)
    assert portal.light.ctau == np.inf
    widths = {"dark_photon": portal.dark_photon_width(), "axion": portal.axion_width()}
    assert 1.0 / portal.heavy.ctau == pytest.approx(widths[heavy[0]] / 1.973269804e-16, rel=1e-14, abs=1e-300)


def test_branching_ratios_of_the_heavier_state():
    """An axion has one decay; of equal masses there is none."""
    states = ("a gamma", "a e- e+", "a mu- mu+")
    found = {
        masses: [DarkAxionPortal(*masses).heavy_branching_ratio(state) for state in states]
        for masses in ((0.5, 0.1), (0.1, 0.5), (0.1, 0.1))
    }
    portal = DarkAxionPortal(0.5, 0.1)
    assert found[0.5, 0.1] == [portal.branching_ratio(state) for state in states]
    assert sum(found[0.5, 0.1]) == pytest.approx(1.0, rel=1e-12)
    assert min(found[0.5, 0.1]) > 0.0
    assert found[0.1, 0.5] == [1.0, 0.0, 0.0]
    assert found[0.1, 0.1] == [0.0, 0.0, 0.0]
    for masses in ((0.5, 0.1), (0.1, 0.5)):
        with pytest.raises(PhysicsError, match="unknown final state"):
            DarkAxionPortal(*masses).heavy_branching_ratio("a e")


@pytest.mark.parametrize("above", [-1e-9, 1e-9])
def test_thresholds_open_and_close_smoothly(above):
    def opened(value):
        assert (value > 0.0) == (above > 0)
        assert np.isfinite(value)

    opened(DarkAxionPortal(2 * M_E * (1 + 1e4 * above)).partial_width("a e- e+"))
    opened(DarkAxionPortal(0.6 * mass("pi0"), 0.4 * mass("pi0") * (1 - above)).meson_branching_ratio("pi0"))
    opened(DarkAxionPortal(mass("phi") * (1 - above)).meson_branching_ratio("phi"))


COUPLING = np.array([0.0, 1e-9, 3e-4, 2.0])
FUNCTIONS = {
    "partial_width": lambda p, g: p.partial_width("a gamma", g),
    "dark_photon_width": lambda p, g: p.dark_photon_width(g),
    "axion_width": lambda p, g: DarkAxionPortal(0.1, 0.4).axion_width(g) + 0 * p.m_axion,
    "pi0": lambda p, g: p.meson_branching_ratio("pi0", g),
    "rho0": lambda p, g: p.meson_branching_ratio("rho0", g),
    "spectrum": lambda p, g: p.meson_decay_spectrum("eta", 0.1, g),
    "inverse ctau": lambda p, g: 1e-16 / p.dark_photon_ctau(g),
}
each_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS.keys())


@each_function
def test_everything_scales_with_the_square_of_the_coupling_and_takes_arrays(function):
    portal = DarkAxionPortal(0.05, 0.01)
    found = function(portal, COUPLING.reshape(2, 2))
    assert found.shape == (2, 2)
    np.testing.assert_allclose(found.ravel(), COUPLING**2 * function(portal, 1.0), rtol=1e-14)
    assert np.ndim(function(portal, 0.5)) == 0


@each_function
@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf"), [1.0, -1e-9], [0.1, float("nan")]])
def test_impossible_couplings_are_refused(function, bad):
    with pytest.raises(PhysicsError, match="coupling"):
        function(DarkAxionPortal(0.05, 0.01), bad)


@pytest.mark.parametrize(
    "masses", [(-0.1, 0), (0, 0), (np.nan, 0), (np.inf, 0), (0.1, -0.1), (0.1, np.nan), (0.1, np.inf)]
)
def test_impossible_masses_are_refused(masses):
    with pytest.raises(PhysicsError, match="must be a finite number"):
        DarkAxionPortal(*masses)


@pytest.mark.parametrize("meson", MESONS)
@pytest.mark.parametrize("masses", [(0.02, 0.0), (0.01, 0.06), (0.03, 0.03)])
def test_the_spectrum_integrates_to_the_branching_ratio(meson, masses):
    portal, M = DarkAxionPortal(*masses), mass(meson)
    total = quad(
        lambda y: float(portal.meson_decay_spectrum(meson, np.exp(y), 0.2)) * np.exp(y),
        2 * np.log(sum(masses)),
        2 * np.log(M),
        epsabs=0,
        epsrel=1e-10,
        limit=200,
    )[0]
    assert total == pytest.approx(portal.meson_branching_ratio(meson, 0.2), rel=1e-8)


def test_the_spectrum_vanishes_outside_its_range():
    spectrum = DarkAxionPortal(0.03, 0.02).meson_decay_spectrum(
        "pi0", np.array([0.0, 0.0024, 0.0026, 0.0182, 0.0183])
    )
    assert spectrum.shape == (5,)
    assert np.all((spectrum > 0) == [False, False, True, True, False])


def test_names_of_mesons_may_be_aliases():
    portal = DarkAxionPortal(0.1)
    assert portal.meson_branching_ratio("eta_prime") == portal.meson_branching_ratio("eta'")


@pytest.mark.parametrize(
    ("name", "near"), [("a gama", "a gamma"), ("a e+ e-", "a e- e\\+"), ("a mu+ mu-", "a mu- mu\\+")]
)
def test_an_unknown_final_state_suggests_the_nearest(name, near):
    for function in (DarkAxionPortal(0.1).partial_width, DarkAxionPortal(0.1).branching_ratio):
        with pytest.raises(PhysicsError, match=f"unknown final state .*nearest: '{near}'"):
            function(name)


def test_wrong_mesons_are_refused_with_a_suggestion():
    portal = DarkAxionPortal(0.1)
    with pytest.raises(PhysicsError, match="unknown particle 'pi00' \\(nearest: 'pi0'\\)"):
        portal.meson_branching_ratio("pi00")
    with pytest.raises(PhysicsError, match="'proton' is no meson"):
        portal.meson_branching_ratio("proton")
    with pytest.raises(PhysicsError, match="'omega' has no a gamma' spectrum"):
        portal.meson_decay_spectrum("omega", 0.1)


def test_masses_are_readable_and_the_portal_tells_them():
    portal = darkmc.DarkAxionPortal(m_dark_photon=0.03, m_axion=0.0)
    assert (portal.m_dark_photon, portal.m_axion) == (0.03, 0.0)
    assert str(portal) == "DarkAxionPortal(m_dark_photon=0.03, m_axion=0)"


@pytest.mark.parametrize("couplings", [[], [1e-4, 1e-3, 1e-2]])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("annihilation_cross_section", ([1.0, 10.0],)),
        ("bremsstrahlung_cross_section", ([1.0, 10.0], 13, 27.0)),
        ("scattering_cross_section", ("a", [1.0, 10.0], "e")),
        ("meson_decay_spectrum", ("pi0", [0.004, 0.005])),
    ],
)
def test_shapes_that_do_not_broadcast_are_refused(name, arguments, couplings):
    method = getattr(DarkAxionPortal(0.03), name)
    with pytest.raises(PhysicsError, match=rf"{name}: the shapes \(2,\), .* do not broadcast"):
        method(*arguments, coupling=couplings)
    pair = method(*arguments, coupling=[1e-4, 1e-3])
    assert np.array_equal(pair, np.diagonal(method(*arguments, coupling=[[1e-4], [1e-3]])))
