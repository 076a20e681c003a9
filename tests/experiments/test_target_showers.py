"""Showers in proton dumps: an independent calculation through the geometry, laws, events, cards.

Statistical tests: fixed seeds; a chance failure of about 1e-5 each.
"""

from dataclasses import replace
from functools import lru_cache

import awkward as ak
import numpy as np
import pytest
from helpers import dot
from independent_target_showers import Positrons, seen

import darkmc
from darkmc.core.errors import CardError
from darkmc.sample.rows import Rows
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.physics import Physics, Switches
from darkmc.sources.meson_showers import MesonShowers

SMALL = 1e-9
PHOTON = {"signal.final_states": ["a gamma"], "cuts": [{"name": "E", "observable": "E_photon", "min": 10.0}]}
ALONE = {**PHOTON, "source.mesons": ["pi0"], "simulation.spin_correlations": False}


def with_showers(name, preset="best", **overrides):
    return darkmc.Experiment(name, preset=preset, overrides={"simulation.showers": True, **overrides})


@lru_cache
def charm():
    return with_showers("charm-finegrained", **{"source.mesons": ["pi0"]})


@lru_cache
def nucal():
    """Showers without multiple scattering, with larger collisions one by one: those of the equations."""
    experiment = with_showers("nucal", **ALONE)
    physics = Physics(Medium.of("iron"), 9.5, 1.0, Switches(multiple_scattering=False))
    showers = experiment.topology.showers
    showers.physics = physics
    showers.turned = MesonShowers(experiment.source, ["pi0"], physics, False, {"pi0": 12})
    return experiment


