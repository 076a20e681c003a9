"""Marginalised scans against scipy's search, against fit_pair, corners, and how the contour settles."""

import time

import numpy as np
import pytest
from helpers import load_script

from darkmc import gminus2
from darkmc.cards.load import load_card
from darkmc.core.errors import PhysicsError
from darkmc.gminus2.data import difference
from darkmc.gminus2.fit import PairForm, fit_pair
from darkmc.gminus2.marginal import Marginal, Particle
from darkmc.gminus2.masks import mask, names, shipped
from darkmc.runs.moments import find_mask

DATA = difference("mu", "2021")
PORTAL, CUTOFF = 3e-3, 1000.0
ELECTRON = find_mask("gminus2-e-2008-rb")
AXION = Particle((0.01, 350.0), (1e-6, 1.0), tuple(map(shipped, names()["yukawa"])))
DARK_PHOTON = Particle((1e-3, 350.0), (1e-5, 1.0), (*map(shipped, names()["epsilon"]), ELECTRON))


def scan(plane, data=DATA, axion=AXION, dark_photon=DARK_PHOTON):
    return Marginal("mu", data, plane, axion, dark_photon, PORTAL, CUTOFF)


@pytest.fixture(scope="module")
def regions():
    """Return both regions of 2021, and the CPU time that each took."""
    found = {}
    for plane in ("axion", "dark-photon"):
        start = time.process_time()
        found[plane] = scan(plane).contour(), time.process_time() - start
    return found


def searched(plane, mass, coupling):
    """Return the least chi-squared that scipy finds over the other's mass, coupling and sign."""
    card = load_card("runs", "ge-fig3" if plane == "axion" else "ge-fig4").card
    return load_script("tools/moment_tables.py").searched(card, DATA, mass, coupling)


def contour_points(plane, regions):
    """Return a lower end and an upper end of the contour, away from the scan's borders."""
    region = regions[plane][0].region
    closed = [edge for edge in region.edges if edge.upper < 0.9]
    return (region.edges[-20].x, region.edges[-20].lower), (closed[3].x, closed[3].upper)


@pytest.mark.parametrize("plane", [pytest.param("axion", marks=pytest.mark.slow), "dark-photon"])
@pytest.mark.parametrize("which", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_contour_points_against_scipy(plane, which, regions):
    """Where scipy must find the level."""
    region = regions[plane][0].region
    mass, coupling = contour_points(plane, regions)[which]
    assert scan(plane).chi_squared(mass, coupling, 256) == pytest.approx(region.level, rel=1e-6)
    assert searched(plane, mass, coupling) == pytest.approx(region.level, rel=0.01)


@pytest.mark.parametrize("plane", ["axion", "dark-photon"])
def test_a_contour_is_fast_and_settled(plane, regions):
    contour, seconds = regions[plane]
    assert seconds < 5.0
    assert contour.region.chi_squared.shape == (200, 200)
    assert contour.moved < 0.01
    assert contour.inner_masses >= 128


def test_without_couplings_there_is_the_standard_model(regions):
    """Both couplings small: chi-squared is (251/59)^2, outside the contour."""
    tiny = Particle((10.0, 350.0), (1e-7, 1e-6)), Particle((10.0, 350.0), (1e-7, 1e-6))
    corner = scan("axion", axion=tiny[0], dark_photon=tiny[1]).chi_squared(100.0, 1e-6)
    assert corner == pytest.approx((251 / 59) ** 2, rel=1e-6)
    for (region, *_), _ in regions.values():
        assert region.chi_squared[-1, 0] > region.level
        assert region.chi_squared[0, 0] > region.level


def test_the_least_of_all_masses_is_the_least_of_fits_of_two_couplings():
    """At single masses, point by point, with intervals cut by masks and both signs."""
    window_mask = mask([1.0, 100.0], [1e-3, 1e-3], [2e-3, 2e-3])
    inner = Particle((1.0, 100.0), (1e-4, 1e-2), (window_mask,))
    found = scan("axion", dark_photon=inner)
    masses = np.unique(np.concatenate([np.geomspace(1.0, 100.0, 5)]))
    rng = np.random.default_rng(1)
    for mass, yukawa in zip(10 ** rng.uniform(-1, 2.4, 12), 10 ** rng.uniform(-4, 0, 12), strict=True):
        best = np.inf
        for other in masses:
            form = PairForm(
                float(gminus2.vector("mu", other, 1.0)),
                float(gminus2.dark_axion_one_loop("mu", mass, other, 1.0, 1.0, PORTAL, CUTOFF)),
                float(gminus2.pseudoscalar_yukawa("mu", mass, 1.0)),
            )
            parts = [(1e-4, 1e-3), (2e-3, 1e-2)]
            signed = [*parts, *((-high, -low) for low, high in parts)]
            best = min(best, fit_pair(form, DATA, signed, [(yukawa, yukawa)]).chi_squared)
        assert found.chi_squared(mass, yukawa, 5) == pytest.approx(best, rel=1e-9, abs=1e-12)


def test_the_contour_is_where_the_grid_changes_sides(regions):
    region = regions["axion"][0].region
    inside = region.chi_squared < region.level
    for edge in region.edges[::17]:
        column = inside[np.searchsorted(region.x, edge.x * (1 - 1e-12))]
        within = (region.y >= edge.lower) & (region.y <= edge.upper)
        assert column[within].all()


BAD = {
    "plane": (lambda: scan("alp"), "unknown plane 'alp'"),
    "range": (lambda: Particle((1.0, 0.1), (1e-3, 1.0)), "no range of a mass"),
    "coupling": (lambda: Particle((0.1, 1.0), (0.0, 1.0)), "coupling"),
    "points": (lambda: scan("axion").contour(points=1), "points"),
    "level": (lambda: scan("axion").contour(points=2, level=-1.0), "level"),
    "nothing left": (
        lambda: scan(
            "axion", dark_photon=Particle((1.0, 2.0), (1e-3, 1.0), (mask([0.5, 3.0], [1e-4, 1e-4]),))
        ).chi_squared(1.0, 0.1),
        "leave nothing",
    ),
    "cut-off": (
        lambda: Marginal("mu", DATA, "axion", AXION, DARK_PHOTON, PORTAL, 100.0).chi_squared(1.0, 0.1),
        "cutoff",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_bad_scans(call, message):
    with pytest.raises(PhysicsError, match=message):
        call()
