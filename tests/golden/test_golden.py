"""Golden numbers: what was, is.  They guard moves of code and prove nothing; tools/golden.py remakes them."""

import copy

import pytest

import darkmc
from golden.cases import all_cases
from golden.numbers import STREAMS, YIELDS, compared_bitwise, differences, measure, read

CASES, HELD = all_cases(), read()
EXACT = compared_bitwise(HELD)
FINE = "charm-finegrained, streams"


@pytest.mark.parametrize("name", CASES)
def test_golden(name, tmp_path):
    """All bits where the file was made, within a quarter of an error elsewhere."""
    case, held = CASES[name], HELD["cases"][name]
    channels = sum(key.startswith("N of ") for key in held[YIELDS])
    parts = (YIELDS, STREAMS) if EXACT else (YIELDS,)
    changed = differences(held, measure(case, tmp_path, parts, channels), EXACT)
    assert not changed, f"{name}: {len(changed)} changes, python tools/golden.py remakes:\n" + "\n".join(
        changed
    )


def test_the_file_holds_the_cases_and_the_cases_all_cards():
    assert list(HELD["cases"]) == list(CASES)
    assert {case.experiment for case in CASES.values()} == set(darkmc.list_experiments())


def test_what_changed_is_named():
    """A hash, an array, a channel, a number: each by its name, and nothing else."""
    held = HELD["cases"][FINE]
    found = copy.deepcopy(held)
    assert differences(held, found, exact=True) == []
    channels = list(found[STREAMS])
    found[STREAMS][channels[0]]["rows produced"] = "0" * 8
    del found[STREAMS][channels[1]]["momentum axion"]
    del found[STREAMS][channels[2]]
    found[YIELDS][f"N of {channels[3]}"][1][0] *= 1.0 + 1e-15
    value, error = held[YIELDS]["N"][0]
    found[YIELDS]["N"][0] = [value + 0.3 * error, error]
    del found[YIELDS]["edges"][1]
    texts = differences(held, found, exact=True)
    assert [text.split(":")[0] for text in texts[:2]] == ["N", f"N of {channels[3]}"]
    assert texts[2:] == [
        "edges: 2 numbers became 1",
        f"chunk 0 of {channels[2]}: gone",
        f"chunk 0 of {channels[0]}: rows produced: other bits",
        f"chunk 0 of {channels[1]}: momentum axion: gone",
    ]


@pytest.mark.parametrize(("shift", "texts"), [(0.2, 0), (-0.2, 0), (0.3, 1), (-0.3, 1)])
def test_elsewhere_a_quarter_of_an_error_is_left(shift, texts):
    held = HELD["cases"][FINE]
    found = copy.deepcopy(held)
    value, error = held[YIELDS]["edges"][0]
    found[YIELDS]["edges"][0] = [value + shift * error, 2.0 * error]
    found[STREAMS] = {}
    assert len(differences(held, found, exact=False)) == texts


def test_elsewhere_an_edge_that_appears_is_a_change():
    held = HELD["cases"]["babar best"]
    found = copy.deepcopy(held)
    assert held[YIELDS]["edges"][1][0] is None
    found[YIELDS]["edges"][1] = [1.0, 1.0]
    assert len(differences(held, found, exact=False)) == 1
