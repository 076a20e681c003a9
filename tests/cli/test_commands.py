"""The command line: bad input (exit 2, one line, nothing left on disk), JSON contract, units, catalogues."""

import json
import subprocess
import sys

import pytest

import darkmc
from darkmc.cli import main

CHARM = "charm-finegrained"
MASS = ("--m-dark-photon", "30MeV")
POINT = (*MASS, "--coupling", "6e-5")
RATE = ("rate", CHARM)
PUBLISHED = ("--preset", "published")  # pi0 and eta to a gamma: quick, and closed above the eta
FAST = ("--samples", "8192")


def set_(text):
    return ("--set", text)


# name -> (arguments, what the one line must name)
BAD_NUMBERS = {
    "negative coupling": ((*RATE, *MASS, "--coupling=-1e-5"), "--coupling"),
    "negative coupling apart": ((*RATE, *MASS, "--coupling", "-1e-5"), "--coupling"),
    "zero coupling": ((*RATE, *MASS, "--coupling", "0"), "--coupling"),
    "nan coupling": ((*RATE, *MASS, "--coupling", "nan"), "--coupling"),
    "infinite coupling": ((*RATE, *MASS, "--coupling", "inf"), "--coupling"),
    "overflowing coupling": ((*RATE, *MASS, "--coupling", "1e999"), "--coupling"),
    "coupling with a unit": ((*RATE, *MASS, "--coupling", "1e-5GeV"), "--coupling"),
    "coupling in words": ((*RATE, *MASS, "--coupling", "small"), "small"),
    "negative mass": ((*RATE, "--m-dark-photon=-30MeV", "--coupling", "6e-5"), "--m-dark-photon"),
    "zero mass": ((*RATE, "--m-dark-photon", "0", "--coupling", "6e-5"), "--m-dark-photon"),
    "nan mass": ((*RATE, "--m-dark-photon", "nan", "--coupling", "6e-5"), "--m-dark-photon"),
    "infinite mass": ((*RATE, "--m-dark-photon", "inf", "--coupling", "6e-5"), "--m-dark-photon"),
    "unknown unit": ((*RATE, "--m-dark-photon", "30mev", "--coupling", "6e-5"), "mev"),
    "negative axion": ((*RATE, *POINT, "--m-axion=-1MeV"), "m_axion"),
    "negative fraction": ((*RATE, *POINT, "--m-axion=-0.5x"), "m_axion"),
    "nan axion": ((*RATE, *POINT, "--m-axion", "nan"), "m_axion"),
    "infinite axion": ((*RATE, *POINT, "--m-axion", "inf"), "m_axion"),
    "zero precision": ((*RATE, *POINT, "--precision", "0"), "--precision"),
    "negative precision": ((*RATE, *POINT, "--precision=-0.1"), "--precision"),
    "nan precision": ((*RATE, *POINT, "--precision", "nan"), "--precision"),
    "precision of one": ((*RATE, *POINT, "--precision", "1"), "--precision"),
    "zero samples": ((*RATE, *POINT, "--samples", "0"), "--samples"),
    "half a sample": ((*RATE, *POINT, "--samples", "1.5"), "--samples"),
    "infinite samples": ((*RATE, *POINT, "--samples", "inf"), "--samples"),
    "precision and samples": ((*RATE, *POINT, "--precision", "0.1", "--samples", "9"), "not both"),
    "negative seed": ((*RATE, *POINT, "--seed=-1"), "--seed"),
    "seed in words": ((*RATE, *POINT, "--seed", "x"), "--seed"),
    "no workers": ((*RATE, *POINT, "--workers", "0"), "--workers"),
    "a trillion samples": ((*RATE, *POINT, "--samples", "1e12"), "samples"),
    "a million workers": ((*RATE, *POINT, "--workers", "1000000"), "--workers"),
    "dashes for a value": ((*RATE, *POINT, "--set=--"), "--set: expected a value"),
    "dashes for a number": ((*RATE, *POINT, "--seed=--"), "--seed: expected a value"),
    "a seed of 64 bits": ((*RATE, *POINT, "--seed", str(2**63)), "--seed"),
}
BAD_CARDS = {
    "unknown experiment": (("rate", "charm-finegraned", *POINT), f"nearest: '{CHARM}'"),
    "missing card file": (("rate", "nowhere.toml", *POINT), "nowhere.toml"),
    "unknown preset": ((*RATE, *POINT, "--preset", "publishd"), "nearest: 'published'"),
    "misspelt key": ((*RATE, *POINT, *set_("beam.pott=1e18")), "nearest: 'pot'"),
    "misspelt table": ((*RATE, *POINT, *set_("geometri.shape='box'")), "nearest: 'geometry'"),
    "misspelt flux key": ((*RATE, *POINT, *set_("flux.ratio.eta=0.1")), "nearest: 'ratios'"),
    "misspelt cut": ((*RATE, *POINT, *set_("cuts.enery.min=1")), "nearest: 'energy'"),
    "no value": ((*RATE, *POINT, *set_("beam.pot")), "KEY=VALUE"),
    "negative exposure": ((*RATE, *POINT, *set_("beam.pot=-1")), "beam.pot"),
    "infinite exposure": ((*RATE, *POINT, *set_("beam.pot=inf")), "beam.pot"),
    "absurd exposure": ((*RATE, *POINT, *set_("beam.pot=1e200")), "beam.pot"),
    "nan in a vector": ((*RATE, *POINT, *set_("geometry.centre_m=[0, nan, 486.3]")), "geometry.centre_m"),
    "wrong type": ((*RATE, *POINT, *set_("beam.pot='many'")), "beam.pot"),
    "backward cut": ((*RATE, *POINT, *set_("cuts.energy.min=60.0")), "min must be below max"),
    "target in the detector": ((*RATE, *POINT, *set_("geometry.centre_m=[0.0,0.0,1.0]")), "target"),
    "observable of the vertex": ((*RATE, *POINT, *set_("cuts.energy.observable=z_vertex")), "z_vertex"),
    "unknown observable": ((*RATE, *POINT, *set_("cuts.energy.observable=E_foton")), "E_photon"),
    "unknown run": (("run", "charmm"), "nearest: 'charm'"),
    "unknown card to show": (("show", "fluxes", "bmpt-cu-40"), "nearest: 'bmpt-cu-400'"),
    "unknown kind": (("list", "detectors"), "detectors"),
    "unknown command": (("rat", CHARM), "rat"),
    "abbreviated option": ((*RATE, *POINT, "--prec", "0.1"), "--prec"),
    "nothing": ((), "COMMAND"),
    "missing options": (RATE, "--m-dark-photon"),
}
GENERATE_ = ("generate", CHARM, *PUBLISHED, "--m-dark-photon")
CLOSED = {
    "rate": ((*RATE, *PUBLISHED, "--m-dark-photon", "0.6", "--coupling", "1e-3"), "0.547862"),
    "rate, sum of masses": (
        (*RATE, *PUBLISHED, "--m-dark-photon", "0.3", "--m-axion", "0.25", "--coupling", "1"),
        "0.547862",
    ),
    "rate, equal masses": ((*RATE, *POINT, "--m-axion", "1x"), "decay closed"),
    "generate": (
        (*GENERATE_, "0.6", "--coupling", "1", "--events", "9", "-o", "x.root"),
        "0.547862",
    ),
    "limit to a file": (
        ("limit", CHARM, *PUBLISHED, "--m-dark-photon", "0.6,0.7", "-o", "x.csv"),
        "0.547862",
    ),
}
LIMIT = ("limit", CHARM, *PUBLISHED, "--json", "--m-dark-photon")
GRIDS = {
    "empty": ("",),
    "only commas": (",,",),
    "no points": ("1MeV:30MeV:0",),
    "half a point": ("1MeV:30MeV:2.5",),
    "backward": ("30MeV:1MeV:5",),
    "two points in one": ("30MeV:30MeV:2",),
    "one point in two": ("1MeV:30MeV:1",),
    "unknown spacing": ("1MeV:30MeV:5:cubic",),
    "too short": ("1MeV:30MeV",),
    "zero start": ("0:30MeV:5",),
    "negative": ("-1MeV,30MeV",),
    "nan": ("nan",),
    "infinite stop": ("1MeV:inf:5",),
    "too many points": ("1MeV:30MeV:1000001",),
    "a superscript": ("1MeV:30MeV:\u00b2",),
}
GRIDS = {name: ((*LIMIT[:-1], f"--m-dark-photon={grid[0]}"), "") for name, grid in GRIDS.items()}
GENERATE = ("generate", CHARM, *POINT, "--events", "9", "-o")
OUTPUTS = {
    "no events": (("generate", CHARM, *POINT, "--events", "0", "-o", "x.root"), "--events"),
    "negative events": (("generate", CHARM, *POINT, "--events=-5", "-o", "x.root"), "--events"),
    "nan events": (("generate", CHARM, *POINT, "--events", "nan", "-o", "x.root"), "--events"),
    "existing events": ((*GENERATE, "old.root"), "--force"),
    "existing limits": (("limit", CHARM, *MASS, "-o", "old.csv"), "--force"),
    "missing directory": ((*GENERATE, "no/x.root"), "no such directory"),
    "missing directory, limit": (("limit", CHARM, *MASS, "-o", "no/x.csv"), "no such directory"),
    "file as directory": ((*GENERATE, "old.csv/x.root"), "old.csv"),
    "file as directory, run": (("run", "charm", "-o", "old.csv/x"), "old.csv"),
    "file as directory of a run": (("run", "charm", "-o", "old.csv"), "old.csv"),
    "directory as file": ((*GENERATE, "folder.root", "--force"), "directory"),
    "wrong suffix": ((*GENERATE, "x.txt"), ".root"),
    "two things for stdout": (("limit", CHARM, *MASS, "--json", "-o", "-"), "standard output"),
    "preset of a run": (("run", "charm", "-o", "x", "--preset", "publishd"), "published"),
}
BAD = BAD_NUMBERS | BAD_CARDS | CLOSED | GRIDS | OUTPUTS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.csv").write_text("kept")
    (tmp_path / "old.root").write_text("kept")
    (tmp_path / "folder.root").mkdir()
    return tmp_path


