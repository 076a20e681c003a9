"""The universal row and what is read off it: yields, slopes, cutflows and histograms at any coupling.

    N(G) = sum_i weight_i G^power_i exp(-tau_survive_i G^2) (1 - exp(-tau_window_i G^2))

A sample belongs to one experiment and one pair of masses; the coupling enters only here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.errors import PhysicsError
from darkmc.kinematics import Array
from darkmc.propagation import decay_probability

# (channel, primaries, coupling, observable) -> values and weights per primary of passing rows, in chunks
Replay = Callable[[str, int, float, str], Iterator[tuple[Array, Array]]]


class Yield(NamedTuple):
    """A number of events and its Monte Carlo standard error; floats, or arrays over couplings."""

    value: Any
    error: Any


class BinnedYield(NamedTuple):
    """Yields in bins: edges (n + 1,), values and standard errors (n,)."""

    edges: Array
    value: Array
    error: Array


@dataclass(frozen=True)
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
    """

    produced: Array
    tau_survive: Array
    tau_window: Array
    stage: NDArray[np.int8]
    index: NDArray[np.intp]
    tried: int
    efficiency: Array = field(default_factory=lambda: np.empty(0))
    factors: Array = field(default_factory=lambda: np.empty((0, 0)))

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
        )


@dataclass(frozen=True)
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

    @property
    def towards(self) -> Array:
        """Primaries that point at the detector, by weight, powers of G removed."""
        return self.rows.produced[:: self.rows_per_primary]

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


def mean_and_error(contributions: Array, tried: int) -> tuple[float, float]:
    """Return the mean over `tried` primaries and its standard error; rows not listed are zeros.

    np.sum, not np.dot: a threaded BLAS would make the last bits depend on the number of its threads.
    """
    if tried == 0:
        return 0.0, 0.0
    mean = float(np.sum(contributions)) / tried
    square = float(np.sum(np.square(contributions))) / tried
    return mean, float(np.sqrt(max(square - mean**2, 0.0) / max(tried - 1, 1)))


