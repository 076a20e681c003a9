"""The universal row and a channel of rows: what a primary contributes at any coupling.

N(G) = sum_i weight_i G^power_i exp(-tau_survive_i G^2) (1 - exp(-tau_window_i G^2))
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from darkmc.kinematics import Array
from darkmc.propagation import decay_probability


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one channel that point at the detector; others are only counted.

    Attributes
    ----------
    produced : array (n,)
        Exposure x production x Jacobians of a primary, powers of G, branching ratio and efficiency removed.
    tau_survive, tau_window : array (n,)
        Decay lengths at G = 1 before and inside the window.
    stage : array (n,) of int8
        Number of cuts passed in order.
    index : array (n,) of int
        Position of each row among the primaries tried.
    tried : int
        Primaries behind these rows, those of zero weight included.
    efficiency : array (n,)
        Detection efficiency that differs from row to row; empty where a channel's constant says it all.
    factors : array (m, n)
        By what each named alternative multiplies the weights; empty when none was asked for.
    bin : array (n,) of int16
        Number of the bin of the observation that a row falls in, -1 for none; empty where nothing is binned.
    arriving : array (m,)
        Weight, G^2 removed, of primaries that point at the detector where `produced` holds more than that;
        empty where it does not.
    """

    produced: Array
    tau_survive: Array
    tau_window: Array
    stage: NDArray[np.int8]
    index: NDArray[np.intp]
    tried: int
    efficiency: Array = field(default_factory=lambda: np.empty(0))
    factors: Array = field(default_factory=lambda: np.empty((0, 0)))
    bin: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, dtype=np.int16))
    arriving: Array = field(default_factory=lambda: np.empty(0))

    @staticmethod
    def joined(parts: "list[Rows]") -> "Rows":
        """Return all rows of one channel, in the order given."""
        starts = np.cumsum([0, *(part.tried for part in parts)])
        return Rows(
            np.concatenate([part.produced for part in parts]),
            np.concatenate([part.tau_survive for part in parts]),
            np.concatenate([part.tau_window for part in parts]),
            np.concatenate([part.stage for part in parts]),
            np.concatenate([part.index + start for part, start in zip(parts, starts, strict=False)]),
            int(starts[-1]),
            np.concatenate([part.efficiency for part in parts]),
            np.concatenate([part.factors for part in parts], axis=1),
            np.concatenate([part.bin for part in parts]),
            np.concatenate([part.arriving for part in parts]),
        )

    def selected(self, keep: NDArray[np.bool_]) -> "Rows":
        """Return the rows to keep, of as many primaries tried."""
        return Rows(
            self.produced[keep],
            self.tau_survive[keep],
            self.tau_window[keep],
            self.stage[keep],
            self.index[keep],
            self.tried,
            self.efficiency[keep] if len(self.efficiency) else self.efficiency,
            self.factors[:, keep] if self.factors.size else self.factors,
            self.bin[keep] if len(self.bin) else self.bin,
            self.arriving,
        )


@dataclass(frozen=True, eq=False)
class Channel:
    """One stream of primaries: what is common to its rows, and the rows.

    Rows of one primary stand together; they are summed before anything is squared.
    """

    name: str
    power: float
    branching: float
    efficiency: float
    n_cuts: int
    rows: Rows
    rows_per_primary: int = 1
    counts_primaries: bool = True  # False where another channel has the same primaries

    def towards(self, coupling: float) -> Array:
        """Return the primaries that point at the detector, by weight; none if another channel counts them."""
        if not self.counts_primaries:
            return np.empty(0)
        if len(self.rows.arriving):
            return coupling**2 * self.rows.arriving
        out: Array = coupling**self.power * self.rows.produced[:: self.rows_per_primary]
        return out

    def in_bin(self, number: int) -> "Channel":
        """Return the channel with its rows in one bin only, of as many primaries tried."""
        return replace(self, rows=self.rows.selected(self.rows.bin == number))

    @cached_property
    def passing(self) -> NDArray[np.bool_]:
        """Which rows pass every cut."""
        out: NDArray[np.bool_] = self.rows.stage == self.n_cuts
        return out

    @cached_property
    def leading(self) -> NDArray[np.intp]:
        """Places of the rows that pass, one per primary: what :meth:`contributions` belongs to."""
        return np.flatnonzero(self.passing)[:: self.rows_per_primary]

    @cached_property
    def bins(self) -> NDArray[np.int16]:
        """Bins of the rows that pass every cut."""
        out: NDArray[np.int16] = self.rows.bin[self.passing]
        return out

    @cached_property
    def final(self) -> tuple[Array, Array, Array]:
        """Weight per primary, tau_survive and tau_window of the rows that pass every cut."""
        weight, survive, window = self.after(self.n_cuts)
        if self.efficiency != 1.0:
            weight = weight * self.efficiency
        if len(self.rows.efficiency):
            weight = weight * self.rows.efficiency[self.passing]
        return weight, survive, window

    def after(self, cuts: int) -> tuple[Array, Array, Array]:
        """Return the same, without detection efficiency, of the rows that pass the first `cuts` cuts."""
        keep = self.rows.stage >= cuts
        weight = self.rows.produced[keep] * self.branching
        return weight, self.rows.tau_survive[keep], self.rows.tau_window[keep]

    def contributions(self, coupling: float) -> Array:
        """Return the sum of weight G^power P(G) of each primary that passes (not divided by `tried`)."""
        return self.per_primary(self.terms(self.final, coupling))

    def terms(self, rows: tuple[Array, Array, Array], coupling: float) -> Array:
        """Return weight G^power P(G) of rows given as weight, tau_survive and tau_window."""
        weight, survive, window = rows
        out: Array = weight * (coupling**self.power * decay_probability(survive, window, coupling))
        return out

    def per_primary(self, terms: Array) -> Array:
        """Return sums over the rows of each primary."""
        if self.rows_per_primary == 1:
            return terms
        out: Array = np.sum(terms.reshape(-1, self.rows_per_primary), axis=1)
        return out

    def slopes(self, coupling: float) -> Array:
        """Return d/dG of :meth:`contributions`."""
        _, survive, window = self.final
        g2 = coupling**2
        with np.errstate(invalid="ignore", over="ignore"):
            width = np.where(np.isinf(window), np.inf, window * g2)
            rise = np.where(width < 700.0, 2.0 * width / np.expm1(np.minimum(width, 700.0)), 0.0)
        log_slope = self.power - 2.0 * survive * g2 + np.where(width > 0.0, rise, 2.0)
        return self.per_primary(self.terms(self.final, coupling) / coupling * log_slope)


_SMALL = 1e-140


def mean_and_error(contributions: Array, tried: int) -> tuple[float, float]:
    """Return the mean over `tried` primaries and its standard error; rows not listed are zeros.

    The error of fewer than two primaries is infinite.
    np.sum, not np.dot: a threaded BLAS would make the last bits depend on the number of its threads.
    """
    if tried < 2:
        return float(np.sum(contributions)), float("inf")
    largest = float(np.max(np.abs(contributions), initial=0.0))
    if 0.0 < largest < _SMALL:  # whose squares are no numbers
        mean, error = mean_and_error(contributions / largest, tried)
        return mean * largest, error * largest
    mean = float(np.sum(contributions)) / tried
    square = float(np.sum(np.square(contributions))) / tried
    return mean, float(np.sqrt(max(square - mean**2, 0.0) / (tried - 1)))
