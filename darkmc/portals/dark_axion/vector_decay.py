"""V -> gamma* -> a gamma' for vector mesons: branching ratio and sampler.

Source: the dark current at q2 = M^2 against V -> e+ e-; equals G^2 lambda^(3/2)/(32 pi alpha M^4).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from darkmc.core.constants import ALPHA
from darkmc.core.kinematics import Array, two_body_momentum
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_pair import DarkPair, isotropic_axes, polarisation_axes
from darkmc.portals.portal import REST, Draw, Parents


def relative_width(meson_mass: float, current: DarkCurrent, coupling: Any = 1.0) -> Any:
    """Return BR(V -> a gamma')/BR(V -> e+ e-) = Gamma*(M^2)/(alpha M/3); 0 when closed.

    The electron's mass is neglected in V -> e+ e-.
    """
    return current.virtual_photon_width(meson_mass**2, coupling) / (ALPHA * meson_mass / 3.0)


class VectorDecay:
    """V -> a gamma' of an unpolarised meson: a :class:`darkmc.portals.portal.Production`, a branching ratio.

    Parameters
    ----------
    meson_mass : float
        Mass of V in GeV; must be above threshold.
    electron_ratio : float
        BR(V -> e+ e-).
    current : DarkCurrent
        The portal's current.
    spin_correlations : bool
        The gamma' has helicity +1 or -1 (linear along x* or y* with equal chance), or no polarisation.
    key : str
        Name of the meson.
    """

    power, products, frame = 2.0, ("axion", "dark_photon"), REST
    n_uniform, mappable = 3, ()

    def __init__(
        self,
        meson_mass: float,
        electron_ratio: float,
        current: DarkCurrent,
        spin_correlations: bool,
        key: str = "V",
    ) -> None:
        self.key, self.threshold = key, current.threshold
        self.current = current
        self.spin_correlations = spin_correlations
        self.momentum = float(two_body_momentum(meson_mass, current.m_axion, current.m_dark_photon))
        self.largest_weight = electron_ratio * float(relative_width(meson_mass, current))

    def total(self, energy: Any = None) -> float:
        """Return BR(V -> a gamma') at G = 1; 0 when closed."""
        return self.largest_weight

    def density(self, invariants: Sequence[Any]) -> Any:
        """Return dBR/dcos theta at G = 1, theta the angle of the gamma' to any axis in the meson's frame."""
        (cosine,) = invariants
        return np.full_like(cosine, 0.5 * self.largest_weight, dtype=float)

    def about_axis(self, draw: Draw, axis: Array) -> Array:
        """Return 1: the meson is unpolarised."""
        return np.ones(axis.shape[1])

    def sample(self, uniform: Array, parents: Parents | None = None) -> DarkPair:
        """Return decays from uniform numbers (3, n), of which only the third is used."""
        one, zero = np.ones(uniform.shape[1]), np.zeros(uniform.shape[1])
        axes = (
            polarisation_axes(one, zero, uniform[2] < 0.5)
            if self.spin_correlations
            else isotropic_axes(one, zero, uniform[2])
        )
        return DarkPair(
            current=self.current,
            weight=self.largest_weight * one,
            star_momentum=self.momentum * one,
            cosine=one,
            sine=zero,
            pair_boost=None,
            photon_energy=None,
            polarisation=axes,
        )
