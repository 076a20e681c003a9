"""MesonSource: normalisation, ratios, and the sampler against integrals of its own density.

Statistical tests: fixed seeds; every pull (4.5 sigma) and chi2 fails by chance at most once in 1e5.
"""

from itertools import pairwise

import numpy as np
import pytest
from helpers import pull
from scipy.optimize import minimize
from scipy.stats import chi2

from darkmc import CardError, MesonSource, PhysicsError, list_fluxes
from darkmc.core.particles import canonical_name

N = 200_000
FIRST = {"cascade": "none"}  # first interactions: the fit itself
SOURCE = MesonSource("bmpt-cu-400", FIRST)


def integral(source, meson, p_range=(1e-4, 399.0), theta_range=(1e-7, np.pi), panels=24, order=12):
    """Integral of d2N/dp dtheta by composite Gauss-Legendre in ln p and ln theta."""

    def nodes(low, high):
        x, w = np.polynomial.legendre.leggauss(order)
        edges = np.linspace(np.log(low), np.log(high), panels + 1)
        half = np.diff(edges)[:, None] / 2
        y = (edges[:-1, None] + half * (1 + x)).ravel()
        return np.exp(y), np.exp(y) * (half * w).ravel()

    (p, wp), (theta, wt) = nodes(*p_range), nodes(*theta_range)
    return wp @ source.density(meson, p[:, None], theta) @ wt


@pytest.mark.parametrize(
    ("p_min", "expected", "tolerance"), [(0.3, 4.272, 2e-4), (1e-4, 4.451, 2e-4), (10.0, 1.3052, 1e-4)]
)
def test_pions_per_proton_of_the_methods(p_min, expected, tolerance):
    assert integral(SOURCE, "pi0", (p_min, 399.0), panels=60) == pytest.approx(expected, rel=tolerance)


def test_the_density_in_theta_is_the_one_per_solid_angle_times_the_circle():
    p, theta = np.array([0.5, 20.0, 200.0]), np.array([1.0, 0.01, 2e-3])
    per_solid_angle = SOURCE.density_per_solid_angle("pi0", p, np.cos(theta), (p * np.sin(theta)) ** 2)
    np.testing.assert_allclose(SOURCE.density("pi0", p, theta), 2 * np.pi * np.sin(theta) * per_solid_angle)
    np.testing.assert_array_equal(
        SOURCE.proposal("pi0", p), SOURCE.density_per_solid_angle("pi0", p, np.ones(3), np.zeros(3))
    )


def test_a_proposal_takes_any_shape_and_whole_numbers():
    p = np.array([10.0, 20.0, 40.0, 80.0])
    flat = SOURCE.proposal("pi0", p)
    np.testing.assert_array_equal(SOURCE.proposal("pi0", p.reshape(2, 2)), flat.reshape(2, 2))
    np.testing.assert_array_equal(SOURCE.proposal("pi0", p.astype(int)), flat)
    assert SOURCE.proposal("pi0", np.array(20.0)) == flat[1]


def test_the_density_broadcasts_and_gives_numbers_for_numbers():
    p, theta = np.linspace(1, 100, 4)[:, None], np.linspace(1e-3, 0.1, 3)
    table = SOURCE.density("pi0", p, theta)
    assert table.shape == (4, 3)
    assert np.ndim(SOURCE.density("pi0", 30.0, 0.01)) == 0
    assert SOURCE.density("pi0", p[2, 0], theta[1]) == pytest.approx(table[2, 1], rel=1e-13)


def test_outside_the_range_the_density_is_zero_without_warnings():
    p = np.array([-1.0, 0.0, np.inf, 399.9, 1e6, 50.0, 50.0, 50.0, 50.0])
    theta = np.array([0.01, 0.01, 0.01, 0.0, 0.1, -0.01, 3.2, 2.0, 0.0])
    with np.errstate(all="raise", under="ignore"):
        assert np.isnan(SOURCE.density("pi0", [np.nan, 50.0], [0.1, np.nan])).all()
        np.testing.assert_array_equal(SOURCE.density("pi0", p, theta), 0.0)


def test_a_partial_target_scales_the_density():
    half = MesonSource("bmpt-cu-400", overrides={"target_interaction": 0.5, **FIRST})
    for p, theta in ((3.0, 0.1), (100.0, 1e-3)):
        assert half.density("pi0", p, theta) == pytest.approx(
            0.5 * SOURCE.density("pi0", p, theta), rel=1e-14
        )


