"""Overlays of many layouts: columns, units, islands, regions; bounds that are shipped."""

import math

import numpy as np
import pytest

import darkmc
from darkmc.cli import main
from darkmc.core.errors import PhysicsError
from darkmc.figures.overlays import find_bounds, read_overlay, read_overlays

LIMITS = (
    "# shown as A Search 1999; exclusion\n"
    "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error,method,reason\n"
    "x,0.005,0,1,3e-4,2e-2,0,0,bracket,\nx,0.03,0,1,8e-5,,0,0,bracket,\n"
)
HEPDATA = (
    "#: table_doi: 10.17182/hepdata.1\n#: name: Table 1\n"
    "M(A) [MEV],M(A) [MEV] LOW,M(A) [MEV] HIGH,G [TEV**-1],error +,error -\n"
    "10,9,11,0.2,0.1,-0.1\n20,19,21,0.4,0.1,-0.1\n\n#: name: Table 1\nM(A) [MEV],expected\n10,3\n"
)
LAYOUTS = {
    "own columns": ("mass_GeV,value\n0.01,2e-4\n0.02,4e-4\n", [0.01, 0.02], [2e-4, 4e-4]),
    "other order, more columns": (
        "value,note,mass_GeV\n2e-4,a,0.01\n4e-4,b,0.02\n",
        [0.01, 0.02],
        [2e-4, 4e-4],
    ),
    "units": ("m [MeV],G [1/TeV]\n10,0.2\n20,0.4\n", [0.01, 0.02], [2e-4, 4e-4]),
    "units as suffixes": ("mass_MeV,g_GeV^-1\n10,2e-4\n20,4e-4\n", [0.01, 0.02], [2e-4, 4e-4]),
    "HEPData": (HEPDATA, [0.01, 0.02], [2e-4, 4e-4]),
    "white space, no names": ("# x y\n0.01 2e-4\n0.02\t4e-4\n", [0.01, 0.02], [2e-4, 4e-4]),
    "commas, no names": ("0.01,2e-4\n0.02,4e-4\n", [0.01, 0.02], [2e-4, 4e-4]),
}


def write(folder, text):
    (folder / "x.csv").write_text(text, encoding="utf-8")
    return str(folder / "x.csv")


@pytest.mark.parametrize(("text", "mass", "value"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(text, mass, value, tmp_path):
    overlay = read_overlay(write(tmp_path, text))
    np.testing.assert_allclose(overlay.mass, mass, rtol=1e-12)
    np.testing.assert_allclose(overlay.value, value, rtol=1e-12)
    assert all(stroke.upper is None for stroke in overlay.strokes)


def test_islands_in_white_space(tmp_path):
    overlay = read_overlay(
        write(tmp_path, "0.01 2e-4\n0.02 4e-4\n\n0.05 1e-3\n0.06 1e-3\n0.05 2e-3\n0.05 1e-3\n")
    )
    assert [len(stroke.mass) for stroke in overlay.strokes] == [2, 4]


def test_regions_by_an_upper_edge_or_by_what_the_head_says(tmp_path):
    (stroke,) = read_overlay(write(tmp_path, "# label: Mine\nmass_GeV,lower,upper\n1,2,3\n2,2,\n")).strokes
    assert stroke.upper.tolist() == [3.0, math.inf]
    assert read_overlay(write(tmp_path, "# label: Mine\n1,2\n")).label == "Mine"
    (stroke,) = read_overlay(write(tmp_path, "# drawn as: area above\n1,2\n")).strokes
    assert stroke.upper.tolist() == [math.inf]


def test_own_limit_tables_give_their_regions(tmp_path):
    overlay = read_overlay(write(tmp_path, LIMITS))
    assert overlay.label == "A Search 1999"
    (stroke,) = overlay.strokes
    assert stroke.value.tolist() == [3e-4, 8e-5, 8e-5]
    assert stroke.upper.tolist() == [2e-2, 2e-2, math.inf]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("species,share\npi0,0.9\n", "x.csv:1: the first row must name"),
        ("mass_GeV\n1\n", "x.csv:1: no column of couplings"),
        ("m [MeV],G [GeV]\n1,1\n", "x.csv:1: the unit of 'G [GeV]' is not GeV^-1"),
        ("mass_GeV,lower,upper\n1,2,1\n", "x.csv:2: the upper edge lies below"),
        ("1 2\n1 x\n", "x.csv:2: mass and coupling must be numbers"),
        ("1 2\n0 1\n", "x.csv:2: mass and coupling must be finite and above zero"),
        (LIMITS.replace("1,3e-4,2e-2", "0,,").replace("1,8e-5,", "0,,"), "nothing is excluded"),
    ],
)
def test_what_is_no_such_table_is_named(text, named, tmp_path):
    with pytest.raises(PhysicsError) as error:
        read_overlay(write(tmp_path, text))
    assert named in str(error.value)


def test_shipped_bounds_say_their_source_and_how_they_were_made():
    paths = find_bounds()
    assert {"charm", "babar", "belle2-20fb", "belle2-50ab", "sn1987a", "pi0-gamma-nunu"} <= set(paths)
    for path in paths.values():
        head = [line[2:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
        assert any(line.startswith("source: ") and "arXiv:" in line for line in head)
        assert any(line.startswith(("digitised", "computed")) for line in head)
    overlays = read_overlays("known")
    assert len(overlays) == len(paths) == len({overlay.label for overlay in overlays})
    assert read_overlays("sn1987a")[0].label == "SN1987A"


def test_bounds_are_listed_by_name(capsys):
    assert main(["list", "bounds"]) == 0
    assert capsys.readouterr().out.split() == list(find_bounds())


def test_published_curves_lie_near_ours():
    """To what their digitising and the counts of BaBar are good for: 20%."""
    for name, experiment, masses, within in (
        ("babar", "babar", (0.089, 0.89), 0.2),
        ("charm", "charm-finegrained", (0.018,), 0.2),
    ):
        (stroke,) = read_overlays(name)[0].strokes
        for mass in masses:
            found = darkmc.Experiment(experiment, preset="published")
            sample = found.simulate(darkmc.DarkAxionPortal(mass), precision=0.1)
            there = np.exp(np.interp(np.log(mass), np.log(stroke.mass), np.log(stroke.value)))
            assert found.limit(sample).lower == pytest.approx(there, rel=within)


def test_the_pion_bound_is_where_the_branching_ratio_is_that_large():
    (stroke,) = read_overlays("pi0-gamma-nunu")[0].strokes
    for mass, coupling in zip(stroke.mass, stroke.value, strict=True):
        ratio = darkmc.DarkAxionPortal(mass).meson_branching_ratio("pi0", coupling)
        assert float(ratio) == pytest.approx(6e-4, rel=0.01)
