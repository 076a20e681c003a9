"""e+ e- -> gamma a gamma': cross sections, the spin of the virtual photon, and the sampler.

Statistical tests: fixed seeds; every pull (4.5 sigma), chi2 or KS test fails by chance at most once in 1e5.
"""

from itertools import pairwise

import numpy as np
import pytest
from helpers import (
    LEVI_CIVITA,
    METRIC,
    assert_on_shell,
    bin_chi2,
    dot,
    four_momentum,
    isotropic,
    lower,
    pull,
    to_rest_frame,
    unit,
    unstable_of,
)
from scipy.integrate import quad
from scipy.stats import chi2, kstest

import darkmc
from darkmc.core.beam_radiation import collinear_log
from darkmc.core.constants import ALPHA, GEV2_TO_PB
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import two_body_momentum
from darkmc.core.particles import mass
from darkmc.portals.chains import decayed
from darkmc.portals.dark_axion import annihilation, radiative_annihilation
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_photon_decay import PhotonDecay
from darkmc.portals.dark_axion.radiative_sampler import RadiativeAnnihilation

ROOT_S = 10.355
WINDOW = (2.2, 5.5)
RADIATIVE = {
    0.01: (5.030326e3, 2.138353e2),
    1.0: (4.347178e3, 1.887455e2),
    3.0: (1.934666e3, 8.854750e1),
    5.0: (3.653323e2, 1.739825e1),
}
N = 200_000
TABLE = [(m, cut, RADIATIVE[m][k]) for m in RADIATIVE for k, cut in enumerate((1.0, 0.46))]


def sampler(m_dark_photon, m_axion=0.0, window=WINDOW, cut=1.0, spin=True):
    return RadiativeAnnihilation(ROOT_S, *window, cut, DarkCurrent(m_axion, m_dark_photon), spin)


def sampled(*arguments, n=N, seed=1, **keywords):
    made = sampler(*arguments, **keywords)
    return made.sample(np.random.default_rng(seed).random((made.n_uniform, n)))


SIGMA = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]])]
GAMMA = np.zeros((4, 4, 4), complex)
GAMMA[0] = np.diag([1, 1, -1, -1])
for index, pauli in enumerate(SIGMA, 1):
    GAMMA[index, :2, 2:], GAMMA[index, 2:, :2] = pauli, -pauli


def slash(p):
    """Slashed four-momenta (4, n) as matrices (n, 4, 4)."""
    return np.einsum("mn,mij->nij", lower(p), GAMMA)


def leptonic_tensor(p1, p2, k, m):
    """(1/4) sum of M^mu M^nu* of e-(p1) e+(p2) -> gamma(k) V*, e = 1, by explicit traces; (4, 4, n)."""
    a1, a2, unit_matrix = 2 * dot(p1, k), 2 * dot(p2, k), m * np.eye(4)
    inner1 = (slash(p1 - k) + unit_matrix) / a1[:, None, None]
    inner2 = (slash(k - p2) + unit_matrix) / a2[:, None, None]
    amplitude = np.einsum("mij,njk,akl->manil", GAMMA, inner1, GAMMA, optimize=True)
    amplitude += np.einsum("aij,njk,mkl->manil", GAMMA, inner2, GAMMA, optimize=True)
    left = (slash(p2) - unit_matrix) @ amplitude @ (slash(p1) + unit_matrix)
    barred = GAMMA[0] @ np.conj(np.swapaxes(amplitude, -1, -2)) @ GAMMA[0]
    metric = np.diag(METRIC)
    return -0.25 * np.einsum("a,manij,banji->mbn", metric, left, barred, optimize=True).real


