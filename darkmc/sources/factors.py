"""By what a density of mesons is multiplied: all generations over the first, or one nucleus over another.

Factors are known at nodes of momentum p and of t = 2 p tan(theta/2), which is p_T ahead and grows without
bound backwards; between nodes they are linear in ln p and in t, beyond them those of the last node.
"""

from dataclasses import dataclass, replace

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.mixtures import Index
from darkmc.sources.fits.from_card import LikeFit


def transverse_measure(momentum: Array, cosine: Array, transverse2: Array) -> Array:
    """Return 2 p tan(theta/2) = 2 p_T/(1 + cos theta) in GeV; infinite straight backwards."""
    del momentum
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(transverse2 > 0.0, 2.0 * np.sqrt(transverse2) / (1.0 + cosine), 0.0)


@dataclass(frozen=True, eq=False)
class Factors:
    """Factors on a grid.

    Parameters
    ----------
    momenta : array (n,)
        Nodes, GeV.
    aside : array (m,)
        Nodes of t, GeV.
    values, errors : array (n, m)
        Factors, and their errors: statistical and of the model, in quadrature.
    """

    momenta: Array
    aside: Array
    values: Array
    errors: Array

    def shifted(self, errors: float) -> "Factors":
        """Return the factors moved by so many of their errors, none below zero."""
        return replace(self, values=np.maximum(self.values + errors * self.errors, 0.0))

    def __call__(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return the factor of mesons; arguments as :meth:`darkmc.sources.shape.Shape.density`."""
        t = transverse_measure(momentum, cosine, transverse2)
        with np.errstate(divide="ignore"):
            row, up = _between(np.log(self.momenta), np.log(momentum))
        column, across = _between(self.aside, t)
        low = self.values[row, column] * (1.0 - across) + self.values[row, column + 1] * across
        high = self.values[row + 1, column] * (1.0 - across) + self.values[row + 1, column + 1] * across
        out: Array = low * (1.0 - up) + high * up
        return out


def _between(nodes: Array, x: Array) -> tuple[Index, Array]:
    """Return the node below each number, and how far it is on its way to the next one, 0 to 1."""
    inside = np.clip(x, nodes[0], nodes[-1])
    place = np.clip(np.searchsorted(nodes, inside, side="right") - 1, 0, len(nodes) - 2)
    return place, (inside - nodes[place]) / (nodes[place + 1] - nodes[place])


@dataclass(frozen=True)
class Multiplied(LikeFit):
    """A fit times factors.

    Parameters
    ----------
    fit : Fit
        The density.
    factors : tuple of Factors
        What multiplies it.
    """

    factors: tuple[Factors, ...]

    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return the density of the fit times all factors."""
        out = self.fit.density(momentum, cosine, transverse2)
        for factor in self.factors:
            out = out * factor(momentum, cosine, transverse2)
        return out
