"""Events as text: a template for all events of a graph, filled and read back column by column.

Numbers are written with as many digits as give the same float back.  Positions are in mm and mm/c in such
texts, and in m and ns in columns.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.errors import PhysicsError
from darkmc.core.event_columns import Columns, groups
from darkmc.core.vocabulary import MOMENTUM, POSITION, VERTICES
from darkmc.output.event_graph import EventGraph, Known, Part, graph_named, name_of_graph, parts

_NUMBER = re.compile(r"\{(\w+)\}")
MILLIMETRES = {"x": 1e3, "y": 1e3, "z": 1e3, "t": 1e3 * SPEED_OF_LIGHT_M_PER_NS}


class Template:
    """The text of one event, with {NAME} for numbers, each a word of its own."""

    def __init__(self, text: str) -> None:
        self._keys = _NUMBER.findall(text)
        self._pattern = _NUMBER.sub("%r", text.replace("%", "%%"))
        words = enumerate(text.split())
        self._words = {word[1:-1]: k for k, word in words if _NUMBER.fullmatch(word)}

    def filled(self, values: Mapping[str, Any]) -> list[str]:
        """Return the text of every event."""
        columns = (values[key].tolist() for key in self._keys)
        return list(map(self._pattern.__mod__, zip(*columns, strict=True)))

    def read(self, texts: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
        """Return the words of texts by name; PhysicsError if they are not of this template."""
        words = [text.split() for text in texts]
        if any(len(row) != len(words[0]) for row in words) or len(words[0]) <= max(self._words.values()):
            raise PhysicsError("an event is not as darkmc wrote it")
        table = np.array(words)
        return {name: table[:, k] for name, k in self._words.items()}


class Block(NamedTuple):
    """An event as it was read: its channel, the names of its lines and vertices, and its text."""

    channel: int
    names: str
    text: str


@dataclass
class EventText:
    """Events written as text of one format, or read from it.

    Attributes
    ----------
    lines : callable (graph, channel, other columns) -> str
        The template of a format: numbers are named as columns are; masses NAME_m, proper flights NAME_ctau in
        mm, and the time of the first vertex in s is lab_t_s.
    about : Known
        What of the metadata decides what events look like.
    types : dict
        By name, the types of the columns, as NumPy writes them.
    """

    lines: Callable[[EventGraph, int, Sequence[str]], str]
    about: Known
    types: dict[str, str]
    _templates: dict[tuple[int, str], Template] = field(default_factory=dict)

    @property
    def others(self) -> list[str]:
        """Columns that belong to no particle or vertex of the graph."""
        inside = {
            f"{name}_{part}"
            for name, components in groups(self.types).items()
            if name_of_graph(name)
            for part in components
        }
        return [name for name in self.types if name not in inside]

    def _template(self, graph: EventGraph, channel: int) -> Template:
        key = channel, graph.names
        if key not in self._templates:
            self._templates[key] = Template(self.lines(graph, channel, self.others))
        return self._templates[key]

    def written(self, columns: Columns) -> str:
        """Return events as text, in their order."""
        texts = np.empty(len(columns["weight"]), dtype=object)
        for part in parts(columns, self.about):
            values = {name: columns[name][part.places] for name in self.others} | _numbers(part)
            texts[part.places] = self._template(part.graph, part.channel).filled(values)
        return "".join(texts)

    def read(self, blocks: Sequence[Block]) -> dict[str, np.ndarray[Any, Any]]:
        """Return the columns of events; PhysicsError if one is not as it was written."""
        out = {
            name: np.full(len(blocks), np.nan if np.dtype(kind).kind == "f" else 0, dtype=kind)
            for name, kind in self.types.items()
        }
        alike: dict[tuple[int, str], list[int]] = {}
        for k, block in enumerate(blocks):
            alike.setdefault((block.channel, block.names), []).append(k)
        for (channel, names), which in alike.items():
            graph = graph_named(channel, names, self.about)
            found = self._template(graph, channel).read([blocks[k].text for k in which])
            for name in found.keys() & out.keys():
                out[name][which] = found[name].astype(out[name].dtype) / _scale(name)
            for name in (f"{name}_{part}" for name in graph.nothing for part in MOMENTUM):
                out[name][which] = 0.0
        return out


def _scale(column: str) -> Any:
    name, _, part = column.rpartition("_")
    return MILLIMETRES[part] if name in VERTICES else 1


def _numbers(part: Part) -> dict[str, np.ndarray[Any, Any]]:
    """Return what templates may hold of events: of particles in GeV, of vertices in mm."""
    out: dict[str, np.ndarray[Any, Any]] = {}
    for line, momentum, rest in zip(part.graph.lines, part.momenta, part.masses, strict=True):
        out |= {f"{line.name}_{name}": momentum[k] for k, name in enumerate(MOMENTUM)}
        out[f"{line.name}_m"] = rest
        if line.ends >= 0 and line.made >= 0:
            flight = part.positions[line.ends, :3] - part.positions[line.made, :3]
            length = np.sqrt(np.sum(flight**2, axis=0) / np.sum(momentum[1:] ** 2, axis=0))
            out[f"{line.name}_ctau"] = 1e3 * rest * length
    for vertex, position in zip(part.graph.vertices, part.positions, strict=True):
        out |= {f"{vertex}_{name}": position[k] * MILLIMETRES[name] for k, name in enumerate(POSITION)}
    out["lab_t_s"] = part.positions[0, 3] * 1e-9
    return out
