"""P -> gamma a gamma': the amplitude against tensors, the sampler against exact distributions.

Statistical tests: fixed seeds; every pull, chi2 or KS test has a chance of failure of at most 1e-5.
"""

import numpy as np
import pytest
from helpers import (
    METRIC,
    assert_on_shell,
    bin_chi2,
    dot,
    four_momentum,
    isotropic,
    pull,
    spin_sum,
    to_rest_frame,
    unit,
)
from scipy.integrate import quad
from scipy.stats import chi2, kstest

from darkmc import DarkAxionPortal, DarkCurrent
from darkmc.core.kinematics import two_body_momentum
from darkmc.core.particles import mass, photon_coupling
from darkmc.portals.dark_axion.pseudoscalar_decay import (
    PseudoscalarDecay,
    cosine_from_uniform,
    relative_spectrum,
    relative_width,
)

N = 100_000
CASES = [
    ("pi0", 0.03, 0.0),
    ("pi0", 1e-3, 0.0),
    ("pi0", 0.06, 0.05),
    ("eta", 0.01, 0.0),
    ("eta", 0.02, 0.3),
    ("eta", 0.05, 1e-4),
    ("eta", 0.2, 0.2),
    ("eta'", 0.95, 0.0),
    ("eta'", 0.5, 0.45),
]
each_case = pytest.mark.parametrize(("meson", "m_dark_photon", "m_axion"), CASES)


def sampled(meson, m_dark_photon, m_axion, spin=True, n=N, seed=1):
    current = DarkCurrent(m_axion, m_dark_photon)
    decay = PseudoscalarDecay(mass(meson), photon_coupling(meson).value, current, spin)
    return decay, decay.sample(np.random.default_rng(seed).random((decay.n_uniform, n)))


def squared_amplitude(q2, cosine, M, current):
    """|M|^2/c^2 at G = 1 from the density that is sampled, M(P -> gamma gamma) = c eps(e1,k1,e2,k2).

    dGamma = |M|^2 dq2 dm12^2/((2 pi)^3 32 M^3), dm12^2 = 2 e1 p dcos, and Gamma_gg = M^3/(64 pi).
    """
    density = PseudoscalarDecay(M, 1.0, current, True).density((q2, cosine))
    e1, p = (
        (M**2 - q2) / (2 * np.sqrt(q2)),
        two_body_momentum(np.sqrt(q2), current.m_axion, current.m_dark_photon),
    )
    return density * M**3 / (64 * np.pi) * (2 * np.pi) ** 3 * 32 * M**3 / (2 * e1 * p)


def random_decays(M, current, n, seed):
    """Momenta of photon, axion and dark photon at random q2, cos theta and orientation; M at rest."""
    rng = np.random.default_rng(seed)
    q2 = rng.uniform(current.threshold**2, M**2, n)
    q, cosine = np.sqrt(q2), rng.uniform(-1, 1, n)
    energy = (q2 + current.m_dark_photon**2 - current.m_axion**2) / (2 * q)
    p = np.sqrt(np.maximum(energy**2 - current.m_dark_photon**2, 0))
    axis, other = isotropic(rng, n), isotropic(rng, n)
    across = unit(other - np.sum(other * axis, axis=0) * axis)
    photon_direction = cosine * axis + np.sqrt(1 - cosine**2) * across
    in_pair = four_momentum(current.m_dark_photon, p * axis)
    e1 = (M**2 - q2) / (2 * q)
    photon = four_momentum(0.0, e1 * photon_direction)
    parent = photon.copy()
    parent[0] += q
    return q2, cosine, *(to_rest_frame(v, parent) for v in (photon, in_pair))


@pytest.mark.parametrize("masses", [(0.0, 0.03), (0.05, 0.02), (0.04, 0.04)])
def test_the_amplitude_is_the_contraction_of_both_vertices(masses):
    """|M|^2/c^2 = T_{mu nu} E^{mu nu}/q^4, T from the meson's vertex, E from the portal's, both explicit."""
    current, M = DarkCurrent(*masses), mass("pi0")
    q2, cosine, photon, dark_photon = random_decays(M, current, 30, 1)
    found = squared_amplitude(q2, cosine, M, current)
    for i in range(30):
        q = np.array([M, 0, 0, 0]) - photon[:, i]
        above, below = spin_sum(q, photon[:, i]), METRIC @ spin_sum(q, dark_photon[:, i]) @ METRIC
        assert found[i] == pytest.approx(np.sum(above * below) / q2[i] ** 2, rel=1e-8)


