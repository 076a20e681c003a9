"""The modules of tools/cascade for tests, and libraries of interactions that are made up."""

import sys

import numpy as np
from helpers import ROOT, load_script

sys.path.insert(0, str(ROOT / "tools" / "cascade"))

import libraries
import setups
import transport

# by its path, as tools/ has a module of that name, too
tables = load_script("tools/cascade/tables.py")
PROTON, PION = 0.93827208816, 0.13957039
__all__ = ["halving", "libraries", "setup", "setups", "tables", "transport"]


def setup(**more):
    """Return a beam of 400 GeV on copper, whose least momenta are 5 GeV."""
    words = {"first": 400, "others": 400, "cells": (5.0, 20.0, 100.0, 400.0)} | more
    return setups.Setup(29, 64, "copper", 400.0, 3000.0, 5.0, 5.0, (12.0, 50.0), (12.0, 50.0), **words)


def halving(projectile, mass, momentum, n=400):
    """Return interactions that make one proton, or pi+, with half of the energy and one pi0 with the rest.

    Both have a p_T of 0.1 GeV.
    """
    energy = np.hypot(momentum, mass)
    pid = np.tile([projectile, 111], n)
    masses = np.tile([mass, 0.1349768], n)
    along = np.sqrt((0.5 * energy) ** 2 - masses**2 - 0.1**2)
    vectors = np.stack([np.tile([0.1, -0.1], n), 0.0 * along, along])
    squared = (masses**2 + 0.1**2)[None]
    scaled = np.sqrt(squared + np.outer(libraries.SCALES, along) ** 2)
    energies = scaled.reshape(len(libraries.SCALES), n, 2).sum(axis=2).T
    return libraries.Library(momentum, np.arange(0, 2 * n + 1, 2), pid, vectors, energies)


def made_up(momenta=(6.0, 12.0, 25.0, 50.0, 100.0, 200.0, 400.0)):
    """Return such libraries of both projectiles."""
    return {
        2212: [halving(2212, PROTON, p) for p in momenta],
        211: [halving(211, PION, p) for p in momenta],
    }
