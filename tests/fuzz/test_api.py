"""The Python interface: wild arguments are refused in one line, all others give numbers."""

import functools
import inspect
import math

import numpy as np
import pytest
from hypothesis import strategies as st

import darkmc
from darkmc import gminus2
from darkmc.gminus2 import LOOPS
from fuzz.harness import folder, fuzz, tried
from fuzz.prepared import SMALL
from fuzz.strategies import WORDS, toml_values, usually, wild_floats

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
odd_words = st.one_of(st.sampled_from(WORDS), arguments)
couplings = usually(
    st.one_of(st.sampled_from((0.0, 1e-4, 1.0, [1e-5, 1e-3])), st.floats(1e-8, 1e3)), arguments, 6
)
masses = usually(st.one_of(st.sampled_from((0.03, 0.3, 2.0)), st.floats(1e-6, 10.0)), arguments, 12)
other_masses = usually(st.one_of(st.just(0.0), st.floats(1e-9, 10.0)), arguments, 12)
energies = usually(st.one_of(st.sampled_from(([1.0, 10.0], 10.58)), st.floats(1e-3, 500.0)), arguments, 8)
seeds = usually(st.integers(0, 2**63 - 1), arguments)


def one_of_these(*known):
    """Mostly a name that is known, seldom anything."""
    return usually(st.sampled_from(known), odd_words, 12)


mesons = one_of_these("pi0", "eta", "eta'", "\u03b7", "rho", "omega", "phi", "J/psi")
leptons = one_of_these("e", "mu", "tau")


def finite(value):
    """No nan among the numbers of a result."""
    assert value is None or not np.any(np.isnan(np.asarray(value, dtype=float))), value


METHODS = {
    "dark_photon_width": (couplings,),
    "dark_photon_ctau": (couplings,),
    "partial_width": (one_of_these("a gamma", "a e- e+", "a mu- mu+"), couplings),
    "branching_ratio": (one_of_these("a gamma", "a e- e+", "a mu- mu+"),),
    "axion_width": (couplings,),
    "axion_ctau": (couplings,),
    "meson_branching_ratio": (mesons, couplings),
    "meson_decay_spectrum": (mesons, usually(st.floats(0.0, 1.0), arguments), couplings),
    "annihilation_cross_section": (energies, couplings, usually(st.sampled_from((0.0, 5e-4)), arguments)),
    "radiative_annihilation_cross_section": (
        energies,
        usually(st.floats(0.01, 1.0), arguments),
        usually(st.floats(1.0, 10.0), arguments),
        usually(st.floats(0.1, 1.0), arguments),
        couplings,
    ),
    "bremsstrahlung_cross_section": (
        energies,
        usually(st.integers(1, 92), arguments),
        usually(st.integers(1, 240), arguments),
        couplings,
    ),
    "scattering_cross_section": (
        one_of_these("a", "dark_photon"),
        energies,
        one_of_these("e", "mu", "p", "H", "C", "Pb"),
        couplings,
    ),
    "lepton_moment": (leptons, couplings),
}
calls = st.sampled_from(sorted(METHODS)).flatmap(
    lambda name: st.tuples(st.just(name), st.tuples(*METHODS[name]))
)
_SIGNED = ("lepton_moment",)


@fuzz(250, 9000, masses, other_masses, calls)
def test_portal(m_dark_photon, m_axion, call):
    """No nan; nothing but moments is negative; the coupling enters squared, exactly."""
    portal = tried(darkmc.DarkAxionPortal, m_dark_photon, m_axion)
    if portal is None:
        return
    finite((portal.m_dark_photon, portal.m_axion))
    name, values = call
    method = getattr(portal, name)
    result = tried(method, *values)
    finite(result)
    if result is None:
        return
    assert name in _SIGNED or np.all(np.asarray(result) >= 0.0)
    place = list(inspect.signature(method).parameters).index("coupling") if name != "branching_ratio" else -1
    if place >= 0 and isinstance(values[place], float) and 1e-8 <= values[place] <= 1e3:
        doubled = method(*values[:place], 2.0 * values[place], *values[place + 1 :])
        wanted = np.asarray(result) * (0.25 if name.endswith("ctau") else 4.0)
        within = (np.abs(wanted) > 1e-290) & (np.abs(wanted) < 1e290)
        np.testing.assert_allclose(np.where(within, doubled, 0.0), np.where(within, wanted, 0.0), rtol=1e-12)


_loop_words = {"lepton": leptons, "boson": one_of_these("photon", "Z", "W")}
_loop_numbers = usually(st.one_of(st.sampled_from((0.1, 1e-3, 1e3)), st.floats(1e-6, 1e4)), arguments, 12)


def _of_loop(name):
    keys = inspect.signature(getattr(gminus2, name)).parameters
    return st.tuples(
        st.just(name), st.fixed_dictionaries({key: _loop_words.get(key, _loop_numbers) for key in keys})
    )


@fuzz(120, 4000, st.sampled_from(LOOPS).flatmap(_of_loop))
def test_moments(call):
    finite(tried(getattr(gminus2, call[0]), **call[1]))


@functools.cache
def small(name="small"):
    """Return an experiment and a sample of it."""
    with folder({"small.toml": SMALL.encode()}):
        experiment = darkmc.Experiment("small.toml" if name == "small" else name)
        return experiment, experiment.simulate(darkmc.DarkAxionPortal(0.03), n_samples=300, seed=1)


