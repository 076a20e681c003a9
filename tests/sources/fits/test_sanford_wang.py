"""The Sanford-Wang fit, typed again from the physics notes, section 12, against the package's density.

Statistical tests: fixed seeds; every pull (4.5 sigma) and chi2 fails by chance at most once in 1e5.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from helpers import pull
from scipy.integrate import simpson
from scipy.stats import chi2

from darkmc import CardError, MesonSource, PhysicsError, ValidityWarning
from darkmc.sources.fits.sanford_wang import SanfordWang

BEAM, INELASTIC = 8.89, 189.0
ROWS = {
    "pi+": (220.7, 1.080, 1.000, 1.978, 1.320, 5.572, 0.08680, 9.686, 1.000),
    "pi-": (213.7, 0.9379, 5.454, 1.210, 1.284, 4.781, 0.07338, 8.329, 1.000),
    "K0": (15.130, 1.975, 4.084, 0.928, 0.731, 4.362, 0.048, 13.300, 1.278),
}
PIONS = SanfordWang(BEAM, INELASTIC, (ROWS["pi+"], ROWS["pi-"]))
SIDEWAYS = np.pi / 2 * (1 - 1e-12)  # the density ends there with a step
NAME = "sanford-wang-be-8gev"
SOURCE = MesonSource(NAME)
SPECIES = pytest.mark.parametrize("meson", ["pi0", "eta"])


def typed_again(row, p, theta, beam=BEAM):
    """mb/(sr GeV) in front of 90 degrees and below p_B - c9."""
    c1, c2, c3, c4, c5, c6, c7, c8, c9 = ROWS[row]
    angle = c6 * theta * (p - c7 * beam * np.cos(theta) ** c8)
    return c1 * p**c2 * (1 - p / (beam - c9)) * np.exp(-c3 * p**c4 / beam**c5 - angle)


def density(fit, p, theta):
    p, theta = (np.atleast_1d(np.asarray(v, dtype=float)) for v in np.broadcast_arrays(p, theta))
    return fit.density(p, np.cos(theta), np.square(p * np.sin(theta)))


def over_solid_angle(function, top):
    p, theta = np.linspace(1e-9, top, 1201)[:, None], np.linspace(0, SIDEWAYS, 801)
    return simpson(simpson(function(p, theta) * 2 * np.pi * np.sin(theta), x=theta), x=p[:, 0])


@pytest.mark.parametrize(("row", "expected"), [("pi+", 197.951), ("pi-", 103.078), ("K0", 6.44253)])
def test_the_points_of_the_reference(row, expected):
    """At p = 2, theta = 0.05."""
    found = PIONS.cross_section(ROWS[row], np.array([2.0]), np.array([0.05]))[0]
    assert found == pytest.approx(expected, rel=5e-6)


@pytest.mark.parametrize(("row", "expected"), [("pi+", 158.93), ("pi-", 144.48), ("K0", 4.50)])
def test_the_totals_of_the_reference(row, expected):
    """In mb, over the forward hemisphere."""
    top = BEAM - ROWS[row][-1]
    assert over_solid_angle(lambda p, t: typed_again(row, p, t), top) == pytest.approx(expected, abs=0.01)
    fit = SanfordWang(BEAM, 1.0, (ROWS[row],))
    found = over_solid_angle(lambda p, t: density(fit, *np.broadcast_arrays(p, t)), top)
    assert found == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("beam", [6.4, 8.89, 12.3])
def test_the_formula_at_random_points(beam):
    rng = np.random.default_rng(1)
    p, theta = rng.uniform(0, beam - 1.278, 1000), 1.57 * rng.random(1000) ** 2
    for row in ROWS:
        fit = SanfordWang(beam, INELASTIC, (ROWS[row],))
        expected = typed_again(row, p, theta, beam) / INELASTIC
        np.testing.assert_allclose(density(fit, p, theta), expected, rtol=1e-9, atol=1e-30)
    pions = 0.5 * (typed_again("pi+", p, theta, beam) + typed_again("pi-", p, theta, beam)) / INELASTIC
    fit = replace(PIONS, beam_momentum=beam)
    np.testing.assert_allclose(density(fit, p, theta), pions, rtol=1e-9, atol=1e-30)


def test_nothing_outside_the_range_and_no_warnings():
    top = PIONS.largest_momentum
    assert top == pytest.approx(7.89, rel=1e-12)
    p = np.array([0.0, -1.0, top, top * 1.0001, 20.0, 1e9, 1.0, 1.0, 1e30])
    theta = np.array([0.1, 0.1, 0.0, 0.0, 0.5, 0.1, 1.5709, 3.1, 1.0])
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(density(PIONS, p, theta), 0.0)
    assert density(PIONS, top * 0.9999, 0.0)[0] > 0.0


def test_no_density_is_negative():
    """Beyond p_B - c9 the formula would be, also for one of two species."""
    mixed = SanfordWang(BEAM, INELASTIC, (ROWS["pi+"], ROWS["K0"]))
    p, theta = np.meshgrid(np.linspace(1e-3, 12, 400), np.linspace(0, np.pi, 100))
    values = density(mixed, p.ravel(), theta.ravel())
    assert np.min(values) >= 0.0
    assert typed_again("K0", 7.8, 0.0) < 0.0 < density(mixed, 7.8, 0.0)[0]
    expected = 0.5 * typed_again("pi+", 7.8, 0.0) / INELASTIC
    assert density(mixed, 7.8, 0.0)[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("momentum", [0.0, 0.9, -1.0, float("nan"), float("inf")])
def test_a_beam_that_makes_no_mesons_is_refused(momentum):
    with pytest.raises(PhysicsError, match="beam momentum"):
        replace(PIONS, beam_momentum=momentum)


def test_mesons_cannot_have_more_momentum_than_the_beam():
    with pytest.raises(PhysicsError, match="c9"):
        replace(PIONS, species=((*ROWS["pi+"][:8], -0.1),))


# --- as a MesonSource
def integral(meson, p_range=None, theta_range=(0.0, SIDEWAYS)):
    p_range = p_range or (0.0, SOURCE.shape(meson).largest_momentum)
    root, theta = np.linspace(*np.sqrt(p_range), 401), np.linspace(*theta_range, 401)
    p = root**2  # the density starts like p^0.94
    return simpson(simpson(SOURCE.density(meson, p[:, None], theta), x=theta) * 2 * root, x=root)


def test_numbers_of_the_card():
    assert np.sqrt(SOURCE.card.beam.energy_GeV**2 - 0.93827208816**2) == pytest.approx(BEAM, rel=1e-6)
    assert integral("pi0") == pytest.approx(2.5, rel=1e-5)
    assert integral("eta") == pytest.approx(2.5 / 30, rel=1e-5)
    assert SOURCE.ratio("eta") == pytest.approx(1 / 30, rel=1e-8)


def test_shapes_of_the_species():
    """Pi0 like the mean of the pions, eta like K0 or, if the card says so, like pi0."""
    p, theta = np.random.default_rng(2).random((2, 300)) * [[7.5], [1.5]]
    around = 2 * np.pi * np.sin(theta)
    pions = 0.5 * (typed_again("pi+", p, theta) + typed_again("pi-", p, theta)) * around
    kaons = typed_again("K0", p, theta) * around
    norm = 2.5 / (
        0.5 * sum(over_solid_angle(lambda *x, r=r: typed_again(r, *x), 7.89) for r in ("pi+", "pi-"))
    )
    norm_eta = 2.5 / 30 / over_solid_angle(lambda *x: typed_again("K0", *x), 7.612)
    np.testing.assert_allclose(SOURCE.density("pi0", p, theta), norm * pions, rtol=1e-5)
    np.testing.assert_allclose(SOURCE.density("rho0", p, theta), 0.05 * norm * pions, rtol=1e-5)
    np.testing.assert_allclose(SOURCE.density("eta", p, theta), norm_eta * kaons, rtol=1e-5)
    like_pions = SOURCE.alternatives["eta-like-pi0"].density("eta", p, theta)
    np.testing.assert_allclose(like_pions, norm / 30 * pions, rtol=1e-5)
    assert SOURCE.density("eta", 7.7, 0.01) == 0.0 < SOURCE.density("pi0", 7.7, 0.01)


def test_the_fits_own_normalisation(tmp_path):
    """Without pi0_per_pot: (158.93 + 144.48)/2 mb over the inelastic cross section, eta = pi0/30."""
    text = SOURCE.loaded.text.replace("pi0_per_pot = 2.5", "", 1)
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    own = MesonSource(str(path), {"target_interaction": 0.5})
    expected = 0.5 * 0.5 * (158.93 + 144.48) / INELASTIC
    for meson, ratio in (("pi0", 1.0), ("eta", 1 / 30)):
        assert own.sample(meson, 100_000)[2].sum() == pytest.approx(ratio * expected, rel=1e-3)


@SPECIES
def test_samples_follow_the_density_in_momentum_and_angle(meson):
    n = 100_000
    p, theta, weight = SOURCE.sample(meson, n, seed=4)
    assert abs(pull(n * weight, integral(meson))) < 4.5
    assert np.sum(weight) ** 2 / (n * np.sum(weight**2)) > 0.95
    pulls = []
    for a, b in pairwise(
        np.array([0, 0.2, 0.4, 0.6, 0.9, 1.2, 1.6, 2.0, 3.0, 4.5, SOURCE.shape(meson).largest_momentum])
    ):
        for c, d in pairwise(np.array([0, 0.05, 0.1, 0.15, 0.21, 0.3, 0.4, 0.6, 0.9, SIDEWAYS])):
            inside = (p >= a) & (p < b) & (theta >= c) & (theta < d)
            if np.sum(inside) > 50:
                pulls.append(pull(n * weight * inside, integral(meson, (a, b), (c, d))))
    assert len(pulls) > 50
    assert np.max(np.abs(pulls)) < 5.0
    assert np.sum(np.square(pulls)) < chi2.isf(1e-5, len(pulls))


@SPECIES
def test_the_weight_is_the_density_over_the_sampling_density(meson):
    p, theta, weight = SOURCE.draw(meson, np.random.default_rng(5).random((3, 100_000)))
    assert np.all((p > 0) & (p < SOURCE.shape(meson).largest_momentum) & (theta >= 0) & (theta <= np.pi / 2))
    assert np.max(weight) < 1.5 * np.mean(weight)  # found: 1.34


@SPECIES
def test_turned_mesons_have_bounded_weights(meson):
    """The forward density ends linearly at an edge of its own; the map of the momentum knows both."""
    top = SOURCE.shape(meson).largest_momentum
    assert top == pytest.approx(7.89 if meson == "pi0" else 7.612, rel=1e-7)
    table = SOURCE.shape(meson).momentum_table(lambda p: SOURCE.proposal(meson, p))
    momentum, slope = table.sample(np.random.default_rng(6).random(200_000))
    weight = SOURCE.proposal(meson, momentum) * slope
    assert np.max(weight) < 3.1 * np.mean(weight)  # found: 2.0 and 2.8
    p = np.linspace(0, top, 20_001)
    assert abs(pull(weight, simpson(SOURCE.proposal(meson, p), x=p))) < 4.5


WRONG = {
    "no beam": ({"beam.energy_GeV": 1.2}, "beam.energy_GeV: beam momentum above c9"),
    "eight numbers": ({"parameters.K0": [1.0] * 8}, "parameters.K0"),
    "a shape without ratio": ({"shapes.eta_prime": "K0"}, "shapes.eta_prime: ratios says nothing"),
    "an unknown shape": ({"shapes.eta": "K+"}, "shapes.eta.*'pi0' or 'K0'"),
    "another meson": ({"ratios.etaa": 0.1}, "etaa"),
    "key": ({"parameters.pi_plu": [1.0] * 9}, "unknown key 'parameters.pi_plu' .nearest: 'pi_plus'"),
}


@pytest.mark.parametrize(("overrides", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_card_is_one_line(overrides, message):
    with pytest.raises(CardError, match=f"{NAME}.toml: .*{message}") as error:
        MesonSource(NAME, overrides)
    assert "\n" not in str(error.value)


def test_outside_the_range_of_the_fit_there_is_a_warning_and_a_remark():
    assert SOURCE.validity_remarks() == []
    with pytest.warns(ValidityWarning, match="a beam of 20 GeV is outside the 5.5 to 11.4 GeV of the fit"):
        source = MesonSource(NAME, {"beam.energy_GeV": 20.938272})
    assert len(source.validity_remarks()) == 1
