"""BibTeX of what cards name: every reference, each once, in a form that can be read."""

import re
import tomllib
from pathlib import Path

import pytest
from helpers import ROOT

import darkmc
from darkmc.cards.references import Reference
from darkmc.cli import main
from darkmc.output.bibtex import bibtex

ENTRY = re.compile(r"@(\w+)\{([^,]+),\n(.*?)\n\}", re.DOTALL)
FIELD = re.compile(r"^  (\w+) = \{(.*)\},?$", re.MULTILINE)


def read(text):
    """Return kind and fields by key."""
    return {key: (kind, dict(FIELD.findall(body))) for kind, key, body in ENTRY.findall(text)}


def cited(capsys, name, *options):
    assert main(["cite", name, *options]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    entries = read(out)
    assert len(entries) == out.count("\n@") + 1
    return entries


def named(*cards):
    """Return the references of cards as they stand in their files."""
    texts = [(ROOT / card).read_text(encoding="utf-8") for card in cards]
    return [reference for text in texts for reference in tomllib.loads(text)["references"]]


def test_every_reference_of_the_cards_is_there_once(capsys):
    entries = cited(capsys, "charm-finegrained")
    wanted = named("detectors/charm-finegrained.toml", "fluxes/bmpt-cu-400.toml")
    arxiv = {reference["arxiv"] for reference in wanted if "arxiv" in reference}
    prints = [fields["eprint"] for _, fields in entries.values() if "eprint" in fields]
    assert sorted(prints) == sorted(arxiv)
    others = {reference["title"] for reference in wanted if not {"arxiv", "doi"} & reference.keys()}
    assert len(entries) == 1 + len(arxiv) + len(others)
    kind, founding = entries["dNLS18"]
    assert kind == "article"
    assert founding["title"].startswith("{Implications of the dark axion portal")
    assert "7.1e18 POT" in founding["note"]  # of the experiment
    assert "300 cm of copper" in founding["note"]  # and of its flux
    assert entries["darkmc"][1]["version"] == darkmc.__version__


@pytest.mark.parametrize("name", [*darkmc.list_experiments(), *darkmc.list_runs(), "gminus2-mu-2018"])
@pytest.mark.filterwarnings("ignore")
def test_all_that_is_shipped_can_be_cited(name, capsys):
    assert main(["cite", name]) == 0
    out = capsys.readouterr().out
    entries = read(out)
    assert len(entries) == out.count("\n@") + 1
    for key, (_, fields) in entries.items():
        assert re.fullmatch(r"[A-Za-z0-9:.+-]+", key)
        assert fields["title"]
        for value in fields.values():
            assert value.count("{") == value.count("}")
            assert not re.search(r"(?<!\\)[&%$#_]", value)


def test_a_run_cites_all_its_experiments(capsys):
    run = cited(capsys, "charm")
    for name in ("charm-finegrained", "charm-decay"):
        prints = {fields.get("eprint") for _, fields in cited(capsys, name).values()}
        assert prints <= {fields.get("eprint") for _, fields in run.values()}


def test_cards_of_ones_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new-experiment", "mine"]) == 0
    Path("run.toml").write_text(
        'schema = 1\nname = "run"\ntitle = "x"\nexperiments = ["mine.toml"]\nm_dark_photon = "5MeV"\n'
    )
    capsys.readouterr()
    assert cited(capsys, "mine.toml") == cited(capsys, "run.toml") == cited(capsys, "mine")


@pytest.mark.parametrize(
    ("name", "word"), [("charn", "nearest: 'charm'"), ("no.toml", "no.toml"), ("lsnd-2", "nearest: 'lsnd'")]
)
def test_what_is_neither_run_nor_experiment_is_one_line(name, word, capsys):
    assert main(["cite", name]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert word in err


def made(key, **fields):
    return Reference.model_validate({"key": key, "title": "T", "gives": "g", "grade": "A"} | fields)


def test_keys_differ_and_words_are_escaped():
    entries = read(
        "\n\n".join(
            bibtex(
                [
                    made("J/psi", title="50% & more_", arxiv="1", gives="a_b"),
                    made("Jpsi", title="other", doi="10.1/X"),
                    made("again", doi="10.1/x", gives="more", grade="C"),
                    made("darkmc", title="{"),
                ]
            )
        )
    )
    assert list(entries) == ["darkmc", "Jpsi", "Jpsia", "darkmca"]
    assert entries["Jpsi"][1]["title"] == r"{50\% \& more\_}"
    assert entries["Jpsia"][1]["note"] == "g (read); more (from memory)"
    assert entries["darkmca"] == ("misc", {"title": r"{\{}", "note": "g (read)"})