@dataclass(frozen=True)
class Sample:
    """Monte Carlo rows of one experiment at one pair of masses.

    Attributes
    ----------
    channels_ : tuple of Channel
        Independent streams; their variances add.
    cut_names : tuple of str
        Names of the cuts, in order.
    alternatives : tuple of str
        Named alternatives whose weights the rows carry.
    seed, seconds, warnings
        How it was made; the time is that of the sampling alone.
    replay : callable
        Makes the lab events of the rows again, for histograms.
    """

    channels_: tuple[Channel, ...]
    cut_names: tuple[str, ...]
    seed: int
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    closed: str | None = None
    alternatives: tuple[str, ...] = ()
    replay: Replay | None = field(default=None, repr=False)

    @property
    def n_samples(self) -> int:
        """Number of primaries tried, over all channels."""
        return sum(channel.rows.tried for channel in self.channels_)

    @cached_property
    def weight(self) -> Array:
        """Weight of every row that passes the selection, divided by its channel's number of primaries."""
        return self._column(lambda channel: channel.final[0] / channel.rows.tried)

    @cached_property
    def power(self) -> Array:
        """Power of G of every row that passes the selection."""
        return self._column(lambda channel: np.full(len(channel.final[0]), channel.power))

    @cached_property
    def tau_survive(self) -> Array:
        """Decay lengths at G = 1 up to the window, of every row that passes the selection."""
        return self._column(lambda channel: channel.final[1])

    @cached_property
    def tau_window(self) -> Array:
        """Decay lengths at G = 1 inside the window, of every row that passes the selection."""
        return self._column(lambda channel: channel.final[2])

    def varied(self, name: str) -> "Sample":
        """Return the sample with the weights of a named alternative, from the same rows.

        Raises
        ------
        PhysicsError
            If the sample was not made with this alternative (``simulate(..., vary=True)``).
        """
        if name not in self.alternatives:
            known = ", ".join(self.alternatives) or "none: simulate with vary=True"
            raise PhysicsError(f"no alternative '{name}' in this sample ({known})")
        place = self.alternatives.index(name)
        channels = tuple(
            replace(
                channel,
                rows=replace(
                    channel.rows,
                    produced=channel.rows.produced * channel.rows.factors[place],
                    factors=np.empty((0, len(channel.rows.produced))),
                ),
            )
            for channel in self.channels_
        )
        return replace(self, channels_=channels, alternatives=(), replay=None)

    def _column(self, get: Callable[[Channel], Array]) -> Array:
        return np.concatenate([np.empty(0), *(get(channel) for channel in self.channels_)])

    def expected_events(self, coupling: Any) -> Yield:
        """Return the expected number of signal events at one coupling or an array of them.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1, finite and not negative.

        Returns
        -------
        Yield
            Value and Monte Carlo standard error, of the shape of `coupling`.

        Raises
        ------
        PhysicsError
            If a coupling is negative, infinite or not a number.
        """
        return self._total(coupling, lambda channel, g: channel.contributions(g))

    def upper_bound(self, couplings: Array) -> Array:
        """Return numbers that the yield cannot exceed, much faster than the yields.

        Sum of w G^p min(1, tau_window G^2) x exp(-least tau_survive G^2), by channel.
        """
        squares = np.square(couplings)
        total = np.zeros_like(couplings)
        for channel in self.channels_:
            weight, survive, window = channel.final
            if len(weight) == 0:
                continue
            scale = couplings**channel.power / channel.rows.tried
            weight = np.maximum(weight, 0.0)
            most = np.minimum(np.sum(weight), np.sum(weight * np.minimum(window, 1e200)) * squares)
            total += scale * most * np.exp(-np.min(survive) * squares)
        return total

    def slope(self, coupling: Any) -> Yield:
        """Return dN/dG and its standard error, analytic row by row."""
        return self._total(coupling, lambda channel, g: channel.slopes(g))

    def _total(self, coupling: Any, contributions: Callable[[Channel, float], Array]) -> Yield:
        couplings = np.asarray(coupling, dtype=float)
        if not np.all(np.isfinite(couplings) & (couplings >= 0.0)):
            raise PhysicsError("coupling must be finite and not negative")
        out = np.zeros((2, couplings.size))
        for k, g in enumerate(couplings.ravel()):
            parts = [
                mean_and_error(contributions(channel, float(g)), channel.rows.tried)
                for channel in self.channels_
                if g > 0.0
            ]
            out[:, k] = sum(part[0] for part in parts), np.sqrt(sum(part[1] ** 2 for part in parts))
        if couplings.ndim == 0:
            return Yield(float(out[0, 0]), float(out[1, 0]))
        return Yield(out[0].reshape(couplings.shape), out[1].reshape(couplings.shape))

    def channels(self, coupling: float) -> dict[str, Yield]:
        """Return the yield of each channel at one coupling."""
        return {
            channel.name: Yield(*mean_and_error(channel.contributions(coupling), channel.rows.tried))
            for channel in self.channels_
        }

    def cutflow(self, coupling: float) -> dict[str, Yield]:
        """Return cumulative yields: produced towards the detector, decaying inside, then after each cut.

        ``decays_inside`` and below include the branching ratio; the detection efficiency, where it is
        not 1, is the last entry, ``efficiency``, so that the last entry is always the signal yield.
        """
        names = ["produced_towards_detector", "decays_inside", *self.cut_names]
        levels: list[list[tuple[float, float]]] = [[] for _ in names]
        for channel in self.channels_:
            tried = channel.rows.tried
            levels[0].append(mean_and_error(coupling**channel.power * channel.towards, tried))
            for cuts in range(len(names) - 1):
                inside = channel.per_primary(channel.terms(channel.after(cuts), coupling))
                levels[cuts + 1].append(mean_and_error(inside, tried))
        out = {name: _added(level) for name, level in zip(names, levels, strict=True)}
        if any(channel.efficiency != 1.0 or len(channel.rows.efficiency) for channel in self.channels_):
            out["efficiency"] = self.expected_events(coupling)
        return out

    def efficiency(self, coupling: float) -> float:
        """Return the sampling efficiency (sum w)^2/(n sum w^2) at one coupling; n counts zero rows."""
        total, square = 0.0, 0.0
        for channel in self.channels_:
            share = channel.contributions(coupling) / max(channel.rows.tried, 1)
            total += float(np.sum(share))
            square += float(np.sum(np.square(share)))
        return total**2 / (self.n_samples * square) if square > 0.0 else 0.0

    def largest_row(self, coupling: float) -> float:
        """Return the share of the largest single row in the sum at one coupling."""
        peaks, total = [0.0], 0.0
        for channel in self.channels_:
            share = channel.contributions(coupling) / max(channel.rows.tried, 1)
            total += float(np.sum(share))
            peaks.append(float(np.max(share, initial=0.0)))
        return max(peaks) / total if total > 0.0 else 0.0

    def histogram(self, observable: str, edges: Any, coupling: float) -> BinnedYield:
        """Return the distribution of an observable at one coupling, after all cuts.

        Parameters
        ----------
        observable : str
            A name that cuts may use, e.g. ``E_photon`` or ``z_vertex``.
        edges : array (n + 1,)
            Increasing bin edges, in the observable's unit; what lies outside is not counted.
        coupling : float
            G in GeV^-1.
        """
        edges = np.asarray(edges, dtype=float)
        if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0.0):
            raise PhysicsError("histogram edges must be an increasing list of at least two numbers")
        if self.replay is None:
            raise PhysicsError("this sample cannot be replayed, so only its yields are known")
        value, variance = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
        for channel in self.channels_:
            tried = channel.rows.tried
            sums = np.zeros((2, len(edges) - 1))
            for values, weights in self.replay(channel.name, tried, coupling, observable):
                sums[0] += np.histogram(values, edges, weights=weights)[0]
                sums[1] += np.histogram(values, edges, weights=weights**2)[0]
            mean = sums[0] / tried
            value += mean
            variance += np.maximum(sums[1] / tried - mean**2, 0.0) / max(tried - 1, 1)
        return BinnedYield(edges, value, np.sqrt(variance))


def _added(parts: list[tuple[float, float]]) -> Yield:
    return Yield(sum(part[0] for part in parts), float(np.sqrt(sum(part[1] ** 2 for part in parts))))
