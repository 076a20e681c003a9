"""What `darkmc report` puts on a page: tables of a run of limits, or one table, and what is beside them."""

import re
from collections.abc import Sequence
from pathlib import Path

from darkmc import __version__
from darkmc.cards.run import LimitsRun
from darkmc.cards.run_card import RunCard
from darkmc.core.errors import PhysicsError
from darkmc.core.tables import read_csv
from darkmc.figures.report.curves import Known, curves
from darkmc.figures.report.page import Texts, report
from darkmc.figures.style import styled
from darkmc.figures.tables import content
from darkmc.runs.limits import tables_of
from darkmc.runs.tables import portal_at
from darkmc.runs.yields import read_yields, yields_path

_PRESET = re.compile(r"preset ([^,]+), overrides")
Found = Sequence[tuple[Path, str, bool]]


def report_run(card: RunCard, folder: Path, references: str) -> str:
    """Return the page of a run that has written its tables.

    Raises
    ------
    PhysicsError
        If it is no run of limits, or has written no table.
    """
    if not isinstance(card, LimitsRun):
        raise PhysicsError(f"report is for runs of limits: run {card.name} is of kind '{card.kind}'")
    found = tables_of(card, folder)
    if not found:
        raise PhysicsError(f"no limit table in {folder}: darkmc run {card.name} writes them")
    manifest = folder / f"{card.name}.manifest.json"
    known = manifest.read_text(encoding="utf-8") if manifest.is_file() else ""
    return _page(card.title, found, known, references, card.couplings_per_GeV)


def report_table(path: Path, references: str) -> str:
    """Return the page of one limit table."""
    content(path)
    heads = read_csv(path, PhysicsError, strict=False).head
    presets = [match[1] for line in heads if (match := _PRESET.search(line))]
    return _page(path.stem, [(path, presets[0] if presets else "best", False)], "", references)


def _page(
    title: str, found: Found, manifest: str, references: str, couplings: tuple[float, float] | None = None
) -> str:
    with styled():
        drawn = curves([(path, preset, marked, _known(path)) for path, preset, marked in found])
    shown = [one for path, *_ in found for one in (path, yields_path(path)) if one.is_file()]
    return report(title, drawn, Texts(shown, __version__, manifest, references), couplings)


def _known(path: Path) -> Known:
    couplings, yields = read_yields(path)
    places = {
        (float(row["place"]), float(row["m_axion"])) for part in content(path).series for row in part.rows
    }
    return Known(couplings, yields, {place: _length(*place) for place in places})


def _length(m_dark_photon: float, m_axion: float) -> float | None:
    """Return c tau of the heavier state at G = 1, in m; None if it does not decay."""
    heavy = portal_at(m_dark_photon, m_axion).heavy
    return heavy.ctau if heavy.decays else None
