"""Directions that follow the mesons: samplers against densities, mesons that are turned against natural ones.

Statistical comparisons ask for |pull| < 4.5 (chance 7e-6 each, some 60 of them) and for p > 1e-4 of
Kolmogorov's test (14 of them): fresh seeds would fail the file once in 500 runs.
"""

from math import pi

import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid, quad
from scipy.stats import kstest

import darkmc
from darkmc.biasing.following import Angle, Towards, chord, lean, lean_weight, spread
from darkmc.biasing.natural import AnaloguePrimaries
from darkmc.biasing.turned import Aim, TurnedPrimaries, above, momentum_grid
from darkmc.core.kinematics import around, length, unit_vector
from darkmc.core.particles import mass
from darkmc.geometry.directions import NearBeam
from darkmc.geometry.shapes import Box, Sphere

N = 20_000
RANGES = {
    "whole sphere": NearBeam(0.0, 2.0),
    "on the beam": NearBeam(0.0, 1e-3),
    "beside it": NearBeam(2e-4, 3e-3, 2.5, 0.4),
    "narrow": NearBeam(1e-9, 4e-9, -3.0, 0.1),
}
VOLUMES = {
    "box on the beam": Box((0, 0, 30.0), (2.0, 1.0, 5.0)),
    "near and wide": Box((0, 0, 3.0), (4.0, 5.0, 3.0)),
    "beside the beam": Sphere((4.0, -1.0, 30.0), 1.5),
    "narrow": Box((0, 0.5, 500.0), (1.0, 2.0, 5.0)),
}
PION = mass("pi0")


@pytest.fixture(scope="module")
def source():
    return darkmc.MesonSource("bmpt-cu-400")


# --- samplers and densities ---------------------------------------------------------------------------


@pytest.mark.parametrize("near", RANGES.values(), ids=RANGES.keys())
@pytest.mark.parametrize("width", [1e-5, 0.02, 5.0])
def test_directions_near_the_beam_have_their_density(near, width):
    rng = np.random.default_rng(1)
    direction = near.sample(*rng.random((2, N)), np.full(N, width))
    np.testing.assert_allclose(length(direction), 1.0, rtol=1e-12)
    assert np.all(near.density(direction, np.full(N, width)) > 0.0)

    def density(fall):
        return float(near.at(np.array([fall]), np.array([width]))[0])

    middle = near.low + 0.5 * width**2
    points = near.low + np.minimum(np.geomspace(0.1, 1e12, 14) * middle, 0.9 * (near.high - near.low))
    total = 2.0 * near.half * quad(density, near.low, near.high, points=np.unique(points), limit=400)[0]
    assert total == pytest.approx(1.0, rel=1e-6)
    grid = near.low + (near.high - near.low) * np.concatenate([[0.0], np.geomspace(1e-12, 1.0, 20_001)])
    below = cumulative_trapezoid(2.0 * near.half * near.at(grid, np.array([width])), grid, initial=0.0)
    across = direction[0] ** 2 + direction[1] ** 2
    fall = np.where(direction[2] > 0.0, across / (1.0 + np.abs(direction[2])), 1.0 - direction[2])
    assert kstest(fall, lambda x: np.interp(x, grid, below)).pvalue > 1e-4
    azimuth = (np.arctan2(direction[1], direction[0]) - near.middle + pi) % (2.0 * pi) - pi
    assert kstest(azimuth, "uniform", (-near.half, 2.0 * near.half)).pvalue > 1e-4


def test_no_density_outside_the_range():
    near, width = RANGES["beside it"], np.full(1, 0.1)
    inside = unit_vector(np.array([1.0 - 1e-3]), np.array([2.5]))
    assert near.density(inside, width)[0] > 0.0
    for fall, azimuth in ((1e-4, 2.5), (4e-3, 2.5), (1e-3, 2.0), (1e-3, -2.5)):
        assert near.density(unit_vector(np.array([1.0 - fall]), np.array([azimuth])), width)[0] == 0.0


