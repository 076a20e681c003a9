"""Neutrino masses: mpmath for splittings down to eV, and the round trip through Casas-Ibarra."""

import numpy as np
import pytest
from mpmath import mp, mpf

from darkmc import gminus2
from darkmc.core.errors import PhysicsError

LIGHT = 1e-9 * np.array([0.001, 0.0086, 0.05])


def loop_factor(fermion, even, odd, theta_r, theta_i):
    """[U1D] eqs. 18 to 20 with 45 digits."""

    def f(m):
        x = (mpf(m) / mpf(fermion)) ** 2
        return mpf(1) if x == 1 else mpf(0) if x == 0 else x * mp.log(x) / (x - 1)

    terms = mp.cos(theta_r) ** 2 * f(even[0]) + mp.sin(theta_r) ** 2 * f(even[1])
    terms -= mp.cos(theta_i) ** 2 * f(odd[0]) + mp.sin(theta_i) ** 2 * f(odd[1])
    return float(fermion * terms / (16 * mp.pi**2))


@pytest.mark.parametrize("split", [1e-12, 1e-9, 1e-6, 1e-3, 10.0])
@pytest.mark.parametrize("angle_split", [0.0, 1e-10, 0.3])
def test_loop_factors_against_mpmath(split, angle_split):
    """Splittings from meV to 10 GeV at 100 and 700 GeV, fermions from 1 keV to 1e9 GeV and degenerate."""
    even, odd = np.array([100.0, 700.0]), np.array([100.0 + split, 700.0 - 0.3 * split])
    theta_r, theta_i = 0.4, 0.4 + angle_split
    fermions = np.array([1e-6, 1.0, 100.0, 100.0 * (1 + 1e-13), 650.0, 1e9])
    found = gminus2.neutrino_loop_factors(fermions, even, odd, theta_r, theta_i)
    expected = [loop_factor(m, even, odd, theta_r, theta_i) for m in fermions]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_random_loop_factors_over_twelve_decades():
    rng = np.random.default_rng(2)
    for _ in range(40):
        fermion, *scalars = 10 ** rng.uniform(-3, 3, 5)
        even, odd = scalars[:2], scalars[2:]
        found = gminus2.neutrino_loop_factors([fermion], even, odd, 0.0, 0.0)
        assert found[0] == pytest.approx(loop_factor(fermion, even, odd, 0.0, 0.0), rel=1e-10)
        wide = gminus2.neutrino_loop_factors([1.0], [1e6 * even[0], 1.0], [1e-6 * odd[0], 1.0], 0.0, 0.0)
        expected = loop_factor(1.0, [1e6 * even[0], 1.0], [1e-6 * odd[0], 1.0], 0.0, 0.0)
        assert wide[0] == pytest.approx(expected, rel=1e-10)


def test_equal_scalars_give_no_mass_and_massless_ones_are_allowed():
    equal = gminus2.neutrino_loop_factors([1.0, 2.0], [3.0, 4.0], [3.0, 4.0], 0.2, 0.2)
    np.testing.assert_array_equal(equal, 0.0)
    massless = gminus2.neutrino_loop_factors([1.0], [0.0, 2.0], [1.0, 2.0], 0.0, 0.0)
    assert massless[0] == pytest.approx(-1 / (16 * np.pi**2), rel=1e-10)


def random_mixing(rng):
    unitary, _ = np.linalg.qr(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))
    return unitary


def complex_rotation(rng):
    """Return exp of a complex antisymmetric matrix: R^T R = 1."""
    a = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    values, vectors = np.linalg.eig(a - a.T)
    return vectors @ np.diag(np.exp(values)) @ np.linalg.inv(vectors)


@pytest.mark.parametrize("split", [1e-6, 1.0, -1.0])
def test_round_trip(split):
    """M_nu = U* D U^dagger by Casas and Ibarra; a negative splitting turns all signs of Lambda."""
    rng = np.random.default_rng(7)
    scalars = ([500.0, 900.0], [500.0 + split, 900.0 + split], 0.3, 0.3)
    fermions = np.array([300.0, 500.0, 2000.0])
    factors = gminus2.neutrino_loop_factors(fermions, *scalars)
    for rotation in (np.eye(3), complex_rotation(rng)):
        mixing = random_mixing(rng)
        yukawa = gminus2.casas_ibarra(mixing, LIGHT, rotation, factors)
        found = gminus2.neutrino_mass_matrix(yukawa, fermions, *scalars)
        expected = np.conj(mixing) @ np.diag(LIGHT) @ np.conj(mixing).T
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-10 * LIGHT.max())
        np.testing.assert_allclose(found, found.T, rtol=1e-12)


