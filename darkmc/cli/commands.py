"""What the commands of the command line do; imported only after the command line has been parsed."""

import argparse
import json
import math
import os
import tomllib
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from darkmc import __version__
from darkmc.cards.load import find_card, list_cards, load_card, toml
from darkmc.cards.run import RunCard
from darkmc.core.errors import DarkmcWarning, PhysicsError, nearest
from darkmc.core.process import tell
from darkmc.core.units import (
    checked_seed,
    checked_workers,
    parse_axion_mass,
    parse_energy,
    parse_energy_grid,
    parse_number,
    require_positive,
)

_LARGEST_COUNT = 1e15  # beyond it not every whole number is a float
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


def overrides(items: list[str]) -> dict[str, Any]:
    """Return KEY=VALUE items as a mapping; values are TOML where they can be, else text."""
    out: dict[str, Any] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise PhysicsError(f"--set {item}: write KEY=VALUE")
        try:
            read = toml(f"x = {value}")
        except tomllib.TOMLDecodeError:
            read = {"x": value}
        except ValueError as error:  # TOML, but more than Python can read
            raise PhysicsError(f"--set {key}: {error}") from None
        out[key.strip()] = read["x"] if len(read) == 1 else value
    return out


def whole_number(name: str, text: str) -> int:
    """Return a whole number of at least 1 from text such as 10000 or 1e4."""
    value = parse_number(name, text)
    if not (1.0 <= value <= _LARGEST_COUNT and value == int(value)):
        raise PhysicsError(f"{name} must be a whole number from 1 to {_LARGEST_COUNT:g}, not {text}")
    return int(value)


def fraction(name: str, text: str | None) -> float | None:
    """Return a number between 0 and 1, or None."""
    if text is None:
        return None
    value = parse_number(name, text)
    if not 0.0 < value < 1.0:
        raise PhysicsError(f"{name} must lie between 0 and 1, not {text}")
    return value


def _finite(error: float) -> float | None:
    """Return an error, or None where too few primaries leave it unknown: JSON has no infinity."""
    return error if math.isfinite(error) else None


def _seed(options: argparse.Namespace) -> int:
    return checked_seed("--seed", options.seed)


def _workers(options: argparse.Namespace) -> int:
    return checked_workers("--workers", options.workers)


@contextmanager
def _threads(workers: int) -> Iterator[ThreadPoolExecutor | None]:
    """Give threads, or None for one worker; when the block is left early, what waits is not begun."""
    if workers == 1:
        yield None
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _report(output: str, text: str) -> None:
    """Say what was written where; not into it."""
    from darkmc.output.files import descriptor

    if descriptor(output) == 1:
        tell(text)
    else:
        print(text)


def _cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _point(options: argparse.Namespace) -> tuple[Any, Any, float]:
    """Return experiment, portal and coupling; raise if no channel is open."""
    from darkmc.experiments.experiment import Experiment
    from darkmc.experiments.lepton_moments import is_moment
    from darkmc.portals.dark_axion.facade import DarkAxionPortal

    if is_moment(options.experiment):
        raise PhysicsError(f"{options.experiment} has no events: use limit, or gminus2 for the moment")
    m_dark_photon = require_positive("--m-dark-photon", parse_energy(options.m_dark_photon))
    m_axion = parse_axion_mass(options.m_axion, m_dark_photon)
    coupling = require_positive("--coupling", parse_number("--coupling", options.coupling))
    portal = DarkAxionPortal(m_dark_photon, m_axion)
    experiment = Experiment(options.experiment, options.preset, overrides(options.overrides))
    closed = experiment.closed(portal)
    if closed is not None:
        raise PhysicsError(closed)
    return experiment, portal, coupling


def _list(options: argparse.Namespace) -> int:
    if options.kind == "gminus2":
        from darkmc.experiments.lepton_moments import list_moments

        print("\n".join(list_moments()))
        return 0
    print("\n".join(list_cards(_KINDS[options.kind])))  # type: ignore[arg-type]
    return 0


def _show(options: argparse.Namespace) -> int:
    from darkmc.experiments.lepton_moments import find_experiment

    if options.kind == "experiments":
        path = find_experiment(options.name)
    else:
        path = find_card(_KINDS[options.kind], options.name)  # type: ignore[arg-type]
    print(f"# {path}\n{path.read_text(encoding='utf-8')}", end="")
    return 0


