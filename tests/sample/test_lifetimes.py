"""Yields at any lifetime, from one sample: against sums by hand, 40 digits, limits and finite differences."""

from functools import lru_cache

import mpmath
import numpy as np
import pytest

import darkmc
from darkmc.core.constants import HBAR_C_GEV_M
from darkmc.core.errors import PhysicsError
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.sample import Sample

MASS, G = 0.03, 1e-4
LIGHT = 0.005
PORTAL = darkmc.DarkAxionPortal(MASS)
FEW = {"source.mesons": ["pi0"], "simulation.biasing": "none"}


@lru_cache
def charm(m_dark_photon=MASS, m_axion=0.0):
    card = "charm-decay" if m_axion == 0.0 else "charm-finegrained"
    made = darkmc.Experiment(card, overrides={**FEW, "simulation.biasing": "turned"})
    return made.simulate(darkmc.DarkAxionPortal(m_dark_photon, m_axion), n_samples=8000, seed=5)


@lru_cache
def lsnd(veto="geometry", signal="electron"):
    keys = {"simulation.veto": veto, "simulation.signal": signal}
    made = darkmc.Experiment("lsnd", overrides={**FEW, **keys})
    return made.simulate(darkmc.DarkAxionPortal(LIGHT), n_samples=28_000, seed=5)


def samples():
    return [charm(), lsnd(), lsnd("paper"), lsnd(signal="conversion")]


def ctau(mass, g, width=0.0):
    return HBAR_C_GEV_M / (darkmc.DarkAxionPortal(mass).dark_photon_width(g) + width)