def contents(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize(("arguments", "named"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_leaves_nothing(arguments, named, folder, capsys):
    before = contents(folder)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert named in err
    assert "Traceback" not in err
    assert contents(folder) == before
    assert (folder / "old.csv").read_text() == (folder / "old.root").read_text() == "kept"


FRESH = ["unknown experiment", "negative coupling", "rate", "target in the detector"]


@pytest.mark.parametrize("name", FRESH)
def test_bad_input_of_a_fresh_process(name):
    arguments, named = BAD[name]
    done = subprocess.run([sys.executable, "-m", "darkmc", *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert named in done.stderr


@pytest.mark.parametrize("coupling", ["1e-2", "1", "100"])
def test_where_nothing_survives_is_no_crash(coupling, capsys):
    """Far above the upper edge the yield underflows to 0; that is an answer or a one-line error."""
    code = main([*RATE, *MASS, "--coupling", coupling, *FAST, "--json"])
    out, err = capsys.readouterr()
    assert code in (0, 2)
    assert err.count("\n") <= 1
    assert code == 2 or 0.0 <= json.loads(out)["expected_events"] < 1e-100


def test_a_mass_next_to_nothing_is_no_crash(capsys):
    code = main([*RATE, *PUBLISHED, "--m-dark-photon", "1e-300", "--coupling", "1e-3", *FAST, "--json"])
    out, err = capsys.readouterr()
    assert code in (0, 2)
    assert err.count("\n") <= 1
    assert code == 2 or 0.0 <= json.loads(out)["expected_events"] < 1e-100


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


RATE_KEYS = (
    "experiment m_dark_photon m_axion coupling expected_events error draw_error list_error n_samples "
    "efficiency largest_row precision_of cpu_seconds"
)
LIMIT_KEYS = (
    "experiment m_dark_photon m_axion interval lower upper lower_error upper_error method reason n_samples "
    "lower_draw_error upper_draw_error lower_list_error upper_list_error cpu_seconds failed "
    "lower_precision_of upper_precision_of"
)


def test_rate_json_has_exactly_the_keys_of_the_contract(capsys):
    assert main([*RATE, *POINT, *FAST, "--m-axion", "0.5x", "--seed", "4", "--json"]) == 0
    out, err = capsys.readouterr()
    (row,) = rows(out)
    assert err == ""
    assert set(row) == {*RATE_KEYS.split(), "seconds", "seed", "version", "remarks"}
    assert (row["experiment"], row["m_dark_photon"], row["m_axion"]) == (CHARM, 0.03, 0.015)
    assert (row["coupling"], row["n_samples"], row["seed"]) == (6e-5, 8192, 4)
    assert row["version"] == darkmc.__version__
    assert 0 < row["error"] < 0.2 * row["expected_events"]
    assert 0 < row["efficiency"] <= 1
    assert 0 < row["largest_row"] < 1
    assert row["precision_of"] == "N"
    assert row["cpu_seconds"] > 0.0


@pytest.mark.parametrize("mass", ["30MeV", "0.03GeV", "0.03", "3e7eV", "30000keV", "3e-5TeV"])
def test_units_of_masses(mass, capsys):
    assert main([*RATE, "--m-dark-photon", mass, "--coupling", "6e-5", *FAST, "--json"]) == 0
    (row,) = rows(capsys.readouterr().out)
    assert row["m_dark_photon"] == pytest.approx(0.03, rel=1e-14)
    assert row["expected_events"] == pytest.approx(darkmc_rate(0.03).value, rel=1e-6)


def darkmc_rate(mass, **options):
    sample = darkmc.Experiment(CHARM, **options).simulate(
        darkmc.DarkAxionPortal(mass), n_samples=8192, at=6e-5, seed=1
    )
    return sample.expected_events(6e-5)


def test_set_and_preset_are_those_of_the_library(capsys):
    main([*RATE, *POINT, *FAST, "--json", "--preset", "published", *set_("beam.pot=1e18")])
    (row,) = rows(capsys.readouterr().out)
    wanted = darkmc_rate(0.03, preset="published", overrides={"beam.pot": 1e18})
    assert (row["expected_events"], row["error"]) == pytest.approx(wanted, rel=1e-12)


def test_limit_json_rows(capsys):
    grid = "10MeV,30MeV,0.6"
    assert main([*LIMIT, grid, "--precision", "0.05"]) == 0
    excluded, open_, closed = rows(capsys.readouterr().out)
    for row in (excluded, open_, closed):
        assert set(row) == {*LIMIT_KEYS.split(), "seconds", "seed"}
    assert excluded["interval"] == 1
    assert excluded["lower"] < excluded["upper"]
    assert "outside the fit" in excluded["reason"]  # its upper edge is decided by pions above 135 GeV
    assert (excluded["lower_precision_of"], excluded["upper_precision_of"]) == ("G", "G")
    assert (open_["lower_precision_of"], closed["lower_precision_of"]) == ("decision", None)
    assert "no crossing" in open_["reason"]
    assert "0.547862" in closed["reason"]
    for row in (open_, closed):
        assert [row[key] for key in ("lower", "upper", "lower_error", "upper_error")] == [None] * 4


def test_a_limit_that_is_closed_everywhere_writes_null_rows_and_fails(capsys):
    assert main([*LIMIT, "0.6,0.7"]) == 2
    out, err = capsys.readouterr()
    assert [row["lower"] for row in rows(out)] == [None, None]
    assert err.count("\n") == 1


def test_iterative_limit_carries_its_history(capsys):
    assert main([*LIMIT, "10MeV", "--method", "iterative", "--precision", "0.05"]) == 0
    (row,) = rows(capsys.readouterr().out)
    assert set(row) == {*LIMIT_KEYS.split(), "seconds", "seed", "history"}
    assert row["upper"] is None
    assert "bracket" in row["reason"]
    assert row["history"][-1][0] == row["lower"]
    assert abs(row["history"][-1][1] / 99 - 1) < 0.01


def test_limit_in_two_processes_gives_the_same_numbers(capsys):
    for workers in ("1", "2"):
        assert main([*LIMIT, "10MeV,20MeV,30MeV", "--precision", "0.05", "--workers", workers]) == 0
    made = [dict(row, seconds=0, cpu_seconds=0) for row in rows(capsys.readouterr().out)]
    assert made[:3] == made[3:]


def test_force_replaces_and_says_what_was_written(folder, capsys):
    assert main([*GENERATE, "old.root", "--force"]) == 0
    assert (folder / "old.root").read_bytes()[:4] == b"root"
    assert contents(folder) == ["folder.root", "old.csv", "old.root"]
    assert "old.root" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "name"), [("experiments", CHARM), ("fluxes", "bmpt-cu-400"), ("runs", "charm")]
)
def test_list_and_show(kind, name, capsys):
    assert main(["list", kind]) == 0
    assert name in capsys.readouterr().out.split()
    assert main(["show", kind, name]) == 0
    assert f'name = "{name}"' in capsys.readouterr().out


def test_catalogues_of_the_library():
    assert CHARM in darkmc.list_experiments()
    assert "bmpt-cu-400" in darkmc.list_fluxes()
    assert "charm" in darkmc.list_runs()


def test_rate_in_words_names_the_exclusion_and_the_cutflow(capsys):
    assert main([*RATE, *POINT, *FAST, "--cutflow"]) == 0
    text = capsys.readouterr().out
    for word in ("expected events", "99 events", "produced_towards_detector", "forward_shower"):
        assert word in text
