"""What the commands of the command line do; imported only after the command line has been parsed."""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from darkmc.cards.found import find_card, list_cards
from darkmc.core.errors import DarkmcWarning
from darkmc.core.process import tell
from darkmc.core.saying import QUIET, USUAL, VERBOSE, say, saying

STDOUT = "/dev/stdout"
_KINDS = {"experiments": "detectors", "fluxes": "fluxes", "runs": "runs", "figures": "runs"}


def run(options: argparse.Namespace) -> int:
    """Do what the parsed command line asks for and return the exit code."""
    level = QUIET if options.quiet else VERBOSE if options.verbose else USUAL
    if getattr(options, "output", None) == "-":
        options.output = STDOUT
    with saying(level), _one_line_warnings(level):
        start = time.process_time()
        code = COMMANDS[options.command](options)
        say(f"{options.command} took {time.process_time() - start:.2f} s of CPU in this process")
        return code


@contextmanager
def _one_line_warnings(level: int) -> Iterator[None]:
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
        if text not in shown and level != QUIET:
            shown.add(text)
            tell(text)

    with warnings.catch_warnings():
        warnings.simplefilter("always", DarkmcWarning)
        warnings.showwarning = show
        yield


def _list(options: argparse.Namespace) -> int:
    if options.kind == "gminus2":
        from darkmc.experiments.moment_names import list_moments, moment_words

        _print_described(list_moments(), moment_words)
        return 0
    if options.kind == "bounds":
        from darkmc.figures.overlays import find_bounds

        print("\n".join(find_bounds()))
        return 0
    if options.kind == "fluxes":
        from darkmc.cards.described import flux_words

        _print_described(list_cards("fluxes"), flux_words)
        return 0
    print("\n".join(list_cards(_KINDS[options.kind])))  # type: ignore[arg-type]
    return 0


def _print_described(names: Sequence[str], words: Callable[[str], str]) -> None:
    """Print names, and beside each what it is."""
    width = max(map(len, names), default=0)
    print("\n".join(f"{name:{width}s}  {words(name)}" for name in names))


def _show(options: argparse.Namespace) -> int:
    from darkmc.experiments.moment_names import find_experiment

    if options.kind == "experiments":
        path = find_experiment(options.name)
    else:
        path = find_card(_KINDS[options.kind], options.name)  # type: ignore[arg-type]
    print(f"# {path}\n{path.read_text(encoding='utf-8')}", end="")
    return 0


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
    table = f"{path.stem}.csv"
    report(str(path), f"{path}: edit it, then darkmc limit {path} --m-dark-photon 5MeV:100MeV:12 -o {table}")
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
    "rate": _elsewhere("rate", "rate"),
    "explain": _elsewhere("rate", "explain"),
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
    "report": _elsewhere("pictures", "report"),
    "plot": _elsewhere("pictures", "plot"),
    "completion": _elsewhere("completion", "completion"),
    "decay-length": _elsewhere("pictures", "decay_length"),
}
