"""Lists of mesons from HepMC events: units, copies, weights, vertices, several species in one file."""

import gzip
import sys
from functools import partial

import numpy as np
import pyhepmc
import pytest
from list_cards import experiment, rows_of, sphere, write_card, write_text

import darkmc
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.vocabulary import PDG_IDS

RNG = np.random.default_rng(3)
PIONS = rows_of("pi0", RNG.normal([0.0, 0.0, 5.0], 0.3, (40, 3)))
ETAS = rows_of("eta", RNG.normal([0.0, 0.0, 7.0], 0.3, (15, 3)))
PLACES = np.concatenate([RNG.normal(0.0, 0.1, (55, 3)), RNG.random((55, 1))], axis=1)  # m, ns
WEIGHTS = RNG.uniform(0.5, 2.0, 5)
UNITS = {"GEV": 1.0, "MEV": 1e3, "MM": 1e3, "CM": 1e2}  # per GeV or per m
PORTAL = darkmc.DarkAxionPortal(0.03)


def event_of(particles, weight=None, momentum="GEV", length="MM"):
    """Make an event: each (pid, px py pz E in GeV, x y z in m and t in ns or None) decays, at a vertex."""
    event = pyhepmc.GenEvent(getattr(pyhepmc.Units, momentum), getattr(pyhepmc.Units, length))
    beam = pyhepmc.GenParticle((0.0, 0.0, 400.0 * UNITS[momentum], 400.001 * UNITS[momentum]), 2212, 4)
    for pid, four, place in particles:
        scaled = (0.0, 0.0, 0.0, 0.0)
        if place is not None:
            scaled = (*(UNITS[length] * place[:3]), UNITS[length] * place[3] * SPEED_OF_LIGHT_M_PER_NS)
        start, end = pyhepmc.GenVertex(scaled), pyhepmc.GenVertex()
        particle = pyhepmc.GenParticle(tuple(UNITS[momentum] * four), pid, 2)
        start.add_particle_in(beam)
        start.add_particle_out(particle)
        end.add_particle_in(particle)
        photon = (*(0.5 * UNITS[momentum] * four[:3]), 0.5 * UNITS[momentum] * np.linalg.norm(four[:3]))
        for _ in range(2):
            end.add_particle_out(pyhepmc.GenParticle(photon, 22, 1))
        event.add_vertex(start)
        event.add_vertex(end)
        beam = pyhepmc.GenParticle((0.0, 0.0, 1.0, 1.4), 2212, 1)
    if weight is not None:
        event.weights = [weight, 7.0]
    return event


def write_events(folder, events, name="all.hepmc", **options):
    with pyhepmc.open(str(folder / name), "w", precision=16, **options) as file:
        for event in events:
            file.write(event)
    return name


def my_events(places=True, weights=True, **units):
    """Five events of eight pi0 and three eta each, and of charged pions that nobody asked for."""
    events = []
    for k in range(5):
        pions, etas = range(8 * k, 8 * k + 8), range(3 * k, 3 * k + 3)
        rows = [(PDG_IDS["pi0"], PIONS[i], PLACES[i]) for i in pions]
        rows += [(PDG_IDS["eta"], ETAS[i], PLACES[40 + i]) for i in etas]
        rows += [(211, PIONS[0], PLACES[0]), (-211, PIONS[1], PLACES[1])]
        rows = rows if places else [(pid, four, None) for pid, four, _ in rows]
        events.append(event_of(rows, WEIGHTS[k] if weights else None, **units))
    return events


def text_lists(folder, places=True, weights=True):
    """Write the same mesons as text files."""
    names = {}
    for meson, four, place, n in (("pi0", PIONS, PLACES[:40], 8), ("eta", ETAS, PLACES[40:], 3)):
        rows = np.hstack([four, place]) if places else four
        weight = np.repeat(WEIGHTS if weights else np.ones(5), n)[:, None]
        names[meson] = write_text(folder, np.hstack([rows, weight]), f"{meson}.txt")
    return names


