"""Speed of showers on one core, CPU time.  Run: OMP_NUM_THREADS=1 python tools/benchmarks/showers.py."""

import time

from darkmc.core.rng import CHUNK_ROWS
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.physics import Physics
from darkmc.sources.electromagnetic.track_lengths import Beam, energy_bins, moments, shower_chunk

REPEATS = 5
BEAM = Beam("e-", 20.0)


def showers_per_second(physics: Physics) -> tuple[float, float]:
    """Return the rates of the fastest run: transport alone, and with the sums of track lengths."""
    edges, alone, both = energy_bins(BEAM, physics), [], []
    for chunk in range(REPEATS):
        start = time.process_time()
        shower = shower_chunk(BEAM, physics, 1, chunk)
        alone.append(time.process_time() - start)
        moments(shower, edges)
        both.append(time.process_time() - start)
    return CHUNK_ROWS / min(alone), CHUNK_ROWS / min(both)


if __name__ == "__main__":
    for medium in (Medium.of("aluminium"), Medium.of("aluminium", "water"), Medium.of("tungsten")):
        for threshold in (1.0, 0.2):
            rate, with_sums = showers_per_second(Physics(medium, threshold))
            print(
                f"20 GeV to {threshold:g} GeV in {medium.name:20s}: {rate:.3g} showers/s, "
                f"{with_sums:.3g} with the sums"
            )
