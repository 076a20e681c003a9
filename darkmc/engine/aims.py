"""Which placements chains get: natural, of a list, or turned towards the detector, and by what proposals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from darkmc.biasing.emission import sideways
from darkmc.biasing.natural import AnaloguePrimaries
from darkmc.biasing.placement import Placement
from darkmc.biasing.turned import Aim, TurnedPrimaries, momentum_grid
from darkmc.core.flight import decay_lengths
from darkmc.core.kinematics import Array, length
from darkmc.core.particles import mass
from darkmc.core.rng import CHUNKS, chunk_rng
from darkmc.engine.chain import Chain
from darkmc.engine.site import Site
from darkmc.geometry.directions import DirectionProposal
from darkmc.portals.portal import DarkState, Portal, branching_ratio

FORWARD_SHARE = (
    0.1  # of the rows, for the plain forward density: it keeps the errors of the early cutflow small
)
_DEPTHS = (2.0, 10.0)  # of proposals for upper edges, in units of the largest energy; see `Aim`


class Wanted(NamedTuple):
    """What aims are for.

    Attributes
    ----------
    aimed : bool
        Dark states are sent to the detector.
    at : sequence of float or None
        Couplings at which precision is wanted; None: at both ends of an exclusion.
    target : float
        Number of events that is excluded.
    """

    aimed: bool
    at: Sequence[float] | None
    target: float


def aims(chains: Sequence[tuple[Site, Chain]], portal: Portal, wanted: Wanted) -> list[Placement]:
    """Return the placements of all chains of an analysis, each with its site.

    What happens along the way through a volume is aimed chain by chain; decays share depths, which follow
    from the yield of all of them.
    """
    decays = [(site, chain) for site, chain in chains if not chain.signal.per_length]
    depths: Sequence[tuple[float, float]] = ()
    if decays and wanted.aimed and decays[0][0].proposal is not None:
        depths = _depths(decays[0][0], portal, [chain for _, chain in decays], wanted)
    at = () if wanted.at is None else tuple(float(g) for g in wanted.at)
    return [
        for_secondaries(site, portal, chain, at, wanted.aimed)
        if chain.signal.per_length
        else (for_decays(site, chain, depths) if depths else natural(site, chain, wanted.aimed, at))
        for site, chain in chains
    ]


class Expectation:
    """Rough mean over decays of acceptance and survival, for every meson momentum of a grid."""

    def __init__(self, energies: Array, accepted: Array) -> None:
        self.energies, self.accepted = energies, accepted

    @classmethod
    def of(cls, chain: Chain, momenta: Array) -> "Expectation":
        """Return the average over decays of a chain's emission for every meson momentum (GeV)."""
        own = chain.emission.n_uniform
        uniform = chunk_rng(0, chain.number, CHUNKS["proposal"][0]).random((own + 1, 48))
        emitted = chain.emission.sample(uniform[:own], None)
        arriving = emitted.last.momentum(chain.route.arriving.name)
        energies = _lab_energies(arriving, 2.0 * uniform[own] - 1.0, momenta, mass(chain.parent))
        return cls(energies, chain.signal.acceptance(energies) + 1e-4)

    def factor(self, depth: float) -> Array:
        """Return the mean of acceptance x exp(-depth/E)/E over decays, for every meson momentum.

        Relative to the deepest survivor, so that it never vanishes as a whole.
        """
        exponent = depth / self.energies
        survival = np.exp(np.min(exponent) - exponent)
        out: Array = np.mean(self.accepted * survival / self.energies, axis=0)
        return out


def depth_of(site: Site, state: DarkState) -> float:
    """Return decay lengths at G = 1 to the volume, times energy: exp(-depth G^2/E) arrive."""
    return float(decay_lengths(site.span[0], 1.0, state.mass, state.ctau))


def natural(site: Site, chain: Chain, aimed: bool, at: Sequence[float] | None = None) -> Placement:
    """Return mesons as they come, or those of a list, sent to the volume if that is asked for."""
    meson, lists = chain.parent, site.mesons.lists
    if lists is None:
        return AnaloguePrimaries(site.mesons, meson, mass(meson), site.origin)
    from darkmc.biasing.lists import ListPrimaries
    from darkmc.engine.list_worth import ListWorth

    # The daughter of a decay upstream starts elsewhere: it may point past the detector from here.
    margin = 0.5 if chain.route.kind == "far" else 0.0
    arriving, nearest = chain.route.arriving, site.reach - site.volume.reach
    depths: list[float] | None = [0.0]
    if arriving.decays and nearest > 0.0:
        depth = float(decay_lengths(nearest, 1.0, arriving.mass, arriving.ctau))
        depths = [depth * g**2 for g in at] if at else None
    worth = ListWorth(chain, depths) if aimed else None
    return ListPrimaries(lists[meson], mass(meson), site.origin, site.volume, aimed, margin, worth)