def of_showers(experiment, portal, rows):
    """Return the channel alone, of many rows."""
    experiment.topology.prepare()
    (plan,) = (plan for plan in experiment.plans(portal) if plan.name == "showers")
    return plan.channel(Rows.joined([plan.run(1, chunk, 4096) for chunk in range(rows // 4096)]))


def sample_of(channel):
    return darkmc.Sample((channel,), ("E",), 1)


def test_yield_against_a_quadrature():
    """N/G^4 of long-lived states; radiation before annihilation takes 0.3% (measured for electron dumps)."""
    m = 0.01
    portal, experiment = darkmc.DarkAxionPortal(m), nucal()
    angles = np.concatenate([np.linspace(0.0, 0.1, 50), [0.2, 0.5, 3.2]])
    expected = 0.0
    for width, factor in ((1.0, -1.0), (0.5, 2.0)):
        positrons = Positrons(experiment.source, experiment.topology.showers.physics, 66.0, width, angles)
        expected += factor * seen(positrons, m, (64.0, 87.0, 1.3), (10.0, np.inf))
    expected *= 0.997 * 1.71e18 * 0.7 * portal.branching_ratio("a gamma") / portal.dark_photon_ctau()
    value, error = sample_of(of_showers(experiment, portal, 120_000)).expected_events(SMALL)
    assert error < 0.025 * value
    assert abs(value / SMALL**4 - expected) < 4.5 * error / SMALL**4 + 0.005 * expected


@pytest.mark.slow
def test_yield_at_charm_against_a_quadrature():
    """To half a per cent, with small collisions one by one in the showers; a cylinder of the same face."""
    m = 0.01
    cylinder = {"shape": "cylinder", "centre_m": [0, 0, 486.3], "radius_m": 1.3541, "length_m": 11.2}
    few = {"source.mesons": ["pi0"], "signal.final_states": ["a gamma"], "geometry": cylinder}
    experiment = with_showers("charm-finegrained", **few, **{"simulation.spin_correlations": False})
    of_equations = Physics(Medium.of("copper"), 7.0, 1.0, Switches(multiple_scattering=False))
    angles = np.concatenate([np.linspace(0.0, 0.02, 41), [0.03, 0.05, 0.1, 3.2]])
    expected = 0.0
    for width, factor in ((1.0, -1.0), (0.5, 2.0)):
        positrons = Positrons(experiment.source, of_equations, 307.5, width, angles, 2**18)
        expected += factor * seen(positrons, m, (480.7, 491.9, 1.3541), (7.5, 50.0))
    showers = experiment.topology.showers
    physics = replace(showers.physics, switches=of_equations.switches)
    showers.turned = MesonShowers(experiment.source, ["pi0"], physics, False, {"pi0": 24})
    portal = darkmc.DarkAxionPortal(m)
    expected *= 0.997 * 7.1e18 * portal.branching_ratio("a gamma") / portal.dark_photon_ctau()
    value, error = sample_of(of_showers(experiment, portal, 600_000)).expected_events(SMALL)
    assert error < 0.008 * value
    assert abs(value / SMALL**4 - expected) < 4.5 * error / SMALL**4 + 0.005 * expected


def test_turned_and_natural_showers_agree():
    """The decay search of SHiP, to which a few per cent of all states fly."""
    portal, couplings = darkmc.DarkAxionPortal(0.01), [SMALL, 1e-4, 1e-3]
    found = []
    for biasing, rows in (("turned", 40_000), ("none", 40_000)):
        keys = {"simulation.biasing": biasing, "source.mesons": ["pi0"], "cuts.photon_energy.min": 3.0}
        experiment = with_showers("ship", "photons", **keys)
        found.append(sample_of(of_showers(experiment, portal, rows)).expected_events(couplings))
    one, other = found
    error = np.hypot(one.error, other.error)
    assert np.all(error < 0.17 * other.value)
    assert np.all(np.abs(one.value - other.value) < 4.5 * error)


def test_the_lists_error_is_in_the_quoted_one():
    portal, experiment = darkmc.DarkAxionPortal(0.01), nucal()
    sample = sample_of(of_showers(experiment, portal, 120_000))
    whole, draws, lists = (f(SMALL) for f in (sample.expected_events, sample.draw_error, sample.list_error))
    assert lists > 0.3 * draws > 0.0
    assert whole.error == pytest.approx(np.hypot(draws, lists), rel=1e-9)


def test_other_channels_are_not_touched():
    """Bit for bit, and showers grow as the protons on target do."""
    portal = darkmc.DarkAxionPortal(0.02)
    plain = {plan.name: plan for plan in darkmc.Experiment("nucal").plans(portal)}
    once, twice = (
        {plan.name: plan for plan in with_showers("nucal", **{"beam.pot": pot}).plans(portal)}
        for pot in (1.71e18, 3.42e18)
    )
    assert {*once} - {*plain} == {"showers -> a gamma", "showers -> a e- e+"}
    for name, plan in plain.items():
        found, known = (p.channel(p.run(1, 0, 1024)).contributions(1e-4) for p in (once[name], plan))
        np.testing.assert_array_equal(found, known)
    one, two = (p["showers -> a gamma"] for p in (once, twice))
    first, second = (p.channel(p.run(1, 0, 1024)).contributions(1e-4) for p in (one, two))
    np.testing.assert_allclose(second, 2.0 * first, rtol=1e-9)


def test_alternatives_of_the_source_reach_the_showers():
    """A constant factor is exact, another shape agrees with what is simulated with it."""
    portal, name = darkmc.DarkAxionPortal(0.01), "showers -> a gamma"
    sample = charm().simulate(portal, n_samples=30_000, vary=True)
    nominal = sample.channels(SMALL)[name]
    fewer = sample.varied("fewer-pions").channels(SMALL)[name]
    assert fewer.value / nominal.value == pytest.approx(2.4 / 4.45, rel=0.01)
    varied = sample.varied("wider").channels(SMALL)[name]
    other = with_showers("charm-finegrained", **{"source.mesons": ["pi0"], "flux.parameters.a_per_GeV": 5.92})
    found = other.simulate(portal, n_samples=30_000).channels(SMALL)[name]
    assert abs(found.value / nominal.value - 1.0) > 0.03
    assert abs(varied.value / found.value - 1.0) < 0.01


def test_events_of_showers():
    """Pairs conserve momentum; photons are those that the cuts keep."""
    events = ak.concatenate(list(charm().generate(darkmc.DarkAxionPortal(0.15), 1e-5, 1000, seed=2)))
    pairs = events[~np.isnan(events.shower_pair.E)]
    assert len(pairs) == len(events)  # above the pi0's mass there is nothing else
    for x in ("E", "px", "py", "pz"):
        total = pairs.axion[x] + pairs.dark_photon[x]
        np.testing.assert_allclose(ak.to_numpy(total), ak.to_numpy(pairs.shower_pair[x]), atol=1e-7)
    four = np.array([ak.to_numpy(pairs.shower_pair[x]) for x in ("E", "px", "py", "pz")])
    s = 2 * 0.51099895e-3 * four[0]
    assert np.all(dot(four, four) < s * (1 + 1e-6))
    assert np.all(dot(four, four) > 0.15**2)
    assert ak.min(events.decay.z) > 480.7
    along = (486.3 - events.production.z) / events.dark_photon.pz
    assert ak.max(abs(events.dark_photon.px * along)) < 1.3


def test_conversion_of_states_of_showers():
    experiment = with_showers("charm-finegrained", **{"simulation.signal": "all", "source.mesons": ["pi0"]})
    experiment.topology.showers.turned = charm().topology.showers.turned
    sample = experiment.simulate(darkmc.DarkAxionPortal(0.01), n_samples=50_000)
    parts = sample.channels(0.1)
    assert {"showers: a converts", "showers: a converts after prompt decay"} <= set(parts)
    share = parts["showers: a converts"].value / parts["pi0: a converts"].value
    assert 0.02 < share < 0.08


def test_closed_channels_say_why():
    assert charm().closed(darkmc.DarkAxionPortal(0.3)) is None
    assert "production closed" in charm().closed(darkmc.DarkAxionPortal(0.7))


@pytest.mark.parametrize(
    ("name", "overrides", "words"),
    [
        ("nucal", {"source.mesons": ["omega"]}, "neither pi0 nor eta"),
        ("nucal", {"cuts": []}, "from 0 GeV on"),
        ("nucal", {"beam.target": ["Hg"], "source.flux_may_differ": ["target"]}, "no material is Hg"),
        ("nucal", {"beam.target": ["Fe", "W"]}, "must be one element"),
        ("nucal", {"simulation.showers": "yes"}, "showers"),
        ("lsnd", {}, "showers"),
    ],
)
def test_cards_that_make_no_sense_are_refused(name, overrides, words):
    with pytest.raises(CardError, match=words):
        with_showers(name, **overrides)
