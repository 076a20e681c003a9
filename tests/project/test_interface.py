"""Corners of the Python interface that users and programs meet: iterators, arrays, bad numbers, remarks."""

import itertools
import json
from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
import uproot

import darkmc
from darkmc.cli import main
from darkmc.core.errors import CardError, PhysicsError, PrecisionWarning, ValidityWarning

PORTAL = darkmc.DarkAxionPortal(0.01)
EDGES = np.linspace(7.5, 50.0, 9)


@pytest.fixture(scope="module")
def charm():
    return darkmc.Experiment("charm-finegrained")


@pytest.fixture(scope="module")
def sample(charm):
    return charm.simulate(PORTAL, n_samples=12 * 2048)


def test_events_are_an_iterator(charm):
    stream = charm.generate(PORTAL, 1e-3, 300)
    first = next(stream)
    assert len(first) + sum(len(chunk) for chunk in stream_rest(stream)) == 300
    assert sum(len(chunk) for chunk in stream) == 300


def stream_rest(stream):
    while True:
        try:
            yield next(stream)
        except StopIteration:
            return


@pytest.mark.parametrize("wrap", [list, iter, lambda s: itertools.islice(s, 1), lambda s: next(iter(s))])
def test_write_root_takes_any_events(charm, tmp_path, wrap):
    stream = charm.generate(PORTAL, 1e-3, 50)
    darkmc.write_root(tmp_path / "a.root", wrap(stream))
    with uproot.open(tmp_path / "a.root") as file:
        assert file["events"].num_entries == 50


def test_write_root_of_nothing_leaves_nothing(tmp_path):
    with pytest.raises(PhysicsError, match="no event"):
        darkmc.write_root(tmp_path / "a.root", [])
    assert list(tmp_path.iterdir()) == []


def test_histograms_of_several_final_states(sample):
    """Photons and pairs fill the histograms that they can; together they are all showers."""
    parts = [sample.histogram(name, EDGES, 1e-3).value.sum() for name in ("E_photon", "E_pair", "E_shower")]
    assert parts[0] + parts[1] == pytest.approx(parts[2], rel=1e-12)
    assert parts[2] == pytest.approx(sample.expected_events(1e-3).value, rel=1e-12)


def test_arrays_of_couplings_everywhere(sample):
    grid = np.array([[1e-4, 1e-3, 2e-3], [3e-3, 1e-2, 0.0]])
    flow, channels = sample.cutflow(grid), sample.channels(grid)
    total = sample.expected_events(grid)
    assert flow["forward_shower"].value.shape == (2, 3)
    np.testing.assert_array_equal(flow["forward_shower"].value, total.value)
    np.testing.assert_allclose(sum(part.value for part in channels.values()), total.value, rtol=1e-12)


@pytest.mark.parametrize("coupling", [-1.0, float("nan"), float("inf"), 1e300, "x"])
@pytest.mark.parametrize(
    "name", ["expected_events", "cutflow", "channels", "efficiency", "largest_row", "slope"]
)
def test_senseless_couplings(sample, name, coupling):
    with pytest.raises(PhysicsError):
        getattr(sample, name)(coupling)


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": -1},
        {"seed": 1.5},
        {"precision": "x"},
        {"n_samples": 1.5},
        {"n_samples": 0},
        {"at": [-1.0]},
        {"max_samples": 0},
    ],
)
def test_senseless_arguments(charm, arguments):
    with pytest.raises(PhysicsError):
        charm.simulate(PORTAL, **arguments)


@pytest.mark.parametrize("mass", ["x", None, [1.0, 2.0]])
def test_senseless_masses(mass):
    with pytest.raises(PhysicsError):
        darkmc.DarkAxionPortal(mass)


def test_too_few_primaries_have_no_finite_error(charm):
    few = charm.simulate(PORTAL, n_samples=13)
    assert few.expected_events(1e-3).error == np.inf
    assert few.n_samples == 13


def test_max_samples_holds(charm):
    with pytest.warns(PrecisionWarning, match="1000 primaries"):
        capped = charm.simulate(PORTAL, precision=0.001, max_samples=1000)
    assert capped.n_samples == 1000


