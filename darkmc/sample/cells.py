"""Rows of a channel put into cells, where there would be too many of them to keep.

In one cell are primaries whose rows have the same stages, bins, group and sign, and nearly the same lengths:
0.2% in what must be survived or is absorbed, 5% in windows, of which chances depend less.  Kept are sums of
weights and of their squares, the largest weight, and means and covariances of the logarithms of the lengths.
Two points for each length then stand for a cell, with the same moments: sums over them are right to third
derivatives.  Rows of one primary are in one cell together, so that their covariance is kept; two points along
what must be survived then do for all.  Where cells would be too many, their widths are doubled.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.estimates import GROUPS, NO_GROUPS, group_sums, mixed
from darkmc.core.kinematics import Array
from darkmc.sample.rows import NO_BINS, NO_FACTORS, Rows
from darkmc.sample.terms import nodes

WIDTHS = {"survive": 0.002, "veto": 0.002, "absorb": 0.002, "window": 0.05, "second": 0.05, "average": 0.05}
MOST_DOUBLINGS = 5  # to 6%, beyond which an error of 0.1% is reached at 20 decay lengths
EXPONENTS = ("survive", "veto", "absorb")
_SPREAD = 1e-12  # of a cell, in widths squared, below which it is a point
_HEAD = 2  # rows of the sums that are of the primaries, and rows of `where`


class _Table(NamedTuple):
    """Cells of primaries with the same number of rows.

    Attributes
    ----------
    key : array (n,)
        Hash of `where`, increasing.
    where : array (k, n) of int
        Group, sign, then of each row stage and bin, then of each length whether it is 0 (-1), finite (0) or
        infinite (1), and where it is.
    largest : array (n,)
        Largest weight of a primary.
    sums : array (s, n)
        Over the primaries: weights, squares of them, what is summed of each row, offsets from the middle of
        the cell in widths, products of two of them.
    """

    key: NDArray[np.uint64]
    where: NDArray[np.int32]
    largest: Array
    sums: Array

    def and_also(self, other: "_Table") -> "_Table":
        """Return the cells of two tables."""
        return _Table(
            np.concatenate([self.key, other.key]),
            np.concatenate([self.where, other.where], axis=1),
            np.concatenate([self.largest, other.largest]),
            np.concatenate([self.sums, other.sums], axis=1),
        )

    def merged(self) -> "_Table":
        """Return the table with each cell once."""
        key, first, cell = np.unique(self.key, return_index=True, return_inverse=True)
        largest = np.zeros(len(key))
        np.maximum.at(largest, cell, self.largest)
        sums = np.stack([np.bincount(cell, part, len(key)).astype(float) for part in self.sums])
        return _Table(key, self.where[:, first], largest, sums)


def _hash(where: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Return a number for each column of numbers; two of a million share one with a chance of 3e-8."""
    out = np.zeros(where.shape[1], dtype=np.uint64)
    for part in where:
        out = mixed(out + part.astype(np.uint64))
    return out


def _pairs(count: int) -> list[tuple[int, int]]:
    """Return all pairs of dimensions, in the order of their products."""
    return [(i, j) for i in range(count) for j in range(i + 1)]


def _row_by_row(columns: NDArray[Any]) -> NDArray[Any]:
    """Return (m, n), n primaries with m rows, as the rows of one primary after the other."""
    return np.ascontiguousarray(columns.T).ravel()


def _apart(mean: Array, spread: Array, _: NDArray[np.bool_]) -> tuple[NDArray[np.intp], Array, Array]:
    """Return two points for each length that varies: their cells, offsets and how many share their cell."""
    own = np.einsum("iin->in", spread)
    active, wide = np.flatnonzero(np.any(own > _SPREAD, axis=1)), np.any(own > _SPREAD, axis=0)
    copies = max(2 * len(active), 1)
    cell = np.concatenate([np.flatnonzero(~wide), np.tile(np.flatnonzero(wide), copies)])
    offset = mean[:, cell]
    if len(active):
        placed = nodes(mean[np.ix_(active, wide)], spread[np.ix_(active, active, wide)])
        offset[active, np.count_nonzero(~wide) :] = placed
    return cell, offset, np.where(wide, copies, 1)[cell]


def _along(mean: Array, spread: Array, exponents: NDArray[np.bool_]) -> tuple[NDArray[np.intp], Array, Array]:
    """Return the same of primaries of several rows: two points along what all of them must survive.

    With its variance, and the covariances of others with it: there are too many lengths for two points each.
    """
    along = np.sum(spread[exponents], axis=0)
    size = np.sqrt(np.maximum(np.sum(along[exponents], axis=0), 0.0))
    step = along / np.where(size > 0.0, size, 1.0)
    wide = size**2 > _SPREAD
    cell = np.concatenate([np.flatnonzero(~wide), np.tile(np.flatnonzero(wide), 2)])
    sign = np.repeat([0.0, 1.0, -1.0], [np.count_nonzero(~wide), *[np.count_nonzero(wide)] * 2])
    return cell, mean[:, cell] + sign * step[:, cell], np.where(wide, 2, 1)[cell]


