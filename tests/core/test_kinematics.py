"""Boosts, rotations and two-body kinematics: conservation laws, group properties, 40-digit arithmetic.

Statistical tests: fixed seeds; each p-value or pull has a chance of failure of about 1e-5.
"""

import itertools

import mpmath
import numpy as np
import pytest
from helpers import dot, four_momentum, isotropic, pull, to_rest_frame
from scipy.stats import kstest

from darkmc.core.kinematics import (
    Rotation,
    about_z,
    around,
    azimuthal_angle,
    boost,
    boost_z,
    invariant_mass_squared,
    kallen,
    length,
    on_shell,
    perpendicular_pair,
    polar_angle,
    two_body_momentum,
    unit_vector,
)

N = 20_000
EPSILON = np.finfo(float).eps


def exact_kallen(x, y, z):
    with mpmath.workdps(60):
        x, y, z = mpmath.mpf(x), mpmath.mpf(y), mpmath.mpf(z)
        return x**2 + y**2 + z**2 - 2 * x * y - 2 * y * z - 2 * z * x


@pytest.mark.parametrize("above", [1e-1, 1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize(("root_y", "root_z"), [(1.0, 1.0), (0.3, 1e-4), (1e-3, 1e-3), (0.135, 0.0)])
def test_kallen_near_threshold_loses_only_the_digits_of_its_argument(root_y, root_z, above):
    x, y, z = (root_y + root_z) ** 2 * (1 + above), root_y**2, root_z**2
    high, low = (root_y + root_z) ** 2, (root_y - root_z) ** 2
    lost = x / (x - high) + x / (x - low)
    assert kallen(x, y, z) == pytest.approx(float(exact_kallen(x, y, z)), rel=8 * EPSILON * lost)


def test_kallen_keeps_digits_that_the_polynomial_loses():
    x, y, z = (1 + 2e-8) ** 2, 1.0, 1e-16
    exact = float(exact_kallen(x, y, z))
    polynomial = x * x + y * y + z * z - 2 * x * y - 2 * y * z - 2 * z * x
    assert kallen(x, y, z) == pytest.approx(exact, rel=1e-6)
    assert abs(polynomial / exact - 1) > 1e-2


def test_kallen_is_symmetric_and_broadcasts():
    rng = np.random.default_rng(1)
    x, y, z = rng.uniform(0.1, 2, (3, 50))
    np.testing.assert_allclose(kallen(x, y, z), kallen(z, x, y), rtol=1e-9, atol=1e-13)
    assert kallen(x[:, None], y, 0.5).shape == (50, 50)


def test_two_body_momentum_conserves_energy():
    rng = np.random.default_rng(2)
    m_1, m_2 = rng.uniform(0, 1, (2, 200))
    parent = (m_1 + m_2) * (1 + 10 ** rng.uniform(-6, 3, 200))
    p = two_body_momentum(parent, m_1, m_2)
    np.testing.assert_allclose(np.hypot(p, m_1) + np.hypot(p, m_2), parent, rtol=1e-13)


@pytest.mark.parametrize("masses", [(1.0, 0.6, 0.6), (1.0, 0.5, 0.5), (0.1, 0.0, 0.2), (0.0, 0.0, 0.0)])
def test_a_closed_or_just_closed_channel_has_no_momentum(masses):
    assert two_body_momentum(*masses) == 0.0


def test_equal_masses_are_finite_and_massless_daughters_share_the_mass():
    assert two_body_momentum(1.0, 0.3, 0.3) == pytest.approx(np.sqrt(0.25 - 0.09), rel=1e-15)
    assert two_body_momentum(1.0, 0.0, 0.0) == 0.5
    assert two_body_momentum(0.2, 0.2, 0.0) == 0.0


def test_open_and_closed_channels_mix_in_one_array():
    np.testing.assert_allclose(two_body_momentum(np.array([0.5, 2.0]), 1.0, 0.0), [0.0, 0.75])


@pytest.fixture
def moving():
    """Systems with gamma from 1.0001 to 1e4, and particles of mass 0.3 in their rest frames."""
    rng = np.random.default_rng(3)
    gamma = 1 + 10 ** rng.uniform(-4, 4, N)
    frame = four_momentum(0.7, 0.7 * np.sqrt(gamma**2 - 1) * isotropic(rng, N))
    return frame, four_momentum(0.3, rng.exponential(1.0, N) * isotropic(rng, N))


def test_boosts_keep_every_product(moving):
    frame, momentum = moving
    other = np.roll(momentum, 1, axis=1)
    boosted, other_boosted = boost(momentum, frame, 0.7), boost(other, frame, 0.7)
    scale = boosted[0] * other_boosted[0]
    assert np.max(np.abs(dot(boosted, other_boosted) - dot(momentum, other)) / scale) < 1e-13


def test_a_boost_is_undone_by_the_opposite_boost(moving):
    frame, momentum = moving
    opposite = frame * np.array([1.0, -1.0, -1.0, -1.0])[:, None]
    back = boost(boost(momentum, frame, 0.7), opposite, 0.7)
    gamma2 = (frame[0] / 0.7) ** 2
    assert np.max(np.abs(back - momentum) / (gamma2 * momentum[0])) < 1e-14


def test_a_boost_agrees_with_the_textbook_form():
    rng = np.random.default_rng(4)
    frame = four_momentum(0.7, isotropic(rng, 500) * rng.uniform(0.01, 5, 500))
    momentum = four_momentum(0.3, isotropic(rng, 500))
    np.testing.assert_allclose(to_rest_frame(boost(momentum, frame, 0.7), frame), momentum, atol=1e-11)


def test_a_particle_at_rest_takes_the_frame_as_its_own_momentum(moving):
    frame, _ = moving
    at_rest = np.zeros_like(frame)
    at_rest[0] = 0.7
    np.testing.assert_allclose(boost(at_rest, frame, 0.7), frame, rtol=1e-13)


def test_a_frame_at_rest_changes_nothing(moving):
    _, momentum = moving
    still = np.zeros_like(momentum)
    still[0] = 2.5
    np.testing.assert_allclose(boost(momentum, still, 2.5), momentum, rtol=1e-15)


def test_the_boost_along_z_is_the_general_boost_along_z(moving):
    _, momentum = moving
    gamma = np.linspace(1, 50, N)
    gamma_beta = np.sqrt(gamma**2 - 1)
    frame = np.stack([gamma, 0 * gamma, 0 * gamma, gamma_beta])
    np.testing.assert_allclose(boost_z(momentum, gamma, gamma_beta), boost(momentum, frame, 1.0), rtol=1e-9)


def test_on_shell_and_invariant_mass_are_inverse():
    rng = np.random.default_rng(5)
    mass = rng.uniform(0.1, 2, 100)
    momentum = on_shell(rng.normal(size=(3, 100)), mass)
    np.testing.assert_allclose(invariant_mass_squared(momentum), mass**2, rtol=1e-11)


SIGNS = list(itertools.product([-1, 0.0, -0.0, 1], repeat=3))
AXES = [a for a in SIGNS if any(a)]


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("squeeze", [1.0, 1e-9])
def test_perpendicular_pairs_are_right_handed_triads_in_every_octant(axis, squeeze):
    axis = np.array(axis) * [squeeze, squeeze, 1.0]
    axis = (axis / np.linalg.norm(axis))[:, None]
    first, second = perpendicular_pair(axis)
    triad = np.stack([first, second, axis])[..., 0]
    np.testing.assert_allclose(triad @ triad.T, np.eye(3), atol=4e-16)
    np.testing.assert_allclose(np.cross(first[:, 0], second[:, 0]), axis[:, 0], atol=4e-16)


def test_directions_about_an_axis_keep_their_polar_cosine_and_right_handed_azimuth():
    rng = np.random.default_rng(6)
    axis, cosine, azimuth = isotropic(rng, N), rng.uniform(-1, 1, N), rng.uniform(-np.pi, np.pi, N)
    direction = around(axis, cosine, azimuth)
    np.testing.assert_allclose(np.sum(direction * axis, axis=0), cosine, atol=1e-14)
    np.testing.assert_allclose(np.sum(direction**2, axis=0), 1.0, rtol=1e-14)
    first, second = perpendicular_pair(axis)
    found = np.arctan2(np.sum(direction * second, axis=0), np.sum(direction * first, axis=0))
    keep = np.abs(cosine) < 0.999
    np.testing.assert_allclose(found[keep], azimuth[keep], atol=1e-12)


def test_unit_vector_has_the_spherical_components():
    x, y, z = unit_vector(np.array([0.6, -1.0, 1.0]), np.array([np.pi / 6, 1.0, 2.0]))
    np.testing.assert_allclose([x[0], y[0], z[0]], [0.8 * np.sqrt(0.75), 0.4, 0.6], rtol=1e-15)
    np.testing.assert_array_equal([x[1:], y[1:]], 0.0)
    np.testing.assert_array_equal(z[1:], [-1.0, 1.0])


def matrices_of(rotation, n):
    """Matrices (n, 3, 3): the columns are the turned axes."""
    return np.stack([rotation(np.broadcast_to(e[:, None], (3, n))) for e in np.eye(3)], axis=1).transpose(
        2, 0, 1
    )


def haar(rng, n, source):
    return Rotation(source, isotropic(rng, n), rng.uniform(0, 2 * np.pi, n))


def test_rotations_are_orthogonal_of_determinant_one_and_take_source_to_target():
    rng = np.random.default_rng(7)
    source, target = isotropic(rng, N), isotropic(rng, N)
    target[:, 0], target[:, 1] = source[:, 0], -source[:, 1]
    rotation = Rotation(source, target, rng.uniform(0, 2 * np.pi, N))
    stack = matrices_of(rotation, N)
    assert np.max(np.abs(stack @ np.swapaxes(stack, 1, 2) - np.eye(3))) < 3e-15
    np.testing.assert_allclose(np.linalg.det(stack), 1.0, rtol=1e-13)
    np.testing.assert_allclose(rotation(source), target, atol=2e-15)


def test_the_azimuth_turns_right_handed_about_the_target():
    rng = np.random.default_rng(8)
    source, target, turn = isotropic(rng, 100), isotropic(rng, 100), rng.uniform(0.1, 3, 100)
    plain = matrices_of(Rotation(source, target, 0 * turn), 100)
    extra = matrices_of(Rotation(source, target, turn), 100) @ np.swapaxes(plain, 1, 2)
    np.testing.assert_allclose(np.trace(extra, axis1=1, axis2=2), 1 + 2 * np.cos(turn), atol=1e-13)
    axial = np.stack(
        [extra[:, (i + 2) % 3, (i + 1) % 3] - extra[:, (i + 1) % 3, (i + 2) % 3] for i in range(3)]
    )
    np.testing.assert_allclose(axial, 2 * np.sin(turn) * target, atol=1e-13)


@pytest.mark.parametrize("vector", [(0, 0, 1), (1, 0, 0), (0.48, -0.6, 0.64)])
def test_a_random_rotation_makes_any_vector_isotropic(vector):
    rng = np.random.default_rng(9)
    source = np.broadcast_to(np.array([[0.36], [0.48], [-0.8]]), (3, N))
    fixed = np.broadcast_to(np.array(vector, dtype=float)[:, None], (3, N))
    turned = haar(rng, N, source)(fixed)
    assert kstest(turned[2], "uniform", (-1, 2)).pvalue > 1e-5
    assert kstest(turned[0], "uniform", (-1, 2)).pvalue > 1e-5
    assert kstest(np.arctan2(turned[1], turned[0]), "uniform", (-np.pi, 2 * np.pi)).pvalue > 1e-5


def test_random_rotations_have_the_invariant_measure():
    """Haar: the angle of rotation has density (1 - cos w)/pi; <R_ij R_kl> = delta delta/3."""
    rng = np.random.default_rng(10)
    matrices = matrices_of(haar(rng, N, isotropic(rng, N)), N)
    angle = np.arccos(np.clip((np.trace(matrices, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert kstest(angle, lambda w: (w - np.sin(w)) / np.pi).pvalue > 1e-5
    for i, j, k, m in itertools.product(range(3), repeat=4):
        expected = (i == k) * (j == m) / 3
        assert abs(pull(matrices[:, i, j] * matrices[:, k, m], expected)) < 5  # 81 pulls: 5e-5 in all


def test_rotating_four_momenta_keeps_energies_and_products():
    rng = np.random.default_rng(11)
    rotation = haar(rng, 100, isotropic(rng, 100))
    p, q = four_momentum(0.1, rng.normal(size=(3, 100))), four_momentum(0.2, rng.normal(size=(3, 100)))
    p2, q2 = rotation(p), rotation(q)
    np.testing.assert_array_equal(p2[0], p[0])
    np.testing.assert_allclose(dot(p2, q2), dot(p, q), rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(rotation(p[1:]), p2[1:])


def test_turns_about_z_are_right_handed_and_follow_a_rotation():
    rng = np.random.default_rng(12)
    turn, vectors, rotation = (
        rng.uniform(-4, 4, 100),
        isotropic(rng, 100),
        haar(rng, 100, isotropic(rng, 100)),
    )
    turned = about_z(vectors, turn)
    moved = np.arctan2(turned[1], turned[0]) - np.arctan2(vectors[1], vectors[0]) - turn
    np.testing.assert_allclose(np.cos(moved), 1.0, rtol=1e-13)
    np.testing.assert_array_equal(turned[2], vectors[2])
    before = rotation(vectors)
    np.testing.assert_allclose(rotation.then_about_z(turn)(vectors), about_z(before, turn), atol=1e-15)
    np.testing.assert_array_equal(rotation(vectors), before)


def test_length_is_the_euclidean_norm():
    np.testing.assert_allclose(length(np.array([[3.0, 0.0], [4.0, 0.0], [12.0, 0.0]])), [13.0, 0.0])


@pytest.mark.parametrize("angle", [0.0, 1e-200, 1e-12, 1e-8, 1e-3, 0.5, np.pi / 2, 3.0, np.pi])
def test_polar_angles_are_exact_also_when_tiny(angle):
    vector = 7.0 * np.array([[0.6 * np.sin(angle)], [-0.8 * np.sin(angle)], [np.cos(angle)]])
    assert polar_angle(vector)[0] == pytest.approx(angle, rel=1e-14)


def test_azimuthal_angles_run_from_x_to_y():
    vectors = np.array(
        [[2.0, 0.0, -3.0, 0.0, 1e-200], [0.0, 5.0, 0.0, -1.0, 1e-200], [7.0, 0.0, 1.0, 2.0, 3.0]]
    )
    expected = np.array([0.0, 0.5, 1.0, -0.5, 0.25]) * np.pi
    np.testing.assert_allclose(azimuthal_angle(vectors), expected, rtol=1e-15)


def test_the_polar_angle_from_minus_z_is_exact_too():
    assert np.pi - polar_angle(np.array([[1e-9], [0.0], [-1.0]]))[0] == pytest.approx(1e-9, rel=1e-6)
