"""Stored rows at other couplings and lifetimes: the yields of samples that were made there.

Sums of weights have errors of their own; |pull| < 4.5 each, nine of them: fresh seeds fail once in 10 000.
"""

import awkward as ak
import numpy as np
import pytest

import darkmc

POINTS = {
    "charm": ("charm-finegrained", 0.03, 6e-5, {"source.mesons": ["pi0", "eta"]}),
    "lsnd": ("lsnd", 0.01, 1e-3, {"simulation.signal": "all"}),
    "babar": ("babar-lowcut", 0.05, 3e-2, {}),
}


@pytest.fixture(scope="module", params=POINTS)
def made(request):
    name, mass, coupling, overrides = POINTS[request.param]
    experiment, portal = darkmc.Experiment(name, overrides=overrides), darkmc.DarkAxionPortal(mass)
    stream = experiment.generate(portal, coupling, 6000, seed=3)
    return experiment, portal, coupling, stream


def test_yields_are_those_of_samples_made_there(made):
    experiment, portal, coupling, stream = made
    sample = experiment.simulate(portal, n_samples=25_000, at=[0.7 * coupling, coupling], seed=4)
    for g, ctau in (
        (coupling, None),
        (0.7 * coupling, None),
        (coupling, 3 * portal.dark_photon_ctau(coupling)),
    ):
        weights = darkmc.reweight(stream, g, ctau)
        value, error = sample.expected_events(g, ctau=ctau)
        assert error < 0.1 * value
        spread = np.hypot(error, np.sqrt(np.sum(weights**2)))
        assert abs(np.sum(weights) - value) < 4.5 * spread
    assert darkmc.reweight(stream, coupling) == pytest.approx(
        np.concatenate([chunk["weight"] for chunk in stream]), rel=1e-12
    )


def test_the_formula_in_decay_lengths_gives_the_same(made):
    """README: the other form of the row, of lengths over c tau at G = 1."""
    _, _, coupling, stream = made
    events = ak.concatenate(list(stream))
    for g in (0.3 * coupling, 2 * coupling):
        row = {name: np.asarray(events[f"row_{name}"]) for name in ("weight", "power", "absorb")}
        lengths = [np.asarray(events[f"row_tau_{name}"]) for name in ("survive", "window", "second")]
        wanted = row["weight"] * g ** row["power"] * np.exp(-(lengths[0] + row["absorb"]) * g**2)
        wanted *= np.expm1(-lengths[1] * g**2) * np.expm1(-lengths[2] * g**2)
        assert darkmc.reweight(stream, g) == pytest.approx(wanted, rel=1e-10)


def test_arrays_of_points_and_parts_of_events(made, tmp_path):
    _, _, coupling, stream = made
    darkmc.write_events(tmp_path / "a.npz", stream)
    events = darkmc.read_events(tmp_path / "a.npz")
    grid = coupling * np.array([0.5, 1.0, 2.0])
    weights = darkmc.reweight(events, grid)
    assert weights.shape == (3, 6000)
    assert np.array_equal(weights[2], darkmc.reweight(events, grid[2]))
    assert darkmc.reweight(events, grid[:, None], [1.0, 10.0]).shape == (3, 2, 6000)
    some = events[events["weight"] > np.median(events["weight"])]
    chosen = np.asarray(events["weight"] > np.median(events["weight"]))
    assert np.array_equal(darkmc.reweight(some, grid), weights[:, chosen])


def test_what_cannot_be_reweighted(made):
    _, _, coupling, stream = made
    chunk = next(iter(stream))
    for events, error in (
        (chunk, "takes events with metadata"),
        ([1, 2], "takes events with metadata"),
        (ak.with_field(chunk, 1, "weight"), "takes events with metadata"),
        (ak.Array(chunk[["weight", "channel"]], attrs={"metadata": {}}), "the events have no 'row_absorb'"),
        (ak.Array(chunk, attrs={"metadata": {}}), "the metadata lack"),
    ):
        with pytest.raises(darkmc.PhysicsError, match=error):
            darkmc.reweight(events, coupling)
    for arguments in ((-1.0,), (coupling, 0.0), ("x",), ([1.0, 2.0], [1.0, 2.0, 3.0])):
        with pytest.raises(darkmc.PhysicsError):
            darkmc.reweight(stream, *arguments)
