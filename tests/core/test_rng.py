"""Random numbers per (seed, channel, chunk): distinct, independent, reproducible.

Statistical tests: fixed seeds; a chance failure of about 1e-5 each.
"""

import ast
import itertools

import numpy as np
import pytest
from helpers import ROOT
from scipy.stats import kstest

from darkmc.core import rng
from darkmc.core.rng import CHUNK_ROWS, chunk_rng
from darkmc.core.vocabulary import FINAL_STATES, PDG_IDS

PACKAGE = ROOT / "darkmc"


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


def test_the_register_is_what_it_was():
    """A copy: a name may be added here and there, a number never changed."""
    assert rng.PARENTS == {
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
    assert rng.SIGNALS == {
        "a gamma": 0,
        "conversion": 10,
        "electron": 20,
        "a e- e+": 30,
        "a mu- mu+": 40,
        "cluster": 50,
        "conversion before": 60,
        "first decay": 70,
        "second decay": 80,
        "third decay": 90,
    }
    assert rng.ROUTES == {"direct": 0, "heavy": 1, "near": 2, "far": 3, "single length": 4}
    assert (rng.ANALYSES, rng.ANALYSIS_STEP) == (40, 20_000)
    assert rng.STREAMS == {
        "radiative annihilation": 0,
        "meson source": 1_000_000,
        "order of events": 1_000_001,
        "decays of eta": 1_000_002,
        "directions to the volume": 1_000_003,
        "decays at rest": 1_000_004,
        "electromagnetic showers": 1_000_005,
        "showers of mesons": 1_000_006,
    }
    assert {
        "sample": range(2**29),
        "rehearsal": range(2**29, 2**30),
        "events": range(2**30, 2**31),
        "proposal": range(2**31, 2**31 + 2**20),
        "bound": range(2**31 + 2**20, 2**31 + 2**21),
        "pilot": range(2**31 + 2**21, 2**31 + 2**22),
    } == rng.CHUNKS


def test_no_two_streams_share_a_number():
    """Events and the decays of eta shared number 1 000 001."""
    names = [
        *itertools.product(rng.PARENTS, rng.SIGNALS, rng.ROUTES, range(rng.ANALYSES)),
        *rng.STREAMS,
    ]
    numbers = {
        rng.stream_number(name) if isinstance(name, str) else rng.channel_number(*name) for name in names
    }
    assert len(numbers) == len(names) == 10 * 26 * 5 * 40 + 8
    assert max(numbers) < 2**31  # they are written to files as int32


def test_no_two_purposes_share_a_chunk():
    ranges = sorted(rng.CHUNKS.values(), key=lambda chunks: chunks.start)
    assert all(before.stop <= after.start for before, after in itertools.pairwise(ranges))


def test_a_new_particle_moves_no_stream(monkeypatch):
    """Numbers were positions in the table of particles."""
    from darkmc.core import particles

    before = rng.channel_number("pi0", "a gamma")
    monkeypatch.setattr(particles, "PDG_IDS", {"K+": 321, **PDG_IDS})
    assert rng.channel_number("pi0", "a gamma") == before == 600


def test_every_particle_has_a_number_and_an_unknown_name_none():
    assert set(PDG_IDS) <= set(rng.PARENTS)
    assert set(FINAL_STATES) <= set(rng.SIGNALS)
    for wrong in (("K+", "a gamma"), ("pi0", "a gamma gamma"), ("pi0", "a gamma", "sideways")):
        with pytest.raises(KeyError):
            rng.channel_number(*wrong)
    with pytest.raises(IndexError):
        rng.channel_number("e+ e-", "cluster", "near", rng.ANALYSES)


def test_every_stream_and_chunk_comes_from_the_register():
    """Types hold `chunk_rng` to numbers that rng.py makes; no other module makes one, or writes a chunk."""
    calls = []
    for path in PACKAGE.rglob("*.py"):
        nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
        called = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        if path.name != "rng.py":
            assert not any(call.func.id == "StreamNumber" for call in called), path
        calls += [call for call in called if call.func.id == "chunk_rng"]
    assert len(calls) >= 11
    for call in calls:
        _, stream, chunk = call.args
        name = stream.func.id if isinstance(stream, ast.Call) else stream.attr
        assert name in ("stream_number", "channel_number", "number"), ast.unparse(call)
        if isinstance(stream, ast.Call):
            assert stream.args[0].value in rng.STREAMS
        literal = [node for node in ast.walk(chunk) if isinstance(node, ast.BinOp | ast.Constant)]
        assert isinstance(chunk, ast.Constant) or "CHUNKS" in ast.unparse(chunk) or not literal
        assert not isinstance(chunk, ast.Constant) or chunk.value == 0
