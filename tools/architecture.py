"""The map of darkmc's rooms: table and picture of docs/develop/architecture.md.

python tools/architecture.py    rewrite the table from the folders' docstrings and draw the picture again
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "develop" / "architecture.md"
PICTURE = PAGE.with_name("data-way.svg")
WIDTH, HEIGHT = 980, 470


def order() -> list[str]:
    """Return the folders, lowest first, as the test of imports has them."""
    text = (ROOT / "tests" / "project" / "test_layers.py").read_text(encoding="utf-8")
    assigned = {
        ast.unparse(node.targets[0]): ast.unparse(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
    }
    words = re.findall(r"[a-z]\w+", assigned["PHYSICS"] + " " + assigned["ORDER"].replace(".split", ""))
    return [word for word in words if (ROOT / "darkmc" / word).is_dir()]


def purpose(folder: str) -> str:
    """Return the first line of a folder's docstring."""
    text = (ROOT / "darkmc" / folder / "__init__.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").splitlines()[0]


def table() -> str:
    """Return the folders and what is in them as a Markdown table."""
    rows = [f"| `{folder}` | {purpose(folder)} |" for folder in order()]
    return "\n".join(["| folder | what is in it |", "| --- | --- |", *rows])


def with_table(text: str) -> str:
    """Return the page with its table rewritten."""
    return re.sub(r"(<!-- rooms -->\n).*?(<!-- end -->)", rf"\g<1>{table()}\n\2", text, flags=re.DOTALL)


class Box(NamedTuple):
    """A room in the picture: left, top, width, height, its folder, and what it makes."""

    x: int
    y: int
    w: int
    h: int
    folder: str
    words: tuple[str, ...]


_STEP, _W, _H = 156, 140, 84
_CHAIN = {
    "sources": ("mesons, beams:", "fits and lists"),
    "portals": ("states a, gamma':", "density, sampler,", "total of a process"),
    "biasing": ("turned towards", "the detector;", "weights"),
    "geometry": ("entry and exit", "of every ray"),
    "signals": ("decay, recoil,", "conversion, cluster"),
    "selection": ("observables,", "cuts"),
}
BOXES = [
    Box(24, 24, 296, 64, "cards", ("detectors, fluxes, runs, as checked",)),
    Box(336, 24, 452, 64, "experiments", ("from cards to streams; which criterion counts",)),
    *(Box(24 + k * _STEP, 154, _W, _H, name, words) for k, (name, words) in enumerate(_CHAIN.items())),
    Box(
        24,
        302,
        296,
        76,
        "engine",
        ("rows in rounds until the error is small enough;", "events of the rows that are kept"),
    ),
    Box(336, 302, 296, 76, "sample", ("rows serve every coupling:", "N(G), its error, cutflow, histograms")),
    Box(648, 302, 140, 76, "limits", ("G with N(G)", "above the limit")),
    Box(804, 302, 140, 76, "scan", ("grids of masses,", "workers")),
    Box(24, 402, 296, 50, "output", ("events: ROOT; tables: CSV",)),
    Box(336, 402, 296, 50, "figures", ("drawn from files",)),
    Box(648, 402, 140, 50, "runs", ("ready jobs",)),
    Box(804, 402, 140, 50, "cli", ("darkmc ...",)),
]
_FRAME = (12, 128, 956, 122)  # what a stream is made of
ARROWS = [
    ((320, 56), (336, 56)),
    ((562, 88), (562, 128)),
    *(((164 + k * _STEP, 196), (180 + k * _STEP, 196)) for k in range(5)),
    ((172, 250), (172, 302)),
    ((320, 340), (336, 340)),
    ((632, 340), (648, 340)),
    ((788, 340), (804, 340)),
    ((484, 270), (484, 302)),
    ((172, 378), (172, 402)),
    ((320, 427), (336, 427)),
]
NOTES = [
    (24, 145, "one stream: one chain of parts, with random numbers of its own"),
    (500, 282, "the coupling G enters here only"),
    (812, 52, "core: used by all"),
    (812, 70, "gminus2: on its own"),
]


def picture() -> str:
    """Return the way of the data as SVG."""
    x, y, w, h = _FRAME
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        "<title>The way of the data through the folders of darkmc</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#444"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="#f2f2f2" stroke="#999"/>',
    ]
    for box in BOXES:
        middle = box.x + box.w / 2
        parts.append(
            f'<rect x="{box.x}" y="{box.y}" width="{box.w}" height="{box.h}" rx="5" fill="#e8f0fa" '
            'stroke="#456"/>'
        )
        lines = [(box.folder, ' font-weight="bold" font-size="14"'), *((word, "") for word in box.words)]
        first = box.y + (box.h - 17 * len(lines)) / 2 + 13
        parts += [
            f'<text x="{middle:g}" y="{first + 17 * k:g}" text-anchor="middle"{style}>{word}</text>'
            for k, (word, style) in enumerate(lines)
        ]
    parts += [
        f'<path d="M{a} {b}L{c} {d}" stroke="#444" stroke-width="1.5" marker-end="url(#tip)"/>'
        for (a, b), (c, d) in ARROWS
    ]
    parts += [f'<text x="{x}" y="{y}" font-style="italic">{words}</text>' for x, y, words in NOTES]
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Rewrite the page's table and its picture."""
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
