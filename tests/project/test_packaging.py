"""The wheel, built from the sdist, works away from the checkout with the cards that it carries."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from helpers import ROOT

CARDS = [
    str(p.relative_to(ROOT))
    for kind in ("bounds", "detectors", "fluxes", "runs")
    for p in (ROOT / kind).iterdir()
    if p.suffix in (".toml", ".csv")
]


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the folder with the sdist and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory):
    """Return the interpreter of a new environment that holds the wheel; dependencies are lent to it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())
    (wheel,) = built.glob("*.whl")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    lent = {sysconfig.get_paths()[key] for key in ("purelib", "platlib")}
    (site / "dependencies.pth").write_text("\n".join(sorted(lent)) + "\n")
    return folder


def darkmc(environment, *arguments):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DARKMC"))}
    return run(environment / "bin" / "darkmc", *arguments, cwd=environment, env=clean)


def test_the_sdist_holds_cards_tests_and_texts(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert len(CARDS) >= 3
    assert {*CARDS, "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "pyproject.toml"} <= names
    assert {"tests/project/test_packaging.py", "darkmc/py.typed", ".ci/run"} <= names


def test_the_wheel_holds_every_file_and_card_and_nothing_else(built):
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {path for path in (ROOT / "darkmc").rglob("*.*") if path.is_file() and path.suffix != ".pyc"}
    wanted = {str(path.relative_to(ROOT)) for path in files} | {f"darkmc/_cards/{card}" for card in CARDS}
    assert {name for name in names if ".dist-info/" not in name} == wanted
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_program_lists_and_shows_its_own_cards(environment):
    assert "charm-finegrained" in darkmc(environment, "list", "experiments").split()
    first = darkmc(environment, "show", "experiments", "charm-finegrained").splitlines()[0]
    assert str(environment) in first
    assert "_cards" in first


def test_the_installed_program_answers_one_rate(environment):
    point = ("--m-dark-photon", "30MeV", "--coupling", "6e-5", "--preset", "published")
    row = json.loads(darkmc(environment, "rate", "charm-finegrained", *point, "--json"))
    assert abs(row["expected_events"] - 36.69) < 4 * row["error"]  # an independent quadrature's number


def test_the_installed_package_is_the_wheels(environment):
    python = environment / "bin" / "python"
    place = run(python, "-I", "-c", "import darkmc; print(darkmc.__file__)", cwd=environment)
    assert place.startswith(str(environment))


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
FOR_USERS = sorted(EXTRAS.keys() - {"all", "docs", "test"})


@pytest.mark.parametrize("extra", FOR_USERS)
def test_what_an_extra_brings_is_imported(extra):
    """A package that no module imports comes with what will use it."""
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "darkmc").rglob("*.py"))
    for requirement in EXTRAS[extra]:
        name = re.findall(r"^[\w-]+", requirement)[0].replace("-", "_")
        assert re.search(
            rf"^ *(import|from) {name}\b|(import_module|_package)\(\"{name}[.\"]", text, re.MULTILINE
        ), name


def test_lists_of_packages_are_written_once():
    assert EXTRAS["all"] == [f"darkmc[{','.join(FOR_USERS)}]"]
    assert "darkmc[all]" in EXTRAS["test"]
    assert "darkmc[test]" in PROJECT["dependency-groups"]["dev"]
    called = [re.split(r"[><=\[]", word)[0] for words in EXTRAS.values() for word in words]
    called += [re.split(r"[><=\[]", word)[0] for word in PROJECT["project"]["dependencies"]]
    packages = [name for name in called if name != "darkmc"]
    assert len(packages) == len(set(packages))
