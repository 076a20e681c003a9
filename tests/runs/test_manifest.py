"""What lies beside a run: versions, cards, times and hashes that fit what it wrote."""

import csv
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import darkmc
from darkmc.cli import main
from darkmc.runs.run import Settings
from darkmc.scan.point import scan_point

RUN = """
schema = 1
name = "toy"
title = "A toy"
experiments = ["gminus2-mu-2025"]
m_dark_photon = "1MeV:1GeV:5"
m_axion = "0,0.5x"
[[curves]]
experiment = "gminus2-mu-2018"
m_axion = "0"
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.toml").write_text(RUN, encoding="utf-8")
    return tmp_path


def manifest():
    return json.loads(Path("toy/toy.manifest.json").read_text(encoding="utf-8"))


def rows(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.mark.usefixtures("here")
def test_a_manifest_fits_what_the_run_wrote(capsys):
    assert main(["run", "toy.toml", "--workers", "1", "--preset", "published"]) == 0
    printed = [Path(line) for line in capsys.readouterr().out.split()]
    assert {path.name for path in printed} == {path.name for path in Path("toy").iterdir()}
    held = manifest()
    assert held["versions"]["darkmc"] == darkmc.__version__
    assert held["versions"]["numpy"] == np.__version__
    assert held["settings"] == Settings("published", 1)._asdict()
    assert tuple(held["run"]["card"][key] for key in ("name", "m_axion")) == ("toy", "0,0.5x")
    assert list(held["experiments"]) == ["gminus2-mu-2025", "gminus2-mu-2018"]
    assert [Path("toy", one["name"]) for one in held["files"]] == printed[:-1]
    for one in held["files"]:
        content = Path("toy", one["name"]).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert one["seconds"] >= 0.0
        assert one["cpu_seconds"] >= 0.0
    assert (held["files"][0]["seconds"], held["files"][0]["cpu_seconds"]) == (0.0, 0.0)
    points = sum(one["points_seconds"] for one in held["files"][:2])
    assert held["before_files"]["seconds"] >= 0.9 * points  # one worker does them, one after the other
    for one in held["files"][:2]:
        table = rows(Path("toy", one["name"]))
        assert (one["points"], one["failed"]) == (len(table), 0)
        for name in ("seconds", "cpu_seconds"):
            total = sum(float(row[name]) for row in table)
            assert one[f"points_{name}"] == pytest.approx(total, abs=1e-3)
        assert held["experiments"][table[0]["experiment"]][0] in one["head"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*", held["started"])
    assert (held["warnings"], held["failed"]) == ([], [])


@pytest.mark.usefixtures("here")
def test_warnings_and_failed_points_are_in_it_and_the_picture_is_drawn(monkeypatch, capsys):
    def fail(request, place):
        if place.m_dark_photon == 1.0:
            raise MemoryError
        point = scan_point(request, place)
        return point if place.m_axion else replace(point, warnings=("a matter of precision",))

    with monkeypatch.context() as patch:
        patch.setattr("darkmc.scan.grid.scan_point", fail)
        assert main(["run", "toy.toml", "--workers", "1"]) == 3
    out, err = capsys.readouterr()
    assert "toy.png" in out
    assert "3 of 15 points failed" in err.splitlines()[-1]
    held = manifest()
    assert len(held["failed"]) == 3
    assert all("m' = 1 GeV" in line for line in held["failed"])
    assert len(held["warnings"]) == 4
    assert all(text.endswith("a matter of precision") for text in held["warnings"])
    assert all(f"darkmc: warning: {text}" in err for text in held["warnings"])
    assert [one["failed"] for one in held["files"][:2]] == [2, 1]
    assert {"gminus2-mu-2018.csv.checkpoint", "gminus2-mu-2025.csv.checkpoint"} <= {
        path.name for path in Path("toy").iterdir()
    }
    assert main(["run", "toy.toml", "--workers", "1"]) == 0
    assert not list(Path("toy").glob("*.checkpoint"))
    assert manifest()["failed"] == []