_samples = st.sampled_from(("small", "small", "belle2-phase3"))
SAMPLE = {
    "expected_events": (couplings,),
    "slope": (couplings,),
    "channels": (couplings,),
    "cutflow": (couplings,),
    "efficiency": (couplings,),
    "largest_row": (couplings,),
    "surviving": (couplings,),
    "varied": (odd_words,),
    "histogram": (one_of_these("E_photon", "z_vertex", "theta_photon", "E_star"), usually(
        st.lists(st.floats(0.0, 300.0), min_size=2, max_size=9, unique=True).map(sorted),
        st.one_of(st.lists(wild_floats, max_size=4), arguments)), couplings),
}  # fmt: skip
of_samples = st.sampled_from(sorted(SAMPLE) + ["histogram"] * 4).flatmap(
    lambda name: st.tuples(st.just(name), st.tuples(*SAMPLE[name]))
)


def check_yield(result):
    """Neither number is a nan; neither is negative."""
    for part in result:
        finite(part)
        assert np.all(np.asarray(part) >= 0.0)


@fuzz(150, 5000, _samples, of_samples)
def test_samples(kind, call):
    """Yields of any coupling are finite; bins do not hold more than all events."""
    sample, (name, values) = small(kind)[1], call
    result = tried(getattr(sample, name), *values)
    if result is None:
        return
    if name == "expected_events":
        check_yield(result)
        assert np.all(np.isfinite(result.value))
        assert np.shape(result.value) == np.shape(values[0])
    elif name == "histogram":
        check_yield((result.value, result.error))
        coupling = float(np.ravel(values[2])[0])
        assert np.sum(result.value) <= sample.expected_events(coupling).value * (1.0 + 1e-9)
    elif name in ("channels", "cutflow"):
        for part in result.values():
            check_yield(part)
    elif name == "slope":
        finite(result.value)


@fuzz(
    40,
    1500,
    masses,
    usually(st.sampled_from((0.5, None)), arguments, 6),
    usually(st.sampled_from((None, 1, 2, 300)), arguments, 6),
    usually(st.sampled_from((1e-4, 1e-6, 1.0, None)), arguments, 6),
    seeds,
)
def test_simulate(m_dark_photon, precision, n_samples, at, seed):
    portal = tried(darkmc.DarkAxionPortal, m_dark_photon)
    if portal is None or _costly(precision, 1e-9, 0.3) or _costly(n_samples, 5000, 1e11):
        return
    sample = tried(small()[0].simulate, portal, precision, n_samples, at, seed, max_samples=20000)
    if sample is not None:
        check_yield(sample.expected_events(1e-4))


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


numbers_of_events = usually(st.integers(1, 30), st.sampled_from((0, -1, 2.5, "3", None, True)))
some_couplings = usually(st.sampled_from((1e-4, 1e-3, 1e-5)), st.sampled_from(("x", 1e3, None, 0.0)))


@fuzz(12, 500, st.sampled_from((0.03, 0.01, 0.1)), some_couplings, numbers_of_events, st.booleans(), seeds)
def test_generate(m_dark_photon, coupling, n, unweighted, seed):
    tried(_made, small()[0], darkmc.DarkAxionPortal(m_dark_photon), coupling, n, unweighted, seed)


FLUXES = ("bmpt-cu-400", "burman-smith-lsnd", "sanford-wang-be-8gev")


@functools.cache
def shipped_source(flux):
    return darkmc.MesonSource(flux)


@fuzz(
    40,
    1500,
    one_of_these(*FLUXES),
    one_of_these("pi0", "eta"),
    usually(st.integers(1, 20), arguments, 6),
    energies,
    usually(st.floats(0.0, math.pi), arguments, 6),
    seeds,
)
def test_sources(flux, meson, n, momentum, theta, seed):
    """Drawn mesons are finite, their weights positive; densities are not negative."""
    source = (
        shipped_source(flux) if isinstance(flux, str) and flux in FLUXES else tried(darkmc.MesonSource, flux)
    )
    if source is None or _costly(n, 5000, 1e11):
        return
    drawn = tried(source.sample, meson, n, seed)
    if drawn is not None:
        assert all(np.all(np.isfinite(part)) for part in drawn)
        assert np.all(drawn[2] > 0.0)
    density = tried(source.density, meson, momentum, theta)
    if density is not None:
        numbers = np.asarray(momentum, dtype=float) + np.asarray(theta, dtype=float)
        assert np.all((density >= 0.0) | np.isnan(numbers))


near = st.tuples(st.floats(-3, 3), st.floats(-3, 3), st.floats(-5, 130))
across = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 1))
wild_rays = st.one_of(st.tuples(wild_floats, wild_floats, wild_floats), arguments)


@fuzz(80, 3000, usually(near, wild_rays, 6), usually(across, wild_rays, 6))
def test_geometry(origin, direction):
    """Rays leave after they enter, and their middle is inside."""
    geometry = small()[0].geometry
    result = tried(geometry.intersect, origin, direction)
    if result is None:
        return
    entry, leave = result
    hit = ~np.isnan(entry)
    assert np.array_equal(hit, ~np.isnan(leave))
    assert np.all(entry[hit] < leave[hit])
    assert np.all(entry[hit] >= 0.0)
    if len(entry) == 1 and hit[0]:
        along = np.asarray(direction, dtype=float)
        along = along / np.max(np.abs(along))
        middle = np.asarray(origin, dtype=float) + 0.5 * (entry + leave) * along / np.linalg.norm(along)
        assert geometry.contains(middle).all()


_things = st.sampled_from(("sample", "portal", "experiment", None, 1.0, "x", [], {}))


@fuzz(30, 1000, _things, _things, odd_words, odd_words)
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
