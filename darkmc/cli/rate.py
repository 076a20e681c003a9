"""What `darkmc rate` does."""

import argparse
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from darkmc import __version__
from darkmc.cli.arguments import chosen_point, chosen_seed, chosen_workers, fraction, whole_number
from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import known_errors
from darkmc.core.words import with_error

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


def _finite(error: float) -> float | None:
    """Return an error, or None where too few primaries leave it unknown: JSON has no infinity."""
    return error if math.isfinite(error) else None


@contextmanager
def _threads(workers: int) -> "Iterator[ThreadPoolExecutor | None]":
    """Give threads, or None for one worker; when the block is left early, what waits is not begun."""
    if workers == 1:
        yield None
        return
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def rate(options: argparse.Namespace) -> int:
    """Print the expected events at one point."""
    if options.precision is not None and options.samples is not None:
        raise PhysicsError("give --precision or --samples, not both")
    precision = fraction("--precision", options.precision)
    n_samples = None if options.samples is None else whole_number("--samples", options.samples)
    seed, workers = chosen_seed(options), chosen_workers(options)
    experiment, portal, coupling = chosen_point(options)
    with _threads(workers) as executor:
        sample = experiment.simulate(
            portal, precision, n_samples, at=coupling, seed=seed, executor=executor, progress=True
        )
    found = sample.estimate(coupling)
    if options.json:
        row = {
            "experiment": experiment.card.name,
            **portal.masses,
            "coupling": coupling,
            "expected_events": found.value,
            **known_errors(found),
            "n_samples": sample.n_samples,
            "efficiency": sample.efficiency(coupling),
            "largest_row": sample.largest_row(coupling),
            "precision_of": "N",
            "seconds": sample.seconds,
            "cpu_seconds": sample.cpu_seconds,
            "seed": seed,
            "version": __version__,
            "remarks": experiment.remarks(sample, coupling),
        }
        if options.cutflow:
            flow = sample.cutflow(coupling)
            row["cutflow"] = {name: [part.value, _finite(part.error)] for name, part in flow.items()}
        print(json.dumps(row, allow_nan=False))
        return 0
    print(
        f"{experiment.card.name}: m' = {portal.m_dark_photon:g} GeV, m_a = {portal.m_axion:g} GeV, "
        f"G = {coupling:g} GeV^-1"
    )
    print(f"expected events  {with_error(found.value, found.error)} (Monte Carlo{_parts(found)})")
    print(
        f"primaries        {sample.n_samples} (efficiency {sample.efficiency(coupling):.3f}, "
        f"largest row {sample.largest_row(coupling):.2%})"
    )
    print(f"excluded         {experiment.topology.criterion.words}")
    for remark in experiment.remarks(sample, coupling):
        print(f"remark           {remark}")
    if options.cutflow:
        for name, part in sample.cutflow(coupling).items():
            print(f"  {name:26s} {with_error(part.value, part.error)}")
    return 0


def _parts(found: Any) -> str:
    """Return the errors of draws and list in words, where there is a list."""
    if found.list_error == 0.0 or not math.isfinite(found.error):
        return ""
    return f": {found.draw_error:.2g} from the draws, {found.list_error:.2g} from the size of the lists"
