"""Named alternatives: weights of the same rows against simulations of the changed card."""

from pathlib import Path

import numpy as np
import pytest

import darkmc
from darkmc.cards.load import flatten, load_card
from darkmc.cli import main
from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.intervals import Exclusion, Interval
from darkmc.output.limits import envelope, read_limits
from darkmc.scan.point import ScanPoint

PORTAL = darkmc.DarkAxionPortal(0.01)
POINTS = (2e-4, 1e-3, 3.5e-3)


@pytest.fixture(scope="module")
def sample():
    return darkmc.Experiment("charm-finegrained").simulate(PORTAL, n_samples=12 * 8192, vary=True, seed=1)


@pytest.mark.parametrize("name", list(darkmc.MesonSource("bmpt-cu-400", cascade=True).alternatives))
def test_reweighting_equals_a_simulation_of_its_own(sample, name):
    """Other seed, so independent; 27 pulls below 4.2: chance 7e-4."""
    changed = darkmc.MesonSource("bmpt-cu-400", cascade=True).densities.changes[name]
    overrides = {f"flux.{key}": value for key, value in flatten(changed)}
    direct = darkmc.Experiment("charm-finegrained", overrides=overrides)
    theirs = direct.simulate(PORTAL, n_samples=6 * 8192, seed=2).expected_events(POINTS)
    ours = sample.varied(name).expected_events(POINTS)
    pull = (ours.value - theirs.value) / np.hypot(ours.error, theirs.error)
    assert np.max(np.abs(pull)) < 4.2


def test_multiplicity_scales_exactly(sample):
    """2.4 pi0 per proton against the fit's own integral, the same in every row."""
    ratio = sample.varied("fewer-pions").expected_events(1e-3).value / sample.expected_events(1e-3).value
    assert ratio == pytest.approx(2.4 / 4.4511, rel=1e-4)


def test_unknown_alternative(sample):
    with pytest.raises(PhysicsError, match="no alternative 'nothing'"):
        sample.varied("nothing")
    with pytest.raises(PhysicsError, match="vary=True"):
        darkmc.Experiment("charm-finegrained").simulate(PORTAL, n_samples=12).varied("harder")


def test_conversion_carries_alternatives_too():
    charm = darkmc.Experiment("charm-finegrained", overrides={"simulation.signal": "conversion"})
    rows = charm.simulate(PORTAL, n_samples=18 * 512, vary=True)
    nominal = rows.expected_events(1e-2).value
    assert rows.varied("more-pions").expected_events(1e-2).value == pytest.approx(
        nominal * 7.5 / 4.4511, rel=1e-4
    )


MOVED = {"flux.beam.energy_GeV": 120.0, "beam.momentum_GeV": 120.0}
OTHER_BEAM = pytest.mark.filterwarnings("ignore::darkmc.core.errors.ValidityWarning")
LEFT_OUT = "alternative urqmd left out: its first interactions are of a beam of {:g} GeV, not 120"


@OTHER_BEAM
@pytest.mark.parametrize(("name", "beam"), [("charm-finegrained", 400.0), ("nucal", 70.0)])
def test_tables_of_another_beam_are_no_alternative(name, beam):
    """They would be read silently, or stop the scan; a remark says that they are left out."""
    moved = darkmc.Experiment(name, overrides=MOVED)
    sample = moved.simulate(PORTAL, n_samples=12 * 512, vary=True)
    assert "urqmd" not in sample.alternatives
    assert "first-generation" in sample.alternatives
    assert moved.limit(sample).reason.count(LEFT_OUT.format(beam)) == 1
    assert "urqmd" in darkmc.Experiment(name).source.alternatives
    with pytest.raises(PhysicsError, match=f"'urqmd': its first .* of a beam of {beam:g} GeV, not 120"):
        moved.simulate(PORTAL, n_samples=12, vary=["urqmd"])


@OTHER_BEAM
def test_only_what_is_asked_for_is_read_and_carried():
    charm = darkmc.Experiment("charm-finegrained", overrides=MOVED)
    sample = charm.simulate(PORTAL, n_samples=12 * 512, vary=["more-pions", "fewer-pions"])
    assert sample.alternatives == ("more-pions", "fewer-pions")
    assert "left out" not in charm.limit(sample).reason
    more, fewer = (sample.varied(name).expected_events(1e-3).value for name in sample.alternatives)
    assert more / fewer == pytest.approx(7.5 / 2.4, rel=1e-9)


