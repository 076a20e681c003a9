"""Exclusions of analytic curves with closed-form edges, the paper's iteration, counting limits, tables."""

import csv
import json
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import lambertw
from scipy.stats import norm, poisson

import darkmc
from darkmc.cli import main
from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import Estimate
from darkmc.core.intervals import scan_grid
from darkmc.limits.poisson import poisson_limit
from darkmc.limits.solve import solve
from darkmc.sample.terms import Terms


@dataclass(frozen=True)
class Bump:
    """N(G) = sum_k K_k G^p_k exp(-a_k G^2), with a relative error."""

    bumps: tuple[tuple[float, float, float], ...]
    error: float = 0.01

    def value(self, coupling):
        return sum(k * coupling**p * np.exp(-a * coupling**2) for k, p, a in self.bumps)

    def estimate(self, coupling):
        return Estimate(self.value(coupling), self.error * self.value(coupling), 0.0)

    def terms(self):
        return [Terms(p, 1.0, np.array([k]), np.array([[a]])) for k, p, a in self.bumps if k > 0.0]

    def once(self, _, find):
        return find()


def dump(peak, at, error=0.01):
    """Return K G^4 exp(-a G^2) with its maximum `peak` at coupling `at`: a = 2/at^2."""
    return Bump(((peak * np.e**2 / at**4, 4.0, 2.0 / at**2),), error)


def dump_edges(peak, at, target):
    """N = target at x exp(-x) = sqrt(target/peak)/e... with x = (G/at)^2, N/peak = (x exp(1 - x))^2."""
    ratio = -np.sqrt(target / peak) / np.e
    return tuple(at * np.sqrt(-lambertw(ratio, branch).real) for branch in (0, -1))


@pytest.mark.parametrize("excess", [0.5, 0.9, 1.2, 1e3])
def test_the_peak_is_the_largest_yield_over_what_is_excluded(excess):
    exclusion = solve(dump(99 * excess, 1.1e-4), 99)
    assert bool(exclusion.intervals) == (excess > 1.0)
    ratio, error = exclusion.peak
    assert ratio == pytest.approx(excess, rel=1e-6 if 1 / 3 < excess < 1.5 else 0.02)  # beyond: of the scan
    assert error == pytest.approx(0.01 * ratio, rel=1e-9)


@pytest.mark.parametrize("at", [3.7e-10, 1e-7, 1.1e-4, 2e-2, 1.0])
@pytest.mark.parametrize("excess", [1.2, 3.0, 1e3, 1e8])
def test_both_edges_of_a_band(at, excess):
    exclusion = solve(dump(99 * excess, at), 99)
    lower, upper = dump_edges(99 * excess, at, 99)
    assert len(exclusion.intervals) == 1
    assert (exclusion.lower, exclusion.upper) == pytest.approx((lower, upper), rel=1e-9)
    assert exclusion.reason == ""
    assert exclusion.method == "bracket"


@pytest.mark.parametrize("error", [1e-4, 0.01, 0.05])
def test_edge_errors_are_the_yields_error_over_the_slope(error):
    """|dG| = error N/(N |4/G - 2 a G|), which is the same for both edges only by chance."""
    curve = dump(1e4, 1e-4, error)
    exclusion = solve(curve, 99)
    for edge, found in ((exclusion.lower, exclusion.lower_error), (exclusion.upper, exclusion.upper_error)):
        assert found == pytest.approx(error / abs(4 / edge - 4 * edge / 1e-8), rel=1e-9)


@pytest.mark.parametrize("shift", np.linspace(0.0, 0.99, 12))
def test_a_narrow_peak_between_scan_points_is_found(shift):
    """The band is narrower than the scan's step (16 per decade), wherever its maximum lies."""
    at, peak = 1e-5 * 10 ** (shift / 16), 99 * 1.001
    lower, upper = dump_edges(peak, at, 99)
    assert upper / lower < 10 ** (1 / 16)
    exclusion = solve(dump(peak, at, error=1e-5), 99)
    assert (exclusion.lower, exclusion.upper) == pytest.approx((lower, upper), rel=1e-6)


