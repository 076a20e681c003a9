"""LHE as pylhe reads it: weights that sum to the cross section of the init block, chains, lifetimes."""

import numpy as np
import pylhe
import pytest
from made_events import POINTS, made_once

import darkmc


@pytest.fixture(scope="module", params=POINTS)
def read(request, tmp_path_factory):
    made = made_once(request.param)
    path = tmp_path_factory.mktemp("lhe") / "a.lhe.gz"
    darkmc.write_events(path, made)
    file = pylhe.LesHouchesEvents.fromfile(str(path))
    return made, made.columns, file.init, list(file.events)


def test_weights_in_the_file_alone_sum_to_the_yield(read):
    made, columns, init, events = read
    assert np.array_equal([event.eventinfo.weight for event in events], columns["weight"])
    (process,) = init.procInfo
    assert process.xSection == made.sum_of_weights == pytest.approx(np.sum(columns["weight"]), rel=1e-12)
    assert process.error == made.metadata["error"]
    assert {event.eventinfo.pid for event in events} == {process.procId}
    assert init.initInfo.weightingStrategy == 3


def test_beams_are_those_of_the_card(read):
    made, _, init, _ = read
    beams = init.initInfo
    if "babar" in made.experiment.card.name:
        assert (beams.beamA, beams.beamB) == (11, -11)
        assert (beams.energyA, beams.energyB) == (
            pytest.approx(8.647, abs=1e-2),
            pytest.approx(3.1, abs=1e-2),
        )
    else:
        assert beams.beamA == (11 if made.experiment.name == "e137" else 2212)
        assert beams.beamB > 10**9


def test_momenta_are_conserved_from_mother_to_daughters(read):
    for event in read[3]:
        assert event.eventinfo.nparticles == len(event.particles)
        daughters = {}
        for particle in event.particles:
            if particle.mother1 > 0:
                daughters.setdefault((int(particle.mother1), int(particle.mother2)), []).append(particle)
        for (first, last), made in daughters.items():
            mothers = event.particles[first - 1 : last]
            if mothers[0].status == -9:  # of the beam's collision only the meson is there
                assert len(made) == 1
                continue
            if [p.id for p in mothers] == [11]:  # of bremsstrahlung only the dark states
                assert len(made) == 2
                continue
            came, went = (np.sum([[p.e, p.px, p.py, p.pz] for p in side], axis=0) for side in (mothers, made))
            if [p.id for p in mothers] not in ([9900022], [9900036]) or len(made) > 1:
                assert np.all(np.abs(came - went) <= 1e-8 * came[0])


def test_statuses_say_what_decays(read):
    for event in read[3]:
        mothers = {n for p in event.particles for n in range(int(p.mother1), int(p.mother2) + 1)} - {0}
        for number, particle in enumerate(event.particles, 1):
            assert particle.status in ({-1, -9, 2} if number in mothers else {1})
            assert particle.lifetime >= 0.0


def test_lifetimes_give_the_flight_back(read):
    """Path from the vertex before to the next: c tau p/m, in mm; what has no mass has no lifetime."""
    made, columns, _, events = read
    heavy = 9900036 if made.portal.m_axion > made.portal.m_dark_photon else 9900022
    checked = 0
    for k, event in enumerate(events):
        end = next(
            (n for n in ("upstream", "decay") if np.isfinite(columns.get(f"{n}_x", [np.nan] * 200)[k])), None
        )
        for particle in event.particles:
            if particle.m == 0.0:
                assert particle.lifetime == 0.0
            elif particle.id == heavy and particle.status == 2 and end and particle.mother1 > 0:
                mother = event.particles[int(particle.mother1) - 1]
                if abs(mother.id) in (9900022, 9900036):
                    continue  # made in the detector
                path = [columns[f"{end}_{p}"][k] - columns[f"production_{p}"][k] for p in "xyz"]
                length = (
                    particle.lifetime * np.linalg.norm([particle.px, particle.py, particle.pz]) / particle.m
                )
                assert length == pytest.approx(1e3 * np.linalg.norm(path), rel=1e-9)
                checked += 1
    assert checked > 20 or made.experiment.card.name == "lsnd"
