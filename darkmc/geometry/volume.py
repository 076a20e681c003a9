"""From a card's [geometry] to a convex shape."""

import numpy as np

from darkmc.cards.experiment import Geometry
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.kinematics import unit_vector
from darkmc.geometry.shapes import Box, Cylinder, Frustum, Shape, Sphere


def make_shape(geometry: Geometry, path: str) -> Shape:
    """Return the shape that a card describes, or raise CardError that names the card."""
    centre, axis, roll = geometry.centre_m, geometry.axis, geometry.roll_rad
    try:
        if geometry.shape == "box" and geometry.size_m is not None:
            return Box(centre, geometry.size_m, axis, roll)
        if geometry.shape == "sphere" and geometry.radius_m is not None:
            return Sphere(centre, geometry.radius_m)
        if geometry.length_m is not None and geometry.radius_m is not None:
            return Cylinder(centre, geometry.radius_m, geometry.length_m, axis)
        if geometry.length_m is not None and geometry.half_x_m is not None and geometry.half_y_m is not None:
            return Frustum(centre, geometry.length_m, *geometry.half_x_m, *geometry.half_y_m, axis, roll)
    except PhysicsError as error:
        raise CardError(f"{path}: geometry: {error}") from None
    raise CardError(f"{path}: geometry: incomplete {geometry.shape}")


def holds(outer: Shape, inner: Shape) -> bool:
    """Return whether one convex body lies inside another, as seen along 4096 directions from its centre."""
    k = np.arange(4096) + 0.5
    directions = unit_vector(1.0 - 2.0 * k / len(k), k * (np.pi * (1.0 + np.sqrt(5.0))))
    centre = np.array(inner.centre, dtype=float)
    if not outer.contains(centre).all():
        return False
    needed, given = (body.intersect_components(centre, directions)[1] for body in (inner, outer))
    return bool(np.all(needed <= given * (1.0 + 1e-9)))


def grown(geometry: Geometry, margin: float, path: str) -> Shape:
    """Return the shape of a card with every surface at least `margin` (m) further out."""
    wider: dict[str, object] = {}
    if geometry.size_m is not None:
        wider["size_m"] = tuple(edge + 2.0 * margin for edge in geometry.size_m)
    if geometry.radius_m is not None:
        wider["radius_m"] = geometry.radius_m + margin
    if geometry.length_m is not None:
        wider["length_m"] = geometry.length_m + 2.0 * margin
        for key in ("half_x_m", "half_y_m"):
            halves = getattr(geometry, key)
            if halves is not None:
                reach = margin * (1.0 + 2.0 * abs(halves[1] - halves[0]) / geometry.length_m)
                wider[key] = (halves[0] + reach, halves[1] + reach)
    return make_shape(geometry.model_copy(update=wider), path)
