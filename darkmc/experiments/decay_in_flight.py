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
from darkmc.engine.decay_stream import Stream
from darkmc.engine.scattering_stream import CONVERTING, SecondaryStream
from darkmc.experiments.fixed_target import FixedTarget
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.sample.stream import ChannelPlan
from darkmc.signals.conversion import NucleusConversion
from darkmc.signals.decay import threshold


class DecayInFlight(FixedTarget):
    """Channels of one decay-in-flight experiment, one per meson species and final state."""

    card: DecayCard

    def __init__(self, loaded: Loaded[Any], overrides: Mapping[str, Any]) -> None:
        super().__init__(loaded, overrides)
        self.needs_everything = any(quantity.applies_to({"dark_photon"}) for _, quantity in self.cuts)
        signal = self.card.simulation.signal
        if signal != "decay" and self.card.material is None:
            raise CardError(f"{self.path}: simulation.signal = '{signal}' needs [material]")

    def closed(self, portal: DarkAxionPortal) -> str | None:
        """Return why no channel is open at these masses, or None."""
        production = self.production_closed(portal)
        if production is not None:
            return production
        if any(map(portal.heavy_branching_ratio, self.card.signal.final_states)):
            return None
        if not portal.heavy.decays:
            return (
                f"decay closed: it needs m_axion different from m_dark_photon = {portal.m_dark_photon:g} GeV"
            )
        least = min(threshold(state) for state in self.card.signal.final_states)
        return (
            f"decay closed: m_dark_photon - m_axion = {portal.m_dark_photon - portal.m_axion:g} GeV is below "
            f"the threshold of {least:g} GeV"
        )

    def plans(
        self, portal: DarkAxionPortal, at: Sequence[float] | None, vary: bool = False
    ) -> list[ChannelPlan]:
        """Return the open channels at these masses.

        Parameters
        ----------
        portal : DarkAxionPortal
            The masses.
        at : sequence of float, optional
            Couplings at which precision is wanted; they shape the proposals, never the rows' meaning.
        vary : bool
            Carry the weights of the flux card's alternatives along.
        """
        if self.closed(portal) is not None:
            return []
        mesons = self.open_mesons(portal)
        signal = self.card.simulation.signal
        plans: list[ChannelPlan] = []
        if signal in ("decay", "all"):
            states = [*filter(portal.heavy_branching_ratio, self.card.signal.final_states)]
            streams = [Stream(self, portal, meson, state, vary) for meson in mesons for state in states]
            if self.card.simulation.biasing == "turned" and self.source.lists is None:
                depths = _depths(streams, self.criterion.target, at)
                for stream in streams:
                    stream.aim(depths)
            plans += [stream.plan() for stream in streams]
        if signal in ("conversion", "all"):
            conversion = NucleusConversion(self, portal)
            converting = [(meson, kind) for meson in mesons for kind in CONVERTING]
            plans += [
                SecondaryStream(self, portal, meson, kind, conversion, vary=vary).plan()
                for meson, kind in converting
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
