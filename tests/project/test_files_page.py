"""Every snippet of docs/files.md runs as it stands, on a file that its own command line makes."""

import os
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from helpers import ROOT

import darkmc
from darkmc.cli import main
from darkmc.output.events import FORMATS, endings

TEXT = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
mpl.use("agg")
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder in which the command lines of the page were typed."""
    path, before = tmp_path_factory.mktemp("page"), Path.cwd()
    os.chdir(path)
    try:
        for command in re.findall(r"`darkmc ((?:generate charm|convert charm)[^`]*)`", TEXT):
            assert main(command.split()) == 0
    finally:
        os.chdir(before)
    return path


def printed(snippet, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    exec(compile(snippet, "docs/files.md", "exec"), {})
    return capsys.readouterr().out


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[text.splitlines()[0] for text in SNIPPETS])
def test_snippets_run_as_they_stand(folder, snippet, monkeypatch, capsys):
    out = printed(snippet, folder, monkeypatch, capsys)
    events = darkmc.read_events(folder / "charm.root")
    weights = np.asarray(events["weight"])
    for value, words in re.findall(r"([\d.]+) expected events(.*)$", out, re.MULTILINE):
        chosen = np.asarray(events["photon"]["E"]) > 20.0 if words else np.ones(len(weights), bool)
        assert words in ("", " above 20 GeV")
        assert float(value) == pytest.approx(np.sum(weights[chosen]), rel=1e-9)
    assert out


def test_programs_that_are_installed_are_run():
    """The others say so: what is in a block of another kind is labelled."""
    for program in ("uproot", "awkward", "to_dataframe", "pyhepmc", "pylhe", "mplhep", "darkmc"):
        assert any(program in snippet for snippet in SNIPPETS)
    for block in re.finditer(r"^(\*\*[^\n]*)\n\n```(\w+(?: notrun)?)\n", TEXT, re.MULTILINE):
        assert (block[2] == "python") == ("not run" not in block[1]) or "where node" in block[1]


def test_the_page_names_every_format():
    for name in FORMATS:
        assert f"`--format {name}`" in TEXT or f".{name}" in TEXT
    assert all(f"`{suffix}`" in TEXT for suffix in endings())
