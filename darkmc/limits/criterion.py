"""What an observation excludes: a criterion turns a sample into intervals of the coupling."""

import math
from dataclasses import dataclass
from typing import Protocol

from darkmc.cards.experiment import Observed
from darkmc.core.intervals import Exclusion
from darkmc.limits.deciding import Deciding
from darkmc.limits.solve import solve
from darkmc.sample.sample import Sample


class Criterion(Protocol):
    """When a coupling is excluded."""

    @property
    def words(self) -> str:
        """What is excluded, in words."""
        ...

    @property
    def sources(self) -> tuple[str, ...]:
        """Lines for the head of a table: where counts come from."""
        ...

    @property
    def target(self) -> float | None:
        """Number of events that is excluded; None: one for each bin."""
        ...

    def exclusion(self, sample: Sample, method: str) -> Exclusion:
        """Return the excluded couplings."""
        ...

    def deciding(self, sample: Sample) -> list[Deciding]:
        """Return where a limit needs its precision."""
        ...


@dataclass(frozen=True)
class Counting:
    """One number of events: couplings with more than `target` are excluded."""

    target: float
    sources = ()

    @property
    def words(self) -> str:
        """What is excluded, in words."""
        return f"{self.target:.{4 if self.target < 1e4 else 6}g} events or more"

    def exclusion(self, sample: Sample, method: str) -> Exclusion:
        """Return the excluded couplings."""
        return solve(sample, self.target, method)

    def deciding(self, sample: Sample) -> list[Deciding]:
        """Return every edge of the exclusion, or where the yield is largest."""
        exclusion = solve(sample, self.target)
        found = [
            Deciding(sample, edge, power=errors.power)
            for interval, both in zip(exclusion.intervals, exclusion.error_parts, strict=True)
            for edge, errors in zip(interval[:2], both, strict=True)
            if math.isfinite(edge)
        ]
        return found or [Deciding.without_edges(sample, self.target)]


def counting(observed: Observed) -> Counting:
    """Return the criterion of a card: `n_limit`, or the limit computed from the observed count."""
    if observed.n_limit is not None:
        return Counting(observed.n_limit)
    from darkmc.limits.poisson import poisson_limit

    return Counting(
        poisson_limit(
            observed.n_obs or 0, observed.background, observed.background_error, observed.confidence_level
        )
    )
