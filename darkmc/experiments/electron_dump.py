"""Topology: electrons are stopped in a dump, and dark states of their shower are seen behind it.

Positrons of the shower annihilate with atomic electrons, electrons and positrons radiate on nuclei.  What is
made decays in a space behind the dump, converts before it, or converts or scatters in the detector.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from darkmc.biasing.emission import ProductionEmission
from darkmc.biasing.tracks import TrackParents
from darkmc.cards.electron_dump import Calorimeter, DumpCard
from darkmc.cards.experiment import Cut
from darkmc.cards.load import Loaded
from darkmc.cards.volumes import TargetVolume
from darkmc.core.beam_radiation import positron_energy
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.intervals import Exclusion
from darkmc.core.particles import mass
from darkmc.core.rng import PARENTS, channel_number
from darkmc.core.vocabulary import ANNIHILATION, FINAL_STATES, final_state, pdg_ids
from darkmc.engine.chain import Chain
from darkmc.engine.routes import Route
from darkmc.engine.site import Site
from darkmc.engine.stream import Stream
from darkmc.experiments.behind_target import CONVERTING, KINDS, STABLE_KINDS, BehindTarget, Kind
from darkmc.experiments.validity import validity
from darkmc.geometry.shape import Shape
from darkmc.portals.kinds import photon_decay
from darkmc.portals.portal import Portal, Production
from darkmc.sample.sample import Sample
from darkmc.sample.stream import ChannelPlan
from darkmc.selection.cuts import interval
from darkmc.signals.conversion import NucleusConversion
from darkmc.signals.decay import Decay
from darkmc.signals.electron import ElectronRecoil, Recoils
from darkmc.signals.face import FaceDecay
from darkmc.signals.signal import Signal
from darkmc.sources.dumps import Shower
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.track_lengths import Beam
from darkmc.sources.mesons import MesonSource
from darkmc.sources.tracks import TrackDraw

_OF_RECOILS = {"E_hit": "E_electron", "theta_hit": "theta_electron"}


class ElectronDump(BehindTarget):
    """Channels of one electron dump: production by signal, final state and route."""

    card: DumpCard
    source: MesonSource | None = None

    def __init__(self, loaded: Loaded[Any], overrides: Mapping[str, Any]) -> None:
        super().__init__(loaded)
        if overrides:
            raise CardError(f"{self.path}: an electron dump has no flux card: flux.{next(iter(overrides))}")
        card, simulation = self.card, self.card.simulation
        try:
            self.cuts = self._checked_cuts()
            medium = Medium(tuple(card.dump.shares.items()))
            beam = Beam("e-", card.beam.energy_GeV)
            least = simulation.shower_threshold_GeV
            self.shower = Shower(beam, medium, least, simulation.multiple_scattering)
            self.shower.physics  # noqa: B018
        except PhysicsError as error:
            raise CardError(f"{self.path}: {error}") from None
        self._check_elements(medium)
        if self.least_energy < least:
            raise CardError(
                f"{self.path}: simulation.shower_threshold_GeV = {least:g} is above the energy of "
                f"{self.least_energy:g} GeV that the cuts leave"
            )

    def _check_elements(self, medium: Medium) -> None:
        for symbol in medium.atoms_per_x0:
            if f"e- {symbol}" not in PARENTS:
                raise CardError(f"{self.path}: dump: bremsstrahlung on {symbol} has no random numbers yet")

    @property
    def least_energy(self) -> float:
        """Energy in GeV below which nothing is seen."""
        states = [self.energy_window(state)[0] for state in self.card.signal.final_states]
        return min([*states, interval(self.card.cuts, "E_hit")[0]])

    def _checked_cuts(self) -> Any:
        if self.face is None:
            raise PhysicsError("an electron dump needs a cut with observable = 'hit_plane'")
        return super()._checked_cuts()

    def parents(self, portal: Portal) -> list[str]:
        """Return what makes the dark states in the dump, of what is open."""
        simulation, tops = self.card.simulation, self.shower.beam.energy
        found = [ANNIHILATION] if simulation.positrons else []
        if simulation.bremsstrahlung:
            found += [f"e- {symbol}" for symbol in self.shower.medium.atoms_per_x0]
        made = [parent for parent in found if portal.productions(parent)]
        return [parent for parent in made if self._least_track(portal, parent) < tops]

    def label(self, parent: str) -> str:
        """Return "annihilation", or "bremsstrahlung" and on what."""
        return "annihilation" if parent == ANNIHILATION else f"bremsstrahlung on {parent.removeprefix('e- ')}"

    def _production(self, portal: Portal, parent: str) -> Production:
        (process,) = portal.productions(parent, self.card.simulation.spin_correlations)
        return process

    def _least_track(self, portal: Portal, parent: str) -> float:
        """Return the least energy (GeV) of tracks that can make something that is seen."""
        threshold = self._production(portal, parent).threshold
        if parent == ANNIHILATION:
            threshold = float(positron_energy(threshold))
        return max(threshold * (1.0 + 1e-9), self.least_energy, self.card.simulation.shower_threshold_GeV)

    def emission(self, portal: Portal, parent: str, upstream: bool) -> ProductionEmission:
        """Return what tracks of the shower emit; see :class:`BehindTarget`."""
        name = "shower_pair" if parent == ANNIHILATION else "shower_electron"
        decay = photon_decay(portal) if upstream else None
        spin = self.card.simulation.spin_correlations
        return ProductionEmission(self._production(portal, parent), name, spin, decay)

    def placement(self, portal: Portal, parent: str) -> TrackParents:
        """Return the tracks of the shower that make dark states."""
        kinds = ("positrons",) if parent == ANNIHILATION else ("electrons", "positrons")
        draw = TrackDraw(self.shower.tracks, kinds, self._least_track(portal, parent))
        element = "" if parent == ANNIHILATION else parent.removeprefix("e- ")
        threshold = self._production(portal, parent).threshold
        radiation = self.card.simulation.isr and not element
        return TrackParents(draw, self.shower.medium, element, threshold, radiation)

    def closed(self, portal: Portal) -> str | None:
        """Return why no channel is open at these masses, or None."""
        if not self.parents(portal):
            words, least = portal.production_threshold
            return (
                f"production closed: {words} = {least:g} GeV is above the threshold of "
                f"{self.shower.beam.energy:g} GeV electrons"
            )
        signal = self.card.simulation.signal
        return None if signal == "electron" else portal.decay_closed(self.card.signal.final_states)

    def prepare(self) -> None:
        """Make the shower, or read it."""
        self.shower.tracks  # noqa: B018

    def site(self, portal: Portal, volume: Shape) -> Site:
        """Return what streams share that are seen in a volume."""
        card = self.card
        return Site(
            source=None,
            origin=self.origin,
            volume=volume,
            proposal=None,
            centre=np.array(volume.centre_m),
            exposure=self.exposure,
            cuts=self.cuts,
            everything=False,
            efficiency_table=self.card.signal.table,
            branching_factor=card.signal.branching_factor,
            vary=(),
            absorbing=card.simulation.absorption,
            way=self.way(portal),
            photons_seen=None,
        )

    def plans(
        self, portal: Portal, at: Sequence[float] | None, vary: Sequence[str] = ()
    ) -> list[ChannelPlan]:
        """Return the open channels at these masses; see :class:`Topology`."""
        del at, vary
        if self.closed(portal) is not None:
            return []
        placements = {parent: self.placement(portal, parent) for parent in self.parents(portal)}
        streams = [
            Stream(self.site(portal, volume), portal, chain, placements[chain.parent])
            for parent in placements
            for volume, chain in self._chains(portal, parent)
        ]
        return [stream.plan() for stream in streams]

    def _chains(self, portal: Portal, parent: str) -> list[tuple[Shape, Chain]]:
        """Return the chains of one production, with the volumes in which they are seen."""
        geometry, signal, decays = self.card.geometry, self.card.simulation.signal, portal.heavy.decays
        found: list[tuple[Shape, Chain]] = []
        if signal in ("decay", "all"):
            states = [s for s in self.card.signal.final_states if portal.heavy_branching_ratio(s)]
            found += [(self.shape, self._decay(portal, parent, s, s == states[0])) for s in states]
        acting: list[tuple[Shape, Kind, Signal]] = []
        if signal in ("conversion", "all") and decays:
            for volume in (geometry.target, geometry.detector):
                if volume is not None:
                    converting = self._converting(portal, volume)
                    acting += [(converting.volume, kind, converting) for kind in CONVERTING]
        if signal in ("electron", "all") and geometry.detector is not None:
            acting += self._scattering(portal, geometry.detector)
        for body, kind, what in acting:
            found.append((body, self.secondary(portal, parent, kind, what, not found)))
        return found

    def _scattering(self, portal: Portal, detector: Calorimeter) -> list[tuple[Shape, Kind, Signal]]:
        """Return what scatters off electrons of the detector."""
        simulation, body = self.card.simulation, detector.body()
        recoils = Recoils(
            material=detector.material,
            cuts=[_of_recoils(cut) for cut in self.card.cuts],
            veto="accept",
            forced=simulation.biasing == "turned",
            spin=simulation.spin_correlations,
            counts_as_hit=True,
        )
        light, heavy = (ElectronRecoil(recoils, body, portal, unstable) for unstable in (False, True))
        kinds = KINDS if portal.heavy.decays else STABLE_KINDS
        return [(body, kind, heavy if kind == "heavy" else light) for kind in kinds]

    def _converting(self, portal: Portal, volume: TargetVolume | Calorimeter) -> NucleusConversion:
        """Return conversion in the detector, with the decay there, or before the space, seen on the face."""
        assert volume.material is not None
        body, inside = volume.body(), volume is self.card.geometry.detector
        spin = self.card.simulation.spin_correlations
        state = photon_decay(portal).key
        decay = Decay(portal, state, self.energy_window(state), natural=False, spin=spin)
        seen = FaceDecay(decay, None if inside else self.face)
        return NucleusConversion(portal, body, volume.material, seen, None if inside else self.shape)

    def _decay(self, portal: Portal, parent: str, state: str, first: bool) -> Chain:
        return Chain(
            name=f"{self.label(parent)} -> {state}",
            number=channel_number(parent, final_state(state).signal or state),
            parent=parent,
            emission=self.emission(portal, parent, False),
            route=Route("direct", portal.heavy, portal.heavy),
            signal=self.decay(portal, state, not self.aimed),
            efficiency=self.constant_efficiency(state),
            states=(),
            counts_primaries=first,
        )

    def remarks(self, sample: Sample, exclusion: Exclusion) -> list[str]:
        """Return where excluded couplings leave the range in which what is computed holds."""
        assert sample.portal is not None
        energy = float(np.sqrt(2.0 * mass("e") * self.shower.beam.energy))
        nothing = self._nothing_left(sample.portal)
        return validity(sample, exclusion, ("sqrt(s)", energy), nothing, self.card)

    def source_remarks(self, sample: Sample, couplings: Sequence[tuple[str, float]]) -> list[str]:
        """Return nothing: showers hold in all of their range."""
        del sample, couplings
        return []

    def pdg_ids(self) -> dict[str, int]:
        """Return PDG identifiers of the particles in the events, where they exist."""
        seen = (name for products in FINAL_STATES.values() for name in products.visible)
        return pdg_ids("upstream_photon", "recoil_electron", *seen)


def _of_recoils(cut: Cut) -> Cut:
    """Return a cut on hits as one on recoils."""
    return cut.model_copy(update={"observable": _OF_RECOILS.get(cut.observable, cut.observable)})
