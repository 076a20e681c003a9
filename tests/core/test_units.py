"""Numbers, energies, axion masses and grids as users type them."""

import numpy as np
import pytest

from darkmc.core.errors import PhysicsError
from darkmc.core.units import (
    GRID_EXAMPLES,
    AxionMass,
    MassGrid,
    parse_axion_grids,
    parse_axion_mass,
    parse_energy,
    parse_energy_grid,
    parse_mass_grid,
    parse_number,
    positive_couplings,
    require_not_negative,
    require_positive,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30MeV", 0.03),
        ("0.03GeV", 0.03),
        ("0.03", 0.03),
        ("30 MeV", 0.03),
        ("  30MeV ", 0.03),
        ("1.5TeV", 1500.0),
        ("511keV", 511e-6),
        ("2eV", 2e-9),
        ("1e-3GeV", 1e-3),
        ("1E2MeV", 0.1),
        (".5MeV", 5e-4),
        ("5.", 5.0),
        ("+3", 3.0),
        ("-3MeV", -3e-3),
        ("0", 0.0),
    ],
)
def test_an_energy_carries_its_unit_and_bare_numbers_are_gev(text, expected):
    assert parse_energy(text) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("text", ["", " ", "MeV", "1 2", "1,5", "0x10", "1_000", "--3", "e3", "3MeV!"])
def test_text_that_is_no_number_is_refused_and_quoted(text):
    with pytest.raises(PhysicsError, match="is not a number") as error:
        parse_energy(text)
    assert f"'{text}'" in str(error.value)


@pytest.mark.parametrize("unit", ["mev", "Gev", "GEV", "m", "kg", "MeVc", "e"])
def test_an_unknown_unit_is_refused_and_the_known_ones_listed(unit):
    with pytest.raises(PhysicsError, match=f"unknown unit '{unit}'.*MeV, GeV"):
        parse_energy(f"3{unit}")


def test_a_bare_number_takes_no_unit():
    assert parse_number("coupling", "6e-5") == 6e-5
    with pytest.raises(PhysicsError, match="coupling takes a bare number"):
        parse_number("coupling", "6e-5GeV")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.5x", 0.1), ("2x", 0.4), ("0x", 0.0), (" 1x ", 0.2), ("1e-1x", 0.02), ("5MeV", 5e-3), ("0", 0.0)],
)
def test_an_axion_mass_may_be_a_fraction_of_the_dark_photon_mass(text, expected):
    assert parse_axion_mass(text, 0.2) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("text", ["x", "0.5MeVx", "halfx", "0.5X", "xx"])
def test_a_wrong_fraction_is_refused(text):
    with pytest.raises(PhysicsError):
        parse_axion_mass(text, 0.2)


@pytest.mark.parametrize("text", ["1MeV:1GeV:4", "1MeV:1GeV:4:log", "1e-3:1:4:log"])
def test_a_grid_is_logarithmic_unless_told(text):
    np.testing.assert_allclose(parse_energy_grid(text), [1e-3, 1e-2, 0.1, 1.0], rtol=1e-14)


def test_a_linear_grid_has_equal_steps_and_both_ends():
    np.testing.assert_allclose(parse_energy_grid("10MeV:50MeV:5:lin"), [0.01, 0.02, 0.03, 0.04, 0.05])


def test_the_ends_of_a_grid_are_the_numbers_typed():
    grid = parse_energy_grid("3MeV:0.7GeV:17")
    assert (grid[0], grid[-1]) == (3e-3, 0.7)


def test_a_comma_list_keeps_its_order_and_a_single_mass_is_a_grid():
    np.testing.assert_array_equal(parse_energy_grid("30MeV, 1MeV,0.5"), [0.03, 1e-3, 0.5])
    np.testing.assert_array_equal(parse_energy_grid("7MeV"), [7e-3])


