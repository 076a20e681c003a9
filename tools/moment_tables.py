"""Tables of docs/gminus2.md, computed from the ready runs of moments."""

import csv
import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Table = tuple[str, str, list[list[str]]]
GE = ("ge-fig3", "ge-fig4", "ge-fig5", "ge-fig6")
FIGURES = (*GE, *(f"pv-fig{k}" for k in (2, 4, 5, 6, 7)), "dm-fig3")
DATA = ("mu-2021", "mu-2025", "e-2022-cs", "e-2022-rb")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def _tables(name: str, *kinds: str) -> list[list[dict[str, str]]]:
    """Do a run without its picture and return some of its tables."""
    from darkmc.cards.load import load_card
    from darkmc.runs.run import Settings, run_of

    card = load_card("runs", name).card
    with tempfile.TemporaryDirectory() as folder:
        list(run_of(card).work(card, Settings())(Path(folder)))
        return [_rows(Path(folder) / f"{name}{kind}.csv") for kind in kinds]


def left() -> Iterator[Table]:
    """Yield what is left of every figure's plane, then and now."""
    rows = [["figure", "region", *(f"{data}: allowed, not excluded" for data in DATA)]]
    for name in FIGURES:
        (summary,) = _tables(name, "-summary")
        found = {(row["region"], row["data"]): row for row in summary}
        for region in dict.fromkeys(row["region"] for row in summary):
            cells = [found[region, data] for data in DATA]
            shares = [f"{100 * float(c['share']):.1f}%, {100 * float(c['share_left']):.1f}%" for c in cells]
            rows.append([name, region, *shares])
    yield "moments-left", "shares of each figure's grid, even in the logarithms", rows


def without() -> Iterator[Table]:
    """Yield the contour of run ge-fig4 without each of the bounds on the axion."""
    (table,) = _tables("ge-fig4-without", "")
    masses = list(dict.fromkeys(row["m_dark_photon_GeV"] for row in table))
    shown = [masses[k] for k in (0, 66, 110, 150, 185)]
    rows = [["bounds", *(f"m' = {float(mass):.3g} GeV" for mass in shown)]]
    for region in dict.fromkeys(row["region"] for row in table):
        cells = [
            "; ".join(
                f"{float(row['epsilon_lower']):.4g} to {float(row['epsilon_upper']):.4g}"
                for row in table
                if (row["data"], row["region"], row["m_dark_photon_GeV"]) == ("mu-2021", region, mass)
                and row["interval"] != "0"
            )
            for mass in shown
        ]
        rows.append([region, *(cell or "none" for cell in cells)])
    yield "moments-without", "epsilon inside the contour of 5.99, muon 2021", rows


def _scan(name: str, data: str) -> Any:
    from darkmc.cards.load import load_card
    from darkmc.runs import moment_scan
    from darkmc.runs.moments import measured

    card: Any = load_card("runs", name).card.model_copy(update={"data": (data,)})
    (difference,) = measured(card).values()
    return moment_scan._scan(card, card.regions[0], *difference)


def settled() -> Iterator[Table]:
    """Yield how the contours settle with the number of masses, corners, and CPU times."""
    counts = (4, 16, 64)
    heads = [f"{n} masses, doubled" for n in counts]
    rows = [["figure, data", *heads, "corner", "CPU time (s)"]]
    for name, data in itertools.product(("ge-fig3", "ge-fig4"), ("mu-2021", "mu-2025")):
        scan = _scan(name, data)
        found = [scan.contour(inner_points=n) for n in counts[:-1]]
        start = time.process_time()
        found.append(scan.contour(inner_points=counts[-1]))
        seconds = time.process_time() - start
        moved = [f"{100 * each.moved:.2g}%, {each.inner_masses} in all" for each in found]
        corner = f"{found[-1].region.chi_squared[-1, 0]:.3f}"
        rows.append([f"{name}, {data}", *moved, corner, f"{seconds:.1f}"])
    yield "moments-settled", "how far the contour moves when the masses are doubled", rows


