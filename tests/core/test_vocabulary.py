"""Names are the same everywhere: in events of every shipped card, cuts, files, figures and docs/files.md."""

import re

import pytest
from helpers import ROOT

import darkmc
from darkmc.core import rng
from darkmc.core.particles import mass
from darkmc.core.vocabulary import FINAL_STATES, PARTICLES, PDG_IDS, VERTICES, drawn, pdg_ids
from darkmc.selection.observables import OBSERVABLES

# of every kind of decay, of a heavy axion, and of states that do not decay
MASSES = ((0.4, 0.0), (0.01, 0.0), (0.0005, 0.01), (0.005, 0.005))


def switched(name):
    """Yield a card with its signals, drawn as they come: that needs no preparation."""
    card = darkmc.Experiment(name).card
    plain = {"simulation.biasing": "none"}
    yield darkmc.Experiment(name, overrides=plain)
    if card.topology == "decay_in_flight":
        face = {"name": "face", "observable": "hit_plane", "z_m": 1e3, "half_x_m": 1.0, "half_y_m": 1.0}
        yield darkmc.Experiment(name, overrides={**plain, "cuts": [face]})
    if hasattr(card.simulation, "signal") and getattr(card, "material", None) is not None:
        yield darkmc.Experiment(name, overrides={**plain, "simulation.signal": "all"})
    if hasattr(card.simulation, "veto"):
        yield darkmc.Experiment(name, overrides={**plain, "simulation.veto": "accept"})
    if hasattr(card.simulation, "isr"):
        yield darkmc.Experiment(name, overrides={**plain, "simulation.isr": True})


@pytest.fixture(scope="module")
def streams():
    """By experiment, names of all particles and vertices, and PDG ids as written to files."""
    found = {}
    for name in darkmc.list_experiments():
        particles, vertices, ids = found.setdefault(name, (set(), set(), {}))
        for experiment in switched(name):
            ids |= experiment.pdg_ids()
            for m_dark_photon, m_axion in MASSES:
                for plan in experiment.plans(darkmc.DarkAxionPortal(m_dark_photon, m_axion)):
                    particles.update(plan.particles)
                    vertices.update(plan.vertices)
    return found


def test_the_table_holds_what_streams_make_and_nothing_else(streams):
    assert set().union(*(particles for particles, _, _ in streams.values())) == set(PARTICLES)
    assert set().union(*(vertices for _, vertices, _ in streams.values())) == set(VERTICES)


def test_files_hold_the_ids_of_their_particles(streams):
    for particles, _, ids in streams.values():
        assert pdg_ids(*particles).items() <= ids.items()
        mesons = {key.removeprefix("meson "): pdg for key, pdg in ids.items() if key not in PARTICLES}
        assert mesons.items() <= PDG_IDS.items()
        assert ("meson" in particles) == bool(mesons)


def test_particles_have_an_id_or_none_and_a_label_of_their_own():
    from particle import Particle

    without = {"meson", "axion", "dark_photon", "upstream_axion", "upstream_dark_photon", "outgoing"}
    without |= {"decay_axion", "decay_dark_photon", "cluster", "hit", "shower_pair", "shower_electron"}
    assert {name for name, particle in PARTICLES.items() if particle.pdg is None} == without
    for name, particle in PARTICLES.items():
        if particle.pdg is not None:
            charge = Particle.from_pdgid(particle.pdg).charge
            assert charge == (
                1 if name in ("positron", "muon_plus", "positron_beam") else -(name[-6:] != "photon")
            )
    labels = [particle.label for particle in PARTICLES.values()]
    assert len(set(labels)) == len(labels)
    assert all(labels)
    assert set(drawn("visible")) == {
        name for products in FINAL_STATES.values() for name in products.visible
    } | {"recoil_electron"}


def test_final_states_are_neutral_and_known_everywhere():
    portal = darkmc.DarkAxionPortal(0.5, 0.1)
    assert portal.final_states == tuple(FINAL_STATES)
    for name, products in FINAL_STATES.items():
        ids = pdg_ids(*products.visible)
        assert len(ids) == len(products.visible)
        assert sum(ids.values()) == (0 if products.lepton else 22)
        assert max(ids.values()) == PDG_IDS.get(products.lepton, 22)
        assert name in rng.SIGNALS
        assert portal.partial_width(name) > 0.0
        if products.lepton:
            assert darkmc.DarkAxionPortal(0.5, 0.5 - 1.9 * mass(products.lepton)).partial_width(name) == 0.0


def test_pairs_are_labelled_by_their_leptons():
    assert FINAL_STATES["a e- e+"].label == "e$^-$e$^+$"
    assert FINAL_STATES["a mu- mu+"].label == r"$\mu^-\mu^+$"


def test_observables_need_what_there_is():
    known = {*PARTICLES, *VERTICES}
    for name, quantity in OBSERVABLES.items():
        assert all(known.issuperset(need) for need in quantity.needs), name
    assert OBSERVABLES["E_pair"].needs == (("electron", "positron"), ("muon_minus", "muon_plus"))
    assert OBSERVABLES["E_shower"].needs == (("photon",), ("electron", "positron"))


def test_the_page_of_files_lists_every_column():
    words = set(
        re.findall(r"`([a-z_]+?)(?:_E|_x|_\*)`", (ROOT / "docs" / "files.md").read_text(encoding="utf-8"))
    )
    assert {*PARTICLES, *VERTICES} == words
