"""Remarks on excluded couplings: the scale decides where the effective theory fails."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import darkmc
from darkmc.core.intervals import Exclusion, Interval
from darkmc.experiments.validity import LARGEST_WIDTH, validity

PORTAL = darkmc.DarkAxionPortal(0.03)


def sample(passing=True):
    channel = SimpleNamespace(passing=np.array([False, passing]))
    return SimpleNamespace(portal=PORTAL, channel_rows=(channel,))


def excluded(upper):
    return Exclusion((Interval(1e-6, upper, 0.0, 0.0),), "bracket")


@pytest.mark.parametrize(("symbol", "energy"), [("M", 0.958), ("sqrt(s)", 10.58)])
def test_the_effective_theory_fails_at_the_scale(symbol, energy):
    edge = 4.0 * math.pi / energy
    words = f"above {edge:.3g} GeV^-1 the effective theory fails (G {symbol} > 4 pi)"
    assert words in validity(sample(), excluded(1.01 * edge), (symbol, energy), "")
    assert validity(sample(), excluded(0.99 * edge), (symbol, energy), "") == []
    assert words in validity(sample(), excluded(math.nan), (symbol, energy), "")


def test_a_wide_state_is_said():
    edge = math.sqrt(LARGEST_WIDTH * 0.03 / float(PORTAL.dark_photon_width()))
    (words,) = validity(sample(), excluded(1.01 * edge), ("M", 1e-6), "")
    assert words == f"above {edge:.3g} GeV^-1 the width exceeds a tenth of the mass"
    assert validity(sample(), excluded(0.99 * edge), ("M", 1e-6), "") == []


def test_cuts_that_leave_nothing_are_all_that_is_said():
    assert validity(sample(passing=False), excluded(50.0), ("M", 1.0), "nothing is left") == [
        "nothing is left"
    ]
