"""The gallery of the documentation: every run's picture, its command and what it cost.

    python tools/gallery.py              do all runs in build/gallery, then write pictures, table and page
    python tools/gallery.py figure4 ...  only these
    python tools/gallery.py --drawn      take what lies in build/gallery instead of doing the runs

``--from=FOLDER`` takes another folder than build/gallery.  The page, docs/gallery.md, is made of
docs/data/gallery.csv alone; the page on choices of what the run `choices` wrote.
"""

import csv
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import choices_tables  # beside this script
import tables

PICTURES = tables.DOCS / "pictures"
TABLE = "gallery"
HEADER = ["run", "command", "CPU (s)", "tables", "what it shows"]
STYLE = "savefig.dpi : 130\n"
ABOUT = """# Gallery

Every run that is shipped: its picture, the command that makes it, and the CPU time that this took, with
that of workers. All of it is remade by `python tools/gallery.py`, single ones by their name. Other styles:
[figures](figures.md#styles).

"""


def read() -> dict[str, list[str]]:
    """Return the rows of the table by run."""
    path = tables.DATA / f"{TABLE}.csv"
    return {row[0]: row for row in tables.read(TABLE)[1:]} if path.is_file() else {}


def measured(name: str, folder: Path) -> list[str]:
    """Return the row of a run from its manifest."""
    held = json.loads((folder / f"{name}.manifest.json").read_text(encoding="utf-8"))
    # points of limits count even where an earlier, interrupted run made them
    each = {
        kind: sum(file.get(kind, 0.0) for file in held["files"])
        for kind in ("cpu_seconds", "points_cpu_seconds")
    }
    cpu = max(held["before_files"]["cpu_seconds"] + each["cpu_seconds"], each["points_cpu_seconds"])
    limits = [file for file in held["files"] if "points" in file]
    size = f"{sum(file['points'] for file in limits)} points" if limits else ""
    count = sum(file["name"].endswith(".csv") for file in held["files"])
    made = f"{count}, {size}" if size else str(count)
    return [name, f"darkmc run {name}", f"{cpu:.3g}", made, held["run"]["card"]["title"]]


def caption(name: str) -> str:
    """Return what areas, lines and bands are in a picture of limits; of others nothing."""
    from darkmc.cards.load import load_card

    card = load_card("runs", name).card
    if card.kind != "limits":
        return ""
    words = ["Filled: excluded; dashed: projections; the dark band along an edge: its Monte Carlo error"]
    if len(card.presets) > 1:
        words.append(
            f"dotted: preset `{card.presets[1]}`; hatched: excluded only by channels that this lacks"
        )
    return f" {'; '.join(words)}."


def page(rows: dict[str, list[str]]) -> str:
    """Return the text of the page, from the rows of the table."""
    parts = [ABOUT, f"<!-- table {TABLE} -->\n<!-- end -->\n"]
    for name, command, cpu, _, title in rows.values():
        said = f"{title}. `{command}`: {cpu} s of CPU.{caption(name)}"
        parts.append(f"\n## {name}\n\n{said}\n\n![{title}](pictures/{name}.png)\n")
    return tables.with_tables("".join(parts))


def draw(name: str, folder: Path) -> None:
    """Draw the picture of a run for the page."""
    from darkmc.cards.load import load_card
    from darkmc.runs.execute import draw_run

    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        style = Path(scratch) / "gallery.mplstyle"
        style.write_text(STYLE, encoding="utf-8")
        draw_run(load_card("runs", name).card, folder, [PICTURES / f"{name}.png"], style=str(style))


def main(arguments: list[str]) -> None:
    """Do runs if asked for, and write what the page shows."""
    from darkmc.cards.names import list_runs
    from darkmc.runs.execute import execute
    from darkmc.runs.run import Settings

    folders = [word.removeprefix("--from=") for word in arguments if word.startswith("--from=")]
    base = Path(folders[0] if folders else "build/gallery")
    rows, wanted = read(), [word for word in arguments if not word.startswith("--")]
    for name in wanted or list_runs():
        folder = base / name
        if "--drawn" not in arguments:
            shutil.rmtree(folder, ignore_errors=True)
            for path in execute(name, str(folder), Settings(workers=len(os.sched_getaffinity(0)))):
                print(path)
        if not (folder / f"{name}.manifest.json").is_file():
            print(f"{name}: not done, left as it is")
            continue
        rows[name] = measured(name, folder)
        draw(name, folder)
        if name == "choices":
            choices_tables.write_from(folder / "choices.csv")
    with (tables.DATA / f"{TABLE}.csv").open("w", encoding="utf-8", newline="") as file:
        file.write("# what each run took; written by tools/gallery.py\n")
        csv.writer(file, lineterminator="\n").writerows([HEADER, *(rows[name] for name in sorted(rows))])
    (tables.DOCS / "gallery.md").write_text(page(read()), encoding="utf-8")
    tables.main([])


if __name__ == "__main__":
    main(sys.argv[1:])
