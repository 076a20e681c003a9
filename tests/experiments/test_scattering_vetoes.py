"""Rows and events of scattering: vetoes recomputed from momenta, the split of the path, conservation, cards.

Chances of failure with fresh seeds: 6e-5 per pull below 4, of which there are about 40.
"""

from functools import lru_cache
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from independent_charm import width_and_branching
from independent_scattering import HBAR_C, M_E, cylinder_exit, sphere_exit, two_body_width
from scipy.integrate import quad

import darkmc
from darkmc.core.errors import CardError
from darkmc.core.estimates import mean_and_error
from darkmc.engine import routes as secondary
from darkmc.experiments import scattering
from darkmc.sample.rows import Rows

LSND, MINIBOONE = "lsnd", "miniboone-offtarget"
CENTRE = {LSND: (0.0, -4.65, 29.8), MINIBOONE: (0.0, -1.9, 491.0)}
LIGHT_M_PER_NS = 0.299792458
VETOES = ("geometry", "paper", "accept")
C12, PROTON = 11.1779, 0.938272


def experiment(name, **overrides):
    return darkmc.Experiment(name, overrides={key.replace("__", "."): v for key, v in overrides.items()})


def four(record):
    return np.array([ak.to_numpy(record[field]) for field in ("E", "px", "py", "pz")])


def vertex(record):
    return np.array([ak.to_numpy(record[field]) for field in ("x", "y", "z", "t")])


def size(p):
    return np.sqrt(np.sum(p[1:] ** 2, axis=0))


def leaving(name, points, momenta, radius):
    """Distance from points (3, n) to the surface of a volume around the detector's centre."""
    direction = (momenta[1:] / size(momenta)).T
    if name == LSND:
        return cylinder_exit(points.T, direction, CENTRE[LSND], radius, 4.15)
    return sphere_exit(points.T, direction, CENTRE[MINIBOONE], radius)


def width(m_dark_photon, m_axion):
    """Width of the heavier state at G = 1 by own formulas; gamma' -> a l l where m_a = 0."""
    if m_axion == 0.0:
        return width_and_branching(m_dark_photon)[0]
    branching = 1.0
    if m_dark_photon > m_axion:
        branching = darkmc.DarkAxionPortal(m_dark_photon, m_axion).branching_ratio("a gamma")
    return two_body_width(m_dark_photon, m_axion) / branching


SETS = [
    *((LSND, 0.005, 0.0, veto, "all") for veto in VETOES),
    *((LSND, 0.005, 0.0025, veto, "all") for veto in ("geometry", "paper")),
    *((LSND, 0.004, 0.006, veto, "all") for veto in ("geometry", "accept")),
    (LSND, 0.005, 0.005, "geometry", "all"),
    *((MINIBOONE, 0.005, 0.0, veto, "all") for veto in ("geometry", "accept")),
]
COUPLING = 3e-3
each_set = pytest.mark.parametrize("key", SETS, ids=lambda key: "-".join(map(str, key)))


@lru_cache(maxsize=32)
def events(key, coupling=None, n=800):
    name, m_dark_photon, m_axion, veto, signal = key
    made = experiment(name, simulation__veto=veto, simulation__signal=signal)
    stream = made.generate(darkmc.DarkAxionPortal(m_dark_photon, m_axion), coupling or COUPLING, n, seed=4)
    return stream, ak.concatenate(list(stream))


def channels(key):
    """Yield name, events and states by role of every channel of a set."""
    stream, every = events(key)
    heavy_axion = key[2] > key[1]
    roles = ("axion", "dark_photon") if heavy_axion else ("dark_photon", "axion")
    for number, name in stream.metadata["channels"].items():
        mine = every[every.channel == int(number)]
        if len(mine):
            yield name, mine, *roles


def conserved(left, right, tolerance=1e-8):
    assert np.max(np.abs(sum(left) - sum(right)) / sum(left)[0]) < tolerance


