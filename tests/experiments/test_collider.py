"""e+ e- -> a gamma' at a collider: acceptances against one-dimensional integrals, geometry, rows, events.

Statistical comparisons ask for |pull| < 4 (chance 6e-5 each); where a reference has an error, it is added.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import product

import awkward as ak
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, crystalball

import darkmc
from darkmc.core.errors import CardError, PhysicsError
from darkmc.experiments import collider as module

SHARP = {
    "simulation.smearing": False,
    "simulation.resonance": False,
    "simulation.isr": False,
    "simulation.decay_geometry": "single-length",
    "signal.efficiency": 1.0,
    "beam.sqrt_s_GeV": 10.355,
}
WINDOWS = {"highcut": ((3.2, 5.5), (-0.31, 0.6)), "lowcut": ((2.2, 3.7), (-0.46, 0.46))}
# physics notes, section 5: High-Cut and Low-Cut, isotropic and correlated, at 10.355 GeV
ACCEPTANCES = {
    0.01: (0.142072, 0.152439, 0.107002, 0.084060),
    1.0: (0.143878, 0.154198, 0.109189, 0.086485),
    3.0: (0.159862, 0.169760, 0.128312, 0.108107),
    5.0: (0.202611, 0.211462, 0.175795, 0.165581),
    8.0: (0.432210, 0.463816, 0.132653, 0.160912),
}
CASES = [(w, spin, m) for w in WINDOWS for spin in (False, True) for m in ACCEPTANCES]


def p2(x):
    return 1.5 * x**2 - 0.5


def acceptance(window, spin, mass, m_axion=0.0, sqrt_s=10.355):
    """Return the share of photons in a window of E* and cos theta*, from the joint density of both.

    A heavy axion decays isotropically, whatever the switch.
    """
    (low, high), (left, right) = WINDOWS[window]
    heavy, light = max(mass, m_axion), min(mass, m_axion)
    energy = (sqrt_s**2 + heavy**2 - light**2) / (2.0 * sqrt_s)
    momentum = np.sqrt(energy**2 - heavy**2)
    at_rest = (heavy**2 - light**2) / (2.0 * heavy)
    beta = momentum / energy
    flat = right - left
    bent = p2_integral(right) - p2_integral(left)

    def density(c):
        across = p2((beta + c) / (1.0 + beta * c))
        plain = flat + 0.5 * across * bent
        if not spin or m_axion > mass:
            return 0.25 * plain
        sine2 = (1.0 - c**2) * (1.0 - beta**2) / (1.0 + beta * c) ** 2  # of the angle to the gamma'
        return 9.0 / 32.0 * (2.0 / 3.0 * (1.0 + c**2) * plain - 0.5 * (1.0 - c**2) * sine2 * bent)

    ends = [(e * heavy / at_rest - energy) / momentum for e in (low, high)]
    return quad(density, max(ends[0], -1.0), min(ends[1], 1.0), epsabs=1e-12)[0]


def p2_integral(x):
    return 0.5 * (x**3 - x)


@lru_cache
def experiment(name="babar-highcut", **overrides):
    return darkmc.Experiment(name, overrides={k.replace("__", "."): v for k, v in overrides.items()})


def sharp(window, **more):
    return darkmc.Experiment(f"babar-{window}", overrides=SHARP | more)


def produced(portal, card, coupling):
    """Return the number of photons that were made, before any cut."""
    pairs = portal.annihilation_cross_section(card.beam.sqrt_s_GeV, coupling) * card.beam.luminosity_fb * 1e3
    return pairs * (portal.branching_ratio("a gamma") if portal.m_axion < portal.m_dark_photon else 1.0)


@pytest.mark.parametrize("sqrt_s", [10.58, 3.0])
@pytest.mark.parametrize(("mass", "m_axion"), [(1e-3, 0.0), (1.0, 0.5), (0.3, 2.0), (2.9, 0.0)])
def test_total_cross_section(sqrt_s, mass, m_axion):
    """Sigma = alpha G^2 lambda^(3/2)/(24 s^3)."""
    s, x, y = sqrt_s**2, mass**2, m_axion**2
    kallen = (s - (mass + m_axion) ** 2) * (s - (mass - m_axion) ** 2)
    assert kallen == pytest.approx(s * s + x * x + y * y - 2 * (s * x + s * y + x * y), rel=1e-9)
    expected = 3e-3**2 / 137.035999 * kallen**1.5 / (24.0 * s**3) * 0.3893793721e9
    found = darkmc.DarkAxionPortal(mass, m_axion).annihilation_cross_section(sqrt_s, 3e-3)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("window", "spin", "mass"), CASES)
def test_integrals_reproduce_the_table_of_acceptances(window, spin, mass):
    column = 2 * list(WINDOWS).index(window) + spin
    assert acceptance(window, spin, mass) == pytest.approx(ACCEPTANCES[mass][column], abs=1e-6)


@pytest.mark.parametrize("biasing", ["turned", "none"])
@pytest.mark.parametrize(("window", "spin", "mass"), CASES)
def test_acceptance(window, spin, mass, biasing):
    """40 pulls; prompt, without smearing."""
    portal = darkmc.DarkAxionPortal(mass)
    collider = sharp(window, **{"simulation.spin_correlations": spin, "simulation.biasing": biasing})
    value, error = collider.simulate(portal, n_samples=100_000, seed=5).expected_events(1e3)
    share, sigma = (x / produced(portal, collider.card, 1e3) for x in (value, error))
    assert sigma < 0.014 * share
    assert abs(share - acceptance(window, spin, mass)) < 4 * sigma


@pytest.mark.parametrize(("mass", "m_axion"), [(1.0, 0.5), (5.0, 2.5), (0.5, 5.0), (1.0, 3.0)])
@pytest.mark.parametrize("window", WINDOWS)
def test_acceptance_with_a_massive_axion(window, mass, m_axion):
    """The heavier of the two is the source of the photon; 8 pulls."""
    portal = darkmc.DarkAxionPortal(mass, m_axion)
    collider = sharp(window)
    value, error = collider.simulate(portal, n_samples=100_000, seed=5).expected_events(1e3)
    share, sigma = (x / produced(portal, collider.card, 1e3) for x in (value, error))
    assert abs(share - acceptance(window, True, mass, m_axion)) < 4 * sigma


# An independent integration (scrambled Sobol points, errors below 0.1%) of a share of all pairs at BR = 1:
# window, m', m_a, G, then full geometry without and with smearing, and the radius as single length, the same.
GEOMETRY = [
    ("highcut", 0.01, 0.0, 5.5e-3, 9.3163e-2, 8.2957e-2, 7.9538e-2, 7.0823e-2),
    ("lowcut", 0.01, 0.0, 5.5e-3, 5.0881e-2, 5.1823e-2, 4.6113e-2, 4.6970e-2),
    ("highcut", 0.01, 0.0, 5e-4, 1.1876e-3, 1.0575e-3, 9.3141e-4, 8.2936e-4),
    ("highcut", 5.0, 0.0, 2e-9, 1.9822e-3, 1.7375e-3, 1.5198e-3, 1.3395e-3),
    ("lowcut", 5.0, 0.0, 2e-9, 1.7622e-3, 1.7024e-3, 1.5522e-3, 1.4706e-3),
    ("highcut", 0.1, 0.05, 8e-6, 6.9732e-4, 5.5606e-4, 5.4702e-4, 4.3624e-4),
    ("lowcut", 0.1, 0.05, 8e-6, 1.1677e-3, 1.0963e-3, 1.0060e-3, 9.4457e-4),
]


@pytest.mark.parametrize("point", GEOMETRY, ids=lambda p: f"{p[0]}-{p[1]}-{p[3]}")
def test_displaced_decays_against_an_independent_integration(point):
    """28 pulls, 0.2% added for branching ratio and references.

    For long lives the width cancels against the branching ratio; at 10 MeV it is 0.2% off at most.
    """
    window, mass, m_axion, coupling, *expected = point
    portal = darkmc.DarkAxionPortal(mass, m_axion)
    switches = [(geometry, smears) for geometry in ("full", "single-length") for smears in (False, True)]
    for (geometry, smears), share in zip(switches, expected, strict=True):
        more = {"simulation.decay_geometry": geometry, "simulation.smearing": smears}
        collider = sharp(window, **more, **{"beam.sqrt_s_GeV": 10.355204})
        sample = collider.simulate(portal, n_samples=80_000, at=coupling, seed=6)
        value, error = sample.expected_events(coupling)
        pairs = produced(portal, collider.card, coupling) / portal.branching_ratio("a gamma")
        assert error < 0.042 * value
        assert abs(value - share * pairs) < 4 * np.hypot(error, 0.002 * value)


POINTS = [(0.01, 0.0, 5.5e-3), (5.0, 0.0, 1.9e-8), (5.0, 0.0, 0.1), (0.1, 0.05, 8e-5), (0.5, 5.0, 1e-8)]


@pytest.mark.slow
@pytest.mark.parametrize("isr", [False, True])
@pytest.mark.parametrize(("mass", "m_axion", "coupling"), POINTS)
@pytest.mark.parametrize("name", ["babar-highcut", "babar-lowcut", "belle2-phase2"])
def test_analogue_sampling_agrees(name, mass, m_axion, coupling, isr):
    """Cutflow and, where there are bins, every fifth of them: some 250 pulls, chance 2e-2."""
    portal = darkmc.DarkAxionPortal(mass, m_axion)
    samples = [
        experiment(name, simulation__isr=isr, simulation__biasing=biasing).simulate(
            portal, n_samples=count, at=at, seed=seed
        )
        for biasing, count, at, seed in (("turned", 120_000, None, 8), ("none", 240_000, coupling, 9))
    ]
    flows = [sample.cutflow(coupling) for sample in samples]
    pairs = [(flows[0][key], flows[1][key]) for key in flows[0]]
    if samples[0].channel_rows[0].rows.bin.max() >= 0:
        pairs += [tuple(s.in_bin(b).expected_events(coupling) for s in samples) for b in range(0, 30, 5)]
    for one, other in pairs:
        if other.value > 0.0 and other.error < 0.15 * other.value:
            assert abs(one.value - other.value) < 4 * np.hypot(one.error, other.error)


@pytest.mark.parametrize(("mass", "coupling"), [(0.01, 5.5e-3), (0.01, 5e-2), (5.0, 3e-7), (5.0, 1.9e-8)])
def test_halving_the_split_changes_nothing(monkeypatch, mass, coupling):
    """Near and far trade events when the split moves; their sum stays."""
    portal, collider = darkmc.DarkAxionPortal(mass), experiment()
    here = collider.simulate(portal, n_samples=150_000, at=coupling, seed=3)
    monkeypatch.setattr(module, "SPLIT_M", 5e-4)
    there = collider.simulate(portal, n_samples=150_000, at=coupling, seed=4)
    one, other = (sample.expected_events(coupling) for sample in (here, there))
    assert abs(one.value - other.value) < 4 * np.hypot(one.error, other.error)
    near = [sample.channels(coupling)["continuum near"].value for sample in (here, there)]
    assert near[1] < near[0]


@pytest.mark.parametrize("name", ["babar", "belle2-phase3"])
@pytest.mark.parametrize(("mass", "m_axion"), [(0.01, 0.0), (0.3, 3.0)])
def test_slope_falls_from_four_to_two(name, mass, m_axion):
    """Long-lived: production and decay give G^2 each; prompt: production alone; in between noise, 0.05."""
    sample = experiment(name).simulate(darkmc.DarkAxionPortal(mass, m_axion), n_samples=50_000, at=1e-3)
    for coupling, power in ((1e-11, 4.0), (1e3, 2.0)):
        value = sample.expected_events(coupling).value
        assert sample.slope(coupling).value * coupling / value == pytest.approx(power, abs=1e-3)
    couplings = np.geomspace(1e-11, 1e3, 60)
    slopes = sample.slope(couplings).value * couplings / sample.expected_events(couplings).value
    assert np.all((slopes < 4.0 + 1e-9) & (slopes > 1.8))
    assert np.any((slopes > 2.5) & (slopes < 3.5))


def test_yields_scale_with_the_card():
    """Luminosity for the continuum, decays for the resonance, efficiency for both."""
    portal = darkmc.DarkAxionPortal(1.0)

    def channels(**overrides):
        return experiment(**overrides).simulate(portal, n_samples=20_000, at=1e-3, seed=3).channels(1e-3)

    plain = channels()
    for key, factors in (
        ({"beam__luminosity_fb": 14.0}, (0.5, 1.0)),
        ({"resonance__decays": 366e6}, (1.0, 3.0)),
        ({"signal__efficiency": 0.6}, (2.0, 2.0)),
    ):
        changed = channels(**key)
        for name, factor in zip(("continuum near", "Upsilon(3S) near"), factors, strict=True):
            assert changed[name].value == pytest.approx(factor * plain[name].value, rel=1e-9)


@pytest.mark.parametrize("mass", [0.01, 3.0, 9.0])
def test_resonance_against_continuum(mass):
    """Both go through one photon: n BR(ee) (M/sqrt s)^2 .../(L sigma) has no mass in it but at threshold."""
    portal = darkmc.DarkAxionPortal(mass)
    sample = experiment(simulation__isr=False).simulate(portal, n_samples=200_000, at=1e-3, seed=2)
    parts = sample.channels(1e-3)
    found, error = parts["Upsilon(3S) near"]
    continuum, spread = parts["continuum near"]
    pairs = 122e6 * portal.meson_branching_ratio("Upsilon(3S)", 1e-3)
    ratio = pairs / (28e3 * portal.annihilation_cross_section(10.3552, 1e-3))
    assert ratio == pytest.approx(0.1165, rel=0.02)
    assert abs(found / continuum - ratio) < 4 * ratio * np.hypot(error / found, spread / continuum)


def radiated_share(window, mass, sqrt_s=10.3552):
    """Return the selected over all pairs without radiation: prompt, correlated, smeared, photons lost.

    One quadrature over x = 2E/sqrt(s) of the photons along either beam (in u = x^beta), cos theta* and the
    photon's nominal angle, its energy as measured and its angle in the nominal centre of mass.
    """
    (low, high), (left, right) = WINDOWS[window]
    beta = 2 / np.pi / 137.035999 * (np.log(sqrt_s**2 / 0.51099895e-3**2) - 1)
    soft = 1 + 0.75 * beta + (np.pi**2 / 3 - 0.5) / np.pi / 137.035999
    nodes, weights = np.polynomial.legendre.leggauss(80)
    u = 0.5 * (1 - mass**2 / sqrt_s**2) ** beta * (1 + nodes)
    u_weight = 0.5 * (1 - mass**2 / sqrt_s**2) ** beta * weights
    total = 0.0
    for x, fold in zip(u ** (1 / beta), u_weight, strict=True):
        s = sqrt_s**2 * (1 - x)
        fold *= (soft - x ** (1 - beta) * (1 - x / 2)) * ((1 - mass**2 / s) / (1 - mass**2 / sqrt_s**2)) ** 3
        for side in (-0.5, 0.5):
            total += 0.5 * fold * selected(mass, s, 2 * side * x / (2 - x), (low, high), (left, right))
    return total


def selected(mass, s, drift, energies, cosines):
    """Return the share of photons in a window of a pair that drifts with some velocity along the beams."""
    nodes, weights = np.polynomial.legendre.leggauss(120)
    c = nodes[:, None]
    nominal = 0.5 * (cosines[1] + cosines[0]) + 0.5 * (cosines[1] - cosines[0]) * nodes
    measure = weights[:, None] * weights * 0.5 * (cosines[1] - cosines[0])
    inside = (nominal - drift) / (1 - drift * nominal)
    measure = measure * (1 - drift**2) / (1 - drift * nominal) ** 2
    speed = (s - mass**2) / (s + mass**2)
    across = (speed + c) / (1 + speed * c)
    plain = 1 + 0.5 * p2(across) * p2(inside)
    sines = (1 - c**2) * (1 - across**2)
    density = 9 / 32 * (2 / 3 * (1 + c**2) * plain - 0.5 * sines * p2(inside))
    energy = 0.25 * (s + mass**2) / np.sqrt(s) * (1 + speed * c)
    energy = energy * (1 + drift * inside) / np.sqrt(1 - drift**2)
    spread = energy * (0.015 * energy**-0.75 + 0.01)
    ends = [crystalball.cdf((edge - energy) / spread, 0.811, 1.79) for edge in energies]
    cut = crystalball.cdf(-200.0, 0.811, 1.79)
    return np.sum(measure * density * (ends[1] - ends[0])) / (1 - cut)


RADIATION = [
    ("lowcut", 3.0),
    pytest.param("highcut", 9.5, marks=pytest.mark.slow),
    *(
        pytest.param(window, mass, marks=pytest.mark.slow)
        for window, mass in product(WINDOWS, (0.01, 3.0, 5.0, 8.0))
        if (window, mass) != ("lowcut", 3.0)
    ),
]


@pytest.mark.parametrize(("window", "mass"), RADIATION)
def test_initial_state_radiation(window, mass):
    """9 pulls, 0.1% added for the quadrature, against it with and without radiation."""
    portal = darkmc.DarkAxionPortal(mass)
    more = {"simulation.smearing": True, "beam.sqrt_s_GeV": 10.3552}
    switches = {"simulation.isr": True} | more
    collider = sharp(window, **switches)
    value, error = collider.simulate(portal, n_samples=200_000, at=1e3, seed=12).expected_events(1e3)
    share, sigma = (x / produced(portal, collider.card, 1e3) for x in (value, error))
    expected = radiated_share(window, mass)
    assert sigma < 0.008 * expected
    assert abs(share - expected) < 4 * np.hypot(sigma, 0.001 * expected)


def test_the_resonance_does_not_radiate():
    plans = experiment(simulation__isr=True).simulate(
        darkmc.DarkAxionPortal(5.0), n_samples=40_000, at=1e-3, seed=1
    )
    plain = experiment(simulation__isr=False).simulate(
        darkmc.DarkAxionPortal(5.0), n_samples=40_000, at=1e-3, seed=1
    )
    assert plans.channels(1e-3)["Upsilon(3S) near"] == plain.channels(1e-3)["Upsilon(3S) near"]
    assert plans.channels(1e-3)["continuum near"] != plain.channels(1e-3)["continuum near"]


EVENTS = [
    ("babar-highcut", {"simulation.isr": True}, 5.0, 0.0, 2e-8),
    ("babar", {}, 0.01, 0.0, 5e-3),
    ("belle2-phase2", {}, 0.5, 5.0, 1e-7),
    ("babar-lowcut", {}, 1.0, 0.0, 1.0),
]


@pytest.mark.parametrize("unweighted", [False, True])
@pytest.mark.parametrize("case", EVENTS, ids=lambda case: case[0])
def test_events_conserve_momentum_and_stay_inside(case, unweighted):
    name, overrides, mass, m_axion, coupling = case
    collider = darkmc.Experiment(name, overrides=overrides)
    stream = collider.generate(darkmc.DarkAxionPortal(mass, m_axion), coupling, 500, unweighted, seed=2)
    events = ak.concatenate(list(stream))
    assert ak.sum(events.weight) == pytest.approx(stream.sum_of_weights, rel=1e-9)
    heavy, light = ("axion", "dark_photon") if m_axion > mass else ("dark_photon", "axion")
    for field in ("E", "px", "py", "pz"):
        beams = events.electron_beam[field] + events.positron_beam[field]
        final = events.axion[field] + events.dark_photon[field]
        if "isr_photon" in events.fields:
            final = final + events.isr_photon[field]
        daughters = events.photon[field] + events[f"decay_{light}"][field]
        assert ak.max(np.abs(beams - final)) < 1e-12
        assert ak.max(np.abs(daughters - events[heavy][field])) < 1e-12
    detector = (collider.card.windows["lowcut"] if name == "babar" else collider.card).detector
    x, y, z = (events.decay[axis] for axis in "xyz")
    assert ak.all(np.hypot(x, y) < detector.radius_m + 1e-12)
    assert ak.all((z > detector.z_min_m - 1e-12) & (z < detector.z_max_m + 1e-12))
    for axis in "xyz":  # the decay lies on the flight
        away = events[heavy][f"p{axis}"] * events.decay.t * 0.299792458 / events[heavy].E
        assert ak.max(np.abs(away - events.decay[axis])) < 1e-9


def columns(record, names):
    return np.stack([ak.to_numpy(record[name]) for name in names], axis=1)


def test_the_cluster_is_the_photon_at_the_calorimeter_seen_from_the_crossing_point():
    collider = experiment("babar-highcut", simulation__smearing=False, cuts__angle__max=1.0)
    stream = collider.generate(darkmc.DarkAxionPortal(5.0), 2e-8, 2000, seed=2)
    events = ak.concatenate(list(stream))
    far = events[np.isin(events.channel, [10_053, 1_353])]
    assert len(far) > 1500
    start = columns(far.decay, "xyz")
    flight = columns(far.photon, ("px", "py", "pz"))
    _, leave = collider.geometry.intersect(start, flight)
    impact = start + leave[:, None] * flight / np.linalg.norm(flight, axis=1)[:, None]
    radius, z = np.hypot(*impact[:, :2].T), impact[:, 2]
    on_barrel, on_end = np.isclose(radius, 0.91), np.isclose(z, 1.97) | np.isclose(z, -1.16)
    assert np.all(on_barrel | on_end)
    assert 0 < np.count_nonzero(on_end) < len(z)
    direction = impact / np.linalg.norm(impact, axis=1)[:, None]
    cluster = columns(far.cluster, ("px", "py", "pz"))
    assert np.allclose(cluster, np.asarray(far.photon.E)[:, None] * direction, rtol=1e-9, atol=1e-12)
    seen = np.degrees(np.arccos(direction[:, 2]))
    assert np.all((seen > 15.8) & (seen < 141.8))


@pytest.mark.parametrize("name", ["babar-highcut", "belle2-phase2"])
@pytest.mark.parametrize("isr", [False, True])
def test_rows_are_the_same_with_and_without_events(name, isr):
    collider = experiment(name, simulation__isr=isr)
    for plan in collider.plans(darkmc.DarkAxionPortal(1.0)):
        rows, (same, _) = plan.run(3, 1, 500), plan.run_events(3, 1, 500)
        for field in ("produced", "survive", "window", "stage", "index", "bin"):
            assert np.array_equal(getattr(rows, field), getattr(same, field))


def test_histograms_of_what_is_measured_add_up():
    """E*, cos theta* and missing mass squared are those of the cuts and of the bins, smearing included."""
    coupling = 4e-3
    sample = experiment().simulate(darkmc.DarkAxionPortal(0.01), n_samples=40_000, seed=2)
    total = sample.expected_events(coupling)
    for name, edges in (("E_star", [3.2, 4.0, 5.5]), ("cos_theta_star", [-0.31, 0.0, 0.6])):
        made = sample.histogram(name, edges, coupling)
        assert np.sum(made.value) == pytest.approx(total.value, rel=1e-9)
    bins = sample.histogram("missing_mass2", np.arange(41.0), coupling)
    for b in (0, 9, 20, 39):
        value, error = sample.in_bin(b).expected_events(coupling)
        assert bins.value[b] == pytest.approx(value, rel=1e-9)
        assert bins.error[b] == pytest.approx(error, rel=1e-9)


def test_prompt_spectrum_is_flat_without_spin():
    """dN/dE* of a massless axion's partner at rest energies from 0 to sqrt(s)/2: chi2 of 12 bins."""
    overrides = {f"simulation.{name}": False for name in ("spin_correlations", "isr")}
    overrides["simulation.biasing"] = "none"
    collider = darkmc.Experiment("belle2-phase2", overrides=overrides | {"cuts.energy.min": 0.0})
    sample = collider.simulate(darkmc.DarkAxionPortal(0.01), n_samples=60_000, at=1e3, seed=4)
    edges = np.linspace(0.0, 5.29, 13)
    made = sample.histogram("E_star", edges, 1e3)
    pulls = (made.value - np.sum(made.value) / 12) / made.error
    assert chi2.sf(np.sum(pulls**2), 11) > 1e-4


