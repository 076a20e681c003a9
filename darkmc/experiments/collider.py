"""Topology: e+ e- -> a gamma' at a collider, and a single photon from the decay of the heavier state.

Signal events are continuum pairs, and with `simulation.resonance` those of a vector meson's decays; see
docs/weights.md for the rows.  The number of pairs at G = 1 is sigma x luminosity, or decays x BR.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.biasing.crossing import Crossing
from darkmc.biasing.pairs import AimedPairs, AnaloguePairs, PairEmission, Source
from darkmc.biasing.photons import AngleAim, Band, EnergyAim
from darkmc.cards.collider import ColliderCard, Resonance
from darkmc.cards.experiment import Cut
from darkmc.cards.load import Loaded
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.intervals import Exclusion
from darkmc.core.kinematics import two_body_momentum
from darkmc.core.particles import canonical_name, mass
from darkmc.core.rng import channel_number
from darkmc.core.vocabulary import pdg_ids
from darkmc.engine.chain import Chain
from darkmc.engine.routes import Kind, Route
from darkmc.engine.site import Site
from darkmc.engine.stream import Stream
from darkmc.experiments.validity import validity
from darkmc.geometry.shape import Shape
from darkmc.limits.binned import BinnedCounting
from darkmc.limits.counts_file import Counts, counts_file, read_counts
from darkmc.limits.criterion import Counting, Criterion
from darkmc.limits.significance import excluded_events
from darkmc.portals.kinds import photon_decay
from darkmc.portals.portal import DarkState, Portal, branching_ratio
from darkmc.sample.sample import Sample
from darkmc.sample.stream import ChannelPlan
from darkmc.selection.bins import Bins
from darkmc.selection.cuts import interval
from darkmc.selection.observables import Observable, observable
from darkmc.signals.cluster import AsItComes, Cluster
from darkmc.signals.response import CrystalBall
from darkmc.sources.beams import Beams

PB_PER_FB = 1000.0  # a luminosity of 1/fb is 1000/pb
SPLIT_M = 1e-3  # below this the place of a decay cannot be seen
PHOTON = DarkState("photon", 0.0, math.inf)  # what arrives
ON_RESONANCE = 0.02  # GeV between the beams' energy and a resonance
_SEEN = ("photon", "cluster", "electron_beam", "positron_beam")


class Collider:
    """One analysis of single photons at a collider.

    Parameters
    ----------
    loaded : Loaded
        The experiment's card, and where it is.
    overrides : mapping
        Keys of a flux card: there is none, so none may be given.
    place : int
        Number among analyses that are combined: shifts channel and bin numbers.
    first_bin : int
        Number of the first bin.
    prefix : str
        Of the channels' names.

    Raises
    ------
    CardError
        If a cut asks for what is not seen, counts do not fit, or the beams miss the resonance.
    """

    inside = "decays_inside"
    source = None

    def __init__(
        self,
        loaded: Loaded[Any],
        overrides: Mapping[str, Any],
        place: int = 0,
        first_bin: int = 0,
        prefix: str = "",
    ) -> None:
        self.loaded, self.path = loaded, loaded.path
        if overrides:
            raise CardError(f"{self.path}: flux.{next(iter(overrides))}: a collider has no flux card")
        self.card: ColliderCard = loaded.card
        self.place, self.first_bin, self.prefix = place, first_bin, prefix
        card, detector = self.card, self.card.detector
        self.beams = Beams(card.beam)
        self.shape: Shape = detector.body()
        angles = np.radians([detector.theta_max_deg, detector.theta_min_deg])
        low, high = np.cos(angles)
        self.cosines = float(low), float(high)
        try:
            self.cuts = [(cut, self._observable(cut)) for cut in card.cuts]
            smears = card.response is not None and card.simulation.smearing
            self.response = CrystalBall(**card.response.model_dump()) if smears and card.response else None
        except PhysicsError as error:
            raise CardError(f"{self.path}: {error}") from None
        self.counts = None if card.observed.counts is None else read_counts(card.observed, self.path)
        self.resonance = card.resonance if card.simulation.resonance else None
        if self.resonance is not None:
            self._check_resonance(self.resonance)

    @staticmethod
    def _observable(cut: Cut) -> Observable:
        quantity = observable(cut.observable)
        if not quantity.applies_to(_SEEN):
            raise PhysicsError(f"cuts.{cut.name}: '{cut.observable}' is not seen at a collider")
        return quantity

    def _check_resonance(self, resonance: Resonance) -> None:
        try:
            away = abs(mass(resonance.meson) - self.beams.sqrt_s)
        except PhysicsError as error:
            raise CardError(f"{self.path}: resonance.meson: {error}") from None
        if away > ON_RESONANCE:
            where = f"the beams are {away:.2g} GeV away from the {resonance.meson}"
            raise CardError(f"{self.path}: simulation.resonance: {where}")

    @property
    def exposure(self) -> float:
        """Luminosity, 1/fb."""
        return self.card.beam.luminosity_fb

    @property
    def files(self) -> tuple[Path, ...]:
        """Where its counts are, if a card says so."""
        counts = self.card.observed.counts
        return () if counts is None else (counts_file(counts, self.path),)

    @property
    def origin_m(self) -> tuple[float, float, float]:
        """Where the beams cross."""
        return (0.0, 0.0, 0.0)

    @cached_property
    def excluded(self) -> tuple[float, ...]:
        """Number of signal events that is excluded in each bin."""
        counts = self.counts
        return () if counts is None else tuple(map(float, counts.excluded(self.card.observed)))

    @cached_property
    def criterion(self) -> Criterion:
        """When a coupling is excluded."""
        if self.counts is None:
            return Counting(excluded_events(self.card.observed))
        return BinnedCounting(self.excluded, in_words(self.counts, self.card), (self.counts.source,))

    def prepare(self) -> None:
        """Make the tables that do not depend on masses: there are none, but SciPy's load."""
        import scipy.optimize
        import scipy.special  # noqa: F401

    def closed(self, portal: Portal) -> str | None:
        """Return why nothing can be seen at these masses, naming the threshold; None if something can."""
        words, least = portal.production_threshold
        if least >= self.beams.sqrt_s:
            return (
                f"production closed: {words} = {least:g} GeV is not below the "
                f"threshold of {self.beams.sqrt_s:g} GeV, the beams' energy"
            )
        if portal.light is None or not portal.productions("e+ e-"):
            return "production closed: no pair of dark states is made of e+ e-"
        return portal.decay_closed(portal.final_states)

    def plans(
        self, portal: Portal, at: Sequence[float] | None, vary: Sequence[str] = ()
    ) -> list[ChannelPlan]:
        """Return the open channels at these masses; nothing can be varied.

        Given couplings ask for the yield there, none for a limit: then the bins that decide are aimed at.
        """
        del vary
        if self.closed(portal) is not None:
            return []
        energy = self.energy_aim(portal, at is None) if self.card.simulation.biasing == "turned" else None
        site, crossing = self.site, Crossing(self.beams)
        chains = [
            self._chain(portal, name, emission, place, energy)
            for name, emission in self._emissions(portal, energy)
            for place in self._places
        ]
        return [Stream(site, portal, chain, crossing).plan() for chain in chains]

    @property
    def _photon(self) -> bool:
        """Whether cuts ask for the photon itself."""
        return not all(quantity.applies_to(set(_SEEN) - {"photon"}) for _, quantity in self.cuts)

    @property
    def _places(self) -> tuple[tuple[str, Kind, float], ...]:
        """Where decays happen: names, kinds of routes, and paths before which the place does not matter."""
        simulation = self.card.simulation
        if simulation.decay_geometry == "single-length":
            return (("single length", "near", simulation.decay_length_m or self.card.detector.radius_m),)
        return (("near", "near", SPLIT_M), ("far", "far", SPLIT_M))

    def _emissions(self, portal: Portal, energy: EnergyAim | None) -> list[tuple[str, PairEmission]]:
        """Return pairs and their photons by where they come from, with the photon aimed or as it comes."""
        spin, sources = self.card.simulation.spin_correlations, self._sources(portal)
        if energy is None:
            return [(name, AnaloguePairs(source, spin)) for name, source in sources]
        angle = AngleAim(*interval(self.card.cuts, "cos_theta_star"))
        return [(name, AimedPairs(source, spin, energy, angle)) for name, source in sources]

    def _chain(
        self,
        portal: Portal,
        name: str,
        emission: PairEmission,
        place: tuple[str, Kind, float],
        energy: EnergyAim | None,
    ) -> Chain:
        """Return the chain of one origin of pairs and one place of decays."""
        where, kind, split = place
        parent = "e+ e-" if name == "continuum" else name
        measurement = None if self.response is None else energy or AsItComes(self.response)
        return Chain(
            name=f"{self.prefix}{name} {where}",
            number=channel_number(parent, "cluster", where, self.place),
            parent=parent,
            emission=emission,
            route=Route(kind, portal.heavy, PHOTON, split, inside=True),
            signal=Cluster(self.beams, self.shape, self.cosines, measurement, kind == "far", self._photon),
            efficiency=self.card.signal.efficiency,
            states=(photon_decay(portal).key,),
            counts_primaries=kind != "far",
        )

    @property
    def site(self) -> Site:
        """What all channels share."""
        return Site(
            source=None,
            origin=np.zeros(3),
            volume=self.shape,
            proposal=None,
            centre=np.zeros(3),
            exposure=1.0,
            cuts=self.cuts,
            everything=False,
            efficiency_table=None,
            branching_factor=1.0,
            vary=(),
            absorbing=True,
            way=None,
            photons_seen=None,
            bins=Bins(None if self.counts is None else self.counts.edges, self.first_bin),
        )

    def _sources(self, portal: Portal) -> list[tuple[str, Source]]:
        """Return where pairs come from, by name."""
        luminosity = self.card.beam.luminosity_fb * PB_PER_FB
        sqrt_s, radiation = self.beams.sqrt_s, self.card.simulation.isr
        sources = [("continuum", Source(portal, sqrt_s, luminosity, radiation=radiation))]
        if self.resonance is not None:
            meson = canonical_name(self.resonance.meson)
            pairs = self.resonance.decays * branching_ratio(portal, meson)
            if pairs > 0.0:
                sources.append((meson, Source(portal, sqrt_s, luminosity, pairs, radiates=radiation)))
        return sources

    def photon_energies(self, portal: Portal) -> tuple[float, float]:
        """Return the least and largest energy of the photon in the centre of mass, GeV."""
        assert portal.light is not None
        heavy, light = portal.heavy.mass, portal.light.mass
        momentum = float(two_body_momentum(self.beams.sqrt_s, heavy, light))
        at_rest = (heavy - light) * (heavy + light) / (2.0 * heavy)
        energy = float(np.hypot(momentum, heavy))
        return at_rest * heavy / (energy + momentum), at_rest * (energy + momentum) / heavy

    def energy_aim(self, portal: Portal, deciding: bool) -> EnergyAim:
        """Return the proposal for the photon's energy: for all of the window, or for what decides in it."""
        polarised = self.card.simulation.spin_correlations and photon_decay(portal).polarised
        bands = self._bands() if deciding else []
        return EnergyAim(
            self.photon_energies(portal), interval(self.card.cuts, "E_star"), bands, self.response, polarised
        )

    def _bands(self) -> list[Band]:
        """Return bins as intervals of the measured energy, with what is excluded in each of them."""
        low, high = interval(self.card.cuts, "E_star")
        if self.counts is None:
            return []
        energies = 0.5 * (self.beams.sqrt_s - self.counts.edges / self.beams.sqrt_s)
        bands = zip(energies[1:], energies[:-1], self.excluded, strict=True)
        return [Band(max(a, low), min(b, high), n) for a, b, n in bands if max(a, low) < min(b, high)]

    def remarks(self, sample: Sample, exclusion: Exclusion) -> list[str]:
        """Return what must be known beside an exclusion."""
        labels = [self.counts.label] if self.counts is not None else []
        assert sample.portal is not None
        hardest = self.photon_energies(sample.portal)[1]
        nothing = f"the cuts leave nothing: photons have at most {hardest:.3g} GeV in the centre of mass"
        return [*labels, *validity(sample, exclusion, ("sqrt(s)", self.beams.sqrt_s), nothing)]

    def source_remarks(self, sample: Sample, couplings: Sequence[tuple[str, float]]) -> list[str]:
        """Return nothing: beams are known as they are."""
        del sample, couplings
        return []

    def pdg_ids(self) -> dict[str, int]:
        """Return PDG identifiers of the particles in the events, where they exist."""
        return pdg_ids(*_SEEN, "isr_photon")


def in_words(counts: Counts, card: ColliderCard) -> str:
    """Return the criterion of one window in words."""
    observed = card.observed
    rule = "the mean excluded" if observed.criterion == "poisson" else "N + n sqrt(N)"
    low, high = counts.edges[0], counts.edges[-1]
    bins = f"{len(counts.counts)} bins of missing mass squared from {low:g} to {high:g} GeV^2"
    label = f" ({counts.label})" if counts.label else ""
    return f"more than {rule} at {observed.significance:g} sigma in any of {bins}{label}"
