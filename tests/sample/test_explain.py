"""Where events come from: sums, conservation of energy, and what really moves the edges of a limit."""

import json
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import darkmc
from darkmc.core.errors import PhysicsError
from darkmc.experiments.explain import steps
from darkmc.sample.explanation import HIGHER, Cause, Explanation, Part, Step, Uncertainty

M, G = 0.03, 1e-4
PORTAL = darkmc.DarkAxionPortal(M)
PI0 = {"source.mesons": ["pi0", "eta"], "signal.final_states": ["a gamma"]}


@cache
def experiment(pot=7.1e18):
    return darkmc.Experiment("charm-finegrained", overrides={**PI0, "beam.pot": pot, "observed.n_limit": 9.0})


@cache
def sample():
    return experiment().simulate(PORTAL, n_samples=60_000, seed=2)


@cache
def told():
    return sample().explain(G)


def test_parents_and_channels_sum_to_the_yield():
    found = told()
    for parts in (found.parents, found.channels):
        assert sum(part.value for part in parts) == pytest.approx(found.expected.value, rel=1e-12)
        assert sum(part.share for part in parts) == pytest.approx(1.0, rel=1e-12)
        assert math.hypot(*(part.error for part in parts)) == pytest.approx(found.expected.error, rel=1e-9)
        assert [part.value for part in parts] == sorted((part.value for part in parts), reverse=True)
    assert found.cuts[-1].value == pytest.approx(found.expected.value, rel=1e-12)


def test_mean_energies_are_those_of_decays():
    """Of gamma' -> a gamma with a massless axion: E = E_a + E_gamma, event by event."""
    energy = told().energies
    whole = energy["decay_axion"].value + energy["photon"].value
    assert energy["dark_photon"].value == pytest.approx(whole, rel=1e-12)
    assert 7.5 < energy["photon"].value < 50.0  # what the cuts leave
    assert all(0.0 < mean.error < 0.05 * mean.value for mean in energy.values())


def test_decay_length_and_distance():
    """The mean of p/m c tau is near that of E/m; the detector of CHARM lies 480.7 to 491.9 m away."""
    found = told()
    ctau = PORTAL.dark_photon_ctau(G)
    assert found.decay_length.value == pytest.approx(found.energies["dark_photon"].value / M * ctau, rel=1e-3)
    assert found.distance.value - found.distance.error > 480.7
    assert found.distance.value < 491.9


def test_what_a_cut_keeps_has_the_error_of_many_samples():
    """The spread of 40 samples; chance of failure 1e-3."""
    made = (experiment().simulate(PORTAL, n_samples=3000, seed=seed) for seed in range(40))
    found = [steps(one, G)[2] for one in made]
    kept = np.array([step.kept for step in found])
    quoted = np.mean([step.kept_error for step in found])
    assert 0.65 < np.std(kept) / quoted < 1.45


def test_a_constant_efficiency_is_known_without_error():
    made = darkmc.Experiment("lsnd").simulate(darkmc.DarkAxionPortal(0.005), n_samples=8000, seed=1)
    last = steps(made, 1e-3)[-1]
    assert (last.name, last.kept) == ("efficiency", pytest.approx(0.16, rel=1e-9))
    assert last.kept_error == 0.0


def deeper(made, factor):
    """Return the sample whose decay lengths before the detector are so many times as many."""
    channels = tuple(
        replace(c, rows=replace(c.rows, survive=c.rows.survive * factor)) for c in made.channel_rows
    )
    return replace(made, channel_rows=channels, replay=None)


def test_slopes_and_depths_of_edges_are_derivatives():
    """Derivatives of ln N by ln G, and by the logarithm of a factor of all lengths before the detector."""
    made, h = sample(), 1e-4
    for edge in told().edges:
        at = edge.coupling
        more, less = (made.expected_events(at * math.exp(x)).value for x in (h, -h))
        assert edge.slope == pytest.approx(math.log(more / less) / (2.0 * h), rel=1e-6)
        more, less = (deeper(made, math.exp(x)).expected_events(at).value for x in (h, -h))
        assert edge.depth == pytest.approx(-math.log(more / less) / (2.0 * h), rel=1e-6)


def test_twice_the_exposure_moves_edges_as_said():
    """To first order: half of the step that a second order would be."""
    said = told().edges
    limit = experiment(14.2e18).limit(experiment(14.2e18).simulate(PORTAL, n_samples=60_000, seed=2))
    for edge, moved in zip(said, (limit.lower, limit.upper), strict=True):
        first = edge.with_twice_the_events
        assert moved / edge.coupling == pytest.approx(first, rel=0.15 * abs(math.log(first)))


def test_higher_energies_move_edges_as_said():
    """Rows whose proper lengths before the detector are shorter by 10%."""
    made, said = sample(), told().edges
    limit = experiment().limit(deeper(made, 1.0 / HIGHER))
    for edge, moved in zip(said, (limit.lower, limit.upper), strict=True):
        first = edge.with_more_energy
        assert moved / edge.coupling == pytest.approx(first, rel=0.25 * abs(math.log(first)))


def test_the_slope_of_a_power_law():
    assert Cause("lower", 1.0, 0.1, "x", 1.0, 4.0, 0.0).with_twice_the_events == 2.0**-0.25
    assert Cause("lower", 1.0, 0.1, "x", 1.0, 4.0, 0.0).with_more_energy == 1.0


