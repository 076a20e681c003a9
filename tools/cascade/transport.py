"""Hadrons of a beam through a thick target: interactions of libraries, resampled, one after the other.

An interaction of a projectile is one of the library of its kind whose momentum is next below or above, at
random so that the logarithm of the momentum is right on average; momenta along the projectile are multiplied
by the factor with which the interaction has the projectile's energy, transverse ones stay.  Nucleons of all
kinds, and hyperons, interact as protons do; mesons as pi+.  Between interactions particles lose energy to
ionisation, or decay, and are dropped then, as they are below the least momenta.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from libraries import COUNTED, SCALES, Library
from particle import Particle
from setups import Setup

from darkmc.core.constants import AVOGADRO
from darkmc.core.kinematics import Array, around
from darkmc.core.materials import inelastic_cross_section_mb, known_material, nucleus
from darkmc.core.particles import mass
from darkmc.sources.electromagnetic.ionisation import POLARISATION, density_effect
from darkmc.sources.electromagnetic.media import Medium, classical_radius2_cm2

CM2_PER_MB = 1e-27
# Interaction lengths of pions over those of protons: PDG, Atomic and nuclear properties (from memory).
PION_LENGTHS = {"iron": 160.8 / 132.1, "copper": 165.9 / 137.3, "tungsten": 218.7 / 191.9}
KAON_LENGTH = 1.15  # over that of pions, K+ and K- alike (memory, grade C)
_MESONS = {211: 1.0, 321: KAON_LENGTH, 130: KAON_LENGTH, 310: KAON_LENGTH}
_BARYONS = (2212, 2112, 3122, 3112, 3222, 3212, 3312, 3322, 3334)
NUCLEON, PION = 2212, 211


class Kind(NamedTuple):
    """What is known of a kind: mass (GeV), c tau (cm), library, and interaction length over protons'."""

    mass: float
    ctau_cm: float
    library: int
    length: float


class Hadrons(NamedTuple):
    """Particles under way: row in the table of kinds, momentum (GeV), direction, depth (cm), primary."""

    kind: Array
    momentum: Array
    direction: Array
    depth: Array
    primary: Array


class Made(NamedTuple):
    """Neutral mesons: PDG id, momentum (GeV), cosine to the beam, depth (cm), generation, primary."""

    pid: Array
    momentum: Array
    cosine: Array
    depth: Array
    generation: Array
    primary: Array


def kinds(material: str) -> dict[int, Kind]:
    """Return the kinds of particles by PDG id, antiparticles included."""
    found = {}
    pion = PION_LENGTHS[material]
    for pid in (*_BARYONS, *_MESONS, *COUNTED):
        known = Particle.from_pdgid(pid)
        ctau = (known.ctau or math.inf) * 0.1 if pid != NUCLEON else math.inf
        length = 1.0 if pid in _BARYONS else pion * _MESONS.get(pid, 1.0)
        library = NUCLEON if pid in _BARYONS else PION
        found[pid] = Kind(known.mass * 1e-3, ctau, library, length)
        if pid not in (130, 310, *COUNTED):
            found[-pid] = found[pid]
    return found


def proton_length_cm(material: str) -> float:
    """Return A/(N_A rho sigma) of protons in a material of one element, cm."""
    density, composition = known_material(material)
    (element,) = composition
    a = nucleus(element).mass_number
    return a / (AVOGADRO * density * inelastic_cross_section_mb(a) * CM2_PER_MB)


def stopping_power(material: str, gamma: Array, heavy: float) -> Array:
    """Return dE/dx in GeV/cm of a particle of charge 1 and mass `heavy` (GeV).

    Bethe's formula with the largest transfer and Sternheimer's density effect: PDG, Passage of particles
    through matter, eq. (34.5) (from memory, grade C).
    """
    m = mass("e")
    beta2 = 1.0 - 1.0 / gamma**2
    squared = beta2 * gamma**2
    largest = 2.0 * m * squared / (1.0 + 2.0 * gamma * m / heavy + (m / heavy) ** 2)
    medium = Medium.of(material)
    electrons = medium.electrons_per_x0 / (100.0 * medium.metres_per_x0)
    logarithm = 0.5 * np.log(2.0 * m * squared * largest / (POLARISATION[material].excitation * 1e-9) ** 2)
    bracket = logarithm - beta2 - 0.5 * density_effect(material, gamma * m)
    out: Array = 4.0 * np.pi * classical_radius2_cm2() * m * electrons / beta2 * bracket
    return out


