"""Table of results of many seeds, where samples stop by their error: `tests/stopping.py` has the points."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from scattering_tables import Table

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from stopping import POINTS, Found, Point, measure

SEEDS = 200
HEAD = (
    "point",
    "stay at first batch",
    "bias",
    "mean deviation",
    "scatter over quoted error",
    "scatter over precision",
    "within 1",
    "within 2",
)


def stopping() -> Iterator[Table]:
    """Yield the table of biases, scatters and coverages (minutes)."""
    yield table(POINTS)


def table(points: Iterable[Point]) -> Table:
    """Return the table of some points."""
    rows = [list(HEAD)]
    for point in points:
        found = measure(point, SEEDS)
        names = ("lower", "upper") if len(found) == 2 else ("",)
        rows += [_row(f"{point.words} {name}".strip(), one) for name, one in zip(names, found, strict=True)]
    return "stopping", f"results of {SEEDS} seeds against a run of many rows; bias in quoted errors", rows


def _row(words: str, found: Found) -> list[str]:
    bias = f"{found.bias:+.3f} +- {found.bias_error:.3f}"
    deviation = f"{found.deviation:+.2f} +- {found.deviation_error:.2f}"
    staying = f"{np.mean(found.values == found.first):.0%}"
    scatters = [f"{scatter:.2f} +- 0.05" for scatter in (found.scatter, found.spread)]
    shares = [f"{found.within(1.0):.2f} +- 0.03", f"{found.within(2.0):.2f} +- 0.02"]
    return [words, staying, bias, deviation, *scatters, *shares]
