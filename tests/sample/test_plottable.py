"""Histograms of a sample are histograms to other programs: the protocol of UHI, mplhep, hist."""

import sys

import matplotlib.figure
import mplhep
import numpy as np
import pytest
from uhi.typing.plottable import PlottableHistogram

import darkmc

EDGES = np.array([8.0, 12.0, 20.0, 40.0])


@pytest.fixture(scope="module")
def histogram():
    charm = darkmc.Experiment("charm-finegrained", overrides={"source.mesons": ["pi0"]})
    sample = charm.simulate(darkmc.DarkAxionPortal(0.03), n_samples=20_000, at=6e-5, seed=1)
    return sample.histogram("E_photon", EDGES, 6e-5)


def test_it_is_plottable(histogram):
    assert isinstance(histogram, PlottableHistogram)
    assert histogram.kind == "COUNT"
    (axis,) = histogram.axes
    assert list(axis) == [(8.0, 12.0), (12.0, 20.0), (20.0, 40.0)]
    assert len(axis) == 3
    assert axis == histogram.axes[0]
    assert axis != darkmc.BinnedYield(EDGES + 1, *histogram[1:]).axes[0]
    assert axis.traits == (False, False)
    assert np.array_equal(histogram.values(), histogram.value)
    assert np.array_equal(histogram.variances(), histogram.error**2)
    assert histogram.counts() == pytest.approx((histogram.value / histogram.error) ** 2)
    assert darkmc.BinnedYield(EDGES, np.zeros(3), np.zeros(3)).counts().tolist() == [0, 0, 0]


def test_mplhep_draws_values_and_errors(histogram):
    axes = matplotlib.figure.Figure().subplots()
    mplhep.histplot(histogram, ax=axes, histtype="errorbar", yerr=True)
    (drawn,) = axes.containers
    line, _, (bars,) = drawn
    assert line.get_ydata() == pytest.approx(histogram.value)
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert ends[:, 1] - ends[:, 0] == pytest.approx(2 * histogram.error)
    axes = matplotlib.figure.Figure().subplots()
    mplhep.histplot(histogram, ax=axes)


def test_hist_holds_the_same(histogram):
    found = histogram.to_hist()
    assert np.array_equal(found.axes[0].edges, EDGES)
    assert np.array_equal(found.values(), histogram.value)
    assert np.array_equal(found.variances(), histogram.variances())
    assert found.sum(flow=True).value == pytest.approx(histogram.value.sum())


def test_without_hist_the_extra_is_named(histogram, monkeypatch):
    monkeypatch.setitem(sys.modules, "hist", None)
    with pytest.raises(darkmc.PhysicsError, match=r"pip install 'darkmc\[plot\]'$"):
        histogram.to_hist()
