"""Belle II: contours against closed forms and an independent integration."""

from functools import lru_cache

import numpy as np
import pytest

import darkmc

PHASES = {"belle2-phase2": (20e3, 300.0), "belle2-phase3": (50e6, 7.5e5)}  # 1/pb, background

SHARP = {"simulation.isr": False}  # the references have no photons along the beams: see test_collider


@lru_cache
def exclusion(name, preset, mass, m_axion=0.0):
    experiment = darkmc.Experiment(name, preset=preset, overrides=SHARP)
    return experiment.limit(
        experiment.simulate(darkmc.DarkAxionPortal(mass, m_axion), precision=0.004, seed=5)
    )


def above(threshold, mass, m_axion, spin, sqrt_s=10.58):
    """Return the share of photons above an energy in the centre of mass."""
    heavy, light = max(mass, m_axion), min(mass, m_axion)
    energy = (sqrt_s**2 + heavy**2 - light**2) / (2.0 * sqrt_s)
    momentum = np.sqrt(energy**2 - heavy**2)
    at_rest = (heavy**2 - light**2) / (2.0 * heavy)
    c = np.clip((threshold * heavy / at_rest - energy) / momentum, -1.0, 1.0)
    return (4.0 - 3.0 * c - c**3) / 8.0 if spin and m_axion < mass else (1.0 - c) / 2.0


def test_excluded_events():
    assert darkmc.Experiment("belle2-phase2").excluded_events == pytest.approx(34.6, abs=0.05)
    assert darkmc.Experiment("belle2-phase3").excluded_events == pytest.approx(1732.0, abs=0.1)


@pytest.mark.parametrize("name", PHASES)
@pytest.mark.parametrize("preset", ["best", "published"])
@pytest.mark.parametrize(
    ("mass", "m_axion"), [(1.0, 0.0), (3.0, 0.0), (7.0, 0.0), (9.0, 0.0), (5.0, 2.0), (1.0, 4.0)]
)
def test_prompt_contours_in_closed_form(name, preset, mass, m_axion):
    """N = L sigma x 0.16 x P(E* > 3.7 GeV) x BR; 24 edges, 4 sigma; decays within a micrometre."""
    luminosity, background = PHASES[name]
    portal = darkmc.DarkAxionPortal(mass, m_axion)
    share = above(3.7, mass, m_axion, preset == "best")
    share *= portal.branching_ratio("a gamma") if m_axion < mass else 1.0
    pairs = luminosity * portal.annihilation_cross_section(10.58) * 0.16 * share
    expected = np.sqrt(2.0 * np.sqrt(background) / pairs)
    found = exclusion(name, preset, mass, m_axion)
    assert found.lower_error < 0.003 * found.lower
    assert abs(found.lower - expected) < 4 * found.lower_error + 1e-6 * expected


# An independent integration (scrambled Sobol points, errors below 0.01%), BR(a gamma) = 1: best and published
DISPLACED = {
    ("belle2-phase2", 0.001): (1.53784e-2, 1.58889e-2),
    ("belle2-phase2", 0.01): (1.56027e-3, 1.61367e-3),
    ("belle2-phase3", 0.001): (5.78251e-3, 5.97440e-3),
    ("belle2-phase3", 0.01): (5.79417e-4, 5.98727e-4),
    ("belle2-phase3", 0.1): (7.57232e-5, 8.00535e-5),
}


@pytest.mark.parametrize(("name", "mass"), DISPLACED)
@pytest.mark.parametrize("preset", ["best", "published"])
def test_displaced_contours_against_an_independent_integration(name, mass, preset):
    """10 edges, 4 sigma and 0.3% for the branching ratio, which counts where decays are prompt."""
    expected = DISPLACED[name, mass][preset == "published"]
    found = exclusion(name, preset, mass)
    assert abs(found.lower - expected) < 4 * found.lower_error + 3e-3 * expected


@pytest.mark.parametrize("mass", [1e-3, 1e-4])
def test_long_lives_scale_with_the_mass(mass):
    """N = K G^4 with K ~ 1/lambda ~ m'^4: the edge is proportional to 1/m'."""
    found, other = (exclusion("belle2-phase2", "best", m) for m in (mass, 0.1 * mass))
    error = np.hypot(found.lower_error / found.lower, other.lower_error / other.lower)
    assert other.lower / found.lower == pytest.approx(10.0, rel=4 * error + 2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", PHASES)
def test_contours_at_48_masses_to_the_end_point(name):
    experiment = darkmc.Experiment(name)
    for mass in np.geomspace(1e-3, 10.5, 48):
        found = experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(mass), precision=0.01))
        assert found.lower_error < 0.01 * found.lower


def test_a_softer_cut_is_a_systematic():
    """E* > 3.6 GeV: P grows, here by 4.8% at low masses, and the edge falls like its root (prompt)."""
    experiment = darkmc.Experiment("belle2-phase2", overrides=SHARP | {"cuts.energy.min": 3.6})
    softer = experiment.limit(experiment.simulate(darkmc.DarkAxionPortal(1.0), precision=0.004, seed=6))
    plain = exclusion("belle2-phase2", "best", 1.0)
    ratio = np.sqrt(above(3.7, 1.0, 0.0, True) / above(3.6, 1.0, 0.0, True))
    error = np.hypot(softer.lower_error / softer.lower, plain.lower_error / plain.lower)
    assert abs(softer.lower / plain.lower - ratio) < 4 * error
