"""Tables as sources: what files hold, what cards say of it, and what becomes of it."""

import time

import numpy as np
import pytest
import uproot
from table_cards import ANGLES, LOGS, TRANSVERSE, fit_contents, rows, smooth_contents, table_card

import darkmc
from darkmc.cards.flux_table import MesonTable
from darkmc.sources.lists.bins import read_bins

LOG_THETA, LOG_P = np.linspace(-5.0, 0.4, 55), np.linspace(-0.5, 2.5, 31)
CONTENTS = smooth_contents(10.0**LOG_P, 10.0**LOG_THETA).T  # theta first, as in the file


@pytest.fixture
def raw(tmp_path):
    return rows(tmp_path / "pi0.txt", (LOG_THETA, LOG_P), CONTENTS)


def source(path, **overrides):
    return darkmc.MesonSource(str(path), overrides or None)


def per_pot(path):
    return source(path).shape("pi0").contents.sum()


def parquet_of(folder):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    theta, p = np.meshgrid(*(0.5 * (axis[1:] + axis[:-1]) for axis in (LOG_THETA, LOG_P)), indexing="ij")
    named = {"weight": CONTENTS.ravel(), "x": theta.ravel(), "y": p.ravel()}
    parquet.write_table(pyarrow.table(named), folder / "pi0.parquet")
    return table_card(folder, {"pi0": "pi0.parquet"}, more='columns = ["x", "y", "weight"]')


def csv_of(folder):
    theta, p = np.meshgrid(*(0.5 * (axis[1:] + axis[:-1]) for axis in (LOG_THETA, LOG_P)), indexing="ij")
    table = np.stack([p.ravel(), theta.ravel(), CONTENTS.ravel()], axis=1)
    np.savetxt(folder / "pi0.csv", table, fmt="%.17g", delimiter=",", header="p,theta,n", comments="# made\n")
    return table_card(folder, {"pi0": "pi0.csv"}, more='columns = ["theta", "p", "n"]')


def root_of(folder):
    with uproot.recreate(folder / "pi0.root") as file:
        file["h"] = (CONTENTS, LOG_THETA, LOG_P)
    return table_card(folder, {"pi0": "pi0.root"}, points="edges", more='histogram = "h"')


def edges_of(folder):
    """As densities in p and theta, momentum first."""
    p, theta = 10.0**LOG_P, 10.0**LOG_THETA
    low = np.meshgrid(p[:-1], theta[:-1], indexing="ij")
    high = np.meshgrid(p[1:], theta[1:], indexing="ij")
    density = CONTENTS.T / (high[0] - low[0]) / (high[1] - low[1])
    columns = [low[0], high[0], low[1], high[1], density]
    np.savetxt(folder / "pi0.dat", np.stack([one.ravel() for one in columns], axis=1), fmt="%.17g")
    return table_card(folder, {"pi0": "pi0.dat"}, ANGLES, points="edges", values="density")


def energies_of(folder):
    p, theta, mass = 10.0**LOG_P, 10.0**LOG_THETA, 0.1349768
    energy = np.hypot(p, mass)
    low = np.meshgrid(energy[:-1], theta[:-1], indexing="ij")
    high = np.meshgrid(energy[1:], theta[1:], indexing="ij")
    columns = [low[0], high[0], low[1], high[1], CONTENTS.T]
    np.savetxt(folder / "pi0.dat", np.stack([one.ravel() for one in columns], axis=1), fmt="%.17g")
    return table_card(folder, {"pi0": "pi0.dat"}, ("E_GeV", "theta_rad"), points="edges")


@pytest.mark.parametrize("made", [parquet_of, csv_of, root_of, edges_of, energies_of])
def test_every_format_is_the_same_table(tmp_path, raw, made):
    """Contents to 1e-12, but for momenta from energies."""
    assert raw.is_file()
    plain = source(table_card(tmp_path, {"pi0": "pi0.txt"})).shape("pi0")
    other = source(made(tmp_path)).shape("pi0")
    np.testing.assert_allclose(other.contents, plain.contents, rtol=1e-12)
    np.testing.assert_allclose(other.momenta, plain.momenta, rtol=1e-6)
    np.testing.assert_allclose(other.across, plain.across, rtol=1e-12)


@pytest.mark.parametrize(
    ("words", "factor"),
    [
        ({"per": "pot", "top": "target_interaction = 0.5"}, 1.0),
        ({"per": "interaction", "top": "target_interaction = 0.5"}, 0.5),
        ({"per": "pb", "more": "cross_section_mb = 78.0"}, 1.0 / 78e9),
        ({"per": "pot", "hemispheres": 2}, 0.5),
    ],
)
def test_what_a_number_stands_for(tmp_path, raw, words, factor):
    assert raw.is_file()
    found = per_pot(table_card(tmp_path, {"pi0": "pi0.txt"}, **words))
    assert found == pytest.approx(CONTENTS.sum() * factor, rel=1e-13)


