"""The scan of couplings, extrema and crossings against closed forms, in a coupling and in its logarithm."""

import math

import numpy as np
import pytest

from darkmc.core.intervals import LINEAR, LOGARITHMIC, crossing, scan_grid, with_extrema


@pytest.mark.parametrize("reach", [1e2, 3.7, 1e-3])
def test_scan_has_at_least_sixteen_points_per_decade_up_to_its_reach(reach):
    grid = scan_grid(reach)
    assert (grid[0], grid[-1]) == (1e-12, reach)
    assert np.max(grid[1:] / grid[:-1]) <= 10.0 ** (1 / 16) * (1.0 + 1e-12)
    assert len(grid) <= 16 * math.log10(reach / 1e-12) + 2


@pytest.mark.parametrize(("scale", "relative"), [(LINEAR, 1e-7), (LOGARITHMIC, 2e-6)])
def test_extrema_of_both_kinds_are_refined(scale, relative):
    """G^2 exp(-G) is largest at 2; its negative is smallest there; both twins join the scan in its order."""
    grid = scan_grid(1e2)
    for sign in (1.0, -1.0):
        values = sign * np.square(grid) * np.exp(-grid)
        place = int(np.argmax(np.abs(values)))
        refined, more = with_extrema(lambda g, s=sign: s * g**2 * math.exp(-g), grid, values, [place], scale)
        (new,) = set(refined) - set(grid)
        assert new == pytest.approx(2.0, rel=relative)
        assert more[refined == new] == pytest.approx(sign * 4.0 * math.exp(-2.0), rel=1e-11)
        assert np.all(np.diff(refined) > 0.0)
        assert np.array_equal(more[refined != new], values)


@pytest.mark.parametrize("scale", [LINEAR, LOGARITHMIC])
def test_crossings_to_their_digits(scale):
    found = crossing(lambda g: math.log(g**3 / 5e-21), 1e-12, 1e-6, scale)
    assert found == pytest.approx(5e-21 ** (1 / 3), rel=1e-10)


def test_a_linear_search_crosses_negative_couplings():
    assert crossing(lambda g: g**3 + 8.0, -3.0, -1.0, LINEAR) == pytest.approx(-2.0, rel=1e-12)
