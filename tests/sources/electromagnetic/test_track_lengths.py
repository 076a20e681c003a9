"""Sums over chunks, the cache, and the files."""

import io

import numpy as np
import pytest
from helpers import ROOT
from independent_showers import Cascade

from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.rng import CHUNK_ROWS
from darkmc.sources.dumps import SHIPPED
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.physics import Physics
from darkmc.sources.electromagnetic.track_files import COLUMNS, read_tracks, write_tracks
from darkmc.sources.electromagnetic.track_lengths import (
    Beam,
    energy_bins,
    from_moments,
    moments,
    shower_chunk,
    track_lengths,
)

BEAM, PHYSICS = Beam("e-", 5.0), Physics(Medium.of("aluminium"))
EACH = ("electrons", "positrons")


def test_the_second_call_is_the_first():
    assert track_lengths(BEAM, PHYSICS, 1, 2) is track_lengths(
        Beam("e-", 5.0), Physics(Medium.of("aluminium")), 1, 2
    )


def test_results_do_not_depend_on_who_makes_which_chunk():
    edges = energy_bins(BEAM, PHYSICS)
    backwards = [moments(shower_chunk(BEAM, PHYSICS, 1, chunk), edges) for chunk in (1, 0)]
    again = from_moments(backwards[::-1], edges, 2 * CHUNK_ROWS)
    found = track_lengths(BEAM, PHYSICS, 1, 2)
    for kind in EACH:
        for one, other in zip(getattr(found, kind), getattr(again, kind), strict=True):
            np.testing.assert_array_equal(one, other)


def test_sums_are_those_of_the_tracks():
    found = track_lengths(BEAM, PHYSICS, 1, 1)
    tracks = shower_chunk(BEAM, PHYSICS, 1, 0).tracks
    for spectrum, charge in ((found.electrons, -1), (found.positrons, 1)):
        mine = tracks.charge == charge
        assert spectrum.length.sum() * CHUNK_ROWS == pytest.approx(tracks.length[mine].sum(), rel=1e-12)
        mean = np.average(tracks.energy[mine], weights=tracks.length[mine])
        kept = spectrum.length > 0
        assert np.average(spectrum.energy[kept], weights=spectrum.length[kept]) == pytest.approx(
            mean, rel=1e-12
        )
        between = (spectrum.energy >= found.edges[:-1]) & (spectrum.energy <= found.edges[1:])
        assert np.all(between == kept)


def test_errors_are_those_between_seeds():
    """Their scatter over the quoted error, in the mean over bins, is one."""
    runs = [track_lengths(Beam("e-", 3.0), PHYSICS, seed, 1) for seed in range(16)]
    for kind in EACH:
        lengths = np.array([getattr(run, kind).length for run in runs])
        errors = np.array([getattr(run, kind).error for run in runs])
        busy = lengths.mean(axis=0) > 5 * lengths.std(axis=0)
        ratio = lengths.std(axis=0, ddof=1)[busy] / errors.mean(axis=0)[busy]
        assert busy.sum() > 10
        assert np.sqrt(np.mean(ratio**2)) == pytest.approx(1.0, abs=0.15)


def test_the_angle_is_ten_milliradian_over_energy():
    found = track_lengths(BEAM, PHYSICS, 1, 4)
    for spectrum in (found.electrons, found.positrons):
        most = (found.edges[1:] < 3.0) & (spectrum.length > 0)
        scaled = np.average(spectrum.angle[most] * spectrum.energy[most], weights=spectrum.length[most])
        assert scaled == pytest.approx(0.010, abs=0.001)


def test_beams_that_are_none():
    for particle, energy in (("mu-", 5.0), ("e-", -1.0), ("e-", np.nan)):
        with pytest.raises(PhysicsError):
            Beam(particle, energy)
    with pytest.raises(PhysicsError, match="makes no tracks above the threshold"):
        track_lengths(Beam("e-", 0.5), PHYSICS, 1, 1)


def text_of(found):
    file = io.StringIO()
    write_tracks(file, found, BEAM, PHYSICS, "a test")
    return file.getvalue()


def test_files_hold_what_was_written(tmp_path):
    found = track_lengths(BEAM, PHYSICS, 1, 1)
    path = tmp_path / "tracks.csv"
    path.write_text(text_of(found), encoding="utf-8")
    read = read_tracks(path)
    assert read.showers == CHUNK_ROWS
    np.testing.assert_allclose(read.edges, found.edges, rtol=1e-5)
    for kind in EACH:
        for one, other in zip(getattr(read, kind), getattr(found, kind), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("low_gev", "lower", "the columns must be"),
        ("# 4096 showers", "# many showers", "how many showers"),
        ("\n1.0,", "\nx,", f"{len(COLUMNS)} numbers"),
        ("\n1.0,", "\n2.0,", "must follow each other"),
        ("\n1.0,", "\n,", "numbers are wanted"),
    ],
)
def test_damaged_files_say_what_is_wrong(tmp_path, old, new, wrong):
    text = text_of(track_lengths(BEAM, PHYSICS, 1, 1))
    assert old in text
    path = tmp_path / "tracks.csv"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CardError, match=wrong):
        read_tracks(path)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_tables_are_what_is_computed(name):
    """A few showers of another seed; five sums of bins each within 4.5 sigma (7e-6 each)."""
    beam, medium = SHIPPED[name]
    shipped, fresh = read_tracks(ROOT / "fluxes" / f"{name}.csv"), track_lengths(beam, Physics(medium), 99, 2)
    assert shipped.showers > 1e6
    np.testing.assert_allclose(shipped.edges, fresh.edges, rtol=1e-5)
    for kind in EACH:
        of_file, of_run = getattr(shipped, kind), getattr(fresh, kind)
        for bins in np.array_split(np.arange(60), 5):
            # bins of a shower are correlated: the largest error of a sum is the sum of errors
            error = np.sum(of_run.error[bins]) + np.sum(of_file.error[bins])
            assert abs(np.sum(of_file.length[bins]) - np.sum(of_run.length[bins])) < 4.5 * error


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_tables_are_the_cascade_equations(name):
    """Bin by bin within the errors of two million showers, and in all; two widths of cells, extrapolated.

    Edges of bins, 0.05 GeV apart at 1 GeV, fall inside cells: as wide as 0.02 GeV these move 0.1 to 0.2% of a
    bin to its neighbour, one to two of its errors.  Bins are correlated, so that the sum, on which all pulls
    hang, is judged apart: its error is 2e-4 (electrons) and 4e-4 (positrons).
    """
    beam, medium = SHIPPED[name]
    shipped = read_tracks(ROOT / "fluxes" / f"{name}.csv")
    cascades = (Cascade(Physics(medium, 0.96), beam.energy, width) for width in (0.01, 0.005))
    wide, fine = ([cascade.above(kind, shipped.edges) for kind in (0, 1)] for cascade in cascades)
    for k, spectrum in enumerate((shipped.electrons, shipped.positrons)):
        expected = -np.diff(2.0 * fine[k] - wide[k])[:-2]
        length, error = spectrum.length[:-2], spectrum.error[:-2]
        whole = np.sum(length) / np.sum(expected)
        assert whole == pytest.approx(1.0, abs=2e-3)
        pulls = (length - whole * expected) / error
        assert np.sqrt(np.mean(pulls**2)) == pytest.approx(1.0, abs=0.3)
        assert np.abs(pulls).max() < 5.0
