"""Which placements chains get: natural, of a list, or turned towards the detector, and by what proposals."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from darkmc.biasing.emission import sideways
from darkmc.biasing.following import Angle, Towards, chord, lean, spread
from darkmc.biasing.natural import AnaloguePrimaries
from darkmc.biasing.placement import Placement
from darkmc.biasing.turned import Aim, TurnedPrimaries, above, momentum_grid
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
_DECAYS = 96  # looked at for every momentum
_FOLLOWING = (0.2, 0.5, 0.8, 0.9)  # shares of directions that follow, to choose from
_LEAST_REACHED = 0.03  # of the solid angle: at the highest momenta hardly a decay that is looked at is there
_FALL = 0.25  # least factor of a momentum over that of the next one on the grid
_TILT = 3.0  # of decays towards the energies that cuts leave, in units of the least
_COARSE = 5  # steps in which the depth of an upper edge is looked for first
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
    expected = [
        None
        if chain.signal.per_length or not wanted.aimed or site.proposal is None
        else Expectation(site, chain, site.towards)
        for site, chain in chains
    ]
    decays = [(chain, rough) for (_, chain), rough in zip(chains, expected, strict=True) if rough is not None]
    depths = _depths(chains[0][0], portal, decays, wanted) if decays else []
    at = () if wanted.at is None else tuple(float(g) for g in wanted.at)
    return [
        for_secondaries(site, portal, chain, at, wanted.aimed)
        if chain.signal.per_length
        else (
            natural(site, chain, wanted.aimed, at)
            if rough is None
            else for_decays(site, chain, rough, depths)
        )
        for (site, chain), rough in zip(chains, expected, strict=True)
    ]


class Expectation:
    """What decays of mesons are likely to give, for every meson momentum of a grid.

    Parameters
    ----------
    site : Site
        Where mesons come from.
    chain : Chain
        What they emit, and what is seen.
    towards : Towards
        Where dark states are sent.
    """

    def __init__(self, site: Site, chain: Chain, towards: Towards, least: float = 0.0) -> None:
        self.momenta = momentum_grid(site.mesons.largest_momentum)
        self.forward = site.mesons.proposal(chain.parent, self.momenta)
        self._measure = self.forward * np.gradient(self.momenta) / _DECAYS
        own = chain.emission.n_uniform
        uniform = chunk_rng(0, chain.number, CHUNKS["proposal"][0]).random((own + 5, _DECAYS))
        emitted = chain.emission.sample(uniform[:own], None)
        state = emitted.last.momentum(chain.route.arriving.name)
        part = (
            above(least, self.momenta, mass(chain.parent), state[0][:, None], length(state[1:])[:, None])
            if least > 0.0
            else np.ones((_DECAYS, len(self.momenta)))
        )
        cosine = 1.0 - 2.0 * part * (1.0 - uniform[own][:, None])
        self.energies = _lab_energies(state, cosine, self.momenta, mass(chain.parent))
        accepted = chain.signal.acceptance(self.energies)
        self.accepted = part * (accepted + (1e-6 * np.max(accepted) + 1e-300 if least > 0.0 else 1e-4))
        apart = _lab_angles(state, cosine, self.momenta, mass(chain.parent))
        self._mixed: dict[float, Array] = {}
        self._solid_angle = towards.flat.largest_weight
        self._ahead, self._flat, self._near = self._sent(
            site, chain.parent, towards, apart, uniform[own + 1 :]
        )

    def _sent(
        self, site: Site, meson: str, towards: Towards, apart: Angle, uniform: Array
    ) -> tuple[Array, Array, Array]:
        """Return the density of mesons over that ahead, and those of directions: half of these follow."""
        momentum, u1, u2, u3, u4 = (
            v.ravel() for v in np.broadcast_arrays(self.momenta, *uniform[:, :, None])
        )
        width, apart = spread(momentum), Angle(*(v.ravel() for v in apart))
        direction, flat, near = towards.sample(u1, u2, u3 < 0.5, width + chord(apart))
        leaning = lean(u4, Angle.to_beam(direction), apart, width)
        fall = leaning.fall
        density = site.mesons.density_per_solid_angle(
            meson, momentum, 1.0 - fall, fall * (2.0 - fall) * momentum**2
        )
        ahead = np.where(flat > 0.0, density * leaning.weight, 0.0).reshape(self.energies.shape)
        return _over(ahead, self.forward), flat.reshape(ahead.shape), near.reshape(ahead.shape)

    def reaching(self) -> Array:
        """Return by what the density ahead is to be multiplied to have all that are sent, sr, (k, m)."""
        out: Array = self._ahead / self._drawn(0.5)
        return out

    def sent(self) -> Array:
        """Return what is sent by decays and momenta, whose sum is the mean over decays, (k, m)."""
        out: Array = self.reaching() * self._measure
        return out

    def _drawn(self, following: float) -> Array:
        """Return the density of directions of which a share follows, 1/sr, kept for all components."""
        if following not in self._mixed:
            self._mixed[following] = np.maximum(
                (1.0 - following) * self._flat + following * self._near, 1e-300
            )
        return self._mixed[following]

    def aim(
        self, share: float, depth: float, worth: Array, tilt: float, floor: float, least: float = 0.0
    ) -> Aim:
        """Return a component for what dark states are worth (k, m) that are left of those of a depth.

        The share whose directions follow is that of some for which the weights vary least.

        Parameters
        ----------
        share, depth : float
            Of the component; see :class:`Aim`.
        worth : array (k, m)
            Before it is multiplied by what is left.
        tilt : float
            What is added to the depth for the angles of decays, GeV.
        floor : float
            Least factor of a momentum, over the largest.
        least : float
            Energy (GeV) that dark states need.
        """
        exponent = depth / self.energies
        worth = worth * np.exp(np.min(exponent) - exponent)
        all_over = np.minimum(np.pi * spread(self.momenta) ** 2, _LEAST_REACHED * self._solid_angle)
        factor = np.mean(worth * (self.reaching() + all_over), axis=0) / self._solid_angle
        factor += floor * np.max(factor) + 1e-300
        if least > 0.0:
            # just above a threshold none of the decays that are looked at may be seen
            for k in range(len(factor) - 2, -1, -1):
                factor[k] = max(factor[k], _FALL * factor[k + 1])
        squares = (worth * self._ahead) ** 2 / self._drawn(0.5) * (self._measure / factor)
        spreads = [float(np.sum(squares / self._drawn(share))) for share in _FOLLOWING]
        return Aim(share, depth + tilt, factor, _FOLLOWING[int(np.argmin(spreads))], least)


def _over(part: Array, whole: Array) -> Array:
    """Return a ratio, 0 where there is nothing to divide by."""
    out: Array = np.where(whole > 0.0, part, 0.0) / np.where(whole > 0.0, whole, 1.0)
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
    arriving = chain.route.arriving
    nearest = site.reach - site.volume.reach - lists[meson].distance_from(site.origin)
    depths: list[float] | None = [0.0]
    if arriving.decays and nearest > 0.0:
        depth = float(decay_lengths(nearest, 1.0, arriving.mass, arriving.ctau))
        depths = [depth * g**2 for g in at] if at else None
    worth = ListWorth(chain, depths) if aimed else None
    return ListPrimaries(lists[meson], mass(meson), site.origin, site.volume, aimed, margin, worth)


def for_decays(
    site: Site, chain: Chain, expected: Expectation, depths: Sequence[tuple[float, float]]
) -> Placement:
    """Return mesons turned for a decay in the volume, one component of the mixture per (share, depth)."""
    worth, tilt = expected.accepted / expected.energies, _TILT * chain.signal.least_energy
    left = 1.0 - FORWARD_SHARE
    aims = [
        _ahead(expected),
        *(expected.aim(left * share, depth, worth, tilt, 1e-12) for share, depth in depths),
    ]
    return _turned(site, chain, site.towards, aims)


def _ahead(expected: Expectation) -> Aim:
    """Return the component of the plain forward density."""
    return Aim(FORWARD_SHARE, 0.0, np.ones_like(expected.momenta))


def _turned(site: Site, chain: Chain, towards: Towards, aims: Sequence[Aim]) -> Placement:
    momenta = momentum_grid(site.mesons.largest_momentum)
    return TurnedPrimaries(site.mesons, chain.parent, mass(chain.parent), towards, momenta, aims, site.origin)


def _depths(
    site: Site, portal: Portal, decays: Sequence[tuple[Chain, Expectation]], wanted: Wanted
) -> list[tuple[float, float]]:
    """Return (share, depth) of the proposals: at given couplings, or at both ends of an exclusion."""
    absorption = depth_of(site, portal.heavy)
    if wanted.at is not None:
        return [(1.0 / len(wanted.at), absorption * coupling**2) for coupling in wanted.at]
    near, far = site.span
    rates = []
    for chain, rough in decays:
        ratio = portal.heavy_branching_ratio(chain.signal.states[0]) * branching_ratio(portal, chain.parent)
        rates.append(site.exposure / absorption * ratio * rough.accepted * rough.sent())
    depths = np.geomspace(0.3, 3e4, 31)[::-1]

    @cache
    def total(k: int) -> float:
        inside = (
            -np.expm1(-(far - near) / near * depths[k] / rough.energies) * np.exp(-depths[k] / rough.energies)
            for _, rough in decays
        )
        return float(
            depths[k] * sum(float(np.vdot(rate, seen)) for rate, seen in zip(rates, inside, strict=True))
        )

    # yields rise towards their peak: steps of five first, then those before the one that is above
    for k in (*range(0, len(depths), _COARSE), *range(len(depths))):
        if total(k) > wanted.target:
            first = next(j for j in range(max(k - _COARSE + 1, 0), k + 1) if total(j) > wanted.target)
            return [(0.5, 0.0), (0.5, min(float(depths[first] * depths[-2] / depths[-1]), depths[0]))]
    best = int(np.argmax([total(k) for k in range(len(depths))]))
    return [(0.5, 0.0), (0.5, float(depths[max(best - 1, 0)]))]


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
        return natural(site, chain, aimed)
    towards = Towards.of(proposal)
    expected = Expectation(site, chain, towards, chain.signal.least_energy)
    return _turned(site, chain, towards, _mixture(site, chain, expected, at))


def _mixture(site: Site, chain: Chain, expected: Expectation, at: Sequence[float]) -> list[Aim]:
    """Return the mixture of proposals: the forward density, and what is likely to be seen."""
    depths, top = [0.0], site.mesons.largest_momentum
    if chain.route.arriving.decays:
        depths += [depth_of(site, chain.route.arriving) * g**2 for g in at]
    elif chain.signal.veto_depth > 0.0:
        depths += [chain.signal.veto_depth * g**2 for g in at] or [share * top for share in _DEPTHS]
    share = (1.0 - FORWARD_SHARE) / len(depths)
    least = chain.signal.least_energy
    aims = [expected.aim(share, depth, expected.accepted, 0.0, 1e-9, least) for depth in depths]
    return [_ahead(expected), *aims]


def _lab_energies(state: Array, cosine: Array, momenta: Array, mass: float) -> Array:
    """Return lab energies (k, m) of states (4, k) in the frames of mesons of some momenta (m)."""
    along = length(state[1:])[:, None] * cosine
    out: Array = (state[0][:, None] * np.hypot(momenta, mass) + along * momenta) / mass
    return out


def _lab_angles(state: Array, cosine: Array, momenta: Array, mass: float) -> Angle:
    """Return lab angles (k, m) of states (4, k) to mesons of some momenta (m)."""
    speed = length(state[1:])
    along = speed[:, None] * cosine * np.hypot(momenta, mass) + np.outer(state[0], momenta)
    aside = np.maximum(speed[:, None] * np.sqrt(1.0 - cosine**2), 1e-300)
    return Angle.of(along / mass, aside)
