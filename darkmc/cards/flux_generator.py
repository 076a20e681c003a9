"""What a flux card says of a generator of hadronic interactions, which darkmc runs by itself."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from darkmc.cards.flux_base import PionCard
from darkmc.cards.target import HadronicTarget
from darkmc.core.checked import Checked
from darkmc.core.particles import canonical_name
from darkmc.core.units import LARGEST_SEED


class Generator(Checked):
    """The hadronic model, how many interactions it makes, and the seed of its random numbers."""

    model: Literal["UrQMD34"]
    n_interactions: Annotated[int, Field(ge=1, le=10**9)] = 40_000
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)] = 1


class HadronicCard(PionCard):
    """Pi0 and eta of a hadronic generator, per interacting proton; mesons of `ratios` move like pi0."""

    parametrisation: Literal["hadronic"]
    target: HadronicTarget
    generator: Generator

    @model_validator(mode="after")
    def _no_ratio_of_what_is_generated(self) -> "HadronicCard":
        for meson in self.ratios:
            if canonical_name(meson) in ("pi0", "eta"):
                raise ValueError(f"ratios.{meson}: the generator makes the {meson} itself")
        return self
