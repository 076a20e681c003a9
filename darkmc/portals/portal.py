"""What the rest of the program knows of a portal: its states, and the processes that make and lose them."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from darkmc.core.errors import PhysicsError, shown
from darkmc.core.kinematics import Array


class DarkState(NamedTuple):
    """A dark state.

    Attributes
    ----------
    name : str
        As in result files and events: "axion", "dark_photon".
    mass : float
        GeV.
    ctau : float
        c tau in m at G = 1; inf if it is stable.
    """

    name: str
    mass: float
    ctau: float

    @property
    def decays(self) -> bool:
        """Whether it is unstable."""
        return isfinite(self.ctau)


class Threshold(NamedTuple):
    """An energy that something needs.

    Attributes
    ----------
    words : str
        What it is, by the names of result files: "m_axion + m_dark_photon".
    energy : float
        GeV.
    """

    words: str
    energy: float


@runtime_checkable
class Portal(Protocol):
    """One point of a model's masses; which of the states is the heavier is decided here and nowhere else.

    It can be hashed, and is equal to one of the same masses.
    """

    def __hash__(self) -> int: ...

    @property
    def masses(self) -> Mapping[str, float]:
        """Masses (GeV) by the names of result files: all that is written of a portal."""
        ...

    @property
    def heavy(self) -> DarkState:
        """The state that decays, if any does."""
        ...

    @property
    def light(self) -> DarkState | None:
        """The stable state that the heavier one decays to; None without one."""
        ...

    @property
    def final_states(self) -> tuple[str, ...]:
        """Names of all that the heavier state may decay into, open or closed."""
        ...

    @property
    def production_threshold(self) -> Threshold:
        """Least energy of a parent in its rest frame."""
        ...

    def heavy_branching_ratio(self, final_state: str) -> float:
        """Return the share of a final state in the width of the heavier state; 0 when closed."""
        ...

    def decay_closed(self, final_states: Sequence[str]) -> str | None:
        """Return why the heavier state decays to none of some final states, in words; None if to any."""
        ...

    def productions(self, parent: str, spin_correlations: bool = True) -> "Sequence[Production]":
        """Return what makes the states, of a parent by name; none if all are closed."""
        ...

    def decays(self, state: str) -> "Sequence[Process]":
        """Return the open decays of a state, by name; none if it is stable."""
        ...

    def scatterings(self, state: str, target: str) -> "Sequence[Process]":
        """Return the scatterings of a state on a target, by name."""
        ...


Frame = Literal["rest", "lab"]
REST: Frame = "rest"
LAB: Frame = "lab"


class Parents(NamedTuple):
    """What a process must know of the particles that it starts from.

    Attributes
    ----------
    energy : array (n,)
        Energy in the frame of the process, GeV: the mass or sqrt(s) for "rest", the lab energy for "lab".
    spin : array (4, n) or None
        Linear polarisation four-vector in that frame; None: unpolarised, or spin 0.
    """

    energy: Array
    spin: Array | None = None


@runtime_checkable
class Draw(Protocol):
    """Events of a process in its frame; momenta are made when asked for."""

    @property
    def weight(self) -> Array:
        """Weights (n,) at G = 1: their mean is the total of the process."""
        ...

    def momentum(self, name: str) -> Array:
        """Return the four-momentum (4, n) of a product, GeV."""
        ...

    def spin(self, name: str) -> Array | None:
        """Return its linear polarisation four-vector (4, n); None: unpolarised, or spin 0."""
        ...


@runtime_checkable
class Rate(Protocol):
    """A process of which a total is known.

    Attributes
    ----------
    key : str
        What tells it from others of its kind: its parent, final state or target.
    power : float
        Power of the coupling in its rate.
    products : tuple of str
        Names of what it makes.
    threshold : float
        Least energy (GeV) of what it starts from, in its frame.
    """

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def power(self) -> float: ...  # noqa: D102
    @property
    def products(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def threshold(self) -> float: ...  # noqa: D102

    def total(self, energy: Any = None) -> Any:
        """Return width (GeV), ratio or cross section (pb; cm^2 off a target) at G = 1; 0 when closed.

        Parameters
        ----------
        energy : float or array, optional
            Of what it starts from, in its frame, GeV; not for decays.
        """
        ...


@runtime_checkable
class Process(Rate, Protocol):
    """A density, a sampler and a total that belong together.

    Attributes
    ----------
    largest_weight : float
        Bound on the weights; inf where they have none that is common to all energies.
    n_uniform : int
        How many uniform numbers an event takes.
    mappable : tuple of int
        Which of them a trained map may move.
    frame : {"rest", "lab"}
        The rest frame of what it starts from, or the lab with z along it.
    """

    @property
    def largest_weight(self) -> float: ...  # noqa: D102
    @property
    def n_uniform(self) -> int: ...  # noqa: D102
    @property
    def mappable(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def frame(self) -> Frame: ...  # noqa: D102

    def density(self, invariants: Sequence[Any]) -> Any:
        """Return the density whose integral is the total, in invariants that each process names."""
        ...

    def sample(self, uniform: Array, parents: Parents | None = None) -> Draw:
        """Return events from uniform numbers (n_uniform, n); without parents where these are all alike."""
        ...


@runtime_checkable
class Production(Process, Protocol):
    """A process that makes dark states, and that a placement turns towards the detector."""

    def about_axis(self, draw: Draw, axis: Array) -> Array:
        """Return the density over the isotropic one for a parent that flies along an axis.

        A placement that turns events freely wants it as a factor; 1 for unpolarised mesons.

        Parameters
        ----------
        draw : Draw
            Events.
        axis : array (3, n)
            Unit vectors in the frame of the draw.
        """
        ...


def branching_ratio(portal: Portal, parent: str) -> float:
    """Return the share of a parent's decays that make dark states, at G = 1."""
    return float(sum(process.total() for process in portal.productions(parent)))


def checked_portal(portal: Portal) -> Portal:
    """Return a portal, or raise PhysicsError if it is none."""
    if isinstance(portal, type) or not isinstance(portal, Portal):
        raise PhysicsError(f"portal must be a portal such as a DarkAxionPortal, not {shown(portal)}")
    return portal
