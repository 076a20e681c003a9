"""Named alternatives: weights of the same rows against simulations of the changed card."""

import numpy as np
import pytest

import darkmc
from darkmc.cards.load import flatten
from darkmc.cli import main
from darkmc.core.errors import PhysicsError
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
    theirs = direct.simulate(PORTAL, n_samples=12 * 8192, seed=2).expected_events(POINTS)
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
