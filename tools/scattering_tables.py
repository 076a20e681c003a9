"""Tables of scattering: yields by stream, limits by veto; what buffer, spin, protons and shields do."""

import math
import warnings
from collections.abc import Iterator
from typing import Any

import darkmc
from darkmc.portals.dark_axion import processes
from darkmc.portals.dark_axion.coherent_conversion import CoherentConversion

Table = tuple[str, str, list[list[str]]]
ANALYSES = {"lsnd": (1, 5, 10, 20, 25, 60), "miniboone-offtarget": (1, 5, 20, 60, 90)}
LIMIT_MASSES_MEV = {
    "lsnd": (
        *(0.5, 0.6, 0.7, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.4),
        *(2.6, 3, 4, 6, 10, 15, 20, 24, 26, 40, 80, 120),
    ),
    "miniboone-offtarget": (
        *(0.5, 0.7, 1, 1.3, 1.6, 2, 2.4, 2.8, 3.2, 3.6, 4, 5),
        *(7, 10, 15, 20, 30, 40, 50, 60, 80, 120, 250, 500),
    ),
}
STABLE, PROMPT = 1e-9, 1e2
SPIN_MASSES_MEV = {"lsnd": (1, 2, 5, 20, 60), "miniboone-offtarget": (1, 3, 5, 20, 60)}
PROTON_MASSES_MEV = {"lsnd": (1, 5, 20, 60, 100), "miniboone-offtarget": (5, 20, 60, 100, 300)}
SHIELDED = {
    "charm-finegrained": ("conversion", (5, 20, 60, 100, 300)),
    "lsnd": ("all", (1, 5, 20, 60, 100)),
    "miniboone-offtarget": ("all", (5, 20, 60, 100, 300)),
    **dict.fromkeys(("charm-decay", "nucal", "na62-dump", "ship"), ("decay", (1.1, 1.5, 2, 5, 10))),
}
HIGH = 0.3  # GeV^-1, where nothing ends
_Pair = tuple[float, float]


def yields() -> Iterator[Table]:
    """Yield the table of N/G^4 by stream, for stable dark photons, and prompt ones whose photon is kept."""
    head = (
        "detector, m' (MeV)",
        "a",
        "gamma', stable",
        "a + gamma', stable",
        "a after decay, prompt",
        "both a, prompt",
    )
    rows = [list(head)]
    for name, masses in ANALYSES.items():
        for mass in masses:
            stable, stable_sum = _parts(name, mass, STABLE, "geometry")
            prompt, prompt_sum = _parts(name, mass, PROMPT, "accept")
            after = prompt["a scatters after prompt decay"]
            parts = (prompt["a scatters"], stable["gamma' scatters"], stable_sum, after, prompt_sum)
            rows.append([f"{name}, {mass}", *(_number(*part) for part in parts)])
    yield "scattering-yields", "N/G^4 in GeV^4 and Monte Carlo error in per cent", rows


def _parts(name: str, mass: float, coupling: float, veto: str) -> tuple[dict[str, _Pair], _Pair]:
    """Return N/G^4 and its error by stream, mesons added, and of the sum."""
    experiment = darkmc.Experiment(name, overrides={"simulation.veto": veto})
    sample = experiment.simulate(darkmc.DarkAxionPortal(1e-3 * mass), precision=0.004, at=coupling)
    out: dict[str, _Pair] = {}
    for key, part in sample.channels(coupling).items():
        stream = key.split(": ")[1]
        value, error = out.get(stream, (0.0, 0.0))
        out[stream] = value + part.value / coupling**4, math.hypot(error, part.error / coupling**4)
    total = sample.expected_events(coupling)
    return out, (total.value / coupling**4, total.error / coupling**4)


def limits() -> Iterator[Table]:
    """Yield the tables of excluded couplings by veto, with and without conversion."""
    for name, masses in LIMIT_MASSES_MEV.items():
        rows = [["m' (MeV)", *(f"{veto}, {signal}" for veto, signal in _VARIANTS)]]
        for mass in masses:
            row = [f"{mass:g}"]
            for veto, signal in _VARIANTS:
                overrides = {"simulation.veto": veto, "simulation.signal": signal}
                experiment = darkmc.Experiment(name, overrides=overrides)
                exclusion = experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(1e-3 * mass)))
                row.append("; ".join(_edges(interval) for interval in exclusion.intervals) or "none")
            rows.append(row)
        comment = "excluded G in GeV^-1, errors of the edges in per cent; 'up': open above 100 GeV^-1"
        yield f"scattering-limits-{name}", comment, rows


_VARIANTS = [(veto, signal) for veto in ("paper", "geometry", "accept") for signal in ("electron", "all")]


def buffer() -> Iterator[Table]:
    """Yield the table of the largest mass at which anything is excluded, against the veto's buffer."""
    rows = [["veto buffer (m)", *(f"{name}: largest m' (MeV)" for name in ANALYSES)]]
    buffers = (0.1, 0.35, 1.0, 2.0, 4.0)
    rows += [[f"{metres:g}", *(_largest_mass(name, metres) for name in ANALYSES)] for metres in buffers]
    rows.append(["paper's average", *(_largest_mass(name, None) for name in ANALYSES)])
    yield "scattering-buffer", "end of the excluded region, electrons only, good to 1%", rows


