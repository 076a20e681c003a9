"""The dark current: the one vertex photon* -> a gamma' through which the dark sector talks to us.

L = (G/2) a F_{mu nu} X~^{mu nu}; the vertex is G eps^{mu nu al be} eps_mu q_nu eps'_al k_be.
Source: deNiverville, Lee, Seo, PRD 98 (2018) 115011 [dN], arXiv:1806.00757, eqs. 1, 7 and 8.
"""

from dataclasses import dataclass

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Numbers, two_body_momentum
from darkmc.core.units import checked_couplings, masses, require_not_negative, require_positive, squares


@dataclass(frozen=True)
class DarkCurrent:
    """The current photon* -> a gamma' for one pair of masses; pure physics, no coupling stored.

    Parameters
    ----------
    m_axion : float
        Axion mass in GeV, zero or between 1e-40 and 1e20.
    m_dark_photon : float
        Dark photon mass in GeV, between 1e-40 and 1e20.

    Raises
    ------
    PhysicsError
        If a mass is no number in its range.

    Examples
    --------
    >>> import darkmc
    >>> current = darkmc.DarkCurrent(m_axion=0.0, m_dark_photon=0.1)
    >>> f"{current.dark_photon_width(coupling=1.0):.4e}"  # G^2 m'^3/(96 pi), GeV
    '3.3157e-06'
    """

    m_axion: float
    m_dark_photon: float

    def __post_init__(self) -> None:
        found = {
            "m_axion": require_not_negative("m_axion", self.m_axion),
            "m_dark_photon": require_positive("m_dark_photon", self.m_dark_photon),
        }
        for name, value in found.items():
            object.__setattr__(self, name, float(masses(name, value, massless=name == "m_axion")))

    @property
    def threshold(self) -> float:
        """Least mass of a virtual photon that turns into a gamma', in GeV."""
        return self.m_axion + self.m_dark_photon

    @property
    def states(self) -> tuple[tuple[str, float], tuple[str, float]]:
        """Name and mass (GeV) of the heavier state, then of the lighter; of equal ones gamma' comes first."""
        axion, dark_photon = ("axion", self.m_axion), ("dark_photon", self.m_dark_photon)
        return (axion, dark_photon) if self.m_axion > self.m_dark_photon else (dark_photon, axion)

    def in_and_out(self, incoming: str) -> tuple[float, float]:
        """Return the masses of a state that comes in and of the other, which goes out.

        Parameters
        ----------
        incoming : {"axion", "dark_photon"}
            The state that comes in.

        Returns
        -------
        (float, float)
            GeV.
        """
        masses = dict(self.states)
        m_in = masses.pop(incoming)
        (m_out,) = masses.values()
        return m_in, m_out

    def virtual_photon_width(self, q2: Numbers, coupling: Numbers = 1.0) -> Numbers:
        """Return Gamma(gamma*(q2) -> a gamma') = G^2 k^3/(12 pi), from [dN] eq. 7 by crossing.

        Parameters
        ----------
        q2 : float or array
            Mass squared of the photon, GeV^2.
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            GeV, of the broadcast shape; 0 below threshold.
        """
        photon = np.sqrt(np.maximum(squares("q2", q2), 0.0))
        momentum = two_body_momentum(photon, self.m_axion, self.m_dark_photon)
        out: Numbers = np.square(checked_couplings(coupling)) * momentum**3 / (12.0 * np.pi)
        return out

    def spectral_density(self, q2: Numbers, coupling: Numbers = 1.0) -> Numbers:
        """Return rho(q2) = sqrt(q2) Gamma*(q2)/(pi q2^2): the weight of a photon of mass^2 q2.

        For any process with a virtual photon, sigma(X + a gamma') = int dq2 rho(q2) sigma(X + V(q2)).

        Parameters
        ----------
        q2 : float or array
            Mass squared of the photon, GeV^2.
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            GeV^-2, of the broadcast shape; 0 below threshold.
        """
        square = squares("q2", q2)
        above = square > self.threshold**2
        safe = np.where(above, square, 1.0)
        density = np.sqrt(safe) * self.virtual_photon_width(safe, coupling) / (np.pi * safe**2)
        return np.where(above, density, 0.0)[()]

    def dark_photon_width(self, photon_q2: Numbers = 0.0, coupling: Numbers = 1.0) -> Numbers:
        """Return Gamma(gamma' -> a gamma*(photon_q2)), spin average included.

        For a real photon this is [dN] eq. 7, G^2 (m'^2 - m_a^2)^3/(96 pi m'^3).

        Parameters
        ----------
        photon_q2 : float or array
            Mass squared of the photon, GeV^2, not negative.
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            GeV, of the broadcast shape; 0 when closed.
        """
        photon_q2 = squares("photon_q2", photon_q2)
        if np.any(photon_q2 < 0.0):
            raise PhysicsError("photon_q2 must not be negative")
        momentum = two_body_momentum(self.m_dark_photon, self.m_axion, np.sqrt(photon_q2))
        out: Numbers = np.square(checked_couplings(coupling)) * momentum**3 / (12.0 * np.pi)
        return out

    def axion_width(self, coupling: Numbers = 1.0) -> Numbers:
        """Return Gamma(a -> gamma gamma') = G^2 (m_a^2 - m'^2)^3/(32 pi m_a^3), [dN] eq. 8.

        Parameters
        ----------
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            GeV, of the shape of `coupling`; 0 when closed.
        """
        momentum = two_body_momentum(self.m_axion, self.m_dark_photon, 0.0)
        out: Numbers = np.square(checked_couplings(coupling)) * momentum**3 / (4.0 * np.pi)
        return out
