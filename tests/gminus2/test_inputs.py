"""Bad input is one line, everything broadcasts, and the package stands alone."""

import subprocess
import sys

import numpy as np
import pytest

import darkmc
from darkmc import gminus2
from darkmc.core.errors import PhysicsError

# every loop with good arguments; those after the lepton broadcast
CALLS = {
    "dark_axion_two_loop": {"m_dark_photon": 0.1, "m_axion": 0.02, "coupling": 1.0},
    "dark_axion_one_loop": {
        "m_axion": 1.0,
        "m_dark_photon": 2.0,
        "epsilon": 1e-3,
        "yukawa": 0.1,
        "coupling": 1e-3,
        "cutoff": 1000.0,
    },
    "dark_axion_one_loop_z": {"m_axion": 1.0, "yukawa": 0.1, "coupling_agz": 1e-3, "cutoff": 1000.0},
    "pseudoscalar_yukawa": {"mass": 1.0, "yukawa": 1.0},
    "scalar_yukawa": {"mass": 1.0, "yukawa": 1.0},
    "vector": {"mass": 1.0, "epsilon": 1.0},
    "axial_vector": {"mass": 1.0, "epsilon": 1.0},
    "barr_zee_pseudoscalar": {"mass": 1.0, "g_lepton": 1.0, "g_photon": 1.0, "cutoff": 1000.0},
    "barr_zee_scalar": {"mass": 1.0, "g_lepton": 1.0, "g_photon": 1.0, "cutoff": 1000.0},
    "inert_doublet": {"m_scalar": 500.0, "m_fermion": 300.0, "yukawa_squared": 1.0},
}
EVERY_ARGUMENT = [(name, key) for name, arguments in CALLS.items() for key in arguments]
MASSES = [(name, key) for name, key in EVERY_ARGUMENT if key.startswith("m") or key == "cutoff"]


@pytest.mark.parametrize("name", CALLS)
def test_all_arguments_broadcast_and_numbers_give_numbers(name):
    function, arguments = getattr(gminus2, name), CALLS[name]
    number = function("mu", *arguments.values())
    assert isinstance(number, float)
    for key, value in arguments.items():
        column = value * np.array([[1.0], [1.3]])
        grid = function("mu", **arguments | {key: column * np.ones((1, 3))})
        assert grid.shape == (2, 3)
        expected = [function("mu", **arguments | {key: v}) for v in column[:, 0]]
        np.testing.assert_allclose(grid, np.outer(expected, np.ones(3)), rtol=1e-13)
    assert function("mu", **arguments | {key: np.empty((0, 2))}).shape == (0, 2)


def test_many_points_go_through_in_chunks():
    masses = np.geomspace(1e-6, 1e6, 5000)
    together = gminus2.dark_axion_two_loop("mu", masses, 0.01)
    alone = [gminus2.dark_axion_two_loop("mu", m, 0.01) for m in masses[::500]]
    np.testing.assert_allclose(together[::500], alone, rtol=1e-13)


@pytest.mark.parametrize(("name", "key"), MASSES)
@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, 1e-50])
def test_a_bad_mass_is_one_line_that_names_it(name, key, bad):
    arguments = CALLS[name] | {key: np.array([CALLS[name][key], bad])}
    with pytest.raises(PhysicsError, match=f"^{key} must be .*between 1e-40 and 1e\\+20 GeV, not") as caught:
        getattr(gminus2, name)("mu", **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "key"), sorted(set(EVERY_ARGUMENT) - set(MASSES)))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_coupling_is_named(name, key, bad):
    with pytest.raises(PhysicsError, match=f"^{key} must be finite, not"):
        getattr(gminus2, name)("mu", **CALLS[name] | {key: bad})


@pytest.mark.parametrize("name", CALLS)
def test_an_unknown_lepton_is_named_with_the_nearest(name):
    with pytest.raises(PhysicsError, match=r"unknown lepton 'muo' \(nearest: 'mu'\)"):
        getattr(gminus2, name)("muo", **CALLS[name])


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("alias", "lepton"), [("electron", "e"), ("muon", "mu"), ("tauon", "tau")])
def test_leptons_have_long_names(name, alias, lepton):
    function = getattr(gminus2, name)
    assert function(alias, **CALLS[name]) == function(lepton, **CALLS[name])


@pytest.mark.parametrize(("name", "key"), EVERY_ARGUMENT)
def test_arrays_that_do_not_broadcast_are_one_line(name, key):
    other = next(k for k in CALLS[name] if k != key)
    arguments = CALLS[name] | {key: np.full(2, CALLS[name][key]), other: np.full(3, CALLS[name][other])}
    with pytest.raises(PhysicsError, match=rf"{name}: the shapes .*\(2,\).* do not broadcast") as caught:
        getattr(gminus2, name)("mu", **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "key"), EVERY_ARGUMENT)
