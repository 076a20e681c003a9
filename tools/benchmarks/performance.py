"""What computing costs, in CPU seconds on one core: the numbers of docs/performance.md.

    python tools/benchmarks/performance.py                   measure all, write docs/data/performance-*.csv
    python tools/benchmarks/performance.py events start      measure these only
    python tools/benchmarks/performance.py --repeats 1       not seven times each; scans a third as often

Then `python tools/tables.py` rewrites the tables of the page.
"""

import argparse
import csv
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parents[2] / "docs" / "data"
Rows = list[list[str]]


class Before(NamedTuple):
    """What was measured before, and what is aimed at, in CPU seconds."""

    before: float
    aim: float


# 24 masses, at 1%: of N before, of G now
SCANS = {
    "miniboone-offtarget": ("3MeV:300MeV:24", Before(159.0, 15.0)),
    "charm-decay": ("3MeV:100MeV:24", Before(70.0, 8.0)),
    "lsnd": ("1MeV:100MeV:24", Before(55.0, 6.0)),
    "charm-finegrained": ("3MeV:100MeV:24", Before(25.0, 3.0)),
    "babar-highcut": ("10MeV:9GeV:24", Before(12.5, 3.0)),
}
POINTS = {  # mass in GeV and coupling
    "charm-finegrained": (0.03, 6e-5),
    "charm-decay": (0.03, 6e-5),
    "lsnd": (0.02, 3e-5),
    "miniboone-offtarget": (0.02, 3e-5),
    "babar-highcut": (0.1, 1e-3),
    "ship": (0.05, 1e-4),
}
EVENTS = {"charm-finegrained": (47e3, 1.0e3), "babar-highcut": (77e3, 3.6e3), "lsnd": (30e3, 180.0)}  # per s


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def median(repeats: int, work: Callable[[int], object]) -> float:
    """Return the median CPU seconds of calls with a number that counts from 1."""
    return statistics.median(cpu(lambda k=k: work(k)) for k in range(1, repeats + 1))


