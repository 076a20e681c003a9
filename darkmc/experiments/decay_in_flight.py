"""Topology: mesons decay in a target, a dark state flies off and decays inside a distant volume.

With `simulation.showers` positrons of the showers that the mesons' photons start make dark states too.

Rows: power 2, tau_survive = l1/lambda, tau_window = (l2 - l1)/lambda, lambda = beta gamma c tau at G = 1.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from darkmc.biasing.emission import ProductionEmission
from darkmc.biasing.placement import Placement
from darkmc.cards.experiment import DecayCard
from darkmc.cards.load import Loaded
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.rng import channel_number
from darkmc.core.vocabulary import ANNIHILATION, final_state
from darkmc.engine.chain import Chain
from darkmc.engine.routes import Route
from darkmc.engine.site import Site
from darkmc.experiments.behind_target import CONVERTING, NOTHING_CONVERTS
from darkmc.experiments.fixed_target import FixedTarget
from darkmc.portals.portal import Portal
from darkmc.selection.cuts import interval

if TYPE_CHECKING:
    from darkmc.experiments.target_showers import TargetShowers


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
        self.showers = self._target_showers() if self.card.simulation.showers else None

    def _target_showers(self) -> "TargetShowers":
        from darkmc.experiments.target_showers import TargetShowers

        try:
            return TargetShowers(self.card, self.source, self._least_energy())
        except PhysicsError as error:
            raise CardError(f"{self.path}: simulation.showers: {error}") from None

    def _least_energy(self) -> float:
        """Return the energy in GeV of dark states below which nothing is seen."""
        softest = interval(self.card.cuts, "E_softer_lepton")[0]
        return min(
            max(self.energy_window(state)[0], 2.0 * softest if final_state(state).lepton else 0.0)
            for state in self.card.signal.final_states
        )

    def prepare(self) -> None:
        """Make the tables that do not depend on masses, showers among them."""
        super().prepare()
        if self.showers is not None:
            self.showers.prepare(self.aimed)

    def _parents(self, portal: Portal) -> list[str]:
        """Return the mesons, and the positrons of their showers, that make dark states."""
        made = self.showers is not None and self.showers.makes(portal)
        return [*self.open_mesons(portal), *([ANNIHILATION] if made else [])]

    def label(self, parent: str) -> str:
        """Return "showers", or the meson."""
        return "showers" if parent == ANNIHILATION else parent

    def emission(self, portal: Portal, parent: str, upstream: bool) -> ProductionEmission:
        """Return what mesons, or positrons of showers, emit; see :class:`BehindTarget`."""
        if parent != ANNIHILATION or self.showers is None:
            return super().emission(portal, parent, upstream)
        return self.showers.emission(portal, upstream)

    def placements(
        self, chains: Sequence[tuple[Site, Chain]], portal: Portal, at: Sequence[float] | None
    ) -> list[Placement]:
        """Return the placements of chains: positrons of showers have their own."""
        others = [pair for pair in chains if pair[1].parent != ANNIHILATION]
        of_mesons = iter(super().placements(others, portal, at))
        return [
            next(of_mesons)
            if self.showers is None or chain.parent != ANNIHILATION
            else self.showers.placement(site, chain, portal, self.aimed)
            for site, chain in chains
        ]

    def closed(self, portal: Portal) -> str | None:
        """Return why no channel is open at these masses, or None."""
        if not self._parents(portal):
            return self.production_closed(portal)
        if self.card.simulation.signal == "conversion" and portal.light is None:
            return NOTHING_CONVERTS
        return portal.decay_closed(self.card.signal.final_states)

    def chains(self, portal: Portal) -> list[Chain]:
        """Return the open channels at these masses, before they are aimed."""
        parents, signal, chains = self._parents(portal), self.card.simulation.signal, list[Chain]()
        if signal in ("decay", "all"):
            states = [s for s in self.card.signal.final_states if portal.heavy_branching_ratio(s)]
            chains += [self._decay(portal, p, state, states) for p in parents for state in states]
        if signal in ("conversion", "all") and portal.light is not None:
            conversion = self.conversion(portal)
            kinds = [(parent, kind) for parent in parents for kind in CONVERTING]
            chains += [self.secondary(portal, parent, kind, conversion, True) for parent, kind in kinds]
        return chains

    def _decay(self, portal: Portal, parent: str, state: str, open_states: Sequence[str]) -> Chain:
        name = self.label(parent)
        return Chain(
            name=name if len(self.card.signal.final_states) == 1 else f"{name} -> {state}",
            number=channel_number(parent, final_state(state).signal or state),
            parent=parent,
            emission=self.emission(portal, parent, False),
            route=Route("direct", portal.heavy, portal.heavy),
            signal=self.decay(portal, state, not self.aimed or self.source.lists is not None),
            efficiency=self.constant_efficiency(state),
            states=(),
            counts_primaries=state == open_states[0],
        )
