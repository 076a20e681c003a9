"""Primaries are the same, but for rounding, in however many steps they are made."""

from dataclasses import fields

import numpy as np
import pytest

import darkmc
from darkmc.engine.collection import Collection
from darkmc.sample.rows import Rows

POINTS = {
    "turned": ("charm-decay", 0.01, {"source.mesons": ["eta", "phi"]}),
    "natural": ("charm-decay", 0.01, {"source.mesons": ["eta"], "simulation.biasing": "none"}),
    "trained": ("lsnd", 0.005, {}),
    "collider": ("babar-highcut", 1.0, {}),
    "dump": ("e137", 0.02, {"simulation.bremsstrahlung": False}),
}


@pytest.mark.parametrize("name", POINTS)
def test_primaries_are_the_same_in_any_steps(name):
    """Last digits depend on places within an array, where NumPy takes several at once."""
    card, mass, overrides = POINTS[name]
    plans = darkmc.Experiment(card, overrides=overrides).plans(darkmc.DarkAxionPortal(mass), (1e-3,))
    at_once, in_steps = (Collection(plans, 3, None) for _ in range(2))
    at_once.extend([4500] * len(plans))
    for size in (1, 700, 4096, 4500):
        in_steps.extend([size] * len(plans))
    assert in_steps.made == at_once.made
    for first, second in zip(at_once.channels(), in_steps.channels(), strict=True):
        assert len(first.rows.produced) > 0
        for item in fields(Rows):
            of_both = getattr(first.rows, item.name), getattr(second.rows, item.name)
            np.testing.assert_allclose(*of_both, rtol=1e-9, err_msg=item.name)


def test_no_more_are_made_than_allowed():
    plans = darkmc.Experiment("babar-highcut").plans(darkmc.DarkAxionPortal(1.0))
    made = Collection(plans, 1, None)
    made.extend([1000] * len(plans))
    assert made.within([2000] * len(plans), 10**9) == ([2000] * len(plans), "")
    fewer, reason = made.within([2000] * len(plans), 1500 * len(plans))
    assert fewer == [1500] * len(plans)
    assert reason == f"{1500 * len(plans)} primaries are the most"
