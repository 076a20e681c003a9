"""A process, and the decay of one of its products: both in the frame of the first."""

from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np

from darkmc.core.kinematics import Array, boost, spin_at_rest
from darkmc.portals.drawn import Drawn
from darkmc.portals.kinds import PhotonDecay
from darkmc.portals.portal import Draw, Parents


@runtime_checkable
class RestFrames(Protocol):
    """A draw that has ways of its own to the rest frames of its products."""

    def polarisation_at_rest(self, name: str) -> Array | None:
        """Return the linear polarisation four-vector (4, n) of a product in its rest frame, or None."""
        ...

    def from_rest(self, name: str, four: Array) -> Array:
        """Take four-vectors (4, n) from there to the frame of the draw."""
        ...


class Boosted:
    """The rest frame of one product of any draw, reached by a direct boost."""

    def __init__(self, draw: Draw, mass: float) -> None:
        self._draw, self._mass = draw, mass

    def polarisation_at_rest(self, name: str) -> Array | None:
        """Return the linear polarisation of the product; see :class:`RestFrames`."""
        spin = self._draw.spin(name)
        return None if spin is None else spin_at_rest(spin, self._draw.momentum(name), self._mass)

    def from_rest(self, name: str, four: Array) -> Array:
        """Take four-vectors to the frame of the draw."""
        return boost(four, self._draw.momentum(name), self._mass)


def decayed(draw: Draw, decay: PhotonDecay, uniform: Array) -> Drawn:
    """Return decays of a product as they come, in the frame of the draw.

    Parameters
    ----------
    draw : Draw
        Events of the first process.
    decay : PhotonDecay
        Of one of its products.
    uniform : array (k, n)
        Uniform numbers; those that serve nothing but the daughter's spin may lack where none asks for it.
    """
    name = decay.unstable
    frames = draw if isinstance(draw, RestFrames) else Boosted(draw, decay.mass)
    energy = np.full(uniform.shape[1], decay.mass)
    made = decay.sample(uniform, Parents(energy, frames.polarisation_at_rest(name)))

    def moved(product: str) -> Array:
        return frames.from_rest(name, made.momentum(product))

    def spin(product: str) -> Array | None:
        four = made.spin(product)
        return None if four is None else frames.from_rest(name, four)

    return Drawn(
        made.weight,
        {product: partial(moved, product) for product in decay.products},
        {product: partial(spin, product) for product in decay.products},
    )
