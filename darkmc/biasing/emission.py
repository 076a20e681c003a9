"""How mesons emit dark states: a decay, and where the heavier of them decays on its way, that decay too."""

from dataclasses import dataclass

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.portals.dark_axion.dark_pair import DarkPair
from darkmc.portals.dark_axion.dark_photon_decay import PhotonDecay
from darkmc.portals.dark_axion.facade import DarkAxionPortal


@dataclass(frozen=True)
class Emitted:
    """Decays of mesons, in their rest frame.

    Attributes
    ----------
    pair : DarkPair
        The dark states.
    upstream : (array (4, n), array (4, n)) or None
        Photon and lighter dark state of a decay on the way.
    """

    pair: DarkPair
    upstream: tuple[Array, Array] | None


class MesonEmission:
    """Dark states of one species of mesons.

    Parameters
    ----------
    portal : DarkAxionPortal
        The masses.
    meson : str
        The species.
    spin : bool
        Keep the spin of the gamma'; else it is unpolarised.
    upstream : bool
        The heavier state decays on its way.
    """

    power = 2.0
    mappable = (0, 1)  # of its uniform numbers: energies and angles of the meson's decay

    def __init__(self, portal: DarkAxionPortal, meson: str, spin: bool, upstream: bool = False) -> None:
        self.meson, self.mass, self.upstream = meson, mass(meson), upstream
        (self._production,) = portal.meson_decays(meson, spin)
        self.two_body = "photon" not in self._production.products
        self._decay = PhotonDecay(portal.current) if upstream else None

    @property
    def largest_weight(self) -> float:
        """Largest weight of a draw."""
        return float(self._production.largest_weight)

    def sample(self, uniform: Array) -> Emitted:
        """Return decays from uniform numbers (3, n), or (5, n) with a decay on the way."""
        pair = self._production.sample(uniform[:3])
        return Emitted(pair, None if self._decay is None else self._decay.as_it_comes(pair, uniform[3:5]))

    def daughter_spin(self, emitted: Emitted, uniform: Array) -> Array:
        """Return the polarisation (4, n) of a gamma' from a decay on the way, from uniforms (3, n)."""
        assert self._decay is not None
        return self._decay.daughter_spin(emitted.pair, uniform)


def sideways(portal: DarkAxionPortal, least_energy: float) -> float:
    """Return the tangent of the largest angle between a decaying state and a daughter that can be seen."""
    momentum = PhotonDecay(portal.current).momentum
    sine = min(momentum / max(least_energy, 2.0 * momentum), 0.9)
    return float(sine / np.sqrt(1.0 - sine**2))
