"""What a flux card may say: one model per parametrisation of meson production, and lists of mesons."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from darkmc.particles import canonical_name
from darkmc.schema import Card, NotNegative, Positive, Reference, once


class FluxBeam(Card):
    """Beam to which the parametrisation applies."""

    particle: Literal["proton"]
    energy_GeV: Positive


class FluxTarget(Card):
    """Target of the flux card."""

    material: str
    mass_number: Positive
    length_m: Positive
    inelastic_cross_section_mb: Positive


class BmptParameters(Card):
    """Constants of the BMPT fit (pions, Be)."""

    A_mb_per_GeV2: Positive
    B: float
    alpha: Positive
    beta: float
    a_per_GeV: Positive
    gamma: float
    delta: float
    ratio_scale: Positive
    ratio_power: float
    missing_mass_GeV: Positive
    reference_mass_number: Positive


class Validity(Card):
    """Range in which the fit was made; elsewhere it is an extrapolation."""

    momentum_min_GeV: NotNegative
    momentum_max_GeV: Positive


class FluxCard(Card):
    """What every meson source says; its `parametrisation` decides what else."""

    schema_: Literal[1] = Field(alias="schema")
    name: str
    parametrisation: str
    references: Annotated[tuple[Reference, ...], Field(min_length=1)]
    beam: FluxBeam


class FitCard(FluxCard):
    """Mesons from a fit: normalisation, other species and named alternatives."""

    target_interaction: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    pi0_per_pot: Positive | None = None
    ratios: dict[str, NotNegative] = Field(default_factory=dict)
    ratio_references: dict[str, str] = Field(default_factory=dict)
    alternatives: dict[str, dict[str, Any]] = Field(default_factory=dict)
    alternative_references: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_number_has_a_source(self) -> "FitCard":
        known = {reference.key for reference in self.references}
        for name in self.alternatives:
            if self.alternative_references.get(name) not in known:
                raise ValueError(f"alternative_references.{name} must name the key of a reference")
        for meson in self.ratios:
            canonical_name(meson)
            if self.ratio_references.get(meson) not in known:
                raise ValueError(f"ratio_references.{meson} must name the key of a reference")
        return self


class BmptCard(FitCard):
    """Mesons from the BMPT fit."""

    parametrisation: Literal["bmpt"]
    target: FluxTarget
    parameters: BmptParameters
    validity: Validity
    alpha_below_zero_xF: Literal["extrapolated", "frozen"] = "extrapolated"


class BeamRange(Card):
    """Kinetic energies of the beam for which a fit was made."""

    beam_kinetic_energy_min_GeV: Positive
    beam_kinetic_energy_max_GeV: Positive


NineNumbers = tuple[float, float, float, float, float, float, float, float, float]


class SanfordWangParameters(Card):
    """Constants c1 to c9 of each species; c1 in mb/(sr GeV/c), p in GeV/c, theta in rad."""

    pi_plus: NineNumbers
    pi_minus: NineNumbers
    K0: NineNumbers


class SanfordWangValidity(BeamRange):
    """Range in which the fit was made; elsewhere it is an extrapolation."""

    momentum_max_GeV: Positive
    theta_max_rad: Positive


class SanfordWangCard(FitCard):
    """Mesons from the Sanford-Wang fit: pi0 = (pi+ + pi-)/2; species with a shape of their own."""

    parametrisation: Literal["sanford-wang"]
    target: FluxTarget
    parameters: SanfordWangParameters
    validity: SanfordWangValidity
    shapes: dict[str, Literal["pi0", "K0"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_shape_has_a_ratio(self) -> "SanfordWangCard":
        for meson in self.shapes:
            if meson not in self.ratios:
                raise ValueError(f"shapes.{meson}: ratios says nothing about '{meson}'")
        return self


class Nucleus(Card):
    """One of the targets: its nuclei, and the share of all pi0 that are made in it."""

    name: str
    charge: Annotated[int, Field(ge=1)]
    share: Annotated[float, Field(gt=0.0, le=1.0)]


class BurmanSmithParameters(Card):
    """What sources disagree about: the width of the end point, and how hydrogen differs."""

    end_point_width_MeV: Positive
    hydrogen_amplitude_factor: Positive
    hydrogen_scale: Positive


class BurmanSmithValidity(BeamRange):
    """Range in which the fit was made; elsewhere it is an extrapolation."""

    charge_max: Annotated[int, Field(ge=1)]


class BurmanSmithCard(FitCard):
    """Pi0 with the kinetic energies of the pi+ of the Burman-Smith fit; without ratios no other species."""

    parametrisation: Literal["burman-smith"]
    pi0_per_pot: Positive
    targets: Annotated[tuple[Nucleus, ...], Field(min_length=1)]
    parameters: BurmanSmithParameters
    validity: BurmanSmithValidity

    @model_validator(mode="after")
    def _shares_of_one_whole(self) -> "BurmanSmithCard":
        once([target.name for target in self.targets])
        total = sum(target.share for target in self.targets)
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"the shares of targets add up to {total:g}, not 1")
        return self


class ListColumns(Card):
    """Names of the columns in Parquet and ROOT files; `weight`, if named, is the last column of a text."""

    px: str = "px"
    py: str = "py"
    pz: str = "pz"
    E: str = "E"
    x: str = "x"
    y: str = "y"
    z: str = "z"
    t: str = "t"
    weight: str | None = None


class MesonList(Card):
    """Files of mesons, one per species, and what their entries stand for."""

    files: Annotated[dict[str, str], Field(min_length=1)]
    momentum_unit: Literal["GeV", "MeV"]
    time_unit: Literal["ns", "s"] = "ns"
    position_origin: Literal["target", "lab"] = "target"
    columns: ListColumns = ListColumns()
    tree: str = "mesons"
    mesons_per_pot: dict[str, Positive] = Field(default_factory=dict)
    weight_per_entry: dict[str, Positive] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_file_has_one_meaning(self) -> "MesonList":
        for meson in {**self.mesons_per_pot, **self.weight_per_entry}:
            if meson not in self.files:
                raise ValueError(f"'{meson}' is given a number of mesons but no file")
        for meson in self.files:
            if (meson in self.mesons_per_pot) == (meson in self.weight_per_entry):
                raise ValueError(f"give '{meson}' exactly one of mesons_per_pot and weight_per_entry")
        return self


class MesonListCard(FluxCard):
    """Mesons from lists in files."""

    parametrisation: Literal["list"]
    list_: MesonList = Field(alias="list")


FLUX_MODELS: dict[str, type[FluxCard]] = {
    "bmpt": BmptCard,
    "burman-smith": BurmanSmithCard,
    "list": MesonListCard,
    "sanford-wang": SanfordWangCard,
}
