"""Limits from lepton moments: benchmark tables, every root, both signs, no finite limit, fits."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from darkmc import gminus2
from darkmc.core.errors import PhysicsError
from darkmc.gminus2.bands import Quadratic, allowed_bands, excluded_bands
from darkmc.gminus2.bounds import Window, coupling_limit, dark_axion_limit, window
from darkmc.gminus2.data import Difference, Row
from darkmc.gminus2.fit import PairForm, dark_axion_pair_form, fit_coupling, fit_pair

MASSES = [1e-3, 1e-2, 0.1, 1.0, 10.0]
INF = math.inf

# the physics notes, section 8: G in GeV^-1 at these masses, m_a = 0
PORTAL = {
    "muon [dN]": (("mu", "2018", 2.0, "shift"), [0.13874, 0.20044, 0.45019, 2.0909, 14.787]),
    "electron [dN]": (("e", "2008-rb-2011", 2.0, "shift"), [5.9159, 32.910, 247.43, 2064.5, 1.81e4]),
    "muon 2025": (("mu", "2025"), [0.10610, 0.15329, 0.34429, 1.5990, 11.308]),
}


@pytest.mark.parametrize(("data", "wanted"), PORTAL.values(), ids=PORTAL.keys())
def test_portal_limits_of_the_reference(data, wanted):
    found = dark_axion_limit(data[0], MASSES, allowed=window(*data))
    for exclusion, edge in zip(found, wanted, strict=True):
        digits = 5 if edge != 1.81e4 else 3
        assert float(f"{exclusion.lower:.{digits}g}") == pytest.approx(edge, rel=1e-12)
        assert math.isnan(exclusion.upper)
        assert (exclusion.lower_error, exclusion.method) == (0.0, "analytic")
        assert "open above" in exclusion.reason


WINDOWS = {
    "muon, founding paper": (("mu", "2018", 2.0, "shift"), -15.2e-10),
    "electron, founding paper": (("e", "2008-rb-2011", 2.0, "shift"), -2.70e-12),
    "electron, founding paper's data": (("e", "2008-rb-2011"), -2.70e-12),
    "muon today": (("mu", "2025"), -88.9e-11),
    "electron today, Cs": (("e", "2022-cs"), -15.4e-13),
    "electron today, Rb": (("e", "2022-rb"), 0.0),
    "electron today, Rb, interval": (("e", "2022-rb", 2.0, "interval"), +0.2e-13),
}


@pytest.mark.parametrize(("data", "lower"), WINDOWS.values(), ids=WINDOWS.keys())
def test_lower_edge_of_the_window(data, lower):
    assert window(*data).lower == pytest.approx(lower, rel=1e-9)


def test_upper_edges_of_the_windows():
    assert window("mu", "2025").upper == pytest.approx(165.9e-11)
    assert window("mu", "2018", criterion="shift").upper == pytest.approx(
        42.0e-10
    )  # 5.5 sigma of 7.6 above 0
    assert window("e", "2008-rb-2011", criterion="shift").upper == pytest.approx(1.64e-12)


# the physics notes, section 10: 2-sigma limits of the muon 2025
TABLE_MASSES = [1e-3, 1e-2, 0.1, 0.5, 1.0, 5.0]
ONE_LOOP = {
    "pseudoscalar_yukawa": [3.7480e-4, 3.8000e-4, 4.8430e-4, 9.5443e-4, 1.48836e-3, 5.1640e-3],
    "scalar_yukawa": [2.9836e-4, 3.2132e-4, 5.0159e-4, 1.14057e-3, 1.84509e-3, 6.6890e-3],
    "vector": [1.21236e-3, 1.35098e-3, 2.54028e-3, 7.7739e-3, 1.45037e-2, 6.9533e-2],
    "axial_vector": [5.8534e-6, 5.7853e-5, 5.1308e-4, 2.32815e-3, 4.58262e-3, 2.26956e-2],
}


@pytest.mark.parametrize(("name", "wanted"), ONE_LOOP.items())
@pytest.mark.parametrize("closed_form", [True, False])
def test_one_loop_limits_of_the_reference(name, wanted, closed_form):
    loop = getattr(gminus2, name)
    for mass, edge in zip(TABLE_MASSES, wanted, strict=True):
        unit = float(loop("mu", mass, 1.0))
        contribution = Quadratic(quadratic=unit) if closed_form else lambda g, unit=unit: unit * g * g
        found = coupling_limit(contribution, window("mu", "2025"))
        assert found.lower == pytest.approx(edge, rel=2e-5)
        assert len(found.intervals) == 1


def test_loop_functions_themselves_can_be_scanned():
    found = coupling_limit(lambda y: gminus2.scalar_yukawa("mu", 0.1, y), window("mu", "2025"))
    assert found.lower == pytest.approx(5.0159e-4, rel=2e-5)
    assert (found.method, found.reason) == ("bracket", "open above 100")


def ge_loops(mass=110.0):
    """Eq. 14 of Ge et al.: Delta a of y at eps = C = 3e-3, m' = 100, m_a = 110, Lambda = 1000 (GeV)."""
    portal = abs(float(gminus2.dark_axion_one_loop("mu", mass, 100.0, 3e-3, 1.0, 3e-3, 1000.0)))
    return Quadratic(linear=portal) + Quadratic(quadratic=float(gminus2.pseudoscalar_yukawa("mu", mass, 1.0)))


