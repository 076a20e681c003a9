"""What a run card may say: one model per kind of run; the numbers of a picture stand nowhere else."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from darkmc.cards.run_card import (
    AxionGrid,
    AxionMass,
    Grid,
    Mass,
    Precision,
    RunCard,
    ScanGrid,
    Seed,
    checked_axion_mass,
)
from darkmc.core.checked import Checked, FileName, Positive, file_name, once

_MOST_EVENTS = 10**7  # made at once


class Curve(Checked):
    """One experiment's limit; masses that are not given here are the run's.

    Of several presets `overrides` change the first, whose limit `old_channels` shows without what is new in
    it: these overrides alone.  The others may have masses of their own, and another experiment `instead`.
    """

    experiment: str
    name: FileName | None = None
    m_dark_photon: ScanGrid | None = None
    m_axion: AxionGrid | None = None
    overrides: dict[str, Any] = Field(default_factory=dict)
    old_channels: dict[str, Any] | None = None
    m_dark_photon_before: ScanGrid | None = None
    instead: str | None = None

    @property
    def stem(self) -> str:
        """Name of the table, without suffix."""
        return self.name or Path(self.experiment).stem


class LimitsRun(RunCard):
    """Limits of some experiments, their picture, and a sample of events."""

    takes_overlays: ClassVar[bool] = True
    kind: Literal["limits"] = "limits"
    experiments: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    m_dark_photon: ScanGrid | None = None
    m_axion: AxionGrid = "0"
    presets: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("best",)
    couplings_per_GeV: tuple[Positive, Positive] | None = None
    effective_to_GeV: Positive | None = None
    precision: Precision = 0.01
    seed: Seed = 1
    events: Annotated[int, Field(ge=0, le=_MOST_EVENTS)] = 0
    events_experiment: str | None = None
    events_m_dark_photon: Mass | None = None
    events_coupling_per_GeV: Positive | None = None

    @model_validator(mode="after")
    def _masses_for_all(self) -> "LimitsRun":
        if not self.all_curves:
            raise ValueError("give experiments, [[curves]] or both")
        once(self.presets)
        once([file_name(curve.stem) for curve in self.all_curves])
        if self.couplings_per_GeV is not None and self.couplings_per_GeV[0] >= self.couplings_per_GeV[1]:
            raise ValueError("couplings_per_GeV must increase")
        for curve in self.all_curves:
            if curve.m_dark_photon is None and self.m_dark_photon is None:
                raise ValueError(f"no m_dark_photon for {curve.stem}")
        return self

    @model_validator(mode="after")
    def _what_events_need(self) -> "LimitsRun":
        needs = ("events_experiment", "events_m_dark_photon", "events_coupling_per_GeV")
        missing = [key for key in needs if getattr(self, key) is None]
        if self.events and missing:
            raise ValueError(f"events needs {missing[0]}")
        if self.events:
            checked_axion_mass(self.m_axion)  # of one point
        return self

    @property
    def all_curves(self) -> tuple[Curve, ...]:
        """The curves, those of `experiments` first."""
        return (*(Curve(experiment=name) for name in self.experiments), *self.curves)

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the experiments that it is about, each once."""
        named = [curve.experiment for curve in self.all_curves]
        others = [curve.instead for curve in self.all_curves]
        return tuple(dict.fromkeys([*named, *filter(None, [*others, self.events_experiment])]))

    @property
    def pictures(self) -> dict[str, str]:
        """The picture of all presets, and if there are several one of each."""
        alone = {f"{self.name}-{preset}": preset for preset in self.presets}
        return {self.name: ""} | (alone if len(self.presets) > 1 else {})


class Axis(Checked):
    """Bins of an observable, in its unit."""

    observable: str
    min: float
    max: float
    bins: Annotated[int, Field(ge=1, le=10_000)]
    scale: Literal["log", "linear"] = "linear"

    @model_validator(mode="after")
    def _an_interval(self) -> "Axis":
        if self.min >= self.max:
            raise ValueError(f"min must be below max, not {self.min:g} and {self.max:g}")
        if self.scale == "log" and self.min <= 0.0:
            raise ValueError("a logarithmic axis begins above zero")
        return self


class Point(Checked):
    """Masses and a coupling."""

    m_dark_photon: Mass
    m_axion: AxionMass = "0"
    coupling_per_GeV: Positive


class Band(Checked):
    """A range of the horizontal axis to be shown, and its yield to be written."""

    label: str
    min: float
    max: float

    @model_validator(mode="after")
    def _an_interval(self) -> "Band":
        if self.min >= self.max:
            raise ValueError(f"min must be below max, not {self.min:g} and {self.max:g}")
        return self


class HistogramRun(RunCard):
    """Distributions of one observable of an experiment's events at some points."""

    kind: Literal["histogram"]
    experiment: str
    overrides: dict[str, Any] = Field(default_factory=dict)
    axis: Axis
    yields: Literal["log", "linear"] = "linear"
    points: Annotated[tuple[Point, ...], Field(min_length=1)]
    bands: tuple[Band, ...] = ()
    precision: Precision = 0.01
    seed: Seed = 1

    @model_validator(mode="after")
    def _each_band_once(self) -> "HistogramRun":
        once([band.label for band in self.bands])
        return self

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the experiments that it is about, each once."""
        return (self.experiment,)


class Detector(Checked):
    """An experiment's distances, and energies of dark photons there."""

    experiment: str
    energies: Grid


class DecayLengthRun(RunCard):
    """Mean decay distance of the dark photon against its mass, beside distances of detectors."""

    kind: Literal["decay-length"]
    m_dark_photon: Grid
    m_axion: AxionMass = "0"
    coupling_per_GeV: Positive
    detectors: Annotated[tuple[Detector, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_detector_once(self) -> "DecayLengthRun":
        once([detector.experiment for detector in self.detectors])
        return self

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the experiments that it is about, each once."""
        return tuple(detector.experiment for detector in self.detectors)


class Photons(Checked):
    """Which radiated photons count, in the centre of mass."""

    e_min_GeV: Positive
    e_max_GeV: Positive
    abs_cos_max: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0

    @model_validator(mode="after")
    def _an_interval(self) -> "Photons":
        if self.e_min_GeV >= self.e_max_GeV:
            raise ValueError("e_min_GeV must be below e_max_GeV")
        return self


class CrossSectionsRun(RunCard):
    """e+ e- -> a gamma' and e+ e- -> a gamma gamma' against the dark photon's mass."""

    kind: Literal["cross-sections"]
    m_dark_photon: Grid
    m_axion: AxionMass = "0"
    coupling_per_GeV: Positive
    sqrt_s_GeV: Positive
    photons: Annotated[tuple[Photons, ...], Field(min_length=1)]
    events: Annotated[int, Field(ge=2, le=_MOST_EVENTS)] = 10_000
    seed: Seed = 1


class MapRun(RunCard):
    """Photons of e+ e- -> a gamma' at a collider in two observables, with the windows of analyses."""

    kind: Literal["map"]
    experiment: str
    overrides: dict[str, Any] = Field(default_factory=dict)
    point: Point
    x: Axis
    y: Axis
    windows: Annotated[tuple[str, ...], Field(min_length=1)]
    events: Annotated[int, Field(ge=2, le=_MOST_EVENTS)]
    seed: Seed = 1

    @model_validator(mode="after")
    def _each_window_once(self) -> "MapRun":
        once(self.windows)
        return self

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the experiments that it is about, each once."""
        return tuple(dict.fromkeys([self.experiment, *self.windows]))
