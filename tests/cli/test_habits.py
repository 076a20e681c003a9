"""Habits of the command line: tables to be read, standard output, several couplings, more and fewer words."""

import csv
import json
import subprocess
import sys

import pytest

from darkmc.cli import main
from darkmc.cli.parser import build_parser
from darkmc.cli.usage import FIRST
from darkmc.core import progress
from darkmc.core.saying import QUIET, VERBOSE, saying

CHARM = "charm-finegrained"
QUICK = ("--preset", "published")
LIMIT = ("limit", CHARM, *QUICK, "--precision", "0.1", "--m-dark-photon")
RATE = ("rate", CHARM, *QUICK, "--samples", "8192", "--m-dark-photon", "30MeV", "--coupling")


def run(capsys, *words):
    code = main(words)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_limit_without_output_is_a_table_to_be_read(capsys):
    code, out, err = run(capsys, *LIMIT, "5MeV,20MeV,0.4")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].startswith("charm-finegrained, preset published: excluded: ")
    _, changed, _ = run(capsys, *LIMIT, "0.4", "--set", "beam.pot=1e18", "--set", "observed.n_obs=0")
    assert changed.startswith(
        "charm-finegrained, preset published, set: beam.pot, observed.n_obs: excluded: "
    )
    assert lines[1].split() == ["m'", "(GeV)", "excluded", "from", "(GeV^-1)", "to", "(GeV^-1)", "notes"]
    assert [line.split()[0] for line in lines[2:5]] == ["0.005", "0.02", "0.4"]
    assert " +- " in lines[2]
    assert "nothing" in lines[4]
    code, out, _ = run(capsys, *LIMIT, "5MeV", "--json")
    row = json.loads(out)
    first = lines[2].split("(")[1].split(")")
    low, error = (float(x) for x in first[0].split(" +- "))
    power = float(f"1{first[1].split()[0]}")
    assert low * power == pytest.approx(row["lower"], abs=0.06 * row["lower_error"])
    assert error * power == pytest.approx(row["lower_error"], rel=0.06)


def test_a_remark_stands_once_below_the_table_and_once_in_its_head(capsys, tmp_path):
    _, out, _ = run(capsys, *LIMIT, "5MeV,8MeV,12MeV")
    assert out.count("of the yield at the upper edge is from mesons outside the fit") == 1
    assert out.splitlines()[-1].startswith("a: flux bmpt-cu-400: ")
    assert main((*LIMIT, "5MeV,8MeV,12MeV", "-o", str(tmp_path / "x.csv"))) == 0
    text = (tmp_path / "x.csv").read_text()
    assert text.count("of the yield at the upper edge is from mesons outside the fit") == 1
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert all(row["reason"].startswith("remark a (") for row in rows)


def test_the_table_shows_the_envelope(capsys):
    words = (*LIMIT, "20MeV,0.4", "--vary", "fewer-pions,more-pions")
    _, out, _ = run(capsys, *words)
    row = json.loads(run(capsys, *words, "--json")[1].splitlines()[0])
    head, first, second, told = out.splitlines()[1:5]
    assert head.split()[2:-1] == ["excluded", "from", "(GeV^-1)", "varied", "to", "(GeV^-1)", "varied"]
    for edge in ("lower", "upper"):
        least, most = (f"{row[f'{edge}_{end}']:.3g}" for end in ("min", "max"))
        assert f"{least} to {most} ({row[f'{edge}_by_most']})" in first
    assert second.split()[1] == "nothing"
    assert told.startswith("varied: the least and largest edge with fewer-pions, more-pions")


def test_what_was_found_is_said_in_words(capsys, tmp_path):
    words = (*LIMIT, "10MeV,20MeV,0.4", "-o", str(tmp_path / "x.csv"))
    _, out, _ = run(capsys, *words)
    rows = [json.loads(line) for line in run(capsys, *LIMIT, "10MeV,20MeV", "--json")[1].splitlines()]
    low, high = min(rows, key=lambda row: row["lower"]), max(rows, key=lambda row: row["upper"])
    assert out == (
        f"{tmp_path / 'x.csv'}: couplings are excluded at 2 of 3 points, m' = 0.01 to 0.02 GeV; lowest edge "
        f"{low['lower']:.3g} GeV^-1 at {low['m_dark_photon']:g} GeV, "
        f"highest {high['upper']:.3g} GeV^-1 at {high['m_dark_photon']:g} GeV\n"
    )
    _, out, _ = run(capsys, *LIMIT, "0.4,0.41", "-o", str(tmp_path / "y.csv"))
    assert out == f"{tmp_path / 'y.csv'}: nothing is excluded at 2 points\n"


