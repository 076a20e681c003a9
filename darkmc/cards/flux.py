"""What a flux card may say: one model per parametrisation of meson production, and lists of mesons."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from darkmc.cards.flux_base import CentralProduction, FluxCard, Validity, VariedCard
from darkmc.cards.flux_table import MesonTable
from darkmc.cards.target import FitTarget
from darkmc.core.checked import Checked, Positive, Vector, once
from darkmc.core.particles import canonical_name


class BmptParameters(Checked):
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


class FitCard(VariedCard):
    """Mesons from a fit: where it holds, species made centrally, and what the fit is corrected by.

    `first`: tables of species that take the place of the fit's first interactions.  `nucleus_ratio`: a table
    of factors, this target over that of the fit.  `cascade`: one of all generations in a thick target over
    the first.  `shift`: by how many of their errors these factors are moved.
    """

    validity: Validity
    central: dict[str, CentralProduction] = Field(default_factory=dict)
    first: MesonTable | None = None
    nucleus_ratio: str = "none"
    shift: float = 0.0

    @property
    def factor_files(self) -> tuple[str, ...]:
        """Names of the tables of factors, which multiply each other."""
        return tuple(name for name in (self.nucleus_ratio, self.cascade) if name != "none")

    @property
    def other_files(self) -> tuple[str, ...]:
        """Names of the files that are read with the card."""
        tables = () if self.first is None else tuple(self.first.files.values())
        return *tables, *self.factor_files

    @model_validator(mode="after")
    def _every_central_meson_is_known_once(self) -> "FitCard":
        known = {reference.key for reference in self.references}
        others = {canonical_name(name) for name in ("pi0", *self.ratios)}
        for meson, production in self.central.items():
            if canonical_name(meson) in others:
                raise ValueError(f"central.{meson}: '{meson}' has a yield in ratios already, or is the pi0")
            if production.reference not in known:
                raise ValueError(f"central.{meson}.reference must name the key of a reference")
        return self


class BmptCard(FitCard):
    """Mesons from the BMPT fit."""

    parametrisation: Literal["bmpt"]
    target: FitTarget
    parameters: BmptParameters
    alpha_below_zero_xF: Literal["extrapolated", "frozen"] = "extrapolated"
    theta_max_bias: bool = False
    x_F_without_2: bool = False

    @model_validator(mode="after")
    def _a_biased_density_counts_nothing(self) -> "BmptCard":
        if self.theta_max_bias and self.pi0_per_pot is None:
            raise ValueError(
                "theta_max_bias needs pi0_per_pot: a density over an angle is no number per proton"
            )
        return self


NineNumbers = tuple[float, float, float, float, float, float, float, float, float]


class SanfordWangParameters(Checked):
    """Constants c1 to c9 of each species; c1 in mb/(sr GeV/c), p in GeV/c, theta in rad.

    `reference_cross_section_mb`: inelastic, of the nucleus of the fit, where the target is another one.
    """

    reference_cross_section_mb: Positive | None = None
    pi_plus: NineNumbers
    pi_minus: NineNumbers
    K0: NineNumbers


class SanfordWangCard(FitCard):
    """Mesons from the Sanford-Wang fit: pi0 = (pi+ + pi-)/2; species with a shape of their own."""

    parametrisation: Literal["sanford-wang"]
    target: FitTarget
    parameters: SanfordWangParameters
    shapes: dict[str, Literal["pi0", "K0"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_shape_has_a_ratio(self) -> "SanfordWangCard":
        for meson in self.shapes:
            if meson not in self.ratios:
                raise ValueError(f"shapes.{meson}: ratios says nothing about '{meson}'")
        return self


class Nucleus(Checked):
    """One of the targets: its nuclei, and the share of all pi0 that are made in it."""

    name: str
    charge: Annotated[int, Field(ge=1)]
    share: Annotated[float, Field(gt=0.0, le=1.0)]


class BurmanSmithParameters(Checked):
    """What sources disagree about: the width of the end point, and how hydrogen differs."""

    end_point_width_MeV: Positive
    hydrogen_amplitude_factor: Positive
    hydrogen_scale: Positive


class BurmanSmithCard(FitCard):
    """Pi0 with the kinetic energies of the pi+ of the Burman-Smith fit; without ratios no other species."""

    parametrisation: Literal["burman-smith"]
    pi0_per_pot: Positive
    targets: Annotated[tuple[Nucleus, ...], Field(min_length=1)]
    parameters: BurmanSmithParameters

    @model_validator(mode="after")
    def _shares_of_one_whole(self) -> "BurmanSmithCard":
        once([target.name for target in self.targets])
        total = sum(target.share for target in self.targets)
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"the shares of targets add up to {total:g}, not 1")
        return self


_PACKED = (".gz", ".bz2", ".xz")
_EVENTS = {".hepmc": "hepmc", ".hepmc2": "hepmc", ".hepmc3": "hepmc", ".lhe": "lhe"}


def event_format(name: str) -> str | None:
    """Return "hepmc" or "lhe" where a file's name says that it holds events; it may be packed."""
    ends = [suffix.lower() for suffix in Path(name).suffixes]
    return _EVENTS.get(next((end for end in reversed(ends) if end not in _PACKED), ""))


