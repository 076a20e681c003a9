"""Showers of pi0 and eta: photons by their kinematics, lists of tracks against the cascade equations.

Statistical tests: fixed seeds; a chance failure of about 1e-5 each.
"""

from functools import lru_cache

import numpy as np
import pytest
from independent_showers import PHOTON, POSITRON, Cascade
from scipy.integrate import simpson

import darkmc
from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import GROUPS
from darkmc.core.particles import mass
from darkmc.core.rng import CHUNK_ROWS
from darkmc.sources import meson_showers
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.physics import Physics, Switches
from darkmc.sources.meson_showers import ListedTracks, MesonShowers, photons

PHYSICS = Physics(Medium.of("iron"), 9.5, 1.0, Switches(multiple_scattering=False))


@lru_cache
def source():
    return darkmc.MesonSource("bmpt-fe-70")


@lru_cache
def showers(placed=False, chunks=4):
    return MesonShowers(source(), ["pi0"], PHYSICS, placed, {"pi0": chunks})


@lru_cache
def pions():
    """Momenta from 5 GeV on, and dN/dp of pi0 per proton."""
    grid, theta = np.geomspace(5.0, 69.9, 300), np.linspace(0.0, 1.5, 3000)
    return grid, np.array([simpson(source().density("pi0", p, theta), x=theta) for p in grid])


def summed(tracks, value):
    """Sum over a list with its error from the groups."""
    found = np.bincount(tracks.group, value, GROUPS)
    return found.sum(), np.sqrt(GROUPS / (GROUPS - 1) * np.sum((found - found.mean()) ** 2))


def functions(energy):
    """Of the energy of positrons: all above 10 GeV, the harder ones more, those above 20 GeV."""
    return (energy > 10.0) * 1.0, (energy > 10.0) * energy**2, (energy > 20.0) * 1.0


def test_photons_are_those_of_the_decay():
    momentum = np.geomspace(1.0, 300.0, 2000)
    m, uniform = mass("eta"), np.random.default_rng(1).random(2000)
    energy, cosine, number = photons("eta", momentum, 2.0, uniform)
    top = 0.5 * (np.hypot(momentum, m) + momentum)
    open_ = top > 2.0
    assert np.all(energy[open_] >= 2.0 * (1.0 - 1e-12))
    assert np.all(energy <= top * (1.0 + 1e-12))
    two = energy * (np.hypot(momentum, m) - momentum * cosine)  # p.k = M^2/2
    np.testing.assert_allclose(two, 0.5 * m**2, rtol=1e-6)
    low = np.maximum(top - momentum, 2.0)
    expected = 2.0 * 0.3936 * np.maximum(top - low, 0.0) / momentum
    np.testing.assert_allclose(number, expected, rtol=1e-9, atol=1e-15)


def cascade(width):
    """Track lengths of positrons of the spectrum of photons, exact in the pi0's decay, in cells of energy."""
    grid, density = pions()
    found = Cascade(PHYSICS, 68.0 + 0.5 * width, width, PHOTON)
    p = np.geomspace(5.0, 69.9, 4000)
    energy, rate = np.hypot(p, mass("pi0")), 2 * 0.98823 * np.interp(p, grid, density) / p
    first = np.zeros((3, len(found.middle)))
    for k, (low, high) in enumerate(zip(found.edges[:-1], found.edges[1:], strict=True)):
        width_in = np.minimum(high, (energy + p) / 2) - np.maximum(low, (energy - p) / 2)
        first[PHOTON, k] = np.trapezoid(rate * np.maximum(width_in, 0.0), p)
    return found.middle, found.solve(first)[POSITRON]


def test_tracks_are_those_of_the_cascade_equations():
    """Two widths of cells, extrapolated; the mesons of the list are integrated over their angles."""
    tracks = showers().tracks
    weight = tracks.weight * np.interp(tracks.momentum, *pions())
    expected = np.zeros(3)
    for width, factor in ((1.0, -1.0), (0.5, 2.0)):
        energy, length = cascade(width)
        expected += factor * np.array([np.sum(length * f) for f in functions(energy)])
    for function, number in zip(functions(tracks.energy), expected, strict=True):
        value, error = summed(tracks, weight * function)
        assert error < 0.05 * value
        assert abs(value - number) < 4.5 * error + 0.005 * number


def test_mesons_as_they_come_have_the_same_tracks():
    turned, natural = showers().tracks, showers(placed=True, chunks=32).tracks
    weight = turned.weight * np.interp(turned.momentum, *pions())
    for one, other in zip(functions(turned.energy), functions(natural.energy), strict=True):
        first, second = summed(turned, weight * one), summed(natural, natural.weight * other)
        assert abs(first[0] - second[0]) < 4.5 * np.hypot(first[1], second[1])
        assert second[1] < 0.2 * second[0]


def test_errors_are_those_between_lists(monkeypatch):
    """The scatter of 24 lists over the error that their groups tell: one within its own error."""
    totals, errors = [], []
    for seed in range(24):
        monkeypatch.setattr(meson_showers, "SEED", seed)
        tracks = MesonShowers(source(), ["pi0"], PHYSICS, False, {"pi0": 1}).tracks
        total, error = summed(tracks, tracks.weight * np.interp(tracks.momentum, *pions()))
        totals.append(total)
        errors.append(error)
    ratio = np.std(totals, ddof=1) / np.sqrt(np.mean(np.square(errors)))
    assert ratio == pytest.approx(1.0, abs=4.5 / np.sqrt(2 * 23))


def test_tracks_fly_near_their_photons():
    tracks = showers().tracks
    assert np.all(np.diff(tracks.energy) >= 0.0)
    assert tracks.energy[0] > 9.5
    assert len(tracks.energy) == 4 * 4 * CHUNK_ROWS
    np.testing.assert_allclose(np.sum(tracks.direction**2, axis=0), 1.0, rtol=1e-12)
    assert np.all(tracks.energy < tracks.momentum + mass("pi0"))
    across = np.hypot(*tracks.direction[:2]) * tracks.energy  # of the photon at most M/2
    assert np.max(across) < 0.5 * mass("pi0") + 0.01


def test_draws_above_an_energy_stand_for_all_of_them():
    tracks, n = showers().tracks, 400_000
    listed = ListedTracks(tracks, 20.0)
    drawn = listed.sample((np.arange(n)[None, :] + 0.5) / n)
    assert drawn.energy.min() > 20.0
    kept = tracks.energy > 20.0
    for power in (0.0, 1.0, -1.0):
        expected = np.sum(tracks.weight[kept] * tracks.energy[kept] ** power)
        assert np.mean(drawn.length * drawn.energy**power) == pytest.approx(expected, rel=2e-3)
    entry = listed.pick(np.array([[0.0, 1.0 - 1e-16]]))
    assert list(entry) == [np.flatnonzero(kept)[0], len(tracks.energy) - 1]


def test_no_shower_above_the_beam():
    physics = Physics(Medium.of("iron"), 75.0, 1.0)
    with pytest.raises(PhysicsError, match="no shower of pi0 has positrons above 75 GeV"):
        MesonShowers(source(), ["pi0"], physics, False, {"pi0": 1}).tracks  # noqa: B018
