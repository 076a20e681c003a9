"""Which mesons lie within the range in which a fit was made, and what is said of those that do not."""

import warnings

import numpy as np
import pytest
from list_cards import rows_of, write_card, write_text

import darkmc
from darkmc import CardError, MesonSource

BMPT, SANFORD_WANG, BURMAN_SMITH = "bmpt-cu-400", "sanford-wang-be-8gev", "burman-smith-lsnd"


@pytest.mark.parametrize(
    ("name", "momentum", "theta", "expected"),
    [
        (BMPT, [6.99, 7.0, 135.0, 135.1], 1e-4, [False, True, True, False]),
        (BMPT, [59.9, 60.1], np.arcsin(0.01), [True, False]),  # pT = 0.6 GeV
        (BMPT, 10.0, [0.0, 0.0599, 0.0601, 3.0], [True, True, False, False]),
        ("bmpt-fe-70", [1.1, 1.3, 23.9, 24.1], 0.0, [False, True, True, False]),
        (SANFORD_WANG, [1e-3, 7.9, 7.91], 0.1, [True, True, False]),
        (SANFORD_WANG, 2.0, [0.0, 0.21, 0.2101, 1.5], [True, True, False, False]),
        (BURMAN_SMITH, [1e-3, 0.4, 5.0], [0.0, 1.0, 3.1], [True, True, True]),
    ],
)
def test_the_range_is_that_of_the_card(name, momentum, theta, expected):
    inside = MesonSource(name).in_range("pi0", momentum, theta)
    assert inside.dtype == bool
    np.testing.assert_array_equal(inside, expected)


@pytest.mark.parametrize("name", [BMPT, SANFORD_WANG, BURMAN_SMITH])
def test_nan_is_in_no_range_and_nothing_warns(name):
    source = MesonSource(name)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert not source.in_range("pi0", [np.nan, 20.0], [0.1, np.nan]).any()


def test_the_range_broadcasts_and_is_that_of_every_species():
    source = MesonSource(BMPT)
    p, theta = np.geomspace(1.0, 300.0, 40)[:, None], np.linspace(0.0, 0.2, 30)
    for meson in ("pi0", "eta", "phi"):
        inside = source.in_range(meson, p, theta)
        assert inside.shape == (40, 30)
        np.testing.assert_array_equal(inside, (p >= 7.0) & (p <= 135.0) & (p * np.sin(theta) <= 0.6))
    with pytest.raises(CardError, match="ratios has no 'tau'"):
        source.in_range("tau", 1.0, 0.1)


def test_the_range_can_be_overridden():
    source = MesonSource(BMPT, {"validity.momentum_min_GeV": 0.0, "validity.theta_max_rad": 0.05})
    np.testing.assert_array_equal(
        source.in_range("pi0", [0.1, 0.1, 50.0], [0.04, 0.06, 0.001]), [True, False, True]
    )
    assert source.range_remark(0.5).endswith(
        "the fit (momenta up to 135 GeV, transverse momenta up to 0.6 GeV, angles up to 0.05 rad)"
    )
    with pytest.raises(CardError, match="validity: momentum_min_GeV must be below momentum_max_GeV"):
        MesonSource(BMPT, {"validity.momentum_min_GeV": 200.0})
    with pytest.raises(CardError, match=r"unknown key 'validity\.theta_max_deg' .nearest: 'theta_max_rad'"):
        MesonSource(BMPT, {"validity.theta_max_deg": 3.0})


def test_the_share_outside_is_a_remark():
    text = "of the yield is from mesons outside the fit"
    assert MesonSource(BMPT).range_remark(0.354) == (
        f"flux bmpt-cu-400: 35% {text} (7 to 135 GeV, transverse momenta up to 0.6 GeV)"
    )
    assert MesonSource(SANFORD_WANG).range_remark(1.0) == (
        f"flux sanford-wang-be-8gev: 100% {text} (momenta up to 7.9 GeV, angles up to 0.21 rad)"
    )


