"""Every example of the README and of the pages of the start runs, and the ready run writes what it says."""

import math
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT

import darkmc
from darkmc.cli import main
from darkmc.experiments.moment_names import list_moments

PAGES = {
    page: (ROOT / page).read_text(encoding="utf-8")
    for page in ("README.md", "docs/start/first-limit.md", "docs/start/first-events.md", "docs/start/tour.md")
}
TEXT = PAGES["README.md"]


def blocks(language, text):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shell_commands(text):
    """Return the darkmc commands of all shell blocks; pip and pytest are for .ci/run."""
    lines = "\n".join(blocks("(?:sh|bash|console)", text)).replace("\\\n", " ").splitlines()
    parts = [part.removeprefix("$ ").strip() for line in lines for part in line.split("&&")]
    return [part for part in parts if part.startswith("darkmc ")]


def environment():
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_the_two_commands_of_the_set_up():
    assert "python3 -m pip install . && darkmc run figure4" in TEXT
    assert "python3 -m pip install '.[test]' && python3 -m pytest" in TEXT
    assert "darkmc run figure4" in shell_commands(TEXT)


def assert_runs(command, folder):
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module", params=PAGES)
def followed(request, tmp_path_factory):
    """Do the commands of a page but its runs, limits coarse, events few; return page and folder.

    Those of the README are processes of their own, as are all of them in the slow test.
    """
    page, folder = request.param, tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in shell_commands(PAGES[page]):
            command = line.replace("darkmc limit", "darkmc limit --precision 0.5")
            command = command.replace("--events 2000", "--events 300")
            if page == "README.md" and not command.startswith("darkmc run"):
                assert_runs(command, folder)
            elif not command.startswith("darkmc run"):
                assert main(shlex.split(command, comments=True)[1:]) == 0, command
        yield page, folder


def test_shell_commands_run_in_order_with_coarse_limits(followed):
    page, folder = followed
    named = re.findall(r"-o (\S+)", "\n".join(shell_commands(PAGES[page])))
    assert named
    assert {name for name in named if (folder / name).stat().st_size > 100} == set(named)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_shell_commands_run_in_order_as_they_stand(page, tmp_path):
    for command in shell_commands(PAGES[page]):
        assert_runs(command, tmp_path)


def test_python_examples_run_in_order(followed, monkeypatch):
    """In the folder of the commands, whose files they read."""
    page, folder = followed
    script = "\n".join(blocks("python", PAGES[page]))
    if page == "README.md":
        assert_runs(f"python -W error -c {shlex.quote(script)}", folder)
    else:
        monkeypatch.chdir(folder)
        exec(compile(script, page, "exec"), {"__name__": "__main__"})


def test_every_experiment_named_exists():
    known = {*darkmc.list_experiments(), *darkmc.list_fluxes(), *darkmc.list_runs(), *list_moments()}
    used = re.findall(r"darkmc (?:rate|limit|generate|run) ([\w.-]+)", "".join(PAGES.values()))
    assert used
    assert {name for name in used if not name.endswith(".toml")} <= known


def test_the_first_command_at_two_masses_and_coarse(tmp_path, monkeypatch, capsys):
    """Three of its ten searches, both presets and what is not new; the slow test runs it as it stands."""
    card = (ROOT / "runs" / "figure4.toml").read_text(encoding="utf-8")
    head, *curves = card.split("[[curves]]")
    assert len(curves) == 10
    kept = [one for one in curves if re.search(r'"(gminus2-mu-2025|belle2-phase2|charm-decay)"', one)]
    card = "[[curves]]".join([head, *kept])
    card, changed = re.subn(r'(?m)^(m_dark_photon\w*) = ".*"', r'\1 = "4MeV,8MeV"', card)
    assert changed == len(kept) == 3
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(card, encoding="utf-8")
    assert main(["run", "small.toml", "--precision", "0.5", "--workers", "1", "-o", "made"]) == 0
    written = {path.name for path in Path("made").iterdir()}
    assert {Path(line).name for line in capsys.readouterr().out.split()} == written
    shown = {
        f"figure4{which}{suffix}" for which in ("", "-best", "-published") for suffix in (".pdf", ".png")
    }
    experiments = re.findall(r'(?m)^experiment = "(.*)"', card)
    tables = {f"{name}{kind}.csv" for name in experiments for kind in ("", "-published")}
    assert shown | tables | {"figure4-ratios.csv", "figure4-validity.csv"} <= written
    *_, effective, _ = Path("made/figure4-validity.csv").read_text().splitlines()[-1].split(",")
    assert float(effective) == pytest.approx(4.0 * math.pi / 10.58)
    assert main(["figure", "small.toml", "--from", "made", "--preset", "published", "-o", "x.svg"]) == 0
    assert "Belle II, 20 fb" in Path("x.svg").read_text()


def test_a_run_writes_limits_pictures_and_events(tmp_path, monkeypatch, capsys):
    card = (ROOT / "runs" / "charm.toml").read_text(encoding="utf-8")
    card = re.sub(r"(?m)^m_dark_photon = .*$", 'm_dark_photon = "8MeV,20MeV,30MeV"', card)
    card = re.sub(r"(?m)^events = .*$", "events = 200", card)
    card = re.sub(r"(?m)^precision = .*$", "precision = 0.05", card)
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(card, encoding="utf-8")
    assert main(["run", "small.toml", "-o", "made", "--preset", "published", "--workers", "1"]) == 0
    printed = capsys.readouterr().out.split()
    written = {path.name: path.stat().st_size for path in Path("made").iterdir()}
    assert {Path(line).name for line in printed} == set(written)
    assert {"charm.pdf", "charm.png", "charm-finegrained.csv", "charm-finegrained.root"} <= set(written)
    assert min(written.values()) > 100
    assert Path("made/charm.pdf").read_bytes()[:4] == b"%PDF"
