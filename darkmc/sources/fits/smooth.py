"""A fit as a shape: a smooth density, sampled in cells of the unit square and along momenta."""

from functools import cached_property

import numpy as np

from darkmc.core.inverse_tables import InverseTable
from darkmc.core.kinematics import Array
from darkmc.core.mixtures import Index
from darkmc.sources.fits.flat import CELLS, cells, integral, unfold
from darkmc.sources.fits.from_card import Fit
from darkmc.sources.shape import Density


class Smooth:
    """The shape that a fit is; tables are made when they are asked for.

    Parameters
    ----------
    fit : Fit
        The density.
    """

    def __init__(self, fit: Fit) -> None:
        self.fit = fit

    @property
    def largest_momentum(self) -> float:
        """Largest lab momentum in GeV."""
        return self.fit.largest_momentum

    @cached_property
    def integral(self) -> float:
        """Mesons over all momenta and angles."""
        return integral(self.fit) if self.fit.largest_momentum > 0.0 else 0.0

    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega; see :class:`Shape`."""
        return self.fit.density(momentum, cosine, transverse2)

    def proposal(self, momentum: Array) -> Array:
        """Return the density at theta = 0."""
        one = np.ones_like(momentum)
        return self.fit.density(momentum, one, 0.0 * one)

    def momentum_table(self, mixture: Density) -> InverseTable:
        """Return a table whose ends know how the forward density ends."""
        return InverseTable(mixture, 0.0, self.fit.largest_momentum, 1.0, self.fit.edge_power)

    @cached_property
    def _cells(self) -> tuple[Array, Array]:
        """Cumulative probability of the cells of the unit square, and 1/density in each."""
        return cells(self.fit)

    def _weights(self, cell: Index, square: Array, scale: float) -> tuple[Array, Array, Array]:
        momentum, theta, jacobian, cosine, transverse2 = unfold(self.fit, square)
        density = scale * self.fit.density(momentum, cosine, transverse2)
        return momentum, theta, density * jacobian * self._cells[1][cell]

    def prepare(self) -> None:
        """Make the cells."""
        self._cells  # noqa: B018

    def draw(self, uniform: Array, scale: float) -> tuple[Array, Array, Array]:
        """Return momentum, theta and weight; see :class:`Shape`."""
        cell = np.minimum(np.searchsorted(self._cells[0], uniform[0], side="right"), CELLS**2 - 1)
        square = np.stack([(cell // CELLS + uniform[1]) / CELLS, (cell % CELLS + uniform[2]) / CELLS])
        return self._weights(cell, square, scale)
