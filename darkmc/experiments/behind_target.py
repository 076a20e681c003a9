"""What all experiments behind a target share: a volume at a distance, cuts, decays and how they are seen."""

from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from darkmc.biasing.emission import Emission
from darkmc.biasing.shield import ShieldedWay
from darkmc.cards.experiment import Cut
from darkmc.cards.load import Loaded
from darkmc.core.errors import PhysicsError
from darkmc.core.rng import channel_number
from darkmc.core.vocabulary import PARTICLES, final_state
from darkmc.engine.chain import Chain
from darkmc.engine.routes import Route
from darkmc.geometry.shape import Shape
from darkmc.limits.criterion import Counting, counting
from darkmc.portals.kinds import photon_decay
from darkmc.portals.portal import Portal
from darkmc.selection.cuts import interval
from darkmc.selection.observables import Observable, energies, observable
from darkmc.signals.decay import Decay
from darkmc.signals.face import FaceDecay, face_of
from darkmc.signals.signal import HIT, Signal

if TYPE_CHECKING:
    from darkmc.cards.electron_dump import DumpCard
    from darkmc.cards.experiment import FixedTargetCard

Kind = Literal["light", "heavy", "near", "far"]  # which dark state gets to the detector
KINDS: tuple[Kind, ...] = ("light", "heavy", "near", "far")
CONVERTING: tuple[Kind, ...] = ("light", "near", "far")  # the heavier state makes no photon
STABLE_KINDS: tuple[Kind, ...] = ("light", "heavy")  # of states that do not decay
STATE = "dark_photon"  # the dark state on which there are observables
NOTHING_CONVERTS = "scattering closed: no dark state turns into another"


class BehindTarget(ABC):
    """Base of the topologies behind a target or a dump.

    Parameters
    ----------
    loaded : Loaded
        The experiment's card, and where it is, for messages.

    Raises
    ------
    CardError
        If the card asks for more than one face.
    """

    inside = "decays_inside"
    files: tuple[Path, ...] = ()

    def __init__(self, loaded: Loaded[Any]) -> None:
        self.loaded, self.path = loaded, loaded.path
        self.card: FixedTargetCard | DumpCard = loaded.card
        beam = self.card.beam
        self.origin, self.origin_m, self.exposure = np.array(beam.origin_m), beam.origin_m, beam.exposure
        self.shape: Shape = self.card.geometry.body()
        self.face = face_of(self.card.cuts, self.path)

    def label(self, parent: str) -> str:
        """Return what names of channels call a parent."""
        return parent

    @abstractmethod
    def emission(self, portal: Portal, parent: str, upstream: bool) -> Emission:
        """Return what dark states are made of, and whether the heavier one decays on its way."""

    @cached_property
    def criterion(self) -> Counting:
        """When a coupling is excluded."""
        return counting(self.card.observed)

    def way(self, portal: Portal) -> ShieldedWay | None:
        """Return what dark states meet on the way; None without a shield, or for equal masses."""
        if self.card.shield is None or not portal.heavy.decays:
            return None
        return ShieldedWay(self.card.shield, portal, self.card.beam.energy_GeV)

    def _nothing_left(self, portal: Portal) -> str:
        """Return what is said where the cuts leave no row of a sample."""
        light = 0.0 if portal.light is None else portal.light.mass
        share = 1.0 - (light / portal.heavy.mass) ** 2
        return f"the cuts leave nothing: a photon has at most {share:.2g} of its parent's energy"

    def _seen(self) -> list[set[str]]:
        """Return the particles, by name, of every kind of signal event that cuts may ask for."""
        face = () if self.face is None else (HIT,)
        states = self.card.signal.final_states
        return [{STATE, *face, *final_state(state).visible} for state in states]

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
        table = self.card.signal.table
        if table is not None:
            for names in seen:
                if not observable(table.observable).applies_to(names):
                    what = ", ".join(sorted(names - {STATE}))
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
        return self.card.signal.constant(state)

    @property
    def aimed(self) -> bool:
        """Whether dark states are sent to the detector."""
        return self.card.simulation.biasing == "turned"

    def secondary(self, portal: Portal, parent: str, kind: Kind, signal: Signal, first: bool) -> Chain:
        """Return the chain of a state that does something in the volume other than decay.

        Parameters
        ----------
        portal : Portal
            The masses.
        parent : str
            What dark states are made of.
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
        seen = photon_decay(portal).key if portal.heavy.decays else self.card.signal.final_states[0]
        return Chain(
            name=f"{self.label(parent)}: {PARTICLES[arriving.name].word} {signal.name}{origin}",
            number=channel_number(parent, signal.key, "direct" if kind == "light" else kind),
            parent=parent,
            emission=self.emission(portal, parent, upstream),
            route=route,
            signal=signal,
            efficiency=self.constant_efficiency(seen),
            states=(seen,) if upstream else (),
            counts_primaries=first and not upstream,
        )
