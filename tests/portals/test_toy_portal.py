"""A second portal, in one file (tests/toy_portal.py): simulate, limit and generate run and are right.

Statistical tests: fixed seeds, pulls below 4.5, a chance failure of 7e-6 each.
"""

import pickle
from functools import lru_cache

import numpy as np
import pytest
from helpers import assert_on_shell, dot, pull
from independent_charm import P_TOP, POT, RATIO, meson_density
from toy_portal import LEPTONS, M_E, M_ETA, PHOTONS, SECOND, ToyPortal

import darkmc
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.vocabulary import FINAL_STATES, Products, add_final_state
from darkmc.portals.portal import Portal, Process, Production

PORTAL = ToyPortal(0.1)
DISTANCE, RADIUS, EXCLUDED = 480.0, 5.0, 99.0
BALL = {"shape": "sphere", "centre_m": [0.0, 0.0, DISTANCE], "radius_m": RADIUS}
KEYS = {
    "source.mesons": ["eta"],
    "signal.final_states": [PHOTONS, LEPTONS],
    "geometry": BALL,
    "cuts": [],
}
HARD = [{"name": "hard", "observable": "E_photon", "min": 8.0, "max": 60.0}]


def experiment(biasing="turned", **more):
    keys = {**KEYS, "simulation.biasing": biasing, **{name.replace("__", "."): v for name, v in more.items()}}
    return darkmc.Experiment("charm-finegrained", overrides={"flux.cascade": "none", **keys})


@lru_cache(maxsize=1)
def sample():
    return experiment().simulate(PORTAL, n_samples=60_000, seed=5)


@lru_cache(maxsize=1)
def scalars():
    """Weights (per eta decay to gamma S), momenta over mass, path to the ball and in it, by quadrature.

    S flies at an angle to the beam, its eta at another, turned about it by psi: no four-vectors.
    """
    m = PORTAL.m_scalar
    energy, momentum = (M_ETA**2 + m**2) / (2 * M_ETA), (M_ETA**2 - m**2) / (2 * M_ETA)
    nodes, steps = np.polynomial.legendre.leggauss(48)
    half = 0.5 * np.log(P_TOP / 1.0)
    p, dp = (v[:, None, None, None] for v in (np.exp(half * (nodes + 1.0)), half * steps))
    cosine, dc = nodes[None, :, None, None], steps[None, :, None, None]
    psi = ((np.arange(10) + 0.5) * np.pi / 10)[None, None, :, None]
    nodes, steps = np.polynomial.legendre.leggauss(6)
    t, dt = 0.25 * np.pi * (nodes + 1.0), 0.25 * np.pi * steps
    angle = np.arcsin(RADIUS / DISTANCE * np.sin(t))  # S to the beam; the ball's edge is a root, which goes
    solid = 2.0 * np.pi * np.sin(angle) * RADIUS / DISTANCE * np.cos(t) / np.cos(angle) * dt
    gamma, gamma_beta = np.hypot(p, M_ETA) / M_ETA, p / M_ETA
    along = gamma * momentum * cosine + gamma_beta * energy
    opening = np.arctan2(momentum * np.sqrt(1.0 - cosine**2), along)
    of_eta = np.cos(opening) * np.cos(angle) + np.sin(opening) * np.sin(angle) * np.cos(psi)
    density = RATIO["eta"] * meson_density(p, np.arccos(np.clip(of_eta, -1.0, 1.0)))
    weight = p * dp * 0.5 * dc * 0.1 * solid * density
    speed = np.hypot(along, momentum * np.sqrt(1.0 - cosine**2)) / m
    chord = 2.0 * RADIUS * np.cos(t)
    entry = DISTANCE * np.cos(angle) - 0.5 * chord
    return weight, speed, entry, chord


def expected(coupling, ctau=None):
    weight, speed, entry, chord = scalars()
    rate = coupling**2 / PORTAL.heavy.ctau if ctau is None else 1.0 / ctau
    inside = np.exp(-entry * rate / speed) * -np.expm1(-chord * rate / speed)
    made = 0.02 * (1.0 - (PORTAL.m_scalar / M_ETA) ** 2) ** 3 * coupling**2
    return POT * made * float(np.sum(weight * inside))


COUPLINGS = [1e-7, 3e-6, 9e-6, 1.6e-5]


