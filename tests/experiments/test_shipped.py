"""Every shipped experiment and preset works; experiments from a few lines of TOML do what they say."""

import numpy as np
import pytest

import darkmc
from darkmc.cards.load import load_card, new_card
from darkmc.cli import main
from darkmc.core.errors import CardError
from darkmc.output.limits import shown_as, shown_line

NAMES = darkmc.list_experiments()
PRESETS = [(name, p) for name in NAMES for p in ("best", *load_card("detectors", name).card.presets)]

ROWS = {"e141": 200_000}  # of pairs few are hard and meet a disc of 3.75 cm at 35 m


@pytest.mark.parametrize(("name", "preset"), PRESETS)
def test_yield_is_finite_and_references_are_graded(name, preset):
    experiment = darkmc.Experiment(name, preset=preset)
    sample = experiment.simulate(darkmc.DarkAxionPortal(0.01), n_samples=ROWS.get(name, 12_000))
    value, error = sample.expected_events(3e-4)
    assert value > 0.0
    assert 0.0 < error < value
    assert all(reference.grade in "ABC" for reference in experiment.card.references)


def test_pictures_call_every_shipped_experiment_by_a_name_of_its_own():
    cards = [load_card("detectors", name).card for name in NAMES]
    assert all(card.shown is not None and card.shown.year for card in cards)
    assert len({card.shown.name for card in cards}) == len(NAMES)
    for shown in (card.in_pictures for card in cards):
        said = shown_as(["card x 0123", shown_line(shown), "units"])
        assert said == (f"{shown.name} {shown.year}", shown.projection)
    assert shown_as(["card x 0123"]) == ("", False)


@pytest.mark.parametrize("name", NAMES)
def test_stored_rows_scale_like_the_fourth_power(name):
    """Long-lived: production and decay give G^2 each."""
    sample = darkmc.Experiment(name).simulate(darkmc.DarkAxionPortal(0.005), n_samples=12_000)
    low, high = sample.expected_events([1e-8, 1e-7]).value
    assert high / low == pytest.approx(1e4, rel=1e-3)


@pytest.mark.slow
def test_centre_and_front_of_the_decay_volume():
    """The box 17.5 m nearer is seen under a larger solid angle and excludes more: a few per cent."""
    portal = darkmc.DarkAxionPortal(0.005)
    edges = []
    for preset in ("best", "centre-at-480m"):
        charm = darkmc.Experiment("charm-decay", preset=preset)
        edges.append(charm.limit(charm.simulate(portal, precision=0.01)).lower)
    assert 0.93 < edges[1] / edges[0] < 0.995


def test_limit_from_counts_of_the_decay_search():
    assert darkmc.Experiment("charm-decay").excluded_events == pytest.approx(np.log(10.0), rel=1e-9)
    assert darkmc.Experiment("charm-decay", preset="published").excluded_events == 2.3


def test_published_branching_is_three_times_ours():
    portal = darkmc.DarkAxionPortal(0.005)
    key = {"signal.branching_factor": 3.0}
    yields = [
        darkmc.Experiment("charm-decay", overrides=o).simulate(portal, n_samples=60_000).expected_events(1e-3)
        for o in ({}, key)
    ]
    assert yields[1].value == pytest.approx(3.0 * yields[0].value, rel=1e-12)


def test_muon_pairs_open_at_their_threshold():
    overrides = {"signal.final_states": ["a mu- mu+"]}
    charm = darkmc.Experiment("charm-decay", overrides=overrides)
    assert "threshold of 0.211317 GeV" in (charm.closed(darkmc.DarkAxionPortal(0.2)) or "")
    assert charm.closed(darkmc.DarkAxionPortal(0.22)) is None


def test_constant_efficiency_and_table_agree():
    portal = darkmc.DarkAxionPortal(0.01)
    constant = darkmc.Experiment("nucal").simulate(portal, n_samples=36_000)
    table = {"observable": "E_pair", "at": [0.0, 100.0], "values": [0.7, 0.7]}
    cut = {"name": "E", "observable": "E_pair", "min": 10.0}
    states: dict = {"signal.final_states": ["a e- e+"], "cuts": [cut]}
    flat = darkmc.Experiment("nucal", overrides={**states, "signal.efficiency": table})
    plain = darkmc.Experiment("nucal", overrides=states)
    ours = flat.simulate(portal, n_samples=36_000)
    theirs = plain.simulate(portal, n_samples=36_000)
    assert ours.expected_events(1e-3).value == pytest.approx(theirs.expected_events(1e-3).value, rel=1e-12)
    assert list(ours.cutflow(1e-3))[-1] == "efficiency"
    assert constant.cutflow(1e-3)["efficiency"] == constant.expected_events(1e-3)


