"""Table of what the J/psi adds to the proton experiments of 400 GeV."""

import warnings
from collections.abc import Iterator

import numpy as np
from scattering_tables import Table, _edges, _number, _sample

import darkmc
from darkmc.core.errors import DarkmcWarning

MASSES_MEV = (30, 100, 300, 600, 1000)
YIELDS = {"without": None, "4e-6 per POT": 4.0e-6, "8e-5 per POT": 8.0e-5}
DETECTORS = ("charm-finegrained", "charm-decay", "na62-dump", "ship")
COUPLINGS = np.logspace(-8, 0, 129)


def jpsi() -> Iterator[Table]:
    """Yield the table of events at the coupling with the most of them, and edges, by yield of J/psi."""
    rows = [
        ["detector, m' (MeV)", "G of N", *(f"{kind}, {name}" for kind in ("N", "edges") for name in YIELDS)]
    ]
    for detector in DETECTORS:
        for mass in MASSES_MEV:
            made = {name: _made(detector, mass, per_pot) for name, per_pot in YIELDS.items()}
            most, _ = made["8e-5 per POT"][1].expected_events(COUPLINGS)
            best = float(COUPLINGS[np.argmax(most)])
            events = [_number(*sample.expected_events(best)) for _, sample in made.values()]
            limits = [experiment.limit(sample).intervals for experiment, sample in made.values()]
            edges = ["; ".join(_edges(interval) for interval in found) or "none" for found in limits]
            rows.append([f"{detector}, {mass}", f"{best:.3g}", *events, *edges])
    yield "jpsi", "events at the coupling with the most, excluded G in GeV^-1, errors in per cent", rows


def _made(detector: str, mass: float, per_pot: float | None) -> tuple[darkmc.Experiment, darkmc.Sample]:
    overrides = {}
    if per_pot is not None:
        mesons = darkmc.Experiment(detector).card.source.mesons
        overrides = {"source.mesons": [*mesons, "J/psi"], "flux.central.J/psi.per_pot": per_pot}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DarkmcWarning)
        experiment = darkmc.Experiment(detector, overrides=overrides)
        return experiment, _sample(experiment, darkmc.DarkAxionPortal(1e-3 * mass))
