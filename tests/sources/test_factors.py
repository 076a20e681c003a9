"""Factors on densities: tables of cascades, what is read of them, and what becomes of the mesons."""

import numpy as np
import pytest

import darkmc
from darkmc.sources.factor_files import COLUMNS, read_factors
from darkmc.sources.factors import Factors, transverse_measure
from darkmc.sources.mesons import MesonSource

HEAD = ",".join(COLUMNS)


def table(path, pi0=2.0, eta=3.0, error=0.5):
    lines = [
        f"{meson},{p},{t},{factor},{0.6 * error},{0.8 * error}"
        for meson, factor in (("pi0", pi0), ("eta", eta))
        for p in (5.0, 400.0)
        for t in (0.1, 1.0)
    ]
    path.write_text("\n".join(["# made", HEAD, *lines]) + "\n")
    return str(path)


def test_factors_are_linear_between_nodes():
    """In ln p and t; beyond the nodes those of the last."""
    nodes = np.array([1.0, 10.0, 100.0]), np.array([0.0, 1.0])
    made = Factors(*nodes, np.array([[1.0, 3.0], [2.0, 4.0], [5.0, 5.0]]), np.zeros((3, 2)))

    def at(p, t):
        half = np.arctan(t / (2.0 * p))
        p, theta = np.array([p]), np.array([2.0 * half])
        return made(p, np.cos(theta), (p * np.sin(theta)) ** 2)[0]

    assert at(10.0, 0.5) == pytest.approx(3.0)
    assert at(np.sqrt(10.0), 0.0) == pytest.approx(1.5)
    assert at(np.sqrt(1000.0), 0.25) == pytest.approx(0.5 * (2.5 + 5.0))
    assert at(0.1, 7.0) == pytest.approx(3.0)
    assert at(500.0, 0.3) == pytest.approx(5.0)
    assert made.shifted(-1.0).values.min() == 1.0


def test_the_measure_of_angles_grows_up_to_pi():
    theta = np.linspace(0.0, np.pi, 50)
    t = transverse_measure(np.ones(50), np.cos(theta), np.sin(theta) ** 2)
    np.testing.assert_allclose(t[:-1], 2.0 * np.tan(0.5 * theta[:-1]), rtol=1e-9)
    assert np.all(np.diff(t[:-1]) > 0.0)


def test_mesons_are_multiplied(tmp_path):
    """Pi0 by their factor, other species by that of eta, those made centrally by none."""
    plain = MesonSource("bmpt-cu-400", {"cascade": "none"})
    more = MesonSource("bmpt-cu-400", {"cascade": table(tmp_path / "x.csv")})
    p, theta = np.array([8.0, 50.0]), np.array([0.02, 0.001])
    for meson, factor in (("pi0", 2.0), ("eta", 3.0), ("omega", 3.0), ("J/psi", 1.0)):
        np.testing.assert_allclose(
            more.density(meson, p, theta), factor * plain.density(meson, p, theta), rtol=1e-12
        )
        assert more.sample(meson, 50_000, 1)[2].sum() == pytest.approx(
            factor * plain.sample(meson, 50_000, 1)[2].sum(), rel=1e-9
        )
    assert more.ratio("eta") == pytest.approx(1.5 * plain.ratio("eta"), rel=1e-9)
    assert more.ratio("J/psi") == pytest.approx(0.5 * plain.ratio("J/psi"), rel=1e-9)
    fixed = MesonSource("bmpt-cu-400", {"cascade": table(tmp_path / "x.csv"), "pi0_per_pot": 2.0})
    assert fixed.sample("pi0", 50_000, 1)[2].sum() == pytest.approx(4.0, rel=0.01)  # 2 of first interactions


def test_errors_of_factors_are_alternatives(tmp_path):
    """Statistical and of the model in quadrature, up and down."""
    made = MesonSource("bmpt-cu-400", {"cascade": table(tmp_path / "x.csv")})
    p = np.array([30.0])
    for name, factor in (("more-cascade", 2.5), ("less-cascade", 1.5)):
        ratio = made.alternatives[name].density("pi0", p, 0.001) / made.density("pi0", p, 0.001)
        assert ratio == pytest.approx(factor / 2.0)
    assert "more-cascade" not in MesonSource("bmpt-cu-400", {"cascade": "none"}).alternatives


def test_turned_is_analogue_with_a_cascade():
    """N at CHARM with the shipped table; chance of failure below 1e-4."""
    found = []
    for biasing, n in (("turned", 100_000), ("none", 600_000)):
        changes = {
            "simulation.biasing": biasing,
            "source.mesons": ["pi0"],
            "flux.cascade": "cascade-cu-400.csv",
        }
        experiment = darkmc.Experiment("charm-decay", overrides=changes)
        sample = experiment.simulate(darkmc.DarkAxionPortal(0.03), n_samples=n, seed=2)
        found.append(sample.estimate(1e-5))
    one, other = found
    assert abs(one.value - other.value) < 4.0 * np.hypot(one.draw_error, other.draw_error)


def test_charm_gains_by_a_third():
    """Edges at 10 MeV move by 1.06 and 0.2% in another cascade of the same interactions."""
    portal, edges = darkmc.DarkAxionPortal(0.01), []
    for cascade in ("cascade-cu-400.csv", "none"):
        changes = {"flux.cascade": cascade, "source.mesons": ["pi0", "eta"]}
        experiment = darkmc.Experiment("charm-finegrained", preset="published", overrides=changes)
        sample = experiment.simulate(portal, precision=0.01, seed=1)
        found = experiment.limit(sample)
        edges.append((found.lower, found.upper))
    (low, high), (plain_low, plain_high) = edges
    assert plain_low / low == pytest.approx(1.06, abs=0.02)
    assert high / plain_high == pytest.approx(1.002, abs=0.006)


FAULTS = [
    ("x,y\n1,2\n", "columns must be"),
    (HEAD + "\npi0,1,1,1\n", "4 cells"),
    (HEAD + "\npi0,1,1,1,a,0\n", "not a number"),
    (HEAD + "\npi0,1,1,-1,0,0\n", "not negative"),
    (HEAD + "\npi0,1,1,1,0,0\npi0,1,1,1,0,0\n", "stands twice"),
    (HEAD + "\npi0,1,1,1,0,0\n", "no factors of eta"),
    (HEAD + "\npi0,1,1,1,0,0\neta,1,1,1,0,0\n", "no grid"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS, ids=[fault[1] for fault in FAULTS])
def test_what_is_wrong_is_said(tmp_path, text, message):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(darkmc.CardError, match=message):
        read_factors(tmp_path / "x.csv")


def test_a_missing_table_is_one_line():
    with pytest.raises(darkmc.CardError, match="no such file"):
        MesonSource("bmpt-cu-400", {"cascade": "missing.csv"})


def test_another_beam_is_remarked(tmp_path):
    """A cascade ends at the momentum of its beam."""
    with pytest.warns(darkmc.ValidityWarning, match="its cascade is of a beam of 400 GeV, not 450"):
        MesonSource("bmpt-cu-400", {"cascade": table(tmp_path / "x.csv"), "beam.energy_GeV": 450.0})


def test_lists_have_no_cascade(tmp_path):
    from list_cards import write_card, write_text

    name = write_text(tmp_path, [[0.0, 0.0, 10.0, 10.000911]])
    card = write_card(tmp_path, {"pi0": name})
    with pytest.raises(darkmc.CardError, match="cascade multiplies fits"):
        MesonSource(card, {"cascade": "x.csv"})
