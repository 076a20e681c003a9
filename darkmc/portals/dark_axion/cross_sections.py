"""Cross sections of the model at any coupling, in the units of experiments."""

import numpy as np

from darkmc.core.constants import GEV2_TO_PB
from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.kinematics import Numbers
from darkmc.core.materials import Nucleus
from darkmc.core.particles import mass
from darkmc.core.units import (
    checked_couplings,
    energies,
    number,
    require_broadcast,
    require_not_negative,
    require_positive,
    require_text,
)
from darkmc.portals.dark_axion import annihilation, bremsstrahlung, radiative_annihilation
from darkmc.portals.dark_axion.processes import Processes

LARGEST_NUCLEUS = 1000
LARGEST_BEAM = 1e4  # GeV; up to it differences of invariants keep 13 digits of a cross section


def squared(coupling: Numbers) -> Numbers:
    """Return G^2 in GeV^-2, or raise PhysicsError if a coupling is negative or not finite."""
    return np.square(checked_couplings(coupling)[()])


def scaled(name: str, sigma: Numbers, coupling: Numbers) -> Numbers:
    """Return sigma G^2 from sigma at G = 1, or raise PhysicsError where they do not broadcast."""
    factor = squared(coupling)
    require_broadcast(name, np.shape(sigma), np.shape(factor))
    return sigma * factor


class CrossSections(Processes):
    """The cross sections of a portal, which has a dark current."""

    def annihilation_cross_section(
        self, sqrt_s: Numbers, coupling: Numbers = 1.0, m_lepton: float = 0.0
    ) -> Numbers:
        """Return sigma(l+ l- -> a gamma'), [dN] eq. 6.

        Parameters
        ----------
        sqrt_s : float or array
            Energy in the centre of mass in GeV, above twice the lepton mass.
        coupling : float or array
            G in GeV^-1; enters squared.
        m_lepton : float
            Mass of the annihilating leptons in GeV; 0 neglects it.

        Returns
        -------
        float or array
            pb, of the broadcast shape; 0 below threshold.

        Raises
        ------
        PhysicsError
            If sqrt_s is not above twice the lepton mass, a number negative or not finite, or if they do
            not broadcast.
        """
        energy, m = energies("sqrt_s", sqrt_s), require_not_negative("m_lepton", m_lepton)
        if not np.all(energy > 2.0 * m):
            raise PhysicsError("sqrt_s must be finite and above twice the lepton mass")
        sigma: Numbers = annihilation.cross_section(np.square(energy), self.current, m)
        return scaled("annihilation_cross_section", sigma, coupling) * GEV2_TO_PB

    def radiative_annihilation_cross_section(
        self, sqrt_s: float, e_min: float, e_max: float, abs_cos_max: float = 1.0, coupling: Numbers = 1.0
    ) -> Numbers:
        """Return sigma(e+ e- -> a gamma gamma'), the photon radiated off the beams.

        Parameters
        ----------
        sqrt_s : float
            Energy in the centre of mass, GeV.
        e_min, e_max : float
            Window of the photon's energy there, GeV; e_min above zero (soft divergence).
        abs_cos_max : float
            Largest |cos theta| of the photon, up to 1: the electron's mass is kept.
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            pb, of the shape of `coupling`; 0 when closed.

        Raises
        ------
        PhysicsError
            If sqrt_s is not above twice the electron mass, the window empty, or a number out of its
            range.
        """
        energy = float(energies("sqrt_s", require_positive("sqrt_s", sqrt_s)))
        window = {"e_min": e_min, "e_max": e_max}
        low, high = (float(energies(name, require_positive(name, e))) for name, e in window.items())
        if high <= low:
            raise PhysicsError(f"e_max = {high:g} must be above e_min = {low:g}")
        widest = require_positive("abs_cos_max", abs_cos_max)
        if widest > 1.0:
            raise PhysicsError(f"abs_cos_max must lie between 0 and 1, not {widest:g}")
        if energy <= 2.0 * mass("e"):
            raise PhysicsError("sqrt_s must be above twice the electron mass")
        sigma = radiative_annihilation.cross_section(energy**2, low, high, self.current, widest, mass("e"))
        return scaled("radiative_annihilation_cross_section", sigma, coupling) * GEV2_TO_PB

    def bremsstrahlung_cross_section(
        self, beam_energy: Numbers, Z: int, A: float, coupling: Numbers = 1.0
    ) -> Numbers:
        """Return sigma(e N -> e N a gamma'), coherent, by equivalent photons.

        Parameters
        ----------
        beam_energy : float or array
            Energy of the electron in GeV, above its mass, at most 1e4.
        Z, A : int, float
            Charge and mass number of the nucleus.
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            pb, of the broadcast shape; 0 when closed.

        Raises
        ------
        PhysicsError
            If a number is out of its range, or energies and couplings do not broadcast.
        """
        beam = energies("beam_energy", beam_energy)
        if not np.all(beam > mass("e")):
            raise PhysicsError("beam_energy must be above the electron mass")
        if np.any(beam > LARGEST_BEAM):
            raise PhysicsError(f"beam_energy must be at most {LARGEST_BEAM:g} GeV: beyond, digits are lost")
        charge, mass_number = number("Z", Z), number("A", A)
        if not all(1.0 <= value <= LARGEST_NUCLEUS for value in (charge, mass_number)) or charge % 1.0:
            raise PhysicsError(f"Z (whole) and A must lie between 1 and {LARGEST_NUCLEUS}")
        target = Nucleus("", int(charge), mass_number)
        sigma: Numbers = bremsstrahlung.cross_section(beam, self.current, target)
        return scaled("bremsstrahlung_cross_section", sigma, coupling) * GEV2_TO_PB

    def scattering_cross_section(
        self, incoming: str, energy: Numbers, target: str = "e", coupling: Numbers = 1.0
    ) -> Numbers:
        """Return sigma(a X -> gamma' X) or sigma(gamma' X -> a X).

        Parameters
        ----------
        incoming : {"a", "dark_photon"}
            What comes in; an incoming gamma' is averaged over its polarisations.
        energy : float or array
            Its lab energy in GeV; the target is at rest.
        target : str
            "e" or "mu" (point fermions, [dN] eqs. 16 and 17 with the right normalisation), "p" (free proton
            with dipole form factors), or an element's symbol (coherent nucleus of finite mass; "H": the
            proton of an atom, its charge screened).  Averaged over the polarisations of a gamma'.
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            cm^2, of the broadcast shape; 0 below threshold.

        Raises
        ------
        PhysicsError
            If the incoming state or the target is unknown, an energy no number, a coupling negative or
            not finite, if they do not broadcast, or the cross section is infinite (equal masses).
        """
        require_text("target", target)
        if require_text("incoming", incoming) not in ("a", "dark_photon"):
            raise PhysicsError(
                f"unknown incoming state '{incoming}'{nearest(incoming, ('a', 'dark_photon'))}"
            )
        lab = energies("energy", energy)
        state = "axion" if incoming == "a" else incoming
        (scattering,) = self.scatterings(state, target)
        sigma: Numbers = scattering.total(lab)
        return scaled("scattering_cross_section", sigma, coupling)
