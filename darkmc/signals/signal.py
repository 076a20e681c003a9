"""What a dark state meets and does in a detector: rays, signals and their outcomes."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from darkmc.biasing.turned import Placed
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.kinematics import Array, some
from darkmc.portals.dark_axion.dark_pair import DarkPair
from darkmc.sample.columns import NOTHING
from darkmc.sample.stream import Flight, Momenta
from darkmc.selection.observables import Event


class Ray(NamedTuple):
    """A dark state at the detector: start (4, n) in m and ns, direction, energy, path there and in it.

    `per_metre` is the proper length per metre of a state that decays, 0 of one that does not; `spin` the
    linear polarisation four-vector (4, n) of a gamma' in the lab; None: unpolarised or spin 0.
    """

    start: Array
    direction: Array
    energy: Array
    entry: Array
    chord: Array
    per_metre: Array
    spin: Array | None = None

    def at(self, index: NDArray[np.intp]) -> "Ray":
        """Return some of the rays."""
        start, direction, energy, entry, chord, per_metre, spin = self
        return Ray(
            some(start, index),
            some(direction, index),
            energy[index],
            entry[index],
            chord[index],
            per_metre[index],
            None if spin is None else some(spin, index),
        )

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


class Made(NamedTuple):
    """What was made before a ray: decays of parents in their rest frame, and where they are in the lab."""

    pair: DarkPair
    placed: Placed
    parent_mass: float


@dataclass(frozen=True)
class Outcome:
    """What a signal makes of the rays that meet the detector.

    Attributes
    ----------
    weight : array (n,)
        Jacobians of the draw; n sigma at G = 1 per metre of what happens along the way.
    visible : dict of arrays (4, n)
        What the cuts see, by name, lab frame.
    momenta, vertices : dicts of arrays (4, n)
        All that is made, and where; empty unless everything was asked for.
    survive : array (n,)
        Proper length that the ray survives up to where the signal acts, m.
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
    vertices: Momenta
    survive: Array
    window: Array
    flight: Flight | None
    veto: Array = field(default_factory=lambda: NOTHING)
    average: Array = field(default_factory=lambda: NOTHING)


class Signal(Protocol):
    """What is seen of a dark state in the detector.

    A signal `per_length` happens at a place that is drawn along the chord, with a weight per metre; one that
    does not says itself where it happens.
    """

    name: str
    key: str  # of the register of random numbers
    n_uniform: int
    per_length: bool
    from_inside: bool  # it may begin inside the volume
    power: float  # of G, without production and decays
    states: tuple[str, ...]  # final states in which what is made must decay
    particles: tuple[str, ...]
    vertices: tuple[str, ...]
    least_energy: float  # of an incoming state that can be seen, GeV
    cost: float
    veto_depth: float  # what is made survives about as exp(-veto_depth G^2/E), E in GeV; 0: it need not

    def acceptance(self, energy: Array) -> Array:
        """Return roughly the share or rate, in any unit, that passes the cuts, at energies of any shape."""
        ...

    def largest_weight(self, energy: Array) -> Array | None:
        """Return the largest weight of an outcome at some energies; None: not known."""
        ...

    def act(self, ray: Ray, made: Made, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return the outcome for rays (n), from uniforms (n,) for the place and (n_uniform, n)."""
        ...
