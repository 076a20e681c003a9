"""Yields estimated from the weights of primaries: value, error of the draws, error of a finite list.

Two errors, added in quadrature.  That of the draws is the standard error of the mean over all primaries.
That of a list of mesons says what another list of as many entries would change: entries are put into
GROUPS fixed groups, and the groups' sums scatter.  An error that cannot be known is infinite: that of fewer
than LEAST_ENTRIES effective entries, (sum w)^2/sum w^2 (Kish, Survey Sampling, Wiley 1965, section 8.2).
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array, Numbers

Groups = NDArray[np.uint8]
GROUPS = 32
NO_GROUPS: Groups = np.empty(0, dtype=np.uint8)
LEAST_ENTRIES = 10.0
_SMALL, _SMALL_SUM = (
    1e-140,
    1e-270,
)  # the squares of less are no numbers; a sum of squares that has none of them
_ROUNDING = 1e-9
UNKNOWN = f"unknown: fewer than {LEAST_ENTRIES:g} effective entries"


class Estimate(NamedTuple):
    """A number and its two errors: of the draws, and of the list that was drawn from; inf: unknown."""

    value: Numbers
    draw_error: Numbers
    list_error: Numbers

    @property
    def error(self) -> Numbers:
        """Both errors in quadrature."""
        total: Array = np.hypot(self.draw_error, self.list_error)
        return total if np.ndim(total) else float(total)


class Weights(NamedTuple):
    """Weights of the primaries of one stream.

    Attributes
    ----------
    values : array (n,)
        Of those that contribute; the others of the primaries tried are zeros.
    tried : int
        Primaries tried.
    unseen : float
        Size of a contribution that may have been missed; 0 for streams of which some were seen.
    groups : array (n,)
        Groups of the list's entries that the values belong to.
    shares : array (GROUPS,)
        What part of the list each group is; empty without a list.
    entries, tops : array (n,)
        As how many equal primaries each value counts, and the largest primary's share of it; empty: as one.
    """

    values: Array
    tried: int
    unseen: Any = 0.0
    groups: Groups = NO_GROUPS
    shares: Array = np.empty(0)
    entries: Array = np.empty(0)
    tops: Array = np.empty(0)


def group_of(index: NDArray[Any]) -> Groups:
    """Return a fixed group of each entry's number, whatever the order of the list: sorted lists are common.

    The mixing function of Steele, Lea and Flood, OOPSLA 2014, figure 16 (SplitMix64).
    """
    return (mixed(index.astype(np.uint64)) % np.uint64(GROUPS)).astype(np.uint8)


def mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return numbers whose every bit depends on all bits of those given, one to one; see :func:`group_of`."""
    out = numbers + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        out = (out ^ (out >> np.uint64(shift))) * np.uint64(factor)
    return out ^ (out >> np.uint64(31))


def group_sums(groups: Groups, values: Array) -> Array:
    """Return the sums of values (n,) or (k, n) in each group, (GROUPS,) or (GROUPS, k)."""
    if values.ndim == 1:
        return np.bincount(groups, values, GROUPS).astype(float)
    return np.stack([np.bincount(groups, part, GROUPS) for part in values], axis=-1).astype(float)


def effective_entries(*values: Array) -> float:
    """Return (sum |w|)^2/sum w^2, at most the number of values; 0 where all are zero."""
    largest = max((float(np.max(np.abs(part), initial=0.0)) for part in values), default=0.0)
    if largest == 0.0:
        return 0.0
    sizes = [np.abs(part) / largest for part in values]
    square = sum(float(np.sum(np.square(size))) for size in sizes)
    return float(sum(float(np.sum(size)) for size in sizes) ** 2 / square)


