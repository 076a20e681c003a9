"""What a card of an electron dump may say."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from darkmc.cards.experiment import Beam, ExperimentCard, FixedTargetSimulation, Observed, Signal
from darkmc.cards.volumes import DecaySpace, Geometry, Material, Shield
from darkmc.core.checked import Checked, Positive
from darkmc.core.materials import known_material


class Dump(Checked):
    """What the shower is in: one material, or thin layers of several, by shares of a radiation length."""

    material: str | None = None
    composition: dict[str, Positive] = Field(default_factory=dict)

    @field_validator("material")
    @classmethod
    def _known(cls, material: str | None) -> str | None:
        if material is not None:
            known_material(material)
        return material

    @field_validator("composition")
    @classmethod
    def _all_known(cls, composition: dict[str, float]) -> dict[str, float]:
        for name in composition:
            known_material(name)
        return composition

    @model_validator(mode="after")
    def _one_or_several(self) -> "Dump":
        if (self.material is None) == (not self.composition):
            raise ValueError("give material, or composition with shares of a radiation length")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """Share of each material in a radiation length."""
        if self.material is not None:
            return {self.material: 1.0}
        total = sum(self.composition.values())
        return {name: share / total for name, share in self.composition.items()}


class Calorimeter(Geometry):
    """The detector, in which states scatter and convert, and what it is made of."""

    material: Material


class DumpSpace(DecaySpace):
    """The space in which decays are seen, a volume before it and the detector behind it."""

    detector: Calorimeter | None = None


class DumpSimulation(FixedTargetSimulation):
    """Switches of electron dumps."""

    signal: Literal["decay", "conversion", "electron", "all"] = "decay"
    positrons: bool = True
    bremsstrahlung: bool = True
    multiple_scattering: bool = True
    isr: bool = True
    shower_threshold_GeV: Positive = 1.0


class DumpCard(ExperimentCard):
    """Electrons are stopped in a dump; dark states of their shower decay, convert or scatter behind it."""

    topology: Literal["electron_dump"]
    beam: Beam
    dump: Dump
    geometry: DumpSpace
    signal: Signal
    observed: Observed
    shield: Shield | None = None
    simulation: DumpSimulation = Field(default_factory=DumpSimulation)

    @property
    def decays_only(self) -> bool:
        """Whether nothing but decays is looked for."""
        return self.simulation.signal == "decay"

    @model_validator(mode="before")
    @classmethod
    def _only_electrons(cls, data: Any) -> Any:
        beam = data.get("beam") if isinstance(data, dict) else None
        if isinstance(beam, dict) and (beam.get("particle") != "electron" or "eot" not in beam):
            raise ValueError("an electron dump needs beam.particle = 'electron' and beam.eot")
        return data

    @model_validator(mode="after")
    def _something_to_make(self) -> "DumpCard":
        simulation = self.simulation
        if not (simulation.positrons or simulation.bremsstrahlung):
            raise ValueError("simulation.positrons and simulation.bremsstrahlung are both off")
        if simulation.absorption and self.shield is None:
            raise ValueError("simulation.absorption = true needs [shield]")
        missing = {
            "conversion": self.geometry.target is None and self.geometry.detector is None,
            "electron": self.geometry.detector is None,
        }
        if missing.get(simulation.signal, False):
            needed = "[geometry.target] or [geometry.detector]"
            raise ValueError(f"simulation.signal = '{simulation.signal}' needs {needed}")
        if self.geometry.target is not None and self.geometry.target.material is None:
            raise ValueError("geometry.target needs its material")
        return self