def of_process(repeats: int, code: str) -> float:
    """Return the median CPU seconds of processes that run Python code."""
    found = []
    for _ in range(repeats + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(found[1:])  # the first may write bytecode


def text(value: float) -> str:
    """Return a number with two or three digits."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def start(repeats: int) -> Rows:
    """Return what processes take until they end, beside importing NumPy."""
    command = "from darkmc.cli import main; main({!r})"
    point = ["charm-finegrained", "--m-dark-photon", "30MeV", "--coupling", "6e-5"]
    first = "darkmc.DarkAxionPortal(0.03), n_samples=12, at=6e-5"
    cases = {
        "importing NumPy": ("import numpy", "", ""),
        "darkmc list experiments": (command.format(["list", "experiments"]), "0.37", "0.2"),
        "darkmc show experiments lsnd": (command.format(["show", "experiments", "lsnd"]), "0.38", "0.2"),
        "first row": (
            f"import darkmc; darkmc.Experiment('charm-finegrained').simulate({first})",
            "0.80",
            "0.45",
        ),
        "darkmc rate, 1%": (command.format(["rate", *point]), "0.85", "0.6"),
    }
    rows = [["process", "CPU s", "before", "aim"]]
    return rows + [[name, text(of_process(repeats, c)), was, aim] for name, (c, was, aim) in cases.items()]


def precision(repeats: int) -> Rows:
    """Return what a yield costs at 1%, 0.3% and 0.1%."""
    import darkmc

    rows = [["experiment", "m' (GeV)", "G (1/GeV)", *(f"{p:g}%: CPU s, primaries" for p in (1, 0.3, 0.1))]]
    for name in ("charm-finegrained", "lsnd", "miniboone-offtarget", "babar-highcut"):
        mass, coupling = POINTS[name]
        experiment, portal = darkmc.Experiment(name), darkmc.DarkAxionPortal(mass)
        experiment.simulate(portal, n_samples=100, at=coupling)
        row = [name, f"{mass:g}", f"{coupling:g}"]
        for wanted in (0.01, 0.003, 0.001):
            made = []
            run = partial(experiment.simulate, portal, wanted, at=coupling)
            count = repeats if wanted > 0.005 else max(repeats // 3, 1)
            seconds = median(count, lambda k, run=run, made=made: made.append(run(seed=k)))
            row.append(f"{text(seconds)}, {statistics.median(s.n_samples for s in made):.3g}")
        rows.append(row)
    return rows


def masses(repeats: int) -> Rows:
    """Return what limits at 24 masses cost, at 1%."""
    import darkmc
    from darkmc.core.units import parse_energy_grid

    rows = [["experiment", "masses", "CPU s", "before", "times less", "aim"]]
    for name, (grid, known) in SCANS.items():
        experiment = darkmc.Experiment(name)

        def scan(seed: int, experiment: darkmc.Experiment = experiment, grid: str = grid) -> None:
            for mass in parse_energy_grid(grid):
                experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(float(mass)), 0.01, seed=seed))

        seconds = median(max(repeats // 3, 1), scan)
        ratio = known.before / seconds
        rows.append([name, grid, text(seconds), f"{known.before:g}", f"{ratio:.1f}", f"{known.aim:g}"])
    return rows


def limits(repeats: int) -> Rows:
    """Return what single limits cost, both edges at 1%, with the sampling alone."""
    import darkmc

    rows = [["experiment", "m' (GeV)", "CPU s", "of it sampling and stopping", "aim of sampling"]]
    aims = {"charm-finegrained": "0.040", "lsnd": "0.090", "miniboone-offtarget": "0.090", "ship": "2"}
    for name, aim in aims.items():
        mass = POINTS[name][0]
        experiment, portal = darkmc.Experiment(name), darkmc.DarkAxionPortal(mass)
        sample = experiment.simulate(portal, 0.01)
        count = repeats if name != "ship" else 1
        sampling = median(count, lambda k, e=experiment, p=portal: e.simulate(p, 0.01, seed=k))
        solving = median(count, lambda _, e=experiment, s=sample: e.limit(s))
        rows.append([name, f"{mass:g}", text(sampling + solving), text(sampling), aim])
    return rows


def events(repeats: int) -> Rows:
    """Return what 10 000 events cost, set-up of the stream included."""
    import darkmc

    rows = [["experiment", "weighted: CPU s", "unweighted: CPU s", "ratio", "efficiency", "ratio before"]]
    for name, (mass, coupling) in POINTS.items():
        experiment, portal = darkmc.Experiment(name), darkmc.DarkAxionPortal(mass)
        experiment.simulate(portal, n_samples=100)
        seconds, efficiency = {}, 0.0
        for unweighted in (False, True):
            streams = []

            def make(
                seed: int,
                e: darkmc.Experiment = experiment,
                p: darkmc.DarkAxionPortal = portal,
                g: float = coupling,
                u: bool = unweighted,
                made: list = streams,
            ) -> None:
                made.append(e.generate(p, g, 10_000, u, seed))
                for _ in made[-1]:
                    pass

            seconds[unweighted] = median(repeats, make)
            efficiency = streams[0].efficiency
        before = f"{EVENTS[name][0] / EVENTS[name][1]:.0f}" if name in EVENTS else ""
        ratio = seconds[True] / seconds[False]
        rows.append(
            [name, text(seconds[False]), text(seconds[True]), f"{ratio:.1f}", f"{efficiency:.3f}", before]
        )
    return rows


def workers(repeats: int) -> Rows:
    """Return wall and CPU seconds of a scan by one and two processes."""
    rows = [["workers", "wall s", "CPU s"]]
    command = [
        sys.executable,
        "-m",
        "darkmc",
        "limit",
        "charm-finegrained",
        "--m-dark-photon",
        "3MeV:100MeV:24",
    ]
    for number in (1, 2):
        walls, used = [], []
        for _ in range(max(repeats // 3, 1)):
            with tempfile.TemporaryDirectory() as folder:
                before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
                target = ["--workers", str(number), "-o", f"{folder}/limit.csv"]
                subprocess.run([*command, *target], check=True, stdout=subprocess.DEVNULL)
                walls.append(time.perf_counter() - begun)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        rows.append([str(number), text(statistics.median(walls)), text(statistics.median(used))])
    return rows


def lists(repeats: int) -> Rows:
    """Return what a list of a million weighted entries costs: reading, a mass, memory."""
    rows = [["file", "reading: CPU s", "a mass at 1%: CPU s", "MB beyond the interpreter"]]
    with tempfile.TemporaryDirectory() as folder:
        cards = dict(_list_cards(Path(folder)))
        for kind, card in cards.items():
            found = [
                subprocess.run(
                    [sys.executable, "-c", _LIST_RUN, str(card)], check=True, capture_output=True, text=True
                ).stdout.split()
                for _ in range(max(repeats // 3, 1))
            ]
            columns = zip(*(map(float, line) for line in found), strict=True)
            rows.append([kind, *(text(statistics.median(column)) for column in columns)])
    return rows


_LIST_RUN = """
import sys, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
import awkward, pyarrow.parquet, uproot
import darkmc
darkmc.Experiment("charm-finegrained").simulate(darkmc.DarkAxionPortal(0.03), n_samples=1000)
def memory(): return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
before, start = memory(), time.process_time()
keys = {"source.flux": sys.argv[1], "source.mesons": ["pi0"]}
experiment = darkmc.Experiment("charm-finegrained", overrides=keys)
reading = time.process_time() - start
masses = []
for mass in (0.03, 0.02, 0.03):
    start = time.process_time()
    experiment.simulate(darkmc.DarkAxionPortal(mass), 0.01, at=6e-5)
    masses.append(time.process_time() - start)
print(reading, sorted(masses[1:])[-1], memory() - before)
"""
_ENTRIES = 1_000_000


def _list_cards(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield cards of the same weighted pi0 at CHARM in text, ROOT and Parquet."""
    import numpy as np
    import pyarrow
    import uproot
    from pyarrow import parquet

    import darkmc
    from darkmc.core.particles import mass

    momentum, theta, weight = darkmc.MesonSource("bmpt-cu-400").sample("pi0", _ENTRIES, 3)
    azimuth = (
        2.0 * np.pi * np.random.default_rng(1).random(_ENTRIES)
    )  # of a file that is read, no draw of ours
    columns = {
        "px": momentum * np.sin(theta) * np.cos(azimuth),
        "py": momentum * np.sin(theta) * np.sin(azimuth),
        "pz": momentum * np.cos(theta),
        "E": np.hypot(momentum, mass("pi0")),
        "weight": weight,
    }
    np.savetxt(folder / "pi0.txt", np.stack([*columns.values()], axis=1), fmt="%.9g")
    with uproot.recreate(folder / "pi0.root") as file:
        file["mesons"] = columns
    parquet.write_table(pyarrow.table(columns), folder / "pi0.parquet")
    for suffix, kind in (("txt", "text"), ("root", "ROOT"), ("parquet", "Parquet")):
        card = folder / f"{suffix}.toml"
        reference = 'key = "b"\ntitle = "a benchmark"\ngives = "mesons"\ngrade = "C"'
        card.write_text(
            f'schema = 1\nname = "{suffix}"\nparametrisation = "list"\n[[references]]\n{reference}\n'
            f'[beam]\nparticle = "proton"\nenergy_GeV = 400.0\n[list]\nfiles = {{ pi0 = "pi0.{suffix}" }}\n'
            f'momentum_unit = "GeV"\nmesons_per_pot = {{ pi0 = 4.45 }}\ncolumns = {{ weight = "weight" }}\n',
            encoding="utf-8",
        )
        yield kind, card


MEASURES = {
    "start": start,
    "precision": precision,
    "limits": limits,
    "masses": masses,
    "events": events,
    "workers": workers,
    "lists": lists,
}


def machine(repeats: int) -> str:
    """Return versions, machine and how often things were measured, for the heads of the tables."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pydantic"))
    cores, load = os.cpu_count(), os.getloadavg()[0]
    return (
        f"medians of {repeats} (scans {max(repeats // 3, 1)}); darkmc {version('darkmc')}, Python "
        f"{platform.python_version()}, {packages}; {platform.machine()}, {cores} cores, load {load:.1f}"
    )


def main() -> None:
    """Measure and write tables."""
    parser = argparse.ArgumentParser(description="Measure what computing costs.")
    parser.add_argument("names", nargs="*", choices=MEASURES, help="which tables; all if none")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in options.names or MEASURES:
        rows = MEASURES[name](options.repeats)
        with (DATA / f"performance-{name}.csv").open("w", encoding="utf-8", newline="") as file:
            file.write(f"# {machine(options.repeats)}; written by tools/benchmarks/performance.py\n")
            csv.writer(file, lineterminator="\n").writerows(rows)
        for row in rows:
            print(" | ".join(row), flush=True)


if __name__ == "__main__":
    main()