def _unit_integral(f: Any) -> float:
    """Integrate f(x, 1-x) over 0 < x < 1 in the logit of x."""
    import numpy as np
    from scipy.integrate import quad

    def of_logit(t: float) -> float:
        x, y = 1.0 / (1.0 + np.exp(-t)), 1.0 / (1.0 + np.exp(t))
        return float(f(x, y) * x * y)

    return sum(quad(of_logit, a, a + 7.0, epsrel=1e-11, epsabs=0.0)[0] for a in range(-35, 35, 7))


def _by_quadrature(loop: str, m: float, at: dict[str, Any]) -> float:
    """Return a loop by scipy's quadrature of the papers' formulas."""
    import numpy as np

    from darkmc.core.constants import ALPHA

    pi = np.pi
    if loop in ("vector", "axial_vector", "pseudoscalar_yukawa", "scalar_yukawa"):
        r = (at["mass"] / m) ** 2
        numerator, factor = {
            "vector": (lambda x, y: x**2 * y, ALPHA / pi),
            "axial_vector": (lambda x, y: x * y * (4.0 - x) + 2.0 * x**3 / r, -ALPHA / pi),
            "pseudoscalar_yukawa": (lambda x, _: x**3, -1.0 / (8.0 * pi**2)),
            "scalar_yukawa": (lambda x, _: x**2 * (2.0 - x), 1.0 / (8.0 * pi**2)),
        }[loop]
        strength = at.get("epsilon", at.get("yukawa"))
        return factor * strength**2 * _unit_integral(lambda x, y: numerator(x, y) / (x**2 + y * r))
    boson = 91.1876 if at.get("boson") == "Z" else 0.0
    m_x, m_v = (at["m_axion"], at["m_dark_photon"]) if "m_axion" in at else (at["mass"], boson)

    def triangle(x: float, y: float) -> float:
        a, b = y * m_x**2 + x**2 * m**2, y * m_v**2 + x**2 * m**2
        d = (a - b) / b
        ratio = np.log1p(d) / d if abs(d) > 1e-8 else 1.0 - 0.5 * d
        return float(
            y * (np.log(at["cutoff"] ** 2 / a) - 0.5) - (y * m_v**2 + 2.0 * x**2 * m**2) * y / b * ratio
        )

    value = m / (4.0 * pi**2) * _unit_integral(triangle)
    if loop == "dark_axion_one_loop":
        return value * at["epsilon"] * at["yukawa"] * at["coupling"]
    assert loop == "barr_zee_pseudoscalar"
    kappa = (1.0 - 4.0 * 0.2312) / (4.0 * np.sqrt(0.2312 * 0.7688)) if boson else 1.0
    return kappa * (value + m / (4.0 * pi**2) * 5.0 / 6.0) * at["g_lepton"] * at["g_photon"]


def _value(text: Any, parameters: dict[str, float]) -> Any:
    if not isinstance(text, str) or text in ("Z", "photon"):
        return text
    out = 1.0
    for part in map(str.strip, text.split("*")):
        out *= parameters[part] if part in parameters else float(part)
    return out


def searched(card: Any, data: Any, mass: float, coupling: float) -> float:
    """Return the least chi-squared that scipy finds over the other particle of a marginalised scan."""
    import numpy as np
    from scipy.optimize import differential_evolution

    from darkmc import gminus2
    from darkmc.core.units import parse_energy
    from darkmc.runs.moments import find_masks

    axion = card.plane == "axion"
    inner = card.dark_photon if axion else card.axion
    masks = find_masks(inner.masks, "mu")

    def chi_squared(x: Any, sign: float) -> Any:
        other_mass, other = np.exp(x)
        pair = (mass, other_mass) if axion else (other_mass, mass)
        epsilon, yukawa = (other, coupling) if axion else (coupling, other)
        total = gminus2.vector("mu", pair[1], epsilon) + gminus2.pseudoscalar_yukawa("mu", pair[0], yukawa)
        total += gminus2.dark_axion_one_loop(
            "mu", *pair, epsilon, sign * yukawa, card.coupling_per_GeV, parse_energy(card.cutoff)
        )
        excluded = np.any([each.excludes(other_mass, other) for each in masks], axis=0)
        return np.where(excluded, 1e20, ((total - data.value) / data.error) ** 2)

    ends = [parse_energy(inner.m_min), 0.02, 1.0, 10.3, 100.0, parse_energy(inner.m_max)]
    how: dict[str, Any] = {"vectorized": True, "updating": "deferred", "popsize": 30, "tol": 1e-9, "rng": 3}
    second = np.log([inner.coupling_min, inner.coupling_max])
    return min(
        float(differential_evolution(chi_squared, [part, second], args=(sign,), **how).fun)
        for part in itertools.pairwise(np.log(ends))
        for sign in (1.0, -1.0)
    )


