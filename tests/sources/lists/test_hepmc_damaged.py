"""Damaged HepMC events: what the reader would follow out of its memory, or lose, is refused in one line."""

from types import SimpleNamespace

import numpy as np
import pytest

from darkmc.core.errors import CardError
from darkmc.sources.lists.hepmc import check_links, read_hepmc

MESON = "111 0 0 2 2.0045497 0.1349768"
HEADS = {
    3: "HepMC::Version 3.02.05\nHepMC::Asciiv3-START_EVENT_LISTING\n",
    2: "HepMC::Version 2.06.09\nHepMC::IO_GenEvent-START_EVENT_LISTING\n",
}
TAILS = {3: "HepMC::Asciiv3-END_EVENT_LISTING\n\n", 2: "HepMC::IO_GenEvent-END_EVENT_LISTING\n\n"}
EVENTS = {
    3: f"""E 7 3 6
U GEV MM
W 1.0
A 0 note text
A 2 flow 501
P 1 0 2212 0 0 4 4.1085 0.938272 4
V -1 0 [1] @ 1 2 3 4
P 2 -1 {MESON} 1
P 3 -1 221 0 0 2 2.07365 0.547862 2
P 4 3 {MESON} 2
V -3 0 [4] @ 1 2 3 5
P 5 -3 22 0 0 1 1 0 1
P 6 -3 22 0 0 1 1 0 1
""",
    2: f"""E 7 -1 0.5 0.1 0.01 20 -1 2 1 0 2 77 88 1 1.0
U GEV MM
N 1 "nominal"
F 1 2 0.1 0.1 91.2 1 1 0 0
V -1 0 1 2 3 4 1 2 1 0.5
P 1 2212 0 0 4 4.1085 0.938272 4 0 0 -1 0
P 2 {MESON} 1 0 0 0 1 1 501
P 3 {MESON} 2 0 0 -5 0
V -5 0 1 2 3 5 0 2 0
P 4 22 0 0 1 1 0 1 0 0 0 0
P 5 22 0 0 1 1 0 1 0 0 0 0
""",
}


@pytest.fixture
def read(tmp_path):
    """Read the pi0 of a file with this content."""

    def function(content):
        path = tmp_path / "x.hepmc"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_hepmc(path, {"pi0": 111})["pi0"]

    return function


def changed(version, old, new):
    event = EVENTS[version]
    assert event.count(old) == 1
    return event.replace(old, new)


def refusal(read, content):
    with pytest.raises(CardError) as error:
        read(content)
    assert "\n" not in str(error.value)
    return str(error.value).split("x.hepmc: ")[1]


DAMAGED = {
    3: {
        "a vertex beyond the number": ("V -1 0", "V -99 0"),
        "a vertex beyond 32 bits": ("V -1 0", "V 2147483648 0"),
        "a vertex of the other sign": ("V -1 0", "V 1 0"),
        "a vertex 0": ("V -3 0", "V 0 0"),
        "a vertex twice": ("V -3 0", "V -1 0"),
        "a vertex that nobody comes from": ("V -3 0", "V -2 0"),
        "two blanks": ("V -3 0", "V  -3 0"),
        "a particle that enters and does not exist": ("[4]", "[99]"),
        "a particle 0 that enters": ("[4]", "[0]"),
        "a particle that ends twice": ("[4]", "[1]"),
        "a particle that ends here and alone": ("[4]", "[3]"),
        "a loop": ("[4]", "[5]"),
        "an origin that does not exist": ("P 5 -3", "P 5 -99"),
        "an origin without line": ("P 5 -3", "P 5 -2"),
        "an origin beyond 32 bits": ("P 5 -3", "P 5 -2147483648"),
        "an attribute of nobody": ("A 2 flow", "A -2147483648 flow"),
        "an attribute that ends in a backslash": ("flow 501", "flow 501\\"),
        "a sign that ends a line for the reader": ("note text", "note text\\\0"),
        "units that nobody knows": ("U GEV", "U GeV"),
    },
    2: {
        "less than no states": ("0 2 77 88 1 1.0", "0 -1 77 88 1 1.0"),
        "less than no weights": ("88 1 1.0", "88 -1 1.0"),
        "names without end": ('N 1 "', 'N 999999999 "'),
        "a vertex twice": ("V -5 0", "V -1 0"),
        "a vertex of the other sign": ("V -5 0", "V 5 0"),
        "less than no weights of a vertex": ("4 1 2 1 0.5", "4 1 2 -1 0.5"),
        "too many weights of a vertex": ("4 1 2 1 0.5", "4 1 2 2147483647 0.5"),
        "an end that does not exist": ("0 0 -5 0", "0 0 -99 0"),
        "an end beyond 32 bits": ("0 0 -5 0", "0 0 -2147483648 0"),
        "a loop": ("P 4 22 0 0 1 1 0 1 0 0 0 0", "P 4 22 0 0 1 1 0 1 0 0 -1 0"),
        "less than no flows": ("0 1 1 501", "0 -1 1 501"),
        "units that nobody knows": ("U GEV", "U TEV"),
    },
}


