"""What a card may say: every key with its type, unit and range; models are frozen, unknown keys errors."""

import math
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from darkmc.cards.references import Reference, Shown
from darkmc.cards.volumes import DecaySpace, Geometry, Material, Shield
from darkmc.core.checked import (
    Checked,
    FileName,
    FinalState,
    Fraction,
    NotNegative,
    Positive,
    Vector,
    once,
)
from darkmc.core.materials import nucleus
from darkmc.core.particles import canonical_name, mass
from darkmc.core.units import LARGEST_COUNT
from darkmc.geometry.faces import Face


class Beam(Checked):
    """The beam, its exposure, the elements that it hits, where known, and the place where that is."""

    particle: Literal["proton", "electron"]
    momentum_GeV: Positive | None = None
    kinetic_energy_GeV: Positive | None = None
    pot: Positive | None = None
    eot: Positive | None = None
    target: tuple[str, ...] = ()
    origin_m: Vector = (0.0, 0.0, 0.0)

    @field_validator("target", mode="before")
    @classmethod
    def _one_or_several(cls, target: Any) -> Any:
        return (target,) if isinstance(target, str) else target

    @field_validator("target")
    @classmethod
    def _elements(cls, target: tuple[str, ...]) -> tuple[str, ...]:
        for name in target:
            nucleus(name)
        return target

    @model_validator(mode="after")
    def _one_of_each(self) -> "Beam":
        if (self.momentum_GeV is None) == (self.kinetic_energy_GeV is None):
            raise ValueError("give exactly one of momentum_GeV and kinetic_energy_GeV")
        if (self.pot is None) == (self.eot is None):
            raise ValueError("give exactly one of pot and eot")
        return self

    @property
    def energy_GeV(self) -> float:
        """Total energy of a beam particle."""
        if self.kinetic_energy_GeV is not None:
            return self.kinetic_energy_GeV + self._rest_GeV
        return math.hypot(self.momentum_GeV or 0.0, self._rest_GeV)

    @property
    def kinetic_GeV(self) -> float:
        """Kinetic energy of a beam particle."""
        return self.kinetic_energy_GeV or self.energy_GeV - self._rest_GeV

    @property
    def _rest_GeV(self) -> float:
        return mass("proton" if self.particle == "proton" else "e")

    @property
    def exposure(self) -> float:
        """Particles on target."""
        return self.pot or self.eot or 0.0


class Source(Checked):
    """The mesons and the flux card that they come from, and in what that differs on purpose."""

    flux: str
    flux_may_differ: tuple[Literal["particle", "energy", "target"], ...] = ()
    mesons: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("mesons")
    @classmethod
    def _each_species_once(cls, mesons: tuple[str, ...]) -> tuple[str, ...]:
        once([canonical_name(meson) for meson in mesons])
        return mesons


class EfficiencyTable(Checked):
    """Detection efficiency against an observable: linear between the points, constant outside."""

    observable: str
    at: Annotated[tuple[float, ...], Field(min_length=2)]
    values: tuple[Fraction, ...]

    @model_validator(mode="after")
    def _a_function(self) -> "EfficiencyTable":
        if len(self.at) != len(self.values):
            raise ValueError("at and values must have the same length")
        if any(second <= first for first, second in pairwise(self.at)):
            raise ValueError("at must increase")
        return self


class Signal(Checked):
    """What counts as one signal event."""

    final_states: Annotated[tuple[FinalState, ...], Field(min_length=1)]
    efficiency: Fraction | EfficiencyTable | dict[FinalState, Fraction] = 1.0
    branching_factor: Positive = 1.0

    @model_validator(mode="after")
    def _each_state_once(self) -> "Signal":
        once(self.final_states)
        if isinstance(self.efficiency, dict):
            missing = [state for state in self.final_states if state not in self.efficiency]
            if missing:
                raise ValueError(f"efficiency says nothing about '{missing[0]}'")
        return self

    @property
    def table(self) -> EfficiencyTable | None:
        """The efficiency where it depends on an observable."""
        return self.efficiency if isinstance(self.efficiency, EfficiencyTable) else None

    def constant(self, state: str) -> float:
        """Return the efficiency of a final state, 1 where a table says it."""
        efficiency: Any = self.efficiency
        if isinstance(efficiency, dict):
            return float(efficiency.get(state, 1.0))
        return 1.0 if self.table is not None else float(efficiency)


class Observed(Checked):
    """What was seen, or the number of signal events that is excluded."""

    n_obs: Annotated[int, Field(ge=0, le=LARGEST_COUNT)] | None = None
    background: Annotated[float, Field(ge=0.0, le=LARGEST_COUNT)] = 0.0
    background_error: Annotated[float, Field(ge=0.0, le=LARGEST_COUNT)] = 0.0
    confidence_level: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.90
    n_limit: Positive | None = None

    @model_validator(mode="after")
    def _something_to_exclude(self) -> "Observed":
        if self.n_obs is None and self.n_limit is None:
            raise ValueError("give n_obs (with background) or n_limit")
        return self