def test_it_keeps_the_protocol():
    assert isinstance(PORTAL, Portal)
    assert isinstance(PORTAL.productions("eta")[0], Production)
    assert PORTAL.productions("pi0") == []
    rng = np.random.default_rng(3)
    for process in (*PORTAL.productions("eta"), *PORTAL.decays("scalar")):
        assert isinstance(process, Process)
        mass = M_ETA if process.key == "eta" else PORTAL.m_scalar
        draw = process.sample(rng.random((process.n_uniform, 20_000)))
        momenta = [draw.momentum(name) for name in process.products]
        total = sum(momenta)
        np.testing.assert_allclose(np.sqrt(dot(total, total)), mass, rtol=1e-9)
        np.testing.assert_allclose(total[0], mass, rtol=1e-9)
        for name, four in zip(process.products, momenta, strict=True):
            known = {"scalar": PORTAL.m_scalar, "electron": M_E, "positron": M_E}
            assert_on_shell(four, known.get(name, 0.0), 1e-9)
        assert np.max(draw.weight) <= process.largest_weight
        flat = np.ptp(draw.weight) < 1e-12 * process.total()
        assert flat or abs(pull(draw.weight, process.total())) < 4.5


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_the_yield_against_a_quadrature(coupling):
    """From the longest lifetime to beyond the upper edge; a tenth of a percent is the quadrature's."""
    value, error = sample().expected_events(coupling)
    assert 0.0 < error < 0.1 * value
    assert abs(value - expected(coupling)) < 4.5 * error + 1e-3 * value
    parts = sample().channels(coupling)
    for state, share in ((PHOTONS, 0.8), (LEPTONS, 0.2)):
        value, error = parts[f"eta -> {state}"]
        assert abs(value - share * expected(coupling)) < 4.5 * error + 1e-3 * value


@pytest.mark.parametrize("cuts", [[], HARD], ids=["all", "hard photon"])
def test_turned_is_natural(cuts):
    turned = experiment(cuts=cuts).simulate(PORTAL, n_samples=20_000, seed=6)
    natural = experiment("none", cuts=cuts).simulate(PORTAL, n_samples=200_000, seed=7)
    for coupling in COUPLINGS[:3]:
        for name, (value, error) in turned.channels(coupling).items():
            other, its_error = natural.channels(coupling)[name]
            assert 0.0 < its_error < 0.3 * other
            assert abs(value - other) < 4.5 * np.hypot(error, its_error)
    if cuts:
        kept = turned.cutflow(3e-6)["hard"].value / turned.cutflow(3e-6)["decays_inside"].value
        assert 0.2 < kept < 0.95


def test_the_edges_of_the_limit_against_the_quadrature():
    """There the quadrature has the number that is excluded, 80% of the decays being seen."""
    exclusion = experiment(signal__final_states=[PHOTONS]).limit(PORTAL)
    (interval,) = exclusion.intervals
    for edge, error in ((interval.lower, interval.lower_error), (interval.upper, interval.upper_error)):
        slope = np.log(expected(1.01 * edge) / expected(0.99 * edge)) / 0.02
        assert 0.0 < error < 0.02 * edge
        assert abs(np.log(0.8 * expected(edge) / EXCLUDED)) < abs(slope) * 4.5 * error / edge + 1e-3


@pytest.mark.parametrize("ctau", [1e-2, 0.3, 30.0])
def test_lifetimes_are_reweighted(ctau):
    """To what the quadrature has for a lifetime that is not the coupling's, and for other ratios."""
    shares = {PHOTONS: 0.5, LEPTONS: 0.1}
    value, error = sample().expected_events(1e-6, ctau=ctau, branching=shares)
    assert abs(value - 0.6 * expected(1e-6, ctau)) < 4.5 * error + 1e-3 * value


def test_an_invisible_width_shortens_the_lifetime():
    coupling = 3e-6
    width = 1.973269804e-16 / PORTAL.heavy.ctau * coupling**2  # as much as all the others
    value, error = sample().expected_events(coupling, invisible_width=width)
    wanted = 0.5 * expected(coupling, 0.5 * PORTAL.heavy.ctau / coupling**2)
    assert abs(value - wanted) < 4.5 * error + 1e-3 * value