@pytest.mark.parametrize("share", [0.0, 0.0099, np.nan])
def test_a_negligible_share_is_not(share):
    assert MesonSource(BMPT).range_remark(share) == ""


def test_a_list_has_no_range(tmp_path):
    path = write_card(tmp_path, {"pi0": write_text(tmp_path, rows_of("pi0", [[0.0, 0.0, 5.0]]))})
    source = MesonSource(path)
    np.testing.assert_array_equal(source.in_range("pi0", [1e-3, 1e3, np.nan], 3.0), [True, True, False])
    assert source.range_remark(1.0) == ""
    with pytest.raises(CardError, match="files has no 'eta'"):
        source.in_range("eta", 1.0, 0.1)


@pytest.mark.parametrize(("name", "least", "most"), [(BMPT, 0.2, 0.4), (SANFORD_WANG, 0.2, 0.4)])
def test_most_mesons_lie_outside(name, least, most):
    """The ranges are narrow: soft and wide mesons are extrapolated."""
    momentum, theta, weight = MesonSource(name).sample("pi0", 20_000, seed=1)
    share = float(np.sum(weight[MesonSource(name).in_range("pi0", momentum, theta)]) / np.sum(weight))
    assert least < share < most


def test_the_density_never_warns_outside():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        density = darkmc.MesonSource(BMPT).density("pi0", [0.01, 1.0, 300.0], [3.0, 0.9, 0.1])
    assert np.all(np.isfinite(density))


@pytest.mark.parametrize(
    ("name", "overrides", "remark"),
    [
        (BMPT, {"beam.energy_GeV": 6800.0}, "a beam of 6799 GeV is outside the 399 to 450 GeV of the fit"),
        (BMPT, {"beam.energy_GeV": 120.0}, "a beam of 119.1 GeV is outside the 399 to 450 GeV of the fit"),
        (BMPT, {"target.element": "H"}, "Z = 1 is below the 4 of the fit"),
        (BMPT, {"target.Z": 92, "target.mass_number": 238.0}, "Z = 92 is above the 82 of the fit"),
        (SANFORD_WANG, {"target.element": "Fe"}, "Z = 26 is above the 4 of the fit"),
    ],
)
def test_beams_and_nuclei_are_marked_alike(name, overrides, remark):
    with pytest.warns(darkmc.core.errors.ValidityWarning, match=remark):
        source = MesonSource(name, overrides)
    assert source.validity_remarks() == [f"flux {name}: {remark}"]


@pytest.mark.parametrize("name", [BMPT, SANFORD_WANG, BURMAN_SMITH])
def test_transverse_momentum_and_x_f_are_marked_alike(name):
    """x_F = 2 p*_L/sqrt(s), by a boost to the centre of mass of two protons."""
    source = MesonSource(name, {"validity.x_F_min": 0.1, "validity.transverse_momentum_max_GeV": 0.05})
    p, theta = np.geomspace(0.05, source.largest_momentum, 60)[:, None], np.geomspace(1e-4, 1.0, 40)
    m_p, m_pi, beam = 0.93827208816, 0.13957039, source.card.beam.energy_GeV
    beta = np.sqrt(beam**2 - m_p**2) / (beam + m_p)
    along = (p * np.cos(theta) - beta * np.hypot(p, m_pi)) / np.sqrt(1.0 - beta**2)
    x_f = 2.0 * along / np.sqrt(2.0 * m_p * (m_p + beam))
    plain = MesonSource(name, {"validity.transverse_momentum_max_GeV": 0.05}).in_range("pi0", p, theta)
    np.testing.assert_array_equal(source.in_range("pi0", p, theta), plain & (x_f >= 0.1))
    assert not plain[p[:, 0] > 0.1][:, theta > 0.6].any()
    assert "transverse momenta up to 0.05 GeV" in source.range_remark(0.5)
    assert "x_F above 0.1" in source.range_remark(0.5)


def test_the_momenta_of_the_range_scale_with_the_beam():
    with pytest.warns(darkmc.core.errors.ValidityWarning):
        source = MesonSource(BMPT, {"beam.energy_GeV": 800.0})
    inside = source.in_range("pi0", [13.9, 14.1, 269.0, 271.0], 0.0)
    np.testing.assert_array_equal(inside, [False, True, True, False])
    assert "(14 to 270 GeV," in source.range_remark(0.5)


