"""Ready runs: tables against independent numbers, pictures from tables alone, nothing half-done."""

import csv
import inspect
import math
import typing
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT

from darkmc import CardError, DarkAxionPortal, Experiment
from darkmc.cards.load import MODELS, load_card, model_at, preset_values
from darkmc.cards.run_card import parse_grids
from darkmc.cli import main
from darkmc.core.constants import HBAR_C_GEV_M
from darkmc.experiments.lepton_moments import MomentLimit
from darkmc.figures import style
from darkmc.output.csv_tables import read_table, write_table
from darkmc.runs import histogram
from darkmc.runs.run import Settings, run_of

HEAD = 'schema = 1\nname = "toy"\ntitle = "A toy"\n'
LIMITS = """
precision = 0.1
m_dark_photon = "5MeV:20MeV:2"
experiments = ["gminus2-mu-2018"]
[[curves]]
experiment = "charm-finegrained"
name = "pions"
m_dark_photon = "4MeV; 10MeV:12MeV:3:lin"
m_axion = "0.5x"
[curves.overrides]
source.mesons = ["pi0"]
simulation.spin_correlations = false
"""
HISTOGRAM = """
kind = "histogram"
experiment = "charm-finegrained"
precision = 0.05
[overrides]
source.mesons = ["pi0"]
[axis]
observable = "E_shower"
min = 7.5
max = 50.0
bins = 5
scale = "log"
[[points]]
m_dark_photon = "10MeV"
coupling_per_GeV = 1e-3
[[points]]
m_dark_photon = "30MeV"
coupling_per_GeV = 6e-5
[[bands]]
label = "upper half"
min = 20.0
max = 50.0
"""
DECAY = """
kind = "decay-length"
m_dark_photon = "1MeV:100MeV:5"
m_axion = "0.5x"
coupling_per_GeV = 1e-3
[[detectors]]
experiment = "charm-decay"
energies = "20GeV,50GeV"
[[detectors]]
experiment = "miniboone-offtarget"
energies = "1GeV"
"""
CROSS = """
kind = "cross-sections"
m_dark_photon = "1GeV:9GeV:5:lin"
coupling_per_GeV = 1e-3
sqrt_s_GeV = 10.355
events = 4000
[[photons]]
e_min_GeV = 2.2
e_max_GeV = 5.5
[[photons]]
e_min_GeV = 2.2
e_max_GeV = 5.5
abs_cos_max = 0.46
"""
MAP = """
kind = "map"
experiment = "babar-highcut"
windows = ["babar-highcut", "babar-lowcut"]
events = 200000
[overrides]
cuts = []
signal.efficiency = 1.0
detector.theta_min_deg = 0.0
detector.theta_max_deg = 180.0
simulation.biasing = "none"
simulation.resonance = false
simulation.isr = false
simulation.smearing = false
[point]
m_dark_photon = "10MeV"
coupling_per_GeV = 1.0
[x]
observable = "E_star"
min = 0.0
max = 6.0
bins = 12
[y]
observable = "cos_theta_star"
min = -1.0
max = 1.0
bins = 10
"""
PLANE = """
kind = "moment-plane"
data = ["mu-2025", "e-2022-rb"]
level = 4.0
points = 9
masks = ["babar-4mu", "ewpo"]
[x]
parameter = "m"
label = "mass [GeV]"
min = 0.5
max = 5.0
[y]
parameter = "g"
label = "coupling"
min = 1e-5
max = 1.0
[[loops]]
loop = "scalar_yukawa"
arguments = { mass = "m", yukawa = "s * g" }
[[regions]]
label = "all"
fixed = { s = 1.0 }
[[regions]]
label = "half"
fixed = { s = 0.5 }
level = 1.0
[[marks]]
label = "here"
x = 1.0
y = 1e-3
"""
SCAN = """
kind = "moment-scan"
data = ["mu-2021"]
plane = "axion"
points = 8
inner_points = 8
coupling_per_GeV = 3e-3
cutoff = "1TeV"
[axion]
m_min = "1GeV"
m_max = "350GeV"
coupling_min = 1e-4
coupling_max = 1.0
masks = ["babar-4mu"]
[dark_photon]
m_min = "1GeV"
m_max = "350GeV"
coupling_min = 1e-5
coupling_max = 1.0
masks = ["ewpo", "gminus2-e-2008-rb"]
[[regions]]
label = "all"
[[regions]]
label = "heavy"
m_min = "10GeV"
without = ["ewpo"]
"""
BRANCHING = """
kind = "branching-ratios"
m_dark_photon = "1MeV:1GeV:7"
m_axion = "0.5x"
final_states = ["a gamma", "a e- e+", "a mu- mu+"]
[[printed]]
label = "three times"
final_state = "a e- e+"
factor = 3.0
"""
LEPTONS = """
kind = "lepton-moments"
m_dark_photon = "1MeV:1GeV:4"
couplings_per_GeV = [0.1, 1.0]
data = ["mu-2018", "mu-2025", "e-2022-rb"]
"""
CHOICES = """
kind = "choices"
precision = 0.5
[[searches]]
experiment = "charm-decay"
m_dark_photon = "5MeV"
[[searches]]
experiment = "babar"
m_dark_photon = "1GeV"
"""
ATLAS = """
kind = "atlas"
precision = 0.3
[[planes]]
experiment = "charm-decay"
m_dark_photon = "2MeV:20MeV:3"
m_axion = "1MeV:30MeV:3"
"""
SCOTOGENIC = """
kind = "scotogenic"
data = ["mu-2021"]
points = 9
m_min = "10MeV"
m_max = "100MeV"
epsilon_min = 1e-4
epsilon_max = 1e-2
levels = { two = 4.0 }
masks = ["na48-2"]
neutrino_masses = ["0", "8.6e-3eV", "5.0e-2eV"]
mixing_angles_deg = [33.4, 49.0, 8.6]
[[benchmarks]]
label = "BP1"
g_dark = 0.92
v_chi = "10MeV"
m_charged = ["500GeV", "2TeV"]
m_phi = "2TeV"
coupling = 1.0
mu_1 = "2TeV"
m_fermions = ["500GeV", "500GeV", "500GeV"]
"""
MOMENT_TABLES = ["toy.csv", "toy-masks.csv", "toy-summary.csv"]
KINDS = {
    "limits": (LIMITS, ["gminus2-mu-2018.csv", "pions-yields.csv", "pions.csv"]),
    "histogram": (HISTOGRAM, ["toy.csv", "toy-yields.csv"]),
    "decay-length": (DECAY, ["toy.csv", "toy-detectors.csv"]),
    "cross-sections": (CROSS, ["toy.csv"]),
    "map": (MAP, ["toy.csv", "toy-windows.csv", "toy-y.csv"]),
    "choices": (CHOICES, ["toy.csv"]),
    "atlas": (ATLAS, ["toy.csv"]),
    "branching-ratios": (BRANCHING, ["toy.csv"]),
    "lepton-moments": (LEPTONS, ["toy.csv", "toy-windows.csv"]),
    "moment-plane": (PLANE, MOMENT_TABLES),
    "moment-scan": (SCAN, MOMENT_TABLES),
    "scotogenic": (SCOTOGENIC, [*MOMENT_TABLES, "toy-benchmarks.csv"]),
}