def test_two_fermions_make_two_masses():
    scalars = ([500.0, 900.0], [501.0, 902.0], 0.1, 0.1)
    factors = gminus2.neutrino_loop_factors([300.0, 400.0], *scalars)
    angle = 0.7
    rotation = np.array([[0.0, np.cos(angle), -np.sin(angle)], [0.0, np.sin(angle), np.cos(angle)]])
    light = np.array([0.0, 8.6e-12, 5e-11])
    with pytest.raises(PhysicsError, match="rotation"):
        gminus2.casas_ibarra(np.eye(3), light, 1.001 * rotation, factors)
    yukawa = gminus2.casas_ibarra(np.eye(3), light, rotation, factors)
    found = gminus2.neutrino_mass_matrix(yukawa, [300.0, 400.0], *scalars)
    np.testing.assert_allclose(found, np.diag(light), rtol=1e-12, atol=1e-12 * light[-1])


def test_leading_axes_broadcast():
    fermions = np.array([[300.0, 400.0, 500.0], [30.0, 40.0, 50.0]])
    even, odd = np.array([[500.0, 900.0], [600.0, 700.0]]), np.array([501.0, 902.0])
    theta = np.array([0.1, 0.2])
    yukawa = np.random.default_rng(1).normal(size=(2, 3, 3))
    together = gminus2.neutrino_mass_matrix(yukawa, fermions, even, odd, theta, 0.3)
    for k in range(2):
        alone = gminus2.neutrino_mass_matrix(yukawa[k], fermions[k], even[k], odd, theta[k], 0.3)
        np.testing.assert_allclose(together[k], alone, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fermion_masses": [0.0]}, "fermion_masses must be between"),
        ({"m_scalars_r": [1.0, -2.0]}, "m_scalars_r must be zero or between"),
        ({"m_scalars_i": [1.0]}, "two masses each"),
        ({"theta_r": np.nan}, "theta_r must be finite"),
        ({"yukawa": np.ones((3, 2))}, "one column per fermion"),
        ({"yukawa": np.full((3, 1), np.nan)}, "yukawa must hold finite numbers"),
        ({"yukawa": np.ones(1)}, "yukawa must be a matrix"),
        ({"fermion_masses": 1.0}, "list of masses"),
        ({"theta_r": [0.1, 0.2], "theta_i": [0.1, 0.2, 0.3]}, "do not broadcast"),
        ({"theta_r": [0.1, 0.2], "yukawa": np.ones((3, 3, 1))}, "do not broadcast"),
    ],
)
def test_bad_input(change, message):
    good = {
        "yukawa": np.ones((3, 1)),
        "fermion_masses": [1.0],
        "m_scalars_r": [1.0, 2.0],
        "m_scalars_i": [1.0, 3.0],
        "theta_r": 0.0,
        "theta_i": 0.0,
    }
    with pytest.raises(PhysicsError, match=message):
        gminus2.neutrino_mass_matrix(**good | change)


def test_a_fermion_that_gives_no_mass_has_no_coupling():
    with pytest.raises(PhysicsError, match="loop factor is zero"):
        gminus2.casas_ibarra(np.eye(3), LIGHT, np.eye(3), [1.0, 0.0, 1.0])


OWN = {"mixing": np.eye(3), "light_masses": LIGHT, "rotation": np.eye(3), "loop_factors": np.ones(3)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mixing": np.full((3, 3), np.nan)}, "mixing must hold finite numbers"),
        ({"rotation": np.full((3, 3), np.nan)}, "rotation must hold finite numbers"),
        ({"loop_factors": [1.0, np.nan, 1.0]}, "loop_factors must be finite"),
        ({"mixing": "unity"}, "mixing must hold finite numbers"),
        ({"mixing": np.ones(3)}, "mixing must be a matrix"),
        ({"mixing": np.diag([1.0, 1.0, 1.0 + 1e-8])}, "mixing must be unitary"),
        ({"mixing": np.eye(2)}, "takes U"),
        ({"light_masses": LIGHT[:2]}, "takes U"),
        ({"loop_factors": [1.0, 1.0]}, "takes U"),
        ({"rotation": np.ones((2, 3, 3)), "mixing": np.ones((3, 3, 3))}, "do not broadcast"),
    ],
)
def test_bad_input_of_casas_ibarra(change, message):
    with pytest.raises(PhysicsError, match=message) as caught:
        gminus2.casas_ibarra(**OWN | change)
    assert "\n" not in str(caught.value)
