"""The one stream: parents that are not alike, positrons on electrons at rest; streams that are pickled."""

import pickle
from dataclasses import FrozenInstanceError
from functools import partial

import numpy as np
import pytest
from scipy.integrate import quad

import darkmc
from darkmc.biasing.emission import ProductionEmission
from darkmc.biasing.placement import LabParents, Placed, moving
from darkmc.core.kinematics import Rotation, boost, length, two_body_momentum
from darkmc.core.particles import mass
from darkmc.engine.chain import Chain
from darkmc.engine.routes import Route
from darkmc.engine.site import Site
from darkmc.engine.stream import Stream
from darkmc.geometry.shapes import Sphere
from darkmc.signals.decay import Decay

ENERGIES, WEIGHTS = np.array([0.5, 3.0, 20.0]), np.array([5.0, 2.0, 0.5])  # GeV, 1/pb
RADIUS = 7.0  # m


class Positrons:
    """Along z, each energy as often as the others; what they make is turned about them."""

    n_uniform, mappable = 2, (0,)
    list_shares = np.empty(0)

    def parents(self, uniform):
        energy = ENERGIES[(uniform[0] * 3).astype(int)]
        weight = 3.0 * WEIGHTS[(uniform[0] * 3).astype(int)]
        root_s = np.sqrt(2.0 * mass("e") * (mass("e") + energy))
        momentum = np.sqrt(energy**2 - mass("e") ** 2)
        along = np.repeat([[0.0], [0.0], [1.0]], len(energy), axis=1)
        start = np.concatenate([np.zeros((2, len(energy))), np.full((2, len(energy)), [[1.5], [5.0]])])
        return LabParents(momentum, root_s, weight, along, start)

    def place(self, parents, arriving, uniform, pointing=None):  # noqa: ARG002
        parent = moving(parents.direction, parents.momentum, parents.mass)
        moved = partial(boost, frame=parent, frame_mass=parents.mass)
        turned = Rotation(parents.direction, parents.direction, 2.0 * np.pi * uniform[1])
        state = moved(arriving)
        size = length(state[1:])
        direction = turned(state[1:] / size)
        return Placed(parents.weight, parent, state, size, direction, moved, turned, parents.start)

    def factors(self, placed):
        return np.empty((0, len(placed.weight)))


def stream(portal, exposure=1e3):
    (process,) = portal.productions("e+ e- at rest")
    site = Site(
        source=None,
        origin=np.zeros(3),
        volume=Sphere((0.0, 0.0, 1.5), RADIUS),
        proposal=None,
        centre=np.array([0.0, 0.0, 1.5]),
        exposure=exposure,
        cuts=(),
        everything=False,
        efficiency_table=None,
        branching_factor=1.0,
        vary=False,
        absorbing=True,
        way=None,
        photons_seen=None,
    )
    chain = Chain(
        name="positrons",
        number=10_000,
        parent="e+ e-",
        emission=ProductionEmission(process, "positron", spin=True),
        route=Route("direct", portal.heavy, portal.heavy),
        signal=Decay(portal, "a gamma", (0.0, np.inf), natural=True, spin=True),
        efficiency=1.0,
        states=(),
        counts_primaries=True,
    )
    return Stream(site, portal, chain, Positrons())


def expected_slope(portal, exposure):
    """Return N/G^4 for small G: all that decays within the radius, by integrals over the angle."""
    m, electron, total = portal.m_dark_photon, mass("e"), 0.0
    for energy, weight in zip(ENERGIES, WEIGHTS, strict=True):
        s = 2.0 * electron * (electron + energy)
        if np.sqrt(s) <= m + portal.m_axion:
            continue
        gamma = (energy + electron) / np.sqrt(s)
        star = two_body_momentum(np.sqrt(s), m, portal.m_axion)
        r = 4.0 * electron**2 / s

        def integrand(c, gamma=gamma, star=star, r=r):
            along = gamma * star * c + np.sqrt(gamma**2 - 1.0) * np.hypot(star, m)
            density = 0.375 * (1.0 + c**2 + r * (1.0 - c**2)) / (1.0 + 0.5 * r)
            return density * m / np.hypot(along, star * np.sqrt(1.0 - c**2))

        sigma = portal.productions("e+ e- at rest")[0].total(np.sqrt(s))
        total += weight * sigma * quad(integrand, -1.0, 1.0)[0]
    return exposure * total * RADIUS * portal.heavy_branching_ratio("a gamma") / portal.heavy.ctau


@pytest.mark.parametrize(("m", "m_axion"), [(0.01, 0.0), (0.05, 0.02)])
def test_parents_of_different_masses_add_up(m, m_axion):
    """The second pair of masses is closed for the first energy of positrons."""
    portal = darkmc.DarkAxionPortal(m, m_axion)
    made = stream(portal)
    plan, coupling = made.plan(), 1e-9
    weights = plan.channel(plan.run(1, 0, 40_000)).contributions(coupling) / coupling**4
    error = np.std(weights) / 200.0
    expected = expected_slope(portal, 1e3)
    assert error < 0.01 * expected
    assert abs(np.mean(weights) - expected) < 4.5 * error


def test_events_conserve_momentum_from_parents_to_daughters():
    portal = darkmc.DarkAxionPortal(0.01)
    plan = stream(portal).plan()
    rows, events = plan.run_events(1, 0, 500)
    momenta = events.momenta
    assert set(momenta) == set(plan.particles)
    assert len({round(float(x), 6) for x in momenta["positron"][0]}) == 3
    np.testing.assert_allclose(momenta["axion"] + momenta["dark_photon"], momenta["positron"], atol=1e-9)
    np.testing.assert_allclose(
        momenta["photon"] + momenta["decay_axion"], momenta["dark_photon"], rtol=1e-9, atol=1e-9
    )
    assert np.all(events.vertices["production"] == np.array([[0.0], [0.0], [1.5], [5.0]]))
    np.testing.assert_allclose(rows.window, RADIUS * 0.01 / length(momenta["dark_photon"][1:]), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "m", "overrides"),
    [
        ("charm-finegrained", 0.03, {"source.mesons": ["pi0"]}),
        ("lsnd", 0.02, {"simulation.veto": "accept"}),
        ("babar-highcut", 1.0, {}),
    ],
)
def test_streams_are_frozen_and_pickled(name, m, overrides):
    """With their trained maps: LSND's rows near the threshold have one."""
    plans = darkmc.Experiment(name, overrides=overrides).plans(darkmc.DarkAxionPortal(m), [1e-3])
    for plan, again in zip(plans, pickle.loads(pickle.dumps(plans)), strict=True):
        first, second = (made.run_events(2, 7, 500) for made in (plan, again))
        for one, other in zip(vars(first[0]).values(), vars(second[0]).values(), strict=True):
            np.testing.assert_array_equal(one, other)
        for one, four in first[1].momenta.items():
            np.testing.assert_array_equal(four, second[1].momenta[one])
        with pytest.raises(FrozenInstanceError):
            plan.run.__self__.map = None
    maps = [plan.run.__self__.map for plan in plans]
    assert any(maps) == (name == "lsnd")
