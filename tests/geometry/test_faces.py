"""Which decays of a moving state send a daughter onto a face: closed form against points along the flight."""

import numpy as np
import pytest
from helpers import unit

from darkmc.geometry.faces import Face
from darkmc.geometry.shapes import Box

DISC = Face(10.0, 0.9, 0.9, radius_m=0.9)


def rays(n, seed=1):
    rng = np.random.default_rng(seed)
    start = np.stack([*rng.normal(0, 0.3, (2, n)), rng.uniform(-1, 1, n)])
    flight = unit(np.stack([*rng.normal(0, 0.1, (2, n)), rng.choice([1.0, 1.0, 1.0, -0.5], n)]))
    daughter = np.stack([*rng.normal(0, 0.15, (2, n)), rng.choice([2.0, 1.0, -1.0], n)])
    return start, flight, daughter


@pytest.mark.parametrize("face", [Face(10.0, 1.0, 0.4), Face(10.0, 1.0, 0.8, 0.3), DISC])
def test_between_breaks_nothing_changes(face):
    """Points on 2001 places of each flight: whether the daughter meets the face changes at breaks only."""
    start, flight, daughter = rays(400)
    breaks = np.sort(face.breaks(start, flight, daughter), axis=0)
    assert breaks.shape == (face.n_breaks, 400)
    places = np.linspace(-2.0, 14.0, 2001)
    met = np.array([face.met(start + x * flight, daughter) for x in places])
    for k in range(met.shape[1]):
        changes = np.flatnonzero(met[1:, k] != met[:-1, k])
        ends = breaks[np.isfinite(breaks[:, k]), k]
        for low, high in zip(places[changes], places[changes + 1], strict=True):
            assert np.any((ends >= low - 1e-12) & (ends <= high + 1e-12))
    assert 0.1 < np.mean(met[1000]) < 0.6
    if face.hole_m:
        assert np.any(np.sum(met[1:] != met[:-1], axis=0) == 4)


def test_meeting_is_that_of_a_thin_box():
    face = Face(10.0, 1.0, 0.4)
    start, _, daughter = rays(5000, seed=2)
    box = Box(centre_m=(0.0, 0.0, 10.0), size_m=(2.0, 0.8, 1e-9))
    entry, _ = box.intersect(start.T, unit(daughter).T)
    np.testing.assert_array_equal(face.met(start, daughter), np.isfinite(entry) & (daughter[2] > 0))


def test_a_disc_is_met_within_its_radius():
    start, _, daughter = rays(5000, seed=3)
    x, y = start[:2] + (10.0 - start[2]) * daughter[:2] / daughter[2]
    np.testing.assert_array_equal(DISC.met(start, daughter), (np.hypot(x, y) < 0.9) & (daughter[2] > 0))


def test_straight_on_there_is_no_end_but_the_plane():
    """Parallel to the axis in one plane, and all the way: no division by the slopes that vanish."""
    face = Face(5.0, 1.0, 1.0)
    column = np.array([[0.0], [0.0], [1.0]])
    found = face.breaks(0.5 * column, column, column)
    np.testing.assert_array_equal(found[:, 0], [-np.inf, 4.5])
    aside = np.array([[2.0], [0.0], [0.0]])
    assert np.all(np.isinf(face.breaks(aside, column, column)))
    assert not face.met(aside, column)[0]
