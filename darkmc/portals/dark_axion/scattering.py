"""What all scatterings of one dark state into the other on a target at rest have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from darkmc.core.constants import GEV2_TO_CM2
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, around
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.polarised_scattering import Structure, recoil_azimuth
from darkmc.portals.drawn import Drawn
from darkmc.portals.portal import LAB, Parents


class Scattering(ABC):
    """A :class:`darkmc.portals.portal.Process` a X -> gamma' X or gamma' X -> a X; its total is in cm^2.

    Parameters
    ----------
    current : DarkCurrent
        The masses.
    incoming : {"axion", "dark_photon"}
        What comes in; totals average over the polarisations of a gamma'.
    target_mass : float
        GeV.
    key : str
        Name of the target.
    """

    power, frame, mappable = 2.0, LAB, (0,)
    n_uniform = 4  # Q^2, azimuth, the spin that comes in, the spin that goes out
    largest_weight = np.inf

    def __init__(self, current: DarkCurrent, incoming: str, target_mass: float, key: str) -> None:
        self.current, self.key, self.target_mass = current, key, target_mass
        self.m_in, self.m_out = current.in_and_out(incoming)
        self.spin_in = incoming == "dark_photon"
        self.spin_average = 1.0 / 3.0 if self.spin_in else 1.0
        self.products = ("recoil", "dark_photon" if incoming == "axion" else "axion")

    @property
    def threshold(self) -> float:
        """Least energy (GeV) of the incoming state: ((m_out+M)^2 - m_in^2 - M^2)/(2M), or its mass."""
        m = self.target_mass
        return float(max(self.m_in, ((self.m_out + m) ** 2 - self.m_in**2 - m**2) / (2.0 * m)))

    @abstractmethod
    def total(self, energy: Any = None) -> Any:
        """Return sigma at G = 1 in cm^2 for lab energies in GeV, which broadcast; 0 below threshold."""

    @abstractmethod
    def structure(self, q2: Any) -> Structure:
        """Return A and B of :func:`polarised_scattering.polarised_square`."""

    @abstractmethod
    def differential(self, q2: Any, energy: Any) -> Any:
        """Return dsigma/dQ^2 at G = 1 in GeV^-2 for allowed Q^2 (GeV^2) and energies (GeV)."""

    @abstractmethod
    def transfer(self, energy: Array, uniform: Array) -> tuple[Array, Array]:
        """Return Q^2 (GeV^2) and dsigma/dQ^2 over the density of the draw (GeV^-2 at G = 1)."""

    @abstractmethod
    def outgoing_spin(self, recoil: Array, outgoing: Array, uniform: Array) -> Array:
        """Return the linear polarisation (4, n) of a gamma' that goes out, in the lab."""

    def density(self, invariants: Sequence[Any]) -> Any:
        """Return dsigma/dQ^2 in cm^2/GeV^2 at G = 1, at allowed Q^2 (GeV^2) and lab energies (GeV)."""
        return self.differential(*invariants) * GEV2_TO_CM2

    def sample(self, uniform: Array, parents: Parents | None = None) -> Drawn:
        """Return events from uniform numbers (4, n) and parents of given energy along z, maybe polarised."""
        if parents is None:
            raise PhysicsError("a scattering needs the energies of what comes in")
        energy = parents.energy
        q2, weight = self.transfer(energy, uniform[0])
        along = np.zeros((3, len(energy)))
        along[2] = 1.0
        turn = (uniform[1], uniform[2])
        azimuth, factor = self.azimuth(energy, q2, along, parents.spin, turn)
        recoil = self.recoil(energy, q2 / (2.0 * self.target_mass), along, azimuth)
        outgoing = -recoil
        outgoing[0] += energy + self.target_mass
        outgoing[3] += np.sqrt(energy**2 - self.m_in**2)
        _, out = self.products
        spins = {}
        if out == "dark_photon":
            spins[out] = lambda: self.outgoing_spin(recoil, outgoing, uniform[3])
        made = {"recoil": recoil, out: outgoing}
        return Drawn(weight * factor * GEV2_TO_CM2, {}, spins, made)

    def azimuth(
        self, energy: Array, q2: Array, direction: Array, spin: Array | None, uniform: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        """Return azimuths of recoils and the rate over the average, by :func:`recoil_azimuth`."""
        return recoil_azimuth(self, energy, q2, direction, spin, uniform)

    def recoil(self, energy: Array, kinetic: Array, direction: Array, azimuth: Array) -> Array:
        """Return the target's four-momentum (4, n), GeV, from its kinetic energy T = Q^2/(2M).

        Parameters
        ----------
        energy, kinetic, azimuth : array (n,)
            Of the incoming state and the recoil, GeV; the recoil's azimuth about it, rad.
        direction : array (3, n)
            Of the incoming state.
        """
        m = self.target_mass
        flight = around(direction, np.clip(self.recoil_cosine(energy, kinetic), -1.0, 1.0), azimuth)
        return np.concatenate([(kinetic + m)[None], np.sqrt(kinetic * (kinetic + 2.0 * m)) * flight])

    def recoil_cosine(self, energy: Any, kinetic: Any) -> Any:
        """Return the cosine of the recoil's angle to the incoming state for kinetic energies T in GeV.

        (E T + M T + (m_out^2 - m_in^2)/2)/(p_in p_recoil), from the mass of what goes out.
        """
        m, kinetic = self.target_mass, np.asarray(kinetic)
        p_in = np.sqrt(np.square(energy) - self.m_in**2)
        recoil = np.sqrt(kinetic * (kinetic + 2.0 * m))
        along = (energy + m) * kinetic + 0.5 * (self.m_out**2 - self.m_in**2)
        return along / (p_in * recoil)