class Moments(NamedTuple):
    """Sums over the primaries of one stream: numbers, or arrays over bins or couplings.

    Attributes
    ----------
    tried, unseen, shares
        As in :class:`Weights`.
    total, size, square : float or array
        Sums of w, |w| and w^2.
    groups : array (GROUPS,) or (GROUPS, bins)
        Sums of w in each group of a list; empty without a list.
    scale : float or array
        By which all weights were divided, `unseen` too, since the squares of tiny ones are no numbers.
    """

    tried: int
    total: Any
    size: Any
    square: Any
    groups: Array
    shares: Array
    unseen: Any = 0.0
    scale: Any = 1.0

    def scaled(self, scale: Any) -> "Moments":
        """Return the sums with weights divided by a scale of others."""
        by = np.where(self.size > 0.0, self.scale, scale) / scale
        with np.errstate(over="ignore"):
            of_unseen = np.where(self.unseen > 0.0, self.scale, scale) / scale
        return self._replace(
            total=self.total * by,
            size=self.size * by,
            square=self.square * by**2,
            groups=self.groups * by if len(self.groups) else self.groups,
            unseen=self.unseen * of_unseen,
            scale=scale,
        )

    def plus(self, other: "Moments") -> "Moments":
        """Return the sums with those of more primaries of the same stream."""
        groups = self.groups + other.groups if len(other.groups) else self.groups
        return self._replace(
            tried=self.tried + other.tried,
            total=self.total + other.total,
            size=self.size + other.size,
            square=self.square + other.square,
            groups=groups,
        )


def moments(part: Weights) -> Moments:
    """Return the sums over the primaries of one stream; values may be (k, n), for k couplings.

    np.sum, not np.dot: a threaded BLAS would make the last bits depend on the number of its threads.
    """
    values = part.values
    groups = group_sums(part.groups, values) if len(part.shares) else np.empty(0)
    total = size = np.sum(values, axis=-1)
    if np.min(values, initial=0.0) < 0.0:
        size = np.sum(np.abs(values), axis=-1)
    squares = np.square(values)
    if len(part.entries):
        squares /= part.entries
    square = np.sum(squares, axis=-1)
    return Moments(part.tried, total, size, square, groups, part.shares, part.unseen)


def safe_moments(part: Weights) -> Moments:
    """Return the same; weights that are so tiny that their squares are no numbers are divided by a scale."""
    found = moments(part)
    if not np.any(found.square < _SMALL_SUM):
        return found
    largest = np.max(np.abs(part.values), axis=-1, initial=0.0)
    scale = np.where((largest > 0.0) & (largest < _SMALL), largest, 1.0)
    values, unseen = part.values / scale[..., np.newaxis], part.unseen / scale
    return moments(part._replace(values=values, unseen=unseen))._replace(scale=scale)


def _mean_and_variance(tried: int, total: Any, square: Any) -> tuple[Any, Any]:
    """Return the mean over all primaries and its variance, infinite for fewer than two primaries."""
    mean = total / max(tried, 1)
    if tried < 2:
        return mean, np.full_like(mean, np.inf)
    return mean, np.maximum(square / tried - mean**2, 0.0) / (tried - 1)


def mean_and_error(contributions: Array, tried: int) -> tuple[float, float]:
    """Return the mean over `tried` primaries and its standard error; rows not listed are zeros.

    The error of fewer than two primaries is infinite, that of few contributions is not: see :func:`estimate`.
    """
    largest = float(np.max(np.abs(contributions), initial=0.0))
    scale = largest if 0.0 < largest < _SMALL else 1.0  # the squares of less are no numbers
    values = contributions / scale if scale != 1.0 else contributions
    mean, variance = _mean_and_variance(tried, float(np.sum(values)), float(np.sum(np.square(values))))
    return float(mean) * scale, math.sqrt(variance) * scale


def estimate(parts: Sequence[Weights]) -> Estimate:
    """Return the sum over streams of the means over their primaries, as floats."""
    return Estimate(*map(float, estimated([safe_moments(part) for part in parts])))


def estimated(parts: Sequence[Moments]) -> Estimate:
    """Return the same from their sums: numbers, or arrays over couplings.

    Nothing from streams of which nothing can have been missed is exactly nothing.
    """
    if not parts:
        return Estimate(0.0, 0.0, 0.0)
    something: Any = np.zeros((), dtype=bool)
    for part in parts:
        something = something | (part.size != 0.0) | (part.unseen != 0.0) | (part.tried < 2)
    return Estimate(*(np.where(something, number, 0.0) for number in combined(parts)))


