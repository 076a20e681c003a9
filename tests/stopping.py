"""Results of many seeds against a run of many rows: samples that stop by their error."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

import darkmc
from darkmc.engine.rounds import Goal, simulate


@dataclass(frozen=True)
class Point:
    """What is computed with one precision by many seeds.

    Attributes
    ----------
    experiment, m_dark_photon, overrides
        As `darkmc.Experiment` takes them; GeV.
    coupling : float or None
        GeV^-1; None: the edges of the limit.
    precision : float
        Of the edges, or of the yield.
    rows : float
        Of the run that is taken for true.
    bias : float
        What is known to be wrong, in quoted errors.
    """

    experiment: str
    m_dark_photon: float
    coupling: float | None
    precision: float
    overrides: Mapping[str, Any] = field(default_factory=dict)
    rows: float = 2e6
    bias: float = 0.1

    @property
    def words(self) -> str:
        """Return what is computed."""
        what = "limit" if self.coupling is None else f"N at {self.coupling:g}"
        switches = "".join(f" ({value})" for value in self.overrides.values())
        mass = f"{1e3 * self.m_dark_photon:g} MeV"
        return f"{self.experiment}{switches}, {mass}, {what} to {100.0 * self.precision:g}%"


POINTS = (
    Point("charm-finegrained", 0.01, None, 0.01),
    Point("charm-finegrained", 0.033, None, 0.01, rows=4e6),
    Point("charm-finegrained", 0.03, 6e-5, 0.01, rows=4e6),
    Point("charm-decay", 0.005, None, 0.01),
    Point("lsnd", 0.001, None, 0.01),
    Point("babar-highcut", 1.0, None, 0.01, rows=4e6),
    Point("babar", 0.002, 0.0174, 0.05),
    Point("miniboone-offtarget", 0.08, 1e-2, 0.05, {"simulation.veto": "accept"}, rows=4e6),
)


class Found(NamedTuple):
    """Results of seeds at one edge, or of one yield.

    Attributes
    ----------
    values, errors : array (seeds,)
        Where they stopped.
    first : array (seeds,)
        With their first batch only, whose size is the same for every seed: no rule can bias it.
    true, uncertain : float
        Of a run of many rows.
    precision : float
        What was sought.
    """

    values: Any
    errors: Any
    first: Any
    true: float
    uncertain: float
    precision: float

    @property
    def quoted(self) -> float:
        """Root of the mean square of the quoted errors."""
        return float(np.sqrt(np.mean(self.errors**2)))

    @property
    def bias(self) -> float:
        """What stopping by the error changes in the mean, in quoted errors."""
        return float(np.mean(self.values - self.first)) / self.quoted

    @property
    def bias_error(self) -> float:
        """Error of the bias."""
        return float(np.std(self.values - self.first, ddof=1)) / np.sqrt(len(self.values)) / self.quoted

    @property
    def deviation(self) -> float:
        """Mean deviation from the true value in quoted errors."""
        return float(np.mean(self.values) - self.true) / self.quoted

    @property
    def deviation_error(self) -> float:
        """Error of the deviation."""
        return float(np.hypot(1.0 / np.sqrt(len(self.values)), self.uncertain / self.quoted))

    @property
    def spread(self) -> float:
        """Standard deviation over the error that was sought."""
        return float(np.std(self.values, ddof=1)) / (self.precision * self.true)

    @property
    def scatter(self) -> float:
        """Standard deviation over the quoted error."""
        return float(np.std(self.values, ddof=1)) / self.quoted

    def within(self, errors: float) -> float:
        """Return the share within so many quoted errors of the true value."""
        return float(np.mean(np.abs(self.values - self.true) < errors * self.errors))


def _remembering(plan: Any) -> Any:
    """Return a plan that makes the rows of a pilot, which are the same for every seed, only once."""
    pilot = lru_cache(maxsize=None)(plan.run)

    def run(seed: int, *what: int) -> Any:
        return pilot(seed, *what) if seed == 0 else plan.run(seed, *what)

    return replace(plan, run=run)


def measure(point: Point, seeds: int) -> list[Found]:
    """Return the results of seeds at every edge of a limit, or of the yield at a coupling."""
    experiment = darkmc.Experiment(point.experiment, overrides=point.overrides)
    experiment.topology.prepare()
    at = None if point.coupling is None else (point.coupling,)
    open_ = experiment.plans(darkmc.DarkAxionPortal(point.m_dark_photon), at)
    plans = [_remembering(plan) for plan in open_]
    criterion = experiment.topology.criterion

    def read(sample: Any) -> list[tuple[float, float]]:
        if at is not None:
            return [tuple(map(float, sample.estimate(at[0])[:2]))]
        intervals = criterion.exclusion(sample, "bracket").intervals
        edges = [pair for i in intervals for pair in ((i.lower, i.lower_error), (i.upper, i.upper_error))]
        return [pair for pair in edges if np.isfinite(pair[0])]

    def stopped(seed: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Return what is read where a seed stops, and of its first batch."""
        sizes: list[int] = []
        goal = Goal(point.precision, at, criterion, 10**8)
        last = read(simulate(plans, (), seed, goal, progress=lambda rows, _: sizes.append(rows)))
        if len(sizes) == 1:
            return last, last
        return last, read(simulate(plans, (), seed, replace(goal, max_samples=sizes[0])))

    true = read(simulate(plans, (), 7, int(point.rows)))
    made = [stopped(seed) for seed in range(1000, 1000 + seeds)]
    found, first = (np.array([pair[k] for pair in made]) for k in (0, 1))
    return [
        Found(found[:, k, 0], found[:, k, 1], first[:, k, 0], value, error, point.precision)
        for k, (value, error) in enumerate(true)
    ]
