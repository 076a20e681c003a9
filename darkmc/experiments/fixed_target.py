"""What decay in flight and scattering share: mesons from a target, a volume at a distance, cuts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from darkmc.biasing.emission import MesonEmission
from darkmc.biasing.shield import ShieldedWay
from darkmc.cards.experiment import Cut, EfficiencyTable, FixedTargetCard
from darkmc.cards.load import Loaded
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.intervals import Exclusion
from darkmc.core.particles import canonical_name, mass
from darkmc.core.rng import channel_number
from darkmc.core.vocabulary import FINAL_STATES, PARTICLES, PDG_IDS, final_state, pdg_ids
from darkmc.engine.chain import Chain
from darkmc.engine.routes import Route
from darkmc.engine.site import Site
from darkmc.experiments.agreement import check_agreement
from darkmc.experiments.validity import validity
from darkmc.geometry.directions import DirectionProposal
from darkmc.geometry.shape import Shape
from darkmc.limits.criterion import Counting, counting
from darkmc.portals.kinds import photon_decay
from darkmc.portals.portal import Portal
from darkmc.sample.sample import Sample
from darkmc.selection.cuts import interval
from darkmc.selection.observables import Observable, energies, observable
from darkmc.signals.conversion import NucleusConversion
from darkmc.signals.decay import Decay
from darkmc.signals.face import HIT, FaceDecay, face_of
from darkmc.signals.signal import Signal
from darkmc.sources.mesons import MesonSource

Kind = Literal["light", "heavy", "near", "far"]  # which dark state gets to the detector
KINDS: tuple[Kind, ...] = ("light", "heavy", "near", "far")
CONVERTING: tuple[Kind, ...] = ("light", "near", "far")  # the heavier state makes no photon
STABLE_KINDS: tuple[Kind, ...] = ("light", "heavy")  # of states that do not decay
_STATE = "dark_photon"  # the dark state on which there are observables
NOTHING_CONVERTS = "scattering closed: no dark state turns into another"
_LEAST_SHARE, ROWS_LOOKED_AT = 0.1, 1024  # for the mark that says how much lies outside a fit's range
_BEFORE_AND_HIT = ("meson_photon", "upstream_photon", "recoil_electron")  # beside what decays


def meson_source(card: FixedTargetCard, path: str, overrides: Mapping[str, Any]) -> MesonSource:
    """Return a card's meson source."""
    try:
        return MesonSource(card.source.flux, overrides=overrides)
    except CardError as error:
        if "unknown flux" in str(error):
            raise CardError(f"{path}: source.flux: {error}") from None
        raise


def _outside(sample: Sample, source: MesonSource, coupling: float) -> float:
    """Return the share of the yield at one coupling from mesons outside the range of the fit."""
    values = {name: float(part.value) for name, part in sample.channels(coupling).items()}
    total, outside = sum(values.values()), 0.0
    parents = {channel.name: channel.parent for channel in sample.channel_rows}
    for name, value in values.items():
        if sample.replay is None or value < _LEAST_SHARE * total:
            continue
        (momentum, weights, _), (theta, *_) = (
            next(sample.replay(name, ROWS_LOOKED_AT, coupling, quantity))
            for quantity in ("p_meson", "theta_meson")
        )
        known = source.in_range(parents[name], momentum, theta)
        summed = float(np.sum(weights))
        outside += value * float(np.sum(weights[~known])) / summed if summed > 0.0 else 0.0
    return outside / total if total > 0.0 else 0.0