def test_the_same_bits_for_any_number_of_workers():
    portal, collider = darkmc.DarkAxionPortal(0.01), experiment("babar")
    alone = collider.simulate(portal, precision=0.03, seed=4)
    with ThreadPoolExecutor(3) as executor:
        shared = collider.simulate(portal, precision=0.03, seed=4, executor=executor)
    assert alone.n_samples == shared.n_samples
    for one, other in zip(alone.channel_rows, shared.channel_rows, strict=True):
        assert np.array_equal(one.rows.produced, other.rows.produced)
        assert np.array_equal(one.rows.bin, other.rows.bin)
    assert collider.limit(alone) == collider.limit(shared)


def test_channels_have_numbers_of_their_own():
    plans = experiment("babar").plans(darkmc.DarkAxionPortal(1.0))
    assert len({plan.number for plan in plans}) == len(plans) == 8
    assert {plan.number for plan in plans} >= {10_052, 10_053, 1_352, 1_353, 30_052}


@pytest.mark.parametrize(
    ("masses", "message"),
    [
        ((10.36, 0.0), r"10\.36 GeV is not below the threshold of 10\.3552"),
        ((6.0, 5.0), r"11 GeV is not below the threshold of 10\.3552"),
        ((1.0, 1.0), "m_axion different from m_dark_photon = 1 GeV"),
    ],
)
@pytest.mark.parametrize("name", ["babar", "babar-lowcut"])
def test_closed_masses_say_why(name, masses, message):
    portal, collider = darkmc.DarkAxionPortal(*masses), experiment(name)
    sample = collider.simulate(portal, precision=0.1)
    exclusion = collider.limit(sample)
    assert exclusion.intervals == ()
    assert exclusion.reason == collider.closed(portal)
    with pytest.raises(PhysicsError, match=message):
        collider.generate(portal, 1e-3, 10)