@pytest.mark.parametrize("peak", [50, 90, 98.9])
def test_a_peak_below_the_target_excludes_nothing(peak):
    exclusion = solve(dump(peak, 1.1e-4, error=1e-4), 99)
    assert exclusion.intervals == ()
    assert np.isnan([exclusion.lower, exclusion.upper, exclusion.lower_error, exclusion.upper_error]).all()
    assert "no crossing" in exclusion.reason
    assert "99" in exclusion.reason


@pytest.mark.parametrize(
    ("peak", "undecided"),
    [(97.1, True), (98.5, True), (99.5, True), (100.9, True), (102, False), (96, False)],
)
def test_near_the_target_it_is_undecided(peak, undecided):
    """|N_max - target| < 2 sigma with sigma = 1% of N_max."""
    exclusion = solve(dump(peak, 1.1e-4), 99)
    assert ("undecided within the Monte Carlo error" in exclusion.reason) is undecided


@pytest.mark.parametrize("peak", [97.5, 98.5, 100.5])
def test_undecided_says_what_would_decide(peak):
    """At the precision that it names the same peak is decided; with twice that it is not."""
    said = re.search(
        r"undecided .* .a precision of ([\d.e-]+) may decide", solve(dump(peak, 1.1e-4), 99).reason
    )
    for factor, undecided in ((1.0, False), (2.0, True)):
        again = solve(dump(peak, 1.1e-4, error=factor * float(said[1])), 99)
        assert ("undecided" in again.reason) is undecided


def test_a_plateau_is_open_above():
    """N = 150 (1 - exp(-(G/G0)^4)) style rise: here K G^2 until the scan ends."""
    exclusion = solve(Bump(((1e6, 2.0, 0.0),)), 99)
    assert exclusion.lower == pytest.approx(np.sqrt(99e-6), rel=1e-9)
    assert np.isnan([exclusion.upper, exclusion.upper_error]).all()
    assert exclusion.reason == "open above 100 GeV^-1"


def test_two_bands_and_a_half_line():
    """Decays exclude one band, a second bump another, conversion everything above a third value."""
    terms = tuple(dump(peak, at).bumps[0] for peak, at in ((1e4, 1e-4), (2e3, 1e-2)))
    curve = Bump((*terms, (100.0, 4.0, 0.0)))
    exclusion = solve(curve, 99)
    first, second, third = exclusion.intervals
    assert first[:2] == pytest.approx(dump_edges(1e4, 1e-4, 99), rel=1e-3)
    assert second[:2] == pytest.approx(dump_edges(2e3, 1e-2, 99), rel=1e-3)
    assert third.lower == pytest.approx((99 / 100) ** 0.25, rel=1e-6)
    assert np.isnan(third.upper)
    assert exclusion.lower == first.lower
    for edge in (*first[:2], *second[:2], third.lower):
        assert curve.value(edge) == pytest.approx(99, rel=1e-8)


def test_excluded_from_the_start_of_the_scan():
    exclusion = solve(Bump(((1e4, 0.0, 1e6),)), 99)
    assert np.isnan(exclusion.lower)
    assert exclusion.upper == pytest.approx(np.sqrt(np.log(1e4 / 99) / 1e6), rel=1e-9)
    assert exclusion.reason != ""


def test_no_signal_at_all():
    for method in ("bracket", "iterative"):
        exclusion = solve(Bump(((0.0, 4.0, 0.0),)), 99, method)
        assert exclusion.intervals == ()
        assert exclusion.reason != ""


def test_the_scan_has_16_points_per_decade():
    grid = scan_grid()
    assert (grid[0], grid[-1], len(grid)) == (1e-12, 1e2, 14 * 16 + 1)
    assert np.diff(np.log10(grid)) == pytest.approx(1 / 16, rel=1e-9)


