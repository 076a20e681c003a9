"""Tracks drawn from tables against the tables, and against the showers that these were made of."""

import numpy as np
import pytest
from helpers import ROOT, pull

from darkmc.core.estimates import GROUPS, Weights, estimate, mean_and_error
from darkmc.core.rng import CHUNK_ROWS
from darkmc.sources.dumps import SHIPPED, Shower
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.physics import Physics
from darkmc.sources.electromagnetic.track_files import read_tracks
from darkmc.sources.electromagnetic.track_lengths import DEPTHS, Beam, shower_chunk, track_lengths
from darkmc.sources.tracks import N_UNIFORM, TrackDraw

TABLE = read_tracks(ROOT / "fluxes" / "showers-20gev-aluminium.csv")
N = 200_000


def drawn(kinds, least=1.0, seed=1, table=TABLE):
    return TrackDraw(table, kinds, least).sample(np.random.default_rng(seed).random((N_UNIFORM, N)))


@pytest.mark.parametrize("kinds", [("positrons",), ("electrons", "positrons")])
def test_lengths_and_energies_are_those_of_the_table(kinds):
    found = drawn(kinds)
    spectra = [getattr(TABLE, kind) for kind in kinds]
    for power in (0.0, 1.0):
        expected = sum(np.nansum(s.length * s.energy**power) for s in spectra)
        assert abs(pull(found.length * found.energy**power, expected)) < 4.5
    hard = TABLE.edges[40]
    above = sum(np.sum(s.length[40:]) for s in spectra)
    assert abs(pull(found.length * (found.energy > hard), above)) < 4.5
    assert set(np.unique(found.charge)) == ({1.0} if len(kinds) == 1 else {-1.0, 1.0})


def test_above_the_least_energy_nothing_is_lost():
    found = drawn(("positrons",), TABLE.edges[30])
    assert found.energy.min() > TABLE.edges[30] * (1 - 1e-12)
    assert abs(pull(found.length, np.sum(TABLE.positrons.length[30:]))) < 4.5


def test_angles_are_exceeded_as_often_as_the_table_says():
    found = drawn(("positrons",))
    for cell in (3, 25, 45):
        inside = (found.energy > TABLE.edges[cell]) & (found.energy < TABLE.edges[cell + 1])
        angle = np.arctan(np.hypot(found.slope_x, found.slope_y))[inside]
        for depth, limit in list(zip(DEPTHS, TABLE.positrons.angles[cell], strict=True))[:9]:
            share = np.exp(-depth)
            assert abs(np.mean(angle > limit) - share) < 4.5 * np.sqrt(share / len(angle))


def test_what_a_face_would_see_is_what_showers_give():
    """Positrons of a fresh shower within 4 mrad of the beam, by energy: table and tracks within 4.5 sigma."""
    beam, physics = Beam("e-", 20.0), Physics(Medium.of("aluminium"))
    found = drawn(("positrons",))
    counted = []
    for chunk in (1000, 1001, 1002):
        tracks = shower_chunk(beam, physics, 7, chunk).tracks
        mine = (tracks.charge > 0) & (np.hypot(tracks.slope_x, tracks.slope_y) < 4e-3)
        shower = tracks.shower[mine].astype(int)
        edges = np.array([1.0, 2.0, 5.0, 10.0, 20.0])
        place = np.searchsorted(edges, tracks.energy[mine]) - 1
        sums = np.bincount(shower * 4 + place, tracks.length[mine], 4 * CHUNK_ROWS).reshape(CHUNK_ROWS, 4)
        counted.append(sums)
    counted = np.concatenate(counted)
    near = np.hypot(found.slope_x, found.slope_y) < 4e-3
    for k, sums in enumerate(counted.T):
        values = found.length * (near & (found.energy > edges[k]) & (found.energy <= edges[k + 1]))
        error = np.hypot(np.std(values) / np.sqrt(N), np.std(sums) / np.sqrt(len(sums)))
        assert abs(np.mean(values) - np.mean(sums)) < 4.5 * error
        assert error < 0.06 * np.mean(values)


def test_shipped_tables_are_taken_where_they_fit():
    for name, (beam, medium) in SHIPPED.items():
        shower = Shower(beam, medium, 1.0, True)
        assert shower.shipped == name
        assert shower.tracks.showers > 1e6
        for other in (Shower(beam, medium, 1.5, True), Shower(beam, medium, 1.0, False)):
            assert other.shipped is None
        assert Shower(Beam("e-", 10.0), medium, 1.0, True).shipped is None


def test_others_are_made():
    shower = Shower(Beam("e-", 3.0), Medium.of("tungsten"), 1.5, False)
    assert shower.tracks is track_lengths(shower.beam, shower.physics, 1, 16)
    assert np.nanmax(shower.tracks.positrons.angle) < 2e-3


def test_parts_of_the_showers_add_up_and_scatter_as_the_table_says():
    """Errors of single bins from GROUPS parts are those between showers, by 1/8 each; the mean is exact."""
    table = track_lengths(Beam("e-", 3.0), Physics(Medium.of("aluminium")), 1, 4)
    for parts, kind in zip(table.groups, ("electrons", "positrons"), strict=True):
        spectrum = getattr(table, kind)
        np.testing.assert_allclose(parts.mean(axis=0), spectrum.length, rtol=1e-12)
        busy = spectrum.error < 0.2 * spectrum.length
        ratio = parts.std(axis=0, ddof=1)[busy] / np.sqrt(GROUPS) / spectrum.error[busy]
        assert busy.sum() > 40
        assert np.sqrt(np.mean(ratio**2)) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize("kinds", [("positrons",), ("electrons", "positrons")])
def test_the_error_of_few_showers_is_that_between_their_parts(kinds):
    """What is above 1.5 GeV, of one chunk: the list's error against sums over the table, with 1% of draws."""
    table = track_lengths(Beam("e-", 3.0), Physics(Medium.of("aluminium")), 1, 1)
    draw, edge = TrackDraw(table, kinds, 1.0), table.edges[30]
    uniform = np.random.default_rng(2).random((N_UNIFORM, 4 * N))
    found, group = draw.sample(uniform), draw.groups(draw.pick(uniform))
    values = found.length * (found.energy > edge)
    of_parts = table.groups[-len(kinds) :, :, 30:].sum(axis=(0, 2))
    expected, error = of_parts.mean(), of_parts.std(ddof=1) / np.sqrt(GROUPS)
    result = estimate([Weights(values, len(values), groups=group, shares=draw.list_shares)])
    assert abs(pull(values, expected)) < 4.5
    assert result.list_error == pytest.approx(error, rel=0.15)
    assert result.draw_error == pytest.approx(mean_and_error(values, len(values))[1])


def test_tables_that_know_no_parts_have_no_such_error():
    draw = TrackDraw(TABLE, ("positrons",), 1.0)
    assert draw.list_shares.size == 0
    assert draw.pick(np.full((N_UNIFORM, 2), 0.5)) is None
    assert draw.groups(None) is None


def test_a_table_without_such_energies_is_closed():
    assert TrackDraw(TABLE, ("positrons",), 25.0).closed
    assert not TrackDraw(TABLE, ("positrons",), 15.0).closed
