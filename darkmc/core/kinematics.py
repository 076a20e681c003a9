"""Relativistic kinematics on arrays: four-momenta have shape (4, n), rows E, px, py, pz, in GeV."""

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Triad = tuple[Array, Array, Array]
Numbers = float | Array  # functions of numbers broadcast, and return a number for numbers


def kallen(x: Any, y: Any, z: Any) -> Any:
    """Return lambda(x, y, z) in the form that keeps its digits near the threshold x = (sqrt y + sqrt z)^2.

    Parameters
    ----------
    x, y, z : float or array
        Squared masses in GeV^2, y and z not negative.

    Returns
    -------
    float or array
        x^2 + y^2 + z^2 - 2xy - 2yz - 2zx in GeV^4.
    """
    root_y, root_z = np.sqrt(y), np.sqrt(z)
    return (x - (root_y + root_z) ** 2) * (x - (root_y - root_z) ** 2)


def two_body_momentum(m_parent: Any, m_1: Any, m_2: Any) -> Any:
    """Return the momentum (GeV) of either daughter in the parent's rest frame, 0 for a closed channel."""
    closed = np.asarray(m_parent) <= np.add(m_1, m_2)
    safe = np.where(closed, 1.0, m_parent)
    total, difference = np.add(m_1, m_2), np.subtract(m_1, m_2)
    factors = (safe - total) * (safe + total) * (safe - difference) * (safe + difference)
    momentum = np.sqrt(np.maximum(factors, 0.0)) / (2.0 * safe)
    return np.where(closed, 0.0, momentum)[()]


def on_shell(momentum: Array, mass: Any) -> Array:
    """Return the four-momentum (4, n) of a three-momentum (3, n) with the given mass."""
    energy = np.sqrt(np.einsum("ij,ij->j", momentum, momentum) + np.square(mass))
    return np.concatenate([energy[None], momentum])


def boost(momentum: Array, frame: Array, frame_mass: Any) -> Array:
    """Take four-momenta from the rest frame of `frame` to the frame in which `frame` is given.

    Parameters
    ----------
    momentum : array (4, n)
        Four-momenta in the rest frame.
    frame : array (4, n)
        Four-momentum of the moving system.
    frame_mass : float or array (n,)
        Its invariant mass.

    Returns
    -------
    array (4, n)
        The boosted four-momenta; a pure boost, axes stay parallel.
    """
    along = np.einsum("ij,ij->j", momentum[1:], frame[1:])
    energy = (momentum[0] * frame[0] + along) / frame_mass
    shift = (energy + momentum[0]) / (frame[0] + frame_mass)
    out = np.empty_like(momentum)
    out[0] = energy
    np.multiply(frame[1:], shift, out=out[1:])
    out[1:] += momentum[1:]
    return out


def spin_at_rest(spin: Array, four: Array, mass: float) -> Array:
    """Take linear polarisation four-vectors to the rest frames of their particles, by a pure boost.

    Parameters
    ----------
    spin : array (4, n)
        In the frame in which the particles move, orthogonal to their momenta.
    four : array (4, n)
        Four-momenta of the particles.
    mass : float
        Their mass.

    Returns
    -------
    array (4, n)
        Of energy zero, which is not computed: it would be a difference of large numbers.
    """
    axis = spin[1:] - four[1:] * (spin[0] / (four[0] + mass))
    return np.concatenate([np.zeros_like(spin[:1]), axis / length(axis)])


def boost_z(momentum: Array, gamma: Array, gamma_beta: Array) -> Array:
    """Boost four-momenta (4, n) along +z with the given gamma and gamma beta."""
    return np.stack(
        [
            gamma * momentum[0] + gamma_beta * momentum[3],
            momentum[1],
            momentum[2],
            gamma * momentum[3] + gamma_beta * momentum[0],
        ]
    )


def cosine_and_sine(angle: Array) -> tuple[Array, Array]:
    """Return both, from the tangent of half the angle (rad): a quarter of the time of NumPy's two."""
    half = np.tan(0.5 * angle)
    square = half * half
    share = 1.0 / (1.0 + square)
    return (1.0 - square) * share, 2.0 * half * share


def unit_vector(cosine: Array, azimuth: Array) -> Array:
    """Return unit vectors (3, n) with the given polar cosine and azimuth about +z."""
    sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
    x, y = cosine_and_sine(azimuth)
    return np.stack([sine * x, sine * y, cosine])


def perpendicular_pair(axis: Array) -> tuple[Array, Array]:
    """Return two unit vectors that complete unit vectors (3, n) to right-handed triads.

    Source: Duff et al., J. Comput. Graph. Tech. 6 (2017) 1, the branch-free construction.
    """
    x, y, z = axis
    sign = np.copysign(1.0, z)
    a = -1.0 / (sign + z)
    b = x * y * a
    first = np.stack([1.0 + sign * x * x * a, sign * b, -sign * x])
    second = np.stack([b, sign + y * y * a, -y])
    return first, second


