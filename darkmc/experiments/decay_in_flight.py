"""Topology: mesons decay in a target, a dark state flies off and decays inside a distant volume.

Rows: power 2, tau_survive = l1/lambda, tau_window = (l2 - l1)/lambda, lambda = beta gamma c tau at G = 1.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from darkmc.errors import CardError, PhysicsError
from darkmc.experiments.conversion import ConversionStream, Kind
from darkmc.experiments.final_states import is_open, particles, threshold
from darkmc.experiments.observables import VISIBLE_ENERGIES, observable
from darkmc.experiments.plan import ChannelPlan
from darkmc.experiments.shapes import make_shape
from darkmc.experiments.stream import Stream
from darkmc.geometry import DirectionProposal
from darkmc.kinematics import Array
from darkmc.mesons.source import MesonSource
from darkmc.particles import canonical_name, mass
from darkmc.portal import DarkAxionPortal
from darkmc.schema import Cut, EfficiencyTable, ExperimentCard, FinalState
from darkmc.selection import Event, Observable


class DecayInFlight:
    """Channels of one decay-in-flight experiment, one per meson species and final state.

    Parameters
    ----------
    card : ExperimentCard
        The experiment.
    path : str
        Where the card is, for messages.
    source : MesonSource
        Its mesons.

    Raises
    ------
    CardError
        If a meson has no ratio, an observable is unknown, or the volume contains the target.
    """

    def __init__(self, card: ExperimentCard, path: str, source: MesonSource) -> None:
        self.card, self.path, self.source = card, path, source
        self.origin = np.array(card.beam.origin_m)
        self.shape = make_shape(card.geometry, path)
        try:
            if source.lists is None:
                self.proposal  # noqa: B018
            self.cuts = self._checked_cuts()
        except PhysicsError as error:
            raise CardError(f"{path}: {error}") from None
        self.needs_everything = any(cut.observable == "E_dark_photon" for cut in card.cuts)
        for meson in card.source.mesons:
            source.ratio(meson)
        if source.lists is not None and card.simulation.signal != "decay":
            raise CardError(f"{path}: simulation.signal: '{card.simulation.signal}' takes no list of mesons")

    @cached_property
    def proposal(self) -> DirectionProposal:
        """Directions from the target to the volume; not for lists, which may lie within it."""
        return self.shape.direction_proposal(self.card.beam.origin_m)

    def _checked_cuts(self) -> list[tuple[Cut, Observable]]:
        """Return the cuts with their observables; PhysicsError for one that no final state can answer."""
        seen = [{"dark_photon", *particles(state)} for state in self.card.signal.final_states]
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
            for state, names in zip(self.card.signal.final_states, seen, strict=True):
                if not observable(table.observable).applies_to(names):
                    raise PhysicsError(f"signal.efficiency: '{state}' has no '{table.observable}'")
        return cuts

    def energy_window(self, state: FinalState) -> tuple[float, float]:
        """Return the visible energies (GeV) that the cuts leave open to a final state."""
        names = VISIBLE_ENERGIES["photon" if state == "a gamma" else "pair"]
        rows = [
            cut
            for cut, quantity in self.cuts
            if cut.observable in names and quantity.applies_to(particles(state))
        ]
        low = max([0.0, *(cut.min for cut in rows if cut.min is not None)])
        high = min([np.inf, *(cut.max for cut in rows if cut.max is not None)])
        return low, float(high)

    def efficiency(self, event: Event, keep: NDArray[np.bool_]) -> Array:
        """Return the detection efficiency of the kept events from the card's table; empty without a table."""
        table = self.card.signal.efficiency
        if not isinstance(table, EfficiencyTable):
            return np.empty(0)
        return np.interp(observable(table.observable).function(event)[keep], table.at, table.values)

    def prepare(self) -> None:
        """Make the tables that do not depend on masses."""
        self.source.prepare(analogue=self.card.simulation.biasing == "none")

    def closed(self, portal: DarkAxionPortal) -> str | None:
        """Return why no channel is open at these masses, or None."""
        names = [canonical_name(meson) for meson in self.card.source.mesons]
        largest = max(names, key=mass)
        if portal.current.threshold >= mass(largest):
            return (
                f"production closed: m_axion + m_dark_photon = {portal.current.threshold:g} GeV is above the "
                f"threshold of {mass(largest):g} GeV ({largest})"
            )
        if any(is_open(portal, state) for state in self.card.signal.final_states):
            return None
        if portal.m_axion == portal.m_dark_photon:
            return (
                f"decay closed: it needs m_axion different from m_dark_photon = {portal.m_dark_photon:g} GeV"
            )
        least = min(threshold(state) for state in self.card.signal.final_states)
        return (
            f"decay closed: m_dark_photon - m_axion = {portal.m_dark_photon - portal.m_axion:g} GeV is below "
            f"the threshold of {least:g} GeV"
        )

    def plans(
        self, portal: DarkAxionPortal, target: float, at: Sequence[float] | None, vary: bool = False
    ) -> list[ChannelPlan]:
        """Return the open channels at these masses.

        Parameters
        ----------
        portal : DarkAxionPortal
            The masses.
        target : float
            Number of events that an exclusion asks for: where to expect its upper edge.
        at : sequence of float, optional
            Couplings at which precision is wanted; they shape the proposals, never the rows' meaning.
        vary : bool
            Carry the weights of the flux card's alternatives along.
        """
        if self.closed(portal) is not None:
            return []
        mesons = [canonical_name(meson) for meson in self.card.source.mesons]
        mesons = [meson for meson in mesons if portal.current.threshold < mass(meson)]
        signal = self.card.simulation.signal
        plans: list[ChannelPlan] = []
        if signal in ("decay", "all"):
            states = [state for state in self.card.signal.final_states if is_open(portal, state)]
            streams = [Stream(self, portal, meson, state, vary) for meson in mesons for state in states]
            if self.card.simulation.biasing == "turned" and self.source.lists is None:
                depths = _depths(streams, target, at)
                for stream in streams:
                    stream.aim(depths)
            plans += [stream.plan() for stream in streams]
        if signal in ("conversion", "all"):
            kinds = get_args(Kind)
            plans += [
                ConversionStream(self, portal, meson, kind, vary).plan() for meson in mesons for kind in kinds
            ]
        return plans