@pytest.mark.parametrize("k", range(4))
@pytest.mark.parametrize("g", [1e-5, 1e-3, 0.1])
def test_the_lifetime_of_the_coupling_changes_nothing(k, g):
    sample = samples()[k]
    mass = MASS if k == 0 else LIGHT
    own = sample.expected_events(g)
    given = sample.expected_events(g, ctau=ctau(mass, g))
    assert given.value == pytest.approx(own.value, rel=1e-10, abs=1e-300)
    assert given.error == pytest.approx(own.error, rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("k", range(4))
def test_an_invisible_width_is_a_lifetime_and_ratios(k):
    """What the ratios lack to 1 is not seen: the same as a width beside the decays."""
    sample, mass, g = samples()[k], MASS if k == 0 else LIGHT, 3e-4
    portal = darkmc.DarkAxionPortal(mass)
    width = 2.0 * portal.dark_photon_width(g)
    ratios = {state: portal.branching_ratio(state) / 3.0 for state in ("a gamma", "a e- e+", "a mu- mu+")}
    first = sample.expected_events(g, invisible_width=width)
    second = sample.expected_events(g, ctau=ctau(mass, g, width), branching=ratios)
    assert first.value == pytest.approx(second.value, rel=1e-10)


def test_decays_in_flight_row_by_row():
    """Sum w G^2 b exp(-x_s/ctau) (1 - exp(-x_w/ctau)), lengths from the momenta of the events."""
    sample, width, g = charm(), 1e-13, 5e-5
    whole = 0.0
    for channel in sample.channel_rows:
        state = channel.name.split(" -> ")[1]
        length, passing = ctau(MASS, g, width), channel.passing
        inside = np.exp(-channel.rows.survive[passing] / length) - np.exp(
            -(channel.rows.survive[passing] + channel.rows.window[passing]) / length
        )
        ratio = PORTAL.partial_width(state, g) / (PORTAL.dark_photon_width(g) + width)
        weight = channel.rows.produced[passing] * channel.efficiency * channel.branching
        whole += g**2 * ratio * np.sum(weight * inside) / channel.rows.tried
    assert sample.expected_events(g, invisible_width=width).value == pytest.approx(whole, rel=1e-9)
    assert whole < 0.9 * sample.expected_events(g).value


@pytest.mark.parametrize(("veto", "signal"), [("geometry", "electron"), ("paper", "electron")])
def test_what_is_never_seen_is_not_vetoed(veto, signal):
    """With a huge invisible width a e -> gamma' e counts whole, as with no veto: weight G^4."""
    sample, g = lsnd(veto, signal), 0.3
    free = next(c for c in sample.channel_rows if c.name == "pi0: a scatters")
    whole = g**4 * np.sum(free.final.weight) / free.rows.tried
    only = Sample((free,), sample.cut_names, 5)
    assert only.expected_events(g).value < 0.2 * whole
    assert only.expected_events(g, invisible_width=1.0).value == pytest.approx(whole, rel=1e-4)


@pytest.mark.parametrize("k", range(4))
@pytest.mark.parametrize("ratio", [0.0, 0.3, 5.0])
def test_slopes_with_an_invisible_width(k, ratio):
    """Analytic against finite differences."""
    sample, mass, g = samples()[k], MASS if k == 0 else LIGHT, 3e-4
    width = ratio * darkmc.DarkAxionPortal(mass).dark_photon_width(g)
    step = 1e-4 * g
    values = sample.expected_events(g + step * np.array([-2, -1, 1, 2]), invisible_width=width).value
    difference = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
    slope = sum(
        np.sum(c.slopes(c.unstable.at(g, invisible_width=width))) / c.rows.tried for c in sample.channel_rows
    )
    assert slope == pytest.approx(difference, rel=1e-6)


def test_a_lifetime_that_is_given_leaves_a_power():
    """G^2 of production alone at CHARM, whatever the coupling."""
    sample = charm()
    low, high = sample.expected_events([1e-6, 1e-3], ctau=1e-3).value
    assert high / low == pytest.approx(1e6, rel=1e-12)
    channel = sample.channel_rows[0]
    point = channel.unstable.at(1e-4, 1e-3)
    assert np.sum(channel.slopes(point)) == pytest.approx(
        2.0 * np.sum(channel.contributions(point)) / 1e-4, rel=1e-12
    )


def near(window, second, veto=()):
    count = len(window)
    rows = Rows(
        np.ones(count),
        np.zeros(count),
        np.array(window),
        np.zeros(count, dtype=np.int32),
        np.arange(count),
        count,
        second=np.array(second),
        veto=np.array(veto, dtype=float),
    )
    return Sample((Channel("near", 4.0, 1.0, 1.0, 0, rows),), (), 1)


@pytest.mark.parametrize("g", [1e-10, 1e-6, 1e-3, 1.0])
def test_near_rows_keep_all_digits(g):
    """Against 40 digits: W(u) W(w) of a decay before the split and one inside."""
    window, second = [0.3, 2e4, 7.0], [1.7, 3e5, 0.2]
    with mpmath.workdps(40):
        g2 = mpmath.mpf(g) ** 2
        pairs = zip(window, second, strict=True)
        exact = sum(mpmath.expm1(-u * g2) * mpmath.expm1(-w * g2) for u, w in pairs) * g2**2 / 3
    assert near(window, second).expected_events(g).value == pytest.approx(float(exact), rel=4e-15)


def test_arguments_broadcast():
    sample = charm()
    grid = sample.expected_events(np.array([[1e-5], [1e-4]]), ctau=[1e-4, 1e-3, np.inf])
    assert grid.value.shape == grid.error.shape == (2, 3)
    assert grid.value[1, 0] == pytest.approx(sample.expected_events(1e-4, ctau=1e-4).value, rel=1e-14)
    assert np.all(grid.value[:, 2] == 0.0)  # what lives for ever is not seen
    both = sample.expected_events(1e-4, ctau=1e-3, invisible_width=[0.0, 1e-13])
    assert both.value[1] < both.value[0]


@pytest.mark.parametrize(
    "keys",
    [
        {"ctau": 0.0},
        {"ctau": -1.0},
        {"ctau": np.nan},
        {"ctau": "long"},
        {"invisible_width": -1e-15},
        {"invisible_width": np.inf},
        {"branching": {"a gama": 1.0}},
        {"branching": {"a gamma": 0.7, "a e- e+": 0.4}},
        {"branching": {"a gamma": -0.1}},
        {"branching": 0.5},
        {"ctau": [1.0, 2.0, 3.0], "invisible_width": [0.0, 1.0]},
    ],
)
def test_impossible_lifetimes(keys):
    with pytest.raises(PhysicsError):
        charm().expected_events(1e-4, **keys)


def test_the_nearest_final_state_is_named():
    with pytest.raises(PhysicsError, match="a gamma"):
        charm().expected_events(1e-4, branching={"a gama": 1.0})


def test_a_heavy_axion_lives_and_dies_likewise():
    portal = darkmc.DarkAxionPortal(1e-3, MASS)
    sample = charm(1e-3, MASS)
    width = portal.axion_width(G)
    half = sample.expected_events(G, ctau=HBAR_C_GEV_M / (2 * width), branching={"a gamma": 0.5})
    assert half.value == pytest.approx(sample.expected_events(G, invisible_width=width).value, rel=1e-10)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((-1e-4,), r"coupling must lie between 0 and 1e\+30 GeV\^-1, not -0\.0001"),
        ((float("nan"),), "coupling must lie between 0 .* not nan"),
        (([1e-4, -2.0],), "coupling must lie between 0 .* not -2"),
        (("1e-4",), r"coupling must be a number in GeV\^-1, or an array of them, not '1e-4'"),
        ((1e-4, -1.0), "ctau must be above zero, in m, not -1"),
        ((1e-4, None, -1.0), "invisible_width must be finite and not negative, in GeV, not -1"),
        (([1e-4, 1e-3], [1.0, 2.0, 3.0]), r"shapes \(2,\), \(3,\) of the arguments do not broadcast"),
    ],
)
def test_a_wrong_value_is_named(given, said):
    """Not that shapes do not fit together, which they do."""
    with pytest.raises(PhysicsError, match=said):
        charm().expected_events(*given)
