"""The only place where random generators are made, and the register of every stream of random numbers.

A stream's number is its key beside the seed: once given away it never changes, and a new name takes a new
number.  A channel's number is the sum of one entry each of PARENTS, SIGNALS and ROUTES, shifted for analyses
that are combined; all else that draws random numbers has a number of its own in STREAMS.  Each purpose has
a range of chunks of its own in CHUNKS.  Tests hold the tables to a copy and show them disjoint.
"""

from typing import NamedTuple, NewType

import numpy as np
from numpy.typing import NDArray

CHUNK_ROWS = 4096

StreamNumber = NewType("StreamNumber", int)
"""A number of the register; only this module makes one."""

PARENTS = {  # what the dark states are made of: hundreds
    "e": 100,
    "mu": 200,
    "tau": 300,
    "proton": 400,
    "pi+": 500,
    "pi0": 600,
    "eta": 700,
    "eta'": 800,
    "rho0": 900,
    "omega": 1000,
    "phi": 1100,
    "J/psi": 1200,
    "Upsilon(3S)": 1300,
    "e+ e- at rest": 1400,
    "e- H": 1500,
    "e- C": 1600,
    "e- O": 1700,
    "e- Al": 1800,
    "e- Si": 1900,
    "e- Ca": 2000,
    "e- Fe": 2100,
    "e- Cu": 2200,
    "e- W": 2300,
    "e- Pb": 2400,
    "e- Mo": 2500,
    "e+ e-": 10_000,
}
SIGNALS = {  # what is seen of them: tens; below 100 all are taken, 2000 and on are free
    "a gamma": 0,
    "conversion": 10,
    "electron": 20,
    "a e- e+": 30,
    "a mu- mu+": 40,
    "cluster": 50,
    "conversion before": 60,
    "first decay": 70,  # final states of other portals, by their place among those of one portal
    "second decay": 80,
    "third decay": 90,
}
ROUTES = {  # how they come to be seen: units
    "direct": 0,
    "heavy": 1,
    "near": 2,
    "far": 3,
    "single length": 4,
}
ANALYSES, ANALYSIS_STEP = 40, 20_000  # analyses that may be combined, and by how much each shifts
STREAMS = {  # all that is no channel
    "radiative annihilation": 0,
    "meson source": 1_000_000,
    "order of events": 1_000_001,
    "decays of eta": 1_000_002,
    "directions to the volume": 1_000_003,
    "decays at rest": 1_000_004,
    "electromagnetic showers": 1_000_005,
    "showers of mesons": 1_000_006,
}
CHUNKS = {  # what the chunks of a stream are for; `CHUNKS[purpose][k]` is the k-th of them
    "sample": range(2**29),
    "rehearsal": range(2**29, 2**30),
    "events": range(2**30, 2**31),
    "proposal": range(2**31, 2**31 + 2**20),
    "bound": range(2**31 + 2**20, 2**31 + 2**21),
    "pilot": range(2**31 + 2**21, 2**31 + 2**22),
}


def channel_number(parent: str, signal: str, route: str = "direct", analysis: int = 0) -> StreamNumber:
    """Return the number of a channel, fixed by names: a new name elsewhere moves none.

    Parameters
    ----------
    parent, signal, route : str
        Names of PARENTS, SIGNALS and ROUTES.
    analysis : int
        Place among the analyses that are combined, below ANALYSES.

    Raises
    ------
    KeyError, IndexError
        If a name is not registered, or the place beyond the last.
    """
    shift = range(0, ANALYSES * ANALYSIS_STEP, ANALYSIS_STEP)[analysis]
    return StreamNumber(PARENTS[parent] + SIGNALS[signal] + ROUTES[route] + shift)


class ChannelParts(NamedTuple):
    """What a channel's number is made of: names of PARENTS, SIGNALS and ROUTES, and its analysis."""

    parent: str
    signal: str
    route: str
    analysis: int


def channel_parts(number: int) -> ChannelParts:
    """Return what :func:`channel_number` made a number of; KeyError if it is no channel's."""
    analysis, rest = divmod(number, ANALYSIS_STEP)
    names = {
        parent + signal + route: (parents, signals, routes)
        for parents, parent in PARENTS.items()
        for signals, signal in SIGNALS.items()
        for routes, route in ROUTES.items()
    }
    return ChannelParts(*names[rest], analysis)


def stream_number(name: str) -> StreamNumber:
    """Return the number of a stream that is no channel; KeyError if its name is not registered."""
    return StreamNumber(STREAMS[name])


def chunk_rng(seed: int, channel: StreamNumber, chunk: int) -> np.random.Generator:
    """Return the generator of one chunk of one stream.

    Parameters
    ----------
    seed : int
        The user's seed.
    channel : StreamNumber
        Number of the register, so that switching a channel off moves no other.
    chunk : int
        Index of the chunk within its stream, of the range of CHUNKS that its purpose has.

    Returns
    -------
    numpy.random.Generator
        SFC64 seeded by ``SeedSequence(seed, spawn_key=(channel, chunk))``: independent of the order in
        which chunks are made and of the number of workers.  The mass is not in the key, so neighbouring
        masses share their random numbers and contours are smooth.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(channel, chunk))
    return np.random.Generator(np.random.SFC64(sequence))


def uniform_numbers(rng: np.random.Generator, each: int, count: int, first: int = 0) -> NDArray[np.float64]:
    """Return uniform numbers (each, count) of primaries: the same for each, however many are asked for.

    Parameters
    ----------
    rng : numpy.random.Generator
        That of a chunk, from which nothing was drawn yet.
    each, count, first : int
        Numbers for each primary, primaries, and the number of the first of them within the chunk.
    """
    return np.ascontiguousarray(rng.random((first + count, each))[first:].T)