def test_sum_of_two_loops_with_interference():
    """Four edges and two allowed bands, against the roots by hand and by brentq."""
    loops = ge_loops()
    assert (loops.linear, loops.quadratic) == pytest.approx((4.223492e-8, -1.409548e-7), rel=1e-6)
    room = Window(192e-11, 310e-11)
    bands = allowed_bands(loops, room.lower, room.upper)
    by_hand = []
    for level in (room.lower, room.upper):
        root = math.sqrt(loops.linear**2 + 4 * loops.quadratic * level)
        by_hand += [(-loops.linear + sign * root) / (2 * loops.quadratic) for sign in (1, -1)]
    assert sorted(g for band in bands for g in band) == pytest.approx(sorted(by_hand), rel=1e-12)
    assert all(low < y < high for (low, high), y in zip(bands, (0.082, 0.217), strict=True))
    for low, high in bands:
        assert low < brentq(lambda y: loops(y) - 250e-11, low, high) < high
    excluded = coupling_limit(loops, room)
    assert [tuple(i[:2]) for i in excluded.intervals[:2]] == [(0.0, bands[0][0]), (bands[0][1], bands[1][0])]
    assert excluded.intervals[2].lower == bands[1][1]
    assert math.isnan(excluded.intervals[2].upper)


def test_both_signs():
    """A window around zero and an interfering loop: negative and positive edges differ."""
    found = coupling_limit(Quadratic(linear=1e-9, quadratic=1e-9), Window(-1e-8, 2e-9), both_signs=True)
    below, above = found.intervals
    assert (below.upper, above.lower) == pytest.approx((-2.0, 1.0), rel=1e-12)
    assert math.isnan(below.lower)
    assert math.isnan(above.upper)
    assert "open below" in found.reason
    assert "open above" in found.reason
    scanned = coupling_limit(lambda g: 1e-9 * g * (1 + g), Window(-1e-8, 2e-9), both_signs=True)
    assert scanned.upper == pytest.approx(-2.0, rel=1e-12)
    assert scanned.reason == "open below -100; open above 100"


def test_random_quadratics_against_their_values():
    """Bands and exclusions are where they should be, closed form and scan alike."""
    rng = np.random.default_rng(1)
    probes = np.concatenate([-np.geomspace(1e-6, 99.0, 400), np.geomspace(1e-6, 99.0, 400)])
    for _ in range(60):
        a, b, c = rng.normal(size=3) * 10.0 ** rng.uniform(-3, 1, 3)
        low, high = np.sort(rng.normal(size=2) * 3.0)
        loops = Quadratic(c, b, a)
        signs = bool(rng.integers(2))
        for contribution in (loops, lambda g, loops=loops: loops(g)):
            bands = allowed_bands(contribution, low, high, signs)
            gaps = excluded_bands(bands, signs)
            for g in probes if signs else probes[400:]:
                inside = low <= loops(g) <= high
                assert any(x <= g <= y for x, y in bands) == inside
                assert any(x < g < y for x, y in gaps) != inside


def test_roots_that_cancel_keep_their_digits():
    low, high = Quadratic(1e-20, -1.0, 1e-6).roots(0.0)
    assert (low, high) == pytest.approx((1e-20, 1e6), rel=1e-14)
    assert Quadratic(0.0, 2.0).roots(1.0) == [0.5]
    assert Quadratic(3.0).roots(1.0) == []
    assert Quadratic(0.0, 0.0, 1.0).roots(-1.0) == []


