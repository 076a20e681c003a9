"""Pictures: what is drawn against what the files hold, whole files or none, bad input in one line."""

import math

import numpy as np
import pytest
import uproot

from darkmc.cli import main
from darkmc.figures import limits, style
from darkmc.figures.overlays import read_overlay
from darkmc.figures.regions import regions

HEADER = "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error,method"
MAGIC = {".pdf": b"%PDF", ".png": b"\x89PNG", ".svg": b"<?xml"}


def row(mass, number, lower="", upper="", method="bracket"):
    errors = ["" if edge == "" else 0.01 * edge for edge in (lower, upper)]
    cells = ("toy", mass, 0.0, number, lower, upper, *errors, method)
    return dict(zip(HEADER.split(","), map(str, cells), strict=True))


# two bands from 2 GeV on, the upper one a half line; both joined at 4; the lower one ends at 5
BANDS = [
    row(1.0, 1, 1e-3, 1e-1),
    row(2.0, 1, 1e-3, 1e-1),
    row(2.0, 2, 1.0),
    row(3.0, 1, 1e-3, 1e-1),
    row(3.0, 2, 1.0),
    row(4.0, 1, 1e-3),
    row(5.0, 1, 1e-3, 1e-1),
    row(5.0, 2, 1.0),
    row(6.0, 1, 2.0),
    row(7.0, 0),
]