@pytest.fixture
def lists(tmp_path):
    """Read the pi0 and eta of a file of events."""

    def read(name, mesons=("pi0", "eta"), **keys):
        files = dict.fromkeys(mesons, name)
        path = write_card(tmp_path, files, None, weight_per_entry=dict.fromkeys(files, 0.1), **keys)
        return darkmc.MesonSource(path).lists

    return read


def assert_same(first, second, rtol=1e-12):
    assert list(first) == list(second)
    for meson, entries in first.items():
        other = second[meson]
        assert (entries.position is None) == (other.position is None)
        for key in ("momentum", "share", "position", "time"):
            if getattr(entries, key) is not None:
                np.testing.assert_allclose(getattr(other, key), getattr(entries, key), rtol=rtol, atol=1e-15)
        assert other.per_pot == pytest.approx(entries.per_pot, rel=1e-12)


# --- round trips
@pytest.mark.parametrize("places", [True, False])
@pytest.mark.parametrize("weights", [True, False])
def test_events_and_text_lists_of_the_same_mesons_have_the_same_yields(tmp_path, places, weights):
    events = write_events(tmp_path, my_events(places, weights))
    numbers = {"weight_per_entry": {"pi0": 0.1, "eta": 0.02}}
    card = partial(write_card, tmp_path, **numbers)
    from_events = card({"pi0": events, "eta": events}, None, name="a.toml")
    from_text = card(text_lists(tmp_path, places, weights), columns={"weight": "w"}, name="b.toml")
    sources = [darkmc.MesonSource(path) for path in (from_events, from_text)]
    assert_same(sources[1].lists, sources[0].lists)
    assert sources[0].lists["pi0"].per_pot == pytest.approx(0.8 * (np.sum(WEIGHTS) if weights else 5.0))
    samples = [
        experiment(path, "pi0", "eta", geometry=sphere(9.0, 1.0, 0.0, 30.0)).simulate(PORTAL, n_samples=4000)
        for path in (from_events, from_text)
    ]
    assert len(samples[0].weight) > 500
    for coupling in (1e-6, 1e-3):
        first, second = (sample.expected_events(coupling) for sample in samples)
        assert first.value > 0.0
        assert first.value == pytest.approx(second.value, rel=1e-9)


@pytest.mark.parametrize("momentum", ["GEV", "MEV"])
@pytest.mark.parametrize("length", ["MM", "CM"])
def test_the_units_of_the_file_are_honoured(tmp_path, lists, momentum, length):
    plain = lists(write_events(tmp_path, my_events()))
    other = lists(write_events(tmp_path, my_events(momentum=momentum, length=length), "other.hepmc3"))
    text = (tmp_path / "other.hepmc3").read_text()
    assert f"U {momentum} {length}" in text
    assert_same(plain, other)
    np.testing.assert_allclose(plain["pi0"].position.T, PLACES[:40, :3], rtol=1e-12)
    np.testing.assert_allclose(plain["pi0"].time, PLACES[:40, 3], rtol=1e-12)
    np.testing.assert_allclose(plain["pi0"].momentum.T, PIONS[:, :3], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "format_"),
    [("a.hepmc.gz", None), ("a.hepmc3.gz", None), ("a.hepmc", "HepMC2"), ("a.hepmc2", "HepMC2")],
)
def test_gzipped_and_older_files_are_the_same(tmp_path, lists, name, format_):
    plain = lists(write_events(tmp_path, my_events()))
    assert_same(plain, lists(write_events(tmp_path, my_events(), name, format=format_)), 1e-9)


