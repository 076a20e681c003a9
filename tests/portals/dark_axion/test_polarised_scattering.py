"""gamma' X -> a X of a polarised gamma': tensor contraction, samplers, spin along the chain, protons.

Chances of failure with fresh seeds: 7e-6 per pull below 4.5, 6e-5 per pull below 4, unless said otherwise.
"""

import numpy as np
import pytest
from helpers import METRIC, dot, four_momentum, isotropic, pull, to_rest_frame, unit, vertex
from independent_scattering import (
    ELECTRON,
    GAMMA,
    POLARISED,
    StableStream,
    by_polarisation,
    cross_sections,
    forward_share,
    lsnd_points,
    miniboone_points,
    q2_range,
    slashed,
    stable_yields,
    windowed,
)
from list_cards import rows_of, write_card, write_text
from scipy.integrate import quad
from scipy.stats import chi2

import darkmc
from darkmc.core.constants import ALPHA, GEV2_TO_CM2
from darkmc.core.kinematics import boost, perpendicular_pair
from darkmc.core.materials import nucleus
from darkmc.core.particles import mass
from darkmc.portals.chains import decayed
from darkmc.portals.dark_axion.coherent_conversion import (
    CoherentConversion,
    ProtonConversion,
    conversion_on,
)
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_photon_decay import PhotonDecay
from darkmc.portals.dark_axion.fermion_scattering import FermionScattering
from darkmc.portals.dark_axion.form_factors import form_factor
from darkmc.portals.dark_axion.polarised_scattering import (
    average_square,
    collision,
    polarised_square,
    recoil_azimuth,
)
from darkmc.portals.dark_axion.pseudoscalar_decay import PseudoscalarDecay
from darkmc.portals.dark_axion.vector_decay import VectorDecay

M_E, M_P = mass("e"), mass("proton")
E2 = 4 * np.pi * ALPHA


def proton_form_factors(q2):
    """G_E, G_M: dipole of 0.71 GeV^2."""
    dipole = (1 + q2 / 0.71) ** -2
    return dipole, 2.792847 * dipole


def current_tensor(before, after, target, kind):
    """Mean over initial and sum over final spins of J^mu J^nu*, from gamma matrices; charge 1.

    kind: "fermion", "scalar", or "proton" with F1 and F2 of the dipole form factors.
    """
    q = before - after
    if kind == "scalar":
        return np.outer(before + after, before + after)
    f1, f2 = 1.0, 0.0
    if kind == "proton":
        tau = -(q @ METRIC @ q) / (4 * target**2)
        electric, magnetic = proton_form_factors(-(q @ METRIC @ q))
        f1, f2 = (electric + tau * magnetic) / (1 + tau), (magnetic - electric) / (1 + tau)
    # i sigma^{mu nu} (p' - p)_nu = -(1/2) [gamma^mu, gamma.(p' - p)]; its Dirac adjoint has the other sign
    momentum = slashed(after - before)
    spin_part = -0.5 * (GAMMA @ momentum - momentum @ GAMMA) * f2 / (2 * target)
    here, there = f1 * GAMMA + spin_part, f1 * GAMMA - spin_part
    one = np.eye(4) * target
    trace = np.einsum("ij,mjk,kl,nli->mn", slashed(after) + one, here, slashed(before) + one, there)
    return 0.5 * np.real(trace)


def random_scattering(rng, m_in, m_out, target):
    """Four-momenta (4,) of gamma', target before, target after and axion, in a frame of no meaning."""
    pair = np.array([0, 0, 0, rng.uniform(1.0, 5.0)]) * m_in
    dark, before = four_momentum(m_in, pair[1:, None]), four_momentum(target, -pair[1:, None])
    root = (dark + before)[0, 0]
    momentum = np.sqrt((root**2 - (m_out + target) ** 2) * (root**2 - (m_out - target) ** 2)) / (2 * root)
    direction = isotropic(rng, 1)
    after, axion = four_momentum(target, momentum * direction), four_momentum(m_out, -momentum * direction)
    other = four_momentum(1.0, rng.normal(size=(3, 1)))
    return [to_rest_frame(p, other)[:, 0] for p in (dark, before, after, axion)]


MASSES = [(0.02, 0.0, M_E), (0.02, 0.03, 0.1), (0.2, 0.05, M_P)]
STRUCTURES = ["fermion", "scalar", "proton"]


