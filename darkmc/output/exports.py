"""Limit tables for other programs: HEPData records, contours for AxionLimits, and lists for Darkcast."""

import io
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from darkmc import __version__
from darkmc.core.errors import PhysicsError, how_to_get
from darkmc.core.intervals import SCAN_HIGH, SCAN_LOW
from darkmc.core.tables import Table, read_csv
from darkmc.output.files import check_target, replacing

_EV = 1e9  # eV in GeV
_DIGITS = 8


class LimitRow(NamedTuple):
    """A row of a limit table; nan: no such edge, or an unknown error. Interval 0: nothing is excluded."""

    experiment: str
    m_dark_photon: float
    m_axion: float
    interval: int
    lower: float
    upper: float
    lower_error: float
    upper_error: float


def read_rows(path: str | os.PathLike[str]) -> tuple[Table, list[LimitRow]]:
    """Return a limit table and its rows.

    Raises
    ------
    PhysicsError
        If it is not there, no table of ``darkmc limit``, or has no rows.
    """
    table = read_csv(Path(path), PhysicsError)
    rows = []
    for line, cells in table.records():
        try:
            numbers = (float(cells[name] or math.nan) for name in LimitRow._fields[4:])
            masses = float(cells["m_dark_photon"]), float(cells["m_axion"])
            rows.append(LimitRow(cells["experiment"], *masses, int(cells["interval"]), *numbers))
        except (KeyError, ValueError):
            raise PhysicsError(f"{path}:{line}: no row of a table of darkmc limit") from None
    if not rows:
        raise PhysicsError(f"{path}: no rows")
    return table, rows


def write_hepdata(path: str | os.PathLike[str], folder: str | os.PathLike[str], force: bool = False) -> None:
    """Write a HEPData submission, a table for each interval, whole and valid or not at all.

    Parameters
    ----------
    path : path
        A table of ``darkmc limit``.
    folder : path
        Where `submission.yaml` and the tables come to lie; it must not exist, but for `force`.
    force : bool
        Replace a folder that holds a submission.

    Raises
    ------
    PhysicsError
        If the table cannot be read, the folder is there, or hepdata-lib is not installed.
    """
    table, rows = read_rows(path)
    target = Path(folder)
    if find_spec("hepdata_lib") is None:
        raise PhysicsError(f"--hepdata needs hepdata-lib: {how_to_get('export')}")
    if target.exists() and not (force and (target / "submission.yaml").is_file()):
        raise PhysicsError(f"{target} exists (--force replaces a folder with a submission)")
    if not target.exists():
        check_target(target)
    temporary = Path(tempfile.mkdtemp(prefix=".darkmc-", dir=target.absolute().parent))
    try:
        made = temporary / "new"
        made.mkdir()
        _submission(made, table, rows)
        if target.exists():
            target.rename(temporary / "old")
        made.rename(target)
    finally:
        shutil.rmtree(temporary)


