"""Cards: mutated in every way, read, simulated and solved; and good ones, whose numbers must fit together."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import strategies as st

import darkmc
from fuzz.harness import bounded, folder, fuzz, own_words, tried
from fuzz.prepared import LIST_CARD, MESONS, SMALL
from fuzz.strategies import card_text, damaged, mutated, shipped, toml_values, with_wild_fields

MASSES = ((0.03, 0.0), (0.005, 0.0), (0.3, 0.01), (1e-3, 1e-3), (2.0, 0.0), (0.01, 0.05))
COUPLINGS = np.array([0.0, 1e-12, 1e-5, 1e-3, 1.0, 1e2])
EXPERIMENTS = (
    "charm-finegrained", "charm-decay", "nucal", "ship", "na62-dump", "belle2-phase3", "belle2-phase2",
    "babar",
    "babar-lowcut", "babar-highcut", "miniboone-offtarget", "lsnd",
)  # fmt: skip
FLUXES = ("bmpt-cu-400", "bmpt-fe-70", "sanford-wang-be-8gev", "burman-smith-lsnd")
RUNS = ("charm", "figure2", "figure3", "figure4", "figure8")
_QUICK = EXPERIMENTS[:8]
_CARDS = {name: shipped("detectors", name) for name in EXPERIMENTS}
_FLUX = {name: shipped("fluxes", name) for name in FLUXES}


def check_yields(value, error):
    """Check expected events: finite and not negative; errors not negative, if known."""
    assert np.all(np.isfinite(value)), value
    assert np.all(value >= 0.0), value
    assert not np.any(np.asarray(error) < 0.0), error


def use(experiment, masses, samples, solve):
    """Simulate, evaluate, and perhaps solve for the excluded couplings."""
    portal = darkmc.DarkAxionPortal(*masses)
    sample = experiment.simulate(portal, n_samples=samples, seed=1)
    check_yields(*sample.expected_events(COUPLINGS))
    assert sample.expected_events(0.0).value == 0.0
    flow = [part.value for part in sample.cutflow(1e-3).values()][1:]
    assert all(after <= before * (1 + 1e-9) for before, after in pairwise(flow)), flow
    if solve:
        exclusion = experiment.limit(sample)
        assert exclusion.intervals or exclusion.reason
        for interval in exclusion.intervals:
            assert (
                math.isnan(interval.upper)
                or math.isnan(interval.lower)
                or 0 < interval.lower < interval.upper
            )
    return True


def build(*arguments):
    """Make an experiment and use it; both may refuse."""
    name, overrides, masses, samples, solve = arguments
    return use(darkmc.Experiment(name, overrides=overrides), masses, samples, solve)


@st.composite
def cards(draw, names, most=3):
    return draw(mutated(_CARDS[draw(st.sampled_from(names))], most))


points = (st.sampled_from(MASSES), st.sampled_from((1, 2, 40)), st.booleans())


@fuzz(80, 12000, cards(_QUICK * 3 + EXPERIMENTS), *points)
def test_mutated_experiments(card, masses, samples, solve):
    with folder({"card.toml": card_text(card).encode("utf-8", "replace")}):
        tried(build, "card.toml", None, masses, samples, solve)


@fuzz(30, 4000, st.sampled_from(FLUXES[:2] * 3 + FLUXES).flatmap(lambda name: mutated(_FLUX[name])), *points)
def test_mutated_fluxes(card, masses, samples, solve):
    with folder({"flux.toml": card_text(card).encode("utf-8", "replace"), "small.toml": SMALL.encode()}):
        tried(build, "small.toml", {"source.flux": "flux.toml"}, masses, samples, solve)


@fuzz(40, 4000, st.one_of(with_wild_fields(SMALL), damaged(SMALL.encode())), *points)
def test_damaged_text(text, masses, samples, solve):
    with folder({"card.toml": text.encode("utf-8", "replace") if isinstance(text, str) else text}):
        tried(build, "card.toml", None, masses, samples, solve)


_KEYS = st.one_of(
    st.sampled_from(
        [
            "beam.pot",
            "geometry.centre_m",
            "cuts",
            "cuts.energy.min",
            "source",
            "",
            "a.b",
            "flux.ratios",
            "flux",
            1,
        ]
    ),
    st.text(max_size=5),
)


@fuzz(30, 3000, st.dictionaries(_KEYS, toml_values, max_size=2), *points)
def test_overrides(overrides, masses, samples, solve):
    with folder({"small.toml": SMALL.encode()}):
        tried(build, "small.toml", overrides, masses, samples, solve)


@fuzz(30, 1500, st.sampled_from(RUNS).flatmap(lambda name: mutated(shipped("runs", name))))
def test_mutated_runs(card):
    from darkmc.cards.load import load_card

    with folder({"run.toml": card_text(card).encode("utf-8", "replace")}):
        tried(load_card, "runs", "run.toml")


@fuzz(40, 1500, with_wild_fields(LIST_CARD), st.integers(0, 3))
def test_list_cards(text, seed):
    with folder({"flux.toml": text.encode("utf-8", "replace"), "list.txt": MESONS.encode()}):
        source = tried(darkmc.MesonSource, "flux.toml")
        if source is not None:
            drawn = tried(source.sample, "pi0", 5, seed)
            assert drawn is None or np.all(np.isfinite(np.stack(drawn)))


def between(low, high):
    """Numbers as people write them."""
    return st.floats(low, high).map(lambda x: round(x, 6))


good = st.fixed_dictionaries(
    {
        "geometry.centre_m": st.tuples(between(-5, 5), between(-5, 5), between(60, 500)).map(list),
        "geometry.size_m": st.tuples(between(0.1, 5), between(0.1, 5), between(0.1, 50)).map(list),
        "cuts.energy.min": between(0, 20),
        "signal.efficiency": between(0.01, 1),
        "observed.n_obs": st.integers(0, 30),
        "observed.background": between(0, 20),
        "simulation.spin_correlations": st.booleans(),
    }
)


@fuzz(8, 1000, good, st.floats(1e-3, 1e6), st.floats(0.002, 0.12), st.integers(0, 2**40))
def test_good_cards_give_numbers_that_fit_together(overrides, factor, m_dark_photon, seed):
    """N is proportional to the exposure, equal seeds give equal N, rate and limit agree at the edges."""
    with folder({"small.toml": SMALL.encode()}), own_words(), bounded():
        pot = 1e15 * factor
        first = darkmc.Experiment("small.toml", overrides={**overrides, "beam.pot": pot})
        second = darkmc.Experiment("small.toml", overrides={**overrides, "beam.pot": 4.0 * pot})
        portal = darkmc.DarkAxionPortal(m_dark_photon)
        sample, again, more = (
            experiment.simulate(portal, n_samples=500, at=1e-4, seed=seed)
            for experiment in (first, first, second)
        )
        value, error = sample.expected_events(COUPLINGS)
        check_yields(value, error)
        assert np.array_equal(value, again.expected_events(COUPLINGS).value)
        assert more.expected_events(COUPLINGS).value == pytest.approx(4.0 * value, rel=1e-12)
        for interval in first.limit(sample).intervals:
            for edge in (interval.lower, interval.upper):
                if math.isfinite(edge):
                    assert sample.expected_events(edge).value == pytest.approx(
                        first.excluded_events, rel=1e-6
                    )
