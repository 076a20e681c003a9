"""Lists of mesons in every format: small good files, then damaged fields and bytes."""

import functools
import gzip
import io

import numpy as np
import pyarrow
import pyhepmc
from hypothesis import strategies as st
from pyarrow import parquet

import darkmc
from fuzz.harness import folder, fuzz, tried
from fuzz.prepared import LIST_CARD, MESONS, SMALL
from fuzz.strategies import damaged, with_wild_fields

_COLUMNS = ("px", "py", "pz", "E")


def card_of(name, columns=""):
    """Return the card of a list in a file of this name."""
    return (LIST_CARD.replace("list.txt", name).replace("[my list]", name) + columns).encode()


def read(name, content, seed):
    """Read a list, draw from it, and simulate with it; each may refuse."""
    with folder({"flux.toml": card_of(name), "small.toml": SMALL.encode(), name: content}):
        source = tried(darkmc.MesonSource, "flux.toml")
        if source is None:
            return
        drawn = tried(source.sample, "pi0", 6, seed)
        assert drawn is None or (np.all(np.isfinite(np.stack(drawn))) and np.all(drawn[2] >= 0.0))
        tried(_simulated, seed)


def _simulated(seed):
    experiment = darkmc.Experiment("small.toml", overrides={"source.flux": "flux.toml"})
    sample = experiment.simulate(darkmc.DarkAxionPortal(0.03), n_samples=6, seed=seed)
    value, _ = sample.expected_events(1e-4)
    assert 0.0 <= value < np.inf


@functools.cache
def as_table():
    return np.array([[float(cell) for cell in line.split()] for line in MESONS.splitlines()]).T


@functools.cache
def as_parquet():
    sink = io.BytesIO()
    parquet.write_table(pyarrow.table(dict(zip(_COLUMNS, as_table(), strict=True))), sink)
    return sink.getvalue()


@functools.cache
def as_root():
    import uproot

    with folder() as here:
        with uproot.recreate(here / "x.root") as file:
            tree = file.mktree("mesons", dict.fromkeys(_COLUMNS, np.float64))
            tree.extend(dict(zip(_COLUMNS, as_table(), strict=True)))
        return (here / "x.root").read_bytes()


@functools.cache
def as_events(form="HepMC3"):
    with folder() as here:
        with pyhepmc.open(str(here / "x"), "w", format=form) as file:
            for number, four in enumerate(as_table().T):
                event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
                event.event_number = number
                beam = pyhepmc.GenParticle((0.0, 0.0, 400.0, 400.001), 2212, 4)
                vertex = pyhepmc.GenVertex((1.0, 2.0, 3.0, 4.0))
                vertex.add_particle_in(beam)
                vertex.add_particle_out(pyhepmc.GenParticle(tuple(four), 111, 1))
                event.add_vertex(vertex)
                event.weights = [1.0 + number]
                file.write(event)
        return (here / "x").read_text()


seeds = st.integers(0, 3)


@fuzz(60, 4000, with_wild_fields(MESONS), seeds)
def test_text(text, seed):
    read("list.txt", text.encode("utf-8", "replace"), seed)


@fuzz(30, 1500, damaged(MESONS.encode()), seeds)
def test_bytes_of_text(content, seed):
    read("list.txt", content, seed)


@fuzz(30, 1500, damaged(gzip.compress(MESONS.encode(), mtime=0)), seeds)
def test_gzipped_text(content, seed):
    read("list.txt.gz", content, seed)


@fuzz(40, 2500, st.deferred(lambda: damaged(as_root())), seeds)
def test_root(content, seed):
    read("list.root", content, seed)


@fuzz(40, 2500, st.deferred(lambda: damaged(as_parquet())), seeds)
def test_parquet(content, seed):
    read("list.parquet", content, seed)


_forms = st.sampled_from(("HepMC3", "HepMC2"))


@fuzz(60, 3500, _forms.flatmap(lambda form: with_wild_fields(as_events(form))), seeds)
def test_events(text, seed):
    read("list.hepmc", text.encode("utf-8", "replace"), seed)


@fuzz(30, 1500, _forms.flatmap(lambda form: damaged(as_events(form).encode())), seeds)
def test_bytes_of_events(content, seed):
    read("list.hepmc", content, seed)


@fuzz(20, 1000, st.deferred(lambda: damaged(gzip.compress(as_events().encode(), mtime=0))), seeds)
def test_gzipped_events(content, seed):
    read("list.hepmc.gz", content, seed)