def test_the_cards_own_units_are_those_of_other_files(tmp_path):
    """One card, pi0 from events in GeV, eta from a text in MeV and s."""
    name = write_events(tmp_path, my_events(weights=False))
    rows = np.hstack([1e3 * ETAS, PLACES[40:] * [1, 1, 1, 1e-9]])
    files = {"pi0": name, "eta": write_text(tmp_path, rows)}
    source = darkmc.MesonSource(write_card(tmp_path, files, "MeV", time_unit="s"))
    np.testing.assert_allclose(source.lists["pi0"].momentum.T, PIONS[:, :3], rtol=1e-12)
    np.testing.assert_allclose(source.lists["pi0"].time, PLACES[:40, 3], rtol=1e-12)
    np.testing.assert_allclose(source.lists["eta"].momentum.T, ETAS[:, :3], rtol=1e-12)
    np.testing.assert_allclose(source.lists["eta"].time, PLACES[40:, 3], rtol=1e-12)


# --- which particles
def chain(*links, places=()):
    """Make an event in which each particle (pid, status, row or None) is the only child of the one before."""
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    previous = pyhepmc.GenParticle((0.0, 0.0, 400.0, 400.001), 2212, 4)
    for k, (pid, status, row) in enumerate(links):
        vertex = pyhepmc.GenVertex(places[k] if k < len(places) else (0.0, 0.0, 0.0, 0.0))
        vertex.add_particle_in(previous)
        previous = pyhepmc.GenParticle(tuple(PIONS[0] if row is None else row), pid, status)
        vertex.add_particle_out(previous)
        event.add_vertex(vertex)
    return event


TAKEN = {
    "final": ([(111, 1, PIONS[1])], [1]),
    "decayed": ([(111, 2, PIONS[1]), (22, 1, None)], [1]),
    "the last of three copies": (
        [(111, 2, PIONS[1]), (111, 2, PIONS[2]), (111, 2, PIONS[3]), (22, 1, None)],
        [3],
    ),
    "a final copy": ([(111, 2, PIONS[1]), (111, 1, PIONS[2])], [2]),
    "documentation, then the meson": ([(111, 3, PIONS[1]), (111, 1, PIONS[2])], [2]),
    "a generator's own status": ([(111, 62, PIONS[1]), (111, 2, PIONS[2]), (22, 1, None)], [2]),
    "from an eta": ([(221, 2, ETAS[0]), (111, 2, PIONS[4]), (22, 1, None)], [4]),
    "not a charged pion": ([(211, 2, PIONS[1]), (111, 1, PIONS[5])], [5]),
}


@pytest.mark.parametrize(("links", "rows"), TAKEN.values(), ids=TAKEN.keys())
def test_each_meson_is_taken_once_and_as_it_decays(tmp_path, lists, links, rows):
    found = lists(write_events(tmp_path, [chain(*links)]), ["pi0"])["pi0"]
    np.testing.assert_allclose(found.momentum.T, PIONS[rows, :3], rtol=1e-12)


def test_two_mesons_of_one_vertex_are_no_copies(tmp_path, lists):
    event = chain((111, 1, PIONS[1]))
    event.vertices[0].add_particle_out(pyhepmc.GenParticle(tuple(PIONS[2]), 111, 1))
    found = lists(write_events(tmp_path, [event]), ["pi0"])["pi0"]
    np.testing.assert_allclose(found.momentum.T, PIONS[[1, 2], :3], rtol=1e-12)


def test_a_vertex_without_position_has_that_of_its_ancestor(tmp_path, lists):
    links = [(331, 2, None), (221, 2, None), (111, 2, PIONS[1]), (22, 1, None)]
    place = (1.0, 2.0, 3.0, 4.0)
    found = lists(write_events(tmp_path, [chain(*links, places=[place])]), ["pi0"])["pi0"]
    np.testing.assert_allclose(found.position[:, 0], [1e-3, 2e-3, 3e-3])
    assert found.time[0] == pytest.approx(4e-3 / SPEED_OF_LIGHT_M_PER_NS)


def test_events_without_particles_are_skipped(tmp_path, lists):
    empty = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    found = lists(write_events(tmp_path, [*my_events()[:2], empty, *my_events()[2:]]))
    assert_same(lists(write_events(tmp_path, my_events())), found)


