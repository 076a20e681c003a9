"""e N -> e N a gamma': reference numbers on aluminium, the photon flux against quadrature, scaling."""

import numpy as np
import pytest
from scipy.integrate import quad

import darkmc
from darkmc.core.constants import GEV2_TO_PB
from darkmc.core.errors import PhysicsError
from darkmc.core.materials import nucleus
from darkmc.portals.dark_axion.bremsstrahlung import vector_cross_section
from darkmc.portals.dark_axion.form_factors import form_factor, photon_flux

ALUMINIUM = nucleus("Al")
REFERENCE = {0.001: 1.861e4, 0.01: 9.885e3, 0.03: 5.203e3, 0.1: 1.694e3, 0.3: 2.92e2, 1.0: 5.40}
EXACT = {0.01: (2.166e10, 0.960), 0.03: (2.563e9, 0.966), 0.1: (1.672e8, 0.969), 0.3: (9.00e6, 0.983)}


@pytest.mark.parametrize("m", list(REFERENCE))
def test_reference_numbers(m):
    """20 GeV on aluminium, G = 1, m_a = 0 (the physics notes, section 7), to the printed digits."""
    sigma = darkmc.DarkAxionPortal(m).bremsstrahlung_cross_section(20.0, 13, 26.98)
    assert sigma == pytest.approx(REFERENCE[m], rel=1.5e-3)


@pytest.mark.parametrize("m", list(EXACT))
def test_vectors_against_the_exact_integration(m):
    """Exact static-nucleus traces integrated in four dimensions, and the stated ratio to them."""
    exact, ratio = EXACT[m]
    sigma = vector_cross_section(20.0, np.array([m]), ALUMINIUM)[0] * GEV2_TO_PB
    assert sigma == pytest.approx(exact * ratio, rel=2e-3)


@pytest.mark.parametrize(
    ("low", "high"), [(1e-10, 1e-3), (1e-6, 1.0), (1e-12, 1e-9), (1e-3, 0.5), (1e-5, 1.1e-5)]
)
def test_flux_is_its_integral(low, high):
    def integrand(x):
        t = np.exp(x)
        return (t - low) / t * form_factor(t, ALUMINIUM) ** 2

    expected = 169 * quad(integrand, np.log(low), np.log(high), limit=400, epsrel=1e-11)[0]
    assert photon_flux(np.array([low]), np.array([high]), ALUMINIUM)[0] == pytest.approx(expected, rel=1e-6)


def test_flux_of_an_empty_range_is_zero():
    assert photon_flux(np.array([1e-3]), np.array([1e-4]), ALUMINIUM)[0] == 0.0


def test_scaling_threshold_and_input():
    portal = darkmc.DarkAxionPortal(0.1)
    one, two = (portal.bremsstrahlung_cross_section([10.0, 20.0], 13, 26.98, g) for g in (1.0, 2.0))
    np.testing.assert_allclose(two, 4 * one, rtol=1e-12)
    assert one[0] < one[1]
    assert darkmc.DarkAxionPortal(2.0).bremsstrahlung_cross_section(1.0, 13, 26.98) == 0.0
    for arguments in ((0.0, 13, 27.0), (np.nan, 13, 27.0), (20.0, 0, 27.0), (20.0, 13, -1.0)):
        with pytest.raises(PhysicsError):
            portal.bremsstrahlung_cross_section(*arguments)
