"""Rays through convex shapes against closed forms, brute force, conservation laws and symmetries.

Statistical tests ask for |pull| < 4, a chance of 6e-5 each; about 225 of them with fixed seeds, so that
fresh seeds would fail the file once in about 70 runs.
"""

import ast
from dataclasses import replace
from math import atan, inf, nan, pi, sqrt

import numpy as np
import pytest
from helpers import ROOT
from scipy.spatial.transform import Rotation

from darkmc.cards.volumes import Geometry
from darkmc.core.errors import PhysicsError
from darkmc.geometry.directions import turned
from darkmc.geometry.shapes import SHAPES as KINDS
from darkmc.geometry.shapes import Box, Cylinder, Frustum, Sphere

TILT = {"axis": (0.4, -0.7, 0.5), "roll_rad": 0.6}
SHAPES = {
    "box": Box((1, -2, 3), (1.0, 2.0, 3.0)),
    "tilted box": Box((1, -2, 3), (1.0, 2.0, 3.0), **TILT),
    "sphere": Sphere((1, -2, 3), 1.3),
    "cylinder": Cylinder((1, -2, 3), 0.8, 3.0),
    "tilted cylinder": Cylinder((1, -2, 3), 1.4, 0.9, TILT["axis"]),
    "frustum": Frustum((1, -2, 3), 3.0, (0.3, 1.1), (0.9, 0.6)),
    "tilted frustum": Frustum((1, -2, 3), 3.0, (0.3, 1.1), (0.9, 0.6), **TILT),
    "tetrahedron": Frustum((1, -2, 3), 2.0, (0.0, 1.1), (0.9, 0.0), **TILT),
}
ROUND = 2.6  # a radius about the centre that holds every one of them
LAST = np.nextafter(1.0, 0.0)  # the last uniform number below 1
each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


@pytest.fixture(autouse=True)
def _loud_arithmetic():
    with np.errstate(all="raise", under="ignore"):
        yield


def isotropic(rng, n):
    z, azimuth = rng.uniform(-1, 1, n), rng.uniform(0, 2 * pi, n)
    return np.array([np.sqrt(1 - z * z) * np.cos(azimuth), np.sqrt(1 - z * z) * np.sin(azimuth), z])


def inner_points(shape, rng, n):
    points = np.array(shape.centre_m) + rng.uniform(-ROUND, ROUND, (n, 3))
    return points[shape.contains(points)]


def outer_origin(shape, rng, reach):
    while True:
        origin = np.array(shape.centre_m) + reach * isotropic(rng, 1)[:, 0]
        if not shape.contains(origin)[0]:
            return origin


def frustum_surface(f):
    (x_start, x_end), (y_start, y_end), length = f.half_x_m, f.half_y_m, f.length_m
    sides = (y_start + y_end) * sqrt(length**2 + (x_end - x_start) ** 2)
    sides += (x_start + x_end) * sqrt(length**2 + (y_end - y_start) ** 2)
    return 2 * sides + 4 * (x_start * y_start + x_end * y_end)


def surface(shape):
    match shape:
        case Box(size_m=(a, b, c)):
            return 2 * (a * b + b * c + c * a)
        case Sphere(radius_m=r):
            return 4 * pi * r * r
        case Cylinder(radius_m=r, length_m=length):
            return 2 * pi * r * (r + length)
    return frustum_surface(shape)


def rectangle_solid_angle(half_x, half_y, d):
    return 4 * atan(half_x * half_y / (d * sqrt(d * d + half_x**2 + half_y**2)))


def disc_solid_angle(radius, d):
    return 2 * pi * radius**2 / (sqrt(d * d + radius**2) * (sqrt(d * d + radius**2) + d))