# --- what may be wrong
def refused(lists, name, *mesons):
    with pytest.raises(darkmc.CardError) as error:
        lists(name, mesons or ("pi0", "eta"))
    return str(error.value)


def test_a_file_cut_off_is_no_shorter_list(tmp_path, lists):
    path = tmp_path / write_events(tmp_path, my_events())
    lines = path.read_text().splitlines(keepends=True)
    starts = [k for k, line in enumerate(lines) if line.startswith("E ")]
    for last in (starts[4] + 1, starts[4] + 9, starts[3] + 20):
        path.write_text("".join(lines[:last]))
        number = 5 if last > starts[4] else 4
        assert refused(lists, path.name) == f"{path}: event {number} of {number} is broken or cut off"


def test_a_broken_line_in_the_middle_is_no_end(tmp_path, lists):
    path = tmp_path / write_events(tmp_path, my_events())
    text = path.read_text()
    second = text.index("\nE 0 ", text.index("\nE 0 ") + 1)
    path.write_text(text[:second] + text[second:].replace("P 3 ", "P x ", 1))
    assert refused(lists, path.name) == f"{path}: event 2 of 5 is broken or cut off"


def test_a_gzipped_file_cut_off(tmp_path, lists):
    path = tmp_path / write_events(tmp_path, my_events(), "cut.hepmc.gz")
    path.write_bytes(path.read_bytes()[:-200])
    assert refused(lists, path.name).startswith(f"{path}: cannot be read as HepMC: Compressed file ended")


def test_files_without_events_or_mesons(tmp_path, lists):
    (tmp_path / "x.hepmc").write_text("no events\n")
    (tmp_path / "y.hepmc").write_text("E 1 2 3\n")
    with gzip.open(tmp_path / "z.hepmc.gz", "w") as file:
        file.write(b"HepMC::Asciiv3-START_EVENT_LISTING\n")
    events = write_events(tmp_path, my_events())
    for name, mesons, text in (
        ("nowhere.hepmc", ["pi0"], "no such file"),
        ("x.hepmc", ["pi0"], "cannot be read as HepMC: no events"),
        ("y.hepmc", ["pi0"], "cannot be read as HepMC: no header 'HepMC::Asciiv3' or 'HepMC::IO_GenEvent'"),
        ("z.hepmc.gz", ["pi0"], "cannot be read as HepMC: no events"),
        (events, ["omega"], "no omega (PDG id 223) in 5 events, which have mesons 111, 211, 221"),
    ):
        assert refused(lists, name, *mesons) == f"{tmp_path / name}: {text}"


def test_a_file_that_lies_about_its_unit_is_seen(tmp_path, lists):
    path = tmp_path / write_events(tmp_path, my_events(momentum="MEV"))
    path.write_text(path.read_text().replace("U MEV", "U GEV"))
    text = "E^2 - p^2 is about (1000 x the pi0 mass)^2: the momenta are in MeV, but the file says GeV"
    assert refused(lists, path.name) == f"{path}: event 1: {text}"


def test_a_meson_off_its_mass_shell_and_a_negative_weight_name_the_event(tmp_path, lists):
    events = my_events()
    events[3] = chain((111, 1, ETAS[0]))
    message = refused(lists, write_events(tmp_path, events), "pi0")
    assert message.startswith(f"{tmp_path / 'all.hepmc'}: event 4: off the mass shell: ")
    assert "as of the eta, but the pi0 has" in message
    events = my_events()
    events[2].weights = [-1.5]
    assert refused(lists, write_events(tmp_path, events)).endswith(
        "all.hepmc: event 3: the weight -1.5 is negative"
    )


def test_a_missing_package_names_its_extra(tmp_path, lists, monkeypatch):
    name = write_events(tmp_path, my_events())
    monkeypatch.setitem(sys.modules, "pyhepmc", None)
    text = "HepMC files need pyhepmc: pip install 'darkmc[hepmc]'"
    assert refused(lists, name) == f"{tmp_path / name}: {text}"
