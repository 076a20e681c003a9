"""One rate of each topology, a limit, events and pictures, for other versions of Python and of the packages.

``python tests/smoke.py`` where darkmc is installed; .ci/run does so with the oldest packages that
pyproject.toml allows and with Python 3.13. Without pytest: this must run wherever darkmc itself does.
"""

import csv
import json
import os
import platform
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import uproot

from darkmc.cli import main

# Expected events and their errors, each from another seed and a precision of 0.3%.
RATES = {
    ("charm-finegrained", "20MeV", "1e-4"): (150.95, 0.43),
    ("lsnd", "20MeV", "1e-3"): (6.452e-9, 0.016e-9),
    ("babar", "1GeV", "1e-3"): (264.29, 0.56),
}


def darkmc(*arguments: str) -> str:
    """Run a command and return what it prints."""
    with redirect_stdout(StringIO()) as out:
        assert main(list(arguments)) == 0, arguments
    return out.getvalue()


def check() -> None:
    """Compare numbers with known ones, and read back what is written."""
    for (name, mass, coupling), (value, error) in RATES.items():
        point = ("--m-dark-photon", mass, "--coupling", coupling, "--precision", "0.05", "--json")
        first = ("--set", "flux.cascade=none") if name.startswith("charm") else ()  # what the numbers are of
        row = json.loads(darkmc("rate", name, *point, *first))
        spread = np.hypot(row["error"], error)
        assert abs(row["expected_events"] - value) < 4.0 * spread < 0.25 * value, row
    point = ("charm-finegrained", "--m-dark-photon", "20MeV")
    darkmc("limit", *point, "--precision", "0.05", "-o", "limit.csv")
    lines = [line for line in Path("limit.csv").read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    (edges,) = csv.DictReader(lines)
    assert float(edges["lower"]) < 1e-4 < float(edges["upper"]), edges
    darkmc("generate", *point, "--coupling", "1e-4", "--events", "400", "-o", "events.root")
    with uproot.open("events.root") as file:
        weight = file["events"]["weight"].array(library="np")
    assert len(weight) == 400
    assert abs(weight.sum() / 200.0 - 1.0) < 0.3, weight.sum()
    darkmc("figure", "limit.csv", "-o", "limit.png")
    darkmc("plot", "events.root", "-o", "events.pdf")
    assert Path("limit.png").read_bytes()[1:4] == b"PNG"
    assert Path("events.pdf").read_bytes()[:4] == b"%PDF"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        check()
        os.chdir("/")
    print(f"smoke test passed: Python {platform.python_version()}, numpy {np.__version__}")
