"""The gallery and the page on choices are those of their tables, and their pictures are there."""

import re

from helpers import ROOT, load_script

import darkmc

DOCS = ROOT / "docs"


def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return load_script("tools/gallery.py"), load_script("tools/choices_tables.py")


def test_the_gallery_is_made_of_its_table(monkeypatch):
    gallery, _ = scripts(monkeypatch)
    rows = gallery.read()
    assert gallery.page(rows) == (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert set(rows) <= set(darkmc.list_runs())
    assert "figure4" in rows
    for name, row in rows.items():
        assert (DOCS / "pictures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert float(row[2]) > 0.0


def test_pictures_of_pages_are_there():
    for page in (*DOCS.glob("*.md"), ROOT / "README.md"):
        for target in re.findall(r"!\[[^]]*\]\(([^):]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_choices_are_made_of_what_the_run_wrote(monkeypatch):
    gallery, choices = scripts(monkeypatch)
    for edge in ("lower", "upper"):
        assert choices.shifts(choices.KEPT, edge) == gallery.tables.read(f"choices-{edge}")
    rows = choices.rows_of(choices.KEPT)
    masses = {
        name: {row["m_dark_photon_GeV"] for row in rows if row["experiment"] == name}
        for name in {row["experiment"] for row in rows}
    }
    assert len(masses) == 8
    assert {len(found) for found in masses.values()} == {5}