@pytest.mark.parametrize("masses", [(0.0, 0.1), (0.2, 0.1), (0.1, 0.3)])
def test_the_amplitude_is_the_invariant_form_of_the_reference(masses):
    """The physics notes, section 3, corrected form, with x = 2 k_gamma.k_gamma' from the momenta."""
    current, M = DarkCurrent(*masses), mass("eta")
    q2, cosine, photon, dark_photon = random_decays(M, current, 200, 2)
    D, R, x = M**2 - q2, q2 + current.m_dark_photon**2 - current.m_axion**2, 2 * dot(photon, dark_photon)
    bracket = q2**2 * x**2 - q2 * D * R * x + 0.5 * D**2 * R**2 - q2 * current.m_dark_photon**2 * D**2
    found, scale = squared_amplitude(q2, cosine, M, current), (D * R / q2) ** 2
    assert np.max(np.abs(found - bracket / (4 * q2**2)) / scale) < 1e-13


def test_the_spectrum_is_the_density_over_angles():
    current, M = DarkCurrent(0.02, 0.05), mass("eta")
    decay = PseudoscalarDecay(M, 0.4, current, True)
    for q2 in (0.006, 0.02, 0.1, 0.29):
        angles = quad(lambda c, q2=q2: decay.density((q2, c)), -1, 1)[0]
        assert 0.4 * relative_spectrum(q2, M, current) == pytest.approx(angles, rel=1e-12)


@pytest.mark.parametrize(
    ("meson_mass", "masses"),
    [(1.0, (0.0, 0.3)), (1.0, (0.3, 0.0001)), (0.1, (0.04, 0.05)), (3.0, (0.0, 2.99)), (1.0, (0.0, 1e-5))],
)
def test_the_width_is_the_integral_of_its_spectrum(meson_mass, masses):
    current = DarkCurrent(*masses)
    low, high = 2 * np.log(sum(masses)), 2 * np.log(meson_mass)
    exact = quad(
        lambda y: float(relative_spectrum(np.exp(y), meson_mass, current)) * np.exp(y),
        low,
        high,
        epsabs=0,
        epsrel=1e-11,
        limit=300,
    )[0]
    assert relative_width(meson_mass, current) == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("masses", [(0.0, 1.0), (0.0, 1.5), (0.6, 0.4), (0.6, 0.5)])
def test_a_closed_decay_has_no_width(masses):
    assert relative_width(1.0, DarkCurrent(*masses)) == 0.0


@each_case
def test_the_mean_weight_is_the_branching_ratio(meson, m_dark_photon, m_axion):
    _, pair = sampled(meson, m_dark_photon, m_axion)
    exact = DarkAxionPortal(m_dark_photon, m_axion).meson_branching_ratio(meson)
    assert np.mean(pair.weight) == pytest.approx(exact, rel=1e-2)
    assert abs(pull(pair.weight, exact)) < 4.5


@each_case
def test_weights_are_nearly_constant_and_bounded(meson, m_dark_photon, m_axion):
    decay, pair = sampled(meson, m_dark_photon, m_axion)
    assert np.max(pair.weight) <= decay.largest_weight * (1 + 1e-3)
    assert np.std(pair.weight) < 0.02 * np.mean(pair.weight)
    assert np.min(pair.weight) >= 0.0


@each_case
def test_the_pair_mass_follows_the_spectrum(meson, m_dark_photon, m_axion):
    """chi2 of 15 bins in q2 = (p_a + p_gamma')^2, taken from the momenta, against quad."""
    _, pair = sampled(meson, m_dark_photon, m_axion)
    both = pair.axion + pair.dark_photon
    q2, M, current = dot(both, both), mass(meson), DarkCurrent(m_axion, m_dark_photon)
    edges = np.concatenate([[0.0], np.quantile(q2, np.arange(1, 15) / 15), [M**2]])
    ends = np.maximum(edges, current.threshold**2)

    def density(y):
        return float(relative_spectrum(np.exp(y), M, current)) * np.exp(y)

    expected = [
        photon_coupling(meson).value * quad(density, a, b, epsabs=0, epsrel=1e-8)[0]
        for a, b in zip(np.log(ends)[:-1], np.log(ends)[1:], strict=True)
    ]
    assert bin_chi2(q2, pair.weight, edges, expected) < chi2.isf(1e-5, 15)


def pair_frame_cosine(pair):
    """Cosine between photon and gamma' in the (a gamma') rest frame, by textbook boosts."""
    both = pair.axion + pair.dark_photon
    photon, dark_photon = (to_rest_frame(v, both)[1:] for v in (pair.photon, pair.dark_photon))
    return np.sum(unit(photon) * unit(dark_photon), axis=0)


@each_case
def test_the_polar_angle_follows_one_plus_cosine_squared_at_every_pair_mass(meson, m_dark_photon, m_axion):
    _, pair = sampled(meson, m_dark_photon, m_axion)
    cosine = pair_frame_cosine(pair)
    both = pair.axion + pair.dark_photon
    heavy = dot(both, both) > np.median(dot(both, both))
    for part in (cosine, cosine[heavy], cosine[~heavy]):
        assert kstest(part, lambda c: (4 + 3 * c + c**3) / 8).pvalue > 1e-5


