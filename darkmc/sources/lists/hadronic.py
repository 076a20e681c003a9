"""Mesons from a hadronic generator: run once in a process of its own, then kept in the user's cache folder.

Of UrQMD and SIBYLL taken as they leave the nucleus are pi0 (those of rho, omega and all shorter-lived
resonances with them) and eta; pi0 of the decays of eta are added.  Pythia decays all of them by itself: every
meson is counted, also one that decays and those of its decay.  Not in it: pi0 of weak decays, unless Pythia's
are asked for, and whatever secondaries make on their way through a thick target.
"""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile

import numpy as np

from darkmc.cards.flux_generator import GeneratorCard, HadronicCard, PythiaCard
from darkmc.core.errors import CardError, how_to_get
from darkmc.core.kinematics import (
    Array,
    boost,
    feynman_x,
    kallen,
    length,
    nucleon_frame,
    on_shell,
    unit_vector,
)
from darkmc.core.materials import inelastic_cross_section_mb
from darkmc.core.particles import canonical_name, mass
from darkmc.core.rng import chunk_rng, stream_number
from darkmc.core.vocabulary import PDG_IDS
from darkmc.sources.fits.bmpt import power_of_mass_number
from darkmc.sources.lists.collected import EVENTS
from darkmc.sources.lists.entries import Entries

# PDG 2022: BR(3 pi0) = 0.3257, BR(pi+ pi- pi0) = 0.2302
PI0_PER_ETA = 3.0 * 0.3257 + 0.2302
_MEASURED_TRANSVERSE = 0.6  # GeV, of the fit's data: the A-dependence is that at this p_T beyond
_LEAST_ROOT_S = 10.0  # GeV (memory)
_FORMATS = {"chromo": 2, "pythia8mc": 1}  # of what lies in the cache
_MADE = "made.npz"


def generated_mesons(card: GeneratorCard, path: str) -> tuple[dict[str, Entries], list[str]]:
    """Return the mesons of a card by species, and the hash of what the generator made.

    Parameters
    ----------
    card : GeneratorCard
        The card.
    path : str
        Where it is, for messages.

    Raises
    ------
    CardError
        If the generator is not installed or fails, or the cache folder cannot be written.
    """
    made = _cached(card, path)
    lists = _decayed(card, made) if isinstance(card, PythiaCard) else _undecayed(card, made)
    if card.pi0_per_pot is not None:
        scale = card.pi0_per_pot / lists["pi0"].per_pot
        lists = {meson: replace(entries, per_pot=scale * entries.per_pot) for meson, entries in lists.items()}
    for key, ratio in card.ratios.items():
        lists[canonical_name(key)] = replace(lists["pi0"], per_pot=ratio * lists["pi0"].per_pot)
    content = b"".join(made[meson].tobytes() for meson in card.generated)
    return lists, [hashlib.sha256(content).hexdigest()]


def _undecayed(card: GeneratorCard, made: dict[str, Array]) -> dict[str, Entries]:
    """Return pi0 and eta of a generator that leaves eta alone: pi0 of their decays are added."""
    decays = pions_of_eta(made["eta"], card.generator.seed)
    pions = np.concatenate([made["pi0"], decays], axis=1)
    direct, indirect = np.ones(made["pi0"].shape[1]), np.full(decays.shape[1], PI0_PER_ETA)
    numbers = np.concatenate([made["pi0" + EVENTS], made["eta" + EVENTS]])
    return {
        "pi0": _entries(card, pions, np.concatenate([direct, indirect]), numbers),
        "eta": _entries(card, made["eta"], np.ones(decays.shape[1]), made["eta" + EVENTS]),
    }


def _decayed(card: PythiaCard, made: dict[str, Array]) -> dict[str, Entries]:
    """Return the mesons of Pythia."""
    # of two beams mesons of both hemispheres stand for those of one
    one = 0.5 if card.generator.frame == "collider" else 1.0
    return {
        meson: _entries(
            card, made[meson], one * nuclear_weight(card, meson, made[meson]), made[meson + EVENTS]
        )
        for meson in card.generated
    }


def nuclear_weight(card: PythiaCard, meson: str, momentum: Array) -> Array:
    """Return how many mesons per interaction with the nucleus each one per interaction with a nucleon is.

    A^alpha over A^0.71: alpha is that of :func:`power_of_mass_number` at the meson's x_F and p_T, the other
    power that of the inelastic cross section.  Beyond 0.6 GeV of p_T it is that at 0.6, where the data end:
    it grows like A^(0.2 pT^2).  1 without an `A_dependence`.

    Parameters
    ----------
    card : PythiaCard
        The card.
    meson : str
        Species.
    momentum : array (3, n)
        Lab momenta, GeV.
    """
    a = card.target.mass_number
    if a == 1 or card.generator.A_dependence != "bmpt":
        return np.ones(momentum.shape[1])
    frame = nucleon_frame(card.beam.energy_GeV, mass("proton"))
    x_f = feynman_x(frame, np.hypot(length(momentum), mass(meson)), momentum[2])
    transverse2 = np.minimum(momentum[0] ** 2 + momentum[1] ** 2, _MEASURED_TRANSVERSE**2)
    inelastic = inelastic_cross_section_mb(a) / inelastic_cross_section_mb(1.0)
    out: Array = np.exp(np.log(a) * power_of_mass_number(x_f, transverse2)) / inelastic
    return out


