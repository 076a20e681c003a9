"""Every format holds what was generated: the same columns and metadata, and weights that close."""

import gc
import json
import subprocess
import sys
import tracemalloc

import awkward as ak
import numpy as np
import pytest
from made_events import POINTS, Made, made_once

import darkmc
from darkmc.cli import main
from darkmc.core.event_columns import flat
from darkmc.output.events import FORMATS, endings

EXACT = {"root", "parquet", "npz"}  # text has millimetres: a digit in the last place


@pytest.fixture(scope="module", params=POINTS)
def made(request):
    return made_once(request.param, 300)


@pytest.fixture(scope="module")
def charm():
    return made_once("charm", 300)


@pytest.fixture(scope="module", params=FORMATS)
def kind(request):
    return request.param


def ending(kind):
    known = {writer.name: suffix for suffix, writer in reversed(endings().items())}
    return known[kind.partition(":")[0]]


def written(folder, events, kind):
    path = folder / f"events{ending(kind)}"
    darkmc.write_events(path, events, None if kind in ("root", "npz") else kind)
    return path


def test_what_comes_back_is_what_was_generated(tmp_path, made, kind):
    path = written(tmp_path, made, kind)
    read = darkmc.read_events(path)
    assert read.metadata == json.loads(json.dumps(made.metadata))
    wanted, found = made.columns, flat(read.array)
    assert list(found) == list(wanted)
    for name, column in wanted.items():
        assert found[name].dtype == column.dtype
        same = (found[name] == column) | (np.isnan(found[name]) & np.isnan(column))
        if kind.partition(":")[0] not in EXACT and name.rpartition("_")[2] in "xyzt":
            same |= np.abs(found[name] - column) <= 4e-16 * np.abs(column)
        assert same.all(), name
    assert np.sum(read["weight"]) == pytest.approx(read.metadata["sum_of_weights"], rel=1e-12)
    assert read.metadata["sum_of_weights"] == made.sum_of_weights
    assert repr(read).startswith(f"events of {path}: n_events {len(read['weight'])}, sum_of_weights ")


def test_read_chunks_are_those_of_generate(tmp_path, charm, kind):
    read = darkmc.read_events(written(tmp_path, charm, kind))
    assert len(read) == len(read.array) == 300
    first, again = (ak.concatenate(list(iter(read))) for _ in range(2))
    assert ak.array_equal(first, again, equal_nan=True, check_parameters=True)
    assert first.type.content.fields == charm.chunks[0].type.content.fields
    for name in ("meson", "photon", "decay"):
        kind = "Vertex" if name == "decay" else "Momentum4D"
        assert first[name].layout.purelist_parameter("__record__") == kind