@pytest.mark.parametrize(
    ("version", "name"), [(version, name) for version, all_ in DAMAGED.items() for name in all_]
)
def test_a_damaged_event_is_refused(read, version, name):
    good, bad = EVENTS[version], changed(version, *DAMAGED[version][name])
    text = refusal(read, HEADS[version] + good + bad + good + TAILS[version])
    assert text == "event 2 of 3 is broken or cut off"


@pytest.mark.parametrize("version", [3, 2])
@pytest.mark.parametrize(
    "line", ["V -1 0 [1]", "P 1 0 111 0 0 2 2.1 0.1 1", "A -2147483648 x y", "A 0 x y\\"]
)
def test_lines_before_the_first_event(read, version, line):
    if version == 3 or line[0] in "VP":
        content = HEADS[version] + line + "\n" + EVENTS[version] + TAILS[version]
        assert refusal(read, content) == "event 1 of 1 is broken or cut off"
    content = line + "\n" + HEADS[version] + EVENTS[version] + TAILS[version]
    assert refusal(read, content) == "event 1 of 1 is broken or cut off"


def test_a_line_longer_than_the_readers(read):
    bad = changed(3, "note text", "x" * 300_000 + "\\")
    assert refusal(read, HEADS[3] + bad + EVENTS[3] + TAILS[3]) == "event 1 of 2 is broken or cut off"


@pytest.mark.parametrize("weights", ["0", "1 0.5"])
def test_mesons_from_a_vertex_that_nothing_enters_are_not_lost(read, weights):
    gun = f"E 0 -1 0 0 0 0 0 1 0 0 0 0\nU GEV MM\nV -1 0 1 2 3 4 0 1 {weights}\nP 1 {MESON} 1 0 0 0 0\n"
    text = refusal(read, HEADS[2] + EVENTS[2] + gun + TAILS[2])
    assert text == "event 2: nothing enters the vertex -1, so that what leaves it would be lost"


@pytest.mark.parametrize(
    ("weights", "signal", "whole"), [("0", "-1", True), ("1 0.5", "-1", False), ("0", "-9", False)]
)
def test_a_vertex_that_nothing_leaves(read, weights, signal, whole):
    event = changed(2, "20 -1 2 1", f"20 {signal} 3 1").replace("P 5 22 0 0 1 1 0 1 0 0 0 0\n", "")
    event += f"P 5 {MESON} 2 0 0 -9 0\nV -9 0 1 2 3 6 0 0 {weights}\n"
    content = HEADS[2] + event + TAILS[2]
    if whole:
        first, copy = read(content).columns["t"]
        assert copy == pytest.approx(1.25 * first)
    else:
        assert refusal(read, content) == "event 1 of 1 is broken or cut off"