def test_alternatives_are_among_the_uncertainties():
    made = experiment().simulate(PORTAL, n_samples=20_000, seed=2, vary=True)
    sizes = {one.name: one.size for one in made.explain(G).uncertainties}
    value = made.expected_events(G).value
    for name in made.alternatives:
        other = made.varied(name).expected_events(G).value
        assert sizes[f"alternative {name}"] == pytest.approx(abs(other / value - 1.0), rel=1e-9)
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)
    assert {one.name for one in told().uncertainties} == {"Monte Carlo"}


@pytest.mark.parametrize("name", ["lsnd", "babar-highcut", "e141"])
def test_every_topology_is_explained(name):
    masses = {"lsnd": 0.005, "babar-highcut": 0.5, "e141": 0.02}
    made = darkmc.Experiment(name).simulate(darkmc.DarkAxionPortal(masses[name]), n_samples=40_000)
    found = made.explain(1e-3)
    assert found.energies
    assert sum(part.share for part in found.channels) == pytest.approx(1.0)
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["experiment"] == name
    lines = str(found).splitlines()
    assert len(lines) > 6
    assert "nan" not in str(found)


def test_what_cannot_be_explained():
    closed = experiment().simulate(darkmc.DarkAxionPortal(0.9), n_samples=100)
    with pytest.raises(PhysicsError, match="production closed"):
        closed.explain(G)
    with pytest.raises(PhysicsError, match="only a sample that an experiment has made"):
        darkmc.Sample((), (), 1).explain(G)
    with pytest.raises(PhysicsError, match="above zero"):
        sample().explain(0.0)
    with pytest.raises(PhysicsError, match="one coupling"):
        sample().explain([1e-4, 1e-5])


# --- what things say of themselves
REPRS = {
    "portal": (lambda: PORTAL, ["DarkAxionPortal(m_dark_photon=0.03, m_axion=0)", "c tau = 2.196e-09 m/"]),
    "equal masses": (lambda: darkmc.DarkAxionPortal(0.3, 0.3), ["stable"]),
    "experiment": (
        experiment,
        ["charm-finegrained", "7.1e+18 on target", "energy, forward_shower", "9 events"],
    ),
    "collider": (lambda: darkmc.Experiment("babar"), ["BaBar, collider, 28 fb^-1"]),
    "sample": (sample, ["charm-finegrained", "m_dark_photon = 0.03 GeV", "60000 in", "seed 2", "pi0, eta"]),
    "closed": (
        lambda: experiment().simulate(darkmc.DarkAxionPortal(0.9), n_samples=9),
        ["Sample of charm-finegrained", "empty: production closed"],
    ),
    "yield": (lambda: darkmc.Yield(15912.3, 118.2), ["15912 +- 118 events"]),
    "yields": (lambda: darkmc.Yield(np.arange(9.0), np.ones(9)), ["[0.0 +- 1.0, ", "... (9 in all)"]),
    "limit": (lambda: experiment().limit(sample()), ["excluded: (", " to (", "GeV^-1"]),
    "no limit": (
        lambda: experiment().limit(darkmc.DarkAxionPortal(0.9)),
        ["nothing excluded", "production closed"],
    ),
}


@pytest.mark.parametrize("what", REPRS)
def test_what_is_printed_is_short_and_says_what_matters(what):
    made, words = REPRS[what]
    text, page = repr(made()), made()._repr_html_()
    assert 1 <= len(text.splitlines()) <= 5
    for word in words:
        assert word in text
    assert page.startswith("<table>")
    assert page.endswith("</table>")


def test_a_stream_and_an_explanation_say_what_they_are():
    experiment, portal = darkmc.Experiment("charm-decay"), darkmc.DarkAxionPortal(0.01, 0.0)
    stream = experiment.generate(portal, 5e-4, 20, unweighted=True)
    assert repr(stream).startswith("20 unweighted events at G = 0.0005 GeV^-1 for ")
    explanation = experiment.simulate(portal, precision=0.1).explain(5e-4)
    assert repr(explanation) == str(explanation)


def test_the_words_of_parts_and_of_small_shares():
    """One part that is left is named, not counted; a share far below a percent is a number of its own."""
    parts = tuple(Part(name, value, 0.01, value / 10.0) for name, value in (("x", 9.99), ("rest", 0.01)))
    cuts = (Step("made", 1e6, 1e3, math.nan, math.nan), Step("inside", 6.47, 0.12, 6.47e-6, 0.12e-6))
    told = Explanation("here", {}, G, darkmc.Yield(10.0, 0.1), "3 events", channels=parts, cuts=cuts)
    text = str(told)
    assert "0.1%  rest (0.010 +- 0.010)" in text
    assert "others" not in text
    assert "inside: 6.47 +- 0.12, (6.47 +- 0.12)e-06 of it kept" in text
    three = (*parts, Part("last", 0.001, 0.001, 1e-4))
    assert "0.1%  2 others" in str(replace(told, channels=three))


def test_no_share_is_told_as_nothing_and_no_uncertainty_as_infinite():
    tiny = (Part("x", 9.999999, 0.01, 1.0 - 1e-7), *(Part(name, 1e-6, 1e-7, 1e-7) for name in "abc"))
    sizes = (Uncertainty("Monte Carlo", math.inf), Uncertainty("y", 0.0123), Uncertainty("z", 1e-9))
    told = Explanation("h", {}, G, darkmc.Yield(1.0, 0.1), "3", channels=tiny, uncertainties=sizes)
    text = str(told)
    assert " <0.1%  3 others" in text
    assert text.endswith("most uncertain    Monte Carlo: unknown; y 1.2%, z <0.1%")
    assert " 0.0%" not in text
