"""The largest value of a function: on a grid, which is then refined around its highest points."""

from collections.abc import Callable

import numpy as np

from darkmc.core.kinematics import Array

SUMMITS = 6
_LINE = 2000  # points of a line


def largest_on_line(function: Callable[[Array], Array], limits: tuple[float, float]) -> float:
    """Return the largest value of a function of positive numbers between two limits."""
    low, high = np.log(limits)
    return largest_on_grid(lambda x: function(np.exp(x[0])), low[None], high[None], _LINE)


def largest_on_grid(function: Callable[[Array], Array], low: Array, high: Array, points: int = 28) -> float:
    """Return the largest value of a function on a box, by a grid that is refined around its highest points.

    Parameters
    ----------
    function : callable
        From points (d, n) to values (n,).
    low, high : array (d,)
        Corners of the box.
    points : int
        Grid points per dimension of the first round.
    """
    values, grid = _on_grid(function, low, high, points)
    best = float(np.max(values))
    for start in np.argsort(values)[::-1][:SUMMITS]:
        centre, step = grid[:, start], (high - low) / (points - 1)
        for _ in range(6):
            near, around = _on_grid(
                function, np.maximum(centre - 1.5 * step, low), np.minimum(centre + 1.5 * step, high), 9
            )
            top = int(np.argmax(near))
            best, centre, step = max(best, float(near[top])), around[:, top], 3.0 / 8.0 * step
    return best


def _on_grid(function: Callable[[Array], Array], low: Array, high: Array, points: int) -> tuple[Array, Array]:
    axes = [np.linspace(a, b, points) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(len(axes), -1)
    return function(grid), grid
