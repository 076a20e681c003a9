"""Energy resolution: shapes against scipy.stats, exact inverses, extreme inputs.

Statistical tests: fixed seeds; each fails by chance at most once in 1e5.
"""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf
from scipy.stats import crystalball, kstest, norm

from darkmc.core.errors import PhysicsError
from darkmc.signals.response import CrystalBall

BABAR = CrystalBall(alpha=0.811, n=1.79, stochastic=0.015, constant=0.01)
NO_TAIL = CrystalBall(alpha=30.0, n=2.0, stochastic=8.1e-3, constant=1.34e-2)
SHAPES = [(0.811, 1.79), (1.0, 1.05), (0.1, 2.0), (2.5, 3.0), (5.0, 40.0), (0.02, 1.5)]
each_shape = pytest.mark.parametrize(("alpha", "n"), SHAPES)
UNIFORM = np.concatenate(
    [[0.0, 1e-300, 1e-17, 1e-12, 1e-6], np.linspace(1e-4, 1 - 1e-4, 4001), 1 - 10.0 ** -np.arange(5, 16)]
)


def crystal_ball(alpha, n, lowest=-200.0):
    return CrystalBall(alpha, n, 0.015, 0.01, lowest)


@each_shape
def test_the_shape_is_scipys_renormalised(alpha, n):
    x = np.concatenate([np.linspace(-200, 8, 2001), np.linspace(-6, 6, 501)])
    lost = crystalball.cdf(-200.0, alpha, n)
    ball = crystal_ball(alpha, n)
    cdf = (crystalball.cdf(x, alpha, n) - lost) / (1 - lost)
    np.testing.assert_allclose(ball.shape_cdf(x), cdf, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ball.shape(x), crystalball.pdf(x, alpha, n) / (1 - lost), rtol=1e-12)


@pytest.mark.parametrize(
    ("alpha", "n"), [*SHAPES, (1.0, 1 + 1e-12), (1e-8, 1.79), (30.0, 1.5), (1e-3, 1e6), (20.0, 1000.0)]
)
def test_the_inverse_is_exact(alpha, n):
    ball = crystal_ball(alpha, n)
    x = ball.quantile(UNIFORM)
    assert np.all(np.isfinite(x))
    assert np.all(np.diff(x) >= 0)
    assert x[0] >= -200.0
    np.testing.assert_allclose(ball.shape_cdf(x), UNIFORM, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("alpha", "n"), [*SHAPES, (1.0, 1 + 1e-9), (1e-6, 1.79)])
def test_the_density_is_the_slope_of_the_cdf(alpha, n):
    ball = crystal_ball(alpha, n)
    parts = [-200.0, -50.0, -10.0, -alpha, 0.0, 10.0]
    for low, high in pairwise(parts):
        if low < high:
            found = quad(ball.shape, low, high, epsabs=0, epsrel=1e-12)[0]
            assert found == pytest.approx(ball.shape_cdf(high) - ball.shape_cdf(low), abs=1e-12)


def test_nothing_lies_below_the_end_of_the_tail():
    ball = crystal_ball(0.811, 1.79, lowest=-10.0)
    assert ball.shape(-10.01) == ball.shape_cdf(-10.0) == ball.shape_cdf(-1e9) == 0.0
    assert ball.quantile(0.0) == pytest.approx(-10.0, rel=1e-13)
    assert ball.quantile(1.0) == np.inf
    assert ball.shape_cdf(np.inf) == 1.0
    assert 8.0 < ball.quantile(np.nextafter(1.0, 0.0)) < 9.0


def test_the_end_of_the_tail_matters_for_a_tail_without_a_mean():
    """The physics notes, section 9 of the methods: half of the probability of BaBar's shape is tail."""
    alpha, n = BABAR.alpha, BABAR.n
    core = np.sqrt(np.pi / 2) * (1 + erf(alpha / np.sqrt(2)))

    def tail(lowest):  # of exp(-alpha^2/2) (1 - alpha/n (alpha + x))^-n down to there
        steep = alpha / n
        return np.exp(-(alpha**2) / 2) / steep / (n - 1) * (1 - (1 - steep * (alpha + lowest)) ** (1 - n))

    assert BABAR.shape_cdf(-alpha) == pytest.approx(tail(-200.0) / (tail(-200.0) + core), rel=1e-12)
    assert BABAR.shape_cdf(-alpha) == pytest.approx(0.5, abs=0.05)
    nearer = crystal_ball(alpha, n, lowest=-20.0)
    more = (core + tail(-200.0)) / (core + tail(-20.0))
    assert nearer.shape(0.0) / BABAR.shape(0.0) == pytest.approx(more, rel=1e-12)


def test_babars_resolution():
    energy = np.array([0.5, 2.2, 4.0, 5.5])
    np.testing.assert_allclose(BABAR.sigma(energy) / energy, 0.015 * energy**-0.75 + 0.01, rtol=1e-14)
    assert BABAR.sigma(0.0) == 0.0


def test_without_a_tail_it_is_gaussian():
    energy = np.array([0.1, 1.0, 3.0, 5.0])
    normal = norm.pdf(3.1, energy, 8.1e-3 * energy**0.25 + 1.34e-2 * energy)
    np.testing.assert_allclose(NO_TAIL.density(3.1, energy), normal, rtol=1e-12)


@pytest.mark.parametrize("response", [BABAR, NO_TAIL], ids=["Crystal Ball", "gaussian"])
@pytest.mark.parametrize("energy", [0.01, 2.5, 5.0])
def test_measured_energies_follow_the_cdf(response, energy):
    uniform = np.random.default_rng(1).random(100_000)
    measured = response.measured(energy, uniform)
    np.testing.assert_allclose(response.cdf(measured, energy), uniform, atol=1e-12)
    assert kstest(measured, lambda e: response.cdf(e, energy)).pvalue > 1e-5
    low, high = energy - 3 * response.sigma(energy), energy + 5 * response.sigma(energy)
    inside = quad(response.density, low, high, args=(energy,), points=[energy], epsrel=1e-10)[0]
    chance = response.cdf(high, energy) - response.cdf(low, energy)
    assert inside == pytest.approx(chance, rel=1e-8)
    count = np.sum((measured > low) & (measured < high))
    assert abs(count - 1e5 * chance) < 4.5 * np.sqrt(1e5 * chance * (1 - chance))


def test_the_peak_is_at_the_true_energy():
    for response in (BABAR, NO_TAIL):
        offsets = np.array([-0.02, 0.0, 0.02])
        assert np.argmax(response.density(4.0 + offsets, 4.0)) == 1
    assert np.median(BABAR.measured(4.0, UNIFORM)) < 4.0


def test_energies_and_numbers_broadcast():
    found = BABAR.measured(np.array([[1.0], [4.0]]), np.array([0.1, 0.5, 0.9]))
    assert found.shape == (2, 3)
    assert found[1, 1] == BABAR.measured(4.0, 0.5)


@pytest.mark.parametrize(
    "changed",
    [{"alpha": 0.0}, {"alpha": 31.0}, {"n": 1.0}, {"n": np.inf}, {"lowest": -0.5}, {"lowest": -np.inf},
     {"stochastic": -0.1}, {"stochastic": 0.0, "constant": 0.0}, {"constant": np.nan}, {"alpha": np.nan}],
    ids=str,
)  # fmt: skip
def test_bad_shapes(changed):
    good = {"alpha": 0.811, "n": 1.79, "stochastic": 0.015, "constant": 0.01, "lowest": -200.0}
    with pytest.raises(PhysicsError):
        CrystalBall(**good | changed)
