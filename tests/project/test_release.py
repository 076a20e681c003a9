"""Files that other services read agree with pyproject.toml; none of these services runs here."""

import json
import re
import tomllib

import pytest
import yaml
from helpers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = re.search(r'__version__ = "(.*)"', (ROOT / "darkmc" / "__init__.py").read_text(encoding="utf-8"))[1]


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_recipe_for_conda_has_the_dependencies_of_the_package():
    recipe = text("packaging/conda/meta.yaml")
    assert recipe.startswith("# not run")
    assert f'version = "{VERSION}"' in recipe
    run = re.search(r"\n  run:\n((?:    - .*\n)+)", recipe)[1].splitlines()
    listed = {line.strip()[2:].replace(" ", "").replace("matplotlib-base", "matplotlib") for line in run}
    assert listed == {*PROJECT["dependencies"], f"python{PROJECT['requires-python']}"}
    assert f"darkmc = {PROJECT['scripts']['darkmc']}" in recipe


def test_the_image_uses_a_python_that_is_supported_and_is_labelled():
    lines = text("packaging/Dockerfile").splitlines()
    assert lines[0].startswith("# not run")
    images = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert images
    assert {image.split(":")[0] for image in images} == {"python"}
    assert all(f"Python :: {image.split(':')[1][:4]}" in str(PROJECT["classifiers"]) for image in images)
    assert lines[-2:] == ['ENTRYPOINT ["darkmc"]', 'CMD ["--help"]']
    commands = {line.split()[0] for line in lines if line and not line.startswith("#")}
    assert commands <= {"FROM", "COPY", "RUN", "USER", "WORKDIR", "ENTRYPOINT", "CMD"}


def test_who_cites_finds_the_version_and_the_licence():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert (citation["version"], citation["license"]) == (VERSION, PROJECT["license"])
    archive = json.loads(text(".zenodo.json"))
    assert (archive["license"], archive["title"]) == (PROJECT["license"], citation["title"])
    assert [author["name"] for author in citation["authors"]] == [who["name"] for who in archive["creators"]]


@pytest.mark.parametrize("name", ["tests", "docs", "release"])
def test_workflows_are_whole_and_call_what_people_call(name):
    workflow = yaml.safe_load(text(f".github/workflows/{name}.yml"))
    jobs = workflow["jobs"]
    assert all({"runs-on", "timeout-minutes", "steps"} <= job.keys() for job in jobs.values())
    ran = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    if name == "tests":
        assert " && ".join(ran[:2]) in text("README.md")
        pythons = jobs["tests"]["strategy"]["matrix"]["python"]
        assert [f"Programming Language :: Python :: {python}" for python in pythons] == [
            kind for kind in PROJECT["classifiers"] if re.search(r":: 3\.\d", kind)
        ]
    if name == "docs":
        assert any(command in text("CONTRIBUTING.md") for command in ran)
    if name == "release":
        assert jobs["publish"]["permissions"] == {"id-token": "write"}


def test_the_changelog_has_a_section_of_this_version():
    assert re.search(rf"(?m)^## \[{re.escape(VERSION)}\] - 20\d\d-\d\d-\d\d$", text("CHANGELOG.md"))


def test_commits_that_are_examples_are_named_whole():
    rows = re.findall(r"^\| .* \| ([0-9a-f]{7}), ", text("CONTRIBUTING.md"), re.MULTILINE)
    assert len(rows) == 8
