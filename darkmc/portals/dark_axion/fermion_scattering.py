"""a l -> gamma' l and gamma' l -> a l off a point fermion at rest, for general masses.

Source: [dN] eqs. 16 and 17 (arXiv:1806.00757). The bracket of eq. 17 is right for a massless axion; its
printed prefactor 1/6 already holds the average over an incoming gamma', so that together with eq. 16 both
cross sections come out three times too small. Here 1/2, with the average in S.
"""

from typing import Any

import numpy as np

from darkmc.core.constants import ALPHA, GEV2_TO_CM2
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, boost, invariant_mass_squared, kallen, length
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.polarised_scattering import Structure
from darkmc.portals.dark_axion.scattering import Scattering
from darkmc.portals.drawn import at_rest

E2 = 4.0 * np.pi * ALPHA
WHOLE = 0.1  # share of recoils that are drawn without regard to cuts: it keeps the cutflow's errors small


class FermionScattering(Scattering):
    """Scattering of one dark state into the other on a fermion; see :class:`Scattering`."""

    def __init__(self, current: DarkCurrent, incoming: str, target_mass: float, key: str = "e") -> None:
        super().__init__(current, incoming, target_mass, key)
        self._difference2 = (current.m_dark_photon**2 - current.m_axion**2) ** 2
        self._sum = current.m_dark_photon**2 + current.m_axion**2

    def structure(self, q2: Any) -> Structure:
        """Return A = B = 1 of :func:`darkmc.portals.dark_axion.polarised_scattering.polarised_square`."""
        return np.ones_like(q2), np.ones_like(q2)

    def mandelstam_s(self, energy: Any) -> Any:
        """Return s = m_in^2 + m^2 + 2 E m in GeV^2."""
        return self.m_in**2 + self.target_mass**2 + 2.0 * np.asarray(energy) * self.target_mass

    def coefficients(self, s: Any) -> tuple[Any, Any, Any]:
        """Return b0, b1, b2 of B(t) = b0 + b1 t + b2 t^2 + t^3; the same for both directions.

        b0 = 2 m^2 D^2, b1 = D^2 - 4 m^2 S + 2 (s - m^2 - m_a^2)(s - m^2 - m'^2), b2 = 2 (s - S),
        D = m'^2 - m_a^2, S = m'^2 + m_a^2.
        """
        m2 = self.target_mass**2
        product = (s - m2 - self.m_in**2) * (s - m2 - self.m_out**2)
        linear = self._difference2 - 4.0 * m2 * self._sum + 2.0 * product
        return 2.0 * m2 * self._difference2, linear, 2.0 * (s - self._sum)

    def squared_amplitude(self, t: Any, s: Any) -> Any:
        """Return |M|^2 = -e^2 B(t)/(2 t^2) at G = 1: sum over final, mean over the fermion's spins."""
        b0, b1, b2 = self.coefficients(s)
        t = np.asarray(t)
        return -E2 / (2.0 * t**2) * (b0 + t * (b1 + t * (b2 + t)))

    def q2_limits(self, energy: Any) -> tuple[Any, Any]:
        """Return least and largest Q^2 = -t (GeV^2); the least from the product rule, to keep its digits."""
        s, m2 = self.mandelstam_s(energy), self.target_mass**2
        incoming = np.maximum(kallen(s, self.m_in**2, m2), 0.0)
        outgoing = np.maximum(kallen(s, self.m_out**2, m2), 0.0)
        product = (s + self.m_in**2 - m2) * (s + self.m_out**2 - m2)
        low = self._sum - (product + np.sqrt(incoming * outgoing)) / (2.0 * s)
        return m2 * self._difference2 / (s * -low), -low

    def differential(self, q2: Any, energy: Any) -> Any:
        """Return dsigma/dQ^2 = S |M|^2/(16 pi lambda) at G = 1 in GeV^-2 for allowed Q^2 = -t."""
        s = self.mandelstam_s(energy)
        flux = 4.0 * self.target_mass**2 * (np.asarray(energy) ** 2 - self.m_in**2)
        return self.spin_average * self.squared_amplitude(-np.asarray(q2), s) / (16.0 * np.pi * flux)

    def total(self, energy: Any = None) -> Any:
        """Return sigma at G = 1 in cm^2, in closed form; 0 below threshold. Energies (GeV) broadcast.

        PhysicsError where it is infinite: equal masses exchange a massless photon at any Q^2 down to 0.
        """
        energy = np.asarray(energy, dtype=float)
        open_ = energy > self.threshold
        safe = np.where(open_, energy, 2.0 * self.threshold + 1.0)
        low, high = self.q2_limits(safe)
        total = np.where(open_, self.integral(safe, low, high) * GEV2_TO_CM2, 0.0)[()]
        if not np.all(np.isfinite(total)):
            raise PhysicsError("scattering on a fermion: the cross section of equal masses is infinite")
        return total

    def integral(self, energy: Any, low: Any, high: Any) -> Any:
        """Return the integral of dsigma/dQ^2 from low to high (GeV^2) at G = 1, in units of G^2 x GeV^0.

        Energies above threshold and 0 < low <= high within :meth:`q2_limits`; low = 0 where the masses are
        equal or zero only gives a number if nothing diverges there.
        """
        b0, b1, b2 = self.coefficients(self.mandelstam_s(energy))
        flux = 4.0 * self.target_mass**2 * (np.square(energy) - self.m_in**2)
        width = high - low
        with np.errstate(divide="ignore", invalid="ignore"):
            pole = np.where(low > 0.0, -b0 * width / (low * high), 0.0)
            logarithm = b1 * np.log(high / low)
        total = pole + logarithm - b2 * width + 0.5 * (high**2 - low**2)
        return self.spin_average * E2 / (32.0 * np.pi * flux) * total

    def kinetic_limits(self, energy: Any, cos_min: Any) -> tuple[Any, Any]:
        """Return where recoils within an angle of the incoming state lie: T <= first or T >= second, GeV.

        The recoil is collinear at both ends of its range: (E + m) T + delta = cos p_in p_recoil is a
        quadratic equation, delta = (m_out^2 - m_in^2)/2.  For cos_min <= 0 nothing is excluded, and the
        second is 0; where no recoil is soft enough the first is -1.

        Parameters
        ----------
        energy : array (n,)
            Incoming energies above threshold, GeV.
        cos_min : array (n,)
            Least cosine between recoil and incoming state.
        """
        m, delta = self.target_mass, 0.5 * (self.m_out**2 - self.m_in**2)
        squeezed = np.square(np.maximum(cos_min, 0.0)) * (np.square(energy) - self.m_in**2)
        a = np.square(energy + m) - squeezed
        b = 2.0 * delta * (energy + m) - 2.0 * m * squeezed
        root2 = b * b - 4.0 * a * delta**2
        forbidden = (root2 > 0.0) & (b < 0.0) & (np.asarray(cos_min) > 0.0)
        q = 0.5 * (np.sqrt(np.maximum(root2, 0.0)) - b)
        soft = delta**2 / np.where(forbidden, q, 1.0) if delta > 0.0 else -np.ones_like(a)
        return np.where(forbidden, soft, -1.0), np.where(forbidden, q / a, 0.0)

    def outgoing_spin(self, recoil: Array, outgoing: Array, uniform: Array) -> Array:
        """Return the linear polarisation (4, n) in the lab, by :func:`polarisation_axis`."""
        axis = polarisation_axis(recoil, outgoing, self.m_out, self.target_mass, uniform)
        return boost(at_rest(axis), outgoing, self.m_out)

    def spin_made(self, recoil: Array, outgoing: Array, uniform: Array) -> Array | None:
        """Return the linear polarisation (4, n) of a gamma' that goes out, in its rest frame."""
        if self.spin_in:
            return None
        return at_rest(polarisation_axis(recoil, outgoing, self.m_out, self.target_mass, uniform))

    def transfer(self, energy: Array, uniform: Array) -> tuple[Array, Array]:
        """Return Q^2 = 2 m T (GeV^2) and dsigma/dQ^2 over the density of the draw (GeV^-2 at G = 1).

        As :meth:`sample_within` over the whole range; below threshold the weight is 0.

        Parameters
        ----------
        energy : array (n,)
            Incoming energies, GeV.
        uniform : array (n,)
            Uniform numbers.
        """
        whole = np.zeros((2, len(energy)))
        whole[1] = np.inf
        return self.sample_within(energy, uniform, whole[:1], whole[1:])

    def sample_within(self, energy: Array, uniform: Array, low: Array, high: Array) -> tuple[Array, Array]:
        """Return Q^2 (GeV^2) within given ranges, flat in ln Q^2, and dsigma/dQ^2 over that density.

        A share WHOLE of the rows is flat over all that is kinematically possible.  Photon exchange gives
        (1 - Q^2_min/Q^2)/Q^2 and smaller terms, so that weights are bounded.

        Parameters
        ----------
        energy : array (n,)
            Incoming energies, GeV.
        uniform : array (n,)
            Uniform numbers.
        low, high : arrays (k, n)
            Ranges of Q^2 in GeV^2, not overlapping; empty where high <= low. What is kinematically
            impossible is cut off; the weight is 0 below threshold.
        """
        open_ = energy > self.threshold * (1.0 + 1e-12)
        safe = np.where(open_, energy, 2.0 * self.threshold + 1.0)
        least, most = self.q2_limits(safe)
        least = np.maximum(least, 1e-30 * most)
        bottom = np.clip(low, least, most)
        spans, whole = np.log(np.clip(high, bottom, most) / bottom), np.log(most / least)
        total = np.sum(spans, axis=0)
        share = np.where(total > 0.0, 1.0 - WHOLE, 0.0)
        anywhere = uniform >= share
        depth = np.where(anywhere, -1.0, uniform / np.where(anywhere, 1.0, share) * total)
        q2 = least * np.exp((uniform - share) / (1.0 - share) * whole)
        for start, span in zip(bottom, spans, strict=True):
            q2 = np.where((depth >= 0.0) & (depth < span), start * np.exp(depth), q2)
            depth = depth - span
        inside = np.any((q2 >= bottom) & (q2 <= bottom * np.exp(spans)) & (spans > 0.0), axis=0)
        density = np.where(inside, share / np.where(total > 0.0, total, 1.0), 0.0) + (1.0 - share) / whole
        weight = np.maximum(self.differential(q2, safe), 0.0) * q2 / density
        return q2, np.where(open_, weight, 0.0)


