"""The Python interface: wild arguments are refused in one line, all others give numbers."""

import functools
import inspect

import numpy as np
import pytest
from hypothesis import strategies as st

import darkmc
from darkmc import gminus2
from darkmc.gminus2 import LOOPS
from fuzz.harness import folder, fuzz, tried
from fuzz.prepared import SMALL
from fuzz.strategies import WORDS, toml_values, wild_floats

_ODD = (
    None,
    "0.03",
    b"1",
    "x",
    [],
    [0.1],
    [[0.1], [0.2]],
    {},
    (),
    np.array([0.01, 0.02]),
    np.float32(0.1),
    10**400,
    1j,
)
arguments = st.one_of(
    st.sampled_from((0.03, 0.1, 1.0, 1e-4, 3.0)),
    wild_floats,
    st.sampled_from(_ODD),
    toml_values,
    st.integers(),
)
lightly = st.one_of(st.sampled_from((0.03, 0.1, 1.0, 1e-4, 3.0)), arguments)
masses = st.one_of(st.sampled_from((0.03, 0.001, 0.3, 2.0)), st.floats(1e-4, 10.0), arguments)
words = st.sampled_from(
    (*WORDS, "e", "mu", "tau", "a", "dark_photon", "a gamma", "a e- e+", "pi0", "eta'", "phi", "C", "p")
)
named = st.one_of(words, words, arguments)


def finite(value):
    """No nan among the numbers of a result."""
    assert value is None or not np.any(np.isnan(np.asarray(value, dtype=float))), value


METHODS = {
    "dark_photon_width": (lightly,),
    "dark_photon_ctau": (lightly,),
    "partial_width": (named, lightly),
    "branching_ratio": (named,),
    "axion_width": (lightly,),
    "axion_ctau": (lightly,),
    "meson_branching_ratio": (named, lightly),
    "meson_decay_spectrum": (named, lightly, lightly),
    "annihilation_cross_section": (lightly, lightly, lightly),
    "radiative_annihilation_cross_section": (lightly, lightly, lightly, lightly, lightly),
    "bremsstrahlung_cross_section": (lightly, lightly, lightly, lightly),
    "scattering_cross_section": (named, lightly, named, lightly),
    "lepton_moment": (named, lightly),
}
calls = st.sampled_from(sorted(METHODS)).flatmap(
    lambda name: st.tuples(st.just(name), st.tuples(*METHODS[name]))
)


@fuzz(250, 9000, masses, st.one_of(st.just(0.0), masses), calls)
def test_portal(m_dark_photon, m_axion, call):
    portal = tried(darkmc.DarkAxionPortal, m_dark_photon, m_axion)
    if portal is None:
        return
    finite((portal.m_dark_photon, portal.m_axion))
    name, values = call
    finite(tried(getattr(portal, name), *values))


@fuzz(120, 4000, st.sampled_from(LOOPS), st.lists(st.one_of(lightly, words), min_size=8, max_size=8))
def test_moments(name, values):
    function = getattr(gminus2, name)
    keys = list(inspect.signature(function).parameters)
    given = {
        key: ("mu" if key == "lepton" else "photon") if key in ("lepton", "boson") and k % 2 else value
        for k, (key, value) in enumerate(zip(keys, values, strict=False), start=1)
    }
    tried(function, **given)


@functools.cache
def small(name="small"):
    """Return an experiment and a sample of it."""
    with folder({"small.toml": SMALL.encode()}):
        experiment = darkmc.Experiment("small.toml" if name == "small" else name)
        return experiment, experiment.simulate(darkmc.DarkAxionPortal(0.03), n_samples=300, seed=1)


_samples = st.sampled_from(("small", "small", "belle2-phase3"))
SAMPLE = {
    "expected_events": (lightly,),
    "slope": (lightly,),
    "channels": (lightly,),
    "cutflow": (lightly,),
    "efficiency": (lightly,),
    "largest_row": (lightly,),
    "surviving": (lightly,),
    "varied": (named,),
    "histogram": (st.one_of(st.sampled_from(("E_photon", "z_vertex", "theta_photon")), named), st.one_of(
        st.just([1.0, 10.0, 100.0]), st.lists(wild_floats, max_size=4), arguments), lightly),
}  # fmt: skip
of_samples = st.sampled_from(sorted(SAMPLE)).flatmap(
    lambda name: st.tuples(st.just(name), st.tuples(*SAMPLE[name]))
)


