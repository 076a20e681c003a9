"""The formats that people have, each read to the same mesons, and what is said where one is not read."""

import bz2
import gzip
import lzma

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
from list_cards import experiment, rows_of, sphere, write_card

import darkmc
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.errors import CardError, ValidityWarning
from darkmc.core.particles import mass
from darkmc.sources.lists.cells import spread

RNG = np.random.default_rng(3)
MOMENTA = RNG.normal([0.0, 0.0, 40.0], [0.2, 0.2, 9.0], (24, 3))
ROWS = rows_of("pi0", MOMENTA)
PLAIN = "".join(" ".join(f"{x:.9e}" for x in row) + "\n" for row in ROWS)
WEIGHTS = np.linspace(0.5, 2.0, 24)


def read(folder, name, content=None, meson="pi0", **keys):
    """Return the entries of a list and the remarks on it."""
    if content is not None:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    source = darkmc.MesonSource(write_card(folder, {meson: name}, **keys))
    return source.lists[meson]


def with_names(names, columns, mark=","):
    lines = [mark.join(names), *(mark.join(f"{x:.9e}" for x in row) for row in np.transpose(columns))]
    return "\n".join(lines) + "\n"


PX, PY, PZ, E = ROWS.T
TEXTS = {
    "plain.txt": PLAIN,
    "windows.txt": PLAIN.replace("\n", "\r\n"),
    "fortran.dat": PLAIN.replace("e", "D"),
    "quadruple.dat": PLAIN.replace("e", "Q"),
    "latin.txt": "# \xe9nergies en GeV\n".encode("latin-1") + PLAIN.encode(),
    "bom.txt": b"\xef\xbb\xbf" + PLAIN.encode(),
    "capital.TXT": PLAIN,
    "packed.txt.gz": gzip.compress(PLAIN.encode()),
    "packed.txt.bz2": bz2.compress(PLAIN.encode()),
    "packed.txt.xz": lzma.compress(PLAIN.encode()),
    "packed-by-another-name.txt": gzip.compress(PLAIN.encode()),
    "names.csv": with_names(("E", "px", "py", "pz"), (E, PX, PY, PZ)),
    "quoted.csv": with_names(('"px"', '"py"', '"pz"', '"E"'), (PX, PY, PZ, E)),
    "pandas.csv": with_names(("", "event", "pz", "px", "E", "py"), (PX, np.arange(24), PZ, PX, E, PY)),
    "tabs.txt": with_names(("pz", "px", "py", "E"), (PZ, PX, PY, E), "\t"),
    "savetxt.txt": "# E px py pz\n" + "".join(f"{d:.9e} {a:.9e} {b:.9e} {c:.9e}\n" for a, b, c, d in ROWS),
}


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_holds_the_same_mesons(tmp_path, name):
    found = read(tmp_path, name, TEXTS[name])
    np.testing.assert_allclose(found.momentum, MOMENTA.T, rtol=1e-9)
    np.testing.assert_allclose(found.share, 1.0 / 24.0)


def test_exponents_without_letter_as_fortran_writes_small_numbers(tmp_path):
    found = read(tmp_path, "small.txt", f"1.5-101 0.0+000 5.0 {np.hypot(mass('pi0'), 5.0):.9f}\n")
    assert found.momentum[0, 0] == 1.5e-101


def test_pandas_writes_what_is_read(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"id": ["a"] * 24, "E": E, "px": PX, "py": PY, "pz": PZ, "weight": WEIGHTS})
    frame.to_csv(tmp_path / "frame.csv.gz")
    with pytest.warns(ValidityWarning, match="its column 'weight' is used"):
        found = read(tmp_path, "frame.csv.gz")
    np.testing.assert_array_equal(found.momentum, MOMENTA.T)
    np.testing.assert_allclose(found.share, WEIGHTS / np.sum(WEIGHTS))


def test_a_weight_by_name_and_none_of_it(tmp_path):
    content = with_names(("w", "px", "py", "pz", "E"), (WEIGHTS, PX, PY, PZ, E))
    named = read(tmp_path, "w.txt", content, columns={"weight": "w"})
    np.testing.assert_allclose(named.share, WEIGHTS / np.sum(WEIGHTS), rtol=1e-9)
    aside = read(tmp_path, "v.txt", content.replace("w", "weight"), columns={"weight": ""})
    np.testing.assert_allclose(aside.share, 1.0 / 24.0)