def test_two_crossings_between_neighbours_of_the_grid_are_found():
    """A narrow dip, 2% wide where the grid's steps are 15%."""
    bands = allowed_bands(lambda g: (np.log(g + 1e-300) - 1.0) ** 2, 1e-4, INF)
    inner = [edge for band in bands for edge in band if 0.0 < edge < INF]
    assert inner == pytest.approx([math.exp(0.99), math.exp(1.01)], rel=1e-9)


def test_more_roots_than_two():
    bands = allowed_bands(lambda g: np.sin(g), -0.5, 0.5, reach=10.0)
    turns = [math.pi / 6, *(k * math.pi + s * math.pi / 6 for k in (1, 2, 3) for s in (-1, 1))]
    found = sorted(edge for band in bands for edge in band if 0.0 < edge < INF)
    assert found == pytest.approx(turns, rel=1e-12)


def test_no_finite_limit_is_a_result_with_a_reason():
    (rubidium,) = dark_axion_limit("e", 0.01, allowed=window("e", "2022-rb"))
    assert rubidium.intervals == ()
    assert (
        rubidium.reason
        == "no finite limit: the Standard Model itself is 2.1 sigma low and the contribution makes it worse"
    )
    assert math.isnan(rubidium.lower)
    (muon,) = dark_axion_limit("mu", 0.01, allowed=window("mu", "2018"))
    assert "3.5 sigma low" in muon.reason


def test_every_coupling_disfavoured_is_one_endless_interval():
    (muon,) = dark_axion_limit("mu", 0.001, allowed=window("mu", "2021", criterion="interval"))
    flat = coupling_limit(Quadratic(constant=5e-9), window("mu", "2025"))
    scanned = coupling_limit(lambda g: 5e-9 + 0.0 * g, window("mu", "2025"))
    for found, why in (
        (muon, "every coupling is disfavoured; the Standard Model itself is 4.3 sigma low"),
        (flat, "every coupling is disfavoured"),
        (scanned, "every coupling up to 100 is disfavoured"),
    ):
        ((lower, upper, *_),) = found.intervals
        assert lower == 0.0
        assert math.isnan(upper)
        assert found.reason == why
    ((lower, upper, *_),) = coupling_limit(Quadratic(1.0), Window(-0.5, 0.5), both_signs=True).intervals
    assert math.isnan(lower)
    assert math.isnan(upper)


def test_points_that_only_touch_the_window_are_kept():
    falling = Quadratic(quadratic=-1e-20)
    assert allowed_bands(falling, 0, 1, True) == allowed_bands(falling, 0, 1) == [(0.0, 0.0)]
    assert allowed_bands(lambda g: -1e-20 * g * g, 0, 1, True) == [(0.0, 0.0)]
    assert allowed_bands(Quadratic(-1.0, 2.0, -1.0), 0, 1) == [(1.0, 1.0)]
    assert allowed_bands(Quadratic(linear=1.0), 2, 2) == [(2.0, 2.0)]
    assert excluded_bands([(0.0, 0.0)]) == [(0.0, INF)]
    assert excluded_bands([(1.0, 1.0)]) == [(0.0, 1.0), (1.0, INF)]
    only_zero = coupling_limit(falling, Window(0.0, 1.0))
    assert only_zero.reason == "no finite limit: only the coupling zero is allowed"


def test_a_negative_loop_may_mend_a_standard_model_that_is_high():
    """Caesium, 3.9 sigma: overshooting is excluded; as an interval, contributions too small are as well."""
    slope = -float(gminus2.dark_axion_two_loop("e", 0.01))
    edges = [math.sqrt(allowed / slope) for allowed in (15.4e-13, 5.0e-13)]
    (overshoot,) = dark_axion_limit("e", 0.01, allowed=window("e", "2022-cs"))
    assert [i.lower for i in overshoot.intervals] == pytest.approx(edges[:1], rel=1e-9)
    assert "3.9 sigma high" in overshoot.reason
    (interval,) = dark_axion_limit("e", 0.01, allowed=window("e", "2022-cs", criterion="interval"))
    small, large = interval.intervals
    assert (small.lower, small.upper, large.lower) == pytest.approx((0.0, edges[1], edges[0]), rel=1e-9)


def test_no_finite_limit_because_everything_is_allowed():
    flat = coupling_limit(Quadratic(), Window(-1.0, 1.0))
    assert flat.reason == "no finite limit: every coupling is allowed"
    scanned = coupling_limit(lambda g: np.tanh(g) / 2, Window(-1.0, 1.0), both_signs=True)
    assert scanned.reason == "no finite limit: every coupling up to 100 is allowed"
    assert flat.intervals == scanned.intervals == ()