@dataclass
class Tally:
    """What happened, in energy (GeV) and in numbers."""

    interactions: int = 0
    clipped: int = 0
    electromagnetic: float = 0.0
    decayed: float = 0.0
    left: float = 0.0
    energy_error: float = 0.0
    depths: list[Array] = field(default_factory=list)


class Cascade:
    """Interactions of libraries in a target.

    Parameters
    ----------
    setup : Setup
        Beam and target.
    libraries : dict of lists of Library
        By projectile, in order of momentum.
    group, groups : int
        Of the interactions of every library those whose number is `group` modulo `groups` are used.
    length_cm : float, optional
        Of the target, instead of the setup's.
    """

    def __init__(
        self,
        setup: Setup,
        libraries: dict[int, list[Library]],
        group: int = 0,
        groups: int = 1,
        length_cm: float | None = None,
    ) -> None:
        self.setup, self.libraries, self.group, self.groups = setup, libraries, group, groups
        self.length = setup.length_cm if length_cm is None else length_cm
        self.kinds = kinds(setup.material)
        ids = np.array(sorted(self.kinds))
        self._ids, table = ids, [self.kinds[pid] for pid in ids]
        self._mass, self._ctau, self._library, self._length = (
            np.array(column) for column in zip(*table, strict=True)
        )
        self._charged = np.isin(np.abs(ids), (2212, 211, 321, 3112, 3222, 3312, 3334))
        self._least = np.where(self._library == NUCLEON, setup.least_nucleon, setup.least_meson)
        self._proton = proton_length_cm(setup.material)
        self.tally = Tally()

    def _row(self, pid: Array) -> Array:
        return np.searchsorted(self._ids, pid)

    def run(self, rng: np.random.Generator, repeat: int = 1) -> Made:
        """Return all pi0 and eta of the beam's interactions in the group, each followed `repeat` times."""
        first = self.libraries[NUCLEON][-1]
        events = np.arange(self.group, len(first.start) - 1, self.groups)
        found: list[Made] = []
        for _ in range(repeat):
            n = len(events)
            up = np.zeros((3, n))
            up[2] = 1.0
            kind = np.full(n, self._row(np.array([NUCLEON]))[0])
            state = Hadrons(kind, np.full(n, first.momentum), up, np.zeros(n), events)
            generation = 0
            while len(state.kind):
                state = self._move(state, rng)
                made, state = self._interact(state, rng, generation)
                found.append(made)
                generation += 1
        return Made(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def _move(self, state: Hadrons, rng: np.random.Generator) -> Hadrons:
        """Return those that interact, where they do."""
        m = self._mass[state.kind]
        energy = np.hypot(state.momentum, m)
        length = self._proton * self._length[state.kind]
        path = rng.exponential(length)
        flight = rng.exponential(np.maximum(self._ctau[state.kind], 1e-30) * state.momentum / m)
        decays = flight < path
        depth = state.depth + path * state.direction[2]
        gone = (depth < 0.0) | (depth > self.length)
        self.tally.decayed += float(np.sum(energy[decays]))
        self.tally.left += float(np.sum(energy[gone & ~decays]))
        lost = np.zeros_like(path)
        charged = self._charged[state.kind]
        for heavy in np.unique(m[charged]):
            mine = charged & (m == heavy)
            lost[mine] = path[mine] * stopping_power(self.setup.material, energy[mine] / heavy, heavy)
        energy = energy - lost
        momentum = np.sqrt(np.maximum(energy**2 - m**2, 0.0))
        goes = ~decays & ~gone & (momentum > self._least[state.kind])
        return Hadrons(
            state.kind[goes], momentum[goes], state.direction[:, goes], depth[goes], state.primary[goes]
        )

    def _interact(self, state: Hadrons, rng: np.random.Generator, generation: int) -> tuple[Made, Hadrons]:
        """Return the neutral mesons of interactions, and the hadrons that go on."""
        made, on = [], []
        for pid, libraries in self.libraries.items():
            mine = np.flatnonzero(self._library[state.kind] == pid)
            known = np.log([library.momentum for library in libraries])
            place = np.interp(np.log(state.momentum[mine]), known, np.arange(len(libraries)))
            chosen = np.floor(place + rng.random(len(mine))).astype(int).clip(0, len(libraries) - 1)
            if generation == 0:
                chosen[:] = len(libraries) - 1
            for k, library in enumerate(libraries):
                rows = mine[chosen == k]
                if len(rows):
                    n = (len(library.start) - 2 - self.group) // self.groups + 1
                    event = self.group + self.groups * rng.integers(0, n, len(rows))
                    event = state.primary[rows] if generation == 0 else event
                    parts = self._daughters(state, rows, library, event, rng, generation)
                    made.append(parts[0])
                    on.append(parts[1])
        if not made:
            empty = np.empty(0)
            return Made(*[empty] * 6), Hadrons(np.empty(0, int), empty, np.empty((3, 0)), empty, empty)
        return (
            Made(*(np.concatenate(column) for column in zip(*made, strict=True))),
            Hadrons(*(np.concatenate(column, axis=-1) for column in zip(*on, strict=True))),
        )

    def _scale(self, library: Library, event: Array, energy: Array) -> Array:
        """Return the factor of momenta along the projectile with which an interaction has that energy."""
        table = library.energies[event]
        high = np.clip(np.sum(table <= energy[:, None], axis=1), 1, len(SCALES) - 1)
        row = np.arange(len(event))
        low, above = table[row, high - 1], table[row, high]
        part = (energy - low) / (above - low)
        self.tally.clipped += int(np.sum((part < 0.0) | (part > 1.0)))
        return np.asarray(SCALES[high - 1] + np.clip(part, 0.0, 1.0) * (SCALES[high] - SCALES[high - 1]))

    def _daughters(
        self,
        state: Hadrons,
        rows: Array,
        library: Library,
        event: Array,
        rng: np.random.Generator,
        generation: int,
    ) -> tuple[Made, Hadrons]:
        heavy = self._mass[state.kind[rows]]
        scale = self._scale(library, event, np.hypot(state.momentum[rows], heavy))
        begin, count = library.start[event], library.start[event + 1] - library.start[event]
        parent = np.repeat(np.arange(len(rows)), count)
        place = np.arange(len(parent)) - np.repeat(np.cumsum(count) - count, count) + begin[parent]
        pid, known = library.pid[place], np.isin(library.pid[place], self._ids)
        parent, place, pid = parent[known], place[known], pid[known]
        vector = library.vectors[:, place].copy()
        vector[2] *= scale[parent]
        momentum = np.sqrt(np.sum(vector**2, axis=0))
        axis = state.direction[:, rows][:, parent]
        turn = 2.0 * np.pi * rng.random(len(rows))[parent] + np.arctan2(vector[1], vector[0])
        cosine = vector[2] / np.maximum(momentum, 1e-300)
        direction = around(axis, cosine, turn)
        depth, primary = state.depth[rows][parent], state.primary[rows][parent]
        kind = self._row(pid)
        energy = np.hypot(momentum, self._mass[kind])
        neutral = np.isin(pid, COUNTED)
        self.tally.interactions += len(rows)
        self.tally.electromagnetic += float(np.sum(energy[neutral]))
        goes = ~neutral & (momentum > self._least[kind])
        made = Made(
            pid[neutral],
            momentum[neutral],
            direction[2][neutral],
            depth[neutral],
            np.full(int(np.sum(neutral)), generation),
            primary[neutral],
        )
        on = Hadrons(kind[goes], momentum[goes], direction[:, goes], depth[goes], primary[goes])
        return made, on
