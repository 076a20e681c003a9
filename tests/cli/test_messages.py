"""What is printed for bad input: the table in messages.txt, a command and the one line that it prints.

In it $POINT, $RATE and $LIST stand for what PREFIXES says; $LIST NAME is a rate from the list of mesons NAME.
After a change of words ``python tests/cli/test_messages.py`` writes the lines anew: read what it changes.
"""

import contextlib
import gzip
import io
import os
import shlex
import sys
import tempfile
from pathlib import Path

import pytest

TABLE = Path(__file__).with_name("messages.txt")
ROOT = Path(__file__).parents[2]
POINT = "--m-dark-photon 20MeV --coupling 1e-4"
PREFIXES = {
    "$POINT": POINT,
    "$RATE": f"rate charm-finegrained {POINT} --samples 2000",
    "$LIST": f'rate charm-finegrained {POINT} --set source.mesons=[\\"pi0\\"] --set source.flux=',
}
GOOD = "0 0 5 5.00182\n"
HEPMC = """HepMC::Version 3.02.06
HepMC::Asciiv3-START_EVENT_LISTING
E 0 1 2
U {unit} MM
P 1 0 2212 0.0e+00 0.0e+00 4.0e+02 4.00001100e+02 9.38e-01 4
V -1 0 [1]
P 2 -1 {pid} 0.0e+00 0.0e+00 5.0e+00 5.00182149e+00 1.35e-01 {status}
HepMC::Asciiv3-END_EVENT_LISTING
"""
LISTS = {
    "semicolons.csv": GOOD.replace(" ", ";"),
    "decimal-commas.csv": "0,0;0,0;5,0;5,00182\n",
    "mev.txt": "0 0 5000 5001.82\n",
    "three.txt": "0 0 5\n",
    "five.txt": "0 0 5 5.00182 1\n",
    "ragged.txt": GOOD + "0 0 5\n",
    "stars.txt": GOOD + "0 0 5 *********\n",
    "word.txt": GOOD + "0 0 five 5.00182\n",
    "names.csv": "px,py,pz,energy\n0,0,5,5.00182\n",
    "eta.txt": "0.1 0 2 2.0760859\n",
    "energy-first.txt": "5.00182 0 0 5\n",
    "too-fast.txt": "0 0 500 500.0000182\n",
    "negative.csv": "px,py,pz,E,weight\n0,0,5,5.00182,-1\n",
    "nan.txt": "0 0 nan 5\n",
    "empty.txt": "# nothing\n",
    "text.root": GOOD,
    "text.parquet": GOOD,
    "list.zip": "PK\x03\x04",
    "packed-root.txt.gz": gzip.compress(b"root" + bytes(90)),
    "status.hepmc3": HEPMC.format(unit="GEV", pid=111, status=71),
    "kaons.hepmc3": HEPMC.format(unit="GEV", pid=321, status=1),
    "wrong-unit.hepmc3": HEPMC.format(unit="MEV", pid=111, status=1),
    "cut.hepmc3": HEPMC.format(unit="GEV", pid=111, status=1)[:150],
    "text.lhe": GOOD,
    "no-angle.txt": "# log10(theta) log10(p) weight\n1.0 1.0 1.0\n",
}
CARD = """schema = 1
name = "mine"
parametrisation = "list"
beam = {{ particle = "proton", energy_GeV = 400.0 }}
references = [{{ key = "me", title = "my list", gives = "mesons", grade = "C" }}]
[list]
files = {{ pi0 = "{name}" }}
mesons_per_pot = {{ pi0 = 1.0 }}
"""


def prepared(folder):
    """Write lists of mesons and their cards into a folder."""
    for name, content in LISTS.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))
    for name in (*LISTS, "nowhere.txt"):
        unit = "" if name.endswith((".hepmc3", ".lhe")) else 'momentum_unit = "GeV"\n'
        (folder / f"{name}.toml").write_text(CARD.format(name=name) + unit)
    (folder / "old.csv").write_text("old")
    (folder / "broken.toml").write_text("schema = \n")


def words(command):
    """Return the words of a command of the table."""
    first, _, rest = command.removeprefix("darkmc ").partition(" ")
    if first == "$LIST":
        return shlex.split(f"{PREFIXES[first]}{rest}.toml")
    text = command.removeprefix("darkmc").strip()
    for short, long in PREFIXES.items():
        text = text.replace(short, long)
    return shlex.split(text)


def printed(command):
    """Return the code and all that a command prints, folders left out."""
    from darkmc.cli import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words(command))
    text = out.getvalue() + err.getvalue()
    for place in (ROOT, Path.cwd()):
        text = text.replace(f"{place}{os.sep}", "")
    return code, text.strip()


def rows(text):
    """Return commands and lines of the table."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return list(zip((line.removeprefix("$ ") for line in lines[::2]), lines[1::2], strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("messages")
    prepared(made)
    return made


@pytest.mark.parametrize(("command", "line"), rows(TABLE.read_text(encoding="utf-8")))
def test_the_line_printed_is_that_of_the_table(command, line, folder, monkeypatch):
    monkeypatch.chdir(folder)
    code, said = printed(command)
    if line.endswith("known: a gamma, a e- e+, a mu- mu+"):  # other tests of this process may add some
        said = said[: len(line)]
    assert (code, said) == (2, line)


def test_no_command_stands_twice_and_no_line_is_long():
    table = rows(TABLE.read_text(encoding="utf-8"))
    assert len({command for command, _ in table}) == len(table) > 60
    assert max(len(line) for _, line in table) < 400


if __name__ == "__main__":
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        prepared(Path(place))
        os.chdir(place)
        kept = []
        for known in TABLE.read_text(encoding="utf-8").splitlines():
            if known.startswith("$ "):
                kept += [known, printed(known.removeprefix("$ "))[1], ""]
            elif known.startswith("#"):
                kept += [known, ""]
        os.chdir(here)
    TABLE.write_text("\n".join(kept).rstrip() + "\n", encoding="utf-8")
    sys.exit(0)