def test_a_missing_table_of_an_alternative_stops_only_who_asks_for_it():
    files = {"flux.alternatives.urqmd.first.files.pi0": "nowhere.csv"}
    charm = darkmc.Experiment("charm-finegrained", overrides=files)
    charm.simulate(PORTAL, n_samples=12, vary=["more-pions"])
    with pytest.raises(CardError, match=r"nowhere\.csv"):
        charm.simulate(PORTAL, n_samples=12, vary=["urqmd"])


def test_alternatives_are_found_from_another_folder_too(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "own.toml").write_text(Path(load_card("fluxes", "bmpt-cu-400").path).read_text())
    monkeypatch.chdir(tmp_path / "there")
    source = darkmc.MesonSource("own.toml")
    monkeypatch.chdir(tmp_path)
    assert source.alternatives["more-pions"].card.pi0_per_pot == 7.5


def test_nothing_but_names_chooses_alternatives():
    for wrong in ("urqmd", 1, [1]):
        with pytest.raises(PhysicsError, match="vary must be True, False, or names"):
            darkmc.Experiment("charm-finegrained").simulate(PORTAL, n_samples=12, vary=wrong)


@pytest.mark.parametrize("name", darkmc.list_fluxes())
def test_tables_of_shipped_cards_say_their_beam(name):
    card = load_card("fluxes", name).card
    own = [one.model_dump() for one in (getattr(card, "first", None), getattr(card, "table", None)) if one]
    changed = [keys.get("first", {}) for keys in getattr(card, "alternatives", {}).values()]
    for table in [*own, *(one for one in changed if "variables" in one)]:
        assert table["beam_energy_GeV"] == pytest.approx(card.beam.energy_GeV, rel=1e-3)


def point(nominal, **alternatives):
    def excluded(intervals):
        return Exclusion(tuple(Interval(*edges, 0.0, 0.0) for edges in intervals), "bracket")

    return ScanPoint(
        "x",
        0.01,
        0.0,
        excluded(nominal),
        1,
        0.0,
        1,
        False,
        (),
        {k: excluded(v) for k, v in alternatives.items()},
    )


def test_envelope_takes_overlapping_intervals():
    case = point([(1.0, 3.0), (10.0, 20.0)], a=[(0.5, 2.9), (11.0, 19.0)], b=[(1.9, 4.0)])
    columns, remark = envelope(case, case.exclusion.intervals[0])
    known = {"lower_min": 0.5, "lower_max": 1.9, "upper_min": 2.9, "upper_max": 4.0}
    assert columns == known | {"lower_by_most": "a", "upper_by_most": "b"}
    assert remark == ""
    columns, remark = envelope(case, case.exclusion.intervals[1])
    assert columns["upper_min"] == 19.0
    assert "nothing excluded with b" in remark


def test_envelope_of_a_half_line_has_no_largest_upper_edge():
    case = point([(1.0, 3.0)], a=[(0.9, float("nan"))])
    columns, _ = envelope(case, case.exclusion.intervals[0])
    assert columns["upper_min"] == 3.0
    assert columns["upper_max"] is None
    assert columns["upper_by_most"] == "a"  # there it ends nowhere


def test_command_writes_the_envelope(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["limit", "charm-finegrained", "--m-dark-photon", "20MeV", "--precision", "0.05",
                 "--vary", "fewer-pions,more-pions", "-o", "v.csv"]) == 0  # fmt: skip
    row = read_limits(tmp_path / "v.csv")[0]
    assert float(row["lower_min"]) < float(row["lower"]) < float(row["lower_max"])
    assert float(row["upper_min"]) < float(row["upper"]) < float(row["upper_max"])
    assert row["lower_by_most"] == "fewer-pions"


def test_command_names_the_nearest_alternative(tmp_path, capsys):
    code = main(["limit", "charm-finegrained", "--m-dark-photon", "20MeV", "--vary", "hard",
                 "-o", str(tmp_path / "v.csv")])  # fmt: skip
    assert code == 2
    assert "nearest: 'harder'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
