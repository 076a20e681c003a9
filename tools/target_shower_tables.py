"""Table of what showers in the target add to proton dumps: shares of the events, and shifts of edges."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from scattering_tables import Table  # beside this script

import darkmc

EXPERIMENTS = {
    "charm-finegrained": ("charm-finegrained", "best"),
    "charm-decay": ("charm-decay", "best"),
    "nucal": ("nucal", "best"),
    "na62-dump": ("na62-dump", "best"),
    "ship": ("ship", "best"),
    "ship, photons": ("ship", "photons"),
}
MASSES_MEV = (2, 5, 10, 20, 50, 100, 200)
ROWS = 600_000


def _share(sample: Any, coupling: float) -> str:
    """Return the part of the events that is of showers, per cent, and its error."""
    total, parts = sample.expected_events(coupling).value, sample.channels(coupling)
    mine = [part for name, part in parts.items() if name.startswith("showers")]
    value, error = sum(part.value for part in mine), sum(part.error**2 for part in mine) ** 0.5
    if not total:
        return "-"
    return "below 0.01" if error > 0.3 * value else f"{100 * value / total:.2g} +- {100 * error / total:.1g}"


def _shift(edge: float, without: float) -> str:
    return f"{100 * (edge / without - 1.0):+.2f}"


def target_showers() -> Iterator[Table]:
    """Yield the table, an experiment and mass a line where something is excluded; edges of the first band."""
    head = ["experiment", "m' (MeV)", "lower edge (GeV^-1)", "showers there", "its shift"]
    rows = [[*head, "upper edge (GeV^-1)", "showers there", "its shift"]]
    for label, (name, preset) in EXPERIMENTS.items():
        experiment = darkmc.Experiment(name, preset=preset, overrides={"simulation.showers": True})
        for mass in MASSES_MEV:
            portal = darkmc.DarkAxionPortal(1e-3 * mass)
            if experiment.closed(portal) is not None:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", darkmc.PrecisionWarning)
                sample = experiment.simulate(portal, n_samples=ROWS)
            others = tuple(c for c in sample.channel_rows if not c.name.startswith("showers"))
            found, plain = (experiment.limit(made) for made in (sample, replace(sample, channel_rows=others)))
            if not (found.intervals and plain.intervals):
                continue
            row = [label, str(mass)]
            for edge in ("lower", "upper"):
                value = getattr(found, edge)
                row += [f"{value:.4g}", _share(sample, value), _shift(value, getattr(plain, edge))]
            rows.append(row)
    yield "target-showers", "shares of showers in the events and shifts of edges, per cent; m_a = 0", rows