def _rate(options: argparse.Namespace) -> int:
    from darkmc.core.estimates import known_errors, with_error

    if options.precision is not None and options.samples is not None:
        raise PhysicsError("give --precision or --samples, not both")
    precision = fraction("--precision", options.precision)
    n_samples = None if options.samples is None else whole_number("--samples", options.samples)
    seed, workers = _seed(options), _workers(options)
    experiment, portal, coupling = _point(options)
    with _threads(workers) as executor:
        sample = experiment.simulate(
            portal, precision, n_samples, at=coupling, seed=seed, executor=executor, progress=True
        )
    found = sample.estimate(coupling)
    if options.json:
        row = {
            "experiment": experiment.card.name,
            "m_dark_photon": portal.m_dark_photon,
            "m_axion": portal.m_axion,
            "coupling": coupling,
            "expected_events": found.value,
            **known_errors(found),
            "n_samples": sample.n_samples,
            "efficiency": sample.efficiency(coupling),
            "largest_row": sample.largest_row(coupling),
            "seconds": sample.seconds,
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
    from darkmc.core.estimates import with_error
    from darkmc.experiments.inputs import input_files
    from darkmc.output.files import check_target, replacing
    from darkmc.output.root import write_root

    events, seed = whole_number("--events", options.events), _seed(options)
    check_target(options.output, options.force)
    if Path(options.output).suffix != ".root":
        raise PhysicsError(f"{options.output}: the name of an event file ends in .root")
    experiment, portal, coupling = _point(options)
    check_target(options.output, options.force, input_files(experiment))
    stream = experiment.generate(portal, coupling, events, options.unweighted, seed, progress=True)
    with replacing(options.output, options.force) as path:
        write_root(path, stream)
    print(
        f"{options.output}: {events} events from {stream.n_tried} primaries "
        f"(efficiency {stream.efficiency:.3f}), "
        f"expected events, the sum of weights: {with_error(stream.sum_of_weights, stream.error)}"
    )
    if options.unweighted:
        print(f"{stream.n_above_bound} events exceed the bound and keep more than the common weight")
    return 0


def _alternatives(request: Any, names: str | None) -> tuple[str, ...]:
    """Return the names of the flux card's alternatives that `--vary` asks for."""
    from darkmc.experiments.experiment import Experiment

    if names is None:
        return ()
    experiment = request.load()
    if not isinstance(experiment, Experiment):
        raise PhysicsError(f"--vary: {experiment.name} has no flux card whose alternatives could vary")
    source = experiment.source
    known = list(source.alternatives)
    wanted = known if names == "all" else [name.strip() for name in names.split(",")]
    if not wanted:
        raise PhysicsError(f"--vary: {source.loaded.path} names no alternatives")
    for name in wanted:
        if name not in known:
            raise PhysicsError(f"--vary: no alternative '{name}'{nearest(name, known)}")
    return tuple(wanted)


def _limit(options: argparse.Namespace) -> int:
    from darkmc.experiments.inputs import input_files
    from darkmc.experiments.lepton_moments import is_moment
    from darkmc.output.files import check_target, replacing
    from darkmc.output.limits import LIMIT_COLUMNS, json_rows, write_limits
    from darkmc.scan.grid import ScanRequest, scan

    if is_moment(options.experiment) and options.method != "bracket":
        raise PhysicsError(f"--method {options.method}: {options.experiment} is solved in closed form")
    masses = parse_energy_grid(options.m_dark_photon)
    precision, seed, workers = fraction("--precision", options.precision), _seed(options), _workers(options)
    if options.output is not None:
        check_target(options.output, options.force)
    elif not options.json:
        raise PhysicsError("say where the limit goes: -o FILE.csv or --json")
    request = ScanRequest(
        experiment=options.experiment,
        preset=options.preset,
        overrides=overrides(options.overrides),
        masses=tuple((float(m), parse_axion_mass(options.m_axion, float(m))) for m in masses),
        precision=precision or 0.01,
        method=options.method,
        seed=seed,
    )
    request = replace(request, vary=_alternatives(request, options.vary))
    if options.output is not None:
        check_target(options.output, options.force, input_files(request.load()))
    points = []
    for point in scan(request, workers, progress=True):
        points.append(point)
        if options.json:
            print("\n".join(json.dumps(row) for row in json_rows(point)), flush=True)
    if all(point.closed for point in points):
        raise PhysicsError(f"every point is closed: {points[0].exclusion.reason}")
    if options.output is not None:
        with replacing(options.output, options.force) as path:
            write_limits(path, request, points)
        if not options.json:
            excluded = sum(bool(point.exclusion.intervals) for point in points)
            _report(
                options.output,
                f"{options.output}: {len(points)} masses, {excluded} with an excluded coupling; "
                f"columns {', '.join(LIMIT_COLUMNS)}",
            )
    return 0


def _run(options: argparse.Namespace) -> int:
    from darkmc.runs.execute import execute

    workers = _workers(options) if options.workers is not None else _cores()
    for path in execute(options.run, options.output, options.preset, workers):
        print(path)
    return 0


def _figure(options: argparse.Namespace) -> int:
    from darkmc.figures.limits import draw_limits
    from darkmc.figures.of_runs import draw_run
    from darkmc.figures.overlays import read_overlay, split_label
    from darkmc.figures.style import picture
    from darkmc.output.files import replacing

    inputs = [options.name, *(split_label(text)[0] for text in options.overlay)]
    target = picture(options.output, options.force, inputs)
    overlays = [read_overlay(text) for text in options.overlay]
    if options.name.endswith(".csv"):
        if options.folder is not None:
            raise PhysicsError("give a run with --from, or one limit table, not both")
        with replacing(target, options.force) as path:
            draw_limits([Path(options.name)], [path], Path(options.name).stem, overlays)
    else:
        card: RunCard = load_card("runs", options.name).card
        folder = Path(options.folder or card.name)
        picture(target, options.force, folder.glob("*.csv"))
        with replacing(target, options.force) as path:
            draw_run(card, folder, [path], overlays)
    print(target)
    return 0


def _plot(options: argparse.Namespace) -> int:
    from darkmc.figures.samples import draw_sample
    from darkmc.figures.style import picture
    from darkmc.output.files import replacing

    target = picture(options.output, options.force, [options.sample])
    with replacing(target, options.force) as path:
        draw_sample(options.sample, [path])
    print(target)
    return 0


def _decay_length(options: argparse.Namespace) -> int:
    from darkmc.experiments.experiment import Experiment
    from darkmc.figures.decay_length import characteristic_energies, decay_curves, draw_decay_lengths
    from darkmc.figures.style import picture
    from darkmc.output.files import replacing

    target = picture(options.output, options.force)
    coupling = require_positive("--coupling", parse_number("--coupling", options.coupling))
    masses = [float(m) for m in sorted(parse_energy_grid(options.m_dark_photon))]
    pairs = [(m, parse_axion_mass(options.m_axion, m)) for m in masses]
    experiment = Experiment(options.experiment, options.preset, overrides(options.overrides))
    energies = characteristic_energies(experiment.card)
    if options.energies is not None:
        energies = [float(e) for e in parse_energy_grid(options.energies)]
    curves = decay_curves(experiment, pairs, coupling, energies)
    with replacing(target, options.force) as path:
        draw_decay_lengths([curves], pairs, coupling, [path])
    print(target)
    return 0


def _gminus2(options: argparse.Namespace) -> int:
    from darkmc.cli import gminus2 as cli_gminus2

    return cli_gminus2.run(options)


def _new_experiment(options: argparse.Namespace) -> int:
    from darkmc.cards.load import new_card
    from darkmc.output.files import check_target, replacing

    text = new_card(options.name)
    path = check_target(options.output or f"{options.name}.toml", options.force)
    with replacing(path, options.force) as temporary:
        temporary.write_text(text, encoding="utf-8")
    _report(
        str(path), f"{path}: edit it, then darkmc limit {path} --m-dark-photon 5MeV:100MeV:12 -o limit.csv"
    )
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "show": _show,
    "rate": _rate,
    "generate": _generate,
    "limit": _limit,
    "gminus2": _gminus2,
    "run": _run,
    "new-experiment": _new_experiment,
    "figure": _figure,
    "plot": _plot,
    "decay-length": _decay_length,
}
