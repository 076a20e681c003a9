"""Finished points beside a result: whole or dropped, locked, and gone when the result is there."""

import csv
import json
import math
import os
import subprocess
import sys
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from processes import wait_for

from darkmc import PhysicsError
from darkmc.cli import main
from darkmc.core.errors import DarkmcWarning
from darkmc.core.intervals import NO_EDGE, EdgeErrors, Exclusion, Interval, Peak
from darkmc.output import checkpoints as module
from darkmc.output.checkpoints import checkpoints, decode, encode
from darkmc.scan.point import ScanPoint, scan_point

LIMIT = ("limit", "gminus2-mu-2018", "--m-dark-photon", "1MeV:1GeV:20", "-o", "x.csv")
KEPT = Path("x.csv.checkpoint")
RUN = """
schema = 1
name = "toy"
title = "A toy"
experiments = ["gminus2-mu-2018", "gminus2-mu-2025"]
m_dark_photon = "1MeV:1GeV:10"
"""


def excluded(*intervals, **more):
    return Exclusion(tuple(Interval(*interval) for interval in intervals), "bracket", **more)


def point(number, **more):
    """Return a point with every number that JSON does not have."""
    exclusion = excluded(
        (1e-6 / 3, math.nan, 1e-9, math.nan),
        (0.1 + 0.2, math.inf, math.inf, -0.0),
        reason='open above; "\u03b3\n',
        history=((1e-300, math.inf),),
        error_parts=((EdgeErrors(0.1, math.inf, math.nan), NO_EDGE),),
        peak=Peak(0.1 * 3, math.inf),
    )
    alternatives = {"softer": excluded(), "harder": excluded((1.0, 2.0, 0.0, 0.1))}
    values = {
        "seconds": 0.1,
        "cpu_seconds": math.pi,
        "closed": False,
        "warnings": ("one", "two"),
        "settings": (("beam.pot", 1e18), ("x", "y")),
    }
    values |= {"alternatives": alternatives} | more
    return ScanPoint("toy", number / 7.0, 0.0, exclusion, n_samples=3, seed=2**62, **values)


def same(first, second):
    """Equal, the order of alternatives included, which the words of a table follow."""
    return first == second and list(first.alternatives) == list(second.alternatives)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


class StopError(Exception):
    pass


@contextmanager
def interrupted():
    """Give the points of a scan that does not come to its end."""
    with suppress(StopError), checkpoints("x.csv") as kept:
        yield kept
        raise StopError


def found(count):
    with interrupted() as kept:
        return [kept.get(f"key {k}") for k in range(count)]


def fill(count):
    with interrupted() as kept:
        for k in range(count):
            kept.add(f"key {k}", point(k))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_points_come_back_to_the_last_bit():
    for made in (point(1), point(2, closed=True, alternatives={}, warnings=())):
        assert same(decode(json.loads(json.dumps(encode(made)))), made)


def test_points_stay_until_the_result_is_there(here):
    fill(3)
    assert names(here) == ["x.csv.checkpoint"]
    assert all(same(got, point(k)) for k, got in enumerate(found(3)))
    with checkpoints("x.csv") as kept:
        kept.add("key 3", point(3))
    assert names(here) == []


def test_a_scan_without_points_leaves_no_file(here):
    fill(0)
    assert names(here) == []


@pytest.mark.usefixtures("here")
def test_fresh_forgets():
    fill(3)
    with checkpoints("x.csv", fresh=True) as kept:
        assert kept.get("key 0") is None
        assert KEPT.stat().st_size == 0


def test_a_pipe_has_no_points(here):
    os.mkfifo("pipe")
    with checkpoints("pipe") as kept:
        assert kept is None
    assert names(here) == ["pipe"]


def test_points_lie_beside_what_a_link_leads_to(here):
    (here / "there").mkdir()
    Path("x.csv").symlink_to("there/y.csv")
    fill(1)
    assert names(here / "there") == ["y.csv.checkpoint"]


