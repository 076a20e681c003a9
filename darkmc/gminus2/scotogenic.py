"""Benchmark points of the scotogenic U(1)_D model, arXiv:2104.09205 [U1D]: moments and neutrino masses.

The neutral scalars eta and phi mix by delta = lambda v v_chi, and phi's two real parts are split by
+- mu_1 v_chi ([U1D] eqs. 16, 17).  Both are tiny beside the scalars' masses, so that the mass of neutrinos is
the remainder of sixteen digits that cancel; here the cancellation is done on paper.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.units import masses, numbers, require_positive
from darkmc.gminus2 import casas_ibarra, inert_doublet, kinetic_mixing_one_loop, vector
from darkmc.gminus2.quadrature import LINEAR_STEP, by_chunks, unit_rule

HIGGS_VEV = 246.22  # GeV
_RULE = unit_rule(-310.0, 310.0, LINEAR_STEP)
_NUMERATOR = _RULE.weight * _RULE.y * _RULE.x**2


def _third_difference(eta: Array, up: Array, down: Array) -> Array:
    """Return the divided difference F[eta, eta, up, down] of F(x) = x ln x/(x-1)."""
    at_eta, at_up, at_down = (_RULE.y + _RULE.x * x for x in (eta, up, down))
    out: Array = (1.0 / (at_eta**2 * at_up * at_down)) @ _NUMERATOR
    return out


def insertion_loop_factors(
    fermion_masses: ArrayLike, m_eta: float, m_phi: float, mixing: float, splitting: float
) -> Array:
    """Return Lambda_k of M_nu = y Lambda y^T, in GeV, to leading order in the scalars' mixing.

    Lambda_k is (M_k/16 pi^2) times the difference of [F(m^2/M_k^2)]_{eta eta} for the CP-even and the CP-odd
    mass matrix, ((m_eta^2, delta), (delta, m_phi^2 +- s)).  To order delta^2 that is
    (M_k/16 pi^2) (delta^2 2s/M_k^6) F[eta, eta, phi+, phi-], a third divided difference, which is
    int_0^1 dt (1-t) t^2/prod(1-t + t x_i): nothing cancels.

    Parameters
    ----------
    fermion_masses : array (n,)
        Masses M_k in GeV, above zero.
    m_eta, m_phi : float
        Masses of the neutral scalars without mixing, GeV.
    mixing, splitting : float
        delta = lambda v v_chi and s = mu_1 v_chi, GeV^2; s below m_phi^2.

    Returns
    -------
    array (n,)
        Lambda_k; relative error of order (delta/(m_eta^2 - m_phi^2))^2.

    Raises
    ------
    PhysicsError
        If a mass is not above zero, a number not finite, or a mass squared is negative after splitting.

    Examples
    --------
    >>> from darkmc.gminus2.scotogenic import insertion_loop_factors
    >>> factors = insertion_loop_factors([500.0], m_eta=500.0, m_phi=2000.0, mixing=2.46, splitting=20.0)
    >>> f"{1e9 * factors[0]:.2e} eV"
    '6.40e-08 eV'
    """
    fermion = np.atleast_1d(masses("fermion_masses", fermion_masses, massless=False))
    eta, phi = require_positive("m_eta", m_eta), require_positive("m_phi", m_phi)
    delta, split = float(numbers("mixing", mixing)), float(numbers("splitting", splitting))
    if not (np.isfinite(delta) and abs(split) < phi**2):
        raise PhysicsError("mixing must be finite, and splitting below the square of m_phi")
    squares = fermion**2
    loop = by_chunks(
        _third_difference,
        _RULE.x.size,
        eta**2 / squares,
        (phi**2 + split) / squares,
        (phi**2 - split) / squares,
    )
    out: Array = fermion / (16.0 * np.pi**2) * (delta**2 * 2.0 * split) / squares**3 * loop
    return out


def mixing_matrix(theta_12: float, theta_23: float, theta_13: float) -> Array:
    """Return the real mixing matrix of three neutrinos.

    Parameters
    ----------
    theta_12, theta_23, theta_13 : float
        Angles in rad.

    Returns
    -------
    array (3, 3)
        Flavours e, mu, tau down, masses across.

    Raises
    ------
    PhysicsError
        If an angle is no number.

    Examples
    --------
    >>> from darkmc.gminus2.scotogenic import mixing_matrix
    >>> mixing_matrix(0.5, 0.8, 0.1)[0].round(4).tolist()
    [0.8732, 0.477, 0.0998]
    """
    c = np.cos(numbers("angles", [theta_12, theta_23, theta_13]))
    s = np.sin(numbers("angles", [theta_12, theta_23, theta_13]))
    (c12, c23, c13), (s12, s23, s13) = c, s
    return np.array(
        [
            [c12 * c13, s12 * c13, s13],
            [-s12 * c23 - c12 * s23 * s13, c12 * c23 - s12 * s23 * s13, s23 * c13],
            [s12 * s23 - c12 * c23 * s13, -c12 * s23 - s12 * c23 * s13, c23 * c13],
        ]
    )


class Outcome(NamedTuple):
    """What a benchmark point gives.

    Attributes
    ----------
    epsilon, m_z_prime : float
        Kinetic mixing, and mass of the Z' in GeV.
    loop_factors : array (n,)
        Lambda_k, GeV.
    yukawa : array (3, n)
        Sizes of the couplings that the neutrino masses need, with R = 1.
    z_prime, charged_scalar : float
        Contributions to the muon's moment; the second with these couplings.
    """

    epsilon: float
    m_z_prime: float
    loop_factors: Array
    yukawa: Array
    z_prime: float
    charged_scalar: float


@dataclass(frozen=True)
class Benchmark:
    """Parameters of the model.

    Attributes
    ----------
    g_dark : float
        Dark gauge coupling.
    v_chi : float
        Vacuum value that breaks U(1)_D, GeV; M_Z' = 2 g_D v_chi.
    m_charged : (float, float)
        Masses of the two charged scalars, GeV; the first is the one beside the neutral eta.
    m_phi : float
        Mass of the neutral scalar with which eta mixes, GeV.
    coupling : float
        lambda of the mixing lambda v v_chi.
    mu_1 : float
        Of the splitting mu_1 v_chi, GeV.
    fermion_masses : tuple of float
        Three, GeV.
    """

    g_dark: float
    v_chi: float
    m_charged: tuple[float, float]
    m_phi: float
    coupling: float
    mu_1: float
    fermion_masses: tuple[float, float, float]

    def outcome(self, neutrino_masses: ArrayLike, mixing: Array) -> Outcome:
        """Return moment, loop factors, and the couplings that the neutrino masses need.

        Parameters
        ----------
        neutrino_masses : array (3,)
            GeV; zero is allowed.
        mixing : array (3, 3)
            The neutrino mixing matrix: see :func:`mixing_matrix`.

        Returns
        -------
        Outcome
            Couplings by Casas and Ibarra, with R = 1.

        Raises
        ------
        PhysicsError
            If a parameter has no meaning.
        """
        epsilon = float(kinetic_mixing_one_loop(self.g_dark, *self.m_charged))
        m_z_prime = 2.0 * self.g_dark * self.v_chi
        factors = insertion_loop_factors(
            self.fermion_masses,
            self.m_charged[0],
            self.m_phi,
            self.coupling * HIGGS_VEV * self.v_chi,
            self.mu_1 * self.v_chi,
        )
        yukawa = np.abs(casas_ibarra(mixing, neutrino_masses, np.eye(3), factors))
        charged = inert_doublet("mu", self.m_charged[0], np.array(self.fermion_masses), yukawa[1] ** 2)
        z_prime = float(vector("mu", m_z_prime, epsilon))
        return Outcome(epsilon, m_z_prime, factors, yukawa, z_prime, float(np.sum(charged)))