@pytest.mark.parametrize("overrides", [{}, {"target_interaction": 0.3}, {"alpha_below_zero_xF": "frozen"}])
def test_a_given_number_of_pions_rescales_the_integral(overrides):
    scaled = MesonSource("bmpt-cu-400", overrides={"pi0_per_pot": 2.4, **FIRST, **overrides})
    assert integral(scaled, "pi0", panels=60) == pytest.approx(2.4, rel=1e-4)
    plain = MesonSource("bmpt-cu-400", overrides={**FIRST, **overrides})
    p, theta = np.array([2.0, 30.0, 200.0]), np.array([0.1, 0.01, 1e-3])
    ratio = scaled.density("pi0", p, theta) / plain.density("pi0", p, theta)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-13)


BIASED = {"theta_max_bias": True, "pi0_per_pot": 2.4, **FIRST}


def test_the_biased_density_is_its_sampler_and_its_number():
    source = MesonSource("bmpt-cu-400", BIASED)
    assert integral(source, "pi0", panels=60) == pytest.approx(2.4, rel=1e-3)
    p, theta, weight = source.sample("pi0", 200_000, seed=3)
    assert np.sum(weight) == pytest.approx(2.4, rel=1e-3)
    assert np.sum(weight * p) / 2.4 == pytest.approx(33.1, rel=0.01)
    assert np.max(theta) <= np.pi / 2
    unbiased, _, share = SOURCE.sample("pi0", 200_000, seed=3)
    assert np.sum(share * unbiased) / np.sum(share) == pytest.approx(12.5, rel=0.01)


def test_a_biased_density_without_a_number_of_pions_is_refused():
    with pytest.raises(CardError, match="theta_max_bias needs pi0_per_pot"):
        MesonSource("bmpt-cu-400", {"theta_max_bias": True})


def test_frozen_a_dependence_lowers_the_backward_mesons_only():
    frozen = MesonSource("bmpt-cu-400", overrides={"alpha_below_zero_xF": "frozen", **FIRST})
    assert frozen.density("pi0", 0.5, 0.8) < SOURCE.density("pi0", 0.5, 0.8)
    assert frozen.density("pi0", 50.0, 0.005) == SOURCE.density("pi0", 50.0, 0.005)


@pytest.mark.parametrize("meson", [m for m in SOURCE.card.ratios if canonical_name(m) != "pi0"])
def test_other_mesons_are_a_ratio_times_the_pions(meson):
    ratio = SOURCE.card.ratios[meson]
    assert SOURCE.ratio(meson) == ratio
    p, theta = np.array([1.0, 30.0, 300.0]), np.array([0.5, 0.01, 1e-3])
    np.testing.assert_allclose(
        SOURCE.density(meson, p, theta), ratio * SOURCE.density("pi0", p, theta), rtol=1e-13
    )


def test_eta_per_pion_is_that_of_the_founding_paper():
    assert SOURCE.ratio("eta") == 0.078
    assert SOURCE.ratio("pi0") == 1.0


def test_unknown_mesons_suggest_the_nearest():
    with pytest.raises(PhysicsError, match="unknown particle 'etaa' \\(nearest: 'eta'\\)"):
        SOURCE.density("etaa", 1.0, 0.1)
    with pytest.raises(CardError, match=r"bmpt-cu-400.toml: ratios has no 'tau'; known: "):
        SOURCE.sample("tau", 10)


def test_the_largest_ratio_to_the_forward_density():
    """1.0866 per solid angle on Cu (the stated bound 1.087): b' and the A-dependence rise with pT."""

    def ratio(x):
        p, theta = np.exp(np.array([x[0]])), np.exp(np.array([x[1]]))
        value = SOURCE.density_per_solid_angle("pi0", p, np.cos(theta), (p * np.sin(theta)) ** 2)
        return float(value[0] / SOURCE.proposal("pi0", p)[0])

    p, theta = np.geomspace(0.05, 398, 200), np.geomspace(1e-5, np.pi, 400)
    flat_p, flat_theta = (g.ravel() for g in np.meshgrid(p, theta, indexing="ij"))
    values = SOURCE.density_per_solid_angle(
        "pi0", flat_p, np.cos(flat_theta), (flat_p * np.sin(flat_theta)) ** 2
    )
    values /= SOURCE.proposal("pi0", flat_p)
    best = np.argmax(values)
    start = np.log([flat_p[best], flat_theta[best]])
    top = minimize(lambda x: -ratio(x), start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10})
    assert -top.fun == pytest.approx(1.0866, abs=1e-4)


