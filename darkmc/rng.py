"""The only place where random generators are made."""

import numpy as np

CHUNK_ROWS = 4096


def chunk_rng(seed: int, channel: int, chunk: int) -> np.random.Generator:
    """Return the generator of one chunk of one channel.

    Parameters
    ----------
    seed : int
        The user's seed.
    channel : int
        Fixed number of the channel, so that switching a channel off moves no other.
    chunk : int
        Index of the chunk within its channel.

    Returns
    -------
    numpy.random.Generator
        SFC64 seeded by ``SeedSequence(seed, spawn_key=(channel, chunk))``: independent of the order in
        which chunks are made and of the number of workers.  The mass is not in the key, so neighbouring
        masses share their random numbers and contours are smooth.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(channel, chunk))
    return np.random.Generator(np.random.SFC64(sequence))
