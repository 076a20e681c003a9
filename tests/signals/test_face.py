"""Decays of which a daughter meets a face: exact intervals against sampled distances, and two volumes."""

import numpy as np
import pytest
from helpers import four_momentum

import darkmc
from darkmc.cards.volumes import Material
from darkmc.core.flight import proper_length
from darkmc.geometry.faces import Face
from darkmc.geometry.shapes import Box
from darkmc.sample.columns import RowColumns
from darkmc.sample.point import unstable
from darkmc.signals.conversion import NucleusConversion
from darkmc.signals.decay import Decay
from darkmc.signals.face import FaceDecay
from darkmc.signals.signal import Ray

M = 0.02
PORTAL = darkmc.DarkAxionPortal(M)
SPACE = Box(centre_m=(0.0, 0.0, 281.0), size_m=(60.0, 60.0, 204.0))
COUPLINGS = (1e-5, 3e-4, 2e-3)  # decay lengths far beyond, about, and far before the space


def rays(n, seed=1, volume=SPACE, width=0.006, spin=True, mass=M):
    rng = np.random.default_rng(seed)
    momentum = rng.uniform(1.0, 12.0, n)
    slopes = width * rng.standard_normal((2, n))
    direction = np.stack([*slopes, np.ones(n)]) / np.sqrt(1.0 + np.sum(slopes**2, axis=0))
    four = four_momentum(mass, momentum * direction)
    entry, leaving = volume.intersect(np.zeros(3), direction.T)
    axis = None
    if spin:
        across = np.stack([direction[2], np.zeros(n), -direction[0]])
        axis = np.concatenate([np.zeros((1, n)), across / np.sqrt(np.sum(across**2, axis=0))])
    per_metre = proper_length(1.0, momentum, mass) if mass else np.zeros(n)
    return Ray(np.zeros((4, n)), four, direction, entry, leaving - entry, per_metre, axis)


def face_decay(state, half=1.5):
    return FaceDecay(Decay(PORTAL, state, (1.0, np.inf), True, True), Face(383.0, half, half))


def uniforms(signal, n, seed=2):
    rng = np.random.default_rng(seed)
    return rng.random(n), rng.random((signal.n_uniform, n))


def act(signal, ray, seed=2):
    return signal.act(ray, {}, *uniforms(signal, len(ray.entry), seed), True)


def chances(outcome, g):
    columns = RowColumns(outcome.weight, outcome.survive, outcome.window)
    return outcome.weight * columns.chances(unstable(PORTAL).at(g))


@pytest.mark.parametrize("g", COUPLINGS)
@pytest.mark.parametrize("state", ["a gamma", "a e- e+"])
def test_the_exact_interval_is_what_sampled_distances_give(state, g):
    """2000 decay distances per ray, evenly among those in the space: how many send 1 GeV onto the face."""
    signal, n, points = face_decay(state), 400, 2000
    ray = rays(n)
    found = act(signal, ray)
    hard = found.visible["hit"][0] > 1.0
    exact = np.bincount(found.of[hard], chances(found, g)[hard], n)

    daughters, weight = signal.decay.daughters(
        ray,
        (lambda rng: (rng.random(n), rng.random((signal.n_uniform, n))))(np.random.default_rng(2))[1],
        True,
    )
    rate = ray.per_metre / PORTAL.dark_photon_ctau(g)
    inside = np.exp(-ray.entry * rate) * -np.expm1(-ray.chord * rate)
    share = (np.arange(points)[:, None] + 0.5) / points
    distance = ray.entry - np.log1p(share * np.expm1(-ray.chord * rate)) / rate
    sampled = np.zeros(n)
    for row in distance:
        place = ray.start[:3] + row * ray.direction
        seen = np.zeros(n, dtype=bool)
        for name in signal.decay.seen:
            four = daughters[name]
            x, y = place[:2] + (383.0 - place[2]) * four[1:3] / four[3]
            seen |= (four[0] > 1.0) & (four[3] > 0) & (np.maximum(np.abs(x), np.abs(y)) < 1.5)
        sampled += seen / points
    sampled *= weight * inside
    np.testing.assert_allclose(exact, sampled, atol=2.5 / points * np.max(weight * inside))
    assert np.sum(exact) == pytest.approx(np.sum(sampled), rel=2e-3)
    assert 0.03 < np.mean(sampled > 0.0) < 0.9


