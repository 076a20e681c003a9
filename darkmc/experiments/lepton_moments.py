"""Limits from lepton moments beside those of experiments: gminus2-LEPTON-DATASET, the two-loop diagram."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from darkmc.cards.references import Reference, Shown
from darkmc.core.errors import CardError, PhysicsError, nearest
from darkmc.core.intervals import Exclusion
from darkmc.core.tables import read_csv
from darkmc.experiments.moment_names import PREFIX, list_moments
from darkmc.gminus2.bounds import dark_axion_limit, window
from darkmc.gminus2.data import TABLE, Row

KEYS = ("data", "n_sigma", "criterion")
_COLUMNS = ("lepton", "quantity", "name", "value", "error", "source", "grade")
# its limit is the founding paper's: under any other criterion these data exclude nothing
_FOUNDING = "gminus2-mu-2018"


class MomentLimit:
    """The couplings that one measured moment excludes, as an experiment of its own.

    Parameters
    ----------
    name : str
        One of :func:`list_moments`.
    preset : {"best", "published"}
        ``published`` takes the founding paper's criterion, ``shift``, for any data; ``best`` takes
        ``overshoot``, but for the 2018 muon, whose limit is the founding paper's under either.
    overrides : mapping, optional
        ``data``: CSV file with rows of your own; ``n_sigma`` (default 2); ``criterion``.

    Raises
    ------
    PhysicsError, CardError
        If a name, a key or a row is wrong.
    """

    def __init__(self, name: str, preset: str = "best", overrides: Mapping[str, Any] | None = None) -> None:
        given = dict(overrides or {})
        for key in given:
            if key not in KEYS:
                raise CardError(f"{name}: unknown key '{key}'{nearest(key, KEYS)}")
        if preset not in ("best", "published"):
            raise CardError(f"{name}: no preset '{preset}'{nearest(preset, ('best', 'published'))}")
        path = given.get("data")
        self._data = None if path is None else Path(str(path))
        rows = () if path is None else read_rows(str(path))
        known = list_moments(rows)
        if name not in known:
            raise CardError(f"unknown g-2 limit '{name}'{nearest(name, known)}")
        self.name = name
        self.lepton, _, dataset = name.removeprefix(PREFIX).partition("-")
        shift = preset == "published" or name == _FOUNDING
        self.criterion = str(given.get("criterion", "shift" if shift else "overshoot"))
        n_sigma = given.get("n_sigma", 2.0)
        if isinstance(n_sigma, bool) or not isinstance(n_sigma, int | float):
            raise PhysicsError(f"{name}: n_sigma must be a number, not '{n_sigma}'")
        self.window = window(self.lepton, dataset, float(n_sigma), self.criterion, rows)
        self.row = next(r for r in (*TABLE, *rows) if f"{PREFIX}{r.lepton}-{r.name}" == name)

    @property
    def in_pictures(self) -> Shown:
        """What pictures call it: the lepton, and the data set as its row is named."""
        words = {"e": "electron g - 2", "mu": "muon g - 2"}
        year, _, more = self.row.name.partition("-")
        name = ", ".join(filter(None, [words.get(self.lepton, f"{self.lepton} g - 2"), more.title()]))
        return Shown(name=name[:60], year=int(year) if year.isdecimal() and len(year) == 4 else None)

    @property
    def words(self) -> str:
        """What the measurement allows, in words."""
        return self.provenance[1]

    @property
    def files(self) -> tuple[Path, ...]:
        """What it was read from: nothing that it makes may replace it."""
        return () if self._data is None else (self._data,)

    @property
    def cited(self) -> Iterator[Reference]:
        """Where its moment was measured and predicted."""
        row = self.row
        title = f"Measured and predicted moment of the lepton {row.lepton}, data set {row.name}"
        fields = {"key": self.name, "title": title, "gives": row.source, "grade": row.grade}
        yield Reference.model_validate(fields)

    @property
    def provenance(self) -> tuple[str, ...]:
        """Lines for the head of a table: data, source, criterion."""
        row = self.row
        digest = hashlib.sha256(f"{row}{self.window}".encode()).hexdigest()[:16]
        return (
            f"data {row.name} {digest}: measured minus predicted moment {row.value:g} +- {row.error:g}, "
            f"{row.source} (grade {row.grade})",
            f"criterion {self.criterion} at {self.window.n_sigma:g} sigma: contributions from "
            f"{self.window.lower:.4g} to {self.window.upper:.4g} are allowed",
            "two-loop diagram with c = 0; relative error of the edges below 1e-9, nothing is random",
        )

    def limit(self, m_dark_photon: float, m_axion: float) -> Exclusion:
        """Return the excluded couplings at one pair of masses (GeV)."""
        return dark_axion_limit(self.lepton, m_dark_photon, m_axion, self.window)[0]


def read_rows(path: str) -> tuple[Row, ...]:
    """Return rows for the table of moments from a CSV file whose columns are the fields of a row.

    Raises
    ------
    CardError
        Naming file and line, if it cannot be read as such.
    """
    table = read_csv(Path(path))
    if table.columns != list(_COLUMNS):
        raise CardError(f"{path}: the first row must be {','.join(_COLUMNS)}")
    return tuple(_row(f"{path}:{n}", cells) for n, cells in table.rows)


def _row(where: str, cells: list[str]) -> Row:
    if len(cells) != len(_COLUMNS):
        raise CardError(f"{where}: {len(cells)} cells, not {len(_COLUMNS)}")
    lepton, quantity, name, value, error, source, grade = cells
    try:
        return Row(lepton, quantity, name, float(value), float(error), source, grade)
    except PhysicsError as problem:
        raise CardError(f"{where}: {problem}") from None
    except ValueError:
        raise CardError(f"{where}: value and error must be numbers") from None
