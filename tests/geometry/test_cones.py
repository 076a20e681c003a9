"""Cones around a body, seen from places turned about the beam axis."""

import numpy as np
import pytest

from darkmc.core.kinematics import length
from darkmc.geometry.cones import cones_of_sight
from darkmc.geometry.shapes import Box, Cylinder, Frustum, Sphere

ORIGIN = np.array([0.0, 0.0, 0.1])


@pytest.mark.parametrize(
    "shape",
    [
        Sphere([3.0, 0.0, 9.0], 1.0),
        Box([4.0, 1.0, 9.0], [2.0, 3.0, 8.0]),
        Cylinder([0.0, -4.0, 9.0], 1.0, 5.0, [1.0, 0.0, 1.0]),
        Frustum([0.5, 0.0, 12.0], 6.0, (0.5, 2.0), (1.0, 3.0)),
        Sphere([0.0, 0.0, -9.0], 2.0),
    ],
    ids=lambda shape: type(shape).__name__,
)
def test_cones_hold_the_body_from_any_azimuth(shape):
    """Nothing that hits is outside a cone or its azimuths."""
    rng, n = np.random.default_rng(1), 200_000
    place = np.array([0.3, 0.2, 0.5])
    cones = cones_of_sight(shape, ORIGIN, place[:, None]).at(np.zeros(n, dtype=np.intp))
    assert 0.0 < cones.angle[0] < 1.4
    turn = rng.uniform(0.0, 2.0 * np.pi, n)
    start = np.hypot(*place[:2]) * np.array([np.cos(turn), np.sin(turn), 0.0 * turn])
    start += (ORIGIN + np.array([0.0, 0.0, place[2]]))[:, None]
    towards = np.array(shape.centre_m)[:, None] + shape.reach * rng.uniform(-1.0, 1.0, (3, n)) - start
    towards /= length(towards)
    entry, leaving = shape.intersect_components(start, towards)
    hits = leaving > entry
    assert np.count_nonzero(hits) > 20_000
    assert np.all(cones.contain(towards)[hits])
    middle, half = cones.azimuths
    off = np.abs(np.angle(np.exp(1j * (np.arctan2(towards[1], towards[0]) - middle))))
    assert np.all(off[hits] <= half[hits])
