"""a N -> gamma' N: cross section against tensor contraction and reference numbers; the sampler."""

import numpy as np
import pytest
from helpers import METRIC, spin_sum
from scipy.integrate import quad

from darkmc.core.constants import ALPHA, GEV2_TO_CM2
from darkmc.core.errors import PhysicsError
from darkmc.core.materials import nuclei_per_m3, nucleus
from darkmc.portals.dark_axion.coherent_conversion import (
    CoherentConversion,
)
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.form_factors import form_factor
from darkmc.signals.conversion import outgoing_direction_cosine

CARBON = nucleus("C")


@pytest.mark.parametrize(("energy", "mass", "expected"), [(1.0, 0.01, 3.658e-28), (10.0, 0.1, 2.490e-28)])
def test_reference_numbers_on_carbon(energy, mass, expected):
    """The physics notes, section 4 gives the limit of an infinitely heavy nucleus: 0.1% from the real one."""
    assert CoherentConversion(DarkCurrent(0.0, mass), "axion", CARBON).total(energy) == pytest.approx(
        expected, rel=1e-3
    )


@pytest.mark.parametrize("m_axion", [0.0, 0.03, 0.2])
def test_differential_equals_tensor_contraction(m_axion):
    """Scalar current (p + p')^mu contracted with the portal's tensor at random energies and Q^2."""
    rng = np.random.default_rng(4)
    current = DarkCurrent(m_axion, 0.1)
    conversion = CoherentConversion(current, "axion", CARBON)
    heavy = CARBON.mass
    for energy in rng.uniform(1.5, 60.0, 20):
        low, high = conversion.q2_limits(energy)
        q2 = np.exp(rng.uniform(np.log(low * 1.01), np.log(min(high, 0.5))))
        out, versine = outgoing_direction_cosine(np.array([energy]), np.array([q2]), conversion)
        cosine = 1.0 - versine[0]
        p_in, p_out = np.sqrt(energy**2 - m_axion**2), np.sqrt(out[0] ** 2 - 0.01)
        axion = np.array([energy, 0.0, 0.0, p_in])
        dark = np.array([out[0], p_out * np.sqrt(1 - cosine**2), 0.0, p_out * cosine])
        target = np.array([heavy, 0.0, 0.0, 0.0])
        q = dark - axion  # momentum of the exchanged photon
        assert q @ METRIC @ q == pytest.approx(-q2, rel=1e-6)
        total = METRIC @ (2 * target - q)
        tensor = spin_sum(q, dark)
        strength = (6 * form_factor(q2, CARBON)) ** 2 * 4 * np.pi * ALPHA / q2**2
        square = strength * (total @ tensor @ total)
        s = m_axion**2 + heavy**2 + 2 * energy * heavy
        flux = (s - (heavy + m_axion) ** 2) * (s - (heavy - m_axion) ** 2)
        expected = abs(square) / (16 * np.pi * flux)
        assert conversion.differential(q2, energy) == pytest.approx(expected, rel=1e-5)


def test_detailed_balance():
    """The same |M|^2 serves both directions: lambda_in dsigma/dt differ by the spin average only."""
    current = DarkCurrent(0.02, 0.1)
    forth, back = (CoherentConversion(current, name, CARBON) for name in ("axion", "dark_photon"))
    heavy = CARBON.mass
    s = (heavy + 3.0) ** 2
    energies = [(s - heavy**2 - m**2) / (2 * heavy) for m in (0.02, 0.1)]
    flux = [4 * heavy**2 * (e**2 - m**2) for e, m in zip(energies, (0.02, 0.1), strict=True)]
    q2 = np.geomspace(1e-5, 0.1, 7)
    left = flux[0] * forth.differential(q2, energies[0])
    right = 3.0 * flux[1] * back.differential(q2, energies[1])
    np.testing.assert_allclose(left, right, rtol=1e-10)


def test_limits_of_q2_and_threshold():
    conversion = CoherentConversion(DarkCurrent(0.0, 0.1), "axion", CARBON)
    assert conversion.threshold == pytest.approx(0.1 * (0.1 + 2 * CARBON.mass) / (2 * CARBON.mass), rel=1e-12)
    assert conversion.total(conversion.threshold) == 0.0
    low, _ = conversion.q2_limits(50.0)
    assert low == pytest.approx((0.01 / 100.0) ** 2, rel=2e-3)  # high energy: (D/2E)^2


@pytest.mark.parametrize(("energy", "mass"), [(0.3, 0.1), (20.0, 0.01), (50.0, 0.1)])
def test_sampler_integrates_to_the_cross_section(energy, mass):
    """Pull below 4: chance 6e-5 each; and cross_section against scipy's adaptive quadrature."""
    conversion = CoherentConversion(DarkCurrent(0.0, mass), "axion", CARBON)
    uniform = np.random.default_rng(5).random(100_000)
    _, weight = conversion.transfer(np.full(100_000, energy), uniform)
    sigma = conversion.total(energy)
    low, high = conversion.q2_limits(energy)
    exact = quad(
        lambda x: np.exp(x) * conversion.differential(np.exp(x), energy), np.log(low), np.log(high), limit=500
    )[0]
    assert sigma == pytest.approx(exact * GEV2_TO_CM2, rel=1e-6)
    assert abs(np.mean(weight) * GEV2_TO_CM2 - sigma) < 4 * np.std(weight) * GEV2_TO_CM2 / np.sqrt(100_000)


def test_marble():
    """The methods notes, section 7: 6.52e21 Ca, 6.52e21 C and 1.957e22 O per cm3."""
    density = nuclei_per_m3(2.71, {"Ca": 1, "C": 1, "O": 3}, 0.4)
    assert density["Ca"] == pytest.approx(6.52e27, rel=1e-3)
    assert density["O"] == pytest.approx(1.957e28, rel=1e-3)
    with pytest.raises(PhysicsError, match="Cx"):
        nucleus("Cx")
