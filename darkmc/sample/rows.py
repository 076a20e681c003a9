"""The universal row and a channel of rows: what a primary contributes at any coupling and any lifetime.

N = sum_i w_i G^p ctau^-q prod_k b_k exp(-survive_i/ctau - absorb_i G^2) W(window_i/ctau) W(second_i/ctau)
V_i with W(t) = 1 - exp(-t), and where what is made must not be seen to decay, V = b_inv + b_vis
exp(-veto_i/ctau) A(average_i/ctau) with A(t) = (1 - exp(-t))/t.  p, q and the final states k belong to a
channel.  All lengths are proper ones, path/(beta gamma).
"""

from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.core.estimates import LEAST_ENTRIES, Groups, Weights, effective_entries
from darkmc.core.kinematics import Array
from darkmc.sample.columns import NOTHING, LifetimeRows, RowColumns, in_lifetimes
from darkmc.sample.point import Point, Unstable

At = float | Point  # a coupling, or one with a lifetime of its own
NO_FACTORS: Array = np.empty((0, 0))
NO_BINS: NDArray[np.int32] = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one channel that point at the detector; others are only counted.

    Attributes
    ----------
    produced : array (n,)
        Exposure x production x Jacobians of a primary; powers of G and of 1/ctau, branching ratios and
        efficiency removed.
    survive, window : array (n,)
        Proper lengths to be survived and of the window of the decay, m; inf: no window.
    stage : array (n,) of int32
        Number of cuts passed in order.
    index : array (n,) of int
        Position of each row among the primaries tried.
    tried : int
        Primaries behind these rows, those of zero weight included.
    efficiency : array (n,)
        Detection efficiency that differs from row to row; empty where a channel's constant says it all.
    factors : array (m, n)
        By what each named alternative multiplies the weights; empty when none was asked for.
    bin : array (n,) of int32
        Number of the bin of the observation that a row falls in, -1 for none; empty where nothing is binned.
    arriving : array (m,)
        Weight, G^2 removed, of primaries that point at the detector where `produced` holds more than that;
        empty where it does not.
    group : array (n,) of uint8
        Group of the entry of a list that a row was drawn from; empty without a list.
    absorb : array (n,)
        n sigma L at G = 1 of what lies on the way to the volume, whatever the lifetime; empty where nothing
        is known to.
    second : array (n,)
        Proper length of the window of a second decay, m; inf: no window; empty where there is none.
    veto, average : array (n,)
        Proper lengths, m, before which what is made must not be seen to decay, and over which that length is
        averaged, from `veto` on; empty where it need not.
    entries, tops : array (n,)
        As how many equal primaries a row counts that stands for many, and the largest one's share of it;
        empty where each is of one primary.
    factor_entries : array (m, n)
        The same of weights times each of `factors`.
    arriving_entries : array (m,)
        The same of `arriving`, which is then by group.
    """

    produced: Array
    survive: Array
    window: Array
    stage: NDArray[np.int32]
    index: NDArray[np.intp]
    tried: int
    efficiency: Array = field(default_factory=lambda: np.empty(0))
    factors: Array = field(default_factory=lambda: NO_FACTORS)
    bin: NDArray[np.int32] = field(default_factory=lambda: NO_BINS)
    arriving: Array = field(default_factory=lambda: np.empty(0))
    group: Groups = field(default_factory=lambda: np.empty(0, dtype=np.uint8))
    absorb: Array = field(default_factory=lambda: np.empty(0))
    second: Array = field(default_factory=lambda: np.empty(0))
    veto: Array = field(default_factory=lambda: np.empty(0))
    average: Array = field(default_factory=lambda: np.empty(0))
    entries: Array = field(default_factory=lambda: np.empty(0))
    tops: Array = field(default_factory=lambda: np.empty(0))
    factor_entries: Array = field(default_factory=lambda: NO_FACTORS)
    arriving_entries: Array = field(default_factory=lambda: np.empty(0))

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return sum(part.nbytes for part in vars(self).values() if isinstance(part, np.ndarray))

    @staticmethod
    def joined(parts: "list[Rows]") -> "Rows":
        """Return all rows of one channel, in the order given."""
        starts = np.cumsum([0, *(part.tried for part in parts)])
        index = [part.index + start for part, start in zip(parts, starts, strict=False)]
        names = [item.name for item in fields(Rows) if item.name not in ("index", "tried")]
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in names
        }
        return Rows(index=np.concatenate(index), tried=int(starts[-1]), **columns)

    def selected(self, keep: NDArray[np.bool_]) -> "Rows":
        """Return the rows to keep, of as many primaries tried."""
        columns = {item.name: getattr(self, item.name) for item in fields(Rows)}
        whole = ("tried", "arriving", "arriving_entries")
        return Rows(
            **{
                name: part if name in whole or part.size == 0 else part[..., keep]
                for name, part in columns.items()
            }
        )


_PILOT = 4096  # primaries from which the size of a contribution is known well enough
_ENOUGH = 1000  # primaries that reach the detector without weight: then there is none


@dataclass(frozen=True, eq=False)
class Channel:
    """One stream of primaries: what is common to its rows, and the rows.

    Rows of one primary stand together, and have one index; they are summed before anything is squared.
    """

    name: str
    power: float  # of G, beside those of decays
    branching: float  # a constant factor of every weight, beside the branching ratios of `states`
    efficiency: float
    n_cuts: int
    rows: Rows
    rows_per_primary: int = 1  # at most
    counts_primaries: bool = True  # False where another channel has the same primaries
    list_shares: Array = field(default_factory=lambda: np.empty(0))  # of a list's groups; empty without one
    pilot: RowColumns | None = None  # see :attr:`reaching`, of the channel that this is a part of
    own_bins: range | None = None  # of the analysis that it belongs to; None: it may fill any
    closed: bool = False  # known to hold nothing, whatever is tried
    absorbing: bool = True  # what the rows say of absorption is taken into account
    lifetimes: int = 0  # power of 1/ctau
    states: tuple[str, ...] = ()  # final states whose branching ratios multiply
    parent: str = ""  # what its dark states are made of
    width: float = 0.0  # of the cells that rows are in, in the logarithm of what is survived; 0: in none
    unstable: Unstable = field(default_factory=lambda: Unstable(1.0, {}))

    def point(self, at: At) -> Point:
        """Return a point, or that of a coupling at which nothing else makes the state decay."""
        return at if isinstance(at, Point) else self.unstable.at(at)

    def towards(self, coupling: float) -> Array:
        """Return the primaries that point at the detector, by weight; none if another channel counts them."""
        if not self.counts_primaries:
            return np.empty(0)
        if len(self.rows.arriving):
            return coupling**2 * self.rows.arriving
        out: Array = coupling**self.power * self.rows.produced[self._first(np.arange(len(self.rows.index)))]
        return out

    def in_bin(self, number: int) -> "Channel":
        """Return the channel with its rows in one bin only, of as many primaries tried."""
        rows = self.rows.selected(self.rows.bin == number)
        closed = self.own_bins is not None and number not in self.own_bins
        return replace(self, rows=rows, pilot=self.reaching, closed=closed)

    @cached_property
    def passing(self) -> NDArray[np.bool_]:
        """Which rows pass every cut."""
        out: NDArray[np.bool_] = self.rows.stage == self.n_cuts
        return out

    @cached_property
    def leading(self) -> NDArray[np.intp]:
        """Places of the rows that pass, one per primary: what :meth:`contributions` belongs to."""
        return self._first(np.flatnonzero(self.passing))

    def _first(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return those of some places of rows that are the first of their primary."""
        return places if self.rows_per_primary == 1 else places[self._starts(places)]

    def _starts(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return where among some places of rows each primary begins."""
        return np.flatnonzero(np.diff(self.rows.index[places], prepend=-1))

    @cached_property
    def bins(self) -> NDArray[np.int32]:
        """Bins of the rows that pass every cut."""
        out: NDArray[np.int32] = self.rows.bin[self.passing]
        return out

    @cached_property
    def final(self) -> RowColumns:
        """Weight per primary and exponents of the rows that pass every cut."""
        columns = self.after(self.n_cuts)
        weight = columns.weight
        if self.efficiency != 1.0:
            weight = weight * self.efficiency
        if len(self.rows.efficiency):
            weight = weight * self.rows.efficiency[self.passing]
        return columns._replace(weight=weight)

    def after(self, cuts: int) -> RowColumns:
        """Return the same, without detection efficiency, of the rows that pass the first `cuts` cuts."""
        return self.columns(self.rows.stage >= cuts, self.branching)

    def columns(self, rows: NDArray[np.bool_] | NDArray[np.intp], factor: float) -> RowColumns:
        """Return columns of some rows, weights times a factor."""
        all_, absorbing = self.rows, self.absorbing and len(self.rows.absorb) > 0
        window = all_.window[rows]
        return RowColumns(
            all_.produced[rows] * factor,
            all_.survive[rows],
            window if np.any(np.isfinite(window)) else NOTHING,
            all_.absorb[rows] if absorbing else NOTHING,
            *(part[rows] if len(part) else part for part in (all_.second, all_.veto, all_.average)),
        )

    @cached_property
    def reaching(self) -> RowColumns:
        """The same of some primaries that reach the detector, whether or not they pass the cuts."""
        if self.pilot is not None:
            return self.pilot
        return self.columns(self._piloting, self.branching * self.efficiency)

    @cached_property
    def _piloting(self) -> NDArray[np.intp]:
        """Places of the rows of these primaries."""
        whole = np.arange(len(self.rows.index))
        if self.rows_per_primary == 1:
            return whole[:: -(-len(whole) // _PILOT) or 1]
        primary = np.cumsum(np.diff(self.rows.index, prepend=-1) > 0) - 1
        step = -(-(int(primary[-1]) + 1) // _PILOT) if len(primary) else 1
        return np.flatnonzero(primary % step == 0)

    def unseen(self, at: At) -> float:
        """Return the typical contribution of a primary that reaches the detector: one may have been missed.

        Infinite where too few reach it to say.  What is added to the error of a channel of which nothing
        passes: as if one had.
        """
        if self.closed:
            return 0.0
        reaching = self.terms(self.reaching, at)
        if self.pilot is None:
            reaching = self._summed(reaching, self._piloting)
        if not np.any(self.reaching[0] > 0.0):
            return 0.0 if len(reaching) >= _ENOUGH else np.inf
        if effective_entries(reaching) < LEAST_ENTRIES and np.any(reaching > 0.0):
            return np.inf
        total = float(np.sum(reaching))
        return float(np.sum(reaching * (reaching / total))) if total > 0.0 else 0.0

    def weights(self, at: At, cuts: int | None = None) -> Weights:
        """Return what :meth:`contributions` are, or with `cuts` those of rows that pass the first cuts."""
        stage = self.n_cuts if cuts is None else cuts
        rows = self.final if cuts is None else self.after(cuts)
        values = self.per_primary(self.terms(rows, at), stage)
        unseen = 0.0 if np.any(rows.weight > 0.0) else self.unseen(at)
        return self.as_weights(values, unseen, stage)

    def as_weights(self, values: Array, unseen: Any, cuts: int) -> Weights:
        """Return values of the primaries of which a row passes the first cuts, with what is known of them."""
        rows = self.rows
        groups, entries, tops = rows.group, rows.entries, rows.tops
        if len(groups) or len(entries):
            first = self._first(self._after(cuts))
            groups = groups[first] if len(groups) else groups
            entries, tops = (entries[first], tops[first]) if len(entries) else (entries, tops)
        return Weights(values, rows.tried, unseen, groups, self.list_shares, entries, tops)

    def weights_towards(self, coupling: float) -> Weights:
        """Return what :meth:`towards` are."""
        values, of = self.towards(coupling), self.rows.arriving_entries
        unseen = 0.0 if len(values) else np.inf
        if len(of):
            groups = np.arange(len(of), dtype=np.uint8)
            return Weights(values, self.rows.tried, unseen, groups, self.list_shares, of)
        return self.as_weights(values, unseen, 0)

    def contributions(self, at: At) -> Array:
        """Return what each primary that passes contributes at a point (not divided by `tried`)."""
        return self.per_primary(self.each(at), self.n_cuts)

    def each(self, at: At) -> Array:
        """Return what each row that passes contributes at a point: those of a primary are events apart."""
        return self.terms(self.final, at)

    def terms(self, rows: RowColumns, at: At) -> Array:
        """Return what rows contribute at a point."""
        point = self.point(at)
        out = rows.chances(point)
        out *= point.factor(self.power, self.lifetimes, self.states)
        out *= rows.weight
        return out

    def of_factor(self, point: Point) -> float:
        """Return d ln/d ln G of what is common to all rows."""
        return point.steepness(self.power, self.lifetimes, self.states)

    def _after(self, cuts: int) -> NDArray[np.intp]:
        """Return the places of the rows that pass the first cuts."""
        return np.flatnonzero(self.rows.stage >= cuts)

    def per_primary(self, terms: Array, cuts: int) -> Array:
        """Return sums over the rows of each primary, of terms of the rows that pass the first cuts."""
        return terms if self.rows_per_primary == 1 else self._summed(terms, self._after(cuts))

    def _summed(self, terms: Array, places: NDArray[np.intp]) -> Array:
        """Return sums over the rows of each primary, of terms of the rows at some places."""
        if self.rows_per_primary == 1 or not len(places):
            return terms
        out: Array = np.add.reduceat(terms, self._starts(places), axis=-1)
        return out

    def slopes(self, at: At) -> Array:
        """Return d/dG of :meth:`contributions`."""
        point = self.point(at)
        log_slope = self.of_factor(point) + self.final.steepness(point)
        slopes = self.terms(self.final, point) / point.coupling * log_slope
        return self.per_primary(slopes, self.n_cuts)

    @cached_property
    def final_in_lifetimes(self) -> LifetimeRows:
        """The same of the rows that pass every cut."""
        return self.in_lifetimes(self.final)

    def in_lifetimes(self, rows: RowColumns) -> LifetimeRows:
        """Return rows in decay lengths at G = 1, as if nothing but the coupling made the state decay."""
        return in_lifetimes(rows, self.power, self.lifetimes, self.states, self.unstable)