def beams_and_photon(s, omega, y, m):
    """Beams along +-z and a photon in the x-z plane at rapidity y."""
    energy = np.sqrt(s) / 2
    beam = np.sqrt(energy**2 - m**2)
    zero = np.zeros_like(y)
    cosine = energy * np.tanh(y) / beam
    p1 = np.stack([zero + energy, zero, zero, zero + beam])
    p2 = p1 * np.array([[1], [1], [1], [-1]])
    return p1, p2, omega * np.stack([zero + 1, np.sqrt(1 - cosine**2), zero, cosine])


@pytest.mark.parametrize("m", list(RADIATIVE))
def test_reference_radiative(m):
    portal = darkmc.DarkAxionPortal(m)
    open_, cut = RADIATIVE[m]
    assert portal.radiative_annihilation_cross_section(ROOT_S, 2.2, 5.5) == pytest.approx(open_, rel=1e-6)
    cut_sigma = portal.radiative_annihilation_cross_section(ROOT_S, 2.2, 5.5, abs_cos_max=0.46)
    assert cut_sigma == pytest.approx(cut, rel=1e-6)


def leading_logarithm(current, e_min, e_max):
    """Return sigma in GeV^-2 with a photon of e_min to e_max GeV, whatever its angle.

    (2 alpha/pi)(ln(s/m_e^2) - 1)(1 - x + x^2/2)/x, x = 2E/sqrt s, is exact up to m_e^2/s.
    """
    s, m_e = ROOT_S**2, mass("e")

    def integrand(y):
        x = np.exp(y)
        radiator = 2 * ALPHA / np.pi * (np.log(s / m_e**2) - 1) * (1 - x + x**2 / 2)
        return radiator * annihilation.cross_section(s * (1 - x), current)

    low, high = np.log(2 * e_min / ROOT_S), np.log(min(2 * e_max / ROOT_S, 1 - current.threshold**2 / s))
    return quad(integrand, low, high, epsrel=1e-10, epsabs=0)[0]


@pytest.mark.parametrize(("e_min", "e_max"), [(2.2, 5.5), (0.01, 5.5), (1e-6, 1.0), (4.9, 5.0)])
def test_radiator_without_angular_cut(e_min, e_max):
    current = DarkCurrent(0.0, 1.0)
    sigma = radiative_annihilation.cross_section(ROOT_S**2, e_min, e_max, current, 1.0, mass("e"))
    assert sigma == pytest.approx(leading_logarithm(current, e_min, e_max), rel=1e-6)


@pytest.mark.parametrize("root_s", [1e6, 1e12, 9e18])
def test_soft_photons_of_any_beams(root_s):
    # the soft theorem, with the logarithm of all angles; s - s' has no digit of omega left
    current = DarkCurrent(0.0, 0.03)
    sigma = radiative_annihilation.cross_section(root_s**2, 0.5, 1.0, current, 1.0, mass("e"))
    soft = collinear_log(root_s**2, mass("e")) * np.log(2.0)
    assert sigma == pytest.approx(soft * annihilation.cross_section(root_s**2, current), rel=1e-5)


def test_angular_integral_against_adaptive_quadrature():
    s, m_e, omega = ROOT_S**2, mass("e"), 3.0
    current = DarkCurrent(0.2, 1.0)
    energy = ROOT_S / 2
    beam = np.sqrt(energy**2 - m_e**2)
    s_prime = s - 2 * ROOT_S * omega

    def per_cosine(cosine):
        first = 2 * omega * (energy - beam * cosine)
        amplitude = radiative_annihilation.vector_amplitude(s, s_prime, first, s - s_prime - first, m_e)
        return 2 * radiative_annihilation.E4 * amplitude * omega / (32 * np.pi * s * beam)

    jacobian = 2 * ROOT_S * current.spectral_density(s_prime)
    expected = jacobian * quad(per_cosine, -0.9, 0.9, epsrel=1e-11)[0]
    found = radiative_annihilation.photon_spectrum(s, omega, current, 0.9, m_e)
    assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    "arguments",
    [(10.0, 0.0, 5.0), (10.0, 3.0, 2.0), (10.0, 1.0, 5.0, 1.5), (-1.0, 1.0, 2.0), (1e-4, 1.0, 2.0)],
)
def test_bad_input(arguments):
    with pytest.raises(PhysicsError):
        darkmc.DarkAxionPortal(0.1).radiative_annihilation_cross_section(*arguments)


