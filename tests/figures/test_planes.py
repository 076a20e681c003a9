"""Pictures of tables in long form: contours where a closed form has them, series told apart."""

import math

import numpy as np
import pytest

from darkmc.cli import main
from darkmc.figures import limits, planes
from darkmc.figures.planes import finer, plane
from darkmc.figures.series import RATIO, long_table

HEADER = "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error,method"
MASSES = np.geomspace(1e-3, 1e-1, 9)
RATIOS = np.linspace(0.0, 0.8, 6)
EDGE, ERROR = 2e-5, 0.1


def edge(mass, ratio):
    """Return a plane in the logarithms: log10 G = log10 m + ratio + constant."""
    return EDGE * mass * 10.0**ratio


def row(mass, axion, lower, upper, **more):
    cells = (
        "toy",
        mass,
        axion,
        1 if lower else 0,
        lower,
        upper,
        ERROR * lower if lower else "",
        "",
        "bracket",
    )
    return dict(zip(HEADER.split(","), map(str, cells), strict=True)) | more


def ratio_plane():
    return [row(m, r * m, edge(m, r), "") for r in RATIOS for m in MASSES]


def write_table(path, rows):
    lines = [",".join(rows[0]), *(",".join(line.values()) for line in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_plane_is_read_from_a_table_and_interpolated_on_straight_lines():
    found, column = plane(long_table(ratio_plane(), "x"), "lower", "x")
    assert column == RATIO
    np.testing.assert_allclose(found.x, MASSES)
    np.testing.assert_allclose(found.y, RATIOS)
    np.testing.assert_allclose(found.edge, np.log10(edge(MASSES, RATIOS[:, None])), rtol=1e-12)
    np.testing.assert_allclose(found.error, ERROR / math.log(10.0), rtol=1e-12)
    fine = finer(found)
    at = [np.interp(fine.x, MASSES, np.log10(edge(MASSES, 0.0))) + y for y in fine.y]
    np.testing.assert_allclose(fine.edge, at, atol=1e-12)


def test_what_is_not_excluded_is_white_and_no_more():
    table = ratio_plane()
    table[20]["lower"] = table[20]["lower_error"] = ""
    found, _ = plane(long_table(table, "x"), "lower", "x")
    assert np.isnan(found.edge).sum() == 1
    assert np.isnan(found.edge[2, 2])
    fine = finer(found)
    assert 0 < np.isnan(fine.edge).sum() < 4.5 * fine.edge.size / (5 * 8)  # the four cells about it


def test_contours_and_their_bands_are_where_the_closed_form_has_them(here, monkeypatch):
    figures = []
    monkeypatch.setattr(planes, "save", lambda figure, _: figures.append(figure))
    write_table(here / "x.csv", ratio_plane())
    limits.draw_limits([here / "x.csv"], [], "x")
    axes = figures[0].axes[0]
    _, lines, *bands = [c for c in axes.collections if hasattr(c, "levels")]
    assert len(bands) >= 4
    seen = 0
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        for mass, ratio in path.vertices:
            steps = np.interp(mass, MASSES, np.log10(MASSES))  # straight between the points
            assert steps + ratio + math.log10(EDGE) == pytest.approx(level, abs=2e-3)
            seen += 1
    assert seen > 100
    for band in bands:  # one error to each side: 0.0434 of the ratio
        (path,) = band.get_paths()
        heights = [r for m, r in path.vertices if abs(m - MASSES[4]) < 3e-4]
        if heights and min(heights) > 0.1 and max(heights) < 0.7:
            assert max(heights) - min(heights) == pytest.approx(2 * ERROR / math.log(10.0), abs=0.03)
    assert axes.get_xscale() == "log"
    assert (axes.get_yscale(), axes.get_ylabel()) == ("linear", r"$m_a / m_{\gamma^\prime}$")


@pytest.mark.parametrize("size", [1.0, 3.0])
def test_a_few_series_are_regions_of_their_own(size, here, monkeypatch):
    figures = []
    monkeypatch.setattr(limits, "save", lambda figure, _: figures.append(figure))
    rows = [row(m, a, size * edge(m, 0), 1.0, key=key) for key in "ab" for a in (0.0, 1e-4) for m in MASSES]
    write_table(here / "x.csv", rows)
    limits.draw_limits([here / "x.csv"], [], "x")
    (axes,) = figures[0].axes
    named = [*axes.texts, *axes.get_legend().get_texts()]  # in the picture where there is room, else above
    wanted = [f"toy, $m_a$ = {a}, key = {key}" for key in "ab" for a in ("0", "100 keV")]
    assert sorted(text.get_text().replace("\n", " ") for text in named) == sorted(wanted)


def test_along_the_axion_where_only_its_mass_varies(here, monkeypatch):
    figures = []
    monkeypatch.setattr(limits, "save", lambda figure, _: figures.append(figure))
    write_table(here / "x.csv", [row(0.1, a, edge(a, 0), 1.0) for a in MASSES])
    limits.draw_limits([here / "x.csv"], [], "x")
    axes = figures[0].axes[0]
    assert axes.get_xlabel() == "axion mass $m_a$ [GeV]"
    np.testing.assert_allclose(axes.lines[0].get_data(), [MASSES, edge(MASSES, 0)])


def test_a_scan_is_drawn(here, capsys):
    grid = ("--m-dark-photon", "1MeV:1GeV:4", "--m-axion", "0x:0.9x:5:lin")
    assert main(("limit", "gminus2-mu-2025", *grid, "-o", "x.csv")) == 0
    assert main(("figure", "x.csv", "-o", "x.png")) == 0
    assert (here / "x.png").read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()


def two_axes():
    return [row(m, a, edge(m, 0), "", key=key) for key in "ab" for a in (0.0, 1e-4, 2e-4) for m in MASSES]


BAD = {
    "two quantities": (two_axes(), ""),
    "words": ([{**r, "key": f"k{r['m_axion']}", "m_axion": "0"} for r in ratio_plane()], "numbers"),
    "no grid": (ratio_plane()[:-1], "no grid"),
    "nothing excluded": ([row(m, r * m, "", "") for r in RATIOS for m in MASSES], "nothing is excluded"),
    "no number": ([{**r, "m_axion": "x"} for r in ratio_plane()] + two_axes(), "x.csv"),
}


@pytest.mark.parametrize(("rows", "named"), BAD.values(), ids=BAD)
def test_what_is_no_plane_is_one_line(rows, named, here, capsys):
    write_table(here / "x.csv", rows)
    assert main(("figure", "x.csv", "-o", "x.png")) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    assert named in err
    assert not (here / "x.png").exists()


def test_a_plane_is_drawn_alone(here, capsys):
    write_table(here / "x.csv", ratio_plane())
    (here / "curve.csv").write_text("mass_GeV,value\n0.01,1e-6\n", encoding="utf-8")
    assert main(("figure", "x.csv", "--overlay", "curve.csv", "-o", "x.png")) == 2
    assert "drawn alone" in capsys.readouterr().err