class Cells:
    """The rows of a channel, in cells.

    Parameters
    ----------
    rows_per_primary : int
        At most.
    most : float
        Rows that may stand for them before the cells are widened.
    """

    def __init__(self, rows_per_primary: int, most: float) -> None:
        self._several, self._most = rows_per_primary > 1, most
        self.doublings, self.tried = 0, 0
        self._names: tuple[str, ...] = ()
        self._filled: dict[str, bool] = {}
        self._alternatives = 0
        self._tables: dict[int, _Table] = {}
        self._arriving, self._arriving_squares = np.zeros((2, GROUPS))
        self._like: Rows | None = None

    def add(self, rows: Rows) -> None:
        """Put more rows of the channel into cells."""
        if self._like is None:
            self._names = tuple(name for name in WIDTHS if len(getattr(rows, name)))
            self._filled = {name: len(getattr(rows, name)) > 0 for name in ("bin", "group", "efficiency")}
            self._alternatives = len(rows.factors)
            none = rows.selected(np.zeros(len(rows.index), dtype=bool))
            self._like = replace(none, factors=rows.factors[:, :0], factor_entries=rows.factors[:, :0])
        self.tried += rows.tried
        if len(rows.arriving):
            group = rows.group if len(rows.group) else np.zeros(len(rows.arriving), dtype=np.uint8)
            self._arriving += group_sums(group, rows.arriving)
            self._arriving_squares += group_sums(group, np.square(rows.arriving))
        for many, places in self._primaries(rows):
            table = self._put(rows, places)
            before = self._tables.get(many)
            self._tables[many] = (table if before is None else before.and_also(table)).merged()
        while self._size() > self._most and self.doublings < MOST_DOUBLINGS:
            self._tables = {many: self._widened(many, table) for many, table in self._tables.items()}
            self.doublings += 1

    def _size(self) -> int:
        """Return how many rows stand for the cells, at most."""
        points = {many: 2 * len(self._names) if many == 1 else 2 for many in self._tables}
        return sum(points[many] * many * len(table.key) for many, table in self._tables.items())

    def _primaries(self, rows: Rows) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """Yield how many rows a primary has, and places (m, n) of the rows of those with so many."""
        if not self._several:
            yield 1, np.flatnonzero(rows.produced)[np.newaxis]
            return
        starts = np.flatnonzero(np.diff(rows.index, prepend=-1))
        many = np.diff(starts, append=len(rows.index))
        for m in np.unique(many):
            places = starts[many == m] + np.arange(m)[:, np.newaxis]
            yield int(m), places[:, np.any(rows.produced[places] != 0.0, axis=0)]

    def _put(self, rows: Rows, places: NDArray[np.intp]) -> _Table:
        """Return primaries, each as a cell of its own."""
        weights = rows.produced[places]
        counted = weights * rows.efficiency[places] if len(rows.efficiency) else weights
        total = np.sum(counted, axis=0)
        group = rows.group[places[0]] if len(rows.group) else np.zeros(places.shape[1])
        bins = rows.bin[places] if len(rows.bin) else np.zeros(places.shape)
        kinds, at, offsets = [], [], []
        for name in self._names:
            width = WIDTHS[name] * 2.0**self.doublings
            for lengths in getattr(rows, name)[places]:
                finite = np.isfinite(lengths) & (lengths > 0.0)
                scaled = np.log(np.where(finite, lengths, 1.0)) / width
                place = np.floor(scaled)
                kinds.append(np.where(finite, 0, np.where(lengths > 0.0, 1, -1)))
                at.append(np.where(finite, place, 0))
                offsets.append(np.where(finite, scaled - place - 0.5, 0.0))
        where = np.concatenate(
            [np.stack([group, total > 0.0]), rows.stage[places], bins, *map(np.atleast_2d, (kinds, at))]
        ).astype(np.int32)
        size = np.abs(total)
        others = [weights, *([counted] if len(rows.efficiency) else [])]
        varied = [weights * factor[places] for factor in rows.factors[: self._alternatives]]
        others += varied
        squares = [np.square(np.sum(part, axis=0))[np.newaxis] for part in varied]
        d = np.array(offsets)
        products = [d[i] * d[j] for i, j in _pairs(len(d))]
        sums = np.concatenate(
            [np.stack([size, np.square(total)]), *others, *squares, size * d, size * np.array(products)]
        )
        return _Table(_hash(where), where, size, sums)

    def _widened(self, many: int, table: _Table) -> _Table:
        """Return cells twice as wide: the offsets are from the middle of two neighbours."""
        dimensions = many * len(self._names)
        where, sums = table.where.copy(), table.sums.copy()
        at = where[-dimensions:]
        finite = where[-2 * dimensions : -dimensions] == 0
        shift = np.where(finite, at % 2 - 0.5, 0.0)
        at //= 2
        n = dimensions * (dimensions + 1) // 2
        size, once, twice = sums[0], sums[-n - dimensions : -n], sums[-n:]
        for k, (i, j) in enumerate(_pairs(dimensions)):
            twice[k] += shift[i] * once[j] + shift[j] * once[i] + shift[i] * shift[j] * size
        twice /= 4.0
        once += shift * size
        once /= 2.0
        return _Table(_hash(where), where, table.largest, sums).merged()

    @property
    def width(self) -> float:
        """Width of a cell in the logarithm of what must be survived."""
        return WIDTHS["survive"] * 2.0**self.doublings

    def rows(self) -> Rows:
        """Return rows that stand for all that was put into cells."""
        if self._like is None:
            raise ValueError("no rows were put into cells")
        none = replace(self._like, tried=0, arriving=np.empty(0))
        made = [self._standing_for(many, table) for many, table in sorted(self._tables.items())]
        there = self._arriving > 0.0
        if len(self._like.arriving) and not len(self._like.group):
            there &= np.arange(GROUPS) == 0
        arriving = self._arriving if len(self._like.arriving) else np.empty(0)
        entries = (
            np.square(arriving) / np.where(there, self._arriving_squares, 1.0) if len(arriving) else arriving
        )
        return replace(
            Rows.joined([none, *made]),
            tried=self.tried,
            arriving=arriving,
            arriving_entries=np.maximum(entries, 1e-300),
        )

    def _standing_for(self, many: int, table: _Table) -> Rows:
        """Return the rows that stand for the cells of one table; `tried` counts their primaries."""
        dimensions = many * len(self._names)
        where, sums = table.where, table.sums
        n = dimensions * (dimensions + 1) // 2
        size = sums[0]
        mean = sums[-n - dimensions : -n] / size
        spread = np.zeros((dimensions, dimensions, len(size)))
        for k, (i, j) in enumerate(_pairs(dimensions)):
            spread[i, j] = spread[j, i] = sums[-n + k] / size - mean[i] * mean[j]
        placing = _apart if many == 1 else _along
        cell, offset, count = placing(
            mean, spread, np.repeat([name in EXPONENTS for name in self._names], many)
        )

        lengths: dict[str, Any] = {}
        for c, name in enumerate(self._names):
            mine = slice(c * many, (c + 1) * many)
            kind, at = where[_HEAD + 2 * many :][mine][:, cell], where[-dimensions:][mine][:, cell]
            x = np.exp((at + 0.5 + offset[mine]) * (WIDTHS[name] * 2.0**self.doublings))
            lengths[name] = _row_by_row(np.where(kind == 0, x, np.where(kind > 0, np.inf, 0.0)))
        end = len(sums) - n - dimensions
        squares = sums[end - self._alternatives : end]
        of_rows = sums[_HEAD : end - self._alternatives].reshape(-1, many, len(size))
        weight = of_rows[0]
        safe = np.where(weight != 0.0, weight, 1.0)
        alike = np.square(np.sum(of_rows[len(of_rows) - self._alternatives :], axis=1))
        alike = np.where(squares > 0.0, alike / np.where(squares > 0.0, squares, 1.0), 1.0)
        shares = [_row_by_row((part / safe)[:, cell]) for part in of_rows[1:]]
        return Rows(
            produced=_row_by_row(weight[:, cell] / count),
            stage=_row_by_row(where[_HEAD : _HEAD + many][:, cell]),
            index=np.repeat(np.arange(len(cell)), many),
            tried=len(cell),
            efficiency=shares.pop(0) if self._has("efficiency") else np.empty(0),
            factors=np.array(shares) if shares else NO_FACTORS,
            bin=_row_by_row(where[_HEAD + many : _HEAD + 2 * many][:, cell]) if self._has("bin") else NO_BINS,
            group=np.repeat(where[0, cell].astype(np.uint8), many) if self._has("group") else NO_GROUPS,
            entries=np.repeat((np.square(size) / sums[1])[cell] / count, many),
            factor_entries=np.repeat(alike[:, cell] / count, many, axis=1) if shares else NO_FACTORS,
            tops=np.repeat((table.largest / size)[cell] * count, many),
            **lengths,
        )

    def _has(self, name: str) -> bool:
        return self._filled[name]
