"""What is wrong with a list is said in one line: units, columns, another particle, another beam axis."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
from helpers import isotropic
from list_cards import rows_of, write_card, write_text

import darkmc
from darkmc.core.particles import mass

PI0, ETA, KAON = rows_of("pi0", [[0, 0, 5]])[0], rows_of("eta", [[0.1, 0, 2]])[0], np.hypot(0.497611, 0.3)


def row(values):
    return " ".join(repr(float(x)) for x in values) + "\n"


GOOD = row(PI0)
# what a text list of pi0 holds, and all that is said after the name of the file
WRONG = {
    "another meson in between": (
        GOOD + row(ETA),
        ":2: off the mass shell: E = 2.07609 GeV, E^2 - p^2 = 0.300153 GeV^2 as of the eta, "
        "but the pi0 has 0.0182187 GeV^2",
    ),
    "another species throughout": (
        row(ETA) * 3,
        ":1: off the mass shell: E = 2.07609 GeV, E^2 - p^2 = 0.300153 GeV^2 as of the eta, "
        "but the pi0 has 0.0182187 GeV^2",
    ),
    "charged pions": (
        GOOD + row([0.0, 0.0, 0.05, np.hypot(0.05, mass("pi+"))]),
        ":2: off the mass shell: E = 0.148256 GeV, E^2 - p^2 = 0.0194799 GeV^2 as of the pi+, "
        "but the pi0 has 0.0182187 GeV^2",
    ),
    "kaons": (
        f"0.3 0 0 {float(KAON)!r}",
        ":1: off the mass shell: E = 0.581048 GeV, E^2 - p^2 = 0.247617 GeV^2 as of the K0, "
        "but the pi0 has 0.0182187 GeV^2",
    ),
    "photons": (
        "0 0 0.5 0.5",
        ":1: off the mass shell: E = 0.5 GeV, E^2 - p^2 = 0 GeV^2 as of the photon, "
        "but the pi0 has 0.0182187 GeV^2",
    ),
    "nothing known": (
        "0 0 1 1.2",
        ":1: off the mass shell: E = 1.2 GeV, E^2 - p^2 = 0.44 GeV^2, but the pi0 has 0.0182187 GeV^2",
    ),
    "energy first": (
        row(np.roll(PI0, 1)),
        ":1: off the mass shell: the columns look like E px py pz, but px py pz E is wanted",
    ),
    "MeV": (
        row(1e3 * PI0),
        ":1: E^2 - p^2 is about (1000 x the pi0 mass)^2: "
        "the momenta are in MeV, but list.momentum_unit is 'GeV'",
    ),
    "GeV and MeV": (
        GOOD + row(1e3 * PI0),
        ":2: mixed units: E^2 - p^2 is about (1000 x the pi0 mass)^2, as in MeV; other entries are in GeV",
    ),
    "more energy than the beam": (
        GOOD + row(rows_of("pi0", [[0, 0, 401]])[0]),
        ":2: E = 401 GeV, more than the beam's 400 GeV",
    ),
    "three columns": (
        "0 0 5\n",
        ":1: 3 columns, not 4 or 8 (px py pz E, perhaps x y z t); a first line of names may say more, "
        "such as weight (or '# log10(theta) log10(p) weight')",
    ),
    "a header": (
        "px py pz\n" + GOOD,
        ": no column 'E'; known: px, py, pz; columns.E = '' takes it from the mass",
    ),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_text_list_says_what_is_wrong(tmp_path, content, message):
    path = write_card(tmp_path, {"pi0": write_text(tmp_path, content)})
    with pytest.raises(darkmc.CardError) as error:
        darkmc.MesonSource(path)
    assert str(error.value) == f"{tmp_path / 'list.txt'}{message}"


def write_columns(folder, name, columns):
    if name.endswith(".root"):
        with uproot.recreate(folder / name) as file:
            file["mesons"] = columns
    else:
        pq.write_table(pa.table(columns), folder / name)


@pytest.mark.parametrize("name", ["list.parquet", "list.root"])
def test_wrong_columns_and_particles_in_binary_lists(tmp_path, name):
    path = write_card(tmp_path, {"pi0": name})
    mixed = np.array([PI0, ETA, PI0]).T
    for names, text in (
        (("px", "py", "pz", "E"), ": entry 2: off the mass shell: E = 2.07609 GeV, .* as of the eta, but .*"),
        (("px", "py", "pz", "energy"), r": no column 'E'; known: .*energy.*; columns.E = '' .*"),
        (("x", "y", "z", "t"), r": no column 'px'; known: [txyz, ]*"),
        (("py", "pz", "E", "px"), ": entry 1: .*the columns look like E px py pz, but px py pz E is wanted"),
    ):
        write_columns(tmp_path, name, dict(zip(names, mixed, strict=True)))
        with pytest.raises(darkmc.CardError, match=f"^{tmp_path / name}{text}$"):
            darkmc.MesonSource(path)


# --- the beam axis
BEAM = np.random.default_rng(1).normal([0.0, 0.0, 6.0], [0.4, 0.4, 2.0], (500, 3))
AXES = {
    "along +x": BEAM[:, [2, 1, 0]],
    "along -x": BEAM[:, [2, 1, 0]] * [-1, 1, 1],
    "along +y": BEAM[:, [0, 2, 1]],
    "along -z": -BEAM,
    "at 60 degrees to it": BEAM @ [[1, 0, 0], [0, 0.5, -np.sqrt(0.75)], [0, np.sqrt(0.75), 0.5]],
}


@pytest.mark.parametrize(("where", "momenta"), AXES.items(), ids=AXES.keys())
def test_a_list_along_another_axis_is_refused(tmp_path, where, momenta):
    path = write_card(tmp_path, {"pi0": write_text(tmp_path, rows_of("pi0", momenta))})
    with pytest.raises(darkmc.CardError) as error:
        darkmc.MesonSource(path)
    text = f"the beam is +z, but the mesons fly {where} on average: turn the list"
    assert str(error.value) == f"{tmp_path / 'list.txt'}: {text}"


RIGHT = {
    "forward": BEAM,
    "isotropic": 0.3 * isotropic(np.random.default_rng(2), 4000).T,
    "few": BEAM[:5, [2, 1, 0]],
    "at rest": np.zeros((40, 3)),
    "in a half plane": np.abs(0.3 * isotropic(np.random.default_rng(3), 4000).T) * [1.0, 0.0, 0.1],
    "a little off the axis": BEAM + np.array([2.0, 0.0, 0.0]),
}


@pytest.mark.parametrize("momenta", RIGHT.values(), ids=RIGHT.keys())
def test_other_lists_are_left_alone(tmp_path, momenta):
    path = write_card(tmp_path, {"pi0": write_text(tmp_path, rows_of("pi0", momenta))})
    assert len(darkmc.MesonSource(path).lists["pi0"].share) == len(momenta)


def test_the_axis_is_that_of_the_weights(tmp_path):
    """Entries along +x count as much as they weigh."""
    four = np.concatenate([rows_of("pi0", BEAM), rows_of("pi0", BEAM[:, [2, 1, 0]])])
    for weight, refused in ((0.1, False), (10.0, True)):
        weights = np.repeat([1.0, weight], len(BEAM))[:, None]
        name = write_text(tmp_path, np.hstack([four, weights]))
        path = write_card(tmp_path, {"pi0": name}, columns={"weight": "w"})
        if refused:
            with pytest.raises(darkmc.CardError, match="on average: turn the list"):
                darkmc.MesonSource(path)
        else:
            darkmc.MesonSource(path)


def test_an_energy_at_the_beams_is_not_above_it(tmp_path):
    path = write_card(tmp_path, {"pi0": write_text(tmp_path, rows_of("pi0", [[0, 0, 400.0]]))})
    assert darkmc.MesonSource(path).largest_momentum == 400.0
