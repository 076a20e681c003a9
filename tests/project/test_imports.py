"""What start-up loads, and what CPU time it takes, in units of importing NumPy."""

import json
import os
import subprocess
import sys

import pytest

import darkmc

NUMERIC = {
    "numpy",
    "scipy",
    "awkward",
    "uproot",
    "pydantic",
    "particle",
    "matplotlib",
    "vegas",
    "tqdm",
    "pyarrow",
}
LATE = {"scipy.optimize", "scipy.stats", "matplotlib", "uproot", "awkward", "vegas"}
OTHER_KINDS = {  # what a decay in flight behind a target with a fitted flux has no use for
    *("cards.collider", "cards.electron_dump", "cards.moments", "cards.run", "biasing.lists"),
    *("sources.electromagnetic", "sources.lists", "engine.events", "limits.binned", "experiments.scattering"),
    *("experiments.collider", "experiments.electron_dump"),
}
POINT = ["charm-finegrained", "--m-dark-photon", "30MeV", "--coupling", "6e-5"]


def loaded_after(statement):
    """Return the names of all modules that a fresh process has loaded after a statement."""
    script = f"import json, sys\n{statement}\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def after_command(*arguments):
    return loaded_after(f"from darkmc.cli import main\ntry: main({arguments!r})\nexcept SystemExit: pass")


def cpu_of(statement):
    """Return the CPU seconds of a fresh process that runs a statement; bytecode is kept."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen([sys.executable, "-c", statement], env=env, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def takes_at_most(units, statement):
    """Return whether a statement costs at most so many imports of NumPy, side by side in one of six rounds.

    Other work on the machine slows one of the two now and then, by up to a half; never does it speed one up
    by more than a tenth.
    """
    cpu_of(statement)
    return any(cpu_of(statement) < units * cpu_of("import numpy") for _ in range(6))


def test_the_list_of_modules_sees_what_is_loaded():
    assert "numpy" in loaded_after("import numpy")


def test_import_darkmc_loads_nothing_numeric():
    loaded = loaded_after("import darkmc; dir(darkmc)")
    assert loaded & NUMERIC == set()
    assert {name for name in loaded if name.startswith("darkmc")} == {"darkmc"}


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("rate", "--help"), ("limit", "--help")])
def test_help_loads_nothing_numeric(arguments):
    assert after_command(*arguments) & NUMERIC == set()


def test_rate_loads_no_optimiser_no_writer_and_no_other_kind_of_experiment():
    loaded = after_command("rate", *POINT, "--precision", "0.1", "--json")
    assert {"numpy", "darkmc.cards.experiment"} <= loaded
    assert loaded & {*LATE, "particle", "tqdm", *(f"darkmc.{name}" for name in OTHER_KINDS)} == set()


@pytest.mark.parametrize(
    "arguments", [("list", "experiments"), ("list", "fluxes"), ("show", "experiments", "lsnd")]
)
def test_list_and_show_load_nothing_numeric(arguments):
    assert after_command(*arguments) & NUMERIC == set()


def test_the_first_row_and_a_list_come_soon():
    """0.42 and 0.06 s where NumPy takes 0.097; 0.80 and 0.37 before schemas and modules were made late."""
    point = "darkmc.DarkAxionPortal(0.03), n_samples=12, at=6e-5"
    assert takes_at_most(5.5, f"import darkmc; darkmc.Experiment('charm-finegrained').simulate({point})")
    assert takes_at_most(1.0, "from darkmc.cli import main; main(['list', 'experiments'])")


def test_a_card_error_loads_no_simulation():
    loaded = after_command("show", "experiments", "nowhere")
    assert loaded & (LATE | {"scipy"}) == set()


@pytest.mark.parametrize("name", darkmc.__all__)
def test_every_public_name_is_there(name):
    assert getattr(darkmc, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = darkmc.nothing
