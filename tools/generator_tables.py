"""Tables of Pythia's mesons for fluxes/: ``python tools/generator_tables.py [NAME ...]``.

Needs Pythia (pip install 'darkmc[pythia]').  Collisions are kept in the user's cache folder, part by part, so
that an interrupted run goes on.
"""

import argparse
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import darkmc
from darkmc.core.kinematics import Array
from darkmc.core.tables import write_csv
from darkmc.sources.lists.hadronic import settings
from darkmc.sources.tables.cells import MERGED_TRANSVERSE

FLUXES = Path(__file__).parents[1] / "fluxes"
CARD = "pythia8-pp"
STEP = 0.1  # of the logarithms
COLUMNS = ("log10_theta_rad", "log10_p_GeV", "per_collision")


@dataclass(frozen=True)
class Setup:
    """Collisions of which a table is made.

    Attributes
    ----------
    energy : float
        Of the beam, GeV.
    parts, each : int
        Runs with their own seeds, and collisions in each.
    least_momentum : float
        Of the table, GeV: its logarithm is the first edge; slower mesons are in the first bins where all are
        kept, and left out else.
    widest : float
        The logarithm of the last angle, rad.
    more : dict
        Further keys of the generator.
    """

    energy: float
    parts: int
    each: int
    least_momentum: float = 0.01
    widest: float = 0.5
    more: dict[str, Any] = field(default_factory=dict)

    def source(self, part: int) -> darkmc.MesonSource:
        """Return the mesons of one part."""
        keys = {"seed": part, "n_interactions": self.each, **self.more}
        return darkmc.MesonSource(
            CARD, {"beam.energy_GeV": self.energy, **{f"generator.{k}": v for k, v in keys.items()}}
        )


_FORWARD = {"frame": "collider", "least_momentum_GeV": 10.0}
SETUPS = {
    "pythia-400": Setup(400.0, 1, 250_000),
    "pythia-120": Setup(120.0, 1, 250_000),
    "pythia-70": Setup(70.0, 1, 250_000),
    "pythia-lhc": Setup(6800.0, 1, 50_000, 10.0, -2.0, _FORWARD),
}


def edges(setup: Setup) -> tuple[Array, Array]:
    """Return the edges of log10 theta and log10 p; the first cell ends close to the axis at any momentum."""
    top = math.ceil(math.log10(setup.energy) / STEP)
    narrowest = math.floor(math.log10(MERGED_TRANSVERSE) / STEP - top)
    across = np.arange(narrowest, round(setup.widest / STEP) + 1) * STEP
    return across, np.arange(round(math.log10(setup.least_momentum) / STEP), top + 1) * STEP


def counts(setup: Setup, momentum: Array, theta: Array) -> Array:
    """Return mesons in cells (theta, p); those of cells that share a density near the axis in the first."""
    across, momenta = edges(setup)
    log_p, log_theta = np.log10(momentum), np.log10(np.maximum(theta, 1e-12))
    if "least_momentum_GeV" not in setup.more:
        log_p = np.maximum(log_p, momenta[0])
    found, _, _ = np.histogram2d(np.maximum(log_theta, across[0]), log_p, (across, momenta))
    ends = 10.0**momenta
    middle = 0.5 * (ends[1:] + ends[:-1])
    angles = np.minimum(10.0 ** across[1:], 0.5 * math.pi)
    close = middle * np.sin(angles[:, None]) <= MERGED_TRANSVERSE * (1.0 - 1e-6)
    found[0] += np.sum(np.where(close, found, 0.0)[1:], axis=0)
    found[1:] = np.where(close, 0.0, found)[1:]
    return found


def make(name: str) -> None:
    """Write the tables of one setup, a file per species."""
    setup = SETUPS[name]
    total: dict[str, Array] = {}
    for part in range(1, setup.parts + 1):
        source = setup.source(part)
        for meson, entries in (source.lists or {}).items():
            theta = np.arctan2(np.hypot(*entries.momentum[:2]), entries.momentum[2])
            total[meson] = total.get(meson, 0.0) + counts(setup, entries.size, theta)
    n = setup.parts * setup.each
    both = "both hemispheres, " if "frame" in setup.more else ""
    said = {**settings(source.card, CARD), "seed": f"1 to {setup.parts}"}
    for meson, table in total.items():
        heads = [
            f"{meson} per inelastic pp collision, {both}Pythia {said['pythia8mc']}, n_generated = {n}",
            f"python tools/generator_tables.py {name}; {json.dumps(said, sort_keys=True)}",
            f"cells that end below a p_T of {MERGED_TRANSVERSE:g} GeV are in the first of their momentum",
        ]
        write(setup, FLUXES / f"{name}-{meson.replace(chr(39), '_prime')}.csv", heads, table / n)


def write(setup: Setup, file: Path, heads: list[str], table: Array) -> None:
    """Write the cells that hold mesons, by their centres."""
    centres = [0.5 * (one[1:] + one[:-1]) for one in edges(setup)]
    rows = [
        dict(
            zip(COLUMNS, (f"{centres[0][i]:.2f}", f"{centres[1][k]:.2f}", f"{table[i, k]:.4g}"), strict=True)
        )
        for i, k in zip(*np.nonzero(table), strict=True)
    ]
    with file.open("w", encoding="utf-8", newline="") as stream:
        write_csv(stream, heads, COLUMNS, rows)


def main() -> None:
    """Make tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*SETUPS], metavar="NAME", help=", ".join(SETUPS))
    for name in parser.parse_args().names:
        make(name)


if __name__ == "__main__":
    main()
