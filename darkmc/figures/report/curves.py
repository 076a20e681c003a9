"""What a report shows of limit tables: outlines, points as printed, yields, decay lengths."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.colors import to_hex

from darkmc.core.intervals import SCAN_LOW
from darkmc.core.kinematics import Array
from darkmc.figures.regions import LOWER, UPPER
from darkmc.figures.style import colour
from darkmc.figures.tables import Table, content, tables

_DIGITS = 6


def _runs(there: Array) -> list[slice]:
    """Return where an array of truth values is true, one slice for each run without a gap."""
    turns = np.flatnonzero(np.diff(there, prepend=False, append=False))
    return [slice(start, stop) for start, stop in zip(turns[::2], turns[1::2], strict=True)]


class Known(NamedTuple):
    """What is known at each mass of a table, beside its edges.

    Attributes
    ----------
    couplings : list of float
        GeV^-1, at which the yields are.
    yields : mapping
        By pair of masses (GeV) the expected events and their errors, one after the other.
    lengths : mapping
        By pair of masses c tau times G^2, m GeV^-2; None: it does not decay.
    """

    couplings: list[float]
    yields: Mapping[tuple[float, float], list[tuple[float, float]]]
    lengths: Mapping[tuple[float, float], float | None]


class Curve(NamedTuple):
    """One series of a limit table.

    Attributes
    ----------
    table : Table
        What is drawn of it.
    rows : list of dict
        As the table prints them.
    preset : str
        Of the experiment's card.
    marked : bool
        Whether it stands beside the same experiment with another preset, which is the one that is believed.
    colour : str
        Of all that is drawn of it.
    known : Known
        Beside the edges.
    """

    table: Table
    rows: list[dict[str, str]]
    preset: str
    marked: bool
    colour: str
    known: Known

    @property
    def name(self) -> str:
        """What the legend says."""
        return self.table.name.replace("$", "")

    @property
    def projection(self) -> bool:
        """Whether nothing has been excluded yet."""
        return self.table.projection

    @property
    def outlines(self) -> list[tuple[list[float], list[float]]]:
        """Masses and couplings around each region, one closed line each."""
        found = []
        for region in self.table.regions:
            mass, lower, upper = region.points[:, 0], region.points[:, LOWER], region.points[:, UPPER]
            low, high = np.maximum(lower, SCAN_LOW), np.minimum(upper, self.table.open_end)
            around = np.concatenate([mass, mass[::-1]]), np.concatenate([low, high[::-1]])
            found.append((around[0].tolist(), around[1].tolist()))
        return found

    @property
    def edges(self) -> tuple[list[list[float]], list[list[float]]]:
        """Masses and couplings of lines along the edges; none where a region is open or goes on."""
        lines: list[tuple[Array, Array]] = []
        for region in self.table.regions:
            mass, lower, upper = region.points[:, 0], region.points[:, LOWER], region.points[:, UPPER]
            there = lower > 0.0, np.isfinite(upper)
            for some, edge in zip(there, (lower, upper), strict=True):
                lines += [(mass[run], edge[run]) for run in _runs(some)]
            for closed, end in ((region.closed_low, 0), (region.closed_high, -1)):
                if closed and there[0][end] and there[1][end]:
                    lines.append((mass[[end, end]], np.array([lower[end], upper[end]])))
        return [mass.tolist() for mass, _ in lines], [edge.tolist() for _, edge in lines]

    def points(self) -> dict[str, list[Any]]:
        """Return the columns of what is shown under the pointer, numbers as texts, a point at each edge."""
        out: dict[str, list[Any]] = {key: [] for key in (*_SHOWN, "coupling", "name", "mass_text")}
        for row in self.rows:
            for edge in ("lower", "upper"):
                if row.get(edge):
                    for key, column in _SHOWN.items():
                        out[key].append(_short(row.get(column, "")))
                    out["mass"][-1] = float(row["m_dark_photon"])
                    out["mass_text"].append(_short(row["m_dark_photon"]))
                    out["coupling"].append(float(row[edge]))
                    out["name"].append(f"{self.name}, {self.preset}")
        return out

    def numbers(self) -> dict[str, Any]:
        """Return what the page knows of the curve where one clicks."""
        places = list(dict.fromkeys((float(r["place"]), float(r["m_axion"])) for r in self.rows))
        return {
            "name": self.name,
            "preset": self.preset,
            "couplings": self.known.couplings,
            "at": [
                {
                    "mass": mass,
                    "m_axion": axion,
                    "ctau": self.known.lengths.get((mass, axion)),
                    "yields": [
                        [_rounded(v), _rounded(e)] for v, e in self.known.yields.get((mass, axion), [])
                    ],
                }
                for mass, axion in places
            ],
        }


_SHOWN = {
    "mass": "m_dark_photon",
    "m_axion": "m_axion",
    "lower": "lower",
    "upper": "upper",
    "lower_error": "lower_error",
    "upper_error": "upper_error",
    "reason": "reason",
}


def _short(text: str) -> str:
    """Return a cell with the digits that mean something; empty ones as a dash."""
    try:
        return f"{float(text):.{_DIGITS}g}"
    except ValueError:
        return text or "\u2013"


def _rounded(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None


def curves(found: Sequence[tuple[Path, str, bool, Known]]) -> list[Curve]:
    """Return the curves of tables: of each its path, preset, whether it is marked, and what is known.

    Raises
    ------
    PhysicsError
        If one is no limit table.
    """
    about = {path: (preset, marked, known) for path, preset, marked, known in found}
    presets = dict.fromkeys(preset for preset, *_ in about.values())
    together = [[path for path, (one, *_) in about.items() if one == preset] for preset in presets]
    groups = [[(path, part) for path in paths for part in content(path).series] for paths in together]
    drawn = [(one, *pair) for parts in groups for one, pair in zip(tables(parts), parts, strict=True)]
    names = list(dict.fromkeys(one.experiment for one, *_ in drawn))
    out = []
    for one, path, part in drawn:
        preset, marked, known = about[path]
        shade = to_hex(colour(names.index(one.experiment)))
        out.append(Curve(one, part.rows, preset, marked, shade, known))
    return out
