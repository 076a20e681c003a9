"""A cascade in which every interaction is made anew, by the projectile's own kind at its own momentum.

Slower than libraries, and without what they neglect: momenta that are scaled, neutrons as protons, pi- and
kaons as pi+.  Kinds that chromo does not let in (K0, hyperons) interact as those of libraries do.
"""

from typing import Any

import numpy as np
from libraries import COUNTED, FINAL, PROJECTILES, Generator, Library
from setups import Setup
from transport import NUCLEON, PION, Cascade, Hadrons, Made

from darkmc.core.kinematics import Array
from darkmc.core.particles import mass

_ALLOWED = (2212, 2112, 211, -211, 321, -321)


class LiveCascade(Cascade):
    """Interactions made one by one.

    Parameters
    ----------
    setup : Setup
        Beam and target.
    primaries : int
        Protons of the beam.
    """

    def __init__(self, setup: Setup, primaries: int) -> None:
        none = np.empty(0)
        beam = Library(setup.beam_momentum, np.arange(primaries + 1), none, none, none)
        super().__init__(setup, {NUCLEON: [beam], PION: [beam]})
        self._generator = Generator(setup)
        self._generator.aim(NUCLEON, setup.beam_momentum, mass(PROJECTILES[NUCLEON]), primaries)

    def _interact(self, state: Hadrons, rng: np.random.Generator, generation: int) -> tuple[Made, Hadrons]:
        """Return the neutral mesons of interactions, and the hadrons that go on."""
        events = [self._event(int(k), float(p)) for k, p in zip(state.kind, state.momentum, strict=True)]
        if not events:
            return super()._interact(state, rng, generation)
        start = np.concatenate([[0], np.cumsum([len(pid) for pid, _ in events])])
        pid, vectors = (
            np.concatenate([one[0] for one in events]),
            np.concatenate([one[1] for one in events], 1),
        )
        rows = np.arange(len(events))
        library = Library(self.setup.beam_momentum, start, pid, vectors, np.empty(0))
        return self._daughters(state, rows, library, rows, rng, generation)

    def _event(self, kind: int, momentum: float) -> tuple[Array, Array]:
        pid, heavy = int(self._ids[kind]), float(self._mass[kind])
        if pid not in _ALLOWED:
            pid = int(self._library[kind])
            heavy = mass(PROJECTILES[pid])
        self._generator.aim(pid, momentum, heavy)
        event: Any = next(iter(self._generator.model(1)))
        final = event.status == FINAL
        kept = final & np.isin(event.pid, (*self._ids, *COUNTED))
        return event.pid[kept].astype(np.int64), np.stack([event.px[kept], event.py[kept], event.pz[kept]])

    def _scale(self, library: Library, event: Array, energy: Array) -> Array:
        del library, energy
        return np.ones(len(event))