def structure_of(kind, q2):
    if kind != "proton":
        return 1.0, float(kind == "fermion")
    electric, magnetic = proton_form_factors(q2)
    tau = q2 / (4 * M_P**2)
    return (electric**2 + tau * magnetic**2) / (1 + tau), magnetic**2


@pytest.mark.parametrize("kind", STRUCTURES)
@pytest.mark.parametrize(("m_in", "m_out", "target"), MASSES)
def test_formula_equals_the_tensor_contraction(m_in, m_out, target, kind):
    """e^2/t^2 V^{mu alpha} e_alpha V^{nu beta} e_beta L_{mu nu} with explicit tensors."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        target = M_P if kind == "proton" else target
        dark, before, after, _ = random_scattering(rng, m_in, m_out, target)
        axis = isotropic(rng, 1)[:, 0]
        q = before - after
        t = q @ METRIC @ q
        spin = boost(np.array([[0.0], *axis[:, None]]), dark[:, None], m_in)[:, 0]
        amplitude = vertex(q, dark) @ METRIC @ spin
        tensor = METRIC @ current_tensor(before, after, target, kind) @ METRIC
        square = E2 / t**2 * amplitude @ tensor @ amplitude
        p, moved = (to_rest_frame(v[:, None], dark[:, None])[1:, 0] for v in (before, q))
        found = polarised_square(
            np.cross(p, moved) @ axis, moved @ axis, moved @ moved, t, structure_of(kind, -t)
        )
        assert E2 * m_in**2 / t**2 * found == pytest.approx(square, rel=1e-8)
        three = [
            polarised_square(np.cross(p, moved)[k], moved[k], moved @ moved, t, structure_of(kind, -t))
            for k in range(3)
        ]
        v2 = np.cross(p, moved) @ np.cross(p, moved)
        mean = average_square(v2, moved @ moved, t, structure_of(kind, -t))
        assert np.mean(three) == pytest.approx(mean, rel=1e-12)


def targets(m_in, m_out):
    current = DarkCurrent(m_out, m_in)
    return [
        FermionScattering(current, "dark_photon", M_E),
        CoherentConversion(current, "dark_photon", nucleus("C")),
        ProtonConversion(current, "dark_photon"),
    ]


@pytest.mark.parametrize(("m_in", "m_out", "energy"), [(0.02, 0.0, 0.1), (0.02, 0.05, 3.0), (0.3, 0.1, 1.0)])
@pytest.mark.parametrize("which", range(3))
def test_average_is_the_cross_section(which, m_in, m_out, energy):
    """The mean of three axes is dsigma/dQ^2 of the classes, and `collision` is the boosted kinematics."""
    scattering = targets(m_in, m_out)[which]
    target = scattering.target_mass
    energy = max(energy, 1.3 * scattering.threshold)
    q2 = np.geomspace(*scattering.q2_limits(energy), 9)[1:-1]
    before, along, across = collision(scattering, np.full(7, energy), q2)
    structure = scattering.structure(q2)
    mean = average_square((before * across) ** 2, along**2 + across**2, -q2, structure)
    found = E2 * m_in**2 / q2**2 * mean / (64 * np.pi * target**2 * (energy**2 - m_in**2))
    expected = scattering.differential(q2, energy)
    if which == 1:
        found = found * (6 * form_factor(q2, nucleus("C"))) ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    a, b = structure
    for column, part in zip((0, 1), by_polarisation(energy, q2, m_in, m_out, target, a, b), strict=True):
        v2, square = (before * across) ** 2, along**2 + across**2
        mine = (
            0.5 * polarised_square(np.sqrt(v2), 0 * q2, square, -q2, structure)
            + 0.5 * polarised_square(0 * q2, across, square, -q2, structure)
            if column == 0
            else polarised_square(0 * q2, along, square, -q2, structure)
        )
        scale = m_in**2 / q2**2 / (64 * np.pi * target**2 * (energy**2 - m_in**2))
        np.testing.assert_allclose(scale * mine, part, rtol=1e-6)


# sigma across the flight over the average on electrons, m_a = 0: by energy, then by m' in GeV
ACROSS = {
    (0.1, 0.001): 1.4995,
    (0.1, 0.005): 1.4760,
    (0.1, 0.02): 1.2536,
    (0.1, 0.06): 1.0732,
    (0.5, 0.001): 1.4999,
    (0.5, 0.005): 1.4969,
    (0.5, 0.02): 1.4328,
    (0.5, 0.06): 1.2713,
    (2.0, 0.001): 1.5000,
    (2.0, 0.005): 1.4994,
    (2.0, 0.02): 1.4866,
    (2.0, 0.06): 1.3950,
}
WINDOW = {0.001: 1.4962, 0.005: 1.4127, 0.02: 1.0373, 0.06: 1.0014}  # recoils of 15 to 53 MeV at 0.1 GeV


@pytest.mark.parametrize("key", list(ACROSS))
def test_reference_ratios(key):
    """The physics notes' table by a quadrature of its own; the sum rule against the closed form."""
    energy, m = key
    across, along, mean = (part[0] for part in cross_sections(np.array([energy]), m, points=150))
    assert across / mean == pytest.approx(ACROSS[key], abs=6e-5)
    closed = FermionScattering(DarkCurrent(0.0, m), "dark_photon", M_E).total(energy)
    assert (2 * across + along) / 3 * GEV2_TO_CM2 == pytest.approx(closed, rel=1e-6)


