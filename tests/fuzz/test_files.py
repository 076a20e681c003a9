"""Other files that are read: counts, limit tables, overlays, tables of runs, samples for pictures."""

import numpy as np
from hypothesis import strategies as st

import darkmc
from fuzz.harness import ask, check_answer, contents, folder, fuzz, tried
from fuzz.prepared import CURVE, RUNS, files
from fuzz.strategies import ROOT, damaged, with_wild_fields

_COUNTS = (ROOT / "detectors" / "babar-counts.csv").read_text(encoding="utf-8")
_LOWCUT = (ROOT / "detectors" / "babar-lowcut.toml").read_bytes()


def text_of(name):
    return st.deferred(lambda: with_wild_fields(files()[name].decode()))


def bytes_of(name):
    return st.deferred(lambda: damaged(files()[name]))


def _binned():
    experiment = darkmc.Experiment("card.toml")
    sample = experiment.simulate(darkmc.DarkAxionPortal(0.1), n_samples=20, seed=1)
    assert experiment.limit(sample).method == "bracket"
    return True


def count(content):
    with folder({"card.toml": _LOWCUT, "babar-counts.csv": content}):
        tried(_binned)


@fuzz(60, 4000, with_wild_fields(_COUNTS))
def test_counts(text):
    count(text.encode("utf-8", "replace"))


@fuzz(30, 1500, damaged(_COUNTS.encode()))
def test_bytes_of_counts(content):
    count(content)


def draw(*words, **made):
    """Draw a picture from damaged files; a refusal leaves none."""
    with folder({**files(), **{name.replace("__", "."): content for name, content in made.items()}}) as here:
        before = contents(here)
        answer = ask(*words, "-o", "made.png")
        check_answer(answer)
        assert contents(here) - before == ({"made.png"} if answer.code == 0 else set())


@fuzz(8, 600, text_of("limit.csv"))
def test_limit_tables(text):
    draw("figure", "limit.csv", limit__csv=text.encode("utf-8", "replace"))


@fuzz(8, 300, bytes_of("limit.csv"))
def test_bytes_of_limit_tables(content):
    draw("figure", "limit.csv", limit__csv=content)


@fuzz(60, 2500, st.one_of(with_wild_fields(CURVE).map(str.encode), damaged(CURVE.encode())))
def test_overlays(content):
    from darkmc.figures.overlays import read_overlay

    with folder({"curve.csv": content}):
        curve = tried(read_overlay, "curve.csv:mine")
        if curve is not None:
            assert np.all(np.isfinite(curve.mass))
            assert np.all(np.isfinite(curve.value))


@fuzz(30, 1500, bytes_of("sample.root"))
def test_samples(content):
    from darkmc.output.read_root import read_sample

    with folder({"sample.root": content}):
        tried(read_sample, "sample.root")


@fuzz(4, 150, bytes_of("sample.root"))
def test_pictures_of_samples(content):
    draw("plot", "sample.root", sample__root=content)


@fuzz(60, 2500, st.sampled_from(sorted(RUNS)).flatmap(lambda name: with_wild_fields(RUNS[name])))
def test_run_cards(text):
    from darkmc.cards.load import load_card

    with folder({"run.toml": text.encode("utf-8", "replace")}):
        tried(load_card, "runs", "run.toml")


@fuzz(30, 1500, with_wild_fields("at,value\n0.0,0.1\n1.0,0.5\n2.0,1.0\n"))
def test_tables_of_runs(text):
    from pathlib import Path

    from darkmc.output.csv_tables import read_table

    with folder({"table.csv": text.encode("utf-8", "replace")}):
        rows = tried(read_table, Path("table.csv"), (), ("at", "value"))
        assert rows is None or all(set(row) == {"at", "value"} for row in rows)
