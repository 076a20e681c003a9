"""HepMC3 text (Asciiv3) with the run and event attributes of NuHepMC 1.0 (arXiv:2310.13211).

The text is written here and not through pyhepmc, whose objects take 170 us an event and whose attributes keep
six digits; tests read it with pyhepmc.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from darkmc.core.rng import channel_parts
from darkmc.core.vocabulary import OTHER_IDS, PDG_IDS
from darkmc.output.event_graph import EventGraph, Known, beam_card
from darkmc.output.writers import TextWriter

_STATUS = {  # HepMC3, and above 20 our own: number, name, description
    "final": (1, "final", "undecayed physical particle"),
    "decayed": (2, "decayed", "particle that decays or interacts"),
    "beam": (4, "beam", "incoming beam particle"),
    "target": (20, "target", "target particle: the nucleus that is hit, or the other beam"),
    "struck": (31, "struck", "electron at rest in the detector that a dark state hits"),
    "rest": (32, "rest", "pseudoparticle: the part of a collision that is not simulated"),
}
_PRIMARY = (1, "primary", "the beam hits the target, or beams collide")
_VERTEX = {
    "production": (
        31,
        "production",
        "the dark states are made: a meson decays, or beams or a shower meet matter",
    ),
    "upstream": (32, "upstream", "decay of the heavier dark state on the way"),
    "scatter": (33, "scatter", "scattering or conversion in the detector"),
    "decay": (34, "decay", "decay that is seen"),
}
_PROVENANCE = "NuHepMC.Provenance.darkmc"
_EXPOSURES = (  # keys of cards, attributes, units of what is called the cross section
    ("pot", "NuHepMC.Exposure.POT", "events per proton on target"),
    ("eot", "darkmc.Exposure.EOT", "events per electron on target"),
    ("luminosity_fb", "darkmc.Exposure.InverseFemtobarn", "fb"),
)
_STATES = {"axion": "axion a", "dark_photon": "dark photon gamma'"}


class Hepmc3Writer(TextWriter):
    """The whole graph of each event in GeV and mm, vertices where they lie in the laboratory."""

    name: ClassVar[str] = "hepmc3"
    suffixes: ClassVar[tuple[str, ...]] = (".hepmc3", ".hepmc3.gz")
    begins: ClassVar[str] = "E "
    marks: ClassVar[str] = "A 0 darkmc.particles "
    foot: ClassVar[str] = "HepMC::Asciiv3-END_EVENT_LISTING"

    @staticmethod
    def head(metadata: Mapping[str, Any], about: Known, packed: str) -> str:
        """Return the run information."""
        attributes = dict(_run(metadata, about)) | {_PROVENANCE: packed}
        return "".join(
            (
                "HepMC::Version 3.02.06\nHepMC::Asciiv3-START_EVENT_LISTING\nW CV\n",
                f"T darkmc\\|{metadata['version']}\\|Monte Carlo of the dark axion portal\n",
                *(f"A {name} {_escaped(value)}\n" for name, value in attributes.items()),
            )
        )

    @staticmethod
    def unpacked(head: str) -> str:
        """Return the metadata out of the run information."""
        (line,) = re.findall(rf"^A {re.escape(_PROVENANCE)} (.*)$", head, re.MULTILINE)
        return str(line).replace("\\\\", "\\")

    @staticmethod
    def lines(graph: EventGraph, channel: int, others: Sequence[str]) -> str:
        """Return the template."""
        numbers = [f"{{{name}}}" for name in others if name not in ("event", "weight")]
        first = graph.vertices[0]
        rows = [
            f"E {{event}} {len(graph.vertices)} {len(graph.lines)}",
            "U GEV MM",
            "W {weight}",
            f"A 0 darkmc.particles {channel} {graph.names}",
            " ".join(["A 0 darkmc.numbers", *numbers]),
            " ".join(["A 0 lab_pos", *(f"{{{first}_{part}}}" for part in "xyz"), "{lab_t_s}"]),
            f"A 0 signal_process_id {channel}",
        ]
        for number in range(len(graph.vertices)):
            incoming = graph.into(number)
            rows += [_particle(graph, k) for k in incoming if graph.lines[k].made < 0]
            rows.append(_vertex(graph, number, incoming))
            rows += [_particle(graph, k) for k in graph.out_of(number)]
        return "\n".join(rows) + "\n"


def _particle(graph: EventGraph, place: int) -> str:
    line = graph.lines[place]
    momentum = " ".join(f"{{{line.name}_{part}}}" for part in ("px", "py", "pz", "E", "m"))
    # number, minus that of the vertex it comes out of, id
    return f"P {place + 1} {-(line.made + 1)} {line.pdg} {momentum} {_STATUS[line.role][0]}"


def _vertex(graph: EventGraph, number: int, incoming: Sequence[int]) -> str:
    name = graph.vertices[number]
    status = _PRIMARY[0] if number == 0 else _VERTEX[name][0]
    position = " ".join(f"{{{name}_{part}}}" for part in "xyzt")
    return f"V {-(number + 1)} {status} [{','.join(str(k + 1) for k in incoming)}] @ {position}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\|")


def _run(metadata: Mapping[str, Any], about: Known) -> Iterator[tuple[str, str]]:
    """Yield the attributes of a run that NuHepMC 1.0 asks for, and those of the conventions that are kept."""
    conventions = ["G.C.2", "G.C.3", "G.C.5", "G.S.1", "G.S.2", "E.C.5", "P.C.2"]
    for part, number in (("Major", 1), ("Minor", 0), ("Patch", 0)):
        yield f"NuHepMC.Version.{part}", str(number)
    yield from _exposure(metadata, conventions)
    if about.beam:
        conventions.append("G.C.4")
        beam = f"NuHepMC.Beam[{PDG_IDS['e' if about.beam == 'electron' else about.beam]}]"
        yield f"{beam}.Type", "MonoEnergetic"
        yield f"{beam}.EnergyUnit", "GEV"
        yield f"{beam}.MonoEnergetic.Energy", repr(about.beam_energy)
    for card, content in metadata["cards"].items():
        found = [ref["arxiv"] for ref in (content or {}).get("references") or () if ref.get("arxiv")]
        if found:
            yield (
                f"NuHepMC.Citations.{re.sub(r'[^A-Za-z0-9]', '', card)}.arXiv",
                " ".join(dict.fromkeys(found)),
            )
    yield "NuHepMC.Conventions", " ".join(sorted(conventions))
    processes = {int(number): (name, _process(int(number))) for number, name in metadata["channels"].items()}
    yield from _table("ProcessIDs", "ProcessInfo", processes)
    vertices = {number: words for number, *words in (_PRIMARY, *_VERTEX.values())}
    yield from _table("VertexStatusIDs", "VertexStatusInfo", vertices)
    yield from _table("ParticleStatusIDs", "ParticleStatusInfo", {n: w for n, *w in _STATUS.values()})
    yield "NuHepMC.AdditionalParticleNumbers", " ".join(map(str, OTHER_IDS.values()))
    for state, pdg in OTHER_IDS.items():
        mass = about.axion if state == "axion" else about.dark_photon
        yield f"NuHepMC.AdditionalParticleNumber[{pdg}].Name", state
        words = f"{_STATES[state]}, {mass!r} GeV, neutral"
        yield f"NuHepMC.AdditionalParticleInfo[{pdg}].Description", words


def _exposure(metadata: Mapping[str, Any], conventions: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the exposure, and the yield over it where a cross section averaged over the flux is asked for."""
    beam, exposure = beam_card(metadata), metadata["exposure"]
    key, name, unit = next((one for one in _EXPOSURES if beam.get(one[0])), _EXPOSURES[-1])
    if key == "pot":
        conventions.append("G.C.1")
    yield name, repr(float(exposure))
    yield "NuHepMC.Units.CrossSection.Unit", unit
    yield "NuHepMC.Units.CrossSection.TargetScale", "PerExposure"
    total = "NuHepMC.FluxAveragedTotalCrossSection"
    yield total, repr(metadata["sum_of_weights"] / exposure)
    if metadata.get("error") is not None:
        yield f"{total}Uncertainty", repr(metadata["error"] / exposure)


def _table(numbers: str, info: str, entries: Mapping[int, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield a list of numbers, and a name and a description of each."""
    yield f"NuHepMC.{numbers}", " ".join(map(str, entries))
    for number, (name, description) in entries.items():
        yield f"NuHepMC.{info}[{number}].Name", name
        yield f"NuHepMC.{info}[{number}].Description", description


def _process(number: int) -> str:
    parts = channel_parts(number)
    return f"dark states from {parts.parent}, seen as {parts.signal}, route {parts.route}"


WRITER = Hepmc3Writer