def write_table(path, rows, extra=()):
    lines = [
        ",".join([HEADER, *extra]),
        *(",".join(r[key] for key in [*HEADER.split(","), *extra]) for r in rows),
    ]
    path.write_text("# a comment\n" + "\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def sample_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "x.root"
    point = ("--m-dark-photon", "10MeV", "--coupling", "5e-4", "--events", "3000")
    assert main(["generate", "charm-decay", *point, "--preset", "published", "-o", str(path)]) == 0
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch, sample_path):
    """Make a directory with what a run wrote, a curve, and things that are none of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "charm").mkdir()
    (tmp_path / "none").mkdir()
    write_table(tmp_path / "charm" / "bands.csv", BANDS)
    write_table(tmp_path / "charm" / "single.csv", [row(3.0, 1, 1e-2, 1.0)])
    (tmp_path / "charm" / "shares.csv").write_text("species,share\npi0,0.9\n")
    (tmp_path / "curve.csv").write_text("# from a paper\nvalue, mass_GeV\n1e-2,1\n\n# more\n2e-2,3\n")
    (tmp_path / "old.pdf").write_text("kept")
    (tmp_path / "bad.root").write_text("no ROOT file")
    (tmp_path / "cut.root").write_bytes(sample_path.read_bytes()[:30000])
    columns = {"weight": np.ones(2), "decay_x": np.ones(2)}
    for name, tree, text in (("treeless", None, "{}"), ("bare", columns, None), ("meagre", columns, "{}")):
        with uproot.recreate(tmp_path / f"{name}.root") as file:
            if tree:
                file.mktree("events", {key: value.dtype for key, value in tree.items()}).extend(tree)
            if text:
                file["metadata"] = text
    return tmp_path


def test_regions_of_two_bands_and_a_half_line():
    found = regions(BANDS)
    shape = [(r.points[:, 0].tolist(), bool(np.isinf(r.points[:, 2]).any())) for r in found]
    lower = [s for s in shape if not s[1]]
    upper = [s for s in shape if s[1]]
    # the joined interval at 4 is cut at the gaps towards 3 and 5; nothing reaches 7
    assert sorted(lower) == [([1.0, 2.0, 3.0, 4.0], False), ([4.0, 5.0], False)]
    assert sorted(upper) == [([2.0, 3.0, 4.0], True), ([4.0, 5.0, 6.0], True)]
    for region in found:
        mass, low, high = region.points.T[:3]
        at_four = mass == 4.0
        gap = math.sqrt(1e-1 * 1.0)
        np.testing.assert_allclose((low if np.isinf(high).any() else high)[at_four], gap)
        assert np.all(low < high)
    ends = {(r.points[0, 0], r.points[-1, 0], bool(np.isinf(r.points[:, 2]).any())): r for r in found}
    assert not ends[1.0, 4.0, False].closed_low  # the table begins there
    assert ends[4.0, 5.0, False].closed_high  # the band ends before 6
    assert ends[2.0, 4.0, True].closed_low
    assert ends[4.0, 6.0, True].closed_high
    assert not any(r.closed_high for key, r in ends.items() if key[1] == 4.0)


def test_a_region_is_interrupted_where_a_mass_is_not_excluded():
    found = regions([row(1.0, 1, 0.1, 1.0), row(2.0, 0), row(3.0, 1, 0.1, 1.0), row(4.0, 1, 2.0, 3.0)])
    assert sorted(r.points[:, 0].tolist() for r in found) == [[1.0], [3.0], [4.0]]


def test_an_edge_that_disappears_is_a_step_at_the_open_mass():
    (region,) = regions([row(1.0, 1, 0.1, 1.0), row(2.0, 1, 0.1)])
    np.testing.assert_array_equal(region.points[:, [0, 2]], [[1.0, 1.0], [2.0, 1.0], [2.0, np.inf]])


def test_the_envelope_is_read_and_drawn(tmp_path):
    rows = [
        row(m, 1, 0.1, 1.0)
        | {"lower_min": "0.05", "upper_max": "2.0", "lower_max": "0.2", "upper_min": "0.5"}
        for m in (1.0, 2.0)
    ]
    (region,) = regions(rows)
    np.testing.assert_allclose(region.points[:, 5:], [[0.05, 0.2, 0.5, 2.0]] * 2)
    write_table(tmp_path / "toy.csv", rows, ("lower_min", "lower_max", "upper_min", "upper_max"))
    assert main(["figure", str(tmp_path / "toy.csv"), "-o", str(tmp_path / "toy.png")]) == 0
    assert (tmp_path / "toy.png").stat().st_size > 5000


WRITTEN = {
    "figure": (".pdf", "figure", "charm", "--overlay", "curve.csv:a $ curve", "--overlay", "curve.csv"),
    "figure of one table": (".svg", "figure", "charm/bands.csv"),
    "plot": (".png", "plot", "SAMPLE"),
    "decay-length": (".png", "decay-length", "charm-decay", "--coupling", "1e-3", "--energies", "1GeV,10GeV"),
}


@pytest.mark.parametrize(("suffix", "arguments"), [(k[0], k[1:]) for k in WRITTEN.values()], ids=WRITTEN)
def test_pictures_are_written_whole(suffix, arguments, folder, sample_path, capsys):
    arguments = [str(sample_path) if a == "SAMPLE" else a for a in arguments]
    before = set(folder.iterdir())
    assert main([*arguments, "-o", f"new{suffix}"]) == 0
    assert capsys.readouterr() == (f"new{suffix}\n", "")
    content = (folder / f"new{suffix}").read_bytes()
    assert content.startswith(MAGIC[suffix])
    assert len(content) > 5000
    assert set(folder.iterdir()) - before == {folder / f"new{suffix}"}


@pytest.mark.parametrize(
    "rows",
    [
        [row(1.0, 0), row(2.0, 0)],
        [row(1.0, 1), row(2.0, 1)],
        [row(1.0, 1, 1e-3, method="iterative"), row(2.0, 1, 2e-3, method="iterative")],
    ],
    ids=["nothing excluded", "everything excluded", "lower edges only"],
)
def test_tables_without_edges_are_drawn_too(rows, tmp_path):
    write_table(tmp_path / "toy.csv", rows)
    assert main(["figure", str(tmp_path / "toy.csv"), "-o", str(tmp_path / "toy.png")]) == 0


def test_force_replaces_a_picture_and_a_far_overlay_is_told(folder, capsys):
    (folder / "far.csv").write_text("mass_GeV,value\n1e6,1\n")
    assert main(["figure", "charm", "--overlay", "far.csv", "--force", "-o", "old.pdf"]) == 0
    assert (folder / "old.pdf").read_bytes().startswith(b"%PDF")
    assert "far" in capsys.readouterr().err


def drawn_tables(monkeypatch):
    """Return the names of the tables that ``figure charm`` draws here, in order."""
    seen = []
    monkeypatch.setattr(
        "darkmc.runs.limits.draw_limits", lambda tables, *_: seen.extend(t.stem for t in tables)
    )
    assert main([*FIGURE, "x.png"]) == 0
    return seen


def test_tables_of_a_run_are_drawn_in_its_order(folder, monkeypatch):
    for name in ("charm-decay", "charm-finegrained"):
        write_table(folder / "charm" / f"{name}.csv", [row(3.0, 1, 1e-2, 1.0)])
    assert drawn_tables(monkeypatch) == ["charm-finegrained", "charm-decay"]


def test_without_tables_of_the_run_all_limits_are_drawn(folder, monkeypatch):  # noqa: ARG001
    assert drawn_tables(monkeypatch) == ["bands", "single"]


def captured(monkeypatch, module):
    """Return the list to which figures that a module saves are added."""
    figures = []
    monkeypatch.setattr(module, "save", lambda figure, _: figures.append(figure))
    return figures


def test_smaller_regions_lie_above_larger_ones_and_edges_above_all(tmp_path, monkeypatch):
    figures = captured(monkeypatch, limits)
    names = ("small", "large", "open")
    spans = ((1e-2, 1e-1), (1e-3, 1.0), (1e-3, ""))
    for name, (lower, upper) in zip(names, spans, strict=True):
        write_table(tmp_path / f"{name}.csv", [row(m, 1, lower, upper) for m in (1.0, 10.0)])
    limits.draw_limits([tmp_path / f"{name}.csv" for name in names], [], "title")
    (axes,) = figures[0].axes
    areas = {c.get_gid(): c.get_zorder() for c in axes.collections if c.get_gid()}
    order = sorted(areas, key=areas.get)
    assert [label.split("(")[1] for label in order] == ["open)", "large)", "small)"]
    assert min(line.get_zorder() for line in axes.lines) > max(areas.values())


def test_names_of_counts_are_in_the_legend(tmp_path, monkeypatch):
    figures = captured(monkeypatch, limits)
    write_table(tmp_path / "toy.csv", [row(1.0, 1, 1e-2, 1.0), row(2.0, 1, 1e-2, 1.0)])
    text = (tmp_path / "toy.csv").read_text()
    (tmp_path / "toy.csv").write_text("# counts c.csv 0123: invented counts\n" + text)
    limits.draw_limits([tmp_path / "toy.csv"], [], "title")
    labels = [text.get_text() for text in figures[0].axes[0].get_legend().get_texts()]
    assert "toy (invented counts)" in labels


def test_arrows_of_several_tables_do_not_hide_each_other(tmp_path, monkeypatch):
    figures = captured(monkeypatch, limits)
    for name in "ab":
        write_table(tmp_path / f"{name}.csv", [row(m, 1, 1e-3) for m in (1.0, 10.0)])
    limits.draw_limits([tmp_path / "a.csv", tmp_path / "b.csv"], [], "title")
    arrows = [line.get_xdata() for line in figures[0].axes[0].lines if line.get_marker() == "^"]
    assert len(arrows) == 2
    assert np.min(np.abs(np.log(arrows[0][:, None] / arrows[1]))) > 0.02


def test_labels_are_wrapped_around_formulas():
    label = r"aaaa $x < y z$ bbbb $u v$"
    assert style._wrapped(label, 100) == label
    lines = style._wrapped(label, 9).split("\n")
    assert lines == [r"aaaa $x < y z$", r"bbbb $u v$"]


def test_list_figures_names_the_runs(capsys):
    assert main(["list", "figures"]) == 0
    assert "charm" in capsys.readouterr().out.split()


FIGURE, LENGTH = ("figure", "charm", "-o"), ("decay-length", "charm-decay", "-o", "x.pdf", "--coupling")
BAD = {
    "unknown run": (("figure", "charmm", "-o", "x.pdf"), "nearest: 'charm'"),
    "missing directory": ((*FIGURE, "x.pdf", "--from", "nowhere"), "nowhere"),
    "no table inside": ((*FIGURE, "x.pdf", "--from", "none"), "none"),
    "missing table": (("figure", "no.csv", "-o", "x.pdf"), "no.csv"),
    "table of something else": (("figure", "curve.csv", "-o", "x.pdf"), "not a limit table"),
    "table and directory": (("figure", "a.csv", "--from", "charm", "-o", "x.pdf"), "--from"),
    "existing picture": ((*FIGURE, "old.pdf"), "--force"),
    "unknown format": ((*FIGURE, "x.jpg"), ".pdf"),
    "missing directory of the picture": ((*FIGURE, "no/x.pdf"), "no such directory"),
    "no output": (("figure", "charm"), "-o"),
    "missing overlay": ((*FIGURE, "x.pdf", "--overlay", "no.csv:label"), "no.csv"),
    "overlay without columns": ((*FIGURE, "x.pdf", "--overlay", "charm/shares.csv"), "shares.csv:1"),
    "missing sample": (("plot", "no.root", "-o", "x.pdf"), "no.root"),
    "no ROOT file": (("plot", "bad.root", "-o", "x.pdf"), "darkmc figure draws tables"),
    "events as a run": (("figure", "events.hepmc3", "-o", "x.pdf"), "darkmc plot draws events"),
    "damaged ROOT file": (("plot", "cut.root", "-o", "x.pdf"), "cut.root"),
    "no events": (("plot", "treeless.root", "-o", "x.pdf"), "'events'"),
    "no metadata": (("plot", "bare.root", "-o", "x.pdf"), "'metadata'"),
    "no vertices": (("plot", "meagre.root", "-o", "x.pdf"), "'production'"),
    "negative coupling": ((*LENGTH[:-1], "--coupling=-1"), "--coupling"),
    "unknown experiment": (("decay-length", "charm", "--coupling", "1", "-o", "x.pdf"), "charm-"),
    "stable dark photon": ((*LENGTH, "1", "--m-axion", "1x"), "decays"),
    "energies below the masses": ((*LENGTH, "1", "--energies", "1keV"), "decays"),
    "one mass": ((*LENGTH, "1", "--m-dark-photon", "10MeV"), "two masses"),
}


@pytest.mark.parametrize(("arguments", "named"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_leaves_nothing(arguments, named, folder, capsys):
    before = sorted(folder.rglob("*"))
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert named in err
    assert sorted(folder.rglob("*")) == before
    assert (folder / "old.pdf").read_text() == "kept"


@pytest.mark.parametrize(
    ("text", "named"),
    [("1,x", ":3"), ("1", ":3"), ("1,-2", ":3"), ("nan,1", ":3"), ("", "no rows")],
)
def test_overlay_errors_name_the_line(text, named, folder, capsys):
    (folder / "c.csv").write_text(f"# comment\nmass_GeV,value\n{text}\n")
    assert main([*FIGURE, "x.pdf", "--overlay", "c.csv"]) == 2
    assert f"c.csv{named}" in capsys.readouterr().err.replace(": no", "no")


def test_overlay_columns_label_and_comments(folder):  # noqa: ARG001
    for text, label in (("curve.csv", "curve"), ("curve.csv:a: b", "a: b")):
        overlay = read_overlay(text)
        assert overlay.label == label
        np.testing.assert_array_equal([overlay.mass, overlay.value], [[1.0, 3.0], [1e-2, 2e-2]])


BROKEN = [
    *(("m_dark_photon", bad) for bad in ("x", "", "nan", "inf", "-1.0", "0.0", "1e-400")),
    *(("upper", bad) for bad in ("nan", "-inf", "-1.0", "0.0", "1e-9", "1e308", "1e-400")),
    *(("lower", bad) for bad in ("nan", "inf", "-1.0", "5.0", "1e308")),
    *(("lower_error", bad) for bad in ("nan", "-0.1")),
]


@pytest.mark.parametrize(("column", "bad"), BROKEN)
def test_a_broken_table_is_one_line(column, bad, folder, capsys):
    write_table(folder / "broken.csv", [row(1.0, 1, 1e-3, 1e-1) | {column: bad}, row(2.0, 1, 1e-3, 1e-1)])
    assert main(["figure", "broken.csv", "-o", "x.pdf"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "broken.csv: masses and edges must be numbers above zero" in line


@pytest.mark.parametrize("edges", [(1e-3, ""), ("", 2.0), (0.05, 0.5)])
def test_intervals_of_one_mass_do_not_overlap(edges, folder, capsys):
    rows = [row(1.0, 1, 1e-3, 1e-1), row(1.0, 2, *edges), row(2.0, 1, 1e-3, 1e-1)]
    write_table(folder / "broken.csv", rows)
    assert main(["figure", "broken.csv", "-o", "x.pdf"]) == 2
    assert "intervals of a mass apart" in capsys.readouterr().err


def test_nothing_is_left_when_writing_fails(folder, monkeypatch):
    from matplotlib.figure import Figure

    def fail(self, path, **_):  # noqa: ARG001
        path.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", fail)
    before = sorted(folder.iterdir())
    assert main([*FIGURE, "x.pdf"]) == 2
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (style.measured(3.9398, 0.0606), r"3.940 $\pm$ 0.061"),
        (style.measured(10190.0, 115.2), r"10190 $\pm$ 115"),
        (style.measured(2.5, 0.0), "2.5"),
        (style.measured(1.6557e-5, 9.5e-7), r"(1.656 $\pm$ 0.095) $\times$ $10^{-5}$"),
        *((style.power(x), f"$10^{{{n}}}$") for x, n in ((1e-3, -3), (1000.0, 3))),
        (style.power(6e-5), r"$6\times10^{-5}$"),
        *((style.energy(x), text) for x, text in ((0.01, "10 MeV"), (1.5, "1.5 GeV"), (2e-7, "200 eV"))),
    ],
)
def test_numbers_as_text(text, wanted):
    assert text == wanted
