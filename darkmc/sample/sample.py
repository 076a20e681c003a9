"""What is read off rows: yields, slopes, cutflows and histograms at any coupling, yields at any lifetime.

    N(G) = sum_i weight_i G^power_i exp(-(tau_survive_i + absorb_i) G^2) (1 - exp(-tau_window_i G^2))
           (1 - exp(-tau_second_i G^2)),  tau = proper length over c tau at G = 1

where nothing but the coupling makes decay; :mod:`darkmc.sample.rows` has the whole.  A sample belongs to one
experiment and one pair of masses; coupling and lifetime enter only here.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import Estimate, Moments
from darkmc.core.kinematics import Numbers
from darkmc.core.units import whole_number
from darkmc.portals.portal import Portal
from darkmc.sample.histogram import Replay, binned
from darkmc.sample.known import Known
from darkmc.sample.passing import PassingRows
from darkmc.sample.point import checked_ctau, checked_ratios, checked_width
from darkmc.sample.rows import NO_FACTORS, Channel
from darkmc.sample.sums import sums, sums_at, sums_towards
from darkmc.sample.told import Explainer, Told
from darkmc.sample.yields import BinnedYield, Stream, Yield, as_yields, one_coupling, over_points

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False, repr=False)
class Sample(Told, PassingRows):
    """Monte Carlo rows of one experiment at one pair of masses.

    Attributes
    ----------
    channel_rows : tuple of Channel
        Independent streams; their variances add.
    cut_names : tuple of str
        Names of the cuts, in order.
    portal : Portal or None
        With the masses for which it was made; None of rows by themselves.
    inside : str
        What the cutflow calls events inside the volume, before any cut.
    experiment : str
        Name of the card that it was made for.
    alternatives : tuple of str
        Named alternatives whose weights the rows carry.
    seed, seconds, cpu_seconds, warnings
        How it was made; the times, of a clock and of the process's CPUs, are those of the sampling alone.
    replay, explainer : callable
        Makes the lab events of the rows again, for histograms; says where they come from.
    known : Known
        What was found out about the rows before.

    Examples
    --------
    >>> import darkmc
    >>> charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(m_dark_photon=0.03)
    >>> sample = charm.simulate(portal, n_samples=20000, seed=1)
    >>> list(sample.cutflow(6e-5))
    ['produced_towards_detector', 'decays_inside', 'energy', 'forward_shower']
    """

    cut_names: tuple[str, ...]
    seed: int
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    closed: str | None = None
    alternatives: tuple[str, ...] = ()
    portal: Portal | None = None
    inside: str = "decays_inside"
    experiment: str = ""
    cpu_seconds: float = 0.0
    replay: Replay | None = None
    explainer: Explainer | None = None
    known: Known = field(default_factory=Known)

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """Return what was found before, under a key, about these rows, or find it."""
        return self.known.once(self.channel_rows, key, find)

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
                    entries=of[place] if len(of := channel.rows.factor_entries) else channel.rows.entries,
                    factor_entries=NO_FACTORS,
                ),
            )
            for channel in self.channel_rows
        )
        return replace(self, channel_rows=channels, alternatives=(), replay=None, known=Known())

    def in_bin(self, number: int) -> "Sample":
        """Return the sample with the rows in one bin of the observation only, of as many primaries tried."""
        number = whole_number("the bin", number)
        channels = tuple(channel.in_bin(number) for channel in self.channel_rows)
        return replace(self, channel_rows=channels, replay=None, known=Known())

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

        def moments(channel: Channel, points: Sequence[tuple[float, ...]]) -> Moments:
            given = [(g, None if math.isnan(length) else length, width) for g, length, width in points]
            return sums(channel, [channel.unstable.at(*point, ratios) for point in given])

        streams = {"": [partial(moments, channel) for channel in self.channel_rows]}
        return as_yields(over_points(streams, coupling, lengths, checked_width(invisible_width)))[""]

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
        return over_points({"": [partial(sums_at, channel) for channel in self.channel_rows]}, coupling)[""]

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
        g = one_coupling("what is unseen", coupling)
        parts = ((channel.name, channel.weights(g)) for channel in self.channel_rows)
        return tuple(name for name, part in parts if math.isinf(part.unseen))

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
        return as_yields(
            over_points({"": [partial(sums_at, c, slopes=True) for c in self.channel_rows]}, coupling)
        )[""]

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
        return as_yields(over_points({c.name: [partial(sums_at, c)] for c in self.channel_rows}, coupling))

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
        channels = self.channel_rows
        towards: list[Stream] = [
            partial(sums_towards, channel) for channel in channels if channel.counts_primaries
        ]
        streams = {"produced_towards_detector": towards}
        for cuts, name in enumerate((self.inside, *self.cut_names)):
            streams[name] = [partial(sums_at, channel, cuts=cuts) for channel in channels]
        if any(channel.efficiency != 1.0 or len(channel.rows.efficiency) for channel in channels):
            streams["efficiency"] = [partial(sums_at, channel) for channel in channels]
        return as_yields(over_points(streams, coupling))

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
        return binned(self.channel_rows, self.replay, observable, edges, coupling)