def lab_spin(energy, m, rng, n, longitudinal):
    """Linear polarisations (4, n) of gamma' along z: across it at random azimuths, or along it."""
    spin = np.zeros((4, n))
    if longitudinal:
        spin[0], spin[3] = np.sqrt(energy**2 - m**2) / m, energy / m
    else:
        azimuth = rng.uniform(0, 2 * np.pi, n)
        spin[1], spin[2] = np.cos(azimuth), np.sin(azimuth)
    return spin


@pytest.mark.parametrize("m", list(WINDOW))
def test_sampler_in_the_window_of_lsnd(m):
    """Weights of drawn recoils between 15 and 53 MeV against the table and the quadrature: 8 pulls."""
    energy, n, rng = 0.1, 30_000, np.random.default_rng(9)
    across, along, mean = (part[0] for part in windowed(np.array([energy]), m, 0.015, 0.053, points=400))
    assert across / mean == pytest.approx(WINDOW[m], abs=2e-4)
    scattering = FermionScattering(DarkCurrent(0.0, m), "dark_photon", M_E)
    edges = (2 * M_E * (np.array([[0.015], [0.053]]) - M_E)) * np.ones(n)
    q2, weight = scattering.sample_within(np.full(n, energy), rng.random(n), edges[:1], edges[1:])
    weight = weight * ((q2 >= edges[0]) & (q2 <= edges[1]))
    direction = np.array([[0.0], [0.0], [1.0]]) * np.ones(n)
    for longitudinal, expected in ((False, across), (True, along)):
        spin = lab_spin(energy, m, rng, n, longitudinal)
        _, factor = recoil_azimuth(
            scattering, np.full(n, energy), q2, direction, spin, (rng.random(n), rng.random(n))
        )
        assert np.all(factor <= 1.5 * (1 + 1e-9))
        assert np.all(factor >= 0.0)
        assert abs(pull(weight * factor, expected)) < 4.5
    assert abs(pull(weight, mean)) < 4.5


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize(("m_in", "m_out", "energy"), [(0.02, 0.0, 0.1), (0.02, 0.05, 3.0), (0.3, 0.1, 0.5)])
def test_azimuths_follow_the_contraction(which, m_in, m_out, energy):
    """Recoils about a gamma' of some polarisation: histogram and factor from boosted vectors; 27 chi^2."""
    scattering, rng, n = targets(m_in, m_out)[which], np.random.default_rng(17), 60_000
    target, energy = scattering.target_mass, max(energy, 1.3 * scattering.threshold)
    low, high = scattering.q2_limits(energy)
    flight = unit(np.array([[0.3], [-0.2], [0.9]]))
    dark = four_momentum(m_in, np.sqrt(energy**2 - m_in**2) * flight)
    for q2 in (low**0.7 * high**0.3, low**0.3 * high**0.7, low**0.05 * high**0.95):
        axis = isotropic(rng, 1)
        spin = boost(np.concatenate([[[0.0]], axis]), dark, m_in)
        ones = np.ones(n)
        uniform = (rng.random(n), rng.random(n))
        azimuth, factor = recoil_azimuth(
            scattering, energy * ones, q2 * ones, flight * ones, spin * ones, uniform
        )
        assert np.ptp(factor) < 1e-9
        # explicit vectors at every azimuth, from the same first vector across the flight
        angles = 2 * np.pi * (np.arange(4000) + 0.5) / 4000
        first, second = perpendicular_pair(flight)
        kinetic = q2 / (2 * target)
        size = np.sqrt(kinetic * (kinetic + 2 * target))
        p_in = np.sqrt(energy**2 - m_in**2)
        cosine = ((energy + target) * kinetic + (m_out**2 - m_in**2) / 2) / (p_in * size)
        after = four_momentum(
            target,
            size
            * (cosine * flight + np.sqrt(1 - cosine**2) * (np.cos(angles) * first + np.sin(angles) * second)),
        )
        before = np.array([[target], [0.0], [0.0], [0.0]])
        p, p_after = (to_rest_frame(v, dark)[1:] for v in (before, after))
        q = p - p_after
        square = np.sum(q**2, axis=0)
        v = np.cross(np.broadcast_to(p, q.shape), q, axis=0)
        a, b = scattering.structure(q2)
        rate = 4 * a * np.sum(v * axis, axis=0) ** 2 + q2 * b * (square - np.sum(q * axis, axis=0) ** 2)
        mean = (4 * a * np.sum(v**2, axis=0) + 2 * q2 * b * square) / 3
        assert factor[0] == pytest.approx(np.mean(rate) / mean[0], rel=1e-6)
        expected = np.sum(rate.reshape(40, 100), axis=1) / np.sum(rate)
        counts, _ = np.histogram(azimuth % (2 * np.pi), bins=40, range=(0, 2 * np.pi))
        assert np.sum((counts - n * expected) ** 2 / (n * expected + 1e-9)) < chi2.isf(1e-6, 40)


