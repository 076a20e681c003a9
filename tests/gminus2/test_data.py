"""The table of lepton moments: sources, consistency, rows of one's own; nothing of the simulation."""

import json
import subprocess
import sys

import pytest

from darkmc.core.errors import PhysicsError
from darkmc.gminus2 import data
from darkmc.gminus2.data import TABLE, Row, combine, datasets, difference

# Delta a of the input notes, section 9, typed again
WANTED = {
    ("mu", "2018"): (26.8e-10, 7.6e-10),
    ("mu", "2021"): (251e-11, 59e-11),
    ("mu", "2025"): (38.5e-11, 63.7e-11),
    ("e", "2008-rb-2011"): (-1.06e-12, 0.82e-12),
    ("e", "2008-cs"): (-8.7e-13, 3.6e-13),
    ("e", "2008-rb"): (4.8e-13, 3.0e-13),
    ("e", "2022-cs"): (-10.2e-13, 2.6e-13),
    ("e", "2022-rb"): (3.4e-13, 1.6e-13),
}


@pytest.mark.parametrize(("key", "wanted"), WANTED.items())
def test_differences(key, wanted):
    assert difference(*key) == pytest.approx(wanted, rel=1e-12)


def test_the_table_holds_these_and_no_others():
    assert [("mu", name) for name in datasets("mu")] + [("e", name) for name in datasets("e")] == [*WANTED]
    assert datasets("electron") == datasets("e")


def test_every_row_has_a_source_and_a_grade_and_a_name_of_its_own():
    assert all(row.source and row.grade in "ABC" for row in TABLE)
    assert len({(row.lepton, row.quantity, row.name) for row in TABLE}) == len(TABLE)


MADE_OF = {
    ("mu", "2021"): ("world-2021", "white-paper-2020"),
    ("mu", "2025"): ("world-2025", "white-paper-2025"),
    ("e", "2008-cs"): ("harvard-2008", "cs-2018"),
    ("e", "2008-rb"): ("harvard-2008", "rb-2020"),
    ("e", "2022-cs"): ("northwestern-2022", "cs-2018"),
    ("e", "2022-rb"): ("northwestern-2022", "rb-2020"),
}


@pytest.mark.parametrize(("key", "parts"), MADE_OF.items())
def test_quoted_differences_are_measurement_minus_prediction_to_their_last_digit(key, parts):
    unit = 1e-11 if key[0] == "mu" else 1e-12
    value, error = combine(key[0], *parts)
    quoted = difference(*key)
    last_digit = 1.0 if key == ("mu", "2021") else 0.1 if key[0] == "mu" else 0.011
    assert value == pytest.approx(quoted.value, abs=last_digit * unit)
    assert error == pytest.approx(quoted.error, abs=last_digit * unit)


def test_electron_differences_follow_from_the_fine_structure_constants():
    """With a ~ alpha/2 pi (1 - 0.657 alpha/pi): the shift from the alpha that a_e(2022) itself gives."""
    slope = (1 - 2 * 0.328479 / 137.036 / 3.14159265) / (2 * 3.14159265 * 137.036**2)
    for name, inverse_alpha in (("2022-cs", 137.035999046), ("2022-rb", 137.035999206)):
        shift = slope * (inverse_alpha - 137.035999166)
        assert difference("e", name).value == pytest.approx(shift, abs=0.011e-12)


MINE = Row("mu", "difference", "mine", 1e-9, 2e-10, "a toy")


def test_a_row_of_ones_own():
    assert difference("mu", "mine", [MINE]) == (1e-9, 2e-10)
    assert "mine" not in datasets("mu")
    assert "mine" in datasets("muon", iter([MINE]))
    tau = Row("tau", "difference", "toy", 1e-3, 1e-2, "a toy")
    assert difference("tau", "toy", [tau]).error == 1e-2
    predicted = Row("mu", "prediction", "toy", 1.16592e-3, 1e-10, "a toy")
    assert Row("muon", "difference", "toy", 1e-9, 1e-10, "a toy").lepton == "mu"
    assert difference("muon", 2025) == difference("mu", "2025")
    assert combine("mu", "world-2025", "toy", iter([predicted])).value == pytest.approx(7.15e-10, abs=1e-15)


BAD = {
    "unknown data set": (lambda: difference("mu", "2052"), "nearest: '2025'"),
    "data set of the other lepton": (lambda: difference("mu", "2022-cs"), "unknown difference '2022-cs'"),
    "unknown lepton": (lambda: difference("muu", "2025"), "nearest: 'mu'"),
    "nothing for the tau": (lambda: difference("tau", "2025"), "no difference for lepton 'tau'"),
    "unknown measurement": (lambda: combine("mu", "fnal-2022", "white-paper-2025"), "nearest: 'fnal-202"),
    "unknown prediction": (lambda: combine("mu", "fnal-2021", "white-paper"), "nearest: 'white-paper-202"),
    "a name twice": (lambda: difference("mu", "2018", [MINE, MINE]), "two rows"),
    "lepton of a row": (lambda: Row("moun", "difference", "x", 1, 1, ""), "lepton 'moun'; known: e, mu, tau"),
    "text in a row": (lambda: Row("mu", "difference", "x", "1e-9", 1, ""), "finite numbers"),
    "a row, no list": (lambda: difference("mu", "mine", MINE), "list of rows"),
    "no rows": (lambda: combine("mu", "world-2025", "white-paper-2025", ["mine"]), "list of rows"),
    "quantity of a row": (lambda: Row("mu", "differenz", "x", 1, 1, ""), "nearest: 'difference'"),
    "nan in a row": (lambda: Row("mu", "difference", "x", float("nan"), 1, ""), "finite"),
    "no error in a row": (lambda: Row("mu", "difference", "x", 1, 0, ""), "above zero"),
    "grade of a row": (lambda: Row("mu", "difference", "x", 1, 1, "", "D"), "grade"),
}


@pytest.mark.parametrize(("call", "named"), BAD.values(), ids=BAD.keys())
def test_bad_names_and_rows(call, named):
    with pytest.raises(PhysicsError, match=named) as found:
        call()
    assert "\n" not in str(found.value)


def test_nothing_of_the_simulation_is_loaded():
    """Loops, data, bounds and fits stand alone."""
    script = (
        "import sys, json\nimport darkmc.gminus2\n"
        "from darkmc.gminus2 import bounds, combination, data, fit, marginal, masks, scotogenic\n"
        "bounds.dark_axion_limit('mu', [0.01, 0.1])\n"
        "print(json.dumps([m for m in sys.modules if m.startswith('darkmc')]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name for name in json.loads(done.stdout) if name.count(".") and ".gminus2" not in name}
    assert loaded == {
        "darkmc.core",
        "darkmc.core.constants",
        "darkmc.core.estimates",
        "darkmc.core.particle_table",
        "darkmc.core.words",
        "darkmc.core.errors",
        "darkmc.core.intervals",
        "darkmc.core.kinematics",
        "darkmc.core.particles",
        "darkmc.core.units",
        "darkmc.core.vocabulary",
    }
    assert data.TABLE is TABLE
