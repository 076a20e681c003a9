"""Tracks of showers as parents: weights, strata, radiation, and the toy dump of the physics notes.

Statistical tests: fixed seeds; every pull (4.5 sigma) fails by chance at most once in 1e5.
"""

import numpy as np
import pytest
from helpers import ROOT, assert_on_shell, dot, pull, unit
from scipy.integrate import quad
from scipy.stats import qmc
from shower_sums import Strata, chosen, reactions, reactions_of_all, to_lab

import darkmc
from darkmc.biasing.tracks import TrackParents
from darkmc.core.beam_radiation import collinear_log, pair_energy, radiator
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import boost
from darkmc.core.particles import mass
from darkmc.portals.dark_axion.annihilation import cross_section
from darkmc.portals.portal import Parents
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.particles import Tracks
from darkmc.sources.electromagnetic.track_files import read_tracks
from darkmc.sources.showers import nucleus_entries, pair_entries, radiated
from darkmc.sources.tracks import TrackDraw

M_E = mass("e")
ALUMINIUM = Medium.of("aluminium")
ON_TARGET = 1.87e20


def some_tracks(n=2000, seed=1):
    """Pieces like those of a shower: falling energies, angles of 10 mrad GeV/E."""
    rng = np.random.default_rng(seed)
    energy = 20.0 / (1.0 + 19.0 * rng.random(n))
    slopes = 0.01 / energy * rng.standard_normal((2, n))
    return Tracks(
        energy, rng.exponential(0.3, n), rng.uniform(0, 8, n), *slopes, rng.choice([-1.0, 1.0], n), 0
    )


def one_track(energy, charge=1.0, length=1.0):
    return Tracks(*(np.array([x]) for x in (energy, length, 0.0, 0.0, 0.0, charge, 0.0)))


def annihilation(m, spin=True):
    (process,) = darkmc.DarkAxionPortal(m).productions("e+ e- at rest", spin)
    return process


def repeated(entries, n):
    return chosen(entries, np.zeros(n, dtype=np.intp), np.full(n, entries.weight[0]))


def test_pairs_are_positrons_and_electrons_at_rest():
    tracks = some_tracks()
    found = pair_entries(tracks, 50, ALUMINIUM)
    mine = tracks.charge > 0
    assert found.frame == "rest"
    np.testing.assert_array_equal(found.sort, tracks.energy[mine])
    np.testing.assert_allclose(found.energy**2, 2 * M_E**2 + 2 * M_E * found.sort, rtol=1e-14)
    np.testing.assert_allclose(found.momentum[0], found.sort + M_E, rtol=1e-14)
    np.testing.assert_allclose(dot(found.momentum, found.momentum), found.energy**2, rtol=1e-8)
    np.testing.assert_allclose(found.momentum[1] / found.momentum[3], tracks.slope_x[mine], atol=1e-15)
    np.testing.assert_allclose(found.depth, 0.08893 * tracks.depth[mine], rtol=1e-4)
    expected = 6.9669e24 * 1e-36 / 50 * tracks.length[mine]
    np.testing.assert_allclose(found.weight, expected, rtol=1e-4)


def test_nuclei_are_met_by_both_charges():
    tracks, both = some_tracks(), Medium.of("aluminium", "water")
    for medium in (ALUMINIUM, both):
        found = nucleus_entries(tracks, 50, medium, "Al")
        assert found.frame == "lab"
        assert_on_shell(found.momentum, M_E, 1e-12)
        np.testing.assert_array_equal(found.energy, tracks.energy)
        total = medium.atoms_per_x0["Al"] * 1e-36 / 50 * np.sum(tracks.length)
        assert np.sum(found.weight) == pytest.approx(total, rel=1e-12)
    assert nucleus_entries(tracks, 50, both, "O").weight.sum() > 0.0
    with pytest.raises(PhysicsError, match="no W in aluminium"):
        nucleus_entries(tracks, 50, ALUMINIUM, "W")


