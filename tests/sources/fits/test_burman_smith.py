"""The Burman-Smith fit, typed again from the physics notes, section 12, against the package's density.

Statistical tests: fixed seeds; every pull (4.5 sigma) and chi2 fails by chance at most once in 1e5.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from helpers import pull
from scipy.integrate import simpson
from scipy.interpolate import BSpline
from scipy.stats import chi2

from darkmc import CardError, Experiment, MesonSource, PhysicsError, ValidityWarning
from darkmc.sources.fits.burman_smith import BurmanSmith, TargetMixture, quadratic_spline

M_P, M_PI, M_PI0, M_D = 938.27208816, 139.57039, 134.9768, 1875.612945
KNOTS = [0, 0, 0, 30, 70, 180, 180, 180]
LSND = "burman-smith-lsnd"
SOURCE = MesonSource(LSND)
FIT = BurmanSmith(0.798, 8)


def hydrogen_end_point(beam, angle):
    """T of the pion in p p -> d pi+ by bisection of energy conservation in the lab, MeV, degrees."""
    energy, c = beam + M_P, np.cos(np.radians(angle))
    momentum = np.sqrt(energy**2 - M_P**2)

    def excess(p):
        deuteron = np.sqrt(momentum**2 + p**2 - 2 * momentum * p * c + M_D**2)
        return np.sqrt(p**2 + M_PI**2) + deuteron - energy - M_P

    low, high = np.zeros_like(c), np.full_like(c, 2000.0)
    for _ in range(100):
        middle = 0.5 * (low + high)
        above = excess(middle) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.sqrt(low**2 + M_PI**2) - M_PI


def typed_again(kinetic, angle, charge, beam=798.0, width=25.0):
    """d2sigma/dT dOmega of pi+ in microbarn/(MeV sr)."""
    at_585, at_730 = {1: ((64.5, 155), (53.0, 127))}.get(
        charge, ((28.9, 130), (34.2, 150)) if charge <= 8 else ((26.0, 135), (29.9, 166))
    )
    fall, sigma = (
        a * (730 - beam) / 145 + b * (beam - 585) / 145 for a, b in zip(at_585, at_730, strict=True)
    )
    first = min(27 - 4 * ((730 - beam) / 145) ** 2, 27)
    steps = [first, 18.2, 8.0, 13 + (charge - 12) / 10, 9 + (charge - 12) / 10 - (beam - 685) / 20]
    spline = BSpline(KNOTS, steps, 2)(angle)
    log = np.log(charge)
    scale = charge ** (1 / 3) * (0.8851 - 0.1015 * log + 0.1459 * log**2 - 0.0265 * log**3)
    end = beam - 140 - 2 * width
    if charge == 1:
        scale, end = scale * 2 * 0.7, hydrogen_end_point(beam, angle)
    bell = np.exp(
        -(((48 + 330 * np.exp(-angle / fall) - kinetic) / (np.sqrt(2) * sigma * np.exp(-angle / 85))) ** 2)
    )
    return scale * spline * bell / (1 + np.exp((kinetic - end) / width))


def density(fit, p, theta):
    p, theta = (np.atleast_1d(np.asarray(v, dtype=float)) for v in np.broadcast_arrays(p, theta))
    return fit.density(p, np.cos(theta), np.square(p * np.sin(theta)))


def total(charge, end=1000.0):
    """Millibarn, by Simpson's rule between the knots."""
    kinetic, out = np.linspace(0, end, 1201), 0.0
    for low, high in ((0, 30), (30, 70), (70, 180)):
        angle = np.linspace(low, high, 401)
        values = typed_again(kinetic, angle[:, None], charge) * 2 * np.pi * np.sin(np.radians(angle))[:, None]
        out += simpson(simpson(values, x=kinetic), x=np.radians(angle)) * 1e-3
    return out


@pytest.mark.parametrize(("charge", "expected"), [(29, 49.5024), (8, 29.4531)])
def test_the_points_of_the_reference(charge, expected):
    """T = 200 MeV, 30 degrees, 798 MeV: Cu and O."""
    fit = BurmanSmith(0.798, charge)
    assert fit.cross_section(np.array([200.0]), np.array([30.0]))[0] == pytest.approx(expected, rel=2e-6)