def test_remarks_on_where_the_calculation_ends():
    collider = experiment()
    exclusion = collider.limit(collider.simulate(darkmc.DarkAxionPortal(8.0), precision=0.05))
    assert "above 1.21 GeV^-1 the effective theory fails" in exclusion.reason
    assert "above 0.681 GeV^-1 the width exceeds a tenth of the mass" in exclusion.reason
    width = darkmc.DarkAxionPortal(8.0).dark_photon_width(0.681)
    assert width / 8.0 == pytest.approx(0.1, rel=3e-3)


def test_nearly_equal_masses_leave_no_photon():
    collider = experiment()
    sample = collider.simulate(darkmc.DarkAxionPortal(1.0, 0.999), n_samples=20_000)
    assert "photons have at most 0.0103 GeV in the centre of mass" in collider.limit(sample).reason


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "beam.electron_energy_GeV",
            9.0,
            r"sqrt_s_GeV = 10\.3552 does not fit the beams, which give 10\.564",
        ),
        ("beam.crossing_angle_rad", 0.5, "does not fit the beams"),
        ("beam.luminosity_fb", 0.0, r"beam\.luminosity_fb"),
        ("detector.theta_min_deg", 150.0, "theta_min_deg must be below theta_max_deg"),
        ("detector.z_min_m", 1.0, r"detector\.z_min_m"),
        ("response.alpha", 0.0, r"response\.alpha"),
        ("response.n", 1.0, r"response\.n"),
        ("response.alpha", 40.0, "alpha must be above 0 and at most 30"),
        ("signal.efficiency", 1.5, r"signal\.efficiency"),
        ("observed.n_limit", 3.0, "exactly one of counts, background and n_limit"),
        ("simulation.decay_length_m", 1.0, "decay_length_m needs decay_geometry"),
        ("simulation.decay_geometry", "some", r"simulation\.decay_geometry"),
        ("cuts.energy.observable", "E_pair", "'E_pair' is not seen at a collider"),
        ("cuts.energy.observable", "z_vertex", "'z_vertex' is not seen at a collider"),
        ("cuts.energy.observable", "E_stra", "E_star"),
        ("resonance.meson", "phi", "the beams are 9.3 GeV away from the phi"),
        ("resonance.meson", "upsilon", "unknown particle"),
        ("flux.ratios.eta", 1.0, "a collider has no flux card"),
        ("beam.sqrt_s", 10.0, "nearest: 'sqrt_s_GeV'"),
    ],
)
def test_bad_cards_are_one_line_that_names_the_key(key, value, message):
    with pytest.raises(CardError, match=message) as caught:
        darkmc.Experiment("babar-highcut", overrides={key: value})
    assert "\n" not in str(caught.value)
    assert "babar-highcut.toml" in str(caught.value)