@pytest.mark.parametrize("theta", [0.0, 1e-6, 0.03, 3.0])
@pytest.mark.parametrize("alpha", [0.0, 1e-5, 0.03, 2.0, pi])
@pytest.mark.parametrize("width", [0.01, 3.0])
def test_leaning_mesons_have_their_density_and_lie_where_they_say(theta, alpha, width):
    rng, n = np.random.default_rng(5), 4000
    direction = unit_vector(np.full(n, np.cos(theta)), np.full(n, 0.7))
    state = Angle(np.full(n, 2.0 * np.sin(0.5 * theta) ** 2), np.full(n, np.sin(theta)))
    apart = Angle.of(np.full(n, np.cos(alpha)), np.full(n, np.sin(alpha)))
    made = lean(rng.random(n), state, apart, np.full(n, width))
    np.testing.assert_allclose(made.cosine**2 + made.sine**2, 1.0, rtol=1e-9)
    np.testing.assert_allclose(made.weight, lean_weight(made.fall, state, apart, width), rtol=1e-7)
    # by vectors: the azimuth is about the dark state, and 0 towards the beam
    towards = np.array([-np.cos(theta) * np.cos(0.7), -np.cos(theta) * np.sin(0.7), np.sin(theta)])[:, None]
    beside = np.cross(direction[:, 0], towards[:, 0])[:, None]
    phi = np.linspace(-pi, pi, 20_001)

    def meson(cosine, sine):
        across = towards * cosine + beside * sine
        return np.cos(alpha) * direction[:, :1] + np.sin(alpha) * across

    np.testing.assert_allclose(1.0 - meson(made.cosine, made.sine)[2], made.fall, atol=1e-12, rtol=1e-6)
    fall = np.maximum(1.0 - meson(np.cos(phi), np.sin(phi))[2], 0.0)
    density = 1.0 / (
        2.0 * pi * lean_weight(fall, Angle(*(v[:1] for v in state)), Angle(*(v[:1] for v in apart)), width)
    )
    below = cumulative_trapezoid(density, phi, initial=0.0)
    assert below[-1] == pytest.approx(1.0, rel=1e-5)
    drawn = np.arctan2(made.sine, made.cosine)
    assert kstest(drawn, lambda x: np.interp(x, phi, below)).pvalue > 1e-4


@pytest.mark.parametrize("volume", VOLUMES.values(), ids=VOLUMES.keys())
def test_the_mixture_covers_the_solid_angle(volume):
    """The mean of 1/density over those that hit is the solid angle, whatever share follows."""
    towards, n = Towards.of(volume.direction_proposal((0.0, 0.0, 0.0))), 100_000
    rng, results = np.random.default_rng(3), []
    for following in (0.0, 0.5, 0.9):
        u1, u2, u3 = rng.random((3, n))
        direction, flat, near = towards.sample(u1, u2, u3 < following, np.full(n, 0.1))
        entry, _ = volume.intersect_components(np.zeros(3), direction)
        weight = np.isfinite(entry) / ((1.0 - following) * flat + following * near)
        results.append((np.mean(weight), np.std(weight) / np.sqrt(n)))
    for value, error in results[1:]:
        assert abs(value - results[0][0]) < 4.5 * np.hypot(error, results[0][1]) + 1e-12 * value


# --- mesons -------------------------------------------------------------------------------------------


def arriving(n, energy, state_mass):
    """Return dark states in the frame of the meson, isotropic."""
    rng = np.random.default_rng(11)
    momentum = np.sqrt(energy**2 - state_mass**2)
    flight = unit_vector(2.0 * rng.random(n) - 1.0, 2.0 * pi * rng.random(n))
    return np.concatenate([np.full((1, n), energy), momentum * flight])


def primaries(source, volume, aims):
    momenta = momentum_grid(source.largest_momentum)
    towards = Towards.of(volume.direction_proposal((0.0, 0.0, 0.0)))
    mixture = [
        Aim(share, depth, np.exp(-20.0 / (momenta + 1.0)) + 1e-2, *more) for share, depth, *more in aims
    ]
    return TurnedPrimaries(source, "pi0", PION, towards, momenta, mixture, np.zeros(3))


def placed(placement, n, seed, state):
    uniform = np.random.default_rng(seed).random((placement.n_uniform, n))
    parents = placement.parents(uniform)
    return placement.place(parents, state, uniform), parents


AIMS = {
    "flat": [(1.0, 0.0, 0.0)],
    "following": [(0.3, 0.0, 0.2), (0.7, 0.0, 0.9)],
    "deep": [(0.3, 0.0, 0.2), (0.7, 40.0, 0.8)],
    "enough": [(0.3, 0.0, 0.2), (0.4, 0.0, 0.8, 8.0), (0.3, 40.0, 0.8, 8.0)],
    "needed": [(0.3, 0.0, 0.2), (0.7, 0.0, 0.9, 150.0)],
}


@pytest.mark.parametrize(("energy", "state_mass"), [(0.06, 0.03), (0.1, 0.0999)])
def test_states_above_the_edge_of_their_range_have_the_least_energy(energy, state_mass):
    """At the edge it is theirs; where there is none all have it, or not even those straight ahead."""
    momentum, least, speed = np.geomspace(0.1, 100.0, 50), 8.0, np.sqrt(energy**2 - state_mass**2)
    part = above(least, momentum, PION, np.array(energy), np.array(speed))

    def lab(cosine):
        return (energy * np.hypot(momentum, PION) + speed * momentum * cosine) / PION

    edge = part < 1.0
    assert np.any(edge)
    np.testing.assert_allclose(lab(1.0 - 2.0 * part)[edge], least, rtol=1e-12)
    assert np.all((lab(-1.0) >= least) | (lab(1.0) <= least) | edge)
    assert not np.any(((lab(-1.0) > least) | (lab(1.0) < least)) & edge)