@pytest.mark.parametrize(("charge", "expected"), [(6, 36.3), (8, 42.1), (13, 57.6), (29, 82.3)])
def test_the_totals_of_the_reference(charge, expected):
    """In mb; the energies that no pi0 can have are less than 1e-4 of it."""
    assert total(charge) == pytest.approx(expected, abs=0.05)
    fit = BurmanSmith(0.798, charge)
    assert fit.total == pytest.approx(total(charge, 798 - M_PI0), rel=1e-6)
    assert fit.total == pytest.approx(total(charge), rel=1e-4)


def test_another_end_point_changes_the_total_by_less_than_a_per_cent():
    for charge in (6, 29):
        ratio = BurmanSmith(0.798, charge, 50.0).total / BurmanSmith(0.798, charge).total
        assert ratio == pytest.approx(0.993, abs=1e-3)


@pytest.mark.parametrize("charge", [1, 2, 6, 8, 9, 29, 74])
@pytest.mark.parametrize(("beam", "width"), [(585.0, 25.0), (730.0, 50.0), (798.0, 25.0)])
def test_the_formula_at_random_points(charge, beam, width):
    rng = np.random.default_rng(charge)
    kinetic, angle = rng.uniform(0, beam - M_PI0, 400), 180 * rng.random(400)
    fit = BurmanSmith(beam / 1e3, charge, width)
    again = typed_again(kinetic, angle, charge, beam, width)
    np.testing.assert_allclose(fit.cross_section(kinetic, angle), again, rtol=1e-6, atol=1e-30)
    p = np.sqrt((kinetic + M_PI0) ** 2 - M_PI0**2) / 1e3
    jacobian = p / np.hypot(p, M_PI0 / 1e3)
    np.testing.assert_allclose(density(fit, p, np.radians(angle)), jacobian * again, rtol=1e-6, atol=1e-30)


def test_hydrogen_ends_where_a_pion_and_a_deuteron_share_the_energy():
    angle = np.linspace(0, 180, 61)
    for beam in (585.0, 798.0):
        found = BurmanSmith(beam / 1e3, 1).end_point(angle)
        np.testing.assert_allclose(found, hydrogen_end_point(beam, angle), rtol=1e-7)
    assert np.all(np.diff(found) < 0)  # also behind


def test_the_splines_are_a_partition_of_unity_and_count_no_knot_twice():
    angle = np.array([0, 1e-9, 10, 30 - 1e-12, 30, 30 + 1e-12, 50, 70 - 1e-12, 70, 110, 180 - 1e-12, 180])
    np.testing.assert_allclose(quadratic_spline([1, 1, 1, 1, 1], angle), 1.0, rtol=1e-14)
    rng = np.random.default_rng(1)
    angle = np.concatenate([angle, 180 * rng.random(1000)])
    for coefficients in (*np.eye(5), rng.random(5)):
        expected = BSpline(KNOTS, coefficients, 2)(angle)
        np.testing.assert_allclose(quadratic_spline(coefficients, angle), expected, rtol=1e-10, atol=1e-14)


def test_nothing_beyond_the_energy_of_the_beam_and_no_warnings():
    top = FIT.largest_momentum
    assert np.hypot(top, M_PI0 / 1e3) == pytest.approx(0.798, rel=1e-12)
    p = np.array([0.0, -1.0, top * 1.0001, 5.0, 1e9, 1e30])
    theta = np.array([0.1, 0.1, 0.0, 0.5, 3.1, 1.0])
    for charge in (1, 8, 74):
        with np.errstate(all="raise", under="ignore"):
            np.testing.assert_array_equal(density(BurmanSmith(0.798, charge), p, theta), 0.0)
    assert density(FIT, top * 0.9999, 0.0)[0] > 0.0


