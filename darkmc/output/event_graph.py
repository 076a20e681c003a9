"""Events as a chain of vertices: what goes into each and what comes out of it, with ids, states and masses.

Files of generators hold particles that are joined by vertices.  Here one particle leads from each vertex to
the next: beam -> meson -> dark state -> ... -> what is seen.  In a dump a shower lies between
the beam and its electron, or its pair of a positron and an electron at rest, which is a pseudoparticle.  What
the columns of an event lack is put in: the beam and its target, an electron at rest that is hit, and at
vertices of which only a part is simulated (the beam's collision, bremsstrahlung, a conversion on a nucleus)
the rest of the four-momentum as one pseudoparticle.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.errors import PhysicsError
from darkmc.core.event_columns import Columns, groups
from darkmc.core.kinematics import Array
from darkmc.core.materials import Nucleus, known_material, nucleus
from darkmc.core.particles import mass
from darkmc.core.rng import channel_parts
from darkmc.core.vocabulary import MOMENTUM, OTHER_IDS, PARTICLES, PDG_IDS, PHOTON_ID, POSITION, VERTICES

REST_ID = 2009900000  # NuHepMC 1.0, P.C.2: what is left of a nucleus, and is not simulated
PAIR_ID = 90  # of those that the PDG leaves to generators: a system of particles
PARENTS = ("meson", "shower_pair", "shower_electron")  # of dark states
Role = Literal["beam", "target", "struck", "decayed", "final", "rest"]


class Line(NamedTuple):
    """A particle of an event.

    Attributes
    ----------
    name : str
        Of its columns; "beam", "target", "struck_electron" and "rest_VERTEX" have none.
    pdg : int
        Its PDG id, or a number of ours.
    role : str
        "beam" and "target" come in first, "struck" later; "decayed" ones end in a vertex, "final" ones
        do not; "rest": the pseudoparticle.
    made, ends : int
        The vertices that it comes out of and goes into; -1: none.
    mass : float
        GeV; nan where it differs from event to event.
    """

    name: str
    pdg: int
    role: Role
    made: int
    ends: int
    mass: float


class EventGraph(NamedTuple):
    """What all events of a channel with the same particles look like.

    Attributes
    ----------
    lines : tuple of Line
        What comes in first, then vertex by vertex; that which goes on is the last of its vertex, and what is
        struck with it follows it.
    vertices : tuple of str
        Names: "beam" or those of vertices.
    nothing : tuple of str
        Particles of no energy, which are not there: no photon was radiated.
    """

    lines: tuple[Line, ...]
    vertices: tuple[str, ...]
    nothing: tuple[str, ...]

    @property
    def names(self) -> str:
        """Lines, vertices and what is nothing in words; within a channel they say what the graph is."""
        return " ".join([*(line.name for line in self.lines), "@", *self.vertices, "0", *self.nothing])

    def into(self, vertex: int) -> list[int]:
        """Return the places of lines that go into a vertex."""
        return [k for k, line in enumerate(self.lines) if line.ends == vertex]

    def out_of(self, vertex: int) -> list[int]:
        """Return the places of lines that come out of a vertex."""
        return [k for k, line in enumerate(self.lines) if line.made == vertex]


class Part(NamedTuple):
    """Events of one graph.

    Attributes
    ----------
    graph : EventGraph
        What they look like.
    channel : int
        Their channel's number.
    places : array (n,) of int
        Their places among all events that were given.
    momenta : array (lines, 4, n)
        E, px, py, pz in GeV.
    masses : array (lines, n)
        GeV.
    positions : array (vertices, 4, n)
        x, y, z in m and t in ns.
    """

    graph: EventGraph
    channel: int
    places: NDArray[np.intp]
    momenta: Array
    masses: Array
    positions: Array


class Known(NamedTuple):
    """What of the metadata of events decides what they look like."""

    axion: float
    dark_photon: float
    beam: str
    beam_energy: float
    target: Nucleus | None

    @property
    def heavy(self) -> str:
        """The heavier of the two dark states."""
        return "axion" if self.axion > self.dark_photon else "dark_photon"


def beam_card(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table of the beam in the cards of metadata; of analyses that are combined, the first's."""
    card = metadata["cards"]["experiment"]
    analyses = (card.get("windows") or {}).values()
    beam: Mapping[str, Any] = card["beam"] or next(iter(analyses))["beam"]
    return beam