def test_species_have_their_own_tables(tmp_path, raw):
    rows(tmp_path / "eta.txt", (LOG_THETA, LOG_P), 0.1 * CONTENTS)
    card = table_card(tmp_path, {"pi0": raw.name, "eta": "eta.txt"}, top="pi0_per_pot = 2.0")
    made = source(card, **{"ratios.omega": 0.05, "ratio_references.omega": "made"})
    assert made.ratio("eta") == pytest.approx(0.1, rel=1e-12)
    for meson, expected in (("pi0", 2.0), ("eta", 0.2), ("omega", 0.1)):
        assert made.sample(meson, 1000)[2].sum() == pytest.approx(expected, rel=1e-12)
    alone = source(table_card(tmp_path, {"eta": "eta.txt"}))
    assert alone.sample("eta", 1000)[2].sum() == pytest.approx(0.1 * CONTENTS.sum(), rel=1e-12)
    assert alone.ratio("eta") == np.inf
    with pytest.raises(darkmc.CardError, match="no 'pi0'"):
        alone.sample("pi0", 10)


def noisy():
    """Return a generator's table: few events close to the axis, empty bins, single events."""
    return np.random.default_rng(1).poisson(CONTENTS / CONTENTS.sum() * 20_000).astype(float)


@pytest.mark.parametrize("variables", [LOGS, TRANSVERSE])
def test_turned_is_analogue(tmp_path, variables):
    """A raw table through the whole program, N at two couplings; chance of failure below 1e-4."""
    axes, contents = (LOG_THETA, LOG_P), noisy()
    if variables is TRANSVERSE:
        axes = LOG_P, np.linspace(-3.0, 0.5, 36)
        mean = smooth_contents(10.0 ** axes[0], 10.0 ** axes[1], True)
        contents = np.random.default_rng(2).poisson(mean / mean.sum() * 20_000).astype(float)
    rows(tmp_path / "pi0.txt", axes, contents, empty=True)
    card = table_card(tmp_path, {"pi0": "pi0.txt"}, variables, more="n_generated = 1")
    found = []
    for biasing, n in (("turned", 100_000), ("none", 400_000)):
        changes = {"source.flux": card, "source.mesons": ["pi0"], "simulation.biasing": biasing}
        experiment = darkmc.Experiment("charm-decay", overrides=changes)
        sample = experiment.simulate(darkmc.DarkAxionPortal(0.03), n_samples=n, seed=3)
        found.append([sample.estimate(coupling) for coupling in (1e-5, 1e-4)])
    for one, other in zip(*found, strict=True):
        assert abs(one.value - other.value) < 4.0 * np.hypot(one.draw_error, other.draw_error)
        assert one.draw_error < 0.03 * one.value


def test_a_table_of_a_fit_gives_its_limits(tmp_path):
    """Edges within 0.5% of the fit's, with errors of 0.1%."""
    p, theta = np.linspace(0.2, 400.0, 800), np.concatenate([[0.0], np.geomspace(2e-5, 0.2, 160)])
    contents = fit_contents("bmpt-cu-400", p, theta)
    low, high = np.meshgrid(p[:-1], theta[:-1], indexing="ij"), np.meshgrid(p[1:], theta[1:], indexing="ij")
    columns = [low[0], high[0], low[1], high[1], contents]
    np.savetxt(tmp_path / "pi0.txt", np.stack([one.ravel() for one in columns], axis=1)[contents.ravel() > 0])
    card = table_card(tmp_path, {"pi0": "pi0.txt"}, ANGLES, points="edges")
    edges = []
    for flux in (card, "bmpt-cu-400"):
        changes = {"source.flux": flux, "source.mesons": ["pi0"]}
        experiment = darkmc.Experiment("charm-decay", overrides=changes)
        sample = experiment.simulate(darkmc.DarkAxionPortal(0.02), precision=0.005, seed=1)
        found = experiment.limit(sample)
        edges.append((found.lower, found.upper))
    np.testing.assert_allclose(edges[0], edges[1], rtol=5e-3)


def test_errors_of_bins_are_quoted(tmp_path):
    """60 tables of Poisson numbers scatter by the error that each quotes beside that of the draws."""
    values, quoted = [], []
    rng = np.random.default_rng(7)
    for seed in range(60):
        contents = rng.poisson(CONTENTS / CONTENTS.sum() * 30_000).astype(float)
        rows(tmp_path / "pi0.txt", (LOG_THETA, LOG_P), contents, empty=True)
        card = table_card(tmp_path, {"pi0": "pi0.txt"}, more="n_generated = 1")
        changes = {"source.flux": card, "source.mesons": ["pi0"]}
        experiment = darkmc.Experiment("charm-decay", overrides=changes)
        sample = experiment.simulate(darkmc.DarkAxionPortal(0.03), n_samples=8192, seed=seed)
        found = sample.estimate(1e-5)
        values.append(found.value)
        quoted.append(found.error)
    scatter = np.std(values)
    assert np.sqrt(np.mean(np.square(quoted))) == pytest.approx(scatter, rel=0.35)  # 9% each: 3 to 4 of them


