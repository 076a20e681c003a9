"""Tables of hadronic cascades for fluxes/: ``python tools/cascade [SETUP ...] [--libraries FOLDER]``.

Needs chromo (pip install 'darkmc[hadronic]').  Libraries are made file by file, so that an interrupted run
goes on.  With --checks the table of what cascades add up to is written, to docs/data/cascade-checks.csv.
"""

import argparse
import csv
import subprocess
import sys
from pathlib import Path

import checks
from libraries import make, read
from setups import SETUPS, Setup
from tables import NAMES, factors, first_only, followed, nodes, primaries, rows, write_factors, write_first

from darkmc.sources.lists.hadronic import cache_folder

FLUXES = Path(__file__).parents[2] / "fluxes"
CHECKS = Path(__file__).parents[2] / "docs" / "data" / "cascade-checks.csv"
_ALL_AROUND = 20.0  # GeV: below it first interactions are kept backwards, too
OVER = {"fe-8.9": "be-8.9"}  # of which nucleus the fit is that the factors multiply


def heads(name: str, setup: Setup, what: str) -> list[str]:
    """Return the first lines of a table."""
    beam = f"protons of {setup.beam_momentum:g} GeV/c on Z = {setup.charge}, A = {setup.mass_number}"
    return [
        f"{what}: UrQMD 3.4 (chromo), {beam}",
        f"python tools/cascade {name}; {setup.first} interactions of the beam, {setup.others} of others",
    ]


def cascade(name: str, folder: Path) -> None:
    """Write the tables of one setup."""
    setup = SETUPS[name]
    libraries = read(name, setup, folder)
    ahead = setup.beam_momentum > _ALL_AROUND
    write_first(FLUXES, name, heads(name, setup, "First interactions"), primaries(libraries), ahead)
    if not setup.others:
        return
    counts, mesons = followed(setup, libraries)
    table, over = [], []
    for pid, meson in NAMES.items():
        p, t = nodes(setup.cells, mesons[0])
        found = factors(counts[pid].every, counts[pid].first)
        table += rows(meson, p, t, *found, setup.beam_momentum)
        if name in OVER:
            other = SETUPS[OVER[name]]
            plain = first_only(primaries(read(OVER[name], other, folder)), setup.cells)[pid]
            scale = setup.first / other.first
            over += rows(meson, p, t, *factors(counts[pid].first, scale * plain.first), None)
    slow = f"hadrons above {setup.least_nucleon:g} (nucleons) and {setup.least_meson:g} GeV (mesons)"
    over_what = "the first of the whole momentum"
    what = f"All generations over {over_what}, {setup.length_cm:g} cm of {setup.material}, {slow}"
    write_factors(FLUXES / f"cascade-{name}.csv", heads(name, setup, what), table)
    if over:
        write_factors(
            FLUXES / f"nucleus-{name}-over-{OVER[name]}.csv",
            heads(name, setup, f"First interactions over those of {OVER[name]}"),
            over,
        )


def write_checks(folder: Path) -> None:
    """Write the table of what cascades add up to."""
    with CHECKS.open("w", encoding="utf-8", newline="") as file:
        file.write(
            "# all generations of pi0 over the first of the same run, of protons that lost energy before; "
            "statistical errors; written by tools/cascade --checks\n"
        )
        csv.writer(file, lineterminator="\n").writerows([checks.HEAD, *checks.rows(folder)])


def main() -> None:
    """Make libraries and write tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    shipped = [name for name, setup in SETUPS.items() if setup.cells or not setup.others]
    parser.add_argument("setups", nargs="*", default=shipped, metavar="SETUP", help=", ".join(SETUPS))
    parser.add_argument("--checks", action="store_true", help="write the table of checks, of all setups")
    parser.add_argument("--only-libraries", action="store_true", help="of one setup; write no tables")
    parser.add_argument("--libraries", type=Path, default=cache_folder() / "cascade", metavar="FOLDER")
    options = parser.parse_args()
    if options.only_libraries:
        (name,) = options.setups
        make(name, SETUPS[name], options.libraries)
        return
    names = [*checks.CHECKED] if options.checks else options.setups
    for name in names:
        for one in (name, *([OVER[name]] if name in OVER else [])):  # one generator per process
            command = [sys.executable, Path(__file__).parent, "--only-libraries", one]
            subprocess.run([*command, "--libraries", options.libraries], check=True)
        if not options.checks:
            cascade(name, options.libraries)
    if options.checks:
        write_checks(options.libraries)


if __name__ == "__main__":
    main()
