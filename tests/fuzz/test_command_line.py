"""The command line: whatever is typed, a number with its error or one line, and nothing left behind."""

import json

import numpy as np
import pytest

from darkmc.output.limits import read_limits
from darkmc.output.read_root import read_sample
from fuzz.command_lines import command_lines
from fuzz.harness import ask, check_answer, contents, folder, fuzz
from fuzz.prepared import files

_KEPT = ("old.root", "old.csv", "small.toml", "limit.csv", "sample.root")


@fuzz(40, 5000, command_lines())
def test_any_words(words):
    """Codes, one line on standard error, no file after a failure, no temporary file ever."""
    with folder(files()) as here:
        (here / "folder.root").mkdir()
        for link, end in (("nowhere.root", "nowhere"), ("loop.root", "loop.root"), ("linked.csv", "old.csv")):
            (here / link).symlink_to(end)
        before, outside = contents(here), contents(here.parent)
        kept = {name: (here / name).read_bytes() for name in _KEPT}
        answer = ask(*words)
        about = {"--help", "-h", "--version"} & set(words)
        check_answer(answer, shows_cards=words[:1] in (["show"], ["list"]) or bool(about))
        left = contents(here)
        strange = [name for name in left - before if name.startswith(".") or ".tmp" in name]
        assert set(strange) <= set(words), left
        assert len(contents(here.parent) - outside) == len(left - before), "a file outside the folder"
        if answer.code == 2 and words[0] != "run":
            assert left == before
        if "--force" not in words:
            assert all((here / name).read_bytes() == content for name, content in kept.items())
        for name in left - before if words[0] not in ("new-experiment", "run") else ():  # may have any name
            _read_back(here / name)
        if "--json" in words and answer.code == 0 and not about:
            for line in answer.out.splitlines():
                _check_row(json.loads(line, parse_constant=_no_number))


def _read_back(path):
    """Read what a command has written: tables of limits and samples."""
    if path.suffix == ".root":
        sample = read_sample(path)
        total = sample.number("sum_of_weights")
        assert np.all(sample.weights > 0.0)
        assert np.sum(sample.weights) == pytest.approx(total, rel=1e-9)
    elif path.suffix == ".csv" and path.read_text(encoding="utf-8").startswith("# darkmc"):
        for row in read_limits(path):
            for key in ("m_dark_photon", "lower", "upper"):
                assert not row.get(key) or float(row[key]) > 0.0


def _no_number(text):
    raise AssertionError(f"{text} in JSON")


def _check_row(row):
    """Numbers of events are not negative, edges in order."""
    if "expected_events" in row:
        assert row["expected_events"] >= 0.0
        assert row["error"] is None or row["error"] >= 0.0
    if row.get("lower") and row.get("upper"):
        assert 0.0 < row["lower"] < row["upper"]
