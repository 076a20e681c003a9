"""What every topology offers to Experiment: channels, a criterion, and what belongs beside results."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from darkmc.cards.experiment import ExperimentCard
from darkmc.cards.load import Loaded
from darkmc.core.intervals import Exclusion
from darkmc.geometry.shape import Shape
from darkmc.limits.criterion import Criterion
from darkmc.portals.portal import Portal
from darkmc.sample.sample import Sample
from darkmc.sample.stream import ChannelPlan
from darkmc.sources.mesons import MesonSource


class Topology(Protocol):
    """One kind of experiment, set up from its card.

    Attributes
    ----------
    loaded, card : Loaded, ExperimentCard
        The card, and where it was read.
    source : MesonSource or None
        Where mesons come from; None where there are none.
    shape : Shape
        The sensitive volume.
    criterion : Criterion
        When a coupling is excluded.
    exposure : float
        Protons or electrons on target, or luminosity in 1/fb.
    origin_m : (float, float, float)
        Where the beam hits, or beams cross, in the lab.
    inside : str
        What the cutflow calls events inside the volume.
    files : tuple of Path
        What it was read from, beside its card and its source.
    """

    loaded: Loaded[Any]
    shape: Shape
    inside: str

    @property
    def source(self) -> MesonSource | None: ...  # noqa: D102
    @property
    def card(self) -> ExperimentCard: ...  # noqa: D102
    @property
    def criterion(self) -> Criterion: ...  # noqa: D102
    @property
    def exposure(self) -> float: ...  # noqa: D102
    @property
    def files(self) -> tuple[Path, ...]: ...  # noqa: D102
    @property
    def origin_m(self) -> tuple[float, float, float]: ...  # noqa: D102

    def prepare(self) -> None:
        """Make the tables that do not depend on masses."""
        ...

    def closed(self, portal: Portal) -> str | None:
        """Return why no channel is open at these masses, or None."""
        ...

    def plans(
        self, portal: Portal, at: Sequence[float] | None, vary: Sequence[str] = ()
    ) -> list[ChannelPlan]:
        """Return the open channels at these masses.

        Parameters
        ----------
        portal : Portal
            The masses.
        at : sequence of float or None
            Couplings at which precision is wanted; they shape the proposals, never the rows' meaning.
        vary : sequence of str
            Alternatives of the source whose weights are carried along.
        """
        ...

    def remarks(self, sample: Sample, exclusion: Exclusion) -> list[str]:
        """Return where excluded couplings leave the range in which what is computed holds."""
        ...

    def source_remarks(self, sample: Sample, couplings: Sequence[tuple[str, float]]) -> list[str]:
        """Return in what yields at couplings, each with its name, leave what is known of the source."""
        ...

    def pdg_ids(self) -> dict[str, int]:
        """Return PDG identifiers of the particles in the events, where they exist."""
        ...


TOPOLOGIES = {  # modules of this folder, and what makes a topology there from a card and keys of its flux
    "decay_in_flight": ("decay_in_flight", "DecayInFlight"),
    "scattering": ("scattering", "Scattering"),
    "electron_dump": ("electron_dump", "ElectronDump"),
    "collider": ("collider_combined", "collider"),
}


def topology_of(loaded: Loaded[Any], flux: Mapping[str, Any]) -> Topology:
    """Return the topology that a card asks for; what the others need is not loaded.

    Parameters
    ----------
    loaded : Loaded
        The card, and where it was read.
    flux : mapping
        Overrides of its flux card by dotted key.
    """
    module, maker = TOPOLOGIES[loaded.card.topology]
    made: Topology = getattr(import_module(f"darkmc.experiments.{module}"), maker)(loaded, flux)
    return made
