"""LSND and MiniBooNE against an independent quadrature, analogue sampling and exact laws.

Numbers: tests/independent_scattering.py.  Chances of failure with fresh seeds: 6e-5 per pull below 4 (about
60 fast ones: 4e-3 in all), 1e-3 per yield within 1% (errors 0.3%), 5e-4 per pull below 3.5.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import pytest
from independent_scattering import CONVERSION, ELECTRON, END_POINT, M_E, POLARISED

import darkmc
from darkmc.cli import main
from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import mean_and_error
from darkmc.sample.rows import Rows

STABLE, PROMPT = 1e-9, 1e2
LSND, MINIBOONE = "lsnd", "miniboone-offtarget"
LATE = "a scatters after prompt decay"


# the source of the reference numbers: the fit on beryllium with 2.5 pi0 per proton
BERYLLIUM = {"source.flux": "sanford-wang-be-8gev", "source.flux_may_differ": ["target"]}


def experiment(name, **overrides):
    dotted = {key.replace("__", "."): v for key, v in overrides.items()}
    return darkmc.Experiment(name, overrides={**(BERYLLIUM if name == MINIBOONE else {}), **dotted})


@lru_cache(maxsize=8)
def plans(name, m, coupling, **overrides):
    made = experiment(name, **{key: list(v) if isinstance(v, tuple) else v for key, v in overrides.items()})
    made.topology.prepare()
    return {plan.name: plan for plan in made.plans(darkmc.DarkAxionPortal(1e-3 * m), [coupling])}


def channel(plan, n_chunks, seed):
    with ThreadPoolExecutor(2) as executor:
        parts = list(executor.map(lambda k: plan.run(seed, k, 4096), range(n_chunks)))
    return plan.channel(Rows.joined(parts))


def measured(plan, coupling, precision, seed=1):
    """Return yield and error of one channel from so many chunks as a pilot with other numbers asks for."""
    pilot = channel(plan, 6, seed + 1000)
    value, error = mean_and_error(pilot.contributions(coupling), pilot.rows.tried)
    if value == 0.0:
        return value, error
    n_chunks = min(int(7 * (error / value / precision) ** 2) + 8, 1500)
    made = channel(plan, n_chunks, seed)
    return mean_and_error(made.contributions(coupling), made.rows.tried)


def assert_agrees(plan, coupling, expected, precision=0.003, reference_error=6e-4):
    """Agreement within 4 errors and 1%; streams too small to be trained for reach errors of 1.3% only."""
    value, error = measured(plan, coupling, precision)
    value, error = value / coupling**4, error / coupling**4
    if expected == 0.0:
        assert value == error == 0.0
        return
    assert abs(value - expected) < 4 * np.hypot(error, reference_error * expected)
    assert abs(value / expected - 1) < max(0.01, 3 * error / expected)


FAST = {(LSND, "pi0", 5), (LSND, "pi0", 60), (MINIBOONE, "eta", 20)}
DECAYING = {(LSND, "pi0", 5), (MINIBOONE, "eta", 20)}
POINTS = [p if p in FAST else pytest.param(*p, marks=pytest.mark.slow) for p in ELECTRON]
OTHERS = [p if p in DECAYING else pytest.param(*p, marks=pytest.mark.slow) for p in ELECTRON]


@pytest.fixture
def precision(request):
    """Return the error asked of a yield: what is slow may cost more."""
    return 0.003 if request.node.get_closest_marker("slow") else 0.005


@pytest.mark.parametrize("spin", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "meson", "m"), POINTS)
def test_stable_states_against_the_quadrature(name, meson, m, spin, precision):
    """N/G^4 of the meson's own axion and dark photon for G -> 0."""
    made = plans(name, m, STABLE, source__mesons=(meson,), simulation__spin_correlations=spin)
    factors = END_POINT.get(m, (1.0,) * 4) if name == LSND else (1.0,) * 4
    axion, average, *_ = ELECTRON[name, meson, m]
    dark_photon = POLARISED[name, meson, m] if spin else average
    for k, (state, expected) in enumerate((("a", axion), ("gamma'", dark_photon))):
        plan = made[f"{meson}: {state} scatters"]
        assert_agrees(plan, STABLE, expected * factors[k], precision, reference_error=1e-3)