def _depths(
    channels: Sequence[Stream], target: float, at: Sequence[float] | None
) -> list[tuple[float, float]]:
    """Return (share, depth) of the proposals: at given couplings, or at both ends of an exclusion."""
    absorption = channels[0].absorption
    if at is not None:
        return [(1.0 / len(at), absorption * coupling**2) for coupling in at]
    depths = np.geomspace(0.3, 3e4, 31)
    squares = depths / absorption
    top = channels[0].experiment.source.largest_momentum
    momenta = top * np.linspace(0.02, 1.0, 40) ** 2
    total = np.zeros_like(depths)
    for channel in channels:
        rough = channel.expectation(momenta)
        forward = _forward(channel, momenta)
        chord = (channel.far - channel.near) / channel.near
        for k, depth in enumerate(depths):
            inside = -np.expm1(-chord * depth / rough.energies) * np.exp(-depth / rough.energies)
            yield_ = np.trapezoid(forward * np.mean(rough.accepted * inside, axis=0), momenta)
            total[k] += squares[k] * yield_
    above = np.flatnonzero(total > target)
    last = above[-1] if len(above) else int(np.argmax(total))
    return [(0.5, 0.0), (0.5, float(depths[min(last + 1, len(depths) - 1)]))]


def _forward(channel: Stream, momenta: Array) -> Array:
    """Return the rate per momentum into the solid angle at G = 1, no decay: order of magnitude."""
    experiment = channel.experiment
    density = experiment.source.forward_density(channel.meson, momenta)
    scale = experiment.card.beam.exposure * channel.branching * experiment.proposal.largest_weight
    out: Array = scale * density * channel.portal.meson_branching_ratio(channel.meson)
    return out