def test_a_positive_loop_and_data_that_want_one():
    """2021: small couplings are excluded with the Standard Model, a band is allowed."""
    unit = float(gminus2.vector("mu", 0.1, 1.0))
    (above,) = coupling_limit(Quadratic(quadratic=unit), window("mu", "2021")).intervals
    room = window("mu", "2021", criterion="interval")
    low, high = coupling_limit(Quadratic(quadratic=unit), room).intervals
    assert above == pytest.approx(high, nan_ok=True)
    assert low[:3] == pytest.approx((0.0, math.sqrt(133e-11 / unit), 0.0))
    assert high.lower == pytest.approx(math.sqrt(369e-11 / unit))


def test_limits_scale_with_the_window():
    one, four = (dark_axion_limit("mu", 0.1, 0.05, Window(-k * 1e-9, 1.0))[0].lower for k in (1, 4))
    assert four / one == pytest.approx(2.0, rel=1e-13)
    row = Row("mu", "difference", "mine", 0.0, 1e-10, "a toy")
    narrow, wide = (window("mu", "mine", n, extra=[row]) for n in (1, 3))
    assert (wide.lower, wide.upper) == pytest.approx((3 * narrow.lower, 3 * narrow.upper))


def test_where_the_effective_theory_fails():
    reasons = [e.reason for e in dark_axion_limit("mu", MASSES, allowed=window("mu", "2025"))]
    assert ["effective theory" in reason for reason in reasons] == [False, False, False, True, True]
    assert "1/G = 0.0884 GeV is below 10 GeV" in reasons[-1]
    caesium = window("e", "2022-cs", criterion="interval")
    (low,) = dark_axion_limit("e", 10.0, allowed=caesium)
    assert low.lower == 0.0
    assert "fails at the edge 7781: 1/G = 0.000129 GeV is below 10 GeV" in low.reason
    assert "effective theory" not in dark_axion_limit("e", 1e-3, allowed=caesium)[0].reason
    (axion,) = dark_axion_limit("mu", 0.01, 1.0, window("mu", "2025"))
    assert "effective theory" in axion.reason


def test_masses_broadcast_and_exchange():
    one, two = dark_axion_limit("mu", 0.2, [0.1, 0.3])
    (swapped,) = dark_axion_limit("mu", 0.1, 0.2)
    assert one.lower == pytest.approx(swapped.lower, rel=1e-9)
    assert two.lower > one.lower


BAD = {
    "two-dimensional masses": (lambda: dark_axion_limit("mu", [[0.1, 0.2]]), "no tables"),
    "masses that do not broadcast": (lambda: dark_axion_limit("mu", [0.1, 0.2], [1, 2, 3]), "broadcast"),
    "masses in words": (lambda: dark_axion_limit("mu", "heavy"), "m_dark_photon must be a number"),
    "name for a window": (lambda: dark_axion_limit("mu", 0.1, allowed="2025"), "window.*not a str"),
    "row for rows": (
        lambda: window("mu", "x", extra=Row("mu", "difference", "x", 0.0, 1e-10, "")),
        "list of rows",
    ),
    "number for a criterion": (lambda: window("mu", "2025", criterion=3), "unknown criterion '3'"),
    "negative mass": (lambda: dark_axion_limit("mu", -0.1), "m_dark_photon"),
    "massless dark photon": (lambda: dark_axion_limit("mu", [0.1, 0.0]), "m_dark_photon"),
    "nan axion": (lambda: dark_axion_limit("mu", 0.1, math.nan), "m_axion"),
    "unknown lepton": (lambda: dark_axion_limit("muo", 0.1), "muo"),
    "no sigma": (lambda: window("mu", "2025", 0.0), "n_sigma"),
    "nan sigma": (lambda: window("mu", "2025", math.nan), "n_sigma"),
    "criterion": (lambda: window("mu", "2025", criterion="shifd"), "nearest: 'shift'"),
    "empty window": (lambda: allowed_bands(Quadratic(), 1.0, 0.0), "empty"),
    "nan window": (lambda: allowed_bands(Quadratic(), math.nan, 0.0), "empty"),
    "infinite coefficient": (lambda: Quadratic(1.0, math.inf), "finite"),
    "nan on the scan": (lambda: allowed_bands(lambda g: np.where(g > 1, np.nan, g), 0, 1), "not finite"),
    "no interval": (lambda: fit_coupling(Quadratic(), Difference(0, 1), []), "no interval of coupling"),
    "endless interval": (lambda: fit_coupling(Quadratic(), Difference(0, 1), [(0, INF)]), "no interval"),
    "backward interval": (
        lambda: fit_pair(PairForm(1, 1, 1), Difference(0, 1), [(0, 1)], [(1, 0)]),
        "no interval of yukawa",
    ),
}


