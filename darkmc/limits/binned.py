"""Counts in bins: a coupling is excluded if the signal in any bin exceeds what that bin's count allows.

Every bin has a yield curve N_b(G) of its own, the rows of one sample in that bin, and a limit of its own.
Bins that provably add nothing are not solved: on an interval of G a row w G^p exp(-s G^2)(1 - exp(-t G^2))
is at most w max(G^p exp(-s G^2)) (1 - exp(-t G_high^2)), and a bin at most the sum over its rows, which are
put into cells.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.flight import decay_chance
from darkmc.core.intervals import NAN, SCAN_HIGH, SCAN_LOW, EdgeErrors, Exclusion, Interval
from darkmc.core.kinematics import Array
from darkmc.limits.deciding import Deciding
from darkmc.limits.solve import CELLS_ACCURACY, solve
from darkmc.sample.sample import Sample
from darkmc.sample.terms import Terms

Mask = NDArray[np.bool_]
_NEARLY = 1.0 - CELLS_ACCURACY  # of what is excluded, which a bound on terms in cells must not exceed
_STEPS = 0.8 ** np.arange(6)  # pieces below the upper end of an interval, for tighter bounds


class Edge(NamedTuple):
    """One end of an excluded interval: coupling, its errors (nan for an open end), the bin that sets it."""

    coupling: float
    errors: EdgeErrors
    number: int


class Solved(NamedTuple):
    """One bin: its number, its rows and what it excludes."""

    number: int
    curve: Sample
    exclusion: Exclusion


@dataclass(frozen=True)
class BinnedCounting:
    """Couplings with more than `excluded[b]` events in any bin b are excluded.

    Attributes
    ----------
    excluded : tuple of float
        Number of signal events that is excluded, by the number of the bin.
    words : str
        What is excluded, in words.
    sources : tuple of str
        Lines for the head of a table: where the counts come from.
    """

    excluded: tuple[float, ...]
    words: str
    sources: tuple[str, ...] = ()
    target = None

    def exclusion(self, sample: Sample, method: str) -> Exclusion:
        """Return the excluded couplings, the union over all bins; iterative: the edge of the lowest bin."""
        solved = self._solved(sample)
        if not solved:
            return Exclusion((), method, "no event in any bin")
        edges = _union(solved)
        if method != "bracket":
            decides = next(bin_ for bin_ in solved if not edges or bin_.number == edges[0][0].number)
            return solve(decides.curve, self.excluded[decides.number], method)
        peak = max((bin_.exclusion.peak for bin_ in solved if bin_.exclusion.peak), default=None)
        if not edges:
            return Exclusion((), method, solved[0].exclusion.reason, peak=peak)
        intervals = tuple(
            Interval(_finite(lower), _finite(upper), lower.errors.total, upper.errors.total)
            for lower, upper in edges
        )
        errors = tuple((lower.errors, upper.errors) for lower, upper in edges)
        return Exclusion(intervals, method, _reason(solved, edges), error_parts=errors, peak=peak)

    def deciding(self, sample: Sample) -> list[Deciding]:
        """Return the rows in the bin that sets each edge of the exclusion, with that edge."""
        solved = self._solved(sample)
        curves = {bin_.number: bin_.curve for bin_ in solved}
        ends = [end for ends in _union(solved) for end in ends if math.isfinite(end.coupling)]
        if ends or not solved:
            found = [Deciding(curves[end.number], end.coupling, power=end.errors.power) for end in ends]
            return found or [Deciding(sample, SCAN_HIGH)]
        points = (Deciding.without_edges(bin_.curve, self.excluded[bin_.number]) for bin_ in solved)
        return [min(points, key=lambda point: point.apart)]

    def _solved(self, sample: Sample) -> list[Solved]:
        """Return the bins that had to be solved, once."""
        found: list[Solved] = sample.once(("bins", self.excluded), lambda: self._solve(sample))
        return found

    def _solve(self, sample: Sample) -> list[Solved]:
        """Return the bins that had to be solved, the most promising first."""
        targets = np.array(self.excluded)
        strength = self._per_bin(sample, _long_lived) / targets
        waiting = strength > 0.0
        done: list[Solved] = []
        number = int(np.argmax(strength))
        while waiting.any():
            waiting[number] = False
            curve = sample.in_bin(number)
            done.append(Solved(number, curve, solve(curve, self.excluded[number])))
            excess = np.where(waiting, self._excess(sample, _gaps(_union(done)), waiting), 0.0)
            if not np.any(excess > _NEARLY):
                break
            number = int(np.argmax(excess))
        return done

    def _excess(self, sample: Sample, gaps: Sequence[tuple[float, float]], waiting: Mask) -> Array:
        """Return a bound, over couplings not excluded yet, of each bin's signal over what is excluded."""
        targets = np.array(self.excluded)
        most = np.zeros(len(targets))
        for low, high in gaps:
            whole = self._per_bin(sample, partial(_bound, low=low, high=high)) / targets
            if np.any(waiting & (whole > _NEARLY)):
                cuts = np.maximum(high * _STEPS, low)
                pieces = [
                    self._per_bin(sample, partial(_bound, low=a, high=b)) / targets
                    for a, b in zip((*cuts[1:], low), cuts, strict=True)
                    if a < b
                ]
                whole = np.max(pieces, axis=0)
            most = np.maximum(most, whole)
        return most

    def _per_bin(self, sample: Sample, of_terms: Callable[[Terms], Array]) -> Array:
        """Return sums over the terms of each bin, per primary."""
        cells: list[Terms] = sample.once("cells", lambda: [t.in_cells() for t in sample.terms(binned=True)])
        total = np.zeros(len(self.excluded))
        for group in cells:
            total += np.bincount(group.bin, of_terms(group), minlength=len(total))
        return total


