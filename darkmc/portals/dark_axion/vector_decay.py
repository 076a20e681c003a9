"""V -> gamma* -> a gamma' for vector mesons: branching ratio and sampler.

Source: the dark current at q2 = M^2 against V -> e+ e-; equals G^2 lambda^(3/2)/(32 pi alpha M^4).
"""

from typing import Any

import numpy as np

from darkmc.core.constants import ALPHA
from darkmc.core.kinematics import Array, two_body_momentum
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_pair import DarkPair, isotropic_axes, polarisation_axes


def relative_width(meson_mass: float, current: DarkCurrent, coupling: Any = 1.0) -> Any:
    """Return BR(V -> a gamma')/BR(V -> e+ e-) = Gamma*(M^2)/(alpha M/3); 0 when closed.

    The electron's mass is neglected in V -> e+ e-.
    """
    return current.virtual_photon_width(meson_mass**2, coupling) / (ALPHA * meson_mass / 3.0)


class VectorDecay:
    """Sampler of V -> a gamma' for an unpolarised vector meson.

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
    """

    n_uniform = 3

    def __init__(
        self, meson_mass: float, electron_ratio: float, current: DarkCurrent, spin_correlations: bool
    ) -> None:
        self.current = current
        self.spin_correlations = spin_correlations
        self.momentum = float(two_body_momentum(meson_mass, current.m_axion, current.m_dark_photon))
        self.largest_weight = electron_ratio * float(relative_width(meson_mass, current))

    def sample(self, uniform: Array) -> DarkPair:
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
            momentum=self.momentum * one,
            cosine=one,
            sine=zero,
            pair_boost=None,
            photon_energy=None,
            polarisation=axes,
        )