LHE = """<LesHouchesEvents version="3.0">
<init>
2212 2212 400.0 0.938272 0 0 0 0 3 1
1.0 0.1 1.0 1
</init>
{}</LesHouchesEvents>
"""
EVENT = """<event>
 2 1 {weight} 1.0 7.3e-3 0.118
 111 {status} 0 0 0 0 {px!r} {py!r} {pz!r} {E!r} 0.1349768 0. 9.
 22 1 1 1 0 0 0. 0. 1. 1. 0. 0. 9.
</event>
"""


def events(status=1):
    parts = [
        EVENT.format(
            weight=w, status=status, **dict(zip(("px", "py", "pz", "E"), map(float, row), strict=True))
        )
        for w, row in zip(WEIGHTS, ROWS, strict=True)
    ]
    return LHE.format("".join(parts))


@pytest.mark.parametrize("status", [1, 2])
@pytest.mark.parametrize("name", ["m.lhe", "M.LHE", "m.lhe.gz", "m.lhe.bz2"])
def test_lhe(tmp_path, name, status):
    pack = {"gz": gzip.compress, "bz2": bz2.compress}.get(name.rpartition(".")[2], bytes)
    found = read(tmp_path, name, pack(events(status).encode()), momentum_unit=None)
    np.testing.assert_array_equal(found.momentum, MOMENTA.T)
    np.testing.assert_allclose(found.share, WEIGHTS / np.sum(WEIGHTS))
    np.testing.assert_array_equal(found.collision, np.arange(1, 25))


BAD_LHE = {
    "cut": (events()[:900], "m.lhe: event 5 cannot be read as LHE"),
    "status": (events(3), "24 pi0 .PDG id 111. in 24 events, all with status 3: only 1 .final. and 2 "),
    "another": (
        events().replace(" 111 ", " 221 "),
        "no pi0 .PDG id 111. in 24 events, which have mesons 221",
    ),
    "no number": (events().replace("22 1 1 1", "22 x 1 1"), "m.lhe: event 1 cannot be read as LHE: "),
    "nan": (events().replace("<event>\n 2 1 0.5", "<event>\n 2 1 nan", 1), "event 1: weight is nan"),
    "text": (PLAIN, "m.lhe: cannot be read as LHE: it is text: name it .txt"),
    "nothing": ("", "m.lhe: cannot be read as LHE"),
}


@pytest.mark.parametrize("what", BAD_LHE)
def test_bad_lhe_is_one_line(tmp_path, what):
    content, message = BAD_LHE[what]
    with pytest.raises(CardError, match=message) as error:
        read(tmp_path, "m.lhe", content, momentum_unit=None)
    assert "\n" not in str(error.value)


def test_a_folder_of_parquet_files(tmp_path):
    (tmp_path / "many").mkdir()
    for k in range(3):
        part = dict(zip(("px", "py", "pz", "E"), ROWS[8 * k : 8 * k + 8].T, strict=True))
        pq.write_table(pa.table(part), tmp_path / "many" / f"part-{k}.parquet")
    (tmp_path / "many" / "_SUCCESS").write_text("")
    first = read(tmp_path, "many")
    np.testing.assert_array_equal(first.momentum, MOMENTA.T)
    (tmp_path / "many" / "part-2.parquet").write_text("no table")
    with pytest.raises(CardError, match=r"part-2.parquet: cannot be read as a Parquet file: it is text"):
        read(tmp_path, "many")
    (tmp_path / "none").mkdir()
    with pytest.raises(CardError, match=r"none: a folder without .parquet files"):
        read(tmp_path, "none")


COUNTS = np.array([0, 5, 1, 0, 10, 8])
JAGGED = {
    name: ak.unflatten(np.concatenate([np.full(24, 211), values, values])[np.arange(24) + 24], COUNTS)
    for name, values in zip(("px", "py", "pz", "E"), ROWS.T, strict=True)
}
OF_EVENTS = np.linspace(1.0, 2.0, 6)


