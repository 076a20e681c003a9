"""Libraries of interactions of UrQMD, or SIBYLL, made through chromo and kept in a folder, file by file.

Of every interaction the particles that a cascade can need are kept, and the energy of all of it as a function
of the factor by which momenta along the beam are multiplied.
"""

import contextlib
import functools
import math
import os
import tempfile
import time
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from setups import Setup

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.core.progress import count_bar

SCALES = np.geomspace(0.4, 2.5, 45)
_EACH = 500  # interactions a file
_ENERGY = 1e-3  # by which energy may be lost, relative to the projectile's
_LEAST_SQRT_S = 1.2  # GeV
_LIGHTEST = 0.4  # kept: what a factor of 2.5 brings above the least energy
FINAL = 1
_SEED = 1
COUNTED = (111, 221)  # pi0 and eta are kept whatever their energy
PROJECTILES = {2212: "proton", 211: "pi+"}


class Library(NamedTuple):
    """Interactions of one projectile at one momentum.

    Attributes
    ----------
    momentum : float
        Of the projectile, GeV.
    start : array (n + 1,)
        Where the particles of each interaction begin, and end.
    pid : array (m,)
        PDG ids of the particles that were kept.
    vectors : array (3, m)
        Lab momenta, GeV.
    energies : array (n, 45)
        Energy of all particles less that of the nucleus, GeV, with momenta along the beam times `SCALES`.
    """

    momentum: float
    start: Array
    pid: Array
    vectors: Array
    energies: Array


def wanted(setup: Setup) -> list[tuple[int, float, int]]:
    """Return PDG id, momentum (GeV) and number of interactions of all libraries of a setup."""
    beam = [(2212, setup.beam_momentum, setup.first)]
    nucleons = [(2212, p, setup.others) for p in setup.nucleon_momenta]
    mesons = [(211, p, setup.others) for p in (*setup.meson_momenta, setup.beam_momentum) if setup.others]
    return nucleons + mesons + beam


def make(name: str, setup: Setup, folder: Path) -> None:
    """Make what is missing of the libraries of a setup; CPU time and cross sections go to the terminal."""
    jobs = [
        (pid, p, part)
        for pid, p, number in wanted(setup)
        for part in range(math.ceil(number / _EACH))
        if not _file(folder, name, pid, p, part).is_file()
    ]
    if not jobs:
        return
    folder.mkdir(parents=True, exist_ok=True)
    begin = time.process_time()
    with apart():
        generator = Generator(setup)
        with count_bar(len(jobs), "files") as bar:
            for pid, p, part in jobs:
                generator.write(_file(folder, name, pid, p, part), pid, p, part)
                bar.update()
    print(f"{name}: {len(jobs)} files, {time.process_time() - begin:.0f} s of CPU")


def read(name: str, setup: Setup, folder: Path) -> dict[int, list[Library]]:
    """Return the libraries of a setup by projectile, in order of momentum."""
    found: dict[int, list[Library]] = {pid: [] for pid in PROJECTILES}
    for pid, p, number in sorted(wanted(setup), key=lambda one: one[1]):
        parts = [np.load(_file(folder, name, pid, p, part)) for part in range(math.ceil(number / _EACH))]
        counts = np.concatenate([part["counts"] for part in parts])
        found[pid].append(
            Library(
                p,
                np.concatenate([[0], np.cumsum(counts)]),
                np.concatenate([part["pid"] for part in parts]),
                np.concatenate([part["vectors"] for part in parts], axis=1).astype(np.float64),
                np.concatenate([part["energies"] for part in parts]),
            )
        )
    return found


def _file(folder: Path, name: str, pid: int, momentum: float, part: int) -> Path:
    return folder / f"{name}-{PROJECTILES[pid]}-{momentum:g}-{part:03d}.npz"


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Work in a folder that goes, and send what the Fortran prints to nowhere."""
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        with tempfile.TemporaryDirectory() as work, contextlib.chdir(work), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*haven't been decayed")
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _collision(pid: int, energy: float, nucleus: tuple[int, int]) -> Any:
    kinematics, units = import_module("chromo.kinematics"), import_module("chromo.constants")
    return kinematics.FixedTarget(energy * units.GeV, pid, nucleus)


@functools.cache
def _started(name: str) -> Any:
    """Return a model of chromo, which starts once per process."""
    model = getattr(import_module("chromo.models"), name)
    if name == "UrQMD34":
        model._ecm_min = _LEAST_SQRT_S * import_module("chromo.constants").GeV
    started = model(_collision(2212, 400.0, (12, 6)), seed=_SEED)
    if name != "UrQMD34":  # which leaves them alone
        for pid in COUNTED:
            started.set_stable(pid)
    return started


class Generator:
    """UrQMD 3.4, or another model of chromo, on one nucleus, with any of the projectiles."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._urqmd = setup.model == "UrQMD34"
        self.model = _started(setup.model)

    def aim(self, pid: int, momentum: float, heavy: float, *seed: int) -> None:
        """Set the projectile: PDG id, momentum and mass in GeV; with a seed random numbers start anew."""
        nucleus = self.setup.mass_number, self.setup.charge
        self.model.kinematics = _collision(pid, math.hypot(momentum, heavy), nucleus)
        if self._urqmd:
            self.model._lib.inputs.eos = 0  # potentials lose energy; chromo sets them below 4.9 GeV
            self.model._lib.options.ctoption[24 - 1] = 2
        if seed:
            self.model.random_state = np.random.default_rng([_SEED, *seed]).bit_generator.state

    def write(self, file: Path, pid: int, momentum: float, part: int) -> None:
        """Write one file of interactions; it is whole or not there."""
        heavy = mass(PROJECTILES[pid])
        self.aim(pid, momentum, heavy, pid, round(1e3 * momentum), part)
        counts, ids, vectors, energies = [], [], [], []
        for event in self.model(_EACH):
            final = event.status == FINAL
            mine = np.stack([event.px[final], event.py[final], event.pz[final]])
            masses = event.m[final]
            squared = masses**2 + mine[0] ** 2 + mine[1] ** 2
            energies.append(np.sum(np.sqrt(squared + np.outer(SCALES, mine[2]) ** 2), axis=1))
            kept = np.hypot(np.sqrt(squared), mine[2]) - masses > _LIGHTEST * self.setup.least_meson
            kept |= np.isin(event.pid[final], COUNTED)
            counts.append(int(np.sum(kept)))
            ids.append(event.pid[final][kept])
            vectors.append(mine[:, kept])
        table = np.array(energies)
        at_one = np.array([np.interp(0.0, np.log(SCALES), row) for row in table])
        energy = math.hypot(momentum, heavy)
        nucleus = np.full(len(table), np.median(at_one)) - energy if self._urqmd else at_one - energy
        lost = np.max(np.abs(at_one - nucleus - energy)) > _ENERGY * energy
        # SIBYLL: as many nucleons as were hit, and no rest of the nucleus
        if lost or np.min(nucleus) < 0.0 or np.max(nucleus) > self.setup.mass_number:
            raise RuntimeError(f"{file.name}: energy is not conserved")
        part_file = file.with_suffix(".part")
        with part_file.open("wb") as stream:
            np.savez(
                stream,
                counts=np.array(counts),
                pid=np.concatenate(ids).astype(np.int32),
                vectors=np.concatenate(vectors, axis=1).astype(np.float32),
                energies=table - nucleus[:, None],
            )
        part_file.replace(file)
