"""Measured and predicted lepton moments a = (g - 2)/2, and their differences: one table with sources.

Grades: A the source itself was read; B from a secondary source or computed; C from memory, to be checked
before it is quoted.  [dN] is arXiv:1806.00757.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from darkmc.core.errors import PhysicsError, nearest
from darkmc.gminus2.inputs import lepton_name

QUANTITIES = ("measurement", "prediction", "difference")


@dataclass(frozen=True)
class Row:
    """One number of the table.

    Attributes
    ----------
    lepton : {"e", "mu", "tau"}
        Whose moment; electron, muon and tauon are turned into these.
    quantity : {"measurement", "prediction", "difference"}
        A difference is measurement minus prediction.
    name : str
        By which it is asked for: who and when; for the electron also whose fine structure constant.
    value, error : float
        The moment a, or the difference, and its standard error.
    source, grade : str
        Where the number comes from; A, B or C.

    Raises
    ------
    PhysicsError
        If a number is not finite, the error not above zero, or a name unknown.
    """

    lepton: str
    quantity: str
    name: str
    value: float
    error: float
    source: str
    grade: str = "C"

    def __post_init__(self) -> None:
        where = f"row '{self.name}'"
        try:
            object.__setattr__(self, "lepton", lepton_name(self.lepton))
        except PhysicsError as problem:
            raise PhysicsError(f"{where}: {problem}") from None
        if self.quantity not in QUANTITIES:
            raise PhysicsError(
                f"{where}: unknown quantity '{self.quantity}'{nearest(str(self.quantity), QUANTITIES)}"
            )
        try:
            good = math.isfinite(self.value) and math.isfinite(self.error) and self.error > 0.0
        except TypeError:
            good = False
        if not good:
            raise PhysicsError(f"{where}: value and error must be finite numbers, the error above zero")
        if self.grade not in ("A", "B", "C"):
            raise PhysicsError(f"{where}: the grade is A, B or C, not '{self.grade}'")


class Difference(NamedTuple):
    """Measurement minus prediction of a lepton's moment, and its standard error."""

    value: float
    error: float


def _row(lepton: str, quantity: str, text: str, unit: float, source: str, grade: str) -> Row:
    name, value, error = text.split()
    return Row(lepton, quantity, name, float(value) * unit, float(error) * unit, source, grade)


_MU, _E = 1e-11, 1e-12  # units of the numbers below
_RB11, _CS18, _RB20 = (
    "alpha(Rb) arXiv:1012.3627",
    "alpha(Cs) arXiv:1812.04130",
    "alpha(Rb) Nature 588 (2020) 61",
)
TABLE = (
    _row("mu", "measurement", "bnl-2006 116592089 63", _MU, "hep-ex/0602035, constants of 2011", "A"),
    _row("mu", "measurement", "fnal-2021 116592040 54", _MU, "Fermilab run 1, arXiv:2104.03281", "A"),
    _row("mu", "measurement", "world-2021 116592061 41", _MU, "average in arXiv:2104.03281", "A"),
    _row("mu", "measurement", "fnal-2023 116592055 24", _MU, "Fermilab runs 1-3, arXiv:2308.06230", "C"),
    _row("mu", "measurement", "world-2023 116592059 22", _MU, "average in arXiv:2308.06230", "C"),
    _row("mu", "measurement", "fnal-2025 116592070.5 14.6", _MU, "Fermilab runs 1-6, arXiv:2506.03069", "C"),
    _row("mu", "measurement", "world-2025 116592071.5 14.5", _MU, "average in arXiv:2506.03069", "A"),
    _row("mu", "prediction", "white-paper-2020 116591810 43", _MU, "arXiv:2006.04822", "A"),
    _row("mu", "prediction", "white-paper-2025 116592033 62", _MU, "arXiv:2505.21476", "A"),
    _row("mu", "difference", "2018 268 76", _MU, "PDG 2018, PRD 98 030001, as used by [dN]", "A"),
    _row("mu", "difference", "2021 251 59", _MU, "arXiv:2104.03281: world-2021, white-paper-2020", "A"),
    _row("mu", "difference", "2025 38.5 63.7", _MU, "arXiv:2505.21476: world-2025, white-paper-2025", "A"),
    _row("e", "measurement", "harvard-2008 1159652180.73 0.28", _E, "arXiv:0801.1134", "A"),
    _row("e", "measurement", "northwestern-2022 1159652180.59 0.13", _E, "arXiv:2209.13084", "A"),
    _row("e", "prediction", "cs-2018 1159652181.61 0.23", _E, _CS18, "C"),
    _row("e", "prediction", "rb-2020 1159652180.252 0.095", _E, _RB20, "C"),
    _row("e", "difference", "2008-rb-2011 -1.06 0.82", _E, f"harvard-2008, {_RB11}, as used by [dN]", "A"),
    _row("e", "difference", "2008-cs -0.87 0.36", _E, f"harvard-2008, {_CS18}", "B"),
    _row("e", "difference", "2008-rb 0.48 0.30", _E, f"harvard-2008, {_RB20}", "B"),
    _row("e", "difference", "2022-cs -1.02 0.26", _E, f"northwestern-2022, {_CS18}", "B"),
    _row("e", "difference", "2022-rb 0.34 0.16", _E, f"northwestern-2022, {_RB20}", "B"),
)  # fmt: skip


