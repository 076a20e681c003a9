"""BaBar's windows: counts from a file, limits against an independent calculation, both windows as one."""

import json
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from helpers import ROOT

import darkmc
from darkmc.cards.load import load_card
from darkmc.cli import main
from darkmc.core.errors import CardError
from darkmc.limits.poisson import excluded_mean, gaussian_excess
from darkmc.output.limits import read_limits

COUNTS = ROOT / "detectors" / "babar-counts.csv"
WINDOWS = {"lowcut": (31, 61), "highcut": (0, 40)}


@lru_cache
def babar(name="babar", preset="best", **overrides):
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    return darkmc.Experiment(name, preset=preset, overrides=dotted)


@lru_cache
def exclusion(name, preset, mass, m_axion=0.0, seed=3):
    """Solve without photons along the beams, which the references below do not have (see test_collider)."""
    experiment = babar(name, preset, simulation__isr=False)
    sample = experiment.simulate(darkmc.DarkAxionPortal(mass, m_axion), precision=0.006, seed=seed)
    return experiment.limit(sample)


# An independent integration (scrambled Sobol points and quadrature, errors below 0.02%), BR(a gamma) = 1:
# lower edges of (low-cut, high-cut) in GeV^-1 by preset, m' and m_a
LIMITS = {
    ("best", 0.001, 0.0): (5.1136e-2, 3.4051e-2),
    ("best", 0.01, 0.0): (5.7368e-3, 3.5725e-3),
    ("best", 0.1, 0.0): (4.5766e-3, 2.0491e-3),
    ("best", 1.0, 0.0): (4.6086e-3, 2.0683e-3),
    ("best", 3.0, 0.0): (4.8870e-3, 2.2383e-3),
    ("best", 5.0, 0.0): (5.5785e-3, 2.6785e-3),
    ("best", 7.0, 0.0): (7.2196e-3, 3.7968e-3),
    ("best", 8.0, 0.0): (9.1768e-3, 5.1319e-3),
    ("best", 9.0, 0.0): (3.4859e-2, 8.4855e-3),
    ("best", 0.1, 0.05): (3.64005e-3, 3.71981e-3),
    ("best", 1.0, 0.5): (3.68788e-3, 3.76832e-3),
    ("best", 5.0, 2.5): (7.10889e-3, 7.22830e-3),
    ("published", 0.001, 0.0): (5.6238e-2, 3.6603e-2),
    ("published", 0.01, 0.0): (6.4707e-3, 3.8665e-3),
    ("published", 0.1, 0.0): (5.4782e-3, 2.3439e-3),
    ("published", 1.0, 0.0): (5.5130e-3, 2.3637e-3),
    ("published", 5.0, 0.0): (6.5864e-3, 2.9752e-3),
    ("published", 8.0, 0.0): (1.1082e-2, 5.1733e-3),
    ("published", 9.0, 0.0): (3.6914e-2, 7.7435e-3),
}


@pytest.mark.slow
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("point", list(LIMITS), ids=str)
def test_limit_against_an_independent_calculation(point, window):
    """38 edges.

    A share BR of the decays is seen: edge x BR^(-1/2) where decays are prompt, x 1 where lives are long;
    in between, at 10 MeV, the two differ by 0.1%. The highest of many bins fluctuates: 5 sigma.
    """
    _, mass, m_axion = point
    portal = darkmc.DarkAxionPortal(mass, m_axion)
    prompt = portal.branching_ratio("a gamma") ** -0.5 if mass >= 0.1 else 1.0
    expected = LIMITS[point][list(WINDOWS).index(window)] * prompt
    found = exclusion(f"babar-{window}", *point)
    assert found.lower_error < 0.01 * found.lower
    assert abs(found.lower - expected) < 5 * found.lower_error + 1e-3 * expected
    assert np.isnan(found.upper)