@each_set
def test_every_vertex_conserves_momentum(key):
    at_rest = np.array([[M_E], [0.0], [0.0], [0.0]])
    seen = set()
    for name, mine, heavy, light in channels(key):
        p = {field: four(mine[field]) for field in mine.fields if "E" in getattr(mine[field], "fields", ())}
        conserved([p["meson"]], [p["meson_photon"], p["axion"], p["dark_photon"]])
        incoming = p[heavy if name.split()[1] in ("gamma'", "a") and is_heavy(name, key) else light]
        if "after" in name:
            conserved([p[heavy]], [p["upstream_photon"], p[f"upstream_{light}"]])
            incoming = p[f"upstream_{light}"]
        out_mass = key[1] if (light == "axion") != is_heavy(name, key) else key[2]
        if "scatters" in name:
            conserved([incoming, at_rest], [p["recoil_electron"], p["outgoing"]])
            on_shell(p["recoil_electron"], M_E)
        else:
            loss, transfer = incoming[0] - p["outgoing"][0], incoming[1:] - p["outgoing"][1:]
            q2 = np.sum(transfer**2, axis=0) - loss**2
            close = [np.abs(loss - q2 / (2 * m)) < 1e-3 * q2 / (2 * m) + 1e-9 for m in (C12, PROTON)]
            assert np.all(close[0] | close[1])
        on_shell(p["outgoing"], out_mass)
        decays = key[1] != key[2] and not is_heavy(name, key)
        if "converts" in name or (key[3] == "accept" and decays):
            conserved([p["outgoing"]], [p["photon"], p[f"decay_{light}"]])
            assert np.max(np.abs(p["photon"][0] - size(p["photon"])) / p["photon"][0]) < 1e-9
            seen.add("photon")
        elif "photon" in p:
            assert np.all(np.isnan(p["photon"]))
    assert key[3] != "accept" or key[1] == key[2] or "photon" in seen


def is_heavy(name, key):
    """Whether the heavier state itself scatters."""
    state = "a" if key[2] > key[1] else "gamma'"
    return "after" not in name and name.split()[1] == state and "scatters" in name


def on_shell(p, mass):
    assert np.max(np.abs(p[0] ** 2 - size(p) ** 2 - mass**2) / p[0] ** 2) < 1e-7


@each_set
def test_vertices_and_cuts(key):
    """Scatterings inside, in the order of time, on the lines of flight; recoils in the window."""
    name_ = key[0]
    for name, mine, heavy, light in channels(key):
        scatter, start = vertex(mine.scatter), vertex(mine.production)
        flying = four(mine[heavy if is_heavy(name, key) else light])
        mass = max(key[1:3]) if is_heavy(name, key) else min(key[1:3])
        if "after" in name:
            upstream = vertex(mine.upstream)
            assert_flight(start, upstream, four(mine[heavy]), max(key[1:3]))
            start, flying = upstream, four(mine[f"upstream_{light}"])
            inside = np.sum((start[:3] - np.array(CENTRE[name_])[:, None]) ** 2, axis=0)
            assert np.all(inside > 2.0**2)
        assert_flight(start, scatter, flying, mass)
        x, y, z = scatter[:3] - np.array(CENTRE[name_])[:, None]
        if name_ == LSND:
            assert np.all((np.hypot(x, y) < 2.5 + 1e-9) & (np.abs(z) < 4.15 + 1e-9))
        else:
            assert np.all(x**2 + y**2 + z**2 < (5.0 + 1e-9) ** 2)
        tracks = four(mine.recoil_electron if "scatters" in name else mine.photon)
        if name_ == LSND:
            assert np.all((tracks[0] > 0.015) & (tracks[0] < 0.053))
        else:
            assert np.all(tracks[3] > 0.99 * size(tracks))
        if "decay" in mine.fields and not np.isnan(mine.decay.x[0]):
            assert_flight(scatter, vertex(mine.decay), four(mine.outgoing), max(key[1:3]), 1e-5)