@pytest.mark.parametrize("name", [n for n in list_fluxes() if n.startswith("bmpt")])
@pytest.mark.parametrize("meson", ["pi0", "eta"])
def test_the_weights_of_a_sample_sum_to_the_mesons_per_proton(name, meson):
    source = MesonSource(name)
    weight = source.sample(meson, N, seed=3)[2]
    assert abs(pull(N * weight, integral(source, meson, panels=60))) < 4.5
    assert np.all(weight >= 0)


def test_samples_follow_the_density_in_momentum_and_angle():
    """Pulls of 12 x 10 bins against integrals of the density; chi2 and each pull."""
    p, theta, weight = SOURCE.sample("pi0", N, seed=4)
    p_edges = np.concatenate([[0.02], np.geomspace(0.3, 300, 12)])
    theta_edges = np.concatenate([[1e-7], np.geomspace(3e-4, 0.9, 9), [np.pi]])
    pulls = []
    for a, b in pairwise(p_edges):
        for c, d in pairwise(theta_edges):
            inside = (p >= a) & (p < b) & (theta >= c) & (theta < d)
            if np.sum(inside) > 50:
                exact = integral(SOURCE, "pi0", (a, b), (c, d), panels=3)
                pulls.append(pull(N * weight * inside, exact))
    assert len(pulls) > 50
    assert np.max(np.abs(pulls)) < 5.0
    assert np.sum(np.square(pulls)) < chi2.isf(1e-5, len(pulls))


def test_the_weight_is_the_density_over_the_sampling_density():
    """The efficiency of the sample and the bound on its weights."""
    uniform = np.random.default_rng(5).random((3, N))
    p, theta, weight = SOURCE.draw("pi0", uniform)
    assert np.all((p > 0) & (p < SOURCE.largest_momentum) & (theta >= 0) & (theta <= np.pi))
    assert np.sum(weight) ** 2 / (N * np.sum(weight**2)) > 0.8
    assert np.max(weight) < 1.85 * np.mean(weight)  # found: 1.67


def test_momentum_and_angle_are_drawn_with_numbers_of_their_own():
    """One cell of the sampler: the third number moves the angle alone."""
    uniform = np.array([np.full(50, 0.37), np.full(50, 0.6), np.linspace(0, 0.99, 50)])
    p, theta, _ = SOURCE.draw("pi0", uniform)
    assert np.all(p == p[0])
    assert np.all(np.diff(theta) > 0)
    assert np.all(np.diff(SOURCE.draw("pi0", uniform[[0, 2, 1]])[0]) > 0)


def test_the_same_seed_gives_the_same_mesons_and_a_longer_sample_starts_with_them():
    p, theta, weight = SOURCE.sample("pi0", 5000, seed=6)
    p2, theta2, weight2 = SOURCE.sample("pi0", 9000, seed=6)
    np.testing.assert_array_equal(p[:4096], p2[:4096])
    np.testing.assert_array_equal(theta[:4096], theta2[:4096])
    np.testing.assert_allclose(weight[:4096] * 5000, weight2[:4096] * 9000, rtol=1e-13)
    assert not np.any(p == SOURCE.sample("pi0", 5000, seed=7)[0])
    assert len(p) == 5000


def test_mesons_share_momenta_and_differ_by_their_ratio():
    p, theta, weight = SOURCE.sample("pi0", 1000, seed=8)
    p2, theta2, weight2 = SOURCE.sample("eta", 1000, seed=8)
    np.testing.assert_array_equal([p, theta], [p2, theta2])
    np.testing.assert_allclose(weight2, 0.078 * weight, rtol=1e-13)


@pytest.mark.parametrize("n", [0, -5])
def test_an_empty_sample_is_refused(n):
    with pytest.raises(PhysicsError, match="n must be at least 1"):
        SOURCE.sample("pi0", n)
