"""Speed of the g-2 loop functions on one core.  Run: OMP_NUM_THREADS=1 python tools/benchmarks/gminus2.py."""

import time
from collections.abc import Callable

import numpy as np

from darkmc import gminus2
from darkmc.core.particles import mass

POINTS, REPEATS = 200_000, 5
first, second = mass("mu") * 10.0 ** np.random.default_rng(1).uniform(-6.0, 6.0, (2, POINTS))
LOOPS: dict[str, Callable[[], object]] = {
    "pseudoscalar_yukawa": lambda: gminus2.pseudoscalar_yukawa("mu", first, 1.0),
    "scalar_yukawa": lambda: gminus2.scalar_yukawa("mu", first, 1.0),
    "vector": lambda: gminus2.vector("mu", first, 1.0),
    "axial_vector": lambda: gminus2.axial_vector("mu", first, 1.0),
    "dark_axion_one_loop": lambda: gminus2.dark_axion_one_loop("mu", first, second, 1.0, 1.0, 1.0, 1e6),
    "inert_doublet": lambda: gminus2.inert_doublet("mu", first, second, 1.0),
    "barr_zee_pseudoscalar": lambda: gminus2.barr_zee_pseudoscalar("mu", first, 1.0, 1.0, 1e6),
    "barr_zee_scalar (Z)": lambda: gminus2.barr_zee_scalar("mu", first, 1.0, 1.0, 1e6, "Z"),
    "dark_axion_two_loop": lambda: gminus2.dark_axion_two_loop("mu", first, second),
}


def points_per_second(loop: Callable[[], object]) -> float:
    """Return the rate of the fastest of a few runs, after one that builds tables."""
    loop()
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        loop()
        seconds.append(time.perf_counter() - start)
    return POINTS / min(seconds)


if __name__ == "__main__":
    for name, loop in LOOPS.items():
        print(f"{name:22s} {points_per_second(loop):.2g} points/s")