def assert_flight(start, end, momentum, mass, tolerance=1e-7):
    step = end - start
    path = np.sqrt(np.sum(step[:3] ** 2, axis=0))
    assert np.all(step[3] >= 0.0)
    across = step[:3] - path * momentum[1:] / size(momentum)
    scale = path + 1e-9 + 1e-13 * np.sqrt(np.sum(end[:3] ** 2, axis=0)) / tolerance
    assert np.max(np.sqrt(np.sum(across**2, axis=0)) / scale) < tolerance
    energy = np.sqrt(size(momentum) ** 2 + mass**2)
    time = path * energy / size(momentum) / LIGHT_M_PER_NS
    assert np.all(np.abs(step[3] - time) < tolerance * time + 1e-6)


@each_set
def test_rows_are_those_of_the_table(key):
    """Power, survival and windows of every row from lab momenta, vertices and an own geometry."""
    name_, m_dark_photon, m_axion, veto, _ = key
    stable = m_dark_photon == m_axion
    mass = max(m_dark_photon, m_axion)
    ctau = np.inf if stable else HBAR_C / width(m_dark_photon, m_axion)
    active, fiducial, slab = (2.85, 2.5, 8.3) if name_ == LSND else (5.75, 5.0, 12.0)
    for name, mine, heavy, _ in channels(key):
        scatter, outgoing = vertex(mine.scatter), four(mine.outgoing)
        lost = mass / (ctau * size(outgoing))  # per metre, of what is made
        power, survive = 4.0, np.zeros(len(mine))
        window, second = (np.full(len(mine), np.inf) for _ in range(2))
        if "converts" in name:
            window = lost * leaving(name_, scatter[:3], outgoing, fiducial)
        elif not is_heavy(name, key) and not stable and veto == "geometry":
            survive = lost * (leaving(name_, scatter[:3], outgoing, active) + 1.0)
        elif not is_heavy(name, key) and not stable and veto == "paper":
            power, survive, window = 2.0, lost * 1.0, lost * (slab - 1.0)
        flown = mass / (ctau * size(four(mine[heavy])))  # per metre, of the meson's heavy state
        origin = vertex(mine.production)[:3]
        if is_heavy(name, key) and not stable:
            survive = flown * np.sqrt(np.sum((scatter[:3] - origin) ** 2, axis=0))
        elif "upstream" in name:
            power += 2.0
            survive = survive + flown * np.sqrt(np.sum((vertex(mine.upstream)[:3] - origin) ** 2, axis=0))
        elif "prompt" in name:
            window, second = flown * secondary.SPLIT_M, window
        stored = {
            field: ak.to_numpy(mine[f"row_{field}"]) for field in ("power", "tau_survive", "tau_window")
        }
        assert np.all(stored["power"] == power)
        np.testing.assert_allclose(stored["tau_survive"], survive, rtol=2e-6, atol=1e-300)
        np.testing.assert_allclose(stored["tau_window"], window, rtol=2e-6)
        np.testing.assert_allclose(ak.to_numpy(mine.row_tau_second), second, rtol=2e-6)


def reweighted(every, g):
    """Return the contribution of every entry at another coupling, from the stored rows."""
    column = {name: ak.to_numpy(every[f"row_{name}"]) for name in ("weight", "power", "tau_survive")}
    windows = [ak.to_numpy(every[f"row_tau_{name}"]) for name in ("window", "second")]
    chance = np.exp(-column["tau_survive"] * g**2)
    for window in windows:
        chance = chance * np.where(
            np.isinf(window), 1.0, -np.expm1(-np.where(np.isinf(window), 0, window) * g**2)
        )
    return column["weight"] * g ** column["power"] * chance


