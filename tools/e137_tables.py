"""Tables of E137: what is excluded at 48 masses, what each assumption does to it, where events come from."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from scattering_tables import Table, _edges, _number  # beside this script

import darkmc

MASSES_MEV = np.geomspace(1.0, 130.0, 48)
VARIED_MEV = (5, 20, 60)
VARIANTS: dict[str, dict[str, Any]] = {
    "best": {},
    "E > 3 GeV": {"cuts.energy.min": 3.0},
    "Al + water, half and half in X0": {"dump": {"composition": {"aluminium": 0.5, "water": 0.5}}},
    "face of 2 x 3 m2": {"cuts.face.half_x_m": 1.0},
    "no multiple scattering": {"simulation.multiple_scattering": False},
    "decays from 174 m on": {"geometry.centre_m": [0.0, 0.0, 278.5], "geometry.size_m": [60.0, 60.0, 209.0]},
    "no radiation before annihilation": {"simulation.isr": False},
    "limit of 3.0 events": {"observed.n_limit": 3.0},
    "isotropic decay": {"simulation.spin_correlations": False},
    "bremsstrahlung alone": {"simulation.positrons": False},
    "ten times the electrons": {"beam.eot": 1.87e21},
}
PRECISION, MOST = 0.03, 4 * 10**6


def _exclusion(overrides: dict[str, Any], mass: float, precision: float = PRECISION) -> Any:
    experiment = darkmc.Experiment("e137", overrides=overrides)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", darkmc.PrecisionWarning)
        portal = darkmc.DarkAxionPortal(1e-3 * mass)
        return experiment.limit(experiment.simulate(portal, precision=precision, max_samples=MOST))


def _text(exclusion: Any) -> str:
    return "; ".join(_edges(interval) for interval in exclusion.intervals) or "none"


def excluded() -> Iterator[Table]:
    """Yield the table of what is excluded, by decays alone and by all signals."""
    rows = [["m' (MeV)", "decays alone", "all signals"]]
    for mass in MASSES_MEV:
        found = [_exclusion({"simulation.signal": signal}, mass) for signal in ("decay", "all")]
        rows.append([f"{mass:.4g}", *(_text(one) for one in found)])
    comment = "excluded G in GeV^-1, errors of the edges in per cent; 'up': open above 100 GeV^-1"
    yield "dump-excluded", comment, rows


def assumptions() -> Iterator[Table]:
    """Yield the table of what each assumption does to the edges that decays alone give."""
    head = [f"{mass} MeV: {edge}" for mass in VARIED_MEV for edge in ("lower edge", "upper edge")]
    rows = [["assumption", *head]]
    best: list[Any] = []
    for label, overrides in VARIANTS.items():
        changes = {"simulation.signal": "decay", **overrides}
        found = [_exclusion(changes, mass) for mass in VARIED_MEV]
        best = best or found
        row = [label]
        for one, reference in zip(found, best, strict=True):
            for k in (0, 1):
                edge, error, base = (x.intervals[0][j] for x, j in ((one, k), (one, k + 2), (reference, k)))
                shift = f"{100 * (edge / base - 1):+.1f}%"
                row.append(f"{edge:.4g} ({100 * error / edge:.2f}%)" if one is reference else shift)
        rows.append(row)
    yield (
        "dump-assumptions",
        "edges in GeV^-1 with Monte Carlo errors in per cent, and shifts against them",
        rows,
    )


def channels() -> Iterator[Table]:
    """Yield the table of the yields by channel, at the same product of coupling and mass."""
    rows = [
        ["m' (MeV), G (GeV^-1)", "annihilation, decays", "bremsstrahlung, decays", "conversion", "scattering"]
    ]
    for mass, coupling in ((5, 1e-4), (5, 1e-2), (20, 1e-4), (20, 1e-2), (60, 1e-5), (60, 1e-2)):
        sample = darkmc.Experiment("e137").simulate(
            darkmc.DarkAxionPortal(1e-3 * mass), precision=0.02, at=coupling, max_samples=MOST
        )
        parts = sample.channels(coupling)
        row = [f"{mass}, {coupling:g}"]
        for start, word in (
            ("annihilation", "->"),
            ("bremsstrahlung", "->"),
            ("", "converts"),
            ("", "scatters"),
        ):
            mine = [part for key, part in parts.items() if key.startswith(start) and word in key]
            text = _number(sum(p.value for p in mine), sum(p.error**2 for p in mine) ** 0.5)
            row.append(text.replace("(inf%)", "(error unknown)"))
        rows.append(row)
    yield "dump-channels", "expected events and Monte Carlo errors in per cent", rows