def test_switches_need_their_tables():
    for key, table in (("simulation.resonance", "[resonance]"), ("simulation.smearing", "[response]")):
        with pytest.raises(CardError, match=f"{key} needs \\{table[:-1]}\\]"):
            darkmc.Experiment("belle2-phase2", overrides={key: True})


def test_the_crossing_angle_is_part_of_the_boost():
    """7 x 4 GeV at 83 mrad: the events have the stated energy in the centre of mass and the beams' boost."""
    stream = experiment("belle2-phase2").generate(darkmc.DarkAxionPortal(1.0), 1e-3, 10)
    event = next(stream)[0]
    total = np.array([event.electron_beam[f] + event.positron_beam[f] for f in ("E", "px", "py", "pz")])
    assert np.sqrt(total[0] ** 2 - np.sum(total[1:] ** 2)) == pytest.approx(10.58, rel=1e-12)
    assert total[1] / total[0] == pytest.approx(4.0 * np.sin(0.083) / 11.0, rel=1e-12)
    assert total[3] / total[0] == pytest.approx((7.0 - 4.0 * np.cos(0.083)) / 11.0, rel=1e-12)


def test_a_bin_of_one_window_waits_for_no_row_of_the_other():
    """Their channels cannot fill it: the sum's error there is that of its own window's channels."""
    sample = experiment("babar").simulate(darkmc.DarkAxionPortal(1.0), n_samples=40_000, seed=4)
    inside = sample.in_bin(9 + 30)
    parts = inside.channels(1e-3)
    own = [part for name, part in parts.items() if name.startswith("highcut")]
    others = [part for name, part in parts.items() if name.startswith("lowcut")]
    assert max(part.value for part in own) > 0.0
    assert all(part == (0.0, 0.0) for part in others)
    assert inside.expected_events(1e-3).error == pytest.approx(np.hypot.reduce([p.error for p in own]))
