"""Limits for other programs: records that HEPData takes, likelihoods whose limit is ours, contours."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pyhf
import pytest
import yaml
from hepdata_validator.full_submission_validator import FullSubmissionValidator
from pyhf.infer.calculators import ToyCalculator

import darkmc
from darkmc.cli import main
from darkmc.limits.poisson import poisson_limit

COLUMNS = "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error,method,reason"
ROWS = """charm-decay,0.01,0.0,1,1.5e-4,4.0e-3,1e-6,2e-5,bracket,
charm-decay,0.02,0.0,1,1.0e-4,5.0e-4,1e-6,,bracket,
charm-decay,0.03,0.0,0,,,,,bracket,no crossing
charm-decay,0.04,0.0,1,9e-5,,2e-6,,bracket,open above 100 GeV^-1
charm-decay,0.04,0.0,2,2e-2,3e-2,1e-4,1e-4,bracket,
"""


def table(path, rows=ROWS, overrides="{}", name="charm-decay"):
    head = f"# darkmc 0.1.0: couplings G excluded by {name}\n"
    head += f"# seed 1, precision 0.1, preset best, overrides {overrides}\n"
    path.write_text(f"{head}{COLUMNS}\n{rows.replace('charm-decay', name)}")
    return str(path)


@pytest.fixture
def limits(tmp_path):
    return table(tmp_path / "limits.csv")


# the validator leaves the files open that it reads
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_hepdata_takes_the_record(limits, tmp_path):
    folder = tmp_path / "record"
    assert main(["export", limits, "--hepdata", str(folder)]) == 0
    validator = FullSubmissionValidator()
    assert validator.validate(directory=str(folder)), validator.get_messages()
    about, *tables = list(yaml.safe_load_all((folder / "submission.yaml").read_text()))
    assert "preset best, overrides {}" in about["comment"]
    assert [one["name"] for one in tables] == ["charm-decay interval 1", "charm-decay interval 2"]
    first = yaml.safe_load((folder / tables[0]["data_file"]).read_text())
    assert [v["value"] for v in first["independent_variables"][0]["values"]] == [0.01, 0.02, 0.03, 0.04]
    lower, upper = first["dependent_variables"]
    assert [value["value"] for value in lower["values"]] == [1.5e-4, 1e-4, "-", 9e-5]
    assert [value["value"] for value in upper["values"]] == [4e-3, 5e-4, "-", "-"]
    assert lower["values"][0]["errors"][0]["symerror"] == 1e-6
    assert lower["header"]["units"] == "GEV**-1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["limits.csv", "record"]


def test_a_record_is_replaced_only_by_force_and_only_if_it_is_one(limits, tmp_path, capsys):
    folder = tmp_path / "record"
    command = ["export", limits, "--hepdata", str(folder)]
    assert main(command) == 0
    (folder / "submission.yaml").write_text("old")
    assert main(command) == 2
    assert "exists (--force replaces a folder with a submission)" in capsys.readouterr().err
    assert main([*command, "--force"]) == 0
    assert (folder / "submission.yaml").read_text() != "old"
    for name, why in (("no/where", "no such directory"), ("a\0b", "embedded null byte")):
        assert main(["export", limits, "--hepdata", str(tmp_path / name)]) == 2
        assert why in capsys.readouterr().err
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "precious").write_text("x")
    assert main([*command, "--force"]) == 2
    assert [path.name for path in folder.iterdir()] == ["precious"]


def test_without_hepdata_lib_the_extra_is_named(limits, tmp_path, monkeypatch, capsys):
    from darkmc.output import exports

    monkeypatch.setattr(exports, "find_spec", lambda _: None)
    assert main(["export", limits, "--hepdata", str(tmp_path / "record")]) == 2
    assert capsys.readouterr().err == "darkmc: --hepdata needs hepdata-lib: pip install 'darkmc[export]'\n"


def test_contours_for_axionlimits(limits, tmp_path):
    assert main(["export", limits, "--axionlimits", str(tmp_path / "a.txt")]) == 0
    text = (tmp_path / "a.txt").read_text()
    regions = [part for part in text.split("\n\n") if part]
    points = [np.loadtxt(part.splitlines()) for part in regions]
    assert [len(part) for part in points] == [5, 3, 3]  # 10 and 20 MeV; 40 MeV twice; closed
    np.testing.assert_allclose(points[0][:, 0], [1e7, 2e7, 2e7, 1e7, 1e7])
    np.testing.assert_allclose(points[0][:, 1], [1.5e-4, 1e-4, 5e-4, 4e-3, 1.5e-4])
    np.testing.assert_allclose(points[1][:, 1], [9e-5, 100.0, 9e-5])


def test_lists_for_darkcast(limits, tmp_path):
    assert main(["export", limits, "--darkcast", str(tmp_path / "a.lmt")]) == 0
    found = np.loadtxt(tmp_path / "a.lmt")
    wanted = [[0.01, 1.5e-4, 4e-3], [0.02, 1e-4, 5e-4], [0.04, 9e-5, 100.0], [0.04, 0.02, 0.03]]
    np.testing.assert_allclose(found, wanted)


OBSERVED = [(0, 0.0, 0.9), (0, 0.7, 0.95), (3, 1.2, 0.9), (12, 9.0, 0.9), (200, 190.0, 0.9)]


def workspaces(tmp_path, n_obs, background, level, error=0.0):
    keys = {"n_obs": n_obs, "background": background, "confidence_level": level, "background_error": error}
    overrides = json.dumps({f"observed.{key}": value for key, value in keys.items()})
    limits = table(tmp_path / "limits.csv", overrides=overrides)
    assert main(["export", limits, "--pyhf", str(tmp_path / "a.json"), "--force"]) == 0
    return json.loads((tmp_path / "a.json").read_text())["workspaces"]


@pytest.mark.parametrize(("n_obs", "background", "level"), OBSERVED)
def test_the_limit_of_the_likelihood_is_ours(tmp_path, n_obs, background, level):
    """CLs of the count at mu = 1 from the probabilities of pyhf's model, as very many toys would give it."""
    found = workspaces(tmp_path, n_obs, background, level)
    assert [(one["edge"], one["coupling"]) for one in found[:2]] == [("lower", 1.5e-4), ("upper", 4e-3)]
    assert len(found) == 7
    workspace = pyhf.Workspace(found[0]["workspace"])
    model = workspace.model()
    assert workspace.data(model) == [n_obs]

    def at_most(mu):
        return sum(np.exp(model.logpdf([mu], [float(n)])[0]) for n in range(n_obs + 1))

    assert at_most(1.0) / at_most(0.0 if background else 1e-12) == pytest.approx(1 - level, rel=1e-6)