def test_bremsstrahlung_in_one_radiation_length():
    """1.0e12 pairs of 1.87e20 electrons of 20 GeV at 10 MeV (the physics notes, section 7)."""
    (process,) = darkmc.DarkAxionPortal(0.01).productions("e- Al")
    entries = nucleus_entries(one_track(20.0, -1.0), 1, ALUMINIUM, "Al")
    n = 20_000
    draw = process.sample(np.random.default_rng(1).random((6, n)), Parents(repeated(entries, n).energy))
    pairs = ON_TARGET * entries.weight[0] * draw.weight
    assert abs(pull(pairs, ON_TARGET * entries.weight[0] * process.total(20.0))) < 4.5
    assert np.mean(pairs) == pytest.approx(1.0e12, rel=0.02)


def test_strata_add_up_to_all_entries_and_share_the_draws():
    entries = pair_entries(some_tracks(20_000), 100, ALUMINIUM)
    strata = Strata(entries, 2.0)
    found = strata.sample(np.random.default_rng(2).random(100_000))
    above = entries.sort > 2.0
    assert strata.total == pytest.approx(np.sum(entries.weight[above]), rel=1e-12)
    assert found.sort.min() > 2.0
    for function in (np.ones_like, np.sqrt, lambda e: (e > 14.0) * 1.0, lambda e: 1.0 / e):
        expected = np.sum((entries.weight * function(entries.sort))[above])
        assert abs(pull(found.weight * function(found.sort), expected)) < 4.5
    high = np.mean(found.sort > 14.0)
    assert high == pytest.approx(np.log(20 / 14) / np.log(10), abs=0.05)
    assert high > 4.0 * np.mean(entries.sort > 14.0)
    with pytest.raises(PhysicsError, match="more than 30 GeV"):
        Strata(entries, 30.0)


def test_tracks_and_tables_give_the_same_number():
    """The shipped lengths, made into one piece a bin."""
    table = read_tracks(ROOT / "fluxes" / "showers-20gev-aluminium.csv")
    process, seen = annihilation(0.03), table.positrons.length > 0
    parts = (table.positrons.energy[seen], table.positrons.length[seen])
    zero = np.zeros(len(parts[0]))
    entries = pair_entries(Tracks(*parts, zero, zero, zero, zero + 1.0, zero), 1, ALUMINIUM)
    whole = np.sum(entries.weight * process.total(entries.energy))
    per_electron = ALUMINIUM.electrons_per_x0
    assert reactions(table, lambda e: process.total(pair_energy(e)), per_electron) == pytest.approx(whole)


@pytest.mark.slow
def test_positrons_make_more_than_nuclei_below_90_mev():
    """Of the order of a hundred times at 10 MeV, as many near 90 MeV (the methods notes, section 7)."""
    table = read_tracks(ROOT / "fluxes" / "showers-20gev-aluminium.csv")
    ratio = {}
    for m in (0.01, 0.09):
        (nuclei,) = darkmc.DarkAxionPortal(m).productions("e- Al")
        pairs = annihilation(m)
        positrons = reactions(table, lambda e, p=pairs: p.total(pair_energy(e)), ALUMINIUM.electrons_per_x0)
        grid = np.geomspace(1.0, 20.0, 12)
        sigma = nuclei.total(grid)
        of_all = reactions_of_all(
            table,
            lambda e, g=grid, s=sigma: np.interp(np.log(e), np.log(g), s),
            ALUMINIUM.atoms_per_x0["Al"],
        )
        ratio[m] = positrons / of_all
    assert 50.0 < ratio[0.01] < 200.0
    assert 0.5 < ratio[0.09] < 2.0


