"""Files of track lengths: CSV with '#' heads."""

from pathlib import Path
from typing import IO

import numpy as np

from darkmc.core.errors import CardError
from darkmc.core.tables import Table, read_csv, write_csv
from darkmc.sources.electromagnetic.physics import Physics
from darkmc.sources.electromagnetic.track_lengths import CHARGES, DEPTHS, Beam, Spectrum, TrackLengths

_ANGLES = tuple(f"angle_{100 * depth:03.0f}_rad" for depth in DEPTHS)
_OF_EACH = ("length_x0", "error_x0", "mean_energy_gev", "rms_angle_rad", *_ANGLES)
_PLAIN = len(_OF_EACH) - len(_ANGLES)
COLUMNS = ("low_gev", "high_gev", *(f"{kind}_{name}" for kind in CHARGES for name in _OF_EACH))


def write_tracks(file: IO[str], found: TrackLengths, beam: Beam, physics: Physics, made_by: str) -> None:
    """Write track lengths into a file open for text.

    Parameters
    ----------
    file : text file
        Open for writing.
    found, beam, physics : TrackLengths, Beam, Physics
        What was found, of what, in what.
    made_by : str
        The command that makes the file anew.
    """
    medium = physics.medium
    head = [
        f"track lengths of electrons and positrons in showers of {beam.particle} of {beam.energy:g} GeV"
        f" in {medium.name}",
        f"per particle of the beam, in radiation lengths of {medium.grams_per_x0:.5g} g/cm2 or"
        f" {medium.metres_per_x0:.5g} m, with {medium.electrons_per_x0:.5g} electrons per cm2",
        f"{found.showers} showers down to {physics.threshold:g} GeV; errors of different bins are correlated",
        "rms_angle_rad: to the beam, in one plane; empty where there is no track",
        "angle_NNN_rad: to the beam; a share exp(-NNN/100) of the length has a larger one",
        f"made by {made_by}",
    ]
    cells = [found.edges[:-1], found.edges[1:]]
    for spectrum in (found.electrons, found.positrons):
        cells += [*spectrum[:_PLAIN], *spectrum.angles.T]
    rows = (
        {column: float(f"{value:.6g}") for column, value in zip(COLUMNS, row, strict=True)}
        for row in np.transpose(cells)
    )
    write_csv(file, head, COLUMNS, rows)


def read_tracks(path: Path) -> TrackLengths:
    """Return the track lengths in a file.

    Raises
    ------
    CardError
        With file and line, if it is not there, has other columns, or a cell is not what it should be.
    """
    table = read_csv(path)
    if tuple(table.columns) != COLUMNS:
        raise CardError(f"{path}:{table.columns_line}: the columns must be {', '.join(COLUMNS)}")
    values = np.array([_numbers(path, line, cells) for line, cells in table.rows]).T
    low, high, *spectra = values if values.size else np.empty((len(COLUMNS), 0))
    if not len(low) or np.any(low[1:] != high[:-1]) or np.any(high <= low):
        raise CardError(f"{path}: the bins must follow each other upwards")
    kinds = len(_OF_EACH)
    edges = np.append(low, high[-1])
    electrons, positrons = (
        Spectrum(of[0], of[1], of[2], of[3], np.array(of[_PLAIN:]).T)
        for of in (spectra[:kinds], spectra[kinds:])
    )
    return TrackLengths(edges, electrons, positrons, _showers(table))


def _numbers(path: Path, line: int, cells: list[str]) -> list[float]:
    try:
        found = [float(cell) if cell else np.nan for cell in cells]
    except ValueError:
        found = []
    complete = len(found) == len(COLUMNS) and bool(np.all(np.isfinite(np.array(found)[:4])))
    if not complete:
        raise CardError(f"{path}:{line}: {len(COLUMNS)} numbers are wanted, bins and lengths among them")
    return found


def _showers(table: Table) -> int:
    for line in table.head:
        first, _, rest = line.partition(" ")
        if rest.startswith("showers down to") and first.isdecimal():
            return int(first)
    raise CardError(f"{table.path}: no line of the head says how many showers there were")
