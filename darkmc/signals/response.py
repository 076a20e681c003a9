"""What a calorimeter makes of an energy: Crystal Ball resolution, by a closed inverse CDF.

The measured energy is E + sigma(E) x with x drawn from a fixed shape; its peak, not its mean, lies at the
true energy E.  Energies in GeV.  Sources: J. Gaiser, SLAC-R-255 (1982), appendix F, for the shape; [dN],
arXiv:1806.00757, for BaBar's numbers.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.units import require_not_negative, require_positive

# At larger alpha the tail holds less than 1e-190 and its constants run out of range.
LARGEST_ALPHA = 30.0
ROOT_TWO_PI = math.sqrt(2.0 * math.pi)


@dataclass(frozen=True)
class CrystalBall:
    """A gaussian with a power tail on the low side, cut off and normalised, in x = (measured - E)/sigma(E).

    exp(-x^2/2) for x > -alpha, exp(-alpha^2/2) [1 - (alpha/n)(alpha + x)]^(-n) below, 0 for x < lowest;
    sigma(E) = stochastic E^(1/4) + constant E.

    Parameters
    ----------
    alpha : float
        Where the tail begins, in units of sigma: above 0, at most 30.
    n : float
        Power of the tail, above 1; below 2 the uncut shape has no mean.
    stochastic, constant : float
        sigma/E = stochastic (GeV/E)^(3/4) + constant.
    lowest : float
        Where the tail is cut off, below -alpha.

    Raises
    ------
    PhysicsError
        If a parameter is out of its range.

    Examples
    --------
    >>> babar = CrystalBall(alpha=0.811, n=1.79, stochastic=0.015, constant=0.01)
    >>> round(float(babar.measured(4.0, 0.5)), 4)
    3.9516
    """

    alpha: float
    n: float
    stochastic: float
    constant: float
    lowest: float = -200.0

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha <= LARGEST_ALPHA:
            raise PhysicsError(f"alpha must be above 0 and at most {LARGEST_ALPHA:g}, not {self.alpha:g}")
        if not 1.0 < self.n < np.inf:
            raise PhysicsError(f"n must be finite and above 1, not {self.n:g}")
        if not -np.inf < self.lowest < -self.alpha:
            raise PhysicsError(f"lowest must be finite and below -alpha, not {self.lowest:g}")
        terms = [require_not_negative(name, getattr(self, name)) for name in ("stochastic", "constant")]
        require_positive("the sum of the resolution's terms", sum(terms))

    def sigma(self, energy: Any) -> Any:
        """Return the resolution sigma(E) in GeV."""
        return self.stochastic * np.sqrt(np.sqrt(energy)) + self.constant * np.asarray(energy)

    @cached_property
    def _tail_unit(self) -> float:
        """Integral of the tail per unit of (1 - v^(1-n))/(n - 1), v = 1 - (alpha/n)(alpha + x)."""
        return float(np.exp(-0.5 * self.alpha**2)) * self.n / self.alpha

    @cached_property
    def _log_end(self) -> float:
        """Logarithm of v at the end of the tail."""
        return float(np.log1p(-(self.alpha + self.lowest) * self.alpha / self.n))

    @cached_property
    def _tail(self) -> float:
        """Integral of the unnormalised tail."""
        return self._tail_unit * float(self._tail_below(0.0))

    @cached_property
    def _norm(self) -> float:
        from scipy.special import ndtr

        return self._tail + ROOT_TWO_PI * float(ndtr(self.alpha))

    def _tail_below(self, log_v: Any) -> Any:
        """Return int dv v^(-n) from v to the end of the tail: keeps its digits for n near 1 and far out."""
        from scipy.special import exprel

        remaining = self._log_end - np.asarray(log_v)
        return np.exp((1.0 - self.n) * log_v) * remaining * exprel((1.0 - self.n) * remaining)

    def quantile(self, uniform: Any) -> Any:
        """Return x at which the shape's CDF has the given value, from `lowest` (0) to infinity (1)."""
        from scipy.special import ndtr, ndtri

        u = np.asarray(uniform, dtype=float)
        above = np.maximum(self._tail - u * self._norm, 0.0) / self._tail_unit
        power = self.n - 1.0
        with np.errstate(divide="ignore", over="ignore"):
            stretch = np.expm1(-np.log1p(-np.minimum(power * above, 1.0)) / power)
        tail = np.maximum(-self.alpha - stretch * self.n / self.alpha, self.lowest)
        # The normal CDF from the nearer end: the other has lost its digits.
        upper = (1.0 - u) * (self._norm / ROOT_TWO_PI)
        lower = np.maximum((u * self._norm - self._tail) / ROOT_TWO_PI, 0.0) + ndtr(-self.alpha)
        core = np.where(upper < 0.5, -1.0, 1.0) * ndtri(np.minimum(np.minimum(upper, lower), 0.5))
        return np.where(u * self._norm < self._tail, tail, core)[()]

    def shape(self, x: Any) -> Any:
        """Return the normalised density in x."""
        x = np.asarray(x, dtype=float)
        in_tail = x < -self.alpha
        v = 1.0 - np.where(in_tail, self.alpha + x, 0.0) * self.alpha / self.n
        log_density = np.where(in_tail, -0.5 * self.alpha**2 - self.n * np.log(v), -0.5 * np.square(x))
        return (np.where(x >= self.lowest, np.exp(log_density), 0.0) / self._norm)[()]

    def shape_cdf(self, x: Any) -> Any:
        """Return the CDF in x."""
        from scipy.special import ndtr

        x = np.asarray(x, dtype=float)
        beyond = np.clip(-self.alpha - x, 0.0, -self.alpha - self.lowest)
        tail = self._tail_unit * self._tail_below(np.log1p(beyond * self.alpha / self.n))
        core = 1.0 - ROOT_TWO_PI / self._norm * ndtr(-x)
        return np.where(x < -self.alpha, tail / self._norm, core)[()]

    def measured(self, energy: Any, uniform: Any) -> Any:
        """Return measured energies (GeV) of true energies from uniform numbers in [0, 1).

        They may be negative: that the cluster is then lost is for the selection to say.
        """
        return np.asarray(energy) + self.sigma(energy) * self.quantile(uniform)

    def density(self, measured: Any, energy: Any) -> Any:
        """Return the density (1/GeV) of the measured energy at a true energy above zero."""
        sigma = self.sigma(energy)
        return self.shape((np.asarray(measured) - energy) / sigma) / sigma

    def cdf(self, measured: Any, energy: Any) -> Any:
        """Return the chance that a true energy above zero is measured below `measured`."""
        return self.shape_cdf((np.asarray(measured) - energy) / self.sigma(energy))