@pytest.mark.parametrize(("edge", "least", "most"), [("upper", 0.0, 100.0), ("lower", 40.0, 400.0)])
def test_a_limit_says_at_which_edge_most_is_outside(edge, least, most):
    """At large couplings only what is fast lives long enough, so fast mesons make the upper edge."""
    known = {"momentum_min_GeV": least, "momentum_max_GeV": most, "transverse_momentum_max_GeV": 20.0}
    changes = {f"flux.validity.{key}": value for key, value in known.items()}
    charm = darkmc.Experiment("charm-finegrained", overrides=changes)
    exclusion = charm.limit(charm.simulate(darkmc.DarkAxionPortal(0.03), n_samples=12 * 4096))
    assert exclusion.reason.count(f"of the yield at the {edge} edge is from mesons outside the fit") == 1


def test_rows_without_a_bias_carry_the_mark_too():
    """Of which one in some thousands passes; the share is that of biased rows (84%)."""
    shares = []
    for biasing, rows in (("none", 12 * 16384), ("turned", 12 * 4096)):
        charm = darkmc.Experiment("charm-finegrained", overrides={"simulation.biasing": biasing})
        (remark,) = charm.remarks(charm.simulate(darkmc.DarkAxionPortal(0.02), n_samples=rows), 7.4e-4)
        shares.append(float(remark.split(": ")[1].split("%")[0]))
    assert shares[0] == pytest.approx(shares[1], abs=22)  # three standard deviations of both, 5% each


def test_rate_and_events_carry_the_marks_of_limits(tmp_path):
    import json

    import uproot

    charm = darkmc.Experiment("charm-finegrained", overrides={"flux.validity.momentum_max_GeV": 20.0})
    portal = darkmc.DarkAxionPortal(0.03)
    sample = charm.simulate(portal, n_samples=12 * 4096)
    (remark,) = charm.remarks(sample, 1e-4)
    assert "of the yield is from mesons outside the fit (7 to 20 GeV" in remark
    darkmc.write_root(tmp_path / "x.root", charm.generate(portal, 1e-4, 20))
    with uproot.open(tmp_path / "x.root") as file:
        (stored,) = json.loads(str(file["metadata"]))["remarks"]
    shares = [float(text.split(": ")[1].split("%")[0]) for text in (remark, stored)]
    assert shares[0] == pytest.approx(shares[1], abs=6)


def test_the_command_says_it(capsys):
    import json

    from darkmc.cli import main

    setting = ["--m-dark-photon", "30MeV", "--coupling", "1e-4", "--samples", "12288"]
    setting += ["--set", "beam.momentum_GeV=6800", "--set", "flux.beam.energy_GeV=6800.0"]
    assert main(["rate", "charm-finegrained", *setting, "--json"]) == 0
    beam = "flux bmpt-cu-400: a beam of 6799 GeV is outside the 399 to 450 GeV of the fit"
    assert beam in json.loads(capsys.readouterr().out)["remarks"]


@pytest.mark.parametrize(
    ("flux", "constants"),
    [
        (BMPT, {"parameters.beta": 517.0}),
        (BMPT, {"parameters.B": -100.0}),
        ("sanford-wang-be-8gev", {"parameters.pi_plus": [220.7, 1.1, 1.0, 2.0, 1.3, -1e4, 0.1, 9.7, 1.0]}),
        ("sanford-wang-be-8gev", {"parameters.pi_minus": [-500.0, 0.9, 5.5, 1.2, 1.3, 4.8, 0.1, 8.3, 1.0]}),
    ],
)
def test_constants_without_a_density_are_refused(flux, constants):
    """They overflowed, or gave negative numbers of mesons."""
    with pytest.raises(CardError, match=r"toml: parameters: no density of mesons at .* GeV"):
        MesonSource(flux, constants).sample("pi0", 1000)
