"""Tables of our edges over printed curves, which are read from a folder of your own.

    python tools/tables.py --compute --curves=FOLDER charm_curve babar_curve belle2_curves

A curve is a text of mass (GeV) and G (1/GeV), comma between, # for comments, in the order in which it is
drawn.  Only ratios are kept.
"""

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from collider_tables import shipped_counts  # beside this script

import darkmc

Table = tuple[str, str, list[list[str]]]
Variants = dict[str, Mapping[str, Any]]
SOURCE = (
    "printed: deNiverville et al. as digitised by Jodlowski (public code) from arXiv:2203.05090 fig. 4.56"
)
OWN_FLUX: Variants = {
    "published (4.45 pi0)": {},
    "2.4 pi0": {"flux.pi0_per_pot": 2.4},
    "8 pi0, fitted": {"flux.pi0_per_pot": 8.0},
    "theta_max_bias, 2.4": {"flux.theta_max_bias": True, "flux.pi0_per_pot": 2.4},
    "theta_max_bias, 1.8": {"flux.theta_max_bias": True, "flux.pi0_per_pot": 1.8},
}
BIASED = ("as-bdnmc", "as-bdnmc-fitted")
FLUX_MASSES_MEV = (5, 10, 15, 20, 25)
BABAR_VERTICES = (0, 5, 10, 13, 16, 17)  # 1 MeV to 10.2 GeV of the printed curve
PUBLISHED_ROOT_S = 10.564  # GeV
LOW_COUNT, PEAK_BELOW = 9, 9.0  # the least of the reconstructed counts; GeV^2
TAILS = {  # counts from -7 to 0 GeV^2, which the card leaves out
    "peak's upper half as its lower": (0, 0, 1, 5, 20, 60, 120),
    "peak ends at -2 GeV^2": (0, 0, 0, 0, 0, 5, 60),
}
BELLE2 = {
    "belle2-phase2": ("belle_2_20fb_inverse.csv", (0, 3, 5, 7, 9, 11)),
    "belle2-phase3": ("belle_2_50fb_inverse.csv", (0, 2, 4, 7, 8, 13)),
}
SINGLE = {"simulation.decay_geometry": "single-length"}
DISPLACED: Variants = {
    "(published)": {},
    "cuts.energy.min = 3.6": {"cuts.energy.min": 3.6},
    "simulation.spin_correlations = true": {"simulation.spin_correlations": True},
    "beams of equal energy": {
        "beam.electron_energy_GeV": 5.29,
        "beam.positron_energy_GeV": 5.29,
        "beam.crossing_angle_rad": 0.0,
    },
    "decay_geometry = single-length": SINGLE,
    "single-length, radius 0.91 m": {**SINGLE, "detector.radius_m": 0.91},
    "single-length, radius 0.8 m": {**SINGLE, "detector.radius_m": 0.8},
    "radius 0.91 m": {"detector.radius_m": 0.91},
}