@pytest.mark.parametrize("spin", [True, False])
@pytest.mark.parametrize(("name", "meson", "m"), OTHERS)
def test_prompt_states_against_the_quadrature(name, meson, m, spin, precision):
    """N/G^4 of the two axions for large G, photons accepted."""
    overrides = {"simulation__veto": "accept", "simulation__spin_correlations": spin}
    made = plans(name, m, PROMPT, source__mesons=(meson,), **overrides)
    expected = ELECTRON[name, meson, m]
    factors = END_POINT.get(m, (1.0,) * 4) if name == LSND else (1.0,) * 4
    branching = darkmc.DarkAxionPortal(1e-3 * m).branching_ratio("a gamma")
    assert_agrees(made[f"{meson}: a scatters"], PROMPT, expected[0] * factors[0], precision)
    late = 2 if spin else 3
    assert_agrees(made[f"{meson}: {LATE}"], PROMPT, branching * expected[late] * factors[late], precision)
    gone = (f"{meson}: gamma' scatters", f"{meson}: a scatters after decay upstream")
    assert all(measured(made[name], PROMPT, 0.1) == (0.0, 0.0) for name in gone)


@pytest.mark.parametrize("spin", [True, False])
@pytest.mark.parametrize(("name", "meson", "m"), OTHERS)
def test_prompt_conversion_against_the_quadrature(name, meson, m, spin, precision):
    """N/G^4 of the meson's axion on carbon and hydrogen together, the new dark photon's decay at once."""
    overrides = {"simulation__signal": "conversion", "simulation__spin_correlations": spin}
    made = plans(name, m, PROMPT, source__mesons=(meson,), **overrides)
    carbon_and_hydrogen = CONVERSION[name, meson, m][1 if spin else 0 :: 2]
    branching = darkmc.DarkAxionPortal(1e-3 * m).branching_ratio("a gamma")
    expected = branching * sum(carbon_and_hydrogen)
    assert_agrees(made[f"{meson}: a converts"], PROMPT, expected, precision, reference_error=2.5e-3)


# detectors nearer and larger, so that mesons as they come hit them
NEARER = {
    LSND: {
        "geometry__centre_m": [0.0, -4.65, 16.0],
        "geometry__radius_m": 6.0,
        "geometry__length_m": 20.0,
        "geometry__active__centre_m": [0.0, -4.65, 16.0],
        "geometry__active__radius_m": 6.35,
        "geometry__active__length_m": 20.0,
    },
    MINIBOONE: {
        "geometry__centre_m": [0.0, -1.9, 40.0],
        "geometry__radius_m": 10.0,
        "geometry__active__centre_m": [0.0, -1.9, 40.0],
        "geometry__active__radius_m": 10.75,
    },
}
# experiment, veto, signal, m' in MeV, coupling, analogue primaries for an error below 2%
ANALOGUE = [
    (LSND, "geometry", "electron", 5, 1e-9, 600_000),
    (LSND, "accept", "electron", 5, 3e-3, 800_000),
    (LSND, "geometry", "all", 10, 3e-3, 800_000),
]
ANALOGUE_SLOW = [
    *((name, "geometry", "electron", m, 1e-9, 2_000_000) for name in NEARER for m in (1, 5, 10, 20, 40)),
    *(
        (LSND, "accept", "electron", m, 1e2, n)
        for m, n in ((1, 2e6), (3, 2e6), (5, 2e6), (10, 4e6), (15, 12e6))
    ),
    *((MINIBOONE, "accept", "electron", m, 1e2, 2e6) for m in (1, 5, 10, 20, 40)),
    *((LSND, "geometry", "electron", m, g, 8e6) for m, g in ((1, 3e-2), (2, 6e-3), (3, 3e-3), (5, 1e-3))),
    *(
        (MINIBOONE, "geometry", "electron", m, g, 8e6)
        for m, g in ((1, 3e-2), (3, 1e-2), (5, 3e-3), (10, 6e-4))
    ),
    (MINIBOONE, "paper", "electron", 5, 3e-3, 2e6),
    *((LSND, "paper", "electron", m, g, 8e6) for m, g in ((1, 1e-1), (3, 1e-2), (5, 3e-3), (10, 6e-4))),
    *((MINIBOONE, "paper", "electron", m, g, 8e6) for m, g in ((3, 3e-2), (5, 6e-3), (10, 2e-3))),
    *((name, "accept", "all", m, g, 4e6) for name in NEARER for m, g in ((3, 1e-3), (10, 3e-4), (10, 3e-3))),
]