@pytest.mark.parametrize("point", [("best", 0.01, 0.0), ("best", 1.0, 0.5), ("published", 8.0, 0.0)])
def test_the_combination_is_the_smaller_limit(point):
    """Both windows in one sample: the smaller of the two within the errors, 4 sigma."""
    both = exclusion("babar", *point)
    alone = [exclusion(f"babar-{window}", *point, seed=8) for window in WINDOWS]
    better = min(alone, key=lambda found: found.lower)
    error = np.hypot(both.lower_error, better.lower_error)
    assert abs(both.lower - better.lower) < 4 * error


@pytest.mark.slow
def test_limits_at_48_masses_to_the_end_point():
    """Errors below 1%; nothing is excluded only where the phase space closes."""
    experiment = babar()
    found = []
    for mass in np.geomspace(1e-3, 10.3552 * (1 - 1e-6), 48):
        sample = experiment.simulate(darkmc.DarkAxionPortal(mass), precision=0.01)
        found.append((mass, experiment.limit(sample)))
    assert all(e.lower_error < 0.01 * e.lower for _, e in found[:-1])
    assert found[-1][1].intervals == ()
    assert "no crossing" in found[-1][1].reason
    edges = [e for m, e in found[:-1] if m > 0.1]
    for first, second in pairwise(edges):
        error = np.hypot(first.lower_error, second.lower_error)
        assert second.lower > 0.99 * first.lower - 3.0 * error


# The independent calculation's effect of each switch on the edges of (low-cut, high-cut), over all on
SWITCHES = [
    ({"simulation.resonance": False}, 0.01, (1 / 0.9655, 1 / 0.9698)),
    ({"simulation.resonance": False}, 3.0, (1 / 0.9465, 1 / 0.9461)),
    ({"simulation.resonance": False, "simulation.smearing": False}, 3.0, (0.9960 / 0.9465, 0.9211 / 0.9461)),
    (
        {"simulation.resonance": False, "simulation.spin_correlations": False},
        3.0,
        (0.9569 / 0.9465, 1.1281 / 0.9461),
    ),
    (
        {"simulation.resonance": False, "observed.criterion": "gaussian"},
        3.0,
        (0.9880 / 0.9465, 0.9321 / 0.9461),
    ),
    (
        {"simulation.resonance": False, "simulation.decay_geometry": "single-length"},
        0.01,
        (1.0291 / 0.9655, 1.0567 / 0.9698),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("overrides", "mass", "ratios"), SWITCHES)
def test_effect_of_the_switches(overrides, mass, ratios):
    """12 ratios, 5 sigma and 0.2% for the reference's digits and branching ratio."""
    for window, ratio in zip(WINDOWS, ratios, strict=True):
        switches = overrides | {"simulation.isr": False}
        experiment = darkmc.Experiment(f"babar-{window}", overrides=switches)
        changed = experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(mass), precision=0.006, seed=4))
        plain = exclusion(f"babar-{window}", "best", mass)
        relative = np.hypot(changed.lower_error / changed.lower, plain.lower_error / plain.lower)
        assert abs(changed.lower / plain.lower - ratio) < ratio * (5 * relative + 2e-3)


def test_shipped_counts_cover_both_windows():
    text = COUNTS.read_text(encoding="utf-8")
    assert "arXiv:0808.0017" in text
    assert "reconstructed counts" in text.splitlines()[0]
    rows = [line.split(",") for line in text.splitlines() if line and not line.startswith(("#", "window"))]
    for window, (low, high) in WINDOWS.items():
        mine = [(int(a), int(b), int(n)) for name, a, b, n in rows if name == window]
        assert [row[:2] for row in mine] == [(k, k + 1) for k in range(low, high)]
    by_bin = {(name, int(a)): int(n) for name, a, _, n in rows}
    assert (by_bin["highcut", 0], by_bin["highcut", 9]) == (139, 9)  # densities 138.8 and 9.417 per GeV^2
    assert by_bin["lowcut", 31] == round(1.218 * 56.4)
    assert by_bin["lowcut", 41] == 165


def test_criteria_of_the_presets():
    excluded = {p: babar("babar-highcut", p).topology.excluded for p in ("best", "published")}
    assert excluded["best"][9] == pytest.approx(excluded_mean(9), rel=1e-12)
    assert excluded["published"][9] == gaussian_excess(9) == 15.0
    assert len(babar().topology.criterion.excluded) == 70


