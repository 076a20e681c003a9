"""How edges have moved: ratios of power laws, which straight lines in the logarithms give exactly."""

import math

import numpy as np
import pytest

from darkmc import DarkAxionPortal
from darkmc.cards.run import LimitsRun
from darkmc.core.intervals import Exclusion, Interval
from darkmc.runs.compared import read_ratios, read_validity, write_ratios, write_validity
from darkmc.scan.point import ScanPoint

CARD = LimitsRun.model_validate(
    {
        "schema": 1,
        "kind": "limits",
        "name": "toy",
        "title": "A toy",
        "presets": ("best", "published"),
        "effective_to_GeV": 10.0,
        "m_dark_photon": "1GeV:2GeV:2",
        "curves": ({"experiment": "babar", "old_channels": {}}, {"experiment": "lsnd"}),
    }
)


def points(law, masses, excluded=lambda _: True):
    """Return points whose lower edge follows a law, with an error of a hundredth."""
    made = []
    for mass in masses:
        edge = law(mass)
        found = (Interval(edge, math.nan, 0.01 * edge, math.nan),) if excluded(mass) else ()
        made.append(ScanPoint("x", float(mass), 0.0, Exclusion(found, "bracket"), 1, 0.0, 1, False, ()))
    return made


def test_ratios_of_power_laws_are_exact_and_errors_add_in_quadrature(tmp_path):
    found = {
        ("babar", ""): points(lambda m: 1e-3 * m**-1.0, np.geomspace(0.5, 30.0, 11)),
        ("babar", "old"): points(lambda m: 2e-3 * m**-0.5, np.geomspace(1.0, 9.0, 3)),
        ("babar", "published"): points(
            lambda m: 4e-3 * m**-0.5, np.geomspace(1.0, 16.0, 5), lambda m: m < 10.0
        ),
    }
    (path,) = write_ratios(CARD, tmp_path, found, ("", "old", "published"))
    corrected, whole = sorted(read_ratios(path), key=lambda ratio: ratio.whole)
    np.testing.assert_allclose(corrected.value, 0.5, rtol=1e-12)
    np.testing.assert_allclose(whole.value, 0.25 * whole.mass**-0.5, rtol=1e-12)
    np.testing.assert_allclose(whole.error / whole.value, 0.01 * math.sqrt(2.0), rtol=1e-9)
    # nowhere beyond the masses at which the old limit has an edge: 1 to 8 GeV
    assert whole.mass.min() >= 1.0
    assert whole.mass.max() <= 8.0
    assert len(corrected.mass) == 2


def test_no_table_where_nothing_can_be_compared(tmp_path):
    found = {("babar", ""): points(lambda _: 1.0, [1.0, 2.0])}
    assert list(write_ratios(CARD, tmp_path, found, ("", "old", "published"))) == []
    assert read_ratios(tmp_path / "toy-ratios.csv") == []


def test_lines_of_validity_by_hand(tmp_path):
    (path,) = write_validity(CARD, tmp_path, points(lambda _: 1.0, [1.0, 3.0]), DarkAxionPortal)
    effective, wide = read_validity(CARD, path)
    np.testing.assert_allclose(effective.value, 4.0 * math.pi / 10.0)
    for mass, coupling in zip(wide.mass, wide.value, strict=True):
        width = DarkAxionPortal(mass).dark_photon_width(coupling)
        assert float(width) / mass == pytest.approx(0.1, rel=1e-9)
