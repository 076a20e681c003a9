"""What start-up loads: modules are listed, not timed."""

import json
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
POINT = ["charm-finegrained", "--m-dark-photon", "30MeV", "--coupling", "6e-5"]


def loaded_after(statement):
    """Return the names of all modules that a fresh process has loaded after a statement."""
    script = f"import json, sys\n{statement}\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def after_command(*arguments):
    return loaded_after(f"from darkmc.cli import main\ntry: main({arguments!r})\nexcept SystemExit: pass")


def test_the_list_of_modules_sees_what_is_loaded():
    assert "numpy" in loaded_after("import numpy")


def test_import_darkmc_loads_nothing_numeric():
    loaded = loaded_after("import darkmc; dir(darkmc)")
    assert loaded & NUMERIC == set()
    assert {name for name in loaded if name.startswith("darkmc")} == {"darkmc"}


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("rate", "--help"), ("limit", "--help")])
def test_help_loads_nothing_numeric(arguments):
    assert after_command(*arguments) & NUMERIC == set()


def test_rate_loads_no_optimiser_and_no_writer():
    loaded = after_command("rate", *POINT, "--precision", "0.1", "--json")
    assert "numpy" in loaded
    assert loaded & LATE == set()


def test_a_card_error_loads_no_simulation():
    loaded = after_command("show", "experiments", "nowhere")
    assert loaded & (LATE | {"scipy"}) == set()


@pytest.mark.parametrize("name", darkmc.__all__)
def test_every_public_name_is_there(name):
    assert getattr(darkmc, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = darkmc.nothing
