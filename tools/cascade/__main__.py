"""Tables of hadronic cascades for fluxes/: ``python tools/cascade [SETUP ...] [--libraries FOLDER]``.

Needs chromo (pip install 'darkmc[hadronic]').  Libraries are made file by file, so that an interrupted run
goes on.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from libraries import make, read
from setups import SETUPS, Setup
from tables import NAMES, factors, first_only, followed, nodes, primaries, rows, write_factors, write_first

from darkmc.sources.lists.hadronic import cache_folder

FLUXES = Path(__file__).parents[2] / "fluxes"
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
    what = f"All generations over the first, {setup.length_cm:g} cm of {setup.material}, {slow}"
    write_factors(FLUXES / f"cascade-{name}.csv", heads(name, setup, what), table)
    if over:
        write_factors(
            FLUXES / f"nucleus-{name}-over-{OVER[name]}.csv",
            heads(name, setup, f"First interactions over those of {OVER[name]}"),
            over,
        )


def main() -> None:
    """Make libraries and write tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("setups", nargs="*", default=[*SETUPS], metavar="SETUP", help=", ".join(SETUPS))
    parser.add_argument("--only-libraries", action="store_true", help="of one setup; write no tables")
    parser.add_argument("--libraries", type=Path, default=cache_folder() / "cascade", metavar="FOLDER")
    options = parser.parse_args()
    if options.only_libraries:
        (name,) = options.setups
        make(name, SETUPS[name], options.libraries)
        return
    for name in options.setups:
        for one in (name, *([OVER[name]] if name in OVER else [])):  # one generator per process
            command = [sys.executable, Path(__file__).parent, "--only-libraries", one]
            subprocess.run([*command, "--libraries", options.libraries], check=True)
        cascade(name, options.libraries)


if __name__ == "__main__":
    main()
