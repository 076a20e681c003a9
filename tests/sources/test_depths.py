"""Mesons made in the depth of a target."""

import numpy as np
import pytest
from table_cards import rows, table_card

import darkmc
from darkmc.core.inverse_tables import gauss_legendre
from darkmc.sources.depths import Binned, Exponential

PORTAL = darkmc.DarkAxionPortal(0.03)
NEAR = {"geometry.centre_m": [0.5, 0.0, 12.0], "geometry.size_m": [1.0, 1.0, 4.0]}


def test_depths_follow_their_density():
    """Mean and integral against a quadrature."""
    made = Exponential(0.15, 0.4)
    x, weight = gauss_legendre(0.0, 0.4, 40)
    assert np.sum(weight * made.density(x)) == pytest.approx(1.0, rel=1e-12)
    drawn = made.sample(np.random.default_rng(1).random(100_000))
    assert np.max(drawn) <= 0.4
    assert np.mean(drawn) == pytest.approx(np.sum(weight * x * made.density(x)), rel=0.01)


def test_binned_depths_are_those_of_their_cell():
    made = Binned(np.array([0.0, 1.0, 3.0]), np.array([[1.0, 0.0], [1.0, 3.0], [0.0, 0.0]]))
    u = np.random.default_rng(1).random(60_000)
    for cell, below, mean in ((0, 1.0, 0.5), (1, 0.25, 1.625), (2, 1.0 / 3.0, 1.5)):
        z = made.sample(np.full(len(u), cell), u)
        assert np.mean(z < 1.0) == pytest.approx(below, abs=0.01)
        assert np.mean(z) == pytest.approx(mean, abs=0.02)


def near(biasing, n, **more):
    changes = {"source.mesons": ["pi0"], "simulation.biasing": biasing, **NEAR, **more}
    experiment = darkmc.Experiment("charm-decay", overrides=changes)
    return experiment.simulate(PORTAL, n_samples=n, seed=4).estimate(1e-4)


def test_a_near_detector_sees_every_depth():
    """N against the mean of N over places of the beam's origin, weighted by the depths; also analogue."""
    z, weight = gauss_legendre(0.0, 6.0, 6)
    depths = weight * Exponential(3.0, 6.0).density(z)
    origins = [near("turned", 40_000, **{"beam.origin_m": [0.0, 0.0, float(at)]}) for at in z]
    expected = sum(share * one.value for share, one in zip(depths, origins, strict=True))
    error = np.sqrt(sum((share * one.draw_error) ** 2 for share, one in zip(depths, origins, strict=True)))
    deep = {"flux.interaction_length_m": 3.0, "flux.target.length_m": 6.0}
    plain = near("turned", 200_000)
    for found in (near("turned", 100_000, **deep), near("none", 400_000, **deep)):
        assert abs(found.value - expected) < 4.0 * np.hypot(found.draw_error, error)
    assert expected > plain.value + 3.0 * np.hypot(error, plain.draw_error)  # and depth matters there


def test_events_start_in_the_target():
    """A mean depth of one length, and the time at which the beam is there."""
    changes = {"flux.interaction_length_m": 0.2, **NEAR}
    experiment = darkmc.Experiment("charm-decay", overrides=changes)
    events = next(iter(experiment.generate(PORTAL, 1e-4, 3000, seed=1)))
    z, t = (np.asarray(events.production[name]) for name in "zt")
    weight = np.asarray(events.weight)
    assert np.average(z, weights=weight) == pytest.approx(0.2, rel=0.15)
    np.testing.assert_allclose(t, z / 0.299792458, rtol=1e-12)
    assert np.all(np.asarray(events.decay.z) > z)


def test_tables_know_depths(tmp_path):
    """Three variables: contents are summed over depth, and mesons start where their bins say."""
    theta, p, depth = np.linspace(-4.0, -1.0, 13), np.linspace(0.5, 2.0, 7), np.array([0.0, 1.0, 2.0])
    contents = np.zeros((12, 6, 2))
    contents[:, :3, 0], contents[:, 3:, 1] = 1.0, 2.0
    rows(tmp_path / "pi0.txt", (theta, p, depth), contents)
    card = table_card(tmp_path, {"pi0": "pi0.txt"}, ("log10_theta_rad", "log10_p_GeV", "depth_m"))
    source = darkmc.MesonSource(card)
    assert source.shape("pi0").contents.sum() == pytest.approx(contents.sum())
    momentum = np.zeros((3, 4))
    momentum[0], momentum[2] = 0.01, [5.0, 10.0, 50.0, 80.0]
    found = source.densities.depths("pi0", momentum, np.full(4, 0.5))
    np.testing.assert_allclose(found, [0.5, 0.5, 1.5, 1.5])


def test_a_detector_in_the_target_is_refused():
    with pytest.raises(darkmc.CardError, match="within the depths"):
        darkmc.Experiment(
            "charm-decay", overrides={**NEAR, "flux.interaction_length_m": 20.0, "flux.target.length_m": 30.0}
        )