def assert_analogue_agrees(name, veto, signal, m, coupling, n_samples, precision=0.006):
    portal = darkmc.DarkAxionPortal(1e-3 * m)
    more = {"simulation__veto": veto, "simulation__signal": signal}
    turned = experiment(name, **NEARER[name], **more)
    drawn = experiment(name, **NEARER[name], **more, simulation__biasing="none")
    one = turned.simulate(portal, precision=precision, at=coupling, seed=3).expected_events(coupling)
    with ThreadPoolExecutor(2) as executor:
        made = drawn.simulate(portal, n_samples=int(n_samples), seed=5, executor=executor)
    two = made.expected_events(coupling)
    assert one.error < 0.02 * one.value
    assert two.error < 0.02 * two.value
    assert abs(one.value - two.value) < 3.5 * np.hypot(one.error, two.error)


@pytest.mark.parametrize(
    "point", [ANALOGUE[0], *(pytest.param(p, marks=pytest.mark.slow) for p in ANALOGUE[1:])]
)
def test_turned_and_analogue_sampling_agree(point):
    """Three pulls below 3.5: chance 1e-3."""
    assert_analogue_agrees(*point, precision=0.012)


@pytest.mark.slow
@pytest.mark.parametrize("point", ANALOGUE_SLOW)
def test_turned_and_analogue_sampling_agree_everywhere(point):
    """Long-lived, prompt and between, five masses each; 38 pulls below 3.5: chance 2%."""
    assert_analogue_agrees(*point)


@pytest.mark.slow
def test_every_channel_agrees_with_analogue_sampling():
    """Eight pulls below 4: chance 5e-4."""
    portal, couplings = darkmc.DarkAxionPortal(0.005), np.array([1e-3, 1e-2])
    flows = []
    for biasing, n in (("turned", 80_000), ("none", 1_000_000)):
        made = experiment(LSND, **NEARER[LSND], simulation__veto="accept", simulation__biasing=biasing)
        with ThreadPoolExecutor(2) as executor:
            flows.append(
                made.simulate(portal, n_samples=n, at=couplings, seed=6, executor=executor).channels(
                    couplings
                )
            )
    for name, turned in flows[0].items():
        analogue = flows[1][name]
        assert np.all(np.abs(turned.value - analogue.value) < 4 * np.hypot(turned.error, analogue.error))


@pytest.mark.parametrize("veto", ["geometry", "paper", "accept"])
@pytest.mark.parametrize(("name", "m"), [(LSND, 5), (MINIBOONE, 60)])
def test_stable_yields_grow_like_the_fourth_power(name, m, veto):
    sample = experiment(name, simulation__veto=veto).simulate(
        darkmc.DarkAxionPortal(1e-3 * m), n_samples=16_000, at=STABLE
    )
    value, slope = (part.value for part in (sample.expected_events(STABLE), sample.slope(STABLE)))
    assert slope * STABLE / value == pytest.approx(4.0, abs=1e-6)
    low, high = sample.expected_events([STABLE, 2 * STABLE]).value
    assert high / low == pytest.approx(16.0, rel=1e-6)


@pytest.mark.parametrize(("name", "m"), [(LSND, 5), (MINIBOONE, 20)])
def test_prompt_yields_grow_like_the_fourth_power(name, m):
    sample = experiment(name, simulation__veto="accept").simulate(
        darkmc.DarkAxionPortal(1e-3 * m), n_samples=16_000, at=PROMPT
    )
    assert sample.slope(PROMPT).value * PROMPT / sample.expected_events(PROMPT).value == pytest.approx(4.0)
    low, high = sample.expected_events([1.0, PROMPT]).value
    assert high / low == pytest.approx(1e8, rel=1e-9)