def _long_lived(group: Terms) -> Array:
    """Return what terms contribute in the limit of small couplings, powers of G left out: to rank bins by."""
    out: Array = group.sign * group.weight * np.prod(group.lengths[1:], axis=0)
    return out


def _bound(group: Terms, low: float, high: float) -> Array:
    """Return what no term's contribution exceeds for couplings from `low` to `high`."""
    if group.sign < 0.0:
        return np.zeros_like(group.weight)
    survive = group.lengths[0]
    peak = np.clip(np.sqrt(0.5 * group.power / np.maximum(survive, 1e-300)), low, high)
    out: Array = group.weight * peak**group.power * np.exp(-survive * peak**2)
    for window in group.lengths[1:]:
        out *= decay_chance(window, high**2)
    return out


def _union(solved: Sequence[Solved]) -> list[tuple[Edge, Edge]]:
    """Return the union of what bins exclude; open ends are infinite."""
    found = []
    for bin_ in solved:
        exclusion = bin_.exclusion
        for interval, errors in zip(exclusion.intervals, exclusion.error_parts, strict=True):
            lower = interval.lower if math.isfinite(interval.lower) else -math.inf
            upper = interval.upper if math.isfinite(interval.upper) else math.inf
            first = Edge(lower, errors[0], bin_.number)
            found.append((first, Edge(upper, errors[1], bin_.number)))
    merged: list[tuple[Edge, Edge]] = []
    for lower_end, upper_end in sorted(found, key=lambda ends: ends[0].coupling):
        if merged and lower_end.coupling <= merged[-1][1].coupling:
            first, last = merged[-1]
            merged[-1] = first, max(last, upper_end, key=lambda end: end.coupling)
        else:
            merged.append((lower_end, upper_end))
    return merged


def _finite(edge: Edge) -> float:
    return edge.coupling if math.isfinite(edge.coupling) else NAN


def _gaps(edges: Sequence[tuple[Edge, Edge]]) -> list[tuple[float, float]]:
    """Return the intervals of the scan that are not excluded."""
    starts = [SCAN_LOW, *(upper.coupling for _, upper in edges)]
    ends = [*(lower.coupling for lower, _ in edges), SCAN_HIGH]
    return [(low, high) for low, high in zip(starts, ends, strict=True) if low < high]


def _reason(solved: Sequence[Solved], edges: Sequence[tuple[Edge, Edge]]) -> str:
    """Return what the bins that set an edge say about it."""
    setting = {end.number for ends in edges for end in ends}
    reasons = (bin_.exclusion.reason for bin_ in solved if bin_.number in setting)
    return "; ".join(dict.fromkeys(text for reason in reasons for text in reason.split("; ") if text))