def test_published_preset_holds_for_both_windows():
    content = babar(preset="published").card
    assert set(content.windows) == {"lowcut", "highcut"}
    for window in content.windows.values():
        assert (window.beam.electron_energy_GeV, window.beam.sqrt_s_GeV) == (9.0, 10.564)
        assert (window.simulation.spin_correlations, window.simulation.resonance) == (False, False)
        assert window.observed.criterion == "gaussian"
        assert window.simulation.smearing
    assert {
        name.split()[0] for name in babar().simulate(darkmc.DarkAxionPortal(1.0), n_samples=80).channels(1)
    } == {
        "lowcut",
        "highcut",
    }


def test_overrides_reach_both_windows():
    windows = babar(simulation__smearing=False, beam__luminosity_fb=5.0).card.windows.values()
    assert all(w.beam.luminosity_fb == 5.0 and not w.simulation.smearing for w in windows)
    with pytest.raises(CardError, match=r"beam\.luminosity"):
        babar(beam__luminosity=5.0)
    with pytest.raises(CardError, match="cuts: each of the combined cards has cuts of its own"):
        babar(cuts__energy__min=3.0)
    with pytest.raises(CardError, match="cuts: each of the combined cards has cuts of its own"):
        darkmc.Experiment("babar", overrides={"cuts": [{"name": "E", "observable": "E_star", "min": 3.0}]})


def test_the_cutflow_of_the_combination_ends_at_the_yield():
    sample = babar().simulate(darkmc.DarkAxionPortal(0.01), n_samples=80_000, at=5e-3)
    flow = sample.cutflow(5e-3)
    assert list(flow) == ["produced_towards_detector", "decays_inside", "energy", "angle", "efficiency"]
    values = [part.value for part in flow.values()]
    assert values == sorted(values, reverse=True)
    assert flow["efficiency"] == sample.expected_events(5e-3)


@pytest.mark.parametrize("name", ["babar", "babar-lowcut"])
def test_the_words_reconstructed_counts_are_in_every_output(name, tmp_path, capsys):
    point = ("--m-dark-photon", "1GeV")
    assert main(["limit", name, *point, "--precision", "0.05", "--json"]) == 0
    assert "reconstructed counts" in json.loads(capsys.readouterr().out)["reason"]
    table = tmp_path / "limit.csv"
    assert main(["limit", name, *point, "--precision", "0.05", "-o", str(table)]) == 0
    head = [line for line in table.read_text().splitlines() if line.startswith("#")]
    assert any("babar-counts.csv" in line and "reconstructed counts" in line for line in head)
    assert "reconstructed counts" in read_limits(table)[0]["reason"]
    capsys.readouterr()
    assert main(["rate", name, *point, "--coupling", "1e-3", "--precision", "0.05"]) == 0
    assert "reconstructed counts" in capsys.readouterr().out
    assert "econstructed counts" in json.dumps(babar(name).card.model_dump(mode="json", by_alias=True))


def mine(rows, header="window,low_GeV2,high_GeV2,count"):
    return "\n".join([header, *rows]) + "\n"


def uniform(window, count, width=1.0):
    low, high = WINDOWS[window]
    edges = np.arange(low, high + 1e-9, width)
    return [f"{window},{a:g},{b:g},{count}" for a, b in pairwise(edges)]


def test_counts_of_your_own(tmp_path, monkeypatch):
    """One option replaces them; the label goes with the file; G grows like the excluded number."""
    (tmp_path / "my.csv").write_text(mine(uniform("highcut", 9) + uniform("lowcut", 9)))
    monkeypatch.chdir(tmp_path)
    edges = {}
    for count in (9, 900):
        (tmp_path / "my.csv").write_text(mine(uniform("highcut", count) + uniform("lowcut", count)))
        experiment = darkmc.Experiment("babar", overrides={"observed.counts": "my.csv"})
        found = experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(3.0), precision=0.01, seed=2))
        assert "reconstructed" not in found.reason
        assert "reconstructed" not in "".join(experiment.provenance)
        edges[count] = found
    ratio = edges[900].lower / edges[9].lower
    expected = np.sqrt(excluded_mean(900) / excluded_mean(9))
    error = ratio * np.hypot(*(e.lower_error / e.lower for e in edges.values()))
    assert abs(ratio - expected) < 4 * error