def polarisation_axis(
    recoil: Array, outgoing: Array, mass: float, target_mass: float, uniform: Array
) -> Array:
    """Return the linear polarisation (3, n) of a gamma' made on a fermion, in the gamma' rest frame.

    The rest frame is reached by a direct boost.  There the photon of gamma' -> a gamma has, n its direction,
    W(n) = 2 [v^2 - (n.v)^2] - (t/2) [q^2 + (n.q)^2], q = p_e(in) - p_e(out), v = p_e(in) x q (three-vectors
    there, spin-averaged fermions).  1 + (n.q)^2/q^2 is the sum of 1 - (n.e)^2 over both e orthogonal to q,
    so that the gamma' is polarised along v or q x v with chances (2 v^2 - t q^2/2) : (-t q^2/2).

    Parameters
    ----------
    recoil, outgoing : arrays (4, n)
        Fermion and gamma' that go out, GeV; the fermion was at rest.
    mass, target_mass : float
        Masses of the gamma' and of the fermion in GeV.
    uniform : array (n,)
        Uniform numbers.
    """
    backwards = outgoing * np.array([1.0, -1.0, -1.0, -1.0])[:, None]
    target = np.zeros_like(outgoing)
    target[0] = target_mass
    before = boost(target, backwards, mass)[1:]
    transfer = boost(target - recoil, backwards, mass)
    minus_t = -invariant_mass_squared(target - recoil)
    v = np.cross(before, transfer[1:], axis=0)
    other = np.cross(transfer[1:], v, axis=0)
    q2, v2 = np.sum(transfer[1:] ** 2, axis=0), np.sum(v**2, axis=0)
    circular = 0.5 * minus_t * q2
    along_v = uniform * (2.0 * v2 + 2.0 * circular) < 2.0 * v2 + circular
    axis = np.where(along_v, v, other)
    out: Array = axis / np.maximum(length(axis), 1e-300)
    return out
