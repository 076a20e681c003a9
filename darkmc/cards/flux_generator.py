"""What a flux card says of a generator of hadronic interactions, which darkmc runs by itself."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from darkmc.cards.flux_base import PionCard
from darkmc.cards.target import HadronicTarget
from darkmc.core.checked import Checked, NotNegative
from darkmc.core.particles import canonical_name
from darkmc.core.units import LARGEST_SEED

# of Pythia, to which capitals are small letters
_OWN_SETTINGS = ("beams:", "random:", "softqcd:")  # which other keys stand for
_HARD = ("hardqcd:", "charmonium:", "bottomonium:", "onia:", "promptphoton:", "weaksingleboson:")


class Generator(Checked):
    """The hadronic model, how many interactions it makes, and the seed of its random numbers."""

    model: Literal["UrQMD34", "Sibyll23d"]
    n_interactions: Annotated[int, Field(ge=1, le=10**9)] = 40_000
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)] = 1


class GeneratorCard(PionCard):
    """Mesons of a generator per interacting proton; mesons of `ratios` move like pi0."""

    generated: ClassVar[tuple[str, ...]] = ("pi0", "eta")
    target: HadronicTarget
    generator: Any

    @model_validator(mode="after")
    def _no_ratio_of_what_is_generated(self) -> "GeneratorCard":
        for meson in self.ratios:
            if canonical_name(meson) in self.generated:
                raise ValueError(f"ratios.{meson}: the generator makes the {meson} itself")
        return self


class HadronicCard(GeneratorCard):
    """Pi0 and eta of UrQMD or SIBYLL, through chromo."""

    parametrisation: Literal["hadronic"]
    generator: Generator


class PythiaTarget(HadronicTarget):
    """Target of Pythia: a nucleus, a proton (Z = 1, A = 1) or a neutron (Z = 0, A = 1)."""

    charge: Annotated[int, Field(ge=0)] = Field(alias="Z")


class PythiaGenerator(Checked):
    """What Pythia makes, how often, and which mesons are kept.

    `frame`: a target at rest, or two beams of the card's energy against each other, of which mesons along +z
    are counted (those along -z are turned to them, and both count half).  `weak_decays`: particles that decay
    weakly do so, and their mesons count.  `least_momentum_GeV`: mesons below it are dropped.  `A_dependence`:
    collisions are with one nucleon; "bmpt" weighs mesons per interaction with the nucleus by
    A^(alpha(x_F, pT) - 0.71), the powers of the mesons' and of the inelastic cross section.  `settings`:
    further lines for Pythia, as of a tune.
    """

    model: Literal["Pythia8"] = "Pythia8"
    processes: Literal["SoftQCD:inelastic", "SoftQCD:nonDiffractive", "SoftQCD:all"]
    n_interactions: Annotated[int, Field(ge=1, le=10**9)] = 100_000
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)] = 1
    frame: Literal["target", "collider"] = "target"
    weak_decays: bool = False
    least_momentum_GeV: NotNegative = 0.0
    A_dependence: Literal["none", "bmpt"] | None = None
    settings: tuple[str, ...] = ()

    @field_validator("processes", mode="before")
    @classmethod
    def _no_hard_process(cls, name: Any) -> Any:
        if isinstance(name, str) and name.lower().startswith(_HARD):
            raise ValueError(
                f"{name}: mesons of a hard process have a cross section of their own, which is not in here: "
                "charmonium is in [central] of fits, with a yield from data"
            )
        return name

    @field_validator("settings")
    @classmethod
    def _nothing_that_keys_say(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        for line in lines:
            if line.lstrip().lower().startswith((*_OWN_SETTINGS, *_HARD)):
                raise ValueError(f"'{line}': beams, random numbers and processes have keys of their own")
        return lines


class PythiaCard(GeneratorCard):
    """Pi0, eta, eta', rho, omega and phi of Pythia 8."""

    generated: ClassVar[tuple[str, ...]] = ("pi0", "eta", "eta'", "rho0", "omega", "phi")
    parametrisation: Literal["pythia8"]
    target: PythiaTarget
    generator: PythiaGenerator

    @model_validator(mode="after")
    def _one_nucleon_or_a_rule(self) -> "PythiaCard":
        a = self.target.mass_number
        if a > 1 and self.generator.A_dependence is None:
            raise ValueError(f"generator.A_dependence is missing: Pythia knows nucleons, not A = {a}")
        if self.generator.frame == "collider" and (a, self.target.charge) != (1, 1):
            raise ValueError("generator.frame 'collider' is of two protons: target Z = 1, mass_number = 1")
        return self
