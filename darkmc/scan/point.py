"""One point of a scan: where it is, what its result depends on, and how it is computed."""

import hashlib
import json
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.core.errors import FailedPointsError
from darkmc.core.formulas import FORMULAS
from darkmc.core.input_files import digest
from darkmc.core.intervals import Exclusion
from darkmc.experiments.experiment import Experiment
from darkmc.experiments.lepton_moments import MomentLimit
from darkmc.experiments.moment_names import find_experiment, is_moment
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.sample.sample import Sample
from darkmc.scan.place import Ends, Line, Place, Settings

_EXPERIMENTS = 64  # that a process keeps: curves of a run are computed together


@dataclass(frozen=True)
class ScanRequest:
    """What a scan is asked for; everything that its result depends on."""

    experiment: str
    places: tuple[Place, ...]
    preset: str = "best"
    overrides: Mapping[str, Any] = field(default_factory=dict, hash=False)
    precision: float = 0.01
    method: str = "bracket"
    seed: int = 1
    vary: tuple[str, ...] = ()  # names of alternatives of the flux card
    lines: tuple[Line, ...] = ()  # that refine themselves, beside the places
    yields_at: tuple[float, ...] = ()  # couplings at which the yield is wanted too, GeV^-1

    def __post_init__(self) -> None:
        """Take pairs of masses for places."""
        object.__setattr__(self, "places", tuple(Place(*place) for place in self.places))

    def load(self, settings: Settings = ()) -> Experiment | MomentLimit:
        """Return the experiment, or the limit of a lepton's moment, made once per process."""
        return _loaded(self.experiment, self.preset, self._changes(settings), Path.cwd())

    def _changes(self, settings: Settings) -> str:
        return _text({**self.overrides, **dict(settings)})

    def key(self, place: Place) -> str:
        """Return a hash of all that the result at a place depends on: equal keys, equal bits.

        Cards count by what they say, the presets and overrides in it; lists of mesons by their content.
        """
        inputs = _inputs(self.experiment, self.preset, self._changes(place.settings), Path.cwd())
        asked = (self.precision, self.method, self.seed, self.vary, self.yields_at)
        return hashlib.sha256(_text([FORMULAS, inputs, asked, place]).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class ScanPoint:
    """The exclusion at one pair of masses and what it took."""

    experiment: str
    m_dark_photon: float
    m_axion: float
    exclusion: Exclusion
    n_samples: int
    seconds: float
    seed: int
    closed: bool
    warnings: tuple[str, ...]
    alternatives: Mapping[str, Exclusion] = field(default_factory=dict, hash=False)
    cpu_seconds: float = 0.0  # of sampling and solving
    failed: bool = False  # nothing is known: what computed it died
    settings: Settings = ()
    ends: tuple[Ends, ...] = ()  # of each interval, where the line refines itself
    yields: tuple[tuple[float, float], ...] = ()  # and errors, at the couplings of the request

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.m_dark_photon, self.m_axion, self.settings)

    @property
    def where(self) -> str:
        """The place in words."""
        masses = f"m' = {self.m_dark_photon:g} GeV, m_a = {self.m_axion:g} GeV"
        return ", ".join([masses, *(f"{key} = {value}" for key, value in self.settings)])


def scan_point(request: ScanRequest, place: Place) -> ScanPoint:
    """Return the exclusion at one place of a scan."""
    experiment = request.load(place.settings)
    start = time.thread_time()
    if isinstance(experiment, MomentLimit):
        return _moment_point(request, experiment, place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they travel with the point
        sample = experiment.simulate(
            DarkAxionPortal(place.m_dark_photon, place.m_axion),
            precision=request.precision,
            seed=request.seed,
            progress=True,
            vary=request.vary,
        )
    exclusion = experiment.limit(sample, request.method)
    alternatives = {
        name: experiment.limit(sample.varied(name), request.method)
        for name in request.vary
        if sample.closed is None
    }
    return ScanPoint(
        experiment=experiment.card.name,
        m_dark_photon=place.m_dark_photon,
        m_axion=place.m_axion,
        exclusion=exclusion,
        n_samples=sample.n_samples,
        seconds=sample.seconds,
        seed=request.seed,
        closed=sample.closed is not None,
        warnings=sample.warnings,
        alternatives=alternatives,
        cpu_seconds=time.thread_time() - start,
        settings=place.settings,
        yields=_yields(sample, request.yields_at),
    )


def _yields(sample: Sample, couplings: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    if not couplings or sample.closed is not None:
        return ()
    value, error = map(np.atleast_1d, sample.expected_events(np.array(couplings)))
    return tuple(zip(value.tolist(), error.tolist(), strict=True))


def _moment_point(request: ScanRequest, moment: MomentLimit, place: Place) -> ScanPoint:
    """Return the exclusion of a lepton's moment: a formula, so nothing is drawn or ever closed."""
    start = time.perf_counter(), time.thread_time()
    return ScanPoint(
        experiment=moment.name,
        m_dark_photon=place.m_dark_photon,
        m_axion=place.m_axion,
        exclusion=moment.limit(place.m_dark_photon, place.m_axion),
        n_samples=0,
        seconds=time.perf_counter() - start[0],
        seed=request.seed,
        closed=False,
        warnings=(),
        cpu_seconds=time.thread_time() - start[1],
        settings=place.settings,
    )


def failed_point(request: ScanRequest, place: Place, reason: str) -> ScanPoint:
    """Return what stands in a table for a point that could not be computed."""
    return ScanPoint(
        experiment=request.load().name,
        m_dark_photon=place.m_dark_photon,
        m_axion=place.m_axion,
        exclusion=Exclusion((), request.method, reason),
        n_samples=0,
        seconds=0.0,
        seed=request.seed,
        closed=False,
        warnings=(),
        failed=True,
        settings=place.settings,
    )


def raise_failed(points: Sequence[ScanPoint]) -> None:
    """Raise FailedPointsError, which lists them, if points have failed."""
    failed = [
        f"{point.experiment}, {point.where}: {point.exclusion.reason}" for point in points if point.failed
    ]
    if failed:
        raise FailedPointsError(failed, len(points))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@lru_cache(maxsize=_EXPERIMENTS)
def _loaded(name: str, preset: str, overrides: str, folder: Path) -> Experiment | MomentLimit:
    del folder  # from where names are looked up, and paths count
    if is_moment(name):
        return MomentLimit(name, preset, json.loads(overrides))
    find_experiment(name)  # suggests the names of moments too
    return Experiment(name, preset, json.loads(overrides))


@lru_cache(maxsize=_EXPERIMENTS)
def _inputs(name: str, preset: str, overrides: str, folder: Path) -> tuple[str, ...]:
    """Return hashes of what an experiment was read from: effective cards, and files that they name."""
    experiment = _loaded(name, preset, overrides, folder)
    files = [path for path in experiment.files if path.suffix != ".toml"]
    return (experiment.name, *experiment.provenance, *map(digest, files))
