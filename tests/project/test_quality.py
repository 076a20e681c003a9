"""Style, format and types are clean."""

import subprocess
import sys

import pytest
from helpers import ROOT, load_script

CHECKS = load_script("tools/check").CLEAN


@pytest.mark.parametrize("command", CHECKS.values(), ids=CHECKS.keys())
def test_clean(command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_source_file_is_long():
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / "darkmc").rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 600
    }
    assert long == {}
