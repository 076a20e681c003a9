"""The map names every folder of the package, in the order of imports, and is what its script writes."""

import pytest
from helpers import ROOT, load_script

FOLDERS = {path.parent.name for path in (ROOT / "darkmc").glob("*/__init__.py")}
tool = load_script("tools/architecture.py")
layers = load_script("tests/project/test_layers.py")
AGAIN = "run python tools/architecture.py"


def test_the_order_is_that_of_the_imports():
    assert tool.order() == [name for name in layers.ORDER if name in FOLDERS]
    assert set(tool.order()) == FOLDERS


def test_every_folder_has_its_line():
    rows = [line.split("`")[1] for line in tool.table().splitlines()[2:]]
    assert rows == tool.order()
    assert all(tool.purpose(folder) for folder in FOLDERS)


def test_page_and_picture_are_what_the_script_writes():
    text = tool.PAGE.read_text(encoding="utf-8")
    assert tool.with_table(text) == text, AGAIN
    assert tool.table() in text
    assert tool.PICTURE.read_text(encoding="utf-8") == tool.picture(), AGAIN


def test_the_picture_shows_folders_only_and_all_but_the_common_ones():
    assert {box.folder for box in tool.BOXES} == FOLDERS - {"core", "gminus2"}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/develop/testing.md"])
def test_the_map_is_linked(page):
    assert "architecture.md)" in (ROOT / page).read_text(encoding="utf-8")
