"""What the rest of the program knows of a portal: its masses, and which of its states decays."""

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple, Protocol


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


class Portal(Protocol):
    """One pair of masses; which of the states is the heavier is decided here and nowhere else."""

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

    def heavy_branching_ratio(self, final_state: str) -> float:
        """Return the share of a final state in the width of the heavier state; 0 when closed."""
        ...