def test_no_spin_is_a_flat_azimuth():
    scattering = FermionScattering(DarkCurrent(0.0, 0.01), "dark_photon", M_E)
    uniform = np.random.default_rng(1).random((2, 5))
    one = np.ones(5)
    azimuth, factor = recoil_azimuth(scattering, one, 1e-4 * one, np.zeros((3, 5)), None, tuple(uniform))
    np.testing.assert_array_equal(azimuth, 2 * np.pi * uniform[0])
    np.testing.assert_array_equal(factor, one)


def test_spin_of_a_meson_decay_is_that_of_its_photon_and_axion():
    """Mean of e e over drawn axes: D^2 (Q^2 - Q Q) - q2 n n, n = k1 x Q, with trace 1."""
    meson, m, m_axion = mass("eta"), 0.1, 0.05
    current = DarkCurrent(m_axion, m)
    n = 4000
    uniform = np.random.default_rng(2).random((3, n))
    uniform[0], uniform[1] = 0.4, 0.7  # one q2 and theta, many axes
    pair = PseudoscalarDecay(meson, 0.4, current, spin_correlations=True).sample(uniform)
    axes = to_rest_frame(pair.dark_photon_spin, pair.dark_photon)
    assert np.max(np.abs(axes[0])) < 1e-12
    k1, q = (to_rest_frame(p, pair.dark_photon)[1:, 0] for p in (pair.photon, pair.axion))
    q2 = float(dot(pair.axion + pair.dark_photon, pair.axion + pair.dark_photon)[0])
    normal = np.cross(k1, q)
    rho = ((meson**2 - q2) / 2) ** 2 * (q @ q * np.eye(3) - np.outer(q, q)) - q2 * np.outer(normal, normal)
    rho /= np.trace(rho)
    for i in range(3):
        for j in range(3):
            values = axes[1 + i] * axes[1 + j]
            assert abs(np.mean(values) - rho[i, j]) < 4.5 * np.std(values) / np.sqrt(n) + 1e-12


def test_spin_of_a_vector_decay_is_transverse():
    current = DarkCurrent(0.05, 0.1)
    pair = VectorDecay(mass("omega"), 1e-4, current, spin_correlations=True).sample(
        np.random.default_rng(2).random((3, 4000))
    )
    axes = to_rest_frame(pair.dark_photon_spin, pair.dark_photon)[1:]
    q = unit(to_rest_frame(pair.axion, pair.dark_photon)[1:])
    assert np.max(np.abs(np.sum(axes * q, axis=0))) < 1e-12
    assert abs(pull(axes[0] ** 2, 0.5)) < 4.5
    assert np.mean(axes[0] * axes[1]) == 0.0