def test_closed_and_scaling():
    portal = darkmc.DarkAxionPortal(8.0)
    assert portal.radiative_annihilation_cross_section(ROOT_S, 4.5, 5.0) == 0.0
    one, two = (
        darkmc.DarkAxionPortal(1.0).radiative_annihilation_cross_section(ROOT_S, 2, 5, 0.5, g) for g in (1, 2)
    )
    assert two == pytest.approx(4 * one, rel=1e-12)


SPINS = [(0.3, 10.0), (0.7, 10.0), (5e-3, 100.0), (0.1, 100.0)]


def random_photons(m, s, n=50):
    rng = np.random.default_rng(1)
    end = radiative_annihilation.largest_rapidity(s, 1.0, m)
    omega = rng.uniform(0.05, 0.95, n) * np.sqrt(s) / 2
    return omega, rng.uniform(0.0, 0.98, n) * end


@pytest.mark.parametrize(("m", "s"), SPINS)
def test_the_explicit_tensor_conserves_current(m, s):
    """q_mu L^{mu nu} = 0: the traces that the spin density is tested against are gauge invariant."""
    p1, p2, k = beams_and_photon(s, *random_photons(m, s), m)
    tensor = leptonic_tensor(p1, p2, k, m)
    longitudinal = np.einsum("mn,mbn->bn", lower(p1 + p2 - k), tensor)
    assert np.max(np.abs(longitudinal) / np.max(np.abs(tensor), axis=(0, 1))) < 1e-9


@pytest.mark.parametrize(("m", "s"), SPINS)
def test_the_spin_density_against_explicit_traces(m, s):
    """All components in the rest frame of the virtual photon, the electron's mass kept."""
    omega, y = random_photons(m, s)
    p1, p2, k = beams_and_photon(s, omega, y, m)
    tensor, q = leptonic_tensor(p1, p2, k, m), p1 + p2 - k
    z = -unit(k[1:])
    normal = np.repeat([[0.0], [-1.0], [0.0]], len(y), axis=1)
    x = np.cross(normal, z, axis=0)
    axes = [
        to_rest_frame(np.concatenate([0 * y[None], axis]), q * [[1], [-1], [-1], [-1]])
        for axis in (x, normal, z)
    ]
    xx, yy, zz, xz = radiative_annihilation.spin_density(s, omega, y, m)
    trace = xx + yy + zz
    for (i, j), found in {
        (0, 0): xx,
        (1, 1): yy,
        (2, 2): zz,
        (0, 2): xz,
        (0, 1): 0 * xx,
        (1, 2): 0 * xx,
    }.items():
        exact = np.einsum("mn,mbn,bn->n", lower(axes[i]), tensor, lower(axes[j]))
        np.testing.assert_allclose(found / trace, exact / trace, atol=1e-9)
    scalar = radiative_annihilation.vector_amplitude(
        s, s - 2 * np.sqrt(s) * omega, 2 * dot(p1, k), 2 * dot(p2, k), m
    )
    np.testing.assert_allclose(trace, 2 * scalar, rtol=1e-7)
    assert np.all(xx * zz - xz**2 > -1e-12 * trace**2)
    assert np.all(np.minimum(np.minimum(xx, zz), yy) > -1e-12 * trace)


def test_a_collinear_photon_leaves_a_transverse_virtual_photon():
    """Helicity conservation: diag(1, 1, 0) about the beam, which is then the line of flight."""
    s, m_e = ROOT_S**2, mass("e")
    xx, yy, zz, xz = radiative_annihilation.spin_density(s, 3.0, np.array([7.0, 8.0]), m_e)
    np.testing.assert_allclose(xx / yy, 1.0, atol=1e-4)
    np.testing.assert_allclose([zz / yy, xz / yy], 0.0, atol=2e-2)