@pytest.mark.parametrize("m", [0.01, 0.05])
def test_radiation_folds_the_cross_section(m):
    process, n = annihilation(m), 100_000
    entries = repeated(pair_entries(one_track(5.0), 1, ALUMINIUM), n)
    found = radiated(entries, process.threshold, np.random.default_rng(3).random((2, n)))
    np.testing.assert_allclose(dot(found.momentum, found.momentum), found.energy**2, atol=1e-13)
    assert np.all(found.energy > process.threshold * (1 - 1e-9))
    s = 2 * M_E**2 + 2 * M_E * 5.0
    beta = collinear_log(s, M_E)
    end = (1 - process.threshold**2 / s) ** beta

    def integrand(u):
        _, rest, chance = radiator(np.log(u), beta)
        return chance * cross_section(s * rest, process.current, M_E)

    folded = quad(integrand, 0.0, end, epsrel=1e-9, limit=200)[0]
    folded /= cross_section(s, process.current, M_E)
    weight = found.weight * process.total(found.energy) / (entries.weight * process.total(entries.energy))
    assert abs(pull(weight, folded)) < 4.5
    before, after = entries.momentum, found.momentum
    electron = np.array([M_E, 0.0, 0.0, 0.0])[:, None]
    photon = before - after
    x = 1.0 - (found.energy / entries.energy) ** 2
    parent = np.where(photon[3] > 1e-4 * M_E, before - electron, electron)
    np.testing.assert_allclose(photon, x * parent, atol=2e-3 * M_E)


def test_radiation_in_a_dump():
    """-1.7% of all pairs at 20 MeV and -4% at 50 MeV, in 20 GeV showers (the order that asked for it)."""
    table = read_tracks(ROOT / "fluxes" / "showers-20gev-aluminium.csv")
    seen = table.positrons.length > 0
    for m, expected in ((0.02, -0.017), (0.05, -0.04)):
        process, n = annihilation(m), 40_000
        parts = (table.positrons.energy[seen], table.positrons.length[seen])
        zero = np.zeros(len(parts[0]))
        tracks = Tracks(*parts, zero, zero, zero, zero + 1.0, zero)
        rng = np.random.default_rng(4)
        strata = Strata(pair_entries(tracks, 1, ALUMINIUM), process.threshold**2 / (2 * M_E))
        entries = strata.sample((np.arange(n) + 0.5) / n)
        found = radiated(entries, process.threshold, rng.random((2, n)))
        plain, folded = (np.mean(e.weight * process.total(e.energy)) for e in (entries, found))
        assert folded / plain - 1.0 == pytest.approx(expected, abs=2.5e-3)


def test_products_fly_about_their_parents():
    tracks = some_tracks(1000)
    (nuclei,) = darkmc.DarkAxionPortal(0.05).productions("e- Al")
    pairs = annihilation(0.02)
    rng = np.random.default_rng(5)
    for process, entries in (
        (nuclei, nucleus_entries(tracks, 1, ALUMINIUM, "Al")),
        (pairs, pair_entries(tracks, 1, ALUMINIUM)),
    ):
        n = len(entries.weight)
        draw = process.sample(rng.random((process.n_uniform, n)), Parents(entries.energy))
        azimuth = rng.uniform(0, 2 * np.pi, n)
        dark_photon = to_lab(entries, draw.momentum("dark_photon"), azimuth)
        total = dark_photon + to_lab(entries, draw.momentum("axion"), azimuth)
        assert_on_shell(dark_photon, process.current.m_dark_photon, 1e-9)
        spin = to_lab(entries, draw.spin("dark_photon"), azimuth)
        assert np.max(np.abs(dot(spin, dark_photon)) / (1 + np.abs(spin[0])) / dark_photon[0]) < 1e-6
        assert to_lab(entries, draw.spin("axion"), azimuth) is None
        if process is pairs:
            np.testing.assert_allclose(total, entries.momentum, atol=1e-9)
        else:
            cosine = np.sum(unit(total[1:]) * unit(entries.momentum[1:]), axis=0)
            np.testing.assert_allclose(cosine, unit(draw.virtual[1:])[2], atol=1e-12)


