"""What `darkmc rate` and `darkmc explain` do."""

import argparse
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from darkmc import __version__
from darkmc.cli.arguments import (
    chosen_couplings,
    chosen_place,
    chosen_seed,
    chosen_workers,
    fraction,
    mass_hint,
    whole_number,
)
from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import known_errors
from darkmc.core.words import alike, merged, text_table, with_error

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_EMPTY = 1e-6  # events: below it a result is taken to be empty, and what may be wrong is said


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
    """Print the expected events at one or several couplings."""
    couplings = chosen_couplings(options)
    experiment, sample = _sample(options, couplings)
    rows = [_row(experiment, sample, coupling, options) for coupling in couplings]
    if options.json:
        print("\n".join(json.dumps(row, allow_nan=False) for row in rows))
        return 0
    masses = f"m' = {sample.portal.m_dark_photon:g} GeV, m_a = {sample.portal.m_axion:g} GeV"
    if len(couplings) == 1:
        _print_one(experiment, sample, couplings[0], masses, options)
    else:
        _print_table(experiment, sample, couplings, masses, options)
    return 0


def explain(options: argparse.Namespace) -> int:
    """Print where the events at one coupling come from."""
    couplings = chosen_couplings(options)
    if len(couplings) > 1:
        raise PhysicsError(f"--coupling: one is explained at a time, not {len(couplings)}")
    _, sample = _sample(options, None, vary=True)
    told = sample.explain(couplings[0])
    if options.json:
        more = {"n_samples": sample.n_samples, "seed": sample.seed, "version": __version__}
        print(json.dumps(told.as_dict() | more, allow_nan=False))
        return 0
    print(told)
    for hint in _hints(options, sample, told.expected.value):
        print(f"remark            {hint}")
    return 0


def _sample(options: argparse.Namespace, at: tuple[float, ...] | None, vary: bool = False) -> tuple[Any, Any]:
    """Return the experiment and the sample that is asked for."""
    if options.precision is not None and options.samples is not None:
        raise PhysicsError("give --precision or --samples, not both")
    precision = fraction("--precision", options.precision)
    n_samples = None if options.samples is None else whole_number("--samples", options.samples)
    seed, workers = chosen_seed(options), chosen_workers(options)
    experiment, portal = chosen_place(options)
    with _threads(workers) as executor:
        sample = experiment.simulate(
            portal,
            precision,
            n_samples,
            at=at,
            seed=seed,
            executor=executor,
            progress=True,
            vary=vary,
        )
    return experiment, sample


def _row(experiment: Any, sample: Any, coupling: float, options: argparse.Namespace) -> dict[str, Any]:
    """Return what `--json` says of one coupling."""
    found = sample.estimate(coupling)
    row = {
        "experiment": experiment.card.name,
        **sample.portal.masses,
        "coupling": coupling,
        "expected_events": found.value,
        **known_errors(found),
        "n_samples": sample.n_samples,
        "efficiency": sample.efficiency(coupling),
        "largest_row": sample.largest_row(coupling),
        "precision_of": "N",
        "seconds": sample.seconds,
        "cpu_seconds": sample.cpu_seconds,
        "seed": sample.seed,
        "version": __version__,
        "remarks": experiment.remarks(sample, coupling),
    }
    if options.cutflow:
        flow = sample.cutflow(coupling)
        row["cutflow"] = {name: [part.value, _finite(part.error)] for name, part in flow.items()}
    return row


def _print_one(
    experiment: Any, sample: Any, coupling: float, masses: str, options: argparse.Namespace
) -> None:
    found = sample.estimate(coupling)
    print(f"{experiment.card.name}: {masses}, G = {coupling:g} GeV^-1")
    print(f"expected events  {with_error(found.value, found.error)} (Monte Carlo{_parts(found)})")
    print(
        f"primaries        {sample.n_samples} (efficiency {sample.efficiency(coupling):.3f}, "
        f"largest row {sample.largest_row(coupling):.2%})"
    )
    print(f"excluded         {experiment.topology.criterion.words}")
    for remark in [*experiment.remarks(sample, coupling), *_hints(options, sample, found.value)]:
        print(f"remark           {remark}")
    if options.cutflow:
        for name, part in sample.cutflow(coupling).items():
            print(f"  {name:26s} {with_error(part.value, part.error)}")


def _print_table(
    experiment: Any, sample: Any, couplings: tuple[float, ...], masses: str, options: argparse.Namespace
) -> None:
    print(f"{experiment.card.name}: {masses}; excluded: {experiment.topology.criterion.words}")
    head, rows, remarks = ["G (GeV^-1)", "expected events"], [], list[str]()
    if options.cutflow:
        head += sample.cutflow(couplings[0])
    for coupling in couplings:
        found = sample.estimate(coupling)
        row = [f"{coupling:.6g}", with_error(found.value, found.error)]
        if options.cutflow:
            row += [with_error(*part) for part in sample.cutflow(coupling).values()]
        rows.append(row)
        remarks += experiment.remarks(sample, coupling)
    print(text_table(head, rows))
    print(f"{sample.n_samples} primaries, seed {sample.seed}")
    most = max(float(sample.expected_events(coupling).value) for coupling in couplings)
    for remark in [*merged(remarks), *_hints(options, sample, most)]:
        print(f"remark: {remark}")


def _hints(options: argparse.Namespace, sample: Any, value: float) -> list[str]:
    """Return what may have been meant where nothing is expected."""
    if value > _EMPTY:
        return []
    return mass_hint(options, sample.portal.m_dark_photon)


def _parts(found: Any) -> str:
    """Return the errors of draws and list in words, where there is a list."""
    if found.list_error == 0.0 or not math.isfinite(found.error):
        return ""
    _, _, draws, lists = alike(found.value, found.error, found.draw_error, found.list_error)
    return f": {draws} from the draws, {lists} from the size of the lists"
