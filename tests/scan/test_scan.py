"""Scans: the same points wherever they are computed, and whatever dies while they are."""

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from list_cards import rows_of, write_card, write_text

from darkmc.cards.load import load_card
from darkmc.core.errors import FailedPointsError
from darkmc.scan import point as point_module
from darkmc.scan.grid import scan
from darkmc.scan.place import Place
from darkmc.scan.point import ScanRequest, raise_failed, scan_point
from darkmc.scan.workers import WorkerDiedError, Workers

MASSES = np.geomspace(1e-3, 1.0, 12)
MOMENT = ScanRequest("gminus2-mu-2018", tuple(Place(float(m), 0.0) for m in MASSES))
BAD, ONCE = MOMENT.places[4], MOMENT.places[7]


def timeless(points):
    return [replace(point, seconds=0.0, cpu_seconds=0.0) for point in points]


UNDISTURBED = timeless(scan(MOMENT))


class Notes:
    """Checkpoints in memory."""

    def __init__(self, *known):
        self.points = {MOMENT.key(Place(point.m_dark_photon, point.m_axion)): point for point in known}
        self.added = []

    def get(self, key):
        return self.points.get(key)

    def add(self, key, point):
        self.points[key] = point
        self.added.append(point.m_dark_photon)


def test_the_same_name_is_another_card_in_another_folder(tmp_path, monkeypatch):
    card = Path(load_card("detectors", "charm-finegrained").path).resolve().read_text(encoding="utf-8")
    loaded = {}
    for pot in ("1e18", "2e18"):
        (tmp_path / pot).mkdir()
        (tmp_path / pot / "mine.toml").write_text(
            card.replace("pot = 7.1e18", f"pot = {pot}"), encoding="utf-8"
        )
        monkeypatch.chdir(tmp_path / pot)
        request = ScanRequest("mine.toml", (Place(0.01, 0.0),))
        loaded[request.key(request.places[0])] = request.load().card.beam.exposure
    assert [*loaded.values()] == [1e18, 2e18]


def die(path, *arguments):
    """Kill this process, but not where another has died already."""
    if not path.exists():
        path.touch()
        die_always()
    return scan_point(*arguments)


def die_always():
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly:
    """Workers that die of one place whenever they are at it, and of another once."""

    def __init__(self, workers, path):
        self.workers, self.path, self.tried = workers, path, []

    def submit(self, function, request, place):
        self.tried.append(place)
        if place == BAD:
            return self.workers.submit(die_always)
        if place == ONCE:
            return self.workers.submit(die, self.path, request, place)
        return self.workers.submit(function, request, place)


@pytest.fixture(scope="module")
def workers():
    made = Workers(2)
    yield made
    made.close()


def test_points_come_in_order_from_threads_that_are_not(workers):
    assert timeless(scan(MOMENT, executor=workers)) == UNDISTURBED
    with ThreadPoolExecutor(3) as threads:
        assert timeless(scan(MOMENT, executor=threads)) == UNDISTURBED
    assert [point.m_dark_photon for point in UNDISTURBED] == list(MASSES)


def test_a_dead_worker_is_replaced_and_its_point_tried_twice_more(workers, tmp_path):
    deadly, notes = Deadly(workers, tmp_path / "dead"), Notes()
    points = list(scan(MOMENT, executor=deadly, checkpoints=notes))
    assert (tmp_path / "dead").exists()
    assert (deadly.tried.count(ONCE), deadly.tried.count(BAD)) == (2, 3)
    (failed,) = [point for point in points if point.failed]
    assert Place(failed.m_dark_photon, failed.m_axion) == BAD
    assert failed.exclusion.intervals == ()
    assert "failed 3 times" in failed.exclusion.reason
    assert "exit code -9" in failed.exclusion.reason
    others = [point for point in UNDISTURBED if point.m_dark_photon != BAD.m_dark_photon]
    assert timeless(point for point in points if not point.failed) == others
    assert sorted(notes.added) == [point.m_dark_photon for point in others]
    with pytest.raises(FailedPointsError) as raised:
        raise_failed(points)
    assert len(raised.value.lines) == 2
    assert failed.where in raised.value.lines[0]
    assert "1 of 12 points failed" in raised.value.lines[1]
    raise_failed(others)


def test_no_memory_is_a_failed_point(monkeypatch):
    tried = []

    def full(_, place):
        tried.append(place)
        raise MemoryError

    monkeypatch.setattr("darkmc.scan.grid.scan_point", full)
    points = list(scan(replace(MOMENT, places=MOMENT.places[:2])))
    assert len(tried) == 6
    assert all(point.failed and "out of memory" in point.exclusion.reason for point in points)