def points() -> Iterator[Table]:
    """Yield two points of each contour, and chi-squared there by scipy."""
    from darkmc.cards.load import load_card
    from darkmc.core.particles import mass
    from darkmc.runs.moments import measured

    rows = [["figure", "data, region", "x", "y", "level", "chi-squared by scipy"]]
    for name in FIGURES:
        card: Any = load_card("runs", name).card
        (table,) = _tables(name, "")
        x_key, y_key = list(table[0])[2], list(table[0])[4].removesuffix("_lower")
        data_name = card.data[0]
        lepton, data = measured(card)[data_name]
        label = next(row["region"] for row in table if row["data"] == data_name)
        mine = [r for r in table if (r["data"], r["region"]) == (data_name, label) and r["interval"] != "0"]
        inside = [row for row in mine if float(row[f"{y_key}_upper"]) < 0.9 * _top(card)]
        for row in (inside[len(inside) // 3], inside[2 * len(inside) // 3]):
            x, y = float(row[x_key]), float(row[f"{y_key}_upper"])
            level = card.level
            if card.kind == "moment-scan":
                found = searched(card, data, x, y)
            else:
                loops = getattr(card, "loops", None)
                terms = [(t.loop, t.arguments) for t in loops] if loops else _Z_PRIME
                fixed = next((r.fixed for r in getattr(card, "regions", ()) if r.label == label), {})
                level = level if loops else card.levels[label]
                parameters = {**fixed, x_key: x, y_key: y}
                total = sum(
                    _by_quadrature(
                        loop, mass(lepton), {k: _value(v, parameters) for k, v in arguments.items()}
                    )
                    for loop, arguments in terms
                )
                found = ((total - data.value) / data.error) ** 2
            rows.append([name, f"{data_name}, {label}", f"{x:.4g}", f"{y:.6g}", f"{level:g}", f"{found:.5f}"])
    yield "moments-points", "upper ends of the first region", rows


_Z_PRIME = [("vector", {"mass": "m_z_prime_GeV", "epsilon": "epsilon"})]


def _top(card: Any) -> float:
    """Return where the plane's y ends."""
    if card.kind == "moment-plane":
        return float(card.y.max)
    if card.kind == "scotogenic":
        return float(card.epsilon_max)
    return float((card.axion if card.plane == "axion" else card.dark_photon).coupling_max)


def benchmarks() -> Iterator[Table]:
    """Yield the benchmark points of the U(1)_D model."""
    (table,) = _tables("dm-fig3", "-benchmarks")
    rows = [["", *(row["benchmark"] for row in table)]]
    for title, key, form in (
        ("epsilon", "epsilon", ".4e"),
        ("M_Z' (GeV)", "m_z_prime_GeV", ".4g"),
        ("Delta a of the Z'", "delta_a_z_prime", ".3e"),
        ("its pull, muon 2021", "pull_z_prime mu-2021", "+.2f"),
        ("its pull, muon 2025", "pull_z_prime mu-2025", "+.2f"),
        ("largest Lambda (eV)", "largest_loop_factor_eV", ".2e"),
        ("Yukawa coupling needed for 0.05 eV", "yukawa_needed", ".3g"),
        ("Delta a of the charged scalar with it", "delta_a_charged_scalar", ".2e"),
        ("pull of the sum, muon 2021", "pull mu-2021", "+.4g"),
    ):
        rows.append([title, *(f"{float(row[key]):{form}}" for row in table)])
    yield "moments-benchmarks", "run dm-fig3", rows
