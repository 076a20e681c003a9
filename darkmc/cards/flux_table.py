"""What a flux card says of tables of binned mesons: nothing of it is guessed."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from darkmc.cards.flux_base import VariedCard
from darkmc.cards.target import FitTarget
from darkmc.core.checked import Checked, Positive, once
from darkmc.core.particles import canonical_name

ANGLES = ("p_GeV", "theta_rad")
LOG_ANGLES = ("log10_theta_rad", "log10_p_GeV")
TRANSVERSE = ("log10_p_GeV", "log10_pT_GeV")
ENERGIES = ("E_GeV", "theta_rad")
LAYOUTS = (ANGLES, LOG_ANGLES, TRANSVERSE, ENERGIES)
DEPTH = "depth_m"


class MesonTable(Checked):
    """Files of bins, one per species, and what their numbers mean.

    `variables` are those of the bins in the order of the file's columns: two of one of the pairs above, in
    either order, and perhaps "depth_m".  `points`: columns hold the centres of bins, or their lower and upper
    edges, variable by variable; the value follows, and then its error, if `errors` says that there is one.
    `values`: what is in a bin, or that over the bin's size in these variables.  `per`: a proton on target,
    an inelastic interaction, or picobarns of cross section, which `cross_section_mb` (inelastic) turns into
    a number per interaction.  `hemispheres`: over how many the values of a collider's table are summed.
    `n_generated`: how many interactions (or protons) of a generator the values stand for: bins have the
    errors of so many events then.  `beam_energy_GeV`: total energy of the beam that made them.  `shift`: by
    how many of its errors every bin is moved.  `columns`: names of the columns, where a file has names;
    `histogram`: that of a TH2 in ROOT files.
    """

    files: Annotated[dict[str, str], Field(min_length=1)]
    variables: tuple[str, ...]
    values: Literal["contents", "density"]
    points: Literal["centres", "edges"]
    per: Literal["pot", "interaction", "pb"]
    hemispheres: Literal[1, 2]
    cross_section_mb: Positive | None = None
    n_generated: Annotated[int, Field(ge=1)] | None = None
    beam_energy_GeV: Positive | None = None
    errors: bool = False
    shift: float = 0.0
    columns: tuple[str, ...] | None = None
    histogram: str | None = None

    @property
    def layout(self) -> tuple[str, str]:
        """The pair of variables in its own order."""
        return next(pair for pair in LAYOUTS if {*pair} == {*self.variables} - {DEPTH})

    @property
    def n_columns(self) -> int:
        """Columns of a file."""
        return len(self.variables) * (1 if self.points == "centres" else 2) + 1 + self.errors

    @model_validator(mode="after")
    def _bins_are_known(self) -> "MesonTable":
        pair = {*self.variables} - {DEPTH}
        if len({*self.variables}) != len(self.variables) or pair not in [{*one} for one in LAYOUTS]:
            known = ", ".join("[" + ", ".join(one) + "]" for one in LAYOUTS)
            raise ValueError(f"variables must be one of {known}, and perhaps {DEPTH}")
        if self.columns is not None and len(self.columns) != self.n_columns:
            raise ValueError(f"columns must be {self.n_columns} names, not {len(self.columns)}")
        return self

    @model_validator(mode="after")
    def _what_values_stand_for(self) -> "MesonTable":
        if (self.per == "pb") != (self.cross_section_mb is not None):
            raise ValueError("cross_section_mb is needed with per = 'pb', and only then")
        if self.errors and self.n_generated is not None:
            raise ValueError("give errors or n_generated: both would be the errors of bins")
        return self


class TableCard(VariedCard):
    """Mesons of binned momenta and angles; mesons of `ratios` move like pi0."""

    parametrisation: Literal["table"]
    target: FitTarget | None = None
    table: MesonTable

    @property
    def other_files(self) -> tuple[str, ...]:
        """Names of the files that are read with the card."""
        return tuple(self.table.files.values())

    @model_validator(mode="after")
    def _every_species_has_one_yield(self) -> "TableCard":
        names = [canonical_name(name) for name in (*self.table.files, *self.ratios)]
        once(names)
        if "pi0" not in names and (self.ratios or self.pi0_per_pot is not None):
            raise ValueError("ratios and pi0_per_pot need a table of pi0")
        return self
