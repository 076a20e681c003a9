"""What cards of runs say that look at many things at once: choices, planes, moments, branching ratios."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from darkmc.cards.run_card import AxionMass, Grid, Precision, RunCard, Seed
from darkmc.core.checked import Checked, FinalState, Positive, once


class Searched(Checked):
    """An experiment, and masses of the dark photon."""

    experiment: str
    m_dark_photon: Grid
    m_axion: AxionMass = "0"


class ChoicesRun(RunCard):
    """What each key of a preset alone does to the limits of experiments."""

    kind: Literal["choices"]
    preset: str = "published"
    searches: Annotated[tuple[Searched, ...], Field(min_length=1)]
    precision: Precision = 0.03
    seed: Seed = 1

    @model_validator(mode="after")
    def _each_search_once(self) -> "ChoicesRun":
        once(self.uses)
        return self

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the experiments that it is about, each once."""
        return tuple(search.experiment for search in self.searches)


class Plane(Checked):
    """An experiment, and grids of both masses."""

    experiment: str
    m_dark_photon: Grid
    m_axion: Grid


class AtlasRun(RunCard):
    """Planes of both masses, one for each experiment."""

    kind: Literal["atlas"]
    planes: Annotated[tuple[Plane, ...], Field(min_length=1)]
    precision: Precision = 0.1
    seed: Seed = 1

    @model_validator(mode="after")
    def _each_plane_once(self) -> "AtlasRun":
        once(self.uses)
        return self

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the experiments that it is about, each once."""
        return tuple(plane.experiment for plane in self.planes)


class Printed(Checked):
    """A branching ratio as a paper has it: a factor times ours."""

    label: str
    final_state: FinalState
    factor: Positive


class BranchingRatiosRun(RunCard):
    """Branching ratios of the dark photon against its mass, and as they were printed."""

    kind: Literal["branching-ratios"]
    m_dark_photon: Grid
    m_axion: AxionMass = "0"
    final_states: Annotated[tuple[FinalState, ...], Field(min_length=1)]
    printed: tuple[Printed, ...] = ()

    @model_validator(mode="after")
    def _each_state_once(self) -> "BranchingRatiosRun":
        once(self.final_states)
        return self


class LeptonMomentsRun(RunCard):
    """Two-loop moments of leptons against mass, and what measurements leave for them."""

    kind: Literal["lepton-moments"]
    m_dark_photon: Grid
    m_axion: AxionMass = "0"
    couplings_per_GeV: Annotated[tuple[Positive, ...], Field(min_length=1)]
    data: Annotated[tuple[str, ...], Field(min_length=1)]  # LEPTON-DATASET

    @model_validator(mode="after")
    def _each_data_once(self) -> "LeptonMomentsRun":
        once(self.data)
        return self
