"""The page to play with: numbers are those of the tables, nothing comes from elsewhere."""

import json
import re
import sys

import numpy as np
import pytest

from darkmc.cli import main
from darkmc.core.tables import read_csv
from darkmc.figures.report.curves import Known, _runs, curves
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.runs.yields import COUPLINGS, read_yields, write_yields
from darkmc.scan.place import Place
from darkmc.scan.point import ScanRequest, scan_point

CARD = """
schema = 1
name = "small"
title = "A <small> run"
precision = 0.3
presets = ["best", "published"]
[[curves]]
experiment = "charm-decay"
m_dark_photon = "5MeV,10MeV"
[[curves]]
experiment = "gminus2-mu-2018"
m_dark_photon = "2MeV:3GeV:4"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the folder of a run, and the page."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "small.toml").write_text(CARD)
    assert main(["run", str(folder / "small.toml"), "-o", str(folder / "small"), "--workers", "1"]) == 0
    page = folder / "report.html"
    arguments = [str(folder / "small.toml"), "--from", str(folder / "small"), "-o", str(page)]
    assert main(["report", *arguments]) == 0
    return folder / "small", page.read_text(encoding="utf-8"), arguments


def records(path):
    return [row for _, row in read_csv(path, ValueError).records()]


def numbers(page):
    return json.loads(re.search(r'<script id="curves" type="application/json">(.*?)</script>', page)[1])


def test_nothing_is_loaded_from_elsewhere_and_the_page_is_small(made):
    page = made[1]
    assert len(page.encode()) < 5_000_000
    assert "<script src" not in page
    marks = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"<(?:link|img|script)", marks)
    assert "A &lt;small&gt; run" in marks
    assert "{{picture" not in marks


def test_yields_and_decay_lengths_are_those_of_tables_and_portal(made):
    folder, page, _ = made
    first = numbers(page)[0]
    assert (first["name"], first["preset"]) == ("CHARM, decay search 1985", "best")
    table = records(folder / "charm-decay-yields.csv")
    assert len(table) == 2 * len(COUPLINGS)
    place = first["at"][1]
    assert place["ctau"] == pytest.approx(DarkAxionPortal(0.01, 0.0).dark_photon_ctau(1.0), rel=1e-12)
    shown = dict(zip(first["couplings"], place["yields"], strict=True))
    for row in table[len(COUPLINGS) :]:
        assert float(row["m_dark_photon"]) == place["mass"] == 0.01
        value = shown[float(row["coupling_per_GeV"])][0]
        assert value == pytest.approx(float(row["expected_events"]), rel=1e-3)


def test_what_the_pointer_shows_is_what_the_table_prints(made):
    folder, page, _ = made
    rows = [row for row in records(folder / "charm-decay.csv") if row["lower"]]
    assert rows
    for row in rows:
        for key in ("lower", "upper", "lower_error"):
            assert f'"{float(row[key]):.6g}"' in page


def test_both_presets_are_there_with_tables_and_references(made):
    folder, page, _ = made
    assert [curve["preset"] for curve in numbers(page)] == ["best"] * 2 + ["published"] * 2
    for name in ("charm-decay.csv", "charm-decay-published.csv", "charm-decay-yields.csv", "manifest"):
        assert f"<summary>{name}" in page
    assert "@article{" in page
    assert '"format": 1' in (folder / "small.manifest.json").read_text()


def test_one_table_makes_a_page_too(made, tmp_path):
    out = tmp_path / "one.html"
    assert main(["report", str(made[0] / "gminus2-mu-2018.csv"), "-o", str(out)]) == 0
    assert len(numbers(out.read_text(encoding="utf-8"))) == 1


def test_yields_are_those_of_the_sample():
    request = ScanRequest("charm-decay", (), precision=0.3, yields_at=(1e-4, 1e-3))
    point = scan_point(request, Place(0.005, 0.0, ()))
    sample = request.load().simulate(DarkAxionPortal(0.005, 0.0), precision=0.3, seed=1)
    for coupling, (value, error) in zip(request.yields_at, point.yields, strict=True):
        assert (value, error) == pytest.approx(tuple(sample.expected_events(coupling)), rel=1e-12)


def test_a_closed_form_has_no_yields(tmp_path):
    request = ScanRequest("gminus2-mu-2018", (), yields_at=COUPLINGS)
    point = scan_point(request, Place(0.01, 0.0, ()))
    assert point.yields == ()
    assert write_yields(tmp_path / "x.csv", [point]) is None
    assert read_yields(tmp_path / "x.csv") == ([], {})


BAD = {
    "no page of HTML": (["report", "figure4", "-o", "x.pdf"], "page of HTML"),
    "nothing there": (["report", "figure4", "--from", "nowhere", "-o", "x.html"], "no limit table"),
    "another kind": (["report", "figure2", "-o", "x.html"], "for runs of limits"),
    "no table": (["report", "x.csv", "-o", "x.html"], "no such file"),
    "both": (["report", "x.csv", "--from", "y", "-o", "x.html"], "not both"),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD.keys())
def test_what_is_no_run_of_limits_is_one_line(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err
    assert not list(tmp_path.iterdir())


def test_without_bokeh_the_extra_is_named(made, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "bokeh.embed", None)
    assert main(["report", *made[2], "--force"]) == 2
    assert "pip install 'darkmc[report]'" in capsys.readouterr().err


def test_lines_stand_at_the_edges_of_the_table_and_nowhere_else(made):
    """Where a region is cut in two, or leaves the picture, the area ends without a line."""
    (curve,) = curves([(made[0] / "gminus2-mu-2018.csv", "best", False, Known([], {}, {}))])
    masses, couplings = curve.edges
    rows = records(made[0] / "gminus2-mu-2018.csv")
    assert masses == [[float(row["m_dark_photon"]) for row in rows]]
    assert couplings == [[float(row["lower"]) for row in rows]]  # no upper edge


def test_a_line_has_a_gap_where_an_edge_is_open():
    there = np.array([False, True, True, False, False, True])
    assert [list(range(6))[run] for run in _runs(there)] == [[1, 2], [5]]
    assert _runs(~there) == [slice(0, 1), slice(3, 5)]
    assert _runs(np.zeros(3, dtype=bool)) == []
