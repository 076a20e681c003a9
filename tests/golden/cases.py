"""What is held: every shipped card and preset, and every switch of the engine that no card uses."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from list_cards import rows_of, write_card, write_text

import darkmc

SEED = 20
CARD_ROWS, SWITCH_ROWS = 4096, 1024  # per channel
# dark photon mass (GeV), and couplings (GeV^-1) about where the limit has its edges
CARDS: dict[str, tuple[float, tuple[float, float, float]]] = {
    "babar": (1.0, (2e-3, 1e-2, 1.0)),
    "babar-highcut": (1.0, (2e-3, 1e-2, 1.0)),
    "babar-lowcut": (1.0, (5e-3, 5e-2, 1.0)),
    "belle2-phase2": (1.0, (5e-4, 5e-3, 1.0)),
    "belle2-phase3": (1.0, (8e-5, 1e-3, 1.0)),
    "charm-decay": (0.01, (1e-4, 1e-3, 4e-3)),
    "charm-finegrained": (0.03, (3e-5, 1e-4, 2e-4)),
    "e137": (0.02, (1e-5, 4e-4, 3e-2)),
    "e141": (0.01, (1e-5, 1e-4, 1e-3)),
    "lsnd": (0.001, (5e-3, 3e-2, 0.5)),
    "miniboone-offtarget": (0.001, (5e-3, 5e-2, 1.0)),
    "na62-dump": (0.02, (1e-4, 5e-4, 2e-3)),
    "nucal": (0.05, (2e-5, 6e-5, 2e-4)),
    "orsay": (0.01, (1e-5, 1e-4, 1e-3)),
    "ship": (0.3, (1e-6, 3e-6, 1e-5)),
}


@dataclass(frozen=True)
class Case:
    """One experiment with its switches at one pair of masses.

    Attributes
    ----------
    name : str
        What the case is called in the file.
    experiment, preset, overrides
        As `darkmc.Experiment` takes them.
    m_dark_photon, m_axion : float
        GeV.
    couplings : tuple of float
        GeV^-1; where N is held.
    rows : int
        Per channel.
    vary : bool
        With the weights of alternatives.
    mesons_from : str
        Where listed mesons start: "target", "inside" the volume; empty: no list.
    streams : bool
        Whether chunk 0 of every channel is held, too.
    """

    name: str
    experiment: str
    m_dark_photon: float
    couplings: tuple[float, float, float]
    m_axion: float = 0.0
    preset: str = "best"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    rows: int = SWITCH_ROWS
    vary: bool = False
    mesons_from: str = ""
    streams: bool = True

    def build(self, folder: Path) -> darkmc.Experiment:
        """Return the experiment; a list of mesons is written into the folder."""
        listed = {"source.flux": meson_list(folder, self.mesons_from)} if self.mesons_from else {}
        return darkmc.Experiment(self.experiment, self.preset, {**listed, **self.overrides})

    @property
    def portal(self) -> darkmc.DarkAxionPortal:
        """The masses."""
        return darkmc.DarkAxionPortal(self.m_dark_photon, self.m_axion)


def meson_list(folder: Path, where: str) -> str:
    """Write 200 pi0 that fly forwards, spread evenly, and return the path of the flux card."""
    k = np.arange(200)
    energy = np.round(5.0 + 100.0 * ((0.6180339887 * k) % 1.0), 3)
    side = np.round(0.6 * ((0.7548776662 * k) % 1.0) - 0.3, 3)
    rows = rows_of("pi0", np.stack([side, np.roll(side, 1), energy], axis=1))
    if where == "inside":
        place = np.round(np.stack([0.01 * side, 0.01 * side, 470.0 + 20.0 * (k % 5), k % 3]), 3)
        rows = np.concatenate([rows, place.T], axis=1)
    name = write_text(folder, rows, f"{where}.txt")
    keys = {"time_unit": "ns", "position_origin": "lab"} if where == "inside" else {}
    return write_card(folder, {"pi0": name}, name=f"{where}.toml", **keys)


def shipped() -> list[Case]:
    """Return a case for every shipped card and preset."""
    return [
        Case(f"{name} {preset}", name, *CARDS[name], preset=preset, rows=CARD_ROWS, streams=False)
        for name in darkmc.list_experiments()
        for preset in _presets(name)
    ]


def _presets(name: str) -> list[str]:
    """Return the presets of a shipped card; what it says of its flux is no matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ["best", *darkmc.Experiment(name).card.presets]


def on(card: str, switch: str, mass: float | None = None, **more: Any) -> Case:
    """Return a card's case with a switch, of few species of mesons; keyword arguments are those of a case."""
    usual, couplings = CARDS[card]
    overrides = {**FEW.get(card, {}), **more.pop("overrides", {})}
    return Case(
        f"{card}, {switch}", card, usual if mass is None else mass, couplings, overrides=overrides, **more
    )


