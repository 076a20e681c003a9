"""Tutorials: notebooks in text that the site executes; here their cells run without it, in a fresh folder."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT

PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = "%%bash\n"
HEAD = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
  language: python
---
"""
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


def text_of(page):
    return page.read_text(encoding="utf-8")


def cells(page):
    return CELL.findall(text_of(page))


def script(page):
    """Return one Python script of all cells; those of the shell become calls that must succeed."""
    shell = 'subprocess.run(["bash", "-e", "-c", {!r}], check=True)\n'
    parts = [
        shell.format(cell.removeprefix(SHELL)) if cell.startswith(SHELL) else cell for cell in cells(page)
    ]
    return "\n".join(["import subprocess", *parts])


def test_tutorials_are_numbered_from_one_on():
    assert PAGES
    assert [int(page.stem.split("-")[0]) for page in PAGES] == list(range(1, len(PAGES) + 1))


@every_page
def test_a_tutorial_is_a_notebook_with_a_check_that_a_reader_sees(page):
    text = text_of(page)
    assert text.startswith(HEAD)
    assert re.search(rf"^# {page.stem.split('-')[0]}\. ", text, re.MULTILINE), "the title has no number"
    assert text.count("{code-cell}") == len(cells(page)), "a cell has options, or does not end"
    tree = ast.parse(script(page))
    assert any(isinstance(node, ast.Assert) for node in tree.body)
    assert not any(line.startswith(("!", "%")) for line in script(page).splitlines())


@every_page
def test_links_of_tutorials_lead_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text_of(page)) if "://" not in link]
    assert "glossary" in text_of(page)
    assert [link for link in links if not (page.parent / link).is_file()] == []


def test_every_link_to_a_tutorial_has_one():
    pages = [path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "tutorials"]
    named = {name for path in pages for name in re.findall(r"tutorials/([\w-]+\.md)", text_of(path))}
    assert named <= {page.name for page in PAGES}
    assert "tutorials/*" in text_of(ROOT / "docs" / "index.md")


@pytest.mark.slow
@every_page
def test_cells_run_in_order_without_a_warning(page, tmp_path):
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": places, "MPLBACKEND": "agg"}
    (tmp_path / "cells.py").write_text(f"{script(page)}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "cells.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