def test_every_kind_of_run_is_a_module_named_as_it_is():
    """What a kind costs: its module and the model of its card; here each of them is tried."""
    files = {path.stem.replace("_", "-") for path in (ROOT / "darkmc" / "runs").glob("*.py")}
    shared = {
        "--init--",
        "combined",
        "compared",
        "execute",
        "moments",
        "report",
        "run",
        "sample-page",
        "tables",
    }
    assert files - shared - {"yields"} == set(MODELS["runs"].said) == set(KINDS)
    for kind, where in MODELS["runs"].said.items():
        model = model_at(where)
        module = run_of(model.model_construct(kind=kind))
        for function in (module.work, module.draw):
            assert typing.get_type_hints(function)["card"] is model
        assert ("overlays" in inspect.signature(module.draw).parameters) == model.takes_overlays


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def column(table, key):
    return np.array([float(row[key]) for row in table])


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def card(folder, body):
    (folder / "toy.toml").write_text(HEAD + body, encoding="utf-8")
    return "toy.toml"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Do a run of every kind once and return the folders by kind."""
    folders = {}
    for kind, (body, _) in KINDS.items():
        base = tmp_path_factory.mktemp(kind)
        name = str(base / card(base, body))
        assert main(["run", name, "-o", str(base / "toy"), "--workers", "1"]) == 0
        folders[kind] = base / "toy"
    return folders


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_writes_tables_and_the_picture_and_nothing_else(kind, done):
    assert sorted(p.name for p in done[kind].iterdir()) == sorted(
        [*KINDS[kind][1], "toy.manifest.json", "toy.pdf", "toy.png"]
    )
    assert (done[kind] / "toy.pdf").read_bytes().startswith(b"%PDF")
    assert (done[kind] / "toy.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_drawn_from_the_tables_alone(kind, done, here, monkeypatch, capsys):
    def fail(*_, **__):
        raise AssertionError("computed")

    monkeypatch.setattr(Experiment, "__init__", fail)
    monkeypatch.setattr(DarkAxionPortal, "__init__", fail)
    name = card(here, KINDS[kind][0])
    assert main(["figure", name, "--from", str(done[kind]), "-o", "again.png"]) == 0
    assert capsys.readouterr() == ("again.png\n", "")
    assert (here / "again.png").read_bytes() == (done[kind] / "toy.png").read_bytes()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "limits"])
def test_a_missing_table_and_an_overlay_are_one_line(kind, done, here, capsys):
    (here / "curve.csv").write_text("mass_GeV,value\n1,1\n")
    (here / "empty").mkdir()
    name = card(here, KINDS[kind][0])
    for arguments, named in (
        (["--from", "empty"], "toy" if kind in ("decay-length", "scotogenic") else "toy.csv"),
        (["--from", str(done[kind]), "--overlay", "curve.csv"], kind),
    ):
        assert main(["figure", name, *arguments, "-o", "x.png"]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert named in err
        assert not (here / "x.png").exists()


def test_every_curve_has_its_own_masses_and_settings(done):
    moment, pions = (rows(done["limits"] / name) for name in KINDS["limits"][1][::2])
    np.testing.assert_allclose(column(moment, "m_dark_photon"), [5e-3, 2e-2])
    np.testing.assert_allclose(column(pions, "m_dark_photon"), [4e-3, 0.010, 0.011, 0.012])
    np.testing.assert_allclose(column(pions, "m_axion"), 0.5 * column(pions, "m_dark_photon"))
    settings = {"source.mesons": ["pi0"], "simulation.spin_correlations": False}
    experiment = Experiment("charm-finegrained", overrides=settings)
    sample = experiment.simulate(DarkAxionPortal(0.011, 0.0055), precision=0.1, seed=1)
    assert float(pions[2]["lower"]) == experiment.limit(sample).lower


def test_histograms_are_those_of_the_sample(done):
    experiment = Experiment("charm-finegrained", overrides={"source.mesons": ["pi0"]})
    edges = np.geomspace(7.5, 50.0, 6)
    table = rows(done["histogram"] / "toy.csv")
    regions = rows(done["histogram"] / "toy-yields.csv")
    for k, (mass, coupling) in enumerate(((0.01, 1e-3), (0.03, 6e-5))):
        sample = experiment.simulate(DarkAxionPortal(mass), precision=0.05, at=coupling, seed=1)
        mine = [row for row in table if float(row["m_dark_photon_GeV"]) == mass]
        found = sample.histogram("E_shower", edges, coupling)
        np.testing.assert_allclose(column(mine, "events"), found.value, rtol=1e-12)
        np.testing.assert_allclose(column(mine, "events_error"), found.error, rtol=1e-12)
        np.testing.assert_allclose(column(mine, "low"), edges[:-1])
        total, band = regions[2 * k : 2 * k + 2]
        assert (total["region"], total["low"], band["region"]) == ("all", "", "upper half")
        np.testing.assert_allclose(
            [float(total["events"]), float(total["events_error"])], sample.expected_events(coupling)
        )
        # the cut on the energy is the histogram's range, so the bins add up to the yield
        assert column(mine, "events").sum() == pytest.approx(float(total["events"]), rel=1e-9)
        (expected,) = sample.histogram("E_shower", [20.0, 50.0], coupling).value
        assert float(band["events"]) == pytest.approx(expected, rel=1e-12)


def test_a_histogram_shows_the_tables_bins_and_errors(done, here, monkeypatch):
    figures = []
    monkeypatch.setattr(histogram, "save", lambda figure, _: figures.append(figure))
    run = load_card("runs", card(here, HISTOGRAM)).card
    histogram.draw(run, done["histogram"], [])
    (axes,) = figures[0].axes
    table = rows(done["histogram"] / "toy.csv")
    drawn = [patch.get_data() for patch in axes.patches if hasattr(patch, "get_data")]
    np.testing.assert_allclose(np.concatenate([d.values for d in drawn]), column(table, "events"))
    bars = np.concatenate([np.array(c.get_segments()) for c in axes.collections])
    np.testing.assert_allclose(0.5 * (bars[:, 1, 1] - bars[:, 0, 1]), column(table, "events_error"))
    assert axes.get_xlabel().endswith("[GeV]")


def test_decay_distances_are_beta_gamma_c_tau(done):
    table = rows(done["decay-length"] / "toy.csv")
    assert len(table) == 3 * 5
    for row in table:
        mass, energy, coupling = (
            float(row[key]) for key in ("m_dark_photon_GeV", "energy_GeV", "coupling_per_GeV")
        )
        # two-body width G^2 m^3/(96 pi) (1 - m_a^2/m^2)^3, and the share of pairs on top of it
        portal = DarkAxionPortal(mass, 0.5 * mass)
        width = coupling**2 * mass**3 / (96 * math.pi) * 0.75**3 / portal.branching_ratio("a gamma")
        expected = math.sqrt((energy / mass) ** 2 - 1.0) * HBAR_C_GEV_M / width
        assert float(row["decay_length_m"]) == pytest.approx(expected, rel=1e-9)
    miniboone = rows(done["decay-length"] / "toy-detectors.csv")[1]
    middle = math.hypot(491.0, 1.9)  # a sphere of 5 m
    assert [float(miniboone[key]) for key in ("entry_m", "exit_m")] == pytest.approx(
        [middle - 5.0, middle + 5.0]
    )


def test_cross_sections_and_what_the_generator_makes_of_them(done):
    table = rows(done["cross-sections"] / "toy.csv")
    pairs = [row for row in table if row["process"] == "a gamma'"]
    wide = [row for row in table if row["abs_cos_max"] == "1.0"]
    narrow = [row for row in table if row["abs_cos_max"] == "0.46"]
    # exact numbers at sqrt(s) = 10.355 GeV, G = 1, in pb, for 1, 3 and 5 GeV
    for part, expected in (
        (pairs, (1.151116e5, 9.101356e4, 5.338931e4)),
        (wide, (4.347178e3, 1.934666e3, 3.653323e2)),
        (narrow, (1.887455e2, 8.854750e1, 1.739825e1)),
    ):
        np.testing.assert_allclose(column(part, "cross_section_pb")[:3] * 1e6, expected, rtol=2e-4)
    assert float(narrow[-1]["cross_section_pb"]) == 0.0  # 9 GeV leave no photon of 2.2 GeV
    assert narrow[-1]["generated_pb"] == ""
    for row in [*wide[:4], *narrow[:4]]:
        sigma, found, error = (
            float(row[key]) for key in ("cross_section_pb", "generated_pb", "generated_error_pb")
        )
        assert 0.0 < error < 0.05 * sigma
        assert abs(found - sigma) < 5.0 * error
    for part in (wide, narrow):
        for row, pair in zip(part, pairs, strict=True):
            for value, ratio in (
                ("cross_section_pb", "over_pairs"),
                ("generated_pb", "generated_over_pairs"),
                ("generated_error_pb", "generated_over_pairs_error"),
            ):
                one = float(pair["cross_section_pb"])
                assert row[ratio] == row[value] == "" or float(row[ratio]) * one == pytest.approx(
                    float(row[value]), rel=1e-14
                )


def test_a_map_holds_all_photons_and_windows_keep_what_integrals_say(done):
    cells, windows = (rows(done["map"] / name) for name in KINDS["map"][1][:2])
    visible = DarkAxionPortal(0.01).branching_ratio("a gamma")
    assert column(cells, "share").sum() == pytest.approx(visible, rel=1e-6)
    # acceptances of both windows for 10 MeV, with the spin of the gamma', without smearing
    for window, expected in zip(windows, (0.152439, 0.084060), strict=True):
        share, error = float(window["share"]), float(window["share_error"])
        assert 0.0 < error < 0.01 * expected * 2
        assert abs(share - expected) < 5.0 * error
    # the map's own cells inside a window that the grid resolves: E* in [2, 5], cos in [-0.4, 0.6]
    x, y, share = (column(cells, key) for key in ("x_low", "y_low", "share"))
    inside = share[(x > 1.9) & (x < 4.9) & (y > -0.5) & (y < 0.5)].sum()
    assert abs(inside - 0.220192 * visible) < 4.5 * math.sqrt(0.22 * 0.78 / 200_000)


BAD = {
    "unknown kind": ('kind = "histogramm"\n', "nearest: 'histogram'"),
    "unknown key": (LIMITS.replace("precision", "precisoin"), "precision"),
    "unknown key of a curve": (LIMITS.replace("m_axion", "m_axoin"), "m_axion"),
    "no curve": ("", "curves"),
    "no masses": ('experiments = ["charm-decay"]\n', "m_dark_photon"),
    "a table twice": ('m_dark_photon = "1MeV"\nexperiments = ["charm-decay", "charm-decay"]\n', "twice"),
    "bad grid": (LIMITS.replace("10MeV:12MeV:3:lin", "12MeV:10MeV:3"), "grid"),
    "no experiment": (LIMITS.replace('"gminus2-mu-2018"', '"charm-decai"'), "charm-decay"),
    "events without a mass": (
        'experiments = ["charm-decay"]\nm_dark_photon = "5MeV"\nevents = 5\n'
        'events_experiment = "charm-decay"\n',
        "events_m_dark_photon",
    ),
    "key of an override": (LIMITS.replace("source.mesons", "sorce.mesons"), "source"),
    "table with a folder in its name": (LIMITS.replace('"pions"', '"../pions"'), "name"),
    "backward axis": (HISTOGRAM.replace("min = 7.5", "min = 70.0"), "axis"),
    "logarithm of nothing": (HISTOGRAM.replace("min = 7.5", "min = 0.0"), "logarithmic"),
    "no bins": (HISTOGRAM.replace("bins = 5", "bins = 0"), "bins"),
    "unknown observable": (HISTOGRAM.replace("E_shower", "E_shover"), "E_shower"),
    "observable of another signal": (HISTOGRAM.replace("E_shower", "E_electron"), "E_electron"),
    "closed point": (HISTOGRAM.replace('"30MeV"', '"0.2"'), "threshold"),
    "negative coupling": (HISTOGRAM.replace("6e-5", "-6e-5"), "coupling_per_GeV"),
    "mass of nothing": (HISTOGRAM.replace('"30MeV"', '"0"'), "m_dark_photon"),
    "unit of nothing": (HISTOGRAM.replace('"30MeV"', '"30Mev"'), "MeV"),
    "no detector": (DECAY.replace('"charm-decay"', '"charm-decaj"'), "charm-decay"),
    "distances of a collider": (DECAY.replace('"charm-decay"', '"babar-highcut"'), "babar-highcut"),
    "energy below the masses": (DECAY.replace('"1GeV"', '"0.1MeV"'), "decays"),
    "beams below the masses": (CROSS.replace("10.355", "0.5"), "sqrt_s_GeV"),
    "backward window": (CROSS.replace("e_min_GeV = 2.2", "e_min_GeV = 6.0", 1), "e_min_GeV"),
    "cosine above one": (CROSS.replace("0.46", "1.46"), "abs_cos_max"),
    "map of a dump": (
        MAP.partition("[overrides]")[0].replace('experiment = "babar-highcut"', 'experiment = "lsnd"')
        + MAP[MAP.index("[point]") :],
        "map",
    ),
    "map with a resonance": (MAP.replace("simulation.resonance = false\n", ""), "map"),
    "unknown data": (PLANE.replace('"mu-2025"', '"mu-2035"'), "mu-2025"),
    "data twice": (PLANE.replace('"e-2022-rb"', '"mu-2025"'), "twice"),
    "unknown loop": (PLANE.replace("scalar_yukawa", "skalar_yukawa"), "scalar_yukawa"),
    "unknown argument": (PLANE.replace("yukawa =", "yukava ="), "yukawa"),
    "parameter without a value": (PLANE.replace("fixed = { s = 1.0 }", ""), "parameter s"),
    "parameter of no loop": (PLANE.replace("{ s = 1.0 }", "{ s = 1.0, t = 1.0 }"), "'t'"),
    "unknown mask": (PLANE.replace('"ewpo"', '"ewpa"'), "ewpo"),
    "mask that is no file": (PLANE.replace('"ewpo"', '"mine.csv"'), "mine.csv"),
    "backward range": (PLANE.replace("min = 0.5", "min = 50.0"), "min must be below max"),
    "region twice": (PLANE.replace('"half"', '"all"'), "twice"),
    "mask that is not there": (SCAN.replace('without = ["ewpo"]', 'without = ["kloe"]'), "kloe"),
    "cut-off below the masses": (SCAN.replace('"1TeV"', '"100GeV"'), "cutoff"),
    "plane of nothing": (SCAN.replace('plane = "axion"', 'plane = "photon"'), "plane"),
    "no level": (SCOTOGENIC.replace("{ two = 4.0 }", "{}"), "level"),
    "scalar split below zero": (SCOTOGENIC.replace('m_phi = "2TeV"', 'm_phi = "1GeV"'), "m_phi"),
    "window of something else": (MAP.replace('"babar-lowcut"]', '"charm-decay"]'), "charm-decay"),
}


@pytest.mark.parametrize(("body", "named"), BAD.values(), ids=BAD)
def test_a_bad_run_is_one_line_and_leaves_nothing(body, named, here, capsys):
    name = card(here, body)
    assert main(["run", name, "--workers", "1"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    assert named in err
    assert sorted(path.name for path in here.iterdir()) == ["toy.toml"]


@pytest.mark.parametrize(("error", "code"), [(OSError("disk full"), 2), (KeyboardInterrupt(), 130)])
def test_a_run_that_ends_early_leaves_no_empty_folder(error, code, here, monkeypatch, capsys):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Experiment, "simulate", fail)
    assert main(["run", card(here, HISTOGRAM), "-o", "a/b"]) == code
    assert capsys.readouterr().err.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["toy.toml"]


def test_a_run_that_is_interrupted_as_its_folder_is_made_leaves_none(here, monkeypatch):
    name, make = card(here, HISTOGRAM), Path.mkdir

    def interrupted(path, *how, **more):
        make(path, *how, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", interrupted)
    assert main(["run", name, "-o", "a"]) == 130
    assert sorted(path.name for path in here.iterdir()) == ["toy.toml"]


def test_a_run_that_ends_early_keeps_what_it_has_written(here, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("darkmc.runs.execute.draw_run", fail)
    assert main(["run", card(here, CROSS)]) == 2
    assert [path.name for path in (here / "toy").iterdir()] == ["toy.csv"]


@pytest.mark.parametrize(("options", "workers"), [((), 7), (("--workers", "3"), 3)])
def test_a_run_uses_all_cores_unless_asked(options, workers, monkeypatch):
    asked = []
    monkeypatch.setattr("darkmc.runs.execute.execute", lambda *arguments: asked.append(arguments) or [])
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(7)), raising=False)
    assert main(["run", "charm", *options]) == 0
    assert asked == [("charm", None, Settings(None, workers))]


def test_a_card_without_kind_is_one_of_limits(here):
    run = load_card("runs", card(here, LIMITS)).card
    assert run.kind == "limits"
    assert [curve.experiment for curve in run.all_curves] == ["gminus2-mu-2018", "charm-finegrained"]


def test_grids_are_joined_in_order_and_without_repetition():
    np.testing.assert_allclose(parse_grids("3MeV; 1MeV:3MeV:3:lin"), [1e-3, 2e-3, 3e-3])
    with pytest.raises(ValueError, match="empty"):
        parse_grids("1MeV;")


def test_tables_come_back_as_written_and_a_broken_cell_names_its_line(tmp_path):
    path = tmp_path / "t.csv"
    written = [
        {"name": "a, b", "x": 0.1 + 0.2, "y": None},
        {"name": "", "x": math.inf, "y": -1e-300},
    ]
    write_table(path, ["about"], written)
    first, second = read_table(path, ["name"], ["x", "y"])
    assert (first["name"], first["x"], second["x"], second["y"]) == ("a, b", 0.1 + 0.2, math.inf, -1e-300)
    assert math.isnan(first["y"])
    path.write_text(path.read_text().replace("inf", "many"))
    with pytest.raises(ValueError, match=r"t\.csv:4"):
        read_table(path, ["name"], ["x", "y"])
    for text in ("name,x\n", "name,z\na,1\n", ""):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"t\.csv"):
            read_table(path, ["name"], ["x"])


def test_points_in_words():
    point = {"m_dark_photon_GeV": 0.003, "m_axion_GeV": 0.0, "coupling_per_GeV": 0.01}
    assert style.point(point) == r"$m_{\gamma^\prime}$ = 3 MeV, $m_a$ = 0, $G$ = $10^{-2}$ GeV$^{-1}$"
    assert style.point({"coupling_per_GeV": 1.0}) == "$G$ = 1 GeV$^{-1}$"


def test_shipped_runs_are_one_per_figure():
    for number in (2, 3, 4, 8, 9):
        run = load_card("runs", f"figure{number}").card
        assert run.name == f"figure{number}"
    with pytest.raises(CardError, match="figure"):
        load_card("runs", "figure1")


def test_printed_ratios_are_factors_of_the_others(done):
    table = rows(done["branching-ratios"] / "toy.csv")
    pairs = {
        row["m_dark_photon_GeV"]: float(row["branching_ratio"])
        for row in table
        if row["decay"] == "a e- e+" and row["as"] == "computed"
    }
    for row in table:
        if row["as"] == "three times":
            assert float(row["branching_ratio"]) == pytest.approx(3.0 * pairs[row["m_dark_photon_GeV"]])
    sums = {}
    for row in table:
        if row["as"] == "computed":
            sums[row["m_dark_photon_GeV"]] = sums.get(row["m_dark_photon_GeV"], 0.0) + float(
                row["branching_ratio"]
            )
    np.testing.assert_allclose(list(sums.values()), 1.0, rtol=1e-9)


def test_moments_leave_what_limits_of_moments_exclude(done):
    """Where -Delta a reaches the window's end is the limit of the same data."""
    table, windows = (rows(done["lepton-moments"] / name) for name in ("toy.csv", "toy-windows.csv"))
    for window in windows:
        if float(window["lower"]) == 0.0:
            continue
        own = [
            row
            for row in table
            if row["lepton"] == window["lepton"] and float(row["coupling_per_GeV"]) == 1.0
        ]
        for row in own:
            coupling = math.sqrt(float(window["lower"]) / float(row["moment"]))
            limit = MomentLimit(f"gminus2-{window['data']}").limit(float(row["m_dark_photon_GeV"]), 0.0)
            assert limit.lower == pytest.approx(coupling, rel=1e-6)


