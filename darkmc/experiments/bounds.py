"""Upper bounds of a row's contribution, for unweighting: a grid over the kinematics, then refined."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from darkmc.experiments.list_primaries import ListPrimaries
from darkmc.experiments.primaries import TurnedPrimaries
from darkmc.kinematics import Array
from darkmc.particles import PSEUDOSCALARS
from darkmc.rng import CHUNK_ROWS

if TYPE_CHECKING:
    from darkmc.experiments.plan import ChannelPlan
    from darkmc.experiments.stream import Stream

_FIRST_CHUNK = 2**30 + 2**20  # chunks of bounds are apart from those of samples and events
MARGIN = 1.02  # over the refined maximum; rows above the bound are counted and keep their excess


def largest_on_grid(function: Callable[[Array], Array], low: Array, high: Array, points: int = 24) -> float:
    """Return the largest value of a function on a box, by a grid that is refined around its maximum.

    Parameters
    ----------
    function : callable
        From points (d, n) to values (n,).
    low, high : array (d,)
        Corners of the box.
    points : int
        Grid points per dimension and round.
    """
    best = -np.inf
    lower, upper = low.copy(), high.copy()
    for _ in range(6):
        axes = [np.linspace(a, b, points) for a, b in zip(lower, upper, strict=True)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(len(axes), -1)
        values = function(grid)
        top = int(np.argmax(values))
        best = max(best, float(values[top]))
        step = (upper - lower) / (points - 1)
        lower = np.maximum(grid[:, top] - 1.5 * step, low)
        upper = np.minimum(grid[:, top] + 1.5 * step, high)
    return best


def sampled_bound(plan: "ChannelPlan", coupling: float) -> float:
    """Return 1.5 times the largest contribution of 32 chunks: rows above it are counted and said."""
    chunks = (plan.channel(plan.run(0, _FIRST_CHUNK + k, CHUNK_ROWS)) for k in range(32))
    return 1.5 * max(float(np.max(chunk.contributions(coupling), initial=0.0)) for chunk in chunks)


def row_bound(stream: "Stream", coupling: float) -> float:
    """Return an upper bound of any row's contribution in a stream at one coupling.

    The maximum over meson momentum, energy of the dark state in the meson's frame and the angle between
    them of the largest weight there; the spin's factor and the photon's window are taken at their largest.
    """
    common = stream.production.largest_weight * stream.card.beam.exposure * stream.branching_and_efficiency
    common *= coupling**2 * MARGIN
    near, chord = stream.path_range
    rate = coupling**2 * stream.decay.mass / stream.ctau
    mass, heavy = stream.mass, stream.decay.mass
    largest = (mass**2 + heavy**2 - stream.lightest_recoil**2) / (2.0 * mass)
    monochromatic = stream.meson not in PSEUDOSCALARS

    def survival(energy: Array) -> Array:
        momentum = np.sqrt(np.maximum(energy**2 - heavy**2, 1e-30))
        out: Array = np.exp(-near * rate / momentum) * -np.expm1(-chord * rate / momentum)
        return out

    primaries = stream.primaries
    if not isinstance(primaries, TurnedPrimaries):
        low, high = np.log(primaries.energy_range(heavy, largest, monochromatic))
        peak = largest_on_grid(lambda x: survival(np.exp(x[0])), low[None], high[None], 2000)
        bound = common * primaries.largest_weight * peak * stream.analogue_weight
        if isinstance(primaries, ListPrimaries):
            # Dark states at rest set the bound, and hardly a row comes near it.
            return min(bound, sampled_bound(stream.plan(), coupling) or bound)
        return bound

    def weight(x: Array) -> Array:
        momentum, energy, cosine = x
        speed = np.sqrt(np.maximum(energy**2 - heavy**2, 0.0))
        lab = (energy * np.hypot(momentum, mass) + speed * momentum * cosine) / mass
        placed = primaries.largest_weight(momentum, energy, speed, cosine)
        out: Array = placed * survival(lab) * stream.decay.largest_weight(lab)
        return out

    least = largest * (1.0 - 1e-12) if monochromatic else heavy
    top = primaries.source.largest_momentum * (1.0 - 1e-6)
    return common * largest_on_grid(
        weight, np.array([1e-3 * top, least, -1.0]), np.array([top, largest, 1.0])
    )
