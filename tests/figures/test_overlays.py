"""Overlays: strokes, single points, labels behind any path."""

import pytest

from darkmc.cli import main
from darkmc.figures import limits
from darkmc.figures.overlays import read_overlay, split_label

LIMIT = (
    "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error,method,reason\n"
    "toy,0.005,0,1,3e-4,2e-2,0,0,bracket,\n"
    "toy,0.03,0,1,8e-5,2e-4,0,0,bracket,\n"
)
ISLANDS = (
    "# from elsewhere\nmass_GeV,value\n0.005,1e-4\n0.007,1e-4\n\n,\n0.012,1e-2\n\n"
    "0.02,1e-3\n# inside\n0.03,1e-3\n\n"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "limit.csv").write_text(LIMIT)
    (tmp_path / "curve.csv").write_text(ISLANDS)
    (tmp_path / "run:2").mkdir()
    (tmp_path / "run:2" / "curve.csv").write_text(ISLANDS)
    return tmp_path


def test_a_blank_line_parts_a_curve_and_a_comment_does_not(folder):  # noqa: ARG001
    strokes = read_overlay("curve.csv").strokes
    assert [stroke.mass.tolist() for stroke in strokes] == [[0.005, 0.007], [0.012], [0.02, 0.03]]
    assert [stroke.value.tolist() for stroke in strokes] == [[1e-4, 1e-4], [1e-2], [1e-3, 1e-3]]


def test_islands_are_drawn_apart_and_a_single_point_is_seen(folder, monkeypatch):
    figures = []
    monkeypatch.setattr(limits, "save", lambda figure, _: figures.append(figure))
    limits.draw_limits([folder / "limit.csv"], [], "title", [read_overlay("curve.csv:x")])
    (axes,) = figures[0].axes
    drawn = {
        tuple(line.get_xdata()): line.get_marker() for line in axes.lines if line.get_color() == "#000000"
    }
    assert drawn == {(0.005, 0.007): "", (0.012,): "o", (0.02, 0.03): ""}
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels.count("x") == 1


@pytest.mark.parametrize(
    ("text", "name", "label"),
    [
        ("curve.csv", "curve.csv", ""),
        ("curve.csv:BaBar", "curve.csv", "BaBar"),
        ("curve.csv:a: b", "curve.csv", "a: b"),
        ("run:2/curve.csv", "run:2/curve.csv", ""),
        ("run:2/curve.csv:BaBar", "run:2/curve.csv", "BaBar"),
        ("run:2/curve.csv:a:b", "run:2/curve.csv", "a:b"),
        (r"C:\data\curve.csv:BaBar", r"C:\data\curve.csv", "BaBar"),
        (r"C:\data\curve.csv", r"C:\data\curve.csv", ""),
        (r"C:\none.csv:BaBar", r"C:\none.csv", "BaBar"),
        ("none:2/none.csv:BaBar", "none:2/none.csv", "BaBar"),
        ("none.csv:a:b", "none.csv", "a:b"),
        ("none", "none", ""),
    ],
)
def test_the_label_stands_behind_the_file(text, name, label):
    there = {"curve.csv", "run:2/curve.csv", r"C:\data\curve.csv"}
    assert split_label(text, there.__contains__) == (name, label)


def test_a_folder_with_a_colon(folder, capsys):
    assert main(["figure", "limit.csv", "--overlay", "run:2/curve.csv:BaBar", "-o", "run:2/x.png"]) == 0
    assert capsys.readouterr().err == ""
    assert (folder / "run:2" / "x.png").stat().st_size > 10_000
    assert read_overlay("run:2/curve.csv:BaBar").label == "BaBar"