def test_a_dash_is_standard_output():
    words = [sys.executable, "-m", "darkmc", *LIMIT, "5MeV", "-o", "-"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("# darkmc ")
    assert len([line for line in done.stdout.splitlines() if not line.startswith("#")]) == 2
    assert done.stderr.startswith("/dev/stdout: couplings are excluded at m' = 0.005 GeV; ")


def test_rate_at_several_couplings_is_one_sample(capsys):
    _, out, _ = run(capsys, *RATE, "3e-5,6e-5,1.2e-4", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["coupling"] for row in rows] == [3e-5, 6e-5, 1.2e-4]
    assert len({row["n_samples"] for row in rows}) == 1
    code, out, err = run(capsys, *RATE, "3e-5:1.2e-4:3")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in lines[1:5]] == ["G", "3e-05", "6e-05", "0.00012"]
    value = float(lines[3].split()[1])
    assert value == pytest.approx(rows[1]["expected_events"], abs=0.06 * rows[1]["error"])
    code, out, _ = run(capsys, *RATE, "3e-5,6e-5", "--cutflow")
    assert "decays_inside" in out.splitlines()[1]


@pytest.mark.parametrize(("text", "said"), [("1e-5,", "1e-05"), ("1e-5,1e-5", "1e-05")])
def test_one_coupling_in_a_list_is_one(capsys, text, said):
    _, out, _ = run(capsys, *RATE, text)
    assert f"G = {said} GeV^-1" in out


@pytest.mark.parametrize("text", ["1e-5,x", "1e-5,0", ":", "1:2", "1e-4:1e-5:3", ",", "0:1:3"])
def test_bad_couplings_are_one_line(capsys, text):
    code, out, err = run(capsys, *RATE, text)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_an_axion_mass_without_unit_explains_an_empty_result(capsys):
    hint = "--m-axion 0.5 is 0.5 GeV: 0.5x is that fraction of the dark photon's mass"
    point = ("--samples", "8192", "--m-dark-photon", "30MeV", "--coupling", "1e-5")
    _, out, _ = run(capsys, "rate", CHARM, *point, "--m-axion", "0.5")
    assert hint in out
    code, _, err = run(capsys, *RATE, "1e-5", "--m-axion", "0.9")
    assert code == 2
    assert "--m-axion 0.9 is 0.9 GeV" in err
    code, _, err = run(capsys, *LIMIT, "5MeV", "--m-axion", "0.5")
    assert err == f"darkmc: note: nothing is excluded: {hint}\n"
    for meant in ("0.5x", "10MeV"):
        _, out, err = run(capsys, *RATE, "1e-5", "--m-axion", meant)
        assert "is that fraction" not in out + err


def test_bare_masses_of_many_gev_are_explained(capsys):
    code, _, err = run(capsys, "rate", CHARM, "--m-dark-photon", "30", "--coupling", "1e-5")
    assert code == 2
    assert err.endswith("--m-dark-photon 30 is 30 GeV: write 30MeV for MeV\n")
    for grid in ("5:100:4", "5,30"):
        code, _, err = run(capsys, "limit", CHARM, "--m-dark-photon", grid)
        assert code == 2
        assert err.endswith(f"--m-dark-photon {grid} is in GeV: write 5MeV for MeV\n")
    assert "write" not in run(capsys, "limit", CHARM, "--m-dark-photon", "5GeV,30")[2]


