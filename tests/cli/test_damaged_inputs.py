"""Damaged cards and tables through the command line: one line, exit code 2, nothing left behind."""

import pytest
from fuzz.prepared import LIST_CARD, SMALL

from darkmc.cli import main

POINT = ("--m-dark-photon", "30MeV", "--coupling", "1e-4")
NAME = "x" * 200
CARDS = {  # what takes the place of what in a good card, and what the one line must name
    "absurd exposure": ("pot = 1e18", "pot = 1e200", "beam.pot"),
    "tables in tables": ("schema = 1", f"schema = 1\nx = {'[' * 5000}{']' * 5000}", "small.toml"),
    "tables as deep as Python": ("schema = 1", "schema = 1\n" + "a." * 2000 + "b = 1", "small.toml"),
    "a long observable": ('observable = "E_photon"', f'observable = "{NAME * 2}"', "small.toml"),
    "a null byte": ('name = "small"', 'name = "sm\\u0000all"', "small.toml"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one_line(arguments, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert len(err) < 2500
    return err


@pytest.mark.parametrize("name", CARDS)
def test_bad_cards(name, folder, capsys):
    old, new, named = CARDS[name]
    assert old in SMALL
    (folder / "small.toml").write_text(SMALL.replace(old, new, 1))
    assert named in one_line(("rate", "small.toml", *POINT), capsys)


HEAD = "window,low_GeV2,high_GeV2,count\n"
COUNTS = {
    "a stray quote": HEAD.encode() + b'highcut,"0,40,5\n',
    "a null byte": HEAD.encode() + b"highcut,0,4\x000,5\n",
    "Latin-1": HEAD.encode() + b"highcut,0,40,5\n# caf\xe9\n",
    "UTF-16": HEAD.encode("utf-16"),
    "nothing": b"",
}


@pytest.mark.parametrize("name", COUNTS)
def test_bad_counts(name, folder, capsys):
    (folder / "counts.csv").write_bytes(COUNTS[name])
    arguments = ("rate", "babar-highcut", *POINT, "--set", "observed.counts='counts.csv'")
    assert "counts.csv" in one_line(arguments, capsys)


@pytest.mark.parametrize("content", [b'0.1,"1e-4\n', b"0.1,1\x00e-4\n", b"caf\xe9\n0.1,1e-4\n", b""])
def test_bad_overlays(content, folder, capsys):
    (folder / "curve.csv").write_bytes(content)
    (folder / "limit.csv").write_text(
        "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error,method,reason\n"
        "toy,0.005,0,1,3e-4,2e-2,0,0,bracket,\n"
    )
    arguments = ("figure", "limit.csv", "--overlay", "curve.csv", "-o", "x.pdf")
    assert "curve.csv" in one_line(arguments, capsys)
    assert not (folder / "x.pdf").exists()


LISTS = {
    "m.txt": "0.1 0.1 ten 10.1\n",
    "m.root": "root, but no tree",
    "m.parquet": "PAR1",
    "m.hepmc": "HepMC::Version 3\nHepMC::Asciiv3-START_EVENT_LISTING\nE 0 1 2\n",
    "m.hepmc.gz": "\x1f",
}


@pytest.mark.parametrize("name", LISTS)
def test_bad_lists(name, folder, capsys):
    (folder / name).write_text(LISTS[name])
    (folder / "flux.toml").write_text(LIST_CARD.replace("list.txt", name))
    (folder / "small.toml").write_text(SMALL.replace('flux = "bmpt-cu-400"', 'flux = "flux.toml"'))
    assert name in one_line(("rate", "small.toml", *POINT), capsys)
