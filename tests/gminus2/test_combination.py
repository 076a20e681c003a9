"""Sums of loops with named parameters: against the functions themselves, bands, fits and a search."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from darkmc import gminus2
from darkmc.core.errors import PhysicsError
from darkmc.gminus2.bands import Quadratic, allowed_bands
from darkmc.gminus2.combination import Combination
from darkmc.gminus2.data import difference
from darkmc.gminus2.marginal import Marginal, Particle
from darkmc.gminus2.z_boson import MASS

DATA = difference("mu", "2021")
NOW = difference("mu", "2025")
PORTAL = {"m_axion": "m_a", "m_dark_photon": "m_v", "epsilon": "eps", "yukawa": "y"}
DARK_AXION = [
    ("vector", {"mass": "m_v", "epsilon": "eps"}),
    ("pseudoscalar_yukawa", {"mass": "m_a", "yukawa": "y"}),
    ("dark_axion_one_loop", {**PORTAL, "coupling": 3e-3, "cutoff": 1000.0}),
]


def test_the_sum_is_that_of_the_functions():
    masses = np.array([0.1, 1.0, 10.0])
    alp = Combination(
        "mu",
        [
            ("scalar_yukawa", {"mass": "m", "yukawa": "g"}),
            ("barr_zee_scalar", {"mass": "m", "g_lepton": "g", "g_photon": "-1.8 * s * h", "boson": "Z"}),
        ],
    )
    assert alp.parameters == ("m", "g", "s", "h")
    found = alp.delta_a(m=masses, g=1e-3, s=-1.0, h=2e-3)
    expected = gminus2.scalar_yukawa("mu", masses, 1e-3)
    expected = expected + gminus2.barr_zee_scalar("mu", masses, 1e-3, 1.8 * 2e-3, boson="Z")
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_an_allowed_region_in_ten_lines():
    """As the documentation has it."""
    alp = Combination(
        "mu",
        [
            ("pseudoscalar_yukawa", {"mass": "m", "yukawa": "g"}),
            ("barr_zee_pseudoscalar", {"mass": "m", "g_lepton": "g", "g_photon": "h", "cutoff": 1000.0}),
        ],
    )
    allowed = alp.region(NOW, {"g": (1e-5, 1.0), "h": (1e-5, 1.0)}, fixed={"m": 0.5}, level=4.0)
    low, high = NOW.value - 2 * NOW.error, NOW.value + 2 * NOW.error
    barr_zee = float(gminus2.barr_zee_pseudoscalar("mu", 0.5, 1.0, 1.0))
    own = float(gminus2.pseudoscalar_yukawa("mu", 0.5, 1.0))
    for edge in allowed.edges[::23]:
        bands = allowed_bands(Quadratic(own * edge.x**2, barr_zee * edge.x), low, high)
        assert edge.lower == pytest.approx(max(bands[0][0], 1e-5), rel=1e-9)
        assert edge.upper == pytest.approx(min(bands[0][1], 1.0), rel=1e-9)


@pytest.mark.parametrize(
    ("loop", "arguments", "expected"),
    [
        ("pseudoscalar_yukawa", {"mass": "m", "yukawa": "g"}, 9.5443e-4),
        ("scalar_yukawa", {"mass": "m", "yukawa": "g"}, 1.14057e-3),
        ("vector", {"mass": "m", "epsilon": "g"}, 7.7739e-3),
        ("axial_vector", {"mass": "m", "epsilon": "g"}, 2.32815e-3),
    ],
)
def test_two_sigma_limits_of_2025_at_half_a_GeV(loop, arguments, expected):
    """The physics notes, section 10."""
    region = Combination("mu", [(loop, arguments)]).region(
        NOW, {"m": (0.5, 5.0), "g": (1e-5, 1.0)}, level=4.0, points=20
    )
    assert region.edges[0].upper == pytest.approx(expected, rel=1e-4)


def test_a_free_coupling_is_minimised_as_in_the_marginal_scan():
    """At one dark photon mass; y of either sign is what eps of either sign is."""
    loops = Combination("mu", DARK_AXION)
    axion, dark_photon = Particle((0.01, 350.0), (1e-6, 1.0)), Particle((99.99999, 100.00001), (1e-5, 3e-3))
    marginal = Marginal("mu", DATA, "axion", axion, dark_photon, 3e-3, 1000.0)
    for mass, yukawa in ((110.0, 0.01), (1.0, 1e-3), (30.0, 0.3)):
        positive = loops.chi_squared(DATA, {"eps": (1e-5, 3e-3)}, m_a=mass, m_v=100.0, y=yukawa)
        negative = loops.chi_squared(DATA, {"eps": (-3e-3, -1e-5)}, m_a=mass, m_v=100.0, y=yukawa)
        expected = marginal.chi_squared(mass, yukawa, 3)
        assert min(positive, negative) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("band", [(-0.2, 0.5), (-0.5, 0.2), (-0.3, -0.1), (1e-4, 0.3)])
def test_closed_form_against_a_search(band):
    loops = Combination("mu", DARK_AXION)
    point = {"m_a": 5.0, "m_v": 20.0, "eps": 1e-3}
    found = float(loops.chi_squared(DATA, {"y": band}, **point))
    grid = np.linspace(*band, 2001)
    values = loops.chi_squared(DATA, y=grid, **point)
    k = int(np.argmin(values))
    near = (grid[max(k - 1, 0)], grid[min(k + 1, 2000)])
    searched = minimize_scalar(
        lambda y: float(loops.chi_squared(DATA, y=y, **point)), bounds=near, method="bounded"
    ).fun
    assert found == pytest.approx(min(searched, values.min()), rel=1e-4, abs=1e-4)


def test_free_masses_are_minimised_on_a_grid():
    loops = Combination("mu", DARK_AXION)
    free = {"m_v": (1.0, 100.0), "eps": (1e-5, 1e-3)}
    found = loops.chi_squared(DATA, free, m_a=np.array([1.0, 10.0]), y=1e-3)
    at = [
        loops.chi_squared(DATA, {"eps": (1e-5, 1e-3)}, m_a=np.array([1.0, 10.0]), y=1e-3, m_v=mass)
        for mass in np.geomspace(1.0, 100.0, 33)
    ]
    np.testing.assert_allclose(found, np.min(at, axis=0), rtol=1e-12)


def test_the_corner_without_couplings_is_the_standard_model():
    region = Combination("mu", DARK_AXION).region(
        DATA, {"eps": (1e-9, 1e-3), "y": (1e-9, 1.0)}, fixed={"m_a": 110.0, "m_v": 100.0}, points=30
    )
    assert region.chi_squared[0, 0] == pytest.approx((251 / 59) ** 2, rel=1e-6)
    assert not any(edge.x < 1e-6 and edge.lower < 1e-6 for edge in region.edges)


def test_linear_axes():
    region = Combination("mu", DARK_AXION).region(
        DATA, {"eps": (-3e-3, 3e-3), "y": (-0.2, 0.2)}, {"m_a": 110.0, "m_v": 100.0}, points=41
    )
    mirrored = region.chi_squared[::-1, ::-1]
    np.testing.assert_allclose(region.chi_squared, mirrored, rtol=1e-9)
    assert 0.0 < region.share < 1.0


def test_the_Z_is_the_barr_zee_vertex_with_another_boson():
    assert Combination(
        "mu",
        [("dark_axion_one_loop_z", {"m_axion": 1.0, "yukawa": "y", "coupling_agz": 1e-3, "cutoff": 1e3})],
    ).delta_a(y=0.1) == pytest.approx(gminus2.dark_axion_one_loop_z("mu", 1.0, 0.1, 1e-3, 1e3))
    assert MASS > 91.0


ONE = [("vector", {"mass": "m", "epsilon": "g"})]
PLANE = {"m": (0.1, 1.0), "g": (1e-3, 1.0)}
BAD = {
    "loop": (lambda: Combination("mu", [("vektor", {})]), "nearest: 'vector'"),
    "no moment": (lambda: Combination("mu", [("kinetic_mixing_one_loop", {})]), "unknown loop"),
    "argument": (lambda: Combination("mu", [("vector", {"mas": 1.0})]), "nearest: 'mass'"),
    "missing": (lambda: Combination("mu", [("vector", {"mass": 1.0})]), "vector needs epsilon"),
    "formula": (lambda: Combination("mu", [("vector", {"mass": "m + 1", "epsilon": 1.0})]), "mass takes"),
    "nothing": (lambda: Combination("mu", []), "at least one loop"),
    "lepton": (lambda: Combination("muo", ONE), "nearest: 'mu'"),
    "no value": (lambda: Combination("mu", ONE).delta_a(m=1.0), "parameter g needs"),
    "unknown": (lambda: Combination("mu", ONE).delta_a(m=1.0, g=1.0, h=1.0), "no parameter 'h'"),
    "twice": (lambda: Combination("mu", ONE).chi_squared(NOW, {"g": (0, 1)}, m=1.0, g=1.0), "given twice"),
    "band": (lambda: Combination("mu", ONE).chi_squared(NOW, {"g": (1, 0)}, m=1.0), "no range of g"),
    "no band": (lambda: Combination("mu", ONE).chi_squared(NOW, {"g": 3.0}, m=1.0), "g takes a range"),
    "line": (lambda: Combination("mu", ONE).region(NOW, {"m": (0.1, 1.0)}), "two parameters"),
    "fixed": (lambda: Combination("mu", ONE).region(NOW, PLANE, {"g": 1.0}), "both in the plane and fixed"),
    "shapes": (lambda: Combination("mu", ONE).delta_a(m=[1.0, 2.0], g=[1.0] * 3), "broadcast"),
    "points": (lambda: Combination("mu", ONE).region(NOW, PLANE, points=1), "points"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_bad_combinations(call, message):
    with pytest.raises(PhysicsError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_band_narrower_than_the_grid_is_found():
    """Two loops that cancel: where both edges lie between neighbours of the grid."""
    alp = Combination(
        "mu",
        [
            ("pseudoscalar_yukawa", {"mass": 0.5, "yukawa": "g"}),
            ("barr_zee_pseudoscalar", {"mass": 0.5, "g_lepton": "g", "g_photon": "h", "cutoff": 1000.0}),
        ],
    )
    own = float(gminus2.pseudoscalar_yukawa("mu", 0.5, 1.0))
    barr_zee = float(gminus2.barr_zee_pseudoscalar("mu", 0.5, 1.0, 1.0))
    found = alp.region(NOW, {"g": (0.3, 1.0), "h": (1e-5, 1.0)}, level=4.0, points=12)
    assert len(found.edges) == 12
    for edge in found.edges:
        for sigma, h in ((-2.0, edge.lower), (2.0, edge.upper)):
            level = NOW.value + sigma * NOW.error
            assert h == pytest.approx((level - own * edge.x**2) / (barr_zee * edge.x), rel=1e-9)
        assert edge.upper < 1.001 * edge.lower