def test_a_file_without_windows_is_for_one_window(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text(
        mine([line.partition(",")[2] for line in uniform("highcut", 4, 2.0)], "low_GeV2,high_GeV2,count")
    )
    overrides = {"observed.counts": str(path)}
    assert len(darkmc.Experiment("babar-highcut", overrides=overrides).topology.excluded) == 20
    with pytest.raises(CardError, match=r"bins from 0 to 40 GeV\^2, not 31 to 61"):
        darkmc.Experiment("babar", overrides=overrides)


def test_a_file_here_goes_before_the_cards_own(tmp_path, monkeypatch):
    (tmp_path / "babar-counts.csv").write_text(mine(uniform("highcut", 0)))
    monkeypatch.chdir(tmp_path)
    assert darkmc.Experiment("babar-highcut").topology.excluded[0] == pytest.approx(3.783, rel=1e-3)


GOOD = uniform("highcut", 5)
BAD = [
    ([*GOOD[:9], *GOOD[10:]], r"a gap between 9 and 10 GeV\^2"),
    ([*GOOD[:9], "highcut,8.5,10,5", *GOOD[10:]], r"an overlap between 9 and 8\.5 GeV\^2"),
    (GOOD[1:], r"bins from 1 to 40 GeV\^2, not 0 to 40 as observed.missing_mass2_GeV2 says"),
    ([*GOOD, "highcut,40,41,5"], "bins from 0 to 41"),
    ([*GOOD[:-1], "highcut,39,40,-1"], "count must be a whole number of at least 0, not -1"),
    ([*GOOD[:-1], "highcut,39,40,2.5"], "whole number"),
    ([*GOOD[:-1], "highcut,39,40,nan"], "whole number"),
    ([*GOOD[:-1], "highcut,39,40,many"], "must be numbers"),
    ([*GOOD[:-1], "highcut,40,39,5"], "low_GeV2 must be below high_GeV2"),
    ([*GOOD[:-1], "highcut,39,40"], "2 numbers, not 3"),
    (["lowcut,31,61,5"], "no bins of window 'highcut'"),
    ([], "no bins of window 'highcut'"),
]


@pytest.mark.parametrize(("rows", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_counts_are_one_line_that_names_the_file(rows, message, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(mine(rows))
    with pytest.raises(CardError, match=message) as caught:
        darkmc.Experiment("babar-highcut", overrides={"observed.counts": str(path)})
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_other_bad_files(tmp_path):
    missing = {"observed.counts": "nowhere.csv"}
    with pytest.raises(CardError, match=r"observed\.counts: no file 'nowhere\.csv' here or beside the card"):
        darkmc.Experiment("babar", overrides=missing)
    for content, message in (
        (b"bin,count\n1,2\n", "the first row must be"),
        (b"\xff\xfe\x00", "not a text file"),
    ):
        (tmp_path / "bad.csv").write_bytes(content)
        with pytest.raises(CardError, match=message):
            darkmc.Experiment("babar-highcut", overrides={"observed.counts": str(tmp_path / "bad.csv")})


@pytest.mark.parametrize(
    ("combines", "message"),
    [
        ('["babar-lowcut", "belle2-phase2"]', "belle2-phase2 has no bins of its own"),
        ('["babar-lowcut", "charm-decay"]', "charm-decay has no bins of its own"),
        ('["babar-lowcut", "babar-lowcut"]', "two cards have the window 'lowcut'"),
        ('["babar-lowcut"]', "combines"),
        ('["babar-lowcut", "babar-hicut"]', "babar-highcut"),
    ],
)
def test_combinations_that_make_no_sense(combines, message, tmp_path):
    path = tmp_path / "mine.toml"
    text = load_card("detectors", "babar").text
    path.write_text(text.replace('["babar-lowcut", "babar-highcut"]', combines))
    with pytest.raises(CardError, match=message):
        darkmc.Experiment(str(path))
