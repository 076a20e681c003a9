"""What the commands of the command line do; imported only after the command line has been parsed."""

import argparse
import json
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from darkmc import __version__
from darkmc.cards.found import find_card, list_cards
from darkmc.core.errors import DarkmcWarning, PhysicsError
from darkmc.core.process import tell

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_KINDS = {"experiments": "detectors", "fluxes": "fluxes", "runs": "runs", "figures": "runs"}


def run(options: argparse.Namespace) -> int:
    """Do what the parsed command line asks for and return the exit code."""
    with _one_line_warnings():
        return COMMANDS[options.command](options)


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Show each warning once, on one line: darkmc's own under its name, others under their place and kind.

    Which others are shown is for Python's filters: by default no deprecations within libraries.
    """
    shown: set[str] = set()

    def show(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **_kw: Any
    ) -> None:
        own = issubclass(category, DarkmcWarning)
        who = "darkmc: warning" if own else f"{filename}:{lineno}: {category.__name__}"
        text = f"{who}: {message}"
        if text not in shown:
            shown.add(text)
            tell(text)

    with warnings.catch_warnings():
        warnings.simplefilter("always", DarkmcWarning)
        warnings.showwarning = show
        yield


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


def _list(options: argparse.Namespace) -> int:
    if options.kind == "gminus2":
        from darkmc.experiments.moment_names import list_moments

        print("\n".join(list_moments()))
        return 0
    print("\n".join(list_cards(_KINDS[options.kind])))  # type: ignore[arg-type]
    return 0


def _show(options: argparse.Namespace) -> int:
    from darkmc.experiments.moment_names import find_experiment

    if options.kind == "experiments":
        path = find_experiment(options.name)
    else:
        path = find_card(_KINDS[options.kind], options.name)  # type: ignore[arg-type]
    print(f"# {path}\n{path.read_text(encoding='utf-8')}", end="")
    return 0


def _rate(options: argparse.Namespace) -> int:
    from darkmc.cli.arguments import chosen_point, chosen_seed, chosen_workers, fraction, whole_number
    from darkmc.core.estimates import known_errors
    from darkmc.core.words import with_error

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


def _generate(options: argparse.Namespace) -> int:
    from darkmc.cli.arguments import chosen_point, chosen_seed, report, whole_number
    from darkmc.core.words import with_error
    from darkmc.output.events import write_events, writer_of
    from darkmc.output.files import check_target

    events, seed = whole_number("--events", options.events), chosen_seed(options)
    check_target(options.output, options.force)
    writer_of(options.output, options.format)
    experiment, portal, coupling = chosen_point(options)
    check_target(options.output, options.force, experiment.files)
    stream = experiment.generate(portal, coupling, events, options.unweighted, seed, progress=True)
    write_events(options.output, stream, options.format, options.force)
    report(
        options.output,
        f"{options.output}: {events} events from {stream.n_tried} primaries "
        f"(efficiency {stream.efficiency:.3f}), "
        f"expected events, the sum of weights: {with_error(stream.sum_of_weights, stream.error)}",
    )
    if options.unweighted:
        above = f"{stream.n_above_bound} events exceed the bound and keep more than the common weight"
        report(options.output, f"{above}: {stream.share_above_bound:.2%} of the yield")
    return 0


def _convert(options: argparse.Namespace) -> int:
    from darkmc.cli.arguments import report
    from darkmc.output.events import read_events, write_events, writer_of
    from darkmc.output.files import check_target

    check_target(options.output, options.force, [options.input])
    writer_of(options.output, options.format)
    events = read_events(options.input)
    write_events(options.output, events, options.format, options.force)
    report(options.output, f"{options.output}: the events of {options.input}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from darkmc.cli.arguments import report
    from darkmc.output.exports import write_axionlimits, write_darkcast, write_hepdata
    from darkmc.output.pyhf_workspaces import write_pyhf

    writers = {
        "hepdata": write_hepdata,
        "pyhf": write_pyhf,
        "axionlimits": write_axionlimits,
        "darkcast": write_darkcast,
    }
    kind, target = next((kind, path) for kind in writers if (path := getattr(options, kind)) is not None)
    writers[kind](options.table, target, options.force)
    report(target, f"{target}: the limits of {options.table}")
    return 0


def _run(options: argparse.Namespace) -> int:
    from darkmc.cli.arguments import chosen_workers, cores, fraction
    from darkmc.runs.execute import execute
    from darkmc.runs.run import Settings

    workers = chosen_workers(options) if options.workers is not None else cores()
    precision = fraction("--precision", options.precision)
    settings = Settings(options.preset, workers, options.fresh, options.dask, precision, options.style)
    for path in execute(options.run, options.output, settings):
        print(path)
    return 0


def _new_experiment(options: argparse.Namespace) -> int:
    from darkmc.cards.load import new_card
    from darkmc.cli.arguments import report
    from darkmc.output.files import check_target, replacing

    text = new_card(options.name)
    path = check_target(options.output or f"{options.name}.toml", options.force)
    with replacing(path, options.force) as temporary:
        temporary.write_text(text, encoding="utf-8")
    report(
        str(path), f"{path}: edit it, then darkmc limit {path} --m-dark-photon 5MeV:100MeV:12 -o limit.csv"
    )
    return 0


def _elsewhere(module: str, name: str) -> Callable[[argparse.Namespace], int]:
    """Return a command of another module of this folder, which is loaded when it is called."""

    def command(options: argparse.Namespace) -> int:
        code: int = getattr(import_module(f"darkmc.cli.{module}"), name)(options)
        return code

    return command


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "show": _show,
    "rate": _rate,
    "generate": _generate,
    "convert": _convert,
    "limit": _elsewhere("limit", "limit"),
    "combine": _elsewhere("limit", "combine"),
    "export": _export,
    "gminus2": _elsewhere("gminus2", "run"),
    "run": _run,
    "new-experiment": _new_experiment,
    "cite": _elsewhere("cite", "cite"),
    "figure": _elsewhere("pictures", "figure"),
    "plot": _elsewhere("pictures", "plot"),
    "decay-length": _elsewhere("pictures", "decay_length"),
}
