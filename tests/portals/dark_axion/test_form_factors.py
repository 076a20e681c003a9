"""Form factors against their limits: charge radius and screening radius, the dipole's radius and moment."""

import numpy as np
import pytest

from darkmc.core.materials import nucleus
from darkmc.core.particles import mass
from darkmc.portals.dark_axion.form_factors import (
    far_beyond,
    form_factor,
    nuclear_scale,
    proton_form_factors,
    screening,
)

HBAR_C = 0.1973269804  # GeV fm


@pytest.mark.parametrize("symbol", ["H", "C", "W"])
def test_an_atom_is_neutral_from_afar_and_bare_from_near(symbol):
    """Q^2 a^2 from afar, a = 111 Z^(-1/3)/m_e, and all of the charge from near."""
    charge = nucleus(symbol).charge
    radius = 111.0 / charge ** (1 / 3) / mass("e")
    assert screening(1e-6 / radius**2, charge) == pytest.approx(1e-6, rel=2e-6)
    assert screening(1.0 / radius**2, charge) == pytest.approx(0.5, rel=1e-12)
    assert screening(1e6 / radius**2, charge) == pytest.approx(1.0 - 1e-6, rel=1e-11)


def test_nuclei_have_their_charge_radius():
    """r^2 = -6 dF/dQ^2 = 6/d with d = 0.164 A^(-2/3) GeV^2; measured are 2.47 (C) and 5.37 fm (W)."""
    for symbol, expected in (("C", 2.733), ("W", 6.787)):
        radius = np.sqrt(6.0 / nuclear_scale(nucleus(symbol))) * HBAR_C
        assert radius == pytest.approx(expected, rel=5e-4)


def test_a_nucleus_is_screened_and_has_a_size():
    carbon = nucleus("C")
    d = nuclear_scale(carbon)
    assert far_beyond(carbon) == pytest.approx(10.0 * d, rel=1e-15)
    assert form_factor(d, carbon) == pytest.approx(0.5 * screening(d, 6), rel=1e-12)
    assert form_factor(1e-9, carbon) == pytest.approx(screening(1e-9, 6), rel=1e-7)


def test_the_proton_has_its_radius_and_its_moment():
    """Dipole: r^2 = 12/0.71 GeV^-2, 0.811 fm."""
    electric, magnetic = proton_form_factors(np.array([0.0, 1e-8]))
    assert (electric[0], magnetic[0]) == (1.0, 2.792847)
    radius = np.sqrt(6.0 * (electric[0] - electric[1]) / 1e-8) * HBAR_C
    assert radius == pytest.approx(0.811, rel=1e-3)
    assert proton_form_factors(0.71)[0] == pytest.approx(0.25, rel=1e-12)
