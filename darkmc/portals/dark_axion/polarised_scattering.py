"""gamma' X -> a X of a polarised gamma' on a target at rest: what its spin makes of the rate.

The classes of `electron_scattering` and `coherent_scattering` average over the three polarisations.  The
gamma' of a decay is linearly polarised along one of a few axes with known chances (`dark_pair`): for each
axis the rate of a recoil of some Q^2 and azimuth is the average's times a factor, given here.

Source: the vertex of [dN] eq. 1 (arXiv:1806.00757) contracted with the target's current, Rosenbluth's
for a proton; summed over three axes it is the bracket of [dN] eq. 17.
"""

from typing import Any, Protocol

import numpy as np

from darkmc.core.kinematics import Array, perpendicular_pair

Structure = tuple[Any, Any]


class Target(Protocol):
    """Scattering of a gamma' (m_in) to an axion (m_out) off a target at rest, masses in GeV."""

    m_in: float
    m_out: float

    @property
    def target_mass(self) -> float: ...  # noqa: D102

    def structure(self, q2: Any) -> Structure:
        """Return A and B of :func:`polarised_square` at Q^2 in GeV^2, up to a common factor."""
        ...


def polarised_square(v_e: Any, q_e: Any, square: Any, t: Any, structure: Structure) -> Any:
    """Return 4 A (v.e)^2 - t B [q^2 - (q.e)^2] in GeV^4, for a gamma' linearly polarised along e.

    |M|^2 = e^2 G^2 m'^2/t^2 times this, summed over the target's final and averaged over its initial spins.
    Three-vectors in the gamma' rest frame, reached by one direct boost: q = p - p' of the target before and
    after, v = p x q; t = (p - p')^2 of four-vectors.  A mixture rho of axes e gives v.rho.v and q.rho.q.
    A = B = 1 for a point fermion, A = 1 and B = 0 for spin 0 (times Z^2 F^2), and A = (G_E^2 + tau G_M^2)/
    (1 + tau), B = G_M^2 for a proton.

    Parameters
    ----------
    v_e, q_e, square : float or array
        v.e, q.e and q^2 in GeV^2, GeV and GeV^2.
    t : float or array
        Negative, GeV^2.
    structure : (A, B)
        Of the target at this t.
    """
    electric, magnetic = structure
    return 4.0 * electric * np.square(v_e) - t * magnetic * (square - np.square(q_e))


def average_square(v2: Any, square: Any, t: Any, structure: Structure) -> Any:
    """Return the mean of :func:`polarised_square` over three orthogonal axes, from v^2 and q^2."""
    electric, magnetic = structure
    return (4.0 * electric * v2 - 2.0 * t * magnetic * square) / 3.0


def collision(target: Target, energy: Array, q2: Array) -> tuple[Array, Array, Array]:
    """Return |p|, and q along and across the gamma' lab direction, in the gamma' rest frame (GeV).

    There the target flies against that direction, and k.q = (m_out^2 - m_in^2 - t)/2, p.q = t/2 of
    four-vectors fix q.

    Parameters
    ----------
    target : Target
        Masses.
    energy : array (n,)
        Lab energies of the gamma', GeV.
    q2 : array (n,)
        Q^2 = -t, GeV^2.
    """
    mass = target.m_in
    speed = np.sqrt(np.maximum((energy - mass) * (energy + mass), 1e-30 * mass**2))
    before = target.target_mass * speed / mass
    transfer = (target.m_out**2 - mass**2 + q2) / (2.0 * mass)
    along = -(0.5 * q2 + target.target_mass * energy / mass * transfer) / before
    across = np.sqrt(np.maximum(transfer**2 + q2 - along**2, 0.0))
    return before, along, across


def recoil_azimuth(
    target: Target,
    energy: Array,
    q2: Array,
    direction: Array,
    spin: Array | None,
    uniform: tuple[Array, Array],
) -> tuple[Array, Array]:
    """Return azimuths of recoils about the incoming gamma', and its rate over that of an unpolarised one.

    The azimuth (rad) counts from the first vector of `perpendicular_pair`.  It is flat but for quarter
    turns, chosen with their rates.  As a function of it the rate has harmonics up to the second: the mean of
    four quarter turns is the mean of all, and the choice gives the exact density.  The factor, that mean
    over the average of three polarisations, is at most 3/2.

    Parameters
    ----------
    target : Target
        Masses and structure.
    energy, q2 : array (n,)
        Lab energies of the gamma' and Q^2 of recoils, GeV and GeV^2.
    direction : array (3, n)
        Its direction.
    spin : array (4, n) or None
        Its linear polarisation in the lab; None: the average over three, or an axion.
    uniform : pair of arrays (n,)
        Uniform numbers.
    """
    azimuth = 2.0 * np.pi * uniform[0]
    if spin is None:
        return azimuth, np.ones_like(energy)
    before, along, across = collision(target, energy, q2)
    first, second = (np.einsum("ij,ij->j", axis, spin[1:]) for axis in perpendicular_pair(direction))
    forward = np.einsum("ij,ij->j", direction, spin[1:]) * (target.m_in / energy)
    cos, sin = np.cos(azimuth), np.sin(azimuth)
    radial, normal = first * cos + second * sin, second * cos - first * sin
    square, v, structure = along**2 + across**2, before * across, target.structure(q2)
    turns = np.stack(
        [
            polarised_square(v * n_e, along * forward - across * m_e, square, -q2, structure)
            for m_e, n_e in ((radial, normal), (normal, -radial), (-radial, -normal), (-normal, radial))
        ]
    )
    total = np.cumsum(turns, axis=0)
    mean = average_square(v**2, square, -q2, structure)
    factor = 0.25 * total[3] / np.where(mean > 0.0, mean, 1.0)
    chosen = np.sum(uniform[1] * total[3] >= total[:3], axis=0)
    return azimuth + 0.5 * np.pi * chosen, np.where(mean > 0.0, factor, 1.0)
