"""Maps of the unit cube that follow a function: vegas, adapted on fixed points and then frozen."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array

CELLS = 128
TRAINING_POINTS = 1 << 14
TRAINING_ROUNDS = 8
# Powers of the plastic number and its like in more dimensions: golden sections (Roberts, 2018).
LATTICES = {
    2: (0.7548776662466927, 0.5698402909980532),
    4: (0.8566748838545029, 0.733891856627126, 0.6287067210378087, 0.5385972572236101),
}


def trained_map(function: Callable[[Array], Array], dimensions: int, others: int = 0) -> Any:
    """Return a vegas map adapted to a function on the points of a Kronecker lattice.

    Parameters
    ----------
    function : callable
        Not negative, of points (n, dimensions + others) of the unit cube.
    dimensions : int
        How many of its variables are mapped.
    others : int
        How many more it has: the map does for all of their values.
    """
    from vegas import AdaptiveMap

    steps = np.arange(1, TRAINING_POINTS + 1)[:, None]
    lattice = (0.5 + steps * np.array(LATTICES[dimensions + others])) % 1.0
    points, rest = np.ascontiguousarray(lattice[:, :dimensions]), lattice[:, dimensions:]
    mapping = AdaptiveMap([[0.0, 1.0]] * dimensions, ninc=CELLS)
    for _ in range(TRAINING_ROUNDS):
        unit, jacobian = mapped(mapping, points)
        mapping.add_training_data(points, (jacobian * function(np.concatenate([unit, rest], axis=1))) ** 2)
        mapping.adapt(alpha=0.5)
    return mapping


def mapped(mapping: Any, points: Array) -> tuple[Array, Array]:
    """Return what a vegas map makes of points (n, dimensions) of the unit cube, and its Jacobian."""
    unit: NDArray[np.float64] = np.empty_like(points)
    jacobian = np.empty(len(points))
    mapping.map(points, unit, jacobian)
    return unit, jacobian