class FixedTarget:
    """Base of the topologies behind a target.

    Parameters
    ----------
    loaded : Loaded
        The experiment's card, and where it is, for messages.
    overrides : mapping
        Dotted keys of the flux card.

    Raises
    ------
    CardError
        If a meson has no ratio, an observable is unknown, or the volume contains the target.
    """

    inside = "decays_inside"
    files: tuple[Path, ...] = ()
    needs_everything = False  # cuts ask for what only events hold
    veto_volume: Shape | None = None  # where the photon of a decay upstream of the signal is seen

    def __init__(self, loaded: Loaded[Any], overrides: Mapping[str, Any]) -> None:
        self.loaded, self.path = loaded, loaded.path
        self.card: FixedTargetCard = loaded.card
        card, path = self.card, self.path
        self.source: MesonSource = meson_source(card, path, overrides)
        self.on_purpose = check_agreement(loaded, self.source.loaded, overrides)
        self.origin = np.array(card.beam.origin_m)
        self.origin_m, self.exposure = card.beam.origin_m, card.beam.exposure
        self.shape: Shape = card.geometry.body()
        target = card.geometry.target
        self.converting = self.shape if target is None else target.body()
        self.face = face_of(card.cuts, path)
        try:
            if self.source.lists is None:
                self.proposal  # noqa: B018
                self.converting.direction_proposal(card.beam.origin_m)
            self.cuts = self._checked_cuts()
        except PhysicsError as error:
            raise CardError(f"{path}: {error}") from None
        for meson in card.source.mesons:
            self.source.ratio(meson)

    @cached_property
    def proposal(self) -> DirectionProposal:
        """Directions from the target to the volume; not for lists, which may lie within it."""
        return self.shape.direction_proposal(self.card.beam.origin_m)

    @cached_property
    def criterion(self) -> Counting:
        """When a coupling is excluded."""
        return counting(self.card.observed)

    def way(self, portal: Portal) -> ShieldedWay | None:
        """Return what dark states meet on the way; None without a shield, or for equal masses."""
        if self.card.shield is None or not portal.heavy.decays:
            return None
        return ShieldedWay(self.card.shield, portal, self.card.beam.energy_GeV)

    def remarks(self, sample: Sample, exclusion: Exclusion) -> list[str]:
        """Return where excluded couplings leave the range in which what is computed holds."""
        edges = [g for interval in exclusion.intervals for g in interval[:2] if np.isfinite(g)]
        scale = "M", max(mass(canonical_name(meson)) for meson in self.card.source.mesons)
        assert sample.portal is not None
        known = validity(sample, exclusion, scale, self._nothing_left(sample.portal), self.card)
        return [*self.source_remarks(sample, edges), *known]

    def _nothing_left(self, portal: Portal) -> str:
        """Return what is said where the cuts leave no row of a sample."""
        light = 0.0 if portal.light is None else portal.light.mass
        share = 1.0 - (light / portal.heavy.mass) ** 2
        return f"the cuts leave nothing: a photon has at most {share:.2g} of its parent's energy"

    def source_remarks(self, sample: Sample, couplings: Sequence[float]) -> list[str]:
        """Return in what beam, target and mesons differ from those for which the source was made.

        Of mesons by the largest share of the yield, at any of the couplings, from outside the range of the
        fit: from some rows of the channels that matter; shares below _LEAST_SHARE count as none.
        """
        known = [*self.on_purpose, *self.source.validity_remarks()]
        if sample.replay is None or self.source.lists is not None:
            return known
        worst = max((_outside(sample, self.source, g) for g in couplings), default=0.0)
        outside = self.source.range_remark(worst) if worst >= _LEAST_SHARE else ""
        return [*known, outside] if outside else known

    def pdg_ids(self) -> dict[str, int]:
        """Return PDG identifiers of the particles in the events, where they exist."""
        names = (canonical_name(meson) for meson in self.card.source.mesons)
        states = dict.fromkeys([*FINAL_STATES, *self.card.signal.final_states])
        seen = (name for state in states for name in final_state(state).visible)
        return pdg_ids(*_BEFORE_AND_HIT, *seen) | {f"meson {name}": PDG_IDS[name] for name in names}

    def _seen(self) -> list[set[str]]:
        """Return the particles, by name, of every kind of signal event that cuts may ask for."""
        face = () if self.face is None else (HIT,)
        states = self.card.signal.final_states
        return [{_STATE, *face, *final_state(state).visible} for state in states]

    def _checked_cuts(self) -> list[tuple[Cut, Observable]]:
        """Return the cuts with their observables; PhysicsError for one that no final state can answer."""
        seen = self._seen()
        cuts = []
        for cut in self.card.cuts:
            quantity = observable(cut.observable)
            if quantity.applies_to({"decay"}):
                depends = f"'{cut.observable}' depends on the decay vertex: say it in [geometry]"
                raise PhysicsError(f"cuts.{cut.name}: {depends}")
            if not any(quantity.applies_to(names) for names in seen):
                raise PhysicsError(f"cuts.{cut.name}: no final state of the card has '{cut.observable}'")
            cuts.append((cut, quantity))
        table = self.card.signal.efficiency
        if isinstance(table, EfficiencyTable):
            for names in seen:
                if not observable(table.observable).applies_to(names):
                    what = ", ".join(sorted(names - {_STATE}))
                    raise PhysicsError(f"signal.efficiency: '{what}' has no '{table.observable}'")
        return cuts

    def energy_window(self, state: str) -> tuple[float, float]:
        """Return the visible energies (GeV) that the cuts leave open to a final state."""
        visible, cuts = final_state(state).visible, self.card.cuts
        low, high = interval(cuts, *energies(visible))
        softest, hardest = interval(cuts, "E_hit")  # of one of them
        return max(0.0, low, softest), min(high, hardest) if len(visible) == 1 else high

    def decay(self, portal: Portal, state: str, natural: bool) -> Decay | FaceDecay:
        """Return the decay to a final state, as it is seen: anywhere, or on a face."""
        spin = self.card.simulation.spin_correlations
        decay = Decay(portal, state, self.energy_window(state), natural, spin)
        return decay if self.face is None else FaceDecay(decay, self.face)

    def constant_efficiency(self, state: str) -> float:
        """Return the detection efficiency of a final state, 1 where a table says it."""
        efficiency = self.card.signal.efficiency
        if isinstance(efficiency, dict):
            return efficiency.get(state, 1.0)
        return efficiency if isinstance(efficiency, float) else 1.0

    @property
    def aimed(self) -> bool:
        """Whether dark states are sent to the detector."""
        return self.card.simulation.biasing == "turned"

    def site(self, portal: Portal, vary: bool) -> Site:
        """Return what all streams share at these masses; PhysicsError for cuts on a state that lacks."""
        states = {state.name for state in (portal.heavy, portal.light) if state is not None}
        for cut, quantity in self.cuts:
            if quantity.applies_to({_STATE}) and _STATE not in states:
                raise PhysicsError(f"cuts.{cut.name}: {portal!r} has no '{_STATE}' for '{cut.observable}'")
        table = self.card.signal.efficiency
        return Site(
            source=self.source,
            origin=self.origin,
            volume=self.shape,
            proposal=None if self.source.lists is not None else self.proposal,
            centre=np.array(self.card.geometry.centre_m),
            exposure=self.exposure,
            cuts=self.cuts,
            everything=self.needs_everything,
            efficiency_table=table if isinstance(table, EfficiencyTable) else None,
            branching_factor=self.card.signal.branching_factor,
            vary=vary and bool(self.source.alternatives),
            absorbing=self.card.simulation.absorption,
            way=self.way(portal),
            photons_seen=self.veto_volume,
        )

    def conversion(self, portal: Portal) -> NucleusConversion:
        """Return conversion on the nuclei of the volume, or of that before it."""
        decay = self.decay(portal, photon_decay(portal).key, natural=False)
        target = self.card.geometry.target
        material = (None if target is None else target.material) or self.card.material
        assert material is not None
        return NucleusConversion(portal, self.converting, material, decay, self.shape)

    def converting_site(self, site: Site) -> Site:
        """Return the site as what converts sees it."""
        if self.card.geometry.target is None:
            return site
        proposal = None
        if self.source.lists is None:
            proposal = self.converting.direction_proposal(self.card.beam.origin_m)
        centre = np.array(self.converting.centre_m)
        return replace(site, volume=self.converting, proposal=proposal, centre=centre)

    def secondary(self, portal: Portal, meson: str, kind: Kind, signal: Signal, first: bool) -> Chain:
        """Return the chain of a state that does something in the volume other than decay.

        Parameters
        ----------
        portal : Portal
            The masses.
        meson : str
            The species.
        kind : {"light", "heavy", "near", "far"}
            Which dark state arrives: the lighter, the heavier while it lives, or the lighter of its decay.
        signal : Signal
            What it does.
        first : bool
            No other chain has the same dark states.
        """
        arriving = portal.heavy if kind == "heavy" or portal.light is None else portal.light
        upstream = kind in ("near", "far")
        route = (
            Route(kind, portal.heavy, arriving)
            if kind in ("near", "far")
            else Route("direct", arriving, arriving)
        )
        origin = {"near": " after prompt decay", "far": " after decay upstream"}.get(kind, "")
        spin = self.card.simulation.spin_correlations
        seen = photon_decay(portal).key if portal.heavy.decays else self.card.signal.final_states[0]
        return Chain(
            name=f"{meson}: {PARTICLES[arriving.name].word} {signal.name}{origin}",
            number=channel_number(meson, signal.key, "direct" if kind == "light" else kind),
            parent=meson,
            emission=MesonEmission(portal, meson, spin, upstream),
            route=route,
            signal=signal,
            efficiency=self.constant_efficiency(seen),
            states=(seen,) if upstream else (),
            counts_primaries=first and not upstream,
        )

    def prepare(self) -> None:
        """Make the tables that do not depend on masses."""
        self.source.prepare(analogue=self.card.simulation.biasing == "none")

    def production_closed(self, portal: Portal) -> str | None:
        """Return why no meson of the card decays to the dark states, or None."""
        if self.open_mesons(portal):
            return None
        largest = max((canonical_name(meson) for meson in self.card.source.mesons), key=mass)
        words, least = portal.production_threshold
        if least < mass(largest):
            return f"production closed: no dark state is made of {', '.join(self.card.source.mesons)}"
        return (
            f"production closed: {words} = {least:g} GeV is above the "
            f"threshold of {mass(largest):g} GeV ({largest})"
        )

    def open_mesons(self, portal: Portal) -> list[str]:
        """Return the mesons that decay to the dark states."""
        mesons = [canonical_name(meson) for meson in self.card.source.mesons]
        return [meson for meson in mesons if portal.productions(meson)]