@pytest.mark.parametrize("suffix", endings())
def test_files_are_named_by_their_endings_and_converted(tmp_path, charm, suffix, capsys):
    darkmc.write_events(tmp_path / "a.npz", charm)
    path = tmp_path / f"b{suffix}"
    assert main(["convert", str(tmp_path / "a.npz"), str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: the events of {tmp_path / 'a.npz'}\n"
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == suffix.endswith(".gz")
    assert main(["convert", str(path), str(tmp_path / "a.npz")]) == 2
    assert "exists (use --force to replace it)" in capsys.readouterr().err
    assert main(["convert", str(path), str(path), "--force"]) == 2
    assert "is read by this command" in capsys.readouterr().err
    assert main(["convert", str(path), str(tmp_path / "a.npz"), "--force"]) == 0
    assert np.array_equal(darkmc.read_events(tmp_path / "a.npz")["weight"], charm.columns["weight"])


def test_the_same_events_are_the_same_bytes(tmp_path, charm):
    for suffix in (".hepevt.gz", ".npz"):
        texts = []
        for name in ("a", "b"):
            darkmc.write_events(tmp_path / f"{name}{suffix}", charm)
            texts.append((tmp_path / f"{name}{suffix}").read_bytes())
        if suffix != ".npz":  # zip holds the time
            assert texts[0] == texts[1]


def generated(arguments, **options):
    point = [
        "--m-dark-photon",
        "10MeV",
        "--coupling",
        "1e-3",
        "--set",
        'source.mesons=["pi0"]',
        "--events",
        "20",
    ]
    command = [sys.executable, "-m", "darkmc", "generate", "charm-finegrained", *point, *arguments]
    return subprocess.run(command, capture_output=True, **options)


def test_a_format_by_name_goes_into_a_pipe(tmp_path):
    done = generated(["--format", "hepevt", "-o", "/dev/stdout"])
    assert done.returncode == 0, done.stderr
    (tmp_path / "a.hepevt").write_bytes(done.stdout)
    assert len(darkmc.read_events(tmp_path / "a.hepevt")) == 20
    done = generated(["--format", "hepevtt", "-o", str(tmp_path / "b.root")], text=True)
    assert (done.returncode, done.stderr) == (2, "darkmc: no format 'hepevtt' (nearest: 'hepevt')\n")


def test_an_interruption_leaves_nothing(tmp_path, charm, kind):
    class Stopped(Made):
        def __init__(self):
            self.metadata = charm.metadata

        def __iter__(self):
            for _ in range(56):
                yield charm.chunks[0]
            raise KeyboardInterrupt("now")

    with pytest.raises(KeyboardInterrupt, match="now"):
        written(tmp_path, Stopped(), kind)
    assert list(tmp_path.iterdir()) == []


class Repeated:
    """Many events in chunks of 4096, of the same few."""

    def __init__(self, charm, chunks):
        self.metadata, self.chunks = charm.metadata, chunks
        self.chunk = ak.concatenate(charm.chunks * 14)[:4096]

    def __iter__(self):
        return (self.chunk for _ in range(self.chunks))


def peak(folder, kind, events):
    gc.collect()
    tracemalloc.start()
    try:
        written(folder, events, kind)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path, charm, kind):
    peak(tmp_path, kind, Repeated(charm, 5))  # what is imported
    short, long = (peak(tmp_path, kind, Repeated(charm, n)) for n in (9, 27))
    assert long < 1.3 * short


def test_damaged_files_are_refused_in_one_line(tmp_path, charm, kind):
    path = written(tmp_path, charm, kind)
    whole = path.read_bytes()
    for keep in (0, 10, len(whole) // 2, len(whole) - 200):
        path.write_bytes(whole[:keep])
        if kind in ("root", "root:fairship") and keep == len(whole) - 200:  # its end is not needed
            found = flat(darkmc.read_events(path).array)
            for name, column in charm.columns.items():
                assert np.array_equal(found[name], column, equal_nan=True)
            continue
        with pytest.raises(darkmc.PhysicsError, match=rf"^{path}: ") as caught:
            len(darkmc.read_events(path))
        assert "\n" not in str(caught.value)
    path.write_bytes(bytes(len(whole)))
    with pytest.raises(darkmc.PhysicsError):
        len(darkmc.read_events(path))


def test_parquet_gives_what_generate_yields(tmp_path, charm):
    import pyarrow.parquet

    darkmc.write_events(tmp_path / "a.parquet", charm)
    read = ak.from_parquet(tmp_path / "a.parquet")
    assert ak.array_equal(read, ak.concatenate(charm.chunks), equal_nan=True, check_parameters=True)
    schema = pyarrow.parquet.read_schema(tmp_path / "a.parquet")
    assert json.loads(schema.metadata[b"darkmc"])["coupling"] == 6e-5
    darkmc.write_events(tmp_path / "b.parquet", Repeated(charm, 6))
    assert pyarrow.parquet.ParquetFile(tmp_path / "b.parquet").num_row_groups == 2


def test_numpy_reads_columns_by_name(tmp_path, charm):
    darkmc.write_events(tmp_path / "a.npz", charm)
    with np.load(tmp_path / "a.npz") as file:
        assert set(file) == {*charm.columns, "metadata"}
        assert np.array_equal(file["photon_E"], charm.columns["photon_E"], equal_nan=True)
        assert json.loads(str(file["metadata"])) == charm.metadata


def test_plain_arrays_have_no_particles_that_could_be_joined(tmp_path, charm):
    for kind in ("root", "parquet", "npz"):
        assert darkmc.read_events(written(tmp_path, charm.chunks, kind)).metadata == {}
    with pytest.raises(darkmc.PhysicsError, match=r"need the metadata of Experiment\.generate"):
        written(tmp_path, charm.chunks, "hepevt")


def test_hepevt_is_read_by_hepmc(tmp_path, made):
    """Ids, masses, momentum at every vertex, and the vertices' places and times."""
    import pyhepmc

    path = written(tmp_path, made, "hepevt")
    with pyhepmc.io.ReaderHEPEVT(str(path)) as file:
        events = list(file)
    columns = made.columns
    assert [event.event_number for event in events] == list(range(300))
    for k, event in enumerate(events):
        for name, pdg in (("photon", 22), ("decay_axion", 9900036), ("outgoing", 9900022)):
            if name in ("outgoing",) and columns.get("channel")[k] % 10 == 1:
                pdg = 9900036
            if name + "_E" in columns and np.isfinite(columns[f"{name}_E"][k]):
                wanted = [columns[f"{name}_{part}"][k] for part in ("px", "py", "pz", "E")]
                assert any(
                    particle.pid == pdg and np.allclose(particle.momentum, wanted, rtol=1e-12, atol=0)
                    for particle in event.particles
                )
        assert any(vertex.position.z == pytest.approx(1e3 * z_last(columns, k)) for vertex in event.vertices)


def z_last(columns, k):
    return next(
        columns[f"{name}_z"][k]
        for name in ("decay", "scatter")
        if np.isfinite(columns.get(f"{name}_z", [np.nan] * 300)[k])
    )
