"""What a collider's card may say: beams, calorimeter, response, observation, switches."""

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from darkmc.cards.experiment import ExperimentCard, Simulation
from darkmc.cards.references import Reference
from darkmc.core.checked import Checked, Fraction, NotNegative, Positive
from darkmc.core.rng import ANALYSES
from darkmc.core.units import LARGEST_SIGMA
from darkmc.geometry.shapes import Cylinder

Table = dict[str, Any]
SQRT_S_TOLERANCE = 2e-3  # relative, between the stated energy and that of the beams


class ColliderBeam(Checked):
    """Two beams, the energy in their centre of mass and the integrated luminosity.

    The electrons fly along +z, the positrons against them but for the crossing angle; masses neglected.
    """

    electron_energy_GeV: Positive
    positron_energy_GeV: Positive
    sqrt_s_GeV: Positive
    luminosity_fb: Positive
    crossing_angle_rad: Annotated[float, Field(ge=0.0, lt=math.pi)] = 0.0

    @model_validator(mode="after")
    def _one_energy(self) -> "ColliderBeam":
        product = self.electron_energy_GeV * self.positron_energy_GeV
        found = math.sqrt(2.0 * product * (1.0 + math.cos(self.crossing_angle_rad)))
        if abs(found / self.sqrt_s_GeV - 1.0) > SQRT_S_TOLERANCE:
            raise ValueError(
                f"sqrt_s_GeV = {self.sqrt_s_GeV:g} does not fit the beams, which give {found:.5g} GeV"
            )
        return self


class Resonance(Checked):
    """A vector meson made at rest in the centre of mass, and how many of them decayed."""

    meson: str
    decays: Positive


class Calorimeter(Checked):
    """The cylinder at whose surface photons are measured; z along the electrons from where beams cross."""

    radius_m: Positive
    z_min_m: Annotated[float, Field(lt=0.0)]
    z_max_m: Positive
    theta_min_deg: Annotated[float, Field(ge=0.0, lt=180.0)]
    theta_max_deg: Annotated[float, Field(gt=0.0, le=180.0)]

    @model_validator(mode="after")
    def _a_range(self) -> "Calorimeter":
        if self.theta_min_deg >= self.theta_max_deg:
            raise ValueError("theta_min_deg must be below theta_max_deg")
        return self

    def body(self) -> Cylinder:
        """Return the cylinder."""
        centre = (0.0, 0.0, 0.5 * (self.z_max_m + self.z_min_m))
        return Cylinder(centre, self.radius_m, self.z_max_m - self.z_min_m)


class PhotonResponse(Checked):
    """Crystal Ball with sigma/E = stochastic (GeV/E)^(3/4) + constant, its tail cut off at `lowest` sigma."""

    alpha: Positive
    n: Annotated[float, Field(gt=1.0)]
    stochastic: NotNegative
    constant: NotNegative
    lowest: Annotated[float, Field(lt=0.0)] = -200.0


class ColliderSignal(Checked):
    """What counts as one signal event: a photon, found with this efficiency."""

    efficiency: Fraction = 1.0


class ColliderObserved(Checked):
    """What was seen: counts in bins of missing mass squared, a background, or a number of events.

    `counts` names a CSV file, looked for in the working directory, then beside the card.
    """

    counts: str | None = None
    window: str | None = None
    missing_mass2_GeV2: tuple[float, float] | None = None
    criterion: Literal["poisson", "gaussian"] = "poisson"
    background: Positive | None = None
    significance: Annotated[float, Field(gt=0.0, le=LARGEST_SIGMA)] = 2.0
    n_limit: Positive | None = None

    @model_validator(mode="after")
    def _one_way_to_count(self) -> "ColliderObserved":
        if sum(key is not None for key in (self.counts, self.background, self.n_limit)) != 1:
            raise ValueError("give exactly one of counts, background and n_limit")
        if self.counts is None:
            return self
        if self.missing_mass2_GeV2 is None or self.window is None:
            raise ValueError("counts needs window and missing_mass2_GeV2, the range of its bins")
        if self.missing_mass2_GeV2[0] >= self.missing_mass2_GeV2[1]:
            raise ValueError("missing_mass2_GeV2 must increase")
        return self


class ColliderSimulation(Simulation):
    """Switches of colliders."""

    resonance: bool = False
    isr: bool = False
    smearing: bool = False
    decay_geometry: Literal["full", "single-length"] = "full"
    decay_length_m: Positive | None = None

    @model_validator(mode="after")
    def _length_for_one_length(self) -> "ColliderSimulation":
        if self.decay_length_m is not None and self.decay_geometry != "single-length":
            raise ValueError("decay_length_m needs decay_geometry = 'single-length'")
        return self


class ColliderCard(ExperimentCard):
    """Photons from e+ e- -> a gamma' at a collider."""

    exposure_unit: ClassVar[str] = "fb^-1"
    topology: Literal["collider"]
    beam: ColliderBeam
    detector: Calorimeter
    resonance: Resonance | None = None
    response: PhotonResponse | None = None
    signal: ColliderSignal = Field(default_factory=ColliderSignal)
    observed: ColliderObserved
    simulation: ColliderSimulation = Field(default_factory=ColliderSimulation)

    @property
    def part(self) -> str | None:
        """What a combination calls it, for its bins; None: it has none of its own."""
        return self.observed.window

    @model_validator(mode="after")
    def _what_the_switches_need(self) -> "ColliderCard":
        if self.simulation.resonance and self.resonance is None:
            raise ValueError("simulation.resonance needs [resonance]")
        if self.simulation.smearing and self.response is None:
            raise ValueError("simulation.smearing needs [response]")
        return self


class CombinedCard(ExperimentCard):
    """Several analyses of one experiment: a coupling is excluded if any of them excludes it.

    Tables given here are handed on, as overrides, to each of the cards named by `combines`.
    """

    exposure_unit: ClassVar[str] = "fb^-1"
    topology: Literal["collider"]
    combines: Annotated[tuple[str, ...], Field(min_length=2, max_length=ANALYSES)]
    preset_of_each: str | None = None
    beam: Table = Field(default_factory=dict)
    detector: Table = Field(default_factory=dict)
    resonance: Table = Field(default_factory=dict)
    response: Table = Field(default_factory=dict)
    signal: Table = Field(default_factory=dict)
    observed: Table = Field(default_factory=dict)
    simulation: Table = Field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the cards that it combines."""
        return self.combines

    @field_validator("cuts", mode="before")
    @classmethod
    def _cuts_of_each(cls, cuts: Any) -> Any:
        if isinstance(cuts, dict):
            raise ValueError("each of the combined cards has cuts of its own: set them there")  # noqa: TRY004
        return cuts

    def handed_on(self) -> dict[str, Any]:
        """Return by dotted key what is set for each of the cards."""
        tables = ("beam", "detector", "resonance", "response", "signal", "observed", "simulation")
        return {f"{name}.{key}": value for name in tables for key, value in getattr(self, name).items()}


class CombinedContent(CombinedCard):
    """The same with the content of the cards that it combines."""

    windows: dict[str, ColliderCard]

    @property
    def cited(self) -> tuple[Reference, ...]:
        """Its references, and those of the analyses that it combines."""
        return (*self.references, *(one for card in self.windows.values() for one in card.references))
