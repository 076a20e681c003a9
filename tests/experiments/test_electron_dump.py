"""Electron dumps: the toy of the physics notes, conversion in the hill by hand, scaling, cards, events.

Statistical tests: fixed seeds; a chance failure of about 1e-5 each.
"""

from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
from helpers import dot, four_momentum, isotropic

import darkmc
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.estimates import mean_and_error
from darkmc.core.kinematics import boost
from darkmc.core.materials import nuclei_per_m3, nucleus
from darkmc.core.particles import mass
from darkmc.sample.rows import Rows
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.physics import Physics
from darkmc.sources.electromagnetic.track_lengths import DEPTHS, Beam, Spectrum, TrackLengths, track_lengths

PLAIN = {"simulation.bremsstrahlung": False, "simulation.isr": False, "signal.final_states": ["a gamma"]}
DECAYS = {**PLAIN, "simulation.signal": "decay"}
SMALL = 1e-9


def e137(preset="best", **overrides):
    return darkmc.Experiment("e137", preset=preset, overrides=overrides)


def toy(length=1.0, **overrides):
    """5 GeV positrons on the axis, along some radiation lengths per electron."""
    experiment = e137(**{**DECAYS, **overrides})
    edges, none = 5.0 * np.array([1.0 - 1e-9, 1.0 + 1e-9]), np.zeros(1)
    tracks = Spectrum(np.array([length]), none, np.array([5.0]), none, np.zeros((1, len(DEPTHS))))
    experiment.topology.shower = SimpleNamespace(
        beam=Beam("e-", 20.0),
        medium=Medium.of("aluminium"),
        tracks=TrackLengths(edges, tracks, tracks, 1),
    )
    return experiment


def close(found, expected):
    value, error = found
    assert abs(value - expected) < 4.5 * error


NOTES = [(0.01, 1e-3, 9.547e19, 2.439e4), (0.05, 3e-5, 4.124e22, 82.58)]


@pytest.mark.parametrize(("m", "g", "limit", "number"), NOTES)
def test_the_toy_of_the_notes(m, g, limit, number):
    """N/G^4 for G -> 0, and N(G) with the lifetime of a gamma alone."""
    portal = darkmc.DarkAxionPortal(m)
    sample = toy().simulate(portal, n_samples=300_000, seed=3)
    found = sample.expected_events(SMALL)
    close([x / SMALL**4 for x in found], limit)
    assert found.error < 0.008 * found.value
    alone = portal.dark_photon_ctau(g) / portal.branching_ratio("a gamma")
    close(sample.expected_events(g, ctau=alone, branching={"a gamma": 1.0}), number)


def test_the_toy_without_spin():
    sample = toy(**{"simulation.spin_correlations": False}).simulate(
        darkmc.DarkAxionPortal(0.01), n_samples=200_000
    )
    close([x / SMALL**4 for x in sample.expected_events(SMALL)], 1.017e20)


@pytest.mark.slow
@pytest.mark.parametrize("m", [0.05, 0.11])
def test_results_of_small_tables_scatter_as_quoted(m):
    """60 tables of 4096 showers each, draws of a third of their error: their scatter is good to 9%."""
    beam, medium, results = Beam("e-", 20.0), Medium.of("aluminium"), []
    experiment = e137(**DECAYS)
    for seed in range(100, 160):
        tracks = track_lengths.__wrapped__(beam, Physics(medium), seed, 1)
        experiment.topology.shower = SimpleNamespace(beam=beam, medium=medium, tracks=tracks)
        sample = experiment.simulate(darkmc.DarkAxionPortal(m), n_samples=100_000, seed=seed)
        found = sample.estimate(SMALL)
        results.append((found.value, found.draw_error, found.list_error))
    value, draws, lists = np.array(results).T
    error = np.hypot(draws, lists)
    assert np.mean(lists) > 2.0 * np.mean(draws)
    assert np.std(value, ddof=1) / np.sqrt(np.mean(error**2)) == pytest.approx(1.0, abs=0.33)
    within = np.mean(np.abs(value - value.mean()) < error)
    assert within == pytest.approx(0.683, abs=0.21)


@pytest.mark.slow
@pytest.mark.parametrize(("m", "g", "limit", "number"), NOTES)
def test_the_toy_of_the_notes_to_a_thousandth(m, g, limit, number):
    """The error of each number is a thousandth or less."""
    portal = darkmc.DarkAxionPortal(m)
    sample = toy().simulate(portal, n_samples=12_000_000, seed=4)
    alone = portal.dark_photon_ctau(g) / portal.branching_ratio("a gamma")
    small = sample.expected_events(SMALL)
    late = sample.expected_events(g, ctau=alone, branching={"a gamma": 1.0})
    for found, expected in (([x / SMALL**4 for x in small], limit), (late, number)):
        close(found, expected)
        assert found[1] < 1.2e-3 * expected


