"""Speed of sampling: time to 1% and events per second on one core.  Run: python tools/benchmarks/speed.py."""

import statistics
import time

import darkmc
from darkmc.core.rng import CHUNK_ROWS

SCATTERING = (("lsnd", 0.02), ("lsnd", 0.001), ("miniboone-offtarget", 0.02))
POINTS = ((0.03, 6e-5), (0.01, 3e-3))
REPEATS = 9


def time_to_precision(experiment: darkmc.Experiment, m_dark_photon: float, coupling: float) -> None:
    """Print the median sampling time to 1% at one point."""
    portal = darkmc.DarkAxionPortal(m_dark_photon)
    samples = [experiment.simulate(portal, precision=0.01, at=coupling, seed=seed) for seed in range(REPEATS)]
    seconds = statistics.median(sample.seconds for sample in samples)
    value, error = samples[0].expected_events(coupling)
    print(
        f"m' = {m_dark_photon:g} GeV, G = {coupling:g} GeV^-1: {1e3 * seconds:6.1f} ms to 1%, "
        f"efficiency {samples[0].efficiency(coupling):.2f}, N = {value:.4g} +- {error:.2g}"
    )


def rows_per_second(experiment: darkmc.Experiment, m_dark_photon: float, coupling: float) -> None:
    """Print detector-bound weighted events per second and core, with and without momenta."""
    portal = darkmc.DarkAxionPortal(m_dark_photon)
    plan = experiment.plans(portal, [coupling])[0]
    for name, make in (("without momenta", plan.run), ("with all momenta", plan.run_events)):
        make(1, 0, CHUNK_ROWS)
        start = time.perf_counter()
        for chunk in range(100):
            make(1, chunk, CHUNK_ROWS)
        rate = 100 * CHUNK_ROWS / (time.perf_counter() - start)
        print(f"{name:16s}: {rate:.3g} events/s and core towards the detector ({plan.name})")


if __name__ == "__main__":
    charm = darkmc.Experiment("charm-finegrained")
    for mass, g in POINTS:
        time_to_precision(charm, mass, g)
    rows_per_second(charm, *POINTS[0])
    for name, mass in SCATTERING:
        print(f"{name}, stable dark photon:")
        experiment = darkmc.Experiment(name)
        time_to_precision(experiment, mass, 1e-9)
        rows_per_second(experiment, mass, 1e-9)
