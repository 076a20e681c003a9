"""Planes: which places a scan has, in which order, and that a key scanned is a key set."""

import csv
from pathlib import Path

import pytest

from darkmc import PhysicsError
from darkmc.cli import main
from darkmc.core.units import parse_axion_grids, parse_mass_grid
from darkmc.scan.place import Place
from darkmc.scan.plan import plan

MOMENT = ("limit", "gminus2-mu-2025", "--m-dark-photon", "10MeV,1MeV,10MeV")


def made(dark_photon, axion, **scanned):
    return plan(parse_mass_grid(dark_photon), parse_axion_grids(axion), scanned)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(name):
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_places_are_all_combinations_in_order_each_once():
    found = made("3,1,3", "0,0.5x", a=(1, 2), b=("x",))
    assert found.lines == ()
    assert found.places == tuple(
        Place(mass, share * mass, (("a", a), ("b", "x")))
        for a in (1, 2)
        for share in (0.0, 0.5)
        for mass in (1.0, 3.0)
    )
    assert made("1,2", "0,0x").places == (Place(1.0, 0.0), Place(2.0, 0.0))


@pytest.mark.parametrize(
    ("dark_photon", "axion", "named"),
    [
        ("1MeV:1GeV:auto", "1keV:1MeV:auto", "not both"),
        ("1MeV:1GeV:2000", "0x:1x:2000:lin", "1000000 points together"),
        ("1MeV:1GeV:auto", "0:1e-3:99999:lin", "1000000 points together"),
        ("1e-20,1", "1e-39x", "m_axion"),
    ],
)
def test_plans_that_cannot_be(dark_photon, axion, named):
    with pytest.raises(PhysicsError, match=named):
        made(dark_photon, axion)


def test_a_line_has_the_ends_that_were_typed():
    (first, second) = made("3MeV:0.7GeV:auto", "0,0.5x").lines
    assert (first.place(0.0).m_dark_photon, first.place(1.0).m_dark_photon) == (3e-3, 0.7)
    assert second.place(1.0) == Place(0.7, 0.35)
    assert second.place(0.5).m_dark_photon == pytest.approx((3e-3 * 0.7) ** 0.5, rel=1e-14)
    along_axion = made("10MeV,20MeV", "0.1x:0.9x:auto").lines
    assert [line.place(1.0) for line in along_axion] == [Place(m, 0.9 * m) for m in (0.01, 0.02)]


@pytest.mark.usefixtures("here", "capsys")
def test_a_key_that_is_scanned_is_a_key_that_is_set():
    assert main((*MOMENT, "--m-axion", "0,0.5x", "--scan", "n_sigma=2,3", "-o", "plane.csv")) == 0
    plane = rows("plane.csv")
    assert [row["n_sigma"] for row in plane] == ["2"] * 4 + ["3"] * 4
    assert [float(row["m_axion"]) for row in plane] == [0.0, 0.0, 5e-4, 5e-3] * 2
    for sigma in ("2", "3"):
        for axion in ("0", "0.5x"):
            name = f"{sigma}{axion}.csv"
            assert main((*MOMENT, "--m-axion", axion, "--set", f"n_sigma={sigma}", "-o", name)) == 0
    alone = [row for name in ("20.csv", "20.5x.csv", "30.csv", "30.5x.csv") for row in rows(name)]
    same = ("m_dark_photon", "m_axion", "interval", "lower", "upper", "reason")
    assert [[row[key] for key in same] for row in plane] == [[row[key] for key in same] for row in alone]
    assert plane[0]["lower"] < plane[4]["lower"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--scan", "n_sigma"), "KEY=GRID"),
        (("--scan", "=1,2"), "KEY=GRID"),
        (("--scan", "n_sigma="), "n_sigma"),
        (("--scan", "n_sigma=1,nan"), "n_sigma"),
        (("--scan", "n_sigma=[1]"), "n_sigma"),
        (("--scan", "n_sigma=2:1:3"), "upwards"),
        (("--scan", "n_sigma=0:1:3"), ":lin"),
        (("--scan", "n_sigma=1,2", "--scan", "n_sigma=3"), "twice"),
        (("--scan", "n_sigma=1,2", "--set", "n_sigma=3"), "twice"),
        (("--scan", "n_sigmas=1,2"), "nearest: 'n_sigma'"),
        (("--scan", "n_sigma=1,many"), "many"),
        (("--m-axion", "0.1x:5MeV:3"), "fractions"),
        (("--m-axion", "0,-1MeV"), "m_axion"),
    ],
)
def test_a_bad_plane_is_one_line_and_leaves_nothing(arguments, named, here, capsys):
    assert main((*MOMENT, *arguments, "-o", "x.csv")) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert named in err
    assert list(here.iterdir()) == []


@pytest.mark.usefixtures("here", "capsys")
def test_grids_of_keys_are_whole_numbers_where_they_are_written_so():
    for text, values in (
        ("1:3:3:lin", ["1", "2", "3"]),
        ("1:2:3:lin", ["1.0", "1.5", "2.0"]),
        ("1,4.0", ["1", "4.0"]),
    ):
        assert main((*MOMENT, "--scan", f"n_sigma={text}", "-o", "x.csv", "--force")) == 0
        assert list(dict.fromkeys(row["n_sigma"] for row in rows("x.csv"))) == values