def _submission(folder: Path, table: Table, rows: Sequence[LimitRow]) -> None:
    import yaml
    from hepdata_lib import Submission

    submission = Submission()
    comment = f"Couplings G of the dark axion portal that are excluded, darkmc {__version__}. "
    about = {"comment": comment + "; ".join(table.head), "data_license": submission.get_license()}
    with (folder / "submission.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(about, file, default_flow_style=False, explicit_start=True)
    for experiment, of_one in groupby(sorted(rows), key=lambda row: row.experiment):
        mine = list(of_one)
        for number in sorted({max(row.interval, 1) for row in mine}):
            there = [row for row in mine if max(row.interval, 1) == number]
            with redirect_stdout(io.StringIO()):  # hepdata-lib prints remarks on every missing error
                _hepdata_table(experiment, number, there).write_output(str(folder))


def _hepdata_table(experiment: str, number: int, rows: Sequence[LimitRow]) -> Any:
    from hepdata_lib import Table as HepdataTable
    from hepdata_lib import Uncertainty, Variable

    out = HepdataTable(f"{experiment} interval {number}")
    out.description = (
        f"Excluded couplings of {experiment}, interval {number} from below, with Monte Carlo errors; "
        "- where there is no such edge."
    )
    out.location, out.keywords["observables"] = "darkmc", ["CLS"]
    for name in ("m_dark_photon", "m_axion"):
        mass = Variable(name, is_independent=True, is_binned=False, units="GeV")
        mass.digits, mass.values = _DIGITS, [getattr(row, name) for row in rows]
        out.add_variable(mass)
    for edge in ("lower", "upper"):
        value = Variable(f"{edge} edge of G", is_independent=False, is_binned=False, units="GEV**-1")
        value.digits = _DIGITS
        found = [getattr(row, edge) for row in rows]
        value.values = [g if math.isfinite(g) else "-" for g in found]
        errors = [getattr(row, f"{edge}_error") for row in rows]
        known = [
            e if math.isfinite(e) and math.isfinite(g) else 0.0 for e, g in zip(errors, found, strict=True)
        ]
        if any(known):
            spread = Uncertainty("Monte Carlo", is_symmetric=True)
            spread.values = known
            value.add_uncertainty(spread)
        out.add_variable(value)
    return out


def write_axionlimits(
    path: str | os.PathLike[str], target: str | os.PathLike[str], force: bool = True
) -> None:
    """Write excluded regions as contours: mass in eV and coupling in GeV^-1, a blank line between regions.

    A region runs along lower edges over neighbouring masses, and back along upper ones.
    """
    _, rows = read_rows(path)
    lines = []
    for (experiment, m_axion, number), region in _regions(rows):
        lines.append(f"# {experiment}, m_a = {m_axion:g} GeV, interval {number}")
        there = [(row.m_dark_photon, row.lower) for row in region]
        back = [(row.m_dark_photon, row.upper) for row in reversed(region)]
        edges = [(m, g if math.isfinite(g) else SCAN_LOW) for m, g in there]
        edges += [(m, g if math.isfinite(g) else SCAN_HIGH) for m, g in back]
        lines += [f"{mass * _EV:.6e} {coupling:.6e}" for mass, coupling in [*edges, edges[0]]]
        lines.append("")
    head = f"# dark axion portal, darkmc {__version__}: dark photon mass [eV], excluded coupling G [GeV^-1]"
    _write_lines(target, [head, f"# open edges are at {SCAN_LOW:g} and {SCAN_HIGH:g}", *lines], force)


def write_darkcast(path: str | os.PathLike[str], target: str | os.PathLike[str], force: bool = True) -> None:
    """Write a line for each interval: mass in GeV, lower and upper edge in GeV^-1."""
    _, rows = read_rows(path)
    found = [row for row in rows if row.interval > 0]
    lines = [f"# dark axion portal, darkmc {__version__}: mass [GeV], lower, upper coupling G [GeV^-1]"]
    for row in sorted(found, key=lambda row: (row.experiment, row.m_axion, row.interval, row.m_dark_photon)):
        lower = row.lower if math.isfinite(row.lower) else SCAN_LOW
        upper = row.upper if math.isfinite(row.upper) else SCAN_HIGH
        lines.append(f"{row.m_dark_photon:.6e} {lower:.6e} {upper:.6e}")
    if len(lines) == 1:
        raise PhysicsError(f"{path}: nothing is excluded")
    _write_lines(target, lines, force)


def _regions(rows: Iterable[LimitRow]) -> list[tuple[tuple[str, float, int], list[LimitRow]]]:
    """Return runs of neighbouring masses at which an interval of that number is excluded."""
    found: list[tuple[tuple[str, float, int], list[LimitRow]]] = []
    ordered = sorted(rows, key=lambda row: (row.experiment, row.m_axion, row.m_dark_photon))
    for (experiment, m_axion), of_one in groupby(ordered, key=lambda row: (row.experiment, row.m_axion)):
        mine = list(of_one)
        masses = sorted({row.m_dark_photon for row in mine})
        for number in sorted({row.interval for row in mine if row.interval > 0}):
            there = {row.m_dark_photon: row for row in mine if row.interval == number}
            for is_there, run in groupby(masses, key=there.__contains__):
                if is_there:
                    found.append(((experiment, m_axion, number), [there[mass] for mass in run]))
    if not found:
        raise PhysicsError("nothing is excluded")
    return found


def _write_lines(target: str | os.PathLike[str], lines: Sequence[str], force: bool) -> None:
    check_target(target, force)
    with replacing(target, force) as temporary:
        temporary.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
