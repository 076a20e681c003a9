"""Every argument of the Python interface may be anything: a number, or one line of ours."""

import functools
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import darkmc
from darkmc.core.errors import CardError, PhysicsError
from darkmc.gminus2 import barr_zee_scalar
from darkmc.limits import poisson as counting

NAN, INF = float("nan"), float("inf")
ODD = (
    *(None, "0.03", "", b"1", "²", "x" * 10**4, "\x00", [], [0.1], [[0.1], [0.2, 0.3]], {}, (), object),
    *(np.array([0.01, 0.02]), np.array("a"), np.array(0.1), np.array([[0.1]]), np.float32(0.1), np.True_, 1j),
    *(Decimal("0.1"), Decimal("nan"), Fraction(1, 10), Fraction(10**400, 3), 10**400, -(10**400), 2**63),
    *(True, False, NAN, INF, -INF, -1.0, 0, -0.0, 1e-320, 1e-300, 1e-40, 1e20, 1e31, 1e100, 1e300, 2.5),
)  # fmt: skip
PORTAL = darkmc.DarkAxionPortal(0.03)


@functools.cache
def made(name):
    experiment = darkmc.Experiment(name)
    return experiment, experiment.simulate(PORTAL, n_samples=500, at=1e-4)


def source(name, **given):
    return getattr(darkmc.MesonSource("bmpt-cu-400"), name)(**given)


def sample(name, method, **given):
    return getattr(made(name)[1], method)(**given)


def experiment(method, **given):
    return getattr(made("charm-finegrained")[0], method)(**given)


def part(owner, name):
    return functools.partial(owner, name)


CALLS = {
    "Experiment": (darkmc.Experiment, {"name": "lsnd", "preset": "best", "overrides": None}),
    "override": (lambda value: darkmc.Experiment("lsnd", overrides={"beam.pot": value}), {"value": 1e20}),
    "MesonSource": (darkmc.MesonSource, {"name": "bmpt-cu-400", "overrides": None}),
    "density": (part(source, "density"), {"meson": "pi0", "momentum": 10.0, "theta": 0.01}),
    "in_range": (part(source, "in_range"), {"meson": "pi0", "momentum": 10.0, "theta": 0.01}),
    "range_remark": (part(source, "range_remark"), {"share": 0.5}),
    "plans": (part(experiment, "plans"), {"portal": PORTAL, "at": None, "vary": False}),
    "excluded_mean": (counting.excluded_mean, {"n_obs": 3, "n_sigma": 2.0}),
    "gaussian_excess": (counting.gaussian_excess, {"n_obs": 3, "n_sigma": 2.0}),
    "poisson_limit": (counting.poisson_limit, {"n_obs": 3, "background": 2.0, "background_error": 1.0}),
    "barr_zee": (
        barr_zee_scalar,
        {"lepton": "mu", "mass": 0.1, "g_lepton": 0.1, "g_photon": 0.1, "cutoff": 1e4, "boson": "photon"},
    ),
    "partial_width": (PORTAL.partial_width, {"final_state": "a gamma", "coupling": 1.0}),
    "branching_ratio": (PORTAL.branching_ratio, {"final_state": "a gamma"}),
    "annihilation": (
        PORTAL.annihilation_cross_section,
        {"sqrt_s": 10.0, "coupling": 1.0, "m_lepton": 0.0},
    ),
    "radiative": (
        PORTAL.radiative_annihilation_cross_section,
        {"sqrt_s": 10.0, "e_min": 0.1, "e_max": 4.0, "abs_cos_max": 0.9, "coupling": 1.0},
    ),
    "bremsstrahlung": (
        PORTAL.bremsstrahlung_cross_section,
        {"beam_energy": 20.0, "Z": 13, "A": 27, "coupling": 1.0},
    ),
    "scattering": (
        PORTAL.scattering_cross_section,
        {"incoming": "a", "energy": 1.0, "target": "C", "coupling": 1.0},
    ),
    "virtual_photon_width": (PORTAL.current.virtual_photon_width, {"q2": 0.1, "coupling": 1.0}),
    "spectral_density": (PORTAL.current.spectral_density, {"q2": 0.1, "coupling": 1.0}),
    "dark_photon_width": (PORTAL.current.dark_photon_width, {"photon_q2": 0.0, "coupling": 1.0}),
    "axion_width": (PORTAL.current.axion_width, {"coupling": 1.0}),
    **{
        f"{name} {method}": (part(part(sample, name), method), given)
        for name in ("charm-finegrained", "lsnd", "babar-lowcut")
        for method, given in {
            "unseen": {"coupling": 1e-4},
            "surviving": {"coupling": 1e-4},
            "in_bin": {"number": 0},
            "histogram": {"observable": "E_shower", "edges": [0.0, 1.0], "coupling": 1e-4},
        }.items()
    },
}


