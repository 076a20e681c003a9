"""Limits over a grid of masses: serial, or in processes; the result does not depend on which."""

import json
import time
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import get_context
from typing import Any

from darkmc.core.errors import PrecisionWarning
from darkmc.core.intervals import Exclusion
from darkmc.core.process import NO_GUARD, die_with_parent, held, leave_if_spawned, main_script
from darkmc.core.progress import count_bar
from darkmc.core.units import checked_workers
from darkmc.experiments.experiment import Experiment
from darkmc.experiments.lepton_moments import MomentLimit, find_experiment, is_moment
from darkmc.portals.dark_axion.facade import DarkAxionPortal


@dataclass(frozen=True)
class ScanRequest:
    """What a scan is asked for; everything that its result depends on."""

    experiment: str
    masses: tuple[tuple[float, float], ...]  # (m_dark_photon, m_axion), GeV
    preset: str = "best"
    overrides: Mapping[str, Any] = field(default_factory=dict, hash=False)
    precision: float = 0.01
    method: str = "bracket"
    seed: int = 1
    vary: tuple[str, ...] = ()  # names of alternatives of the flux card

    def load(self) -> Experiment | MomentLimit:
        """Return the experiment, or the limit of a lepton's moment, made once per process."""
        return _loaded(self.experiment, self.preset, json.dumps(dict(self.overrides), sort_keys=True))


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


def scan_point(request: ScanRequest, index: int) -> ScanPoint:
    """Return the exclusion at one point of a scan."""
    experiment = request.load()
    m_dark_photon, m_axion = request.masses[index]
    if isinstance(experiment, MomentLimit):
        return _moment_point(request, experiment, m_dark_photon, m_axion)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they travel with the point
        sample = experiment.simulate(
            DarkAxionPortal(m_dark_photon, m_axion),
            precision=request.precision,
            seed=request.seed,
            vary=bool(request.vary),
        )
    return ScanPoint(
        experiment=experiment.card.name,
        m_dark_photon=m_dark_photon,
        m_axion=m_axion,
        exclusion=experiment.limit(sample, request.method),
        n_samples=sample.n_samples,
        seconds=sample.seconds,
        seed=request.seed,
        closed=sample.closed is not None,
        warnings=sample.warnings,
        alternatives={
            name: experiment.limit(sample.varied(name), request.method)
            for name in request.vary
            if sample.closed is None
        },
    )


def _moment_point(
    request: ScanRequest, moment: MomentLimit, m_dark_photon: float, m_axion: float
) -> ScanPoint:
    """Return the exclusion of a lepton's moment: a formula, so nothing is drawn or ever closed."""
    start = time.perf_counter()
    return ScanPoint(
        experiment=moment.name,
        m_dark_photon=m_dark_photon,
        m_axion=m_axion,
        exclusion=moment.limit(m_dark_photon, m_axion),
        n_samples=0,
        seconds=time.perf_counter() - start,
        seed=request.seed,
        closed=False,
        warnings=(),
    )


@lru_cache(maxsize=4)
def _loaded(name: str, preset: str, overrides: str) -> Experiment | MomentLimit:
    if is_moment(name):
        return MomentLimit(name, preset, json.loads(overrides))
    find_experiment(name)  # suggests the names of moments too
    return Experiment(name, preset, json.loads(overrides))


def scan(request: ScanRequest, workers: int = 1, progress: bool = False) -> Iterator[ScanPoint]:
    """Yield the points of a scan in the order of its masses.

    Parameters
    ----------
    request : ScanRequest
        Experiment, masses and settings.
    workers : int
        Processes (spawned); 1 runs here.
    progress : bool
        Show a bar on a terminal.

    Raises
    ------
    ChildProcessError
        If a worker dies, or workers cannot be started because the main script has no main guard.
    """
    leave_if_spawned()
    workers = min(checked_workers("workers", workers), max(len(request.masses), 1))
    count = len(request.masses)
    request.load()  # a wrong card fails here, before any process is started
    with count_bar(count, "masses", shown=progress) as bar:
        points = _serial(request) if workers == 1 else _parallel(request, workers)
        for point in points:
            yield _shown(point, bar)


def _serial(request: ScanRequest) -> Iterator[ScanPoint]:
    return (scan_point(request, index) for index in range(len(request.masses)))


_GUARD = "put what the script does under if __name__ == '__main__':, or use workers=1"


def _parallel(request: ScanRequest, workers: int) -> Iterator[ScanPoint]:
    """Yield the points, computed in processes that are gone when this ends, however it ends."""
    script = main_script()
    if script is not None:
        raise ChildProcessError(
            f"workers cannot read the script {script} again: save it to a file and {_GUARD}"
        )
    started: list[Any] = []
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=die_with_parent)
    try:
        with held():
            try:
                futures = [pool.submit(scan_point, request, index) for index in range(len(request.masses))]
            finally:
                started += pool._processes.values()  # no public name; its exit codes tell why a worker died
        for future in futures:
            yield future.result()
    except BrokenProcessPool:
        pool.shutdown()
        codes = [process.exitcode for process in started]
        if NO_GUARD in codes:
            raise ChildProcessError(f"a worker has started the whole script again: {_GUARD}") from None
        raise ChildProcessError(
            f"a worker process died (exit codes {', '.join(map(str, codes))}): killed, or out of memory; "
            "try fewer workers"
        ) from None
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in started:  # a point may take minutes: do not wait for it
            process.kill()
        raise
    pool.shutdown()


def _shown(point: ScanPoint, bar: Any) -> ScanPoint:
    bar.update(1)
    for message in point.warnings:
        warnings.warn(f"m' = {point.m_dark_photon:g} GeV: {message}", PrecisionWarning, stacklevel=3)
    return point