@pytest.mark.parametrize(("call", "named"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_clear_error(call, named):
    with pytest.raises(PhysicsError, match=named):
        call()


def test_fit_of_one_coupling_against_a_grid():
    rng = np.random.default_rng(2)
    for _ in range(100):
        loops = Quadratic(*rng.normal(size=3))
        data = Difference(rng.normal(), abs(rng.normal()) + 0.1)
        ends = np.sort(rng.uniform(-2, 2, 4))
        grid = np.concatenate([np.linspace(*ends[:2], 2001), np.linspace(*ends[2:], 2001)])
        least = np.min(((loops(grid) - data.value) / data.error) ** 2)
        found = fit_coupling(loops, data, [ends[:2], ends[2:]])
        assert found.chi_squared == pytest.approx(least, abs=1e-3)
        assert found.chi_squared <= least + 1e-12
        assert any(low <= found.coupling <= high for low, high in (ends[:2], ends[2:]))


def test_fit_of_two_couplings_against_a_grid():
    rng = np.random.default_rng(3)
    for _ in range(60):
        form = PairForm(*rng.normal(size=3))
        data = Difference(3.0 * rng.normal(), abs(rng.normal()) + 0.1)
        eps, y = np.sort(rng.uniform(-1.5, 1.5, (2, 2)))
        grid = form.epsilon_squared * (e := np.linspace(*eps, 401)[:, None]) ** 2
        grid = grid + form.mixed * e * (f := np.linspace(*y, 401)) + form.yukawa_squared * f**2
        least = np.min(((grid - data.value) / data.error) ** 2)
        found = fit_pair(form, data, [eps], [y])
        assert found.chi_squared == pytest.approx(least, abs=2e-3)
        assert found.chi_squared <= least + 1e-12
        assert ((form.value(*found[1:]) - data.value) / data.error) ** 2 == pytest.approx(
            found.chi_squared, abs=1e-9
        )
        assert eps[0] <= found.epsilon <= eps[1]
        assert y[0] <= found.yukawa <= y[1]


def test_fit_over_disjoint_intervals_and_both_signs():
    """Delta a = eps y of the wrong sign in the positive quadrant, of the right one with y below zero."""
    form, data = PairForm(0.0, -1.0, 0.0), Difference(0.5, 0.1)
    only_positive = fit_pair(form, data, [(0.1, 1.0)], [(0.1, 1.0)])
    assert only_positive == pytest.approx((((0.5 + 0.01) / 0.1) ** 2, 0.1, 0.1))
    both = fit_pair(form, data, [(0.1, 1.0)], [(-1.0, -0.1), (0.1, 1.0)])
    assert both.chi_squared == 0.0
    assert -both.epsilon * both.yukawa == pytest.approx(0.5, rel=1e-12)


def test_a_point_and_the_origin_as_intervals():
    assert fit_coupling(Quadratic(1.0), Difference(0.0, 0.5), [(2.0, 2.0)]) == (4.0, 2.0)
    assert fit_pair(PairForm(1, 0, 1), Difference(-1.0, 1.0), [(-1, 1)], [(-1, 1)]) == (1.0, 0.0, 0.0)


def test_pair_form_of_the_dark_axion():
    """Ge et al.: y = 0.082 with eps = 0.003 gives the anomaly of 2021."""
    form = dark_axion_pair_form("mu", 110.0, 100.0, 3e-3, 1000.0)
    assert form.at_epsilon(3e-3)(0.0) == pytest.approx(7.779e-15, rel=1e-3)
    assert form.yukawa_squared == pytest.approx(-1.409548e-7, rel=1e-6)
    sign = math.copysign(1.0, form.mixed)
    assert form.value(3e-3, sign * 0.082) == pytest.approx(2.51e-9, rel=0.01)
    assert form.at_yukawa(0.1)(3e-3) == pytest.approx(form.value(3e-3, 0.1), rel=1e-14)
    at_fixed = fit_coupling(form.at_epsilon(3e-3), Difference(251e-11, 59e-11), [(-1, -1e-6), (1e-6, 1)])
    assert at_fixed.chi_squared == pytest.approx(0.0, abs=1e-20)