def test_decays_that_leave_enough_take_fewer_rows(source):
    """Where hardly any decay leaves a least energy: at most a third of the rows for the same error."""
    volume, n = next(iter(VOLUMES.values())), 60_000
    state, found = arriving(n, 0.1, 0.05), []
    for name in ("following", "needed"):
        made, _ = placed(primaries(source, volume, AIMS[name]), n, 9, state)
        entry, _ = volume.intersect_components(np.zeros(3), made.direction)
        weight = np.where(np.isfinite(entry) & (made.arriving[0] > 150.0), made.weight, 0.0)
        found.append((np.mean(weight), np.std(weight) / np.sqrt(n)))
    (before, its_error), (value, error) = found
    assert abs(value - before) < 4.5 * np.hypot(error, its_error)
    assert error < its_error / np.sqrt(3.0)


@pytest.mark.parametrize("aims", ["following", "deep", "enough"])
@pytest.mark.parametrize("volume", VOLUMES.values(), ids=VOLUMES.keys())
@pytest.mark.parametrize(("energy", "state_mass"), [(0.06, 0.03), (0.1, 0.0999)])
def test_turned_mesons_are_those_that_fly_there(source, volume, aims, energy, state_mass):
    """By the energies of the dark states, and by the angles of their mesons to the beam."""
    n = 60_000
    state = arriving(n, energy, state_mass)
    natural, _ = placed(AnaloguePrimaries(source, "pi0", PION, np.zeros(3)), n, 7, state)
    turned, _ = placed(primaries(source, volume, AIMS[aims]), n, 8, state)
    counts = []
    for made in (natural, turned):
        entry, _ = volume.intersect_components(np.zeros(3), made.direction)
        weight = np.where(np.isfinite(entry), made.weight, 0.0)
        lab = made.turned(made.parent)
        angle = np.arctan2(np.hypot(lab[1], lab[2]), lab[3])
        bins = [
            weight,
            weight * (made.arriving[0] > 8.0),
            weight * (angle < 0.02),
            weight * (made.direction[0] > 0.0),
        ]
        counts.append([(np.mean(b), np.std(b) / np.sqrt(n), np.count_nonzero(b)) for b in bins])
    for (expected, its_error, seen), (value, error, _) in zip(*counts, strict=True):
        if seen > 60:
            assert abs(value - expected) < 4.5 * np.hypot(error, its_error)


@pytest.mark.parametrize("volume", VOLUMES.values(), ids=VOLUMES.keys())
def test_events_are_what_weights_say(source, volume):
    """The turn takes the dark state where it is sent, and the meson to where its density was taken."""
    n = 4000
    state = arriving(n, 0.06, 0.03)
    placement = primaries(source, volume, AIMS["deep"])
    made, parents = placed(placement, n, 4, state)
    np.testing.assert_allclose(made.turned(made.arriving[1:]) / made.size, made.direction, atol=1e-12)
    lab = made.turned(made.parent[1:])
    size = length(lab)
    np.testing.assert_allclose(size, parents.momentum, rtol=1e-12)
    cosine, across = lab[2] / size, lab[0] ** 2 + lab[1] ** 2
    density = source.density_per_solid_angle("pi0", size, cosine, across)
    fall = np.where(cosine > 0.0, across / size**2 / (1.0 + np.abs(cosine)), 1.0 - cosine)
    np.testing.assert_allclose(placement._at(size, fall), density, rtol=1e-6, atol=1e-12 * np.max(density))
    axes = np.random.default_rng(1).random((3, n))
    np.testing.assert_allclose(length(made.turned(axes)), length(axes), rtol=1e-12)


def test_a_meson_at_rest_and_one_straight_ahead_break_nothing(source):
    placement = primaries(source, VOLUMES["near and wide"], AIMS["following"])
    state = arriving(4, 0.06, 0.03)
    state[1:, 0] = [0.0, 0.0, np.sqrt(0.06**2 - 0.03**2)]
    uniform = np.array([[1e-15, 1e-12, 0.5, 1.0 - 1e-16]] * placement.n_uniform)
    parents = placement.parents(uniform)
    made = placement.place(parents, state, uniform)
    assert np.all(np.isfinite(made.weight))
    assert np.all(np.isfinite(made.direction))
    assert np.all(np.isfinite(spread(np.array([0.0]))))
    assert np.all(np.isfinite(around(made.direction, np.zeros(4), np.zeros(4))))
    assert chord(Angle.of(np.array([-1.0]), np.array([0.0])))[0] == 2.0


# --- through the program ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "preset", "m", "edge"),
    [
        ("ship", "best", 0.03, 2.38e-3),
        ("ship", "photons", 0.05, 8.49e-4),
        ("na62-dump", "best", 0.02, 1.84e-3),
    ],
)
def test_deep_edges_of_wide_volumes_need_few_rows(name, preset, m, edge):
    """Kish's share of the rows was 1e-3, 1e-3 and 0.013 with directions flat in the solid angle."""
    experiment = darkmc.Experiment(name, preset=preset)
    plans = experiment.plans(darkmc.DarkAxionPortal(m), None)
    sums = np.zeros(2)
    for plan in plans:
        weights = plan.channel(plan.run(1, 0, 4096)).contributions(edge)
        sums += [np.sum(weights), np.sum(np.square(weights))]
    assert sums[0] ** 2 / sums[1] > 0.1 * len(plans) * 4096