@pytest.mark.slow
def test_vetoes_agree_for_stable_states_and_order_beyond():
    """Nothing decays: any veto leaves the same; then accepting loses nothing, and the others lose more."""
    portal, couplings = darkmc.DarkAxionPortal(0.005), np.array([STABLE, 3e-3, 1e-2])
    made = {
        veto: experiment(LSND, simulation__veto=veto)
        .simulate(portal, n_samples=80_000, at=couplings, seed=2)
        .expected_events(couplings)
        for veto in ("geometry", "paper", "accept")
    }
    for veto in ("geometry", "paper"):
        pull = (made[veto].value - made["accept"].value) / np.hypot(made[veto].error, made["accept"].error)
        assert abs(pull[0]) < 4
        assert np.all(pull[1:] < -10)


@pytest.mark.parametrize("veto", ["geometry", "paper"])
def test_powers_of_each_channel(veto):
    """Decays upstream cost G^2 each; where a veto asks for survival nothing is left at large G."""
    portal = darkmc.DarkAxionPortal(0.01)
    sample = experiment(LSND, simulation__veto=veto).simulate(portal, n_samples=40_000, at=1e-8, seed=2)
    low, high, prompt = (sample.channels(g) for g in (1e-8, 1e-7, 1.0))
    for name, power in (
        ("a scatters", 4.0),
        ("gamma' scatters", 4.0),
        (LATE, 6.0),
        ("a scatters after decay upstream", 6.0),
    ):
        key = f"pi0: {name}"
        assert np.log10(high[key].value / low[key].value) == pytest.approx(power, abs=1e-3)
        assert prompt[key].value < 1e-12 * (1e8) ** 4 * low["pi0: a scatters"].value


@pytest.mark.parametrize("veto", ["geometry", "paper", "accept"])
def test_the_slope_is_the_derivative(veto):
    sample = experiment(LSND, simulation__veto=veto, simulation__signal="all").simulate(
        darkmc.DarkAxionPortal(0.005), n_samples=30_000, at=3e-3, seed=2
    )
    for g in (3e-4, 3e-3, 1e-2):
        low, high = sample.expected_events([g * (1 - 1e-5), g * (1 + 1e-5)]).value
        assert sample.slope(g).value == pytest.approx((high - low) / (2e-5 * g), rel=1e-5)


def test_every_channel_closes_where_it_must():
    """Exactly nothing from a e -> gamma' e at 60 MeV (threshold 3.6 GeV), nor at 90 MeV at MiniBooNE."""
    for name, m in ((LSND, 0.06), (MINIBOONE, 0.09)):
        sample = experiment(name).simulate(darkmc.DarkAxionPortal(m), n_samples=40_000, at=1e-8)
        for channel_name, part in sample.channels(np.array([1e-8, 1e-3, 1.0])).items():
            if "gamma' scatters" in channel_name:
                assert part.value[0] > 0.0
            else:
                assert np.all(part.value == 0.0)
                assert np.all(part.error == 0.0)


def test_scattering_opens_at_its_threshold():
    """E = m'(m' + 2 m_e)/(2 m_e): no row of a softer axion counts, harder ones do."""
    m = 0.02
    threshold = m * (m + 2 * M_E) / (2 * M_E)
    made = plans(MINIBOONE, 1e3 * m, 1e-6, source__mesons=("eta",), cuts=())["eta: a scatters"]
    rows, events = made.run_events(1, 0, 60_000)
    energy = events.momenta["axion"][0]
    assert np.count_nonzero(energy < threshold) > 20
    assert np.all(rows.produced[energy < threshold] == 0.0)
    assert np.all(rows.produced[energy > threshold * (1 + 1e-9)] > 0.0)
    assert energy[rows.produced > 0].min() < 1.1 * threshold


@pytest.mark.parametrize(
    ("name", "masses", "threshold"),
    [(LSND, (0.14, 0.0), "0.134977"), (LSND, (0.07, 0.07), "0.134977"), (MINIBOONE, (0.55, 0.0), "0.547862")],
)
def test_closed_points_are_results(name, masses, threshold, tmp_path, capsys):
    made, portal = experiment(name), darkmc.DarkAxionPortal(*masses)
    assert threshold in made.closed(portal)
    sample = made.simulate(portal, n_samples=1000)
    assert sample.expected_events(1e-3) == (0.0, 0.0)
    exclusion = made.limit(sample)
    assert exclusion.intervals == ()
    assert threshold in exclusion.reason
    with pytest.raises(PhysicsError, match=threshold):
        made.generate(portal, 1e-3, 10)
    grid = f"{masses[0]},{masses[0] + 0.01}"
    out = tmp_path / "limit.csv"
    assert main(["limit", name, "--m-dark-photon", grid, "--m-axion", str(masses[1]), "-o", str(out)]) == 2
    capsys.readouterr()


