"""The inverse table is exact whatever its resolution: means against scipy.quad, distributions against CDFs.

Statistical tests: fixed seeds; every pull or chi2 has a chance of failure of at most 1e-5.
"""

from itertools import pairwise

import numpy as np
import pytest
from helpers import bin_chi2
from scipy.integrate import quad
from scipy.stats import chi2

from darkmc.core.errors import PhysicsError
from darkmc.core.inverse_tables import InverseTable, converged, gauss_legendre, threshold_quadrature

N = 200_000


def random_shape(seed):
    """Return a smooth positive function with several humps."""
    rng = np.random.default_rng(seed)
    height, centre, width = rng.uniform(0.1, 1, 5), rng.uniform(0, 3, 5), rng.uniform(0.1, 1, 5)
    return lambda x: sum(
        h * np.exp(-0.5 * ((x - c) / w) ** 2) for h, c, w in zip(height, centre, width, strict=True)
    )


# density, low, high, power at either end
SHAPES = {
    "flat": (lambda x: 0.0 * x + 2.5, -1.0, 4.0, 1.0, 1.0),
    "straight": (lambda x: 1.0 + x, 0.0, 3.0, 1.0, 1.0),
    "square root at the low end": (lambda x: np.sqrt(x - 1.0), 1.0, 2.0, 1.5, 1.0),
    "3/2 and cube": (lambda x: (x - 1.0) ** 1.5 * (3.0 - x) ** 3, 1.0, 3.0, 2.5, 4.0),
    "cube and cube": (lambda x: x**3 * (1.0 - x) ** 3, 0.0, 1.0, 4.0, 4.0),
    "cube at the high end only": (lambda x: (1.0 - x) ** 3 + 0.0 * x, 0.0, 1.0, 1.0, 4.0),
    "powers understated": (lambda x: x**3 * (1.0 - x) ** 3, 0.0, 1.0, 2.0, 3.0),
    "powers not given": (lambda x: x**2 * (2.0 - x), 0.0, 2.0, 1.0, 1.0),
    "exponential over 6 decades": (lambda x: np.exp(-x), 0.0, 14.0, 1.0, 1.0),
    "narrow peak": (lambda x: np.exp(-0.5 * ((x - 0.3) / 0.03) ** 2), 0.0, 1.0, 1.0, 1.0),
    "tiny scale": (lambda x: 1e-30 * x * (1e-6 - x), 0.0, 1e-6, 2.0, 2.0),
    **{f"random {seed}": (random_shape(seed), 0.0, 3.0, 1.0, 1.0) for seed in range(4)},
}
POWERS_GIVEN = [
    "flat",
    "straight",
    "square root at the low end",
    "3/2 and cube",
    "cube and cube",
    "tiny scale",
]
each_shape = pytest.mark.parametrize(
    ("density", "low", "high", "power_low", "power_high"), SHAPES.values(), ids=SHAPES.keys()
)


def integral(density, low, high):
    return quad(lambda x: float(density(x)), low, high, epsabs=0, epsrel=1e-12, limit=2000, points=None)[0]


@each_shape
def test_the_stored_integral_is_that_of_quad(density, low, high, power_low, power_high):
    table = InverseTable(density, low, high, power_low, power_high)
    assert table.integral == pytest.approx(integral(density, low, high), rel=1e-8)


@each_shape
@pytest.mark.parametrize("cells", [512, 7])
def test_the_mean_weight_is_the_integral_for_any_number_of_cells(
    density, low, high, power_low, power_high, cells
):
    """Midpoints in u for 512 cells and for 7: the weight is exact, not only nearly flat."""
    table = InverseTable(density, low, high, power_low, power_high, cells=cells)
    x, slope = table.sample((np.arange(1_000_000) + 0.5) / 1_000_000)
    assert np.mean(density(x) * slope) == pytest.approx(integral(density, low, high), rel=5e-5)


@each_shape
def test_weighted_samples_follow_the_density(density, low, high, power_low, power_high):
    """chi2 over 12 bins of the mean weight in each, against quad."""
    table = InverseTable(density, low, high, power_low, power_high, cells=16)
    x, slope = table.sample(np.random.default_rng(1).random(N))
    edges = np.quantile(x, np.linspace(0, 1, 13)[1:-1])
    edges = np.concatenate([[low], edges, [np.nextafter(high, np.inf)]])
    expected = [integral(density, a, min(b, high)) for a, b in pairwise(edges)]
    assert bin_chi2(x, density(x) * slope, edges, expected) < chi2.isf(1e-5, 12)