def for_decays(site: Site, chain: Chain, depths: Sequence[tuple[float, float]]) -> Placement:
    """Return mesons turned for a decay in the volume, one component of the mixture per (share, depth)."""
    assert site.proposal is not None
    momenta = momentum_grid(site.mesons.largest_momentum)
    expectation = Expectation.of(chain, momenta)
    aims = [Aim(FORWARD_SHARE, 0.0, np.ones_like(momenta))]
    for share, depth in depths:
        factor = expectation.factor(depth)
        aims.append(Aim((1.0 - FORWARD_SHARE) * share, depth, factor + 1e-12 * np.max(factor)))
    return TurnedPrimaries(
        site.mesons, chain.parent, mass(chain.parent), site.proposal, momenta, aims, site.origin
    )


def _depths(site: Site, portal: Portal, chains: Sequence[Chain], wanted: Wanted) -> list[tuple[float, float]]:
    """Return (share, depth) of the proposals: at given couplings, or at both ends of an exclusion."""
    absorption = depth_of(site, portal.heavy)
    if wanted.at is not None:
        return [(1.0 / len(wanted.at), absorption * coupling**2) for coupling in wanted.at]
    depths = np.geomspace(0.3, 3e4, 31)
    squares = depths / absorption
    top = site.mesons.largest_momentum
    momenta = top * np.linspace(0.02, 1.0, 40) ** 2
    total = np.zeros_like(depths)
    near, far = site.span
    for chain in chains:
        rough = Expectation.of(chain, momenta)
        forward = _forward(site, portal, chain, momenta)
        chord = (far - near) / near
        for k, depth in enumerate(depths):
            inside = -np.expm1(-chord * depth / rough.energies) * np.exp(-depth / rough.energies)
            yield_ = np.trapezoid(forward * np.mean(rough.accepted * inside, axis=0), momenta)
            total[k] += squares[k] * yield_
    above = np.flatnonzero(total > wanted.target)
    last = above[-1] if len(above) else int(np.argmax(total))
    return [(0.5, 0.0), (0.5, float(depths[min(last + 1, len(depths) - 1)]))]


def _forward(site: Site, portal: Portal, chain: Chain, momenta: Array) -> Array:
    """Return the rate per momentum into the solid angle at G = 1, no decay: order of magnitude."""
    assert site.proposal is not None
    meson, branching = chain.parent, portal.heavy_branching_ratio(chain.signal.states[0])
    density = site.mesons.proposal(meson, momenta)
    scale = site.exposure * branching * site.proposal.largest_weight
    out: Array = scale * density * branching_ratio(portal, meson)
    return out


def directions(site: Site, portal: Portal, chain: Chain) -> DirectionProposal | None:
    """Return directions of what flies off, so that a chain's signal may act; None: any direction may do."""
    if site.proposal is None or chain.route.kind != "far":
        return site.proposal
    margin = sideways(portal, chain.signal.least_energy) * (site.path_range[1] + site.reach - site.span[0])
    wider = site.volume.grown(margin)
    if wider.contains(site.origin).any():  # near and wide
        return None
    return wider.direction_proposal(tuple(site.origin))


def for_secondaries(site: Site, portal: Portal, chain: Chain, at: Sequence[float], aimed: bool) -> Placement:
    """Return mesons placed for what happens along the way through the volume."""
    proposal = directions(site, portal, chain) if aimed else None
    if proposal is None:
        return natural(site, chain, aimed, at)
    momenta = momentum_grid(site.mesons.largest_momentum)
    aims = _mixture(site, chain, momenta, at)
    return TurnedPrimaries(
        site.mesons, chain.parent, mass(chain.parent), proposal, momenta, aims, site.origin
    )


def _mixture(site: Site, chain: Chain, momenta: Array, at: Sequence[float]) -> list[Aim]:
    """Return the mixture of proposals: the forward density, and what is likely to be seen."""
    uniform = chunk_rng(0, chain.number, CHUNKS["proposal"][0]).random((6, 96))
    emitted = chain.emission.sample(uniform[1:], None)
    state = emitted.last.momentum(chain.route.arriving.name)
    lab = _lab_energies(state, 2.0 * uniform[0] - 1.0, momenta, mass(chain.parent))
    rate, top = chain.signal.acceptance(lab), site.mesons.largest_momentum
    depths = [0.0]
    if chain.route.arriving.decays:
        depths += [depth_of(site, chain.route.arriving) * g**2 for g in at]
    elif chain.signal.veto_depth > 0.0:
        depths += [chain.signal.veto_depth * g**2 for g in at] or [share * top for share in _DEPTHS]
    aims = [Aim(FORWARD_SHARE, 0.0, np.ones_like(momenta))]
    for depth in depths:
        exponent = depth / lab
        factor = np.mean(rate * np.exp(np.min(exponent) - exponent), axis=0)
        most = float(np.max(factor))
        aims.append(Aim((1.0 - FORWARD_SHARE) / len(depths), depth, factor + 1e-3 * most + 1e-300))
    return aims


def _lab_energies(state: Array, cosine: Array, momenta: Array, mass: float) -> Array:
    """Return lab energies (k, m) of states (4, k) in the frames of mesons of some momenta (m)."""
    along = length(state[1:]) * cosine
    out: Array = (state[0][:, None] * np.hypot(momenta, mass) + along[:, None] * momenta) / mass
    return out
