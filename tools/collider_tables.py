"""Tables of docs/colliders.md: acceptances, limits, the effect of each switch, and of the width of bins."""

import csv
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import darkmc

Table = tuple[str, str, list[list[str]]]
WINDOWS = ("babar-highcut", "babar-lowcut")
MASSES = (0.001, 0.01, 0.1, 1.0, 3.0, 5.0, 7.0, 8.0, 9.0)
PROMPT = 1e3
SHARP = {
    "simulation.smearing": False,
    "simulation.resonance": False,
    "simulation.isr": False,
    "simulation.decay_geometry": "single-length",
    "signal.efficiency": 1.0,
    "beam.sqrt_s_GeV": 10.355,
}
# one-dimensional integrals of the joint density of E* and cos theta*, isotropic and correlated
INTEGRALS = {
    0.01: ((0.142072, 0.152439), (0.107002, 0.084060)),
    1.0: ((0.143878, 0.154198), (0.109189, 0.086485)),
    3.0: ((0.159862, 0.169760), (0.128312, 0.108107)),
    5.0: ((0.202611, 0.211462), (0.175795, 0.165581)),
    8.0: ((0.432210, 0.463816), (0.132653, 0.160912)),
}
SWITCHES: dict[str, dict[str, Any]] = {
    "(best)": {},
    "simulation.resonance = false": {"simulation.resonance": False},
    "simulation.spin_correlations = false": {"simulation.spin_correlations": False},
    "simulation.smearing = false": {"simulation.smearing": False},
    "simulation.decay_geometry = single-length": {"simulation.decay_geometry": "single-length"},
    "simulation.isr = false": {"simulation.isr": False},
    "observed.criterion = gaussian": {"observed.criterion": "gaussian"},
}


def acceptance() -> Iterator[Table]:
    """Yield the table of prompt acceptances without smearing, by integral and by Monte Carlo."""
    rows = [["m' (GeV)", "window", "decay", "integral", "Monte Carlo", "analogue"]]
    for mass, integrals in INTEGRALS.items():
        portal = darkmc.DarkAxionPortal(mass)
        for name, models in zip(WINDOWS, integrals, strict=True):
            for decay, integral in zip(("isotropic", "correlated"), models, strict=True):
                row = [f"{mass:g}", name, decay, f"{integral:.6f}"]
                for biasing in ("turned", "none"):
                    switches = {
                        "simulation.spin_correlations": decay == "correlated",
                        "simulation.biasing": biasing,
                    }
                    experiment = darkmc.Experiment(name, overrides=SHARP | switches)
                    sample = experiment.simulate(portal, n_samples=2_000_000, at=PROMPT)
                    value, error = sample.expected_events(PROMPT)
                    pairs = portal.annihilation_cross_section(10.355, PROMPT) * portal.branching_ratio(
                        "a gamma"
                    )
                    made = pairs * experiment.topology.exposure * 1e3
                    row.append(f"{value / made:.5f} +- {error / made:.5f}")
                rows.append(row)
    yield "collider-acceptance", "share of photons in the windows, sqrt(s) = 10.355 GeV, m_a = 0", rows


def _lower(name: str, preset: str, mass: float, overrides: Mapping[str, Any] | None = None) -> Any:
    experiment = darkmc.Experiment(name, preset=preset, overrides=overrides)
    return experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(mass), precision=0.004))


def _text(exclusion: Any) -> str:
    return f"{exclusion.lower:.4g} ({100 * exclusion.lower_error / exclusion.lower:.2f}%)"


def collider_limits() -> Iterator[Table]:
    """Yield the table of lower edges by card, preset and mass."""
    cards = ("babar-lowcut", "babar-highcut", "babar", "belle2-phase2", "belle2-phase3")
    rows = [["card, preset", *(f"{mass:g} GeV" for mass in MASSES)]]
    rows += [
        [f"{name}, {preset}", *(_text(_lower(name, preset, mass)) for mass in MASSES)]
        for name in cards
        for preset in ("best", "published")
    ]
    yield "collider-limits", "least excluded G in GeV^-1 and Monte Carlo error, m_a = 0, seed 1", rows


