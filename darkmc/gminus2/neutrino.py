"""Neutrino masses of the scotogenic U(1)_D model at one loop, and Casas-Ibarra Yukawa couplings for them.

Source: [U1D] eqs. 18 to 21, with x = m^2/M_k^2 and Lambda^{-1/2} where the paper prints M_N2 and
Lambda^{+1/2}. The prefactor 1/(16 pi^2) belongs to eta^0 = eta_R + i eta_I, fields without 1/sqrt 2.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import masses, require_broadcast
from darkmc.gminus2.inputs import couplings
from darkmc.gminus2.quadrature import LINEAR_STEP, by_chunks, unit_rule

_RULE = unit_rule(-310.0, 310.0, LINEAR_STEP)
_NUMERATOR = _RULE.weight * _RULE.y


def neutrino_loop_factors(
    fermion_masses: ArrayLike,
    m_scalars_r: ArrayLike,
    m_scalars_i: ArrayLike,
    theta_r: Numbers,
    theta_i: Numbers,
) -> Array:
    """Return Lambda_k of M_nu = y Lambda y^T, in GeV.

    (M_k/16 pi^2) [c_R^2 F(x_1R) + s_R^2 F(x_2R) - c_I^2 F(x_1I) - s_I^2 F(x_2I)], F(x) = x ln x/(x-1),
    x_i = m_i^2/M_k^2. Differences of F are taken as divided differences times mass differences, so that
    splittings and angles that nearly coincide keep all digits of the numbers given.

    Parameters
    ----------
    fermion_masses : array (..., n)
        Masses M_k in GeV, above zero.
    m_scalars_r, m_scalars_i : array (..., 2)
        Masses (GeV) of the CP-even and CP-odd scalars 1 and 2; zero is allowed.
    theta_r, theta_i : float or array (...)
        Mixing angles in rad.

    Returns
    -------
    array (..., n)
        Lambda_k, of either sign.

    Raises
    ------
    PhysicsError
        If a mass is negative, or zero for a fermion, a number not finite, or the shapes do not match.

    Examples
    --------
    >>> from darkmc import gminus2
    >>> factors = gminus2.neutrino_loop_factors([100.0, 200.0], [100.0, 200.0], [101.0, 202.0], 0.1, 0.1)
    >>> [f"{factor:.5f}" for factor in factors]
    ['-0.00635', '-0.00722']
    """
    fermion = masses("fermion_masses", fermion_masses, massless=False)
    even, odd = masses("m_scalars_r", m_scalars_r), masses("m_scalars_i", m_scalars_i)
    angle_r, angle_i = couplings("theta_r", theta_r)[..., None], couplings("theta_i", theta_i)[..., None]
    if not even.shape[-1:] == odd.shape[-1:] == (2,):
        raise PhysicsError("m_scalars_r and m_scalars_i take two masses each")
    if fermion.ndim == 0:
        raise PhysicsError("fermion_masses takes a list of masses")
    leading = (fermion.shape[:-1], even.shape[:-1], odd.shape[:-1], angle_r.shape[:-1], angle_i.shape[:-1])
    require_broadcast("neutrino_loop_factors", *leading)
    (r_1, r_2), (i_1, i_2) = _columns(even), _columns(odd)
    split = (
        np.cos(angle_r) ** 2 * _difference(r_1, i_1, fermion)
        + np.sin(angle_r) ** 2 * _difference(r_2, i_2, fermion)
        + np.sin(angle_i - angle_r) * np.sin(angle_i + angle_r) * _difference(i_1, i_2, fermion)
    )
    return fermion / (16.0 * np.pi**2) * split


def _columns(pair: Array) -> tuple[Array, Array]:
    return pair[..., :1], pair[..., 1:]


def _difference(m_1: Array, m_2: Array, fermion: Array) -> Array:
    """Return F(m_1^2/M^2) - F(m_2^2/M^2)."""
    step = (m_1 - m_2) / fermion * ((m_1 + m_2) / fermion)
    out: Array = step * by_chunks(
        _divided_difference, _RULE.x.size, (m_1 / fermion) ** 2, (m_2 / fermion) ** 2
    )
    return out


def _divided_difference(x_1: Array, x_2: Array) -> Array:
    """Return [F(x_1) - F(x_2)]/(x_1 - x_2) = int_0^1 dt (1-t)/[(1-t + t x_1)(1-t + t x_2)]."""
    out: Array = (1.0 / ((_RULE.y + _RULE.x * x_1) * (_RULE.y + _RULE.x * x_2))) @ _NUMERATOR
    return out


def neutrino_mass_matrix(
    yukawa: ArrayLike,
    fermion_masses: ArrayLike,
    m_scalars_r: ArrayLike,
    m_scalars_i: ArrayLike,
    theta_r: Numbers,
    theta_i: Numbers,
) -> NDArray[Any]:
    """Return (M_nu)_{ab} = sum_k y_ak y_bk Lambda_k in GeV, symmetric and in general complex.

    Lambda_k is that of :func:`neutrino_loop_factors`, with its normalisation 1/(16 pi^2).

    Parameters
    ----------
    yukawa : array (..., 3, n)
        y_ak, real or complex; row a is the lepton flavour, column k the fermion.
    fermion_masses : array (..., n)
        Masses M_k in GeV, above zero.
    m_scalars_r, m_scalars_i : array (..., 2)
        Masses (GeV) of the CP-even and CP-odd scalars 1 and 2; zero is allowed.
    theta_r, theta_i : float or array (...)
        Mixing angles in rad.

    Returns
    -------
    array (..., 3, 3)
        The mass matrix, M_nu = U* D U^dagger.

    Raises
    ------
    PhysicsError
        If a mass is negative, or zero for a fermion, a number not finite, or the shapes do not match.

    Examples
    --------
    >>> from darkmc import gminus2
    >>> scalars = [100.0, 200.0], [101.0, 202.0], 0.1, 0.1
    >>> matrix = gminus2.neutrino_mass_matrix([[0.0], [1e-4], [1e-4]], [100.0], *scalars)
    >>> f"{matrix[1, 2]:.4e}"
    '-6.3493e-11'
    """
    y = _matrix("yukawa", yukawa)
    factors = neutrino_loop_factors(fermion_masses, m_scalars_r, m_scalars_i, theta_r, theta_i)
    if y.shape[-1] != factors.shape[-1]:
        raise PhysicsError("yukawa takes one row per flavour and one column per fermion mass")
    require_broadcast("neutrino_mass_matrix", y.shape[:-2], factors.shape[:-1])
    out: NDArray[Any] = np.einsum("...ak,...k,...bk->...ab", y, factors, y)
    return out


def _matrix(name: str, value: Any) -> NDArray[Any]:
    """Return a matrix, or matrices, of finite real or complex numbers, or raise PhysicsError."""
    try:
        matrix = np.asarray(value)
        finite = bool(np.all(np.isfinite(matrix)))
    except (TypeError, ValueError):
        finite = False
    if not finite:
        raise PhysicsError(f"{name} must hold finite numbers")
    if matrix.ndim < 2:
        raise PhysicsError(f"{name} must be a matrix")
    return matrix


def casas_ibarra(
    mixing: ArrayLike, light_masses: ArrayLike, rotation: ArrayLike, loop_factors: ArrayLike
) -> NDArray[np.complex128]:
    """Return Yukawa couplings that give the measured neutrino masses, y = U* D^{1/2} R^T Lambda^{-1/2}.

    Parameters
    ----------
    mixing : array (..., 3, 3)
        The unitary neutrino mixing matrix U.
    light_masses : array (..., 3)
        Neutrino masses D in GeV; zero is allowed.
    rotation : array (..., n, 3)
        R with R^T R = 1, real or complex; columns of massless neutrinos do not matter, so that n = 2
        fermions make two masses.
    loop_factors : array (..., n)
        Lambda_k in GeV from :func:`neutrino_loop_factors`, not zero. Where one is negative the root is
        imaginary.

    Returns
    -------
    array (..., 3, n), complex
        y with y Lambda y^T = U* D U^dagger.

    Raises
    ------
    PhysicsError
        If U is not unitary to 1e-9, R^T R not the unit matrix among massive neutrinos, a mass negative, a
        loop factor zero, a number not finite, or the shapes do not match.

    Examples
    --------
    Two fermions that give two neutrinos masses of 0.01 and 0.05 eV, here without mixing.

    >>> from darkmc import gminus2
    >>> heavy, scalars = [100.0, 200.0], ([100.0, 200.0], [101.0, 202.0], 0.1, 0.1)
    >>> mixing = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    >>> factors = gminus2.neutrino_loop_factors(heavy, *scalars)
    >>> yukawa = gminus2.casas_ibarra(mixing, [0.0, 1e-11, 5e-11], [[0, 1, 0], [0, 0, 1]], factors)
    >>> matrix = gminus2.neutrino_mass_matrix(yukawa, heavy, *scalars)
    >>> f"{matrix[1, 1].real:.3e} {matrix[2, 2].real:.3e}"
    '1.000e-11 5.000e-11'
    """
    u, r = _matrix("mixing", mixing).astype(complex), _matrix("rotation", rotation).astype(complex)
    roots, factors = np.sqrt(masses("light_masses", light_masses)), couplings("loop_factors", loop_factors)
    sizes = (u.shape[-2:], roots.shape[-1:], r.shape[-1:], factors.shape[-1:])
    if sizes != ((3, 3), (3,), (3,), r.shape[-2:-1]):
        raise PhysicsError("casas_ibarra takes U (3, 3), three masses, R (n, 3) and n loop factors")
    require_broadcast("casas_ibarra", u.shape[:-2], roots.shape[:-1], r.shape[:-2], factors.shape[:-1])
    if np.any(np.abs(u @ np.conj(np.swapaxes(u, -1, -2)) - np.eye(3)) > 1e-9):
        raise PhysicsError("mixing must be unitary to 1e-9")
    if np.any(factors == 0.0):
        raise PhysicsError("a loop factor is zero: its fermion gives no neutrino mass")
    turned = np.swapaxes(r, -1, -2)
    excess = (turned @ r - np.eye(r.shape[-1])) * (roots[..., None] * roots[..., None, :] > 0.0)
    # A complex rotation may have large entries, whose squares cancel in R^T R.
    if np.any(np.abs(excess) > 1e-9 * max(1.0, float(np.max(np.abs(r)))) ** 2):
        raise PhysicsError("rotation must satisfy R^T R = 1")
    light = np.conj(u) * roots[..., None, :]
    out: NDArray[np.complex128] = light @ turned / np.sqrt(factors.astype(complex))[..., None, :]
    return out
