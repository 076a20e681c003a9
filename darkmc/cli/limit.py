"""What `darkmc limit` does."""

import argparse
import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from darkmc.cli.arguments import (
    axion_hint,
    axion_masses_of,
    chosen_alternatives,
    chosen_seed,
    chosen_workers,
    fraction,
    mass_hint,
    masses_of,
    overrides,
    report,
    scanned,
)
from darkmc.core.errors import PhysicsError
from darkmc.core.saying import note


def limit(options: argparse.Namespace) -> int:
    """Scan a grid and write the excluded couplings."""
    from darkmc.output.checkpoints import checkpoints
    from darkmc.output.files import check_target
    from darkmc.output.limit_tables import in_a_line
    from darkmc.output.limits import json_rows, write_limits
    from darkmc.scan.clusters import elsewhere
    from darkmc.scan.grid import scan
    from darkmc.scan.point import ScanPoint, raise_failed

    workers = chosen_workers(options)
    request = _request(options)
    if options.output is not None:
        check_target(options.output, options.force, request.load().files)
    keeping = nullcontext() if options.output is None else checkpoints(options.output, options.fresh)
    points: list[ScanPoint] = []
    with keeping as kept, elsewhere(options.dask, workers) as executor:
        for point in scan(request, workers, True, executor, kept):
            points.append(point)
            if options.json:
                print("\n".join(json.dumps(row) for row in json_rows(point)), flush=True)
        closed = all(point.closed for point in points)
        if options.output is not None and not closed:
            write_limits(options.output, request, points, options.force)
        if options.output is None and not options.json and not closed:
            _print_table(request, points)
        raise_failed(points)
    if closed:
        hints = mass_hint(options, min(point.m_dark_photon for point in points))
        raise PhysicsError("; ".join([f"every point is closed: {points[0].exclusion.reason}", *hints]))
    if not any(point.exclusion.intervals for point in points):
        for hint in axion_hint(options, min(point.m_dark_photon for point in points)):
            note(f"nothing is excluded: {hint}")
    if options.output is not None and not options.json:
        report(options.output, f"{options.output}: {in_a_line(points)}")
    return 0


def combine(options: argparse.Namespace) -> int:
    """Write the best limits of several tables."""
    from darkmc.figures.overlays import split_label
    from darkmc.output.csv_tables import check_table_name
    from darkmc.output.files import check_target
    from darkmc.output.limits import write_combined
    from darkmc.runs.combined import combine as best
    from darkmc.runs.combined import read_source

    check_table_name(options.output)
    check_target(options.output, options.force, [split_label(text)[0] for text in options.tables])
    sources = [read_source(text) for text in options.tables]
    rows = best(sources)
    write_combined(options.output, [source.label for source in sources], rows, options.force)
    masses = {row["m_dark_photon"]: row for row in reversed(rows)}
    setting = [row["lower_by"] for row in masses.values() if row["interval"]]
    counts = ", ".join(f"{label} at {setting.count(label)}" for label in dict.fromkeys(reversed(setting)))
    report(
        options.output,
        f"{options.output}: {len(masses)} masses; the lowest edge is set by {counts or 'nothing'}",
    )
    return 0


def _print_table(request: Any, points: Sequence[Any]) -> None:
    """Print what is excluded as a table to be read, each remark once below it."""
    from darkmc.output.limit_tables import limit_table

    experiment = request.load()
    changes = f", set: {', '.join(request.overrides)}" if request.overrides else ""
    print(f"{experiment.name}, preset {request.preset}{changes}: {experiment.words}")
    print(limit_table(points))


def _request(options: argparse.Namespace) -> Any:
    """Return what is asked for."""
    from darkmc.experiments.moment_names import is_moment
    from darkmc.output.csv_tables import check_table_name
    from darkmc.output.files import check_target, descriptor
    from darkmc.scan.plan import plan
    from darkmc.scan.point import ScanRequest

    if is_moment(options.experiment) and options.method != "bracket":
        raise PhysicsError(f"--method {options.method}: {options.experiment} is solved in closed form")
    changes = overrides(options.overrides)
    wanted = plan(
        masses_of(options),
        axion_masses_of(options),
        scanned(options.scan, changes),
    )
    precision, seed = fraction("--precision", options.precision), chosen_seed(options)
    if options.output is not None:
        if options.json and descriptor(options.output) == 1:
            raise PhysicsError("--json and -o -: both would go to standard output")
        check_table_name(options.output)
        check_target(options.output, options.force)
    request = ScanRequest(
        experiment=options.experiment,
        preset=options.preset,
        overrides=changes,
        places=wanted.places,
        lines=wanted.lines,
        precision=precision or 0.01,
        method=options.method,
        seed=seed,
    )
    return replace(request, vary=chosen_alternatives(request, options.vary))
