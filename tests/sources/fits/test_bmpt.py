"""The BMPT fit, typed again from the physics notes, section 12, against the package's density."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import simpson

from darkmc.core.errors import PhysicsError
from darkmc.sources.fits.bmpt import Bmpt

M_P, M_PI, M_X, COPPER = 0.93827208816, 0.13957039, 1.88, 63.546
CARD = {
    "beam_energy": 400.0,
    "mass_number": COPPER,
    "reference_mass_number": 9.0,
    "inelastic_cross_section_mb": 775.0,
    "A": 62.3,
    "B": 1.57,
    "alpha": 3.45,
    "beta": 0.517,
    "a": 6.10,
    "gamma": 0.153,
    "delta": 0.478,
    "ratio_scale": 1.05,
    "ratio_power": 2.65,
    "missing_mass": M_X,
}
FIT = Bmpt(**CARD)


def typed_again(p, theta, beam=400.0, mass_number=COPPER, largest_across=np.inf):
    """x_R, x_F, invariant pi+ and pi- cross sections on Be and the factor to the target."""
    energy, along, across = np.sqrt(p**2 + M_PI**2), p * np.cos(theta), p * np.sin(theta)
    total = np.array([beam + M_P, np.sqrt(beam**2 - M_P**2)])  # of the two protons
    root_s = np.sqrt(total[0] ** 2 - total[1] ** 2)
    energy_star = (total[0] * energy - total[1] * along) / root_s
    along_star = (total[0] * along - total[1] * energy) / root_s
    largest = (root_s**2 - M_X**2 + M_PI**2) / (2 * root_s)
    xr, xf = energy_star / largest, 2 * along_star / root_s
    inside = xr < 1
    safe, across = np.where(inside, xr, 0.5), np.where(inside, across, 0.0)
    a, b = 6.10 / safe**0.153, 6.10**2 / (2 * safe**0.478)
    plus = 62.3 * (1 - safe) ** 3.45 * (1 + 1.57 * safe) * safe**-0.517
    plus = plus * (1 + a * across + b * across**2) * np.exp(-a * across)
    minus = plus / (1.05 * (1 + safe) ** 2.65)
    softened = 0.98 + 0.21 * np.minimum(across, largest_across) ** 2
    nuclear = (mass_number / 9) ** ((0.74 - 0.55 * xf + 0.26 * xf**2) * inside * softened)
    return xr, xf, inside * plus, inside * minus, inside * nuclear


def density_typed_again(p, theta, **changes):
    """d2N/dp dOmega of pi0 per interacting proton."""
    _, _, plus, minus, nuclear = typed_again(p, theta, **changes)
    return p**2 / np.sqrt(p**2 + M_PI**2) * 0.5 * (plus + minus) * nuclear / 775.0


def density(fit, p, theta):
    p, theta = (np.atleast_1d(np.asarray(v, dtype=float)) for v in np.broadcast_arrays(p, theta))
    return fit.density(p, np.cos(theta), np.square(p * np.sin(theta)))


def random_points(n=2000):
    rng = np.random.default_rng(1)
    return 10 ** rng.uniform(-2, np.log10(380), n), np.pi * rng.random(n) ** 4


def integral(function, p_min, p_max=399.0):
    """2 pi sin(theta) dtheta dp by Simpson's rule in the logarithms of p and theta."""
    y, z = np.linspace(np.log(p_min), np.log(p_max), 751), np.linspace(np.log(1e-6), np.log(np.pi), 1251)
    p, theta = np.exp(y)[:, None], np.exp(z)[None, :]
    values = function(p, theta) * 2 * np.pi * np.sin(theta) * theta * p
    return simpson(simpson(values, x=z), x=y)