@pytest.mark.parametrize("target", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("method", ["bracket", "iterative"])
def test_impossible_targets(target, method):
    with pytest.raises(PhysicsError, match="above zero"):
        solve(dump(1e3, 1e-4), target, method)


def test_unknown_methods():
    with pytest.raises(PhysicsError, match="'bracket' or 'iterative'"):
        solve(dump(1e3, 1e-4), 99, "newton")


CURVES = {"decays": dump(1e4, 1e-4), "deep": dump(1e9, 1e-3), "quadratic": Bump(((1e9, 2.0, 0.0),))}


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())
def test_the_iteration_obeys_equation_20_with_n_equal_4(curve):
    exclusion = solve(curve, 99, "iterative")
    couplings, yields = np.array(exclusion.history).T
    assert yields == pytest.approx(curve.value(couplings), rel=1e-12)
    assert couplings[1:] == pytest.approx(couplings[:-1] * (99 / yields[:-1]) ** 0.25, rel=1e-12)
    assert np.all(np.abs(yields[:-1] / 99 - 1) >= 0.01)
    assert abs(yields[-1] / 99 - 1) < 0.01
    assert exclusion.lower == couplings[-1]
    assert len(couplings) <= 50
    bracket = solve(curve, 99)
    assert curve.value(bracket.lower) == pytest.approx(yields[-1], rel=0.01)
    assert exclusion.lower_error == pytest.approx(bracket.lower_error, rel=0.02)


def test_the_iteration_refuses_upper_edges():
    exclusion = solve(dump(1e4, 1e-4), 99, "iterative")
    assert np.isnan([exclusion.upper, exclusion.upper_error]).all()
    assert "upper edges" in exclusion.reason
    assert "bracket" in exclusion.reason


def test_the_iteration_starts_at_the_small_coupling_limit():
    curve = dump(1e4, 1e-4)
    start = solve(curve, 99, "iterative").history[0][0]
    assert start == pytest.approx((99 / curve.bumps[0][0]) ** 0.25, rel=1e-6)


@pytest.mark.parametrize("peak", [10, 90])
def test_the_iteration_without_a_crossing_says_so(peak):
    exclusion = solve(dump(peak, 1e-4), 99, "iterative")
    assert exclusion.intervals == ()
    assert 1 <= len(exclusion.history) <= 50
    assert "bracket" in exclusion.reason


@lru_cache
def charm():
    experiment = darkmc.Experiment("charm-finegrained", preset="published")
    return experiment, experiment.simulate(darkmc.DarkAxionPortal(0.01), n_samples=60_000)


def test_both_methods_agree_on_a_sample():
    experiment, sample = charm()
    bracket, iterative = (experiment.limit(sample, method) for method in ("bracket", "iterative"))
    assert sample.expected_events(bracket.lower).value == pytest.approx(99, rel=1e-9)
    assert sample.expected_events(bracket.upper).value == pytest.approx(99, rel=1e-9)
    assert sample.expected_events(iterative.lower).value == pytest.approx(99, rel=0.01)


@pytest.mark.slow
def test_edge_errors_of_a_sample_predict_the_spread_of_seeds():
    """Standard deviation of 60 edges over the mean quoted error: 1 +- 0.09; four sigma, chance 6e-5 each."""
    experiment, _ = charm()
    portal = darkmc.DarkAxionPortal(0.01)
    made = [experiment.limit(experiment.simulate(portal, n_samples=16_384, seed=k)) for k in range(60)]
    for side in ("lower", "upper"):
        edges = np.array([getattr(exclusion, side) for exclusion in made])
        errors = np.array([getattr(exclusion, f"{side}_error") for exclusion in made])
        assert 0.63 < np.std(edges, ddof=1) / np.mean(errors) < 1.37


