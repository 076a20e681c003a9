"""a l -> gamma' l and back, and on protons: reference numbers, quadrature, balance, samplers, spin."""

import itertools

import numpy as np
import pytest
from helpers import dot, four_momentum, isotropic, to_rest_frame, vertex
from independent_scattering import chain_weight, flat_weight, photon_density
from scipy.integrate import quad
from scipy.stats import chi2

import darkmc
from darkmc.core.constants import ALPHA, GEV2_TO_CM2
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import boost
from darkmc.core.particles import mass
from darkmc.portals.dark_axion import coherent_conversion
from darkmc.portals.dark_axion.coherent_conversion import ProtonConversion
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_photon_decay import PhotonDecay
from darkmc.portals.dark_axion.fermion_scattering import FermionScattering, polarisation_axis
from darkmc.portals.drawn import at_rest
from darkmc.portals.portal import Parents

M_E = mass("e")
TABLE = {  # the physics notes, section 4: sigma in cm^2 at G = 1, m_a = 0, by energy, incoming state and m'
    (0.05, "a", 0.001): 7.912725e-30,
    (0.05, "a", 0.01): 0.0,
    (0.05, "dark_photon", 0.01): 5.073147e-30,
    (1.0, "a", 0.001): 1.446276e-29,
    (1.0, "a", 0.01): 7.116517e-30,
    (1.0, "a", 0.1): 0.0,
    (1.0, "dark_photon", 0.01): 2.960396e-30,
    (10.0, "a", 0.001): 1.938305e-29,
    (10.0, "a", 0.01): 1.270871e-29,
    (10.0, "a", 0.1): 9.885275e-31,
    (10.0, "dark_photon", 0.01): 4.326971e-30,
}
RANDOM = [(0.0, 0.02, 0.8), (0.03, 0.02, 5.0), (0.02, 0.03, 5.0), (0.001, 0.005, 0.06), (0.4, 0.1, 900.0)]


@pytest.mark.parametrize("key", list(TABLE))
def test_reference_table(key):
    energy, incoming, m_dark_photon = key
    sigma = darkmc.DarkAxionPortal(m_dark_photon).scattering_cross_section(incoming, energy)
    assert sigma == pytest.approx(TABLE[key], rel=1e-6)


