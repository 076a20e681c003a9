"""Topology: mesons decay in a target, a dark state flies off and decays inside a distant volume.

Rows: power 2, tau_survive = l1/lambda, tau_window = (l2 - l1)/lambda, lambda = beta gamma c tau at G = 1.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from darkmc.cards.experiment import DecayCard
from darkmc.cards.load import Loaded
from darkmc.core.errors import CardError
from darkmc.core.rng import channel_number
from darkmc.core.vocabulary import final_state
from darkmc.engine.chain import Chain
from darkmc.engine.routes import Route
from darkmc.experiments.behind_target import CONVERTING, NOTHING_CONVERTS
from darkmc.experiments.fixed_target import FixedTarget
from darkmc.portals.portal import Portal


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

    def chains(self, portal: Portal) -> list[Chain]:
        """Return the open channels at these masses, before they are aimed."""
        mesons, signal, chains = self.open_mesons(portal), self.card.simulation.signal, []
        if signal in ("decay", "all"):
            states = [s for s in self.card.signal.final_states if portal.heavy_branching_ratio(s)]
            chains += [self._decay(portal, meson, state, states) for meson in mesons for state in states]
        if signal in ("conversion", "all") and portal.light is not None:
            conversion = self.conversion(portal)
            kinds = [(meson, kind) for meson in mesons for kind in CONVERTING]
            chains += [self.secondary(portal, meson, kind, conversion, True) for meson, kind in kinds]
        return chains

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