def test_quiet_and_verbose(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nucal = ("rate", "nucal", "--samples", "4096", "--m-dark-photon", "30MeV", "--coupling", "1e-5")
    _, usual, warned = run(capsys, *nucal)
    assert warned.startswith("darkmc: warning: ")
    assert run(capsys, *nucal, "--quiet") == (0, usual, "")
    _, out, err = run(capsys, *nucal, "--verbose")
    assert out == usual
    notes = [line for line in err.splitlines() if line.startswith("darkmc: note: ")]
    assert "nucal.toml" in notes[0]
    assert "4096 primaries" in notes[1]
    assert notes[-1].endswith("s of CPU in this process")
    generate = ("generate", CHARM, *QUICK, "--m-dark-photon", "30MeV", "--coupling", "6e-5", "--events", "9")
    assert run(capsys, *generate, "-o", "x.root", "--quiet") == (0, "", "")
    assert (tmp_path / "x.root").is_file()
    assert run(capsys, *RATE, "1e-5", "--quiet", "--verbose")[0] == 2


def test_help_begins_with_four_commands_whose_examples_are_right():
    text = build_parser().format_help()
    places = [text.index(f"\n  {name} ") for name in FIRST]
    others = [text.index(f"\n  {name} ") for name in build_parser().commands.choices if name not in FIRST]
    assert len(places) == 4
    assert max(places) < min(others)
    for example in FIRST.values():
        assert example in text
        build_parser().parse_args(example.split()[1:])


def test_explain(capsys):
    point = ("explain", CHARM, *QUICK, "--samples", "20000", "--m-dark-photon", "20MeV", "--coupling")
    code, out, err = run(capsys, *point, "1e-4", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told["parents"][0]["name"] == "pi0"
    assert [edge["side"] for edge in told["edges"]] == ["lower", "upper"]
    code, out, _ = run(capsys, *point, "1e-4")
    for word in (
        "made of",
        "seen as",
        "mean energies",
        "decay length",
        "cuts",
        "lower edge",
        "most uncertain",
    ):
        assert f"\n{word}" in out
    assert run(capsys, *point, "1e-4,1e-5")[0] == 2
    assert run(capsys, *point[:-3], "--m-dark-photon", "0.9", "--coupling", "1e-4")[0] == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion(capsys, shell):
    pytest.importorskip("shtab")
    code, out, err = run(capsys, "completion", shell)
    assert (code, err) == (0, "")
    for word in (
        "limit",
        "--m-dark-photon" if shell != "tcsh" else "m-dark-photon",
        "darkmc list experiments",
    ):
        assert word in out
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=out, text=True, check=True)


def test_completion_without_its_package(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    code, _, err = run(capsys, "completion", "bash")
    assert (code, err) == (2, "darkmc: completion needs shtab: pip install 'darkmc[completion]'\n")


# --- progress
class Terminal:
    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return True


def test_a_bar_appears_when_work_takes_longer_and_says_the_time_left(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    monkeypatch.setattr(progress, "_AFTER", 2.0)
    with progress.rounds_shown(True, 0.01, None) as (report, executor):
        monkeypatch.setattr("tqdm.std.time", lambda: now[0])
        monkeypatch.setattr(report._bar, "_time", lambda: now[0])
        report._bar.start_t = report._bar.last_print_t = 0.0
        executor.expect(12 * 4096)
        for _ in range(10):
            now[0] += 0.1
            executor.submit(lambda *what: what, 1, 0, 4096)
        report(40960, 0.02)
        assert terminal.text == ""  # one second
        now[0] = 4.0
        executor.submit(lambda *what: what, 1, 0, 4096)
        assert "45.1k/49.2k [00:04<00:00" in terminal.text
    assert "error 2.00%" in terminal.text


def test_the_number_of_primaries_is_the_bars_total(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    with progress.rounds_shown(True, 10_000, None) as (report, executor):
        assert report._bar.total == 10_000
        assert executor.submit(lambda *what: sum(what), 1, 2, 4096, 3).result() == 4102
        assert report._bar.n == 4096


def test_nothing_is_shown_or_counted_where_nobody_looks(monkeypatch):
    with progress.rounds_shown(True, 0.01, None) as (_, executor):
        assert executor is None
    monkeypatch.setattr("sys.stderr", Terminal())
    with saying(QUIET), progress.rounds_shown(True, 0.01, None) as (_, executor):
        assert executor is None


def test_lines_instead_of_bars(capsys):
    with saying(VERBOSE), progress.count_bar(10, "things") as bar:
        bar.update(4)
    assert capsys.readouterr().err.startswith("darkmc: note: 4 of some 10 things, ")


def test_a_notebook_has_its_own_bar(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    from tqdm.auto import tqdm

    with progress.count_bar(10, "things") as bar:
        assert isinstance(bar, tqdm)
