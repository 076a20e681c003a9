"""Importance sampling at colliders: photons are aimed at the bins that are likely to decide.

The decay's helicity cosine c fixes the photon's energy in the centre of mass. Strata are intervals of the
measured energy; S_j is the share of the photons that is measured in stratum j.  The density of c and stratum
is multiplied by a_j = AIMED p_j/S_j + WINDOW/S_w + PLAIN, with p_j large where the signal is large against
the number of events that is excluded, and the second term inside the cuts only, where a share S_w is.
Given c, a share NATURAL of the strata are drawn as nature has them: the place of a decay moves what is
measured.
Tables only shape proposals: weights are those of the densities that were sampled, at most
1/(PLAIN NATURAL).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.mixtures import window_weight
from darkmc.signals.response import CrystalBall

AIMED, WINDOW, PLAIN = 0.6, 0.2, 0.2  # parts of the rows
NATURAL = 0.2
IN_WINDOW = 0.75  # of the photons, inside the window of the angle
SHARPNESS = 4.0  # power of signal over excluded events with which a bin is preferred
CELLS = 256
BEYOND = 2  # the table of energies ends at this multiple of the hardest: decay places move what is measured


class Band(NamedTuple):
    """An interval of the measured energy (GeV) and the number of signal events that is excluded in it."""

    low: float
    high: float
    excluded: float


class EnergyAim:
    """Proposal for c, and for the stratum of the measured energy.

    Parameters
    ----------
    energies : (float, float)
        Photon energies in the centre of mass at c = -1 and c = 1, GeV.
    window : (float, float)
        Measured energies that the cuts leave, GeV.
    bands : sequence of Band
        Where signal is counted, inside the window; empty: all of the window is as good.
    response : CrystalBall or None
        The calorimeter's; None measures exactly.
    polarised : bool
        Density of c: (3/8)(1 + c^2), or flat.
    """

    def __init__(
        self,
        energies: tuple[float, float],
        window: tuple[float, float],
        bands: Sequence[Band],
        response: CrystalBall | None,
        polarised: bool,
    ) -> None:
        self.response = response
        self.lowest, self.span = energies[0], energies[1] - energies[0]
        known = [*window, *(edge for band in bands for edge in band[:2])]
        inner = np.unique([edge for edge in known if np.isfinite(edge)])
        self.edges: Array = np.concatenate([[-np.inf], inner, [np.inf]])
        self._cosines = self._cells(inner)
        shares = np.diff(_below(self._cosines, polarised))
        middles: Array = 0.5 * (self._cosines[1:] + self._cosines[:-1])
        chances = self._chances(self._energy(middles))
        self.factors = self._factors(window, bands, shares @ chances)
        proposed = shares * (chances @ self.factors)
        self._cumulative = np.concatenate([[0.0], np.cumsum(proposed)]) / np.sum(proposed)
        self._density = np.diff(self._cumulative) / np.diff(self._cosines)
        if response is not None:
            count = BEYOND * CELLS
            self._step = energies[1] / CELLS
            middles = np.asarray(self._step * (np.arange(count) + 0.5), dtype=float)
            chances = self._chances(middles) * self.factors
            self._strata = chances / np.sum(chances, axis=1, keepdims=True)
            offsets = np.minimum(np.cumsum(self._strata, axis=1), 1.0) + np.arange(count)[:, None]
            self._offsets = offsets[:, :-1].ravel()

    def _energy(self, cosine: Array) -> Array:
        return self.lowest + 0.5 * self.span * (1.0 + cosine)

    def _cells(self, inner: Array) -> Array:
        """Return cell edges in c; without response the edges of the strata are among them."""
        cells = np.linspace(-1.0, 1.0, CELLS + 1)
        if self.response is not None or self.span <= 0.0:
            return cells
        cuts = 2.0 * (inner - self.lowest) / self.span - 1.0
        return np.unique(np.concatenate([cells, cuts[(cuts > -1.0) & (cuts < 1.0)]]))

    def _chances(self, energy: Array) -> Array:
        """Return the chance of each stratum (n, strata) at given true energies."""
        if self.response is not None:
            return np.diff(self.response.cdf(self.edges, energy[:, None]), axis=1)
        at_most = energy[:, None] < self.edges
        return np.diff(at_most.astype(float), axis=1)

    def _factors(self, window: tuple[float, float], bands: Sequence[Band], shares: Array) -> Array:
        """Return by what the density of each stratum is multiplied; the mean over strata is 1."""
        low, high = self.edges[:-1], self.edges[1:]
        wanted = np.zeros_like(shares)
        for band in bands:
            inside = (low >= band.low) & (high <= band.high)
            wanted[inside] = shares[inside] / band.excluded
        wanted = (wanted / max(np.max(wanted), 1e-300)) ** SHARPNESS
        cut = np.where((low >= window[0]) & (high <= window[1]), shares, 0.0)
        factors = np.full_like(shares, PLAIN)
        parts = ((AIMED, wanted), (WINDOW, cut)) if np.any(wanted > 0.0) else ((AIMED + WINDOW, cut),)
        for part, chances in parts:
            total = np.sum(chances)
            factors += part * (chances / total / np.where(shares > 0.0, shares, 1.0) if total > 0.0 else 1.0)
        return factors

    def cosine(self, uniform: Array) -> tuple[Array, Array]:
        """Return c and 1/2 over its sampling density, from uniform numbers (n,)."""
        cell = np.searchsorted(self._cumulative, uniform, side="right") - 1
        cell = np.minimum(cell, len(self._density) - 1)
        density = self._density[cell]
        return self._cosines[cell] + (uniform - self._cumulative[cell]) / density, 0.5 / density

    def measured(self, energy: Array, uniform: Array) -> tuple[Array, Array]:
        """Return measured energies of true ones (GeV), and weights, from uniform numbers (2, n)."""
        response = self.response
        if response is None:
            return energy, np.ones_like(energy)
        cell = np.minimum((energy / self._step).astype(np.intp), len(self._strata) - 1)
        as_it_comes = uniform[0] < NATURAL
        scaled = np.where(as_it_comes, 0.5, (uniform[0] - NATURAL) / (1.0 - NATURAL))
        place = np.searchsorted(self._offsets, cell + scaled, side="right")
        stratum = place - cell * (len(self.factors) - 1)
        found = response.measured(energy[as_it_comes], uniform[1, as_it_comes])
        stratum[as_it_comes] = np.searchsorted(self.edges, found, side="right") - 1
        low = response.cdf(self.edges[stratum], energy)
        chance = response.cdf(self.edges[stratum + 1], energy) - low
        measured = response.measured(energy, low + chance * uniform[1])
        measured[as_it_comes] = found
        chosen = NATURAL * chance + (1.0 - NATURAL) * self._strata[cell, stratum]
        return measured, np.where(chosen > 0.0, chance / np.where(chosen > 0.0, chosen, 1.0), 1.0)


def _below(cosine: Array, polarised: bool) -> Array:
    """Return the CDF of c: of (3/8)(1 + c^2), or flat."""
    return (4.0 + 3.0 * cosine + cosine**3) / 8.0 if polarised else 0.5 * (1.0 + cosine)


class AngleAim:
    """Proposal for the cosine of the photon's angle to the electrons: mostly inside a window."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.width = max(low, -1.0), min(high, 1.0) - max(low, -1.0)
        self.share = IN_WINDOW if 0.0 < self.width < 2.0 else 0.0

    def cosine(self, uniform: Array) -> tuple[Array, Array]:
        """Return the cosine and 1/2 over its sampling density, from uniform numbers (n,)."""
        if self.share == 0.0:
            return 2.0 * uniform - 1.0, np.ones_like(uniform)
        inside = uniform < self.share
        aimed = self.low + self.width * uniform / self.share
        cosine = np.where(inside, aimed, 2.0 * (uniform - self.share) / (1.0 - self.share) - 1.0)
        within = (cosine >= self.low) & (cosine <= self.low + self.width)
        return cosine, window_weight(within, self.width, self.share)