@each_shape
def test_the_effective_share_of_a_sample_is_nearly_one(density, low, high, power_low, power_high):
    table = InverseTable(density, low, high, power_low, power_high)
    x, slope = table.sample(np.random.default_rng(2).random(N))
    weight = density(x) * slope
    assert np.sum(weight) ** 2 / (N * np.sum(weight**2)) > 0.95


@pytest.mark.parametrize("name", POWERS_GIVEN)
def test_weights_are_bounded_by_the_largest_when_the_powers_are_right(name):
    density, *interval = SHAPES[name]
    table = InverseTable(density, *interval)
    x, slope = table.sample(np.random.default_rng(2).random(N))
    largest = table.largest_weight(density)
    assert np.max(density(x) * slope) <= largest * (1 + 5e-4)
    assert table.integral * (1 - 1e-12) <= largest < 1.005 * table.integral


@each_shape
def test_the_map_is_monotone_covers_the_interval_and_returns_its_own_slope(
    density, low, high, power_low, power_high
):
    table = InverseTable(density, low, high, power_low, power_high)
    u = np.linspace(0.0, 1.0, 20_001)[:-1]
    x, _ = table.sample(u)
    assert np.all(np.diff(x) >= 0)
    assert x[0] == low
    assert table.sample(np.array([np.nextafter(1.0, 0.0)]))[0][0] == pytest.approx(
        high, abs=0.02 * (high - low)
    )
    middle = np.random.default_rng(3).uniform(0.02, 0.98, 2000)
    middle = middle[np.abs(middle - 0.5) > 1e-5]
    step = 1e-9
    (up, _), (down, _), (_, slope) = (table.sample(middle + s) for s in (step, -step, 0.0))
    difference = (up - down) / (2 * step)
    same_cell = np.abs(difference - slope) < 1e-4 * slope
    assert np.mean(same_cell) > 0.999  # the rest straddles an edge of a cell


@pytest.mark.parametrize("order", [1, 3, 20])
def test_gauss_legendre_is_exact_for_polynomials(order):
    x, w = gauss_legendre(-1.5, 2.5, order)
    for power in range(2 * order):
        exact = (2.5 ** (power + 1) - (-1.5) ** (power + 1)) / (power + 1)
        assert np.dot(w, x**power) == pytest.approx(exact, rel=1e-12)
    assert np.all((x > -1.5) & (x < 2.5))


def test_gauss_legendre_is_not_exact_beyond_its_degree():
    x, w = gauss_legendre(0.0, 1.0, 2)
    assert np.dot(w, x**4) != pytest.approx(0.2, rel=1e-3)


@pytest.mark.parametrize("power", [0.5, 1.5, 2.5, 3.0])
def test_threshold_quadrature_is_exact_for_half_integer_thresholds(power):
    """(x - low)^power (high - x)^3: the integrand of a meson's decay."""
    x, w = threshold_quadrature(0.5, 2.0, 12)
    span = 1.5 ** (power + 4)
    beta = 6.0 / ((power + 1) * (power + 2) * (power + 3) * (power + 4))
    assert np.dot(w, (x - 0.5) ** power * (2.0 - x) ** 3) == pytest.approx(span * beta, rel=1e-13)


def _peak(width):
    """Return the quadratures of a Lorentz curve about 0.3, of area near 1: hard where it is narrow."""

    def integral(order):
        x, w = gauss_legendre(0.0, 1.0, order)
        return np.sum(w * width / np.pi / ((x - 0.3) ** 2 + width**2), axis=-1)

    return integral


def test_a_quadrature_that_has_converged_is_returned_as_it_is():
    wide = np.array([[0.1], [0.2]])
    found = converged(_peak(wide), 90, 1e-8, "peak")
    exact = (np.arctan(0.7 / wide) + np.arctan(0.3 / wide)) / np.pi
    np.testing.assert_allclose(found, exact[:, 0], rtol=1e-11)
    np.testing.assert_array_equal(found, _peak(wide)(90))


@pytest.mark.parametrize("width", [np.array([[0.1], [1e-3]]), np.array([[np.nan]])])
def test_a_quadrature_that_has_not_converged_is_refused(width):
    """A peak of a thousandth of the range is missed by 90 nodes; one of two values is enough."""
    with pytest.raises(PhysicsError, match="peak: the quadrature has not converged to 1e-08"):
        converged(_peak(width), 90, 1e-8, "peak")
