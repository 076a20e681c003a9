"""HepMC3 as pyhepmc reads it: the requirements of NuHepMC 1.0 one by one, and the events' own numbers.

The names and numbers of requirements are those of arXiv:2310.13211, version 1.0.0 of the specification.
"""

import numpy as np
import pyhepmc
import pytest
from made_events import POINTS, made_once

import darkmc

REMNANT = 2009900000


class Read:
    """A file, as a program reads it that knows nothing of darkmc."""

    def __init__(self, made, path):
        self.made, self.columns = made, made.columns
        darkmc.write_events(path, made)
        with pyhepmc.open(path) as file:
            self.events = list(file)
        self.run = self.events[0].run_info
        self.attributes = {name: value.astype(str) for name, value in self.run.attributes.items()}

    def text(self, name):
        return self.attributes[f"NuHepMC.{name}"]

    def numbers(self, name):
        return [int(word) for word in self.text(name).split()]

    def real(self, name):
        return float(self.text(name))


MEASURED = ("cluster_E", "hit_E")


@pytest.fixture(scope="module", params=POINTS)
def read(request, tmp_path_factory):
    return Read(made_once(request.param), tmp_path_factory.mktemp("hepmc") / "a.hepmc3.gz")


def test_weights_in_the_file_alone_sum_to_the_yield(read):
    total = sum(event.weight("CV") for event in read.events)
    sample = read.made.experiment.simulate(read.made.portal, n_samples=15_000, at=read.made.coupling, seed=8)
    value, error = sample.expected_events(read.made.coupling)
    spread = np.hypot(error, np.sqrt(sum(event.weight("CV") ** 2 for event in read.events)))
    assert abs(total - value) < 4.5 * spread
    assert total == pytest.approx(read.made.sum_of_weights, rel=1e-12)


def test_g_r_1_to_3_run_version_and_tool(read):
    assert all(event.run_info is not None for event in read.events)
    assert [read.real(f"Version.{part}") for part in ("Major", "Minor", "Patch")] == [1, 0, 0]
    ((name, version, description),) = ((t.name, t.version, t.description) for t in read.run.tools)
    assert (name, version) == ("darkmc", darkmc.__version__)
    assert description


def test_g_r_4_and_5_conventions_and_the_cross_section(read):
    """Ours is the yield over the exposure; its unit says so."""
    conventions = read.text("Conventions").split()
    assert {"G.C.2", "G.C.3", "G.C.5", "G.S.1", "G.S.2", "E.C.5", "P.C.2"} <= set(conventions)
    assert ("G.C.1" in conventions) == ("NuHepMC.Exposure.POT" in read.attributes)
    total = sum(event.weight("CV") for event in read.events)
    exposure = read.made.metadata["exposure"]
    assert read.real("FluxAveragedTotalCrossSection") * exposure == pytest.approx(total, rel=1e-12)
    assert read.real("FluxAveragedTotalCrossSectionUncertainty") * exposure == pytest.approx(
        read.made.metadata["error"], rel=1e-12
    )


def test_g_r_6_units_of_the_cross_section(read):
    collider = read.made.metadata["origin_m"] == [0, 0, 0] and "luminosity" in str(
        read.made.metadata["cards"]
    )
    beam = "electron" if "e137" in read.made.experiment.name else "proton"
    assert read.text("Units.CrossSection.Unit") == ("fb" if collider else f"events per {beam} on target")
    assert read.text("Units.CrossSection.TargetScale") == "PerExposure"


def test_g_r_7_weights_have_a_name_and_all_their_digits(read):
    assert read.run.weight_names == ["CV"]
    assert np.array_equal([event.weight("CV") for event in read.events], read.columns["weight"])


def test_g_r_8_to_11_tables_of_processes_statuses_and_particles(read):
    for numbers, info, used in (
        ("ProcessIDs", "ProcessInfo", {process(event) for event in read.events}),
        ("VertexStatusIDs", "VertexStatusInfo", {v.status for event in read.events for v in event.vertices}),
        ("ParticleStatusIDs", "ParticleStatusInfo", {p.status for e in read.events for p in e.particles}),
    ):
        assert used <= set(read.numbers(numbers))
        for number in read.numbers(numbers):
            assert read.text(f"{info}[{number}].Name")
            assert read.text(f"{info}[{number}].Description")
    strange = {abs(p.pid) for event in read.events for p in event.particles if 9 * 10**6 < abs(p.pid) < 10**9}
    assert strange <= set(read.numbers("AdditionalParticleNumbers"))
    for number in strange:
        assert read.text(f"AdditionalParticleNumber[{number}].Name") in ("axion", "dark_photon")
        assert read.text(f"AdditionalParticleInfo[{number}].Description").endswith("neutral")
    for number, name in read.made.metadata["channels"].items():
        assert read.text(f"ProcessInfo[{number}].Name") == name


