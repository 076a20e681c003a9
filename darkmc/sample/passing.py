"""Rows that pass the selection: as arrays, how well they were sampled, and what is absorbed of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import estimate
from darkmc.core.flight import decay_chance
from darkmc.core.kinematics import Array
from darkmc.sample.rows import Channel
from darkmc.sample.terms import Terms, terms
from darkmc.sample.yields import one_coupling


@dataclass(frozen=True, eq=False)
class PassingRows:
    """The rows of some channels that pass the selection; what a sample says of them by themselves."""

    channel_rows: tuple[Channel, ...]

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

    @property
    def width(self) -> float:
        """Width of the cells that rows are in, in the logarithm of what is survived; 0: they are in none."""
        return max((channel.width for channel in self.channel_rows), default=0.0)

    def _column(self, get: Callable[[Channel], Array]) -> Array:
        if self.width > 0.0:
            raise PhysicsError(
                "this sample has no single rows: they were so many that they were put into cells "
                f"{self.width:.2g} wide; yields, errors, slopes and limits are known, rows those of a sample "
                "with fewer primaries (n_samples)"
            )
        return np.concatenate([np.empty(0), *(get(channel) for channel in self.channel_rows)])

    def terms(self, binned: bool = False) -> list[Terms]:
        """Return the rows as terms of N(G) alone; `binned`: those in bins of the observation, with them."""
        return terms(self.channel_rows, binned)

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
        coupling, total = one_coupling("a share", coupling), 0.0
        for channel in self.channel_rows:
            rows = channel.final_in_lifetimes
            inside = decay_chance(rows.window, coupling**2) * decay_chance(rows.second, coupling**2)
            scale = coupling**rows.power / max(channel.rows.tried, 1)
            total += scale * float(np.sum(np.maximum(rows.weight, 0.0) * inside))
        return _number(self.channel_rows, coupling) / total if total > 0.0 else 0.0

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
        coupling = one_coupling("a share", coupling)
        counted, whole = (
            _number([replace(channel, absorbing=on) for channel in self.channel_rows], coupling)
            for on in (True, False)
        )
        return 1.0 - counted / whole if whole > 0.0 else 0.0

    def _shares(self, coupling: float) -> tuple[Array, Array, Array]:
        """Return what every primary that passes adds to the yield, its square, and the largest behind it."""
        g = one_coupling("a share", coupling)
        parts = [
            c.as_weights(c.contributions(g) / max(c.rows.tried, 1), 0.0, c.n_cuts) for c in self.channel_rows
        ]
        shares = [part.values for part in parts]
        squares = [np.square(p.values) / (p.entries if len(p.entries) else 1.0) for p in parts]
        largest = [p.values * (p.tops if len(p.tops) else 1.0) for p in parts]
        none = [np.empty(0)]
        return np.concatenate(none + shares), np.concatenate(none + squares), np.concatenate(none + largest)

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
        shares, squares, _ = self._shares(coupling)
        square = float(np.sum(squares))
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
        shares, _, largest = self._shares(coupling)
        total = float(np.sum(shares))
        return float(np.max(largest, initial=0.0)) / total if total > 0.0 else 0.0


def _number(channels: Iterable[Channel], coupling: float) -> float:
    """Return the yield of some channels at one coupling."""
    return float(estimate([c.weights(coupling) for c in channels] if coupling > 0.0 else []).value)
