"""What every placement offers: parents are drawn first, and placed in the lab once they have emitted.

A process is sampled for the parents that are there: mesons of one species are all alike, the pairs of a
shower's positrons are not.  What it makes is then turned, and moved, into the lab.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from darkmc.core.estimates import NO_GROUPS, Groups
from darkmc.core.kinematics import Array
from darkmc.core.mixtures import Index
from darkmc.portals.portal import REST, Frame, Parents

Function = Callable[[Array], Array]
Turn = Function  # of vectors (3, n) or four-vectors (4, n)
Pointing = Callable[[Turn, Array], Array]


def moving(direction: Array, momentum: Array, mass: float | Array) -> Array:
    """Return four-momenta (4, n) of given directions, momenta and mass."""
    out = np.empty((4, len(momentum)))
    np.sqrt(momentum**2 + np.square(mass), out=out[0])
    np.multiply(direction, momentum, out=out[1:])
    return out


class LabParents(NamedTuple):
    """Particles that are about to emit dark states, in the lab.

    Attributes
    ----------
    momentum : array (n,)
        GeV.
    mass : float or array (n,)
        Invariant mass, GeV: of a meson, or of a positron and the electron that it meets.
    weight : array (n,)
        What each stands for, as far as that is known before it is placed.
    direction : array (3, n) or None
        Unit vectors; None: they follow from where the dark states are sent.
    start : array (4, n) or None
        Where (m) and when (ns); None: as the beam hits the target.
    entry : array (n,) of int or None
        Numbers of the entries of a list that they are.
    """

    momentum: Array
    mass: float | Array
    weight: Array
    direction: Array | None = None
    start: Array | None = None
    entry: Index | None = None

    def of_process(self, frame: Frame) -> Parents:
        """Return them as a process takes them, by its frame."""
        mass = np.broadcast_to(self.mass, self.momentum.shape)
        return Parents(mass if frame == REST else np.hypot(self.momentum, mass))


@dataclass(frozen=True)
class Placed:
    """Parents and what they emit, in the lab.

    Attributes
    ----------
    weight : array (n,)
        Parents per particle of the beam over the sampling density, Jacobians included, emission excluded.
    parent : array (4, n)
        Four-momentum of the parent in the axes of the emission, GeV.
    arriving : array (4, n)
        That of the state that is placed, in those axes, GeV.
    size : array (n,)
        Its momentum, GeV.
    direction : array (3, n)
        Its direction in the lab.
    moved : callable
        Takes four-vectors (4, n) from the frame of the emission to the moving parent; axes stay.
    turned : callable
        Takes vectors (3, n) or four-vectors (4, n) from those axes to those of the lab.
    start : array (4, n) or None
        Where (m) and when (ns) in the lab; None: as the beam hits the target.
    group : array (n,) or None
        Groups of the list's entries that the parents are; None without a list.
    axis : array (3, n) or None
        Direction of the parent in the frame of the emission where that was drawn as if all were alike: a
        production that is not isotropic wants a factor for it.
    entry : array (n,) of int or None
        Numbers of the entries of a list that the parents are.
    ancestor : array (3, n) or None
        Momentum (GeV) in the lab of what a parent descends from, where a source has its density.
    """

    weight: Array
    parent: Array
    arriving: Array
    size: Array
    direction: Array
    moved: Turn
    turned: Turn
    start: Array | None = None
    group: Groups | None = None
    axis: Array | None = None
    entry: Index | None = None
    ancestor: Array | None = None

    def to_lab(self, four: Array) -> Array:
        """Take four-vectors (4, n) from the frame of the emission to the lab."""
        return self.turned(self.moved(four))

    def group_of(self, index: NDArray[np.intp]) -> Groups:
        """Return the groups of some of them; empty without a list."""
        return NO_GROUPS if self.group is None else self.group[index]


class Placement(Protocol):
    """How parents of one kind are drawn, and placed so that what they emit gets to the detector.

    Attributes
    ----------
    n_uniform : int
        How many uniform numbers it takes; drawing and placing share them.
    mappable : tuple of int
        Which of them a trained map may move.
    """

    @property
    def n_uniform(self) -> int: ...  # noqa: D102
    @property
    def mappable(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def list_shares(self) -> Array:
        """What part of a list each group of entries is; empty without a list."""
        ...

    def parents(self, uniform: Array) -> LabParents:
        """Return parents from uniform numbers (n_uniform, n)."""
        ...

    def place(
        self, parents: LabParents, arriving: Array, uniform: Array, pointing: Pointing | None = None
    ) -> Placed:
        """Return placed parents.

        Parameters
        ----------
        parents : LabParents
            From :meth:`parents`.
        arriving : array (4, n)
            The state to be placed, in the frame of the emission, GeV.
        uniform : array (n_uniform, n)
            The same uniform numbers.
        pointing : callable, optional
            What is sent to the detector instead of that state's direction: unit vectors (3, n) in the axes
            of the emission, from what moves four-vectors and the state moved.
        """
        ...

    def factors(self, placed: Placed, names: Sequence[str]) -> Array:
        """Return by what alternatives of a source multiply the weights, shape (m, n)."""
        ...
