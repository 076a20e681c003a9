"""How particles are joined by vertices: momentum is conserved at each, and all are on their shells."""

import numpy as np
import pytest

import darkmc
from darkmc.core.event_columns import flat
from darkmc.core.rng import PARENTS, ROUTES, SIGNALS, channel_number, channel_parts
from darkmc.core.vocabulary import PARTICLES, VERTICES
from darkmc.output.event_graph import PARENTS as PARENTS_OF_STATES
from darkmc.output.event_graph import REST_ID, graph_named, known, parts

# the last but one: gamma' that scatter, stable ones, and a heavy axion that decays on the way
POINTS = [
    ("charm-decay", 0.3, 0.0, 1e-6, {}),
    ("lsnd", 0.01, 0.0, 1e-3, {"simulation.signal": "all"}),
    ("babar", 0.5, 0.0, 1e-2, {}),
    ("miniboone-offtarget", 0.01, 0.02, 1e-2, {}),
    ("e137", 0.02, 0.0, 3e-3, {"simulation.signal": "all"}),
]
LIGHT_METRES_PER_NS = 0.299792458


@pytest.fixture(scope="module", params=POINTS, ids=[point[0] for point in POINTS])
def events(request):
    name, m_dark_photon, m_axion, coupling, overrides = request.param
    portal = darkmc.DarkAxionPortal(m_dark_photon, m_axion)
    stream = darkmc.Experiment(name, overrides=overrides).generate(portal, coupling, 1500, seed=3)
    about = known(stream.metadata)
    return [part for chunk in stream for part in parts(flat(chunk), about)], about


def test_momentum_is_conserved_at_every_vertex(events):
    vertices = set()
    for part in events[0]:
        for number, vertex in enumerate(part.graph.vertices):
            vertices.add(vertex)
            came = part.momenta[part.graph.into(number)].sum(axis=0)
            went = part.momenta[part.graph.out_of(number)].sum(axis=0)
            assert np.all(np.abs(came - went) <= 1e-8 * came[0])
            rest = [k for k in part.graph.out_of(number) if part.graph.lines[k].pdg == REST_ID]
            assert len(rest) == (
                vertex == "beam"
                or (vertex == "scatter" and "recoil_electron" not in names(part))
                or (vertex == "production" and "shower_electron" in names(part))
            )
    assert {"production"} < vertices <= {"beam", *VERTICES}


def names(part):
    return [line.name for line in part.graph.lines]


def test_particles_are_on_their_shells_and_have_ids(events):
    for part in events[0]:
        for line, momentum, rest in zip(part.graph.lines, part.momenta, part.masses, strict=True):
            square = momentum[0] ** 2 - np.sum(momentum[1:] ** 2, axis=0)
            if line.pdg != REST_ID:
                assert np.all(np.abs(square - rest**2) <= 2e-8 * momentum[0] ** 2), line
                assert np.all(rest == line.mass) or line.name == "shower_pair"
            assert line.pdg != 0


def test_what_flies_from_vertex_to_vertex_is_there_in_time(events):
    for part in events[0]:
        for line, momentum in zip(part.graph.lines, part.momenta, strict=True):
            if line.made < 0 or line.ends < 0 or line.name in PARENTS_OF_STATES:
                continue
            path = part.positions[line.ends] - part.positions[line.made]
            length = np.linalg.norm(path[:3], axis=0)
            far = length > 1e-6
            speed = np.linalg.norm(momentum[1:], axis=0) / momentum[0]
            assert np.all(
                np.abs(path[3] * LIGHT_METRES_PER_NS * speed - length)[far] <= 1e-7 * length[far] + 1e-9
            )
            along = np.sum(path[:3] * momentum[1:], axis=0) / np.linalg.norm(momentum[1:], axis=0)
            assert np.all(np.abs(along - length)[far] <= 1e-7 * length[far])


def test_one_particle_leads_on_from_each_vertex_and_what_belongs_together_stands_together(events):
    for part in events[0]:
        graph = part.graph
        for number in range(len(graph.vertices)):
            for places in (graph.into(number), graph.out_of(number)):
                assert places == list(range(places[0], places[0] + len(places)))
            leading = [k for k in graph.out_of(number) if graph.lines[k].ends >= 0]
            assert len(leading) == (number + 1 < len(graph.vertices))
        roles = [line.role for line in graph.lines]
        assert (roles.count("beam"), roles.count("target")) == (1, 1)
        assert len(set(names(part))) == len(roles)


def test_names_say_the_graph(events):
    parts_, about = events
    for part in parts_:
        assert graph_named(part.channel, part.graph.names, about) == part.graph
    places = np.concatenate([part.places for part in parts_])
    assert len(places) == 1500


def test_every_particle_says_where_it_comes_from():
    for name, particle in PARTICLES.items():
        assert particle.made in {*VERTICES, "beam", "incoming"} or name in ("cluster", "hit")


def test_channel_numbers_are_taken_apart():
    for parent in PARENTS:
        for signal in SIGNALS:
            for route in ROUTES:
                for analysis in (0, 1, 7):
                    number = channel_number(parent, signal, route, analysis)
                    assert channel_parts(number) == (parent, signal, route, analysis)
    with pytest.raises(KeyError):
        channel_parts(77)
