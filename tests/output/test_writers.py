"""Writers: found by the ending of a name, each a module of its own, given the same columns as a ROOT file."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from darkmc import PhysicsError
from darkmc.cli import main
from darkmc.output import events, writers

TEXT_WRITER = """
from contextlib import contextmanager
from darkmc.output.writers import Writer

class TextWriter(Writer):
    name = "toy"
    suffixes = (".toy", ".toy.gz", ".gz")
    def __init__(self, file):
        self.file = file
    @classmethod
    @contextmanager
    def open(cls, path, metadata):
        with open(path, "w") as file:
            yield cls(file)
            file.write(f"{metadata}")
    def append(self, columns):
        for row in zip(*columns.values()):
            self.file.write(" ".join(map(str, row)) + "\\n")

WRITER = TextWriter
"""
CHUNKS = [ak.Array({"weight": [0.5, 2.0], "event": [0, 1]}), ak.Array({"weight": [3.0], "event": [2]})]


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Add a writer as a developer would: a module in the folder, and nothing else."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "toy.py").write_text(TEXT_WRITER)
    monkeypatch.setattr(writers, "__path__", [*writers.__path__, str(tmp_path / "modules")])
    monkeypatch.setattr(events, "FORMATS", events._registered())


def test_every_module_of_the_folder_is_a_writer_and_no_ending_is_taken_twice():
    modules = {path.stem for path in Path(writers.__path__[0]).glob("*.py")} - {"__init__"}
    assert {writer.__module__.rpartition(".")[2] for writer in events.FORMATS.values()} == modules
    assert sum(len(writer.suffixes) for writer in events.FORMATS.values()) == len(events.endings())


@pytest.mark.usefixtures("toy")
def test_one_module_adds_a_format(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert events.writer_of("a.toy").__name__ == events.writer_of("b/a.toy.gz").__name__ == "TextWriter"
    assert events.writer_of("a.toy.root").__name__ == "RootWriter"
    events.write_events("a.toy", CHUNKS)
    assert Path("a.toy").read_text() == "0.5 0\n2.0 1\n3.0 2\n{}"
    point = ["generate", "charm-finegrained", "--m-dark-photon", "10MeV", "--coupling", "1e-3"]
    many = [*point, "--set", 'source.mesons=["pi0"]', "--events", "5"]
    assert main([*many, "-o", "b.toy"]) == main([*many, "-o", "b.root"]) == 0
    lines = Path("b.toy").read_text().splitlines()
    with uproot.open("b.root") as file:
        stored = file["events"].arrays(library="np")
    np.testing.assert_array_equal([float(line.split()[0]) for line in lines[:5]], stored["weight"])
    assert lines[5].startswith("{'")
    capsys.readouterr()
    assert main([*many, "-o", "c.tov"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("darkmc: c.tov: the name of an event file ends in .")
    assert error.endswith(", .root, .toy, .toy.gz, .gz\n")
    with pytest.raises(PhysicsError, match=r"a\.toy: files of this kind are not read$"):
        events.read_events("a.toy")


@pytest.mark.parametrize("name", ["x.ROOT", "root", ".root", "x.root.gz", "x.csv"])
def test_no_writer_for_other_endings(name):
    with pytest.raises(PhysicsError, match=r"an event file ends in \..*, \.root"):
        events.writer_of(name)


def test_a_format_by_name():
    assert events.writer_of("/dev/stdout", "hepevt") is events.writer_of("a.hepevt")
    for name, kind, error in (
        ("a.root", "hepevt", "a.root: a name of a file of format root, not hepevt"),
        ("a.root", "rot", r"no format 'rot' \(nearest: 'root'\)"),
        ("a.root", 3, "no format 3"),
    ):
        with pytest.raises(PhysicsError, match=error):
            events.writer_of(name, kind)


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(events, "find_spec", lambda _: None)
    needs = {name: writer.needs for name, writer in events.FORMATS.items() if writer.needs}
    assert needs == {"parquet": "pyarrow parquet"}
    for name, words in needs.items():
        package, extra = words.split()
        with pytest.raises(PhysicsError, match=rf"needs {package}: pip install 'darkmc\[{extra}\]'$"):
            events.writer_of(f"a.{name}")


@pytest.mark.usefixtures("toy")
def test_nothing_to_write_and_a_failure_leave_nothing(tmp_path):
    def broken():
        yield CHUNKS[0]
        raise OSError("disk full")

    for stream, error in ((list, "no event"), (broken, "disk full")):
        for name in ("a.toy", "a.root"):
            with pytest.raises((PhysicsError, OSError), match=error):
                events.write_events(tmp_path / name, stream())
    assert [path.name for path in tmp_path.iterdir()] == ["modules"]
