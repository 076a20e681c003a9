"""Lepton moments on the command line: one loop, limits as curves beside experiments, bad input."""

import csv
import json
import time

import numpy as np
import pytest

import darkmc
from darkmc import gminus2
from darkmc.cli import main
from darkmc.cli.gminus2 import LOOPS
from darkmc.experiments.lepton_moments import MomentLimit
from darkmc.experiments.moment_names import list_moments
from darkmc.figures.regions import regions
from darkmc.gminus2.bounds import dark_axion_limit, window
from darkmc.output.limits import read_limits

MASS = ("--m-dark-photon", "10MeV")
LIMIT = ("limit", "gminus2-mu-2025", *MASS)
ONE_LOOP = ("--epsilon", "3e-3", "--yukawa=-0.1", "--coupling", "3e-3", "--cutoff", "1TeV")
MADE = {
    "dark_axion_two_loop": ("--lepton", "mu", "--m-dark-photon", "10MeV", "--coupling", "2"),
    "dark_axion_one_loop": ("--lepton", "mu", "--m-axion", "110", "--m-dark-photon", "100", *ONE_LOOP),
    "dark_axion_one_loop_z": (
        *(
            "--lepton",
            "mu",
            "--m-axion",
            "1",
            "--yukawa",
            "0.1",
            "--coupling-agz",
            "1e-3",
            "--cutoff",
            "1TeV",
        ),
    ),
    "pseudoscalar_yukawa": ("--lepton", "e", "--mass", "0.1GeV", "--yukawa", "1"),
    "scalar_yukawa": ("--lepton", "tau", "--mass", "1e5keV", "--yukawa", "-1e-3"),
    "vector": ("--lepton", "mu", "--mass", "0.1", "--epsilon", "1e-3"),
    "axial_vector": ("--lepton", "mu", "--mass", "0.1", "--epsilon", "1e-3"),
    "barr_zee_pseudoscalar": ("--lepton", "mu", "--mass", "0.1", "--g-lepton", "1e-3", "--g-photon", "1e-3"),
    "barr_zee_scalar": (
        *("--lepton", "mu", "--mass", "0.1", "--g-lepton", "1", "--g-photon", "1", "--boson", "Z"),
    ),
    "inert_doublet": ("--lepton", "mu", "--m-scalar", "300", "--m-fermion", "300", "--yukawa-squared", "1"),
    "kinetic_mixing_one_loop": ("--g-dark", "0.3", "--m-scalar-1", "300", "--m-scalar-2", "400"),
}


def printed(capsys):
    out, err = capsys.readouterr()
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


def test_every_loop_is_tried():
    assert set(MADE) == set(LOOPS)


@pytest.mark.parametrize(("name", "arguments"), MADE.items())
def test_one_loop_as_json_is_that_of_the_library(name, arguments, capsys):
    assert main(["gminus2", name, *arguments, "--json"]) == 0
    assert main(["gminus2", "--json", name.replace("_", "-"), *arguments]) == 0
    row, same = printed(capsys)
    assert row == same
    key = "epsilon" if name == "kinetic_mixing_one_loop" else "delta_a"
    assert set(row) == {"loop", "arguments", key, "version"}
    assert (row["loop"], row["version"]) == (name, darkmc.__version__)
    assert row[key] == float(getattr(gminus2, name)(**row["arguments"]))


def test_one_loop_in_numbers_and_units(capsys):
    """Benchmarks of the physics notes; units of masses, a fraction for the axion, defaults filled in."""
    assert main(["gminus2", "vector", "--lepton", "mu", "--mass", "10MeV", "--epsilon", "1e-3"]) == 0
    assert float(capsys.readouterr().out.removeprefix("delta_a =")) == pytest.approx(9.089707e-10, rel=1e-6)
    portal = ("gminus2", "dark_axion_two_loop", "--lepton", "mu", "--json", "--m-axion", "0.5x")
    assert main([*portal, "--m-dark-photon", "1MeV"]) == 0
    (row,) = printed(capsys)
    assert row["arguments"] == {"lepton": "mu", "m_dark_photon": 1e-3, "m_axion": 5e-4, "coupling": 1.0}
    assert row["delta_a"] == pytest.approx(-7.601934e-8, rel=1e-6)


def test_help_of_a_loop_lists_its_keys(capsys):
    assert main(["gminus2", "barr_zee_scalar", "--help"]) == 0
    out = capsys.readouterr().out
    for word in ("--lepton", "--mass", "--g-photon", "e, mu, tau", "GeV, e.g. 1TeV, default 1000.0"):
        assert word in out
    assert "photon, Z, default photon" in out