@pytest.mark.parametrize("parent", ["e+ e- at rest", "e- Al"])
def test_placed_products_are_those_turned_by_hand(parent):
    element = parent.removeprefix("e- ") if parent.startswith("e- ") else ""
    (process,) = darkmc.DarkAxionPortal(0.03).productions(parent)
    table = read_tracks(ROOT / "fluxes" / "showers-20gev-aluminium.csv")
    draw = TrackDraw(table, ("positrons",), 2.0)
    placement = TrackParents(draw, ALUMINIUM, element, process.threshold)
    rng = np.random.default_rng(6)
    uniform = rng.random((placement.n_uniform, 500))
    entries, parents = placement.entries(uniform), placement.parents(uniform)
    made = process.sample(rng.random((process.n_uniform, 500)), parents.of_process(process.frame))
    four = made.momentum("dark_photon")
    placed = placement.place(parents, four, uniform)
    by_hand = to_lab(entries, four, 2.0 * np.pi * uniform[-1])
    np.testing.assert_allclose(placed.to_lab(four), by_hand, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(placed.size * placed.direction, by_hand[1:], rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(parents.weight, entries.weight)


HILL, FACE, HALF = 179.0, 383.0, 1.5
CLOSED_BELOW = 0.55  # uniform number of cos theta below which no photon of the toy at 10 MeV meets the face


def toy(m, coupling, spin, n, seed=1):
    """N/G^4 for G -> 0 and N(G) of 5 GeV positrons along 1 X0 per electron, photons above 1 GeV on the face.

    Exact in the place of the decay: those whose photon meets the face fill an interval.
    """
    portal, process = darkmc.DarkAxionPortal(m), annihilation(m, spin)
    decay = portal.decays("dark_photon")[0]
    least = CLOSED_BELOW if m < 0.02 else 0.0
    uniform = qmc.Sobol(6, seed=seed).random(n).T
    uniform[1] = least + (1 - least) * uniform[1]
    entries = repeated(pair_entries(one_track(5.0), 1, ALUMINIUM), n)
    draw = process.sample(uniform[:3], Parents(entries.energy))
    azimuth = 2 * np.pi * uniform[3]
    prime = to_lab(entries, draw.momentum("dark_photon"), azimuth)
    backwards = prime * np.array([1.0, -1.0, -1.0, -1.0])[:, None]
    polarisation = boost(to_lab(entries, draw.spin("dark_photon"), azimuth), backwards, m)
    photon = boost(
        decay.sample(uniform[4:], Parents(np.full(n, m), polarisation)).momentum("photon"), prime, m
    )
    direction, slope = unit(prime[1:]), photon[1:] / photon[3]
    low, high = HILL / direction[2], FACE / direction[2]
    for axis in (0, 1):  # at z of the face the photon is at FACE slope + l (direction - direction_z slope)
        step = direction[axis] - direction[2] * slope[axis]
        ends = np.sort([(side * HALF - FACE * slope[axis]) / step for side in (-1, 1)], axis=0)
        low, high = np.maximum(low, ends[0]), np.minimum(high, ends[1])
    seen = (direction[2] > 0) & (photon[3] > 0) & (photon[0] > 1.0) & (high > low)
    width = np.where(seen, high - low, 0.0)
    ctau = portal.dark_photon_ctau() / portal.branching_ratio("a gamma")  # a gamma only
    path = np.sqrt(np.sum(prime[1:] ** 2, axis=0)) / m * ctau
    weight = ON_TARGET * (1 - least) * entries.weight * draw.weight
    late = np.exp(-np.where(seen, low, 0.0) * coupling**2 / path) * -np.expm1(-width * coupling**2 / path)
    return np.mean(weight * width / path), coupling**2 * np.mean(weight * late)


@pytest.mark.parametrize(
    ("m", "coupling", "expected"),
    [(0.01, 1e-3, (9.547e19, 2.439e4)), (0.05, 3e-5, (4.124e22, 82.58))],
)
def test_the_toy_dump(m, coupling, expected):
    found = np.mean([toy(m, coupling, True, 2**18, seed) for seed in (1, 2)], axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_the_toy_dump_without_spin():
    limit, _ = toy(0.01, 1e-3, False, 2**17)
    assert limit == pytest.approx(1.017e20, rel=3e-3)