@pytest.mark.parametrize(("m", "cut", "reference"), TABLE)
def test_sampled_totals_of_the_reference(m, cut, reference):
    made = sampler(m, cut=cut)
    weight = made.sample(np.random.default_rng(1).random((7, N))).weight
    exact = darkmc.DarkAxionPortal(m).radiative_annihilation_cross_section(ROOT_S, *WINDOW, cut)
    assert np.mean(weight) == pytest.approx(reference, rel=2e-3)
    assert abs(pull(weight, exact)) < 4.5
    assert np.std(weight) < 0.25 * exact
    assert np.max(weight) <= made.largest_weight * (1 + 1e-6)


def test_sampled_total_against_the_radiator():
    sigma = leading_logarithm(DarkCurrent(0.5, 2.0), 0.1, 6.0) * GEV2_TO_PB
    weight = sampled(2.0, 0.5, window=(0.1, 6.0)).weight
    assert np.mean(weight) == pytest.approx(sigma, rel=2e-3)
    assert abs(pull(weight, sigma)) < 4.5


def test_the_error_covers_68_percent():
    made, exact = (
        sampler(1.0),
        darkmc.DarkAxionPortal(1.0).radiative_annihilation_cross_section(ROOT_S, *WINDOW),
    )
    weight = made.sample(np.random.default_rng(5).random((7, 500 * 1000))).weight.reshape(500, 1000)
    pulls = (weight.mean(axis=1) - exact) / (weight.std(axis=1) / np.sqrt(1000))
    assert abs(np.mean(np.abs(pulls) < 1) - 0.683) < 4.5 * np.sqrt(0.683 * 0.317 / 500)
    assert kstest(pulls, "norm").pvalue > 1e-5


SPECTRA = [(0.01, 0.0, 1.0), (3.0, 0.0, 0.46), (1.0, 2.0, 1.0), (0.01, 3.0, 0.9)]
each_spectrum = pytest.mark.parametrize(("m_dark_photon", "m_axion", "cut"), SPECTRA)


@each_spectrum
def test_photon_energies_follow_the_spectrum(m_dark_photon, m_axion, cut):
    event = sampled(m_dark_photon, m_axion, cut=cut)
    s, current = ROOT_S**2, DarkCurrent(m_axion, m_dark_photon)
    top = min(WINDOW[1], (s - current.threshold**2) / (2 * ROOT_S))
    edges = np.linspace(WINDOW[0], top, 16)

    def spectrum(omega):
        return radiative_annihilation.photon_spectrum(s, omega, current, cut, mass("e")) * GEV2_TO_PB

    expected = [quad(spectrum, *edge, epsrel=1e-9)[0] for edge in pairwise(edges)]
    assert chi2.sf(bin_chi2(event.momentum("photon")[0], event.weight, edges, expected), 15) > 1e-5


@each_spectrum
def test_photon_angles_follow_the_cross_section(m_dark_photon, m_axion, cut):
    event = sampled(m_dark_photon, m_axion, cut=cut)
    current = DarkCurrent(m_axion, m_dark_photon)
    positive = np.array(
        [0.0, 0.3, 0.7, 0.99, 0.999999, 1.0] if cut == 1.0 else [0.0, 0.3, 0.6, 0.8, 0.9, 1.0]
    )
    edges = cut * np.concatenate([-positive[:0:-1], positive])

    def below(cosine):
        sigma = radiative_annihilation.cross_section(ROOT_S**2, *WINDOW, current, abs(cosine), mass("e"))
        return np.sign(cosine) * 0.5 * sigma * GEV2_TO_PB

    expected = np.diff([below(edge) for edge in edges])
    cosine = event.momentum("photon")[3] / event.momentum("photon")[0]
    edges[[0, -1]] *= 1 + 1e-12
    assert chi2.sf(bin_chi2(cosine, event.weight, edges, expected), len(expected)) > 1e-5
    azimuth = np.arctan2(event.momentum("photon")[2], event.momentum("photon")[1])
    for moment in (np.cos(azimuth), np.sin(azimuth), np.cos(2 * azimuth), np.sin(2 * azimuth)):
        assert abs(pull(event.weight * moment, 0.0)) < 4.5


