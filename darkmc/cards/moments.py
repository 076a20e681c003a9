"""What cards of runs of moments may say: planes of a sum of loops, and marginalised scans."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from darkmc.cards.run_card import Mass, RunCard
from darkmc.core.checked import Checked, Positive, once


class MomentRun(RunCard):
    """What data on leptons' moments leave of a plane, beside what other searches exclude."""

    data: Annotated[
        tuple[str, ...], Field(min_length=1)
    ]  # LEPTON-DATASET, as darkmc limit gminus2-... has them
    rows: str | None = None  # CSV file with data of your own
    level: Positive = 5.99
    points: Annotated[int, Field(ge=2, le=1000)] = 200

    @model_validator(mode="after")
    def _each_data_once(self) -> "MomentRun":
        once(self.data)
        return self


class Range(Checked):
    """A parameter of a plane."""

    parameter: str
    label: str
    min: Positive
    max: Positive

    @model_validator(mode="after")
    def _an_interval(self) -> "Range":
        if self.min >= self.max:
            raise ValueError(f"min must be below max, not {self.min:g} and {self.max:g}")
        return self


class LoopTerm(Checked):
    """A loop and its arguments: numbers, names of parameters, or products of them."""

    loop: str
    arguments: dict[str, float | int | str]


class PlaneRegion(Checked):
    """A region in a plane: values and ranges of the parameters that are not of the plane."""

    label: str
    level: Positive | None = None  # the run's if there is none
    fixed: dict[str, float | int] = Field(default_factory=dict)
    free: dict[str, tuple[float, float]] = Field(default_factory=dict)


class Mark(Checked):
    """A point of the picture."""

    label: str
    x: Positive
    y: Positive


class MomentPlaneRun(MomentRun):
    """What a sum of loops leaves of the plane of two of its parameters."""

    kind: Literal["moment-plane"]
    loops: Annotated[tuple[LoopTerm, ...], Field(min_length=1)]
    x: Range
    y: Range
    regions: Annotated[tuple[PlaneRegion, ...], Field(min_length=1)]
    masks: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()

    @model_validator(mode="after")
    def _each_region_once(self) -> "MomentPlaneRun":
        once([region.label for region in self.regions])
        return self


class ParticleRange(Checked):
    """Mass and coupling of one particle, and what other searches exclude of them."""

    m_min: Mass
    m_max: Mass
    coupling_min: Positive
    coupling_max: Positive
    masks: tuple[str, ...] = ()


class ScanRegion(Checked):
    """A region of a marginalised scan: masses of the other particle, and masks that are left out."""

    label: str
    m_min: Mass | None = None
    m_max: Mass | None = None
    without: tuple[str, ...] = ()


class MomentScanRun(MomentRun):
    """The one-loop dark axion portal in the plane of one particle, whatever the other is."""

    kind: Literal["moment-scan"]
    plane: Literal["axion", "dark-photon"]
    axion: ParticleRange
    dark_photon: ParticleRange
    coupling_per_GeV: Positive
    cutoff: Mass
    inner_points: Annotated[int, Field(ge=2, le=1000)] = 64
    regions: tuple[ScanRegion, ...] = (ScanRegion(label="all masses"),)

    @model_validator(mode="after")
    def _known_masks(self) -> "MomentScanRun":
        once([region.label for region in self.regions])
        known = (*self.axion.masks, *self.dark_photon.masks)
        unknown = [name for region in self.regions for name in region.without if name not in known]
        if unknown:
            raise ValueError(f"without '{unknown[0]}': the scan has no such mask")
        return self


class BenchmarkPoint(Checked):
    """Parameters of the scotogenic U(1)_D model; the first charged scalar goes with the neutral eta."""

    label: str
    g_dark: Positive
    v_chi: Mass
    m_charged: tuple[Mass, Mass]
    m_phi: Mass
    coupling: Positive  # lambda of the mixing lambda v v_chi
    mu_1: Mass
    m_fermions: tuple[Mass, Mass, Mass]


class ScotogenicRun(MomentRun):
    """Mass and kinetic mixing of a Z', and benchmark points whose neutrino masses are checked."""

    kind: Literal["scotogenic"]
    m_min: Mass
    m_max: Mass
    epsilon_min: Positive
    epsilon_max: Positive
    levels: dict[str, Positive]  # of chi-squared, by label
    masks: tuple[str, ...] = ()
    neutrino_masses: tuple[str, str, str]
    mixing_angles_deg: tuple[float, float, float]  # theta_12, theta_23, theta_13
    benchmarks: Annotated[tuple[BenchmarkPoint, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_benchmark_once(self) -> "ScotogenicRun":
        once([point.label for point in self.benchmarks])
        if not self.levels:
            raise ValueError("give at least one level")
        return self
