"""Measuring a case, and saying in words what differs from what is held."""

import hashlib
import json
import math
import os
import platform
import warnings
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import darkmc
from golden.cases import SEED, Case

FILE = Path(__file__).with_name("golden.json")
HISTORY = Path(__file__).with_name("formulas.csv")  # number of the formulas, hash of the golden numbers
YIELDS, STREAMS = "yields", "chunk 0"  # parts of a case
TOLERANCE = 0.25  # of the quoted error, where bits are not compared
Held = dict[str, Any]


def environment() -> dict[str, str]:
    """Return what decides on the last bits: versions, libc, CPU features in use and kernels of BLAS."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]
    packages = {name: version(name) for name in ("numpy", "scipy", "vegas", "particle")}
    return {
        "python": platform.python_version(),
        **packages,
        "machine": f"{platform.machine()} {' '.join(platform.libc_ver())}".strip(),
        "cpu": " ".join([*found.get("baseline", ()), *found.get("found", ())]),
        "blas": os.environ.get("OPENBLAS_CORETYPE", "as the CPU says"),
    }


def arrays_of_chunk_0(plan: Any, rows: int) -> Iterator[tuple[str, Any]]:
    """Yield names and arrays of a channel's first chunk; only here it is known what a channel looks like."""
    without, (with_events, events) = plan.run(SEED, 0, rows), plan.run_events(SEED, 0, rows)
    for title, made in (("rows", without), ("rows with events", with_events), ("flight", events.flight)):
        for name, value in vars(made).items() if made is not None else ():
            yield f"{title} {name}", value
    for title, group in (("momentum", events.momenta), ("vertex", events.vertices)):
        for name, value in group.items():
            yield f"{title} {name}", value


def digest(value: Any) -> str:
    """Return a short hash of an array's type, shape and bits."""
    array = np.ascontiguousarray(value)
    head = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()[:8]


def chunk_0(plan: Any, rows: int) -> dict[str, str]:
    """Return hashes by name; empty arrays, which say nothing, are left out.

    Rows made with and without events are the same, so they are held once.
    """
    made = {name: digest(value) for name, value in arrays_of_chunk_0(plan, rows) if np.size(value)}
    for name in [name for name in made if name.startswith("rows with events ")]:
        again = made.pop(name)
        plain = name.replace(" with events", "")
        if made.get(plain) != again:
            made[name] = again
    return made


def known(number: float) -> float | None:
    """Return a number, or None where it is unknown or does not exist."""
    return float(number) if math.isfinite(number) else None


def pair(value: float, error: float) -> list[float | None]:
    """Return a number and its error as they are held."""
    return [known(value), known(error)]


def measure(case: Case, folder: Path, n_channels: int = 0) -> Held:
    """Return what is held of a case: yields and edges, or the hash of every array of every channel's chunk 0.

    The number of channels, where known, saves time.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        experiment = case.build(folder)
        closed = experiment.closed(case.portal)
        if closed is not None:
            raise ValueError(f"the case '{case.name}' holds nothing: {closed}")
        if not case.streams:
            return {YIELDS: _yields(case, experiment, n_channels)}
        plans = experiment.plans(case.portal, at=case.couplings[1:2], vary=case.vary)
        return {STREAMS: {plan.name: chunk_0(plan, case.rows) for plan in plans}}


def _yields(case: Case, experiment: darkmc.Experiment, n_channels: int) -> Held:
    """Return N at the couplings, in all and by channel, and the edges of the limit."""
    count = n_channels or len(experiment.plans(case.portal))
    sample = experiment.simulate(case.portal, n_samples=count * case.rows, seed=SEED)
    exclusion, couplings = experiment.limit(sample), np.array(case.couplings)
    parts = {f"N of {name}": part for name, part in sample.channels(couplings).items()}
    numbers = {"N": sample.expected_events(couplings), **parts}
    held: Held = {
        name: [pair(*both) for both in zip(*number, strict=True)] for name, number in numbers.items()
    }
    held["edges"] = [
        pair(*edge)
        for interval in exclusion.intervals
        for edge in ((interval.lower, interval.lower_error), (interval.upper, interval.upper_error))
    ]
    return held


def differences(held: Held, found: Held, exact: bool) -> list[str]:
    """Return in words what changed; where not exact, numbers may move by part of their error."""
    out = []
    if YIELDS in held:
        out += _by_name("", held[YIELDS], found[YIELDS], lambda *both: _numbers(*both, exact))
    if exact and STREAMS in held:
        out += _by_name("chunk 0 of ", held[STREAMS], found[STREAMS], _arrays)
    return out


def _by_name(kind: str, held: Mapping[str, Any], found: Mapping[str, Any], compare: Any) -> list[str]:
    """Return what is on one side only, and what compare says of each name that is on both."""
    out = [f"{kind}{name}: gone" for name in held if name not in found]
    out += [f"{kind}{name}: new" for name in found if name not in held]
    both = [name for name in held if name in found]
    return out + [f"{kind}{name}: {text}" for name in both for text in compare(held[name], found[name])]


def _arrays(held: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    return _by_name("", held, found, lambda old, new: [] if old == new else ["other bits"])


def _numbers(held: list[Any], found: list[Any], exact: bool) -> list[str]:
    """Return what differs between lists of numbers with errors."""
    if len(held) != len(found):
        return [f"{len(held)} numbers became {len(found)}"]
    pairs = enumerate(zip(held, found, strict=True))
    return [
        f"[{k}] {_told(old)} became {_told(new)}" for k, (old, new) in pairs if not _same(old, new, exact)
    ]


def _same(held: list[float | None], found: list[float | None], exact: bool) -> bool:
    """Return whether two numbers with errors agree; where an error is unknown, by part of the number."""
    (old, error), new = held, found[0]
    if exact or old is None or new is None:
        return held == found if exact else old is new
    allowed = abs(old) if error is None else error
    return abs(old - new) <= TOLERANCE * allowed + 1e-9 * abs(old)


def _told(number: list[float | None]) -> str:
    value, error = ("unknown" if part is None else f"{part!r}" for part in number)
    return f"{value} +- {error}"


def read() -> Held:
    """Return the whole file."""
    made: Held = json.loads(FILE.read_text(encoding="utf-8"))
    return made


def write(cases: Mapping[str, Held]) -> None:
    """Write the file, with a line for each channel and each number."""
    lines = []
    for name, held in cases.items():
        parts = []
        for part, content in held.items():
            inner = [f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
            parts.append(f"   {json.dumps(part)}: {{\n" + ",\n".join(inner) + "\n   }")
        lines.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(parts) + "\n  }")
    head = f'{{\n "made with": {json.dumps(environment())},\n "cases": {{\n'
    FILE.write_text(head + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")


def compared_bitwise(held: Held) -> bool:
    """Return whether this environment is the one in which the file was made."""
    return bool(held["made with"] == environment())


def hash_of_cases(held: Held) -> str:
    """Return a hash of all numbers, whatever they were made with."""
    return hashlib.sha256(json.dumps(held["cases"], sort_keys=True).encode()).hexdigest()[:16]


def formulas() -> list[tuple[int, str]]:
    """Return the numbers that the formulas have had, with the hash of the golden numbers under each."""
    lines = HISTORY.read_text(encoding="utf-8").splitlines()[1:]
    return [(int(number), found) for number, _, found in (line.partition(",") for line in lines)]


def note(number: int, found: str) -> None:
    """Add a number to the history of the formulas."""
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(f"{number},{found}\n")
