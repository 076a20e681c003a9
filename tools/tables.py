"""Tables of the documentation.

    python tools/tables.py            rewrite the tables in docs/*.md from docs/data/*.csv
    python tools/tables.py --compute  compute docs/data/*.csv anew (some minutes), then rewrite

With ``--curves=FOLDER`` comparisons with printed curves and tables too (``tools/curve_tables.py``,
``tools/generator_comparison.py``).

A table stands between the lines ``<!-- table NAME -->`` and ``<!-- end -->``, one that is made of code behind
``<!-- made NAME -->``.
"""

import csv
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
DATA = DOCS / "data"
MASSES_MEV = (5, 10, 20, 30, 60, 100)


def read(name: str) -> list[list[str]]:
    """Return header and rows of a data file."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file) if row and not row[0].startswith("#")]


def markdown(rows: list[list[str]]) -> str:
    """Return header and rows as a Markdown table."""
    header, *others = rows
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in others])


def observables() -> list[list[str]]:
    """Return the table of what cuts, efficiencies and histograms may name."""
    from darkmc.selection.observables import OBSERVABLES

    rows = [["observable", "unit", "what", "of events with"]]
    for name, one in OBSERVABLES.items():
        needs = "; ".join(dict.fromkeys(", ".join(f"`{part}`" for part in need) for need in one.needs))
        rows.append([f"`{name}`", one.unit, one.label, needs])
    return rows


MADE = {"observables": observables}


def with_tables(text: str) -> str:
    """Return a document with its tables rewritten from the data files, and from code."""
    pattern = re.compile(r"(<!-- (table|made) ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

    def table(match: re.Match[str]) -> str:
        rows = MADE[match[3]]() if match[2] == "made" else read(match[3])
        return f"{match[1]}{markdown(rows)}\n{match[4]}"

    return pattern.sub(table, text)


def write(name: str, comment: str, rows: list[list[str]]) -> None:
    """Write a data file."""
    DATA.mkdir(exist_ok=True)
    with (DATA / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {comment}; written by tools/tables.py\n")
        csv.writer(file, lineterminator="\n").writerows(rows)


def edges(interval: Any) -> str:
    """Return an interval as text with the error of each edge in per cent of the edge."""

    def edge(value: float, error: float) -> str:
        return f"{value:.4g} ({100 * error / value:.2f}%)" if value == value else "none"

    return f"{edge(interval.lower, interval.lower_error)} to {edge(interval.upper, interval.upper_error)}"


def intervals_text(exclusion: Any) -> str:
    """Return all intervals of an exclusion as text."""
    return "; ".join(edges(interval) for interval in exclusion.intervals) or "nothing excluded"


def intervals() -> Iterator[tuple[str, str, list[list[str]]]]:
    """Yield the table of excluded couplings by analysis, signal and mass."""
    import darkmc

    rows = [["m' (MeV)", "charm-finegrained, decay", "conversion", "all", "charm-decay"]]
    for mass in MASSES_MEV:
        portal = darkmc.DarkAxionPortal(1e-3 * mass)
        row = [str(mass)]
        for signal in ("decay", "conversion", "all"):
            experiment = darkmc.Experiment("charm-finegrained", overrides={"simulation.signal": signal})
            row.append(intervals_text(experiment.limit(experiment.simulate(portal, precision=0.005))))
        experiment = darkmc.Experiment("charm-decay")
        row.append(intervals_text(experiment.limit(experiment.simulate(portal, precision=0.005))))
        rows.append(row)
    yield "intervals", "excluded G in GeV^-1 and Monte Carlo errors, m_a = 0, preset best, seed 1", rows


def shares() -> Iterator[tuple[str, str, list[list[str]]]]:
    """Yield the tables of each species' share of the yield in the limit of small couplings."""
    import darkmc
    from darkmc.core.particles import canonical_name

    for name, table in (("charm-finegrained", "shares-finegrained"), ("charm-decay", "shares-decay")):
        experiment = darkmc.Experiment(name)
        mesons = [canonical_name(meson) for meson in experiment.card.source.mesons]
        rows = [["m' (MeV)", *mesons]]
        for mass in MASSES_MEV:
            portal = darkmc.DarkAxionPortal(1e-3 * mass)
            coupling = 1e-7 / (1e-3 * mass) ** 2 * 0.01
            sample = experiment.simulate(portal, precision=0.005, at=coupling)
            total = sample.expected_events(coupling).value
            parts = sample.channels(coupling)
            row = [str(mass)]
            for meson in mesons:
                mine = [part for key, part in parts.items() if key.split(" ")[0] == meson]
                value = sum(part.value for part in mine) / total
                error = sum(part.error**2 for part in mine) ** 0.5 / total
                row.append(f"{100 * value:.2f} +- {100 * error:.2f}")
            rows.append(row)
        yield table, f"share of each species in the yield of {name} for small G, per cent", rows


