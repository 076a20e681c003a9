"""Grids that refine themselves, on bands whose ends and bends are known in closed form."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from darkmc.cli import main
from darkmc.core.intervals import Exclusion, Interval, Peak
from darkmc.core.units import AxionMass, MassGrid
from darkmc.figures.regions import regions
from darkmc.output.limits import json_rows
from darkmc.scan.grid import scans
from darkmc.scan.place import Line, Place
from darkmc.scan.point import ScanPoint, ScanRequest, scan_point
from darkmc.scan.refine import MOST, refined

BEGINS, ENDS = 2.34e-3, 31.7e-3
GRID = MassGrid((1e-3, 0.1), auto=20)
LINE = Line(GRID, AxionMass(0.0, False), 0.0, ())
NAN = math.nan


def point(place, intervals=(), peak=None, **more):
    exclusion = Exclusion(tuple(Interval(*i) for i in intervals), "bracket", peak=peak)
    return ScanPoint(
        "toy",
        place.m_dark_photon,
        place.m_axion,
        exclusion,
        1,
        0.0,
        1,
        False,
        (),
        settings=place.settings,
        **more,
    )


def band(place, error=0.02, known=True):
    """Return a band that closes as a square root at both its ends, where the largest yield is the limit."""
    mass = place.m_dark_photon
    above = 2.0 * math.log(ENDS / mass) * math.log(mass / BEGINS)  # ln of the largest yield
    peak = Peak(math.exp(above), error * math.exp(above)) if known else None
    if above <= 0.0:
        return point(place, (), peak)
    half = math.sqrt(above)
    edges = 1e-4 * math.exp(-half) / mass, 1e-4 * math.exp(half) / mass
    return point(place, [(*edges, 1e-9, 1e-9)], peak)


def slopes(place):
    """Return straight edges, one of which bends at 10 MeV."""
    mass = place.m_dark_photon
    return point(place, [(1e-5 / mass, 1e-2 * max(mass, 0.01) ** 3, 1e-12, 1e-12)])


def scanned(function, line=LINE):
    """Return the points of a line, and the places of its levels."""
    levels, asked = refined(line), []
    places = next(levels)
    while True:
        asked.append(list(places))
        try:
            places = levels.send([function(place) for place in places])
        except StopIteration as end:
            return end.value, asked


def masses(points):
    return [p.m_dark_photon for p in points]


def closing(points):
    return [(e.closes_at, e.closes_at_error) for p in points for e in p.ends if not math.isnan(e.closes_at)]


def opening(points):
    return [(e.opens_at, e.opens_at_error) for p in points for e in p.ends if not math.isnan(e.opens_at)]


@pytest.mark.parametrize("known", [True, False])
def test_the_masses_where_a_band_ends_are_found_to_a_hundredth(known):
    points, _ = scanned(lambda place: band(place, known=known))
    assert len(points) <= MOST * GRID.auto
    assert masses(points) == sorted(masses(points))
    (begin,), (end,) = opening(points), closing(points)
    for (found, error), true in ((begin, BEGINS), (end, ENDS)):
        assert abs(found / true - 1.0) < (1e-3 if known else 1e-2)
        assert 0.0 < error < 0.01 * true
    # error of the yield over its slope, and the width of the cell
    slope = 2.0 * math.log(ENDS / BEGINS)
    assert not known or end[1] > 0.02 / slope * ENDS
    assert not any(e.opens_at == e.opens_at for p in points[1:] for e in p.ends[1:])


@pytest.mark.parametrize("error", [1e-9, 0.02, 0.5])
def test_the_error_of_an_end_is_that_of_the_yields_and_of_the_cell(error):
    """Cells of the coarse grid, 0.24 wide, are halved five times; the yield is straight over the last."""
    ((found, its_error),) = closing(scanned(lambda place: band(place, error))[0])
    cell = math.log(100.0) / 19.0 / 2.0**5
    low = cell * math.floor(math.log(ENDS / 1e-3) / cell)  # of the cell, above the first mass
    above = [2.0 * math.log(ENDS / 1e-3 / x) * math.log(x * 1e-3 / BEGINS) for x in np.exp([low, low + cell])]
    fall = above[0] - above[1]
    assert found == pytest.approx(1e-3 * math.exp(low + cell * above[0] / fall), rel=1e-9)
    assert its_error / found == pytest.approx(
        cell * math.hypot(error / fall, 1.0 / math.sqrt(12.0)), rel=1e-9
    )


def farthest(masses):
    """Return by how much the bent edge is off the straight line between its neighbours, at most."""
    x = np.log(masses)
    y = 3.0 * np.maximum(x, math.log(0.01))
    share = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
    return np.max(np.abs(y[1:-1] - (1.0 - share) * y[:-2] - share * y[2:]))


def test_points_gather_where_an_edge_bends():
    """Until it is straight to 5% between its neighbours, and no longer; each point beside the bend."""
    points, asked = scanned(slopes)
    assert asked[0] == [LINE.place(k / 19) for k in range(20)]
    before = sorted(place.m_dark_photon for level in asked[:-1] for place in level)
    assert farthest(masses(points)) < 0.05 < farthest(before)
    for k, level in enumerate(asked[1:]):  # cells halve, and those beside the bend's two are the last
        cell = math.log(100.0) / 19.0 / 2.0**k
        assert all(abs(math.log(place.m_dark_photon / 0.01)) < 1.5 * cell for place in level)


def test_straight_edges_and_nothing_at_all_need_no_more():
    for function in (lambda place: point(place, [(1e-5 / place.m_dark_photon, NAN, 1e-9, NAN)]), point):
        points, asked = scanned(function)
        assert (len(points), len(asked)) == (20, 1)
        assert closing(points) == opening(points) == []


def test_a_bend_within_the_errors_is_none():
    def noisy(place):
        return replace(
            band(place), exclusion=Exclusion((Interval(np.cos(1e6 * place[0]) + 2, NAN, 1.0, NAN),), "x")
        )

    assert len(scanned(noisy)[1]) == 1


def test_at_most_three_times_the_points_and_ends_before_bends():
    def wild(place):
        mass = place.m_dark_photon
        edge = 1e-5 * (2.0 + math.cos(300.0 * math.log(mass)))
        return point(place, [] if BEGINS < mass < ENDS else [(edge, NAN, 0.0, NAN)])

    points, _ = scanned(wild)
    assert len(points) == MOST * GRID.auto
    for (found, error), true in ((opening(points)[0], ENDS), (closing(points)[0], BEGINS)):
        assert abs(found / true - 1.0) < 0.01
        assert error < 0.01 * true
    everywhere = scanned(lambda place: point(place, [(1.0, NAN, 0, NAN)] * (hash(place.m_dark_photon) % 2)))[
        0
    ]
    assert len(everywhere) <= MOST * GRID.auto


def test_failed_points_are_no_ends():
    def failing(place):
        return replace(band(place), failed=True) if 0.01 < place.m_dark_photon < 0.02 else band(place)

    points, _ = scanned(failing)
    (end,) = closing(points)
    assert abs(end[0] / ENDS - 1.0) < 0.01


def test_lines_of_several_scans_are_computed_together_and_do_not_mix(monkeypatch):
    """Each in as many levels as alone; levels of one wait for no other."""
    other = LINE._replace(settings=(("key", 1),))
    along_axion = Line(MassGrid((1e-3, 1e-2), auto=5), AxionMass(0.0, False), 0.5, ())

    def any_line(place):
        if place.m_dark_photon == 0.5:
            return point(place, [(1e-5, 1e-4, 0, 0)] if place.m_axion < 4e-3 else [])
        return slopes(place) if place.settings else band(place)

    computed = []

    def here(_, place):
        computed.append(place)
        return any_line(place)

    monkeypatch.setattr("darkmc.scan.grid.scan_point", here)
    monkeypatch.setattr(ScanRequest, "load", lambda *_: None)
    given = Place(0.01, 0.0, (("key", 2),))
    both = ScanRequest("toy", (), lines=(LINE, other))
    found = list(scans([(both, None), (ScanRequest("toy", (given,), lines=(along_axion,)), None)]))
    alone = [scanned(any_line, line)[0] for line in (LINE, other, along_axion)]
    assert found == [alone[0] + alone[1], [any_line(given), *alone[2]]]
    assert computed.index(given) == 40  # after the first levels of the lines before
    ((end, error),) = closing(alone[2])
    assert abs(end - 4e-3) < 0.01 * 4e-3
    assert error < 0.01 * 4e-3


def test_a_band_is_drawn_to_its_tips():
    points, _ = scanned(band)
    rows = [
        {key: "" if cell is None else str(cell) for key, cell in row.items()}
        for p in points
        for row in json_rows(p)
    ]
    (region,) = regions(rows)
    for place, true in ((0, BEGINS), (-1, ENDS)):
        mass, lower, upper = region.points[place][:3]
        assert mass == pytest.approx(true, rel=1e-3)
        assert lower == upper == pytest.approx(1e-4 / true, rel=0.01)
    without = [{key: row[key] for key in row if not key.endswith(("_at", "_at_error"))} for row in rows]
    (flat,) = regions(without)
    assert len(flat.points) == len(region.points) - 2
    straight = [row | {"lower": "1e-5", "upper": "1e-3"} if row["interval"] == "1" else row for row in rows]
    (line,) = regions(straight)
    assert list(line.points[-1][1:3]) == [1e-5, 1e-3]  # a band that does not narrow ends in a line


@pytest.mark.usefixtures("capsys")
def test_points_depend_neither_on_workers_nor_on_resuming(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ("limit", "gminus2-mu-2025", "--m-dark-photon", "1MeV:10GeV:12:auto", "-o")
    assert main((*command, "one.csv")) == 0
    left = [30]

    def sometimes(request, place):
        left[0] -= 1
        if left[0] % 7 == 0:
            raise KeyboardInterrupt
        return scan_point(request, place)

    with monkeypatch.context() as patch:
        patch.setattr("darkmc.scan.grid.scan_point", sometimes)
        while main((*command, "two.csv")) == 130:
            pass
    assert main((*command, "three.csv", "--workers", "2")) == 0
    tables = [rows(name) for name in ("one.csv", "two.csv", "three.csv")]
    assert len(tables[0]) > 12
    assert tables[0] == tables[1] == tables[2]


def rows(name):
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    table = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return [{key: cell for key, cell in row.items() if "seconds" not in key} for row in table]