@pytest.mark.parametrize("name", ["events.root", "events.parquet"])
def test_several_mesons_a_row_share_its_weight(tmp_path, name):
    """As a tree of events with one collection of particles, of which some are of another species."""
    pdg = ak.unflatten(np.where(np.arange(24) % 3 == 0, 211, 111), COUNTS)
    columns = {f"part.{key}": values for key, values in JAGGED.items()} | {"part.id": pdg}
    if name.endswith(".root"):
        with uproot.recreate(tmp_path / name) as file:
            tree = {key.replace(".", "_"): values for key, values in columns.items()} | {"wgt": OF_EVENTS}
            file["mesons"] = tree
        mark = "_"
    else:
        table = {key: pa.array(values.to_list()) for key, values in columns.items()} | {"wgt": OF_EVENTS}
        pq.write_table(pa.table(table), tmp_path / name)
        mark = "."
    names = {key: f"part{mark}{key}" for key in ("px", "py", "pz", "E")}
    names |= {"pdg": f"part{mark}id", "weight": "wgt"}
    found = read(tmp_path, name, columns=names)
    mine = np.arange(24) % 3 != 0
    event = np.repeat(np.arange(1, 7), COUNTS)[mine]
    np.testing.assert_array_equal(found.momentum, MOMENTA[mine].T)
    np.testing.assert_array_equal(found.collision, event)
    np.testing.assert_allclose(found.share, OF_EVENTS[event - 1] / np.sum(OF_EVENTS[event - 1]))
    with pytest.raises(CardError, match="no entry with PDG id 221; it has 111, 211"):
        read(tmp_path, name, meson="eta", columns=names)


def test_lists_of_different_length_in_a_row_are_refused(tmp_path):
    other = ak.unflatten(np.arange(24.0), COUNTS[::-1])
    pq.write_table(
        pa.table({key: pa.array(v.to_list()) for key, v in {**JAGGED, "E": other}.items()}), tmp_path / "x.pq"
    )
    with pytest.raises(CardError, match="'px' and 'E' hold different numbers of entries a row"):
        read(tmp_path, "x.pq")


def test_names_of_the_card_reach_layouts_of_others(tmp_path):
    """No energy, centimetres, no time: energies from the mass, times as the beam passes."""
    place = RNG.normal([0.0, 0.0, 30.0], 5.0, (24, 3))
    table = dict(zip(("pdpx", "pdpy", "pdpz"), MOMENTA.T, strict=True))
    table |= dict(zip(("vx", "vy", "vz"), place.T, strict=True)) | {"nimpwt": WEIGHTS}
    pq.write_table(pa.table(table), tmp_path / "decays.parquet")
    columns = {"px": "pdpx", "py": "pdpy", "pz": "pdpz", "E": "", "x": "vx", "y": "vy", "z": "vz", "t": ""}
    found = read(tmp_path, "decays.parquet", columns={**columns, "weight": "nimpwt"}, length_unit="cm")
    np.testing.assert_array_equal(found.momentum, MOMENTA.T)
    np.testing.assert_allclose(found.position, 0.01 * place.T, rtol=1e-15)
    np.testing.assert_allclose(found.time, 0.01 * place[:, 2] / SPEED_OF_LIGHT_M_PER_NS, rtol=1e-15)
    without = read(tmp_path, "decays.parquet", columns={**columns, "x": "", "weight": ""})
    assert without.position is None
    with pytest.raises(CardError, match=r"E = .* GeV, more than the beam's 1 GeV"):
        darkmc.MesonSource(
            write_card(tmp_path, {"pi0": "decays.parquet"}, columns={**columns, "weight": ""}),
            {"beam.energy_GeV": 1.0},
        )


# --- tables of cells
def cells(n_theta=12, n_p=10):
    theta = -3.0 + 0.25 * np.arange(n_theta)
    p = 0.5 + 0.2 * np.arange(n_p)
    return [column.ravel() for column in np.meshgrid(theta, p, indexing="ij")]


def as_text(theta, p, weight, head="# log10(theta)\tlog10(p)\tweight\n"):
    return head + "".join(f"{a:.6f}\t{b:.6f}\t{c:.9e}\n" for a, b, c in zip(theta, p, weight, strict=True))


