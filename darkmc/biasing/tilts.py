"""Decays that lean forward as exp(-C/E) asks for, which is left of states of energy E: mixtures of some."""

from typing import NamedTuple

import numpy as np

from darkmc.core.kinematics import Array

STEEPEST = 300.0


def kappas(depth: float | Array, steepness: Array) -> Array:
    """Return kappa (k, n) for depths C (k,) in GeV and slopes (n,) of -1/E by the cosine straight ahead."""
    out: Array = np.minimum(np.multiply.outer(depth, steepness), STEEPEST) + 1e-6
    return out


def leaning(uniform: Array, kappa: Array, low: Array) -> Array:
    """Return cosines with densities exp(kappa cos) from uniform numbers; `low` is exp(-2 kappa)."""
    out: Array = np.maximum(1.0 + np.log(low + (1.0 - low) * uniform) / kappa, -1.0)
    return out


def leaning_density(chance: Array, cosine: Array, kappa: Array, rest: Array) -> Array:
    """Return chances times densities of :func:`leaning` over the flat one; `rest` is 1 - exp(-2 kappa)."""
    out: Array = chance * (2.0 * kappa / rest) * np.exp(kappa * (cosine - 1.0))
    return out


class Tilts(NamedTuple):
    """Densities of :func:`leaning` for the cosine to the flight of the parent, mixed with a flat one.

    Attributes
    ----------
    chance, kappa : array (k, n)
        Of each component; the flat one has the chance that is left.
    """

    chance: Array
    kappa: Array

    def cosine(self, uniform: Array, choice: Array) -> Array:
        """Return cosines from uniform numbers (n,), and others that choose among the components."""
        out, start = 2.0 * uniform - 1.0, np.zeros_like(uniform)
        for chance, kappa in zip(self.chance, self.kappa, strict=True):
            mine = np.flatnonzero((choice >= start) & (choice < start + chance))
            out[mine] = leaning(uniform[mine], kappa[mine], np.exp(-2.0 * kappa[mine]))
            start += chance
        return out

    def density(self, cosine: Array) -> Array:
        """Return the density of cosines over the flat one."""
        out: Array = 1.0 - np.sum(self.chance, axis=0)
        for chance, kappa in zip(self.chance, self.kappa, strict=True):
            out += leaning_density(chance, cosine, kappa, -np.expm1(-2.0 * kappa))
        return out
