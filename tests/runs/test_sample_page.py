"""The page about a sample: histograms by hand, delays, and names where the axion is the heavier state."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import uproot

from darkmc import DarkAxionPortal, Experiment, write_root
from darkmc.cli import main
from darkmc.figures import samples
from darkmc.figures.style import log_ticks
from darkmc.output.read_root import read_sample
from darkmc.runs import sample_page


@pytest.fixture(scope="module")
def sample_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "x.root"
    point = ("--m-dark-photon", "10MeV", "--coupling", "5e-4", "--events", "3000")
    assert main(["generate", "charm-decay", *point, "--preset", "published", "-o", str(path)]) == 0
    return path


def test_drawn_heights_and_errors_by_hand(sample_path):
    from matplotlib.figure import Figure

    with uproot.open(sample_path) as file:
        tree = file["events"].arrays(["weight", "electron_E", "positron_E"], library="np")
        total = json.loads(file["metadata"])["sum_of_weights"]
    sample = read_sample(sample_path)
    (pair,) = sample_page.visible(sample.event)[1].values()
    edges = sample_page.bin_edges([pair[0]])
    heights, errors = sample_page.histogram(pair[0], sample.weights, edges)
    where = np.searchsorted(edges, tree["electron_E"] + tree["positron_E"], side="right") - 1
    for k in range(len(edges) - 1):
        weights = tree["weight"][where == k]
        assert heights[k] == pytest.approx(weights.sum(), rel=1e-12)
        assert errors[k] == pytest.approx(math.sqrt((weights**2).sum()), rel=1e-12)
    assert heights.sum() == pytest.approx(total, rel=1e-9)
    axes = Figure().add_subplot()
    samples._draw_panel(axes, sample_page._panel({"pair": pair[0]}, sample.weights, "E"))
    np.testing.assert_array_equal(axes.patches[0].get_data().values, heights)


def test_histogram_leaves_out_missing_particles():
    values, weights = np.array([1.0, np.nan, 2.0, 2.0]), np.array([1.0, 5.0, 2.0, 3.0])
    heights, errors = sample_page.histogram(values, weights, sample_page.bin_edges([values]))
    assert heights.sum() == 6.0
    assert errors[-1] == pytest.approx(math.sqrt(13.0))


@pytest.mark.parametrize(
    ("scatter", "words"),
    [
        (None, "decay"),
        ([np.nan, np.nan], "decay"),
        ([1.0, 2.0], "scattering"),
        ([1.0, np.nan], "decay or scattering"),
    ],
)
def test_the_kinds_of_vertices_are_those_of_the_events(scatter, words):
    event = {} if scatter is None else {"scatter": np.array([scatter])}
    assert sample_page._place(SimpleNamespace(event=event)) == words


def test_short_logarithmic_axes_keep_logarithmic_places():
    """Between 0.0026 and 0.008 there was one place of 1, 2, 5, and linear ones with labels that touched."""
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    axes.set(xscale="log", xlim=(0.0026, 0.008))
    log_ticks(axes.xaxis)
    places = [x for x in axes.get_xticks() if 0.0026 < x < 0.008]
    assert places == pytest.approx([0.003, 0.005, 0.007])


def test_delay_is_that_of_the_dark_photon(sample_path):
    sample = read_sample(sample_path)
    momentum = sample.event["dark_photon"]
    speed = np.sqrt(np.sum(momentum[1:] ** 2, axis=0)) / momentum[0]
    path = np.sqrt(np.sum((sample.event["decay"] - sample.event["production"])[:3] ** 2, axis=0))
    late = path * (1.0 / speed - 1.0) / 0.299792458
    np.testing.assert_allclose(sample_page.delay(sample.event), late, rtol=1e-4, atol=3e-12)


@pytest.fixture(scope="module")
def heavy(tmp_path_factory):
    """Write a sample of a -> gamma gamma', the axion twice as heavy, in a folder with a colon."""
    path = tmp_path_factory.mktemp("heavy") / "a:b" / "heavy.root"
    path.parent.mkdir()
    experiment = Experiment("charm-finegrained", overrides={"source.mesons": ["pi0"]})
    write_root(path, experiment.generate(DarkAxionPortal(0.02, 0.04), 1e-4, 200))
    return path


def test_a_heavy_axion_keeps_its_daughter_and_its_name(heavy):
    sample = read_sample(heavy)
    labels = sample_page.dark(sample)
    assert set(labels) == {"axion", "dark_photon", "decay_dark_photon"}
    assert labels["dark_photon"].endswith("(production)")
    assert labels["decay_dark_photon"].endswith("(from a)")
    assert labels["axion"] == "a"
    assert sample_page._made(sample) == "decay of a"
    # what is drawn as its daughter is: momenta add up
    total = sample.event["photon"] + sample.event["decay_dark_photon"]
    np.testing.assert_allclose(total[0], sample.event["axion"][0], rtol=1e-9)


def test_a_light_axion_is_labelled_as_before(tmp_path):
    path = tmp_path / "light.root"
    experiment = Experiment("charm-finegrained", overrides={"source.mesons": ["pi0"]})
    write_root(path, experiment.generate(DarkAxionPortal(0.02), 1e-4, 50))
    sample = read_sample(path)
    assert sample_page.dark(sample)["axion"] == "a (production)"
    assert sample_page._made(sample) == r"decay of $\gamma^\prime$"


def test_the_page_of_a_heavy_axion(heavy, monkeypatch):
    figures = []
    monkeypatch.setattr(samples, "save", lambda figure, _: figures.append(figure))
    sample_page.draw_sample(str(heavy), [])
    texts = [
        text.get_text()
        for axes in figures[0].get_axes()
        if axes.get_legend() is not None
        for text in axes.get_legend().get_texts()
    ]
    assert "decay of a" in texts
    assert any(text.endswith("(from a)") for text in texts)
