"""Les Houches event files (hep-ph/0609017): a chain of decays by mothers, flights as invariant lifetimes.

The format has one lifetime for each particle and no places.  Those of vertices, and all else that columns
hold, stand in lines that start with #.  Pseudoparticles of collisions that are not simulated are left out.
"""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from darkmc.core.vocabulary import PDG_IDS
from darkmc.output.event_graph import EventGraph, Known, beam_card, nuclear_id
from darkmc.output.writers import TextWriter

_STATUS = {"struck": -1, "decayed": 2, "final": 1}
_SUM = 3  # IDWTUP: weights as they are, which add up to XSECUP
_NO_SPIN = 9


class LheWriter(TextWriter):
    """One process, whose XSECUP is the yield; XWGTUP are the expected events that each event stands for."""

    name: ClassVar[str] = "lhe"
    suffixes: ClassVar[tuple[str, ...]] = (".lhe", ".lhe.gz")
    begins: ClassVar[str] = "<event>"
    marks: ClassVar[str] = "#particles "
    foot: ClassVar[str] = "</LesHouchesEvents>"

    @staticmethod
    def head(metadata: Mapping[str, Any], about: Known, packed: str) -> str:
        """Return header and initialisation."""
        beam = beam_card(metadata)
        electron = PDG_IDS["e"]
        if about.beam:
            hit = about.target.mass if about.target else 0.0
            ids = electron if about.beam == "electron" else PDG_IDS[about.beam], nuclear_id(about.target)
            energies = about.beam_energy, hit
        else:
            ids = electron, -electron
            energies = beam["electron_energy_GeV"], beam["positron_energy_GeV"]
        error = metadata.get("error")
        total = f"{metadata['sum_of_weights']!r} {-1.0 if error is None else error!r}"
        return (
            '<LesHouchesEvents version="3.0">\n'
            f"<header>\n<darkmc>{html.escape(packed, quote=False)}</darkmc>\n</header>\n<init>\n"
            f"{ids[0]} {ids[1]} {energies[0]!r} {energies[1]!r} 0 0 0 0 {_SUM} 1\n"
            f"{total} {metadata['sum_of_weights']!r} 1\n</init>\n"
        )

    @staticmethod
    def unpacked(head: str) -> str:
        """Return the metadata out of the header."""
        (found,) = re.findall(r"<darkmc>(.*)</darkmc>", head)
        return html.unescape(found)

    @staticmethod
    def lines(graph: EventGraph, channel: int, others: Sequence[str]) -> str:
        """Return the template."""
        written = [k for k, line in enumerate(graph.lines) if line.role != "rest"]
        number = {k: n for n, k in enumerate(written, 1)}
        rows = ["<event>", f"{len(written)} 1 {{weight}} -1.0 -1.0 -1.0"]
        for k in written:
            line = graph.lines[k]
            mothers = [number[mother] for mother in graph.into(line.made)] if line.made >= 0 else [0]
            flight = f"{{{line.name}_ctau}}" if line.made >= 0 and line.ends >= 0 else "0.0"
            momentum = " ".join(f"{{{line.name}_{part}}}" for part in ("px", "py", "pz", "E", "m"))
            status = _STATUS.get(line.role, -9 if graph.vertices[0] == "beam" else -1)
            rows.append(f"{line.pdg} {status} {mothers[0]} {mothers[-1]} 0 0 {momentum} {flight} {_NO_SPIN}.")
        rows.append(f"#particles {channel} {graph.names}")
        rows.append(" ".join(["#numbers", *(f"{{{name}}}" for name in others if name != "weight")]))
        rows += [
            f"#vertex {name} " + " ".join(f"{{{name}_{part}}}" for part in "xyzt") for name in graph.vertices
        ]
        return "\n".join([*rows, "</event>"]) + "\n"


WRITER = LheWriter