def test_bins_up_and_down_are_alternatives(tmp_path, raw):
    """Cells beyond the core are moved by one over the root of their events, at most to zero."""
    made = source(table_card(tmp_path, {"pi0": raw.name}, more="n_generated = 1000000"))
    events = np.maximum(np.rint(1e6 * made.shape("pi0").contents), 1.0)
    for name, sign in (("bins-up", 1.0), ("bins-down", -1.0)):
        moved, plain = (one.shape("pi0").contents[:, 46:] for one in (made.alternatives[name], made))
        np.testing.assert_allclose(moved, plain * (1.0 + sign / np.sqrt(events[:, 46:])), rtol=1e-12)
    assert not source(table_card(tmp_path, {"pi0": raw.name})).alternatives


FAULTS = [
    ("-2 1 -1\n-1 1.1 2\n", {}, "-1: it must be finite"),
    ("-2 1 nan\n-1 1.1 1\n", {}, "nan: it must be finite"),
    ("-2 1 1\n-2 1.1 1\n", {}, "one value only"),
    ("-2 1 1\n-1 1 1\n-1 1.1 2\n-1 1.1 2\n", {}, "stands twice"),
    ("-2 1 1\n-1.9 1 1\n-1.75 1.1 2\n", {}, "not evenly spaced"),
    ("-2 1\n", {}, "2 columns, not 3"),
    ("-2 1 x\n", {}, "x"),
    ("", {}, "0 columns"),
    ("-2 1 0\n-1 1.1 0\n", {}, "all bins are empty"),
    ("-2 3 1\n-1 3.1 1\n", {}, "from a beam of 400 GeV"),
    ("2 1 1\n2.1 1.1 1\n", {}, "beyond pi"),
    ("-2 1 1\n-1 1.1 1\n", {"per": "pb"}, "cross_section_mb"),
    ("-2 1 1\n-1 1.1 1\n", {"more": 'columns = ["a", "b"]'}, "3 names"),
    ("-2 1 1\n-1 1.1 1\n", {"more": 'columns = ["a", "b", "c"]'}, "no line of names"),
    ("-2 1 1\n-1 1.1 1\n", {"variables": ("p_GeV", "log10_p_GeV")}, "variables must be"),
    ("-1 1 1\n0 0 1\n", {"variables": TRANSVERSE}, "above their momentum"),
    ("0 1 0 0.1 1\n0 2 0.1 0.2 1\n1 2 0 0.1 1", {"variables": ANGLES, "points": "edges"}, "not one bin"),
]


@pytest.mark.parametrize(("text", "words", "message"), FAULTS, ids=[fault[2] for fault in FAULTS])
def test_what_is_wrong_is_said(tmp_path, text, words, message):
    (tmp_path / "pi0.txt").write_text(text)
    with pytest.raises(darkmc.CardError, match=message) as raised:
        source(table_card(tmp_path, {"pi0": "pi0.txt"}, **words))
    assert "\n" not in str(raised.value)


def test_bins_that_do_not_reach_the_axis_are_remarked(tmp_path):
    axes = np.linspace(-1.0, 0.4, 15), LOG_P
    rows(tmp_path / "pi0.txt", axes, np.ones((14, 30)))
    with pytest.warns(darkmc.ValidityWarning, match=r"begin at 0\.1 rad"):
        source(table_card(tmp_path, {"pi0": "pi0.txt"}))


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "limit"), [("parquet", 1.0), ("root", 1.0), ("txt", 3.0)])
def test_a_million_bins_are_read_fast(tmp_path, suffix, limit):
    """CPU seconds; some 0.15, 0.04 and 0.8 on the machine where it was written."""
    log_p, log_theta = np.linspace(-1.0, 2.6, 1001), np.linspace(-6.0, 0.3, 1001)
    contents = np.ones((1000, 1000))
    file = tmp_path / f"pi0.{suffix}"
    if suffix == "txt":
        rows(file, (log_theta, log_p), contents)
    elif suffix == "root":
        with uproot.recreate(file) as out:
            out["h"] = (contents, log_theta, log_p)
    else:
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        middles = [0.5 * (axis[1:] + axis[:-1]) for axis in (log_theta, log_p)]
        theta, p = np.meshgrid(*middles, indexing="ij")
        named = {"x": theta.ravel(), "y": p.ravel(), "n": contents.ravel()}
        parquet.write_table(pyarrow.table(named), file)
    settings = MesonTable(
        files={"pi0": file.name},
        variables=LOGS,
        values="contents",
        points="edges" if suffix == "root" else "centres",
        per="pot",
        hemispheres=1,
        histogram="h",
    )
    begin = time.process_time()
    assert read_bins(file, settings).values.sum() == 1e6
    assert time.process_time() - begin < limit
