"""Tables of Pythia's mesons as darkmc makes them, beside public tables of the same generator and of another.

    python tools/tables.py --compute --curves=FOLDER proton_collisions forward_collisions
    python tools/tables.py --compute copper

FOLDER holds the public tables by the names below, columns log10 theta, log10 p and contents: mesons per event
of `SoftQCD:all`, and pb of EPOS-LHC at 13.6 TeV in one hemisphere.  Needs Pythia (pip install
'darkmc[pythia]').
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from flux_tables import ABOVE, above
from generator_tables import CARD, SETUPS
from scattering_tables import Table

import darkmc
from darkmc.core.kinematics import Array
from darkmc.core.vocabulary import PDG_IDS
from darkmc.sources.lists.entries import Entries

INELASTIC_PB = 78e9  # at 13.6 TeV, by which the cross sections of EPOS are divided
EVENTS, FORWARD_EVENTS = 100_000, 25_000
LEAST = (0.0, 1.0, 10.0)
BEAMS = {
    400.0: ("400", ("pi0", "eta", "eta'", "rho0", "omega", "phi")),
    69.0: ("70", ("pi0", "eta", "rho0", "omega")),
}
REGIONS = {"theta < 10 mrad, p > 31.6 GeV": (1e-2, 31.6), "theta < 0.2 mrad, p > 1 TeV": (2e-4, 1e3)}


def copper() -> Iterator[Table]:
    """Yield pi0 of first interactions at 400 GeV on copper and oxygen, of the fit and of generators."""
    rows = [["pi0 per interaction, 400 GeV", "all", *(f"> {least:g} GeV" for least in ABOVE)]]
    fit = darkmc.MesonSource("bmpt-cu-400")
    known = {"fit (BMPT), copper": fit, "UrQMD, copper": fit.alternatives["urqmd"]}
    rows += [[name, *above(source)] for name, source in known.items()]
    on = {"n_interactions": EVENTS, "target.element": "Cu"}
    for rule in ("none", "bmpt"):
        pions = _source(400.0, {**on, "A_dependence": rule})["pi0"]
        rows.append([f"Pythia, copper, `A_dependence` {rule}", *_sums(pions)])
    oxygen = {
        "beam.energy_GeV": 400.0,
        "target.Z": 8,
        "target.mass_number": 16,
        "generator.model": "Sibyll23d",
    }
    lists = darkmc.MesonSource("hadronic-fe-8gev", {**oxygen, "generator.n_interactions": 20_000}).lists or {}
    rows.append(["SIBYLL, oxygen", *_sums(lists["pi0"])])
    yield "generators-copper", "pi0 of first interactions, without a cascade", rows


def _sums(entries: Entries) -> list[str]:
    share = entries.per_pot * entries.share
    return [f"{np.sum(share[entries.size > least]):.4g}" for least in (0.0, *ABOVE)]


def _public(file: Path) -> tuple[Array, Array, Array]:
    """Return angles (rad), momenta (GeV) and contents of the bins of a public table."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line[:1] in "-0123456789"]
    table = np.loadtxt(lines, delimiter=",")
    return 10.0 ** table[:, 0], 10.0 ** table[:, 1], table[:, 2]


def _made(entries: Entries, keep: Array, events: int) -> tuple[float, float]:
    """Return mesons per collision that are kept, and the error: collisions scatter, not mesons."""
    assert entries.collision is not None
    each = entries.per_pot * np.bincount(entries.collision[keep], entries.share[keep], events)
    return float(np.sum(each)), float(np.sqrt(events) * np.std(each))


def _ratio(made: tuple[float, float], public: float) -> str:
    return f"{made[0] / public:.3f} +- {made[1] / public:.3f}"


def proton_collisions(folder: Path) -> Iterator[Table]:
    """Yield mesons per event of all soft processes, and those over the public table's."""
    rows = [["meson", "beam (GeV)", "p (GeV)", "public table", "here", "here over public"]]
    for beam, (name, mesons) in BEAMS.items():
        keys = {"n_interactions": EVENTS, "processes": "SoftQCD:all", "weak_decays": True}
        lists = _source(beam, keys)
        for meson in mesons:
            _, momenta, contents = _public(folder / f"pythia_pp_{name}GeV_{PDG_IDS[meson]}.csv")
            for least in LEAST:
                public = float(np.sum(contents[momenta > least]))
                made = _made(lists[meson], lists[meson].size > least, EVENTS)
                where = f"> {least:g}" if least else "all"
                rows.append(
                    [meson, f"{beam:g}", where, f"{public:.4g}", f"{made[0]:.4g}", _ratio(made, public)]
                )
    yield (
        "generators-protons",
        "mesons per event of Pythia's SoftQCD:all, those of weak decays with them",
        rows,
    )


def forward_collisions(folder: Path) -> Iterator[Table]:
    """Yield forward mesons per inelastic collision at 13.6 TeV, one hemisphere, of EPOS-LHC and of Pythia."""
    head = ["meson", "region", "EPOS-LHC per 78 mb", "Pythia", "Pythia with weak decays"]
    rows = [[*head, "EPOS over Pythia", "the same with weak decays"]]
    setup = SETUPS["pythia-lhc"]
    plain = [setup.source(part).lists or {} for part in range(1, setup.parts + 1)]
    keys = {"n_interactions": FORWARD_EVENTS, "weak_decays": True, **setup.more}
    decayed = _source(setup.energy, keys)
    for meson in ("pi0", "eta"):
        angles, momenta, contents = _public(folder / f"eposlhc_13p6TeV_{PDG_IDS[meson]}_forward.csv")
        for region, (widest, least) in REGIONS.items():
            epos = float(np.sum(contents[(angles < widest) & (momenta > least)])) / INELASTIC_PB
            parts = [_made(one[meson], _inside(one[meson], widest, least), setup.each) for one in plain]
            mean, error = (float(x) for x in (np.mean([p[0] for p in parts]), np.mean([p[1] for p in parts])))
            error /= np.sqrt(setup.parts)
            more = _made(decayed[meson], _inside(decayed[meson], widest, least), FORWARD_EVENTS)
            numbers = [f"{epos:.4g}", f"{mean:.4g} +- {error:.2g}", f"{more[0]:.4g} +- {more[1]:.2g}"]
            rows.append([meson, region, *numbers, f"{epos / mean:.3f}", f"{epos / more[0]:.3f}"])
    yield "generators-forward", "mesons per inelastic collision at 13.6 TeV, one hemisphere", rows


def _inside(entries: Entries, widest: float, least: float) -> Array:
    theta = np.arctan2(np.hypot(*entries.momentum[:2]), entries.momentum[2])
    return np.asarray((theta < widest) & (entries.size > least))


def _source(beam: float, keys: dict[str, object]) -> dict[str, Entries]:
    dotted = {key if "." in key else f"generator.{key}": value for key, value in keys.items()}
    return darkmc.MesonSource(CARD, {"beam.energy_GeV": beam, **dotted}).lists or {}
