"""Read tables of factors at nodes of p and t: the factor, its statistical error and that of the model."""

from pathlib import Path

import numpy as np

from darkmc.core.errors import CardError
from darkmc.core.input_files import require_file
from darkmc.core.particles import canonical_name
from darkmc.core.tables import read_csv
from darkmc.sources.factors import Factors

COLUMNS = ("meson", "p_GeV", "t_GeV", "factor", "error", "model_error")


def read_factors(path: Path) -> dict[str, Factors]:
    """Return the factors in a CSV file by meson.

    Raises
    ------
    CardError
        With file and line: no such columns, a field that is no number or negative, nodes that are no grid.
    """
    require_file(path)
    table = read_csv(path)
    if tuple(table.columns) != COLUMNS:
        raise CardError(f"{path}:{table.columns_line}: columns must be {', '.join(COLUMNS)}")
    rows: dict[str, dict[tuple[float, float], tuple[float, float]]] = {}
    for line, cells in table.rows:
        if len(cells) != len(COLUMNS):
            raise CardError(f"{path}:{line}: {len(cells)} cells, not {len(COLUMNS)}")
        try:
            p, t, factor, error, model = (float(cell) for cell in cells[1:])
        except ValueError:
            raise CardError(f"{path}:{line}: not a number") from None
        if not (p > 0.0 and t >= 0.0 and 0.0 <= factor < np.inf and np.hypot(error, model) < np.inf):
            raise CardError(f"{path}:{line}: numbers of factors must be finite and not negative")
        known = rows.setdefault(canonical_name(cells[0]), {})
        if (p, t) in known:
            raise CardError(f"{path}:{line}: this node of {cells[0]} stands twice")
        known[p, t] = factor, float(np.hypot(error, model))
    for meson in ("pi0", "eta"):
        if meson not in rows:
            raise CardError(f"{path}: no factors of {meson}")
    return {meson: _grid(path, meson, known) for meson, known in rows.items()}


def _grid(path: Path, meson: str, known: dict[tuple[float, float], tuple[float, float]]) -> Factors:
    momenta, aside = (sorted({node[k] for node in known}) for k in (0, 1))
    if min(len(momenta), len(aside)) < 2 or len(known) != len(momenta) * len(aside):
        raise CardError(f"{path}: the nodes of {meson} are no grid of at least 2 x 2")
    table = np.array([[known[p, t] for t in aside] for p in momenta])
    return Factors(np.array(momenta), np.array(aside), table[..., 0], table[..., 1])