def presets() -> Iterator[tuple[str, str, list[list[str]]]]:
    """Yield the table of the shift of each key of the preset `published`, alone."""
    import darkmc
    from darkmc.cards.load import preset_values

    rows = [["analysis", "key alone at its published value", "lower edge", "upper edge"]]
    for name, mass in (("charm-finegrained", 10), ("charm-decay", 10)):
        portal = darkmc.DarkAxionPortal(1e-3 * mass)
        published = preset_values("detectors", name, "published")
        variants: dict[str, dict[str, Any]] = {"(best)": {}}
        variants |= {key: {key: value} for key, value in published.items()}
        variants["all of them (published)"] = published
        if name == "charm-decay":
            variants["preset centre-at-480m"] = preset_values("detectors", name, "centre-at-480m")
        best = None
        for label, overrides in variants.items():
            experiment = darkmc.Experiment(name, overrides=overrides)
            exclusion = experiment.limit(experiment.simulate(portal, precision=0.004))
            best = best or exclusion
            row = [f"{name}, {mass} MeV", label]
            for edge, error, reference in (
                (exclusion.lower, exclusion.lower_error, best.lower),
                (exclusion.upper, exclusion.upper_error, best.upper),
            ):
                shift = "" if exclusion is best else f" ({100 * (edge / reference - 1):+.1f}%)"
                row.append(f"{edge:.4g} +- {error:.1g}{shift}")
            rows.append(row)
    yield "presets", "edges in GeV^-1 and shift against best", rows


def cutflow() -> Iterator[tuple[str, str, list[list[str]]]]:
    """Yield the cutflow of the calorimeter analysis at one point."""
    import darkmc

    experiment = darkmc.Experiment("charm-finegrained")
    sample = experiment.simulate(darkmc.DarkAxionPortal(0.01), precision=0.005, at=1e-3)
    rows = [["stage", "expected events"]]
    rows += [[name, f"{part.value:.5g} +- {part.error:.2g}"] for name, part in sample.cutflow(1e-3).items()]
    yield "cutflow", "charm-finegrained, m' = 10 MeV, m_a = 0, G = 1e-3 GeV^-1, preset best", rows


def hadronic() -> Iterator[tuple[str, str, list[list[str]]]]:
    """Yield the table of forward pi0 per interacting proton from the fit and from UrQMD."""
    import numpy as np

    import darkmc

    fit = darkmc.MesonSource("sanford-wang-be-8gev", {"pi0_per_pot": None})
    lists = [darkmc.MesonSource(f"hadronic-{target}-8gev").lists["pi0"] for target in ("be", "fe")]
    x, weights = np.polynomial.legendre.leggauss(60)
    rows = [["p (GeV)", "theta (rad)", "Sanford-Wang, Be", "UrQMD, Be", "UrQMD, Fe"]]
    edges = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.5)
    bins = [(low, high, 0.21) for low, high in itertools.pairwise(edges)]
    for low, high, widest in [*bins, (0.5, 6.5, 0.21), (0.0, 7.89, np.pi / 2)]:
        p, theta = low + (high - low) * (x[:, None] + 1.0) / 2.0, widest * (x + 1.0) / 2.0
        density = fit.density("pi0", p, theta)
        row = [f"{low:g} to {high:g}", f"0 to {widest:.3g}"]
        row.append(f"{weights @ density @ weights * (high - low) * widest / 4.0:.5f}")
        for pions in lists:
            inside = (pions.size >= low) & (pions.size < high) & (np.arccos(pions.direction()[2]) < widest)
            share = pions.per_pot * pions.share[inside]
            row.append(f"{np.sum(share):.5f} +- {np.sqrt(np.sum(share**2)):.5f}")
        rows.append(row)
    yield "hadronic", "pi0 per interacting proton of 8.89 GeV/c, statistical errors", rows


def makers(curves: Path | None) -> Iterator[tuple[str, Callable[[], Iterator[Any]]]]:
    """Yield the name and the function of all that is computed; comparisons need the folder of curves."""
    import collider_tables  # beside this script
    import curve_tables
    import e137_tables
    import flux_tables
    import generator_comparison
    import moment_tables
    import peer_tables
    import scattering_tables
    import source_tables
    import stopping_tables
    import target_shower_tables

    for make in (
        *(cutflow, presets, shares, intervals, hadronic),
        *(scattering_tables.yields, scattering_tables.limits, scattering_tables.buffer),
        *(scattering_tables.spin, scattering_tables.protons, scattering_tables.absorption),
        *(peer_tables.peer, source_tables.jpsi, flux_tables.pions, generator_comparison.copper),
        *(e137_tables.excluded, e137_tables.assumptions, e137_tables.channels),
        target_shower_tables.target_showers,
        stopping_tables.stopping,
        *(moment_tables.left, moment_tables.without, moment_tables.settled),
        *(moment_tables.points, moment_tables.benchmarks),
        *(collider_tables.acceptance, collider_tables.collider_limits, collider_tables.switches),
        *(collider_tables.radiation, collider_tables.bins, curve_tables.biased_flux),
    ):
        yield make.__name__, make
    if curves is not None:
        for compare in (
            *(curve_tables.charm_curve, curve_tables.babar_curve, curve_tables.belle2_curves),
            *(generator_comparison.proton_collisions, generator_comparison.forward_collisions),
        ):
            yield compare.__name__, partial(compare, curves)


def main(arguments: list[str]) -> None:
    """Compute the data if asked for, and rewrite the tables."""
    if "--compute" in arguments:
        folders = [word.removeprefix("--curves=") for word in arguments if word.startswith("--curves=")]
        wanted = {word for word in arguments if not word.startswith("--")}
        for make_name, make in makers(Path(folders[0]) if folders else None):
            if wanted and make_name not in wanted:
                continue
            for name, comment, rows in make():
                write(name, comment, rows)
    for document in sorted(DOCS.glob("*.md")):
        text = document.read_text(encoding="utf-8")
        document.write_text(with_tables(text), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