# --- closed forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "origin", "direction", "expected"),
    [
        (Box((0, 0, 10), (2, 4, 6)), (0, 0, 0), (0, 0, 5), (7, 13)),
        (Box((0, 0, 10), (2, 4, 6)), (0.5, 1, 10), (0, -2, 0), (0, 3)),
        (Box((0, 0, 10), (2, 4, 6)), (0, 0, 7), (0, 0, 1), (0, 6)),  # from the surface
        (Box((0, 0, 0), (2, 2, 2)), (-3, 0, 0), (1, 0.25, 0), (2 * sqrt(17) / 4, sqrt(17))),
        (Box((0, 0, 0), (2, 4, 6), axis=(0, 0, -1)), (0, 0, -9), (0, 0, 1), (6, 12)),
        (Box((0, 0, 0), (2, 4, 6), axis=(1, 0, 0)), (-9, 0, 0), (1, 0, 0), (6, 12)),
        (Box((0, 0, 0), (2, 4, 6), axis=(1, 0, 0)), (0, 0, -9), (0, 0, 1), (8, 10)),
        (Box((0, 0, 0), (2, 4, 6), roll_rad=pi / 2), (-9, 0, 0), (1, 0, 0), (7, 11)),
        (Sphere((0, 0, 5), 2), (1.2, 0, 0), (0, 0, 1), (5 - 1.6, 5 + 1.6)),
        (Sphere((0, 0, 5), 2), (0, 0, 6), (0, 0, 1), (0, 1)),
        (Cylinder((0, 0, 5), 2, 4), (1.2, -9, 5), (0, 1, 0), (9 - 1.6, 9 + 1.6)),
        (Cylinder((0, 0, 5), 2, 4), (1.2, 1, 0), (0, 0, 1), (3, 7)),
        (Cylinder((0, 0, 0), 1, 9), (-3, 0, 0), (3, 0, 4), (10 / 3, 4.5 / 0.8)),
        (Cylinder((0, 0, 0), 1, 2, axis=(3, 0, 0)), (-4, 0.5, 0), (1, 0, 0), (3, 5)),
        (Frustum((0, 0, 0), 4, (1, 3), (1, 1)), (1.5, 0, -9), (0, 0, 1), (8, 11)),
        (Frustum((0, 0, 0), 4, (1, 3), (1, 1)), (-9, 0, 0), (1, 0, 0), (7, 11)),
        (Frustum((0, 0, 0), 4, (1, 3), (1, 1)), (2.5, 0.5, 1.5), (1, 0, 0), (0, 0.25)),
        (Frustum((0, 0, 0), 4, (1, 3), (1, 1), axis=(0, 0, -1)), (1.5, 0, -9), (0, 0, 1), (7, 10)),
    ],
)
def test_known_distances(shape, origin, direction, expected):
    entry, leave = shape.intersect(origin, direction)
    assert (entry[0], leave[0]) == pytest.approx(expected, rel=1e-14, abs=1e-14)


@pytest.mark.parametrize(
    ("shape", "origin", "direction"),
    [
        (Box((0, 0, 0), (2, 2, 2)), (1.5, 0, -5), (0, 0, 1)),  # parallel to the faces, outside
        (Box((0, 0, 0), (2, 2, 2)), (1.5, 0, -5), (-0.0, 0, 1)),
        (Box((0, 0, 0), (2, 2, 2)), (1, 0, -5), (0, 0, 1)),  # within a face
        (Box((0, 0, 0), (2, 2, 2)), (-1, 0, -5), (-0.0, 0.0, 1)),
        (Box((0, 0, 0), (2, 2, 2)), (1, 1, -5), (0, 0, 1)),  # along an edge
        (Box((0, 0, 0), (2, 2, 2)), (3, -1, 0), (-1, 1, 0)),  # across an edge
        (Box((0, 0, 0), (2, 2, 2)), (0, 0, 5), (0, 0, 1)),  # behind
        (Box((0, 0, 0), (2, 2, 2)), (0, 0, 1), (0, 0, 1)),  # leaving from the surface
        (Sphere((0, 0, 0), 1), (1, 0, -5), (0, 0, 1)),  # tangent
        (Sphere((0, 0, 0), 1), (1.5, 0, -5), (0, 0, 1)),
        (Sphere((0, 0, 0), 1), (0, 0, 5), (0, 0, 1)),
        (Cylinder((0, 0, 0), 1, 2), (1, 0, -5), (0, 0, 1)),  # along the mantle
        (Cylinder((0, 0, 0), 1, 2), (1, -5, 0), (0, 1, 0)),  # tangent
        (Cylinder((0, 0, 0), 1, 2), (0, -5, 1), (0, 1, 0)),  # within a cap
        (Cylinder((0, 0, 0), 1, 2), (1.5, 0, -5), (0, 0, 1)),
        (Cylinder((0, 0, 0), 1, 2), (0, -5, 1.5), (0, 1, -0.0)),
        (Cylinder((0, 0, 0), 1, 2), (0, 0, -5), (0, 0, -1)),
        (Frustum((0, 0, 0), 2, (1, 3), (1, 1)), (2, 0, 0), (1, 0, 1)),  # within a leaning face
        (Frustum((0, 0, 0), 2, (1, 3), (1, 1)), (0, 1, -5), (0, 0, 1)),
        (Frustum((0, 0, 0), 2, (1, 3), (1, 1)), (0, -5, 1.5), (0, 1, 0)),
        (Frustum((0, 0, 0), 2, (1, 3), (1, 1)), (0, 0, 9), (0, 0, 1)),
    ],
)
def test_misses(shape, origin, direction):
    assert np.isnan(shape.intersect(origin, direction)).all()