def test_copies_of_a_card_select_the_same(tmp_path, sample):
    """Nothing hangs on the card's name."""
    text = darkmc.Experiment("charm-finegrained").loaded.text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('name = "charm-finegrained"', 'name = "mine"'))
    copy = darkmc.Experiment(str(path)).simulate(PORTAL, n_samples=12 * 2048)
    assert copy.expected_events(3e-3) == sample.expected_events(3e-3)


def test_a_table_must_serve_every_final_state():
    table = {"observable": "E_pair", "at": [1.0, 10.0], "values": [0.1, 0.8]}
    with pytest.raises(CardError, match="'photon' has no 'E_pair'"):
        darkmc.Experiment("nucal", overrides={"signal.efficiency": table})


def test_remarks_where_the_theory_or_the_cuts_fail(charm):
    light = charm.limit(charm.simulate(darkmc.DarkAxionPortal(1e-6), precision=0.1))
    assert "effective theory fails" in light.reason
    tight = charm.limit(charm.simulate(darkmc.DarkAxionPortal(0.01, 0.00999), n_samples=24_000))
    assert "the cuts leave nothing" in tight.reason


def test_metadata_names_every_particle():
    stream = darkmc.Experiment("charm-decay").generate(PORTAL, 5e-4, 20)
    ids = stream.metadata["pdg_ids"]
    assert (ids["electron"], ids["positron"], ids["muon_minus"], ids["meson eta'"]) == (11, -11, 13, 331)
    assert {"coupling", "m_dark_photon", "m_axion", "error", "sum_of_weights"} <= set(stream.metadata)
    assert ak.all(next(iter(stream)).weight > 0)


def test_unknown_errors_are_null_in_json(capsys):
    """One primary in most channels: no finite error, and still JSON."""
    point = ["--m-dark-photon", "10MeV", "--coupling", "1e-3", "--samples", "13"]
    assert main(["rate", "charm-finegrained", *point, "--json", "--cutflow"]) == 0

    def refuse(constant):
        raise ValueError(constant)

    row = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert row["error"] is None
    assert row["cutflow"]["energy"][1] is None
    assert row["n_samples"] == 13


def test_samples_belong_to_their_experiment_and_histograms_to_what_is_seen():
    lsnd = darkmc.Experiment("lsnd")
    sample = lsnd.simulate(darkmc.DarkAxionPortal(0.002), precision=0.05, at=1e-2)
    inside = sample.histogram("z_vertex", [25.0, 30.0, 34.5], 1e-2)
    total = sample.expected_events(1e-2)
    assert np.sum(inside.value) == pytest.approx(total.value, rel=1e-9)  # the tank's length in z
    with pytest.raises(PhysicsError, match="no event of this sample has 'E_star'"):
        sample.histogram("E_star", [0.0, 1.0], 1e-2)
    with pytest.raises(PhysicsError, match="one coupling"):
        sample.histogram("E_electron", [0.0, 1.0], [1e-2, 1e-3])
    with pytest.raises(PhysicsError, match="one of lsnd, not of miniboone-offtarget"):
        darkmc.Experiment("miniboone-offtarget").limit(sample)
    with pytest.raises(PhysicsError, match="does not say of which masses"):
        lsnd.limit(replace(sample, portal=None))


def test_conversions_need_different_masses():
    lsnd = darkmc.Experiment("lsnd", overrides={"simulation.signal": "conversion"})
    assert "decay closed" in lsnd.closed(darkmc.DarkAxionPortal(0.002, 0.002))
    assert darkmc.Experiment("lsnd").closed(darkmc.DarkAxionPortal(0.002, 0.002)) is None


def test_a_beam_that_makes_no_pions_is_bad_input():
    slow = {"beam.kinetic_energy_GeV": 0.2, "flux.beam.energy_GeV": 1.138272}
    with pytest.warns(ValidityWarning):
        lsnd = darkmc.Experiment("lsnd", overrides=slow)
    with pytest.raises(PhysicsError, match="no pi0 flies forward"):
        lsnd.simulate(darkmc.DarkAxionPortal(0.001), n_samples=100)