def test_stretches_make_up_the_way_through_the_space():
    for state, most in (("a gamma", 3), ("a e- e+", 5)):
        signal, ray = face_decay(state), rays(500)
        found = act(signal, ray)
        assert signal.rows_per_primary == most
        assert np.max(np.bincount(found.of)) == most
        assert np.all(np.diff(found.of) >= 0)
        np.testing.assert_allclose(np.bincount(found.of, found.window), ray.per_metre * ray.chord, rtol=1e-12)
        for g in COUPLINGS:
            whole = ray.per_metre / PORTAL.dark_photon_ctau(g)
            whole = np.exp(-ray.entry * whole) * -np.expm1(-ray.chord * whole)
            mean = chances(found, g) / found.weight
            np.testing.assert_allclose(np.bincount(found.of, mean), whole, rtol=1e-9)


def test_two_stretches_of_one_primary_where_either_lepton_is_seen():
    """Leptons that meet the face from places apart: both stretches count, and neither what lies between."""
    found = act(face_decay("a e- e+", 0.3), rays(20_000, width=0.004))
    seen = found.visible["hit"][0] > 0.1
    changes = np.bincount(found.of[1:], (seen[1:] != seen[:-1]) & (found.of[1:] == found.of[:-1]))
    assert np.sum(changes >= 3) > 10


def test_the_hardest_daughter_on_the_face_is_what_is_hit():
    found = act(face_decay("a e- e+"), rays(3000))
    hit, legs = found.visible["hit"], [found.visible[name] for name in ("electron", "positron")]
    none = hit[0] == 0.0
    same = [np.all(hit == leg, axis=0) for leg in legs]
    assert np.all(none | same[0] | same[1])
    assert min(np.mean(none), np.mean(same[0]), np.mean(same[1])) > 0.1
    harder = np.where(legs[0][0] > legs[1][0], same[0], same[1])
    assert np.mean(harder[~none]) > 0.5


SOIL = Material(density_g_cm3=1.8, composition={"Si": 1.0, "O": 2.0})
HILL = Box(centre_m=(0.0, 0.0, 169.0), size_m=(60.0, 60.0, 20.0))
BEHIND = Box(centre_m=(0.0, 0.0, 281.0), size_m=(60.0, 60.0, 204.0))
BOTH = Box(centre_m=(0.0, 0.0, 271.0), size_m=(60.0, 60.0, 224.0))


def conversion(space, hill=HILL):
    decay = Decay(PORTAL, "a gamma", (1.0, np.inf), False, True)
    return NucleusConversion(PORTAL, hill, SOIL, decay, space)


def test_the_same_volume_as_target_is_no_other_signal():
    alone, same = conversion(None), conversion(HILL)
    assert (alone.key, alone.from_inside) == (same.key, same.from_inside) == ("conversion", False)
    ray = rays(500, volume=HILL, spin=False, mass=0.0)
    first, second = act(alone, ray), act(same, ray)
    for g in COUPLINGS:
        np.testing.assert_array_equal(chances(first, g), chances(second, g))


@pytest.mark.parametrize("g", [1e-4, 1e-2, 1.0])
def test_inside_and_behind_are_the_union(g):
    """A state made in the hill decays there, or behind it, or in both taken as one: row by row."""
    ray = rays(2000, volume=HILL, spin=False, mass=0.0)
    parts = []
    for space in (HILL, BEHIND, BOTH):
        signal = conversion(space)
        signal.behind = True  # all three draw the same places
        parts.append(chances(act(signal, ray), g))
    inside, behind, union = parts
    np.testing.assert_allclose(inside + behind, union, rtol=1e-12, atol=1e-12 * np.max(union))
    assert np.sum(behind) > 0.0


def test_conversions_near_the_end_do_not_change_the_sum():
    """Behind the hill survive those of its last metres; places drawn flat give the same, with more noise."""
    g, n = 1e-2, 200_000
    ray = rays(n, volume=HILL, spin=False, mass=0.0)
    near, flat = conversion(BEHIND), conversion(BEHIND)
    flat.behind = False
    values = [chances(act(signal, ray, seed), g) for seed, signal in ((3, near), (4, flat))]
    mean, error = np.mean(values, axis=1), np.std(values, axis=1) / np.sqrt(n)
    assert abs(mean[0] - mean[1]) < 4.5 * np.hypot(*error)
    assert error[0] < 0.5 * error[1]
