"""CHARM's calorimeter against an independent quadrature (tests/independent_charm.py) and exact laws.

Statistical comparisons ask for |pull| < 4 (chance 6e-5 each): 100 yields and 16 edges, most of them
correlated, fail with fresh seeds once in about 150 runs.
"""

from functools import lru_cache

import independent_charm as reference
import numpy as np
import pytest
from scipy.integrate import simpson
from scipy.optimize import brentq, minimize_scalar

import darkmc

# mass (GeV) -> couplings from the G^4 region through both edges; 30 MeV: up to 7 events
COUPLINGS = {
    0.005: (6e-5, 3.1e-4, 3e-3, 0.0185),
    0.010: (6e-5, 1.617e-4, 1e-3, 3.6e-3),
    0.020: (6e-5, 9.63e-5, 2.6e-4, 5.74e-4),
    0.025: (6e-5, 9.24e-5, 1.7e-4, 2.78e-4),
    0.030: (1e-5, 6e-5, 1.17e-4, 3e-4),
}
POINTS = [(mass, coupling) for mass, couplings in COUPLINGS.items() for coupling in couplings]
EDGES = [(0.005, "lower"), (0.010, "lower"), (0.010, "upper"), (0.020, "lower")]
EDGES += [(0.020, "upper"), (0.025, "lower"), (0.025, "upper")]
PRESETS = {"best": True, "published": False}
# what the quadrature knows; the best preset has more mesons, a cascade and the electron pair too
PION_AND_ETA = {
    "source.mesons": ["pi0", "eta"],
    "signal.final_states": ["a gamma"],
    "flux.cascade": "none",
}
each_preset = pytest.mark.parametrize("preset", PRESETS)


def charm(preset="best", **overrides):
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    return darkmc.Experiment("charm-finegrained", preset=preset, overrides=PION_AND_ETA | dotted)


@lru_cache
def experiment(preset="best"):
    return charm(preset)


@lru_cache(maxsize=16)
def sample(mass, preset="best"):
    return experiment(preset).simulate(darkmc.DarkAxionPortal(mass), n_samples=150_000, seed=7)


@pytest.mark.slow
def test_the_quadrature_reproduces_its_recorded_numbers():
    """Numbers of an explicit four-vector Monte Carlo, 6e7 decays, errors 0.05 to 0.2%."""
    assert reference.events("pi0", 0.03, 6e-5, False) == pytest.approx(23.2003 * (1 - 0.0004), rel=2e-3)
    assert reference.total_events(0.01, 3.597e-3) == pytest.approx(99.0 * (1 - 0.0003), rel=4e-3)
    assert reference.total_events(0.005, 3e-3, False) == pytest.approx(151464 * (1 - 0.0002), rel=2e-3)


@pytest.mark.slow
@each_preset
@pytest.mark.parametrize(("mass", "coupling"), POINTS)
@pytest.mark.parametrize("meson", ["pi0", "eta"])
def test_yield_of_each_meson(mass, coupling, meson, preset):
    made = experiment(preset).simulate(darkmc.DarkAxionPortal(mass), n_samples=300_000, at=coupling, seed=7)
    value, error = made.channels(coupling)[meson]
    expected = reference.events(meson, mass, coupling, PRESETS[preset])
    assert abs(value - expected) < 4 * error + 3e-4 * expected
    assert value == pytest.approx(expected, rel=0.015)


def expected_edge(mass, side, preset, target=99.0):
    def excess(log_g):
        return np.log(reference.total_events(mass, np.exp(log_g), PRESETS[preset]) / target)

    below, above = COUPLINGS[mass][0], COUPLINGS[mass][-1]
    inside = COUPLINGS[mass][2]
    ends = np.log((below, inside) if side == "lower" else (inside, 1.3 * above))
    return np.exp(brentq(excess, *ends, xtol=1e-6))


@each_preset
@pytest.mark.parametrize(("mass", "side"), [*EDGES, (0.005, "upper")])
def test_edges_of_the_exclusion(mass, side, preset):
    exclusion = experiment(preset).limit(sample(mass, preset))
    edge, error = getattr(exclusion, side), getattr(exclusion, f"{side}_error")
    expected = expected_edge(mass, side, preset)
    assert len(exclusion.intervals) == 1
    assert 0 < error < 0.01 * edge
    assert abs(edge - expected) < 4 * error + 1e-4 * expected
    assert edge == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("preset", "peak"), [("best", 81.04), ("published", 84.57)])
def test_thirty_mev_has_no_crossing(preset, peak):
    found = minimize_scalar(
        lambda g: -sample(0.03, preset).expected_events(g).value, bounds=(5e-5, 3e-4), method="bounded"
    )
    value, error = sample(0.03, preset).expected_events(found.x)
    assert abs(value - peak) < 4 * error + 0.01
    exclusion = experiment(preset).limit(sample(0.03, preset))
    assert exclusion.intervals == ()
    assert np.isnan([exclusion.lower, exclusion.upper]).all()
    assert "no crossing" in exclusion.reason


@pytest.mark.parametrize("mass", [0.005, 0.03, 0.12, 0.4, 0.52])
@pytest.mark.parametrize("biasing", ["turned", "none"])
def test_the_forward_shower_cut_removes_nothing_it_cannot_reach(mass, biasing):
    """E theta <= E_max x 1.8 mrad x sqrt2 + m'/2 < sqrt(0.54) for every m' below 1.1 GeV."""
    made = charm(simulation__biasing=biasing).simulate(darkmc.DarkAxionPortal(mass), n_samples=40_000, seed=2)
    flow = made.cutflow(1e-5)
    assert flow["forward_shower"] == flow["energy"]
    assert any(np.any(channel.rows.stage == 2) for channel in made.channel_rows)
    assert not any(np.any(channel.rows.stage == 1) for channel in made.channel_rows)


