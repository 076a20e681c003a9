"""What cuts leave of an observable."""

import math

import numpy as np
import pytest

from darkmc.cards.experiment import Cut
from darkmc.core.particles import mass
from darkmc.selection.cuts import interval, passed
from darkmc.signals.electron import angular_window, kinetic_window


def cuts(*rows):
    return [Cut(name=f"cut{k}", observable=name, min=a, max=b) for k, (name, a, b) in enumerate(rows)]


ROWS = cuts(
    ("E_photon", 1.0, None), ("E_photon", 2.0, 9.0), ("E_shower", None, 7.0), ("theta_photon", 0.1, 0.2)
)


def test_an_interval_is_what_all_cuts_leave():
    assert interval(ROWS, "E_photon") == (2.0, 9.0)
    assert interval(ROWS, "E_photon", "E_shower") == (2.0, 7.0)
    assert interval(ROWS, "E_pair") == (-math.inf, math.inf)


def test_what_passes_all_cuts_is_the_interval():
    values = np.linspace(0.0, 10.0, 1001)
    low, high = interval(ROWS, "E_photon", "E_shower")
    each = [passed(cut, values) for cut in ROWS if cut.observable != "theta_photon"]
    assert np.array_equal(np.all(each, axis=0), (values > low) & (values < high))


def test_a_kinetic_energy_is_an_energy_without_the_mass():
    assert kinetic_window([]) == (0.0, math.inf)
    low, high = kinetic_window(cuts(("E_electron", 1.0, 2.0), ("T_electron", 0.5, 1.99)))
    assert (low, high) == (1.0 - mass("e"), 1.99)


def test_the_window_of_angles_knows_cosines():
    assert angular_window([]) == (0.0, np.pi)
    low, high = angular_window(cuts(("theta_electron", 0.1, 3.0), ("cos_theta_electron", 0.5, 0.99)))
    assert low == pytest.approx(math.acos(0.99), rel=1e-14)
    assert high == pytest.approx(math.pi / 3.0, rel=1e-14)