def generator_remarks(card: GeneratorCard) -> list[str]:
    """Return where a generator is used beyond what it is made for: Pythia below sqrt(s) of 10 GeV."""
    if not isinstance(card, PythiaCard) or card.generator.frame == "collider":
        return []
    root_s, _, _ = nucleon_frame(card.beam.energy_GeV, mass("proton"))
    if root_s >= _LEAST_ROOT_S:
        return []
    return [f"flux {card.name}: Pythia is made for sqrt(s) above {_LEAST_ROOT_S:g} GeV, not {root_s:.3g}"]


def _entries(card: GeneratorCard, momentum: Array, weight: Array, collision: Array) -> Entries:
    """Return mesons of weights per interaction; those of one interaction are one piece of luck."""
    total, n = float(np.sum(weight)), card.generator.n_interactions
    return Entries(
        momentum,
        None,
        None,
        weight / total,
        card.target_interaction / n * total,
        fixed=card.pi0_per_pot is not None,
        collision=collision.astype(np.int64),
        interactions=n,
    )


def pions_of_eta(eta: Array, seed: int) -> Array:
    """Return the momentum of one pi0 of the decay of each eta into three pions, flat in phase space.

    Parameters
    ----------
    eta : array (3, n)
        Lab momenta, GeV.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    array (3, n)
        Lab momenta, GeV; each stands for `PI0_PER_ETA` pi0.
    """
    heavy, light = mass("eta"), mass("pi0")
    pair = np.linspace(2.0 * light, heavy - light, 2001)[1:-1]  # mass of the other two
    momentum = np.sqrt(np.maximum(kallen(heavy**2, pair**2, light**2), 0.0)) / (2.0 * heavy)
    cumulative = np.cumsum(momentum * np.sqrt(pair**2 - 4.0 * light**2))
    uniform = chunk_rng(seed, stream_number("decays of eta"), 0).random((3, eta.shape[1]))
    size = np.interp(uniform[0] * cumulative[-1], cumulative, momentum)
    direction = unit_vector(2.0 * uniform[1] - 1.0, 2.0 * np.pi * uniform[2])
    out: Array = boost(on_shell(size * direction, light), on_shell(eta, heavy), heavy)[1:]
    return out


def cache_folder() -> Path:
    """Return where generated mesons are kept: $DARKMC_CACHE, $XDG_CACHE_HOME/darkmc or ~/.cache/darkmc."""
    own = os.environ.get("DARKMC_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "darkmc"


def settings(card: GeneratorCard, path: str) -> dict[str, Any]:
    """Return all that decides what the generator makes; CardError if its package is missing."""
    chromo = isinstance(card, HadronicCard)
    package, extra = ("chromo", "hadronic") if chromo else ("pythia8mc", "pythia")
    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:
        model = card.generator.model
        raise CardError(f"{path}: {model} needs {package}: {how_to_get(extra)}") from None
    return {
        "format": _FORMATS[package],
        package: version,
        **card.generator.model_dump(exclude={"A_dependence"}),
        "energy_GeV": card.beam.energy_GeV,
        "mass_number": card.target.mass_number,
        "charge": card.target.charge,
        "pdg_ids": {meson: PDG_IDS[meson] for meson in card.generated},
    }


def _cached(card: GeneratorCard, path: str) -> dict[str, Array]:
    """Return momenta (3, n) by species, from the cache folder or from a new run."""
    wanted = json.dumps(settings(card, path), sort_keys=True)
    key = hashlib.sha256(wanted.encode()).hexdigest()[:16]
    target = card.target
    nucleus = f"Z{target.charge}-A{target.mass_number}"
    folder = cache_folder()
    file = folder / f"{card.generator.model}-{nucleus}-{card.beam.energy_GeV:g}GeV-{key}.npz"
    made = _read(file, wanted) or _made(file, wanted, path)
    for meson in card.generated:
        if not made[meson].shape[1]:
            n = card.generator.n_interactions
            raise CardError(f"{path}: generator.n_interactions: not one {meson} in {n} interactions")
    return made


def _made(file: Path, wanted: str, path: str) -> dict[str, Array]:
    """Run the generator and return what it made; the file is whole or not there."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".run-", dir=file.parent) as folder:
            work = Path(folder).resolve()
            _run(wanted, work)
            made = _read(work / _MADE, wanted)
            if made is None:
                raise CardError(f"{path}: the generator failed: {_complaint(work)}")
            (work / _MADE).replace(file)
    except OSError as error:
        text = f"cannot keep generated mesons there ({error.strerror}): set DARKMC_CACHE"
        raise CardError(f"{file.parent}: {text}") from None
    return made


def _read(file: Path, wanted: str) -> dict[str, Array] | None:
    """Return what a file of the cache holds, None if it is not there or not what is wanted."""
    try:
        with file.open("rb") as stream, np.load(stream) as stored:
            if str(stored["settings"]) != wanted:
                return None
            return {name: stored[name] for name in stored.files if name != "settings"}
    except (OSError, EOFError, KeyError, ValueError, BadZipFile):
        return None


def _run(wanted: str, work: Path) -> None:
    """Run the generator in a process of its own; its bar goes to the terminal, what it prints to a file."""
    command = [sys.executable, "-m", "darkmc.sources.lists.own_process", wanted, str(work)]
    with (work / "log").open("wb") as log:
        shown = None if sys.stderr is not None and sys.stderr.isatty() else log
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=shown, check=False)


def _complaint(work: Path) -> str:
    """Return why the generator failed: what was raised, or the last line that it printed."""
    for file in (work / "error", work / "log"):
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if lines:
            return lines[-1]
    return "it stopped without a word"