@each_preset
@pytest.mark.parametrize("mass", COUPLINGS)
def test_cutflow_falls_and_ends_at_the_yield(mass, preset):
    for coupling in COUPLINGS[mass]:
        flow = sample(mass, preset).cutflow(coupling)
        values = [part.value for part in flow.values()]
        assert list(flow) == ["produced_towards_detector", "decays_inside", "energy", "forward_shower"]
        assert values == sorted(values, reverse=True)
        assert values[-1] == sample(mass, preset).expected_events(coupling).value


def test_an_efficiency_is_the_last_entry_of_the_cutflow():
    made = charm(signal__efficiency=0.25).simulate(darkmc.DarkAxionPortal(0.01), n_samples=20_000, seed=2)
    full = experiment().simulate(darkmc.DarkAxionPortal(0.01), n_samples=20_000, seed=2)
    flow = made.cutflow(1e-3)
    assert list(flow)[-1] == "efficiency"
    assert flow["efficiency"] == made.expected_events(1e-3)
    assert flow["efficiency"].value == pytest.approx(0.25 * full.expected_events(1e-3).value, rel=1e-9)


@pytest.mark.parametrize("mass", COUPLINGS)
def test_channels_add_up(mass):
    for coupling in COUPLINGS[mass]:
        parts = sample(mass).channels(coupling)
        total = sample(mass).expected_events(coupling)
        assert set(parts) == {"pi0", "eta"}
        assert sum(part.value for part in parts.values()) == pytest.approx(total.value, rel=1e-14)
        assert np.hypot(parts["pi0"].error, parts["eta"].error) == pytest.approx(total.error, rel=1e-14)


@pytest.mark.parametrize(
    ("key", "value", "factor"),
    [("beam.pot", 7.1e17, 0.1), ("signal.branching_factor", 3.0, 3.0), ("flux.target_interaction", 0.5, 0.5)],
)
def test_yields_scale_with_constants_of_the_cards(key, value, factor):
    changed = charm(**{key.replace(".", "__"): value})
    made = [
        e.simulate(darkmc.DarkAxionPortal(0.01), n_samples=20_000, at=1e-3, seed=3)
        for e in (changed, experiment())
    ]
    ratio = made[0].expected_events(1e-3).value / made[1].expected_events(1e-3).value
    assert ratio == pytest.approx(factor, rel=1e-9)


def test_the_eta_ratio_of_the_flux_card_scales_the_eta_only():
    changed = charm(flux__ratios__eta=0.039)
    made = [
        e.simulate(darkmc.DarkAxionPortal(0.01), n_samples=20_000, at=1e-3, seed=3).channels(1e-3)
        for e in (changed, experiment())
    ]
    assert made[0]["pi0"].value == pytest.approx(made[1]["pi0"].value, rel=1e-12)
    assert made[0]["eta"].value == pytest.approx(0.5 * made[1]["eta"].value, rel=1e-9)


def test_closed_masses_name_the_threshold():
    portal = darkmc.DarkAxionPortal(0.6)
    made = experiment().simulate(portal, precision=0.1)
    exclusion = experiment().limit(made)
    assert made.n_samples == 0
    assert exclusion.intervals == ()
    assert "0.547" in exclusion.reason
    with pytest.raises(darkmc.PhysicsError, match=r"0\.547"):
        experiment().generate(portal, 1e-3, 10)


def biased_meson_density(p, theta, unbiased=reference.meson_density):
    """Return the quadrature's pi0 over the largest angle up to pi/2 at their momentum."""
    cosine = (reference.GAMMA * np.hypot(p, reference.M_PIC) - reference.E_STAR) / (reference.GAMMA_BETA * p)
    widest = np.arccos(np.clip(cosine, 0.0, 1.0))
    ahead = (theta < np.pi / 2) & (widest > 0.0)
    return np.where(ahead, unbiased(p, theta), 0.0) / np.maximum(widest, 1e-6)


def biased_pions():
    """Return the integral of the biased density over momentum and angle, by Simpson's rule."""
    y, z = np.linspace(np.log(1e-3), np.log(reference.P_TOP), 801), np.linspace(-12.0, np.log(np.pi / 2), 801)
    p, theta = np.exp(y)[:, None], np.exp(z)
    values = biased_meson_density(p, theta) * 2 * np.pi * np.sin(theta) * theta * p
    return simpson(simpson(values, x=z), x=y)


OWN_A_DEPENDENCE = {"flux.x_F_without_2": False, "flux.parameters.reference_mass_number": 9.0}


def test_the_yield_of_the_biased_flux(monkeypatch):
    """2.4 pi0 per proton over the widest angle, against the quadrature with the same density."""
    mass, scale = 0.025, 2.4 / biased_pions()
    monkeypatch.setattr(reference, "meson_density", biased_meson_density)
    monkeypatch.setattr(reference, "_prepared", lru_cache(reference._prepared.__wrapped__))
    charm = darkmc.Experiment("charm-finegrained", "as-bdnmc", OWN_A_DEPENDENCE)
    found = charm.simulate(darkmc.DarkAxionPortal(mass), n_samples=100_000, seed=5)
    for coupling in (7e-5, 3e-4):
        value, error = found.expected_events(coupling)
        expected = scale * reference.total_events(mass, coupling, False)
        assert abs(value - expected) < 4 * error + 1e-3 * expected
        assert value == pytest.approx(expected, rel=0.02)