@pytest.mark.parametrize("lost", range(1, 60, 7))
@pytest.mark.usefixtures("here")
def test_a_truncated_line_is_dropped_with_a_warning_once(lost):
    fill(3)
    whole = KEPT.read_bytes()
    KEPT.write_bytes(whole[:-lost])
    with pytest.warns(DarkmcWarning, match="1 damaged line dropped"):
        assert [got is not None for got in found(3)] == [True, True, False]
    with interrupted() as kept, warnings.catch_warnings():
        warnings.simplefilter("error")
        kept.add("key 2", point(2))
    assert KEPT.read_bytes() == whole


def swap(text, old, new):
    assert old in text
    return text.replace(old, new)


DAMAGES = {
    "a bit": lambda line: swap(line, '"n_samples":3', '"n_samples":2'),
    "no checksum": lambda line: swap(line, '"checksum"', '"checksam"'),
    "another format": lambda line: json.dumps(reformatted(json.loads(line))),
    "no JSON": lambda _: "{]",
    "no object": lambda _: "[1, 2]",
    "bytes": lambda _: "\x00\x00\x00",
    "deep": lambda _: "[" * 100_000,
    "nothing": lambda _: "",
}


def reformatted(content):
    """Return the line that a later version would write."""
    content["format"] = 2
    del content["checksum"]
    return {"checksum": module._checksum(content), **content}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_line_is_dropped_with_a_warning_and_the_others_stay(damage, here):
    fill(3)
    lines = KEPT.read_text(encoding="utf-8").splitlines()
    KEPT.write_text("\n".join([lines[0], DAMAGES[damage](lines[1]), lines[2], ""]), encoding="utf-8")
    with pytest.warns(DarkmcWarning, match=r"x\.csv\.checkpoint: 1 damaged line dropped"):
        assert [got is not None for got in found(3)] == [True, False, True]
    assert KEPT.read_text(encoding="utf-8").splitlines() == [lines[0], lines[2]]
    assert names(here) == ["x.csv.checkpoint"]