def beam_pair(axis: Array) -> tuple[Array, Array]:
    """Return two unit vectors that complete unit vectors (3, n) to right-handed triads, the first towards +z.

    Of +z and -z themselves the first points along -x and x.
    """
    x, y, z = axis
    sine = np.sqrt(x * x + y * y)
    at = sine > 0.0
    cosine = np.where(at, x, 1.0) / np.where(at, sine, 1.0)
    across = y / np.where(at, sine, 1.0)
    return np.stack([-cosine * z, -across * z, sine]), np.stack([across, -cosine, np.zeros_like(x)])


def around(axis: Array, cosine: Array, azimuth: Array) -> Array:
    """Return unit vectors (3, n) at polar cosine and azimuth about the given axes."""
    first, second = perpendicular_pair(axis)
    x, y, z = unit_vector(cosine, azimuth)
    out: Array = x * first + y * second + z * axis
    return out


def some(vectors: Array, index: NDArray[np.intp]) -> Array:
    """Return some columns, in rows that lie together: their sums then round as those of all columns do."""
    return np.take(vectors, index, axis=-1)


class Rotation:
    """Rotations that take unit vectors `source` (3, n) to `target` (3, n), turned by `azimuth` about it.

    With `target` and a flat azimuth drawn independently of `source`, the rotation is distributed as
    the invariant measure of SO(3): the measure that turning an event as a whole leaves unchanged.
    """

    def __init__(self, source: Array, target: Array, azimuth: Array) -> None:
        first, second = perpendicular_pair(target)
        cosine, sine = cosine_and_sine(azimuth)
        self._from = (*perpendicular_pair(source), source)
        self._to = (cosine * first + sine * second, cosine * second - sine * first, target)

    @classmethod
    def between(cls, source: Triad, target: Triad) -> "Rotation":
        """Return rotations that take right-handed triads of unit vectors (3, n) to others."""
        out = cls.__new__(cls)
        out._from, out._to = source, target
        return out

    def __call__(self, vectors: Array) -> Array:
        """Return turned three-vectors (3, n), or four-vectors (4, n) with the space part turned."""
        space = vectors[-3:]
        turned = np.zeros_like(space)
        for old, new in zip(self._from, self._to, strict=True):
            turned += np.einsum("ij,ij->j", old, space) * new
        return turned if len(vectors) == 3 else np.concatenate([vectors[:1], turned])

    def then_about_z(self, azimuth: Array) -> "Rotation":
        """Return this rotation followed by a turn about +z."""
        out = copy(self)
        first, second, third = self._to
        out._to = (about_z(first, azimuth), about_z(second, azimuth), about_z(third, azimuth))
        return out


def about_z(vectors: Array, azimuth: Array) -> Array:
    """Return three-vectors (3, n) turned by azimuths (n,) about +z."""
    cosine, sine = cosine_and_sine(azimuth)
    x, y, z = vectors
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z])


def length(vectors: Array) -> Array:
    """Return the lengths (n,) of three-vectors (3, n)."""
    out: Array = np.sqrt(np.einsum("ij,ij->j", vectors, vectors))
    return out


def polar_angle(vectors: Array) -> Array:
    """Return the angle (rad) of three-momenta (3, n) to +z, exact also for tiny angles."""
    out: Array = np.arctan2(np.sqrt(vectors[0] ** 2 + vectors[1] ** 2), vectors[2])
    return out


def azimuthal_angle(vectors: Array) -> Array:
    """Return the angle (rad) of three-momenta (3, n) about +z, from -pi to pi and 0 along x."""
    out: Array = np.arctan2(vectors[1], vectors[0])
    return out


def invariant_mass_squared(momentum: Array) -> Array:
    """Return E^2 - p^2 of four-momenta (4, n) in GeV^2."""
    space = np.einsum("ij,ij->j", momentum[1:], momentum[1:])
    mass2: Array = momentum[0] ** 2 - space
    return mass2


def nucleon_frame(beam_energy: float, nucleon_mass: float) -> tuple[float, float, float]:
    """Return sqrt(s) (GeV), gamma and beta of the centre of mass of a beam nucleon and one at rest."""
    s = 2.0 * nucleon_mass * (nucleon_mass + beam_energy)
    beta = np.sqrt(beam_energy**2 - nucleon_mass**2) / (beam_energy + nucleon_mass)
    return float(np.sqrt(s)), float(1.0 / np.sqrt(1.0 - beta**2)), float(beta)


def feynman_x(frame: tuple[float, float, float], energy: Array, along: Array) -> Array:
    """Return x_F = 2 p*_L/sqrt(s) of lab energies and momenta along the beam, GeV.

    Parameters
    ----------
    frame : (sqrt(s), gamma, beta)
        From :func:`nucleon_frame`.
    energy, along : array (n,)
        In the lab.
    """
    root_s, gamma, beta = frame
    out: Array = 2.0 * gamma / root_s * (along - beta * energy)
    return out