def test_products_round_alike_on_every_cpu():
    matrix, vectors = np.random.default_rng(16).normal(size=(2, 3, 500))
    python = [[a * x + b * y + c * z for x, y, z in vectors.T.tolist()] for a, b, c in matrix.T.tolist()]
    np.testing.assert_array_equal(turned(matrix.T, vectors), python)  # to the last bit


@pytest.mark.parametrize("module", ["shape", "corners", "shapes", "directions"])
def test_no_product_of_blas_decides_about_a_ray(module):
    source = (ROOT / "darkmc" / "geometry" / f"{module}.py").read_text(encoding="utf-8")
    used = {
        node.attr if isinstance(node, ast.Attribute) else "@"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute | ast.MatMult)
    }
    assert not used & {"@", "dot", "einsum", "inner", "linalg", "matmul", "tensordot", "vdot"}


@pytest.mark.parametrize("tiny", [0.0, -0.0, 5e-324, -1e-310, 1e-200])
def test_nearly_parallel_rays_keep_their_length(tiny):
    for shape in (
        Box((0, 0, 0), (2, 2, 2)),
        Cylinder((0, 0, 0), 1, 2),
        Frustum((0, 0, 0), 2, (1, 1), (1, 1)),
    ):
        entry, leave = shape.intersect((0.5, 0.5, -5), (tiny, -tiny, 1))
        assert (entry[0], leave[0]) == (4.0, 6.0)


def test_sphere_far_away_loses_no_digits():
    shift = np.linspace(0.01, 0.999, 50)
    entry, leave = Sphere((0, 0, 480), 1).intersect(np.outer(shift, (1, 0, 0)), (0, 0, 1))
    np.testing.assert_allclose(leave - entry, 2 * np.sqrt(1 - shift**2), rtol=1e-11)


# --- conservation and symmetry ------------------------------------------------------------------------


@each_shape
def test_volume_by_random_points(shape):
    n = 200_000
    inside = len(inner_points(shape, np.random.default_rng(1), n))
    fraction = shape.volume / (2 * ROUND) ** 3
    assert abs(inside - n * fraction) < 4 * sqrt(n * fraction * (1 - fraction))


@each_shape
def test_chords_of_a_parallel_beam_fill_the_volume(shape):
    grid = np.linspace(-ROUND, ROUND, 500)
    for turn in Rotation.random(3, random_state=2):
        u, v, along = turn.as_matrix()
        start = grid[:, None, None] * u + grid[:, None] * v + shape.centre_m - 2 * ROUND * along
        entry, leave = shape.intersect(start.reshape(-1, 3), along)
        total = np.nansum(leave - entry) * (grid[1] - grid[0]) ** 2
        assert total == pytest.approx(shape.volume, rel=1e-3)