def test_places_fill_their_cells_evenly():
    theta, p = cells()
    found_theta, found_p, cell, side = spread(theta, p, 2.35)
    assert side == 8
    assert np.all(np.bincount(cell) == 64)
    assert np.max(np.abs(found_theta - theta[cell])) < 0.125
    inside = p[cell] < 2.2
    assert np.max(np.abs(found_p - p[cell])[inside]) < 0.1
    assert np.max(found_p) < 2.35  # the last column of cells is cut, not its weight
    for found, middle in ((found_theta, theta), (found_p, p)):
        assert abs(np.mean((found - middle[cell])[inside])) < 1e-12
    width = 0.25 / np.sqrt(12.0) * np.sqrt(1.0 - 1.0 / 64.0)  # of eight even places
    assert np.std((found_theta - theta[cell])[inside]) == pytest.approx(width, rel=1e-9)


def test_a_grid_that_lacks_cells_keeps_their_width():
    theta, p = cells()
    kept = (theta < -2.3) | (theta > -1.0)
    found, _, cell, _ = spread(theta[kept], p[kept], 3.0)
    assert np.max(np.abs(found - theta[kept][cell])) < 0.125


def test_a_table_of_cells_has_the_yield_of_mesons_drawn_in_them(tmp_path):
    """The same cells as a list of 100 000 mesons, drawn flat in them with random azimuths."""
    theta, p = cells()  # 3.5 errors at two couplings: chance of failure 1e-3
    weight = np.exp(-((theta + 1.6) ** 2) - (p - 1.2) ** 2)
    card = write_card(tmp_path, {"pi0": "cells.txt"}, mesons_per_pot={"pi0": 2.5}, name="cells.toml")
    (tmp_path / "cells.txt").write_text(as_text(theta, p, weight))
    with pytest.warns(ValidityWarning, match="120 cells, 8 x 8 places in each, isotropic in azimuth"):
        table = experiment(card, "pi0", geometry=sphere(2.0, 1.0, 0.0, 40.0))
    rng = np.random.default_rng(8)
    k = rng.choice(len(theta), 100_000, p=weight / np.sum(weight))
    angle = 10.0 ** (theta[k] + rng.uniform(-0.125, 0.125, len(k)))
    size = 10.0 ** (p[k] + rng.uniform(-0.1, 0.1, len(k)))
    azimuth = rng.uniform(-np.pi, np.pi, len(k))
    momenta = size * [np.sin(angle) * np.cos(azimuth), np.sin(angle) * np.sin(azimuth), np.cos(angle)]
    pq.write_table(
        pa.table(dict(zip(("px", "py", "pz", "E"), rows_of("pi0", momenta.T).T, strict=True))),
        tmp_path / "drawn.parquet",
    )
    drawn = experiment(
        write_card(tmp_path, {"pi0": "drawn.parquet"}, mesons_per_pot={"pi0": 2.5}, name="drawn.toml"),
        "pi0",
        geometry=sphere(2.0, 1.0, 0.0, 40.0),
    )
    portal = darkmc.DarkAxionPortal(0.03)
    first, second = (one.simulate(portal, n_samples=60_000, seed=4) for one in (table, drawn))
    for coupling in (1e-5, 1e-3):
        a, b = first.expected_events(coupling), second.expected_events(coupling)
        assert a.error < 0.05 * a.value
        assert b.error < 0.05 * b.value
        assert abs(a.value - b.value) < 3.5 * np.hypot(a.error, b.error)
    assert first.list_error(1e-5) == 0.0


def test_cells_by_names_of_the_card_and_in_other_files(tmp_path):
    theta, p = cells(4, 3)
    weight = RNG.uniform(0.5, 1.0, 12)
    first = None
    for name, columns in (
        ("a.txt", {}),
        ("b.txt", {"log10_theta": "lt", "log10_p": "lp", "weight": "xs"}),
        ("c.parquet", {"log10_theta": "lt", "log10_p": "lp", "weight": "xs"}),
    ):
        if name == "a.txt":
            content = as_text(theta, p, weight)
        elif name == "b.txt":
            content = as_text(theta, p, weight, "lt lp xs\n")
        else:
            content = None
            numbers = {"lt": theta.round(6), "lp": p.round(6), "xs": weight.round(9)}
            pq.write_table(pa.table(numbers), tmp_path / name)
        with pytest.warns(ValidityWarning, match="12 cells"):
            found = read(tmp_path, name, content, columns=columns)
        first = found if first is None else first
        np.testing.assert_allclose(found.momentum, first.momentum, rtol=1e-12)
        np.testing.assert_allclose(found.share, first.share, rtol=1e-8)
    with pytest.warns(ValidityWarning, match="12 cells"):
        mev = read(tmp_path, "d.txt", as_text(theta, p + 3.0, weight), momentum_unit="MeV")
    np.testing.assert_allclose(mev.size, first.size, rtol=1e-9)