def test_scaling():
    """G^4 where states live long; electrons, and radiation lengths, as a factor of everything."""
    portal = darkmc.DarkAxionPortal(0.02)
    couplings = [1e-9, 1e-8, 1e-4]
    once = toy().simulate(portal, n_samples=20_000).expected_events(couplings)
    assert once.value[1] / once.value[0] == pytest.approx(1e4, rel=1e-6)
    for changed in (toy(length=3.0), toy(**{"beam.eot": 3 * 1.87e20})):
        thrice = changed.simulate(portal, n_samples=20_000).expected_events(couplings)
        np.testing.assert_allclose(thrice.value, 3.0 * once.value, rtol=1e-12)


def form_factor2(q2, element):
    a = 111.0 * element.charge ** (-1 / 3) / mass("e")
    screening = a**2 * q2 / (1 + a**2 * q2)
    return (element.charge * screening / (1 + q2 / (0.164 * element.mass_number ** (-2 / 3)))) ** 2


def converted(energy, m, rng):
    """Q^2 and n sigma (1/m) of a -> gamma' on soil, by inversion on a grid, for nuclei that do not recoil.

    dsigma/dt = Z^2 F^2 alpha G^2/(4 p^2 t^2) [-t E^2 - lambda(t, 0, m'^2)/4], reference notes, section 4.
    """
    density = nuclei_per_m3(1.8, {"Si": 1.0, "O": 2.0}, 1.0)
    grid = np.geomspace(1.0 + 1e-9, 1e8, 4000)
    q2, rate = np.empty_like(energy), np.empty_like(energy)
    for k, e in enumerate(energy):
        low = (m**2 / (2 * e)) ** 2 * (1 + m**2 / (2 * e**2))
        t = low * grid
        shape = sum(n * form_factor2(t, nucleus(x)) for x, n in density.items())
        bracket = np.maximum(t * e**2 - (t + m**2) ** 2 / 4, 0.0)
        integrand = shape * bracket / (4 * 137.035999 * e**2 * t**2) * t
        steps = 0.5 * (integrand[1:] + integrand[:-1]) * np.diff(np.log(t))
        total = np.concatenate([[0.0], np.cumsum(steps)])
        q2[k] = np.interp(rng.random() * total[-1], total, t)
        rate[k] = total[-1] * 0.3893793721e-27 * 1e-4
    return q2, rate


def test_conversion_at_the_end_of_the_hill():
    """Prompt states: n sigma times the decay length, and the photon starts where the hill ends."""
    m, g, n = 0.02, 0.3, 12_000
    rng = np.random.default_rng(1)
    experiment = toy(**{**PLAIN, "simulation.signal": "conversion", "simulation.spin_correlations": False})
    portal = darkmc.DarkAxionPortal(m)
    (plan,) = (p for p in experiment.plans(portal) if p.name == "annihilation: a converts before")
    channel = plan.channel(Rows.joined([plan.run(1, chunk, 4096) for chunk in range(120)]))
    value, error = mean_and_error(channel.contributions(g), channel.rows.tried)

    s = 2 * mass("e") ** 2 + 2 * mass("e") * 5.0
    cosine = rng.uniform(-1, 1, 40 * n)
    cosine = cosine[rng.random(40 * n) * 2 < 1 + cosine**2][:n]
    momentum, azimuth = (s - m**2) / (2 * np.sqrt(s)), rng.uniform(0, 2 * np.pi, n)
    sine = np.sqrt(1 - cosine**2)
    star = momentum * np.array([np.ones(n), sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])
    pair = four_momentum(np.sqrt(s), np.array([0.0 * azimuth, 0.0 * azimuth, 0.0 * azimuth + 5.0]))
    axion = boost(star, pair, np.sqrt(s))
    hard = axion[0] > 1.0
    axion = axion[:, hard]
    q2, rate = converted(axion[0], m, rng)
    along = axion[1:] / axion[0]
    angle = np.sqrt(np.maximum(q2 - (m**2 / (2 * axion[0])) ** 2, 0.0)) / axion[0]
    kick = angle * np.array([np.cos(turn := rng.uniform(0, 2 * np.pi, len(q2))), np.sin(turn)])
    flight = np.array([along[0] / along[2] + kick[0], along[1] / along[2] + kick[1], np.ones(len(q2))])
    flight /= np.sqrt(np.sum(flight**2, axis=0))
    size = np.sqrt(axion[0] ** 2 - m**2)
    prime = four_momentum(m, size * flight)
    photon = boost(four_momentum(0.0, 0.5 * m * isotropic(rng, len(q2))), prime, m)
    place = 179.0 * along[:2] / along[2] + 204.0 * photon[1:3] / photon[3]
    seen = (photon[0] > 1.0) & (np.max(np.abs(place), axis=0) < 1.5) & (photon[3] > 0)
    length = size / m * portal.dark_photon_ctau(g)
    made = 1.87e20 * 6.9669e24 * 1e-36 * portal.annihilation_cross_section(np.sqrt(s), g, mass("e"))
    each = np.zeros(n)
    each[: len(q2)] = made * rate * g**2 * length * portal.branching_ratio("a gamma") * seen
    expected, spread = np.mean(each), np.std(each) / np.sqrt(n)
    assert abs(value - expected) < 4.5 * np.hypot(error, spread)
    assert np.hypot(spread / expected, error / value) < 0.06