@each_shape
def test_mean_chord_of_isotropic_rays_is_four_volumes_over_surface(shape):
    rng = np.random.default_rng(3)
    n = 200_000
    direction = isotropic(rng, n)
    across = np.cross(direction.T, isotropic(rng, n).T)
    across *= (ROUND * np.sqrt(rng.random(n)) / np.linalg.norm(across, axis=1))[:, None]
    entry, leave = shape.intersect(np.array(shape.centre_m) + across - 2 * ROUND * direction.T, direction.T)
    chord = (leave - entry)[entry > 0]
    error = chord.std() / sqrt(len(chord))
    assert abs(chord.mean() - 4 * shape.volume / surface(shape)) < 4 * error
    hit = len(chord) / n  # and the projected area averages to a quarter of the surface
    assert abs(hit - surface(shape) / 4 / (pi * ROUND**2)) < 4 * sqrt(hit * (1 - hit) / n)


def rays_through(shape, rng, n):
    inside = inner_points(shape, rng, n)
    direction = isotropic(rng, len(inside))
    return inside - 2 * ROUND * direction.T, direction.T


@each_shape
def test_entry_and_exit_lie_on_the_surface(shape):
    start, direction = rays_through(shape, np.random.default_rng(4), 5000)
    entry, leave = shape.intersect(start, direction)
    chord = leave - entry
    assert (chord > 0).all()
    for share, inside in ((-1e-6, False), (1e-6, True), (0.5, True), (1 - 1e-6, True), (1 + 1e-6, False)):
        assert (shape.contains(start + (entry + share * chord)[:, None] * direction) == inside).all()


@each_shape
def test_reversed_rays_swap_entry_and_exit(shape):
    start, direction = rays_through(shape, np.random.default_rng(5), 5000)
    entry, leave = shape.intersect(start, direction)
    back = shape.intersect(start + 10 * direction, -direction)
    long = leave - entry > 1e-2  # the ends of shorter chords are ill-conditioned
    np.testing.assert_allclose(10 - np.array(back)[::-1, long], np.array([entry, leave])[:, long], atol=1e-12)


@each_shape
def test_rigid_motion_changes_no_distance(shape):
    rng = np.random.default_rng(6)
    start, direction = rays_through(shape, rng, 2000)
    before = np.array(shape.intersect(start, direction))
    for turn in (*Rotation.random(5, random_state=7), Rotation.from_euler("x", pi)):
        shift = rng.normal(size=3)
        # Turning the body gives it a new axis, and a roll that shows in where the local x axis lands.
        moved = {"centre_m": turn.apply(shape.centre_m) + shift}
        if not isinstance(shape, Sphere):
            local = local_rotation(shape.axis, shape.roll_rad)
            wanted = turn * local
            axis = wanted.apply((0, 0, 1))
            twist = (local_rotation(axis, 0.0).inv() * wanted).as_matrix()
            moved["axis"] = axis
            if not isinstance(shape, Cylinder):
                moved["roll_rad"] = float(np.arctan2(twist[1, 0], twist[0, 0]))
        after = np.array(replace(shape, **moved).intersect(turn.apply(start) + shift, turn.apply(direction)))
        long = before[1] - before[0] > 1e-2
        np.testing.assert_allclose(after[:, long], before[:, long], atol=1e-12)


def local_rotation(axis, roll):
    """Turn +z to `axis` by the smallest angle after a roll about z; the reference for the tilt."""
    axis = np.array(axis) / np.linalg.norm(axis)
    about = np.cross((0, 0, 1), axis)
    sine = np.linalg.norm(about)
    about = about / sine if sine > 0 else np.array([1.0, 0, 0])
    return Rotation.from_rotvec(about * np.arctan2(sine, axis[2])) * Rotation.from_rotvec((0, 0, roll))


