"""Limits as likelihoods: a workspace of pyhf for every edge of a table of counting experiments."""

import json
import math
import os
import re
from collections.abc import Sequence
from typing import Any

from darkmc import __version__
from darkmc.core.errors import PhysicsError
from darkmc.core.tables import Table
from darkmc.experiments.experiment import Experiment
from darkmc.limits.criterion import Counting, counting
from darkmc.output.exports import LimitRow, read_rows
from darkmc.output.files import check_target, replacing

_MADE = re.compile(r"preset (.+), overrides (\{.*\})$")
_MOST = 100.0  # times the signal at the edge


def write_pyhf(path: str | os.PathLike[str], target: str | os.PathLike[str], force: bool = True) -> None:
    """Write JSON with a list of workspaces: the signal is that at the edge, so that mu = 1 is the limit.

    Parameters
    ----------
    path : path
        A table of ``darkmc limit`` of one counting experiment.
    target : path
        The file.
    force : bool
        Replace a file that is there.

    Raises
    ------
    PhysicsError
        If the table cannot be read, or its criterion is no likelihood; the message says why.
    """
    check_target(target, force, [path])
    table, rows = read_rows(path)
    observed, signal, level = _counts(path, table, rows)
    found = []
    for row in rows:
        edges = ((edge, getattr(row, edge)) for edge in ("lower", "upper") if row.interval > 0)
        for edge, coupling in edges:
            if math.isfinite(coupling):
                name = f"{row.experiment} {row.m_dark_photon:g} GeV {row.m_axion:g} GeV {edge} {row.interval}"
                about = row._asdict() | {"edge": edge, "coupling": coupling, "confidence_level": level}
                keep = (
                    "experiment",
                    "m_dark_photon",
                    "m_axion",
                    "interval",
                    "edge",
                    "coupling",
                    "confidence_level",
                )
                workspace = _workspace(name, observed, signal)
                found.append({key: about[key] for key in keep} | {"workspace": workspace})
    if not found:
        raise PhysicsError(f"{path}: nothing is excluded")
    with replacing(target, force) as temporary:
        text = json.dumps({"darkmc": __version__, "workspaces": found}, indent=1, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def _counts(path: Any, table: Table, rows: Sequence[LimitRow]) -> tuple[Any, float, float]:
    """Return what was observed, the signal events at every edge, and the confidence level."""
    names = sorted({row.experiment for row in rows})
    if len(names) > 1:
        raise PhysicsError(f"{path}: --pyhf takes one experiment, not {', '.join(names)}")
    made = next((match for line in table.head if (match := _MADE.search(line))), None)
    if made is None:
        raise PhysicsError(f"{path}: the head does not say preset and overrides")
    experiment = Experiment(names[0], made[1], json.loads(made[2]))
    criterion = experiment.topology.criterion
    observed: Any = getattr(experiment.card, "observed", None)
    if not isinstance(criterion, Counting):
        raise PhysicsError(
            f"{names[0]}: --pyhf: the limit is that of whichever bin excludes most: no likelihood of all bins"
        )
    if getattr(observed, "confidence_level", None) is None:
        raise PhysicsError(f"{names[0]}: --pyhf: {criterion.words} is a significance without a count")
    if observed.n_limit is not None:
        raise PhysicsError(
            f"{names[0]}: --pyhf: observed.n_limit is a number of events without the count behind it"
        )
    return observed, counting(observed).target, observed.confidence_level


def _workspace(name: str, observed: Any, signal: float) -> dict[str, Any]:
    """Return a workspace of one bin; the background's error is Gaussian, as a linear shift of the bin."""
    mean, error = observed.background, observed.background_error
    shift = {"hi_data": [mean + error], "lo_data": [max(mean - error, 0.0)]}
    uncertain = [{"name": "background", "type": "histosys", "data": shift}] if error > 0.0 else []
    samples = [
        {
            "name": "signal",
            "data": [signal],
            "modifiers": [{"name": "mu", "type": "normfactor", "data": None}],
        }
    ]
    if mean > 0.0 or error > 0.0:
        samples.append({"name": "background", "data": [mean], "modifiers": uncertain})
    poi = {"name": "mu", "inits": [1.0], "bounds": [[0.0, _MOST]]}
    return {
        "channels": [{"name": "signal_region", "samples": samples}],
        "observations": [{"name": "signal_region", "data": [float(observed.n_obs or 0)]}],
        "measurements": [{"name": name, "config": {"poi": "mu", "parameters": [poi]}}],
        "version": "1.0.0",
    }