def test_a_second_process_gets_one_line(here, capsys):
    with interrupted() as kept:
        kept.add("key", point(1))
        done = subprocess.run([sys.executable, "-m", "darkmc", *LIMIT], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "darkmc: x.csv: another process is at work on it\n"
        with pytest.raises(PhysicsError, match="another process"), checkpoints("x.csv"):
            pass
        assert KEPT.stat().st_size > 0
    assert main(LIMIT) == 0
    assert names(here) == ["x.csv"]
    capsys.readouterr()


@pytest.mark.usefixtures("here")
def test_what_is_written_is_on_the_disk_within_seconds(monkeypatch):
    synced = []
    monkeypatch.setattr(module, "_SYNC", 0.2)
    monkeypatch.setattr("os.fsync", lambda file: synced.append(os.fstat(file).st_size))
    with interrupted() as kept:
        for k in range(20):
            kept.add(f"key {k}", point(k))
        size = KEPT.stat().st_size
        wait_for(lambda: synced and synced[-1] == size)
        kept.add("key 20", point(20))  # a timer again, or at once
        wait_for(lambda: synced[-1] > size)
    assert len(synced) < 20


def test_a_full_disk_loses_nothing(here):
    """A limit on the size of files stands in for it: half of the points have room."""
    script = (
        "import resource, signal, sys\nfrom darkmc.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), -1))\nsys.exit(main(sys.argv[2:]))\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run([*command, "5000", *LIMIT], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "darkmc: x.csv.checkpoint: File too large\n"
    lines = KEPT.read_bytes().splitlines(keepends=True)
    assert 2 < len(lines) < 20
    assert all(line.endswith(b"\n") for line in lines)
    assert main(LIMIT) == 0
    assert names(here) == ["x.csv"]


def rows(path):
    """Return a table without its times."""
    lines = (line for line in Path(path).read_text(encoding="utf-8").splitlines() if line[0] != "#")
    return [{**row, "seconds": "", "cpu_seconds": ""} for row in csv.DictReader(lines)]


@pytest.mark.usefixtures("here", "capsys")
def test_a_scan_that_was_stopped_goes_on_where_it_was(monkeypatch):
    computed = []

    def until(last):
        def compute(request, place):
            if len(computed) == last:
                raise KeyboardInterrupt
            computed.append(place)
            return scan_point(request, place)

        return compute

    assert main(LIMIT) == 0
    undisturbed = rows("x.csv")
    Path("x.csv").unlink()
    for last, code in ((7, 130), (12, 130), (99, 0)):
        monkeypatch.setattr("darkmc.scan.grid.scan_point", until(last))
        assert main(LIMIT) == code
    assert len(computed) == len(set(computed)) == 20
    assert rows("x.csv") == undisturbed
    Path("x.csv").unlink()
    computed.clear()
    for last, more, code in ((7, (), 130), (20, ("--fresh",), 130), (99, (), 0)):
        monkeypatch.setattr("darkmc.scan.grid.scan_point", until(last))
        assert main((*LIMIT, *more)) == code
    assert len(computed) == 27
    assert len(set(computed[7:])) == 20


@pytest.mark.usefixtures("here")
def test_an_interruption_says_what_is_kept_and_the_next_scan_what_it_took(monkeypatch, capsys):
    def until(last):
        left = iter(range(last))

        def compute(request, place):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return scan_point(request, place)

        return compute

    place = "20 finished points kept in x.csv.checkpoint: the same command goes on from there"
    for last, told in ((0, ""), (7, f"; {place.replace('20', '7')}"), (13, f"; {place}")):
        monkeypatch.setattr("darkmc.scan.grid.scan_point", until(last))
        assert main((*LIMIT[:-4], "--m-dark-photon", "1MeV:1GeV:22", *LIMIT[-2:])) == 130
        assert capsys.readouterr().err.splitlines()[-1] == f"interrupted{told}"
    found = (
        "20 finished points in x.csv.checkpoint will be taken up if they are of the same settings "
        "(--fresh forgets them)"
    )
    taken = "20 of 20 points of before were taken up"
    monkeypatch.setattr("darkmc.scan.grid.scan_point", until(2))
    assert main((*LIMIT[:-4], "--m-dark-photon", "1MeV:1GeV:22", *LIMIT[-2:])) == 0
    assert capsys.readouterr().err.splitlines() == [f"darkmc: note: {text}" for text in (found, taken)]


@pytest.mark.usefixtures("here")
def test_points_of_several_results_are_counted_together(monkeypatch, capsys):
    Path("toy.toml").write_text(RUN)
    count = iter(range(14))

    def compute(request, place):
        if next(count, None) is None:
            raise KeyboardInterrupt
        return scan_point(request, place)

    monkeypatch.setattr("darkmc.scan.grid.scan_point", compute)
    assert main(["run", "toy.toml", "--workers", "1"]) == 130
    kept = "14 finished points kept in 2 files toy/*.checkpoint"
    assert capsys.readouterr().err == f"interrupted; {kept}: the same command goes on from there\n"
    assert main(["run", "toy.toml", "--workers", "1", "--quiet", "--fresh"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_points_that_fail_are_listed_written_and_tried_again(here, monkeypatch, capsys):
    def fail(request, place):
        if 0.01 < place.m_dark_photon < 0.02:
            raise MemoryError
        return scan_point(request, place)

    monkeypatch.setattr("darkmc.scan.grid.scan_point", fail)
    assert main(LIMIT) == 3
    out, err = capsys.readouterr()
    listed = err.splitlines()
    assert out == ""
    assert len(listed) == 3
    assert "gminus2-mu-2018, m' = 0.0127427 GeV, m_a = 0 GeV: failed 3 times" in listed[0]
    assert listed[-1] == "darkmc: 2 of 20 points failed; done again, the same command computes only these"
    table = rows("x.csv")
    assert [row["failed"] for row in table].count("1") == 2
    assert all(
        row["interval"] == "0" and "out of memory" in row["reason"] for row in table if row["failed"] == "1"
    )
    assert main(("figure", "x.csv", "-o", "x.png")) == 0
    tried = []
    monkeypatch.setattr(
        "darkmc.scan.grid.scan_point", lambda *asked: tried.append(asked) or scan_point(*asked)
    )
    assert main((*LIMIT, "--force")) == 0
    assert len(tried) == 2
    assert {row["failed"] for row in rows("x.csv")} == {"0"}
    assert names(here) == ["x.csv", "x.png"]
