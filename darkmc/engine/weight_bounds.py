"""Upper bounds of a row's contribution, for unweighting: a grid over the kinematics, then refined."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from darkmc.biasing.lists import ListPrimaries
from darkmc.biasing.turned import TurnedPrimaries
from darkmc.core.kinematics import Array
from darkmc.core.rng import CHUNK_ROWS, CHUNKS
from darkmc.engine.chain import Chain, Placement
from darkmc.engine.site import Site
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.signals.signal import Signal

if TYPE_CHECKING:
    from darkmc.sample.stream import ChannelPlan

SUMMITS = 6
MARGIN = 1.02  # over the refined maximum; rows above the bound are counted and keep their excess


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


class Planned(Protocol):
    """A stream that says how the simulation sees it."""

    def plan(self) -> "ChannelPlan": ...  # noqa: D102


def sampled_bound(stream: Planned, coupling: float) -> float:
    """Return 1.5 times the largest contribution of 32 chunks: rows above it are counted and said."""
    plan = stream.plan()
    chunks = (plan.channel(plan.run(0, chunk, CHUNK_ROWS)) for chunk in CHUNKS["bound"][:32])
    return 1.5 * max(float(np.max(chunk.contributions(coupling), initial=0.0)) for chunk in chunks)


def row_bound(
    chain: Chain, site: Site, portal: DarkAxionPortal, primaries: Placement, coupling: float
) -> float:
    """Return an upper bound of any row's contribution to a chain's channel at one coupling.

    The maximum over meson momentum, energy of the dark state in the meson's frame and the angle between
    them of the largest weight there; the spin's factor and the photon's window are taken at their largest.
    """
    signal, emission = chain.signal, chain.emission
    ratio = portal.heavy_branching_ratio(signal.states[0])
    common = emission.largest_weight * site.exposure * (ratio * site.branching_factor * chain.efficiency)
    common *= coupling**2 * MARGIN
    near, chord = primaries.path_range if isinstance(primaries, ListPrimaries) else site.path_range
    rate = coupling**2 * portal.heavy.mass / portal.heavy.ctau
    mass, heavy = emission.mass, portal.heavy.mass
    largest = (mass**2 + heavy**2 - portal.light.mass**2) / (2.0 * mass)
    monochromatic = emission.two_body

    def survival(energy: Array) -> Array:
        momentum = np.sqrt(np.maximum(energy**2 - heavy**2, 1e-30))
        out: Array = np.exp(-near * rate / momentum) * -np.expm1(-chord * rate / momentum)
        return out

    if not isinstance(primaries, TurnedPrimaries):
        low, high = np.log(primaries.energy_range(heavy, largest, monochromatic))
        peak = largest_on_grid(lambda x: survival(np.exp(x[0])), low[None], high[None], 2000)
        return common * primaries.largest_weight * peak * float(_largest(signal, np.array([np.inf]))[0])

    def weight(x: Array) -> Array:
        momentum, energy, cosine = np.exp(x[0]), x[1], x[2]
        speed = np.sqrt(np.maximum(energy**2 - heavy**2, 0.0))
        lab = (energy * np.hypot(momentum, mass) + speed * momentum * cosine) / mass
        placed = primaries.largest_weight(momentum, energy, speed, cosine)
        out: Array = placed * survival(lab) * _largest(signal, lab)
        return out

    least = largest * (1.0 - 1e-12) if monochromatic else heavy
    top = primaries.source.largest_momentum * (1.0 - 1e-6)
    return common * largest_on_grid(
        weight, np.array([np.log(1e-3 * top), least, -1.0]), np.array([np.log(top), largest, 1.0])
    )


def _largest(signal: Signal, energy: Array) -> Array:
    out = signal.largest_weight(energy)
    assert out is not None
    return out
