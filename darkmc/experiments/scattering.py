"""Topology: mesons decay in a target, a dark state flies off and scatters inside a distant volume.

Electrons: a e -> gamma' e, gamma' e -> a e, and the a of gamma' -> a gamma before the detector.  Nuclei:
coherent conversion with gamma' -> a gamma inside.  One stream per meson and state, exact in the coupling.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from darkmc.biasing.trained import adapt
from darkmc.cards.experiment import ScatteringCard
from darkmc.cards.load import Loaded
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.materials import nuclei_per_m3
from darkmc.engine.chain import Chain
from darkmc.engine.stream import Stream
from darkmc.experiments.behind_target import CONVERTING, KINDS, NOTHING_CONVERTS, STABLE_KINDS, Kind
from darkmc.experiments.fixed_target import FixedTarget
from darkmc.portals.portal import Portal
from darkmc.sample.rows import Channel
from darkmc.sample.sample import Sample
from darkmc.selection.observables import observable
from darkmc.signals.electron import (
    ElectronRecoil,
    Recoils,
    active_volume,
    angular_window,
    kinetic_window,
    needs_photon,
)
from darkmc.signals.signal import Signal

_PRECISION = 0.01  # that streams are trained for


class Scattering(FixedTarget):
    """Channels of one scattering experiment, one per meson species and scattering state."""

    card: ScatteringCard
    inside = "scatters_inside"

    def __init__(self, loaded: Loaded[Any], overrides: Mapping[str, Any]) -> None:
        super().__init__(loaded, overrides)
        material = self.card.material
        try:
            nuclei_per_m3(material.density_g_cm3, material.composition, material.fill)
        except PhysicsError as error:
            raise CardError(f"{self.path}: material.composition: {error}") from None
        self.active = active_volume(self.card, self.path, self.shape)
        if self.card.simulation.veto != "accept":
            self.veto_volume = self.active
        low, high = kinetic_window(self.card.cuts)
        if low >= high:
            raise CardError(f"{self.path}: cuts: the window of recoil energies is empty")
        low, high = angular_window(self.card.cuts)
        if low >= high:
            raise CardError(f"{self.path}: cuts: the window of recoil angles is empty")
        self._check_efficiency()
        with_photon = [cut.name for cut in self.card.cuts if needs_photon(cut)]
        if with_photon and self.card.simulation.veto != "accept":
            raise CardError(
                f"{self.path}: cuts.{with_photon[0]}: a photon is seen with simulation.veto = 'accept' only"
            )

    def _check_efficiency(self) -> None:
        """Raise CardError for a table of efficiencies on what one of the signals does not show."""
        table, signal = self.card.signal.table, self.card.simulation.signal
        shown = {"recoil_electron": signal != "conversion", "photon": signal != "electron"}
        for name in (name for name, asked in shown.items() if asked):
            if table is not None and not observable(table.observable).applies_to({name}):
                raise CardError(f"{self.path}: signal.efficiency: '{name}' alone has no '{table.observable}'")

    def _nothing_left(self, portal: Portal) -> str:
        """Return what is said where the cuts leave no row of a sample."""
        del portal  # it does not depend on masses
        return "the cuts leave nothing of what scatters"

    def _seen(self) -> list[set[str]]:
        """Return the particles, by name, of every kind of signal event that cuts may ask for."""
        return [{"recoil_electron", "photon"}]

    def closed(self, portal: Portal) -> str | None:
        """Return why no channel is open at these masses, or None."""
        production = self.production_closed(portal)
        if production is not None:
            return production
        if portal.light is None:
            return NOTHING_CONVERTS
        needed = self.card.signal.final_states if self.card.simulation.signal == "conversion" else ()
        return portal.decay_closed(needed) if needed else None

    def chains(self, portal: Portal) -> list[Chain]:
        """Return the open channels at these masses, before they are aimed."""
        signal = self.card.simulation.signal
        decays = portal.heavy.decays
        acting: list[tuple[Kind, Signal, bool]] = []
        if signal in ("electron", "all"):
            recoils = Recoils.of(self.card)
            light, heavy = (ElectronRecoil(recoils, self.active, portal, way) for way in (False, True))
            kinds = KINDS if decays else STABLE_KINDS
            acting += [(kind, heavy if kind == "heavy" else light, True) for kind in kinds]
        if signal in ("conversion", "all") and decays:
            conversion = self.conversion(portal)
            acting += [(kind, conversion, not acting) for kind in CONVERTING]
        return [
            self.secondary(portal, meson, kind, what, first)
            for meson in self.open_mesons(portal)
            for kind, what, first in acting
        ]

    def streams(self, portal: Portal, at: Sequence[float] | None, vary: Sequence[str]) -> list[Stream]:
        """Return the streams of all chains, trained where that pays."""
        streams = super().streams(portal, at, vary)
        if not self.aimed or self.source.lists is not None:
            return streams
        return adapt(streams, partial(self._deciding, at))

    def _deciding(self, at: Sequence[float] | None, channels: Sequence[Channel]) -> list[tuple[float, float]]:
        """Return couplings, given or at which a limit is decided, and the relative errors allowed there."""
        if at is not None:
            return [(float(coupling), _PRECISION) for coupling in at]
        points = self.criterion.deciding(Sample(tuple(channels), (), 0))
        return [(p.coupling, min(p.allowed(_PRECISION), p.least_rows**-0.5)) for p in points]