def test_spin_of_the_dark_photon_of_an_axion_decay():
    """The photon summed over, V V^T of a -> gamma gamma' is the unit matrix across its flight."""
    m_axion, m, n = 0.1, 0.04, 6000
    rng = np.random.default_rng(4)
    current = DarkCurrent(m_axion, m)
    pair = PseudoscalarDecay(mass("eta"), 0.4, current, spin_correlations=True).sample(rng.random((3, n)))
    decay, uniform = PhotonDecay(current), rng.random((3, n))
    drawn = decayed(pair, decay, uniform)
    photon, dark = map(drawn.momentum, decay.products)
    spin = drawn.spin("dark_photon")
    np.testing.assert_allclose(dot(spin, spin), -1.0, atol=1e-9)
    assert np.max(np.abs(dot(spin, dark)) / dark[0]) < 1e-12
    axes = to_rest_frame(spin, dark)[1:]
    flight = unit(to_rest_frame(pair.axion, dark)[1:])
    assert np.max(np.abs(np.sum(axes * flight, axis=0))) < 1e-9
    values = axes[0] ** 2 / np.maximum(1 - flight[0] ** 2, 1e-12)
    assert abs(pull(values, 0.5)) < 4.5
    made = vertex(photon[:, 0], dark[:, 0])
    rho = -made.T @ METRIC @ made  # index up, of the gamma'
    boosted = to_rest_frame(rho, np.repeat(dark[:, :1], 4, axis=1))
    boosted = to_rest_frame(boosted.T, np.repeat(dark[:, :1], 4, axis=1))
    expected = np.zeros((4, 4))
    expected[1:, 1:] = 0.5 * (np.eye(3) - np.outer(flight[:, 0], flight[:, 0]))
    np.testing.assert_allclose(boosted / np.trace(boosted[1:, 1:]), expected, atol=1e-9)


# --- the whole chain: rows without spin, times the factor from the events' momenta, against rows with it ---

CHAINS = [
    # experiment, overrides, m', m_a, streams
    ("lsnd", {}, 0.003, 0.0, "gamma' scatters"),
    ("miniboone-offtarget", {"source.mesons": ["eta"]}, 0.03, 0.01, "gamma' scatters"),
    (
        "miniboone-offtarget",
        {"source.flux": "a list", "source.mesons": ["pi0"]},
        0.003,
        0.0,
        "gamma' scatters",
    ),
    ("lsnd", {}, 0.003, 0.006, "gamma' scatters"),
    ("lsnd", {}, 0.003, 0.006, "gamma' scatters after prompt decay"),
    ("lsnd", {}, 0.003, 0.006, "gamma' scatters after decay upstream"),
    ("miniboone-offtarget", {"simulation.signal": "conversion"}, 0.03, 0.06, "gamma' converts"),
    (
        "miniboone-offtarget",
        {"simulation.signal": "conversion"},
        0.03,
        0.06,
        "gamma' converts after prompt decay",
    ),
    (
        "charm-finegrained",
        {"simulation.signal": "conversion", "source.mesons": ["omega"]},
        0.1,
        0.3,
        "gamma' converts",
    ),
]


def pions(folder):
    """Return overrides that read a list of pions, from 0.3 to 4 GeV and up to 0.3 rad off the beam."""
    rng = np.random.default_rng(6)
    momentum, theta = rng.uniform(0.3, 4.0, 400), rng.uniform(0.0, 0.3, 400)
    vectors = np.stack([momentum * np.sin(theta), 0 * theta, momentum * np.cos(theta)], axis=1)
    files = {"pi0": write_text(folder, rows_of("pi0", vectors))}
    return {"source.flux": write_card(folder, files), "source.flux_may_differ": ["energy"]}