def switches() -> Iterator[Table]:
    """Yield the table of the shift of each switch alone."""
    masses = (0.001, 0.01, 1.0, 5.0, 8.0)
    columns = [f"{name}, {mass:g} GeV" for name in WINDOWS for mass in masses]
    rows = [["switch", *columns]]
    best: dict[str, Any] = {}
    for label, overrides in SWITCHES.items():
        row = [label]
        for name in WINDOWS:
            for mass in masses:
                found = _lower(name, "best", mass, overrides)
                reference = best.setdefault(f"{name}, {mass:g}", found)
                shift = 100 * (found.lower / reference.lower - 1.0)
                error = 100 * sum((e.lower_error / e.lower) ** 2 for e in (found, reference)) ** 0.5
                row.append(f"{found.lower:.4g}" if found is reference else f"{shift:+.1f}% +- {error:.1f}%")
        rows.append(row)
    yield "collider-switches", "least excluded G in GeV^-1, and its shift by each switch alone, m_a = 0", rows


def radiation() -> Iterator[Table]:
    """Yield the table of what photons along the beams do to yields and edges."""
    cards = ("babar-lowcut", "babar-highcut", "babar", "belle2-phase2", "belle2-phase3")
    header = [
        "card",
        "m' (GeV)",
        "G",
        "N without",
        "N with",
        "edge without",
        "edge with",
        "shift of the edge",
    ]
    rows = [header]
    for name in cards:
        for mass in (0.01, 1.0, 5.0, 8.0, 9.0, 10.0):
            found, yields = [], []
            for isr in (False, True):
                experiment = darkmc.Experiment(name, overrides={"simulation.isr": isr})
                sample = experiment.simulate(darkmc.DarkAxionPortal(mass), precision=0.004)
                found.append(experiment.limit(sample))
                yields.append(sample.expected_events(found[0].lower))
            (plain, full), shift = found, 100 * (found[1].lower / found[0].lower - 1)
            error = 100 * sum((e.lower_error / e.lower) ** 2 for e in found) ** 0.5
            row = [name, f"{mass:g}", f"{plain.lower:.4g}"]
            row += [f"{value:.4g} +- {error:.2g}" for value, error in yields]
            row += [f"{e.lower:.4g} +- {e.lower_error:.1g}" for e in (plain, full)]
            rows.append([*row, f"{shift:+.1f}% +- {error:.1f}%"])
    yield (
        "collider-radiation",
        "yields at one coupling and lower edges in GeV^-1, m_a = 0, isr off and on",
        rows,
    )


def bins() -> Iterator[Table]:
    """Yield the table of limits with wider and narrower bins of the same counts."""
    masses = (0.001, 0.01, 0.1, 1.0, 5.0, 8.0)
    rows = [["card", "width (GeV^2)", *(f"{mass:g} GeV" for mass in masses)]]
    with tempfile.TemporaryDirectory() as folder:
        for name in WINDOWS:
            for width, per in ((1.0, 1), (0.5, 0.5), (2.0, 2), (5.0, 5)):
                path = Path(folder) / f"{width:g}.csv"
                _rebinned(path, per)
                row = [name, f"{width:g}"]
                for mass in masses:
                    found = _lower(name, "best", mass, {"observed.counts": str(path)})
                    plain = found if width == 1.0 else _lower(name, "best", mass)
                    row.append(f"{found.lower:.4g} ({100 * (found.lower / plain.lower - 1):+.1f}%)")
                rows.append(row)
    yield "collider-bins", "least excluded G in GeV^-1 by width of the bins, m_a = 0, preset best", rows


def shipped_counts() -> dict[str, list[tuple[float, int]]]:
    """Return the shipped counts of each window by the lower edge of their bins of 1 GeV^2."""
    shipped = Path(__file__).parents[1] / "detectors" / "babar-counts.csv"
    lines = [line for line in shipped.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    found: dict[str, list[tuple[float, int]]] = {}
    for row in csv.DictReader(lines):
        found.setdefault(row["window"], []).append((float(row["low_GeV2"]), int(row["count"])))
    return found


def _rebinned(path: Path, per: float) -> None:
    """Write the shipped counts in bins `per` times as wide; halves get half of a count, rounded up."""
    out = ["window,low_GeV2,high_GeV2,count"]
    for window, counts in shipped_counts().items():
        if per < 1:
            for low, count in counts:
                out += [f"{window},{low + 0.5 * k},{low + 0.5 * (k + 1)},{(count + 1) // 2}" for k in (0, 1)]
            continue
        for start in range(0, len(counts), int(per)):
            group = counts[start : start + int(per)]
            total = sum(count for _, count in group)
            out.append(f"{window},{group[0][0]},{group[-1][0] + 1.0},{total}")
    path.write_text("\n".join(out) + "\n", encoding="utf-8")
