"""a l -> gamma' l and gamma' l -> a l off a point fermion at rest, for general masses.

Source: [dN] eqs. 16 and 17 (arXiv:1806.00757). The bracket of eq. 17 is right for a massless axion; its
printed prefactor 1/6 already holds the average over an incoming gamma', so that together with eq. 16 both
cross sections come out three times too small. Here 1/2, with the average in S.
"""

from typing import Any

import numpy as np

from darkmc.constants import ALPHA, GEV2_TO_CM2
from darkmc.current import DarkCurrent
from darkmc.kinematics import Array, kallen

E2 = 4.0 * np.pi * ALPHA


class FermionScattering:
    """Scattering of one dark state into the other on a fermion.

    Parameters
    ----------
    current : DarkCurrent
        The masses.
    incoming : {"a", "dark_photon"}
        What comes in.
    target_mass : float
        Mass of the fermion in GeV.
    """

    def __init__(self, current: DarkCurrent, incoming: str, target_mass: float) -> None:
        axion = incoming == "a"
        masses = (current.m_axion, current.m_dark_photon)
        self.m_in, self.m_out = masses if axion else masses[::-1]
        self.spin_average = 1.0 if axion else 1.0 / 3.0
        self.target_mass = target_mass
        self._difference2 = (current.m_dark_photon**2 - current.m_axion**2) ** 2
        self._sum = current.m_dark_photon**2 + current.m_axion**2

    @property
    def threshold(self) -> float:
        """Least energy (GeV) of the incoming state: ((m_out+m)^2 - m_in^2 - m^2)/(2m), or its mass."""
        m = self.target_mass
        return float(max(self.m_in, ((self.m_out + m) ** 2 - self.m_in**2 - m**2) / (2.0 * m)))

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

    def cross_section(self, energy: Any) -> Any:
        """Return sigma at G = 1 in cm^2, in closed form; 0 below threshold. Energies (GeV) broadcast."""
        energy = np.asarray(energy, dtype=float)
        open_ = energy > self.threshold
        safe = np.where(open_, energy, 2.0 * self.threshold + 1.0)
        s = self.mandelstam_s(safe)
        low, high = self.q2_limits(safe)
        b0, b1, b2 = self.coefficients(s)
        flux = 4.0 * self.target_mass**2 * (safe**2 - self.m_in**2)
        width = high - low
        with np.errstate(divide="ignore", invalid="ignore"):
            pole = np.where(low > 0.0, -b0 * width / (low * high), 0.0)
            logarithm = b1 * np.log(high / low)
        total = pole + logarithm - b2 * width + 0.5 * (high**2 - low**2)
        sigma = self.spin_average * E2 / (32.0 * np.pi * flux) * total * GEV2_TO_CM2
        return np.where(open_, sigma, 0.0)[()]

    def sample(self, energy: Array, uniform: Array) -> tuple[Array, Array]:
        """Return Q^2 = 2 m T (GeV^2) and dsigma/dQ^2 over the density of the draw (GeV^-2 at G = 1).

        Half of the rows are flat in ln Q^2, which the photon's pole wants, half flat in Q^2, which the
        constant part at large Q^2 wants. Below threshold the weight is 0.

        Parameters
        ----------
        energy : array (n,)
            Incoming energies, GeV.
        uniform : array (2, n)
            Uniform numbers.
        """
        open_ = energy > self.threshold * (1.0 + 1e-12)
        safe = np.where(open_, energy, 2.0 * self.threshold + 1.0)
        low, high = self.q2_limits(safe)
        low = np.maximum(low, 1e-30 * high)
        ratio = np.log(high / low)
        q2 = np.where(uniform[0] < 0.5, low * np.exp(ratio * uniform[1]), low + (high - low) * uniform[1])
        density = 0.5 / (q2 * ratio) + 0.5 / (high - low)
        return q2, np.where(open_, self.differential(q2, safe) / density, 0.0)


def recoil_cosine(energy: Any, kinetic: Any, scattering: FermionScattering) -> Any:
    """Return the cosine of the recoil's angle to the incoming state for recoil energies T = Q^2/(2m) in GeV.

    (E T + m T + (m_out^2 - m_in^2)/2)/(p_in p_recoil), from the mass of what goes out.
    """
    m, kinetic = scattering.target_mass, np.asarray(kinetic)
    p_in = np.sqrt(np.square(energy) - scattering.m_in**2)
    recoil = np.sqrt(kinetic * (kinetic + 2.0 * m))
    along = (energy + m) * kinetic + 0.5 * (scattering.m_out**2 - scattering.m_in**2)
    return along / (p_in * recoil)