def known(metadata: Mapping[str, Any]) -> Known:
    """Return what the metadata of ``Experiment.generate`` say.

    Raises
    ------
    PhysicsError
        If they are not those of events.
    """
    try:
        cards, beam = metadata["cards"], beam_card(metadata)
        particle = str(beam.get("particle") or "")
        energy = 0.0
        if particle:
            rest, kinetic = mass("e" if particle == "electron" else particle), beam.get("kinetic_energy_GeV")
            energy = kinetic + rest if kinetic else math.hypot(beam["momentum_GeV"], rest)
        element = (cards.get("flux") or {}).get("target", {})
        symbols = [*(beam.get("target") or ()), *([element["element"]] if "element" in element else [])]
        symbols += _elements(cards["experiment"].get("dump") or {})
        hit = nucleus(symbols[0]) if symbols else None
        masses = float(metadata["m_axion"]), float(metadata["m_dark_photon"])
        return Known(*masses, particle, energy, hit)
    except (KeyError, TypeError, AttributeError, ValueError, StopIteration) as error:
        raise PhysicsError(
            f"files of particles and vertices need the metadata of Experiment.generate ({error})"
        ) from None


def _elements(dump: Mapping[str, Any]) -> list[str]:
    """Return the elements of the first material of a dump."""
    materials = [*(dump.get("composition") or ()), *([dump["material"]] if dump.get("material") else [])]
    return [symbol for name in materials[:1] for symbol in known_material(name)[1]]


def nuclear_id(hit: Nucleus | None) -> int:
    """Return the PDG id of a nucleus, a proton if it is not known: 10LZZZAAAI, A the rounded weight."""
    if hit is None or hit.charge == 1:
        return PDG_IDS["proton"]
    return 10**9 + hit.charge * 10**4 + round(hit.mass_number) * 10


def parts(columns: Columns, about: Known) -> Iterator[Part]:
    """Yield the events of each channel with the same particles and vertices.

    A particle that is nan, or has no energy (no photon was radiated), is not there.

    Raises
    ------
    PhysicsError
        If the columns hold no particles.
    """
    found = groups(columns)
    names = [name for name in (*PARTICLES, *VERTICES) if name in found and name_of_graph(name)]
    if "channel" not in columns or not any(name in PARTICLES for name in names):
        raise PhysicsError("these events have no 'channel', or no particles that the program knows")
    states = np.array([_there(columns, name) for name in names])
    keys = columns["channel"].astype(np.int64)
    for state in states:
        keys = 3 * keys + state
    for kind in np.unique(keys).tolist():
        places = np.flatnonzero(keys == kind)
        first, channel = states[:, places[0]], int(columns["channel"][places[0]])
        present, nothing = ([n for n, state in zip(names, first, strict=True) if state == k] for k in (2, 1))
        graph = graph_of(channel, present, nothing, about)
        yield _filled(graph, channel, columns, places, about)


def name_of_graph(name: str) -> bool:
    """Return whether a particle or a vertex belongs to the graph: what is only measured does not."""
    return name in VERTICES or (name in PARTICLES and PARTICLES[name].made != "")


def _there(columns: Columns, name: str) -> NDArray[np.int64]:
    """Return 2 where a particle or a vertex is there, 1 where a particle has no energy, 0 where it is nan."""
    column = columns[f"{name}_{(POSITION if name in VERTICES else MOMENTUM)[0]}"]
    energy = np.ones_like(column) if name in VERTICES else column
    return np.where(np.isnan(column), 0, np.where(energy > 0.0, 2, 1))


def graph_of(channel: int, present: Sequence[str], nothing: Sequence[str], about: Known) -> EventGraph:
    """Return what events of a channel with some particles and vertices look like."""
    route = channel_parts(channel).route
    light = "dark_photon" if about.heavy == "axion" else "axion"
    flying = f"upstream_{light}" if "upstream" in present else about.heavy if route == "heavy" else light
    parent = next((name for name in PARENTS if name in present), "")
    goes_on = {  # into a vertex, what of the one before
        "production": parent,
        "upstream": about.heavy,
        "scatter": flying,
        "decay": "outgoing" if "scatter" in present else about.heavy,
    }
    vertices = ["beam"] if parent else []
    vertices += [name for name in VERTICES if name in present]
    lines: list[Line] = []
    for number, vertex in enumerate(vertices):
        following = vertices[number + 1] if number + 1 < len(vertices) else None
        onwards = goes_on[following] if following else ""
        lines += _incoming(number, vertex, present, about)
        made = [name for name in present if name in PARTICLES and PARTICLES[name].made == vertex]
        made.sort(key=lambda name, onwards=onwards: name == onwards)  # type: ignore[misc]
        if _is_part(vertex, present):
            lines.append(Line(f"rest_{vertex}", REST_ID, "rest", number, -1, math.nan))
        for name in made:
            ends = number + 1 if name == onwards else -1
            pdg, rest = _species(name, channel, flying, about)
            lines.append(Line(name, pdg, "decayed" if ends > 0 else "final", number, ends, rest))
    return EventGraph(tuple(lines), tuple(vertices), tuple(nothing))


