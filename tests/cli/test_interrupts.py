"""SIGTERM and SIGINT at any time: the right exit code, one line, no file and no process left."""

import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from processes import catches, group_is_gone, wait_for, workers_of

LIMIT_TABLE = (
    "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error,method,reason\n"
    "toy,0.005,0,1,3e-4,2e-2,0,0,bracket,\ntoy,0.03,0,1,8e-5,2e-4,0,0,bracket,\n"
)
RUN = """
schema = 1
name = "toy"
title = "A toy"
experiments = ["charm-finegrained"]
m_dark_photon = "5MeV:25MeV:400"
precision = 0.001
"""
SCAN = ("--m-dark-photon", "5MeV:25MeV:400", "--precision", "0.001")
POINT = ("--m-dark-photon", "10MeV", "--coupling", "1e-4")
COMMANDS = {
    "generate": ("generate", "charm-finegrained", *POINT, "--events", "3e7", "-o", "x.root"),
    "limit": ("limit", "charm-finegrained", *SCAN, "--workers", "2", "-o", "x.csv"),
    "run": ("run", "toy.toml", "--workers", "2"),
    "figure": ("figure", "in.csv", "-o", "x.pdf"),
    "serial": ("limit", "charm-finegrained", *SCAN, "-o", "x.csv"),
    "dask": ("limit", "charm-finegrained", *SCAN, "--dask", "local", "--workers", "2", "-o", "x.csv"),
    "rate": ("rate", "charm-finegrained", *POINT, "--precision", "0.00001", "--workers", "2"),
}
INPUTS = {"in.csv": LIMIT_TABLE, "toy.toml": RUN}
FINISHED_POINTS = {"x.csv.checkpoint", "charm-finegrained.csv.checkpoint"}
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
WORDS = {signal.SIGINT: "interrupted\n", signal.SIGTERM: "terminated\n"}


def strike(name, number, seconds, whole_group, folder, workers=0):
    """Start a command, send it a signal some time after it has begun, and see what it leaves."""
    for file, text in INPUTS.items():
        (folder / file).write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "darkmc", *COMMANDS[name]],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(lambda: catches(process.pid) or process.poll() is not None)
        wait_for(lambda: len(workers_of(process.pid)) >= workers or process.poll() is not None)
        time.sleep(seconds)
        (os.killpg if whole_group else os.kill)(process.pid, number)
        out, err = process.communicate(timeout=120)  # only against a hang
        wait_for(lambda: group_is_gone(process.pid))
    finally:
        if not group_is_gone(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    left = {path.name for path in folder.rglob("*")} - set(INPUTS)
    if left & FINISHED_POINTS:  # they stay, and the folder of a run with them
        left -= FINISHED_POINTS | {"toy"}
        err = re.sub(r"; \d+ finished points? kept in \S+: the same command goes on from there\n", "\n", err)
    if name == "figure" and process.returncode == 0:  # it was done already
        assert (out, err, left) == ("x.pdf\n", "", {"x.pdf"})
    else:
        assert (process.returncode, out, err) == (CODES[number], "", WORDS[number])
        assert left == set()


def strikes(count, seed):
    """Return random commands, signals and times, each command with each signal about as often."""
    draw = random.Random(seed)
    kinds = [(name, number) for name in COMMANDS for number in CODES]
    for k in range(count):
        name, number = kinds[k % len(kinds)]
        yield name, number, draw.choice([0.3, 1.0, 3.0, 6.0]) * draw.random(), draw.random() < 0.5


@pytest.mark.parametrize(
    ("name", "number", "seconds", "whole_group"),
    [
        ("generate", signal.SIGTERM, 1.5, False),
        ("limit", signal.SIGINT, 0.8, True),
        ("limit", signal.SIGTERM, 0.1, True),
        ("run", signal.SIGTERM, 0.8, False),
        ("figure", signal.SIGINT, 0.4, False),
        ("rate", signal.SIGTERM, 1.5, False),
    ],
)
def test_a_signal_leaves_nothing_behind(name, number, seconds, whole_group, tmp_path):
    """Of scans soon after their workers are there: neither before nor long after."""
    strike(name, number, seconds, whole_group, tmp_path, workers=2 if name in ("limit", "run") else 0)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.5, 1.5, 3.0, 6.0])
def test_dasks_processes_leave_ctrl_c_to_the_one_that_started_them(seconds, tmp_path):
    """They printed tracebacks, and while they were starting Dask failed to close them."""
    strike("dask", signal.SIGINT, seconds, True, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "number", "seconds", "whole_group"), [*strikes(100, seed=1)])
def test_a_hundred_signals_leave_nothing_behind(name, number, seconds, whole_group, tmp_path):
    strike(name, number, seconds, whole_group, tmp_path)


def test_an_interruption_inside_of_executed_text_is_handled_too(tmp_path):
    """CPython would else end with SIGINT after the exit code 130 was returned."""
    script = (
        "import signal, sys\nfrom darkmc import cli\nfrom darkmc.cli import commands\n"
        "def interrupted(options):\n    exec('signal.raise_signal(signal.SIGINT)', {'signal': signal})\n"
        "commands.run = interrupted\nsys.argv[1:] = ['list', 'runs']\nsys.exit(cli.main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


SWALLOWS = """
import signal
try:
    signal.raise_signal(signal.SIGINT)
    for _ in range(100000):
        pass
except BaseException:
    pass
"""


@pytest.mark.slow
def test_a_module_that_swallows_an_interruption_does_not_keep_it(tmp_path):
    """Modules in C do while they are set up: the command ran on to its end, with exit code 0."""
    (tmp_path / "swallows.py").write_text(SWALLOWS)
    script = (
        "import sys, time\nfrom darkmc import cli\nfrom darkmc.cli import commands\n"
        "def interrupted(options):\n    import swallows\n    time.sleep(20)\n    return 0\n"
        "commands.run = interrupted\nsys.argv[1:] = ['list', 'runs']\nsys.exit(cli.main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
