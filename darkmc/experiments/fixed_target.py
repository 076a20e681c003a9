"""What decay in flight and scattering share: mesons from a target, a volume at a distance, cuts."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from darkmc.biasing.emission import MesonEmission, ProductionEmission
from darkmc.biasing.placement import Placement
from darkmc.cards.experiment import FixedTargetCard
from darkmc.cards.load import Loaded
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.intervals import Exclusion
from darkmc.core.kinematics import Array
from darkmc.core.particles import canonical_name, mass
from darkmc.core.vocabulary import FINAL_STATES, PDG_IDS, final_state, pdg_ids
from darkmc.engine.aims import Wanted, aims
from darkmc.engine.chain import Chain
from darkmc.engine.site import Site
from darkmc.engine.stream import Stream
from darkmc.experiments.agreement import check_agreement
from darkmc.experiments.behind_target import STATE, BehindTarget
from darkmc.experiments.validity import validity
from darkmc.geometry.directions import DirectionProposal
from darkmc.geometry.shape import Shape
from darkmc.portals.kinds import photon_decay
from darkmc.portals.portal import Portal
from darkmc.sample.histogram import Replay
from darkmc.sample.sample import Sample
from darkmc.sample.stream import ChannelPlan
from darkmc.signals.conversion import BEFORE, NucleusConversion
from darkmc.sources.mesons import MesonSource

_LEAST_SHARE, ROWS_LOOKED_AT = 0.1, 1024  # for the mark that says how much lies outside a fit's range
_FEWEST, _MOST_LOOKED_AT = 30, 2**16  # rows that pass, which rows drawn without a bias seldom do
_BEFORE_AND_HIT = ("meson_photon", "upstream_photon", "recoil_electron")  # beside what decays


def meson_source(card: FixedTargetCard, path: str, overrides: Mapping[str, Any]) -> MesonSource:
    """Return a card's meson source."""
    try:
        return MesonSource(card.source.flux, overrides=overrides, cascade=True)
    except CardError as error:
        if "unknown flux" in str(error):
            raise CardError(f"{path}: source.flux: {error}") from None
        raise


def _outside(sample: Sample, source: MesonSource, couplings: Sequence[float]) -> list[float]:
    """Return the shares of the yield at couplings from mesons outside the range of the fit."""
    values = [{n: float(part.value) for n, part in sample.channels(g).items()} for g in couplings]
    totals, outside = [sum(one.values()) for one in values], [0.0 for _ in couplings]
    for channel in sample.channel_rows:
        name = channel.name
        for k, coupling in enumerate(couplings):
            value = values[k][name]
            if sample.replay is None or channel.parent not in PDG_IDS or value < _LEAST_SHARE * totals[k]:
                continue
            momentum, theta, weights = _looked_at(sample.replay, name, coupling)
            inside, summed = source.in_range(channel.parent, momentum, theta), float(np.sum(weights))
            outside[k] += value * float(np.sum(weights[~inside])) / summed if summed > 0.0 else 0.0
    return [part / total if total > 0.0 else 0.0 for part, total in zip(outside, totals, strict=True)]


def _looked_at(replay: Replay, channel: str, coupling: float) -> tuple[Array, Array, Array]:
    """Return momenta (GeV), angles and weights of mesons of a channel: of more rows where few pass."""
    rows = ROWS_LOOKED_AT
    while True:
        made = [[*replay(channel, rows, coupling, quantity)] for quantity in ("p_meson", "theta_meson")]
        momenta, angles = (np.concatenate([chunk[0] for chunk in chunks]) for chunks in made)
        weights = np.concatenate([chunk[1] for chunk in made[0]])
        if np.count_nonzero(weights) >= _FEWEST or rows >= _MOST_LOOKED_AT:
            return momenta, angles, weights
        rows *= 8


