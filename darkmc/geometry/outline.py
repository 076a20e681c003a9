"""Outline of a detector seen from the side: what the card's volume looks like in a plane of the lab."""

from itertools import product

import numpy as np

from darkmc.cards.experiment import Geometry
from darkmc.core.kinematics import Array

_ROUND = np.linspace(0.0, 2.0 * np.pi, 181)


def outline(geometry: Geometry, axes: tuple[int, int]) -> Array:
    """Return the closed polygon (2, n) around the volume's projection on two lab axes (0, 1, 2 for x, y, z).

    Exact for corners; rims and spheres are polygons of 180 sides.
    """
    from scipy.spatial import ConvexHull

    points = _local_points(geometry, axes) @ _frame(geometry) + np.array(geometry.centre_m)
    flat = points[:, axes]
    corners = ConvexHull(flat).vertices
    polygon: Array = flat[[*corners, corners[0]]].T
    return polygon


def _local_points(geometry: Geometry, axes: tuple[int, int]) -> Array:
    """Return points (n, 3) of the surface, in the volume's own frame, whose hull has the same outline."""
    if geometry.shape == "sphere" and geometry.radius_m is not None:
        points = np.zeros((len(_ROUND), 3))
        points[:, axes] = geometry.radius_m * np.stack([np.cos(_ROUND), np.sin(_ROUND)], axis=1)
        return points
    if geometry.shape == "cylinder" and geometry.radius_m is not None and geometry.length_m is not None:
        rim = geometry.radius_m * np.stack([np.cos(_ROUND), np.sin(_ROUND), np.zeros_like(_ROUND)], axis=1)
        half = np.array([0.0, 0.0, geometry.length_m / 2.0])
        return np.concatenate([rim - half, rim + half])
    if geometry.size_m is not None:
        width, height, length = geometry.size_m
        half_x, half_y = (width / 2.0, width / 2.0), (height / 2.0, height / 2.0)
    else:
        half_x, half_y = geometry.half_x_m or (0.0, 0.0), geometry.half_y_m or (0.0, 0.0)
        length = geometry.length_m or 0.0
    corners = product((0, 1), (-1, 1), (-1, 1))
    return np.array([(i * half_x[end], j * half_y[end], (end - 0.5) * length) for end, i, j in corners])


def _frame(geometry: Geometry) -> Array:
    """Return as rows the volume's own axes: turned the shortest way from the lab's to `axis`, then rolled."""
    from scipy.spatial.transform import Rotation

    if geometry.shape == "sphere":
        return np.eye(3)
    axis = np.array(geometry.axis) / np.linalg.norm(geometry.axis)
    across = np.array([-axis[1], axis[0], 0.0])  # z cross axis; of the half turns to -z take that about x
    sine = float(np.linalg.norm(across))
    turn = (across / sine if sine > 0.0 else np.array([1.0, 0.0, 0.0])) * np.arctan2(sine, axis[2])
    rolled = Rotation.from_rotvec(turn) * Rotation.from_rotvec([0.0, 0.0, geometry.roll_rad])
    frame: Array = rolled.as_matrix().T
    return frame