def process(event):
    return int(text(event, "signal_process_id"))


def test_g_c_1_3_and_4_exposure_citations_and_beam(read):
    if "G.C.1" in read.text("Conventions").split():
        assert read.real("Exposure.POT") == read.made.metadata["exposure"]
        assert read.text("Beam[2212].Type") == "MonoEnergetic"
        energies = {p.momentum.e for event in read.events for p in event.particles if p.status == 4}
        assert energies == {read.real("Beam[2212].MonoEnergetic.Energy")}
    elif read.made.experiment.name == "e137":
        assert read.attributes["darkmc.Exposure.EOT"] == "1.87e+20"
        assert read.real("Beam[11].MonoEnergetic.Energy") == pytest.approx(20.0, rel=1e-8)
    else:
        assert read.attributes["darkmc.Exposure.InverseFemtobarn"] == "28.0"
    assert "1806.00757" in read.text("Citations.experiment.arXiv").split()


def test_e_r_2_to_4_numbers_processes_and_units(read):
    assert [event.event_number for event in read.events] == list(range(200))
    assert np.array_equal([process(event) for event in read.events], read.columns["channel"])
    for event in read.events:
        assert (event.momentum_unit, event.length_unit) == (pyhepmc.Units.GEV, pyhepmc.Units.MM)


def test_e_r_5_and_e_c_5_place_and_time_in_the_laboratory(read):
    places = np.array([[float(w) for w in text(event, "lab_pos").split()] for event in read.events])
    for k, (part, unit) in enumerate(zip("xyzt", (1e3, 1e3, 1e3, 1e-9), strict=True)):
        np.testing.assert_allclose(places[:, k], read.columns[f"production_{part}"] * unit, rtol=1e-15)


def text(event, name):
    value = event.attributes[name]  # of a type once it has been asked for
    return value if isinstance(value, str) else value.astype(str)


def test_e_r_6_one_primary_vertex_and_none_without_a_status(read):
    for event in read.events:
        statuses = [vertex.status for vertex in event.vertices]
        assert statuses.count(1) == 1
        assert all(status == 1 or 21 <= status <= 999 for status in statuses)


def test_e_r_7_one_beam_and_one_target(read):
    for event in read.events:
        statuses = [particle.status for particle in event.particles]
        assert (statuses.count(4), statuses.count(20)) == (1, 1)


def test_e_r_8_and_9_all_particles_in_the_laboratory(read):
    """Every momentum of the columns is there, bit by bit; nothing else but what the graph adds."""
    names = [name.removesuffix("_E") for name in read.columns if name.endswith("_E") and name not in MEASURED]
    for k, event in enumerate(read.events):
        wanted = [
            tuple(read.columns[f"{name}_{part}"][k] for part in ("px", "py", "pz", "E")) for name in names
        ]
        wanted = {momentum for momentum in wanted if momentum[3] > 0.0}
        found = {tuple(p.momentum) for p in event.particles}
        assert wanted <= found
        added = [p for p in event.particles if tuple(p.momentum) not in wanted]
        assert len(found) == len(event.particles)
        assert all(p.status in (4, 20, 31, 32) for p in added)
        assert all((p.pid == REMNANT) == (p.status == 32) for p in event.particles)


def test_p_r_1_and_v_r_1_statuses_fit_the_graph(read):
    """What comes from nowhere is beam, target or struck; what ends in no vertex is final, or a remnant."""
    for event in read.events:
        for particle in event.particles:
            if particle.production_vertex is None or particle.production_vertex.id == 0:
                assert particle.status in (4, 20, 31)
            elif particle.end_vertex is None:
                assert particle.status in (1, 32)
            else:
                assert particle.status == 2
        for vertex in event.vertices:
            came, went = (
                np.sum([list(p.momentum) for p in side], axis=0)
                for side in (vertex.particles_in, vertex.particles_out)
            )
            assert np.all(np.abs(came - went) <= 1e-8 * came[3])


def test_vertices_are_where_and_when_things_happen(read):
    """In mm and mm/c, in the laboratory."""
    for k, event in enumerate(read.events):
        for name, status in (("production", 31), ("upstream", 32), ("scatter", 33), ("decay", 34)):
            found = [v.position for v in event.vertices if v.status == status]
            if not found:
                continue
            wanted = [read.columns[f"{name}_{part}"][k] * 1e3 for part in "xyzt"]
            wanted[3] *= 0.299792458
            np.testing.assert_allclose(list(found[0]), wanted, rtol=1e-14)


def test_run_information_is_whole(read):
    """G.S.1: JSON with quotes, backslashes and braces comes through the escapes of the format."""
    import json

    packed = json.loads(read.text("Provenance.darkmc"))
    assert packed["metadata"] == json.loads(json.dumps(read.made.metadata))
