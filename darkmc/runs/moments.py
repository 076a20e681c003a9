"""What runs of moments share: data by name, masks from names and files, rows of their tables and pictures."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.moments import MomentRun
from darkmc.core.errors import CardError, PhysicsError, nearest
from darkmc.core.kinematics import Array
from darkmc.core.tables import read_csv
from darkmc.experiments.lepton_moments import read_rows
from darkmc.experiments.moment_names import PREFIX
from darkmc.figures.moments import Mark, MaskEdges, Panel, draw_panels
from darkmc.gminus2.bounds import window
from darkmc.gminus2.data import Difference, datasets, difference
from darkmc.gminus2.inputs import LEPTONS
from darkmc.gminus2.masks import Mask, moment_mask, names, shipped
from darkmc.gminus2.regions import Region
from darkmc.gminus2.strokes import Stroke, fault
from darkmc.output.csv_tables import Row, read_table, write_table
from darkmc.runs.tables import header

_EDGES = ("mass_GeV", "lower")
_MOMENT_MASSES = np.geomspace(1e-4, 1e3, 40)  # GeV, of a mask that is a moment's own
MASK_COLUMNS = ("mass_GeV", "lower", "upper")
TEXTS = ("data", "region")


def measured(card: MomentRun) -> dict[str, tuple[str, Difference]]:
    """Return lepton and difference of every entry of a card's `data`.

    Raises
    ------
    CardError
        If one is unknown, or the file with rows cannot be read.
    """
    rows = () if card.rows is None else read_rows(card.rows)
    known = [f"{lepton}-{name}" for lepton in LEPTONS[:2] for name in datasets(lepton, rows)]
    for name in card.data:
        if name not in known:
            raise CardError(f"run {card.name}: unknown data '{name}'{nearest(name, known)}")
    split = {name: name.partition("-") for name in card.data}
    return {name: (lepton, difference(lepton, which, rows)) for name, (lepton, _, which) in split.items()}


def find_mask(name: str) -> Mask:
    """Return a mask by name, of a moment (gminus2-LEPTON-DATASET), or from a CSV file.

    Raises
    ------
    PhysicsError
        If there is none, or the file cannot be read as one.
    """
    if name.endswith(".csv"):
        return read_mask(Path(name))
    if name.startswith(PREFIX):
        lepton, _, which = name.removeprefix(PREFIX).partition("-")
        return moment_mask(lepton, window(lepton, which), _MOMENT_MASSES, name)
    known = [each for group in names().values() for each in group]
    if name not in known:
        raise PhysicsError(f"unknown mask '{name}'{nearest(name, known)}; or a file that ends in .csv")
    return shipped(name)


def find_masks(listed: Iterable[str], lepton: str) -> list[Mask]:
    """Return masks by name but for those that do not concern a lepton: its own moment, another's coupling."""
    own = f"{PREFIX}{lepton}-"
    muons = [] if lepton == "mu" else names()["yukawa"]
    return [find_mask(name) for name in listed if not name.startswith(own) and name not in muons]


def read_mask(path: Path) -> Mask:
    """Return the mask in a CSV file: columns mass_GeV, lower and, for regions closed above, upper.

    A blank line parts it: what follows is another stroke.

    Raises
    ------
    PhysicsError
        Naming file and line, if it is not sorted, holds no numbers, or its edges cross.
    """
    table = read_csv(path, PhysicsError, strict=False, nothing=" \t,;")
    if not set(_EDGES) <= set(table.columns):
        where = f"{path}:{table.columns_line}" if table.columns else str(path)
        raise PhysicsError(f"{where}: the first row must name the columns mass_GeV, lower and perhaps upper")
    groups: list[list[tuple[int, tuple[float, float, float]]]] = [[]]
    for line, cells in table.records():
        last = groups[-1][-1][0] if groups[-1] else line
        if table.blank & set(range(last, line)):
            groups.append([])
        groups[-1].append((line, _point(path, line, cells)))
    return Mask(path.stem, tuple(_stroke(path, group) for group in groups), str(path))


def _point(path: Path, line: int, cells: dict[str, str]) -> tuple[float, float, float]:
    try:
        upper = cells.get("upper")
        return float(cells["mass_GeV"]), float(cells["lower"]), float(upper) if upper else np.inf
    except (KeyError, ValueError):
        raise PhysicsError(f"{path}:{line}: mass_GeV, lower and upper must be numbers") from None


def _stroke(path: Path, group: Sequence[tuple[int, tuple[float, float, float]]]) -> Stroke:
    if not group:
        raise PhysicsError(f"{path}: no rows")
    edges = np.array([point for _, point in group]).T
    found = fault(*edges)
    if found:
        raise PhysicsError(f"{path}:{group[found[0]][0]}: {found[1]}")
    return Stroke(*edges)