@each_spectrum
def test_momentum_cuts_and_mass_shells(m_dark_photon, m_axion, cut):
    event = sampled(m_dark_photon, m_axion, cut=cut, n=20_000)
    total = event.momentum("photon") + event.momentum("axion") + event.momentum("dark_photon")
    np.testing.assert_allclose(total[0], ROOT_S, rtol=1e-12)
    np.testing.assert_allclose(total[1:], 0.0, atol=1e-11)
    assert_on_shell(event.momentum("photon"), 0.0, 1e-14)
    assert_on_shell(event.momentum("axion"), m_axion, 1e-9)
    assert_on_shell(event.momentum("dark_photon"), m_dark_photon, 1e-9)
    assert np.min(event.momentum("photon")[0]) >= WINDOW[0]
    assert np.max(event.momentum("photon")[0]) <= WINDOW[1]
    assert np.max(np.abs(event.momentum("photon")[3]) / event.momentum("photon")[0]) <= cut * (1 + 1e-12)
    assert np.all(event.weight >= 0.0)


def chain_variables(photon, axion, dark_photon, decay_photon):
    """Cosines that see every spin: to the beam, to the first photon and along the chain."""
    beam = np.repeat([[1.0], [0.0], [0.0], [1.0]], photon.shape[1], axis=1)
    pair = axion + dark_photon
    first, prime, along = (unit(to_rest_frame(p, pair)[1:]) for p in (photon, dark_photon, beam))
    in_prime = [unit(to_rest_frame(p, dark_photon)[1:]) for p in (decay_photon, pair, photon, beam)]
    last, back, towards, across = in_prime
    product = lambda a, b: np.sum(a * b, axis=0)  # noqa: E731
    volume = np.sum(np.cross(first, prime, axis=0) * along, axis=0)
    turned = np.sum(np.cross(last, back, axis=0) * across, axis=0)
    cosine = photon[3] / photon[0]
    return {
        "beam": product(prime, along) ** 2,
        "photon": product(prime, first) ** 2,
        "interference": product(prime, first) * product(prime, along) * np.sign(cosine),
        "normal": volume**2,
        "helicity": product(last, back) ** 2,
        "last, photon": product(last, towards) ** 2,
        "last, beam": product(last, across) ** 2,
        "last, both": product(last, towards) * product(last, across) * np.sign(cosine),
        "last, normal": turned**2,
        "helicity, beam": product(last, back) ** 2 * product(prime, along) ** 2,
        "odd": turned * volume,
        "decay in the centre of mass": (decay_photon[3] / decay_photon[0]) ** 2,
        "energy": decay_photon[0] / ROOT_S,
        "forward, backward": dark_photon[3] / dark_photon[0] * cosine,
    }