@pytest.mark.parametrize("beam", [0.585, 0.798, 0.9, 1.2])
@pytest.mark.parametrize("charge", [1, 6, 82])
def test_no_density_is_negative(beam, charge):
    """Above about 850 MeV the last amplitude would be."""
    fit = BurmanSmith(beam, charge)
    p, theta = np.meshgrid(np.linspace(1e-3, 1.2 * fit.largest_momentum, 200), np.linspace(0, np.pi, 200))
    assert np.min(density(fit, p.ravel(), theta.ravel())) >= 0.0


def test_a_mixture_is_the_sum_of_its_targets_by_share():
    """Each target normalised by itself; a mixture of one is that target."""
    oxygen, tungsten = BurmanSmith(0.798, 8), BurmanSmith(0.798, 74)
    p, theta = np.random.default_rng(2).random((2, 300)) * [[0.78], [np.pi]]
    mixed = TargetMixture((oxygen, tungsten), (0.51, 0.49))
    expected = 0.51 * density(oxygen, p, theta) / total(8, 798 - M_PI0)
    expected += 0.49 * density(tungsten, p, theta) / total(74, 798 - M_PI0)
    np.testing.assert_allclose(density(mixed, p, theta), expected, rtol=1e-6)
    alone = TargetMixture((oxygen,), (1.0,))
    np.testing.assert_allclose(density(alone, p, theta), density(oxygen, p, theta) / oxygen.total, rtol=1e-14)


@pytest.mark.parametrize("energy", [0.0, 0.1, -1.0, float("nan"), float("inf")])
def test_a_beam_that_makes_no_pions_is_refused(energy):
    with pytest.raises(PhysicsError, match="beam energy"):
        replace(FIT, beam_kinetic_energy=energy)


def test_hydrogen_needs_pions_at_every_angle():
    with pytest.raises(PhysicsError, match="pi\\+ at every angle"):
        BurmanSmith(0.3, 1)


# --- as a MesonSource
def integral(p_range=(0.0, SOURCE.largest_momentum), theta_range=(0.0, np.pi)):
    """Simpson's rule for d2N/dp dtheta."""
    p, theta = np.linspace(*p_range, 241), np.linspace(*theta_range, 361)
    return simpson(simpson(SOURCE.density("pi0", p[:, None], theta), x=theta), x=p)


def test_pions_per_proton():
    assert integral() == pytest.approx(0.06, rel=1e-5)
    assert SOURCE.card.beam.energy_GeV - M_P / 1e3 == pytest.approx(0.798, rel=1e-9)
    assert [(t.charge, t.share) for t in SOURCE.card.targets] == [(8, 0.51), (74, 0.49)]


def test_the_published_shape_is_an_override():
    carbon = MesonSource(LSND, {"targets": [{"name": "carbon", "charge": 6, "share": 1.0}]})
    p, theta = np.random.default_rng(3).random((2, 300)) * [[0.78], [np.pi]]
    fit = BurmanSmith(0.798, 6)
    expected = 0.06 / total(6, 798 - M_PI0) * density(fit, p, theta) * 2 * np.pi * np.sin(theta)
    np.testing.assert_allclose(carbon.density("pi0", p, theta), expected, rtol=1e-5)
    np.testing.assert_array_equal(
        SOURCE.alternatives["carbon"].density("pi0", p, theta), carbon.density("pi0", p, theta)
    )


def test_samples_follow_the_density_in_momentum_and_angle():
    n = 200_000
    p, theta, weight = SOURCE.sample("pi0", n, seed=4)
    assert abs(pull(n * weight, 0.06)) < 4.5
    assert np.sum(weight) ** 2 / (n * np.sum(weight**2)) > 0.95
    pulls = []
    for a, b in pairwise(np.append(np.linspace(0, 0.75, 11), SOURCE.largest_momentum)):
        for c, d in pairwise(np.linspace(0, np.pi, 11)):
            inside = (p >= a) & (p < b) & (theta >= c) & (theta < d)
            if np.sum(inside) > 50:
                pulls.append(pull(n * weight * inside, integral((a, b), (c, d))))
    assert len(pulls) > 50
    assert np.max(np.abs(pulls)) < 5.0
    assert np.sum(np.square(pulls)) < chi2.isf(1e-5, len(pulls))


