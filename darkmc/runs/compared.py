"""What runs of limits write beside their tables: how edges have moved, and where the model holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from darkmc.cards.run import LimitsRun
from darkmc.core.kinematics import Array
from darkmc.experiments.validity import effective_coupling, wide_coupling
from darkmc.figures.limits import Line
from darkmc.figures.ratios import Ratio
from darkmc.output.csv_tables import MASSES, Row, read_table, write_table
from darkmc.portals.portal import Portal
from darkmc.runs.tables import header
from darkmc.scan.point import ScanPoint

_POINTS = 60  # of the lines of validity
_CORRECTED, _WHOLE = "corrected", "in all"
Points = Sequence[ScanPoint]


def write_ratios(
    card: LimitsRun, folder: Path, found: Mapping[tuple[str, str], Points], kinds: tuple[str, str, str]
) -> Iterator[Path]:
    """Write lower edges over those of the second preset, if any search has both.

    Parameters
    ----------
    card : LimitsRun
        The run.
    folder : path
        Where its tables are.
    found : mapping of points
        By curve and kind of table.
    kinds : (str, str, str)
        Of the tables of the first preset, without what is new, and of the second preset.
    """
    now, familiar, before = kinds
    rows: list[Row] = []
    for curve in card.all_curves:
        old = found.get((curve.stem, before))
        if old is None or curve.instead is not None:  # other data: no choice of ours
            continue
        for kind, words in ((familiar, _CORRECTED), (now, _WHOLE)):
            new = found.get((curve.stem, kind))
            place = {"curve": curve.stem, "what": words}
            rows += [place | row for row in _ratios(new, old)] if new is not None else []
    if rows:
        lines = header(
            f"first lower edges of {card.presets[0]} over those of {card.presets[1]}",
            f"{_CORRECTED}: without what is new in {card.presets[0]}; {_WHOLE}: with it",
            f"at the masses of {card.presets[0]}; edges between masses on straight lines in the logarithms",
            "errors: Monte Carlo, of both edges in quadrature",
        )
        yield write_table(folder / f"{card.name}-ratios.csv", lines, rows)


def _ratios(new: Points, old: Points) -> Iterator[Row]:
    """Yield ratios at masses at which both have an edge, or the old one has on both sides."""
    mass, edge, error = _edges(old)
    known = np.isfinite(edge)
    if np.count_nonzero(known) < 2:
        return
    at, here, own = _edges(new)
    log = np.log(at)
    last, first = mass[known].max() * (1.0 + 1e-9), mass[known].min() * (1.0 - 1e-9)
    there = np.exp(np.interp(log, np.log(mass[known]), np.log(edge[known])))
    other = np.interp(log, np.log(mass[known]), (error / edge)[known])
    for k in np.flatnonzero(np.isfinite(here) & (at >= first) & (at <= last)):
        ratio = here[k] / there[k]
        relative = float(np.hypot(own[k] / here[k], other[k]))
        yield {"m_dark_photon_GeV": at[k], "ratio": float(ratio), "ratio_error": float(ratio * relative)}


def _edges(points: Points) -> tuple[Array, Array, Array]:
    """Return masses, first lower edges and their errors (0: unknown); nan where there is none."""
    found = sorted(
        (one.m_dark_photon, one.exclusion.lower, one.exclusion.lower_error)
        for one in points
        if not one.failed
    )
    mass, edge, error = np.array(found).reshape(-1, 3).T
    return mass, edge, np.where(np.isfinite(error), error, 0.0)


def read_ratios(path: Path) -> list[Ratio]:
    """Return what `write_ratios` wrote, none if it wrote nothing."""
    if not path.is_file():
        return []
    columns = ("m_dark_photon_GeV", "ratio", "ratio_error")
    rows = read_table(path, ("curve", "what"), columns)
    ratios = []
    for curve, what in dict.fromkeys((row["curve"], row["what"]) for row in rows):
        mine = [row for row in rows if (row["curve"], row["what"]) == (curve, what)]
        mass, value, error = (np.array([row[key] for row in mine]) for key in columns)
        ratios.append(Ratio(curve, what == _WHOLE, mass, value, error))
    return ratios


def write_validity(
    card: LimitsRun, folder: Path, points: Points, portal: Callable[[float, float], Portal]
) -> Iterator[Path]:
    """Write from which coupling on effective theory and narrow width fail, if the card asks for it."""
    energy = card.effective_to_GeV
    if energy is None:
        return
    pairs = sorted({(one.m_dark_photon, one.m_axion) for one in points})
    chosen = np.unique(np.linspace(0, len(pairs) - 1, _POINTS).astype(int))
    lines = header(
        "from which coupling on what is computed fails, GeV^-1",
        f"effective: G E = 4 pi at E = {energy:g} GeV",
        "wide: the width is a tenth of the mass (empty: stable)",
    )
    rows: list[Row] = []
    for m_dark_photon, m_axion in (pairs[k] for k in chosen):
        wide = wide_coupling(portal(m_dark_photon, m_axion).heavy)
        masses = {"m_dark_photon_GeV": m_dark_photon, "m_axion_GeV": m_axion}
        rows.append(
            masses | {"effective": effective_coupling(energy), "wide": wide if np.isfinite(wide) else None}
        )
    yield write_table(folder / f"{card.name}-validity.csv", lines, rows)


def read_validity(card: LimitsRun, path: Path) -> list[Line]:
    """Return the lines of what `write_validity` wrote, none if it wrote nothing."""
    if not path.is_file():
        return []
    rows = read_table(path, (), (*MASSES, "effective", "wide"))
    both = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    along = "m_dark_photon_GeV" if np.ptp(both["m_dark_photon_GeV"]) > 0.0 else "m_axion_GeV"
    words = rf"$G\sqrt{{s}} = 4\pi$ at {card.effective_to_GeV:g} GeV"
    axion_decays = np.all(both["m_axion_GeV"] > both["m_dark_photon_GeV"])
    width = r"$\Gamma_a/m_a$" if axion_decays else r"$\Gamma^\prime/m^\prime$"
    names = {"effective": words, "wide": f"{width} = 0.1"}
    return [Line(text, both[along], both[key]) for key, text in names.items()]
