"""Pages of the site name functions that exist; building it is a job of its own."""

import importlib
import re

import pytest
from helpers import ROOT

PAGES = sorted((ROOT / "docs" / "physics").glob("*.md"))
ROLE = re.compile(r"\{py:(func|meth|class|mod)\}`~?([\w.]+)`")


def found(name):
    """Return what a dotted name stands for."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            value = getattr(value, part)
        return value
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_pages_of_physics_name_functions_that_exist(page):
    roles = ROLE.findall(page.read_text(encoding="utf-8"))
    assert roles or page.name == "index.md"
    for kind, name in roles:
        value = found(name)
        assert value.__doc__, f"{name} has no docstring"
        assert callable(value) == (kind != "mod")


def test_every_page_is_in_the_table_of_contents():
    listed = set(
        re.findall(r"^[\w/-]+$", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    pages = {str(path.relative_to(ROOT / "docs").with_suffix("")) for path in (ROOT / "docs").glob("*.md")}
    assert pages - {"index"} <= listed


def test_what_is_typed_stays_as_it_is():
    """Typographic dashes would make one of two; what looks like a file: address would be a link."""
    assert "smartquotes = False" in (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    parser = (ROOT / "darkmc" / "cli" / "parser.py").read_text(encoding="utf-8")
    assert not re.search(r"\b(file|data|tag|news|mail):\w", parser, re.IGNORECASE)