def test_bins_of_a_map_are_the_sums_of_its_cells(done):
    """But for pairs outside the range of x, of which there are none here."""
    cells, bins = (rows(done["map"] / name) for name in ("toy.csv", "toy-y.csv"))
    sums = {}
    for row in cells:
        sums[row["y_low"]] = sums.get(row["y_low"], 0.0) + float(row["share"])
    for row in bins:
        assert float(row["share"]) == pytest.approx(sums[row["y_low"]], rel=1e-9)
    assert sum(float(row["share"]) for row in bins) == pytest.approx(1.0, abs=0.01)


def test_choices_are_limits_with_each_key_alone(done):
    table = rows(done["choices"] / "toy.csv")
    mine = {
        (row["keys"], float(row["m_dark_photon_GeV"])): row
        for row in table
        if row["experiment"] == "charm-decay"
    }
    assert {key for key, _ in mine} == {
        *preset_values("detectors", "charm-decay", "published"),
        "all of them",
    }
    row = mine["signal.branching_factor", 5e-3]
    # far from the upper edge N goes like G^4 times the factor
    assert float(row["lower_ratio"]) == pytest.approx(3.0**-0.25, rel=0.05)
    assert float(row["lower"]) / float(row["lower_best"]) == pytest.approx(float(row["lower_ratio"]))
    published = Experiment("charm-decay", "published")
    limit = published.limit(published.simulate(DarkAxionPortal(5e-3), precision=0.2, seed=1))
    assert float(mine["all of them", 5e-3]["lower"]) == limit.lower
    joined = [row["keys"] for row in table if row["experiment"] == "babar" and "," in row["keys"]]
    assert joined == ["beam.electron_energy_GeV, beam.sqrt_s_GeV, simulation.resonance"]  # refused one by one


def test_an_atlas_holds_the_edges_and_the_largest_yield(done):
    table = rows(done["atlas"] / "toy.csv")
    assert len(table) == 9
    for row in table:
        if row["peak"]:
            assert (float(row["peak"]) > 1.0) == bool(row["lower"])
        else:
            assert "closed" in row["reason"]
    assert any(row["lower"] for row in table)
