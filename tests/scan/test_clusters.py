"""Dask computes the same bits; its dead workers are ours; job scripts are those of the documentation."""

import os
import re
import signal
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pytest
from distributed import KilledWorker
from helpers import ROOT
from scan.test_scan import BAD, MOMENT, ONCE, UNDISTURBED, die, die_always, timeless

from darkmc.cli import main
from darkmc.scan import clusters
from darkmc.scan.clusters import Dask, cluster, dask, elsewhere, jobs
from darkmc.scan.grid import scan
from darkmc.scan.workers import WorkerDiedError


class Client:
    """A scheduler of threads; what was at one place is said to have been killed."""

    def __init__(self, threads):
        self.threads, self.killed = threads, []

    def ncores(self):
        return {"one": 1, "two": 1}

    def submit(self, function, *arguments, pure):
        assert not pure  # else a point that was lost would not be tried again
        if arguments[-1] != BAD:
            return self.threads.submit(function, *arguments)
        self.killed.append(arguments)
        future = Future()
        future.set_exception(KilledWorker("scan_point", None, 0))
        return future


@pytest.mark.parametrize(
    ("tried", "times", "words"), [(False, 3, "failed 3 times"), (True, 1, "failed with")]
)
def test_points_that_dask_gives_up_are_lost_points(tried, times, words):
    with ThreadPoolExecutor(2) as threads:
        client = Client(threads)
        points = list(scan(MOMENT, executor=Dask(client, tried=tried)))
    assert len(client.killed) == times
    (failed,) = [point for point in points if point.failed]
    assert words in failed.exclusion.reason
    assert timeless(p for p in points if not p.failed) == [p for p in UNDISTURBED if p.place != BAD]


def test_what_dask_raises_is_raised():
    with ThreadPoolExecutor(1) as threads:
        future = Dask(Client(threads), tried=False).submit(int, "x")
        with pytest.raises(ValueError, match="invalid literal"):
            future.result()


def test_without_dask_nothing_is_started():
    with elsewhere(None, 3) as executor:
        assert executor is None


@pytest.mark.parametrize(("where", "package"), [("local", "distributed"), ("slurm", "dask_jobqueue")])
def test_a_missing_package_is_one_line_that_names_the_extra(where, package, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, package, None)
    grid = ("--m-dark-photon", "1MeV", "--dask", where)
    assert main(["limit", "gminus2-mu-2018", *grid, "--json"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"darkmc: --dask {where} needs Dask: pip install 'darkmc[dask]'\n")


@pytest.mark.parametrize("where", ["", "slurms", "tcp://", "tcp://x", "here", "a b:1", ":1"])
def test_what_is_no_place_is_one_line(where, capsys):
    assert main(["limit", "gminus2-mu-2018", "--m-dark-photon", "1MeV", f"--dask={where}", "--json"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "local, slurm, htcondor or an address" in err


@pytest.mark.parametrize("where", clusters.JOBS)
def test_job_scripts_are_those_of_the_documentation(where):
    with jobs(where) as made:
        script = made.job_script()
    script = re.sub(r"tcp://[\d.]+:\d+", "tcp://ADDRESS", script).replace(sys.executable, "python")
    page = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"<!-- job {where}, not run -->\n```sh\n(.*?)```", page, re.DOTALL)
    assert text.strip() == script.strip()


class Deadly:
    """Points of which Dask's workers die."""

    def __init__(self, executor, path):
        self.executor, self.path, self.tried = executor, path, []

    def submit(self, function, request, place):
        self.tried.append(place)
        if place == BAD:
            return self.executor.submit(die_always)
        if place == ONCE:
            return self.executor.submit(die, self.path, request, place)
        return self.executor.submit(function, request, place)


def kill(pid):
    os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_local_cluster_of_which_workers_are_killed_gives_the_same_bits(tmp_path):
    with dask("local", 2) as executor:
        assert timeless(scan(MOMENT, executor=executor)) == UNDISTURBED
        idle = executor.submit(os.getpid).result()
        kill(idle)
        assert timeless(scan(MOMENT, executor=executor)) == UNDISTURBED
        deadly = Deadly(executor, tmp_path / "dead")
        points = list(scan(MOMENT, executor=deadly))
        with pytest.raises(WorkerDiedError):
            executor.submit(die_always).result()
    assert (tmp_path / "dead").exists()
    assert deadly.tried.count(BAD) == 3
    assert [point.place for point in points if point.failed] == [BAD]
    assert timeless(p for p in points if not p.failed) == [p for p in UNDISTURBED if p.place != BAD]


@pytest.mark.slow
def test_a_worker_that_dask_gives_up_is_replaced(monkeypatch):
    monkeypatch.setattr(clusters, "_RETURN", "1ms")  # it never starts again so soon
    with dask("local", 1) as executor:
        for _ in range(2):
            kill(executor.submit(os.getpid).result())
            time.sleep(1.0)  # until it is noticed
            with suppress(WorkerDiedError):  # the one given up had started again
                executor.submit(int, "7").result(timeout=200.0)
            assert executor.submit(int, "7").result(timeout=200.0) == 7


def test_two_clusters_do_not_meet_at_a_port():
    with jobs("slurm") as one, jobs("slurm") as other:  # a warning would fail
        assert one.scheduler_address != other.scheduler_address


@pytest.mark.slow
def test_a_scheduler_that_runs_is_used_by_its_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    grid = ("limit", "gminus2-mu-2018", "--m-dark-photon", "1MeV:1GeV:12")
    with cluster("local", 1) as running:
        assert main([*grid, "--dask", running.scheduler_address, "-o", "there.csv"]) == 0
    assert main([*grid, "-o", "here.csv"]) == 0
    there, here = (
        [line.split(",")[:11] for line in (tmp_path / name).read_text().splitlines() if line[0] != "#"]
        for name in ("there.csv", "here.csv")
    )
    assert there == here