def test_help_names_the_loops(capsys):
    with pytest.raises(SystemExit):
        main(["gminus2", "--help"])
    assert set(LOOPS) <= set(capsys.readouterr().out.replace(",", " ").replace(".", " ").split())


def test_limit_json_rows_are_those_of_any_limit(capsys):
    grid = ("--m-dark-photon", "1MeV,10MeV,0.1,1,10")
    assert main(["limit", "gminus2-mu-2018", *grid, "--json"]) == 0
    assert main(["limit", "gminus2-mu-2018", *grid, "--json", "--preset", "published"]) == 0
    rows = printed(capsys)
    keys = (
        "experiment m_dark_photon m_axion interval lower upper lower_error upper_error method reason "
        "lower_draw_error upper_draw_error lower_list_error upper_list_error cpu_seconds failed "
        "lower_precision_of upper_precision_of"
    )
    for row in rows:
        assert set(row) == {*keys.split(), "n_samples", "seconds", "seed"}
        assert (row["upper"], row["lower_error"], row["n_samples"], row["interval"]) == (None, 0.0, 0, 1)
        assert row["reason"].startswith("open above")
    wanted = [0.13874, 0.20044, 0.45019, 2.0909, 14.787]
    assert [row["lower"] for row in rows] == pytest.approx(wanted * 2, rel=5e-5)


def test_no_finite_limit_is_a_null_row(capsys):
    assert main(["limit", "gminus2-e-2022-rb", *MASS, "--json"]) == 0
    assert main(["limit", "gminus2-e-2022-rb", *MASS, "--json", "--preset", "published"]) == 0
    best, published = printed(capsys)
    assert (best["interval"], best["lower"], best["upper"]) == (0, None, None)
    assert "no finite limit" in best["reason"]
    assert "2.1 sigma low" in best["reason"]
    assert published["lower"] > 0.0


def test_settings(capsys):
    """--set takes sigmas and criterion; seed, precision and workers are accepted and change nothing."""
    for more in (
        (),
        ("--set", "n_sigma=3"),
        ("--set", "criterion=shift"),
        ("--seed", "7", "--precision", "0.1"),
        ("--workers", "2"),
    ):
        assert main([*LIMIT, "--json", *more]) == 0
    plain, three, shift, seeded, spread = (row["lower"] for row in printed(capsys))
    slope = -float(gminus2.dark_axion_two_loop("mu", 0.01))
    wanted = [((3 * 63.7 - 38.5) * 1e-11 / slope) ** 0.5, (2 * 63.7e-11 / slope) ** 0.5]
    assert [three, shift] == pytest.approx(wanted, rel=1e-9)
    assert plain == seeded == spread