@pytest.mark.parametrize("unweighted", [False, True])
def test_events(unweighted):
    """Momenta add up, vertices lie in the ball, weights sum to the yield."""
    coupling = 3e-6
    stream = experiment().generate(PORTAL, coupling, 300, unweighted=unweighted, seed=8)
    assert stream.metadata["m_scalar"] == PORTAL.m_scalar
    assert abs(stream.sum_of_weights - expected(coupling)) < 4.5 * stream.error
    count = 0
    for chunk in stream:
        count += len(chunk)
        scalar = four(chunk, "scalar")
        leptons = chunk["channel"].to_numpy() == channel_of(stream, LEPTONS)
        np.testing.assert_allclose(scalar + four(chunk, "meson_photon"), four(chunk, "meson"), rtol=1e-9)
        seen = {False: ("photon", "second_photon"), True: ("electron", "positron", "photon")}
        for kind, names in seen.items():
            rows = leptons == kind
            together = sum(four(chunk, name)[:, rows] for name in names)
            np.testing.assert_allclose(together, scalar[:, rows], rtol=1e-9, atol=1e-9)
        place = [chunk["decay"][axis].to_numpy() for axis in "xyz"]
        assert np.all(np.hypot(np.hypot(place[0], place[1]), place[2] - DISTANCE) < RADIUS * (1 + 1e-9))
        if unweighted:
            np.testing.assert_allclose(chunk["weight"].to_numpy(), stream.sum_of_weights / 300)
    assert count == 300
    assert stream.n_above_bound == 0
    assert experiment().pdg_ids()["second_photon"] == 22


def four(chunk, name):
    return np.stack([chunk[name][axis].to_numpy() for axis in ("E", "px", "py", "pz")])


def channel_of(stream, state):
    return next(int(number) for number, name in stream.metadata["channels"].items() if name.endswith(state))


def test_streams_and_samples_are_pickled_with_their_portal():
    """Another process makes the same rows."""
    for plan in experiment().plans(PORTAL, at=[3e-6]):
        here, there = plan.run(1, 0, 500), pickle.loads(pickle.dumps(plan.run))(1, 0, 500)
        np.testing.assert_array_equal(here.produced, there.produced)
    assert pickle.loads(pickle.dumps(sample())).portal == PORTAL


def test_what_is_closed_says_why():
    heavy = ToyPortal(0.6)
    assert experiment().closed(heavy) == (
        "production closed: m_scalar = 0.6 GeV is above the threshold of 0.547862 GeV (eta)"
    )
    assert "no dark state is made of pi0" in experiment(source__mesons=["pi0"]).closed(PORTAL)
    assert "decays to none of e- e+ gamma" in experiment(signal__final_states=[LEPTONS]).closed(
        ToyPortal(1e-3)
    )
    limit = experiment().limit(heavy)
    assert (limit.intervals, limit.reason[:17]) == ((), "production closed")
    converts = experiment(simulation__signal="conversion")
    assert "no dark state turns into another" in converts.closed(PORTAL)
    scatters = darkmc.Experiment("miniboone-offtarget", overrides={"source.mesons": ["eta"]})
    assert "no dark state turns into another" in scatters.closed(PORTAL)
    assert "e+ e-" in darkmc.Experiment("babar").closed(PORTAL)


def test_what_is_not_its_own_is_refused():
    with pytest.raises(PhysicsError, match="unknown final state 'gamma gamma'"):
        experiment().closed(darkmc.DarkAxionPortal(0.1))
    with pytest.raises(CardError, match=r"unknown final state 'gamma gama' \(nearest: 'gamma gamma'\)"):
        experiment(signal__final_states=["gamma gama"])
    of_another = [{"name": "fast", "observable": "E_dark_photon", "min": 1.0}]
    with pytest.raises(PhysicsError, match=r"cuts\.fast: .* has no 'dark_photon' for 'E_dark_photon'"):
        experiment(cuts=of_another).simulate(PORTAL, n_samples=10)
    for wrong in (ToyPortal, object(), None):
        with pytest.raises(PhysicsError, match="portal must be a portal"):
            experiment().simulate(wrong)


def test_a_name_has_one_meaning():
    add_final_state(PHOTONS, Products(("photon", "second_photon"), signal="first decay"), SECOND)
    for name in (PHOTONS, "a gamma"):
        with pytest.raises(PhysicsError, match=f"'{name}' already means something else"):
            add_final_state(name, Products(("photon", "electron")))
    assert PHOTONS not in FINAL_STATES
