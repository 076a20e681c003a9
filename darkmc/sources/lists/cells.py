"""Tables of cells in log10 of angle and momentum, as codes of forward physics write them, made into lists."""

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array

MOST_ENTRIES, MOST_A_SIDE = 200_000, 8
_EVEN = 1e-3  # relative, of steps that are multiples of the smallest
_DIGITS = 9  # of the logarithms, that tell places apart


def spread(log_theta: Array, log_p: Array, highest: float) -> tuple[Array, Array, NDArray[np.int64], int]:
    """Return places evenly spread over cells, in the logarithms, each for an equal part of its cell's weight.

    Parameters
    ----------
    log_theta, log_p : array (n,)
        log10 of the middles of the cells: of angles in rad, and of momenta.
    highest : float
        log10 of the largest possible momentum: what of a cell lies above is left out, not its weight.

    Returns
    -------
    log_theta, log_p : array (n k^2,)
        Places.
    cell : array (n k^2,)
        The cells they are of.
    side : int
        k: at most 8, fewer where 200 000 places would be exceeded.
    """
    n = len(log_theta)
    side = int(np.clip(np.sqrt(MOST_ENTRIES / n), 1, MOST_A_SIDE))
    inside = (np.arange(side) + 0.5) / side
    places = []
    for middles, top in ((log_theta, np.log10(np.pi)), (log_p, highest)):
        low, high = _edges(middles)
        high = np.maximum(np.minimum(high, top), low)
        places.append(low[:, None] + (high - low)[:, None] * inside)
    theta = np.repeat(places[0], side, axis=1).ravel()
    momentum = np.tile(places[1], (1, side)).ravel()
    return theta, momentum, np.repeat(np.arange(n), side**2), side


def _edges(middles: Array) -> tuple[Array, Array]:
    """Return lower and upper edges of cells about places of a grid, which may lack some; no width for one."""
    values, which = np.unique(np.round(middles, _DIGITS), return_inverse=True)
    if len(values) == 1:
        return middles, middles
    steps = np.diff(values)
    multiples = steps / np.min(steps)
    if np.all(np.abs(multiples - np.rint(multiples)) < _EVEN * multiples):
        half = 0.5 * float(np.min(steps))
        return middles - half, middles + half
    between = 0.5 * (values[1:] + values[:-1])
    low = np.concatenate([[values[0] - 0.5 * steps[0]], between])
    high = np.concatenate([between, [values[-1] + 0.5 * steps[-1]]])
    return low[which], high[which]