def test_points_that_are_there_are_not_computed(monkeypatch):
    computed = []

    def counted(request, place):
        computed.append(place)
        return scan_point(request, place)

    monkeypatch.setattr("darkmc.scan.grid.scan_point", counted)
    notes = Notes(*UNDISTURBED[3:7], *UNDISTURBED[9:])
    assert timeless(scan(MOMENT, checkpoints=notes)) == UNDISTURBED
    assert computed == [*MOMENT.places[:3], *MOMENT.places[7:9]]
    assert notes.added == [place.m_dark_photon for place in computed]


def test_an_executor_that_breaks_is_an_error_and_keeps_what_is_done():
    notes = Notes()
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        with pytest.raises(BrokenProcessPool):
            pool.submit(die_always).result()
        with pytest.raises(ChildProcessError, match="broken"):
            list(scan(MOMENT, executor=pool, checkpoints=notes))


def test_what_a_worker_raises_is_raised_here_with_its_traceback(workers):
    future = workers.submit(scan_point, replace(MOMENT, preset="nonsense"), BAD)
    with pytest.raises(ValueError, match="no preset 'nonsense'") as raised:
        future.result()
    assert "_loaded" in raised.value.__notes__[0]


def test_workers_that_are_closed_leave_no_process():
    before = set(multiprocessing.active_children())
    closing = Workers(1)
    waiting = [closing.submit(scan_point, MOMENT, BAD) for _ in range(50)]
    closing.close()
    assert isinstance(waiting[-1].exception(timeout=0), WorkerDiedError)
    assert set(multiprocessing.active_children()) == before


def test_keys_tell_everything_apart_that_the_result_depends_on(monkeypatch):
    charm = ScanRequest("charm-finegrained", (Place(0.03, 0.0),))
    place = charm.places[0]
    keys = [
        charm.key(place),
        charm.key(Place(0.03, 0.001)),
        charm.key(Place(np.nextafter(0.03, 1.0), 0.0)),
        *(
            replace(charm, **change).key(place)
            for change in (
                {"experiment": "charm-decay"},
                {"preset": "published"},
                {"overrides": {"beam.pot": 1e18}},
                {"overrides": {"flux.ratios.eta": 0.1}},
                {"precision": 0.02},
                {"method": "iterative"},
                {"seed": 2},
                {"vary": ("harder",)},
                {"yields_at": (1e-5,)},
            )
        ),
    ]
    assert len(set(keys)) == len(keys)
    monkeypatch.setattr(point_module, "FORMULAS", 10**6)
    assert charm.key(place) not in keys


def test_keys_are_of_what_lists_hold(tmp_path):
    """And of what cards say: comments in them are nothing."""
    mesons = rows_of("pi0", np.array([[0.1, 0.2, 20.0], [0.0, 0.1, 50.0], [0.2, 0.0, 80.0]]))
    flux = write_card(tmp_path, {"pi0": "list.txt"})
    request = ScanRequest("charm-finegrained", (), overrides={"source.mesons": ["pi0"], "source.flux": flux})
    keys = []
    for rows, comment in ((mesons, ""), (mesons[::-1], ""), (mesons, "# mine\n")):
        write_text(tmp_path, rows)
        with (tmp_path / "mine.toml").open("a") as file:
            file.write(comment)
        point_module._inputs.cache_clear()
        point_module._loaded.cache_clear()
        keys.append(request.key(BAD))
    assert keys[0] == keys[2] != keys[1]


def test_pairs_of_masses_are_places_and_the_room_names_what_is_wanted_of_it():
    """As scripts write them: `from darkmc.scan import ScanRequest, scan`."""
    import darkmc.scan as room
    from darkmc.scan.place import Place

    request = room.ScanRequest("gminus2-mu-2018", ((0.01, 0.0), (0.02, 0.0)))
    assert request.places == (Place(0.01, 0.0), Place(0.02, 0.0))
    assert [point.m_dark_photon for point in room.scan(request)] == [0.01, 0.02]
    with pytest.raises(AttributeError, match="no attribute 'scanner'"):
        _ = room.scanner


def test_what_workers_have_spent_is_known_when_they_are_closed():
    """Manifests tell it; before, it was known only when the next workers were started."""
    workers = Workers(1)
    spent = os.times()
    assert workers.submit(sum, range(2_000_000)).result() == 1_999_999_000_000
    workers.close()
    now = os.times()
    assert now.children_user + now.children_system > spent.children_user + spent.children_system