def combined(parts: Sequence[Moments]) -> Estimate:
    """Return the sum over streams of the means over their primaries, for every bin.

    Streams have random numbers of their own, but entries of a list may be the same: the groups' sums are
    added up over the streams before they are compared.
    """
    if not parts:
        return Estimate(0.0, 0.0, 0.0)
    scale: Any = np.max([np.where(part.size > 0.0, part.scale, 0.0) for part in parts], axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    parts = [part if np.all(part.scale == scale) else part.scaled(scale) for part in parts]
    value: Any = 0.0
    variance: Any = 0.0
    for part in parts:
        mean, of_mean = _mean_and_variance(part.tried, part.total, part.square)
        value, variance = value + mean, variance + of_mean + (part.unseen / max(part.tried, 1)) ** 2
    size = sum(part.size / max(part.tried, 1) for part in parts)
    square = sum(part.square / max(part.tried, 1) ** 2 for part in parts)
    known = np.square(size) >= LEAST_ENTRIES * square
    draws = np.where(known & (square > 0.0), np.sqrt(variance), np.inf)
    of_list = list_error(parts)
    return Estimate(*(scale * number for number in (value, draws, of_list)))


def of_one_stream(parts: Sequence[Moments], tried: int) -> Estimate:
    """Return the mean of primaries each of which was one of several streams, by chance, as floats."""
    total, size, square = (sum(getattr(part, name) for part in parts) for name in ("total", "size", "square"))
    draws = combined([Moments(tried, total, size, square, np.empty(0), np.empty(0))])
    lists = float(list_error([part._replace(tried=tried) for part in parts]))
    return Estimate(float(draws.value), float(draws.draw_error), lists)


def known_errors(found: Any) -> dict[str, float | None]:
    """Return error, draw_error and list_error of what has them, None where unknown."""
    values = {name: float(getattr(found, name)) for name in ("error", "draw_error", "list_error")}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def meaning_of_errors(found: Any) -> str:
    """Return in words what the errors of :func:`known_errors` are, and which of them are unknown."""
    unknown = " and ".join(name for name, value in known_errors(found).items() if value is None)
    words = "draw_error: standard error of the draws; list_error: from the size of the lists of mesons; "
    return f"{words}error: both in quadrature" + (f"; {unknown} {UNKNOWN}" if unknown else "")


def list_error(parts: Sequence[Moments]) -> Any:
    """Return the standard error of a sum over streams from the size of the lists that they draw from.

    D_g = S_g - share_g sum S is what a group has more than its share; the error squared is sum_g D_g^2/
    (1 - sum_g share_g^2), which is 32/31 sum_g D_g^2 for equal shares, less what the draws add to it.
    Unknown for fewer than LEAST_ENTRIES effective entries of the list: n equal ones put 1/n above 1/GROUPS
    into sum_g S_g^2/(sum_g S_g)^2.  Streams without a list count as very many: what is a small part of the
    whole may have few.
    """
    whole: Any = sum(part.size / max(part.tried, 1) for part in parts)
    parts = [part for part in parts if len(part.shares)]
    if not parts:
        return 0.0
    more: Any = 0.0
    total: Any = 0.0
    noise: Any = 0.0
    single: Any = False
    for part in parts:
        sums = part.groups / max(part.tried, 1)
        mean = np.sum(sums, axis=0)
        room = 1.0 - float(np.sum(np.square(part.shares)))
        single = single | ((mean != 0.0) & (room < _ROUNDING))
        shares = part.shares.reshape(-1, *[1] * np.ndim(mean))
        more = more + (sums - shares * mean) / math.sqrt(max(room, _ROUNDING))
        total = total + sums
        added = part.square / max(part.tried, 1) - np.sum(np.square(sums), axis=0)
        noise = noise + np.maximum(added, 0.0) / max(part.tried - 1, 1)
    size = np.sum(np.abs(total), axis=0)
    crowded = np.sum(np.square(total), axis=0) - size**2 / GROUPS > np.square(whole) / LEAST_ENTRIES
    error = np.sqrt(np.maximum(np.sum(np.square(more), axis=0) - noise, 0.0))
    return np.where(single | crowded, np.inf, error)