def chain_spin(momenta, meson):
    """Rho (3, 3, n) in the rest frame of the gamma' that scatters, from lab momenta by one direct boost."""
    late = "upstream_dark_photon" in momenta
    dark = momenta["upstream_dark_photon" if late else "dark_photon"]

    def there(name):
        return to_rest_frame(momenta[name], dark)[1:]

    unit3 = np.eye(3)[..., None]
    if late or "meson_photon" not in momenta:
        axis = unit(there("axion"))
        return dark, 0.5 * (unit3 - axis[:, None] * axis[None])
    q, k1 = there("axion"), there("meson_photon")
    pair = momenta["axion"] + dark
    q2 = dot(pair, pair)
    normal = np.cross(k1, q, axis=0)
    size = np.sum(q**2, axis=0)
    rho = ((meson**2 - q2) / 2) ** 2 * (size * unit3 - q[:, None] * q[None]) - q2 * normal[:, None] * normal[
        None
    ]
    return dark, rho / np.trace(rho)


def chain_factor(momenta, meson, target):
    """R of gamma' X -> a X from the lab momenta, for an electron (A = B = 1) or a nucleus (A = 1, B = 0)."""
    dark, rho = chain_spin(momenta, meson)
    at_rest = np.zeros_like(dark)
    at_rest[0] = target
    q = momenta["outgoing"] - dark  # = before - after
    t = dot(q, q)
    p, q3 = (to_rest_frame(v, dark)[1:] for v in (at_rest, q))
    v = np.cross(p, q3, axis=0)
    spin = 1.0 if target == M_E else 0.0
    v_rho, q_rho = (np.einsum("in,ijn,jn->n", x, rho, x) for x in (v, q3))
    v2, square = np.sum(v**2, axis=0), np.sum(q3**2, axis=0)
    return 3 * (4 * v_rho - t * spin * (square - q_rho)) / (4 * v2 - 2 * t * spin * square)


@pytest.mark.parametrize("point", CHAINS, ids=lambda p: f"{p[0]} {p[4]} {p[2]} {p[3]}")
def test_rows_carry_the_factor_of_their_chain(point, monkeypatch, tmp_path):
    """Every frame of the chain at once: same random numbers, spin off and reweighted, spin on; 9 pulls."""
    name, overrides, m, m_axion, stream = point
    if overrides.get("source.flux") == "a list":
        overrides = {**overrides, **pions(tmp_path)}
    monkeypatch.setattr("darkmc.experiments.scattering.adapt", lambda streams, *_: streams)  # quick
    sums = []
    for spin in (False, True):
        more = {**overrides, "simulation.spin_correlations": spin, "material.composition": {"C": 1}}
        made = darkmc.Experiment(name, overrides=more)
        made.topology.prepare()
        portal = darkmc.DarkAxionPortal(m, m_axion)
        plan = next(p for p in made.plans(portal, [1e-3]) if p.name.endswith(": " + stream))
        values = []
        for chunk in range(3):
            rows, events = plan.run_events(5, chunk, 4096)
            passed = np.where(rows.stage >= plan.n_cuts, rows.produced, 0.0)
            if not spin:
                target = M_E if "scatters" in stream else nucleus("C").mass
                made_it = np.flatnonzero(passed)
                seen = {particle: four[:, made_it] for particle, four in events.momenta.items()}
                passed[made_it] *= chain_factor(seen, mass(plan.name.split(":")[0]), target)
            if plan.rows_per_primary == 2:
                passed = passed[::2]
            values.append(np.concatenate([passed, np.zeros(4096 - len(passed))]))
        values = np.concatenate(values)
        sums.append((np.mean(values), np.std(values) / np.sqrt(len(values))))
    (one, e1), (two, e2) = sums
    assert one > 10 * e1
    assert abs(one - two) < 4.5 * np.hypot(e1, e2)


# --- protons ---


