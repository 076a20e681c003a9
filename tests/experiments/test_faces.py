"""Cards with a face that daughters must meet, and with a volume before that of the decays."""

import awkward as ak
import numpy as np
import pytest

import darkmc
from darkmc.core.errors import CardError

PORTAL = darkmc.DarkAxionPortal(0.03)
FACE = {"name": "face", "observable": "hit_plane", "z_m": 515.0, "half_x_m": 1.5, "half_y_m": 1.5}
ENERGY = {"name": "energy", "observable": "E_hit", "min": 7.5, "max": 50.0}
SPACE = {"geometry.centre_m": [0.0, 0.0, 497.5], "geometry.size_m": [3.0, 3.0, 35.0]}
COUPLINGS = [1e-6, 6e-5, 1e-3]


def charm(cuts, **more):
    overrides = {**SPACE, "cuts": cuts, "signal.final_states": ["a gamma"], **more}
    return darkmc.Experiment("charm-finegrained", overrides=overrides)


@pytest.fixture(scope="module")
def sample():
    return charm([FACE, ENERGY]).simulate(PORTAL, n_samples=40_000)


def test_before_the_face_the_cutflow_is_that_of_the_volume(sample):
    """The same photons: only where they are looked at differs."""
    photon = {**ENERGY, "observable": "E_photon"}
    plain = charm([photon]).simulate(PORTAL, n_samples=40_000)
    for g in COUPLINGS:
        ours, theirs = sample.cutflow(g), plain.cutflow(g)
        for line in ("produced_towards_detector", "decays_inside"):
            assert ours[line] == pytest.approx(theirs[line], rel=1e-12)
        assert ours["energy"].value < theirs["energy"].value


@pytest.mark.parametrize("coupling", [6e-5, 1e-3])
def test_the_share_that_meets_the_face_is_that_of_events_without_one(coupling):
    """Events of all decays in the volume, whose photons are followed to the face here: to 1 to 2%."""
    flow = charm([FACE, ENERGY]).simulate(PORTAL, n_samples=20_000, at=coupling).cutflow(coupling)
    inside, face = flow["decays_inside"], flow["face"]
    events = ak.concatenate(list(charm([]).generate(PORTAL, coupling, 10_000, seed=3)))
    photon, vertex = events.photon, events.decay
    steps = (515.0 - vertex.z) / photon.pz
    x, y = vertex.x + steps * photon.px, vertex.y + steps * photon.py
    met = ak.to_numpy((photon.pz > 0.0) & (abs(x) <= 1.5) & (abs(y) <= 1.5))
    weight = ak.to_numpy(events.weight) / np.sum(events.weight)
    share = np.sum(weight * met)
    error = np.sqrt(np.sum(np.square(weight * (met - share))))
    theirs = inside.error / inside.value * np.sqrt(share * (1.0 - share))  # one weight is in both lines
    assert abs(face.value / inside.value - share) < 4.5 * np.hypot(error, theirs)


def test_events_meet_the_face():
    """Straight from the vertex, which depends on the coupling, along the photon."""
    events = ak.concatenate(list(charm([FACE, ENERGY]).generate(PORTAL, 6e-5, 4000, seed=3)))
    photon, vertex = events.photon, events.decay
    steps = (515.0 - vertex.z) / photon.pz
    for place in (vertex.x + steps * photon.px, vertex.y + steps * photon.py):
        assert ak.max(abs(place)) <= 1.5 + 1e-9
    np.testing.assert_array_equal(ak.to_numpy(events.hit.E), ak.to_numpy(photon.E))
    assert ak.min(photon.E) > 7.5
    assert ak.max(photon.E) < 50.0


def test_event_weights_sum_to_the_yield(sample):
    stream = charm([FACE, ENERGY]).generate(PORTAL, 6e-5, 4000, seed=3)
    value, error = sample.expected_events(6e-5)
    assert abs(stream.sum_of_weights - value) < 4.5 * np.hypot(stream.error, error)


def test_the_volume_itself_as_target_changes_nothing():
    overrides = {"simulation.signal": "conversion", "source.mesons": ["pi0"]}
    plain = darkmc.Experiment("charm-finegrained", overrides=overrides)
    shape = plain.card.geometry.model_dump(exclude_none=True)
    same = darkmc.Experiment("charm-finegrained", overrides={**overrides, "geometry.target": shape})
    first, second = (x.simulate(PORTAL, n_samples=9 * 4096) for x in (plain, same))
    np.testing.assert_allclose(
        second.expected_events(COUPLINGS), first.expected_events(COUPLINGS), rtol=1e-12
    )


def test_conversion_before_the_volume():
    """Twice the target before the same space: twice the yield where states live long, no more where not."""
    overrides = {
        "simulation.signal": "conversion",
        "source.mesons": ["pi0"],
        "geometry.target": {
            "shape": "box",
            "size_m": [4.0, 4.0, 10.0],
            "centre_m": [0.0, 0.0, 475.0],
            "material": {"density_g_cm3": 2.3, "composition": {"Si": 1.0, "O": 2.0}},
        },
    }
    longer = {"geometry.target.size_m": [4.0, 4.0, 20.0], "geometry.target.centre_m": [0.0, 0.0, 470.0]}
    once, twice = (charm([ENERGY | {"observable": "E_photon"}], **overrides, **x) for x in ({}, longer))
    first, second = (x.simulate(PORTAL, n_samples=30 * 4096).channels for x in (once, twice))
    name = "pi0: a converts before"
    for g, expected in ((1e-5, 2.0), (0.3, 1.0)):
        a, b = first(g)[name], second(g)[name]
        error = np.hypot(a.error / a.value, b.error / b.value)
        assert abs(b.value / a.value / expected - 1.0) < 4.5 * error + 0.03
        assert error < 0.1


@pytest.mark.parametrize(
    ("cuts", "words"),
    [
        ([FACE, FACE | {"name": "second"}], "one face"),
        ([{"name": "face", "observable": "hit_plane", "z_m": 1.0}], "half_x_m"),
        ([FACE | {"max": 2.0}], "half_x_m"),
        ([{"name": "energy", "observable": "E_photon", "min": 1.0, "z_m": 3.0}], "hit_plane"),
        ([ENERGY], "no final state"),
    ],
)
def test_faces_that_make_no_sense_are_refused(cuts, words):
    with pytest.raises(CardError, match=words):
        charm(cuts)
