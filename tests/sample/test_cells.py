"""Rows put into cells: what is read off them is what is read off the rows."""

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import darkmc
from darkmc.core.errors import PhysicsError
from darkmc.engine import collection
from darkmc.sample.cells import Cells
from darkmc.sample.known import Known
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.sample import Sample

COUPLINGS = np.geomspace(1e-6, 1e-2, 40)
MADE = {
    "decays": ("charm-finegrained", 0.03, {}),
    "scattering": ("lsnd", 0.01, {}),
    "faces": ("e137", 0.02, {}),
}
ALSO = {
    "bins": ("babar-highcut", 0.1, {}),
    "absorbed": ("charm-finegrained", 0.02, {"simulation.absorption": True}),
    "vetoes": ("lsnd", 0.01, {"simulation.veto": "paper"}),
}


def in_cells(sample, most=np.inf, parts=3):
    """Return a sample with its rows put into cells in a few steps."""
    channels = []
    for channel in sample.channel_rows:
        cells, rows = Cells(channel.rows_per_primary, most), channel.rows
        ends = np.linspace(0, rows.tried, parts + 1).astype(int)
        for first, last in itertools.pairwise(ends):
            some = rows.selected((rows.index >= first) & (rows.index < last))
            arriving = rows.arriving if first == 0 else rows.arriving[:0]
            cells.add(replace(some, tried=int(last - first), arriving=arriving))
        channels.append(replace(channel, rows=cells.rows(), pilot=channel.reaching, width=cells.width))
    return replace(sample, channel_rows=tuple(channels), known=Known())


def count(sample):
    return sum(len(channel.rows.index) for channel in sample.channel_rows)


@pytest.fixture(
    scope="module", params=[*MADE, *(pytest.param(name, marks=pytest.mark.slow) for name in ALSO)]
)
def made(request):
    name, mass, changes = {**MADE, **ALSO}[request.param]
    experiment = darkmc.Experiment(name, overrides=changes)
    sample = experiment.simulate(
        darkmc.DarkAxionPortal(mass), n_samples=40_000, vary=request.param == "decays"
    )
    return experiment, sample, in_cells(sample)


def test_yields_and_errors_are_those_of_rows(made):
    """N and slopes to 1e-6, errors to 0.2%: squares are summed at points that are right for weights."""
    _, rows, cells = made
    assert cells.n_samples == rows.n_samples
    wanted, found = rows.estimate(COUPLINGS), cells.estimate(COUPLINGS)
    assert found.value == pytest.approx(wanted.value, rel=1e-6)
    assert found.draw_error == pytest.approx(wanted.draw_error, rel=2e-3)
    assert cells.slope(COUPLINGS).value == pytest.approx(rows.slope(COUPLINGS).value, rel=1e-5)
    for key, line in rows.cutflow(1e-4).items():
        assert cells.cutflow(1e-4)[key].value == pytest.approx(line.value, rel=1e-6)
        assert cells.cutflow(1e-4)[key].error == pytest.approx(line.error, rel=2e-3)
    for number in ("efficiency", "surviving", "absorbed"):
        assert getattr(cells, number)(1e-4) == pytest.approx(getattr(rows, number)(1e-4), rel=2e-3, abs=1e-12)
    assert cells.largest_row(1e-4) == pytest.approx(rows.largest_row(1e-4), rel=5e-3)


def test_limits_are_those_of_rows(made):
    experiment, rows, cells = made
    wanted, found = experiment.limit(rows), experiment.limit(cells)
    assert found.reason == wanted.reason
    assert len(found.intervals) == len(wanted.intervals)
    for one, other in zip(found.intervals, wanted.intervals, strict=True):
        assert one[:2] == pytest.approx(other[:2], rel=1e-7, nan_ok=True)
        assert one[2:] == pytest.approx(other[2:], rel=2e-3, nan_ok=True)


def test_other_lifetimes_and_alternatives(made):
    _, rows, cells = made
    for given in ({"ctau": [1.0, 1e3]}, {"invisible_width": [1e-15, 1e-13]}):
        wanted, found = rows.expected_events(1e-4, **given), cells.expected_events(1e-4, **given)
        assert found.value == pytest.approx(wanted.value, rel=1e-6)
        assert found.error == pytest.approx(wanted.error, rel=2e-3)
    for name in rows.alternatives:  # their factors vary within cells
        wanted, found = (made_.varied(name).expected_events(1e-4) for made_ in (rows, cells))
        assert found.value == pytest.approx(wanted.value, rel=1e-4)
        assert found.error == pytest.approx(wanted.error, rel=2e-3)


