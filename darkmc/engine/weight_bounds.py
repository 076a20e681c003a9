"""Upper bounds of a row's contribution, for unweighting."""

from typing import TYPE_CHECKING, Protocol

import numpy as np

from darkmc.biasing.placement import Placement
from darkmc.core.kinematics import Array
from darkmc.core.rng import CHUNK_ROWS, CHUNKS
from darkmc.engine.chain import Chain
from darkmc.engine.site import Site
from darkmc.portals.portal import Portal

if TYPE_CHECKING:
    from darkmc.sample.stream import ChannelPlan

MARGIN = 1.02  # over the refined maximum; rows above the bound are counted and keep their excess


class Planned(Protocol):
    """A stream that says how the simulation sees it."""

    def plan(self) -> "ChannelPlan": ...  # noqa: D102


def sampled_bound(stream: Planned, coupling: float) -> float:
    """Return 1.5 times the largest contribution of 32 chunks: rows above it are counted and said."""
    plan = stream.plan()
    chunks = (plan.channel(plan.run(0, chunk, CHUNK_ROWS)) for chunk in CHUNKS["bound"][:32])
    return 1.5 * max(float(np.max(chunk.contributions(coupling), initial=0.0)) for chunk in chunks)


def row_bound(
    chain: Chain, site: Site, portal: Portal, placement: Placement, coupling: float
) -> float | None:
    """Return an upper bound of any row's contribution to a chain's channel at one coupling, None: not known.

    The maximum over parents, energy of the dark state in the parent's frame and the angle between them of
    the largest weight there; the spin's factor and the photon's window are taken at their largest.
    """
    signal, emission = chain.signal, chain.emission
    energies = emission.energies(portal)
    if energies is None or signal.largest_weight(np.array([1.0])) is None:
        return None
    ratio = portal.heavy_branching_ratio(signal.states[0])
    common = emission.largest_weight * site.exposure * (ratio * site.branching_factor * chain.efficiency)
    common *= coupling**2 * MARGIN
    near, chord = placement.path_range or site.path_range
    rate = coupling**2 * portal.heavy.mass / portal.heavy.ctau

    def survival(energy: Array) -> Array:
        momentum = np.sqrt(np.maximum(energy**2 - portal.heavy.mass**2, 1e-30))
        out: Array = np.exp(-near * rate / momentum) * -np.expm1(-chord * rate / momentum)
        return out

    def seen(energy: Array) -> Array:
        out = signal.largest_weight(energy)
        assert out is not None
        return out

    largest = placement.largest(energies, survival, seen)
    return None if largest is None else common * largest