def test_the_closed_inverse_of_the_angular_distribution():
    u = np.linspace(0, 1, 101)
    c = cosine_from_uniform(u)
    np.testing.assert_allclose((4 + 3 * c + c**3) / 8, u, atol=1e-15)
    np.testing.assert_allclose(c[[0, 50, 100]], [-1, 0, 1], atol=1e-15)


@each_case
@pytest.mark.parametrize("spin", [True, False])
def test_momentum_is_conserved_and_every_particle_is_on_shell(meson, m_dark_photon, m_axion, spin):
    _, pair = sampled(meson, m_dark_photon, m_axion, spin, n=20_000)
    total = pair.photon + pair.axion + pair.dark_photon
    M = mass(meson)
    np.testing.assert_allclose(total[0], M, rtol=1e-9)
    np.testing.assert_allclose(total[1:], 0.0, atol=1e-9 * M)
    for momentum, m in ((pair.photon, 0.0), (pair.axion, m_axion), (pair.dark_photon, m_dark_photon)):
        assert_on_shell(momentum, m, 1e-12)


@each_case
def test_the_pair_boost_leads_from_the_pair_frame_to_the_meson(meson, m_dark_photon, m_axion):
    _, pair = sampled(meson, m_dark_photon, m_axion, n=5000)
    both = pair.axion + pair.dark_photon
    back = to_rest_frame(pair.dark_photon, both)
    scale = both[0] ** 2 / dot(both, both)  # digits that the boost costs
    assert np.max(np.abs(back - pair.dark_photon_in_pair) / (scale * pair.dark_photon[0])) < 1e-12
    gamma, gamma_beta = pair.pair_boost
    np.testing.assert_allclose(gamma**2 - gamma_beta**2, 1.0, atol=1e-12 * np.max(gamma) ** 2)
    q = np.sqrt(dot(both, both))
    np.testing.assert_allclose(both[0], gamma * q, rtol=1e-9)
    np.testing.assert_allclose(both[3], gamma_beta * q, rtol=1e-7, atol=1e-12)
    assert np.all(pair.photon[3] <= 0)
    np.testing.assert_array_equal(pair.axion[2], 0.0)


@each_case
@pytest.mark.parametrize("spin", [True, False])
def test_polarisation_axes_are_unit_vectors_and_transverse_only_with_spin(
    meson, m_dark_photon, m_axion, spin
):
    _, pair = sampled(meson, m_dark_photon, m_axion, spin, n=20_000)
    np.testing.assert_allclose(np.sum(pair.polarisation**2, axis=0), 1.0, rtol=1e-12)
    along = np.sum(pair.polarisation * unit(pair.dark_photon_in_pair[1:]), axis=0)
    if spin:
        np.testing.assert_allclose(along, 0.0, atol=1e-7)
    else:
        longitudinal = np.abs(along) > 0.5
        assert abs(pull(longitudinal, 1 / 3)) < 4.5


def test_the_share_of_each_transverse_axis_is_one_to_cosine_squared():
    _, pair = sampled("eta", 0.05, 0.0)
    cosine = pair_frame_cosine(pair)
    along_y = np.abs(pair.polarisation[1]) > 0.5
    residual = along_y - cosine**2 / (1 + cosine**2)
    assert abs(pull(residual, 0.0)) < 4.5
    assert abs(pull(residual * cosine**2, 0.0)) < 4.5


@pytest.mark.parametrize("gap", [1e-2, 1e-5, 1e-8])
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_just_above_threshold_decays_stay_physical(gap, share):
    M = mass("pi0")
    masses = M * (1 - gap) * np.array([share, 1 - share])
    current = DarkCurrent(*masses)
    decay = PseudoscalarDecay(M, 1.0, current, True)
    pair = decay.sample(np.random.default_rng(2).random((3, 5000)))
    assert np.mean(pair.weight) == pytest.approx(relative_width(M, current), rel=2e-2)
    np.testing.assert_allclose((pair.photon + pair.axion + pair.dark_photon)[0], M, rtol=1e-9)
    assert_on_shell(pair.dark_photon, masses[1], 1e-12)


def test_the_ends_of_the_uniform_numbers_are_physical():
    decay, _ = sampled("pi0", 0.03, 0.01, n=1)
    ends = np.array(np.meshgrid(*[[0.0, np.nextafter(1.0, 0.0)]] * 3)).reshape(3, -1)
    pair = decay.sample(ends)
    for values in (pair.weight, pair.axion, pair.dark_photon, pair.photon, pair.polarisation):
        assert np.all(np.isfinite(values))
