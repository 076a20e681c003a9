"""Event files: the contract of their names, and conservation laws event by event.

Statistical tests: sums of weights ask for |pull| < 4 (chance 6e-5 each, seven of them), spectra and
depths for p > 1e-4; fresh seeds would fail the file once in about 1000 runs.
"""

import json
import subprocess
import sys
import tracemalloc
from functools import lru_cache

import awkward as ak
import independent_charm as reference
import numpy as np
import pytest
import uproot
from scipy.stats import chi2

import darkmc

SPIN = {"simulation.spin_correlations": True}  # on top of the preset with pi0, eta and a gamma only
LIGHT_METRES_PER_NS = 0.299792458
PHOTONIC = ("meson", "meson_photon", "axion", "dark_photon", "photon", "decay_axion")
MOMENTA = ("E", "px", "py", "pz")
ROW = tuple(
    f"row_{name}"
    for name in (
        *("weight", "power", "tau_survive", "tau_window", "tau_second", "absorb"),
        *("survive_m", "window_m", "second_m", "veto_m", "average_m"),
    )
)
ENDLESS = ("row_tau_window", "row_tau_second", "row_window_m", "row_second_m")
COUNT = 20_000
MESON_MASSES = {"pi0": 0.1349768, "eta": 0.547862}


@lru_cache
def charm(preset="published"):
    return darkmc.Experiment("charm-finegrained", preset, SPIN)


def stream(mass=0.01, coupling=1e-3, n=COUNT, m_axion=0.0, preset="published", **options):
    return charm(preset).generate(darkmc.DarkAxionPortal(mass, m_axion), coupling, n, seed=5, **options)


def read(path):
    with uproot.open(path) as file:
        return file["events"].arrays(library="np"), json.loads(file["metadata"])


