"""The universal row and what is read off it: yields, slopes, cutflows and histograms at any coupling.

    N(G) = sum_i weight_i G^power_i exp(-tau_survive_i G^2 - absorb_i G^2) (1 - exp(-tau_window_i G^2))

A sample belongs to one experiment and one pair of masses; the coupling enters only here.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import GROUPS, Estimate, Groups, Moments, Weights, combined, estimate
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import checked_couplings, numbers, whole_number
from darkmc.portals.dark_axion.facade import DarkAxionPortal
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


def _over(coupling: Numbers, yields: Callable[[float], Estimates]) -> Estimates:
    """Return estimates by name for one coupling, or arrays of the couplings' shape."""
    couplings = checked_couplings(coupling)
    if couplings.ndim == 0:
        return yields(float(couplings))
    found = [yields(float(g)) for g in couplings.ravel()]
    shape = couplings.shape
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
        return self._column(lambda channel: channel.final.weight / max(channel.rows.tried, 1))

    @cached_property
    def power(self) -> Array:
        """Power of G of every row that passes the selection."""
        return self._column(lambda channel: np.full(len(channel.final.weight), channel.power))

    @cached_property
    def tau_survive(self) -> Array:
        """Decay lengths at G = 1 up to the window, of every row that passes the selection."""
        return self._column(lambda channel: channel.final.survive)

    @cached_property
    def tau_window(self) -> Array:
        """Decay lengths at G = 1 inside the window, of every row that passes the selection."""
        return self._column(lambda channel: channel.final.window)

    @cached_property
    def absorb(self) -> Array:
        """Conversions on the way at G = 1, n sigma L, of every row that passes the selection."""
        return self._column(lambda channel: np.broadcast_to(_or_zero(channel), len(channel.final.weight)))

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

    def expected_events(self, coupling: Numbers) -> Yield:
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
        return _yields({"": self.estimate(coupling)})[""]

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

        Sum of w G^p min(1, tau_window G^2) x exp(-least tau_survive G^2 - least absorb G^2), by channel.
        """
        couplings = checked_couplings(couplings)
        squares = np.square(couplings)
        total = np.zeros_like(couplings)
        for channel in self.channel_rows:
            weight, survive, window, _ = channel.final
            if len(weight) == 0:
                continue
            scale = couplings**channel.power / channel.rows.tried
            weight = np.maximum(weight, 0.0)
            most = np.minimum(np.sum(weight), np.sum(weight * np.minimum(window, 1e200)) * squares)
            total += scale * most * np.exp(-(np.min(survive) + np.min(_or_zero(channel))) * squares)
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
            weight, _, window, _ = channel.final
            inside = -np.expm1(-np.minimum(window, 1e200) * coupling**2)
            scale = coupling**channel.power / max(channel.rows.tried, 1)
            total += scale * float(np.sum(np.maximum(weight, 0.0) * inside))
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

        return _over(coupling, total)[""]

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

        return _yields(_over(coupling, parts))

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
        return _yields(_over(coupling, self._cutflow))

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


def _or_zero(channel: Channel) -> Array:
    """Return what a channel's rows absorb, or one zero."""
    absorb = channel.final.absorb
    return absorb if len(absorb) else np.zeros(1)


def _one_coupling(what: str, coupling: Numbers) -> float:
    """Return one coupling, or raise PhysicsError."""
    couplings = checked_couplings(coupling)
    if couplings.size != 1:
        raise PhysicsError(f"{what} is that of one coupling, not of {couplings.size}")
    return float(couplings.reshape(1)[0])