def phase_space(m_dark_photon, m_axion, cut, n):
    """Flat events and |M|^2 x phase space of the whole chain, from explicit tensors alone."""
    rng, s, m_e = np.random.default_rng(11), ROOT_S**2, mass("e")
    top = min(WINDOW[1], (s - (m_axion + m_dark_photon) ** 2) / (2 * ROOT_S))
    omega, cosine = rng.uniform(WINDOW[0], top, n), rng.uniform(-cut, cut, n)
    p1, p2, _ = beams_and_photon(s, omega, 0 * omega, m_e)
    photon = omega * np.stack([np.ones(n), np.sqrt(1 - cosine**2), 0 * cosine, cosine])
    q = p1 + p2 - photon
    back = q * [[1], [-1], [-1], [-1]]
    pair_mass = np.sqrt(dot(q, q))
    momentum = two_body_momentum(pair_mass, m_axion, m_dark_photon)
    dark_photon = to_rest_frame(four_momentum(m_dark_photon, momentum * isotropic(rng, n)), back)
    energy = (m_dark_photon**2 - m_axion**2) / (2 * m_dark_photon)
    decay_photon = to_rest_frame(
        four_momentum(0.0, energy * isotropic(rng, n)), dark_photon * [[1], [-1], [-1], [-1]]
    )
    production = np.einsum("mxay,xn,yn->man", LEVI_CIVITA, lower(q), lower(dark_photon))
    decay = np.einsum("gxay,xn,yn->gan", LEVI_CIVITA, lower(decay_photon), lower(dark_photon))
    metric = np.diag(METRIC)
    chain = np.einsum("man,a,gan->mgn", production, metric, decay)
    leptons = leptonic_tensor(p1, p2, photon, m_e)
    squared = -np.einsum("mbn,m,b,g,mgn,bgn->n", leptons, metric, metric, metric, chain, chain)
    weight = squared / pair_mass**4 * omega * momentum / pair_mass
    return (photon, q - dark_photon, dark_photon, decay_photon), weight


def ratio_and_error(values, weight):
    mean = np.sum(weight * values) / np.sum(weight)
    return mean, np.sqrt(np.sum((weight * (values - mean)) ** 2)) / np.sum(weight)


@pytest.mark.parametrize("masses", [(3.0, 0.0), (2.0, 1.0)])
def test_the_mixture_of_linear_polarisations_is_the_whole_amplitude(masses):
    """|M|^2 is proportional to q2 k^2 [tr P - n.P.n]/q2^2, P = k x rho x k, at every point of phase space."""
    (photon, axion, dark_photon, decay_photon), weight = phase_space(*masses, 0.99, 500)
    pair, s, m_e = axion + dark_photon, ROOT_S**2, mass("e")
    flight = unit(to_rest_frame(dark_photon, pair)[1:])
    in_pair = to_rest_frame(decay_photon, pair)
    last = unit(to_rest_frame(in_pair, to_rest_frame(dark_photon, pair))[1:])
    cosine = photon[3] / photon[0]
    y = np.arctanh(np.abs(cosine) * np.sqrt(1 - 4 * m_e**2 / s))
    nearer = np.stack([0 * y, 0 * y, np.sign(cosine)])
    z = -unit(photon[1:])
    x = -unit(nearer - np.sum(nearer * z, axis=0) * z)
    xx, yy, zz, xz = radiative_annihilation.spin_density(s, photon[0], y, m_e)
    axes = np.stack([x, np.cross(z, x, axis=0), z])
    matrix = np.zeros((3, 3, len(y)))
    matrix[0, 0], matrix[1, 1], matrix[2, 2], matrix[0, 2], matrix[2, 0] = xx, yy, zz, xz, xz
    density = np.einsum("ain,abn,bjn->ijn", axes, matrix, axes)
    cross = np.einsum("ijk,jn->ikn", LEVI_CIVITA[0, 1:, 1:, 1:], flight)
    polarisation = np.einsum("ijn,jkn,lkn->iln", cross, density, cross)
    expected = np.einsum("iin->n", polarisation) - np.einsum("in,ijn,jn->n", last, polarisation, last)
    momentum = two_body_momentum(np.sqrt(dot(pair, pair)), masses[1], masses[0])
    ratio = weight / (expected * photon[0] * momentum**3 / dot(pair, pair) ** 1.5)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-7)


def photon_of(decay, pair):
    return decayed(pair, decay, np.random.default_rng(2).random((2, N))).momentum("photon")