def _largest_mass(name: str, metres: float | None) -> str:
    overrides = {"simulation.veto": "paper"} if metres is None else {"geometry.veto_buffer_m": metres}
    experiment = darkmc.Experiment(name, overrides=overrides)
    low, high = 0.5e-3, 60e-3
    while high / low > 1.01:
        middle = (low * high) ** 0.5
        exclusion = experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(middle), precision=0.02))
        low, high = (middle, high) if exclusion.intervals else (low, middle)
    return f"{1e3 * low:.3g}"


def spin() -> Iterator[Table]:
    """Yield the table of what the dark photon's spin changes: stable yields, and edges of electrons alone."""
    rows = [_before_and_after("N/G^4, stable", "averaged", "polarised")]
    for name, masses in SPIN_MASSES_MEV.items():
        for mass in masses:
            pair = [_effect(name, mass, STABLE, {"simulation.spin_correlations": on}) for on in (False, True)]
            rows.append([f"{name}, {mass}", *_columns(*pair)])
    yield "spin-scattering", "N in GeV^4, excluded G in GeV^-1, Monte Carlo errors in per cent", rows


def protons() -> Iterator[Table]:
    """Yield the table of what protons change against hydrogen as a nucleus of spin 0: conversion alone."""
    rows = [_before_and_after("N/G^4, prompt", "spin 0", "proton")]
    proton = processes.conversion_on
    for name, masses in PROTON_MASSES_MEV.items():
        for mass in masses:
            pair = []
            for on in (_spin_zero, proton):
                processes.conversion_on = on
                pair.append(_effect(name, mass, PROMPT, {"simulation.signal": "conversion"}))
            rows.append([f"{name}, {mass}", *_columns(*pair)])
    yield "protons-conversion", "N in GeV^4, excluded G in GeV^-1, Monte Carlo errors in per cent", rows


def absorption() -> Iterator[Table]:
    """Yield the table of what is lost in the shields: yields at a free upper edge or at HIGH, and edges."""
    rows = [["signal", *_before_and_after("N", "free", "absorbed"), "G of N"]]
    for name, (signal, masses) in SHIELDED.items():
        for mass in masses:
            portal = darkmc.DarkAxionPortal(1e-3 * mass)
            free, shielded = (
                darkmc.Experiment(name, overrides={"simulation.signal": signal, "simulation.absorption": on})
                for on in (False, True)
            )
            limits = [experiment.limit(_sample(experiment, portal)) for experiment in (free, shielded)]
            coupling = next((i.upper for i in limits[0].intervals if math.isfinite(i.upper)), HIGH)
            sample = _sample(shielded, portal, at=coupling)
            value, error = sample.expected_events(coupling)
            left = 1.0 - sample.absorbed(coupling)
            pair = ((value / left, error / left), limits[0]), ((value, error), limits[1])
            rows.append([signal, f"{name}, {mass}", *_columns(*pair), f"{coupling:.4g}"])
    yield "absorption", "events, excluded G in GeV^-1, Monte Carlo errors in per cent", rows


def _sample(experiment: darkmc.Experiment, portal: darkmc.DarkAxionPortal, **at: float) -> darkmc.Sample:
    """Return a sample good to 2%, or less if that takes too long."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", darkmc.PrecisionWarning)
        return experiment.simulate(portal, precision=0.02, max_samples=4 * 10**6, **at)


def _spin_zero(nucleus: Any, current: Any, incoming: str) -> CoherentConversion:
    return CoherentConversion(current, incoming, nucleus)


def _before_and_after(yield_: str, before: str, after: str) -> list[str]:
    edges = [f"{edge}, {which}" for edge in ("lower edge", "upper edge") for which in (before, after)]
    return ["detector, m' (MeV)", f"{yield_}, {before}", f"{yield_}, {after}", "change", *edges]


def _effect(name: str, mass: float, coupling: float, overrides: dict[str, Any]) -> tuple[_Pair, Any]:
    """Return N/G^4 with its error, and the exclusion."""
    experiment, portal = darkmc.Experiment(name, overrides=overrides), darkmc.DarkAxionPortal(1e-3 * mass)
    value, error = experiment.simulate(portal, precision=0.004, at=coupling).expected_events(coupling)
    return (value / coupling**4, error / coupling**4), experiment.limit(
        experiment.simulate(portal, precision=0.005)
    )


def _columns(before: tuple[_Pair, Any], after: tuple[_Pair, Any]) -> list[str]:
    """Return the cells after the first of a table by :func:`_before_and_after`."""
    change = after[0][0] / before[0][0] - 1.0
    cells = [_number(*before[0]), _number(*after[0]), f"{100 * change:+.1f}%"]
    both = [
        _edges(one.intervals[0]).split(" to ") if one.intervals else ["none"] * 2
        for _, one in (before, after)
    ]
    return cells + [pair[k] for k in (0, 1) for pair in both]


def _number(value: float, error: float) -> str:
    return f"{value:.4g} ({_percent(error, value)})" if value > 0.0 else "0"


def _edges(interval: tuple[float, float, float, float]) -> str:
    lower, upper, lower_error, upper_error = interval
    end = f"{upper:.4g} ({_percent(upper_error, upper)})" if upper == upper else "up"
    return f"{lower:.4g} ({_percent(lower_error, lower)}) to {end}"


def _percent(error: float, value: float) -> str:
    return f"{100 * error / value:.2f}%" if math.isfinite(error) else "error unknown"