def test_the_weight_is_the_density_over_the_sampling_density():
    p, theta, weight = SOURCE.draw("pi0", np.random.default_rng(5).random((3, 100_000)))
    assert np.all((p > 0) & (p <= SOURCE.largest_momentum) & (theta >= 0) & (theta <= np.pi))
    assert np.max(weight) < 1.85 * np.mean(weight)  # found: 1.67


WRONG = {
    "pi0_per_pot": ({"pi0_per_pot": 0.0}, "pi0_per_pot.*greater than 0"),
    "no beam": ({"beam.energy_GeV": 1.0}, "beam.energy_GeV: the beam energy"),
    "Z = 0": ({"targets.water.charge": 0}, "targets.*charge.*greater than or equal to 1"),
    "half a charge": ({"targets.water.charge": 7.5}, "targets.*charge.*whole number"),
    "shares": ({"targets.water.share": 0.6}, "shares of targets add up to 1.09, not 1"),
    "no target": ({"targets": []}, "targets.*at least one"),
    "twice": ({"targets.water.name": "tungsten"}, "'tungsten' stands twice"),
    "B": ({"parameters.end_point_width_MeV": 0.0}, "end_point_width_MeV.*greater than 0"),
    "key": ({"parameters.B": 25.0}, "unknown key 'parameters.B'; known: "),
}


@pytest.mark.parametrize(("overrides", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_card_is_one_line(overrides, message):
    with pytest.raises(CardError, match=f"{LSND}.toml: .*{message}") as error:
        MesonSource(LSND, overrides)
    assert "\n" not in str(error.value)


def test_there_is_no_eta():
    with pytest.raises(CardError, match="ratios has no 'eta'"):
        SOURCE.density("eta", 0.3, 0.1)


@pytest.mark.parametrize(
    ("overrides", "remark"),
    [
        ({"beam.energy_GeV": 1.838272}, "a beam of 0.9 GeV is outside the 0.585 to 0.8 GeV of the fit"),
        ({"targets.tungsten.charge": 92}, "Z = 92 is above the 82 of the fit"),
    ],
)
def test_outside_the_range_of_the_fit_there_is_a_warning_and_a_remark(overrides, remark):
    assert SOURCE.validity_remarks() == []
    with pytest.warns(ValidityWarning, match=remark):
        source = MesonSource(LSND, overrides)
    assert source.validity_remarks() == [f"flux {LSND}: {remark}"]


TEXT = """
schema = 1
name = "near"
topology = "decay_in_flight"
[[references]]
key = "none"
title = "A test"
gives = "nothing"
grade = "C"
[beam]
particle = "proton"
kinetic_energy_GeV = 0.798
pot = 1e23
[source]
flux = "burman-smith-lsnd"
mesons = ["pi0"]
[geometry]
shape = "sphere"
centre_m = [0.0, -4.65, 29.8]
radius_m = 2.5
[signal]
final_states = ["a gamma"]
[observed]
n_limit = 110.0
"""


@pytest.fixture
def near(tmp_path):
    path = tmp_path / "near.toml"
    path.write_text(TEXT)
    return lambda **keys: Experiment(str(path), overrides=keys)


def test_the_mark_is_on_the_limit(near):
    from darkmc import DarkAxionPortal

    plain = near()
    sample = plain.simulate(DarkAxionPortal(0.03), n_samples=8192)
    assert "of the fit" not in plain.limit(sample).reason
    with pytest.warns(ValidityWarning):
        marked = near(**{"flux.targets.tungsten.charge": 92})
    assert f"flux {LSND}: Z = 92 is above the 82 of the fit" in marked.limit(sample).reason


def test_turned_and_analogue_mesons_agree(near):
    from darkmc import DarkAxionPortal

    portal = DarkAxionPortal(0.01)
    turned = near().simulate(portal, n_samples=60_000, at=1e-5).expected_events(1e-5)
    analogue = near(**{"simulation.biasing": "none"}).simulate(portal, n_samples=1_000_000, at=1e-5)
    other = analogue.expected_events(1e-5)
    assert turned.error < 0.02 * turned.value
    assert abs(turned.value - other.value) < 4.5 * np.hypot(turned.error, other.error)
    assert other.error < 0.05 * other.value