def test_one_point_when_start_equals_stop():
    np.testing.assert_array_equal(parse_energy_grid("5MeV:5MeV:1"), [5e-3])


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        " , ",
        "1MeV:2MeV",
        "1MeV:2MeV:3:log:4",
        "1MeV:2MeV:3:cubic",
        "2MeV:1MeV:3",
        "1MeV:1MeV:3",
        "1MeV:2MeV:1",
        "1MeV:2MeV:0",
        "1MeV:2MeV:-3",
        "1MeV:2MeV:2.5",
        "1MeV:2MeV:",
        "0:1:3",
        "-1MeV:1MeV:3:lin",
        "1MeV:inf:3",
        "nan:1:3",
        "1MeV,0",
        "1MeV,-2MeV",
        "nan",
        "inf",
        "1MeV:2furlong:3",
        "1MeV,2parsec",
    ],
)
def test_grids_that_are_no_grid_of_masses_are_refused(text):
    with pytest.raises(PhysicsError):
        parse_energy_grid(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -1.0])
def test_requirements_name_the_quantity(value):
    with pytest.raises(PhysicsError, match="width must be a finite number above zero"):
        require_positive("width", value)
    with pytest.raises(PhysicsError, match="width must be a finite number of at least zero"):
        require_not_negative("width", value)


def test_zero_is_not_negative_but_not_positive():
    assert require_not_negative("mass", 0) == 0.0
    with pytest.raises(PhysicsError):
        require_positive("mass", 0.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", [0.0]),
        ("0, 1MeV,0.5x,0.5x", [0.0, 1e-3, 0.1]),
        ("1MeV:4MeV:3", [1e-3, 2e-3, 4e-3]),
        ("0.1x:0.9x:3:lin", [0.02, 0.1, 0.18]),
        ("0:4MeV:3:lin", [0.0, 2e-3, 4e-3]),
        ("0x:1x:2:lin", [0.0, 0.2]),
    ],
)
def test_axion_masses_are_a_list_or_a_grid_of_masses_or_fractions(text, expected):
    grids = parse_axion_grids(text)
    found = [AxionMass(value, grid.relative).at(0.2) for grid in grids for value in grid.values]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert not any(grid.auto for grid in grids)


@pytest.mark.parametrize(
    "text",
    ["", ",", "0.1x:5MeV:3", "0:1MeV:3", "0x:1x:3", "0.1x:0.9x:3MeV", "0.1MeVx:1x:3", "-1MeV", "1MeV:-0.5x:3",
     "nan", "0.9x:0.1x:3", "1MeV:2MeV:auto:3", "0:1MeV:auto"],
)  # fmt: skip
def test_what_is_no_axion_mass_is_refused(text):
    with pytest.raises(PhysicsError):
        parse_axion_grids(text)


def test_grids_that_refine_themselves_have_ends_and_a_coarse_grid():
    assert parse_mass_grid("1MeV:1GeV:auto") == MassGrid((1e-3, 1.0), auto=37)
    assert parse_mass_grid("1MeV:2MeV:auto") == MassGrid((1e-3, 2e-3), auto=5)
    assert parse_mass_grid("1MeV:2MeV:40:auto") == MassGrid((1e-3, 2e-3), auto=40)
    assert parse_axion_grids("0.01x:0.1x:auto") == [MassGrid((0.01, 0.1), True, 13)]
    assert parse_mass_grid("1MeV:2MeV:2") == MassGrid((1e-3, 2e-3))
    for text in ("1MeV:auto", "auto", "1MeV:2MeV:3:4:auto", "2MeV:1MeV:auto", "1MeV:2MeV:2:auto", "0:1:auto"):
        with pytest.raises(PhysicsError):
            parse_mass_grid(text)


def test_what_is_no_grid_is_told_what_one_looks_like():
    with pytest.raises(PhysicsError, match=r"'5MeV\.\.9MeV' is not a number \(examples: .* 1MeV:100MeV:12\)"):
        parse_mass_grid("5MeV..9MeV")
    for example in GRID_EXAMPLES.split("; "):
        assert parse_mass_grid(example).values


@pytest.mark.parametrize("none", [[], (), np.empty(0)])
def test_couplings_at_which_precision_is_wanted_are_at_least_one(none):
    """Before, simulate(at=[]) ended in an error of Python's own."""
    with pytest.raises(PhysicsError, match="at names no coupling"):
        positive_couplings("at", none)