@pytest.mark.parametrize("axis", [(0, 0, 2), (1e-9, 0, -1), (0, 1e-160, -1), (0, 0, -3), (-3, 2, 1)])
def test_tilt_is_the_shortest_turn_after_a_roll(axis):
    box = Box((0, 0, 0), (1, 2, 3), axis=axis, roll_rad=0.7)
    points = np.random.default_rng(8).uniform(-2, 2, (2000, 3))
    inside = (np.abs(points) < np.array((1, 2, 3)) / 2).all(axis=1)
    placed = local_rotation(axis, 0.7).apply(points)
    assert inside.any()
    np.testing.assert_array_equal(box.contains(placed), inside)


def test_inputs_broadcast_and_need_no_norm():
    shape, rng = SHAPES["tilted box"], np.random.default_rng(9)
    start, direction = rays_through(shape, rng, 100)
    expected = shape.intersect_components(start.T, direction.T)
    np.testing.assert_allclose(shape.intersect(start, direction), expected, rtol=1e-13)
    np.testing.assert_allclose(shape.intersect(start, 1e200 * direction), expected, rtol=1e-13)
    one = shape.intersect(start[0], direction)
    np.testing.assert_allclose(one, shape.intersect_components(start[0], direction.T), rtol=1e-13)
    assert shape.intersect(start, direction[0])[0].shape == (len(start),)
    assert shape.intersect(start[0], direction[0])[0].shape == (1,)
    assert shape.intersect(np.empty((0, 3)), (0, 0, 1))[0].shape == (0,)


@each_shape
def test_rays_from_inside_leave_once(shape):
    rng = np.random.default_rng(10)
    inside = inner_points(shape, rng, 5000)
    direction = isotropic(rng, len(inside)).T
    entry, leave = shape.intersect(inside, direction)
    assert (entry == 0).all()
    whole = np.subtract(*shape.intersect(inside - 9 * direction, direction)[::-1])
    np.testing.assert_allclose(leave + shape.intersect(inside, -direction)[1], whole, rtol=1e-9)


# --- aimed directions ---------------------------------------------------------------------------------


@each_shape
@pytest.mark.parametrize("reach", [ROUND * 0.8, 3.0, 12.0])
def test_proposal_covers_the_shape_and_integrates_to_its_solid_angle(shape, reach):
    rng = np.random.default_rng(11)
    n = 40_000
    for _ in range(4):
        origin = outer_origin(shape, rng, reach)
        proposal = shape.direction_proposal(origin)
        u = rng.random((2, n))
        u[:, :4] = [[0, 0, LAST, LAST], [0, LAST, 0, LAST]]
        direction, weight = proposal.sample(*u)
        np.testing.assert_allclose(np.linalg.norm(direction, axis=0), 1, rtol=1e-14)
        np.testing.assert_allclose(proposal.density(direction) * weight, 1, rtol=1e-13)
        assert weight.max() <= proposal.largest_weight * (1 + 1e-15)
        score = weight * ~np.isnan(shape.intersect(origin, direction.T)[0])

        brute = isotropic(rng, n)
        hit = ~np.isnan(shape.intersect(origin, brute.T)[0])
        assert (proposal.density(brute[:, hit]) > 0).all()
        variance = score.var() / n + (4 * pi) ** 2 * hit.var() / n
        assert abs(score.mean() - 4 * pi * hit.mean()) < 4 * sqrt(variance)
        norm = proposal.density(brute) * 4 * pi
        assert abs(norm.mean() - 1) < 4 * norm.std() / sqrt(n)


@each_shape
@pytest.mark.parametrize("reach", [2.0, 30.0, 480.0])
def test_no_direction_into_the_shape_is_left_out(shape, reach):
    rng = np.random.default_rng(12)
    inside = inner_points(shape, rng, 8_000)
    ends = inside + isotropic(rng, len(inside)).T * (1 - 1e-9)
    for _ in range(20):
        origin = outer_origin(shape, rng, reach)
        aim = np.concatenate([inside, ends[shape.contains(ends)]]) - origin
        aim /= np.linalg.norm(aim, axis=1)[:, None]
        assert (shape.direction_proposal(origin).density(aim.T) > 0).all()


