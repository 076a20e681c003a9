"""Random numbers per (seed, channel, chunk): distinct, independent, reproducible.

Statistical tests: fixed seeds; a chance failure of about 1e-5 each.
"""

import itertools

import numpy as np
import pytest
from scipy.stats import kstest

from darkmc.rng import CHUNK_ROWS, chunk_rng


def test_the_same_key_gives_the_same_bits():
    np.testing.assert_array_equal(chunk_rng(7, 3, 11).random(64), chunk_rng(7, 3, 11).random(64))


def test_no_two_keys_share_a_stream():
    seeds = [0, 1, 2, 2**31, 2**32, 2**32 + 1, 2**64, 2**96 + 1]
    numbers = [0, 1, 2, 3, 2**16, 1_000_000]
    keys = list(itertools.product(seeds, numbers, numbers))
    first = {chunk_rng(*key).integers(0, 2**63) for key in keys}
    assert len(first) == len(keys)


def test_lists_that_collide_as_entropy_do_not_collide_as_keys():
    assert np.random.default_rng([1]).random() == np.random.default_rng([1, 0]).random()
    assert chunk_rng(1, 0, 0).random() != chunk_rng(1, 1, 0).random()
    assert chunk_rng(1, 0, 0).random() != np.random.Generator(np.random.SFC64(1)).random()


def test_channel_and_chunk_are_not_interchangeable():
    assert chunk_rng(1, 2, 3).random() != chunk_rng(1, 3, 2).random()


@pytest.mark.parametrize("neighbour", [(5, 0, 1), (5, 1, 0), (6, 0, 0)])
def test_neighbouring_streams_are_uncorrelated(neighbour):
    n = 100_000
    a, b = chunk_rng(5, 0, 0).random(n), chunk_rng(*neighbour).random(n)
    assert abs(np.corrcoef(a, b)[0, 1]) * np.sqrt(n) < 4.5
    assert kstest((a + b) % 1.0, "uniform").pvalue > 1e-5


def test_first_numbers_of_successive_chunks_are_uniform():
    first = np.array([chunk_rng(1, 0, chunk).random() for chunk in range(4000)])
    assert kstest(first, "uniform").pvalue > 1e-5
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) * np.sqrt(len(first)) < 4.5


def test_a_chunk_does_not_depend_on_the_chunks_made_before():
    expected = [chunk_rng(9, 1, chunk).random() for chunk in range(5)]
    assert [chunk_rng(9, 1, chunk).random() for chunk in reversed(range(5))] == expected[::-1]


def test_chunks_have_the_size_of_the_contract():
    assert CHUNK_ROWS == 4096