def setting(card: str, key: str, value: str | bool) -> Case:
    """Return a card's case with one key of the card set."""
    return on(card, f"{key} = {str(value).lower()}", overrides={key: value})


LIGHT = 1e-4  # GeV
FINE, DECAY, LSND, HIGH = "charm-finegrained", "charm-decay", "lsnd", "babar-highcut"
FEW = {name: {"source.mesons": ["eta", "omega"]} for name in (FINE, DECAY)}
JPSI = {"source.mesons": ["J/psi"]}
LISTED = {"source.mesons": ["pi0"], "cuts": [], "signal.final_states": ["a gamma"]}
AROUND = {"shape": "sphere", "centre_m": [0.0, 0.0, 500.0], "radius_m": 60.0}
ROUND = {
    "shape": "cylinder",
    "radius_m": 2.0,
    "length_m": 30.0,
    "centre_m": [4.5, 0.5, 480.0],
    "axis": [0.1, 0.2, 1.0],
}
RISING = {"observable": "E_shower", "at": [5.0, 50.0], "values": [0.2, 0.9]}
ONE_METRE = {"simulation.decay_geometry": "single-length", "simulation.decay_length_m": 1.0}
ABSORBED = {"simulation.absorption": True, "simulation.signal": "all"}


def targets() -> list[Case]:
    """Return cases behind a target: switches of decays and scattering, shapes, alternatives."""
    return [
        *(on(card, "heavy axion", LIGHT, m_axion=CARDS[card][0]) for card in (FINE, LSND)),
        *(on(card, "massive axion", m_axion=CARDS[card][0] / 2) for card in (FINE, DECAY, LSND)),
        on(DECAY, "muons", 0.4),
        on(FINE, "J/psi", 0.5, overrides=JPSI, vary=True),
        *(setting(card, "simulation.biasing", "none") for card in (FINE, DECAY, LSND)),
        *(setting(card, "simulation.spin_correlations", False) for card in (FINE, DECAY, LSND)),
        *(
            setting(card, "simulation.signal", kind)
            for card in (FINE, LSND)
            for kind in ("conversion", "all")
        ),
        *(setting(LSND, "simulation.veto", veto) for veto in ("paper", "accept")),
        *(setting(card, "simulation.absorption", True) for card in (FINE, LSND)),
        on(FINE, "absorption of all signals", overrides=ABSORBED),
        *(on(card, "alternatives", vary=True) for card in (FINE, LSND)),
        on(FINE, "efficiency table", overrides={"signal.efficiency": RISING}),
        on(FINE, "cylinder", overrides={"geometry": ROUND}),
        on(FINE, "sphere around", overrides={"geometry": AROUND}),
    ]


def lists() -> list[Case]:
    """Return cases whose mesons are from a list."""
    natural = {**LISTED, "geometry": AROUND, "simulation.biasing": "none"}
    converting = {**LISTED, "simulation.signal": "conversion"}
    far = {"source.mesons": ["pi0"], "source.flux_may_differ": ["energy", "target"]}
    return [
        on(FINE, "list", overrides=LISTED, mesons_from="target"),
        on(FINE, "list as it comes", overrides=natural, mesons_from="target"),
        on(FINE, "list that starts inside", overrides={**LISTED, "geometry": AROUND}, mesons_from="inside"),
        on(FINE, "list that converts", overrides=converting, mesons_from="target"),
        on("miniboone-offtarget", "list", overrides=far, mesons_from="target"),
    ]


def colliders() -> list[Case]:
    """Return cases at colliders."""
    without = [setting(HIGH, f"simulation.{key}", False) for key in ("isr", "smearing", "resonance")]
    return [
        on(HIGH, "heavy axion", LIGHT, m_axion=1.0),
        on(HIGH, "heavy axion without ISR", LIGHT, m_axion=1.0, overrides={"simulation.isr": False}),
        on(HIGH, "massive axion", m_axion=0.5),
        setting(HIGH, "simulation.biasing", "none"),
        setting(HIGH, "simulation.spin_correlations", False),
        *without,
        setting(HIGH, "simulation.decay_geometry", "single-length"),
        on(HIGH, "one metre", overrides=ONE_METRE),
        on("belle2-phase2", "few background events", overrides={"observed": {"background": 2.0}}),
    ]


def all_cases() -> dict[str, Case]:
    """Return every case by name: shipped cards, streams of some of them as they are, switches."""
    plain = [on(card, "streams") for card in ("babar", "belle2-phase2", FINE, DECAY, LSND, "nucal")]
    cases = [*shipped(), *plain, *targets(), *lists(), *colliders()]
    named = {case.name: case for case in cases}
    if len(named) < len(cases):
        raise ValueError("two cases have one name")
    return named
