"""What a dark state meets and does in a detector: rays, signals and their outcomes."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.kinematics import Array, length, some
from darkmc.sample.columns import NOTHING
from darkmc.sample.stream import Flight, Momenta
from darkmc.selection.observables import Event

HIT = "hit"  # what events call the hardest particle that meets a face; of no energy where none does


class Ray(NamedTuple):
    """A dark state at the detector, in the lab.

    Attributes
    ----------
    start : array (4, n)
        Where and when it starts, m and ns.
    four : array (4, n)
        Four-momentum, GeV.
    direction : array (3, n)
        Its direction.
    entry, chord : array (n,)
        Path to the volume and in it, m.
    per_metre : array (n,)
        Proper length per metre of a state that decays, 0 of one that does not.
    spin : array (4, n) or None
        Linear polarisation four-vector; None: unpolarised, or spin 0.
    """

    start: Array
    four: Array
    direction: Array
    entry: Array
    chord: Array
    per_metre: Array
    spin: Array | None = None

    @property
    def energy(self) -> Array:
        """Energy, GeV."""
        out: Array = self.four[0]
        return out

    def at(self, index: NDArray[np.intp]) -> "Ray":
        """Return some of the rays."""
        start, four, direction, entry, chord, per_metre, spin = self
        return Ray(
            some(start, index),
            some(four, index),
            some(direction, index),
            entry[index],
            chord[index],
            per_metre[index],
            None if spin is None else some(spin, index),
        )

    def point(self, path: Array) -> Array:
        """Return where and when a state is after a path (m), (4, n)."""
        slowness = self.four[0] / length(self.four[1:]) / SPEED_OF_LIGHT_M_PER_NS
        out: Array = self.start + path * np.concatenate([self.direction, slowness[None]])
        return out


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
    of : array or None
        Places of the rays that the rows belong to, where a ray makes several rows or none: they stand
        together.  None: each makes one.
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
    of: NDArray[np.intp] | None = None


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
    rows_per_primary: int  # at most
    veto_depth: float  # what is made survives about as exp(-veto_depth G^2/E), E in GeV; 0: it need not

    def acceptance(self, energy: Array) -> Array:
        """Return roughly the share or rate, in any unit, that passes the cuts, at energies of any shape."""
        ...

    def act(self, ray: Ray, made: Momenta, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return the outcome for rays (n).

        Parameters
        ----------
        ray : Ray
            What arrives.
        made : dict of arrays (4, n)
            Lab momenta of what was made before, where they are asked for.
        place : array (n,)
            Uniform numbers for where it happens.
        uniform : array (n_uniform, n)
            Uniform numbers.
        everything : bool
            Make what is not seen, too.
        """
        ...
