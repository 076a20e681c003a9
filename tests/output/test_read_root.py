"""Event files that are read: a damaged one is refused in one line that says what is wrong."""

import awkward as ak
import numpy as np
import pytest
import uproot

import darkmc
from darkmc.output.read_root import read_sample

GOOD = {name: ak.Array([1.0, 2.0, 3.0]) for name in ("weight", "axion_E", "axion_px", "axion_py", "axion_pz")}
WRONG = {
    "ragged": ak.Array([[1.0], [], [2.0, 3.0]]),
    "two for each event": ak.to_regular(ak.Array([[1.0, 2.0]] * 3)),
    "words": ak.Array(["a", "b", "c"]),
}


def written(path, columns):
    """Write a sample with these columns."""
    with uproot.recreate(path) as file:
        tree = file.mktree("events", {name: ak.type(column).content for name, column in columns.items()})
        tree.extend(columns)
        file["metadata"] = "{}"
    return path


def test_columns_come_back_as_they_were_written(tmp_path):
    sample = read_sample(written(tmp_path / "good.root", GOOD))
    assert np.array_equal(sample.weights, GOOD["weight"])
    assert np.array_equal(sample.event["axion"], [GOOD["weight"]] * 4)


@pytest.mark.parametrize("name", ["weight", "axion_px"])
@pytest.mark.parametrize("kind", WRONG)
def test_columns_without_one_number_for_each_event_are_refused(tmp_path, kind, name):
    path = written(tmp_path / "wrong.root", GOOD | {name: WRONG[kind]})
    with pytest.raises(
        darkmc.PhysicsError, match=rf"wrong\.root: '{name}' is not one number for each event$"
    ):
        read_sample(path)
