"""Every name that becomes a file has one pattern, checked when its card is loaded."""

import pytest

from darkmc import CardError, Experiment
from darkmc.cards.flux_base import FluxCard
from darkmc.cards.found import find_card
from darkmc.cards.load import check, load_card
from darkmc.cli import main
from darkmc.core.checked import file_name

RUN = 'schema = 1\nname = "toy"\ntitle = "A toy"\nm_dark_photon = "10MeV"\nprecision = 0.3\n'
BAD_NAMES = (
    "../../X",
    "/tmp/x",
    "a/b",
    "..",
    ".",
    "",
    ".hidden",
    "a b",
    "a\nb",
    "C:x",
    "a\\b",
    "x.",
    "n" * 201,
)


@pytest.fixture
def inside(tmp_path, monkeypatch):
    folder = tmp_path / "one" / "two" / "three"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def everything(folder):
    top = folder.parents[2]
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())


def card_named(name, kind="detectors", shipped="charm-finegrained"):
    text = find_card(kind, shipped).read_text(encoding="utf-8")
    return text.replace(f'name = "{shipped}"', f'name = "{name}"', 1)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(ValueError, match=r"no name for a file|at most 200 bytes"):
        file_name(name)


@pytest.mark.parametrize("name", ["x", "charm-2", "v1.2_b+c", "d\u00e9tecteur", "\u03bd-beam"])
def test_names_in_any_script_are_taken(name):
    assert file_name(name) == name


@pytest.mark.parametrize("key", ["experiments", "events"])
def test_an_experiment_card_in_a_run_writes_nowhere_else(key, inside, capsys):
    (inside / "bad.toml").write_text(card_named("../../X"), encoding="utf-8")
    body = 'experiments = ["bad.toml"]\n'
    if key == "events":
        body = (
            'experiments = ["gminus2-mu-2018"]\nevents = 3\nevents_experiment = "bad.toml"\n'
            'events_m_dark_photon = "10MeV"\nevents_coupling_per_GeV = 1e-3\n'
        )
    (inside / "toy.toml").write_text(RUN + body, encoding="utf-8")
    before = everything(inside)
    assert main(["run", "toy.toml", "--workers", "1"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "name" in err
    assert everything(inside) == before


@pytest.mark.parametrize(
    "body",
    [
        'experiments = ["my detector.toml"]\n',
        '[[curves]]\nexperiment = "charm-finegrained"\nname = "../../X"\n',
        '[[curves]]\nexperiment = "charm-finegrained"\noverrides = { name = "../../X" }\n',
        '[[curves]]\nexperiment = "sub/..toml"\n',
    ],
)
def test_tables_of_a_run_lie_in_its_folder(body, inside, capsys):
    (inside / "my detector.toml").write_text(card_named("fine"), encoding="utf-8")
    (inside / "toy.toml").write_text(RUN + body, encoding="utf-8")
    before = everything(inside)
    assert main(["run", "toy.toml", "--workers", "1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert everything(inside) == before


def test_a_run_and_a_flux_and_an_override_are_checked_alike(inside, capsys):
    (inside / "run.toml").write_text(RUN.replace("toy", "../toy") + 'experiments = ["ship"]\n')
    with pytest.raises(CardError, match="no name for a file"):
        load_card("runs", "run.toml")
    flux = load_card("fluxes", "bmpt-cu-400").card
    with pytest.raises(CardError, match="no name for a file"):
        check(type(flux), flux.model_dump(by_alias=True) | {"name": "../x"}, "flux")
    assert FluxCard.model_fields["name"].metadata
    with pytest.raises(CardError, match="no name for a file"):
        Experiment("charm-finegrained", overrides={"name": "../x"})
    assert main(["new-experiment", "../x"]) == 2
    assert "no name for a file" in capsys.readouterr().err