@each_set
def test_stored_rows_give_the_yield_elsewhere(key):
    """At the file's coupling exactly, at others within the errors: pulls below 4.5, chance 7e-6 each."""
    stream, every = events(key)
    g = COUPLING
    weights = ak.to_numpy(every.weight)
    assert np.all(weights > 0.0)
    np.testing.assert_allclose(reweighted(every, g), weights, rtol=1e-9, atol=1e-300)
    assert weights.sum() == pytest.approx(stream.sum_of_weights, rel=1e-9)
    made = experiment(key[0], simulation__veto=key[3], simulation__signal=key[4])
    couplings = np.array([g, 0.6 * g, 1.3 * g])
    sample = made.simulate(darkmc.DarkAxionPortal(*key[1:3]), n_samples=25_000, at=g, seed=8)
    values, errors = sample.expected_events(couplings)
    assert abs(stream.sum_of_weights - values[0]) < 4.5 * np.hypot(stream.error, errors[0])
    for other, value, error in zip(couplings, values, errors, strict=True):
        contributions = reweighted(every, other)
        spread = np.sqrt(np.sum(contributions**2))
        assert abs(contributions.sum() - value) < 4.5 * np.hypot(spread, error)


@pytest.mark.slow
@pytest.mark.parametrize(
    "veto", ["geometry", *(pytest.param(veto, marks=pytest.mark.slow) for veto in ("paper", "accept"))]
)
def test_unweighted_events(veto):
    """Equal but for rows above the bound, which are few; the sum is the yield (pull below 4.5)."""
    made, portal = experiment(LSND, simulation__veto=veto), darkmc.DarkAxionPortal(0.01)
    stream = made.generate(portal, 1e-3, 400, unweighted=True, seed=3)
    weights = ak.to_numpy(ak.concatenate(list(stream)).weight)
    assert len(weights) == 400
    assert stream.n_above_bound <= 4
    assert np.count_nonzero(weights > weights.min() * (1 + 1e-9)) == stream.n_above_bound
    value, error = made.simulate(portal, n_samples=80_000, at=1e-3, seed=5).expected_events(1e-3)
    assert abs(weights.sum() - value) < 4.5 * np.hypot(stream.error, error)


def test_decays_after_accepted_scatterings_are_exponential():
    """exp(-path/lambda2) is flat: mean 1/2 and mean square 1/3 of the weighted entries, pulls below 4.5."""
    key = (LSND, 0.005, 0.0, "accept", "electron")
    _, every = events(key, 1e-2, 4000)
    mine = every[~np.isnan(ak.to_numpy(every.decay.x))]
    path = size(np.concatenate([[np.zeros(len(mine))], (vertex(mine.decay) - vertex(mine.scatter))[:3]]))
    lost = 0.005 * width(0.005, 0.0) / HBAR_C * 1e-4 / size(four(mine.outgoing))
    depth, w = np.exp(-path * lost), ak.to_numpy(mine.weight)
    for power in (1, 2):
        mean = np.average(depth**power, weights=w)
        spread = np.sqrt(np.sum(w**2 * (depth**power - mean) ** 2)) / np.sum(w)
        assert abs(mean - 1 / (power + 1)) < 4.5 * spread
    assert len(mine) > 1000


def test_paper_average_row_by_row(monkeypatch):
    """Same random numbers under both vetoes: the mean of exp(-x G^2/lambda2) over 1 m < x < 8.3 m."""
    monkeypatch.setattr(scattering, "adapt", lambda streams, *_: streams)
    portal, g = darkmc.DarkAxionPortal(0.005), 4e-3
    rows = {}
    for veto in ("geometry", "paper"):
        made = experiment(LSND, simulation__veto=veto)
        made.topology.prepare()
        found = {plan.name: plan for plan in made.plans(portal)}
        rows[veto] = {name: found[name].channel(found[name].run_events(3, 0, 2000)[0]) for name in found}
        events_ = {name: found[name].run_events(3, 0, 2000)[1] for name in found}
    ctau = HBAR_C / width(0.005, 0.0)
    for name in (
        "pi0: a scatters",
        "pi0: a scatters after decay upstream",
        "pi0: a scatters after prompt decay",
    ):
        channel, plain = rows["paper"][name], rows["geometry"][name]
        momentum = size(events_[name].momenta["outgoing"])
        weight = plain.rows.produced * plain.branching
        lost = 0.005 / (ctau * momentum)
        used = np.flatnonzero(weight > 0)[:40]
        assert len(used) > 20
        terms = channel.terms(channel.columns(np.arange(len(weight)), channel.branching), g)
        point = plain.point(g)
        for k in used:
            rate = lost[k] * g**2
            survival = quad(lambda x, rate=rate: np.exp(-x * rate), 1.0, 8.3, epsabs=0)[0] / 7.3
            if "upstream" in name:
                survival *= np.exp(-plain.rows.survive[k] * point.rate)
            if "prompt" in name:
                survival *= -np.expm1(-plain.rows.window[k] * point.rate)
            factor = point.factor(plain.power, plain.lifetimes, plain.states)
            assert terms[k] == pytest.approx(weight[k] * factor * survival, rel=1e-7)