@pytest.mark.parametrize("gap", [1e-12, 1e-6, 1e-2])
@pytest.mark.parametrize(
    ("shape", "point", "outward"),
    [
        (Box((0, 0, 0), (2, 4, 6)), (-1, 0, 0), (-1, 0, 0)),
        (Box((0, 0, 0), (2, 4, 6)), (-1, 1.9, 2.9), (-1, 0, 0)),
        (Box((0, 0, 0), (9, 9, 1)), (4.4, 4.4, 0.5), (0, 0, 1)),
        (Cylinder((0, 0, 0), 1, 6), (0.6, 0.8, 2.9), (0.6, 0.8, 0)),
        (Cylinder((0, 0, 0), 4, 1), (0, -3.9, 0.5), (0, 0, 1)),
        (Cylinder((0, 0, 0), 4, 1), (0, -3.9, -0.5), (0, 0, -1)),
        (Frustum((0, 0, 0), 2, (1, 3), (1, 1)), (2.9, 0, 0.9), (1, 0, -1)),
        (Sphere((0, 0, 0), 1), (0, 1, 0), (0, 1, 0)),
    ],
)
def test_origin_that_almost_touches(shape, point, outward, gap):
    rng = np.random.default_rng(13)
    origin = np.array(point) + gap * np.array(outward)
    aim = isotropic(rng, 20_000)
    proposal = shape.direction_proposal(origin)
    hit = ~np.isnan(shape.intersect(origin, aim.T)[0])
    assert hit.any()
    assert (proposal.density(aim[:, hit]) > 0).all()
    assert proposal.largest_weight <= 2 * pi
    direction, _ = proposal.sample(rng.random(1000), rng.random(1000))
    np.testing.assert_allclose(proposal.density(direction), 1 / proposal.largest_weight)


@pytest.mark.parametrize(
    ("shape", "solid_angle"),
    [
        (Box((0, 0, 480), (1, 2, 4)), rectangle_solid_angle(0.5, 1, 478)),
        (Box((0, 0, 480), (1, 2, 4), roll_rad=0.3), rectangle_solid_angle(0.5, 1, 478)),
        (Box((0, 0, -5), (1, 2, 4)), rectangle_solid_angle(0.5, 1, 3)),
        (Box((7, 0, 0), (1, 2, 4), axis=(1, 0, 0)), rectangle_solid_angle(0.5, 1, 5)),
        (Frustum((0, 0, 50), 4, (2, 1), (3, 2)), rectangle_solid_angle(2, 3, 48)),
        (Cylinder((0, 0, 480), 1.5, 4), disc_solid_angle(1.5, 478)),
        (Cylinder((0, -5, 0), 1.5, 4, axis=(0, 1, 0)), disc_solid_angle(1.5, 3)),
        (Sphere((0, 0, 480), 1.5), 2 * pi * (1.5 / 480) ** 2 / (1 + sqrt(1 - (1.5 / 480) ** 2))),
        (Sphere((1, -2, 2), 2.5), 2 * pi * (1 - sqrt(1 - (2.5 / 3) ** 2))),
    ],
)
def test_every_direction_hits_a_shape_on_its_axis(shape, solid_angle):
    rng = np.random.default_rng(14)
    n = 40_000
    direction, weight = shape.direction_proposal((0, 0, 0)).sample(rng.random(n), rng.random(n))
    assert not np.isnan(shape.intersect((0, 0, 0), direction.T)[0]).any()
    assert abs(weight.mean() - solid_angle) < 4 * weight.std() / sqrt(n) + 1e-12 * solid_angle


@pytest.mark.parametrize(
    ("shape", "share"),
    [
        (Box((2, 1, 480), (1, 2, 4)), 0.97),
        (Box((20, 1, 480), (1, 1, 1), **TILT), 0.6),
        (Cylinder((2, 1, 480), 1.5, 4), 0.97),
        (Cylinder((0, 1, 480), 1, 9, axis=(1, 1, 0)), 0.98),
        (Cylinder((300, -100, 200), 1, 9), 0.9),
    ],
)
def test_proposal_is_tight_from_afar(shape, share):
    rng = np.random.default_rng(15)
    direction, _ = shape.direction_proposal((0.3, -0.2, 0.1)).sample(rng.random(20_000), rng.random(20_000))
    hit = ~np.isnan(shape.intersect((0.3, -0.2, 0.1), direction.T)[0])
    assert hit.mean() > share


