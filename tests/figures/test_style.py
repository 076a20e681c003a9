"""Styles: what a file of settings may say, colours that all eyes tell apart, text that stays text."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from darkmc.cli import main
from darkmc.core.errors import PhysicsError
from darkmc.figures.style import STYLES, colour, dark, light, size, styled

# Machado, Oliveira, Fernandes 2009, severity 1: on linear RGB
BLIND = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)


def linear(rgb):
    rgb = np.array(rgb)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(linear_rgb):
    """Return CIE 1976 L*, a*, b*; a difference of 1 is just seen."""
    ratio = TO_XYZ @ np.clip(linear_rgb, 0.0, 1.0) / WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16.0 / 116.0)
    return np.array([116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])])


@pytest.fixture
def colours():
    with styled():
        return [colour(k) for k in range(10)]


@pytest.mark.parametrize("kind", BLIND)
def test_colours_are_told_apart_by_colour_blind_eyes(kind, colours):
    seen = [lab(np.array(BLIND[kind]) @ linear(to_rgb(one))) for one in colours]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 8.0


def test_neighbours_differ_in_grey(colours):
    grey = [lab(linear(to_rgb(one)))[0] for one in colours]
    assert min(abs(a - b) for a, b in itertools.pairwise(grey)) > 6.5


def test_letters_are_read_on_their_own_area(colours):
    """A contrast of 4.5, as WCAG asks of text."""
    for one in colours:
        letters, ground = (TO_XYZ[1] @ linear(part) for part in (dark(one), light(one, 0.22)))
        assert (ground + 0.05) / (letters + 0.05) > 4.5


def test_slides_change_some_settings_of_paper_and_a_file_some_more(tmp_path):
    import matplotlib as mpl

    sizes = {}
    for style in STYLES:
        with styled(style):
            sizes[style] = (size(), mpl.rcParams["font.size"], mpl.rcParams["pdf.fonttype"])
    assert sizes["slides"][1] > 1.5 * sizes["paper"][1]
    assert sizes["slides"][2] == sizes["paper"][2] == 42
    own = tmp_path / "own.mplstyle"
    own.write_text(
        'figure.figsize : 5, 4  # inches\naxes.prop_cycle : cycler("color", ["ff0000", "00ff00"])\n'
    )
    with styled(str(own)):
        assert size(2.0, 0.5) == (10.0, 2.0)
        assert (colour(0), colour(3)) == ("#ff0000", "#00ff00")
        assert mpl.rcParams["font.size"] == sizes["paper"][1]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("font.size 8", ":1: write SETTING : VALUE"),
        ("\nfont.sise : 8", ":2: unknown setting 'font.sise' (nearest: 'font.size')"),
        ("font.size : large?", ":1: font.size"),
        ("\0", ":1: not a text file"),
    ],
)
def test_a_wrong_setting_is_one_line(text, named, tmp_path, capsys):
    (tmp_path / "own.mplstyle").write_text(text)
    with pytest.raises(PhysicsError, match=r"own\.mplstyle"), styled(str(tmp_path / "own.mplstyle")):
        pass
    table = tmp_path / "x.csv"
    table.write_text(
        "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error\nx,1,0,1,1,2,0,0\n"
    )
    asked = ["figure", str(table), "-o", str(tmp_path / "x.png"), "--style", str(tmp_path / "own.mplstyle")]
    assert main(asked) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert named in line
    assert not (tmp_path / "x.png").exists()


def test_an_unknown_style_names_the_known_ones():
    with (
        pytest.raises(PhysicsError, match=r"'papper' \(nearest: 'paper'\), or a file that ends"),
        styled("papper"),
    ):
        pass


def test_text_in_vector_files_stays_text(tmp_path):
    table = tmp_path / "x.csv"
    rows = "".join(f"x,{m},0,1,1e-3,2e-1,0,0\n" for m in (1, 2, 3))
    table.write_text(
        "# shown as My Search 1999; exclusion\n"
        "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error\n" + rows
    )
    assert main(["figure", str(table), "-o", str(tmp_path / "x.svg")]) == 0
    assert "My Search 1999" in (tmp_path / "x.svg").read_text()
    assert main(["figure", str(table), "-o", str(tmp_path / "x.pdf")]) == 0
    assert b"/Type3" not in (tmp_path / "x.pdf").read_bytes()
