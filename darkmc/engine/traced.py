"""Primaries on their way through a stream, of which fewer and fewer are left."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.biasing.placement import Placed
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.flight import proper_length
from darkmc.core.kinematics import Array, some
from darkmc.sample.columns import NOTHING
from darkmc.sample.stream import Flight, Momenta
from darkmc.signals.signal import Outcome, Ray

Index = NDArray[np.intp]


class Way(NamedTuple):
    """How states come to where they arrive.

    Attributes
    ----------
    path, per_path : array (n,)
        Where the state before decays, m, and 1/density of that draw; 0 and 1 where none does.
    size : array (n,)
        Its momentum, GeV; empty where there is none.
    carried : array (4, n) or None
        Its four-momentum in the axes of the emission, GeV.
    flight : array (3, n) or None
        Its direction in the lab; None where nobody asks for it.
    """

    path: Array
    per_path: Array
    size: Array = NOTHING
    carried: Array | None = None
    flight: Array | None = None

    def lives(self, mass: float) -> Array:
        """Return the proper length per metre of the state that decays, 0 where none does."""
        if not len(self.size):
            return np.zeros_like(self.path)
        out: Array = proper_length(1.0, self.size, mass)
        return out

    def move(self, start: Array) -> None:
        """Move starts (4, n) to where the state decays."""
        if self.carried is not None and self.flight is not None:
            start[:3] += self.path * self.flight
            start[3] += self.path * self.carried[0] / self.size / SPEED_OF_LIGHT_M_PER_NS

    def until(self, end: float, proper: Array, start: Array, uniform: Array) -> Flight:
        """Return the flight of a state that decays before a path (m), of a proper length."""
        assert self.carried is not None
        assert self.flight is not None
        window = np.full(len(proper), end)
        slowness = self.carried[0] / self.size / SPEED_OF_LIGHT_M_PER_NS
        return Flight(start, self.flight, np.zeros(len(proper)), window, proper, slowness, uniform)

    def at(self, index: Index, rays: bool = True) -> "Way":
        """Return that of some of the states, without momenta if these are not asked for."""
        size = self.size[index] if len(self.size) else self.size
        carried, flight = (
            some(part, index) if rays and part is not None else None for part in (self.carried, self.flight)
        )
        return Way(self.path[index], self.per_path[index], size, carried, flight)


class Traced(NamedTuple):
    """Primaries that met the volume.

    Attributes
    ----------
    placed : Placed
        All primaries tried.
    seen : array (n,) of int
        Which of them these are.
    ray : Ray
        What arrives.
    chord : array (n,)
        Path in the volume, m; empty where that is no factor of a weight.
    way, outcome : Way, Outcome
        How it came, and what is made of it.
    produced : array (n,)
        What a primary stands for.
    absorb : array (n,)
        n sigma L at G = 1 on the way; empty without a shield.
    chain : dict of arrays (4, n)
        Lab momenta before the signal, where they are asked for.
    place : array (n,)
        Uniform numbers of the place.
    arriving : array (m,)
        `produced` of all that met the volume, whatever rows they have.
    """

    placed: Placed
    seen: Index
    ray: Ray
    chord: Array
    way: Way
    outcome: Outcome
    produced: Array
    absorb: Array
    chain: Momenta
    place: Array
    arriving: Array

    def at(self, index: Index, rays: bool) -> "Traced":
        """Return the same with several rows, or none, of some of the primaries; their outcome stays.

        Parameters
        ----------
        index : array of int
            Which primaries.
        rays : bool
            Rays and places are asked for; else they stay as they are, of all.
        """
        absorb, chord = (part[index] if len(part) else part for part in (self.absorb, self.chord))
        return self._replace(
            seen=self.seen[index],
            ray=self.ray.at(index) if rays else self.ray,
            chord=chord,
            way=self.way.at(index, rays),
            produced=self.produced[index],
            absorb=absorb,
            chain={name: some(four, index) for name, four in self.chain.items()},
            place=self.place[index] if rays else self.place,
        )
