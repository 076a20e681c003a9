"""What is read off rows: yields, slopes, cutflows and histograms at any coupling, yields at any lifetime.

    N(G) = sum_i weight_i G^power_i exp(-(tau_survive_i + absorb_i) G^2) (1 - exp(-tau_window_i G^2))
           (1 - exp(-tau_second_i G^2)),  tau = proper length over c tau at G = 1

where nothing but the coupling makes decay; :mod:`darkmc.sample.rows` has the whole.  A sample belongs to one
experiment and one pair of masses; coupling and lifetime enter only here.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import GROUPS, Estimate, Groups, Moments, Weights, combined, estimate
from darkmc.core.flight import decay_chance
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import checked_couplings, numbers, whole_number
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.sample.point import checked_ctau, checked_ratios, checked_width
from darkmc.sample.rows import Channel

# (channel, primaries, coupling, observable) -> of passing rows, in chunks: values, weights per primary, and
# groups of the list's entries (none without a list)
Replay = Callable[[str, int, float, str], Iterator[tuple[Array, Array, Groups]]]


class Yield(NamedTuple):
    """A number of events and its Monte Carlo standard error; floats, or arrays over couplings.

    The error holds that of the draws and that of a finite list of mesons, in quadrature.  It is infinite
    where it is unknown: below 10 effective entries, or where nothing at all was seen of a channel.

    Examples
    --------
    >>> import darkmc
    >>> value, error = darkmc.Yield(2.0, 0.1)
    """

    value: Numbers
    error: Numbers


class BinnedYield(NamedTuple):
    """Yields in bins: edges (n + 1,), values and standard errors (n,), inf below 10 effective entries.

    Examples
    --------
    >>> import darkmc
    >>> charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(m_dark_photon=0.03)
    >>> sample = charm.simulate(portal, n_samples=20000, seed=1)
    >>> edges, value, error = sample.histogram("E_photon", [3.0, 10.0, 30.0], coupling=6e-5)
    >>> bool((value > 5.0 * error).all())
    True
    """

    edges: Array
    value: Array
    error: Array


Estimates = dict[str, Estimate]


def _over(yields: Callable[..., Estimates], coupling: Numbers, *more: Array) -> Estimates:
    """Return estimates by name for one coupling, or arrays; further arguments broadcast with it."""
    try:
        points = np.broadcast_arrays(checked_couplings(coupling), *more)
    except ValueError:
        raise PhysicsError("couplings, lifetimes and widths have shapes that do not fit together") from None
    if points[0].ndim == 0:
        return yields(*map(float, points))
    found = [yields(*map(float, one)) for one in zip(*(part.ravel() for part in points), strict=True)]
    shape = points[0].shape
    return {
        name: Estimate(*(np.array([part[name][k] for part in found]).reshape(shape) for k in range(3)))
        for name in (found[0] if found else {"": None})
    }


def _yields(estimates: Estimates) -> dict[str, Yield]:
    return {name: Yield(found.value, found.error) for name, found in estimates.items()}


@dataclass(frozen=True, eq=False)
class Sample:
    """Monte Carlo rows of one experiment at one pair of masses.

    Attributes
    ----------
    channel_rows : tuple of Channel
        Independent streams; their variances add.
    cut_names : tuple of str
        Names of the cuts, in order.
    portal : DarkAxionPortal or None
        With the masses for which it was made; None of rows by themselves.
    inside : str
        What the cutflow calls events inside the volume, before any cut.
    experiment : str
        Name of the card that it was made for.
    alternatives : tuple of str
        Named alternatives whose weights the rows carry.
    seed, seconds, warnings
        How it was made; the time is that of the sampling alone.
    replay : callable
        Makes the lab events of the rows again, for histograms.

    Examples
    --------
    >>> import darkmc
    >>> charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(m_dark_photon=0.03)
    >>> sample = charm.simulate(portal, n_samples=20000, seed=1)
    >>> list(sample.cutflow(6e-5))
    ['produced_towards_detector', 'decays_inside', 'energy', 'forward_shower']
    """

    channel_rows: tuple[Channel, ...]
    cut_names: tuple[str, ...]
    seed: int
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    closed: str | None = None
    alternatives: tuple[str, ...] = ()
    portal: DarkAxionPortal | None = None
    inside: str = "decays_inside"
    experiment: str = ""
    replay: Replay | None = field(default=None, repr=False)

    @property
    def n_samples(self) -> int:
        """Number of primaries tried, over all channels."""
        return sum(channel.rows.tried for channel in self.channel_rows)

    @cached_property
    def weight(self) -> Array:
        """Weight of every row that passes the selection, divided by its channel's number of primaries."""
        return self._column(lambda channel: channel.final_in_lifetimes.weight / max(channel.rows.tried, 1))

    @cached_property
    def power(self) -> Array:
        """Power of G of every row that passes the selection."""
        return self._column(
            lambda channel: np.full(len(channel.final.weight), channel.final_in_lifetimes.power)
        )

    @cached_property
    def tau_survive(self) -> Array:
        """Decay lengths at G = 1 up to the window, of every row that passes the selection."""
        return self._column(lambda channel: channel.final_in_lifetimes.survive)

    @cached_property
    def tau_window(self) -> Array:
        """Decay lengths at G = 1 inside the window, of every row that passes the selection."""
        return self._column(lambda channel: channel.final_in_lifetimes.window)

    @cached_property
    def tau_second(self) -> Array:
        """Decay lengths at G = 1 inside a second window, of every row that passes; inf: there is none."""
        return self._column(lambda channel: channel.final_in_lifetimes.second)

    @cached_property
    def absorb(self) -> Array:
        """Conversions on the way at G = 1, n sigma L, of every row that passes the selection."""
        return self._column(lambda channel: channel.final_in_lifetimes.absorb)

    def varied(self, name: str) -> "Sample":
        """Return the sample with the weights of a named alternative, from the same rows.

        Parameters
        ----------
        name : str
            One of ``alternatives``.

        Returns
        -------
        Sample
            Of the same rows; it has no histograms.

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
            for channel in self.channel_rows
        )
        return replace(self, channel_rows=channels, alternatives=(), replay=None)

    def in_bin(self, number: int) -> "Sample":
        """Return the sample with the rows in one bin of the observation only, of as many primaries tried."""
        number = whole_number("the bin", number)
        channels = tuple(channel.in_bin(number) for channel in self.channel_rows)
        return replace(self, channel_rows=channels, replay=None)

    def _column(self, get: Callable[[Channel], Array]) -> Array:
        return np.concatenate([np.empty(0), *(get(channel) for channel in self.channel_rows)])

    def expected_events(
        self,
        coupling: Numbers,
        ctau: Numbers | None = None,
        invisible_width: Numbers = 0.0,
        branching: Mapping[str, float] | None = None,
    ) -> Yield:
        """Return the expected number of signal events at couplings, and at lifetimes of the unstable state.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1, finite and not negative.
        ctau : float or array, optional
            c tau of the heavier dark state in m, above zero or infinite, whatever the coupling; None: that
            which follows from the coupling.
        invisible_width : float or array
            Width to what no detector sees, GeV, beside those decays: it shortens the lifetime, lowers their
            branching ratios, and vetoes do not see it.
        branching : mapping, optional
            Branching ratios by final state that belong to `ctau`; what they lack to 1 is not seen either.
            None: those of the portal.

        Returns
        -------
        Yield
            Value and Monte Carlo standard error, of the shape to which the arguments broadcast.

        Raises
        ------
        PhysicsError
            If a coupling is negative, infinite or not a number, a lifetime or a width is out of range, or a
            branching ratio is unknown or they exceed 1.

        Examples
        --------
        >>> import darkmc
        >>> sample = darkmc.Experiment("charm-finegrained").simulate(
        ...     darkmc.DarkAxionPortal(0.03), n_samples=20000
        ... )
        >>> shorter = sample.expected_events(5e-5, invisible_width=[0.0, 1e-15])
        >>> bool(shorter.value[1] < shorter.value[0])
        True
        """
        ratios = None if branching is None else checked_ratios(branching)
        lengths = np.array(np.nan) if ctau is None else checked_ctau(ctau)

        def total(g: float, length: float, width: float) -> Estimates:
            given = None if math.isnan(length) else length
            points = (c.unstable.at(g, given, width, ratios) for c in self.channel_rows)
            pairs = zip(self.channel_rows, points, strict=True)
            return {"": estimate([c.weights(point) for c, point in pairs] if g > 0.0 else [])}

        return _yields(_over(total, coupling, lengths, checked_width(invisible_width)))[""]

    def estimate(self, coupling: Numbers) -> Estimate:
        """Return the expected number of events with both errors: of the draws, and of a finite list.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1, finite and not negative.

        Returns
        -------
        Estimate
            Value, draw_error and list_error, of the shape of `coupling`.

        Raises
        ------
        PhysicsError
            If a coupling is negative, infinite or not a number.
        """
        return self._total(coupling, Channel.weights)

    def draw_error(self, coupling: Numbers) -> Numbers:
        """Return the standard error of the draws alone, to which `precision` refers.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1, finite and not negative.

        Returns
        -------
        float or array
            Events; inf where it is unknown.

        Raises
        ------
        PhysicsError
            If a coupling is negative, infinite or not a number.
        """
        return self.estimate(coupling).draw_error

    def list_error(self, coupling: Numbers) -> Numbers:
        """Return the standard error from the size of the lists of mesons.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1, finite and not negative.

        Returns
        -------
        float or array
            Events; 0 without lists, inf where it is unknown.

        Raises
        ------
        PhysicsError
            If a coupling is negative, infinite or not a number.
        """
        return self.estimate(coupling).list_error

    def unseen(self, coupling: float) -> tuple[str, ...]:
        """Return the channels of which nothing was seen that would tell how much they may contribute."""
        g = _one_coupling("what is unseen", coupling)
        parts = ((channel.name, channel.weights(g)) for channel in self.channel_rows)
        return tuple(name for name, part in parts if math.isinf(part.unseen))

    def upper_bound(self, couplings: Array) -> Array:
        """Return numbers that the yield cannot exceed, much faster than the yields.

        Sum of w G^p min(1, windows G^2) exp(-least (tau_survive + absorb) G^2), by channel.
        """
        couplings = checked_couplings(couplings)
        squares = np.square(couplings)
        total = np.zeros_like(couplings)
        for channel in self.channel_rows:
            rows = channel.final_in_lifetimes
            if len(rows.weight) == 0:
                continue
            weight, window = np.maximum(rows.weight, 0.0), np.minimum(rows.window, 1e200)
            most = np.minimum(np.sum(weight), np.sum(weight * window) * squares)
            least = np.min(rows.survive) + np.min(rows.absorb)
            total += couplings**rows.power / channel.rows.tried * most * np.exp(-least * squares)
        return total

    def surviving(self, coupling: float) -> float:
        """Return the yield at one coupling over what it would be if nothing were absorbed on the way.

        Parameters
        ----------
        coupling : float
            G in GeV^-1, finite and not negative.

        Returns
        -------
        float
            0 to 1.

        Raises
        ------
        PhysicsError
            If it is not one coupling, or one that is negative, infinite or not a number.
        """
        coupling, total = _one_coupling("a share", coupling), 0.0
        for channel in self.channel_rows:
            rows = channel.final_in_lifetimes
            inside = decay_chance(rows.window, coupling**2) * decay_chance(rows.second, coupling**2)
            scale = coupling**rows.power / max(channel.rows.tried, 1)
            total += scale * float(np.sum(np.maximum(rows.weight, 0.0) * inside))
        return float(self.expected_events(coupling).value) / total if total > 0.0 else 0.0

    def absorbed(self, coupling: float) -> float:
        """Return the share of the yield at one coupling that is lost in a shield, counted or not.

        Parameters
        ----------
        coupling : float
            G in GeV^-1, finite and not negative.

        Returns
        -------
        float
            0 to 1; 0 where the rows say nothing of it.

        Raises
        ------
        PhysicsError
            If it is not one coupling, or one that is negative, infinite or not a number.
        """
        counted, whole = (
            replace(
                self, channel_rows=tuple(replace(c, absorbing=on) for c in self.channel_rows), replay=None
            )
            for on in (True, False)
        )
        total = float(whole.expected_events(coupling).value)
        return 1.0 - float(counted.expected_events(coupling).value) / total if total > 0.0 else 0.0

    def slope(self, coupling: Numbers) -> Yield:
        """Return dN/dG, analytic row by row.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1, finite and not negative.

        Returns
        -------
        Yield
            GeV, of the shape of `coupling`.

        Raises
        ------
        PhysicsError
            If a coupling is negative, infinite or not a number.
        """
        return _yields({"": self._total(coupling, Channel.slope_weights)})[""]

    def _total(self, coupling: Numbers, weights: Callable[[Channel, float], Weights]) -> Estimate:
        def total(g: float) -> Estimates:
            return {"": estimate([weights(channel, g) for channel in self.channel_rows] if g > 0.0 else [])}

        return _over(total, coupling)[""]

    def channels(self, coupling: Numbers) -> dict[str, Yield]:
        """Return the yield of each channel.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1, finite and not negative.

        Returns
        -------
        dict of Yield
            By the channel's name, of the shape of `coupling`.

        Raises
        ------
        PhysicsError
            If a coupling is negative, infinite or not a number.
        """

        def parts(g: float) -> Estimates:
            return {
                channel.name: estimate([channel.weights(g)] if g > 0.0 else [])
                for channel in self.channel_rows
            }

        return _yields(_over(parts, coupling))

    def cutflow(self, coupling: Numbers) -> dict[str, Yield]:
        """Return cumulative yields: produced towards the detector, decaying inside, then after each cut.

        ``decays_inside`` (``scatters_inside``) and below include the branching ratio; the detection
        efficiency, where it is not 1, is the last entry, ``efficiency``, so that the last entry is always
        the signal yield. With conversion as a signal the first entry counts every dark state that points
        at the volume, by production and conversion at once.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1, finite and not negative.

        Returns
        -------
        dict of Yield
            In the order of the cuts, of the shape of `coupling`.

        Raises
        ------
        PhysicsError
            If a coupling is negative, infinite or not a number.
        """
        return _yields(_over(self._cutflow, coupling))

    def _cutflow(self, coupling: float) -> Estimates:
        channels = self.channel_rows if coupling > 0.0 else ()
        towards = [c.weights_towards(coupling) for c in channels if c.counts_primaries]
        out = {"produced_towards_detector": estimate(towards)}
        for cuts, name in enumerate((self.inside, *self.cut_names)):
            out[name] = estimate([channel.weights(coupling, cuts) for channel in channels])
        if any(channel.efficiency != 1.0 or len(channel.rows.efficiency) for channel in self.channel_rows):
            out["efficiency"] = self.estimate(coupling)
        return out

    def _shares(self, coupling: float) -> Array:
        """Return the contribution of every primary that passes to the yield at one coupling."""
        g = _one_coupling("a share", coupling)
        parts = [c.contributions(g) / c.rows.tried for c in self.channel_rows if c.rows.tried]
        return np.concatenate([np.empty(0), *parts])

    def efficiency(self, coupling: float) -> float:
        """Return the sampling efficiency (sum w)^2/(n sum w^2); n counts rows of weight zero.

        Parameters
        ----------
        coupling : float
            G in GeV^-1, finite and not negative.

        Returns
        -------
        float
            0 to 1; 0 where nothing passes.

        Raises
        ------
        PhysicsError
            If it is not one coupling, or one that is negative, infinite or not a number.
        """
        shares = self._shares(coupling)
        square = float(np.sum(np.square(shares)))
        return float(np.sum(shares)) ** 2 / (self.n_samples * square) if square > 0.0 else 0.0

    def largest_row(self, coupling: float) -> float:
        """Return the share of the largest single row in the sum.

        Parameters
        ----------
        coupling : float
            G in GeV^-1, finite and not negative.

        Returns
        -------
        float
            0 to 1; 0 where nothing passes.

        Raises
        ------
        PhysicsError
            If it is not one coupling, or one that is negative, infinite or not a number.
        """
        shares = self._shares(coupling)
        total = float(np.sum(shares))
        return float(np.max(shares, initial=0.0)) / total if total > 0.0 else 0.0

    def histogram(self, observable: str, edges: ArrayLike, coupling: float) -> BinnedYield:
        """Return the distribution of an observable at one coupling, after all cuts.

        Parameters
        ----------
        observable : str
            A name that cuts may use, e.g. ``E_photon`` or ``z_vertex``.
        edges : array (n + 1,)
            Increasing bin edges, in the observable's unit; what lies outside is not counted.
        coupling : float
            G in GeV^-1.

        Returns
        -------
        BinnedYield
            Values and standard errors in n bins.

        Raises
        ------
        PhysicsError
            If the edges do not increase, it is not one coupling, no event has the observable, or the
            sample's events cannot be made again.
        """
        edges = numbers("edges", edges)
        if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0.0):
            raise PhysicsError("histogram edges must be an increasing list of at least two numbers")
        if self.replay is None and self.channel_rows:
            raise PhysicsError("this sample cannot be replayed, so only its yields are known")
        coupling, found = _one_coupling("a histogram", coupling), False
        parts = []
        for channel in self.channel_rows:
            made = self.replay(channel.name, channel.rows.tried, coupling, observable) if self.replay else ()
            sums, groups = np.zeros((3, len(edges) - 1)), np.zeros((GROUPS, len(edges) - 1))
            for values, weights, group in made:
                found = True
                for k, power in enumerate((weights, np.abs(weights), weights**2)):
                    sums[k] += np.histogram(values, edges, weights=power)[0]
                if len(channel.list_shares):
                    groups += np.histogram2d(
                        group, values, (np.arange(GROUPS + 1) - 0.5, edges), weights=weights
                    )[0]
            parts.append(Moments(channel.rows.tried, sums[0], sums[1], sums[2], groups, channel.list_shares))
        if self.channel_rows and not found:
            raise PhysicsError(f"no event of this sample has '{observable}'")
        total = combined(parts)
        ones = np.ones(len(edges) - 1)
        return BinnedYield(edges, total.value * ones, total.error * ones)


def _one_coupling(what: str, coupling: Numbers) -> float:
    """Return one coupling, or raise PhysicsError."""
    couplings = checked_couplings(coupling)
    if couplings.size != 1:
        raise PhysicsError(f"{what} is that of one coupling, not of {couplings.size}")
    return float(couplings.reshape(1)[0])