def test_asymptotic_limits_agree_where_many_events_are_expected(tmp_path):
    for n_obs, background, level in OBSERVED[-1:]:
        workspace = pyhf.Workspace(workspaces(tmp_path, n_obs, background, level)[0]["workspace"])
        model = workspace.model()
        scan = pyhf.infer.intervals.upper_limits.toms748_scan
        limit, _ = scan(workspace.data(model), model, 0.0, 5.0, level=1 - level, rtol=1e-4)
        assert float(limit) == pytest.approx(1.0, rel=0.02)


@pytest.mark.slow
def test_toys_of_pyhf_agree_where_few_events_are_expected(tmp_path):
    """CLs of pyhf's own toys at mu = 1 is 1 - CL: 4 standard errors, some 2% of the signal."""
    toys = 8000
    workspace = pyhf.Workspace(workspaces(tmp_path, 3, 1.2, 0.9)[0]["workspace"])
    model, data = workspace.model(), None
    data = workspace.data(model)
    np.random.seed(3)  # noqa: NPY002 - pyhf draws from there
    calculator = ToyCalculator(data, model, ntoys=toys, track_progress=False)
    statistic = calculator.teststatistic(1.0)
    both, one, ratio = calculator.pvalues(statistic, *calculator.distributions(1.0))
    spread = ratio * np.sqrt((1 - both) / (both * toys) + (1 - one) / (one * toys))
    assert abs(ratio - 0.1) < 4 * spread
    slope = poisson_limit(3, 1.2) * 0.6  # d ln CLs/d mu, at least
    assert spread / 0.1 / slope < 0.02