def printed(path: Path) -> list[tuple[float, float]]:
    """Return the points of a printed curve, GeV and 1/GeV."""
    lines = [line.split("#")[0].split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    return [(float(row[0]), float(row[1])) for row in lines if len(row) == 2 and row[0][0].isdigit()]


def _exclusion(card: str, preset: str, mass: float, overrides: Mapping[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", darkmc.ValidityWarning)
        experiment = darkmc.Experiment(card, preset=preset, overrides=overrides)
        return experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(mass), precision=0.01))


def _ratio(edge: float, error: float, curve: float) -> str:
    return f"{edge / curve:.3f} ({100 * error / edge:.1f}%)" if edge == edge else "none"


def charm_curve(folder: Path) -> Iterator[Table]:
    """Yield our edges over those of the printed CHARM band at its points."""
    points = printed(folder / "charm.csv")
    tip = max(range(len(points)), key=lambda k: points[k][0])
    variants = [(label, "published", keys) for label, keys in OWN_FLUX.items()]
    variants += [(preset, preset, {}) for preset in BIASED]
    rows = [["edge, m' (MeV)", *(label for label, _, _ in variants)]]
    for k, (mass, curve) in enumerate(points):
        side = "lower" if k < tip else "upper"
        if not 0.0047 < mass < 0.031:
            continue
        row = [f"{side}, {1e3 * mass:.1f}"]
        for _, preset, keys in variants:
            found = _exclusion("charm-finegrained", preset, mass, keys)
            row.append(_ratio(getattr(found, side), getattr(found, f"{side}_error"), curve))
        rows.append(row)
    yield "curve-charm", f"our edge over the printed one, pi0 per proton as named; {SOURCE}", rows


def biased_flux() -> Iterator[Table]:
    """Yield N at one coupling and both edges, for the flux of `published` and the biased one."""
    columns = [f"{preset}: {what}" for preset in ("published", *BIASED) for what in ("N", "edges")]
    rows, coupling = [["m' (MeV)", "G of N", *columns]], 1.5e-4
    for mass in FLUX_MASSES_MEV:
        row = [str(mass), f"{coupling:g}"]
        for preset in ("published", *BIASED):
            experiment = darkmc.Experiment("charm-finegrained", preset=preset)
            sample = experiment.simulate(darkmc.DarkAxionPortal(1e-3 * mass), precision=0.01)
            value, error = sample.expected_events(coupling)
            found = experiment.limit(sample)
            lower = f"{found.lower:.4g} ({100 * found.lower_error / found.lower:.1f}%)"
            upper = f"{found.upper:.4g} ({100 * found.upper_error / found.upper:.1f}%)"
            row += [f"{value:.4g} ({100 * error / value:.1f}%)", f"{lower} to {upper}"]
        rows.append(row)
    yield "biased-flux", "charm-finegrained, N at G and excluded G in GeV^-1, m_a = 0, seed 1", rows


def babar_curve(folder: Path) -> Iterator[Table]:
    """Yield our lower edge over that of the printed BaBar curve, and what could move it at 10.2 GeV."""
    curve = printed(folder / "babar.csv")
    points = [curve[k] for k in BABAR_VERTICES]
    with tempfile.TemporaryDirectory() as own:
        made = Path(own)
        plain = shipped_counts()["highcut"]
        low = _counts(made / "low.csv", [(m, LOW_COUNT if m < PEAK_BELOW else n) for m, n in plain])
        sharp = {"simulation.smearing": False}
        variants: Variants = {
            "(published, sqrt(s) = 10.564 GeV)": {},
            "sqrt(s) = 10.58 GeV": _at(10.58),
            "sqrt(s) = 10.5 GeV": _at(10.5),
            "sqrt(s) = 10.3552 GeV": _at(10.3552),
            "no smearing": sharp,
            f"{LOW_COUNT} counts in each bin below {PEAK_BELOW:g} GeV^2": low,
            f"{LOW_COUNT} counts there, no smearing": {**low, **sharp},
        }
        for label, tail in TAILS.items():
            counts = [(k - len(tail), n) for k, n in enumerate(tail)] + plain
            variants[f"counts by E*, {label}"] = _counts(made / f"{sum(tail)}.csv", counts, 10.3552)
        rows = [["change", *(f"{mass:.4g} GeV" for mass, _ in points)]]
        rows += [[label, *_lower_ratios("babar-highcut", points, keys)] for label, keys in variants.items()]
        for label, keys, less in (("counts as they are", {}, 0.05), (f"{LOW_COUNT} counts there", low, 0.1)):
            mass, last = points[-1]
            nearer = _lower_ratios("babar-highcut", [(mass - less, last)], keys)
            rows.append([f"our edge {less:g} GeV below, {label}", *([""] * (len(points) - 1)), *nearer])
    yield "curve-babar", f"our least excluded G, preset published, over the printed one; {SOURCE}", rows


def _at(root_s: float) -> dict[str, Any]:
    """Return beams of this energy in the centre of mass, the positrons' as they are."""
    return {"beam.sqrt_s_GeV": root_s, "beam.electron_energy_GeV": root_s**2 / (4.0 * 3.1)}


def _counts(
    path: Path, counts: list[tuple[float, int]], taken_at: float = PUBLISHED_ROOT_S
) -> dict[str, Any]:
    """Write counts in bins of 1 GeV^2 and return the keys that take them.

    What was recorded at another sqrt(s) moves to bins that hold the same photon energies at the card's.
    """
    scale = PUBLISHED_ROOT_S / taken_at
    edges = [scale * (m + taken_at * (PUBLISHED_ROOT_S - taken_at)) for m in (*(m for m, _ in counts), 40.0)]
    out = ["low_GeV2,high_GeV2,count"]
    out += [f"{edges[k]!r},{edges[k + 1]!r},{count}" for k, (_, count) in enumerate(counts)]
    path.write_text("\n".join(out) + "\n", encoding="utf-8")
    return {"observed.counts": str(path), "observed.missing_mass2_GeV2": [edges[0], edges[-1]]}


def belle2_curves(folder: Path) -> Iterator[Table]:
    """Yield our lower edges over those of the printed Belle II curves, by what could explain them."""
    rows = [["change"]]
    body = [[label] for label in DISPLACED]
    for card, (name, vertices) in BELLE2.items():
        curve = printed(folder / name)
        points = [curve[k] for k in vertices]
        rows[0] += [f"{card[-6:]}, {1e3 * mass:.3g} MeV" for mass, _ in points]
        for row, keys in zip(body, DISPLACED.values(), strict=True):
            row += _lower_ratios(card, points, keys)
    yield (
        "curve-belle",
        f"our least excluded G, preset published, over the printed one; {SOURCE}",
        rows + body,
    )


def _lower_ratios(card: str, points: list[tuple[float, float]], keys: Mapping[str, Any]) -> Iterator[str]:
    for mass, curve in points:
        found = _exclusion(card, "published", mass, keys)
        yield _ratio(found.lower, found.lower_error, curve)