@each_shape
def test_origin_inside_is_refused(shape):
    with pytest.raises(PhysicsError, match="the detector contains the target"):
        shape.direction_proposal(shape.centre_m)


def test_origin_on_the_surface_is_refused():
    with pytest.raises(PhysicsError, match="the detector contains the target"):
        Box((0, 0, 0), (2, 2, 2)).direction_proposal((0.5, 1, 0))


# --- what a shape says of itself -----------------------------------------------------------------------


@each_shape
def test_balls_hold_the_body_and_it_reaches_no_further(shape):
    """The hull of balls extends along u as far as the farthest of them; reached somewhere by each body."""
    rng = np.random.default_rng(17)
    points, u = inner_points(shape, rng, 20_000), isotropic(rng, 500)
    centres, radius = shape.balls
    assert (np.max(points @ u, axis=0) <= np.max(centres @ u, axis=0) + radius).all()
    assert np.max(np.linalg.norm(points - shape.centre_m, axis=1)) <= shape.reach
    assert np.max(np.linalg.norm(centres - shape.centre_m, axis=1)) + radius <= shape.reach * (1 + 1e-14)


@each_shape
@pytest.mark.parametrize("margin", [1e-3, 0.2])
def test_a_grown_shape_holds_all_within_the_margin(shape, margin):
    rng = np.random.default_rng(18)
    bigger, start = shape.grown(margin), inner_points(shape, rng, 5000)
    direction = isotropic(rng, len(start)).T
    surface = start + shape.intersect(start, direction)[1][:, None] * direction
    assert bigger.contains(surface + margin * (1 - 1e-9) * isotropic(rng, len(start)).T).all()
    further = np.subtract(*(one.intersect(start, direction)[1] for one in (bigger, shape)))
    assert margin * (1 - 1e-9) <= further.min() < 2 * margin  # more where faces lean
    assert bigger.encloses(shape)
    assert shape.encloses(shape)
    assert not shape.encloses(bigger)


@pytest.mark.parametrize(
    ("inner", "held"),
    [
        (Box((0, 0, 0), (2, 2, 2)), True),
        (Box((0.1, 0, 0), (2, 2, 2)), False),
        (Sphere((5, 0, 0), 0.1), False),
        (Sphere((0, 0, 0), 1.001), False),
        (Cylinder((0, 0, 0), 1, 2, (1, 0, 0)), True),
        (Cylinder((0, 0, 0), 1, 2, (1, 1, 0)), False),
    ],
)
def test_enclosed_bodies(inner, held):
    assert Box((0, 0, 0), (2, 2, 2)).encloses(inner) == held


CARDS = {
    "box": {"size_m": (2.0, 3.0, 8.0)},
    "cylinder": {"radius_m": 1.5, "length_m": 6.0},
    "sphere": {"radius_m": 3.0},
    "frustum": {"length_m": 9.0, "half_x_m": (0.5, 2.0), "half_y_m": (1.0, 3.0)},
}
AXES = {
    "straight": {},
    "tilted": {"axis": (0.3, -0.2, 0.8), "roll_rad": 0.7},
    "back": {"axis": (0.0, 0.0, -1.0)},
}


