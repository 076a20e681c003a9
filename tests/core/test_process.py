"""The process at its edges: dead workers and parents, scripts, closed, full and narrow terminals."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from processes import group_is_gone, wait_for, workers_of

from darkmc import DarkAxionPortal, Experiment, PhysicsError

DARKMC = (sys.executable, "-m", "darkmc")
MOMENT = ("limit", "gminus2-mu-2018", "--m-dark-photon", "10MeV", "--json")
LONG = (
    *("limit", "charm-finegrained", "--m-dark-photon", "5MeV:25MeV:400"),
    *("--precision", "0.001", "--workers", "2", "-o", "x.csv"),
)
SCRIPT = """
from darkmc.scan.grid import scan
from darkmc.scan.place import Place
from darkmc.scan.point import ScanRequest

request = ScanRequest("gminus2-mu-2018", (Place(0.01, 0.0), Place(0.02, 0.0)))
for point in scan(request, workers=2):
    print(point.m_dark_photon, point.exclusion.lower)
"""
GUARDED = SCRIPT.replace("for point", "if __name__ == '__main__':\n  for point").replace(
    "    print", "      print"
)


@pytest.fixture
def running(tmp_path):
    """Start a scan in two processes, in a group of its own that is gone afterwards."""
    process = subprocess.Popen(
        [*DARKMC, *LONG],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process, wait_for(lambda: len(found := workers_of(process.pid)) == 2 and found)
    finally:
        if not group_is_gone(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_dead_worker_is_replaced(running):
    process, workers = running
    os.kill(workers[0], signal.SIGKILL)
    wait_for(lambda: (now := workers_of(process.pid)) and len(now) == 2 and workers[0] not in now)


def test_workers_do_not_outlive_their_parent(running, tmp_path):
    process, _ = running
    process.kill()
    process.communicate(timeout=60)  # returns when nobody holds the other end of its output
    wait_for(lambda: group_is_gone(process.pid))
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv.checkpoint"]


@pytest.mark.parametrize("way", ["file", "standard input"])
def test_a_script_without_main_guard_is_asked_for_it(way, tmp_path):
    (tmp_path / "scan.py").write_text(SCRIPT)
    command = [sys.executable, "scan.py"] if way == "file" else [sys.executable]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, input=SCRIPT if way != "file" else ""
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("Traceback") == 1
    assert done.stderr.count("\n") < 25
    assert "if __name__ == '__main__':" in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_script_with_main_guard_runs(tmp_path):
    (tmp_path / "scan.py").write_text(GUARDED)
    done = subprocess.run([sys.executable, "scan.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["0.01", "0.02"]


def shell(redirection, *arguments, **options):
    """Run the command line with a redirection that only a shell can say."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *DARKMC, *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)


def test_a_closed_standard_error():
    done = shell("2>&-", *MOMENT)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["experiment"] == "gminus2-mu-2018"


def test_an_error_does_not_go_where_results_are_expected():
    done = shell("2>&-", "show", "runs", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_file_is_not_taken_for_a_closed_stream(tmp_path):
    point = ("--m-dark-photon", "10MeV", "--coupling", "1e-3", "--events", "9", "-o", "x.root")
    done = shell(">&- 2>&- <&-", "generate", "charm-finegrained", *point, cwd=tmp_path)
    assert done.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.root"]
    assert (tmp_path / "x.root").read_bytes()[:4] == b"root"


@pytest.mark.parametrize("stream", ["", "2"])
def test_a_full_disk_behind_a_stream(stream):
    done = shell(f"{stream}>/dev/full", "show", "runs", "nowhere" if stream else "charm")
    assert done.returncode == 2
    assert (done.stdout, done.stderr) == ("", "" if stream else "darkmc: No space left on device\n")


@pytest.mark.parametrize("arguments", [("list", "experiments"), ("--help",)])
def test_a_reader_that_has_left(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([*DARKMC, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


NARROW = r"""
import os, sys
from darkmc.cli import main
for name in map(os.fsdecode, (b"d\xc3\xa9tecteur", b"\xce\xbd", b"\xff")):
    for arguments, code in (
        (("new-experiment", "mine", "-o", f"{name}.toml"), 0),
        (("show", "experiments", f"{name}.toml"), 0),
        (("show", "experiments", f"{name}s"), 2),
        (("new-experiment", "mine", "-o", f"{name}.toml"), 2),
    ):
        sys.argv[1:] = arguments
        assert main() == code, arguments
"""


def test_names_that_the_terminal_cannot_show(tmp_path):
    narrow = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    (tmp_path / "narrow.py").write_text(NARROW, encoding="utf-8")
    done = subprocess.run([sys.executable, "narrow.py"], cwd=tmp_path, env=narrow, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(b"\n") == 6
    assert b"tecteur.toml: edit it" in done.stdout
    assert (done.stdout + done.stderr).isascii()


def test_a_limit_is_made_of_a_portal_too():
    experiment = Experiment("charm-finegrained", overrides={"source.mesons": ["pi0"]})
    portal = DarkAxionPortal(0.03)
    assert experiment.limit(portal) == experiment.limit(experiment.simulate(portal))
    for wrong in (3, "portal", None):
        with pytest.raises(PhysicsError, match="a sample or a portal"):
            experiment.limit(wrong)


@pytest.mark.parametrize("unweighted", [False, True])
@pytest.mark.parametrize("why", ["a cut that nothing passes", "nothing survives the way"])
def test_generate_refuses_soon_where_nothing_survives(why, unweighted):
    cut = {"cuts.forward_shower.max": 1e-30} if why.startswith("a cut") else {}
    experiment = Experiment("charm-finegrained", overrides=cut)
    coupling = 6e-5 if cut else 1e5
    experiment.simulate(DarkAxionPortal(0.03), n_samples=4096)  # tables that every command makes
    start = time.process_time()
    with pytest.raises(PhysicsError, match="no event passes the selection"):
        experiment.generate(DarkAxionPortal(0.03), coupling, 10, unweighted)
    assert time.process_time() - start < 2.0  # half a second on a free core


def test_tries_are_bounded_for_each_event():
    """A cut that one row in some million passes: the first event may be found, the next would take hours."""
    experiment = Experiment("charm-finegrained", overrides={"cuts.forward_shower.max": 3e-12})
    start = time.process_time()
    with pytest.raises(PhysicsError, match=r"(no event passes|only \d+ of 1000000 events pass)"):
        experiment.generate(DarkAxionPortal(0.03), 6e-5, 10**6)
    assert time.process_time() - start < 20.0
