"""Golden numbers: what was, is.  They guard moves of code and prove nothing; tools/golden.py remakes them."""

import copy
import itertools

import pytest

import darkmc
from darkmc.core.formulas import FORMULAS
from golden.cases import all_cases
from golden.numbers import (
    STREAMS,
    YIELDS,
    compared_bitwise,
    differences,
    formulas,
    hash_of_cases,
    measure,
    read,
)

CASES, HELD = all_cases(), read()
EXACT = compared_bitwise(HELD)
YIELD_CASE, STREAM_CASE = "charm-finegrained best", "charm-finegrained, streams"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if EXACT or not case.streams])
def test_golden(name, tmp_path):
    """All bits where the file was made; elsewhere within a quarter of an error, and no hashes."""
    held = HELD["cases"][name]
    channels = sum(key.startswith("N of ") for key in held.get(YIELDS, ()))
    changed = differences(held, measure(CASES[name], tmp_path, channels), EXACT)
    assert not changed, f"{name}: {len(changed)} changes, python tools/golden.py remakes:\n" + "\n".join(
        changed
    )


def test_the_file_holds_the_cases_and_the_cases_all_cards():
    assert list(HELD["cases"]) == list(CASES)
    assert {case.experiment for case in CASES.values()} == set(darkmc.list_experiments())


def test_arrays_that_changed_are_named():
    held = HELD["cases"][STREAM_CASE]
    found = copy.deepcopy(held)
    assert differences(held, found, exact=True) == []
    first, second, third = list(found[STREAMS])[:3]
    found[STREAMS][first]["rows produced"] = "0" * 8
    del found[STREAMS][second]["momentum axion"]
    del found[STREAMS][third]
    assert differences(held, found, exact=True) == [
        f"chunk 0 of {third}: gone",
        f"chunk 0 of {first}: rows produced: other bits",
        f"chunk 0 of {second}: momentum axion: gone",
    ]
    assert differences(held, found, exact=False) == []


def test_numbers_that_changed_are_named():
    held = HELD["cases"][YIELD_CASE]
    found = copy.deepcopy(held)
    channel = list(found[YIELDS])[3]
    found[YIELDS][channel][1][0] *= 1.0 + 1e-15
    value, error = held[YIELDS]["N"][0]
    found[YIELDS]["N"][0] = [value + 0.3 * error, error]
    del found[YIELDS]["edges"][1]
    texts = differences(held, found, exact=True)
    assert [text.split(":")[0] for text in texts] == ["N", channel, "edges"]
    assert len(differences(held, found, exact=False)) == 2


@pytest.mark.parametrize(("shift", "texts"), [(0.2, 0), (-0.2, 0), (0.3, 1), (-0.3, 1)])
def test_elsewhere_a_quarter_of_an_error_is_left(shift, texts):
    held = HELD["cases"][YIELD_CASE]
    found = copy.deepcopy(held)
    value, error = held[YIELDS]["edges"][0]
    found[YIELDS]["edges"][0] = [value + shift * error, 2.0 * error]
    assert len(differences(held, found, exact=False)) == texts


def test_elsewhere_an_edge_that_appears_is_a_change():
    held = HELD["cases"]["babar best"]
    found = copy.deepcopy(held)
    assert held[YIELDS]["edges"][1][0] is None
    found[YIELDS]["edges"][1] = [1.0, 1.0]
    assert len(differences(held, found, exact=False)) == 1


def test_other_golden_numbers_are_other_formulas():
    """Else a scan would go on with points of before; `python tools/golden.py` raises FORMULAS."""
    numbers, hashes = zip(*formulas(), strict=True)
    assert numbers == tuple(range(1, len(numbers) + 1))
    assert (FORMULAS, hash_of_cases(HELD)) == (numbers[-1], hashes[-1])
    assert all(before != after for before, after in itertools.pairwise(hashes))


def test_a_golden_number_that_moves_is_seen():
    found = copy.deepcopy(HELD)
    found["cases"][YIELD_CASE][YIELDS]["N"][0][0] *= 1.0 + 1e-15
    assert hash_of_cases(found) != hash_of_cases(HELD)
    assert hash_of_cases({**HELD, "made with": {}}) == hash_of_cases(HELD)
