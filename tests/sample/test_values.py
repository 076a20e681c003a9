"""What is the same says so: samples survive pickling, portals and results compare by what they hold."""

import math
import operator
import pickle

import numpy as np
import pytest

import darkmc
from darkmc.core.intervals import Interval
from darkmc.scan.place import Place
from darkmc.scan.point import ScanRequest

SAMPLES = {
    "decay": ("charm-finegrained", {}, "E_photon"),
    "conversion": ("charm-finegrained", {"simulation.signal": "conversion"}, "E_photon"),
    "scattering": ("lsnd", {}, "E_electron"),
    "collider": ("babar-lowcut", {}, "E_star"),
    "combined": ("babar", {}, "E_star"),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_sample_survives_pickling_with_its_events(kind):
    """Bounds of scattering and collider channels were lambdas."""
    name, overrides, observable = SAMPLES[kind]
    experiment = darkmc.Experiment(name, overrides=overrides)
    portal = darkmc.DarkAxionPortal(0.03)
    sample = experiment.simulate(portal, n_samples=4000, at=1e-4)
    again = pickle.loads(pickle.dumps(sample))
    assert again.portal == sample.portal == portal
    assert again.portal.heavy == portal.heavy
    assert again.expected_events(1e-4) == sample.expected_events(1e-4)
    assert sample.expected_events(1e-4).value > 0.0
    assert again.cutflow(1e-4) == sample.cutflow(1e-4)
    first, second = (s.histogram(observable, np.geomspace(1e-3, 1e2, 11), 1e-4) for s in (sample, again))
    assert np.sum(first.value) > 0.0
    for mine, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine, other)
    assert experiment.limit(again) == experiment.limit(sample)


def test_equal_portals_are_equal():
    portal = darkmc.DarkAxionPortal(0.03)
    portal.dark_photon_width()
    assert portal == darkmc.DarkAxionPortal(0.03, 0) == darkmc.DarkAxionPortal(m_dark_photon=np.float64(0.03))
    assert portal != darkmc.DarkAxionPortal(0.03, 0.01)
    assert portal != darkmc.DarkAxionPortal(0.031)
    assert portal != 0.03
    assert len({portal, darkmc.DarkAxionPortal(0.03), pickle.loads(pickle.dumps(portal))}) == 1
    assert darkmc.DarkCurrent(0.0, 0.03) == portal.current
    assert hash(darkmc.DarkCurrent(0, 0.03)) == hash(portal.current)


def test_exclusions_compare_though_an_edge_does_not_exist():
    """Nan differs from itself."""

    def made(upper=float("nan")):
        return darkmc.Exclusion(
            (Interval(1e-6, upper, 1e-8, float("nan")),), "bracket", "open above", ((1e-6, 2.3),)
        )

    assert made() == made() == pickle.loads(pickle.dumps(made()))
    assert len({made(), made(math.inf - math.inf)}) == 1
    assert made() != made(1e-3)
    assert made() != "bracket"


def test_requests_of_a_scan_compare_and_can_be_keys():
    """A request could not be hashed: it holds a mapping."""

    def request(**values):
        return ScanRequest("lsnd", (Place(0.03, 0.0),), overrides={"beam.pot": 1e20}, **values)

    assert request() == request()
    assert len({request(), request(), request(seed=2)}) == 2


def test_samples_compare_without_an_error():
    """Comparing arrays element by element has no truth value."""
    sample = darkmc.Experiment("charm-finegrained").simulate(darkmc.DarkAxionPortal(0.03), n_samples=10)
    assert sample == sample
    assert sample != pickle.loads(pickle.dumps(sample))


@pytest.mark.parametrize("other", [2, 2.0, np.float64(2.0), np.ones(3), darkmc.Yield(1.0, 0.1), (1.0, 0.1)])
@pytest.mark.parametrize("made", [darkmc.Yield(2.0, 0.1), darkmc.Yield(np.ones(3), np.ones(3))])
def test_a_yield_is_a_pair_that_no_sum_or_product_takes_for_a_list(made, other):
    """2 * made was (value, error, value, error), and the sum of two yields four numbers."""
    for reckon in (operator.add, operator.mul):
        for pair in ((made, other), (other, made)):
            with pytest.raises(TypeError, match="a Yield is a pair: value, error = "):
                reckon(*pair)
    value, error = made
    assert len(made) == 2
    assert made[0] is value
    assert made[1] is error
    assert [*zip(*map(np.atleast_1d, made), strict=True)][-1] == (np.ravel(value)[-1], np.ravel(error)[-1])