def test_one_meson_closes_and_the_other_stays_open():
    sample = experiment(MINIBOONE).simulate(darkmc.DarkAxionPortal(0.2), n_samples=10_000, at=1e-6)
    assert all(name.startswith("eta") for name in sample.channels(1e-6))
    assert sample.expected_events(1e-6).value > 0.0


@pytest.mark.slow
def test_exchange_of_the_two_masses():
    """Production and |M|^2 are symmetric in a and gamma', the average over a gamma' is 1/3.

    Stable, light state: three times as many (m' = 10, m_a = 5) as the other way round; heavy state a third.
    Prompt, without spin: the same factor of three once more.  Three pulls below 4: chance 2e-4.
    """

    def yields(m_dark_photon, m_axion, coupling, **more):
        made = experiment(LSND, simulation__spin_correlations=False, **more)
        made.topology.prepare()
        portal = darkmc.DarkAxionPortal(m_dark_photon, m_axion)
        found = {plan.number % 100: plan for plan in made.plans(portal, [coupling])}
        return {number: measured(plan, coupling, 0.02) for number, plan in found.items()}, portal

    heavy_photon, portal = yields(0.01, 0.005, STABLE)
    heavy_axion, _ = yields(0.005, 0.01, STABLE)
    for number, factor in ((20, 3.0), (21, 1 / 3)):
        (one, e1), (two, e2) = heavy_photon[number], heavy_axion[number]
        assert abs(one - factor * two) < 4 * np.hypot(e1, factor * e2)
    (one, e1), (two, e2) = (
        yields(*masses, PROMPT, simulation__veto="accept")[0][22] for masses in ((0.01, 0.005), (0.005, 0.01))
    )
    branching = portal.branching_ratio("a gamma")
    assert abs(one / branching - 3 * two) < 4 * np.hypot(e1, 3 * e2)


def test_names_follow_the_roles():
    made = experiment(LSND).plans(darkmc.DarkAxionPortal(0.005, 0.01))
    assert [plan.name for plan in made] == [
        "pi0: gamma' scatters",
        "pi0: a scatters",
        "pi0: gamma' scatters after prompt decay",
        "pi0: gamma' scatters after decay upstream",
    ]


@pytest.mark.parametrize("veto", ["geometry", "paper", "accept"])
def test_equal_masses_are_stable(veto):
    """Neither decays: two channels, G^4 for ever, and three times as many from axions (spin average)."""
    portal = darkmc.DarkAxionPortal(0.01, 0.01)
    made = experiment(
        LSND, simulation__veto=veto, simulation__signal="all", simulation__spin_correlations=False
    )
    sample = made.simulate(portal, precision=0.01, at=1e-3)
    a, prime = (sample.channels(1e-3)[f"pi0: {state} scatters"] for state in ("a", "gamma'"))
    assert len(sample.channel_rows) == 2
    assert abs(a.value - 3 * prime.value) < 4 * np.hypot(a.error, 3 * prime.error)
    low, high = sample.expected_events([1e-9, 1e2]).value
    assert high / low == pytest.approx(1e44, rel=1e-9)
    exclusion = made.limit(sample)
    assert exclusion.lower == pytest.approx((110 / low) ** 0.25 * 1e-9, rel=1e-6)
    assert np.isnan(exclusion.upper)
    assert "open above" in exclusion.reason