def coupling_of(decay_length, m=0.005, energy=0.08):
    """Return G at which a dark photon of 80 MeV flies so far on average."""
    return np.sqrt(energy / m * HBAR_C / width(m, 0.0) / decay_length)


@pytest.mark.parametrize(
    ("veto", "signal"), [*((veto, "electron") for veto in VETOES), ("geometry", "conversion")]
)
def test_split_of_the_decay_path_does_not_matter(monkeypatch, veto, signal):
    """Halved, where dark photons fly 0.3, 1 and 10 m: three pulls below 4, chance 2e-4."""
    portal = darkmc.DarkAxionPortal(0.005)
    couplings = [coupling_of(length) for length in (0.3, 1.0, 10.0)]
    yields, shares = [], []
    for split, seed in ((1.0, 3), (0.5, 4)):
        monkeypatch.setattr(secondary, "SPLIT_M", split)
        made = experiment(LSND, simulation__veto=veto, simulation__signal=signal)
        made.topology.prepare()
        total, late = np.zeros((2, 3)), []
        for plan in made.plans(portal, couplings):
            if "after" not in plan.name:
                continue
            channel = plan.channel(Rows.joined([plan.run(seed, k, 4096) for k in range(6)]))
            parts = np.array(
                [mean_and_error(channel.contributions(g), channel.rows.tried) for g in couplings]
            )
            total += np.array([parts[:, 0], parts[:, 1] ** 2])
            late.append(parts[:, 0])
        yields.append(total)
        shares.append(late[0] / total[0])
    pulls = (yields[0][0] - yields[1][0]) / np.sqrt(yields[0][1] + yields[1][1])
    assert np.all(np.abs(pulls) < 4)
    assert np.all(np.sqrt(yields[0][1]) < 0.085 * yields[0][0])
    assert np.all(shares[0][1:] > 1.2 * shares[1][1:])  # events did move between the two streams


def test_places_of_decays_upstream_have_their_density():
    """Mean of f(path)/g = integral of f from the split to the volume, over a grid of uniform numbers."""
    made = experiment(LSND)
    portal, light = darkmc.DarkAxionPortal(0.005), made.topology
    route = secondary.Route("far", portal.heavy, portal.light)
    end = light.site(portal, False).span[0]
    u = (np.arange(200_000) + 0.5) / 200_000
    path, per_path = (
        np.concatenate(parts)
        for parts in zip(
            *(route.path(np.stack([np.full_like(u, half), u]), end) for half in (0.2, 0.7)), strict=True
        )
    )
    low, high = 1.0, 29.8 - 4.15  # front face, seen under an angle
    high *= np.hypot(1.0, 4.65 / 29.8)
    for function in (np.ones_like, np.exp, lambda x: np.exp(-x / 2)):
        exact = quad(lambda x, f=function: float(f(np.array(x))), low, high, epsabs=0)[0]
        assert np.mean(function(path) * per_path) == pytest.approx(exact, rel=1e-4)