class ListColumns(Checked):
    """Names of the columns in Parquet and ROOT files, and in text that begins with a line of names.

    A column `weight` is used if there is one, another if named, none if the name is ''.  Of a text without
    names it is the last column, if named.  `E` is '' where energies follow from the mass, `t` where a meson
    is made as the beam passes, `x` where positions are left aside.  `pdg` names a column of PDG ids where
    other particles are in the file, too.  Tables of cells have `log10_theta`, `log10_p` and a weight instead.
    """

    px: str = "px"
    py: str = "py"
    pz: str = "pz"
    E: str = "E"
    x: str = "x"
    y: str = "y"
    z: str = "z"
    t: str = "t"
    weight: str | None = None
    pdg: str | None = None
    log10_theta: str | None = None
    log10_p: str | None = None

    @model_validator(mode="after")
    def _cells_have_both(self) -> "ListColumns":
        if (self.log10_theta is None) != (self.log10_p is None):
            raise ValueError("log10_theta and log10_p go together")
        return self


class MesonList(Checked):
    """Files of mesons, one per species, and what their entries stand for.

    Momenta, positions and times are in `momentum_unit`, `length_unit` and `time_unit`, z along the beam;
    HepMC and LHE files say their own units and may hold any particles.  Positions count from the place where
    the beam hits, be it a target or a dump (`position_origin` = "target" or "dump": the experiment's
    `beam.origin_m`), or from the origin of the experiment's coordinates ("lab").  A list that counts from
    another place says in `origin_m` where that lies as seen from the place where the beam hits: [0, 0, -50]
    for a dump 50 m behind the target from which the list counts.
    """

    files: Annotated[dict[str, str], Field(min_length=1)]
    momentum_unit: Literal["GeV", "MeV"] | None = None
    length_unit: Literal["m", "cm", "mm"] = "m"
    time_unit: Literal["ns", "s"] = "ns"
    position_origin: Literal["target", "dump", "lab"] = "target"
    origin_m: Vector | None = None
    columns: ListColumns = Field(default_factory=ListColumns)
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

    @model_validator(mode="after")
    def _units_and_places_are_known(self) -> "MesonList":
        silent = [name for name in self.files.values() if event_format(name) is None]
        if self.momentum_unit is None and silent:
            raise ValueError(f"momentum_unit is missing: '{silent[0]}' does not say it")
        if self.position_origin == "lab" and self.origin_m is not None:
            raise ValueError("position_origin 'lab' takes no origin_m, which counts from where the beam hits")
        return self


class MesonListCard(FluxCard):
    """Mesons from lists in files."""

    parametrisation: Literal["list"]
    target: FitTarget | None = None
    list_: MesonList = Field(alias="list")

    @property
    def other_files(self) -> tuple[str, ...]:
        """Names of the files that are read with the card."""
        return tuple(self.list_.files.values())
