"""Kinds of processes of which a signal knows more than that it is one: it draws parts of them by itself.

A portal that has such a process says so by having its methods; one that has none is drawn as it comes.
"""

from typing import Any, Protocol, TypeGuard, runtime_checkable

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.portals.portal import Portal, Process, Production


@runtime_checkable
class PhotonDecay(Process, Protocol):
    """A decay of a dark state to a photon and another dark state, in this order.

    Attributes
    ----------
    unstable : str
        Name of what decays.
    mass, daughter_mass : float
        Of what decays and of the other dark state, GeV.
    momentum : float
        Of the photon in the rest frame, GeV.
    polarised : bool
        A linear polarisation turns the photon.
    """

    @property
    def unstable(self) -> str: ...  # noqa: D102
    @property
    def mass(self) -> float: ...  # noqa: D102
    @property
    def daughter_mass(self) -> float: ...  # noqa: D102
    @property
    def momentum(self) -> float: ...  # noqa: D102
    @property
    def polarised(self) -> bool: ...  # noqa: D102

    def over_isotropic(self, cosine: Array) -> Array:
        """Return the density of the cosine between photon and linear polarisation over the isotropic one."""
        ...


@runtime_checkable
class PairProduction(Production, Protocol):
    """e+ e- to two dark states in the centre of mass, of which one makes a photon; z along a beam."""

    def at(self, sqrt_s: float, radiation: bool) -> "PairProduction":
        """Return the same at a fixed energy (GeV), maybe with a photon radiated along a beam.

        Then its photon flies along -z, and both beams radiate alike: the caller turns half of the events.
        """
        ...

    def radiated(self, uniform: Array) -> tuple[Array, Array]:
        """Return the share x of a beam's energy that is radiated, and cross sections (pb at G = 1).

        Parameters
        ----------
        uniform : array (n,)
            Uniform numbers; the mean of the cross sections is the total with radiation.
        """
        ...

    def over_flat(self, flight: Array, photon: Array, momentum: float, helicity: Array) -> Array:
        """Return the density of a pair and of the photon that is made of it over the flat one, of mean 1.

        Flat is the measure that rotations leave unchanged: in the helicity cosine and in the orientation.

        Parameters
        ----------
        flight : array (3, n)
            Direction of the state that decays, where the pair rests.
        photon : array (3, n)
            Momentum of its photon there, GeV.
        momentum : float
            The photon's momentum where that state rests, GeV.
        helicity : array (n,)
            Cosine of the photon to the flight there.
        """
        ...


@runtime_checkable
class Scattering(Process, Protocol):
    """One dark state turns into another, or into itself, off a target at rest.

    Attributes
    ----------
    target_mass, m_in, m_out : float
        Of the target, and of the dark state before and after, GeV.
    spin_in : bool
        What comes in may be polarised.
    """

    @property
    def target_mass(self) -> float: ...  # noqa: D102
    @property
    def m_in(self) -> float: ...  # noqa: D102
    @property
    def m_out(self) -> float: ...  # noqa: D102
    @property
    def spin_in(self) -> bool: ...  # noqa: D102

    def transfer(self, energy: Array, uniform: Array) -> tuple[Array, Array]:
        """Return Q^2 (GeV^2) and dsigma/dQ^2 over the density of the draw (GeV^-2 at G = 1).

        Parameters
        ----------
        energy, uniform : array (n,)
            Lab energies, GeV, and uniform numbers; below threshold the weight is 0.
        """
        ...

    def azimuth(
        self, energy: Array, q2: Array, direction: Array, spin: Array | None, uniform: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        """Return azimuths of recoils, and the rate over that of an unpolarised state.

        Parameters
        ----------
        energy, q2 : array (n,)
            Lab energies of what comes in and Q^2, GeV and GeV^2.
        direction : array (3, n)
            Its direction; azimuths count from the first vector of `perpendicular_pair`.
        spin : array (4, n) or None
            Its linear polarisation in the lab; None: unpolarised, or spin 0.
        uniform : pair of arrays (n,)
            Uniform numbers; the second is for what is polarised.
        """
        ...

    def recoil(self, energy: Array, kinetic: Array, direction: Array, azimuth: Array) -> Array:
        """Return the target's four-momentum (4, n), GeV, from its kinetic energy Q^2/(2M)."""
        ...


@runtime_checkable
class NucleusScattering(Scattering, Protocol):
    """A scattering off a nucleus, which takes hardly any energy."""

    def spin_across(self, normal: Array) -> Array | None:
        """Return the linear polarisation (4, n) in the lab of what goes out; None: spin 0.

        Parameters
        ----------
        normal : array (3, n)
            Of the plane of both momenta, to the left of what comes in for a state that goes out ahead.
        """
        ...


@runtime_checkable
class PointScattering(Scattering, Protocol):
    """A scattering whose recoils can be drawn within ranges."""

    def q2_limits(self, energy: Any) -> tuple[Any, Any]:
        """Return least and largest Q^2 (GeV^2) at lab energies above threshold (GeV)."""
        ...

    def integral(self, energy: Any, low: Any, high: Any) -> Any:
        """Return the integral of dsigma/dQ^2 at G = 1 over ranges of Q^2 (GeV^2) within the limits."""
        ...

    def kinetic_limits(self, energy: Any, cos_min: Any) -> tuple[Any, Any]:
        """Return where recoils within an angle of the incoming state lie: T <= first or T >= second, GeV."""
        ...

    def sample_within(self, energy: Array, uniform: Array, low: Array, high: Array) -> tuple[Array, Array]:
        """Return Q^2 within ranges (k, n) and dsigma/dQ^2 over that density; see :meth:`transfer`."""
        ...

    def spin_made(self, recoil: Array, outgoing: Array, uniform: Array) -> Array | None:
        """Return the linear polarisation (4, n) of what goes out, in its rest frame reached by a boost.

        Parameters
        ----------
        recoil, outgoing : array (4, n)
            In the lab, GeV.
        uniform : array (n,)
            Uniform numbers.

        Returns
        -------
        array or None
            None: spin 0.
        """
        ...


def is_photon_decay(process: Process) -> TypeGuard[PhotonDecay]:
    """Return whether a process is one; asked for all of it, others would compute their largest weights."""
    return hasattr(process, "over_isotropic") and isinstance(process, PhotonDecay)


def photon_decay(portal: Portal) -> PhotonDecay:
    """Return the decay of the heavier state to a photon and the lighter one, or raise PhysicsError."""
    for process in portal.decays(portal.heavy.name):
        if is_photon_decay(process):
            return process
    raise PhysicsError(f"{portal} has no decay to a photon and a dark state")


def pair_production(portal: Portal, spin_correlations: bool = True) -> PairProduction:
    """Return e+ e- to a pair of dark states, or raise PhysicsError."""
    for process in portal.productions("e+ e-", spin_correlations):
        if isinstance(process, PairProduction):
            return process
    raise PhysicsError(f"{portal} makes no pairs of e+ e-")


def nucleus_scattering(portal: Portal, state: str, target: str) -> NucleusScattering:
    """Return the scattering of a state on a nucleus, or raise PhysicsError."""
    for process in portal.scatterings(state, target):
        if isinstance(process, NucleusScattering):
            return process
    raise PhysicsError(f"{portal} has no scattering of {state} on {target}")


def point_scattering(portal: Portal, state: str, target: str) -> PointScattering:
    """Return the scattering of a state on a fermion, or raise PhysicsError."""
    for process in portal.scatterings(state, target):
        if isinstance(process, PointScattering):
            return process
    raise PhysicsError(f"{portal} has no scattering of {state} on {target}")
