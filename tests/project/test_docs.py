"""Tables in the documentation are those of the data files."""

import pytest
from helpers import ROOT, load_script

DOCS = ROOT / "docs"
tables = load_script("tools/tables.py")


@pytest.mark.parametrize("document", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_tables_are_regenerated_unchanged(document):
    text = document.read_text(encoding="utf-8")
    assert tables.with_tables(text) == text


def test_a_changed_number_would_be_seen():
    text = (DOCS / "validation.md").read_text(encoding="utf-8")
    header = tables.markdown(tables.read("cutflow")).splitlines()[0]
    assert header in text
    assert tables.with_tables(text.replace(header, header.replace("events", "wrong"))) == text


def test_every_data_file_is_shown():
    text = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    for path in (DOCS / "data").glob("*.csv"):
        assert f"<!-- table {path.stem} -->" in text