BAD_CELLS = {
    "above the beam": (
        as_text([-2.0, -1.0], [1.0, 2.9], [1.0, 1.0]),
        "cells.txt:3: E = 794.328 GeV, more than",
    ),
    "no such angle": (
        as_text([-2.0, 1.0], [1.0, 2.0], [1.0, 1.0]),
        "cells.txt:3: log10_theta is 1, an angle",
    ),
    "negative": (as_text([-2.0, -1.0], [1.0, 2.0], [1.0, -1.0]), "cells.txt:3: the weight -1 is negative"),
    "empty": (as_text([-2.0], [1.0], [0.0]), "all weights are zero"),
    "another head": (
        as_text([-2.0], [1.0], [1.0], "# theta p weight\n"),
        "3 columns, not 4 or 8 .* log10.p.",
    ),
}


@pytest.mark.parametrize("what", BAD_CELLS)
def test_bad_tables_of_cells(tmp_path, what):
    content, message = BAD_CELLS[what]
    with pytest.raises(CardError, match=message):
        read(tmp_path, "cells.txt", content)


# --- what is not read says what it is
NOT_READ = {
    "semicolons": (
        "m.csv",
        "0;0;5;5.1\n",
        "m.csv:1: columns are parted by semicolons, .*: replace them by blanks$",
    ),
    "decimal commas": ("m.csv", "0,1;0,2;5;5,1\n", "replace them by blanks and decimal commas by points"),
    "zip": ("m.txt", b"PK\x03\x04" + bytes(40), "m.txt: a zip file: unpack it"),
    "zstd": ("m.txt.zst", b"\x28\xb5\x2f\xfd" + bytes(40), "a zstd file: unpack it"),
    "ROOT as text": ("m.txt", b"root" + bytes(40), "m.txt: a ROOT file: name it .root"),
    "ROOT in gzip": (
        "m.txt.gz",
        gzip.compress(b"root" + bytes(40)),
        "m.txt.gz: a ROOT file, packed: unpack it and name it .root",
    ),
    "text as ROOT": ("m.root", PLAIN, "m.root: cannot be read as a ROOT file: it is text: name it .txt"),
    "text as Parquet": ("m.parquet", PLAIN, "cannot be read as a Parquet file: it is text: name it .txt"),
    "HepMC as text": ("m.txt", "HepMC::Version 3.02\n", "m.txt: a HepMC file: name it .hepmc"),
    "HDF5": ("m.h5", b"\x89HDF\r\n\x1a\n" + bytes(40), "an HDF5 file: write its columns as Parquet, ROOT or"),
    "bytes": (
        "m.dat",
        b"\x01\xfe\x80\x99 \xff" * 9,
        "neither text nor named .parquet, .root, .hepmc or .lhe",
    ),
    "cut gzip": ("m.txt.gz", gzip.compress(PLAIN.encode())[:60], "m.txt.gz: "),
    "five columns": (
        "m.txt",
        "0 0 5 5.1 1\n",
        "5 columns, not 4 or 8 .px py pz E, perhaps x y z t.; .* weight",
    ),
    "missing name": (
        "m.csv",
        "px,py,pz\n0,0,5\n",
        "no column 'E'; known: px, py, pz; columns.E = '' takes it",
    ),
    "names wanted": ("m.txt", PLAIN, "columns are named in the card, but the file has no line of names"),
}


@pytest.mark.parametrize("what", NOT_READ)
def test_what_is_not_read_says_what_it_is(tmp_path, what):
    name, content, message = NOT_READ[what]
    keys = {"columns": {"pdg": "id"}} if what == "names wanted" else {}
    with pytest.raises(CardError, match=message) as error:
        read(tmp_path, name, content, **keys)
    assert "\n" not in str(error.value)