@pytest.mark.parametrize("bad", ["much", [[1.0], [1.0, 2.0]], 1j])
def test_what_is_no_number_is_one_line(name, key, bad):
    with pytest.raises(PhysicsError, match="must be a number or an array of numbers"):
        getattr(gminus2, name)("mu", **CALLS[name] | {key: bad})


@pytest.mark.parametrize(("name", "key"), sorted(set(EVERY_ARGUMENT) - set(MASSES)))
def test_a_huge_coupling_is_named_and_the_largest_does_not_overflow(name, key):
    with pytest.raises(PhysicsError, match=f"^{key} must lie between -1e\\+100 and 1e\\+100, not 1e\\+200"):
        getattr(gminus2, name)("mu", **CALLS[name] | {key: 1e200})
    strong = {k: 1e100 for n, k in set(EVERY_ARGUMENT) - set(MASSES) if n == name}
    assert np.isfinite(getattr(gminus2, name)("mu", **CALLS[name] | strong))


def test_a_lepton_that_decays_into_the_doublet_is_refused():
    with pytest.raises(PhysicsError, match="must exceed the lepton's mass"):
        gminus2.inert_doublet("tau", [1.0, 3.0], [0.7, 0.7], 1.0)
    assert gminus2.inert_doublet("tau", 1.0, 0.8, 1.0) < 0.0


def test_an_unknown_boson_is_named_with_the_nearest():
    with pytest.raises(PhysicsError, match=r"unknown boson 'foton'; known: photon, Z"):
        gminus2.barr_zee_scalar("mu", 1.0, 1.0, 1.0, boson="foton")


@pytest.mark.parametrize(
    ("name", "change", "heavy"),
    [
        ("dark_axion_one_loop", {"cutoff": 1.5}, "2"),
        ("dark_axion_one_loop", {"cutoff": np.array([9.0, 9.0]), "m_axion": np.array([1.0, 10.0])}, "10"),
        ("dark_axion_one_loop", {"cutoff": 0.1, "m_axion": 0.0, "m_dark_photon": 0.0}, "0.105658"),
        ("dark_axion_one_loop_z", {"cutoff": 80.0}, "91.1876"),
        ("barr_zee_scalar", {"cutoff": 0.9}, "1"),
        ("barr_zee_pseudoscalar", {"cutoff": 90.0, "boson": "Z"}, "91.1876"),
    ],
)
def test_a_cutoff_below_a_mass_is_refused(name, change, heavy):
    with pytest.raises(PhysicsError, match=f"cutoff .* GeV is below a mass of {heavy} GeV"):
        getattr(gminus2, name)("mu", **CALLS[name] | change)


def test_massless_limits_without_a_finite_value():
    with pytest.raises(PhysicsError, match="both zero"):
        gminus2.dark_axion_two_loop("mu", 0.0)
    with pytest.raises(PhysicsError, match="both zero"):
        gminus2.inert_doublet("mu", 0.0, 0.0, 1.0)
    with pytest.raises(PhysicsError, match="mass must be between"):
        gminus2.axial_vector("mu", 0.0, 1.0)
    with pytest.raises(PhysicsError, match="m_scalar_1 must be between"):
        gminus2.kinetic_mixing_one_loop(1.0, 0.0, 1.0)
    with pytest.raises(PhysicsError, match="yukawa_squared must not be negative"):
        gminus2.inert_doublet("mu", 1.0, 1.0, -1.0)


@pytest.mark.parametrize("extreme", [1e-40, 1e20])
@pytest.mark.parametrize("lepton", ["e", "tau"])
def test_the_ends_of_the_mass_range_stay_finite(lepton, extreme):
    for name, arguments in CALLS.items():
        for key in arguments:
            if key.startswith("m"):
                change = {key: extreme} | ({"cutoff": 1e20} if "cutoff" in arguments else {})
                value = getattr(gminus2, name)(lepton, **arguments | change)
                assert np.isfinite(value)
                assert value != 0.0


def test_the_package_stands_alone():
    """Using every loop loads nothing of the simulation and no heavy library."""
    script = (
        "import sys, darkmc\n"
        "from darkmc.gminus2 import _MODULES, __all__\n"
        "names = [name for name in __all__ if name not in _MODULES]\n"
        "[getattr(darkmc.gminus2, n) for n in names]\n"
        "print(*sorted(m for m in sys.modules if m.startswith('darkmc') or m in"
        " {'scipy', 'pydantic', 'particle', 'awkward', 'matplotlib', 'vegas'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if not name.startswith("darkmc.gminus2")}
    ground_floor = ("constants", "errors", "kinematics", "particle_table", "particles", "units", "vocabulary")
    assert loaded == {"darkmc", "darkmc.core", *(f"darkmc.core.{name}" for name in ground_floor)}


def test_names():
    assert darkmc.gminus2 is gminus2
    assert set(CALLS) < set(dir(gminus2))
    assert callable(gminus2.vector)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gminus2.nothing