@pytest.mark.slow
@pytest.mark.parametrize(("name", "m"), [(LSND, 1), (LSND, 2), (MINIBOONE, 2)])
def test_iteration_of_the_paper_finds_the_lower_edge(name, m):
    made = darkmc.Experiment(name, preset="published")
    sample = made.simulate(darkmc.DarkAxionPortal(1e-3 * m), precision=0.01, seed=2)
    bracket, iterated = made.limit(sample), made.limit(sample, method="iterative")
    target = made.excluded_events
    assert iterated.lower == pytest.approx(bracket.lower, rel=0.01)
    assert np.isnan(iterated.upper)
    assert np.isfinite(bracket.upper)
    assert iterated.method == "iterative"
    start = STABLE * (target / sample.expected_events(STABLE).value) ** 0.25
    assert iterated.history[0][0] == pytest.approx(start, rel=1e-6)
    assert iterated.history[-1] == (iterated.lower, pytest.approx(target, rel=0.01))
    for (g, n), (following, _) in zip(iterated.history[:-1], iterated.history[1:], strict=True):
        assert following == pytest.approx(g * (target / n) ** 0.25, rel=1e-12)
        assert sample.expected_events(g).value == pytest.approx(n, rel=1e-12)
    for exclusion in (bracket, iterated):
        assert 0.0 < exclusion.lower_error < 0.01 * exclusion.lower
    value, error = sample.expected_events(bracket.lower)
    assert value == pytest.approx(target, rel=1e-6)
    assert bracket.lower_error == pytest.approx(error / sample.slope(bracket.lower).value, rel=1e-6)
    assert bracket.upper_error > 0.0


@pytest.mark.parametrize("n_samples", [None, 14_000])
def test_same_bits_for_any_number_of_workers(n_samples):
    portal = darkmc.DarkAxionPortal(0.01)
    goal = {"n_samples": n_samples, "at": [1e-3]} if n_samples else {"precision": 0.05, "at": [1e-3]}
    made = []
    for workers in (None, 2):
        mine = experiment(LSND, simulation__signal="all")
        if workers is None:
            made.append(mine.simulate(portal, seed=5, **goal))
            continue
        with ThreadPoolExecutor(workers) as executor:
            made.append(mine.simulate(portal, seed=5, executor=executor, **goal))
    for other in made[1:]:
        for column in ("weight", "power", "tau_survive", "tau_window"):
            np.testing.assert_array_equal(getattr(other, column), getattr(made[0], column))
    other = experiment(LSND, simulation__signal="all").simulate(portal, seed=6, **goal)
    assert not np.array_equal(other.weight[:10], made[0].weight[:10])


def shares_within(coupling, expected, seeds, **overrides):
    """Return how often a known yield lies within one and two quoted errors of small samples."""
    made = experiment(LSND, **overrides)
    made.topology.prepare()
    found = made.plans(darkmc.DarkAxionPortal(0.005), [coupling])
    pulls = []
    for seed in range(seeds):
        parts = [plan.channel(plan.run(seed, 0, 4096)) for plan in found]
        yields = [mean_and_error(part.contributions(coupling), part.rows.tried) for part in parts]
        value, error = sum(v for v, _ in yields), np.sqrt(sum(e**2 for _, e in yields))
        pulls.append((value - expected) / error)
    return np.mean(np.abs(pulls) < 1), np.mean(np.abs(pulls) < 2)


def truth(coupling, late):
    a, _, spin, _ = ELECTRON[LSND, "pi0", 5]
    prime = POLARISED[LSND, "pi0", 5]
    branching = darkmc.DarkAxionPortal(0.005).branching_ratio("a gamma")
    return (a + (branching * spin if late else prime)) * coupling**4


def test_quoted_errors_cover_the_truth_60_seeds():
    """Binomial, 60 trials: 68% +- 6%; chance 0.2%."""
    one, two = shares_within(STABLE, truth(STABLE, False), 60)
    assert 0.49 < one < 0.87
    assert two > 0.86


@pytest.mark.slow
@pytest.mark.parametrize(
    ("coupling", "veto", "late"),
    [(STABLE, "geometry", False), (PROMPT, "accept", True), (STABLE, "paper", False)],
)
def test_quoted_errors_cover_the_truth(coupling, veto, late):
    """600 seeds: 68% +- 1.9%, 95% +- 0.9%; chance 1e-4 each."""
    one, two = shares_within(coupling, truth(coupling, late), 600, simulation__veto=veto)
    assert abs(one - 0.683) < 0.075
    assert abs(two - 0.954) < 0.035