def test_more_generations_than_the_reader_stands(read):
    lines = ["V -1 0 0 0 0 0 1 1 0", "P 1 2212 0 0 4 4.1 0.9 4 0 0 -1 0", f"P 2 {MESON} 2 0 0 -2 0"]
    for k in range(2, 10_003):
        lines += [f"V -{k} 0 0 0 0 0 0 1 0", f"P {k + 1} {MESON} 2 0 0 {-k - 1} 0"]
    lines[-1] = f"P 10003 {MESON} 1 0 0 0 0"
    event = "\n".join(["E 0 -1 0 0 0 0 0 10002 0 0 0 0", "U GEV MM", *lines]) + "\n"
    assert refusal(read, HEADS[2] + event + TAILS[2]) == "event 1 of 1 is broken or cut off"


# --- what must still be read
GOOD = {
    "as it is": (3, "A 0 note", "A 0 note"),
    "an attribute in two lines": (3, "note text", "note text\\|and\\\\"),
    "a line of an unknown kind": (3, "A 0 note", "X -2147483648"),
    "an empty line after the units": (3, "U GEV MM\n", "U GEV MM\n\n"),
    "another position": (3, "E 7 3 6", "E 7 3 6 @ 0 0 1e1 -1.5e+01"),
    "HepMC2 as it is": (2, "20 -1", "20 -1"),
    "no weights": (2, "88 1 1.0", "88 0"),
    "no states": (2, "0 2 77 88", "0 0"),
    "a beam that the vertex lets out": (2, "0.938272 4 0 0 -1 0", "0.938272 4 0 0 0 0"),
    "a line of its nuclei": (2, "F 1 2 0.1", "H 1 1 1 1 0 0 0 0 0 1 1 0 1\nF 1 2 0.1"),
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_whole_events_are_read(read, name, end):
    version, old, new = GOOD[name]
    content = HEADS[version] + 2 * changed(version, old, new) + TAILS[version]
    found = read(content.replace("\n", end).encode())
    assert found.numbers.tolist() == [1, 1, 2, 2]
    np.testing.assert_allclose(found.columns["pz"], 2.0)


@pytest.mark.parametrize("version", [3, 2])
def test_files_one_after_the_other(read, version):
    content = HEADS[version] + EVENTS[version] + TAILS[version]
    assert len(read(2 * content).columns["pz"]) == 4


def test_a_vertex_that_takes_in_a_later_particle(read):
    event = changed(3, "[1] @", "[1,7] @").replace("E 7 3 6", "E 7 3 7")
    found = read(HEADS[3] + event + "P 7 0 2212 0 0 -4 4.1085 0.938272 4\n" + TAILS[3])
    np.testing.assert_allclose(found.columns["z"], [3e-3, 3e-3])


def test_what_stands_between_events(read):
    run = "W nominal\nA run_name x\nT tool\\|1.0\\|a tool\n"
    content = HEADS[3] + run + EVENTS[3] + run + EVENTS[3] + TAILS[3]
    assert len(read(content).columns["pz"]) == 4


def test_links_out_of_the_data():
    for links in ([(1, -1), (-1, 2)], [(1, -2)], [(3, -1)], [(1, 2)], [(0, -1)], [(1, 0)], [(-1, -1)]):
        first, second = np.array(links, dtype=np.int32).T
        data = SimpleNamespace(particles=[0, 0], vertices=[0], links1=first, links2=second)
        if len(links) == 2:
            check_links("x.hepmc", data, 4)
        else:
            with pytest.raises(CardError, match=r"^x\.hepmc: event 4 "):
                check_links("x.hepmc", data, 4)


def test_a_position_far_up_is_found(read):
    n = 1000
    chain = [f"P {k + 1} {k} {(111, 221)[k % 2]}{MESON[3:]} 2" for k in range(2, n + 1)]
    event = ["U GEV MM", "P 1 0 2212 0 0 4 4.1 0.9 4", "V -1 0 [1] @ 1 2 3 4", f"P 2 -1 {MESON} 2", *chain]
    found = read(HEADS[3] + "\n".join([f"E 0 {n} {n + 1}", *event]) + "\n" + TAILS[3])
    np.testing.assert_allclose(found.columns["z"], np.full(n // 2, 3e-3))