@pytest.mark.slow
def test_decays_on_a_short_way_are_almost_prompt():
    """Dark photons fly some metres of 491: near and far together are the prompt axions.

    Parent and daughter fly almost the same way, so that the place hardly matters; 2% is three errors.
    """
    made = experiment(MINIBOONE, simulation__veto="accept", source__mesons=["pi0"])
    made.topology.prepare()
    portal, yields = darkmc.DarkAxionPortal(0.005), []
    for g in (coupling_of(2.0, energy=1.0), 1e2):
        parts = []
        for plan in made.plans(portal, [g]):
            if "after" in plan.name:
                channel = plan.channel(Rows.joined([plan.run(2, k, 4096) for k in range(40)]))
                parts.append(mean_and_error(channel.contributions(g), channel.rows.tried))
        yields.append(np.array(parts)[:, 0] / g**4)
    near, far = yields[0]
    assert 0.4 < far / near < 4.0
    assert near + far == pytest.approx(yields[1].sum(), rel=0.02)


def test_a_thicker_buffer_excludes_less(monkeypatch):
    """Same rows: every yield falls by exp(-buffer/lambda2), and the exclusion shrinks from above."""
    monkeypatch.setattr(scattering, "adapt", lambda streams, *_: streams)
    portal, couplings = darkmc.DarkAxionPortal(0.0015), np.geomspace(1e-3, 1e-1, 9)
    found, uppers = [], []
    for buffer in (0.35, 1.0, 2.0):
        made = experiment(LSND, geometry__veto_buffer_m=buffer)
        sample = made.simulate(portal, n_samples=20_000)
        found.append(sample.expected_events(couplings).value)
        exclusion = made.limit(sample)
        uppers.append((exclusion.upper, -exclusion.lower))
    assert np.all(found[0] > found[1])
    assert np.all(found[1] > found[2])
    assert uppers[0] > uppers[1] > uppers[2]


@pytest.mark.slow
def test_without_a_buffer_the_yield_grows_for_ever():
    """Scatterings within lambda2 ~ G^-2 of the edge survive: the slope tends from 4 to 2.

    Rows near the edge get rare: 2 within 0.4 where lambda2 is of order 0.1 m; with a buffer it is steeply
    falling there.
    """
    made = experiment(LSND, geometry__veto_buffer_m=0.0)
    made.topology.prepare()
    plan = made.plans(darkmc.DarkAxionPortal(0.005), [1e-9])[0]
    g = coupling_of(0.1)
    channel = plan.channel(Rows.joined([plan.run(1, k, 4096) for k in range(40)]))
    value = np.sum(channel.contributions(g))
    assert np.sum(channel.slopes(g)) * g / value == pytest.approx(2.0, abs=0.4)
    buffered = experiment(LSND)
    plan = buffered.plans(darkmc.DarkAxionPortal(0.005), [1e-9])[0]
    channel = plan.channel(Rows.joined([plan.run(1, k, 4096) for k in range(8)]))
    assert np.sum(channel.slopes(g)) * g < -2.0 * np.sum(channel.contributions(g))


def largest_mass(buffer):
    """Return the largest m' (MeV) with an exclusion at LSND, by bisection with the same random numbers."""
    made = experiment(LSND, geometry__veto_buffer_m=buffer)
    low, high = 1.0, 20.0
    for _ in range(7):
        m = np.sqrt(low * high)
        sample = made.simulate(darkmc.DarkAxionPortal(1e-3 * m), precision=0.02)
        if made.limit(sample).intervals:
            low = m
        else:
            high = m
    return np.sqrt(low * high)


@pytest.mark.slow
def test_the_buffer_moves_the_cut_off_mass():
    masses = [largest_mass(buffer) for buffer in (0.35, 1.0, 2.0)]
    assert masses[0] > 1.03 * masses[1] > 1.03**2 * masses[2]


def cuts(*rows):
    keys = ("observable", "min", "max")
    return [
        {"name": f"cut{k}"} | {key: v for key, v in zip(keys, row, strict=True) if v is not None}
        for k, row in enumerate(rows)
    ]