def test_the_point_of_the_reference():
    """At p = 50, theta = 0.005, E = 400: x_R, x_F, pi+ and pi- on Be, about 389 for pi+ on Cu."""
    p, theta = np.array([50.0]), np.array([0.005])
    transverse2 = np.square(p * np.sin(theta))
    _, xr, xf = FIT.scaling_variables(p, np.cos(theta))
    assert xr[0] == pytest.approx(0.1263160, rel=1e-6)
    assert xf[0] == pytest.approx(0.1239805, rel=1e-6)
    plus = FIT.invariant_cross_section(xr, transverse2, 0.0)[0]
    assert plus == pytest.approx(104.7305, rel=1e-6)
    assert plus * (COPPER / 9) ** FIT.nuclear_exponent(xf, transverse2)[0] == pytest.approx(389, rel=2e-3)
    beryllium = replace(FIT, mass_number=9.0)
    mean = density(beryllium, 50.0, 0.005)[0] * np.hypot(50.0, M_PI) / 2500 * 775
    assert 2 * mean - plus == pytest.approx(72.77530, rel=1e-6)


def test_the_formula_at_random_points():
    p, theta = random_points()
    np.testing.assert_allclose(density(FIT, p, theta), density_typed_again(p, theta), rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize(
    ("beam", "mass_number", "largest_across"),
    [(450.0, 9.012, np.inf), (120.0, 12.011, np.inf), (400.0, 183.84, 5.0)],
)
def test_other_beams_and_targets(beam, mass_number, largest_across):
    fit = replace(FIT, beam_energy=beam, mass_number=mass_number)
    p, theta = random_points(500)
    again = density_typed_again(p, theta, beam=beam, mass_number=mass_number, largest_across=largest_across)
    np.testing.assert_allclose(density(fit, p, theta), again, rtol=1e-6, atol=1e-30)


def test_scaling_variables_are_those_of_the_centre_of_mass():
    p, theta = random_points()
    energy, xr, xf = FIT.scaling_variables(p, np.cos(theta))
    again = typed_again(p, theta)
    np.testing.assert_allclose(energy, np.sqrt(p**2 + M_PI**2), rtol=1e-14)
    np.testing.assert_allclose(xr, again[0], rtol=1e-7)
    np.testing.assert_allclose(xf, again[1], rtol=1e-7, atol=1e-8)
    assert np.all(np.abs(xf) <= xr * 1.001)


def test_the_density_per_proton_needs_no_table():
    """4.272 above 0.3 GeV, 4.451 in all, 1.3052 above 10 GeV: Simpson of the formula typed here."""
    for p_min, expected, tolerance in ((0.3, 4.272, 2e-4), (1e-4, 4.451, 2e-4), (10.0, 1.3052, 1e-4)):
        again = integral(density_typed_again, p_min)
        assert again == pytest.approx(expected, rel=tolerance)


def test_nothing_outside_the_kinematic_range_and_no_warnings():
    top = FIT.largest_momentum
    p = np.array([0.0, -1.0, top * 1.0001, 399.0, 1e4, 1e30, 5.0, 30.0])
    theta = np.array([0.1, 0.1, 0.0, 0.0, 0.0, 1.0, 3.1, 1.5])
    with np.errstate(all="raise", under="ignore"):
        found = density(FIT, p, theta)
    np.testing.assert_array_equal(found, 0.0)


def test_the_largest_momentum_is_where_x_r_is_one_straight_ahead():
    top = np.array([FIT.largest_momentum])
    assert typed_again(top, 0.0)[0][0] == pytest.approx(1.0, abs=1e-6)
    assert density(FIT, top * 0.999, 0.0)[0] > 0.0


def test_the_density_goes_to_zero_smoothly_at_the_edge_and_at_rest():
    top = FIT.largest_momentum
    edge = density(FIT, top * (1 - np.array([1e-2, 1e-3, 1e-4])), 0.0)
    slope = np.diff(np.log(edge)) / np.diff(np.log([1e-2, 1e-3, 1e-4]))
    assert np.all(np.abs(slope - 3.45) < 0.2)  # (1 - x_R)^3.45
    rest = density(FIT, np.array([1e-4, 1e-5, 1e-6]), 0.5)
    np.testing.assert_allclose(rest[:-1] / rest[1:], 100, rtol=1e-2)  # p^2/E


def test_the_frozen_a_dependence_changes_the_backward_half_only():
    frozen = replace(FIT, alpha_below_zero_xF="frozen")
    p, theta = random_points()
    _, xf, plus, minus, _ = typed_again(p, theta)
    plain, found = density(FIT, p, theta), density(frozen, p, theta)
    np.testing.assert_array_equal(found[xf >= 1e-6], plain[xf >= 1e-6])
    backward = (xf < -1e-6) & (plus > 0)
    transverse2 = np.square(p * np.sin(theta)) * backward
    flat = (COPPER / 9) ** (0.74 * (0.98 + 0.21 * transverse2))
    expected = p**2 / np.hypot(p, M_PI) * 0.5 * (plus + minus) * flat / 775.0
    assert np.sum(backward) > 300
    np.testing.assert_allclose(found[backward], expected[backward], rtol=1e-6)
    assert np.all(found[backward] < plain[backward])


def test_the_transverse_factor_is_one_where_it_was_measured():
    """0.98 + 0.21 pT^2 = 1 at pT = 0.31 GeV; 0.74 at x_F = 0."""
    exponent = FIT.nuclear_exponent(np.array([0.0, 0.0]), np.array([0.02 / 0.21, 1.0]))
    np.testing.assert_allclose(exponent, [0.74, 0.74 * 1.19], rtol=1e-14)


def widest_by_bisection(p):
    """Largest angle up to pi/2 with x_R < 1 of the formula typed here."""
    low, high = np.zeros_like(p), np.full_like(p, np.pi / 2)
    high_open = typed_again(p, high)[0] < 1
    for _ in range(60):
        middle = (low + high) / 2
        inside = typed_again(p, middle)[0] < 1
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return np.where(high_open, np.pi / 2, low)


def test_the_widest_angle_is_where_x_r_is_one():
    p = np.array([1e-3, 0.9, 1.0, 14.0, 20.0, 50.0, 200.0, 380.0, 394.0])
    widest = FIT.widest_forward_angle(p)
    np.testing.assert_allclose(widest, widest_by_bisection(p), rtol=1e-6)
    assert widest[1] == pytest.approx(np.pi / 2, rel=1e-12)
    assert widest[2] < 1.5
    top = FIT.largest_momentum
    np.testing.assert_array_equal(FIT.widest_forward_angle(np.array([top * 1.001, 1e6])), 0.0)
    assert FIT.widest_forward_angle(np.array([0.0]))[0] == np.pi / 2


def test_the_biased_density_is_that_over_the_widest_angle_ahead():
    biased = replace(FIT, theta_max_bias=True)
    p, theta = random_points()
    ahead = (theta < np.pi / 2) & (p < FIT.largest_momentum)
    plain = density_typed_again(p, theta)
    expected = np.where(ahead, plain / np.maximum(widest_by_bisection(p), 1e-9), 0.0)
    np.testing.assert_allclose(density(biased, p, theta), expected, rtol=1e-6, atol=1e-30)
    assert np.sum(~ahead & (plain > 0)) > 50
    with np.errstate(all="raise", under="ignore"):
        ends = density(biased, np.array([0.0, -1.0, 1e-300, FIT.largest_momentum, 1e30]), 0.0)
    np.testing.assert_array_equal(ends, 0.0)


def test_the_biased_density_ends_no_steeper_than_the_proposal_expects():
    biased, top = replace(FIT, theta_max_bias=True), FIT.largest_momentum
    edge = density(biased, top * (1 - np.array([1e-2, 1e-3, 1e-4, 1e-5])), 0.0)
    slope = np.diff(np.log(edge)) / np.diff(np.log([1e-2, 1e-3, 1e-4, 1e-5]))
    np.testing.assert_allclose(slope, 2.95, atol=0.2)
    assert biased.edge_power - 1 < 2.95


def test_half_of_x_f_in_the_a_dependence_alone():
    halved = replace(FIT, x_F_without_2=True)
    p, theta = random_points()
    _, xf, plus, minus, _ = typed_again(p, theta)
    inside = plus > 0
    across2 = np.square(p * np.sin(theta)) * inside
    power = (0.74 - 0.55 * xf / 2 + 0.26 * (xf / 2) ** 2) * inside * (0.98 + 0.21 * across2)
    expected = p**2 / np.hypot(p, M_PI) * 0.5 * (plus + minus) * (COPPER / 9) ** power / 775.0
    np.testing.assert_allclose(density(halved, p, theta), expected, rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("energy", [0.0, 0.5, 0.938, float("nan"), float("inf")])
def test_a_beam_without_kinetic_energy_is_refused(energy):
    with pytest.raises(PhysicsError, match="beam energy"):
        replace(FIT, beam_energy=energy)


@pytest.mark.parametrize("beam", [120.0, 400.0, 800.0, 6800.0])
def test_all_momenta_up_to_those_of_the_beam_are_drawn(beam):
    """The sum of a sample, and of its fast part, against Simpson's rule over the formula typed here.

    Beyond the beams of the fit with at most 5 GeV of p_T in the A-dependence: with it, no integral exists.
    """
    import darkmc
    from darkmc.core.errors import ValidityWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ValidityWarning)
        source = darkmc.MesonSource("bmpt-cu-400", {"beam.energy_GeV": beam})

    def again(p, theta):
        across = 5.0 if beam > 450.0 else np.inf
        _, _, plus, minus, nuclear = typed_again(p, theta, beam=beam, largest_across=across)
        return p**2 / np.hypot(p, M_PI) * 0.5 * (plus + minus) * nuclear / 775.0

    with np.errstate(over="ignore"):
        total, fast = (integral(again, p_min, beam) for p_min in (1e-4, 0.3 * beam))
    momentum, _, weight = source.sample("pi0", 100_000, seed=3)
    assert np.sum(weight) == pytest.approx(total, rel=2e-3)
    hard = np.where(momentum > 0.3 * beam, weight, 0.0)
    error = np.std(hard) * np.sqrt(len(hard))
    assert abs(np.sum(hard) - fast) < 4 * error + 2e-3 * fast
    assert 0.9 * beam < momentum.max() < beam
    assert source.density("pi0", 0.9 * source.largest_momentum, 0.0005) > 0.0


@pytest.mark.parametrize(("element", "mass_number"), [("Mo", 95.95), ("W", 183.84)])
def test_no_pions_come_from_the_a_dependence_far_outside_its_data(element, mass_number):
    """Simpson's rule over the formula typed here up to 3 GeV of p_T, where 5e-4 at most are left.

    Before, A^(0.2 pT^2) outgrew the fall: 4.64 pi0 instead of 4.55 on Mo, 1.6e7 on W.
    """
    import darkmc

    sigma = 775.0 * (mass_number / COPPER) ** 0.71

    def again(p, theta):
        _, _, plus, minus, nuclear = typed_again(p, theta, mass_number=mass_number)
        pions = p**2 / np.hypot(p, M_PI) * 0.5 * (plus + minus) * nuclear / sigma
        return np.where(p * np.sin(theta) < 3.0, pions, 0.0)

    with np.errstate(over="ignore", invalid="ignore"):
        expected = integral(again, 1e-4)
    keys = {"target.element": element, "target.inelastic_cross_section_mb": sigma, "cascade": "none"}
    _, _, weight = darkmc.MesonSource("bmpt-mo-400", keys).sample("pi0", 50_000, seed=2)
    assert np.sum(weight) == pytest.approx(expected, rel=2e-3)
    assert np.std(weight) < 0.1 * np.mean(weight)


def test_at_beams_of_the_fit_the_a_dependence_is_the_formula():
    x_f, transverse2 = np.array([0.1]), np.array([100.0])
    exponent = FIT.nuclear_exponent(x_f, transverse2)[0]
    assert exponent == pytest.approx((0.74 - 0.055 + 0.0026) * 21.98, rel=1e-12)
    beyond = replace(FIT, beam_energy=451.0)
    np.testing.assert_array_equal(
        beyond.nuclear_exponent(x_f, transverse2), FIT.nuclear_exponent(x_f, np.array([25.0]))
    )
    heavier = replace(FIT, mass_number=65.38)
    np.testing.assert_array_equal(
        heavier.nuclear_exponent(x_f, transverse2), FIT.nuclear_exponent(x_f, np.array([25.0]))
    )