def datasets(lepton: str, extra: Iterable[Row] = ()) -> list[str]:
    """Return the names of the differences known for a lepton.

    Parameters
    ----------
    lepton : {"e", "mu"}
        Whose moment.
    extra : iterable of Row, optional
        Rows of your own beside those of :data:`TABLE`.

    Returns
    -------
    list of str
        In the order of the table.

    Raises
    ------
    PhysicsError
        If the lepton is unknown or has no difference, a name stands twice, or `extra` holds no rows.

    Examples
    --------
    >>> datasets("mu")
    ['2018', '2021', '2025']
    """
    return list(_named(lepton, "difference", extra))


def difference(lepton: str, dataset: str, extra: Iterable[Row] = ()) -> Difference:
    """Return measurement minus prediction of a lepton's moment, with its error.

    Parameters
    ----------
    lepton : {"e", "mu"}
        Whose moment.
    dataset : str
        Name of a difference in the table: see :func:`datasets`.
    extra : iterable of Row, optional
        Rows of your own beside those of :data:`TABLE`.

    Returns
    -------
    Difference
        Value and standard error.

    Raises
    ------
    PhysicsError
        If lepton or data set are unknown, with the nearest name.

    Examples
    --------
    >>> value, error = difference("mu", "2025")
    >>> f"{value / 1e-11:.1f} {error / 1e-11:.1f}"
    '38.5 63.7'
    """
    row = _find(lepton, "difference", dataset, extra)
    return Difference(row.value, row.error)


def combine(lepton: str, measurement: str, prediction: str, extra: Iterable[Row] = ()) -> Difference:
    """Return any measurement minus any prediction of the table, the errors added in quadrature.

    Parameters
    ----------
    lepton : {"e", "mu"}
        Whose moment.
    measurement, prediction : str
        Names of rows of the table.
    extra : iterable of Row, optional
        Rows of your own beside those of :data:`TABLE`.

    Returns
    -------
    Difference
        Value and standard error.

    Raises
    ------
    PhysicsError
        If a name is unknown, with the nearest one.

    Examples
    --------
    >>> value, error = combine("mu", "world-2025", "white-paper-2025")
    >>> f"{value / 1e-11:.1f} {error / 1e-11:.1f}"
    '38.5 63.7'
    """
    rows = _listed(extra)
    measured = _find(lepton, "measurement", measurement, rows)
    predicted = _find(lepton, "prediction", prediction, rows)
    return Difference(measured.value - predicted.value, math.hypot(measured.error, predicted.error))


def _find(lepton: str, quantity: str, name: str, extra: Iterable[Row]) -> Row:
    named = _named(lepton, quantity, extra)
    if str(name) not in named:
        raise PhysicsError(f"unknown {quantity} '{name}' of lepton '{lepton}'{nearest(str(name), named)}")
    return named[str(name)]


def _listed(extra: object) -> tuple[Row, ...]:
    rows = tuple(extra) if isinstance(extra, Iterable) else (extra,)
    if not isinstance(extra, Iterable) or not all(isinstance(row, Row) for row in rows):
        raise PhysicsError("extra takes a list of rows: [Row(...), ...]")
    return rows


def _named(lepton: str, quantity: str, extra: Iterable[Row]) -> dict[str, Row]:
    whose = lepton_name(lepton)
    rows = [row for row in (*TABLE, *_listed(extra)) if row.lepton == whose and row.quantity == quantity]
    names = [row.name for row in rows]
    for name in names:
        if names.count(name) > 1:
            raise PhysicsError(f"two rows give the {quantity} '{name}' of lepton '{lepton}'")
    if not rows:
        raise PhysicsError(f"the table holds no {quantity} for lepton '{lepton}'")
    return dict(zip(names, rows, strict=True))