TABLE = {"at": [0.01, 0.06], "values": [0.1, 0.3]}
BAD = [
    ({"geometry.radius_m": 3.0}, "geometry.active"),
    ({"geometry.active.centre_m": [0.0, 0.0, 29.8]}, "geometry.active"),
    ({"geometry.active.length_m": 8.2}, "geometry.active"),
    ({"geometry.active.radious_m": 2.9}, "geometry.active.radious_m.*radius_m"),
    ({"geometry.active.veto_buffer_m": 1.0}, "geometry.active.veto_buffer_m"),
    ({"geometry.veto_buffer_m": -0.1}, "geometry.veto_buffer_m"),
    ({"geometry.veto_size_m": 0.9}, "geometry.veto_size_m"),
    ({"cuts": cuts(("E_electron", None, 0.0005))}, "cuts.*energies is empty"),
    ({"cuts": cuts(("E_electron", None, 0.02), ("E_electron", 0.03, None))}, "cuts.*energies is empty"),
    ({"cuts": cuts(("E_electron", None, 0.02), ("T_electron", 0.0197, None))}, "cuts.*energies is empty"),
    (
        {"cuts": cuts(("theta_electron", 0.2, None), ("cos_theta_electron", 0.99, None))},
        "cuts.*angles is empty",
    ),
    ({"cuts": cuts(("cos_theta_electron", 1.0, None))}, "cuts.*angles is empty"),
    ({"cuts": cuts(("m_electron_photon", 0.08, 0.2))}, "cuts.cut0.*accept"),
    ({"cuts": cuts(("z_vertex", 27.0, None))}, "cuts.cut0.*z_vertex"),
    ({"cuts": cuts(("E_pair", 0.1, None))}, "cuts.cut0.*E_pair"),
    ({"simulation.veto": "paper", "geometry.veto_size_m": None}, "geometry.veto_size_m"),
    ({"simulation.veto": "none"}, "simulation.veto"),
    ({"simulation.signal": "decay"}, "simulation.signal"),
    ({"simulation.scattering_factor": -1.0}, "simulation.scattering_factor"),
    ({"signal.scattering_factor": -1.0}, "signal.scattering_factor"),
    ({"signal.final_states": ["a e- e+"]}, "signal.final_states"),
    ({"material.composition": {"C": 1.0, "Xx": 2.0}}, "material.composition.*'Xx'"),
    (
        {"simulation.signal": "all", "signal.efficiency": {"observable": "E_electron", **TABLE}},
        "signal.efficiency.*'photon'.*E_electron",
    ),
    (
        {"simulation.veto": "accept", "signal.efficiency": {"observable": "E_photon", **TABLE}},
        "signal.efficiency.*'recoil_electron'.*E_photon",
    ),
    ({"geometry.centre_m": [0.0, 0.0, 2.0], "geometry.active.centre_m": [0.0, 0.0, 2.0]}, "target"),
]


@pytest.mark.parametrize(("overrides", "pattern"), BAD, ids=[pattern for _, pattern in BAD])
def test_bad_cards_are_one_line(overrides, pattern):
    with pytest.raises(CardError, match=pattern) as caught:
        darkmc.Experiment(LSND, overrides=overrides)
    assert "lsnd.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["material", "veto_size_m"])
def test_cards_that_lack_something(tmp_path, missing):
    text = Path(darkmc.Experiment(LSND).loaded.path).read_text()
    start = text.index(f"[{missing}]" if missing == "material" else missing)
    end = text.index("[signal]" if missing == "material" else "\n", start)
    card = tmp_path / "mine.toml"
    card.write_text(text[:start] + text[end:])
    with pytest.raises(CardError, match=missing) as caught:
        darkmc.Experiment(str(card), overrides={"simulation.veto": "paper"})
    assert str(card) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_factors_of_the_cards_multiply_the_scattering(monkeypatch):
    """simulation.scattering_factor and signal.scattering_factor, on electrons only."""
    monkeypatch.setattr(scattering, "adapt", lambda streams, *_: streams)

    def channels_of(**overrides):
        made = experiment(LSND, simulation__signal="all", **overrides)
        return made.simulate(darkmc.DarkAxionPortal(0.005), n_samples=7000, seed=3).channels(1e-3)

    plain = channels_of()
    both = channels_of(simulation__scattering_factor=0.5, signal__scattering_factor=0.4)
    for name, part in plain.items():
        factor = 0.2 if "scatters" in name else 1.0
        assert part.value > 0.0
        assert both[name].value == pytest.approx(factor * part.value, rel=1e-12)


