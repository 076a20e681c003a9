"""HEPEVT text: the oldest common record, mothers and daughters by number, as HepMC3 reads it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from darkmc.output.event_graph import EventGraph, Known, Line
from darkmc.output.writers import TextWriter

_STATUS = {"beam": 3, "target": 3, "struck": 3, "decayed": 2, "final": 1, "rest": 3}
_PER_LINE, _WIDTH = 12, 200  # numbers and letters in a line of comment: readers take 511 characters


class HepevtWriter(TextWriter):
    """Events in HEPEVT; what the record does not have, weights among it, stands in lines that start with #.

    Readers of the record look for a capital E and two numbers behind it: no such letter is in a comment.
    """

    name: ClassVar[str] = "hepevt"
    suffixes: ClassVar[tuple[str, ...]] = (".hepevt", ".hepevt.gz")
    begins: ClassVar[str] = "#particles"
    marks: ClassVar[str] = "#particles "
    foot: ClassVar[str] = "#end"

    @staticmethod
    def head(metadata: Mapping[str, Any], about: Known, packed: str) -> str:  # noqa: ARG004
        """Return the metadata as comments."""
        safe = packed.replace("E", "\\u0045")
        return "".join(f"#json {safe[k : k + _WIDTH]}\n" for k in range(0, len(safe), _WIDTH))

    @staticmethod
    def unpacked(head: str) -> str:
        """Return the metadata out of the comments."""
        return "".join(re.findall(r"^#json (.*)$", head, re.MULTILINE))

    @staticmethod
    def lines(graph: EventGraph, channel: int, others: Sequence[str]) -> str:
        """Return the template: status, id, mothers, daughters, px py pz E m, and below x y z t in mm."""
        rows = [f"#particles {channel} {graph.names}"]
        numbers = [f"{{{name}}}" for name in others if name != "event"]
        starts = range(0, len(numbers), _PER_LINE)
        rows += [" ".join(["#numbers", *numbers[k : k + _PER_LINE]]) for k in starts]
        rows.append(f"E {{event}} {len(graph.lines)}")
        for line in graph.lines:
            name = line.name
            place = graph.vertices[max(line.made, 0)] if line.role != "struck" else graph.vertices[line.ends]
            links = " ".join(map(str, (*_range(_mothers(graph, line)), *_range(_daughters(graph, line)))))
            rows.append(
                f"{_STATUS[line.role]} {line.pdg} {links} "
                f"{{{name}_px}} {{{name}_py}} {{{name}_pz}} {{{name}_E}} {{{name}_m}}"
            )
            rows.append(" ".join(f"{{{place}_{part}}}" for part in "xyzt"))
        return "\n".join(rows) + "\n"


def _mothers(graph: EventGraph, line: Line) -> list[int]:
    return graph.into(line.made) if line.made >= 0 else []


def _daughters(graph: EventGraph, line: Line) -> list[int]:
    return graph.out_of(line.ends) if line.ends >= 0 else []


def _range(places: list[int]) -> tuple[int, int]:
    """Return the first and last of some lines, counted from 1, which stand together; 0: none."""
    return (places[0] + 1, places[-1] + 1) if places else (0, 0)


WRITER = HepevtWriter
