"""Cells of momentum and angle with a constant d2N/dp dOmega each: density and sampler from the same numbers.

Cells are in the lab angle, or in the transverse momentum (forward hemisphere only).  Close to the axis the
cells of a generator's table hold single events: those of one momentum that end below a p_T of 0.05 GeV
share one density, from theta = 0 on.  The contents of every other cell are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.core.estimates import Groups, group_of
from darkmc.core.kinematics import Array
from darkmc.core.mixtures import Index
from darkmc.sources.shape import Density
from darkmc.sources.tables.lookup import Bins, Guide

Factor = Callable[[Array, Array, Array], Array]
MERGED_TRANSVERSE = 0.05  # GeV
_PARTS = 2048  # of the momenta, in which a smooth factor of the density hardly changes
_SLICES = np.uint64(2**24)


def versine_measure(low: Array, high: Array, transverse: Array) -> Array:
    """Return the integral of 1 - sqrt(1 - pT^2/p^2) over momenta, GeV; 1 is integrated where p < pT.

    pT^2/(p + sqrt(p^2 - pT^2)) - pT asin(pT/p) between the ends: elementary, and free of cancellation where
    pT is far below p.
    """

    def primitive(p: Array) -> Array:
        above = np.maximum(p, transverse)
        ratio = np.divide(transverse, above, out=np.zeros_like(above), where=above > 0.0)
        root = above * np.sqrt((1.0 - ratio) * (1.0 + ratio))
        steep = np.divide(transverse**2, above + root, out=np.zeros_like(above), where=above > 0.0)
        return np.asarray(steep - transverse * np.arcsin(ratio) - (above - p))

    out: Array = primitive(high + 0.0 * transverse) - primitive(low + 0.0 * transverse)
    return out


def measures(momenta: Array, across: Array, in_transverse: bool) -> Array:
    """Return the integral of dp dOmega over every cell, GeV sr, shape (momenta, across).

    Parameters
    ----------
    momenta : array (n + 1,)
        Edges, GeV.
    across : array (m + 1,)
        Edges in the lab angle, rad, or in p_T, GeV.
    in_transverse : bool
        Which of the two.
    """
    low, high = momenta[:-1, None], momenta[1:, None]
    if in_transverse:
        room = np.maximum(np.diff(versine_measure(low, high, across[None, :]), axis=1), 0.0)
        return np.where(high > across[:-1], 2.0 * np.pi * room, 0.0)
    sines = 2.0 * np.sin(0.5 * (across[1:] + across[:-1])) * np.sin(0.5 * np.diff(across))
    return np.asarray(2.0 * np.pi * (high - low) * sines)


@dataclass(frozen=True, eq=False)
class Cells:
    """A shape of cells; see the module.

    Parameters
    ----------
    momenta : array (n + 1,)
        Edges, GeV.
    across : array (m + 1,)
        Edges in the lab angle, rad, or in p_T, GeV.
    in_transverse : bool
        Which of the two.
    contents : array (n, m)
        Mesons per interacting proton in every cell.
    events : array (n, m) or None
        How many events of a generator a cell holds, for its error; None: no errors.
    """

    momenta: Array
    across: Array
    in_transverse: bool
    contents: Array
    events: Array | None = None

    @cached_property
    def _first_edge(self) -> Array:
        """Lower edge of the first cell across, by momentum: 0 where it is close to the axis."""
        middle = 0.5 * (self.momenta[1:] + self.momenta[:-1])
        return np.where(self._aside(middle, self.across[0]) <= MERGED_TRANSVERSE, 0.0, self.across[0])

    def _aside(self, momentum: Array, edge: Any) -> Array:
        """Return the transverse momentum of an edge, GeV; infinite behind 90 degrees."""
        if self.in_transverse:
            return np.asarray(edge + 0.0 * momentum)
        return np.where(edge < 0.5 * np.pi, momentum * np.sin(edge), np.inf)

    @cached_property
    def _merged(self) -> Index:
        """How many cells share one density with the first, by momentum; at least that itself."""
        middle = 0.5 * (self.momenta[1:] + self.momenta[:-1])
        inside = self._aside(middle[:, None], self.across[None, 1:]) <= MERGED_TRANSVERSE * (1.0 + 1e-9)
        return np.asarray(np.maximum(np.sum(inside, axis=1), 1))

    @cached_property
    def measures(self) -> Array:
        """Integral of dp dOmega over every cell, GeV sr."""
        out = measures(self.momenta, self.across, self.in_transverse)
        reach = np.stack([np.zeros_like(self.across[:1]), self.across[:1]]).ravel()
        core = measures(self.momenta, reach, self.in_transverse)[:, 0]
        out[:, 0] += np.where(self._first_edge == 0.0, core, 0.0)
        return out

    @cached_property
    def _density(self) -> Array:
        """Mesons per GeV and sr in every cell."""
        out = np.divide(
            self.contents, self.measures, out=np.zeros_like(self.contents), where=self.measures > 0.0
        )
        place = np.arange(self.contents.shape[1])[None, :] < self._merged[:, None]
        total = np.sum(np.where(place, self.contents, 0.0), axis=1)
        room = np.sum(np.where(place, self.measures, 0.0), axis=1)
        core = np.divide(total, room, out=np.zeros_like(total), where=room > 0.0)
        return np.where(place, core[:, None], out)

    @cached_property
    def shares(self) -> Array:
        """Mesons in every cell as the density has them: the contents, but for cells that share one."""
        return np.asarray(self._density * self.measures)

    @cached_property
    def integral(self) -> float:
        """Mesons over all momenta and angles."""
        return float(np.sum(self.shares))

    @cached_property
    def largest_momentum(self) -> float:
        """Upper edge of the last momenta with mesons, GeV."""
        filled = np.flatnonzero(self._peak > 0.0)
        return float(self.momenta[filled[-1] + 1])

    @cached_property
    def _peak(self) -> Array:
        """Largest density at each momentum."""
        return np.asarray(np.max(self._density, axis=1))

    @cached_property
    def _bins(self) -> tuple[Bins, Bins]:
        """Bins of momenta, and of p_T^2 or tan^2(theta/2)."""
        across = self.across**2
        if not self.in_transverse:
            across = np.where(self.across < np.pi, np.tan(0.5 * self.across) ** 2, np.inf)
        return Bins(self.momenta), Bins(across)

    def _column(self, momentum: Array) -> tuple[Index, NDArray[np.bool_]]:
        column = self._bins[0](momentum)
        inside = (column >= 0) & (column < len(self._peak))
        return np.where(inside, column, 0), inside

    def cell(self, momentum: Array, cosine: Array, transverse2: Array) -> tuple[Index, NDArray[np.bool_]]:
        """Return the number of the cell that holds each meson, and whether one does."""
        column, inside = self._column(momentum)
        where = transverse2
        if not self.in_transverse:  # tan^2(theta/2)
            with np.errstate(divide="ignore", invalid="ignore"):
                where = transverse2 / np.square(momentum * (1.0 + cosine))
        row = self._bins[1](where)
        if self.across[0] > 0.0:
            row = np.where((row < 0) & (self._first_edge[column] == 0.0), 0, row)
        inside &= (row >= 0) & (row < self.contents.shape[1])
        if self.in_transverse:
            inside &= cosine >= 0.0
        return np.where(inside, column * self.contents.shape[1] + row, 0), inside

    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega; see :class:`Shape`."""
        cell, inside = self.cell(momentum, cosine, transverse2)
        return np.where(inside, np.take(self._density.ravel(), cell), 0.0)

    def proposal(self, momentum: Array) -> Array:
        """Return the largest density at any angle: at theta = 0 there may be none."""
        column, inside = self._column(momentum)
        return np.where(inside, self._peak[column], 0.0)

    def momentum_table(self, mixture: Density) -> "Steps":
        """Return what draws momenta from the proposal times smooth factors."""
        parts = max(_PARTS // len(self._peak), 1)
        fractions = np.arange(parts) / parts
        edges = (self.momenta[:-1, None] + np.diff(self.momenta)[:, None] * fractions).ravel()
        return Steps(np.append(edges, self.momenta[-1]), mixture)

    def prepare(self) -> None:
        """Make what guides the draws."""
        self._guide  # noqa: B018

    @cached_property
    def _guide(self) -> Guide:
        return Guide(self.shares.ravel())

    def draw(self, uniform: Array, scale: float) -> tuple[Array, Array, Array]:
        """Return momentum, theta and weight; see :class:`Shape`.

        In cells of angle all weights are alike.  In cells of p_T momenta are drawn flat in 1/p, to which
        the solid angle per momentum adds one more power.
        """
        cell = self._guide.pick(uniform[0])
        column, row = np.divmod(cell, self.contents.shape[1])
        low, high = self.momenta[column], self.momenta[column + 1]
        first = np.where(row == 0, self._first_edge[column], self.across[row])
        last = self.across[row + 1]
        if not self.in_transverse:
            momentum = low + (high - low) * uniform[1]
            return momentum, _between(first, last, uniform[2]), np.full(len(cell), scale * self.integral)
        low = np.maximum(low, first)
        momentum = 1.0 / (1.0 / low + (1.0 / high - 1.0 / low) * uniform[1])
        flat = 1.0 / (momentum**2 * (1.0 / low - 1.0 / high))
        below, above = (np.arcsin(np.minimum(edge / momentum, 1.0)) for edge in (first, last))
        theta = _between(below, above, uniform[2])
        room = 4.0 * np.pi * np.sin(0.5 * (below + above)) * np.sin(0.5 * (above - below))
        chance = self.measures.ravel()[cell] * flat
        return momentum, theta, scale * self.integral * room / chance

    def groups(self, momentum: Array, cosine: Array, transverse2: Array) -> Groups:
        """Return groups of mesons as if they were the events of the table; see `darkmc.core.estimates`.

        A cell of n events is n slices of momentum, each of which goes to one group.
        """
        assert self.events is not None
        cell, _ = self.cell(momentum, cosine, transverse2)
        column = cell // self.contents.shape[1]
        part = (momentum - self.momenta[column]) / (self.momenta[column + 1] - self.momenta[column])
        number = self._shared_events.ravel()[cell]
        slices = np.clip(part * number, 0.0, np.maximum(number - 1.0, 0.0)).astype(np.uint64)
        alone = self.whose.ravel()[cell].astype(np.uint64)
        return group_of(alone * _SLICES + slices % _SLICES)

    @cached_property
    def _shared_events(self) -> Array:
        """Events of the cells that share a density, of every cell; at least one."""
        assert self.events is not None
        place = np.arange(self.contents.shape[1])[None, :] < self._merged[:, None]
        total = np.sum(np.where(place, self.events, 0.0), axis=1)
        return np.asarray(np.maximum(np.rint(np.where(place, total[:, None], self.events)), 1.0))

    @cached_property
    def whose(self) -> Index:
        """The number of every cell, that of the first for those that share its density."""
        n, m = self.contents.shape
        numbers = np.arange(n * m).reshape(n, m)
        place = np.arange(m)[None, :] < self._merged[:, None]
        return np.where(place, numbers[:, :1], numbers)

    def times(self, factors: Sequence[Factor]) -> "Cells":
        """Return the cells with contents times factors of momentum, cosine and pT^2 in the middle of each."""
        middle = 0.5 * (self.momenta[1:] + self.momenta[:-1])[:, None]
        aside = 0.5 * (self.across[1:] + self.across[:-1])[None, :]
        theta = np.arcsin(np.minimum(aside / middle, 1.0)) if self.in_transverse else aside + 0.0 * middle
        p = (middle + 0.0 * theta).ravel()
        cosine, transverse2 = np.cos(theta).ravel(), np.square(p * np.sin(theta).ravel())
        contents = self.contents
        for factor in factors:
            contents = contents * factor(p, cosine, transverse2).reshape(contents.shape)
        return replace(self, contents=contents)

    def shifted(self, errors: float) -> "Cells":
        """Return the cells with every content moved by so many of its errors, none below zero."""
        if self.events is None:
            return self
        factor = 1.0 + errors / np.sqrt(np.maximum(self._shared_events, 1.0))
        return replace(self, contents=self.contents * np.maximum(factor, 0.0))


class Steps:
    """Draw momenta from a density with steps: flat between fixed edges, so that no step is missed.

    Parameters
    ----------
    edges : array (n + 1,)
        GeV.
    density : callable
        Positive in the middle of every part in which it is positive anywhere.
    """

    def __init__(self, edges: Array, density: Density) -> None:
        width = np.diff(edges)
        content = density(0.5 * (edges[1:] + edges[:-1])) * width
        self._guide = Guide(content)
        filled = content > 0.0
        self._low, self._high = edges[:-1][filled], np.nextafter(edges[1:][filled], 0.0)
        self._below = self._guide.below
        chance = np.diff(self._below)
        # parts below the last digit of the whole have no room in it, and are never drawn
        self._slope = np.divide(width[filled], chance, out=np.zeros(len(chance)), where=chance > 0.0)

    def sample(self, uniform: Array) -> tuple[Array, Array]:
        """Return momenta and dp/du for uniform numbers in [0, 1)."""
        part = self._guide.place(uniform)
        slope = self._slope[part]
        low = self._low[part]
        return np.clip(low + slope * (uniform - self._below[part]), low, self._high[part]), slope


def _between(first: Array, last: Array, uniform: Array) -> Array:
    """Return angles (rad) between two, flat in solid angle; through 1 - cos, which keeps small ones."""
    below, above = (np.sin(0.5 * angle) ** 2 for angle in (first, last))
    out: Array = 2.0 * np.arcsin(np.sqrt(np.minimum(below + (above - below) * uniform, 1.0)))
    return out