def test_the_volume_without_an_active_one_is_its_own(tmp_path):
    text = Path(darkmc.Experiment(LSND).loaded.path).read_text()
    card = tmp_path / "mine.toml"
    card.write_text(text[: text.index("[geometry.active]")] + text[text.index("[material]") :])
    made = darkmc.Experiment(str(card))
    assert made.topology.active is made.topology.shape


def test_invariant_mass_of_electron_and_photon():
    """A cut on it counts scatterings with a photon from a decay inside, and nothing else."""
    window = {"name": "pair", "observable": "m_electron_photon", "min": 0.005, "max": 0.03}
    made = experiment(MINIBOONE, simulation__veto="accept", cuts=[window])
    portal = darkmc.DarkAxionPortal(0.01)
    every = ak.concatenate(list(made.generate(portal, 1e-2, 300, seed=2)))
    assert not np.any(np.isnan(ak.to_numpy(every.photon.E)))  # a gamma' that scatters leaves no photon
    pair = four(every.recoil_electron) + four(every.photon)
    mass = np.sqrt(pair[0] ** 2 - size(pair) ** 2)
    assert np.all((mass > 0.005) & (mass < 0.03))
    x, y, z = vertex(every.decay)[:3] - np.array(CENTRE[MINIBOONE])[:, None]
    assert np.all(x**2 + y**2 + z**2 < (5.75 + 1e-9) ** 2)
    sample = made.simulate(portal, n_samples=60_000, at=1e-2)
    flow = [part.value for part in sample.cutflow(1e-2).values()]
    assert flow[1] > flow[2] > 0.0
    low, high = sample.expected_events([1e-9, 1e-8]).value
    assert high / low == pytest.approx(1e6, rel=1e-3)  # production, scattering and the decay inside
    assert sample.channels(1e-9)["pi0: gamma' scatters"].value == 0.0


@pytest.mark.parametrize("signal", ["electron", "conversion"])
def test_a_table_of_efficiencies(signal):
    """Linear in the energy of what is seen: the mean over the histogram."""
    seen = {"electron": "E_electron", "conversion": "E_photon"}[signal]
    yields = []
    for efficiency in (1.0, {"observable": seen, **TABLE}):
        made = experiment(LSND, simulation__signal=signal, signal__efficiency=efficiency)
        sample = made.simulate(darkmc.DarkAxionPortal(0.005), n_samples=20_000, at=1e-3, seed=4)
        yields.append((sample, sample.expected_events(1e-3).value))
    edges = np.linspace(0.015, 0.053, 191)
    spectrum = yields[0][0].histogram(seen, edges, 1e-3).value
    expected = np.sum(spectrum * np.interp((edges[1:] + edges[:-1]) / 2, TABLE["at"], TABLE["values"]))
    assert yields[1][1] == pytest.approx(expected, rel=0.05)
    assert 0.1 < yields[1][1] / yields[0][1] < 0.3


def test_a_photon_that_cuts_ask_for_is_that_of_its_branching_ratio():
    """A cut that takes every mass leaves BR(a gamma) of what decays at once: the rest has no photon."""
    portal, prompt = darkmc.DarkAxionPortal(0.05), 1.0
    every = {"name": "pair", "observable": "m_electron_photon", "min": 0.0}
    parts = []
    for cuts_ in ([every], []):
        made = experiment(MINIBOONE, simulation__veto="accept", cuts=cuts_, source__mesons=["pi0"])
        parts.append(made.simulate(portal, n_samples=4000, at=prompt).channels(prompt)["pi0: a scatters"])
    ratio = portal.branching_ratio("a gamma")
    assert ratio < 0.997
    assert parts[1].value > 0.0
    assert parts[0].value == pytest.approx(ratio * parts[1].value, rel=1e-6)
