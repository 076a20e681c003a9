"""Pythia 8: mesons of inelastic collisions of nucleons, in batches."""

from importlib import import_module
from typing import Any

import numpy as np

from darkmc.core.kinematics import Array, length
from darkmc.core.progress import count_bar
from darkmc.core.vocabulary import PDG_IDS
from darkmc.sources.lists.collected import Collected

_NEUTRON = 2112
_BATCH = 1000  # interactions; at 13.6 TeV one has up to some thousand particles
_SEEDS = 900_000_000  # of Pythia, from 1 on
_HADRONS = (81, 99)  # status of what hadronisation and decays make, each particle once
_WEAKLY = (310, 3122, 3112, 3222, 3312, 3322, 3334)  # what Pythia decays by default and detectors see fly


def generate(settings: dict[str, Any]) -> dict[str, Array]:
    """Return lab momenta (GeV) of the wanted mesons of all interactions; see :class:`Collected`.

    Parameters
    ----------
    settings : dict
        ``energy_GeV`` of the beam's proton (total), ``mass_number`` and ``charge`` of the target: its protons
        and neutrons take their shares of ``n_interactions``; ``seed``, ``pdg_ids`` by name, and the further
        keys of a card's generator.
    """
    n = settings["n_interactions"]
    protons = round(n * settings["charge"] / settings["mass_number"])
    found = Collected(settings["pdg_ids"])
    done = 0
    with count_bar(n, "interactions") as bar:
        for pid, end in ((PDG_IDS["proton"], protons), (_NEUTRON, n)):
            if end == done:
                continue
            generator = _generator(settings, pid)
            while done < end:
                batch = generator.nextBatch(min(_BATCH, end - done)).prt  # without those that went wrong
                if not len(batch):
                    raise RuntimeError("Pythia makes no collisions of these beams and settings")
                for name, momentum, event in _mesons(batch, settings):
                    found.add(name, momentum, done + event)
                done += len(batch)
                bar.update(len(batch))
    return found.arrays()


def _generator(settings: dict[str, Any], target: int) -> Any:
    """Return Pythia for a proton on one nucleon; RuntimeError if it does not take the settings."""
    collider = settings["frame"] == "collider"
    energy = settings["energy_GeV"]
    seed = 1 + (2 * settings["seed"] + (target == _NEUTRON)) % _SEEDS
    lines = [
        "Print:quiet = on",
        f"Beams:frameType = {1 if collider else 2}",
        f"Beams:idB = {target}",
        f"Beams:eCM = {2.0 * energy!r}" if collider else f"Beams:eA = {energy!r}",
        "Beams:eB = 0.",  # below its mass: at rest
        f"{settings['processes']} = on",
        "Random:setSeed = on",
        f"Random:seed = {seed}",
        *([] if settings["weak_decays"] else [f"{pid}:mayDecay = off" for pid in _WEAKLY]),
        *settings["settings"],
    ]
    generator = import_module("pythia8mc").Pythia("", False)
    for line in lines:
        if not generator.readString(line):
            raise RuntimeError(f"Pythia does not know '{line}'")
    if not generator.init():
        raise RuntimeError("Pythia does not start with these beams and settings")
    return generator


def _mesons(batch: Any, settings: dict[str, Any]) -> list[tuple[str, Array, Array]]:
    """Return name, momenta (3, n) and interactions (n,) of the mesons of a batch, by species."""
    import awkward as ak

    counts = ak.to_numpy(ak.num(batch.id))
    event = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    every = ak.flatten(batch)
    pid, status = ak.to_numpy(every.id), np.abs(ak.to_numpy(every.status))
    born = (status >= _HADRONS[0]) & (status <= _HADRONS[1])
    out = []
    for name, wanted in settings["pdg_ids"].items():
        mine = np.flatnonzero(born & (pid == wanted))
        four = every.p[mine]
        momentum = np.stack([ak.to_numpy(four[axis]) for axis in ("px", "py", "pz")])
        kept = length(momentum) >= settings["least_momentum_GeV"]
        if settings["frame"] == "collider":  # both beams are alike: half a turn brings all along +z
            momentum[1:] *= np.where(momentum[2] < 0.0, -1.0, 1.0)
        out.append((name, momentum[:, kept], event[mine][kept]))
    return out
