"""e N -> e N V at tree level on a static spin-0 nucleus: both diagrams, explicit traces, four integrations.

Written without the package: gamma matrices, and variables that are not those of its formula.
"""

import numpy as np

ALPHA, M_E, GEV2_TO_PB = 1 / 137.035999, 0.51099895e-3, 0.3893793721e9
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ZERO = np.zeros((2, 2))
GAMMA = np.array(
    [np.diag([1, 1, -1, -1]).astype(complex), *(np.block([[ZERO, s], [-s, ZERO]]) for s in PAULI)]
)
SIGN = np.array([1.0, -1.0, -1.0, -1.0])


def slash(four):
    return np.einsum("m,mn,mij->nij", SIGN, four, GAMMA)


def form_factor_squared(q2, charge, mass_number):
    a2, d = (111 * charge ** (-1 / 3) / M_E) ** 2, 0.164 * mass_number ** (-2 / 3)
    return (a2 * q2 / (1 + a2 * q2) / (1 + q2 / d)) ** 2


def squared_amplitude(before, after, vector, charge, mass_number):
    """Mean over the electron's spins, sum over all others, for four-momenta (4, n); G^0, charges e."""
    one = M_E * np.eye(4)
    q2 = np.sum((before - after - vector)[1:] ** 2, axis=0)
    outgoing, incoming = after + vector, before - vector

    def propagator(p):
        return (slash(p) + one) / (p[0] ** 2 - np.sum(p[1:] ** 2, axis=0) - M_E**2)[:, None, None]

    late, early = propagator(outgoing), propagator(incoming)
    total = 0.0
    for sign, g in zip(SIGN, GAMMA, strict=True):
        current = g @ late @ GAMMA[0] + GAMMA[0] @ early @ g
        adjoint = GAMMA[0] @ np.conj(np.swapaxes(current, 1, 2)) @ GAMMA[0]
        first, second = (slash(after) + one) @ current, (slash(before) + one) @ adjoint
        total -= sign * np.einsum("nij,nji->n", first, second)
    charges = (4 * np.pi * ALPHA) ** 3 * charge**2 * form_factor_squared(q2, charge, mass_number)
    return 0.5 * total.real * charges / q2**2


def integrand(unit, energy, m_vector, charge, mass_number):
    """Cross section in pb per unit cube, x = E_V/E and the angle of V to the electron, for points (n, 4)."""
    low, high = np.log(m_vector / energy), np.log(energy / M_E)
    logit = low + (high - low) * unit[:, 0]
    x, rest = 1 / (1 + np.exp(-logit)), 1 / (1 + np.exp(logit))
    jacobian = (high - low) * x * rest * energy
    natural2 = x**2 * M_E**2 + rest * m_vector**2
    span = np.log(1e7)
    inner2 = natural2 * 1e-4 * np.exp(span * unit[:, 1])
    least, most = np.log(1e-15), np.log(3.0)
    outer2 = np.exp(least + (most - least) * unit[:, 2])
    azimuth = np.pi * unit[:, 3]
    jacobian *= 0.25 * (2 * np.pi) * 2 * np.pi * span * inner2 * (most - least) * outer2
    inner, outer = np.sqrt(inner2), np.sqrt(outer2)
    kappa = np.array([inner * np.cos(azimuth), inner * np.sin(azimuth)])
    transfer = np.array([outer, 0 * outer])
    of_vector, of_electron = x * transfer + kappa, rest * transfer - kappa
    momentum = np.sqrt(energy**2 - M_E**2)
    vector_z2 = (x * energy) ** 2 - m_vector**2 - np.sum(of_vector**2, axis=0)
    electron_z2 = (rest * energy) ** 2 - M_E**2 - np.sum(of_electron**2, axis=0)
    open_ = (vector_z2 > 0) & (electron_z2 > 0)
    vector_z, electron_z = (np.sqrt(np.where(open_, z2, 1.0)) for z2 in (vector_z2, electron_z2))
    vector = np.array([x * energy, *of_vector, vector_z])
    after = np.array([rest * energy, *of_electron, electron_z])
    before = np.array([energy + 0 * x, 0 * x, 0 * x, momentum + 0 * x])
    squared = squared_amplitude(before, after, vector, charge, mass_number)
    phase_space = 1 / (8 * momentum * vector_z * electron_z * (2 * np.pi) ** 5)
    angle = np.sqrt(np.sum(of_vector**2, axis=0)) / vector_z
    return np.where(open_, squared * phase_space * jacobian * GEV2_TO_PB, 0.0), x, angle