@fuzz(150, 5000, _samples, of_samples)
def test_samples(name, call):
    result = tried(getattr(small(name)[1], call[0]), *call[1])
    if call[0] in ("expected_events", "slope"):
        finite(None if result is None else result.value)
    if call[0] == "expected_events" and result is not None:
        assert np.all(result.value >= 0.0)
        assert np.shape(result.value) == np.shape(call[1][0])


@fuzz(
    40,
    1500,
    masses,
    st.one_of(st.sampled_from((0.5, None)), arguments),
    st.one_of(st.just(None), arguments),
    lightly,
    arguments,
)
def test_simulate(m_dark_photon, precision, n_samples, at, seed):
    portal = tried(darkmc.DarkAxionPortal, m_dark_photon)
    if portal is None or _costly(precision, 1e-9, 0.3) or _costly(n_samples, 5000, 1e11):
        return
    sample = tried(small()[0].simulate, portal, precision, n_samples, at, seed, max_samples=20000)
    if sample is not None:
        finite(sample.expected_events(1e-4).value)


def _costly(value, low, high):
    return isinstance(value, int | float) and low < value < high


def _made(experiment, portal, coupling, n, unweighted, seed):
    stream = experiment.generate(portal, coupling, n, unweighted, seed)
    weights = np.concatenate([np.asarray(chunk["weight"]) for chunk in stream])
    assert len(weights) == n
    assert np.all(weights > 0.0)
    assert np.sum(weights) == pytest.approx(stream.sum_of_weights, rel=1e-9)
    assert stream.metadata["sum_of_weights"] == pytest.approx(stream.sum_of_weights, rel=1e-9)
    return True


numbers_of_events = st.one_of(st.integers(1, 30), st.sampled_from((0, -1, 2.5, "3", None, True)))
some_couplings = st.sampled_from((1e-4, 1e-3, 1e-5, "x", 1e3))


@fuzz(
    12, 500, st.sampled_from((0.03, 0.01, 0.1)), some_couplings, numbers_of_events, st.booleans(), arguments
)
def test_generate(m_dark_photon, coupling, n, unweighted, seed):
    tried(_made, small()[0], darkmc.DarkAxionPortal(m_dark_photon), coupling, n, unweighted, seed)


@fuzz(
    40,
    1500,
    st.one_of(st.sampled_from(("bmpt-cu-400", "burman-smith-lsnd")), named),
    named,
    arguments,
    st.integers(0, 9),
)
def test_sources(flux, meson, n, seed):
    source = tried(darkmc.MesonSource, flux)
    if source is None or _costly(n, 5000, 1e11):
        return
    drawn = tried(source.sample, meson, n, seed)
    if drawn is not None:
        assert all(np.all(np.isfinite(part)) for part in drawn)
    finite(tried(source.density, meson, n, n))


rays = st.one_of(
    st.lists(st.tuples(wild_floats, wild_floats, wild_floats), min_size=2, max_size=2), arguments
)


@fuzz(80, 3000, rays, rays)
def test_geometry(origin, direction):
    result = tried(small()[0].geometry.intersect, origin, direction)
    if result is not None:
        entry, leave = result
        assert not np.any(entry > leave)


_things = st.sampled_from(("sample", "portal", "experiment", None, 1.0, "x", [], {}))


@fuzz(30, 1000, _things, _things, named, named)
def test_wrong_things(first, second, name, method):
    """A portal where a sample is meant, and other mistakes of the kind."""
    experiment, sample = small()
    things = {"sample": sample, "portal": darkmc.DarkAxionPortal(0.6), "experiment": experiment}
    one, other = (things.get(thing, thing) if isinstance(thing, str) else thing for thing in (first, second))
    if one is not sample:
        tried(experiment.limit, one, method)
        tried(experiment.simulate, one, n_samples=10)
        tried(experiment.generate, one, 1e-4, 1)
    with folder():
        tried(darkmc.write_root, "x.root", other)
        tried(darkmc.Experiment, name)
        tried(darkmc.Experiment, "charm-decay", method)