@pytest.mark.parametrize(("energy", "m", "m_axion"), [(0.3, 0.1, 0.0), (2.0, 0.3, 0.1)])
def test_proton_cross_section_is_the_integral_of_the_contraction(energy, m, m_axion):
    """Gamma matrices with F1 and F2, Levi-Civita, screening; integrated by scipy."""

    def differential(log_q2):
        q2 = np.exp(log_q2)
        kinetic = q2 / (2 * M_P)
        size, p_in = np.sqrt(kinetic * (kinetic + 2 * M_P)), np.sqrt(energy**2 - m_axion**2)
        cosine = ((energy + M_P) * kinetic + (m**2 - m_axion**2) / 2) / (p_in * size)
        axion, before = np.array([energy, 0, 0, p_in]), np.array([M_P, 0, 0, 0])
        sine = np.sqrt(max(1 - cosine**2, 0.0))
        after = np.array([M_P + kinetic, size * sine, 0, size * cosine])
        made = vertex(before - after, axion + before - after)
        spins = -made @ METRIC @ made.T
        tensor = METRIC @ current_tensor(before, after, M_P, "proton") @ METRIC
        scaled = (111 / M_E) ** 2 * q2
        square = E2 / q2**2 * np.sum(spins * tensor) * (scaled / (1 + scaled)) ** 2
        return q2 * square / (64 * np.pi * M_P**2 * p_in**2)

    low, high = q2_range(energy, m_axion, m, M_P)
    exact = quad(differential, np.log(low * (1 + 1e-12)), np.log(high * (1 - 1e-12)), epsrel=1e-7, limit=200)[
        0
    ]
    hydrogen = conversion_on(nucleus("H"), DarkCurrent(m_axion, m), "axion")
    assert hydrogen.total(energy) == pytest.approx(exact * GEV2_TO_CM2, rel=1e-5)
    n = 50_000
    _, weight = hydrogen.transfer(np.full(n, energy), np.random.default_rng(3).random(n))
    assert abs(pull(weight, exact)) < 4.5
    assert np.std(weight) < 2 * exact


@pytest.mark.parametrize(
    ("m", "energy", "low", "high"),
    [
        (0.001, 0.05, 0.0, 1e-3),
        (0.01, 0.09, 0.0, 1e-3),
        (0.1, 1.0, 8e-3, 1.2e-2),
        (0.3, 0.5, 0.10, 0.13),
        (0.3, 2.0, 0.018, 0.025),
    ],
)
def test_protons_change_mineral_oil_as_much_as_stated(m, energy, low, high):
    """CH2 against hydrogen as a spin-0 nucleus: below 0.1% at 0.1 GeV, 1% at 100 MeV, 2 to 12% at 300 MeV."""
    current = DarkCurrent(0.0, m)
    carbon, proton = (conversion_on(nucleus(name), current, "axion").total(energy) for name in ("C", "H"))
    before = CoherentConversion(current, "axion", nucleus("H")).total(energy)
    assert low < 2 * (proton - before) / (carbon + 2 * before) < high


# --- yields: a quadrature of the stable stream ---

RATIOS = {"pi0": 0.98823, "eta": 0.3936}
FLUXES: dict = {
    "lsnd": {},
    "miniboone-offtarget": {"source.flux": "sanford-wang-be-8gev", "source.flux_may_differ": ["target"]},
}


def quadrature(name, meson, m):
    """N/G^4 of gamma' e -> a e, polarised and averaged, without random numbers; mesons by the package."""
    made = darkmc.Experiment(name, overrides=FLUXES[name])
    made.topology.prepare()
    source = made.topology.source

    def density(p, cosine, sine):
        flat = [np.ravel(part) for part in (p, cosine, (p * sine) ** 2)]
        return source.density_per_solid_angle(meson, *flat).reshape(cosine.shape)

    def lsnd(energies, mass_, _):
        return windowed(energies, mass_, 0.015, 0.053)

    def miniboone(energies, mass_, theta):
        return cross_sections(
            energies, mass_, passes=lambda _, cosine: forward_share(cosine, theta), points=200
        )

    sigma, points, scale = {
        "lsnd": (lsnd, lsnd_points, 1.8e23 * 0.16),
        "miniboone-offtarget": (miniboone, miniboone_points, 1.86e20 * 0.35),
    }[name]
    stream = StableStream(density, meson, 1e-3 * m, RATIOS[meson], source.largest_momentum, sigma)
    return stable_yields(stream, points(), scale)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "meson", "m"), list(POLARISED))
def test_quadrature_of_the_stable_stream(name, meson, m):
    """Averaged it is the older quadrature, which shares no code with it; polarised it is what tests use."""
    polarised, averaged = quadrature(name, meson, m)
    assert averaged == pytest.approx(ELECTRON[name, meson, m][1], rel=1.5e-3)
    assert polarised == pytest.approx(POLARISED[name, meson, m], rel=1e-3)
