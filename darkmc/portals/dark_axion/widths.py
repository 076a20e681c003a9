"""Widths and lifetimes of the dark photon and the axion at any coupling."""

from functools import cached_property

import numpy as np

from darkmc.core.constants import HBAR_C_GEV_M
from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.kinematics import Numbers
from darkmc.core.units import require_text
from darkmc.core.vocabulary import FINAL_STATES
from darkmc.portals.dark_axion.cross_sections import squared
from darkmc.portals.dark_axion.processes import Processes


class Widths(Processes):
    """The widths of a portal, which has a dark current."""

    @cached_property
    def _widths(self) -> dict[str, float]:
        found = {process.key: process.total() for process in self.decays("dark_photon")}
        return {name: found.get(name, 0.0) for name in FINAL_STATES}

    def partial_width(self, final_state: str, coupling: Numbers = 1.0) -> Numbers:
        """Return the width of gamma' into one final state.

        [dN] eq. 7 and section VI, the latter with the spin average 1/3 that its figure 10 lacks.

        Parameters
        ----------
        final_state : {"a gamma", "a e- e+", "a mu- mu+"}
            What gamma' decays into.
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            GeV, of the shape of `coupling`; 0 when closed.

        Raises
        ------
        PhysicsError
            If the final state is unknown, or a coupling negative or not finite.
        """
        return self._widths[known_final_state(final_state)] * squared(coupling)

    def dark_photon_width(self, coupling: Numbers = 1.0) -> Numbers:
        """Return the width of the dark photon: a gamma, a e e and a mu mu.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            GeV, of the shape of `coupling`; 0 when all are closed.

        Raises
        ------
        PhysicsError
            If a coupling is negative or not finite.
        """
        return sum(self._widths.values()) * squared(coupling)

    def dark_photon_ctau(self, coupling: Numbers = 1.0) -> Numbers:
        """Return c tau of the dark photon.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            m, of the shape of `coupling`; inf when it is stable.

        Raises
        ------
        PhysicsError
            If a coupling is negative or not finite.
        """
        return _ctau(self.dark_photon_width(coupling))

    def branching_ratio(self, final_state: str) -> float:
        """Return the share of a final state in the dark photon's width.

        Parameters
        ----------
        final_state : {"a gamma", "a e- e+", "a mu- mu+"}
            What gamma' decays into.

        Returns
        -------
        float
            0 to 1; 0 when the dark photon is stable.

        Raises
        ------
        PhysicsError
            If the final state is unknown.
        """
        total = sum(self._widths.values())
        return self._widths[known_final_state(final_state)] / total if total > 0.0 else 0.0

    def axion_width(self, coupling: Numbers = 1.0) -> Numbers:
        """Return the width of a -> gamma gamma', [dN] eq. 8.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            GeV, of the shape of `coupling`; 0 when closed.

        Raises
        ------
        PhysicsError
            If a coupling is negative or not finite.
        """
        return self.current.axion_width(coupling)

    def axion_ctau(self, coupling: Numbers = 1.0) -> Numbers:
        """Return c tau of the axion.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            m, of the shape of `coupling`; inf when it is stable.

        Raises
        ------
        PhysicsError
            If a coupling is negative or not finite.
        """
        return _ctau(self.axion_width(coupling))


def known_final_state(name: str) -> str:
    """Return the name of a final state of gamma', or raise PhysicsError with the nearest."""
    if require_text("final_state", name) not in FINAL_STATES:
        raise PhysicsError(f"unknown final state '{name}'{nearest(name, FINAL_STATES)}")
    return name


def _ctau(width: Numbers) -> Numbers:
    with np.errstate(divide="ignore"):
        return np.divide(HBAR_C_GEV_M, width)[()]