@pytest.mark.parametrize(
    ("incoming", "m_axion", "expected"),
    [("axion", 0.0, 2.134728), ("dark_photon", 0.0, 0.891453), ("axion", 0.005, 2.216358)],
)
def test_reference_differential(incoming, m_axion, expected):
    scattering = FermionScattering(DarkCurrent(m_axion, 0.01), incoming, M_E)
    assert scattering.differential(5e-4, 1.0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
@pytest.mark.parametrize("incoming", ["axion", "dark_photon"])
@pytest.mark.parametrize("lepton", ["e", "mu"])
def test_total_is_the_integral(m_axion, m_dark_photon, energy, incoming, lepton):
    scattering = FermionScattering(DarkCurrent(m_axion, m_dark_photon), incoming, mass(lepton))
    if energy <= scattering.threshold:
        assert scattering.total(energy) == 0.0
        return
    low, high = (np.log(limit) for limit in scattering.q2_limits(energy))
    integral = quad(lambda x: np.exp(x) * scattering.differential(np.exp(x), energy), low, high, limit=400)[0]
    assert scattering.total(energy) == pytest.approx(integral * GEV2_TO_CM2, rel=1e-7)


@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
def test_detailed_balance(m_axion, m_dark_photon, energy):
    """lambda_in dsigma/dt, without the spin average, is the same in both directions."""
    current = DarkCurrent(m_axion, m_dark_photon)
    forth, back = (FermionScattering(current, name, M_E) for name in ("axion", "dark_photon"))
    energy = max(energy, 2.0 * forth.threshold, 2.0 * back.threshold)
    s = forth.mandelstam_s(energy)
    other = (s - m_dark_photon**2 - M_E**2) / (2.0 * M_E)
    q2 = np.geomspace(*forth.q2_limits(energy), 9)[1:-1]
    left = forth.differential(q2, energy) * (energy**2 - m_axion**2)
    right = 3.0 * back.differential(q2, other) * (other**2 - m_dark_photon**2)
    np.testing.assert_allclose(left, right, rtol=1e-10)


def test_massless_high_energy_limit():
    """Sum |M|^2 = e^2 G^2 s^2/|t| for massless states, t small (a trap found in the literature)."""
    scattering = FermionScattering(DarkCurrent(0.0, 1e-9), "axion", M_E)
    s = scattering.mandelstam_s(50.0)
    t = -1e-6 * s
    assert scattering.squared_amplitude(t, s) == pytest.approx(4 * np.pi * ALPHA * s**2 / -t, rel=3e-2)


@pytest.mark.parametrize(("m", "expected"), [(0.001, 1.978476e-3), (0.01, 0.1078476), (0.1, 9.884756)])
def test_threshold(m, expected):
    scattering = FermionScattering(DarkCurrent(0.0, m), "axion", M_E)
    assert scattering.threshold == pytest.approx(expected, rel=1e-6)
    assert scattering.total(expected * 0.999999) == 0.0
    assert scattering.total(expected * 1.00001) > 0.0


def test_exothermic_direction_grows_at_rest():
    """Gamma' e -> a e near rest: sigma p is finite."""
    scattering = FermionScattering(DarkCurrent(0.0, 0.01), "dark_photon", M_E)
    momenta = np.array([1e-6, 1e-5])
    sigma = scattering.total(np.hypot(momenta, 0.01))
    assert sigma[0] * momenta[0] == pytest.approx(sigma[1] * momenta[1], rel=1e-3)


@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
def test_recoil_angle_conserves_momentum(m_axion, m_dark_photon, energy):
    scattering = FermionScattering(DarkCurrent(m_axion, m_dark_photon), "axion", M_E)
    energy = max(energy, 1.5 * scattering.threshold)
    low, high = scattering.q2_limits(energy)
    kinetic = np.geomspace(low * 1.001, high * 0.999, 7) / (2.0 * M_E)
    cosine = scattering.recoil_cosine(energy, kinetic)
    assert np.all(np.abs(cosine) <= 1.0 + 1e-9)
    recoil, p_in = np.sqrt(kinetic * (kinetic + 2 * M_E)), np.sqrt(energy**2 - m_axion**2)
    out2 = p_in**2 + recoil**2 - 2 * p_in * recoil * cosine
    assert (energy - kinetic) ** 2 - out2 == pytest.approx(m_dark_photon**2, abs=1e-9 * energy**2)


@pytest.mark.parametrize("incoming", ["axion", "dark_photon"])
@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
def test_sampler_integrates_to_the_cross_section(incoming, m_axion, m_dark_photon, energy):
    """Ten pulls below 4: chance 6e-4."""
    scattering = FermionScattering(DarkCurrent(m_axion, m_dark_photon), incoming, M_E)
    energy = max(energy, 1.5 * scattering.threshold)
    uniform = np.random.default_rng(6).random(50_000)
    q2, weight = scattering.transfer(np.full(50_000, energy), uniform)
    low, high = scattering.q2_limits(energy)
    assert low * (1 - 1e-9) <= q2.min()
    assert q2.max() <= high * (1 + 1e-9)
    error = np.std(weight) / np.sqrt(50_000)
    assert abs(np.mean(weight) * GEV2_TO_CM2 - scattering.total(energy)) < 4 * error * GEV2_TO_CM2


def test_point_proton_is_a_fermion(monkeypatch):
    """G_E = G_M = 1 in the proton's formula is the point fermion's cross section."""
    monkeypatch.setattr(coherent_conversion, "proton_form_factors", lambda _: (1.0, 1.0))
    for m_axion, m_dark_photon in ((0.0, 0.1), (0.05, 0.2)):
        current = DarkCurrent(m_axion, m_dark_photon)
        proton = ProtonConversion(current, "axion")
        point = FermionScattering(current, "axion", proton.nucleus.mass)
        q2 = np.geomspace(*point.q2_limits(3.0), 8)[1:-1]
        np.testing.assert_allclose(proton.differential(q2, 3.0), point.differential(q2, 3.0), rtol=1e-9)


def test_six_protons_of_reference():
    """Six free protons: 7.18e-29 cm^2 at 1 GeV, 10 MeV; 5.29e-29 at 10 GeV, 100 MeV (the physics notes)."""
    for energy, m, expected in ((1.0, 0.01, 7.18e-29), (10.0, 0.1, 5.29e-29)):
        sigma = darkmc.DarkAxionPortal(m).scattering_cross_section("a", energy, target="p")
        assert 6 * sigma == pytest.approx(expected, rel=2e-3)


def test_facade_broadcasts_and_refuses():
    portal = darkmc.DarkAxionPortal(0.01)
    energies = np.array([[0.05, 1.0], [10.0, 50.0]])
    for target in ("e", "C"):
        sigma = portal.scattering_cross_section("a", energies, target=target, coupling=1e-3)
        assert sigma.shape == (2, 2)
        one = portal.scattering_cross_section("a", 10.0, target=target)
        assert sigma[1, 0] == pytest.approx(1e-6 * one, rel=1e-12)
    for arguments in (("b", 1.0), ("a", np.nan), ("a", 1.0, "Xy")):
        with pytest.raises(PhysicsError):
            portal.scattering_cross_section(*arguments)


BOTH = pytest.mark.parametrize("incoming", ["axion", "dark_photon"])


def opened(m_axion, m_dark_photon, energy, incoming, factor=1.5):
    scattering = FermionScattering(DarkCurrent(m_axion, m_dark_photon), incoming, M_E)
    return scattering, max(energy, factor * scattering.threshold)


@BOTH
@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
def test_integral_between_any_limits(incoming, m_axion, m_dark_photon, energy):
    scattering, energy = opened(m_axion, m_dark_photon, energy, incoming)
    cuts = np.geomspace(*scattering.q2_limits(energy), 6)
    for low, high in [*itertools.pairwise(cuts), (cuts[0], cuts[3]), (cuts[2], cuts[5])]:
        exact = quad(
            lambda x: np.exp(x) * scattering.differential(np.exp(x), energy),
            np.log(low),
            np.log(high),
            epsabs=0,
            epsrel=1e-10,
            limit=400,
        )[0]
        assert scattering.integral(energy, low, high) == pytest.approx(exact, rel=1e-7)


@BOTH
@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
def test_sampler_within_ranges(incoming, m_axion, m_dark_photon, energy):
    """Three ranges, two of them partly impossible, and a tenth of the rows anywhere.

    Mean weights of each range and of the whole are integrals: 40 pulls below 4.5, chance 3e-4.
    """
    scattering, energy = opened(m_axion, m_dark_photon, energy, incoming)
    n, (least, most) = 40_000, scattering.q2_limits(energy)
    cuts = np.geomspace(least, most, 10)
    ranges = [(0.1 * least, cuts[2]), (cuts[5], cuts[6]), (cuts[8], 7.0 * most)]
    low, high = (np.repeat(np.array(side)[:, None], n, axis=1) for side in zip(*ranges, strict=True))
    uniform = np.random.default_rng(8).random(n)
    q2, weight = scattering.sample_within(np.full(n, energy), uniform, low, high)
    assert q2.min() >= least * (1 - 1e-9)
    assert q2.max() <= most * (1 + 1e-9)
    assert np.all(weight >= 0.0)
    inside = [(q2 >= a) & (q2 <= b) for a, b in ranges]
    assert np.mean(np.any(inside, axis=0)) > 0.9
    for mask, (a, b) in zip([*inside, np.ones(n, dtype=bool)], [*ranges, (least, most)], strict=True):
        exact = scattering.integral(energy, max(a, least), min(b, most))
        part = np.where(mask, weight, 0.0)
        assert abs(np.mean(part) - exact) < 4.5 * np.std(part) / np.sqrt(n)
        assert np.std(part) < 8 * np.mean(part)


@BOTH
def test_sampler_of_empty_ranges_is_the_whole_one(incoming):
    """Nothing to aim at: all that is possible, with its weight; nothing below threshold."""
    scattering = FermionScattering(DarkCurrent(0.0, 0.01), incoming, M_E)
    uniform = np.random.default_rng(5).random(20_000)
    energy = np.full(20_000, 0.2)
    most = scattering.q2_limits(0.2)[1]
    low = np.repeat(np.array([[1e-4], [2.0 * most]]), 20_000, axis=1)
    q2, weight = scattering.sample_within(energy, uniform, low, np.array([[1.0], [1.5]]) * low)
    _, other = scattering.sample_within(energy, uniform, low[1:], 1.5 * low[1:])
    for w in (weight, other):
        error = np.std(w) / np.sqrt(20_000)
        assert abs(np.mean(w) * GEV2_TO_CM2 - scattering.total(0.2)) < 4.5 * error * GEV2_TO_CM2
    assert np.all(np.isfinite(q2))
    if incoming == "axion":
        below = np.full(5, scattering.threshold * (1 - 1e-9))
        assert np.all(scattering.transfer(below, uniform[:5])[1] == 0.0)


@BOTH
@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy"), RANDOM)
@pytest.mark.parametrize("angle", [0.01, 0.1415, 0.8, 1.5, 2.0])
def test_kinetic_limits_of_a_cone(incoming, m_axion, m_dark_photon, energy, angle):
    """Against a scan of the recoil's angle over all recoil energies that exist."""
    scattering, energy = opened(m_axion, m_dark_photon, energy, incoming)
    least, most = scattering.q2_limits(energy)
    kinetic = np.geomspace(least, most, 20_001)[1:-1] / (2 * M_E)
    inside = scattering.recoil_cosine(energy, kinetic) >= np.cos(angle)
    soft, hard = (
        float(v[0]) for v in scattering.kinetic_limits(np.array([energy]), np.array([np.cos(angle)]))
    )
    allowed = (kinetic <= soft) | (kinetic >= hard)
    if angle > np.pi / 2:
        assert np.all(allowed)  # nothing is excluded
        return
    step = 2 * np.log(most / least) / 20_000
    edge = [abs(np.log(kinetic / limit)) < step for limit in (soft, hard) if limit > 0]
    sure = ~np.any(edge, axis=0) if edge else np.ones(len(kinetic), dtype=bool)
    assert np.count_nonzero(~sure) <= 10
    np.testing.assert_array_equal(allowed[sure], inside[sure])


def test_massless_limit_of_the_total():
    """Masses up to 100 eV change nothing between fixed limits of t."""
    values = [
        FermionScattering(DarkCurrent(0.0, m), "axion", M_E).integral(1.0, 1e-6, 1e-4)
        for m in (1e-9, 1e-8, 1e-7)
    ]
    assert values == pytest.approx([values[0]] * 3, rel=1e-9)
    s = 2 * M_E + M_E**2
    # |M|^2 = -(e^2/(2 t)) [2 (s - m_e^2)^2 + 2 t s + t^2] for massless dark states
    exact = quad(
        lambda x: ALPHA / (32 * M_E**2) * (2 * (s - M_E**2) ** 2 / x - 2 * s + x), 1e-6, 1e-4, epsrel=1e-11
    )[0]
    assert values[0] == pytest.approx(exact, rel=1e-7)


def kinematics(scattering, energy, q2):
    """Return lepton before and after, and what goes out, as (4,), by momentum conservation in the plane."""
    kinetic = q2 / (2 * M_E)
    p_in, recoil = np.sqrt(energy**2 - scattering.m_in**2), np.sqrt(kinetic * (kinetic + 2 * M_E))
    out2 = (energy - kinetic) ** 2 - scattering.m_out**2
    cosine = (p_in**2 + recoil**2 - out2) / (2 * p_in * recoil)
    after = np.array([M_E + kinetic, recoil * np.sqrt(1 - cosine**2), 0.0, recoil * cosine])
    incoming = np.array([energy, 0.0, 0.0, p_in])
    before = np.array([M_E, 0.0, 0.0, 0.0])
    return before, after, incoming + before - after


def in_rest_frame(vector, frame):
    return to_rest_frame(vector[:, None], frame[:, None])[:, 0]


KINEMATICS = [(0.0, 0.02, 0.8, 0.5), (0.0, 0.01, 0.2, 0.1), (0.005, 0.01, 0.5, 0.9), (0.0, 0.001, 0.05, 0.7)]


def point(m_axion, m_dark_photon, energy, depth):
    scattering, energy = opened(m_axion, m_dark_photon, energy, "axion", 1.01)
    low, high = np.log(scattering.q2_limits(energy))
    return scattering, kinematics(scattering, energy, np.exp(low + depth * (high - low)))


@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy", "depth"), KINEMATICS)
def test_spin_density_is_the_trace(m_axion, m_dark_photon, energy, depth):
    """W(n) against gamma matrices and the Levi-Civita tensor: the ratio does not depend on n."""
    scattering, (before, after, outgoing) = point(m_axion, m_dark_photon, energy, depth)
    p, q = (in_rest_frame(v, outgoing)[1:] for v in (before, before - after))
    t = float(dot((before - after)[:, None], (before - after)[:, None])[0])
    size = (m_dark_photon**2 - m_axion**2) / (2 * m_dark_photon)
    ratios = []
    for direction in isotropic(np.random.default_rng(3), 12).T:
        photon = size * np.concatenate([[1.0], direction])
        rest = np.array([m_dark_photon, 0.0, 0.0, 0.0])
        lepton = [in_rest_frame(v, outgoing) for v in (before, after)]
        density = photon_density(*lepton, rest, photon, scattering.target_mass, vertex)
        ratios.append(density / flat_weight(direction, p, q, t))
    assert np.ptp(ratios) < 1e-9 * abs(np.mean(ratios))


@pytest.mark.parametrize("mass_lepton", [0.0, 0.3])
def test_crossing_gives_the_weight_of_annihilation(mass_lepton):
    """P_out -> -p_positron, t -> s: W of e+ e- -> a gamma', gamma' -> a gamma (massless leptons)."""
    m, sqrt_s, c = 0.7, 2.6, 0.35
    rng = np.random.default_rng(5)
    size = np.sqrt((sqrt_s**2 - m**2) ** 2) / (2 * sqrt_s)
    prime = four_momentum(m, np.array([[0.0], [0.0], [size]]))[:, 0]
    p = np.sqrt(sqrt_s**2 / 4 - mass_lepton**2)
    electron = np.array([sqrt_s / 2, -p * np.sqrt(1 - c**2), 0.0, p * c])
    positron = np.array([sqrt_s / 2, p * np.sqrt(1 - c**2), 0.0, -p * c])
    e, q = (in_rest_frame(v, prime)[1:] for v in (electron, electron + positron))
    crossed, traced, annihilated = [], [], []
    for n in isotropic(rng, 10).T:
        crossed.append(flat_weight(n, e, q, sqrt_s**2))
        rest = [in_rest_frame(v, prime) for v in (electron, -positron, prime)]
        traced.append(photon_density(*rest, m / 2 * np.concatenate([[1.0], n]), mass_lepton, vertex))
        annihilated.append(chain_weight(c, n[2], np.arctan2(n[1], n[0])))
    ratio = np.array(crossed) / np.array(traced)
    assert np.ptp(ratio) < 1e-9 * abs(np.mean(ratio))
    if mass_lepton == 0.0:
        ratio = np.array(crossed) / np.array(annihilated)
        assert np.ptp(ratio) < 1e-9 * abs(np.mean(ratio))


def in_flight(decay, unstable, axis, uniform):
    """Photon and axion in the frame of the gamma', linearly polarised along an axis in its rest frame."""
    spin = None if axis is None else at_rest(axis)
    drawn = decay.sample(uniform, Parents(np.full(uniform.shape[1], decay.mass), spin))
    return [boost(drawn.momentum(name), unstable, decay.mass) for name in decay.products]


@pytest.mark.parametrize(("m_axion", "m_dark_photon", "energy", "depth"), KINEMATICS)
def test_photons_of_a_polarised_dark_photon(m_axion, m_dark_photon, energy, depth):
    """Their directions in its rest frame are distributed as W: chi2 of 120 bins, four times, chance 4e-5."""
    _, (before, after, outgoing) = point(m_axion, m_dark_photon, energy, depth)
    p, q = (in_rest_frame(v, outgoing)[1:] for v in (before, before - after))
    t = float(dot((before - after)[:, None], (before - after)[:, None])[0])
    n = 300_000
    rng = np.random.default_rng(9)
    repeated = [np.repeat(v[:, None], n, axis=1) for v in (after, outgoing)]
    axis = polarisation_axis(*repeated, m_dark_photon, M_E, rng.random(n))
    decay = PhotonDecay(DarkCurrent(m_axion, m_dark_photon))
    photon, daughter = in_flight(decay, repeated[1], axis, rng.random((2, n)))
    np.testing.assert_allclose(photon + daughter, repeated[1], atol=1e-9 * energy)
    direction = to_rest_frame(photon, repeated[1])[1:] / decay.momentum
    z, y = q / np.linalg.norm(q), np.cross(p, q) / np.linalg.norm(np.cross(p, q))
    x = np.cross(y, z)
    cosine, azimuth = z @ direction, np.arctan2(y @ direction, x @ direction)
    counts = np.histogram2d(cosine, azimuth, [np.linspace(-1, 1, 11), np.linspace(-np.pi, np.pi, 13)])[0]
    u = (np.arange(400) + 0.5) / 200 - 1
    f = (np.arange(480) + 0.5) / 240 * np.pi - np.pi
    grid = [np.sqrt(1 - u[:, None] ** 2) * trig(f) for trig in (np.cos, np.sin)]
    grid.append(np.repeat(u[:, None], len(f), axis=1))
    n_grid = np.einsum("kij,kl->ijl", grid, np.stack([x, y, z]))
    v = np.cross(p, q)
    density = 2 * (v @ v - (n_grid @ v) ** 2) - t / 2 * (q @ q + (n_grid @ q) ** 2)
    expected = density.reshape(10, 40, 12, 40).sum(axis=(1, 3))
    expected *= n / expected.sum()
    assert np.sum((counts - expected) ** 2 / expected) < chi2.isf(1e-5, 119)
    assert np.sum((counts - n / 120) ** 2 / (n / 120)) > chi2.isf(1e-9, 119)  # and isotropy is seen to fail


def test_decay_without_polarisation_is_isotropic():
    """Mean cosines along three axes, |pull| < 4.5, chance 2e-5; second moments 1/3."""
    n, decay = 100_000, PhotonDecay(DarkCurrent(0.0, 0.01))
    moving = np.repeat(four_momentum(0.01, np.array([[0.0], [0.02], [0.05]])), n, axis=1)
    photon, _ = in_flight(decay, moving, None, np.random.default_rng(2).random((2, n)))
    direction = to_rest_frame(photon, moving)[1:] / decay.momentum
    assert np.all(np.abs(direction.mean(axis=1)) < 4.5 * np.sqrt(1 / 3 / n))
    assert np.all(np.abs((direction**2).mean(axis=1) - 1 / 3) < 4.5 * np.sqrt(4 / 45 / n))
