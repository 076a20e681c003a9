"""Every command that the README and the pages show is one that the command line takes."""

import re
import shlex

import pytest
from helpers import ROOT

from darkmc.cli.parser import build_parser
from darkmc.cli.usage import UsageError

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if "generated" not in page.parts]
BLOCK = re.compile(r"^ *(```+|~~~+)[^\n]*\n(.*?)^ *\1 *$", re.MULTILINE | re.DOTALL)


def commands(text):
    """Return what stands behind `darkmc` in the lines of code blocks, also behind && and prompts."""
    lines = "\n".join(block for _, block in BLOCK.findall(text)).replace("\\\n", " ").splitlines()
    parts = (part.strip().removeprefix("$ ").removeprefix("!") for line in lines for part in line.split("&&"))
    return [words[1:] for part in parts if (words := split(part))[:1] == ["darkmc"]]


def split(line):
    return shlex.split(line.split("|")[0], comments=True) if line.startswith("darkmc ") else []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if commands(page.read_text(encoding="utf-8"))], ids=str
)
def test_commands_of_pages_parse(page):
    parser = build_parser()
    for words in commands(page.read_text(encoding="utf-8")):
        if words == ["--version"]:
            continue  # which prints and ends
        assert parser.parse_args(words).command == words[0]


def test_most_pages_with_commands_are_looked_at():
    assert sum(len(commands(page.read_text(encoding="utf-8"))) for page in PAGES) >= 40


@pytest.mark.parametrize("line", ["limit charm --m-dark-foton 5MeV", "limitt charm", "run"])
def test_a_wrong_command_would_be_seen(line):
    (words,) = commands(f"```sh\n$ darkmc {line} | head\n```\n")
    with pytest.raises(UsageError):
        build_parser().parse_args(words)
