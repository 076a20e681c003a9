"""What every flux card says: beam, references, pi0 per proton and ratios to them; where fits hold."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from darkmc.cards.references import Reference
from darkmc.core.checked import Checked, FileName, NotNegative, Positive
from darkmc.core.particles import canonical_name, mass


class FluxBeam(Checked):
    """Beam that makes the mesons: particle and total energy."""

    particle: Literal["proton", "electron"]
    energy_GeV: Positive

    @property
    def kinetic_energy_GeV(self) -> float:
        """Kinetic energy of a beam particle, not above 0 for an energy below its mass."""
        return self.energy_GeV - mass("proton" if self.particle == "proton" else "e")


class ProtonBeam(FluxBeam):
    """Beam of a fit or a generator that knows protons only."""

    particle: Literal["proton"]


class Validity(Checked):
    """Where a fit was made: kinetic energies of the beam, charges of the target, and mesons.

    Of mesons lab momenta and angles, p_T and x_F (of charged pions, beam and one nucleon), where known.
    Momenta given with `momentum_at_beam_GeV` are those at this beam energy and scale with the beam.
    """

    beam_kinetic_energy_min_GeV: Positive
    beam_kinetic_energy_max_GeV: Positive
    charge_min: Annotated[int, Field(ge=1)] = 1
    charge_max: Annotated[int, Field(ge=1)]
    momentum_min_GeV: NotNegative = 0.0
    momentum_max_GeV: Positive | None = None
    momentum_at_beam_GeV: Positive | None = None
    transverse_momentum_max_GeV: Positive | None = None
    theta_max_rad: Positive | None = None
    x_F_min: float | None = None
    x_F_max: float | None = None

    @model_validator(mode="after")
    def _intervals(self) -> "Validity":
        beams = (self.beam_kinetic_energy_min_GeV, self.beam_kinetic_energy_max_GeV)
        for low, high, names in (
            (self.momentum_min_GeV, self.momentum_max_GeV, "momentum_min_GeV must be below momentum_max_GeV"),
            (self.x_F_min, self.x_F_max, "x_F_min must be below x_F_max"),
            (*beams, "beam_kinetic_energy_min_GeV must be below beam_kinetic_energy_max_GeV"),
        ):
            if low is not None and high is not None and low >= high:
                raise ValueError(names)
        if self.charge_min > self.charge_max:
            raise ValueError("charge_min must not be above charge_max")
        return self


class FluxCard(Checked):
    """What every meson source says; its `parametrisation` decides what else.

    `cascade`: a table of factors, all generations in a thick target over the first; of fits only.
    """

    schema_: Literal[1] = Field(alias="schema")
    name: FileName
    parametrisation: str
    references: Annotated[tuple[Reference, ...], Field(min_length=1)]
    beam: FluxBeam
    cascade: str = "none"

    @model_validator(mode="after")
    def _a_cascade_multiplies_a_fit(self) -> "FluxCard":
        if self.cascade != "none" and not hasattr(self, "nucleus_ratio"):
            raise ValueError(
                f"cascade multiplies fits; with parametrisation '{self.parametrisation}' it is none"
            )
        return self

    @property
    def other_files(self) -> tuple[str, ...]:
        """Names of the files that are read with the card."""
        return ()


class PionCard(FluxCard):
    """Pi0 per proton on target, and other species as ratios to pi0."""

    beam: ProtonBeam
    target_interaction: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    pi0_per_pot: Positive | None = None
    ratios: dict[str, NotNegative] = Field(default_factory=dict)
    ratio_references: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_ratio_has_a_source(self) -> "PionCard":
        known = {reference.key for reference in self.references}
        for meson in self.ratios:
            canonical_name(meson)
            if self.ratio_references.get(meson) not in known:
                raise ValueError(f"ratio_references.{meson} must name the key of a reference")
        return self


class CentralProduction(Checked):
    """A heavy meson with (1 - |x_F|)^x_F_power (1 + pT^2/p0^2)^-6 and a yield of its own."""

    x_F_power: Annotated[float, Field(ge=1.0, le=20.0)]
    transverse_scale_GeV: Positive
    per_pot: Positive
    reference: str


class VariedCard(PionCard):
    """Mesons with named alternatives, each some keys of the card with other values.

    `interaction_length_m`: mean path of protons before they make mesons, in a target of `target.length_m`,
    if that is known; without it mesons start where the beam hits.
    """

    interaction_length_m: Positive | None = None
    alternatives: dict[str, dict[str, Any]] = Field(default_factory=dict)
    alternative_references: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_alternative_has_a_source(self) -> "VariedCard":
        known = {reference.key for reference in self.references}
        for name in self.alternatives:
            if self.alternative_references.get(name) not in known:
                raise ValueError(f"alternative_references.{name} must name the key of a reference")
        return self