@pytest.mark.parametrize("turn", AXES.values(), ids=AXES)
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("axes", [(2, 0), (2, 1), (0, 1)])
def test_outline_is_the_silhouette_of_the_volume(name, turn, axes):
    """A ray along the third axis hits the volume just inside the polygon and misses it just outside."""
    shape = Geometry(shape=name, centre_m=(1.0, -2.0, 30.0), **CARDS[name], **turn).body()
    polygon = shape.outline(axes)
    middle = np.array(shape.centre_m)[list(axes)]
    for scale, hit in ((0.998, True), (1.002, False)):
        start = np.full((polygon.shape[1], 3), -1e3)
        start[:, axes] = (middle[:, None] + scale * (polygon - middle[:, None])).T
        direction = np.ones(3)
        direction[list(axes)] = 0.0
        assert np.all(np.isfinite(shape.intersect(start, direction)[0]) == hit)


def test_a_key_means_the_same_for_every_shape():
    """The table of a card holds the keys of all shapes."""
    for shape in KINDS.values():
        for other in KINDS.values():
            for key in shape.size_keys().keys() & other.size_keys().keys():
                assert shape.size_keys()[key] == other.size_keys()[key]


@pytest.mark.parametrize("name", KINDS)
def test_a_card_takes_the_keys_of_its_shape_and_no_others(name):
    keys = KINDS[name].size_keys()
    assert set(keys) == set(CARDS[name])
    assert all(key.endswith(("_m", "_rad")) for key in keys)
    place = {"shape": name, "centre_m": (0.0, 0.0, 9.0)}
    shape = Geometry(**place, **CARDS[name], **AXES["tilted"]).body()
    assert type(shape) is KINDS[name]
    assert shape == type(shape)(
        place["centre_m"],
        **CARDS[name],
        **{k: AXES["tilted"][k] for k in shape.card_keys() if k in AXES["tilted"]},
    )
    others = {key: value for card in CARDS.values() for key, value in card.items() if key not in keys}
    for key, value in others.items():
        with pytest.raises(ValueError, match=f"a {name} takes {', '.join(sorted(keys))}, not "):
            Geometry(**place, **CARDS[name], **{key: value})
    for key in keys:
        with pytest.raises(ValueError, match=f"a {name} takes {', '.join(sorted(keys))}, not "):
            Geometry(**place, **{k: v for k, v in CARDS[name].items() if k != key})


# --- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "key"),
    [
        (lambda: Box((0, 0, nan), (1, 1, 1)), "centre_m"),
        (lambda: Box((0, 0), (1, 1, 1)), "centre_m"),
        (lambda: Box((0, 0, 0), (1, 0, 1)), "size_m"),
        (lambda: Box((0, 0, 0), (1, 1, 1), axis=(0, 0, 0)), "axis"),
        (lambda: Box((0, 0, 0), (1, 1, 1), roll_rad=inf), "roll_rad"),
        (lambda: Sphere((0, 0, 0), -1), "radius_m"),
        (lambda: Sphere((0, 0, 0), "wide"), "radius_m"),
        (lambda: Cylinder((0, 0, 0), 1, 0), "length_m"),
        (lambda: Frustum((0, 0, 0), 1, (-1, 1), (1, 1)), "half_x_m"),
        (lambda: Frustum((0, 0, 0), 1, (1, 1), (0, 0)), "half_y_start and half_y_end"),
        (lambda: SHAPES["box"].intersect((0, 0, 0), (0, 0, 0)), "direction"),
        (lambda: SHAPES["box"].intersect((0, 0, 0), [(0, 0, 1), (0, 0, inf)]), "direction"),
        (lambda: SHAPES["box"].intersect((0, nan, 0), (0, 0, 1)), "origin"),
        (lambda: SHAPES["box"].intersect(np.zeros((2, 3)), np.ones((4, 3))), "origin and direction"),
        (lambda: SHAPES["box"].contains(np.zeros((3, 2))), "points"),
        (lambda: SHAPES["box"].direction_proposal((0, 0)), "origin"),
    ],
)
def test_bad_numbers_are_named(build, key):
    with pytest.raises(PhysicsError, match=rf"^{key} [^\n]*$"):
        build()


def test_shapes_are_values():
    assert Box([0, 0, 0], np.ones(3)) == Box((0, 0, 0), (1, 1, 1))
    assert hash(Sphere((0, 0, 0), 1)) == hash(Sphere([0.0, 0.0, 0.0], 1.0))
