"""Loop factors of nearly degenerate scalars against 60 digits, and benchmark points of the U(1)_D model."""

import numpy as np
import pytest
from mpmath import mp, mpf

from darkmc import gminus2
from darkmc.core.errors import PhysicsError
from darkmc.gminus2.scotogenic import Benchmark, insertion_loop_factors, mixing_matrix

LIGHT = np.array([0.0, 8.6e-12, 5.0e-11])
MIXING = mixing_matrix(*np.radians([33.4, 49.0, 8.6]))
BP1 = Benchmark(0.92, 0.01, (500.0, 2000.0), 2000.0, 1.0, 2000.0, (500.0, 500.0, 500.0))
BP2 = Benchmark(0.98, 0.05, (800.0, 3200.0), 3200.0, 1.0, 3200.0, (800.0, 800.0, 800.0))
OURS = Benchmark(1.15, 0.009, (120.0, 480.0), 3.0, 1.0, 100.0, (4.0, 5.0, 6.0))


def exact(fermion, m_eta, m_phi, mixing, splitting):
    """Diagonalise both mass matrices with 60 digits."""
    total = mpf(0)
    with mp.workdps(60):
        for sign in (1, -1):
            a, b = mpf(m_eta) ** 2, mpf(m_phi) ** 2 + sign * mpf(splitting)
            root = mp.sqrt((a - b) ** 2 + 4 * mpf(mixing) ** 2)
            light, heavy = (a + b - root) / 2, (a + b + root) / 2
            weight = (heavy - a) / (heavy - light)  # of eta in the lighter one
            for share, square in ((weight, light), (1 - weight, heavy)):
                x = square / mpf(fermion) ** 2
                total += sign * share * (mpf(1) if x == 1 else x * mp.log(x) / (x - 1))
        return float(mpf(fermion) / (16 * mp.pi**2) * total)


@pytest.mark.parametrize(
    "case",
    [
        (500.0, 500.0, 2000.0, 2.46, 20.0),
        (501.0, 500.0, 2000.0, 2.46, 1e-6),
        (1e-3, 800.0, 3200.0, 12.3, 160.0),
        (1e6, 800.0, 3200.0, 12.3, -160.0),
        (5.0, 120.0, 3.0, 0.1, 0.9),
        (5.0, 100.0, 100.1, 1e-4, 1e-3),
    ],
)
def test_loop_factors_against_diagonalisation(case):
    (found,) = insertion_loop_factors(case[:1], *case[1:])
    assert found == pytest.approx(exact(*case), rel=1e-7)


def test_larger_mixing_meets_the_general_formula():
    """Where both hold: the general one takes masses and angles."""
    m_eta, m_phi, mixing, splitting = 100.0, 400.0, 30.0, 3e4
    masses, angles = [], []
    for sign in (1, -1):
        values, vectors = np.linalg.eigh([[m_eta**2, mixing], [mixing, m_phi**2 + sign * splitting]])
        masses.append(np.sqrt(values))
        angles.append(float(np.arcsin(abs(vectors[0, 1]))))
    general = gminus2.neutrino_loop_factors([70.0], *masses, *angles)
    inserted = insertion_loop_factors([70.0], m_eta, m_phi, mixing, splitting)
    assert inserted[0] == pytest.approx(general[0], rel=1e-4)


def test_the_mixing_matrix_is_orthogonal():
    np.testing.assert_allclose(MIXING @ MIXING.T, np.eye(3), atol=1e-14)
    assert MIXING[0, 2] == pytest.approx(np.sin(np.radians(8.6)))


@pytest.mark.parametrize(
    ("point", "epsilon", "mass", "moment", "charged"),
    [
        (BP1, -1.630497e-3, 0.0184, 2.0399e-9, -2.3565e-11),
        (BP2, -1.736833e-3, 0.0980, 7.915e-10, -9.2051e-12),
    ],
)
def test_printed_benchmarks(point, epsilon, mass, moment, charged):
    """The physics notes, section 11."""
    found = point.outcome(LIGHT, MIXING)
    assert found.epsilon == pytest.approx(epsilon, rel=1e-6)
    assert found.m_z_prime == pytest.approx(mass)
    assert found.z_prime == pytest.approx(moment, rel=1e-4)
    unit = gminus2.inert_doublet("mu", point.m_charged[0], point.fermion_masses[0], 1.0)
    assert unit == pytest.approx(charged, rel=1e-4)
    assert (found.z_prime - 2.51e-9) / 0.59e-9 > -3.0
    # no perturbative coupling makes the neutrino masses
    assert found.yukawa.max() > 100.0
    assert np.all(np.abs(found.loop_factors) < 2e-6 * 1e-9)


def test_our_benchmark_has_both():
    found = OURS.outcome(LIGHT, MIXING)
    assert abs(found.z_prime + found.charged_scalar - 2.51e-9) < 0.3e-9
    assert found.yukawa.max() < 1.0
    matrix = np.einsum("ak,k,bk->ab", found.yukawa, found.loop_factors, found.yukawa)
    signs = np.sign(MIXING)
    rebuilt = np.einsum("ak,k,bk->ab", signs * found.yukawa, found.loop_factors, signs * found.yukawa)
    np.testing.assert_allclose(np.linalg.eigvalsh(rebuilt), LIGHT, atol=1e-15)
    assert np.all(matrix >= 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"m_eta": 0.0}, "m_eta"),
        ({"splitting": 1e8}, "splitting below the square of m_phi"),
        ({"mixing": np.inf}, "mixing must be finite"),
        ({"fermion_masses": [0.0]}, "fermion_masses"),
    ],
)
def test_bad_parameters(change, message):
    good = {"fermion_masses": [1.0], "m_eta": 1.0, "m_phi": 2.0, "mixing": 0.1, "splitting": 0.1}
    with pytest.raises(PhysicsError, match=message):
        insertion_loop_factors(**good | change)