def test_wider_cells_are_still_right(made):
    """As wide as they may be, N is right to a fifth of its error, wherever it can be seen."""
    _, rows, _ = made
    few = in_cells(rows, most=1)
    assert few.width == pytest.approx(0.064)
    assert count(few) < count(rows)
    wanted, found = rows.expected_events(COUPLINGS), few.expected_events(COUPLINGS)
    seen = (wanted.value > 1e-12 * np.max(wanted.value)) & np.isfinite(wanted.error)
    assert np.all(np.abs(found.value - wanted.value)[seen] < 0.2 * wanted.error[seen])
    assert found.error[seen] == pytest.approx(wanted.error[seen], rel=0.15)


def test_cells_say_so_and_have_no_rows(made):
    _, rows, cells = made
    assert (rows.width, cells.width) == (0.0, 0.002)
    assert "rows in cells 0.002 wide" in repr(cells)
    for name in ("weight", "power", "tau_survive", "tau_window", "tau_second", "absorb"):
        assert len(getattr(rows, name)) > 0
        with pytest.raises(PhysicsError, match="no single rows: they were so many"):
            getattr(cells, name)


def primaries(rng, tried, split):
    """Return random rows, or each as two halves one after the other: the sum over both is the same."""
    n = tried // 2
    weight, stage = rng.exponential(size=n), np.zeros(n, dtype=np.int32)
    survive, window = np.exp(rng.normal(0.0, 0.3, n)), np.exp(rng.normal(-2.0, 0.3, n))
    index, group = np.arange(0, tried, 2), rng.integers(0, 32, n).astype(np.uint8)
    if not split:
        return Rows(weight, survive, window, stage, index, tried, group=group)
    half = 0.5 * window
    both = [
        np.stack(pair, axis=1).ravel() for pair in ((weight, weight), (survive, survive + half), (half, half))
    ]
    twice = (np.repeat(part, 2) for part in (stage, index))
    return Rows(*both, *twice, tried, group=np.repeat(group, 2))


def test_rows_of_a_primary_are_summed_before_they_are_squared():
    """A window cut in two changes nothing: neither N nor its errors, of draws and of a list."""
    found = []
    for split in (False, True):
        rows = primaries(np.random.default_rng(5), 20_000, split)
        shares = np.full(32, 1 / 32)
        channel = Channel("a", 2.0, 1.0, 1.0, 0, rows, 1 + split, list_shares=shares)
        sample = Sample((channel,), (), 1)
        found += [sample.estimate([0.1, 1.0, 3.0]), in_cells(sample).estimate([0.1, 1.0, 3.0])]
    for other in found[1:]:
        assert np.array(other) == pytest.approx(np.array(found[0]), rel=3e-4)


def test_too_many_rows_are_put_into_cells(monkeypatch):
    """From the first rows on, and with the same result for any number of workers."""
    charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(0.03)
    plain = charm.simulate(portal, n_samples=30_000, seed=3)
    monkeypatch.setattr(collection, "MOST_ROWS", 10_000)
    monkeypatch.setattr(collection, "AT_ONCE", 4)
    made_ = charm.simulate(portal, n_samples=30_000, seed=3, executor=ThreadPoolExecutor(3))
    assert (made_.width, made_.n_samples) == (0.002, plain.n_samples)
    assert np.array(made_.estimate(1e-4)) == pytest.approx(np.array(plain.estimate(1e-4)), rel=1e-4)
    again = charm.simulate(portal, n_samples=30_000, seed=3)
    assert again.estimate(1e-4) == made_.estimate(1e-4)
    assert charm.simulate(portal, precision=0.005, at=6e-5).width > 0.0


def test_few_rows_stand_for_many(monkeypatch):
    monkeypatch.setattr(collection, "MOST_ROWS", 20_000)
    monkeypatch.setattr(collection, "ROWS_OF_CELLS", 40_000)
    charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(0.03)
    sample = charm.simulate(portal, n_samples=100_000)
    assert count(sample) <= 40_000
    value, error = sample.expected_events(6e-5)
    other, its = charm.simulate(portal, n_samples=100_000, seed=2).expected_events(6e-5)
    assert abs(value - other) < 4 * np.hypot(error, its)


@pytest.mark.slow
def test_twenty_million_primaries_in_a_gigabyte():
    text = (
        "import darkmc, pathlib, re\n"
        "charm = darkmc.Experiment('charm-finegrained')\n"
        "sample = charm.simulate(darkmc.DarkAxionPortal(0.03), n_samples=2 * 10**7)\n"
        "error = charm.limit(sample).lower_error\n"  # ru_maxrss would be that of the parent, if larger
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(error, re.search(r'VmHWM:\\s+(\\d+)', status)[1])"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    error, kilobytes = map(float, done.stdout.split())
    assert 0.0 < error < 4e-8
    assert kilobytes < 1e6