class FixedTarget(BehindTarget):
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

    card: FixedTargetCard
    needs_everything = False  # cuts ask for what only events hold
    veto_volume: Shape | None = None  # where the photon of a decay upstream of the signal is seen

    def __init__(self, loaded: Loaded[Any], overrides: Mapping[str, Any]) -> None:
        super().__init__(loaded)
        card, path = self.card, self.path
        self.source: MesonSource = meson_source(card, path, overrides)
        self.on_purpose = check_agreement(loaded, self.source.loaded, overrides)
        target = card.geometry.target
        self.converting = self.shape if target is None else target.body()
        try:
            if self.source.lists is None:
                self.proposal  # noqa: B018
                self._directions(self.converting)
            self.cuts = self._checked_cuts()
        except PhysicsError as error:
            raise CardError(f"{path}: {error}") from None
        for meson in card.source.mesons:
            if self.source.lists is None:
                self.source.shape(meson)
            else:
                self.source.ratio(meson)

    @cached_property
    def proposal(self) -> DirectionProposal:
        """Directions from the target to the volume; not for lists, which may lie within it."""
        return self._directions(self.shape)

    def _directions(self, shape: Shape) -> DirectionProposal:
        """Return directions from the target to a body, from any depth at which mesons start.

        A ray from a depth z that meets the body passes it within z sin(theta) when it starts at the front.
        """
        origin = np.array(self.card.beam.origin_m)
        deepest = self.source.densities.deepest
        if deepest > 0.0:
            points, radius = shape.balls
            seen = points - origin
            distance = np.linalg.norm(seen, axis=1)
            if np.any(distance <= radius + deepest):
                raise PhysicsError("the detector lies within the depths of the target")
            widest = np.max(np.arccos(seen[:, 2] / distance) + np.arcsin(radius / distance))
            shape = shape.grown(deepest * np.sin(min(widest, 0.5 * np.pi)))
        return shape.direction_proposal(self.card.beam.origin_m)

    def remarks(self, sample: Sample, exclusion: Exclusion) -> list[str]:
        """Return where excluded couplings leave the range in which what is computed holds."""
        sides = "the lower edge", "the upper edge"
        found = [place for one in exclusion.intervals for place in zip(sides, one[:2], strict=True)]
        edges = [(side, edge) for side, edge in found if np.isfinite(edge)]
        scale = "M", max(mass(canonical_name(meson)) for meson in self.card.source.mesons)
        assert sample.portal is not None
        known = validity(sample, exclusion, scale, self._nothing_left(sample.portal), self.card)
        return [*self.source_remarks(sample, edges), *known]

    def source_remarks(self, sample: Sample, couplings: Sequence[tuple[str, float]]) -> list[str]:
        """Return in what beam, target and mesons differ from those for which the source was made.

        Of mesons by the largest share of the yield, at any of the couplings, each with its name, from outside
        the range of the fit: from some rows of the channels that matter; shares below _LEAST_SHARE are none.
        """
        others = self.source.alternatives
        left_out = others.remarks if set(sample.alternatives) == {*others} else []
        known = [*self.on_purpose, *self.source.validity_remarks(), *left_out]
        if sample.replay is None or self.source.lists is not None:
            return known
        found = _outside(sample, self.source, [g for _, g in couplings])
        shares = [(share, name) for share, (name, _) in zip(found, couplings, strict=True)]
        worst, name = max(shares, key=lambda one: one[0], default=(0.0, ""))
        outside = self.source.range_remark(worst, name) if worst >= _LEAST_SHARE else ""
        return [*known, outside] if outside else known

    def pdg_ids(self) -> dict[str, int]:
        """Return PDG identifiers of the particles in the events, where they exist."""
        names = (canonical_name(meson) for meson in self.card.source.mesons)
        states = dict.fromkeys([*FINAL_STATES, *self.card.signal.final_states])
        seen = (name for state in states for name in final_state(state).visible)
        return pdg_ids(*_BEFORE_AND_HIT, *seen) | {f"meson {name}": PDG_IDS[name] for name in names}

    def site(self, portal: Portal, vary: Sequence[str]) -> Site:
        """Return what all streams share at these masses; PhysicsError for cuts on a state that lacks."""
        states = {state.name for state in (portal.heavy, portal.light) if state is not None}
        for cut, quantity in self.cuts:
            if quantity.applies_to({STATE}) and STATE not in states:
                raise PhysicsError(f"cuts.{cut.name}: {portal} has no '{STATE}' for '{cut.observable}'")
        return Site(
            source=self.source,
            origin=self.origin,
            volume=self.shape,
            proposal=None if self.source.lists is not None else self.proposal,
            centre=np.array(self.card.geometry.centre_m),
            exposure=self.exposure,
            cuts=self.cuts,
            everything=self.needs_everything,
            efficiency_table=self.card.signal.table,
            branching_factor=self.card.signal.branching_factor,
            vary=vary,
            absorbing=self.card.simulation.absorption,
            way=self.way(portal),
            photons_seen=self.veto_volume,
        )

    @abstractmethod
    def closed(self, portal: Portal) -> str | None:
        """Return why no channel is open at these masses, or None."""

    @abstractmethod
    def chains(self, portal: Portal) -> list[Chain]:
        """Return the open channels at these masses, before they are aimed."""

    def streams(self, portal: Portal, at: Sequence[float] | None, vary: Sequence[str]) -> list[Stream]:
        """Return the streams of all chains."""
        site = self.site(portal, vary)
        converting = self.converting_site(site)
        chains = [(converting if c.signal.key == BEFORE else site, c) for c in self.chains(portal)]
        placements = self.placements(chains, portal, at)
        return [
            Stream(where, portal, chain, placement)
            for (where, chain), placement in zip(chains, placements, strict=True)
        ]

    def placements(
        self, chains: Sequence[tuple[Site, Chain]], portal: Portal, at: Sequence[float] | None
    ) -> list[Placement]:
        """Return how the parents of chains are placed, each with its site."""
        return aims(chains, portal, Wanted(self.aimed, at, self.criterion.target))

    def plans(
        self, portal: Portal, at: Sequence[float] | None, vary: Sequence[str] = ()
    ) -> list[ChannelPlan]:
        """Return the open channels at these masses; see :class:`Topology`."""
        if self.closed(portal) is not None:
            return []
        return [stream.plan() for stream in self.streams(portal, at, vary)]

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
            proposal = self._directions(self.converting)
        centre = np.array(self.converting.centre_m)
        return replace(site, volume=self.converting, proposal=proposal, centre=centre)

    def emission(self, portal: Portal, parent: str, upstream: bool) -> ProductionEmission:
        """Return the decays of a meson; see :class:`BehindTarget`."""
        return MesonEmission(portal, parent, self.card.simulation.spin_correlations, upstream)

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
