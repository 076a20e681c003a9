"""Coherent conversion as a signal: scaling, the split of the decay path, rows, events."""

import awkward as ak
import numpy as np
import pytest

import darkmc
from darkmc.core.errors import CardError
from darkmc.engine import routes as module


def experiment(**more):
    overrides = {"simulation.signal": "conversion", "source.mesons": ["pi0"], **more}
    return darkmc.Experiment("charm-finegrained", overrides=overrides)


def test_prompt_yield_grows_like_the_fourth_power():
    """Everything prompt: production and conversion give G^2 each."""
    sample = experiment().simulate(darkmc.DarkAxionPortal(0.03), n_samples=3 * 4096)
    low, high = sample.expected_events([10.0, 100.0]).value
    assert high / low == pytest.approx(1e4, rel=1e-6)


def test_stable_yield_grows_like_the_sixth_power_and_more():
    """Long-lived: the primary axion's stream needs production, conversion and decay, G^6; the others G^8."""
    sample = experiment().simulate(darkmc.DarkAxionPortal(0.01), n_samples=3 * 4096)
    channels = [sample.channels(g) for g in (1e-7, 1e-6)]
    powers = {name: np.log10(channels[1][name].value / channels[0][name].value) for name in channels[0]}
    assert powers["pi0: a converts"] == pytest.approx(6.0, abs=1e-4)
    assert powers["pi0: a converts after decay upstream"] == pytest.approx(8.0, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("split", [0.25, 4.0])
def test_split_of_the_decay_path_does_not_matter(monkeypatch, split):
    """Near and far streams trade events when the split moves; their sum stays (pull below 4, chance 6e-5)."""
    portal, couplings = darkmc.DarkAxionPortal(0.01), np.array([3e-3, 1e-2, 3e-2])
    here = experiment().simulate(portal, n_samples=3 * 4096 * 20, seed=3).expected_events(couplings)
    monkeypatch.setattr(module, "SPLIT_M", split)
    there = experiment().simulate(portal, n_samples=3 * 4096 * 20, seed=4).expected_events(couplings)
    pull = (here.value - there.value) / np.hypot(here.error, there.error)
    assert np.max(np.abs(pull)) < 4


def test_columns_give_the_yield():
    sample = experiment().simulate(darkmc.DarkAxionPortal(0.01), n_samples=3 * 4096)
    g = 7e-3
    by_rows = np.sum(
        sample.weight
        * g**sample.power
        * np.exp(-sample.tau_survive * g**2)
        * -np.expm1(-sample.tau_window * g**2)
        * -np.expm1(-sample.tau_second * g**2)
    )
    assert sample.expected_events(g).value == pytest.approx(by_rows, rel=1e-10)


def test_exclusion_is_a_half_line_beside_the_band():
    portal = darkmc.DarkAxionPortal(0.02)
    both = darkmc.Experiment("charm-finegrained", overrides={"simulation.signal": "all"})
    exclusion = both.limit(both.simulate(portal, precision=0.05))
    assert len(exclusion.intervals) == 2
    band, line = exclusion.intervals
    assert band.upper < line.lower
    assert np.isnan(line.upper)
    assert "open above" in exclusion.reason
    assert "converts in the shield" in exclusion.reason


def test_needs_a_material():
    with pytest.raises(CardError, match="material"):
        darkmc.Experiment("charm-decay", overrides={"simulation.signal": "conversion"})


@pytest.mark.parametrize("m_axion", [0.0, 0.02])
def test_events_of_the_chain(m_axion):
    """Vertices in order and inside, photon cuts hold, the last decay conserves momentum."""
    portal = darkmc.DarkAxionPortal(0.01, m_axion)
    stream = experiment().generate(portal, 8e-3, 3000, seed=2)
    events = ak.concatenate(list(stream))
    assert ak.sum(events.weight) == pytest.approx(stream.sum_of_weights, rel=1e-9)
    for vertex in (events.scatter, events.decay):
        assert ak.all(np.abs(vertex.x) < 1.2 + 1e-9)
        assert ak.all((vertex.z > 480.7 - 1e-9) & (vertex.z < 491.9 + 1e-9))
    assert ak.all(events.decay.t >= events.scatter.t)
    assert ak.all((events.photon.E > 7.5) & (events.photon.E < 50.0))
    daughter = events.decay_dark_photon if m_axion > 0.01 else events.decay_axion
    for field in ("E", "px", "py", "pz"):
        total = events.photon[field] + daughter[field]
        assert ak.max(np.abs(total - events.outgoing[field]) / events.outgoing.E) < 1e-9


# An independent Monte Carlo (own geometry, t-sampling and spin; errors 0.1 to 0.4%), pi0 and eta: yields of
# the primary axion and of the axion of gamma' -> a gamma upstream. By (m' in GeV, G in GeV^-1).
INDEPENDENT = {
    (0.03, 0.01): {"pi0": (329.18, 258.01), "eta": (245.98, 164.38)},
    (0.01, 0.005): {"pi0": (27.191, 18.803), "eta": (8.2177, 6.2046)},
    (0.01, 0.1): {"pi0": (8.7545e6, 5.5165e6), "eta": (2.9100e6, 1.9282e6)},
    (0.005, 0.01): {"pi0": (193.43, 134.27), "eta": (49.394, 39.412)},
    (0.1, 0.01): {"eta": (92.153, 71.777)},
}


@pytest.mark.parametrize("point", list(INDEPENDENT))
def test_yields_against_an_independent_calculation(point):
    """18 pulls, the reference's error 0.3% added, below 4: chance 1e-3."""
    mass, coupling = point
    charm = experiment(**{"source.mesons": ["pi0", "eta"], "flux.cascade": "none"})
    channels = charm.simulate(darkmc.DarkAxionPortal(mass), n_samples=6 * 4096 * 6, seed=11).channels(
        coupling
    )
    for meson, expected in INDEPENDENT[point].items():
        near, far = (
            channels[f"{meson}: a converts after {place}"] for place in ("prompt decay", "decay upstream")
        )
        primary = channels[f"{meson}: a converts"]
        found = ((primary.value, primary.error), (near.value + far.value, np.hypot(near.error, far.error)))
        for (value, error), reference in zip(found, expected, strict=True):
            assert abs(value - reference) < 4 * np.hypot(error, 0.003 * reference)
