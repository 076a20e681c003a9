"""The processes of the portal by the names of their particles, and decays of mesons at rest."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.kinematics import Array, Rotation, unit_vector
from darkmc.core.materials import nucleus
from darkmc.core.particles import PSEUDOSCALARS, canonical_name, mass, photon_coupling
from darkmc.core.rng import CHUNK_ROWS, chunk_rng, stream_number
from darkmc.core.units import checked_seed, require_text, whole_number
from darkmc.core.vocabulary import FINAL_STATES
from darkmc.portals.dark_axion.annihilation import Annihilation
from darkmc.portals.dark_axion.bremsstrahlung_sampler import Bremsstrahlung
from darkmc.portals.dark_axion.coherent_conversion import ProtonConversion, conversion_on
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_photon_decay import PhotonDecay
from darkmc.portals.dark_axion.fermion_scattering import FermionScattering
from darkmc.portals.dark_axion.lepton_pair_decay import PairDecay
from darkmc.portals.dark_axion.pseudoscalar_decay import PseudoscalarDecay
from darkmc.portals.dark_axion.scattering import Scattering
from darkmc.portals.dark_axion.vector_decay import VectorDecay
from darkmc.portals.portal import Process, Production

MOST_DECAYS = 10**8


class Decays(NamedTuple):
    """Decays of a particle at rest.

    Attributes
    ----------
    momenta : dict of arrays (4, n)
        Rows E, px, py, pz in GeV, by the names of the products.
    weight : array (n,)
        At G = 1: their mean is the branching ratio.
    """

    momenta: dict[str, Array]
    weight: Array


class Processes:
    """The processes of a portal, which has a dark current."""

    current: DarkCurrent

    def productions(self, parent: str, spin_correlations: bool = True) -> Sequence[Production]:
        """Return what makes dark states; none if it is closed.

        Parameters
        ----------
        parent : str
            A meson; "e+ e-", whose sqrt(s) the parents bring along, leptons massless, or "e+ e- at rest", the
            same of :func:`darkmc.core.beam_radiation.pair_energy` with their mass; or "e- Al", an
            electron on a nucleus.
        spin_correlations : bool
            Keep the polarisation of the gamma', or forget it.

        Returns
        -------
        sequence of Production
            One.

        Raises
        ------
        PhysicsError
            If nothing is known to be made from it.
        """
        if parent == "e+ e-":
            return [Annihilation(None, self.current, spin_correlations)]
        if parent == "e+ e- at rest":
            return [Annihilation(None, self.current, spin_correlations, m_lepton=mass("e"), key=parent)]
        if require_text("parent", parent).startswith("e- "):
            return [Bremsstrahlung(self.current, nucleus(parent.removeprefix("e- ")), spin_correlations)]
        return self.meson_decays(parent, spin_correlations)

    def meson_decays(
        self, meson: str, spin_correlations: bool = True
    ) -> list[PseudoscalarDecay | VectorDecay]:
        """Return the decay of a meson, P -> gamma a gamma' or V -> a gamma'.

        Parameters
        ----------
        meson : str
            Its name.
        spin_correlations : bool
            Keep the polarisation of the gamma', or forget it.

        Returns
        -------
        list of PseudoscalarDecay or VectorDecay
            One; none if it is closed.

        Raises
        ------
        PhysicsError
            If the meson is unknown.
        """
        name, measured = canonical_name(meson), photon_coupling(meson).value
        if mass(name) <= self.current.threshold:
            return []
        species = PseudoscalarDecay if name in PSEUDOSCALARS else VectorDecay
        return [species(mass(name), measured, self.current, spin_correlations, name)]

    def decays(self, state: str) -> Sequence[Process]:
        """Return the open decays of a dark state.

        Parameters
        ----------
        state : {"axion", "dark_photon"}
            What decays.

        Returns
        -------
        sequence of Process
            None of the lighter state, or if masses are equal.  Their keys are the final states; that of
            a -> gamma gamma' counts as "a gamma".

        Raises
        ------
        PhysicsError
            If the state is unknown.
        """
        (heavy, m_heavy), (_, m_light) = self.current.states
        return [] if self._dark_state(state) != heavy or m_heavy == m_light else self._decays

    @cached_property
    def _decays(self) -> list[Process]:
        """Open decays of the heavier state, with their tables, which are made once."""
        (heavy, m_heavy), (_, m_light) = self.current.states
        found: list[Process] = [PhotonDecay(self.current)]
        for key, products in FINAL_STATES.items() if heavy == "dark_photon" else ():
            if products.lepton and m_heavy - m_light > 2.0 * mass(products.lepton):
                first, second = products.visible
                found.append(PairDecay(self.current, mass(products.lepton), (first, second), key))
        return found

    def scatterings(self, state: str, target: str) -> Sequence[Scattering]:
        """Return the scatterings of "axion" or "dark_photon" on a target at rest.

        Parameters
        ----------
        state : str
            What comes in.
        target : str
            "e", "mu", "p" (free proton) or the symbol of an element, see :meth:`scattering_cross_section`.

        Returns
        -------
        sequence of Scattering
            One; its total averages over the polarisations of a gamma' that comes in.

        Raises
        ------
        PhysicsError
            If the state or the target is unknown.
        """
        incoming = self._dark_state(state)
        if target in ("e", "mu"):
            return [FermionScattering(self.current, incoming, mass(target), target)]
        if target == "p":
            return [ProtonConversion(self.current, incoming)]
        return [conversion_on(nucleus(target), self.current, incoming)]

    def decay(self, meson: str, n: int, seed: int = 0) -> Decays:
        """Draw decays P -> gamma a gamma' or V -> a gamma' of a meson at rest, turned at random.

        Parameters
        ----------
        meson : str
            "pi0", "eta", "eta'", "rho0", "omega", "phi", "J/psi" or "Upsilon(3S)".
        n : int
            How many, from 1 to 1e8.
        seed : int
            Seed of the random numbers.

        Returns
        -------
        Decays
            Four-momenta ``momenta[name]`` (4, n) in GeV of "axion", "dark_photon" and, for P, "photon", and
            weights (n,), whose mean is the branching ratio at G = 1.

        Raises
        ------
        PhysicsError
            If the meson is unknown or too light for a gamma', or a number out of its range.

        Examples
        --------
        >>> import darkmc
        >>> momenta, weight = darkmc.DarkAxionPortal(0.03).decay("pi0", n=100_000, seed=1)
        >>> sorted(momenta), momenta["axion"].shape
        (['axion', 'dark_photon', 'photon'], (4, 100000))
        >>> f"{weight.mean():.2e}"
        '3.12e-06'
        """
        found = self.meson_decays(meson)
        whole_number("n", n, 1, MOST_DECAYS)
        seed = checked_seed("seed", seed)
        if not found:
            least = self.current.threshold
            raise PhysicsError(f"{meson} is too light for a gamma', whose masses sum to {least:g} GeV")
        (process,) = found
        parts = []
        for chunk, start in enumerate(range(0, n, CHUNK_ROWS)):
            rng = chunk_rng(seed, stream_number("decays at rest"), chunk)
            uniform = rng.random((process.n_uniform + 3, min(CHUNK_ROWS, n - start)))
            draw = process.sample(uniform[:-3])
            axis = unit_vector(2.0 * uniform[-3] - 1.0, 2.0 * np.pi * uniform[-2])
            along_z = np.broadcast_to([[0.0], [0.0], [1.0]], axis.shape)
            turn = Rotation(along_z, axis, 2.0 * np.pi * uniform[-1])
            parts.append((draw.weight, [turn(draw.momentum(name)) for name in process.products]))
        momenta = (np.concatenate(column, axis=1) for column in zip(*(p[1] for p in parts), strict=True))
        weight = np.concatenate([part[0] for part in parts])
        return Decays(dict(zip(process.products, momenta, strict=True)), weight)

    @staticmethod
    def _dark_state(name: str) -> str:
        known = ("axion", "dark_photon")
        if require_text("state", name) not in known:
            raise PhysicsError(f"unknown dark state '{name}'{nearest(name, known)}")
        return name