@pytest.fixture(scope="module", params=[False, True], ids=["weighted", "unweighted"])
def written(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("events") / "charm.root"
    darkmc.write_root(path, stream(unweighted=request.param))
    return path


@pytest.fixture(scope="module")
def events(written):
    return read(written)[0]


@pytest.fixture(scope="module")
def metadata(written):
    return read(written)[1]


def four(columns, name):
    return np.stack([columns[f"{name}_{part}"] for part in MOMENTA])


def assert_on_shell(p, mass):
    assert np.all(np.abs(p[0] ** 2 - np.sum(p[1:] ** 2, axis=0) - mass**2) <= 1e-9 * p[0] ** 2)


def assert_sum(total, *parts):
    assert np.all(np.abs(total - sum(parts)) <= 1e-9 * total[0])


def test_a_fresh_process_reads_a_tree_of_flat_branches(written):
    """A TTree (no RNTuple), float64 momenta, int64 numbers, ZSTD; darkmc is not imported there."""
    script = """if True:
        import json, sys, uproot
        file = uproot.open(sys.argv[1])
        tree = file["events"]
        print(json.dumps({
            "classes": file.classnames(),
            "types": {name: str(branch.interpretation.numpy_dtype) for name, branch in tree.items()},
            "entries": tree.num_entries,
            "baskets": tree["weight"].num_baskets,
            "compression": str(file.file.compression),
            "metadata": sorted(json.loads(file["metadata"])),
        }))
    """
    done = subprocess.run([sys.executable, "-c", script, written], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["classes"] == {"events;1": "TTree", "metadata;1": "TObjString"}
    wanted = dict.fromkeys(ROW, "float64") | {
        "weight": "float64",
        "run": "int64",
        "event": "int64",
        "channel": "int32",
    }
    wanted |= {f"{name}_{part}": "float64" for name in PHOTONIC for part in MOMENTA}
    wanted |= {f"{name}_{part}": "float64" for name in ("production", "decay") for part in "xyzt"}
    assert found["types"] == wanted
    assert found["entries"] == COUNT
    assert found["baskets"] <= 2  # at least 16k rows each but the last
    assert "ZSTD(1)" in found["compression"]


def test_metadata_says_how_it_was_made(metadata):
    assert {"version", "command", "seed", "cards", "preset", "exposure", "channels", "pdg_ids"} <= set(
        metadata
    )
    assert metadata["version"] == darkmc.__version__
    assert (metadata["seed"], metadata["preset"], metadata["exposure"]) == (5, "published", 7.1e18)
    assert (metadata["m_dark_photon"], metadata["m_axion"]) == (0.01, 0.0)
    assert metadata["coupling"] == 1e-3
    assert metadata["cards"]["experiment"]["simulation"]["spin_correlations"] is True
    assert metadata["cards"]["flux"]["name"] == "bmpt-cu-400"
    assert "expected" in metadata["weight_meaning"]
    assert set(metadata["channels"].values()) == {"pi0", "eta"}
    assert metadata["pdg_ids"]["photon"] == 22


def test_lengths_in_metres_give_the_weights_at_another_lifetime(events, metadata):
    """The formula of the docs with the constants of the metadata: an invisible width of 1e-14 GeV."""
    known, g, width = metadata["rows"], 1.3e-3, 1e-14
    portal = darkmc.DarkAxionPortal(0.01)
    assert known["ctau_m"] == pytest.approx(portal.dark_photon_ctau(), rel=1e-12)
    seen = g**2 / known["ctau_m"]
    rate = seen + width / 1.973269804e-16
    total = 0.0
    for number, channel in known["channels"].items():
        assert (channel["power"], channel["lifetimes"], channel["final_states"]) == (2.0, 0, ["a gamma"])
        mine = events["channel"] == int(number)
        survive, window = (events[f"row_{name}_m"][mine] for name in ("survive", "window"))
        old = np.exp(-events["row_tau_survive"][mine] * 1e-6) * -np.expm1(
            -events["row_tau_window"][mine] * 1e-6
        )
        new = np.exp(-survive * rate) * -np.expm1(-window * rate)
        scale = (g / 1e-3) ** 2 * seen / rate
        total += np.sum(events["weight"][mine] * scale * new / old)
    sample = charm().simulate(portal, n_samples=200_000, at=g, seed=9)
    value, error = sample.expected_events(g, invisible_width=width)
    assert value < 0.7 * sample.expected_events(g).value
    assert total == pytest.approx(value, rel=0.05)
    assert abs(total - value) < 5 * np.hypot(error, 2 * total / np.sqrt(COUNT))


def test_exactly_the_events_asked_for(events, metadata):
    assert np.array_equal(events["event"], np.arange(COUNT))
    assert np.all(events["run"] == events["run"][0])
    assert np.all(events["weight"] > 0)
    assert set(np.unique(events["channel"]).astype(str)) == set(metadata["channels"])
    assert metadata["n_events"] == COUNT
    assert metadata["efficiency"] == pytest.approx(COUNT / metadata["n_tried"], rel=1e-12)
    for name, values in events.items():
        assert np.all(np.isfinite(values)) or name in ENDLESS


def test_every_particle_is_on_shell(events, metadata):
    masses = dict.fromkeys(("meson_photon", "axion", "photon", "decay_axion"), 0.0) | {"dark_photon": 0.01}
    for name, mass in masses.items():
        assert_on_shell(four(events, name), mass)
    for number, meson in metadata["channels"].items():
        mine = events["channel"] == int(number)
        assert_on_shell(four(events, "meson")[:, mine], MESON_MASSES[meson])


def test_four_momentum_is_conserved_at_both_vertices(events):
    meson, radiated, axion, dark, photon, left = (four(events, name) for name in PHOTONIC)
    assert_sum(meson, radiated, axion, dark)
    assert_sum(dark, photon, left)


def assert_flight(columns, name):
    """Vertices inside the box, on the line along the momentum, at the time the speed says."""
    dark = four(columns, name)
    path = np.stack([columns[f"decay_{part}"] - columns[f"production_{part}"] for part in "xyz"])
    length, momentum = np.linalg.norm(path, axis=0), np.linalg.norm(dark[1:], axis=0)
    assert np.all(np.abs(path / length - dark[1:] / momentum) < 1e-9)
    late = columns["decay_t"] - columns["production_t"]
    assert late == pytest.approx(length * dark[0] / momentum / LIGHT_METRES_PER_NS, rel=1e-9)
    assert np.all(np.abs(columns["decay_x"]) <= 1.2 + 1e-9)
    assert np.all(np.abs(columns["decay_y"]) <= 1.2 + 1e-9)
    assert np.all(np.abs(columns["decay_z"] - 486.3) <= 5.6 + 1e-9)


def test_decays_lie_in_the_detector_on_the_dark_photons_path(events):
    for part in "xyzt":
        assert np.all(events[f"production_{part}"] == 0)
    assert_flight(events, "dark_photon")


def test_every_event_passes_the_cuts(events):
    photon = four(events, "photon")
    theta = np.arctan2(np.hypot(photon[1], photon[2]), photon[3])
    assert np.all((photon[0] > 7.5) & (photon[0] < 50.0))
    assert np.all((photon[0] * theta) ** 2 < 0.54)


def test_weights_sum_to_the_expected_events(events, metadata):
    total, error = metadata["sum_of_weights"], metadata["error"]
    assert np.sum(events["weight"]) == pytest.approx(total, rel=1e-10)
    expected = reference.total_events(0.01, 1e-3)
    assert 0 < error < 0.02 * expected
    assert abs(total - expected) < 4 * error
    for number, meson in metadata["channels"].items():
        mine = events["weight"][events["channel"] == int(number)]
        part = reference.events(meson, 0.01, 1e-3)
        assert abs(np.sum(mine) - part) < 4 * np.sqrt(np.sum(mine**2))


def row_yields(columns, coupling):
    """Return what each entry stands for at a coupling, by the formula of the universal row."""
    weight, power, survive, window, second, absorb = (columns[name] for name in ROW[:6])
    inside = np.expm1(-window * coupling**2) * np.expm1(-second * coupling**2)
    return weight * coupling**power * np.exp(-(survive + absorb) * coupling**2) * inside


def test_rows_in_the_file_serve_other_couplings(events, metadata):
    """At the file's own coupling they are the weights (unweighted: on average); elsewhere |pull| < 4."""
    if "equal" not in metadata["weight_meaning"]:
        assert row_yields(events, 1e-3) == pytest.approx(events["weight"], rel=1e-9)
    for coupling in (1e-4, 6e-4, 1e-3, 2e-3):
        parts = row_yields(events, coupling)
        expected = reference.total_events(0.01, coupling)
        assert abs(np.sum(parts) - expected) < 4 * np.sqrt(np.sum(parts**2))


def collected(**options):
    made = stream(**options)
    return made, ak.concatenate(list(made))


@pytest.mark.slow
def test_unweighted_spectra_are_the_weighted_ones():
    """Chi-square of two histograms with errors, energy and depth: p > 1e-4 each."""
    plain, weighted = collected(unweighted=True)[1], collected(n=60_000)[1]
    for name, part, low, high in (("photon", "E", 7.5, 50), ("decay", "z", 480.7, 491.9)):
        edges = np.linspace(low, high, 18)
        sums, squares = np.zeros((2, 17)), np.zeros((2, 17))
        for k, chunk in enumerate((plain, weighted)):
            values, weight = ak.to_numpy(chunk[name][part]), ak.to_numpy(chunk["weight"])
            sums[k] = np.histogram(values, edges, weights=weight)[0]
            squares[k] = np.histogram(values, edges, weights=weight**2)[0]
        assert chi2.sf(np.sum((sums[0] - sums[1]) ** 2 / squares.sum(axis=0)), 17) > 1e-4


@pytest.mark.parametrize(("start", "coupling"), [(0.0, 1e-3), (400.0, 3e-3)])
def test_depths_are_exponential(start, coupling):
    """The integral of the decay law along each path through the far face is uniform: chi2, p > 1e-4.

    The decay lengths are 300 m on average, then, from a target that is nearer, 35 m.
    """
    made = darkmc.Experiment("charm-finegrained", "published", SPIN | {"beam.origin_m": [0.0, 0.0, start]})
    chunk = ak.concatenate(list(made.generate(darkmc.DarkAxionPortal(0.01), coupling, 20_000, seed=8)))
    momentum = np.stack([ak.to_numpy(chunk["dark_photon"][part]) for part in MOMENTA[1:]])
    width = reference.width_and_branching(0.01)[0] * coupling**2
    rate = width * 0.01 / reference.HBAR_C / momentum[2]  # per metre of z
    integral = np.expm1(-rate * (ak.to_numpy(chunk["decay"]["z"]) - 480.7)) / np.expm1(-rate * 11.2)
    far = np.hypot(momentum[0], momentum[1]) / momentum[2] < 1.2 / (491.9 - start)
    weight = ak.to_numpy(chunk["weight"])[far]
    assert len(weight) > 3000
    bins = np.histogram(integral[far], np.linspace(0, 1, 21), weights=weight)[0]
    spread = np.sum((bins - np.mean(bins)) ** 2) / (np.sum(weight**2) / 20)
    assert chi2.sf(spread, 19) > 1e-4


UNWEIGHTED = [
    (0.005, 0.0185),
    (0.02, 2.6e-4),
    *(
        pytest.param(*point, marks=pytest.mark.slow)
        for point in ((0.005, 3e-4), (0.01, 1.6e-4), (0.01, 3.6e-3), (0.03, 6e-5))
    ),
]


@pytest.mark.parametrize(("mass", "coupling"), UNWEIGHTED)
def test_unweighted_events_are_equal_but_few_above_the_bound(mass, coupling):
    made, chunk = collected(mass=mass, coupling=coupling, n=6000, unweighted=True)
    weights = ak.to_numpy(chunk["weight"])
    assert made.n_above_bound == np.count_nonzero(weights > weights.min() * (1 + 1e-12))
    assert made.n_above_bound <= 12
    assert weights.max() < 4.0 * weights.min()
    assert 0.002 < made.efficiency < 1
    assert abs(made.sum_of_weights - reference.total_events(mass, coupling)) < 4 * made.error
    assert made.error == pytest.approx(made.sum_of_weights * np.sqrt((1 - made.efficiency) / 6000), rel=3e-3)


@pytest.mark.parametrize("n", [1, 4096, 4097, 9000])
def test_any_number_of_events_in_small_chunks(n):
    made = stream(n=n)
    chunks = list(made)
    assert sum(len(chunk) for chunk in chunks) == n
    assert max(len(chunk) for chunk in chunks) <= 4096
    numbers = np.concatenate([ak.to_numpy(chunk["event"]) for chunk in chunks])
    assert np.array_equal(numbers, np.arange(n))


def test_a_stream_starts_again_with_the_same_events():
    made = stream(n=500)
    first, second = (ak.concatenate(list(made)) for _ in range(2))
    assert ak.to_list(first) == ak.to_list(second)


def test_records_are_momenta_by_name():
    chunk = next(iter(stream(n=10)))
    for name in PHOTONIC:
        assert chunk[name].layout.purelist_parameter("__record__") == "Momentum4D"
        assert chunk[name].fields == list(MOMENTA)
    assert chunk["decay"].fields == chunk["production"].fields == list("xyzt")


def peak_memory(n):
    made = stream(n=n)
    tracemalloc.start()
    try:
        for _ in made:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_events():
    assert peak_memory(80_000) < 1.5 * peak_memory(16_000)


@pytest.mark.parametrize("existing", [None, b"old"])
def test_a_failed_write_leaves_what_was_there(existing, tmp_path):
    class Broken:
        metadata: dict[str, str] = {}  # noqa: RUF012

        def __iter__(self):
            yield next(iter(stream(n=100)))
            raise OSError("disk full")

    path = tmp_path / "events.root"
    if existing is not None:
        path.write_bytes(existing)
    with pytest.raises(OSError, match="disk full"):
        darkmc.write_root(path, Broken())
    assert [p.name for p in tmp_path.iterdir()] == ([] if existing is None else ["events.root"])
    assert existing is None or path.read_bytes() == existing


def test_a_heavy_axion_decays_instead(tmp_path):
    path = tmp_path / "heavy.root"
    darkmc.write_root(path, stream(mass=0.01, m_axion=0.02, coupling=1e-3, n=3000))
    columns, metadata = read(path)
    assert metadata["m_axion"] == 0.02
    names = ("meson", "meson_photon", "axion", "dark_photon", "photon", "decay_dark_photon")
    meson, radiated, axion, dark, photon, left = (four(columns, name) for name in names)
    assert_sum(meson, radiated, axion, dark)
    assert_sum(axion, photon, left)
    for p, mass in ((axion, 0.02), (dark, 0.01), (left, 0.01), (photon, 0.0), (radiated, 0.0)):
        assert_on_shell(p, mass)
    assert_flight(columns, "axion")


def test_all_channels_of_the_best_preset(tmp_path):
    """Whatever particles a channel has: there or not as a whole, and conserved in the first decay."""
    path = tmp_path / "best.root"
    darkmc.write_root(path, stream(preset="best", n=5000))
    columns, metadata = read(path)
    names = {name.removesuffix("_E") for name in columns if name.endswith("_E")}
    for number in metadata["channels"]:
        mine = columns["channel"] == int(number)
        momenta = {name: four(columns, name)[:, mine] for name in names}
        there = {name: p for name, p in momenta.items() if np.isfinite(p).any()}
        assert {"meson", "axion", "dark_photon"} <= set(there) or not mine.any()
        assert all(np.isfinite(p).all() for p in there.values())
        if mine.any():
            made = [there[name] for name in ("axion", "dark_photon", "meson_photon") if name in there]
            assert_sum(there["meson"], *made)
            seen = [there[n] for n in ("photon", "electron", "positron", "decay_axion") if n in there]
            assert_sum(there["dark_photon"], *seen)
