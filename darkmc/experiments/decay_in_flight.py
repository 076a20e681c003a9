"""Topology: mesons decay in a target, a dark state flies off and decays inside a distant volume.

Rows: power 2, tau_survive = l1/lambda, tau_window = (l2 - l1)/lambda, lambda = beta gamma c tau at G = 1.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from darkmc.cards.experiment import DecayCard
from darkmc.cards.load import Loaded
from darkmc.core.errors import CardError
from darkmc.core.kinematics import Array
from darkmc.core.rng import channel_number
from darkmc.core.vocabulary import final_state
from darkmc.engine.aims import Expectation, depth_of, for_decays, for_secondaries, natural
from darkmc.engine.chain import Chain
from darkmc.engine.routes import Route
from darkmc.engine.site import Site
from darkmc.engine.stream import Stream
from darkmc.experiments.behind_target import CONVERTING, NOTHING_CONVERTS
from darkmc.experiments.fixed_target import FixedTarget
from darkmc.portals.portal import Portal, branching_ratio
from darkmc.sample.stream import ChannelPlan


class DecayInFlight(FixedTarget):
    """Channels of one decay-in-flight experiment, one per meson species and final state."""

    card: DecayCard

    def __init__(self, loaded: Loaded[Any], overrides: Mapping[str, Any]) -> None:
        super().__init__(loaded, overrides)
        self.needs_everything = any(quantity.applies_to({"dark_photon"}) for _, quantity in self.cuts)
        signal = self.card.simulation.signal
        target = self.card.geometry.target
        known = self.card.material is not None or (target is not None and target.material is not None)
        if signal != "decay" and not known:
            raise CardError(f"{self.path}: simulation.signal = '{signal}' needs [material]")

    def closed(self, portal: Portal) -> str | None:
        """Return why no channel is open at these masses, or None."""
        production = self.production_closed(portal)
        if production is not None:
            return production
        if self.card.simulation.signal == "conversion" and portal.light is None:
            return NOTHING_CONVERTS
        return portal.decay_closed(self.card.signal.final_states)

    def plans(self, portal: Portal, at: Sequence[float] | None, vary: bool = False) -> list[ChannelPlan]:
        """Return the open channels at these masses.

        Parameters
        ----------
        portal : Portal
            The masses.
        at : sequence of float, optional
            Couplings at which precision is wanted; they shape the proposals, never the rows' meaning.
        vary : bool
            Carry the weights of the flux card's alternatives along.
        """
        if self.closed(portal) is not None:
            return []
        mesons, signal, aimed = self.open_mesons(portal), self.card.simulation.signal, self.aimed
        site, streams = self.site(portal, vary), []
        if signal in ("decay", "all"):
            states = [s for s in self.card.signal.final_states if portal.heavy_branching_ratio(s)]
            chains = [self._decay(portal, meson, state, states) for meson in mesons for state in states]
            if aimed and site.proposal is not None:
                depths = _depths(site, portal, chains, self.criterion.target, at)
                streams += [Stream(site, portal, c, for_decays(site, c, depths)) for c in chains]
            else:
                streams += [Stream(site, portal, c, natural(site, c, aimed)) for c in chains]
        if signal in ("conversion", "all") and portal.light is not None:
            conversion = self.conversion(portal)
            chains = [
                self.secondary(portal, meson, kind, conversion, True)
                for meson in mesons
                for kind in CONVERTING
            ]
            site = self.converting_site(site)
            streams += [Stream(site, portal, c, for_secondaries(site, portal, c, (), aimed)) for c in chains]
        return [stream.plan() for stream in streams]

    def _decay(self, portal: Portal, meson: str, state: str, open_states: Sequence[str]) -> Chain:
        return Chain(
            name=meson if len(self.card.signal.final_states) == 1 else f"{meson} -> {state}",
            number=channel_number(meson, final_state(state).signal or state),
            parent=meson,
            emission=self.emission(portal, meson, False),
            route=Route("direct", portal.heavy, portal.heavy),
            signal=self.decay(portal, state, not self.aimed or self.source.lists is not None),
            efficiency=self.constant_efficiency(state),
            states=(),
            counts_primaries=state == open_states[0],
        )


def _depths(
    site: Site, portal: Portal, chains: Sequence[Chain], target: float, at: Sequence[float] | None
) -> list[tuple[float, float]]:
    """Return (share, depth) of the proposals: at given couplings, or at both ends of an exclusion."""
    absorption = depth_of(site, portal.heavy)
    if at is not None:
        return [(1.0 / len(at), absorption * coupling**2) for coupling in at]
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
    above = np.flatnonzero(total > target)
    last = above[-1] if len(above) else int(np.argmax(total))
    return [(0.5, 0.0), (0.5, float(depths[min(last + 1, len(depths) - 1)]))]


def _forward(site: Site, portal: Portal, chain: Chain, momenta: Array) -> Array:
    """Return the rate per momentum into the solid angle at G = 1, no decay: order of magnitude."""
    assert site.proposal is not None
    meson, branching = chain.parent, portal.heavy_branching_ratio(chain.signal.states[0])
    density = site.mesons.forward_density(meson, momenta)
    scale = site.exposure * branching * site.proposal.largest_weight
    out: Array = scale * density * branching_ratio(portal, meson)
    return out