class Cut(Checked):
    """One row of the selection: min < observable < max, or a face that a daughter must meet."""

    name: str
    observable: str
    min: float | None = None
    max: float | None = None
    z_m: float | None = None
    half_x_m: Positive | None = None
    half_y_m: Positive | None = None
    hole_m: Positive | None = None
    radius_m: Positive | None = None

    @property
    def face(self) -> Face | None:
        """The face that must be met, if there is one."""
        half_x, half_y = self.half_x_m or self.radius_m, self.half_y_m or self.radius_m
        if self.z_m is None or half_x is None or half_y is None:
            return None
        return Face(self.z_m, half_x, half_y, self.hole_m or 0.0, self.radius_m or math.inf)

    @model_validator(mode="before")
    @classmethod
    def _met_or_not(cls, data: Any) -> Any:
        plane = isinstance(data, dict) and data.get("observable") == "hit_plane"
        return {"min": 0.0, **data} if plane else data

    @model_validator(mode="after")
    def _a_face(self) -> "Cut":
        sides, keys = (self.half_x_m, self.half_y_m), "z_m, half_x_m and half_y_m, or radius_m"
        if self.observable != "hit_plane":
            if any(key is not None for key in (self.z_m, *sides, self.radius_m, self.hole_m)):
                raise ValueError(f"{keys}, and hole_m belong to observable = 'hit_plane'")
            return self
        given = sum(side is not None for side in sides)
        if self.z_m is None or given != (2 if self.radius_m is None else 0):
            raise ValueError(f"hit_plane takes {keys}, and perhaps hole_m")
        if self.min != 0.0 or self.max is not None:
            raise ValueError(f"hit_plane takes {keys}, neither min nor max")
        return self

    @model_validator(mode="after")
    def _an_interval(self) -> "Cut":
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError(f"{self.name}: min must be below max, not {self.min:g} and {self.max:g}")
        return self


class Simulation(Checked):
    """Switches that every topology has."""

    biasing: Literal["turned", "none"] = "turned"
    spin_correlations: bool = True


class FixedTargetSimulation(Simulation):
    """Switches behind a target."""

    absorption: bool = False


class DecaySimulation(FixedTargetSimulation):
    """Switches of decay in flight."""

    signal: Literal["decay", "conversion", "all"] = "decay"
    showers: bool = False


class ExperimentCard(Checked):
    """One analysis of one experiment: what every topology says."""

    exposure_unit: ClassVar[str] = "on target"
    schema_: Literal[1] = Field(alias="schema")
    name: FileName
    topology: Literal["decay_in_flight", "scattering", "electron_dump", "collider"]
    references: Annotated[tuple[Reference, ...], Field(min_length=1)]
    shown: Shown | None = None
    cuts: tuple[Cut, ...] = ()
    presets: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @property
    def in_pictures(self) -> Shown:
        """What pictures call it: the card's name if it does not say."""
        return self.shown or Shown(name=self.name[:60])

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the cards that it combines; none of one analysis."""
        return ()

    @property
    def cited(self) -> tuple[Reference, ...]:
        """Its references, and those of the analyses that it combines."""
        return self.references

    @property
    def part(self) -> str | None:
        """What a combination calls it, for its bins; None: it has none of its own."""
        return None

    @model_validator(mode="after")
    def _each_cut_once(self) -> "ExperimentCard":
        once([cut.name for cut in self.cuts])
        return self


class FixedTargetCard(ExperimentCard):
    """Mesons from a target, and a volume at a distance."""

    beam: Beam
    source: Source
    geometry: DecaySpace
    material: Material | None = None
    signal: Signal
    observed: Observed
    shield: Shield | None = None
    simulation: FixedTargetSimulation = Field(default_factory=FixedTargetSimulation)

    @property
    def decays_only(self) -> bool:
        """Whether nothing but decays is looked for."""
        return False

    @model_validator(mode="after")
    def _what_absorbs(self) -> "FixedTargetCard":
        if self.simulation.absorption and self.shield is None:
            raise ValueError("simulation.absorption = true needs [shield]")
        return self


class DecayCard(FixedTargetCard):
    """Decay in flight: dark states decay inside the volume."""

    topology: Literal["decay_in_flight"]
    simulation: DecaySimulation = Field(default_factory=DecaySimulation)

    @property
    def decays_only(self) -> bool:
        """Whether nothing but decays is looked for."""
        return self.simulation.signal == "decay"


class ScatteringGeometry(DecaySpace):
    """The fiducial volume, the active one around it in which a decay is seen, and the veto's lengths."""

    active: Geometry | None = None
    veto_buffer_m: NotNegative = 0.0
    veto_size_m: Annotated[float, Field(gt=1.0)] | None = None


class ScatteringSignal(Signal):
    """What counts as one scattering event."""

    final_states: Annotated[tuple[Literal["a gamma"], ...], Field(min_length=1)] = ("a gamma",)
    scattering_factor: Positive = 1.0


class ScatteringSimulation(FixedTargetSimulation):
    """Switches of scattering."""

    signal: Literal["electron", "conversion", "all"] = "electron"
    veto: Literal["geometry", "paper", "accept"] = "geometry"
    scattering_factor: Positive | None = None


class ScatteringCard(FixedTargetCard):
    """Scattering: dark states scatter off electrons, or convert on nuclei, inside the volume."""

    topology: Literal["scattering"]
    geometry: ScatteringGeometry
    material: Material
    signal: ScatteringSignal = Field(default_factory=ScatteringSignal)
    simulation: ScatteringSimulation = Field(default_factory=ScatteringSimulation)

    @model_validator(mode="after")
    def _what_the_veto_needs(self) -> "ScatteringCard":
        if self.simulation.veto == "paper" and self.geometry.veto_size_m is None:
            raise ValueError("simulation.veto = 'paper' needs geometry.veto_size_m")
        return self
