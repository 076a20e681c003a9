"""What a dark state meets and does in a detector: rays, interactions and their outcomes."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.kinematics import Array
from darkmc.sample.columns import NOTHING
from darkmc.sample.stream import Flight, Momenta
from darkmc.selection.observables import Event


class Ray(NamedTuple):
    """A dark state at the detector: start (4, n) in m and ns, direction, energy, path there and in it.

    `spin` is the linear polarisation four-vector (4, n) of a gamma' in the lab; None: unpolarised or spin 0.
    """

    start: Array
    direction: Array
    energy: Array
    entry: Array
    chord: Array
    spin: Array | None = None

    def point(self, path: Array, mass: float) -> Array:
        """Return where and when a state of some mass (GeV) is after a path (m), (4, n)."""
        speed = np.sqrt(np.maximum(1.0 - (mass / self.energy) ** 2, 1e-30))
        step = np.concatenate([self.direction, (1.0 / (speed * SPEED_OF_LIGHT_M_PER_NS))[None]])
        out: Array = self.start + path * step
        return out

    def momentum(self, mass: float) -> Array:
        """Return the four-momentum (4, n) of a state of some mass (GeV)."""
        size = np.sqrt(np.maximum((self.energy - mass) * (self.energy + mass), 0.0))
        out: Array = np.concatenate([self.energy[None], size * self.direction])
        return out


@dataclass(frozen=True)
class Outcome:
    """What an interaction makes of the rays that meet the detector.

    Attributes
    ----------
    weight : array (n,)
        n sigma at G = 1 per metre, with the Jacobians of the draw.
    visible : dict of arrays (4, n)
        What the cuts see, by name, lab frame.
    momenta, vertices : dicts of arrays (4, n)
        All that is made; empty unless everything was asked for.
    window : array (n,)
        Proper length in which the state that is made must decay, m; empty where it need not.
    veto, average : array (n,)
        Proper lengths, m, before which it must not be seen to decay, and over which that one is averaged,
        from `veto` on; empty where it need not.
    flight : Flight or None
        The state that decays after the interaction.
    """

    weight: Array
    visible: Event
    momenta: Momenta
    window: Array
    flight: Flight | None
    veto: Array = field(default_factory=lambda: NOTHING)
    average: Array = field(default_factory=lambda: NOTHING)


class Interaction(Protocol):
    """What happens to a dark state in the detector."""

    name: str
    signal: str  # of the register of random numbers
    n_uniform: int
    power: float  # of G, without production and decays
    states: tuple[str, ...]  # final states in which what is made must decay
    particles: tuple[str, ...]
    vertices: tuple[str, ...]
    least_energy: float  # of an incoming state that can be seen, GeV
    cost: float
    veto_depth: float  # what is made survives about as exp(-veto_depth G^2/E), E in GeV; 0: it need not

    def rate(self, energy: Array) -> Array:
        """Return roughly n sigma of what passes the cuts, in any unit, at energies of any shape."""
        ...

    def act(self, ray: Ray, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return the outcome for rays (n) that interact at some path length, from uniforms (n_uniform, n)."""
        ...