@pytest.mark.parametrize("name", CALLS)
def test_anything_is_a_result_or_one_line(name):
    """Text, huge integers, arrays and more were tracebacks from within, or warnings of NumPy."""
    function, given = CALLS[name]
    for key, odd in ((key, odd) for key in given for odd in ODD):
        refusal = ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", darkmc.ValidityWarning)
                function(**{**given, key: odd})
        except (PhysicsError, CardError) as error:
            refusal = str(error)
        assert "\n" not in refusal
        assert len(refusal) < 700


WRONG = {
    "executor": {"executor": "threads"},
    "progress": {"progress": np.array([1.0, 2.0])},
    "vary": {"vary": "yes"},
    "n_samples": {"n_samples": 10**400},
    "too many": {"n_samples": 10**12},
}


@pytest.mark.parametrize("given", WRONG.values(), ids=WRONG)
def test_wrong_requests(given):
    with pytest.raises(PhysicsError):
        experiment("simulate", portal=PORTAL, **{"n_samples": 100, **given})


@pytest.mark.parametrize("method", ["brackets", None, np.array([1.0, 2.0]), ["bracket"]])
@pytest.mark.parametrize("name", ["charm-finegrained", "babar-lowcut"])
def test_wrong_methods(name, method):
    analysis, found = made(name)
    with pytest.raises(PhysicsError, match="method"):
        analysis.limit(found, method)


@pytest.mark.parametrize("key", [None, b"beam.pot", 1, ("beam", "pot")])
@pytest.mark.parametrize("make", [darkmc.Experiment, darkmc.MesonSource])
def test_a_key_is_text(make, key):
    name = "lsnd" if make is darkmc.Experiment else "bmpt-cu-400"
    with pytest.raises(CardError, match="no key"):
        make(name, overrides={key: 1.0})


@pytest.mark.parametrize("path", [None, b"a.root", 3])
def test_a_path_is_text(path):
    with pytest.raises(PhysicsError, match="path"):
        darkmc.write_root(path, [])


def test_below_threshold_nothing_is_produced_and_a_photon_is_not_spacelike():
    current = PORTAL.current
    assert list(current.spectral_density([-1.0, 0.0, 1e-300, 0.03**2])) == [0.0] * 4
    assert list(current.virtual_photon_width([-1.0, 0.0, 1e-300])) == [0.0] * 3
    with pytest.raises(PhysicsError, match="negative"):
        current.dark_photon_width(-1e-3)


@pytest.mark.parametrize("nucleus", [(13.7, 27), (0, 27), (13, 0.5), (13, 1e-300), (10**400, 27)])
def test_a_nucleus_has_whole_charge(nucleus):
    """13.7 was cut to 13."""
    with pytest.raises(PhysicsError):
        PORTAL.bremsstrahlung_cross_section(20.0, *nucleus)


def test_a_tiny_background_error_is_none():
    assert counting.poisson_limit(3, 2.0, 1e-300) == counting.poisson_limit(3, 2.0)
