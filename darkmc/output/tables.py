"""CSV and JSON rows of limits: one per interval, a null row where there is none."""

import csv
import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from darkmc import __version__
from darkmc.output.files import replacing
from darkmc.scan import ScanPoint, ScanRequest

LIMIT_COLUMNS = (
    "experiment",
    "m_dark_photon",
    "m_axion",
    "interval",
    "lower",
    "upper",
    "lower_error",
    "upper_error",
    "method",
    "reason",
    "history",
    "n_samples",
    "seconds",
    "seed",
)


def json_rows(point: ScanPoint) -> Iterator[dict[str, Any]]:
    """Yield one object per interval; a missing edge is None, and a point without interval has number 0."""
    exclusion = point.exclusion
    nothing = (float("nan"),) * 4
    first = 1 if exclusion.intervals else 0
    for number, edges in enumerate(exclusion.intervals or (nothing,), start=first):
        row = {
            "experiment": point.experiment,
            "m_dark_photon": point.m_dark_photon,
            "m_axion": point.m_axion,
            "interval": number,
        }
        row |= {
            name: float(value) if math.isfinite(value) else None
            for name, value in zip(LIMIT_COLUMNS[4:8], edges, strict=True)
        }
        row |= {"method": exclusion.method, "reason": exclusion.reason}
        if exclusion.method == "iterative":
            row["history"] = [list(step) for step in exclusion.history]
        yield row | {"n_samples": point.n_samples, "seconds": point.seconds, "seed": point.seed}


def write_limits(path: str | os.PathLike[str], request: ScanRequest, points: Sequence[ScanPoint]) -> None:
    """Write a scan as CSV: '#' lines with version, cards and units, then one row per interval."""
    experiment = request.load()
    header = (
        f"darkmc {__version__}: couplings G excluded by {experiment.card.name}",
        f"seed {request.seed}, precision {request.precision:g}, preset {request.preset}, "
        f"overrides {json.dumps(dict(request.overrides), sort_keys=True)}",
        f"card {experiment.card.name} {experiment.loaded.sha256}, "
        f"flux {experiment.source.card.name} {experiment.source.loaded.sha256}",
        "masses in GeV, couplings and their Monte Carlo errors in GeV^-1, seconds of sampling",
        "an empty edge does not exist: see reason; interval 0: nothing is excluded",
    )
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {line}\n" for line in header)
        writer = csv.DictWriter(file, LIMIT_COLUMNS, lineterminator="\n", restval="")
        writer.writeheader()
        for point in points:
            for row in json_rows(point):
                if "history" in row:
                    row["history"] = json.dumps(row["history"])
                writer.writerow(row)


def read_limits(path: str | os.PathLike[str]) -> list[dict[str, str]]:
    """Return the rows of a limit file as text by column name."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))