@pytest.mark.parametrize(
    ("m_dark_photon", "m_axion", "cut"), [(3.0, 0.0, 0.9), (2.0, 1.0, 0.5), (0.5, 0.0, 0.99)]
)
def test_all_spins_against_the_whole_amplitude(m_dark_photon, m_axion, cut):
    """Means over e+ e- -> gamma a gamma', gamma' -> a gamma of the sampler and of weighted phase space."""
    momenta, exact_weight = phase_space(m_dark_photon, m_axion, cut, 8_000)
    exact = {name: ratio_and_error(v, exact_weight) for name, v in chain_variables(*momenta).items()}
    made = {}
    for spin in (True, False):
        event = sampled(m_dark_photon, m_axion, cut=cut, spin=spin)
        decay = PhotonDecay(event.pair.current)
        photon = event.turn(photon_of(decay, event.pair))
        variables = chain_variables(
            event.momentum("photon"), event.momentum("axion"), event.momentum("dark_photon"), photon
        )
        made[spin] = {name: ratio_and_error(v, event.weight) for name, v in variables.items()}
    for name, (expected, error) in exact.items():
        mean, own = made[True][name]
        assert abs(mean - expected) < 4.5 * np.hypot(error, own), name
    assert any(abs(made[False][name][0] - exact[name][0]) > 6 * exact[name][1] for name in exact)


@pytest.mark.parametrize(("m_dark_photon", "m_axion", "spin"), [(1.0, 0.0, False), (0.5, 2.0, True)])
def test_isotropic_decays(m_dark_photon, m_axion, spin):
    """Spin correlations off, or an axion that decays."""
    event = sampled(m_dark_photon, m_axion, spin=spin)
    decay = PhotonDecay(event.pair.current)
    photon = photon_of(decay, event.pair)
    direction = unit(to_rest_frame(event.turn(photon), event.turn(unstable_of(event.pair)))[1:])
    for component in direction:
        assert abs(pull(event.weight * (component**2 - 1 / 3), 0.0)) < 4.5
        assert abs(pull(event.weight * component, 0.0)) < 4.5


def test_events_are_a_function_of_the_uniform_numbers():
    uniform = np.random.default_rng(4).random((7, 1000))
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = sampler(1.0).sample(uniform), sampler(1.0).sample(uniform[:, 300:700])
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    np.testing.assert_array_equal(first.weight[300:700], second.weight)
    for name in ("photon", "axion", "dark_photon"):
        np.testing.assert_array_equal(first.momentum(name)[:, 300:700], second.momentum(name))


@pytest.mark.parametrize("masses", [(0.01, 0.0), (1e-8, 0.0), (2.0, 1.0)])
def test_the_corners_of_the_uniform_numbers(masses):
    made = sampler(*masses)
    corners = np.array(np.meshgrid(*[[0.0, 1 - 2.0**-53]] * 7)).reshape(7, -1)
    event = made.sample(corners)
    for values in (
        event.weight,
        event.momentum("photon"),
        event.momentum("axion"),
        event.momentum("dark_photon"),
        event.pair.polarisation,
    ):
        assert np.all(np.isfinite(values))
    assert np.max(event.weight) <= made.largest_weight * (1 + 1e-6)


@pytest.mark.parametrize(
    "arguments",
    [(10.0, 0.0, 5.0, 1.0), (10.0, 3.0, 2.0, 1.0), (10.0, 1.0, 5.0, 1.5), (10.0, 1.0, 5.0, 0.0),
     (10.0, 4.99, 5.0, 1.0), (1e-4, 1.0, 2.0, 1.0), (np.inf, 1.0, 2.0, 1.0), (np.nan, 1.0, 2.0, 1.0)],
)  # fmt: skip
def test_bad_input_to_the_sampler(arguments):
    with pytest.raises(PhysicsError):
        RadiativeAnnihilation(*arguments, DarkCurrent(0.0, 1.0), True)