TEXTBOOK = [  # n, background, confidence level, limit: PDG's table of Poisson limits, and CLs
    (0, 0.0, 0.90, 2.302585),
    (1, 0.0, 0.90, 3.889720),
    (2, 0.0, 0.90, 5.322320),
    (3, 0.0, 0.90, 6.680783),
    (10, 0.0, 0.90, 15.406641),
    (0, 0.0, 0.95, 2.995732),
    (1, 0.0, 0.95, 4.743865),
    (0, 5.0, 0.90, 2.302585),  # nothing seen: no background matters
]


@pytest.mark.parametrize(("n", "background", "level", "limit"), TEXTBOOK)
def test_counting_limits_of_the_textbooks(n, background, level, limit):
    assert poisson_limit(n, background, 0.0, level) == pytest.approx(limit, rel=1e-6)


@pytest.mark.parametrize("n", [0, 1, 4, 20])
@pytest.mark.parametrize("background", [0.0, 0.7, 3.0, 15.0])
@pytest.mark.parametrize("level", [0.68, 0.9, 0.99])
def test_cls_is_one_minus_the_level_by_explicit_sums(n, background, level):
    signal = poisson_limit(n, background, 0.0, level)
    counts = np.arange(n + 1)
    cls = np.sum(poisson.pmf(counts, signal + background)) / np.sum(poisson.pmf(counts, background))
    assert cls == pytest.approx(1 - level, rel=1e-8)


def averaged_limit(n, background, error, level):
    """Return the CLs limit with the background averaged over a Gaussian cut at zero, on a fine grid."""
    values = np.linspace(max(0.0, background - 9 * error), background + 9 * error, 40_001)
    weights = norm.pdf(values, background, error)
    below = np.trapezoid(weights * poisson.cdf(n, values), values)
    return brentq(
        lambda s: np.trapezoid(weights * poisson.cdf(n, values + s), values) / below - (1 - level), 0, 500
    )


@pytest.mark.parametrize(
    ("n", "background", "error"), [(0, 2.0, 1.0), (3, 2.0, 0.3), (5, 4.0, 2.0), (60, 50.0, 9.0)]
)
def test_an_uncertain_background_is_averaged_over(n, background, error):
    wanted = averaged_limit(n, background, error, 0.9)
    assert poisson_limit(n, background, error, 0.9) == pytest.approx(wanted, rel=2e-3)


@pytest.mark.parametrize(
    "arguments", [(-1,), (1, -0.1), (1, 0.0, -1.0), (1, 0.0, 0.0, 0.0), (1, 0.0, 0.0, 1.0)]
)
def test_impossible_counts(arguments):
    with pytest.raises(PhysicsError):
        poisson_limit(*arguments)


def test_a_card_without_a_limit_counts():
    text = {"observed.n_obs": 0, "observed.confidence_level": 0.95, "observed.n_limit": None}
    assert darkmc.Experiment("charm-finegrained", overrides=text).excluded_events == pytest.approx(
        -np.log(0.05)
    )


COLUMNS = (
    "experiment m_dark_photon m_axion interval lower upper lower_error upper_error method reason history "
    "n_samples seconds seed lower_draw_error upper_draw_error lower_list_error upper_list_error "
    "cpu_seconds failed lower_precision_of upper_precision_of"
)


def test_limit_table_has_header_units_and_the_json_rows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ("limit", "charm-finegrained", "--m-dark-photon", "10MeV,30MeV,0.6", "--preset", "published")
    assert main([*arguments, "--precision", "0.05", "--seed", "9", "--json", "-o", "charm.csv"]) == 0
    lines = (tmp_path / "charm.csv").read_text().splitlines()
    comments = [line for line in lines if line.startswith("#")]
    for word in (darkmc.__version__, "seed 9", "published", "GeV^-1", "charm-finegrained", "bmpt-cu-400"):
        assert any(word in line for line in comments)
    rows = list(csv.DictReader(lines[len(comments) :]))
    assert list(rows[0]) == COLUMNS.split()
    wanted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == len(wanted) == 3
    for row, target in zip(rows, wanted, strict=True):
        for key, value in target.items():
            assert row[key] == {"None": "", "False": "0"}.get(str(value), str(value))