def test_an_error_of_the_background_is_a_gaussian_shift(tmp_path):
    workspace = pyhf.Workspace(workspaces(tmp_path, 12, 9.0, 0.9, error=2.0)[0]["workspace"])
    model = workspace.model()
    nominal = dict(zip(model.config.par_order, (1.0, 0.0), strict=True))
    assert sorted(nominal) == ["background", "mu"]
    shifted = [1.0 if name == "background" else 0.0 for name in model.config.par_order]
    assert model.expected_actualdata(shifted) == pytest.approx([11.0])


@pytest.mark.parametrize(
    ("name", "overrides", "why"),
    [
        ("babar", "{}", "the limit is that of whichever bin excludes most: no likelihood of all bins"),
        ("belle2-phase2", "{}", "is a significance without a count"),
        ("lsnd", "{}", "observed.n_limit is a number of events without the count behind it"),
        ("gminus2-mu-2018", "{}", ""),
    ],
)
def test_criteria_that_are_no_likelihood_are_refused_with_the_reason(tmp_path, capsys, name, overrides, why):
    limits = table(tmp_path / "limits.csv", overrides=overrides, name=name)
    assert main(["export", limits, "--pyhf", str(tmp_path / "a.json")]) == 2
    error = capsys.readouterr().err
    assert why in error
    assert error.count("\n") == 1
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize("kind", ["hepdata", "pyhf", "axionlimits", "darkcast"])
def test_what_is_no_table_or_excludes_nothing(tmp_path, capsys, kind):
    for text, why in (
        ("a,b\n1,2\n", "no row of a table of darkmc limit"),
        (f"{COLUMNS}\n", "no rows"),
        ("", "no rows"),
    ):
        (tmp_path / "limits.csv").write_text(text)
        assert main(["export", str(tmp_path / "limits.csv"), f"--{kind}", str(tmp_path / "x")]) == 2
        assert why in capsys.readouterr().err
    if kind != "hepdata":
        table(tmp_path / "limits.csv", rows="charm-decay,0.03,0.0,0,,,,,bracket,no crossing\n")
        assert main(["export", str(tmp_path / "limits.csv"), f"--{kind}", str(tmp_path / "x")]) == 2
        assert "nothing is excluded" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["limits.csv"]


def test_real_tables_are_exported(tmp_path):
    limits = str(tmp_path / "limits.csv")
    grid = [
        "--m-dark-photon",
        "10MeV,20MeV",
        "--precision",
        "0.3",
        "--set",
        'source.mesons=["pi0"]',
        "--set",
        "beam.pot=1e22",
    ]
    assert main(["limit", "charm-decay", *grid, "-o", limits]) == 0
    assert main(["export", limits, "--pyhf", str(tmp_path / "a.json")]) == 0
    assert main(["export", limits, "--hepdata", str(tmp_path / "record")]) == 0
    found = json.loads((tmp_path / "a.json").read_text())["workspaces"]
    assert {one["m_dark_photon"] for one in found} == {0.01, 0.02}
    keys = {"source.mesons": ["pi0"], "beam.pot": 1e22}
    portal, charm = darkmc.DarkAxionPortal(0.01), darkmc.Experiment("charm-decay", overrides=keys)
    sample = charm.simulate(portal, n_samples=60_000, at=found[0]["coupling"], seed=5)
    value, error = sample.expected_events(found[0]["coupling"])
    signal = found[0]["workspace"]["channels"][0]["samples"][0]["data"][0]
    assert signal == pytest.approx(2.302585, rel=1e-6)
    lines = Path(limits).read_text(encoding="utf-8").splitlines()
    row = next(csv.DictReader(line for line in lines if line[0] != "#"))
    edge_error = 4.0 * signal * float(row["lower_error"]) / float(row["lower"])  # N ~ G^4
    assert edge_error < 0.3 * signal
    assert abs(value - signal) < 4.5 * np.hypot(error, edge_error)