def _is_part(vertex: str, present: Sequence[str]) -> bool:
    """Return whether more comes out of a vertex than is simulated."""
    if vertex == "production":
        return "shower_electron" in present
    return vertex == "beam" or (vertex == "scatter" and "recoil_electron" not in present)


def _incoming(number: int, vertex: str, present: Sequence[str], about: Known) -> list[Line]:
    """Return what goes into a vertex and comes from nowhere."""
    if vertex == "beam":
        pdg = PDG_IDS["e" if about.beam == "electron" else about.beam or "proton"]
        rest = mass("proton") if about.target is None else about.target.mass
        beam_mass = mass("e" if about.beam == "electron" else about.beam or "proton")
        return [
            Line("beam", pdg, "beam", -1, number, beam_mass),
            Line("target", nuclear_id(about.target), "target", -1, number, rest),
        ]
    if vertex == "scatter" and "recoil_electron" in present:
        return [Line("struck_electron", PDG_IDS["e"], "struck", -1, number, mass("e"))]
    roles: tuple[Role, ...] = ("beam", "target")
    names = [name for name in present if name in PARTICLES and PARTICLES[name].made == "incoming"]
    return [
        Line(name, PARTICLES[name].pdg or 0, role, -1, number, 0.0)  # colliding beams have no mass here
        for name, role in zip(names if number == 0 else (), roles, strict=False)
    ]


def _species(name: str, channel: int, flying: str, about: Known) -> tuple[int, float]:
    """Return PDG id and mass (GeV) of what comes out of a vertex."""
    if name == "meson":
        meson = channel_parts(channel).parent
        return PDG_IDS[meson], mass(meson)
    if name == "shower_pair":
        return PAIR_ID, math.nan
    if name == "shower_electron":  # or a positron: events do not hold its charge
        return PDG_IDS["e"], mass("e")
    if name == "outgoing":
        name = "dark_photon" if flying.endswith("axion") else "axion"
    for state, rest in (("axion", about.axion), ("dark_photon", about.dark_photon)):
        if name.endswith(state):
            return OTHER_IDS[state], rest
    pdg = PARTICLES[name].pdg or 0
    if pdg == PHOTON_ID:
        return pdg, 0.0
    return pdg, mass("e" if abs(pdg) == PDG_IDS["e"] else "mu")


def graph_named(channel: int, names: str, about: Known) -> EventGraph:
    """Return the graph of a channel that :attr:`EventGraph.names` says."""
    there, _, nothing = names.partition(" 0")
    present = [name for name in there.split() if name in PARTICLES or name in VERTICES]
    return graph_of(channel, present, nothing.split(), about)


def _filled(
    graph: EventGraph, channel: int, columns: Columns, places: NDArray[np.intp], about: Known
) -> Part:
    momenta = np.zeros((len(graph.lines), 4, len(places)))
    for k, line in enumerate(graph.lines):
        if line.name == "beam":
            momenta[k, 0] = about.beam_energy or line.mass
            momenta[k, 3] = math.sqrt(max(momenta[k, 0, 0] ** 2 - line.mass**2, 0.0)) if len(places) else 0.0
        elif line.name in ("target", "struck_electron"):
            momenta[k, 0] = line.mass
        elif line.role != "rest":
            momenta[k] = [columns[f"{line.name}_{part}"][places] for part in MOMENTUM]
    for k, line in enumerate(graph.lines):
        if line.role == "rest":
            others = [other for other in graph.out_of(line.made) if other != k]
            momenta[k] = momenta[graph.into(line.made)].sum(axis=0) - momenta[others].sum(axis=0)
    masses = np.array([np.full(len(places), line.mass) for line in graph.lines])
    for k in (k for k, line in enumerate(graph.lines) if math.isnan(line.mass)):
        square = momenta[k, 0] ** 2 - np.sum(momenta[k, 1:] ** 2, axis=0)
        masses[k] = np.sign(square) * np.sqrt(np.abs(square))
    names = ["production" if name == "beam" else name for name in graph.vertices]
    positions = np.array([[columns[f"{name}_{part}"][places] for part in POSITION] for name in names])
    return Part(graph, channel, places, momenta, masses, positions)
