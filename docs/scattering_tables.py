"""Tables of docs/scattering.md: yields by stream, limits by veto, and what the veto's buffer does."""

import math
from collections.abc import Iterator

import darkmc

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


def _number(value: float, error: float) -> str:
    return f"{value:.4g} ({100 * error / value:.2f}%)" if value > 0.0 else "0"


def _edges(interval: tuple[float, float, float, float]) -> str:
    lower, upper, lower_error, upper_error = interval
    end = f"{upper:.4g} ({100 * upper_error / upper:.2f}%)" if upper == upper else "up"
    return f"{lower:.4g} ({100 * lower_error / lower:.2f}%) to {end}"
