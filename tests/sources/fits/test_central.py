"""J/psi as a source of its own: density, sampler, means, scaling and yield.

Statistical tests: fixed seeds; every pull (4.5 sigma) fails by chance at most once in 1e5.
"""

import numpy as np
import pytest
from scipy.special import beta

import darkmc
from darkmc.sources.fits.central import CentralMeson
from darkmc.sources.mesons import MesonSource

PROTON, JPSI = 0.93827209, 3.0969


@pytest.fixture(scope="module", params=["bmpt-cu-400", "bmpt-mo-400"])
def source(request):
    return MesonSource(request.param)


def centre_of_mass(energy):
    """Gamma, beta and the largest J/psi momentum, written out anew."""
    s = 2 * PROTON * (PROTON + energy)
    gamma = (energy + PROTON) / np.sqrt(s)
    recoil = 2 * PROTON
    largest = np.sqrt((s - (recoil + JPSI) ** 2) * (s - (recoil - JPSI) ** 2) / (4 * s))
    return gamma, np.sqrt(1 - 1 / gamma**2), largest


def test_the_integral_in_the_centre_of_mass_is_the_yield(source):
    """Along p*_L and p*_T instead of lab momentum and angle: d3p*/E* = d3p/E."""
    gamma, boost, largest = centre_of_mass(400.0)
    x, w = np.polynomial.legendre.leggauss(100)
    along = np.concatenate([-0.5 * largest * (x + 1), 0.5 * largest * (x + 1)])
    across = 0.5 * largest * (x + 1)
    along, across = (grid.ravel() for grid in np.meshgrid(along, across, indexing="ij"))
    area = (np.concatenate([w, w])[:, None] * w * (0.5 * largest) ** 2).ravel()
    energy = np.sqrt(along**2 + across**2 + JPSI**2)
    lab_along, lab_energy = gamma * (along + boost * energy), gamma * (energy + boost * along)
    momentum = np.hypot(lab_along, across)
    density = source.density_per_solid_angle("J/psi", momentum, lab_along / momentum, across**2)
    total = np.sum(area * 2 * np.pi * across * density / momentum**2 * lab_energy / energy)
    assert total == pytest.approx(5.3e-6, rel=1e-3)


def test_the_sampler_has_the_density(source):
    momentum, theta, weight = source.sample("J/psi", 200_000, seed=3)
    assert np.sum(weight) == pytest.approx(5.3e-6, rel=0.01)
    gamma, boost, largest = centre_of_mass(400.0)
    along, energy = momentum * np.cos(theta), np.hypot(momentum, JPSI)
    x_f = gamma * (along - boost * energy) / largest
    scaled = (momentum * np.sin(theta) / 2.6) ** 2
    assert np.max(np.abs(x_f[weight > 0.0])) < 1.0
    for cut in (0.05, 0.1, 0.2, 0.4):
        low, high = 0.5 * (1 - cut) ** 6, 1 - 0.5 * (1 - cut) ** 6
        for bound, expected in ((-cut, low), (cut, high)):
            assert np.sum(weight[x_f < bound]) / np.sum(weight) == pytest.approx(expected, abs=0.005)
    for cut in (0.05, 0.2, 0.5):
        share = np.sum(weight[scaled > cut]) / np.sum(weight)
        assert share == pytest.approx((1 + cut) ** -5, abs=0.005)


def test_means_at_400_GeV(source):
    momentum, theta, weight = source.sample("J/psi", 100_000)
    mean_transverse = np.average(momentum * np.sin(theta), weights=weight)
    assert np.average(momentum, weights=weight) > 45.0
    assert mean_transverse == pytest.approx(2.6 * 5 * beta(1.5, 4.5), rel=0.01)
    assert 0.9 < mean_transverse < 1.3
    pions, _, pion_weight = source.sample("pi0", 100_000)
    assert np.average(momentum, weights=weight) > 3 * np.average(pions, weights=pion_weight)


@pytest.mark.parametrize("energy", [200.0, 800.0])
def test_the_mean_momentum_follows_the_centre_of_mass(energy):
    """Symmetric in x_F: <p_L> = gamma beta <E*>, with <E*> integrated here; the yield stays."""
    source = MesonSource(
        "bmpt-cu-400",
        {
            "beam.energy_GeV": energy,
            "validity.beam_kinetic_energy_min_GeV": 100,
            "validity.beam_kinetic_energy_max_GeV": 900,
        },
    )
    gamma, boost, largest = centre_of_mass(energy)
    u, v = (np.arange(1000) + 0.5) / 1000, (np.arange(1000) + 0.5) / 1000
    x_f = 1 - u ** (1 / 6)
    transverse2 = 2.6**2 * (v ** (-1 / 5) - 1)
    mean_energy = np.mean(np.sqrt((x_f[:, None] * largest) ** 2 + transverse2 + JPSI**2))
    momentum, theta, weight = source.sample("J/psi", 100_000)
    along = np.average(momentum * np.cos(theta), weights=weight)
    assert along == pytest.approx(gamma * boost * mean_energy, rel=0.01)
    assert np.sum(weight) == pytest.approx(5.3e-6, rel=0.01)


def test_nothing_outside_the_kinematic_limit():
    meson = CentralMeson(400.0, JPSI, 5.0, 2.6)
    p = np.array([1.001 * meson.largest_momentum, 60.0, 0.01])
    angle = np.array([0.0, 1.01 * meson.largest_angle, 0.0])
    np.testing.assert_array_equal(meson.density(p, np.cos(angle), (p * np.sin(angle)) ** 2), 0.0)
    assert meson.density(*(np.array([v]) for v in (0.999 * meson.largest_momentum, 1.0, 0.0)))[0] > 0.0


def test_the_yield_is_the_cards_and_not_that_of_the_pions(source):
    assert source.ratio("J/psi") * source.sample("pi0", 200_000)[2].sum() == pytest.approx(5.3e-6, rel=0.02)
    point = [np.array([60.0]), np.array([1.0]), np.array([0.0])]
    names = list(source.alternatives)
    factors = dict(zip(names, source.alternatives.factors(names, "J/psi", *point)[:, 0], strict=True))
    assert factors.pop("fewer-jpsi") == pytest.approx(4.0 / 5.3)
    assert factors.pop("more-jpsi") == pytest.approx(80 / 5.3)
    assert all(factor == pytest.approx(1.0) for factor in factors.values())


def test_below_the_threshold_one_clear_line():
    overrides = {"beam.energy_GeV": 12.0, "validity.beam_kinetic_energy_min_GeV": 5}
    source = MesonSource("bmpt-cu-400", overrides)
    assert source.sample("pi0", 100)[2].sum() > 0.0
    with pytest.raises(darkmc.CardError, match="no J/psi from protons of 12 GeV"):
        source.sample("J/psi", 100)


def test_a_species_has_one_yield():
    with pytest.raises(darkmc.CardError, match="has a yield in ratios already"):
        MesonSource("bmpt-cu-400", {"ratios.J/psi": 1e-6, "ratio_references.J/psi": "J/psi"})


def test_no_experiment_takes_it_unasked():
    assert "J/psi" not in darkmc.Experiment("charm-decay").card.source.mesons
