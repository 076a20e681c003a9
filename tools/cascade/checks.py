"""What cascades add up to: all generations over the first above some momenta, and the energy of photons.

Written to docs/data/cascade-checks.csv by ``python tools/cascade --checks``.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from libraries import apart, read
from live import LiveCascade
from setups import SETUPS, Setup
from tables import GROUPS, neutral, ratio
from transport import Cascade, Made

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass

_REPEAT, _SEED = 2, 1
LIVE = 4_000  # primaries
LIVE_OF = "fe-8.9"
CHECKED = {  # names in the table, momenta above which pi0 are counted (GeV), angle ahead (rad)
    "cu-400": ("Cu, 400 GeV", (7.5, 20.0, 50.0, 100.0), 0.01),
    "w-400": ("W, 400 GeV", (7.5, 20.0, 50.0, 100.0), 0.01),
    "ne-400": ("A = 20, 400 GeV, hadrons above 50 GeV", (50.0, 100.0), 0.01),
    "ne-400-sibyll": ("the same, SIBYLL 2.3d", (50.0, 100.0), 0.01),
    "fe-8.9": ("Fe, 8.9 GeV", (0.2, 0.5, 1.0, 2.0), 0.1),
}
HEAD = ["cascade", "pi0 above (GeV)", "R", "R within 10 mrad (0.1 rad at 8.9 GeV)", "energy of pi0 and eta"]


def rows(folder: Path) -> Iterator[list[str]]:
    """Yield the rows of the table; live interactions last."""
    for name, (title, above, ahead) in CHECKED.items():
        setup = SETUPS[name]
        cascade = Cascade(setup, read(name, setup, folder))
        made = cascade.run(np.random.default_rng(_SEED), _REPEAT)
        yield _row(title, made, above, ahead, _share(cascade, setup, _REPEAT * setup.first))
    title, above, ahead = CHECKED[LIVE_OF]
    with apart():
        cascade = LiveCascade(SETUPS[LIVE_OF], LIVE)
        made = cascade.run(np.random.default_rng(_SEED))
    share = _share(cascade, SETUPS[LIVE_OF], LIVE)
    yield _row(f"{title}, every interaction made anew", made, above, ahead, share)


def _share(cascade: Cascade, setup: Setup, protons: int) -> str:
    """Return the energy of pi0 and eta over that of the beam; none where few hadrons are followed."""
    energy = math.hypot(setup.beam_momentum, mass("proton"))
    share = cascade.tally.electromagnetic / (protons * energy)
    return f"{share:.3f}" if setup.least_meson < 0.1 * energy else ""


def _row(title: str, made: Made, above: tuple[float, ...], ahead: float, share: str) -> list[str]:
    found = [_ratios(made, above, angle) for angle in (math.pi, ahead)]
    return [title, ", ".join(f"{p:g}" for p in above), *found, share]


def _ratios(made: Made, above: tuple[float, ...], angle: float) -> str:
    pions = neutral(made, 111)
    inside = np.arccos(np.clip(pions.cosine, -1.0, 1.0)) <= angle
    group = pions.primary.astype(np.int64) % GROUPS

    def counts(keep: Array) -> Array:
        return np.bincount(group[keep], pions.weight[keep], GROUPS)[:, None]

    texts = []
    for least in above:
        mine = inside & (pions.momentum > least)
        value, error = ratio(counts(mine), counts(mine & (pions.generation == 0)))
        texts.append(f"{value[0]:.3f} +- {error[0]:.3f}")
    return ", ".join(texts)
