"""tools/check is what CONTRIBUTING.md says, and a failure is not lost."""

import re
import subprocess
import sys

import pytest
from helpers import ROOT, load_script


@pytest.fixture
def check():
    return load_script("tools/check")


def test_contributing_names_the_steps(check):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.findall(r"^- `(\w+)`: ", text, re.MULTILINE) == list(check.STEPS)


def test_help_names_the_steps(check):
    done = subprocess.run([ROOT / "tools" / "check", "--help"], capture_output=True, text=True, check=True)
    assert ", ".join(check.STEPS) in " ".join(done.stdout.split())


def test_all_steps_run_and_the_failed_one_is_named(check, capfd, monkeypatch):
    steps = {"bad": ("json.tool", "no such file"), "good": ("json.tool", "--help")}
    monkeypatch.setattr(check, "STEPS", steps)
    assert check.main([]) == 1
    last = capfd.readouterr().out.splitlines()[-1]
    assert last == "failed: bad"
    assert check.main(["good"]) == 0
    assert capfd.readouterr().out.endswith("clean: good\n")


def test_an_unknown_step_is_refused():
    done = subprocess.run([sys.executable, ROOT / "tools" / "check", "lnt"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "no step is called lnt" in done.stderr