def write_tables(
    card: MomentRun, folder: Path, lines: list[str], edges: list[Row], summary: list[Row], masks: list[Row]
) -> Iterator[Path]:
    """Write what every run of moments writes, and yield the files."""
    yield write_table(folder / f"{card.name}.csv", lines, edges)
    about = "what is left of the plane, as shares of its grid"
    yield write_table(folder / f"{card.name}-summary.csv", header(about), summary)
    if masks:
        about = "what other searches exclude"
        yield write_table(folder / f"{card.name}-masks.csv", header(about), masks)


def mask_rows(masks: Iterable[Mask]) -> Iterator[Row]:
    """Yield the points of masks as rows of a table."""
    for each in masks:
        for k, stroke in enumerate(each.strokes):
            for mass, lower, upper in zip(stroke.mass, stroke.lower, stroke.upper, strict=True):
                place = {"mask": each.name, "stroke": k, "mass_GeV": float(mass), "lower": float(lower)}
                about = {"source": each.source, "grade": each.grade, "note": each.note}
                yield place | {"upper": float(upper) if np.isfinite(upper) else None} | about


def excluded(masks: Sequence[Mask], x: Array, y: Array) -> NDArray[np.bool_]:
    """Return where masks exclude points of a grid (x first)."""
    inside = np.zeros((x.size, y.size), dtype=bool)
    for each in masks:
        inside |= each.excludes(x[:, None], y)
    return inside


def region_rows(place: Row, region: Region, names_xy: tuple[str, str]) -> Iterator[Row]:
    """Yield the allowed intervals of y at every x; one row without edges where there is none."""
    x_name, y_name = names_xy
    for k, x in enumerate(region.x):
        intervals = [edge for edge in region.edges if edge.x == x]
        least = float(np.min(region.chi_squared[k]))
        for number, edge in enumerate(intervals or [None], start=1 if intervals else 0):
            yield place | {
                x_name: float(x),
                "interval": number,
                f"{y_name}_lower": edge.lower if edge else None,
                f"{y_name}_upper": edge.upper if edge else None,
                "chi_squared_least": least,
            }


def summary_row(place: Row, region: Region, masks: Sequence[Mask]) -> Row:
    """Return what is left of a plane, with the chi-squared of its corner without couplings."""
    inside = region.chi_squared < region.level
    left = inside & ~excluded(masks, region.x, region.y)
    return place | {
        "level": region.level,
        "share": float(np.mean(inside)),
        "share_left": float(np.mean(left)),
        "chi_squared_corner": float(region.chi_squared[-1, 0]),
        "chi_squared_least": float(np.min(region.chi_squared)),
    }


def draw_moments(
    card: MomentRun,
    folder: Path,
    outputs: Sequence[Path],
    axes: tuple[tuple[str, str], tuple[str, str]],
    marks: Sequence[Mark] = (),
) -> None:
    """Draw what a run of moments wrote: a panel for each of the data, (name, label) of x and of y."""
    (x, x_label), (y, y_label) = axes
    columns = (x, "interval", f"{y}_lower", f"{y}_upper")
    rows = read_table(folder / f"{card.name}.csv", TEXTS, columns)
    path = folder / f"{card.name}-masks.csv"
    points = read_table(path, ("mask", "stroke", "data", "note"), MASK_COLUMNS) if path.is_file() else []
    panels = []
    for data in dict.fromkeys(row["data"] for row in rows):
        mine = [row for row in rows if row["data"] == data]
        edges = {
            label: [tuple(row[key] for key in columns) for row in mine if row["region"] == label]
            for label in dict.fromkeys(row["region"] for row in mine)
        }
        panels.append(Panel(_title(data), edges, _mask_edges([row for row in points if row["data"] == data])))
    draw_panels(panels, (x_label, y_label), outputs, card.title, marks)


def _title(data: str) -> str:
    lepton, _, which = data.partition("-")
    return f"{ {'e': 'electron', 'mu': 'muon'}.get(lepton, lepton) }, {which}"


def _mask_edges(rows: Sequence[Row]) -> list[MaskEdges]:
    keys = dict.fromkeys((row["mask"], row["stroke"]) for row in rows)
    found = []
    for name, stroke in keys:
        mine = [row for row in rows if (row["mask"], row["stroke"]) == (name, stroke)]
        mass, lower, upper = (np.array([row[key] for row in mine]) for key in MASK_COLUMNS)
        found.append(MaskEdges(name, mine[0]["note"], mass, lower, np.where(np.isnan(upper), np.inf, upper)))
    return found