def test_rising_efficiency_weights_by_energy():
    """Efficiency E/50 GeV: the yield is the flat case's mean energy over 50 GeV (same rows)."""
    portal = darkmc.DarkAxionPortal(0.01)
    table = {"observable": "E_photon", "at": [0.0, 50.0], "values": [0.0, 1.0]}
    states = {"signal.final_states": ["a gamma"], "source.mesons": ["pi0"]}
    rising = darkmc.Experiment("charm-finegrained", overrides={**states, "signal.efficiency": table})
    flat = darkmc.Experiment("charm-finegrained", overrides=states).simulate(portal, n_samples=20_000)
    ours = rising.simulate(portal, n_samples=20_000).expected_events(1e-3)
    edges = np.linspace(7.5, 50.0, 427)
    spectrum = flat.histogram("E_photon", edges, 1e-3)
    mean = np.sum(spectrum.value * (edges[1:] + edges[:-1]) / 2) / 50.0
    assert ours.value == pytest.approx(mean, rel=1e-3)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"signal.final_states": ["a gamma"], "signal.efficiency": 1.0},
            "no final state of the card has 'E_pair'",
        ),
        ({"cuts.energy.observable": "z_vertex"}, "depends on the decay vertex"),
        ({"cuts.energy.observable": "E_par"}, "nearest: 'E_pair'"),
        ({"geometry.centre_m": [0.0, 0.0, 1.0]}, "contains the target"),
        ({"signal.efficiency": {"observable": "E_pair", "at": [1.0, 1.0], "values": [0.1, 0.2]}}, "increase"),
    ],
)
def test_cards_that_make_no_sense(overrides, message):
    with pytest.raises(CardError, match=message):
        darkmc.Experiment("charm-decay", overrides=overrides)


def test_template_runs_and_refuses_bad_names(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new-experiment", "mine"]) == 0
    assert main(["limit", "mine.toml", "--m-dark-photon", "20MeV", "--precision", "0.05", "-o", "m.csv"]) == 0
    assert main(["new-experiment", "mine"]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["new-experiment", "../x"]) == 2
    with pytest.raises(CardError):
        new_card("a b")
    mine = darkmc.Experiment("mine.toml").card
    assert (mine.beam.target, mine.signal.efficiency, mine.observed.confidence_level) == (("Cu",), 1.0, 0.9)
    assert '"E_softer_lepton" asks it of each' in new_card("mine")


TWENTY_LINES = """
schema = 1
name = "short"
topology = "decay_in_flight"
references = [{ key = "x", title = "a guess", gives = "all", grade = "C" }]
[beam]
particle = "proton"
momentum_GeV = 400.0
pot = 1e18
[source]
flux = "bmpt-cu-400"
mesons = ["pi0", "eta"]
[geometry]
shape = "sphere"
centre_m = [1.0, 0.0, 100.0]
radius_m = 2.0
[signal]
final_states = ["a gamma"]
[observed]
n_obs = 0
"""


def test_twenty_lines_make_an_experiment(tmp_path):
    """A small sphere far away sees in proportion to its volume; 4% is about 3 sigma."""
    assert len(TWENTY_LINES.strip().splitlines()) <= 20
    yields = []
    for radius in (0.2, 0.1):
        path = tmp_path / f"{radius}.toml"
        path.write_text(TWENTY_LINES.replace("radius_m = 2.0", f"radius_m = {radius}"))
        sample = darkmc.Experiment(str(path)).simulate(darkmc.DarkAxionPortal(0.01), n_samples=80_000)
        yields.append(sample.expected_events(1e-5))
    ratio = yields[0].value / yields[1].value
    assert ratio == pytest.approx(8.0, rel=0.04)


def test_a_yield_below_all_numbers_stops_early():
    """exp(-800) and less: zero with a warning after a few rounds, not after 10^8 primaries."""
    charm = darkmc.Experiment("charm-finegrained", preset="published")
    with pytest.warns(darkmc.PrecisionWarning, match="below all numbers"):
        sample = charm.simulate(darkmc.DarkAxionPortal(0.1), at=50.0, precision=0.01)
    assert sample.expected_events(50.0).value == 0.0
    assert sample.n_samples < 10**6