def test_conversion_in_the_hill_grows_like_the_square():
    experiment = e137(**{**PLAIN, "simulation.signal": "conversion"})
    sample = experiment.simulate(darkmc.DarkAxionPortal(0.02), n_samples=200_000)
    low, high = (sample.channels(g)["annihilation: a converts before"] for g in (0.02, 0.2))
    error = np.hypot(low.error / low.value, high.error / high.value)
    assert abs(high.value / low.value / 100.0 - 1.0) < 4.5 * error
    assert error < 0.2


def test_published_sees_scattering_only_from_a_hundredth_on():
    """Limits between 1.2e-2 and 3.5e-2, as the founding paper says that production is too small."""
    for m in (0.001, 0.01, 0.03):
        experiment = e137("published")
        exclusion = experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(m), precision=0.15))
        assert 1.2e-2 < exclusion.lower < 3.5e-2
        assert np.isnan(exclusion.upper)


def test_bremsstrahlung_alone_excludes_a_band_once_decays_are_counted():
    experiment = e137("bremsstrahlung", **{"simulation.signal": "decay"})
    exclusion = experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(0.01), precision=0.15))
    (band,) = exclusion.intervals
    assert 2.5e-5 < band.lower < 3.5e-5
    assert 2.3e-3 < band.upper < 3e-3


@pytest.mark.parametrize(("m", "count"), [(0.01, 1), (0.02, 2)])
def test_every_interval_is_reported(m, count):
    """Below about 13.5 MeV conversion in the hill takes over before decays end; above there is a gap."""
    experiment = e137()
    exclusion = experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(m), n_samples=60_000))
    assert len(exclusion.intervals) == count
    assert np.isnan(exclusion.intervals[-1].upper)
    assert "open above" in exclusion.reason


def test_the_angle_removes_nothing_at_low_mass():
    flow = e137().simulate(darkmc.DarkAxionPortal(0.01), n_samples=100_000).cutflow(1e-4)
    assert list(flow) == ["produced_towards_detector", "decays_inside", "face", "energy", "angle"]
    assert flow["angle"].value > 0.9999 * flow["energy"].value
    assert 0.0 < flow["energy"].value < flow["face"].value < flow["decays_inside"].value


@pytest.mark.parametrize("masses", [(0.03, 0.0), (0.005, 0.03)])
def test_events_of_every_channel(masses):
    """Momentum is conserved from the shower on, and photons and leptons of decays fly onto the face."""
    events = ak.concatenate(list(e137().generate(darkmc.DarkAxionPortal(*masses), 1e-4, 1000, seed=2)))
    pairs = events[~np.isnan(events.shower_pair.E)]
    total = {x: pairs.axion[x] + pairs.dark_photon[x] for x in ("E", "px", "py", "pz")}
    for x, sum_ in total.items():
        np.testing.assert_allclose(ak.to_numpy(sum_), ak.to_numpy(pairs.shower_pair[x]), atol=1e-9)
    on_face = events[(events.decay.z < 383.0) & ~np.isnan(events.photon.E)]
    assert len(on_face) > 50
    assert ak.min(on_face.decay.z) >= 179.0
    steps = (383.0 - on_face.decay.z) / on_face.photon.pz
    for place in (on_face.decay.x + steps * on_face.photon.px, on_face.decay.y + steps * on_face.photon.py):
        assert ak.max(abs(place)) <= 1.5 + 1e-9
    four = np.array([ak.to_numpy(pairs.shower_pair[x]) for x in ("E", "px", "py", "pz")])
    assert np.all(np.sqrt(dot(four, four)) > sum(masses))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"cuts": []}, "hit_plane"),
        ({"beam.particle": "proton"}, "electron"),
        ({"simulation.shower_threshold_GeV": 2.0}, "above the energy of 1 GeV"),
        ({"simulation.positrons": False, "simulation.bremsstrahlung": False}, "both off"),
        ({"dump.material": "lava"}, "lava"),
        ({"dump.composition": {"water": 1.0}}, "material, or composition"),
        ({"dump.material": "marble"}, "ionisation"),
        ({"flux.pi0_per_pot": 1.0}, "no flux card"),
        ({"simulation.absorption": True, "shield": None}, "shield"),
    ],
)
def test_cards_that_make_no_sense_are_refused(overrides, words):
    with pytest.raises(CardError, match=words):
        e137(**overrides)


def test_closed_channels_say_why():
    experiment = e137(**{"simulation.bremsstrahlung": False})
    portal = darkmc.DarkAxionPortal(0.15)
    assert "threshold of 20 GeV electrons" in experiment.closed(portal)
    with pytest.raises(PhysicsError, match="production closed"):
        experiment.generate(portal, 1e-3, 10)
    assert "decay closed" in darkmc.Experiment("e141").closed(darkmc.DarkAxionPortal(0.001))
