"""What the mesons of one species follow: a density in momentum and angle, with its samplers."""

from collections.abc import Callable
from typing import Protocol

from darkmc.core.kinematics import Array

Density = Callable[[Array], Array]


class MomentumTable(Protocol):
    """Draws momenta from a density by a fixed monotone map of a uniform number."""

    def sample(self, uniform: Array) -> tuple[Array, Array]:
        """Return momenta (GeV) and dp/du."""
        ...


class Shape(Protocol):
    """Mesons per interacting proton, or in arbitrary units, by lab momentum and angle.

    Attributes
    ----------
    largest_momentum : float
        GeV; 0 below the threshold.
    integral : float
        Mesons over all momenta and angles.
    """

    @property
    def largest_momentum(self) -> float: ...  # noqa: D102
    @property
    def integral(self) -> float: ...  # noqa: D102

    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega in 1/(GeV sr); p in GeV, cos theta, and pT^2 in GeV^2."""
        ...

    def proposal(self, momentum: Array) -> Array:
        """Return a density that is positive where that at any angle is: at theta = 0, or the largest."""
        ...

    def momentum_table(self, mixture: Density) -> MomentumTable:
        """Return what draws momenta from a density that is the proposal times smooth positive factors."""
        ...

    def prepare(self) -> None:
        """Make the tables that :meth:`draw` needs, once."""
        ...

    def draw(self, uniform: Array, scale: float) -> tuple[Array, Array, Array]:
        """Return momentum, theta, and scale x density dp dOmega over the sampling one; uniforms (3, n)."""
        ...