def test_names_of_limits(capsys):
    assert main(["list", "gminus2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == list_moments()
    assert "2.51e-09 +- 5.9e-10; " in lines[names.index("gminus2-mu-2021")]
    assert {"gminus2-mu-2018", "gminus2-mu-2021", "gminus2-mu-2025", "gminus2-e-2008-cs"} <= set(names)
    for name in names:
        for preset in ("best", "published"):
            assert MomentLimit(name, preset).limit(0.01, 0.0).reason


MINE = """# measured in the cellar
lepton,quantity,name,value,error,source,grade
mu,difference,cellar,1e-10,1e-10,"our own, unpublished",C
"""


def test_a_row_of_ones_own_from_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text(MINE)
    assert main(["limit", "gminus2-mu-cellar", *MASS, "--set", "data=mine.csv", "-o", "out.csv"]) == 0
    assert "couplings are excluded at m' = " in capsys.readouterr().out
    text = (tmp_path / "out.csv").read_text()
    for words in ("our own, unpublished (grade C)", "criterion overshoot at 2 sigma", "-1e-10 to 3e-10"):
        assert words in text
    (row,) = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    slope = -float(gminus2.dark_axion_two_loop("mu", 0.01))
    assert float(row["lower"]) == pytest.approx((1e-10 / slope) ** 0.5, rel=1e-9)
    assert row["upper"] == row["history"] == ""


def test_curves_are_drawn(tmp_path, monkeypatch):
    """A limit below the end of the scan, one that rises above it, and none."""
    monkeypatch.chdir(tmp_path)
    for name in ("gminus2-mu-2018", "gminus2-e-2022-cs", "gminus2-e-2022-rb"):
        assert main(["limit", name, "--m-dark-photon", "1MeV:10GeV:12", "-o", f"{name}.csv"]) == 0
        assert main(["figure", f"{name}.csv", "-o", f"{name}.svg"]) == 0
        assert name in (tmp_path / f"{name}.svg").read_text()
    for name in ("gminus2-e-2022-cs", "gminus2-mu-2018"):  # no scan, so no end of one
        assert "end of the scan" not in (tmp_path / f"{name}.svg").read_text()
        assert "open above" in (tmp_path / f"{name}.svg").read_text()
    assert "nothing excluded" in (tmp_path / "gminus2-e-2022-rb.svg").read_text()


def test_every_coupling_excluded_is_drawn_as_that(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    grid = ("--m-dark-photon", "1MeV:1GeV:4", "--set", "criterion=interval")
    assert main(["limit", "gminus2-mu-2021", *grid, "-o", "all.csv"]) == 0
    assert "couplings are excluded at 4 of 4 points, " in capsys.readouterr().out
    rows = read_limits(tmp_path / "all.csv")
    assert {(row["interval"], row["lower"], row["upper"]) for row in rows} == {("1", "0.0", "")}
    (region,) = regions(rows)
    assert (region.points[:, 1] == 0.0).all()
    assert np.isinf(region.points[:, 2]).all()
    assert main(["figure", "all.csv", "-o", "all.svg"]) == 0
    picture = (tmp_path / "all.svg").read_text()
    assert "nothing excluded" not in picture
    assert "open above" in picture


def test_the_head_of_a_table_says_nothing_of_a_simulation(tmp_path):
    assert main([*LIMIT, "-o", str(tmp_path / "out.csv")]) == 0
    head = [line for line in (tmp_path / "out.csv").read_text().splitlines() if line.startswith("#")]
    for word in ("Monte Carlo", "sampling", "precision"):
        assert word not in "".join(head)
    assert any("seed has no effect" in line for line in head)


RUN = """schema = 1
name = "moments"
title = "Moments"
experiments = ["gminus2-mu-2018", "gminus2-e-2008-cs"]
m_dark_photon = "1MeV:1GeV:4"
m_axion = "0.5x"
"""


def test_a_run_takes_them_as_experiments(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moments.toml").write_text(RUN)
    assert main(["run", "moments.toml", "--preset", "published", "--workers", "1"]) == 0
    names = {path.name for path in (tmp_path / "moments").iterdir()}
    tables = {"gminus2-mu-2018.csv", "gminus2-e-2008-cs.csv"}
    assert names == tables | {"moments.pdf", "moments.png", "moments.manifest.json"}
    assert main(["figure", "moments.toml", "-o", "again.png"]) == 0
    assert "moments/gminus2-mu-2018.csv" in capsys.readouterr().out


def test_48_masses_take_a_fraction_of_a_second():
    masses = np.geomspace(1e-3, 10.0, 48)
    moment = MomentLimit("gminus2-mu-2025")
    moment.limit(0.01, 0.0)
    start = time.process_time()
    one_by_one = [moment.limit(float(mass), 0.0).lower for mass in masses]
    assert time.process_time() - start < 0.5
    together = dark_axion_limit("mu", masses, allowed=window("mu", "2025"))
    assert one_by_one == pytest.approx([e.lower for e in together], rel=1e-9)


VECTOR = ("gminus2", "vector", "--epsilon", "1", "--lepton", "mu", "--mass")
PORTAL = ("gminus2", "dark_axion_one_loop", "--lepton", "mu", "--m-axion", "110", "--m-dark-photon", "100")
ONE_BOSON = ("--lepton", "mu", "--mass", "10MeV")
BAD = {
    "negative mass": ((*VECTOR, "-1MeV"), "--mass"),
    "nan mass": ((*VECTOR, "nan"), "--mass"),
    "infinite mass": ((*VECTOR, "inf"), "--mass"),
    "mass without number": ((*VECTOR, "heavy"), "heavy"),
    "unknown unit": ((*VECTOR, "1mev"), "mev"),
    "coupling with a unit": ((*VECTOR, "1", "--epsilon", "1GeV"), "--epsilon"),
    "nan coupling": (("gminus2", "vector", "--lepton", "mu", "--mass", "1", "--epsilon", "nan"), "--epsilon"),
    "cut-off below the masses": ((*PORTAL, *ONE_LOOP[:-1], "50GeV"), "50"),
    "negative cut-off": ((*PORTAL, *ONE_LOOP[:-1], "-1TeV"), "--cutoff"),
    "both masses zero": (
        ("gminus2", "dark_axion_two_loop", "--lepton", "mu", "--m-dark-photon", "0"),
        "m_dark_photon",
    ),
    "unknown lepton": (("gminus2", "vector", "--lepton", "muu", "--mass", "1", "--epsilon", "1"), "'mu'"),
    "unknown boson": (
        ("gminus2", "barr_zee_scalar", *MADE["barr_zee_scalar"][:-1], "W"),
        "'W'",
    ),
    "unknown loop": (("gminus2", "vectr", "--lepton", "mu"), "nearest: 'vector'"),
    "loop with matrices": (("gminus2", "casas_ibarra"), "Python"),
    "unknown key": ((*VECTOR, "1", "--yukwa", "1"), "unknown key --yukwa"),
    "misspelt key": ((*VECTOR, "1", "--masss", "1"), "nearest: '--mass'"),
    "misspelt json": ((*VECTOR, "1", "--jso"), "unknown key --jso (nearest: '--json')"),
    "json with a value": ((*VECTOR, "1", "--json=1"), "--json takes no value"),
    "huge coupling": (("gminus2", "scalar_yukawa", *ONE_BOSON, "--yukawa", "1e200"), "1e+200"),
    "underscores in a limit": (("limit", "gminus2_mu_2025", *MASS, "--json"), "nearest: 'gminus2-mu-2025'"),
    "capitals in a limit": (("limit", "GMINUS2-mu-2025", *MASS, "--json"), "nearest: 'gminus2-mu-2025'"),
    "card of a limit": (("show", "experiments", "gminus2-mu-2025"), "has no card"),
    "card of no limit": (("show", "experiments", "gminus2-mu-205"), "nearest: 'gminus2-mu-2025'"),
    "key twice": ((*VECTOR, "1", "--mass", "2"), "twice"),
    "key without value": (VECTOR, "--mass"),
    "missing keys": (("gminus2", "vector", "--lepton", "mu"), "--mass, --epsilon"),
    "a bare word": ((*VECTOR, "1", "2"), "'2'"),
    "no loop": (("gminus2",), "LOOP"),
    "unknown data set": (("limit", "gminus2-mu-208", *MASS, "--json"), "nearest: 'gminus2-mu-2018'"),
    "data set of a lepton without": (
        ("limit", "gminus2-tau-2018", *MASS, "--json"),
        "nearest: 'gminus2-mu-2018'",
    ),
    "unknown preset": ((*LIMIT, "--json", "--preset", "publishd"), "nearest: 'published'"),
    "negative axion": ((*LIMIT, "--json", "--m-axion=-1MeV"), "m_axion"),
    "nan axion": ((*LIMIT, "--json", "--m-axion", "nan"), "m_axion"),
    "negative mass of a limit": (("limit", "gminus2-mu-2025", "--m-dark-photon=-1", "--json"), "-1"),
    "unknown key to set": ((*LIMIT, "--json", "--set", "nsigma=2"), "nearest: 'n_sigma'"),
    "no sigmas": ((*LIMIT, "--json", "--set", "n_sigma=0"), "n_sigma"),
    "sigmas in words": ((*LIMIT, "--json", "--set", "n_sigma=two"), "n_sigma"),
    "unknown criterion": ((*LIMIT, "--json", "--set", "criterion=overshot"), "nearest: 'overshoot'"),
    "missing data": ((*LIMIT, "--json", "--set", "data=no.csv"), "no.csv"),
    "not a table": ((*LIMIT, "--json", "--set", "data=old.csv"), "old.csv"),
    "iterative": ((*LIMIT, "--json", "--method", "iterative"), "closed form"),
    "vary": ((*LIMIT, "--json", "--vary", "all"), "--vary"),
    "precision": ((*LIMIT, "--json", "--precision", "2"), "--precision"),
    "rate": (("rate", "gminus2-mu-2018", *MASS, "--coupling", "1"), "no events"),
    "existing file": ((*LIMIT, "-o", "old.csv"), "--force"),
}


@pytest.mark.parametrize(("arguments", "named"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_leaves_nothing(arguments, named, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.csv").write_text("kept")
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert named in err
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]


ROWS = {
    "mu,difference,x,one,1,s,A": "2: value and error must be numbers",
    "mu,difference,x,1,1,s": "2: 6 cells, not 7",
    "mu,difference,x,1,-1,s,A": "2: row 'x'",
    "mu,differens,x,1,1,s,A": "2: row 'x': unknown quantity 'differens' (nearest: 'difference')",
}


@pytest.mark.parametrize(("row", "named"), ROWS.items())
def test_a_bad_row_is_named(row, named, tmp_path, capsys):
    path = tmp_path / "mine.csv"
    path.write_text(f"lepton,quantity,name,value,error,source,grade\n{row}\n")
    assert main([*LIMIT, "--json", "--set", f"data={path}"]) == 2
    assert f"mine.csv:{named}" in capsys.readouterr().err
